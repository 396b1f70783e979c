#include "effort.h"

#include <math.h>

#include "dynaflow/stats/statistics.h"
#include "json.h"
#include "measures.h"

static void add(json_t* list, const char* metric, int k, int n, double count) {
  measure_row(list, metric, measure_unit("effort"), k, (df_interval){.mean = count, .lo = NAN, .hi = NAN, .n = n});
}

void effort_of_windows(json_t* list, int k, int n, const df_effort* effort, int diverged) {
  add(list, "effort.physics_steps", k, n, (double)effort->physics_steps);
  add(list, "effort.solver_iterations", k, n, (double)effort->solver_iterations);
  add(list, "effort.constraint_rows", k, n, (double)effort->constraint_rows);
  add(list, "effort.diverged", k, n, diverged);
}

void effort_of_sampling(json_t* list, int k, int n, uint64_t physics_steps) {
  add(list, "effort.sampling_steps", k, n, (double)physics_steps);
}

/* sum over the curves of a field, or, if `inside` is not NULL, of a field of that object */
static double sum_of(const json_t* curves, const char* inside, const char* field) {
  double sum = 0;
  size_t i;
  json_t* curve;
  json_array_foreach(curves, i, curve) {
    const json_t* from = inside ? json_object_get(curve, inside) : curve;
    sum += number_of(json_object_get(from, field));
  }
  return sum;
}

void effort_of_training(json_t* list, const json_t* training) {
  static const struct {
    const char *metric, *field;
  } counters[] = {{"effort.gradient_steps", "steps"},
                  {"effort.skipped_steps", "skipped"},
                  {"effort.diverged_samples", "diverged"}},
    adjoints[] = {{"effort.adjoint_steps", "steps"},
                  {"effort.approximate_steps", "approximate"},
                  {"effort.differenced_steps", "differenced"}};
  const json_t* curves = json_object_get(training, "curves");
  const int n = (int)json_array_size(curves);
  for (size_t c = 0; c < sizeof counters / sizeof counters[0] && n > 0; c++)
    add(list, counters[c].metric, 0, n, sum_of(curves, NULL, counters[c].field));
  for (size_t c = 0; c < sizeof adjoints / sizeof adjoints[0] && n > 0; c++)
    add(list, adjoints[c].metric, 0, n, sum_of(curves, "adjoints", adjoints[c].field));
}
