#include "contradictions.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "dynaflow/metrics/defs.h"
#include "json.h"
#include "key.h"
#include "metric_needs.h"
#include "store.h"

/* rounding of sums of numbers of this size, in any order */
static const double ROUNDING = 1e-9;

static bool is_of_this_version(const json_t* record) {
  return json_integer_value(json_object_get(record, "numbers")) == NUMBERS_VERSION;
}

static int k_of(const json_t* number) {
  return (int)json_integer_value(json_object_get(number, "k"));
}

static double value_of(const json_t* number) {
  return number_of(json_object_get(number, "value"));
}

static bool is_effort(const char* metric) {
  return strncmp(metric, "effort.", strlen("effort.")) == 0;
}

/* ---- ranges ---- */

static bool is_share(const json_t* number) {
  return strcmp(string_of(number, "unit"), "share") == 0;
}

/* why no value of the metric can be `value`; NULL: it may be, or is not finite */
static const char* out_of_range(const char* metric, bool share, double value) {
  if (!df_metric_find(metric)) return NULL; /* of a method of its own */
  if (value < 0) return "is negative";
  if (share && value > 1) return "is a share above 1";
  if (is_effort(metric) && value != floor(value)) return "is no whole number";
  return NULL;
}

static const json_t* values_of(const json_t* record, const char* metric, int k) {
  size_t i;
  json_t* one;
  json_array_foreach(json_object_get(record, "samples"), i, one) {
    if (strcmp(string_of(one, "metric"), metric) == 0 && k_of(one) == k) return json_object_get(one, "values");
  }
  return NULL;
}

static void check_range(verifier* v, const json_t* record, const json_t* number) {
  const char* metric = string_of(number, "metric");
  const int k = k_of(number);
  const char* why = out_of_range(metric, is_share(number), value_of(number));
  v->looked++;
  if (why) {
    verify_find(v, VERIFY_FAILED, record, "%s at K = %d: the value %g %s", metric, k, value_of(number), why);
    return;
  }
  size_t i;
  json_t* value;
  json_array_foreach(values_of(record, metric, k), i, value) {
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
  if (!isfinite(value_of(number)) || strcmp(status, "ok") == 0) return;
  verify_find(v, VERIFY_FAILED, record, "%s at K = %d: the value is %g, but the status is '%s'",
              string_of(number, "metric"), k_of(number), value_of(number), status);
}

/* counters of a training are of its curves, everything else is of windows */
static void check_count(verifier* v, const json_t* record, const json_t* number) {
  const char* metric = string_of(number, "metric");
  const json_t* windows = json_object_get(json_object_get(record, "windows"), "episode");
  const json_int_t n = json_integer_value(json_object_get(number, "n"));
  if (!windows || (is_effort(metric) && k_of(number) == 0)) return;
  if (n <= (json_int_t)json_array_size(windows)) return;
  verify_find(v, VERIFY_FAILED, record, "%s at K = %d: n is %lld, but there are %zu windows", metric, k_of(number),
              (long long)n, json_array_size(windows));
}

/* whether k is 0, no sampler, or one of eval.sampler_steps; a record without the setting says nothing */
static bool is_sampled_with(const json_t* record, int k) {
  const char* at = json_string_value(json_object_get(json_object_get(record, "config"), "eval.sampler_steps"));
  if (k == 0 || !at) return true;
  while (*at) {
    char* end;
    if (strtol(at, &end, 10) == k) return true;
    at = end + strcspn(end, ",");
    at += *at == ',';
  }
  return false;
}

static void check_k(verifier* v, const json_t* record, const char* list) {
  size_t i;
  json_t* one;
  json_array_foreach(json_object_get(record, list), i, one) {
    if (is_sampled_with(record, k_of(one))) continue;
    verify_find(v, VERIFY_FAILED, record, "%s[%zu] has K = %d, which is not in the setting eval.sampler_steps, '%s'",
                list, i, k_of(one), string_of(json_object_get(record, "config"), "eval.sampler_steps"));
    return;
  }
}

static void check_defined(verifier* v, const json_t* record, const json_t* number) {
  const char* metric = string_of(number, "metric");
  const char* needs = is_of_this_version(record) ? metric_needs(record, metric) : NULL;
  if (needs) {
    verify_find(v, VERIFY_FAILED, record, "%s at K = %d: a value, but the metric is not defined without %s", metric,
                k_of(number), needs);
  }
}

/* ---- the worst and the mean ---- */

static const json_t* row_of(const json_t* record, const char* metric, int k) {
  size_t i;
  json_t* number;
  json_array_foreach(json_object_get(record, "rows"), i, number) {
    if (strcmp(string_of(number, "metric"), metric) == 0 && k_of(number) == k) return number;
  }
  return NULL;
}

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
  const int k = k_of(number);
  if (!df_metric_find(metric) || !mean_name(metric, name, sizeof name)) return;
  const json_t* other = row_of(record, name, k);
  const double worst = value_of(number), mean = other ? value_of(other) : NAN;
  if (!isfinite(worst) || !isfinite(mean)) return;
  v->looked++;
  const double slack = ROUNDING * fmax(fabs(worst), fabs(mean));
  if ((worst > 0) != (mean > 0) ||
      (strcmp(string_of(number, "unit"), string_of(other, "unit")) == 0 && worst < mean - slack)) {
    verify_find(v, VERIFY_FAILED, record, "%s at K = %d is %g, but %s is %g", metric, k, worst, name, mean);
    return;
  }
  const double most = strstr(metric, ".worst_step") ? actions_of(record) * largest_of(values_of(record, name, k)) : NAN;
  if (!(most > 0) || worst <= most + slack) return;
  verify_find(v, VERIFY_FAILED, record, "%s at K = %d is %g, but the windows' means (samples) allow at most %g", metric,
              k, worst, most);
}

static void check_record_ranges(verifier* v, const json_t* record) {
  size_t i;
  json_t* number;
  json_array_foreach(json_object_get(record, "rows"), i, number) {
    check_range(v, record, number);
    check_status(v, record, number);
    check_count(v, record, number);
    check_defined(v, record, number);
    check_worst(v, record, number);
  }
  check_k(v, record, "rows");
  check_k(v, record, "samples");
  check_k(v, record, "replays");
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
  if (!json_array_size(curves) || !is_of_this_version(record)) return;
  for (size_t i = 0; i < sizeof counters / sizeof counters[0]; i++) {
    const json_t* number = row_of(record, counters[i].metric, 0);
    if (number)
      check_sum(v, record, counters[i].metric, value_of(number), sum_of(curves, counters[i].inside, counters[i].field),
                counters[i].inside, counters[i].field);
  }
  const json_t* seconds = json_object_get(record, "train_cpu_s");
  if (seconds) check_sum(v, record, "train_cpu_s", number_of(seconds), sum_of(curves, NULL, "cpu_s"), NULL, "cpu_s");
}

/* ---- all records ---- */

static void for_done(verifier* v, void (*look)(verifier* v, const json_t* record)) {
  size_t i;
  json_t* record;
  json_array_foreach(store_records(v->r->source), i, record) {
    if (verify_is_done(record)) look(v, record);
  }
}

void check_ranges(verifier* v) {
  for_done(v, check_record_ranges);
}

void check_counters(verifier* v) {
  for_done(v, check_record_counters);
}
