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

/* counts a row and adds its value to the sum */
static void take_row(aggregate* a, const json_t* row, double value) {
  const json_t* unit = json_object_get(row, "unit");
  a->k = (int)json_integer_value(json_object_get(row, "k"));
  if (json_is_string(unit)) a->unit = json_string_value(unit);
  if (!isfinite(value)) {
    a->failed++;
    a->status = string_of(row, "status");
    return;
  }
  a->n++;
  a->mean += value;
  a->lo = number_of(json_object_get(row, "lo"));
  a->hi = number_of(json_object_get(row, "hi"));
}

const json_t* aggregate_row(const run_cell* c, const char* metric, int k) {
  if (!c->done) return NULL;
  const json_t* row = find_row(c->record, metric, k);
  return row ? row : find_row(c->record, metric, 0);
}

aggregate aggregate_of(const run_view* r, const run_group* g, const char* method, const char* metric, int k) {
  aggregate a = {.lo = NAN, .hi = NAN, .unit = "", .status = ""};
  double lo = INFINITY, hi = -INFINITY;
  for (int i = 0; i < r->n_cells; i++) {
    const run_cell* c = &r->cells[i];
    if (!run_in_group(g, c) || strcmp(c->method, method) != 0) continue;
    a.planned++;
    a.done += c->done;
    const json_t* row = aggregate_row(c, metric, k);
    if (!row) continue;
    const double value = number_of(json_object_get(row, "value"));
    take_row(&a, row, value);
    if (!isfinite(value)) continue;
    lo = fmin(lo, value);
    hi = fmax(hi, value);
  }
  /* the sum becomes the mean */
  a.mean = a.n ? a.mean / a.n : NAN;
  if (a.n > 1) {
    a.lo = lo;
    a.hi = hi;
  }
  return a;
}

const char* aggregate_unit(const run_view* r, const run_group* g, const char* metric, int k) {
  for (int m = 0; m < g->n_methods; m++) {
    const aggregate a = aggregate_of(r, g, g->methods[m], metric, k);
    if (a.unit[0]) return a.unit;
  }
  /* no method has a value at this K */
  const char* unit = df_metric_unit(metric);
  return unit ? unit : "";
}

int metric_column(const char* metric) {
  static const char* const columns[MAIN_METRICS] = {
      "tre",           "tre_open_loop",  "sae_own",    "sae_min",       "fall_rate",
      "survival",      "gait_agreement", "gait_phase", "command_error", "command_error.yaw_rate",
      "goal_distance", "goal_reached"};
  for (int i = 0; i < MAIN_METRICS; i++) {
    if (strcmp(metric, columns[i]) == 0) return i;
  }
  return -1;
}

bool metric_is_known(const char* metric) {
  return df_metric_find(metric) != NULL;
}

const char* metric_better(const char* metric) {
  const df_metric_def* definition = df_metric_find(metric);
  return definition ? definition->better : "";
}
