/* flow_method.h: the door of methods that are one flow with one decoder. */
#ifndef BASELINES_FLOW_METHOD_H
#define BASELINES_FLOW_METHOD_H

#include "dynaflow/flow/flow.h"

void flow_method_destroy(void* self);
df_status flow_method_train(void* self, df_training_log* logs, int* n_logs);
df_status flow_method_save(const void* self, const char* path);
df_status flow_method_load(void* self, const char* path);
df_status flow_method_sample(void* self, const df_request* request, double* x, double* u);

#endif
