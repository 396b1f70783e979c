#include "dynaflow/nn/optimizer.h"

#include <math.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/parts.h"
#include "kernels.h"

df_adamw_cfg df_adamw_cfg_default(void) {
  return (df_adamw_cfg){.beta1 = .9, .beta2 = .999, .epsilon = 1e-8, .weight_decay = 1e-4, .clip = 1};
}

static df_status check(const df_adamw_cfg* cfg) {
  const struct {
    const char* field;
    double value, low, high;
  } rows[] = {{"beta1", cfg->beta1, 0, 1},
              {"beta2", cfg->beta2, 0, 1},
              {"epsilon", cfg->epsilon, 0, 1},
              {"weight_decay", cfg->weight_decay, 0, 1e6},
              {"clip", cfg->clip, 0, 1e30}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    if (!(rows[i].value >= rows[i].low && rows[i].value < rows[i].high)) {
      return df_fail(DF_E_CONFIG, "optimizer: %s is %g, must be in [%g, %g)", rows[i].field, rows[i].value, rows[i].low,
                     rows[i].high);
    }
  }
  return DF_OK;
}

static df_status build(df_adamw* o, const df_net* net, const df_adamw_cfg* cfg) {
  o->cfg = *cfg;
  o->n = df_net_parameters(net) + cfg->extra;
  if (!(o->moment1 = df_alloc(o->n, sizeof *o->moment1))) return DF_E_NOMEM;
  if (!(o->moment2 = df_alloc(o->n, sizeof *o->moment2))) return DF_E_NOMEM;
  if (!(o->decay = df_alloc(o->n, sizeof *o->decay))) return DF_E_NOMEM;
  const df_tensor* tensors;
  const int count = df_net_tensors(net, &tensors);
  for (int i = 0; i < count; i++) memset(o->decay + tensors[i].offset, tensors[i].decay, tensors[i].count);
  return DF_OK;
}

df_status df_adamw_new(const df_net* net, const df_adamw_cfg* cfg, df_adamw** out) {
  DF_REQUIRE_OUT(out);
  DF_REQUIRE_POINTER(net);
  DF_REQUIRE_POINTER(cfg);
  DF_TRY(check(cfg));
  df_adamw* o = df_alloc(1, sizeof *o);
  if (!o) return DF_E_NOMEM;
  const df_status status = build(o, net, cfg);
  if (status != DF_OK) {
    df_adamw_free(o);
    return status;
  }
  *out = o;
  return DF_OK;
}

void df_adamw_free(df_adamw* o) {
  if (!o) return;
  df_free(o->moment1);
  df_free(o->moment2);
  df_free(o->decay);
  df_free(o);
}

static double update(df_adamw* o, double rate, const df_real* gradient, df_real* parameters) {
  const double norm = df_norm2(o->n, gradient);
  if (!isfinite(norm)) return norm;
  o->step++;
  const df_adamw_cfg* cfg = &o->cfg;
  const df_adamw_step step = {.scale = (df_real)(cfg->clip > 0 && norm > cfg->clip ? cfg->clip / norm : 1),
                              .beta1 = (df_real)cfg->beta1,
                              .beta2 = (df_real)cfg->beta2,
                              .rate = (df_real)rate,
                              .decay = (df_real)(rate * cfg->weight_decay),
                              .correct1 = (df_real)(1 / (1 - pow(cfg->beta1, (double)o->step))),
                              .correct2 = (df_real)(1 / (1 - pow(cfg->beta2, (double)o->step))),
                              .epsilon = (df_real)cfg->epsilon};
  /* the formula of one element is in kernels_loops.h */
  df_kernels_best()->adamw(o->n, &step, gradient, o->decay, o->moment1, o->moment2, parameters);
  return norm;
}

double df_adamw_update(df_adamw* o, double rate, const df_real* gradient, df_real* parameters) {
  const df_part before = df_part_enter(DF_PART_OPTIMIZER);
  const double norm = update(o, rate, gradient, parameters);
  df_part_enter(before);
  return norm;
}

void df_ema_update(size_t n, double decay, const df_real* parameters, df_real* average) {
  const df_part before = df_part_enter(DF_PART_OPTIMIZER);
  df_kernels_best()->ema(n, (df_real)(1 - decay), parameters, average);
  df_part_enter(before);
}

/* elements summed at a time, so that the blocks of all micro-batches stay in the cache */
enum { BLOCK = 4096 };

/* sums the elements at .. at+n-1 of all parts by a binary tree, in place, and copies the sum to out */
static void sum_block(const df_kernels* k, int slices, size_t n, df_real* const* parts, size_t at, df_real* out) {
  for (int gap = 1; gap < slices; gap *= 2) {
    for (int s = 0; s + gap < slices; s += 2 * gap) k->add(n, parts[s + gap] + at, parts[s] + at);
  }
  if (out != parts[0]) memcpy(out + at, parts[0] + at, n * sizeof *out);
}

void df_slices_sum(int slices, size_t n, df_real* const* parts, int threads, df_real* out) {
  const df_kernels* k = df_kernels_best();
  const size_t blocks = (n + BLOCK - 1) / BLOCK;
#pragma omp parallel num_threads(threads) if (threads > 1)
  {
    const df_part before = df_part_enter(DF_PART_OPTIMIZER);
#pragma omp for schedule(static) nowait
    for (size_t b = 0; b < blocks; b++) {
      const size_t at = b * BLOCK;
      sum_block(k, slices, n - at < BLOCK ? n - at : BLOCK, parts, at, out);
    }
    df_part_enter(before);
  }
}

double df_norm2(size_t n, const df_real* x) {
  const df_kernels* k = df_kernels_best();
  double sum = 0;
  for (size_t at = 0; at < n; at += BLOCK) sum += k->sum_squares(n - at < BLOCK ? n - at : BLOCK, x + at);
  return sqrt(sum);
}
