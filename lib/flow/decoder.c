/* decoder.c: what every decoder needs: condition, units of actions, and what kind it is. */
#include <math.h>
#include <string.h>

#include "flow_internal.h"

const df_config* flow_config(const df_flow* flow) {
  return &flow->env.task->config;
}

flow_variant flow_variant_of(const df_flow* flow) {
  flow_variant v = variant_of(flow_config(flow));
  v.kept = flow->kept;
  return v;
}

void task_condition(const df_task* task, const double* x0, const double* condition, df_real* out) {
  double context[FLOW_CONTEXT_MAX];
  const int nz = df_chart_size(task->chart);
  df_chart_context(task->chart, x0, context);
  for (int i = 0; i < nz; i++) out[i] = (df_real)context[i];
  for (int i = 0; i < task->data->nc; i++) out[nz + i] = (df_real)condition[i];
}

void flow_condition(const df_flow* flow, const double* x0, const double* condition, df_real* out) {
  task_condition(flow->env.task, x0, condition, out);
  if (flow->known >= 0) out[flow->known] = 1;
  flow_tell_span(flow, out, 0);
}

void flow_forget_condition(const df_flow* flow, df_real* out) {
  for (int i = flow->nz; i < flow->nz + flow->nc; i++) out[i] = 0;
  out[flow->known] = 0;
}

df_status task_network(const df_task* task, df_net_cfg* cfg) {
  const df_config* c = &task->config;
  const bool mlp = strcmp(c->net_kind, "mlp") == 0;
  if (!mlp && c->net_width % c->net_heads != 0) {
    return df_fail(DF_E_CONFIG, "task %s: net.heads = %d must divide net.width = %d", c->task_name, c->net_heads,
                   c->net_width);
  }
  *cfg = df_net_cfg_default();
  cfg->kind = mlp ? DF_NET_MLP : strcmp(c->net_kind, "unet") == 0 ? DF_NET_UNET : DF_NET_DIT;
  cfg->width = c->net_width;
  cfg->depth = c->net_depth;
  cfg->heads = c->net_heads;
  cfg->mlp_ratio = c->net_mlp_ratio;
  cfg->skip_hidden = c->net_skip_hidden;
  cfg->position_std = c->net_position_std;
  return DF_OK;
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
      const double value = mean + std * a[(t + 1) * flow->in - flow->nu + i];
      u[t * flow->nu + i] = fmin(fmax(value, system->u_lo[i]), system->u_hi[i]);
    }
  }
}

bool flow_has_states(const df_flow* flow) {
  return flow->decoder == DF_DECODE_STATES || flow->decoder == DF_DECODE_STATES_ACTIONS;
}

bool flow_has_actions(const df_flow* flow) {
  return flow->decoder == DF_DECODE_ACTIONS || flow->decoder == DF_DECODE_STATES_ACTIONS;
}

void flow_decode_states(const df_flow* flow, const double* x0, const double* z1, double* x) {
  memcpy(x, x0, (size_t)flow->nx * sizeof *x);
  for (int t = 0; t < flow->H; t++)
    df_chart_decode(flow->env.task->chart, x0, z1 + t * flow->in, x + (size_t)(t + 1) * (size_t)flow->nx);
}

bool flow_simulates(const df_flow* flow) {
  return flow->decoder == DF_DECODE_ROLLOUT || flow->decoder == DF_DECODE_TRACKING;
}

const df_real* flow_gain(const df_flow* flow, const df_real* parameters) {
  return flow->decoder == DF_DECODE_TRACKING ? parameters + df_net_parameters(flow->net) : NULL;
}
