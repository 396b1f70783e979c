/* optimizer.h: AdamW (Loshchilov & Hutter 2019) with clipping by the global norm, the exponential moving average of the
 * parameters, and the fixed-order sum over micro-batches. All arrays are flat. */
#ifndef DYNAFLOW_NN_OPTIMIZER_H
#define DYNAFLOW_NN_OPTIMIZER_H

#include <stddef.h>

#include "dynaflow/nn/net.h"

DF_BEGIN_DECLS

typedef struct df_adamw_cfg {
  double beta1, beta2, epsilon;
  double weight_decay; /* decoupled; applies to tensors with df_tensor.decay */
  double clip;         /* bound on the 2-norm of the whole gradient; 0: no clipping */
  size_t extra;        /* number of further parameters after those of the net, without weight decay */
} df_adamw_cfg;

/* beta1 0.9, beta2 0.999, epsilon 1e-8, weight_decay 1e-4, clip 1, extra 0 */
DF_API df_adamw_cfg df_adamw_cfg_default(void);

typedef struct df_adamw {
  df_adamw_cfg cfg;
  size_t n;             /* number of parameters: those of the net and the extra ones */
  long step;            /* number of updates so far */
  df_real* moment1;     /* [n] */
  df_real* moment2;     /* [n] */
  unsigned char* decay; /* [n] 1 where weight decay applies */
  double* block_sums;   /* scratch of the norm */
} df_adamw;

/* Makes an optimizer for the parameters of a net, with zero moments. It does not keep pointers to its arguments. The
 * caller frees *out with df_adamw_free(); on failure *out is NULL. Errors: DF_E_CONFIG, which names the field, its
 * value and its range; DF_E_ARG for a NULL argument; DF_E_NOMEM. */
DF_API DF_MUST_CHECK df_status df_adamw_new(const df_net* net, const df_adamw_cfg* cfg, df_adamw** out);
DF_API void df_adamw_free(df_adamw* optimizer); /* NULL is allowed */

/* one update; the caller owns the arrays */
typedef struct df_update {
  double rate;         /* learning rate */
  double ema;          /* decay of the average */
  int threads;         /* >= 1; the bits of the result do not depend on it */
  df_real* parameters; /* [n] */
  df_real* average;    /* [n], updated to ema * average + (1 - ema) * (new parameters); NULL: there is none */
} df_update;

/* Updates parameters and average once from gradient [n] and returns the 2-norm of the gradient before clipping, summed
 * in double precision in a fixed order. If the norm is not finite, parameters, average and optimizer stay unchanged and
 * the caller has to count the step as skipped. */
DF_API double df_adamw_update(df_adamw* optimizer, const df_update* update, const df_real* gradient);

/* out [n] = sum of parts[s] [n] over the micro-batches s = 0 .. slices-1, summed by a fixed binary tree over s with up
 * to `threads` threads. The bits of the result do not depend on `threads`. out may be parts[0]; the parts stay as they
 * are otherwise. */
DF_API void df_slices_sum(int slices, size_t n, df_real* const* parts, int threads, df_real* out);
DF_END_DECLS

#endif
