/* mlp.c: dense layers with silu or elu between them over the flattened window, the condition and the flow time
 * features. */
#include "network.h"

typedef struct sizes {
  size_t B, x, cond, time, width, depth, y;
} sizes;

static sizes sizes_of(const df_net* net, int B) {
  const df_net_cfg* cfg = &net->cfg;
  return (sizes){.B = (size_t)B,
                 .x = (size_t)cfg->tokens * (size_t)cfg->in,
                 .cond = (size_t)cfg->cond,
                 .time = cfg->flow_time ? DF_TIME_FEATURES : 0,
                 .width = (size_t)cfg->width,
                 .depth = (size_t)cfg->depth,
                 .y = (size_t)cfg->tokens * (size_t)cfg->out};
}

/* ---- parameters ---- */
int df_mlp_n_tensors(const df_net_cfg* cfg) {
  return 6 + 2 * cfg->depth;
}

void df_mlp_build(df_net* net) {
  const sizes s = sizes_of(net, 0);
  const size_t fan = s.x + s.cond + s.time, width = s.width;
  df_mlp* m = &net->mlp;
  m->x_weight = df_net_add(net, DF_INIT_GLOROT, width, s.x, fan, width, "dense.0.weight");
  if (s.cond)
    m->condition_weight = df_net_add(net, DF_INIT_GLOROT, width, s.cond, fan, width, "dense.0.condition.weight");
  if (s.time) m->time_weight = df_net_add(net, DF_INIT_GLOROT, width, s.time, fan, width, "dense.0.time.weight");
  m->bias = df_net_add(net, DF_INIT_ZERO, width, 0, 0, 0, "dense.0.bias");
  for (size_t i = 1; i < s.depth; i++) {
    m->hidden_weight[i] = df_net_add(net, DF_INIT_GLOROT, width, width, 0, 0, "dense.%zu.weight", i);
    m->hidden_bias[i] = df_net_add(net, DF_INIT_ZERO, width, 0, 0, 0, "dense.%zu.bias", i);
  }
  m->last_weight = df_net_add(net, DF_INIT_ZERO, s.y, width, 0, 0, "last.weight");
  m->last_bias = df_net_add(net, DF_INIT_ZERO, s.y, 0, 0, 0, "last.bias");
}

/* ---- activations ---- */
typedef void (*forward_kernel)(size_t n, const df_real* x, df_real* y);
static forward_kernel activation_forward(const df_net* net) {
  return net->cfg.activation == DF_ACTIVATION_ELU ? net->kernels->elu_forward : net->kernels->silu_forward;
}
static forward_kernel activation_backward(const df_net* net) {
  return net->cfg.activation == DF_ACTIVATION_ELU ? net->kernels->elu_backward : net->kernels->silu_backward;
}

void df_mlp_work_layout(df_net_work* work, df_arena* pieces) {
  const sizes s = sizes_of(work->net, work->batch);
  df_mlp_work* w = &work->mlp;
  w->time = df_arena_take(pieces, s.B * s.time);
  w->sum = df_arena_take(pieces, s.depth * s.B * s.width);
  w->out = df_arena_take(pieces, s.depth * s.B * s.width);
  w->d = df_arena_take(pieces, s.B * s.width);
  w->d2 = df_arena_take(pieces, s.B * s.width);
}

void df_mlp_forward(df_net_work* work, const df_real* p, const df_real* t, df_real* y) {
  const df_kernels* k = work->net->kernels;
  const df_mlp* m = &work->net->mlp;
  df_mlp_work* w = &work->mlp;
  const sizes s = sizes_of(work->net, work->B);
  const size_t n = s.B * s.width;

  /* first layer: sum of the products with window, condition and time features */
  df_linear_forward(k, s.B, s.x, s.width, work->x, p + m->x_weight, p + m->bias, false, w->sum);
  if (s.cond) df_linear_forward(k, s.B, s.cond, s.width, work->c, p + m->condition_weight, NULL, true, w->sum);
  if (s.time) {
    df_time_features(s.B, t, w->time);
    df_linear_forward(k, s.B, s.time, s.width, w->time, p + m->time_weight, NULL, true, w->sum);
  }
  activation_forward(work->net)(n, w->sum, w->out);

  /* hidden layers and linear output */
  for (size_t i = 1; i < s.depth; i++) {
    df_linear_forward(k, s.B, s.width, s.width, w->out + (i - 1) * n, p + m->hidden_weight[i], p + m->hidden_bias[i],
                      false, w->sum + i * n);
    activation_forward(work->net)(n, w->sum + i * n, w->out + i * n);
  }
  df_linear_forward(k, s.B, s.width, s.y, w->out + (s.depth - 1) * n, p + m->last_weight, p + m->last_bias, false, y);
}

void df_mlp_backward(df_net_work* work, const df_real* p, const df_real* dy, df_real* dp, df_real* dx) {
  const df_kernels* k = work->net->kernels;
  const df_mlp* m = &work->net->mlp;
  df_mlp_work* w = &work->mlp;
  const sizes s = sizes_of(work->net, work->B);
  const size_t n = s.B * s.width;
  df_real *d = w->d, *below = w->d2;

  /* output layer and hidden layers, from last to first; d is the cotangent of a layer's output */
  df_linear_backward_weight(k, s.B, s.width, s.y, w->out + (s.depth - 1) * n, dy, dp + m->last_weight,
                            dp + m->last_bias);
  df_linear_backward_input(s.B, s.width, s.y, p + m->last_weight, dy, false, d);
  for (size_t i = s.depth - 1; i > 0; i--) {
    activation_backward(work->net)(n, w->sum + i * n, d);
    df_linear_backward_weight(k, s.B, s.width, s.width, w->out + (i - 1) * n, d, dp + m->hidden_weight[i],
                              dp + m->hidden_bias[i]);
    df_linear_backward_input(s.B, s.width, s.width, p + m->hidden_weight[i], d, false, below);
    df_real* const swap = d;
    d = below;
    below = swap;
  }

  /* first layer */
  activation_backward(work->net)(n, w->sum, d);
  df_linear_backward_weight(k, s.B, s.x, s.width, work->x, d, dp + m->x_weight, dp + m->bias);
  if (s.cond) df_linear_backward_weight(k, s.B, s.cond, s.width, work->c, d, dp + m->condition_weight, NULL);
  if (s.time) df_linear_backward_weight(k, s.B, s.time, s.width, w->time, d, dp + m->time_weight, NULL);
  df_linear_backward_input(s.B, s.x, s.width, p + m->x_weight, d, false, dx);
}
