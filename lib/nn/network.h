/* network.h: the structures of a df_net, shared by net.c and the kinds of network. */
#ifndef LIB_NN_NETWORK_H
#define LIB_NN_NETWORK_H

#include "dynaflow/nn/net.h"
#include "layers.h"

/* how a tensor is initialised */
typedef enum df_tensor_init { DF_INIT_ZERO, DF_INIT_GLOROT, DF_INIT_POSITION } df_tensor_init;

/* offsets of the tensors that make the modulation of a DiT or U-Net from condition and flow time */
typedef struct df_condition {
  size_t condition_weight, time_weight, condition_bias, mix_weight, mix_bias;
  size_t film_weight, film_bias; /* of all layers, stacked, so that one product computes all */
  size_t modulation;             /* number of stacked rows */
} df_condition;

/* offsets of the tensors of one DiT block in the flat array */
typedef struct df_dit_block {
  size_t qkv_weight, qkv_bias, out_weight, out_bias; /* attention */
  size_t fc1_weight, fc1_bias, fc2_weight, fc2_bias; /* MLP */
} df_dit_block;

/* offsets of the other tensors of a DiT */
typedef struct df_dit {
  size_t embed_weight, embed_bias, position;
  size_t last_weight, last_bias;
  size_t skip1_weight, skip1_bias, skip2_weight, skip2_bias;
  df_dit_block* block; /* [depth] */
} df_dit;

/* offsets of the tensors of an MLP */
typedef struct df_mlp {
  size_t x_weight, condition_weight, time_weight, bias; /* first layer, one weight per kind of input */
  size_t *hidden_weight, *hidden_bias;                  /* [depth], element 0 is unused */
  size_t last_weight, last_bias;
} df_mlp;

/* a block of a U-Net: its size and the offsets of its tensors */
typedef struct df_unet_block {
  size_t frames, in, out; /* frames at its level, channels of input and output */
  size_t conv1_weight, conv1_bias, conv2_weight, conv2_bias;
  size_t match_weight, match_bias; /* of the residual path; only if in != out */
  size_t film;                     /* its first row of the modulation */
} df_unet_block;

/* a change of the number of frames between two levels */
typedef struct df_unet_resample {
  size_t weight, bias;
} df_unet_resample;

/* Blocks in the order in which they run: down 0 .. depth-1, middle, up depth-1 .. 0. */
typedef struct df_unet {
  df_unet_block* block;        /* [2 depth + 1] */
  df_unet_resample *down, *up; /* [depth]: to the next level, to the level before; down[depth-1], up[0] are unused */
  size_t last_weight, last_bias;
} df_unet;

struct df_net {
  df_net_cfg cfg;
  const df_kernels* kernels;
  df_tensor* tensors;
  df_tensor_init* starts; /* [n_tensors] initialisation */
  double* limits;         /* [n_tensors] limit of the Glorot-uniform initialisation */
  int n_tensors, capacity;
  size_t n_parameters;
  df_condition condition;
  df_dit dit;
  df_mlp mlp;
  df_unet unet;
};

typedef struct df_condition_work {
  df_real *time, *e1, *s1, *e2, *s2, *modulation; /* one row per sample */
  df_real *dmodulation, *ds, *de;                 /* backward */
} df_condition_work;

/* activations of one DiT block; mixed: output of the heads, attended: after the output projection */
typedef struct df_dit_block_work {
  df_real *norm1, *rstd1, *qkv, *weights, *mixed, *attended;
  df_real *norm2, *rstd2, *hidden, *mlp;
} df_dit_block_work;

typedef struct df_dit_work {
  df_real *skip1, *skip_hidden;                          /* one row per sample */
  df_real *h, *last_norm, *last_rstd;                    /* one row per token */
  df_dit_block_work* block;                              /* [depth] */
  df_real *dskip, *dh, *wide1, *wide2, *narrow, *scores; /* backward; narrow, wide1 also forward */
} df_dit_work;

typedef struct df_mlp_work {
  df_real* time;
  df_real *sum, *out; /* [depth][batch][width]: before and after the activation */
  df_real *d, *d2;
} df_mlp_work;

/* activations of one U-Net block */
typedef struct df_unet_block_work {
  const df_real* in;            /* of the last forward call */
  df_real *norm1, *norm2, *out; /* [batch][frames][out] */
  df_real *rstd1, *rstd2;       /* [batch][out] */
} df_unet_block_work;

typedef struct df_unet_work {
  df_unet_block_work* block;   /* [2 depth + 1] */
  df_real** joined;            /* [depth] input of the block up i: the level below and the output of the block down i */
  df_real **halved, **doubled; /* [depth] results of the changes of frames */
  df_real** dskip;             /* [depth] cotangent of the output of the block down i by the block up i */
  df_real *columns, *h, *m, *s, *d, *g1, *g2; /* scratch */
} df_unet_work;

struct df_net_work {
  const df_net* net;
  int batch, B;         /* capacity, and samples of the last forward call */
  const df_real *x, *c; /* inputs of the last forward call, not owned */
  df_real* memory;
  df_condition_work condition;
  df_dit_work dit;
  df_mlp_work mlp;
  df_unet_work unet;
};

/* Adds a tensor [rows][columns], or [rows] if columns is 0, and returns its offset in the flat array. The name is given
 * in printf format. Fans of 0 are taken from the shape. net->tensors must have room. */
size_t df_net_add(df_net* net, df_tensor_init start, size_t rows, size_t columns, size_t fan_in, size_t fan_out,
                  const char* format, ...) DF_PRINTF(7, 8);

/* an arena: hands out arrays from one allocation of `size` numbers; with memory NULL it only adds up the size */
typedef struct df_arena {
  df_real* memory;
  size_t used, size;
} df_arena;
df_real* df_arena_take(df_arena* pieces, size_t n);

/* modulation.c: the modulation of a DiT or U-Net. Build adds the tensors up to the mix; the caller sets the rest. */
void df_condition_build(df_net* net);
void df_condition_work_layout(df_net_work* work, df_arena* pieces);
void df_condition_forward(df_net_work* work, const df_real* p, const df_real* t);
/* from work->condition.dmodulation */
void df_condition_backward(df_net_work* work, const df_real* p, df_real* dp);

int df_dit_n_tensors(const df_net_cfg* cfg);
void df_dit_build(df_net* net);
void df_dit_work_layout(df_net_work* work, df_arena* pieces);
void df_dit_forward(df_net_work* work, const df_real* parameters, const df_real* t, df_real* y);
void df_dit_backward(df_net_work* work, const df_real* parameters, const df_real* dy, df_real* dparameters,
                     df_real* dx);

int df_mlp_n_tensors(const df_net_cfg* cfg);
void df_mlp_build(df_net* net);
void df_mlp_work_layout(df_net_work* work, df_arena* pieces);
void df_mlp_forward(df_net_work* work, const df_real* parameters, const df_real* t, df_real* y);
void df_mlp_backward(df_net_work* work, const df_real* parameters, const df_real* dy, df_real* dparameters,
                     df_real* dx);

int df_unet_n_tensors(const df_net_cfg* cfg);
void df_unet_build(df_net* net);
void df_unet_work_layout(df_net_work* work, df_arena* pieces);
void df_unet_forward(df_net_work* work, const df_real* parameters, const df_real* t, df_real* y);
void df_unet_backward(df_net_work* work, const df_real* parameters, const df_real* dy, df_real* dparameters,
                      df_real* dx);

#endif
