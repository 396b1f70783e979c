/* net.h: networks that map a noised window and a condition to a sequence.
 *
 *     y [B][T][out] = net(x [B][T][in], c [B][cond], t [B])
 *
 * Three kinds:
 *   DiT  a transformer whose tokens are frames (Peebles & Xie 2023, "Scalable diffusion models with transformers"):
 *        linear embedding plus trainable position features initialised to sines and cosines; condition and flow time
 *        pass through an MLP that modulates adaLN-zero blocks; a final adaLN and linear layer. The output of a skip MLP
 *        from the condition to the whole sequence is added; the last layer of that MLP is initialised to zero.
 *   MLP  dense layers with SiLU or ELU over the flattened window, condition and flow time features.
 *   UNET a temporal U-Net (Janner et al. 2022; Chi et al. 2023): residual blocks of two convolutions over the frames,
 *        each followed by group norm, a scale and shift of the channels that depend on condition and flow time (FiLM),
 *        and SiLU; every further level halves the frames, rounding up, and doubles the channels. Any number of frames
 * is allowed.
 *
 * A df_net is an immutable description that threads may share. The parameters are one flat array owned by the caller,
 * so optimizers, averages and files need not know the layers. A df_net_work holds the activations of one thread. */
#ifndef DYNAFLOW_NN_NET_H
#define DYNAFLOW_NN_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dynaflow/core/status.h"
#include "dynaflow/nn/real.h"

DF_BEGIN_DECLS

typedef enum df_net_kind { DF_NET_DIT, DF_NET_MLP, DF_NET_UNET } df_net_kind;

/* elu(x) = x for x > 0, else exp(x) - 1 (Clevert et al. 2016) */
typedef enum df_activation { DF_ACTIVATION_SILU, DF_ACTIVATION_ELU } df_activation;

typedef struct df_net_cfg {
  df_net_kind kind;
  int tokens;          /* T: number of frames; 1 for a plain MLP */
  int in, out;         /* features per token of input and output */
  int cond;            /* condition features; 0 is allowed for MLP only */
  bool flow_time;      /* whether t is an input */
  int width;           /* d, token width (DiT), hidden width (MLP) or channels of the first level (UNET) */
  int depth;           /* blocks (DiT), hidden layers (MLP) or levels (UNET) */
  int heads;           /* a divisor of width: attention heads (DiT) or groups of channels of the norm (UNET) */
  int mlp_ratio;       /* hidden width of a block's MLP divided by width (DiT) */
  int skip_hidden;     /* hidden width of the skip MLP from condition to sequence (DiT); 0: no skip MLP */
  double position_std; /* standard deviation of the initial position features (DiT); below about 0.5 the network can
                        * hardly distinguish frames and training stalls on a plateau */
  df_activation activation; /* between dense layers (MLP) */
} df_net_cfg;

/* DiT with flow time, width 96, depth 3, 4 heads, mlp_ratio 4, skip_hidden 256, position_std 0.7, SiLU. The caller must
 * set tokens, in, out and cond, which are 0. */
DF_API df_net_cfg df_net_cfg_default(void);

typedef struct df_net df_net;
typedef struct df_net_work df_net_work;

/* one named parameter tensor inside the flat array, row-major */
typedef struct df_tensor {
  char name[48]; /* e.g. "block.0.attention.qkv.weight" */
  int rank;
  size_t shape[2];
  size_t offset; /* index of its first element in the flat array */
  size_t count;  /* number of elements */
  bool decay;    /* whether weight decay applies: to matrices, not to biases and position features */
} df_tensor;

/* Makes a network description; the caller frees *out with df_net_free(); on failure *out is NULL. Errors: DF_E_CONFIG,
 * which names the field, its value and its range; DF_E_BLAS before df_blas_open() has succeeded; DF_E_ARG for a NULL
 * argument; DF_E_NOMEM. */
DF_API DF_MUST_CHECK df_status df_net_new(const df_net_cfg* cfg, df_net** out);
DF_API void df_net_free(df_net* net);                       /* NULL is allowed */
DF_API const df_net_cfg* df_net_get_cfg(const df_net* net); /* owned by the net */
DF_API size_t df_net_parameters(const df_net* net);         /* length of the flat array */

/* Sets *tensors to the parameter tensors in the order of their offsets, owned by the net, and returns their number. */
DF_API int df_net_tensors(const df_net* net, const df_tensor** tensors);

/* Writes initial values to parameters [df_net_parameters()]: Glorot-uniform matrices, sines and cosines for the
 * position features, zeros for biases, adaLN and last layers. They depend on the network's shape and `seed` only. */
DF_API void df_net_init(const df_net* net, uint64_t seed, df_real* parameters);

/* Allocates activations for up to `batch` samples, to be used by one thread at a time; `net` must outlive them. The
 * caller frees *out with df_net_work_free(); on failure *out is NULL. Errors: DF_E_ARG for a NULL argument or a batch
 * outside 1 .. 2^20, DF_E_NOMEM. */
DF_API DF_MUST_CHECK df_status df_net_work_new(const df_net* net, int batch, df_net_work** out);
DF_API void df_net_work_free(df_net_work* work); /* NULL is allowed */

/* the input of B samples; the caller owns the arrays */
typedef struct df_net_input {
  int B;            /* number of samples, 1 .. batch; mandatory */
  const df_real* x; /* [B][T][in]; mandatory */
  const df_real* c; /* [B][cond]; NULL if cond is 0 */
  const df_real* t; /* [B] flow times in [0, 1]; NULL without flow time */
} df_net_input;

/* The forward pass: y [B][T][out], overwritten. Allocates nothing; BLAS runs single-threaded. `work` keeps the
 * activations for the backward pass and the pointers x and c of the input, whose arrays must stay unchanged until then;
 * the struct itself need not. */
DF_API void df_net_forward(const df_net* net, df_net_work* work, const df_real* parameters, const df_net_input* input,
                           df_real* y);

/* The backward pass (vjp) of the last forward call on `work`, with the same parameters.
 *   dy           in,  [B][T][out], the cotangent of y
 *   dparameters  out, [df_net_parameters()]; the gradient is ADDED to it
 *   dx           out, [B][T][in], the cotangent of x, overwritten; may be NULL
 * There is no gradient with respect to c and t. Allocates nothing. */
DF_API void df_net_backward(const df_net* net, df_net_work* work, const df_real* parameters, const df_real* dy,
                            df_real* dparameters, df_real* dx);

DF_END_DECLS

#endif
