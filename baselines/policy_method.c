#include "policy_method.h"

void policy_method_destroy(void* self) {
  df_policy_free(self);
}

df_status policy_method_train(void* self, df_training_log* logs, int* n_logs) {
  return df_policy_train(self, logs, n_logs);
}

df_status policy_method_save(const void* self, const char* path) {
  return df_policy_save(self, path);
}

df_status policy_method_load(void* self, const char* path) {
  return df_policy_load(self, path);
}

df_status policy_method_sample(void* self, const df_request* request, double* x, double* u) {
  return df_policy_sample(self, request, x, u);
}

df_status policy_method_diagnose(void* self, df_diagnostics* out) {
  return df_policy_diagnose(self, out);
}
