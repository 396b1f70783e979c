#include "shared_training.h"

#include <stdio.h>

static df_status tell(df_ranks* ranks, shared_training* t) {
  ranks->ended = false;
  return ranks->broadcast(ranks->context, t, sizeof *t);
}

df_status share_training(df_ranks* ranks, const char* task, const char* method, uint64_t seed, const char* key) {
  shared_training t = {.trains = 1, .seed = seed};
  if (!ranks) return DF_OK;
  if ((size_t)snprintf(t.task, sizeof t.task, "%s", task) >= sizeof t.task)
    return df_fail(DF_E_ARG, "%s: path too long", task);
  snprintf(t.method, sizeof t.method, "%s", method);
  snprintf(t.key, sizeof t.key, "%s", key);
  DF_TRY(tell(ranks, &t));
  return df_ranks_agree(ranks, DF_OK);
}

df_status share_end(df_ranks* ranks) {
  shared_training none = {.trains = 0};
  return ranks ? tell(ranks, &none) : DF_OK;
}

df_status receive_training(df_ranks* ranks, shared_training* out) {
  return tell(ranks, out);
}

df_status create_shared(const df_method* method, const df_method_env* env, void** self) {
  return df_ranks_agree(env->ranks, method->create(env, self));
}

df_status train_shared(const df_method* method, df_ranks* ranks, void* self, df_training_log* logs, int* n_logs) {
  const df_status status = method->train(self, logs, n_logs);
  return ranks && ranks->ended ? status : df_ranks_agree(ranks, status);
}
