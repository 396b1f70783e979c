/* checkpoint.h: weights, statistics and identity of a trained network in one safetensors file. */
#ifndef DF_FLOW_CHECKPOINT_H
#define DF_FLOW_CHECKPOINT_H

#include "dynaflow/data/task.h"
#include "dynaflow/nn/net.h"

/* what a file must agree with before its weights are used */
typedef struct checkpoint_identity {
  const char* kind; /* the method's name, or "inverse_dynamics" */
  const df_task* task;
  uint64_t seed;
  /* one more vector that belongs to the network, e.g. the scale of its inputs; NULL name: none */
  const char* extra_name;
  size_t n_extra;
  df_real* extra; /* [n_extra]; written by checkpoint_load */
} checkpoint_identity;

df_status checkpoint_save(const char* path, const checkpoint_identity* id, const df_net* net, const df_real* weights);

/* fills weights and the chart's statistics; DF_E_MISMATCH names what differs */
df_status checkpoint_load(const char* path, const checkpoint_identity* id, const df_net* net, df_real* weights);

#endif
