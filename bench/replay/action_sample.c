#include "action_sample.h"

#include <string.h>

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

df_status action_sample_error(const df_system* system, int n, const double* x, const double* u, int threads,
                              double* error, double* median) {
  const df_trajectories made = {.B = n, .H = 1, .x = x, .u = u};
  DF_TRY(df_metric_sae_own(system, &made, threads, error, NULL));
  *median = df_median(n, error);
  return DF_OK;
}
