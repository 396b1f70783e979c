#include "consistency.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aggregate.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/stats/statistics.h"
#include "identity.h"
#include "json.h"
#include "numbers.h"
#include "store.h"
#include "text.h"

/* ---- rows and samples ---- */

static bool same_number(const json_t* a, const json_t* b) {
  return strcmp(string_of(a, "metric"), string_of(b, "metric")) == 0 &&
         json_integer_value(json_object_get(a, "k")) == json_integer_value(json_object_get(b, "k"));
}

/* mean and largest size of the values; NaN if one is not finite */
static double mean_of(const json_t* values, double* size) {
  double sum = 0;
  size_t i;
  json_t* value;
  *size = 0;
  json_array_foreach(values, i, value) {
    sum += number_of(value);
    *size = fmax(*size, fabs(number_of(value)));
  }
  return sum / (double)json_array_size(values);
}

static void check_interval(verifier* v, const json_t* record, const json_t* number) {
  const double value = number_of(json_object_get(number, "value"));
  const double lo = number_of(json_object_get(number, "lo")), hi = number_of(json_object_get(number, "hi"));
  const double slack = ROUNDING * fabs(value);
  /* an interval upside down is a finding of the check of numbers */
  if (lo > hi || !(value < lo - slack || value > hi + slack)) return;
  verify_find(v, VERIFY_FAILED, record, "%s at K = %d: the value %.9g lies outside its interval, %.9g to %.9g",
              string_of(number, "metric"), (int)json_integer_value(json_object_get(number, "k")), value, lo, hi);
}

static bool agrees(double a, double b, double size) {
  return isfinite(a) == isfinite(b) && !(fabs(a - b) > ROUNDING * size);
}

static int count_different(int n, const int* label) {
  int found = 0;
  for (int i = 0; i < n; i++) {
    bool seen = false;
    for (int j = 0; j < i && !seen; j++) seen = label[j] == label[i];
    found += !seen;
  }
  return found;
}

/* the interval of a row by its values, which are dependent within an episode, as bench/evaluate/measures.c has it */
static df_status interval_of(const json_t* number, long seed, int n, const double* value, const int* episode,
                             df_interval* out) {
  const df_strata strata = {.n = 1, .sizes = &n, .values = value};
  df_bootstrap_cfg cfg = df_bootstrap_cfg_default();
  cfg.seed = (uint64_t)seed;
  cfg.cluster = episode;
  const char* metric = string_of(number, "metric");
  if (strncmp(metric, "fall_rate", strlen("fall_rate")) == 0 || strcmp(metric, "goal_reached") == 0)
    return df_share_interval_clustered(n, value, episode, out);
  return strcmp(string_of(number, "unit"), "share") == 0
             ? df_bootstrap_share_interval(&cfg, DF_ESTIMATE_MEAN, &strata, out)
             : df_bootstrap_interval(&cfg, DF_ESTIMATE_MEAN, &strata, out);
}

static void judge_interval(verifier* v, const json_t* record, const json_t* number, const df_interval* right,
                           int episodes, double size) {
  const char* metric = string_of(number, "metric");
  const int k = (int)json_integer_value(json_object_get(number, "k"));
  const json_t* has = json_object_get(number, "episodes");
  const double lo = number_of(json_object_get(number, "lo")), hi = number_of(json_object_get(number, "hi"));
  if (!(agrees(lo, right->lo, size) && agrees(hi, right->hi, size))) {
    verify_find(v, VERIFY_FAILED, record,
                "%s at K = %d: the interval is %.9g to %.9g, but that of its values (samples) is %.9g to %.9g", metric,
                k, lo, hi, right->lo, right->hi);
  }
  if (has && json_integer_value(has) != episodes) {
    verify_find(v, VERIFY_FAILED, record, "%s at K = %d: its values are of %d episodes, not of %lld", metric, k,
                episodes, (long long)json_integer_value(has));
  }
}

/* Compares the interval and the number of episodes of a row with those of its values, which are in the order of the
 * windows. */
static df_status compare_interval(verifier* v, const json_t* record, const json_t* number, const json_t* values) {
  const json_t* windows = json_object_get(json_object_get(record, "windows"), "episode");
  const int n = (int)json_array_size(values);
  const long seed = record_count(record, "eval.seed");
  if (seed < 0 || n == 0 || (size_t)n > json_array_size(windows) || !record_is_current(record)) return DF_OK;
  double *value = df_alloc((size_t)n, sizeof *value), size = 0;
  int* episode = df_alloc((size_t)n, sizeof *episode);
  df_interval right;
  df_status status = value && episode ? DF_OK : DF_E_NOMEM;
  for (int i = 0; i < n && status == DF_OK; i++) {
    value[i] = number_of(json_array_get(values, (size_t)i));
    episode[i] = (int)json_integer_value(json_array_get(windows, (size_t)i));
    size = fmax(size, fabs(value[i]));
  }
  if (status == DF_OK) status = interval_of(number, seed, n, value, episode, &right);
  if (status == DF_OK) judge_interval(v, record, number, &right, count_different(n, episode), size);
  df_free(value);
  df_free(episode);
  return status;
}

static void check_values(verifier* v, const json_t* record, const json_t* number, const json_t* values) {
  const char* metric = string_of(number, "metric");
  const int k = (int)json_integer_value(json_object_get(number, "k"));
  const double value = number_of(json_object_get(number, "value"));
  const json_int_t n = json_integer_value(json_object_get(number, "n"));
  double size;
  const double mean = mean_of(values, &size);
  v->looked++;
  if ((size_t)n != json_array_size(values)) {
    verify_find(v, VERIFY_FAILED, record, "%s at K = %d: n is %lld, but there are %zu values (samples)", metric, k,
                (long long)n, json_array_size(values));
  } else if (isfinite(value) && !(fabs(value - mean) <= ROUNDING * size)) {
    verify_find(v, VERIFY_FAILED, record, "%s at K = %d: the value is %.9g, but the mean of its %lld values is %.9g",
                metric, k, value, (long long)n, mean);
  } else if (compare_interval(v, record, number, values) != DF_OK) {
    verify_find(v, VERIFY_INCOMPLETE, record, "%s at K = %d: %s", metric, k, df_error_message());
  }
}

/* The values that a row is made of, a new reference: of an expert without null, since a walk that fell has no errors.
 */
static json_t* counted_values(const json_t* record, json_t* values) {
  if (!record_is_expert(record)) return json_incref(values);
  json_t *counted = json_array(), *value;
  size_t i;
  json_array_foreach(values, i, value) {
    if (!json_is_null(value)) json_array_append(counted, value);
  }
  return counted;
}

/* whether a record has values of single windows of this metric */
static bool has_values(const json_t* record, const char* metric) {
  size_t i;
  json_t* one;
  json_array_foreach(json_object_get(record, "samples"), i, one) {
    if (strcmp(string_of(one, "metric"), metric) == 0) return true;
  }
  return false;
}

/* whether another record of the run has such values: then all of them do */
static bool run_has_values(const verifier* v, const char* metric) {
  size_t i;
  json_t* record;
  json_array_foreach(store_records(v->r->source), i, record) {
    if (verify_is_done(record) && record_is_current(record) && has_values(record, metric)) return true;
  }
  return false;
}

static void check_missing_values(verifier* v, const json_t* record, const json_t* number) {
  const char* metric = string_of(number, "metric");
  if (!record_is_current(record) || json_integer_value(json_object_get(number, "n")) < 1) return;
  if (!run_has_values(v, metric)) return;
  v->looked++;
  verify_find(v, VERIFY_FAILED, record, "%s at K = %d: its single values (samples) are missing", metric,
              (int)json_integer_value(json_object_get(number, "k")));
}

/* values without the row that they are the mean of */
static void check_lost_rows(verifier* v, const json_t* record) {
  size_t i;
  json_t* values;
  json_array_foreach(json_object_get(record, "samples"), i, values) {
    const char* metric = string_of(values, "metric");
    v->looked++;
    json_t* counted = counted_values(record, json_object_get(values, "values"));
    const bool none = record_is_expert(record) && json_array_size(counted) == 0;
    json_decref(counted);
    if (none || number_row(record, metric, number_k(values))) continue;
    verify_find(v, VERIFY_FAILED, record, "%s at K = %d: there are %zu values (samples), but no row of it", metric,
                number_k(values), json_array_size(json_object_get(values, "values")));
  }
}

static void check_rows(verifier* v, const json_t* record) {
  const json_t* numbers = json_object_get(record, "rows");
  size_t i;
  json_t* number;
  json_array_foreach(numbers, i, number) {
    v->looked++;
    for (size_t j = 0; j < i; j++) {
      if (!same_number(json_array_get(numbers, j), number)) continue;
      verify_find(v, VERIFY_FAILED, record, "%s at K = %d: there are two rows of it", string_of(number, "metric"),
                  (int)json_integer_value(json_object_get(number, "k")));
      break;
    }
    if (record_is_current(record) && !metric_is_known(string_of(number, "metric"))) {
      verify_find(v, VERIFY_WARNING, record, "%s at K = %d: this program has no such metric",
                  string_of(number, "metric"), number_k(number));
    }
    check_interval(v, record, number);
    const json_t* values = number_values(record, string_of(number, "metric"), number_k(number));
    if (values) {
      json_t* counted = counted_values(record, (json_t*)(uintptr_t)values);
      check_values(v, record, number, counted);
      json_decref(counted);
    } else {
      check_missing_values(v, record, number);
    }
  }
  check_lost_rows(v, record);
}

/* ---- what nothing tells ---- */

/* adds the first part of a metric's name, "tre.*" for "tre.joint_pos", unless the list has it */
static void add_metric(text* list, const char* metric) {
  char name[80];
  const size_t n = strcspn(metric, ".");
  snprintf(name, sizeof name, "%.70s", metric);
  if (metric[n] && n < 70) snprintf(name + n, sizeof name - n, ".*");
  for (const char* at = list->n ? text_of(list) : NULL; at; at = strchr(at, ' ') ? strchr(at, ' ') + 1 : NULL) {
    const size_t length = strcspn(at, ", ");
    if (length == strlen(name) && strncmp(at, name, length) == 0) return;
  }
  text_add(list, "%s%s", list->n ? ", " : "", name);
}

/* whether single values show a row: its own, or those of all walks of an expert, of which a gait has some (walks.h) */
static bool is_shown(const json_t* record, const json_t* number) {
  const char* metric = string_of(number, "metric");
  char whole[80];
  snprintf(whole, sizeof whole, "%.*s", (int)strcspn(metric, "."), metric);
  return number_values(record, metric, number_k(number)) ||
         (record_is_expert(record) && number_values(record, whole, number_k(number)));
}

void check_unshown(verifier* v) {
  text names = {0};
  int n = 0;
  size_t i, j;
  json_t *record, *number;
  json_array_foreach(store_records(v->r->source), i, record) {
    if (!verify_is_done(record)) continue;
    json_array_foreach(json_object_get(record, "rows"), j, number) {
      if (!isfinite(number_of(json_object_get(number, "value"))) || is_shown(record, number)) continue;
      add_metric(&names, string_of(number, "metric"));
      n++;
    }
  }
  if (n)
    verify_find(v, VERIFY_UNCHECKED, NULL,
                "%d rows have no single values in the record, so that nothing shows whether they are those that were "
                "measured: %s",
                n, text_of(&names));
  text_clear(&names);
}

/* ---- windows ---- */

static void check_origins(verifier* v, const json_t* record) {
  const json_t* windows = json_object_get(record, "windows");
  const json_t *episode = json_object_get(windows, "episode"), *start = json_object_get(windows, "start");
  const size_t n = json_array_size(episode);
  size_t i;
  json_t* one;
  if (!windows) return;
  v->looked++;
  if (json_array_size(start) != n) {
    verify_find(v, VERIFY_FAILED, record, "%zu windows have an episode, and %zu a start frame", n,
                json_array_size(start));
    return;
  }
  for (i = 0; i < n; i++) {
    for (size_t j = 0; j < i; j++) {
      if (!json_equal(json_array_get(episode, i), json_array_get(episode, j)) ||
          !json_equal(json_array_get(start, i), json_array_get(start, j))) {
        continue;
      }
      verify_find(v, VERIFY_FAILED, record, "windows %zu and %zu are the same: episode %lld, frame %lld", j, i,
                  (long long)json_integer_value(json_array_get(episode, i)),
                  (long long)json_integer_value(json_array_get(start, i)));
      return;
    }
  }
  json_array_foreach(json_object_get(record, "samples"), i, one) {
    const size_t values = json_array_size(json_object_get(one, "values"));
    if (values <= n) continue;
    verify_find(v, VERIFY_FAILED, record, "%zu values of %s, but only %zu windows", values, string_of(one, "metric"),
                n);
  }
}

void check_samples(verifier* v) {
  verify_done(v, check_rows);
  verify_done(v, check_origins);
}

/* ---- training and replays ---- */

static void check_curve(verifier* v, const json_t* record, const json_t* curve) {
  const json_t* steps = json_object_get(curve, "steps");
  const json_t *list = json_object_get(curve, "step"), *last = json_array_get(list, json_array_size(list) - 1);
  v->looked++;
  if (!steps || !last || json_integer_value(last) <= json_integer_value(steps)) return;
  verify_find(v, VERIFY_FAILED, record, "the curve '%s' goes to step %lld of %lld", string_of(curve, "name"),
              (long long)json_integer_value(last), (long long)json_integer_value(steps));
}

static void check_steps(verifier* v, const json_t* record) {
  const json_t *training = json_object_get(record, "training"), *curves = json_object_get(training, "curves");
  const json_t* of_curve = json_object_get(json_array_get(curves, 0), "steps");
  const json_t *weights = json_object_get(training, "parameters"),
               *of_network = json_object_get(json_array_get(curves, 0), "parameters");
  const json_t* steps = json_object_get(training, "steps");
  size_t i;
  json_t* curve;
  json_array_foreach(curves, i, curve) check_curve(v, record, curve);
  const size_t curve_count = json_array_size(curves);
  const long planned = record_count(record, "train.steps");
  if (curve_count && planned >= 0 && json_integer_value(steps) != planned && record_is_current(record)) {
    v->looked++;
    verify_find(v, VERIFY_FAILED, record, "training.steps is %lld, but the setting train.steps is %ld",
                (long long)json_integer_value(steps), planned);
  }
  if (of_network && !json_equal(weights, of_network))
    verify_find(v, VERIFY_FAILED, record, "training.parameters is %lld, but those of its first curve are %lld",
                (long long)json_integer_value(weights), (long long)json_integer_value(of_network));
  if (!of_curve || json_equal(steps, of_curve)) return;
  verify_find(v, VERIFY_FAILED, record, "training.steps is %lld, but its first curve has %lld steps",
              (long long)json_integer_value(steps), (long long)json_integer_value(of_curve));
}

/* windows that did not diverge take a physics step per action and substep */
static void check_effort(verifier* v, const json_t* record) {
  const long H = record_count(record, "window.horizon"), substeps = record_count(record, "system.substeps");
  size_t i;
  json_t* number;
  if (H < 0 || substeps < 0) return;
  json_array_foreach(json_object_get(record, "rows"), i, number) {
    if (strcmp(string_of(number, "metric"), "effort.physics_steps") != 0) continue;
    const json_int_t k = json_integer_value(json_object_get(number, "k"));
    const json_int_t n = json_integer_value(json_object_get(number, "n"));
    const double value = number_of(json_object_get(number, "value")), wanted = (double)n * (double)H * (double)substeps;
    if (number_value(number_row(record, "effort.diverged", (int)k)) != 0) continue;
    v->looked++;
    if (value == wanted) continue;
    verify_find(v, VERIFY_FAILED, record,
                "effort.physics_steps at K = %d: %.0f, but %lld windows of %ld actions of %ld steps take %.0f", (int)k,
                value, (long long)n, H, substeps, wanted);
  }
}

/* whether actions were executed, whose work is counted */
static bool is_executed(const json_t* record) {
  size_t i;
  json_t* number;
  json_array_foreach(json_object_get(record, "rows"), i, number) {
    if (strcmp(string_of(number, "metric"), "effort.physics_steps") == 0) return true;
  }
  return false;
}

static void check_recorded_actions(verifier* v, const json_t* record) {
  const json_t* list = json_object_get(record, "replays");
  if (!is_executed(record) || (!list && !record_is_current(record))) return;
  v->looked++;
  if (json_array_size(list)) return;
  verify_find(v, VERIFY_FAILED, record, "actions were executed, but none is recorded (replays is %s)",
              list ? "empty" : "missing");
}

void check_training(verifier* v) {
  verify_done(v, check_steps);
  verify_done(v, check_effort);
  verify_done(v, check_recorded_actions);
}

/* ---- the plan ---- */

static bool plan_has(const json_t* plan, const json_t* record) {
  size_t i;
  json_t* cell;
  if (strcmp(string_of(plan, "profile"), string_of(record, "profile")) != 0) return false;
  json_array_foreach(json_object_get(plan, "cells"), i, cell) {
    const char* key = string_of(cell, "key");
    if (strcmp(string_of(cell, "task"), string_of(record, "task")) == 0 &&
        strcmp(string_of(cell, "method"), string_of(record, "method")) == 0 &&
        json_equal(json_object_get(cell, "seed"), json_object_get(record, "seed")) &&
        (!key[0] || strcmp(key, string_of(record, "key")) == 0)) {
      return true;
    }
  }
  return false;
}

void check_planned(verifier* v) {
  const json_t* records = store_records(v->r->source);
  size_t i, j;
  json_t *record, *plan;
  json_array_foreach(records, i, record) {
    bool plans = false, planned = false;
    if (!verify_is_cell(record)) continue;
    json_array_foreach(records, j, plan) {
      if (verify_is_cell(plan)) continue;
      plans = true;
      planned = planned || plan_has(plan, record);
    }
    v->looked++;
    if (!plans || planned) continue;
    verify_find(v, VERIFY_INCOMPLETE, record, "no plan of profile '%s' has this cell with the key %.16s",
                string_of(record, "profile"), string_of(record, "key"));
  }
}

/* ---- what cells have in common ---- */

static void check_group(verifier* v, const run_group* g) {
  const run_cell* first = NULL;
  for (int i = 0; i < v->r->n_cells; i++) {
    const run_cell* c = &v->r->cells[i];
    if (!c->done || !run_in_group(g, c)) continue;
    if (!first) first = c;
    for (int which = 0; which < IDENTITIES; which++) {
      if (c == first || which == IDENTITY_WINDOWS) continue;
      char* clause = identity_difference((identity)which, first->record, c->record);
      v->looked++;
      if (clause) {
        verify_find(v, VERIFY_FAILED, c->record, "not comparable with %s, seed %lld: %s", first->method,
                    (long long)first->seed, clause);
      }
      df_free(clause);
    }
  }
}

void check_identity(verifier* v) {
  for (int i = 0; i < v->r->n_groups; i++) check_group(v, &v->r->groups[i]);
}
