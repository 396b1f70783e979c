/* naive.h: a simple reference implementation of the networks in double precision, for comparison with the fast code. */
#ifndef TESTS_NN_NAIVE_H
#define TESTS_NN_NAIVE_H

#include "layers.h"
#include "nn_support.h"

static inline double naive_gelu(double x) {
  return .5 * x * (1 + tanh(sqrt(2 / 3.14159265358979323846) * (x + .044715 * x * x * x)));
}
static inline double naive_silu(double x) {
  return x / (1 + exp(-x));
}

static inline double naive_elu(double x) {
  return x > 0 ? x : exp(x) - 1;
}

/* y [rows][out] (+)= x w^T + b */
static inline void naive_linear(size_t rows, size_t in, size_t out, const double* x, const df_real* w, const df_real* b,
                                int add, double* y) {
  for (size_t r = 0; r < rows; r++) {
    for (size_t o = 0; o < out; o++) {
      double sum = b ? (double)b[o] : 0;
      for (size_t i = 0; i < in; i++) sum += x[r * in + i] * (double)w[o * in + i];
      y[r * out + o] = (add ? y[r * out + o] : 0) + sum;
    }
  }
}

static inline void naive_norm(size_t d, const double* h, const double* shift, const double* scale, double* out) {
  double mean = 0, variance = 0;
  for (size_t j = 0; j < d; j++) mean += h[j] / (double)d;
  for (size_t j = 0; j < d; j++) variance += (h[j] - mean) * (h[j] - mean) / (double)d;
  for (size_t j = 0; j < d; j++) out[j] = (h[j] - mean) / sqrt(variance + 1e-6) * (1 + scale[j]) + shift[j];
}

/* one sample: qkv [T][3d] -> out [T][d] */
static inline void naive_attention(size_t T, size_t d, size_t heads, const double* qkv, double* out) {
  const size_t head = d / heads;
  double* p = df_alloc(T, sizeof *p);
  for (size_t h = 0; h < heads; h++) {
    for (size_t i = 0; i < T; i++) {
      double most = -1e300, sum = 0;
      for (size_t j = 0; j < T; j++) {
        p[j] = 0;
        for (size_t k = 0; k < head; k++) p[j] += qkv[i * 3 * d + h * head + k] * qkv[j * 3 * d + d + h * head + k];
        p[j] /= sqrt((double)head);
        most = fmax(most, p[j]);
      }
      for (size_t j = 0; j < T; j++) sum += p[j] = exp(p[j] - most);
      for (size_t k = 0; k < head; k++) {
        double mixed = 0;
        for (size_t j = 0; j < T; j++) mixed += p[j] / sum * qkv[j * 3 * d + 2 * d + h * head + k];
        out[i * d + h * head + k] = mixed;
      }
    }
  }
  df_free(p);
}

/* finds a parameter tensor by name; NULL if there is none */
static inline const df_real* named(const df_net* net, const df_real* p, const char* format, int i) {
  char name[64];
  snprintf(name, sizeof name, format, i);
  const df_tensor* tensors;
  const int n = df_net_tensors(net, &tensors);
  for (int k = 0; k < n; k++) {
    if (strcmp(tensors[k].name, name) == 0) return p + tensors[k].offset;
  }
  return NULL;
}

static inline void naive_block(const df_net* net, const df_real* p, int i, const double* s, double* h) {
  const df_net_cfg* cfg = df_net_get_cfg(net);
  const size_t T = (size_t)cfg->tokens, d = (size_t)cfg->width, f = d * (size_t)cfg->mlp_ratio;
  double *mod = df_alloc(6 * d, sizeof *mod), *a = df_alloc(T * d, sizeof *a), *o = df_alloc(T * d, sizeof *o);
  double *qkv = df_alloc(T * 3 * d, sizeof *qkv), *u = df_alloc(T * f, sizeof *u);
  naive_linear(1, d, 6 * d, s, named(net, p, "block.%d.adaln.weight", i), named(net, p, "block.%d.adaln.bias", i), 0,
               mod);
  for (size_t t = 0; t < T; t++) naive_norm(d, h + t * d, mod, mod + d, a + t * d);
  naive_linear(T, d, 3 * d, a, named(net, p, "block.%d.attention.qkv.weight", i),
               named(net, p, "block.%d.attention.qkv.bias", i), 0, qkv);
  naive_attention(T, d, (size_t)cfg->heads, qkv, a);
  naive_linear(T, d, d, a, named(net, p, "block.%d.attention.out.weight", i),
               named(net, p, "block.%d.attention.out.bias", i), 0, o);
  for (size_t k = 0; k < T * d; k++) h[k] += mod[2 * d + k % d] * o[k];
  for (size_t t = 0; t < T; t++) naive_norm(d, h + t * d, mod + 3 * d, mod + 4 * d, a + t * d);
  naive_linear(T, d, f, a, named(net, p, "block.%d.mlp.fc1.weight", i), named(net, p, "block.%d.mlp.fc1.bias", i), 0,
               u);
  for (size_t k = 0; k < T * f; k++) u[k] = naive_gelu(u[k]);
  naive_linear(T, f, d, u, named(net, p, "block.%d.mlp.fc2.weight", i), named(net, p, "block.%d.mlp.fc2.bias", i), 0,
               o);
  for (size_t k = 0; k < T * d; k++) h[k] += mod[5 * d + k % d] * o[k];
  double* const all[] = {mod, a, o, qkv, u};
  for (size_t k = 0; k < COUNT(all); k++) df_free(all[k]);
}

static inline void naive_time(double t, double* out) {
  for (int i = 0; i < 16; i++) {
    out[2 * i] = sin(.5 * pow(200, i / 15.) * t);
    out[2 * i + 1] = cos(.5 * pow(200, i / 15.) * t);
  }
}

/* one sample; x [T][in], c [cond], y [T][out] */
static inline void naive_dit(const df_net* net, const df_real* p, const double* x, const double* c, double t,
                             double* y) {
  const df_net_cfg* cfg = df_net_get_cfg(net);
  const size_t T = (size_t)cfg->tokens, d = (size_t)cfg->width, cond = (size_t)cfg->cond, out = (size_t)cfg->out;
  const size_t hidden = (size_t)cfg->skip_hidden;
  double *e = df_alloc(d, sizeof *e), *s = df_alloc(d, sizeof *s), *h = df_alloc(T * d, sizeof *h);
  double *a = df_alloc(T * d, sizeof *a), *mod = df_alloc(2 * d, sizeof *mod), *k = df_alloc(hidden, sizeof *k),
         time[32];
  naive_linear(1, cond, d, c, named(net, p, "condition.weight", 0), named(net, p, "condition.bias", 0), 0, e);
  naive_time(t, time);
  if (cfg->flow_time) naive_linear(1, 32, d, time, named(net, p, "condition.time.weight", 0), NULL, 1, e);
  for (size_t j = 0; j < d; j++) e[j] = naive_silu(e[j]);
  naive_linear(1, d, d, e, named(net, p, "condition.mix.weight", 0), named(net, p, "condition.mix.bias", 0), 0, s);
  for (size_t j = 0; j < d; j++) s[j] = naive_silu(s[j]);

  naive_linear(T, (size_t)cfg->in, d, x, named(net, p, "embed.weight", 0), named(net, p, "embed.bias", 0), 0, h);
  for (size_t j = 0; j < T * d; j++) h[j] += (double)named(net, p, "embed.position", 0)[j];
  for (int i = 0; i < cfg->depth; i++) naive_block(net, p, i, s, h);

  naive_linear(1, d, 2 * d, s, named(net, p, "last.adaln.weight", 0), named(net, p, "last.adaln.bias", 0), 0, mod);
  for (size_t j = 0; j < T; j++) naive_norm(d, h + j * d, mod, mod + d, a + j * d);
  naive_linear(T, d, out, a, named(net, p, "last.weight", 0), named(net, p, "last.bias", 0), 0, y);
  if (hidden > 0) {
    naive_linear(1, cond, hidden, c, named(net, p, "skip.0.weight", 0), named(net, p, "skip.0.bias", 0), 0, k);
    for (size_t j = 0; j < hidden; j++) k[j] = naive_silu(k[j]);
    naive_linear(1, hidden, T * out, k, named(net, p, "skip.1.weight", 0), named(net, p, "skip.1.bias", 0), 1, y);
  }
  double* const all[] = {e, s, h, a, mod, k};
  for (size_t j = 0; j < COUNT(all); j++) df_free(all[j]);
}

static inline void naive_mlp(const df_net* net, const df_real* p, const double* x, const double* c, double t,
                             double* y) {
  const df_net_cfg* cfg = df_net_get_cfg(net);
  const size_t T = (size_t)cfg->tokens, d = (size_t)cfg->width;
  double *e = df_alloc(d, sizeof *e), *h = df_alloc(d, sizeof *h), time[32];
  naive_time(t, time);
  naive_linear(1, T * (size_t)cfg->in, d, x, named(net, p, "dense.0.weight", 0), named(net, p, "dense.0.bias", 0), 0,
               e);
  if (cfg->cond) naive_linear(1, (size_t)cfg->cond, d, c, named(net, p, "dense.0.condition.weight", 0), NULL, 1, e);
  if (cfg->flow_time) naive_linear(1, 32, d, time, named(net, p, "dense.0.time.weight", 0), NULL, 1, e);
  for (int i = 1; i <= cfg->depth; i++) {
    for (size_t j = 0; j < d; j++) h[j] = cfg->activation == DF_ACTIVATION_ELU ? naive_elu(e[j]) : naive_silu(e[j]);
    if (i == cfg->depth) break;
    naive_linear(1, d, d, h, named(net, p, "dense.%d.weight", i), named(net, p, "dense.%d.bias", i), 0, e);
  }
  naive_linear(1, d, T * (size_t)cfg->out, h, named(net, p, "last.weight", 0), named(net, p, "last.bias", 0), 0, y);
  df_free(e);
  df_free(h);
}

/* ---- U-Net: sequences [frames][channels] of one sample ---- */

typedef struct naive_sequence {
  size_t frames, channels;
  double v[32 * 64]; /* room for the cases of the tests */
} naive_sequence;

/* y = the convolution of x with weight [out][taps][in], with `apart` input frames between two output frames, zeros
 * outside */
static inline void naive_conv(const naive_sequence* x, size_t taps, size_t apart, size_t frames, size_t out,
                              const df_real* weight, const df_real* bias, naive_sequence* y) {
  assert_true(frames * out <= COUNT(y->v));
  y->frames = frames;
  y->channels = out;
  for (size_t t = 0; t < frames; t++) {
    for (size_t o = 0; o < out; o++) {
      double sum = (double)bias[o];
      for (size_t j = 0; j < taps; j++) {
        const long at = (long)(t * apart + j) - (long)(taps / 2);
        if (at < 0 || at >= (long)x->frames) continue;
        for (size_t i = 0; i < x->channels; i++)
          sum += x->v[(size_t)at * x->channels + i] * (double)weight[(o * taps + j) * x->channels + i];
      }
      y->v[t * out + o] = sum;
    }
  }
}

/* x = silu(norm over frames and groups of channels, times 1 + scale, plus shift) */
static inline void naive_group(size_t groups, const double* shift, const double* scale, naive_sequence* x) {
  const size_t each = x->channels / groups;
  for (size_t g = 0; g < groups; g++) {
    double mean = 0, variance = 0;
    const double n = (double)(each * x->frames);
    for (int pass = 0; pass < 3; pass++) {
      for (size_t t = 0; t < x->frames; t++) {
        for (size_t j = g * each; j < (g + 1) * each; j++) {
          double* v = &x->v[t * x->channels + j];
          if (pass == 0) mean += *v / n;
          if (pass == 1) variance += (*v - mean) * (*v - mean) / n;
          if (pass == 2) *v = naive_silu((*v - mean) / sqrt(variance + 1e-6) * (1 + scale[j]) + shift[j]);
        }
      }
    }
  }
}

/* h = block i of h, with `out` channels */
static inline void naive_unet_block(const df_net* net, const df_real* p, int i, size_t out, const double* s,
                                    naive_sequence* h) {
  const df_net_cfg* cfg = df_net_get_cfg(net);
  const size_t d = (size_t)cfg->width, groups = (size_t)cfg->heads;
  naive_sequence a, b, match = *h;
  double film[4 * 64];
  naive_linear(1, d, 4 * out, s, named(net, p, "block.%d.film.weight", i), named(net, p, "block.%d.film.bias", i), 0,
               film);
  naive_conv(h, 5, 1, h->frames, out, named(net, p, "block.%d.conv1.weight", i),
             named(net, p, "block.%d.conv1.bias", i), &a);
  naive_group(groups, film, film + out, &a);
  naive_conv(&a, 5, 1, h->frames, out, named(net, p, "block.%d.conv2.weight", i),
             named(net, p, "block.%d.conv2.bias", i), &b);
  naive_group(groups, film + 2 * out, film + 3 * out, &b);
  if (h->channels != out) {
    naive_conv(h, 1, 1, h->frames, out, named(net, p, "block.%d.match.weight", i),
               named(net, p, "block.%d.match.bias", i), &match);
  }
  for (size_t k = 0; k < h->frames * out; k++) b.v[k] += match.v[k];
  *h = b;
}

static inline void naive_unet(const df_net* net, const df_real* p, const double* x, const double* c, double t,
                              double* y) {
  const df_net_cfg* cfg = df_net_get_cfg(net);
  const size_t d = (size_t)cfg->width, T = (size_t)cfg->tokens;
  double *e = df_alloc(d, sizeof *e), *s = df_alloc(d, sizeof *s), time[32];
  naive_sequence h = {.frames = T, .channels = (size_t)cfg->in}, skip[4], wide;
  int block = 0;

  /* condition path, as of the DiT */
  naive_linear(1, (size_t)cfg->cond, d, c, named(net, p, "condition.weight", 0), named(net, p, "condition.bias", 0), 0,
               e);
  naive_time(t, time);
  if (cfg->flow_time) naive_linear(1, 32, d, time, named(net, p, "condition.time.weight", 0), NULL, 1, e);
  for (size_t j = 0; j < d; j++) e[j] = naive_silu(e[j]);
  naive_linear(1, d, d, e, named(net, p, "condition.mix.weight", 0), named(net, p, "condition.mix.bias", 0), 0, s);
  for (size_t j = 0; j < d; j++) s[j] = naive_silu(s[j]);

  /* down and middle */
  memcpy(h.v, x, T * (size_t)cfg->in * sizeof *x);
  for (int l = 0; l < cfg->depth; l++) {
    naive_unet_block(net, p, block++, d << l, s, &h);
    skip[l] = h;
    if (l + 1 == cfg->depth) break;
    naive_conv(&skip[l], 3, 2, (h.frames + 1) / 2, d << l, named(net, p, "halve.%d.weight", l),
               named(net, p, "halve.%d.bias", l), &h);
  }
  naive_unet_block(net, p, block++, d << (cfg->depth - 1), s, &h);

  /* up: the channels of the level below, then those of the way down */
  for (int l = cfg->depth - 1; l >= 0; l--) {
    wide = (naive_sequence){.frames = h.frames, .channels = 2 * h.channels};
    for (size_t f = 0; f < h.frames; f++) {
      memcpy(wide.v + f * wide.channels, h.v + f * h.channels, h.channels * sizeof(double));
      memcpy(wide.v + f * wide.channels + h.channels, skip[l].v + f * h.channels, h.channels * sizeof(double));
    }
    h = wide;
    naive_unet_block(net, p, block++, d << (l ? l - 1 : 0), s, &h);
    if (l == 0) break;
    /* every frame twice, the last one once if the level above has an odd number */
    wide = (naive_sequence){.frames = skip[l - 1].frames, .channels = h.channels};
    for (size_t f = 0; f < wide.frames; f++)
      memcpy(wide.v + f * h.channels, h.v + f / 2 * h.channels, h.channels * sizeof(double));
    naive_conv(&wide, 3, 1, wide.frames, h.channels, named(net, p, "double.%d.weight", l),
               named(net, p, "double.%d.bias", l), &h);
  }
  naive_linear(T, d, (size_t)cfg->out, h.v, named(net, p, "last.weight", 0), named(net, p, "last.bias", 0), 0, y);
  df_free(e);
  df_free(s);
}

/* the whole batch, with the arguments of df_net_forward and y in double */
static inline void naive_net(const df_net* net, const df_real* p, int B, const df_real* x, const df_real* c,
                             const df_real* t, double* y) {
  const df_net_cfg* cfg = df_net_get_cfg(net);
  const size_t nx = (size_t)cfg->tokens * (size_t)cfg->in, ny = (size_t)cfg->tokens * (size_t)cfg->out;
  const size_t nc = (size_t)cfg->cond;
  double *xd = df_alloc(nx, sizeof *xd), *cd = df_alloc(nc, sizeof *cd);
  for (size_t b = 0; b < (size_t)B; b++) {
    for (size_t i = 0; i < nx; i++) xd[i] = (double)x[b * nx + i];
    for (size_t i = 0; i < nc; i++) cd[i] = (double)c[b * nc + i];
    const double time = cfg->flow_time ? (double)t[b] : 0;
    (cfg->kind == DF_NET_DIT   ? naive_dit
     : cfg->kind == DF_NET_MLP ? naive_mlp
                               : naive_unet)(net, p, xd, cd, time, y + b * ny);
  }
  df_free(xd);
  df_free(cd);
}

#endif
