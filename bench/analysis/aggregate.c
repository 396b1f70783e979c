#include "aggregate.h"

#include <math.h>
#include <string.h>

#include "dynaflow/metrics/defs.h"
#include "json.h"

const json_t* find_row(const json_t* record, const char* metric, int k) {
  size_t i;
  json_t* one;
  json_array_foreach(json_object_get(record, "rows"), i, one) {
    if (strcmp(string_of(one, "metric"), metric) == 0 && json_integer_value(json_object_get(one, "k")) == k) return one;
  }
  return NULL;
}

static void take_row(aggregate* a, const json_t* row) {
  const double value = number_of(json_object_get(row, "value"));
  const json_t* unit = json_object_get(row, "unit");
  a->k = (int)json_integer_value(json_object_get(row, "k"));
  if (json_is_string(unit)) a->unit = json_string_value(unit);
  if (!isfinite(value)) {
    a->failed++;
    a->status = string_of(row, "status");
    return;
  }
  if (a->n == SEED_VALUES_MAX) return;
  a->values[a->n++] = value;
  a->lo = number_of(json_object_get(row, "lo"));
  a->hi = number_of(json_object_get(row, "hi"));
}

aggregate aggregate_of(const run_view* r, const run_group* g, const char* method, const char* metric, int k) {
  aggregate a = {.mean = NAN, .lo = NAN, .hi = NAN, .unit = "", .status = ""};
  for (int i = 0; i < r->n_cells; i++) {
    const run_cell* c = &r->cells[i];
    if (!run_in_group(g, c) || strcmp(c->method, method) != 0) continue;
    a.planned++;
    a.done += c->done;
    const json_t* one = c->done ? find_row(c->record, metric, k) : NULL;
    if (c->done && !one) one = find_row(c->record, metric, 0);
    if (one) take_row(&a, one);
  }
  if (a.n == 0) return a;
  double sum = 0, lo = INFINITY, hi = -INFINITY;
  for (int i = 0; i < a.n; i++) {
    sum += a.values[i];
    lo = fmin(lo, a.values[i]);
    hi = fmax(hi, a.values[i]);
  }
  a.mean = sum / a.n;
  if (a.n > 1) {
    a.lo = lo;
    a.hi = hi;
  }
  return a;
}

const char* metric_needs(const json_t* record, const char* metric) {
  /* a metric, and the settings of which one must differ from `unset` */
  static const struct {
    const char *metric, *settings[2], *unset, *words;
  } needs[] = {
      {"fall_rate", {"eval.fall_height", "eval.fall_tilt"}, "0", "eval.fall_height or eval.fall_tilt"},
      {"survival", {"eval.fall_height", "eval.fall_tilt"}, "0", "eval.fall_height or eval.fall_tilt"},
      {"fall_rate", {"eval.chains", NULL}, "0", "eval.chains"},
      {"survival", {"eval.chains", NULL}, "0", "eval.chains"},
      {"sae_min", {"eval.sae_windows", NULL}, "0", "eval.sae_windows"},
      {"gait_agreement", {"eval.feet", NULL}, "", "eval.feet"},
  };
  const json_t* config = json_object_get(record, "config");
  for (size_t i = 0; i < sizeof needs / sizeof needs[0]; i++) {
    const size_t n = strlen(needs[i].metric);
    if (strncmp(metric, needs[i].metric, n) != 0 || (metric[n] != '\0' && metric[n] != '.')) continue;
    bool unset = true;
    for (int k = 0; k < 2 && needs[i].settings[k]; k++) {
      const char* value = json_string_value(json_object_get(config, needs[i].settings[k]));
      unset &= value && strcmp(value, needs[i].unset) == 0;
    }
    if (unset) return needs[i].words;
  }
  return NULL;
}

int metric_column(const char* metric) {
  static const char* const columns[] = {
      "tre",      "tre_open_loop",  "sae_own",    "sae_min",       "fall_rate",
      "survival", "gait_agreement", "gait_phase", "command_error", "command_error.yaw_rate"};
  for (int i = 0; i < (int)(sizeof columns / sizeof columns[0]); i++) {
    if (strcmp(metric, columns[i]) == 0) return i;
  }
  return -1;
}

const char* metric_better(const char* metric) {
  const df_metric_def* defs;
  const int n = df_metric_defs(&defs);
  /* a part has the direction of its metric: tre.joint_pos that of tre */
  const size_t length = strcspn(metric, ".");
  for (int i = 0; i < n; i++) {
    if (strlen(defs[i].name) == length && strncmp(defs[i].name, metric, length) == 0) return defs[i].better;
  }
  return "";
}
