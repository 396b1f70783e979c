#include "action_sample.h"

#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/metrics/metrics.h"
#include "dynaflow/stats/statistics.h"

void action_sample_take(const recording* r, int n, double* x, double* u) {
  const size_t all = recording_before(r, r->data->episodes), nx = (size_t)r->data->nx, nu = (size_t)r->data->nu;
  for (size_t i = 0; i < (size_t)n; i++) {
    int episode, frame;
    recording_place(r, all * i / (size_t)n, &episode, &frame);
    recording_state(r, episode, frame, x + 2 * i * nx);
    recording_state(r, episode, frame + 1, x + (2 * i + 1) * nx);
    memcpy(u + i * nu, recording_action(r, episode, frame), nu * sizeof *u);
  }
}

df_status action_sample_of(const recording* r, int n, action_sample* out) {
  const size_t all = recording_before(r, r->data->episodes), nx = (size_t)r->data->nx, nu = (size_t)r->data->nu;
  *out = (action_sample){.n = (size_t)n < all ? n : (int)all};
  if (out->n == 0) return DF_OK;
  const size_t k = (size_t)out->n;
  out->x = df_alloc(k * (4 * nx + 2 * nu + 1), sizeof *out->x);
  if (!out->x) return DF_E_NOMEM;
  out->y = out->x + 2 * k * nx;
  out->u = out->y + 2 * k * nx;
  out->v = out->u + k * nu;
  out->error = out->v + k * nu;
  action_sample_take(r, out->n, out->x, out->u);
  return DF_OK;
}

void action_sample_clear(action_sample* s) {
  df_free(s->x);
  *s = (action_sample){0};
}

df_status action_sample_error(const df_system* system, int n, const double* x, const double* u, int threads,
                              double* error, double* median) {
  const df_trajectories made = {.B = n, .H = 1, .x = x, .u = u};
  DF_TRY(df_metric_sae_own(system, &made, threads, error, NULL));
  *median = df_median(n, error);
  return DF_OK;
}
