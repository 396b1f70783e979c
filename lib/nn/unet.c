/* unet.c: a temporal U-Net: convolutions over the frames of a window, at several rates (Janner et al. 2022, "Planning
 * with diffusion for flexible behavior synthesis"; conditioned as in Chi et al. 2023, "Diffusion policy").
 *
 *   a block:  out = silu(film2(norm(conv2(silu(film1(norm(conv1(in)))))))) + match(in)
 *   h = x;  for level 0 .. depth-1:  h = skip[level] = down(h);  h = halve(h), except after the last level
 *   h = middle(h);  for level depth-1 .. 0:  h = up([h, skip[level]]);  h = double(h), except after level 0
 *   y = last(h)
 *
 * Level l has width 2^l channels and ceil(frames / 2^l) frames, so that any number of frames is allowed. norm is over
 * the frames and a group of channels of a sample (Wu & He 2018); film scales and shifts channels by the modulation of
 * modulation.c. A convolution is the product of its weights [out][taps][in] with its columns: for every frame, the
 * inputs under its taps, zeros beyond the window. In the code p and dp are the flat arrays of parameters and gradient.
 */
#include <string.h>

#include "network.h"

/* ---- convolutions over frames ---- */

/* SAME: 5 taps, one frame apart; HALVE: 3 taps around every other frame; DOUBLE: 3 taps over every frame twice */
typedef enum conv_kind { CONV_SAME, CONV_HALVE, CONV_DOUBLE } conv_kind;

typedef struct conv {
  conv_kind kind;
  size_t B, frames_in, frames_out, in, out;
} conv;

static size_t taps_of(conv_kind kind) {
  return kind == CONV_SAME ? 5 : 3;
}

/* the input frame under tap `tap` of output frame t; < 0: none */
static long frame_under(const conv* c, size_t t, size_t tap) {
  const long at = (long)(c->kind == CONV_HALVE ? 2 * t : t) + (long)tap - (long)(taps_of(c->kind) / 2);
  const long frames = (long)(c->kind == CONV_DOUBLE ? c->frames_out : c->frames_in);
  if (at < 0 || at >= frames) return -1;
  return c->kind == CONV_DOUBLE ? at / 2 : at;
}

/* columns [B][frames_out][taps][in] of x [B][frames_in][in] */
static void gather(const conv* c, const df_real* x, df_real* columns) {
  const size_t taps = taps_of(c->kind);
  for (size_t b = 0; b < c->B; b++) {
    for (size_t t = 0; t < c->frames_out; t++) {
      for (size_t j = 0; j < taps; j++, columns += c->in) {
        const long frame = frame_under(c, t, j);
        if (frame < 0) {
          memset(columns, 0, c->in * sizeof *columns);
        } else {
          memcpy(columns, x + (b * c->frames_in + (size_t)frame) * c->in, c->in * sizeof *columns);
        }
      }
    }
  }
}

/* the adjoint of gather: overwrites dx */
static void scatter(const df_kernels* k, const conv* c, const df_real* columns, df_real* dx) {
  const size_t taps = taps_of(c->kind);
  memset(dx, 0, c->B * c->frames_in * c->in * sizeof *dx);
  for (size_t b = 0; b < c->B; b++) {
    for (size_t t = 0; t < c->frames_out; t++) {
      for (size_t j = 0; j < taps; j++, columns += c->in) {
        const long frame = frame_under(c, t, j);
        if (frame >= 0) k->add(c->in, columns, dx + (b * c->frames_in + (size_t)frame) * c->in);
      }
    }
  }
}

static void conv_forward(const df_kernels* k, const conv* c, const df_real* x, const df_real* weight,
                         const df_real* bias, df_real* columns, df_real* y) {
  gather(c, x, columns);
  df_linear_forward(k, c->B * c->frames_out, taps_of(c->kind) * c->in, c->out, columns, weight, bias, false, y);
}

/* adds to dweight and dbias, overwrites dx; dx NULL: it is not wanted */
static void conv_backward(const df_kernels* k, const conv* c, const df_real* x, const df_real* weight,
                          const df_real* dy, df_real* columns, df_real* dweight, df_real* dbias, df_real* dx) {
  const size_t rows = c->B * c->frames_out, wide = taps_of(c->kind) * c->in;
  gather(c, x, columns);
  df_linear_backward_weight(k, rows, wide, c->out, columns, dy, dweight, dbias);
  if (!dx) return;
  df_linear_backward_input(rows, wide, c->out, weight, dy, false, columns);
  scatter(k, c, columns, dx);
}

/* ---- levels and blocks ---- */
static size_t depth_of(const df_net* net) {
  return (size_t)net->cfg.depth;
}
static size_t channels_at(const df_net* net, size_t level) {
  return (size_t)net->cfg.width << level;
}
static size_t frames_at(const df_net* net, size_t level) {
  return ((size_t)net->cfg.tokens + ((size_t)1 << level) - 1) >> level;
}
/* index of the block that goes up from a level */
static size_t up_block(const df_net* net, size_t level) {
  return 2 * depth_of(net) - level;
}

/* the changes of frames from a level to the next one, and back */
static conv halving(const df_net_work* work, size_t level) {
  const df_net* net = work->net;
  const size_t c = channels_at(net, level);
  return (conv){CONV_HALVE, (size_t)work->B, frames_at(net, level), frames_at(net, level + 1), c, c};
}
static conv doubling(const df_net_work* work, size_t level) {
  const df_net* net = work->net;
  const size_t c = channels_at(net, level - 1);
  return (conv){CONV_DOUBLE, (size_t)work->B, frames_at(net, level), frames_at(net, level - 1), c, c};
}

/* ---- parameters ---- */
int df_unet_n_tensors(const df_net_cfg* cfg) {
  return 7 + 8 * (2 * cfg->depth + 1) + 4 * (cfg->depth - 1);
}

static size_t add_conv(df_net* net, size_t taps, size_t in, size_t out, const char* name, size_t i) {
  return df_net_add(net, DF_INIT_GLOROT, out, taps * in, taps * in, taps * out, name, i);
}

static void build_block(df_net* net, size_t i, size_t frames, size_t in, size_t out) {
  df_unet_block* b = &net->unet.block[i];
  *b = (df_unet_block){.frames = frames, .in = in, .out = out, .film = net->condition.modulation};
  net->condition.modulation += 4 * out;
  b->conv1_weight = add_conv(net, 5, in, out, "block.%zu.conv1.weight", i);
  b->conv1_bias = df_net_add(net, DF_INIT_ZERO, out, 0, 0, 0, "block.%zu.conv1.bias", i);
  b->conv2_weight = add_conv(net, 5, out, out, "block.%zu.conv2.weight", i);
  b->conv2_bias = df_net_add(net, DF_INIT_ZERO, out, 0, 0, 0, "block.%zu.conv2.bias", i);
  if (in == out) return;
  b->match_weight = df_net_add(net, DF_INIT_GLOROT, out, in, 0, 0, "block.%zu.match.weight", i);
  b->match_bias = df_net_add(net, DF_INIT_ZERO, out, 0, 0, 0, "block.%zu.match.bias", i);
}

/* film of all blocks: first all weights, then all biases, so that each forms one stacked matrix */
static void build_film(df_net* net) {
  const size_t d = (size_t)net->cfg.width, blocks = 2 * depth_of(net) + 1;
  for (size_t i = 0; i < blocks; i++) {
    const size_t at = df_net_add(net, DF_INIT_ZERO, 4 * net->unet.block[i].out, d, 0, 0, "block.%zu.film.weight", i);
    if (i == 0) net->condition.film_weight = at;
  }
  for (size_t i = 0; i < blocks; i++) {
    const size_t at = df_net_add(net, DF_INIT_ZERO, 4 * net->unet.block[i].out, 0, 0, 0, "block.%zu.film.bias", i);
    if (i == 0) net->condition.film_bias = at;
  }
}

void df_unet_build(df_net* net) {
  const size_t depth = depth_of(net), in = (size_t)net->cfg.in, out = (size_t)net->cfg.out;
  df_unet* m = &net->unet;
  df_condition_build(net);

  /* blocks in the order in which they run */
  for (size_t l = 0; l < depth; l++) {
    build_block(net, l, frames_at(net, l), l == 0 ? in : channels_at(net, l - 1), channels_at(net, l));
  }
  build_block(net, depth, frames_at(net, depth - 1), channels_at(net, depth - 1), channels_at(net, depth - 1));
  for (size_t l = depth; l-- > 0;) {
    build_block(net, up_block(net, l), frames_at(net, l), 2 * channels_at(net, l), channels_at(net, l ? l - 1 : 0));
  }
  build_film(net);

  /* changes of frames between the levels, and the last layer */
  for (size_t l = 0; l + 1 < depth; l++) {
    const size_t c = channels_at(net, l);
    m->down[l].weight = add_conv(net, 3, c, c, "halve.%zu.weight", l);
    m->down[l].bias = df_net_add(net, DF_INIT_ZERO, c, 0, 0, 0, "halve.%zu.bias", l);
    m->up[l + 1].weight = add_conv(net, 3, c, c, "double.%zu.weight", l + 1);
    m->up[l + 1].bias = df_net_add(net, DF_INIT_ZERO, c, 0, 0, 0, "double.%zu.bias", l + 1);
  }
  m->last_weight = df_net_add(net, DF_INIT_ZERO, out, channels_at(net, 0), 0, 0, "last.weight");
  m->last_bias = df_net_add(net, DF_INIT_ZERO, out, 0, 0, 0, "last.bias");
}

/* ---- activations ---- */
static size_t larger(size_t a, size_t b) {
  return a > b ? a : b;
}

void df_unet_work_layout(df_net_work* work, df_arena* pieces) {
  const df_net* net = work->net;
  const size_t B = (size_t)work->batch, depth = depth_of(net), blocks = 2 * depth + 1;
  df_unet_work* w = &work->unet;
  size_t widest = 0, columns = 0;
  df_condition_work_layout(work, pieces);

  /* of every block */
  for (size_t i = 0; i < blocks; i++) {
    const df_unet_block* b = &net->unet.block[i];
    df_unet_block_work* a = &w->block[i];
    const size_t rows = B * b->frames;
    df_real** const arrays[] = {&a->norm1, &a->norm2, &a->out};
    for (size_t k = 0; k < 3; k++) *arrays[k] = df_arena_take(pieces, rows * b->out);
    a->rstd1 = df_arena_take(pieces, B * b->out);
    a->rstd2 = df_arena_take(pieces, B * b->out);
    widest = larger(widest, rows * larger(b->in, b->out));
    columns = larger(columns, rows * 5 * larger(b->in, b->out));
  }

  /* of every level */
  for (size_t l = 0; l < depth; l++) {
    const size_t rows = B * frames_at(net, l), c = channels_at(net, l);
    w->joined[l] = df_arena_take(pieces, rows * 2 * c);
    w->dskip[l] = df_arena_take(pieces, rows * c);
    if (l + 1 < depth) w->halved[l] = df_arena_take(pieces, B * frames_at(net, l + 1) * c);
    if (l > 0) w->doubled[l] = df_arena_take(pieces, B * frames_at(net, l - 1) * channels_at(net, l - 1));
  }

  /* scratch */
  df_real** const scratch[] = {&w->h, &w->m, &w->s, &w->d, &w->g1, &w->g2};
  for (size_t k = 0; k < sizeof scratch / sizeof *scratch; k++) *scratch[k] = df_arena_take(pieces, widest);
  w->columns = df_arena_take(pieces, columns);
}

/* ---- a block ---- */
static df_shape shape_of(const df_net_work* work, const df_unet_block* b) {
  return (df_shape){(size_t)work->B, b->frames, b->out, work->net->condition.modulation};
}

static conv conv_of(const df_net_work* work, const df_unet_block* b, bool first) {
  return (conv){CONV_SAME, (size_t)work->B, b->frames, b->frames, first ? b->in : b->out, b->out};
}

static const df_real* block_forward(df_net_work* work, const df_real* p, size_t i, const df_real* in) {
  const df_net* net = work->net;
  const df_kernels* k = net->kernels;
  const df_unet_block* b = &net->unet.block[i];
  df_unet_work* w = &work->unet;
  df_unet_block_work* a = &w->block[i];
  const df_shape s = shape_of(work, b);
  const conv first = conv_of(work, b, true), second = conv_of(work, b, false);
  const size_t groups = (size_t)net->cfg.heads, rows = s.B * s.T, n = rows * s.d;
  const df_real* film = work->condition.modulation + b->film;
  a->in = in;

  /* silu(film1(norm(conv1(in)))) */
  conv_forward(k, &first, in, p + b->conv1_weight, p + b->conv1_bias, w->columns, w->h);
  k->group_forward(&s, groups, w->h, a->norm1, a->rstd1);
  k->modulate(&s, a->norm1, film, film + s.d, w->m);
  k->silu_forward(n, w->m, w->s);

  /* silu(film2(norm(conv2(...)))) + match(in) */
  conv_forward(k, &second, w->s, p + b->conv2_weight, p + b->conv2_bias, w->columns, w->h);
  k->group_forward(&s, groups, w->h, a->norm2, a->rstd2);
  k->modulate(&s, a->norm2, film + 2 * s.d, film + 3 * s.d, w->m);
  k->silu_forward(n, w->m, a->out);
  if (b->in != b->out) {
    df_linear_forward(k, rows, b->in, b->out, in, p + b->match_weight, p + b->match_bias, true, a->out);
  } else {
    k->add(n, in, a->out);
  }
  return a->out;
}

/* from the cotangent of the output, which stays, computes that of the input; din NULL: it is not wanted */
static void block_backward(df_net_work* work, const df_real* p, df_real* dp, size_t i, const df_real* dout,
                           df_real* din) {
  const df_net* net = work->net;
  const df_kernels* k = net->kernels;
  const df_unet_block* b = &net->unet.block[i];
  df_unet_work* w = &work->unet;
  const df_unet_block_work* a = &w->block[i];
  const df_shape s = shape_of(work, b);
  const conv first = conv_of(work, b, true), second = conv_of(work, b, false);
  const size_t groups = (size_t)net->cfg.heads, rows = s.B * s.T, n = rows * s.d;
  const df_real* film = work->condition.modulation + b->film;
  df_real* dfilm = work->condition.dmodulation + b->film;

  /* second activation, film and norm */
  k->modulate(&s, a->norm2, film + 2 * s.d, film + 3 * s.d, w->m);
  memcpy(w->d, dout, n * sizeof *dout);
  k->silu_backward(n, w->m, w->d);
  k->group_backward(&s, groups, a->norm2, a->rstd2, film + 3 * s.d, w->d, dfilm + 2 * s.d, dfilm + 3 * s.d);

  /* second convolution, whose input is computed again; then the first half */
  k->modulate(&s, a->norm1, film, film + s.d, w->m);
  k->silu_forward(n, w->m, w->s);
  conv_backward(k, &second, w->s, p + b->conv2_weight, w->d, w->columns, dp + b->conv2_weight, dp + b->conv2_bias,
                w->h);
  k->silu_backward(n, w->m, w->h);
  k->group_backward(&s, groups, a->norm1, a->rstd1, film + s.d, w->h, dfilm, dfilm + s.d);
  conv_backward(k, &first, a->in, p + b->conv1_weight, w->h, w->columns, dp + b->conv1_weight, dp + b->conv1_bias, din);

  /* residual path */
  if (b->in != b->out) {
    df_linear_backward_weight(k, rows, b->in, b->out, a->in, dout, dp + b->match_weight, dp + b->match_bias);
    df_linear_backward_input(rows, b->in, b->out, p + b->match_weight, dout, true, din);
  } else if (din) {
    k->add(n, dout, din);
  }
}

/* ---- the whole network ---- */

/* joined [rows][2 c] = the rows of a [rows][c] and b [rows][c] side by side */
static void join(size_t rows, size_t c, const df_real* a, const df_real* b, df_real* joined) {
  for (size_t r = 0; r < rows; r++) {
    memcpy(joined + r * 2 * c, a + r * c, c * sizeof *a);
    memcpy(joined + r * 2 * c + c, b + r * c, c * sizeof *b);
  }
}

/* the adjoint of join */
static void part(size_t rows, size_t c, const df_real* joined, df_real* a, df_real* b) {
  for (size_t r = 0; r < rows; r++) {
    memcpy(a + r * c, joined + r * 2 * c, c * sizeof *a);
    memcpy(b + r * c, joined + r * 2 * c + c, c * sizeof *b);
  }
}

void df_unet_forward(df_net_work* work, const df_real* p, const df_real* t, df_real* y) {
  const df_net* net = work->net;
  const df_kernels* k = net->kernels;
  const df_unet* m = &net->unet;
  df_unet_work* w = &work->unet;
  const size_t depth = depth_of(net), B = (size_t)work->B;
  const df_real* h = work->x;
  df_condition_forward(work, p, t);

  /* down, and the middle */
  for (size_t l = 0; l < depth; l++) {
    h = block_forward(work, p, l, h);
    if (l + 1 == depth) continue;
    const conv c = halving(work, l);
    conv_forward(k, &c, h, p + m->down[l].weight, p + m->down[l].bias, w->columns, w->halved[l]);
    h = w->halved[l];
  }
  h = block_forward(work, p, depth, h);

  /* up, with the outputs of the way down */
  for (size_t l = depth; l-- > 0;) {
    join(B * frames_at(net, l), channels_at(net, l), h, w->block[l].out, w->joined[l]);
    h = block_forward(work, p, up_block(net, l), w->joined[l]);
    if (l == 0) continue;
    const conv c = doubling(work, l);
    conv_forward(k, &c, h, p + m->up[l].weight, p + m->up[l].bias, w->columns, w->doubled[l]);
    h = w->doubled[l];
  }
  df_linear_forward(k, B * frames_at(net, 0), channels_at(net, 0), (size_t)net->cfg.out, h, p + m->last_weight,
                    p + m->last_bias, false, y);
}

void df_unet_backward(df_net_work* work, const df_real* p, const df_real* dy, df_real* dp, df_real* dx) {
  const df_net* net = work->net;
  const df_kernels* k = net->kernels;
  const df_unet* m = &net->unet;
  df_unet_work* w = &work->unet;
  const size_t depth = depth_of(net), B = (size_t)work->B, rows = B * frames_at(net, 0);
  df_real *g = w->g1, *other = w->g2; /* g: the cotangent that travels backwards */

  /* last layer */
  const df_real* last = w->block[up_block(net, 0)].out;
  df_linear_backward_weight(k, rows, channels_at(net, 0), (size_t)net->cfg.out, last, dy, dp + m->last_weight,
                            dp + m->last_bias);
  df_linear_backward_input(rows, channels_at(net, 0), (size_t)net->cfg.out, p + m->last_weight, dy, false, g);

  /* the way up, from level 0 */
  for (size_t l = 0; l < depth; l++) {
    if (l > 0) {
      const conv c = doubling(work, l);
      conv_backward(k, &c, w->block[up_block(net, l)].out, p + m->up[l].weight, g, w->columns, dp + m->up[l].weight,
                    dp + m->up[l].bias, other);
      df_real* const swap = g;
      g = other;
      other = swap;
    }
    block_backward(work, p, dp, up_block(net, l), g, other);
    part(B * frames_at(net, l), channels_at(net, l), other, g, w->dskip[l]);
  }

  /* the middle, and the way down, from the last level */
  block_backward(work, p, dp, depth, g, other);
  for (size_t l = depth; l-- > 0;) {
    k->add(B * frames_at(net, l) * channels_at(net, l), w->dskip[l], other);
    block_backward(work, p, dp, l, other, l == 0 ? dx : g);
    if (l == 0) continue;
    const conv c = halving(work, l - 1);
    conv_backward(k, &c, w->block[l - 1].out, p + m->down[l - 1].weight, g, w->columns, dp + m->down[l - 1].weight,
                  dp + m->down[l - 1].bias, other);
  }
  df_condition_backward(work, p, dp);
}
