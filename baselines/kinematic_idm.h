/* kinematic_idm.h: defines methods that generate states and find the actions by an inverse-dynamics MLP, which is
 * applied to successive generated states; the actions are rolled out open loop. The network of the states is trained on
 * states only, the MLP needs actions. */
#ifndef BASELINES_KINEMATIC_IDM_H
#define BASELINES_KINEMATIC_IDM_H

#include "dynaflow/flow/flow.h"

/* df_flow_new or df_flow_new_diffusion */
typedef df_status (*kinematic_idm_maker)(const df_method_env* env, const char* name, df_decoder decoder, df_flow** out);

/* the df_method functions of such a method; a checkpoint is two files, that of the MLP with the suffix ".inverse" */
df_status kinematic_idm_create(const df_method_env* env, const char* network, kinematic_idm_maker make, void** self);
void kinematic_idm_destroy(void* self);
df_status kinematic_idm_train(void* self, df_training_log* logs, int* n_logs);
df_status kinematic_idm_save(const void* self, const char* path);
df_status kinematic_idm_load(void* self, const char* path);
df_status kinematic_idm_sample(void* self, const df_request* request, double* x, double* u);

/* Defines df_method_<id>: states of the network `network`, which `make` makes, and a one-line summary. */
#define KINEMATIC_IDM_METHOD(id, network, make, line)                                                      \
  static df_status create_##id(const df_method_env* env, void** self) {                                    \
    return kinematic_idm_create(env, network, make, self);                                                 \
  }                                                                                                        \
  const df_method df_method_##id = {                                                                       \
      .name = #id,                                                                                         \
      .summary = line,                                                                                     \
      .flags = DF_METHOD_TRAINS | DF_METHOD_NEEDS_ACTIONS | DF_METHOD_RETURNS_ACTIONS | DF_METHOD_SAMPLES, \
      .create = create_##id,                                                                               \
      .destroy = kinematic_idm_destroy,                                                                    \
      .train = kinematic_idm_train,                                                                        \
      .save = kinematic_idm_save,                                                                          \
      .load = kinematic_idm_load,                                                                          \
      .sample = kinematic_idm_sample,                                                                      \
      .networks = {network, "inverse_dynamics"},                                                           \
  }

#endif
