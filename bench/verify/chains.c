#include "chains.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "json.h"
#include "numbers.h"

/* sae_own of states that were simulated: differences of equal quaternions are not 0, but below this */
static const double EXECUTED = 1e-15;

bool chains_are_executed(const json_t* record, int k) {
  const json_t* errors = number_values(record, "sae_own", k);
  size_t i;
  json_t* error;
  if (!record_is_of_program(record) || !json_array_size(errors)) return false;
  if ((int)json_array_size(errors) != record_windows(record)) return false;
  json_array_foreach(errors, i, error) {
    if (!(number_of(error) <= EXECUTED)) return false;
  }
  return true;
}

/* ---- survival ---- */

/* how long a chain may be, and a chain that does not fall is */
typedef struct length {
  double most; /* no chain is longer; NaN: unknown */
  bool exact;  /* chains that do not fall have this length */
  double dt;   /* NaN: unknown */
} length;

/* Chains have round(eval.chain_seconds / dt) >= 1 actions. Without dt, the rounding adds half of it at most, and dt is
 * not above eval.chain_seconds. */
static length length_of(const json_t* record) {
  const double seconds = record_real(record, "eval.chain_seconds"), dt = record_dt(record);
  if (isnan(dt)) return (length){1.5 * seconds, false, NAN};
  return (length){round(seconds / dt) * dt, true, dt};
}

static double largest_of(const json_t* values) {
  double largest = NAN;
  size_t i;
  json_t* value;
  json_array_foreach(values, i, value) largest = fmax(largest, number_of(value));
  return largest;
}

/* why no chain survives for so long; NULL: it may */
static const char* impossible(const length* l, double seconds) {
  if (seconds < 0) return "is negative";
  if (seconds > l->most * (1 + ROUNDING)) return "is longer than a chain";
  if (fabs(seconds / l->dt - round(seconds / l->dt)) > 1e-6) return "is no multiple of the time of an action";
  return NULL;
}

static void check_times(verifier* v, const json_t* record, int k, const length* l) {
  const json_t* times = number_values(record, "survival", k);
  const double mean = number_value(number_row(record, "survival", k));
  size_t i;
  json_t* time;
  v->looked++;
  json_array_foreach(times, i, time) {
    const char* why = impossible(l, number_of(time));
    if (!why) continue;
    verify_find(v, VERIFY_FAILED, record,
                "survival at K = %d: value %zu (samples), %g s, %s (eval.chain_seconds %g, dt %g)", k, i,
                number_of(time), why, record_real(record, "eval.chain_seconds"), l->dt);
    return;
  }
  if (!(mean > l->most * (1 + ROUNDING))) return;
  verify_find(v, VERIFY_FAILED, record, "survival at K = %d is %g s, but no chain is longer than %g s", k, mean,
              l->most);
}

/* ---- falls and survival ---- */

/* A chain may fall in its last frame, and then survives its whole length, too. */
static bool check_each(verifier* v, const json_t* record, int k, const length* l) {
  const json_t *falls = number_values(record, "fall_rate", k), *times = number_values(record, "survival", k);
  const double whole = l->exact ? l->most : largest_of(times);
  size_t i;
  json_t* fall;
  json_array_foreach(falls, i, fall) {
    const double fell = number_of(fall), time = number_at(times, i);
    if (fell != 0 && fell != 1) {
      verify_find(v, VERIFY_FAILED, record, "fall_rate at K = %d: value %zu (samples) is %g, expected 0 or 1", k, i,
                  fell);
      return false;
    }
    if (fell != 0 || !(fabs(time - whole) > ROUNDING * whole)) continue;
    verify_find(v, VERIFY_FAILED, record,
                "chain %zu at K = %d does not fall (fall_rate), but survives %g s of %g s (survival)", i, k, time,
                whole);
    return false;
  }
  return true;
}

/* the chains that do not fall survive their whole length, the others at least 0 s */
static void check_means(verifier* v, const json_t* record, int k, const length* l) {
  const double falls = number_value(number_row(record, "fall_rate", k));
  const double time = number_value(number_row(record, "survival", k));
  const double least = (1 - falls) * l->most;
  if (!l->exact || !(time < least - ROUNDING * l->most)) return;
  verify_find(v, VERIFY_FAILED, record,
              "survival at K = %d is %g s, but with a fall_rate of %g it is at least %g s: the other chains survive "
              "%g s",
              k, time, falls, least, l->most);
}

/* ---- the same chains, planned again ---- */

static void check_replanned(verifier* v, const json_t* record, const json_t* again) {
  static const char* const fields[] = {"value", "lo", "hi", "n", "episodes"};
  const int k = number_k(again);
  const bool of_file = json_object_get(record, "trajectories") != NULL;
  const json_t* once = number_row(record, "fall_rate", k);
  if (!once || !(of_file || chains_are_executed(record, k))) return;
  v->looked++;
  for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
    const json_t *a = json_object_get(once, fields[i]), *b = json_object_get(again, fields[i]);
    if (!a || !b || number_of(a) == number_of(b) || (json_is_null(a) && json_is_null(b))) continue;
    verify_find(v, VERIFY_FAILED, record,
                "fall_rate.replanned at K = %d: %s is %g, but that of fall_rate is %g; they are equal %s", k, fields[i],
                number_of(b), number_of(a),
                of_file ? "for a file of trajectories" : "where the returned states are the executed ones");
    return;
  }
}

static void check_record(verifier* v, const json_t* record) {
  const length l = length_of(record);
  size_t i;
  json_t* number;
  if (!record_is_current(record)) return;
  json_array_foreach(json_object_get(record, "rows"), i, number) {
    const char* metric = string_of(number, "metric");
    const int k = number_k(number);
    if (strcmp(metric, "fall_rate.replanned") == 0) check_replanned(v, record, number);
    if (strcmp(metric, "survival") != 0) continue;
    check_times(v, record, k, &l);
    if (check_each(v, record, k, &l)) check_means(v, record, k, &l);
  }
}

void check_chains(verifier* v) {
  verify_done(v, check_record);
}
