/* optimizer.h: AdamW (Loshchilov & Hutter 2019), clipping by the global norm, an exponential moving average of the
 * parameters, and the fixed-order sum over slices. All arrays are flat, of the length the optimizer was made for. */
#ifndef DYNAFLOW_NN_OPTIMIZER_H
#define DYNAFLOW_NN_OPTIMIZER_H

#include <stddef.h>

#include "dynaflow/nn/net.h"

typedef struct df_adamw_cfg {
  double beta1, beta2, epsilon;
  double weight_decay; /* decoupled, on tensors with decay set */
  double clip;         /* bound on the global 2-norm of the gradient; 0 for none */
  size_t extra;        /* further parameters behind the net's own, without decay */
} df_adamw_cfg;

DF_API df_adamw_cfg df_adamw_cfg_default(void); /* .9, .999, 1e-8, 1e-4, 1 */

typedef struct df_adamw {
  df_adamw_cfg cfg;
  size_t n;
  long step;            /* updates made */
  df_real* moment1;     /* [n] */
  df_real* moment2;     /* [n] */
  unsigned char* decay; /* [n] */
} df_adamw;

DF_API DF_MUST_CHECK df_status df_adamw_new(const df_net* net, const df_adamw_cfg* cfg, df_adamw** out);
DF_API void df_adamw_free(df_adamw* optimizer);

/* One update with learning rate `rate`; returns the gradient's norm before clipping. A non-finite norm leaves
 * everything as it was: the caller counts it. */
DF_API double df_adamw_update(df_adamw* optimizer, double rate, const df_real* gradient, df_real* parameters);

/* average <- decay average + (1 - decay) parameters */
DF_API void df_ema_update(size_t n, double decay, const df_real* parameters, df_real* average);

/* out[i] = sum over slices of parts[s][i], by a fixed binary tree over s, on up to `threads` threads; parts are
 * clobbered. The result does not depend on `threads`. out may be parts[0]. */
DF_API void df_slices_sum(int slices, size_t n, df_real* const* parts, int threads, df_real* out);

/* The 2-norm, summed in double over fixed blocks: the same bits for any number of threads. */
DF_API double df_norm2(size_t n, const df_real* x);

#endif
