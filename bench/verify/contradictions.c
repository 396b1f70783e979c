#include "contradictions.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "dynaflow/metrics/defs.h"
#include "json.h"
#include "metric_needs.h"
#include "numbers.h"

static bool is_effort(const char* metric) {
  return strncmp(metric, "effort.", strlen("effort.")) == 0;
}

/* ---- ranges ---- */

static bool is_share(const json_t* number) {
  return strcmp(string_of(number, "unit"), "share") == 0;
}

static bool may_be_negative(const char* metric) {
  return strcmp(metric, "reward") == 0 || strncmp(metric, "reward.", strlen("reward.")) == 0;
}

/* why no value of the metric can be `value`; NULL: it may be, or is not finite */
static const char* out_of_range(const char* metric, bool share, double value) {
  if (!df_metric_find(metric)) return NULL; /* of a method of its own */
  if (value < 0 && !may_be_negative(metric)) return "is negative";
  if (share && value > 1) return "is a share above 1";
  if (is_effort(metric) && value != floor(value)) return "is no whole number";
  return NULL;
}

static void check_range(verifier* v, const json_t* record, const json_t* number) {
  const char* metric = string_of(number, "metric");
  const int k = number_k(number);
  const char* why = out_of_range(metric, is_share(number), number_value(number));
  v->looked++;
  if (why) {
    verify_find(v, VERIFY_FAILED, record, "%s at K = %d: the value %g %s", metric, k, number_value(number), why);
    return;
  }
  size_t i;
  json_t* value;
  json_array_foreach(number_values(record, metric, k), i, value) {
    why = out_of_range(metric, is_share(number), number_of(value));
    if (!why) continue;
    verify_find(v, VERIFY_FAILED, record, "%s at K = %d: value %zu (samples), %g, %s", metric, k, i, number_of(value),
                why);
    return;
  }
}

/* ---- what a row says of itself ---- */

static void check_status(verifier* v, const json_t* record, const json_t* number) {
  const char* status = string_of(number, "status");
  if (!isfinite(number_value(number)) || strcmp(status, "ok") == 0) return;
  verify_find(v, VERIFY_FAILED, record, "%s at K = %d: the value is %g, but the status is '%s'",
              string_of(number, "metric"), number_k(number), number_value(number), status);
}

/* whether it is a number of all windows together */
static bool is_of_all(const char* metric) {
  return strcmp(metric, "sliced_wasserstein") == 0 || strcmp(metric, "coverage") == 0;
}

static void check_no_interval(verifier* v, const json_t* record, const json_t* number) {
  const char* metric = string_of(number, "metric");
  const double lo = number_of(json_object_get(number, "lo")), hi = number_of(json_object_get(number, "hi"));
  const bool none = strcmp(metric, "sliced_wasserstein") == 0 || is_effort(metric) || strstr(metric, ".worst");
  if (!none || !df_metric_find(metric) || !record_is_current(record) || (isnan(lo) && isnan(hi))) return;
  verify_find(v, VERIFY_FAILED, record, "%s at K = %d: it has an interval, %.9g to %.9g, but this metric has none",
              metric, number_k(number), lo, hi);
}

/* counters of a training are of its curves, everything else is of windows */
static void check_count(verifier* v, const json_t* record, const json_t* number) {
  const char* metric = string_of(number, "metric");
  const json_t* windows = json_object_get(json_object_get(record, "windows"), "episode");
  const json_int_t n = json_integer_value(json_object_get(number, "n"));
  if (!windows || (is_effort(metric) && number_k(number) == 0)) return;
  if (record_is_current(record) && is_of_all(metric) && n != (json_int_t)json_array_size(windows)) {
    verify_find(v, VERIFY_FAILED, record, "%s at K = %d: n is %lld, but it is of all %zu windows", metric,
                number_k(number), (long long)n, json_array_size(windows));
    return;
  }
  if (n <= (json_int_t)json_array_size(windows)) return;
  verify_find(v, VERIFY_FAILED, record, "%s at K = %d: n is %lld, but there are %zu windows", metric, number_k(number),
              (long long)n, json_array_size(windows));
}

/* The place of k in eval.sampler_steps, from 0 on; -1: k is 0, no sampler, or a record without the setting says
 * nothing; -2: it is not one of them. */
static int place_of(const json_t* record, int k) {
  const char* at = json_string_value(json_object_get(json_object_get(record, "config"), "eval.sampler_steps"));
  if (k == 0 || !at) return -1;
  for (int place = 0; *at; place++) {
    char* end;
    if (strtol(at, &end, 10) == k) return place;
    at = end + strcspn(end, ",");
    at += *at == ',';
  }
  return -2;
}

static const char* steps_of(const json_t* record) {
  return string_of(json_object_get(record, "config"), "eval.sampler_steps");
}

static void check_k(verifier* v, const json_t* record, const char* list) {
  size_t i;
  json_t* one;
  int place = -1;
  json_array_foreach(json_object_get(record, list), i, one) {
    const int at = place_of(record, number_k(one));
    if (at == -2) {
      verify_find(v, VERIFY_FAILED, record, "%s[%zu] has K = %d, which is not in the setting eval.sampler_steps, '%s'",
                  list, i, number_k(one), steps_of(record));
      return;
    }
    if (at < 0) continue;
    if (at < place && record_is_current(record)) {
      verify_find(v, VERIFY_FAILED, record,
                  "%s[%zu] has K = %d after another K, but the setting eval.sampler_steps, '%s', has the other order",
                  list, i, number_k(one), steps_of(record));
      return;
    }
    place = at;
  }
}

/* number of numbers in eval.sampler_steps */
static int count_steps(const json_t* record) {
  int n = 0;
  for (const char* at = steps_of(record); *at; n++) at += strcspn(at, ",") + (at[strcspn(at, ",")] == ',');
  return n;
}

/* a method with a sampler has rows of every K, and replays of the last */
static void check_every_k(verifier* v, const json_t* record) {
  const int steps = count_steps(record);
  int place = -1;
  size_t i;
  json_t* one;
  if (!record_is_current(record)) return;
  json_array_foreach(json_object_get(record, "rows"), i, one) {
    const int at = place_of(record, number_k(one));
    if (at > place + 1) break;
    if (at > place) place = at;
  }
  if (place >= 0 && place + 1 < steps) {
    verify_find(v, VERIFY_FAILED, record, "there are no rows of number %d of the setting eval.sampler_steps, '%s'",
                place + 2, steps_of(record));
  }
  json_array_foreach(json_object_get(record, "replays"), i, one) {
    const int at = place_of(record, number_k(one));
    if (at < 0 || at + 1 == steps) continue;
    verify_find(v, VERIFY_FAILED, record,
                "replays[%zu] has K = %d, but they are of the last one of the setting eval.sampler_steps, '%s'", i,
                number_k(one), steps_of(record));
    return;
  }
}

static void check_defined(verifier* v, const json_t* record, const json_t* number) {
  const char* metric = string_of(number, "metric");
  const char* needs = record_is_current(record) ? metric_needs(record, metric) : NULL;
  if (needs) {
    verify_find(v, VERIFY_FAILED, record, "%s at K = %d: a value, but the metric is not defined without %s", metric,
                number_k(number), needs);
  }
}

/* ---- the worst and the mean ---- */

/* the metric of whose values this one is the largest: "penetration.chain" of "penetration.worst.chain" and "sae_own" of
 * "sae_own.worst_step"; false if it is no largest value */
static bool mean_name(const char* metric, char* name, size_t n) {
  static const char* const words[] = {".worst_step", ".worst"};
  for (size_t i = 0; i < 2; i++) {
    const char *at = strstr(metric, words[i]), *rest = at ? at + strlen(words[i]) : NULL;
    if (!at || (*rest && *rest != '.') || strlen(metric) >= n) continue;
    memcpy(name, metric, (size_t)(at - metric));
    strcpy(name + (at - metric), rest);
    return true;
  }
  return false;
}

/* the largest value; NaN if one is not finite, or there is none */
static double largest_of(const json_t* values) {
  double largest = json_array_size(values) ? 0 : NAN;
  size_t i;
  json_t* value;
  json_array_foreach(values, i, value) {
    const double one = number_of(value);
    if (isnan(one)) return NAN;
    largest = fmax(largest, one);
  }
  return largest;
}

/* the actions of a window, or of a trajectory of a file; 0: unknown */
static double actions_of(const json_t* record) {
  const json_t* length = json_object_get(json_object_get(record, "trajectories"), "length");
  if (length) return (double)json_integer_value(length);
  return atof(string_of(json_object_get(record, "config"), "window.horizon"));
}

/* Sizes are not negative: where the largest is 0, so is the mean, and the other way round; the mean is not above it if
 * both have one unit; and of a window of H steps it is at most H times the window's mean. */
static void check_worst(verifier* v, const json_t* record, const json_t* number) {
  char name[96];
  const char* metric = string_of(number, "metric");
  const int k = number_k(number);
  if (!df_metric_find(metric) || !mean_name(metric, name, sizeof name)) return;
  const json_t* other = number_row(record, name, k);
  const double worst = number_value(number), mean = other ? number_value(other) : NAN;
  if (!isfinite(worst) || !isfinite(mean)) return;
  v->looked++;
  const double slack = ROUNDING * fmax(fabs(worst), fabs(mean));
  if ((worst > 0) != (mean > 0) ||
      (strcmp(string_of(number, "unit"), string_of(other, "unit")) == 0 && worst < mean - slack)) {
    verify_find(v, VERIFY_FAILED, record, "%s at K = %d is %g, but %s is %g", metric, k, worst, name, mean);
    return;
  }
  const double most =
      strstr(metric, ".worst_step") ? actions_of(record) * largest_of(number_values(record, name, k)) : NAN;
  if (!(most > 0) || worst <= most + slack) return;
  verify_find(v, VERIFY_FAILED, record, "%s at K = %d is %g, but the windows' means (samples) allow at most %g", metric,
              k, worst, most);
}

/* what every done record of this program has */
static void check_there(verifier* v, const json_t* record) {
  const bool trained = json_array_size(json_object_get(json_object_get(record, "training"), "curves")) > 0;
  const struct {
    const char* key;
    bool needed;
    const char* of;
  } fields[] = {{"train_cpu_s", trained, "a training has"},
                {"windows_sha256", record_windows(record) > 0 && !json_object_get(record, "trajectories"),
                 "held-out start states have"}};
  if (!record_is_current(record)) return;
  for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
    v->looked++;
    if (!fields[i].needed || json_object_get(record, fields[i].key)) continue;
    verify_find(v, VERIFY_FAILED, record, "%s is missing, which %s", fields[i].key, fields[i].of);
  }
}

static void check_record_ranges(verifier* v, const json_t* record) {
  size_t i;
  json_t* number;
  json_array_foreach(json_object_get(record, "rows"), i, number) {
    check_range(v, record, number);
    check_status(v, record, number);
    check_count(v, record, number);
    check_no_interval(v, record, number);
    check_defined(v, record, number);
    check_worst(v, record, number);
  }
  check_there(v, record);
  check_k(v, record, "rows");
  check_k(v, record, "samples");
  check_k(v, record, "replays");
  check_every_k(v, record);
}

/* ---- counters of a training ---- */

/* the sum over the curves of a field, or of a field of the object `inside`; NaN if one does not have it */
static double sum_of(const json_t* curves, const char* inside, const char* field) {
  double sum = 0;
  size_t i;
  json_t* curve;
  json_array_foreach(curves, i, curve) {
    sum += number_of(json_object_get(inside ? json_object_get(curve, inside) : curve, field));
  }
  return sum;
}

static void check_sum(verifier* v, const json_t* record, const char* name, double value, double sum, const char* inside,
                      const char* field) {
  if (!isfinite(value) || !isfinite(sum)) return;
  v->looked++;
  if (fabs(value - sum) <= ROUNDING * fmax(fabs(sum), 1)) return;
  verify_find(v, VERIFY_FAILED, record, "%s is %.9g, but the sum of training.curves.%s%s%s is %.9g", name, value,
              inside ? inside : "", inside ? "." : "", field, sum);
}

static void check_record_counters(verifier* v, const json_t* record) {
  static const struct {
    const char *metric, *inside, *field;
  } counters[] = {{"effort.gradient_steps", NULL, "steps"},
                  {"effort.skipped_steps", NULL, "skipped"},
                  {"effort.diverged_samples", NULL, "diverged"},
                  {"effort.adjoint_steps", "adjoints", "steps"},
                  {"effort.approximate_steps", "adjoints", "approximate"},
                  {"effort.differenced_steps", "adjoints", "differenced"}};
  const json_t* curves = json_object_get(json_object_get(record, "training"), "curves");
  if (!json_array_size(curves) || !record_is_current(record)) return;
  for (size_t i = 0; i < sizeof counters / sizeof counters[0]; i++) {
    const json_t* number = number_row(record, counters[i].metric, 0);
    if (number)
      check_sum(v, record, counters[i].metric, number_value(number),
                sum_of(curves, counters[i].inside, counters[i].field), counters[i].inside, counters[i].field);
  }
  const json_t* seconds = json_object_get(record, "train_cpu_s");
  if (seconds) check_sum(v, record, "train_cpu_s", number_of(seconds), sum_of(curves, NULL, "cpu_s"), NULL, "cpu_s");
}

/* ---- limits ---- */

static void check_limit(verifier* v, const json_t* record) {
  const double limit = number_of(json_object_get(json_object_get(record, "limits"), "seconds"));
  const double took = number_of(json_object_get(record, "wall_s"));
  if (!isfinite(limit)) return;
  v->looked++;
  if (!(took > limit)) return;
  verify_find(v, VERIFY_WARNING, record,
              "the cell is done, but took %.3g s (wall_s) with a limit of %.3g s (limits.seconds), which only its last "
              "measures may exceed",
              took, limit);
}

/* ---- all records ---- */

void check_ranges(verifier* v) {
  verify_done(v, check_record_ranges);
}

void check_counters(verifier* v) {
  verify_done(v, check_record_counters);
}

void check_limits(verifier* v) {
  verify_done(v, check_limit);
}
