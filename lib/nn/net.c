#include "dynaflow/nn/net.h"

#include <math.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/assert.h"
#include "dynaflow/core/parts.h"
#include "dynaflow/core/rng.h"
#include "dynaflow/nn/blas.h"
#include "network.h"

df_net_cfg df_net_cfg_default(void) {
  return (df_net_cfg){.kind = DF_NET_DIT,
                      .flow_time = true,
                      .width = 96,
                      .depth = 3,
                      .heads = 4,
                      .mlp_ratio = 4,
                      .skip_hidden = 256,
                      .position_std = .7};
}

/* ---- configuration ---- */
static df_status check_range(const char* field, int value, int low, int high) {
  if (value >= low && value <= high) return DF_OK;
  return df_fail(DF_E_CONFIG, "network: %s is %d, must be in %d..%d", field, value, low, high);
}

static df_status check(const df_net_cfg* cfg) {
  const bool dit = cfg->kind == DF_NET_DIT, unet = cfg->kind == DF_NET_UNET;
  DF_TRY(check_range("kind", (int)cfg->kind, DF_NET_DIT, DF_NET_UNET));
  DF_TRY(check_range("tokens", cfg->tokens, 1, 1024));
  DF_TRY(check_range("in", cfg->in, 1, 1 << 14));
  DF_TRY(check_range("out", cfg->out, 1, 1 << 14));
  DF_TRY(check_range("cond", cfg->cond, dit || unet ? 1 : 0, 1 << 20));
  DF_TRY(check_range("width", cfg->width, 1, 1 << 14));
  DF_TRY(check_range("depth", cfg->depth, 1, unet ? 8 : 256));
  DF_TRY(check_range("activation", (int)cfg->activation, DF_ACTIVATION_SILU,
                     dit || unet ? DF_ACTIVATION_SILU : DF_ACTIVATION_ELU));
  if (!dit && !unet) return DF_OK;
  DF_TRY(check_range("heads", cfg->heads, 1, cfg->width));
  if (cfg->width % cfg->heads != 0) {
    return df_fail(DF_E_CONFIG, "network: heads is %d, must divide width %d", cfg->heads, cfg->width);
  }
  if (unet && (cfg->width << (cfg->depth - 1)) > 1 << 14) {
    return df_fail(DF_E_CONFIG, "network: width %d doubled at each of depth %d levels gives more than %d channels",
                   cfg->width, cfg->depth, 1 << 14);
  }
  if (unet) return DF_OK;
  DF_TRY(check_range("mlp_ratio", cfg->mlp_ratio, 1, 64));
  DF_TRY(check_range("skip_hidden", cfg->skip_hidden, 0, 1 << 16));
  if (!(cfg->position_std >= 0 && cfg->position_std <= 100)) {
    return df_fail(DF_E_CONFIG, "network: position_std is %g, must be in 0..100", cfg->position_std);
  }
  return DF_OK;
}

/* ---- the kinds ---- */
typedef struct net_kind {
  int (*n_tensors)(const df_net_cfg* cfg);
  void (*build)(df_net* net);
  void (*work_layout)(df_net_work* work, df_arena* pieces);
  void (*forward)(df_net_work* work, const df_real* parameters, const df_real* t, df_real* y);
  void (*backward)(df_net_work* work, const df_real* parameters, const df_real* dy, df_real* dparameters, df_real* dx);
} net_kind;

static const net_kind* kind_of(const df_net_cfg* cfg) {
  static const net_kind kinds[] = {
      [DF_NET_DIT] = {df_dit_n_tensors, df_dit_build, df_dit_work_layout, df_dit_forward, df_dit_backward},
      [DF_NET_MLP] = {df_mlp_n_tensors, df_mlp_build, df_mlp_work_layout, df_mlp_forward, df_mlp_backward},
      [DF_NET_UNET] = {df_unet_n_tensors, df_unet_build, df_unet_work_layout, df_unet_forward, df_unet_backward}};
  return &kinds[cfg->kind];
}

/* ---- construction ---- */
static df_status build(df_net* net, const df_net_cfg* cfg) {
  net->cfg = *cfg;
  net->kernels = df_kernels_best();
  const size_t n = (size_t)kind_of(cfg)->n_tensors(cfg), depth = (size_t)cfg->depth;
  if (!(net->tensors = df_alloc(n, sizeof *net->tensors))) return DF_E_NOMEM;
  if (!(net->starts = df_alloc(n, sizeof *net->starts))) return DF_E_NOMEM;
  if (!(net->limits = df_alloc(n, sizeof *net->limits))) return DF_E_NOMEM;
  if (cfg->kind == DF_NET_DIT) {
    if (!(net->dit.block = df_alloc(depth, sizeof *net->dit.block))) return DF_E_NOMEM;
  } else if (cfg->kind == DF_NET_MLP) {
    if (!(net->mlp.hidden_weight = df_alloc(depth, sizeof *net->mlp.hidden_weight))) return DF_E_NOMEM;
    if (!(net->mlp.hidden_bias = df_alloc(depth, sizeof *net->mlp.hidden_bias))) return DF_E_NOMEM;
  } else {
    if (!(net->unet.block = df_alloc(2 * depth + 1, sizeof *net->unet.block))) return DF_E_NOMEM;
    if (!(net->unet.down = df_alloc(depth, sizeof *net->unet.down))) return DF_E_NOMEM;
    if (!(net->unet.up = df_alloc(depth, sizeof *net->unet.up))) return DF_E_NOMEM;
  }
  kind_of(cfg)->build(net);
  return DF_OK;
}

df_status df_net_new(const df_net_cfg* cfg, df_net** out) {
  DF_REQUIRE_OUT(out);
  DF_REQUIRE_POINTER(cfg);
  DF_TRY(check(cfg));
  if (!df_blas_get_info()) return df_fail(DF_E_BLAS, "df_net_new: df_blas_open has not been called");
  df_net* net = df_alloc(1, sizeof *net);
  if (!net) return DF_E_NOMEM;
  const df_status status = build(net, cfg);
  if (status != DF_OK) {
    df_net_free(net);
    return status;
  }
  *out = net;
  return DF_OK;
}

void df_net_free(df_net* net) {
  if (!net) return;
  df_free(net->tensors);
  df_free(net->starts);
  df_free(net->limits);
  df_free(net->dit.block);
  df_free(net->mlp.hidden_weight);
  df_free(net->mlp.hidden_bias);
  df_free(net->unet.block);
  df_free(net->unet.down);
  df_free(net->unet.up);
  df_free(net);
}

const df_net_cfg* df_net_get_cfg(const df_net* net) {
  return &net->cfg;
}
size_t df_net_parameters(const df_net* net) {
  return net->n_parameters;
}

int df_net_tensors(const df_net* net, const df_tensor** tensors) {
  *tensors = net->tensors;
  return net->n_tensors;
}

/* ---- initial values ---- */
static void start_glorot(uint64_t seed, uint64_t tensor, double limit, size_t n, df_real* out) {
  double draws[256];
  enum { CHUNK = sizeof draws / sizeof *draws };
  for (size_t i = 0, chunk = 0; i < n; i += CHUNK, chunk++) {
    const size_t m = n - i < CHUNK ? n - i : CHUNK;
    df_rng_uniform(seed, DF_STREAM_NET_INIT, tensor << 32 | chunk, m, draws);
    for (size_t j = 0; j < m; j++) out[i + j] = (df_real)(limit * (2 * draws[j] - 1));
  }
}

/* position features [T][d]: sines and cosines of 0.008 to 0.3 cycles per frame (0.4 to 15 Hz at 50 frames per second),
 * with the standard deviation position_std */
static void start_position(const df_net_cfg* cfg, df_real* out) {
  static const double two_pi = 6.283185307179586476925, slowest = .008, span = .3 / .008;
  const int d = cfg->width, pairs = (d + 1) / 2;
  const double amplitude = sqrt(2) * cfg->position_std;
  for (int t = 0; t < cfg->tokens; t++) {
    for (int j = 0; j < d; j++) {
      const double place = pairs > 1 ? (double)(j / 2) / (pairs - 1) : 0;
      const double angle = two_pi * slowest * pow(span, place) * t;
      out[(size_t)t * (size_t)d + (size_t)j] = (df_real)(amplitude * (j % 2 ? cos(angle) : sin(angle)));
    }
  }
}

void df_net_init(const df_net* net, uint64_t seed, df_real* parameters) {
  for (int i = 0; i < net->n_tensors; i++) {
    const df_tensor* tensor = &net->tensors[i];
    df_real* out = parameters + tensor->offset;
    switch (net->starts[i]) {
      case DF_INIT_ZERO:
        for (size_t j = 0; j < tensor->count; j++) out[j] = 0;
        break;
      case DF_INIT_GLOROT:
        start_glorot(seed, (uint64_t)i, net->limits[i], tensor->count, out);
        break;
      case DF_INIT_POSITION:
        start_position(&net->cfg, out);
        break;
    }
  }
}

/* the lists of activation arrays whose length depends on the depth */
static df_status work_lists(df_net_work* work, const df_net_cfg* cfg) {
  const size_t depth = (size_t)cfg->depth;
  if (cfg->kind == DF_NET_DIT) {
    work->dit.block = df_alloc(depth, sizeof *work->dit.block);
    return work->dit.block ? DF_OK : DF_E_NOMEM;
  }
  if (cfg->kind == DF_NET_MLP) return DF_OK;
  df_unet_work* w = &work->unet;
  df_real*** const lists[] = {&w->joined, &w->halved, &w->doubled, &w->dskip};
  w->block = df_alloc(2 * depth + 1, sizeof *w->block);
  for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
    if (!(*lists[i] = df_alloc(depth, sizeof **lists[i]))) return DF_E_NOMEM;
  }
  return w->block ? DF_OK : DF_E_NOMEM;
}

static df_status work_build(df_net_work* work, const df_net* net, int batch) {
  work->net = net;
  work->batch = batch;
  DF_TRY(work_lists(work, &net->cfg));
  void (*const lay)(df_net_work*, df_arena*) = kind_of(&net->cfg)->work_layout;

  /* measure the arena, allocate it, then assign the arrays */
  df_arena count = {0};
  lay(work, &count);
  if (!(work->memory = df_alloc(count.used, sizeof *work->memory))) return DF_E_NOMEM;
  df_arena pieces = {.memory = work->memory, .size = count.used};
  lay(work, &pieces);
  DF_ASSERT(pieces.used == count.used);
  return DF_OK;
}

df_status df_net_work_new(const df_net* net, int batch, df_net_work** out) {
  DF_REQUIRE_OUT(out);
  DF_REQUIRE_POINTER(net);
  DF_REQUIRE(batch >= 1 && batch <= 1 << 20, "df_net_work_new: batch is %d, must be in 1..%d", batch, 1 << 20);
  df_net_work* work = df_alloc(1, sizeof *work);
  if (!work) return DF_E_NOMEM;
  const df_status status = work_build(work, net, batch);
  if (status != DF_OK) {
    df_net_work_free(work);
    return status;
  }
  *out = work;
  return DF_OK;
}

void df_net_work_free(df_net_work* work) {
  if (!work) return;
  df_free(work->dit.block);
  df_free(work->unet.block);
  df_free(work->unet.joined);
  df_free(work->unet.halved);
  df_free(work->unet.doubled);
  df_free(work->unet.dskip);
  df_free(work->memory);
  df_free(work);
}

/* ---- forward and backward ---- */
void df_net_forward(const df_net* net, df_net_work* work, const df_real* parameters, const df_net_input* input,
                    df_real* y) {
  DF_ASSERT(input->B >= 1 && input->B <= work->batch);
  work->B = input->B;
  work->x = input->x;
  work->c = input->c;
  const df_part before = df_part_enter(DF_PART_FORWARD);
  kind_of(&net->cfg)->forward(work, parameters, input->t, y);
  df_part_enter(before);
}

void df_net_backward(const df_net* net, df_net_work* work, const df_real* parameters, const df_real* dy,
                     df_real* dparameters, df_real* dx) {
  const df_part before = df_part_enter(DF_PART_BACKWARD);
  kind_of(&net->cfg)->backward(work, parameters, dy, dparameters, dx);
  df_part_enter(before);
}
