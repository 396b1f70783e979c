/* dit.c: a transformer over frames with adaLN-zero blocks (Peebles & Xie 2023, figure 3).
 *
 *   s = silu(mix(silu(condition(c) + time(t))))      one row per sample
 *   h = embed(x) + position                          one row per frame
 *   each block:  h += gate1 attention(modulate1(norm(h)));  h += gate2 mlp(modulate2(norm(h)))
 *   y = last(modulate(norm(h))) + skip2(silu(skip1(c)))
 *
 * The modulation of a block, shift1, scale1, gate1, shift2, scale2, gate2 in this order, is a linear function of s; the
 * last layer has shift and scale only. In the code p and dp are the flat arrays of parameters and of their gradient. */
#include <string.h>

#include "network.h"

/* ---- parameters ---- */
int df_dit_n_tensors(const df_net_cfg* cfg) {
  return 16 + 10 * cfg->depth;
}

/* adaLN of all blocks and the last layer: first all weights, then all biases, so that each forms one stacked matrix */
static void build_adaln(df_net* net) {
  const size_t d = (size_t)net->cfg.width, depth = (size_t)net->cfg.depth;
  df_condition* m = &net->condition;
  m->modulation = (6 * depth + 2) * d;
  for (size_t i = 0; i < depth; i++) {
    const size_t at = df_net_add(net, DF_INIT_ZERO, 6 * d, d, 0, 0, "block.%zu.adaln.weight", i);
    if (i == 0) m->film_weight = at;
  }
  (void)df_net_add(net, DF_INIT_ZERO, 2 * d, d, 0, 0, "last.adaln.weight");
  for (size_t i = 0; i < depth; i++) {
    const size_t at = df_net_add(net, DF_INIT_ZERO, 6 * d, 0, 0, 0, "block.%zu.adaln.bias", i);
    if (i == 0) m->film_bias = at;
  }
  (void)df_net_add(net, DF_INIT_ZERO, 2 * d, 0, 0, 0, "last.adaln.bias");
}

static void build_block(df_net* net, size_t i) {
  const size_t d = (size_t)net->cfg.width, f = d * (size_t)net->cfg.mlp_ratio;
  df_dit_block* b = &net->dit.block[i];
  b->qkv_weight = df_net_add(net, DF_INIT_GLOROT, 3 * d, d, d, d, "block.%zu.attention.qkv.weight", i);
  b->qkv_bias = df_net_add(net, DF_INIT_ZERO, 3 * d, 0, 0, 0, "block.%zu.attention.qkv.bias", i);
  b->out_weight = df_net_add(net, DF_INIT_GLOROT, d, d, 0, 0, "block.%zu.attention.out.weight", i);
  b->out_bias = df_net_add(net, DF_INIT_ZERO, d, 0, 0, 0, "block.%zu.attention.out.bias", i);
  b->fc1_weight = df_net_add(net, DF_INIT_GLOROT, f, d, 0, 0, "block.%zu.mlp.fc1.weight", i);
  b->fc1_bias = df_net_add(net, DF_INIT_ZERO, f, 0, 0, 0, "block.%zu.mlp.fc1.bias", i);
  b->fc2_weight = df_net_add(net, DF_INIT_GLOROT, d, f, 0, 0, "block.%zu.mlp.fc2.weight", i);
  b->fc2_bias = df_net_add(net, DF_INIT_ZERO, d, 0, 0, 0, "block.%zu.mlp.fc2.bias", i);
}

void df_dit_build(df_net* net) {
  const df_net_cfg* cfg = &net->cfg;
  const size_t d = (size_t)cfg->width, in = (size_t)cfg->in, out = (size_t)cfg->out, T = (size_t)cfg->tokens;
  const size_t cond = (size_t)cfg->cond, hidden = (size_t)cfg->skip_hidden;
  df_dit* m = &net->dit;

  /* embedding, condition and flow time */
  m->embed_weight = df_net_add(net, DF_INIT_GLOROT, d, in, 0, 0, "embed.weight");
  m->embed_bias = df_net_add(net, DF_INIT_ZERO, d, 0, 0, 0, "embed.bias");
  m->position = df_net_add(net, DF_INIT_POSITION, T, d, 0, 0, "embed.position");
  df_condition_build(net);

  /* blocks and last layer */
  build_adaln(net);
  for (size_t i = 0; i < (size_t)cfg->depth; i++) build_block(net, i);
  m->last_weight = df_net_add(net, DF_INIT_ZERO, out, d, 0, 0, "last.weight");
  m->last_bias = df_net_add(net, DF_INIT_ZERO, out, 0, 0, 0, "last.bias");

  /* skip MLP from condition to sequence */
  if (hidden == 0) return;
  m->skip1_weight = df_net_add(net, DF_INIT_GLOROT, hidden, cond, 0, 0, "skip.0.weight");
  m->skip1_bias = df_net_add(net, DF_INIT_ZERO, hidden, 0, 0, 0, "skip.0.bias");
  m->skip2_weight = df_net_add(net, DF_INIT_ZERO, T * out, hidden, 0, 0, "skip.1.weight");
  m->skip2_bias = df_net_add(net, DF_INIT_ZERO, T * out, 0, 0, 0, "skip.1.bias");
}

/* ---- activations ---- */
static df_attention attention_of(const df_net_work* w) {
  const df_net_cfg* cfg = &w->net->cfg;
  return (df_attention){(size_t)w->B, (size_t)cfg->tokens, (size_t)cfg->heads, (size_t)cfg->width};
}

static df_shape shape_of(const df_net_work* w) {
  const df_net_cfg* cfg = &w->net->cfg;
  return (df_shape){(size_t)w->B, (size_t)cfg->tokens, (size_t)cfg->width, w->net->condition.modulation};
}

void df_dit_work_layout(df_net_work* work, df_arena* pieces) {
  const df_net_cfg* cfg = &work->net->cfg;
  const size_t B = (size_t)work->batch, R = B * (size_t)cfg->tokens, d = (size_t)cfg->width;
  const size_t f = d * (size_t)cfg->mlp_ratio, widest = f > 3 * d ? f : 3 * d, hidden = (size_t)cfg->skip_hidden;
  const df_attention a = {B, (size_t)cfg->tokens, (size_t)cfg->heads, d};
  df_dit_work* w = &work->dit;

  df_condition_work_layout(work, pieces);
  w->skip1 = df_arena_take(pieces, B * hidden);
  w->skip_hidden = df_arena_take(pieces, B * hidden);
  w->dskip = df_arena_take(pieces, B * hidden);

  /* tokens and scratch */
  w->h = df_arena_take(pieces, R * d);
  w->dh = df_arena_take(pieces, R * d);
  w->narrow = df_arena_take(pieces, R * d);
  w->wide1 = df_arena_take(pieces, R * widest);
  w->wide2 = df_arena_take(pieces, R * widest);
  w->scores = df_arena_take(pieces, df_attention_weights(&a));

  /* activations of every block and of the last layer */
  for (size_t i = 0; i < (size_t)cfg->depth; i++) {
    df_dit_block_work* b = &w->block[i];
    b->norm1 = df_arena_take(pieces, R * d);
    b->rstd1 = df_arena_take(pieces, R);
    b->qkv = df_arena_take(pieces, R * 3 * d);
    b->weights = df_arena_take(pieces, B * df_attention_weights(&a));
    b->mixed = df_arena_take(pieces, R * d);
    b->attended = df_arena_take(pieces, R * d);
    b->norm2 = df_arena_take(pieces, R * d);
    b->rstd2 = df_arena_take(pieces, R);
    b->hidden = df_arena_take(pieces, R * f);
    b->mlp = df_arena_take(pieces, R * d);
  }
  w->last_norm = df_arena_take(pieces, R * d);
  w->last_rstd = df_arena_take(pieces, R);
}

/* ---- from frames to tokens ---- */
static void embed_forward(df_net_work* work, const df_real* p) {
  const df_net* net = work->net;
  const df_kernels* k = net->kernels;
  const size_t B = (size_t)work->B, T = (size_t)net->cfg.tokens, d = (size_t)net->cfg.width;
  df_real* h = work->dit.h;
  k->bias_fill(B, T * d, p + net->dit.position, h);
  df_linear_forward(k, B * T, (size_t)net->cfg.in, d, work->x, p + net->dit.embed_weight, p + net->dit.embed_bias, true,
                    h);
}

static void embed_backward(df_net_work* work, const df_real* p, df_real* dp, df_real* dx) {
  const df_net* net = work->net;
  const df_kernels* k = net->kernels;
  const df_dit* m = &net->dit;
  const size_t B = (size_t)work->B, T = (size_t)net->cfg.tokens, d = (size_t)net->cfg.width, in = (size_t)net->cfg.in;
  const df_real* dh = work->dit.dh;
  k->bias_backward(B, T * d, dh, dp + m->position);
  df_linear_backward_weight(k, B * T, in, d, work->x, dh, dp + m->embed_weight, dp + m->embed_bias);
  df_linear_backward_input(B * T, in, d, p + m->embed_weight, dh, false, dx);
}

/* ---- a block ---- */
static void block_forward(df_net_work* work, const df_real* p, size_t i) {
  const df_net* net = work->net;
  const df_kernels* k = net->kernels;
  const df_dit_block* m = &net->dit.block[i];
  df_dit_work* w = &work->dit;
  df_dit_block_work* b = &w->block[i];
  const df_shape s = shape_of(work);
  const df_attention a = attention_of(work);
  const size_t R = s.B * s.T, d = s.d, f = d * (size_t)net->cfg.mlp_ratio;
  const df_real* mod = work->condition.modulation + i * 6 * d;

  /* h += gate1 * attention(modulate1(norm(h))) */
  k->norm_forward(&s, w->h, mod, mod + d, b->norm1, b->rstd1, w->narrow);
  df_linear_forward(k, R, d, 3 * d, w->narrow, p + m->qkv_weight, p + m->qkv_bias, false, b->qkv);
  df_attention_forward(k, &a, b->qkv, b->weights, b->mixed);
  df_linear_forward(k, R, d, d, b->mixed, p + m->out_weight, NULL, false, b->attended);
  k->gate_forward(&s, mod + 2 * d, p + m->out_bias, b->attended, w->h);

  /* h += gate2 * mlp(modulate2(norm(h))) */
  k->norm_forward(&s, w->h, mod + 3 * d, mod + 4 * d, b->norm2, b->rstd2, w->narrow);
  df_linear_forward(k, R, d, f, w->narrow, p + m->fc1_weight, NULL, false, b->hidden);
  k->gelu_forward(R, f, p + m->fc1_bias, b->hidden, w->wide1);
  df_linear_forward(k, R, f, d, w->wide1, p + m->fc2_weight, NULL, false, b->mlp);
  k->gate_forward(&s, mod + 5 * d, p + m->fc2_bias, b->mlp, w->h);
}

/* the adjoint of the MLP half of a block; w->dh is the cotangent of its output and becomes that of its input */
static void mlp_half_backward(df_net_work* work, const df_real* p, df_real* dp, size_t i) {
  const df_net* net = work->net;
  const df_kernels* k = net->kernels;
  const df_dit_block* m = &net->dit.block[i];
  df_dit_work* w = &work->dit;
  const df_dit_block_work* b = &w->block[i];
  const df_shape s = shape_of(work);
  const size_t R = s.B * s.T, d = s.d, f = d * (size_t)net->cfg.mlp_ratio;
  const df_real* mod = work->condition.modulation + i * 6 * d;
  df_real* dmod = work->condition.dmodulation + i * 6 * d;

  /* gate, second and first linear layer, norm */
  k->gate_backward(&s, mod + 5 * d, b->mlp, w->dh, w->narrow, dmod + 5 * d, dp + m->fc2_bias);
  df_linear_backward_input(R, f, d, p + m->fc2_weight, w->narrow, false, w->wide1);
  k->gelu_backward(R, f, b->hidden, w->wide2, w->wide1, dp + m->fc1_bias);
  df_linear_backward_weight(k, R, f, d, w->wide2, w->narrow, dp + m->fc2_weight, NULL);
  k->modulate(&s, b->norm2, mod + 3 * d, mod + 4 * d, w->narrow);
  df_linear_backward_weight(k, R, d, f, w->narrow, w->wide1, dp + m->fc1_weight, NULL);
  df_linear_backward_input(R, d, f, p + m->fc1_weight, w->wide1, false, w->narrow);
  k->norm_backward(&s, b->norm2, b->rstd2, mod + 4 * d, w->narrow, w->dh, dmod + 3 * d, dmod + 4 * d);
}

/* the adjoint of the attention half of a block; w->dh as above */
static void attention_half_backward(df_net_work* work, const df_real* p, df_real* dp, size_t i) {
  const df_net* net = work->net;
  const df_kernels* k = net->kernels;
  const df_dit_block* m = &net->dit.block[i];
  df_dit_work* w = &work->dit;
  const df_dit_block_work* b = &w->block[i];
  const df_shape s = shape_of(work);
  const df_attention a = attention_of(work);
  const size_t R = s.B * s.T, d = s.d;
  const df_real* mod = work->condition.modulation + i * 6 * d;
  df_real *dmod = work->condition.dmodulation + i * 6 * d, *dqkv = w->wide1, *dmixed = w->wide2;

  /* gate, output projection, attention, qkv projection, norm */
  k->gate_backward(&s, mod + 2 * d, b->attended, w->dh, w->narrow, dmod + 2 * d, dp + m->out_bias);
  df_linear_backward_weight(k, R, d, d, b->mixed, w->narrow, dp + m->out_weight, NULL);
  df_linear_backward_input(R, d, d, p + m->out_weight, w->narrow, false, dmixed);
  df_attention_backward(k, &a, b->qkv, b->weights, dmixed, w->scores, dqkv);
  k->modulate(&s, b->norm1, mod, mod + d, w->narrow);
  df_linear_backward_weight(k, R, d, 3 * d, w->narrow, dqkv, dp + m->qkv_weight, dp + m->qkv_bias);
  df_linear_backward_input(R, d, 3 * d, p + m->qkv_weight, dqkv, false, w->narrow);
  k->norm_backward(&s, b->norm1, b->rstd1, mod + d, w->narrow, w->dh, dmod, dmod + d);
}

/* ---- from tokens and condition to the output sequence ---- */
static void last_forward(df_net_work* work, const df_real* p, df_real* y) {
  const df_net* net = work->net;
  const df_kernels* k = net->kernels;
  const df_dit* m = &net->dit;
  df_dit_work* w = &work->dit;
  const df_shape s = shape_of(work);
  const size_t out = (size_t)net->cfg.out, hidden = (size_t)net->cfg.skip_hidden, cond = (size_t)net->cfg.cond;
  const df_real* mod = work->condition.modulation + 6 * s.d * (size_t)net->cfg.depth;

  /* skip MLP */
  if (hidden > 0) {
    df_linear_forward(k, s.B, cond, hidden, work->c, p + m->skip1_weight, p + m->skip1_bias, false, w->skip1);
    k->silu_forward(s.B * hidden, w->skip1, w->skip_hidden);
    df_linear_forward(k, s.B, hidden, s.T * out, w->skip_hidden, p + m->skip2_weight, p + m->skip2_bias, false, y);
  }

  /* norm and linear layer of the tokens, added to the skip output */
  k->norm_forward(&s, w->h, mod, mod + s.d, w->last_norm, w->last_rstd, w->narrow);
  df_linear_forward(k, s.B * s.T, s.d, out, w->narrow, p + m->last_weight, p + m->last_bias, hidden > 0, y);
}

/* the adjoint of the last layer and the skip MLP; sets w->dh, the cotangent of the tokens after the last block */
static void last_backward(df_net_work* work, const df_real* p, const df_real* dy, df_real* dp) {
  const df_net* net = work->net;
  const df_kernels* k = net->kernels;
  const df_dit* m = &net->dit;
  df_dit_work* w = &work->dit;
  const df_shape s = shape_of(work);
  const size_t R = s.B * s.T, out = (size_t)net->cfg.out, hidden = (size_t)net->cfg.skip_hidden;
  const size_t cond = (size_t)net->cfg.cond, at = 6 * s.d * (size_t)net->cfg.depth;
  const df_real* mod = work->condition.modulation + at;
  df_real* dmod = work->condition.dmodulation + at;

  /* skip MLP */
  if (hidden > 0) {
    df_linear_backward_weight(k, s.B, hidden, s.T * out, w->skip_hidden, dy, dp + m->skip2_weight, dp + m->skip2_bias);
    df_linear_backward_input(s.B, hidden, s.T * out, p + m->skip2_weight, dy, false, w->dskip);
    k->silu_backward(s.B * hidden, w->skip1, w->dskip);
    df_linear_backward_weight(k, s.B, cond, hidden, work->c, w->dskip, dp + m->skip1_weight, dp + m->skip1_bias);
  }

  /* linear layer and norm of the tokens */
  k->modulate(&s, w->last_norm, mod, mod + s.d, w->narrow);
  df_linear_backward_weight(k, R, s.d, out, w->narrow, dy, dp + m->last_weight, dp + m->last_bias);
  df_linear_backward_input(R, s.d, out, p + m->last_weight, dy, false, w->narrow);
  memset(w->dh, 0, R * s.d * sizeof *w->dh);
  k->norm_backward(&s, w->last_norm, w->last_rstd, mod + s.d, w->narrow, w->dh, dmod, dmod + s.d);
}

/* ---- the whole network ---- */
void df_dit_forward(df_net_work* work, const df_real* parameters, const df_real* t, df_real* y) {
  df_condition_forward(work, parameters, t);
  embed_forward(work, parameters);
  for (size_t i = 0; i < (size_t)work->net->cfg.depth; i++) block_forward(work, parameters, i);
  last_forward(work, parameters, y);
}

void df_dit_backward(df_net_work* work, const df_real* parameters, const df_real* dy, df_real* dparameters,
                     df_real* dx) {
  last_backward(work, parameters, dy, dparameters);
  for (size_t i = (size_t)work->net->cfg.depth; i-- > 0;) {
    mlp_half_backward(work, parameters, dparameters, i);
    attention_half_backward(work, parameters, dparameters, i);
  }
  embed_backward(work, parameters, dparameters, dx);
  df_condition_backward(work, parameters, dparameters);
}
