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

/* elements of a block: the arrays of an update stay in the cache from one kernel to the next */
enum { BLOCK = 4096 };

static size_t blocks_of(size_t n) {
  return (n + BLOCK - 1) / BLOCK;
}
static size_t block_size(size_t n, size_t block) {
  return n - block * BLOCK < BLOCK ? n - block * BLOCK : BLOCK;
}

static df_status build(df_adamw* o, const df_net* net, const df_adamw_cfg* cfg) {
  o->cfg = *cfg;
  o->n = df_net_parameters(net) + cfg->extra;
  if (!(o->moment1 = df_alloc(o->n, sizeof *o->moment1))) return DF_E_NOMEM;
  if (!(o->moment2 = df_alloc(o->n, sizeof *o->moment2))) return DF_E_NOMEM;
  if (!(o->decay = df_alloc(o->n, sizeof *o->decay))) return DF_E_NOMEM;
  if (!(o->block_sums = df_alloc(blocks_of(o->n), sizeof *o->block_sums))) return DF_E_NOMEM;
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
  df_free(o->block_sums);
  df_free(o);
}

/* ---- loops over blocks, which threads share ---- */

/* the 2-norm of x [n]; the sums of the blocks are added in their order, whichever thread has computed them */
static double norm_of(size_t n, const df_real* x, int threads, double* sums) {
  const df_kernels* k = df_kernels_best();
  const size_t blocks = blocks_of(n);
#pragma omp parallel num_threads(threads) if (threads > 1)
  {
    const df_part before = df_part_enter(DF_PART_OPTIMIZER);
#pragma omp for schedule(static) nowait
    for (size_t b = 0; b < blocks; b++) sums[b] = k->sum_squares(block_size(n, b), x + b * BLOCK);
    df_part_enter(before);
  }
  double sum = 0;
  for (size_t b = 0; b < blocks; b++) sum += sums[b];
  return sqrt(sum);
}

/* update and average of all blocks */
static void apply(df_adamw* o, const df_adamw_step* step, const df_update* u, const df_real* gradient) {
  const df_kernels* k = df_kernels_best();
  const size_t n = o->n, blocks = blocks_of(n);
  const df_real weight = (df_real)(1 - u->ema);
#pragma omp parallel num_threads(u->threads) if (u->threads > 1)
  {
    const df_part before = df_part_enter(DF_PART_OPTIMIZER);
#pragma omp for schedule(static) nowait
    for (size_t b = 0; b < blocks; b++) {
      /* the formula of one element is in kernels_loops.h */
      const size_t at = b * BLOCK, m = block_size(n, b);
      k->adamw(m, step, gradient + at, o->decay + at, o->moment1 + at, o->moment2 + at, u->parameters + at);
      if (u->average) k->ema(m, weight, u->parameters + at, u->average + at);
    }
    df_part_enter(before);
  }
}

double df_adamw_update(df_adamw* o, const df_update* u, const df_real* gradient) {
  const double norm = norm_of(o->n, gradient, u->threads, o->block_sums);
  if (!isfinite(norm)) return norm;
  o->step++;
  const df_adamw_cfg* cfg = &o->cfg;
  const df_adamw_step step = {.scale = (df_real)(cfg->clip > 0 && norm > cfg->clip ? cfg->clip / norm : 1),
                              .beta1 = (df_real)cfg->beta1,
                              .beta2 = (df_real)cfg->beta2,
                              .rate = (df_real)u->rate,
                              .decay = (df_real)(u->rate * cfg->weight_decay),
                              .correct1 = (df_real)(1 / (1 - pow(cfg->beta1, (double)o->step))),
                              .correct2 = (df_real)(1 / (1 - pow(cfg->beta2, (double)o->step))),
                              .epsilon = (df_real)cfg->epsilon};
  apply(o, &step, u, gradient);
  return norm;
}

/* ---- the sum over micro-batches ---- */

/* elements that are summed at a time, and the most levels of the tree: the scratch of a thread has one row per level */
enum { CHUNK = 512, LEVELS = 32 };

/* Writes the sum of the elements at .. at+n-1 of the parts to out, by a binary tree: parts 0 and 1, 2 and 3, ..., then
 * these sums. A row of `scratch` holds the sum of parts that are not yet part of a larger one, rows[i] the number of
 * parts in it; the parts themselves stay as they are, since writing them back would cost as much as reading them. */
static void sum_chunk(const df_kernels* k, int slices, size_t n, df_real* const* parts, size_t at, df_real* out) {
  df_real scratch[LEVELS][CHUNK];
  int count[LEVELS], rows = 0;
  for (int s = 0; s < slices; s++) {
    memcpy(scratch[rows], parts[s] + at, n * sizeof *out);
    count[rows++] = 1;
    for (; rows > 1 && count[rows - 1] == count[rows - 2]; rows--) {
      k->add(n, scratch[rows - 1], scratch[rows - 2]);
      count[rows - 2] *= 2;
    }
  }
  for (; rows > 1; rows--) k->add(n, scratch[rows - 1], scratch[rows - 2]);
  memcpy(out + at, scratch[0], n * sizeof *out);
}

void df_slices_sum(int slices, size_t n, df_real* const* parts, int threads, df_real* out) {
  const df_kernels* k = df_kernels_best();
  const size_t blocks = blocks_of(n);
#pragma omp parallel num_threads(threads) if (threads > 1)
  {
    const df_part before = df_part_enter(DF_PART_OPTIMIZER);
#pragma omp for schedule(static) nowait
    for (size_t b = 0; b < blocks; b++) {
      const size_t first = b * BLOCK, end = first + block_size(n, b);
      for (size_t at = first; at < end; at += CHUNK) {
        sum_chunk(k, slices, end - at < CHUNK ? end - at : CHUNK, parts, at, out);
      }
    }
    df_part_enter(before);
  }
}
