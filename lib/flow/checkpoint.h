/* checkpoint.h: saves weights, chart statistics and identity of a trained network in one safetensors file. */
#ifndef LIB_FLOW_CHECKPOINT_H
#define LIB_FLOW_CHECKPOINT_H

#include "dynaflow/data/task.h"
#include "dynaflow/nn/net.h"

/* what a file must match before its weights are used */
typedef struct checkpoint_identity {
  const char* kind; /* the method's name, or "inverse_dynamics" */
  const df_task* task;
  uint64_t seed;
  /* a further vector of the network, e.g. the scale of its inputs; NULL name: none */
  const char* extra_name;
  size_t n_extra;
  df_real* extra; /* [n_extra]; written by checkpoint_load */
} checkpoint_identity;

/* Writes weights [df_net_parameters()], the statistics of the task's chart, the extra vector and all settings. Errors:
 * DF_E_NONFINITE names a tensor that is not finite, and nothing is written; those of df_safetensors_write();
 * DF_E_NOMEM. */
df_status checkpoint_save(const char* path, const checkpoint_identity* id, const df_net* net, const df_real* weights);

/* Fills weights, the statistics of the task's chart and id->extra. Errors: DF_E_MISMATCH, which names what differs
 * (also a standard deviation of the chart, to a millionth), DF_E_FORMAT (not a checkpoint), DF_E_NONFINITE (a tensor
 * that is not finite), and those of df_safetensors_open(). */
df_status checkpoint_load(const char* path, const checkpoint_identity* id, const df_net* net, df_real* weights);

#endif
