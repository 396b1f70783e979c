#include "flow_method.h"

void flow_method_destroy(void* self) {
  df_flow_free(self);
}

df_status flow_method_train(void* self, df_training_log* logs, int* n_logs) {
  *n_logs = 1;
  return df_flow_train(self, &logs[0]);
}

df_status flow_method_save(const void* self, const char* path) {
  return df_flow_save(self, path);
}

df_status flow_method_load(void* self, const char* path) {
  return df_flow_load(self, path);
}

df_status flow_method_sample(void* self, const df_request* request, double* x, double* u) {
  return df_flow_sample(self, request, x, u);
}
