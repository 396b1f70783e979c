/* modulation.c: from condition and flow time to the modulation of all layers of a DiT or U-Net.
 *
 *   s = silu(mix(silu(condition(c) + time(t)))),  modulation = film(s)         one row per sample
 *
 * The rows of film, which is named by the layers, are stacked, so that one product computes all of them. */
#include "network.h"

void df_condition_build(df_net* net) {
  const df_net_cfg* cfg = &net->cfg;
  const size_t d = (size_t)cfg->width, cond = (size_t)cfg->cond;
  const size_t fan = cond + (cfg->flow_time ? DF_TIME_FEATURES : 0);
  df_condition* m = &net->condition;
  m->condition_weight = df_net_add(net, DF_INIT_GLOROT, d, cond, fan, d, "condition.weight");
  if (cfg->flow_time) {
    m->time_weight = df_net_add(net, DF_INIT_GLOROT, d, DF_TIME_FEATURES, fan, d, "condition.time.weight");
  }
  m->condition_bias = df_net_add(net, DF_INIT_ZERO, d, 0, 0, 0, "condition.bias");
  m->mix_weight = df_net_add(net, DF_INIT_GLOROT, d, d, 0, 0, "condition.mix.weight");
  m->mix_bias = df_net_add(net, DF_INIT_ZERO, d, 0, 0, 0, "condition.mix.bias");
}

void df_condition_work_layout(df_net_work* work, df_arena* pieces) {
  const size_t B = (size_t)work->batch, d = (size_t)work->net->cfg.width, rows = work->net->condition.modulation;
  df_condition_work* w = &work->condition;
  w->time = df_arena_take(pieces, B * DF_TIME_FEATURES);
  df_real** const arrays[] = {&w->e1, &w->s1, &w->e2, &w->s2, &w->ds, &w->de};
  for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) *arrays[i] = df_arena_take(pieces, B * d);
  w->modulation = df_arena_take(pieces, B * rows);
  w->dmodulation = df_arena_take(pieces, B * rows);
}

void df_condition_forward(df_net_work* work, const df_real* p, const df_real* t) {
  const df_net* net = work->net;
  const df_kernels* k = net->kernels;
  const df_condition* m = &net->condition;
  df_condition_work* w = &work->condition;
  const size_t B = (size_t)work->B, d = (size_t)net->cfg.width, cond = (size_t)net->cfg.cond;
  df_linear_forward(k, B, cond, d, work->c, p + m->condition_weight, p + m->condition_bias, false, w->e1);
  if (net->cfg.flow_time) {
    df_time_features(B, t, w->time);
    df_linear_forward(k, B, DF_TIME_FEATURES, d, w->time, p + m->time_weight, NULL, true, w->e1);
  }
  k->silu_forward(B * d, w->e1, w->s1);
  df_linear_forward(k, B, d, d, w->s1, p + m->mix_weight, p + m->mix_bias, false, w->e2);
  k->silu_forward(B * d, w->e2, w->s2);
  df_linear_forward(k, B, d, m->modulation, w->s2, p + m->film_weight, p + m->film_bias, false, w->modulation);
}

void df_condition_backward(df_net_work* work, const df_real* p, df_real* dp) {
  const df_net* net = work->net;
  const df_kernels* k = net->kernels;
  const df_condition* m = &net->condition;
  df_condition_work* w = &work->condition;
  const size_t B = (size_t)work->B, d = (size_t)net->cfg.width, cond = (size_t)net->cfg.cond;
  df_linear_backward_weight(k, B, d, m->modulation, w->s2, w->dmodulation, dp + m->film_weight, dp + m->film_bias);
  df_linear_backward_input(B, d, m->modulation, p + m->film_weight, w->dmodulation, false, w->ds);
  k->silu_backward(B * d, w->e2, w->ds);
  df_linear_backward_weight(k, B, d, d, w->s1, w->ds, dp + m->mix_weight, dp + m->mix_bias);
  df_linear_backward_input(B, d, d, p + m->mix_weight, w->ds, false, w->de);
  k->silu_backward(B * d, w->e1, w->de);
  df_linear_backward_weight(k, B, cond, d, work->c, w->de, dp + m->condition_weight, dp + m->condition_bias);
  if (net->cfg.flow_time) {
    df_linear_backward_weight(k, B, DF_TIME_FEATURES, d, w->time, w->de, dp + m->time_weight, NULL);
  }
}
