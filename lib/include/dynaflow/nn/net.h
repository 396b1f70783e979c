/* net.h: networks from a noised window and a condition to a sequence.
 *
 *     y [B][T][out] = net(x [B][T][in], c [B][cond], t [B])
 *
 * DiT: tokens are frames; linear embedding plus trainable sin/cos position features; condition and flow time through
 * an MLP into adaLN-zero blocks (Peebles & Xie 2023, "Scalable diffusion models with transformers"); final adaLN and
 * linear; plus a direct MLP from condition to the whole output sequence, whose last layer starts at zero.
 * MLP: everything flattened through dense layers.
 *
 * A df_net is the immutable description; parameters are one flat array that the caller owns, so that optimizers,
 * averages and files need no walk over layers. A df_net_work holds activations for one thread. */
#ifndef DYNAFLOW_NN_NET_H
#define DYNAFLOW_NN_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dynaflow/core/status.h"
#include "dynaflow/nn/real.h"

typedef enum df_net_kind { DF_NET_DIT, DF_NET_MLP } df_net_kind;

typedef struct df_net_cfg {
  df_net_kind kind;
  int tokens;          /* T: frames of a window; 1 for a plain MLP */
  int in, out;         /* features a token */
  int cond;            /* condition features; may be 0 for MLP */
  bool flow_time;      /* whether t is an input */
  int width;           /* d, token width (DiT) or hidden width (MLP) */
  int depth;           /* blocks (DiT) or hidden layers (MLP) */
  int heads;           /* divides width (DiT) */
  int mlp_ratio;       /* hidden width of a block's MLP / width (DiT) */
  int skip_hidden;     /* hidden width of the condition-to-sequence MLP (DiT); 0 for none */
  double position_std; /* standard deviation of the position features (DiT); below about .5 the network can hardly tell
                          frames apart and training stalls on a plateau */
} df_net_cfg;

DF_API df_net_cfg
df_net_cfg_default(void); /* DiT, width 96, depth 3, heads 4, ratio 4, skip 256, position_std .7; sizes 0 */

typedef struct df_net df_net;
typedef struct df_net_work df_net_work;

/* one named parameter tensor inside the flat array, row-major */
typedef struct df_tensor {
  char name[48]; /* e.g. "block.0.attention.qkv.weight" */
  int rank;
  size_t shape[2];
  size_t offset; /* in the flat array */
  size_t count;
  bool decay; /* whether weight decay applies: matrices yes, biases and position features no */
} df_tensor;

/* DF_E_CONFIG names the field and the value. df_blas_open must have been called. */
DF_API DF_MUST_CHECK df_status df_net_new(const df_net_cfg* cfg, df_net** out);
DF_API void df_net_free(df_net* net);
DF_API const df_net_cfg* df_net_get_cfg(const df_net* net);
DF_API size_t df_net_parameters(const df_net* net);                      /* length of the flat array */
DF_API int df_net_tensors(const df_net* net, const df_tensor** tensors); /* count; owned by the net, in offset order */

/* Writes starting values: Glorot-uniform matrices, zero biases, zero adaLN and last layers. */
DF_API void df_net_init(const df_net* net, uint64_t seed, df_real* parameters);

/* Activations for up to `batch` samples, used by one thread at a time. */
DF_API DF_MUST_CHECK df_status df_net_work_new(const df_net* net, int batch, df_net_work** out);
DF_API void df_net_work_free(df_net_work* work);

/* B <= batch; x [B][T][in], c [B][cond], t [B] (NULL if there is no flow time), y [B][T][out]. Allocates nothing; BLAS
 * runs single-threaded. Keeps in `work` what the backward pass needs, x, c and t excepted: they must stay as they are.
 */
DF_API void df_net_forward(const df_net* net, df_net_work* work, const df_real* parameters, int B, const df_real* x,
                           const df_real* c, const df_real* t, df_real* y);

/* The adjoint of the last forward call: dy [B][T][out] in; ADDS to dparameters; dx [B][T][in] overwritten if not NULL.
 */
DF_API void df_net_backward(const df_net* net, df_net_work* work, const df_real* parameters, const df_real* dy,
                            df_real* dparameters, df_real* dx);

#endif
