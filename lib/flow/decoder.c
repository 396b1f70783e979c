/* decoder.c: what every decoder needs: condition, units of actions, and what kind it is. */
#include <math.h>

#include "flow_internal.h"

const df_config* flow_config(const df_flow* flow) {
  return &flow->env.task->config;
}

void flow_condition(const df_flow* flow, const double* x0, const double* condition, df_real* out) {
  double context[FLOW_CONTEXT_MAX];
  df_chart_context(flow->env.task->chart, x0, context);
  for (int i = 0; i < flow->nz; i++) out[i] = (df_real)context[i];
  for (int i = flow->nz; i < flow->cond; i++) out[i] = (df_real)condition[i - flow->nz];
}

void flow_action_scale(const df_flow* flow, int i, double* mean, double* std) {
  const df_chart_statistics s = df_chart_get_statistics(flow->env.task->chart);
  *mean = flow->action_scale ? (double)flow->action_scale[i] : s.action_mean[i];
  *std = flow->action_scale ? (double)flow->action_scale[flow->nu + i] : s.action_std[i];
}

void flow_unnormalise_actions(const df_flow* flow, const double* a, double* u) {
  const df_system* system = flow->env.task->system;
  for (int t = 0; t < flow->H; t++) {
    for (int i = 0; i < flow->nu; i++) {
      double mean, std;
      flow_action_scale(flow, i, &mean, &std);
      const double value = mean + std * a[t * flow->nu + i];
      u[t * flow->nu + i] = fmin(fmax(value, system->u_lo[i]), system->u_hi[i]);
    }
  }
}

bool flow_simulates(const df_flow* flow) {
  return flow->decoder == DF_DECODE_ROLLOUT || flow->decoder == DF_DECODE_TRACKING;
}

const df_real* flow_gain(const df_flow* flow, const df_real* parameters) {
  return flow->decoder == DF_DECODE_TRACKING ? parameters + df_net_parameters(flow->net) : NULL;
}
