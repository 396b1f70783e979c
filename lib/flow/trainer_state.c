/* trainer_state.c: a training between two steps, in a file. */
#include <stdio.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "trainer.h"

static const df_dtype real_type = sizeof(df_real) == 4 ? DF_F32 : DF_F64;

enum { COUNTERS = 9, SCALARS = 2, FIXED = 8 };

/* everything that changes from step to step, as tensors over the given small arrays; returns how many */
static int list_tensors(const trainer* t, const df_training_log* log, int64_t* points, int64_t* counters,
                        double* scalars, df_named_tensor* out) {
  const trainer_memory fixed[FIXED] = {
      {"parameters", real_type, t->n, t->parameters},
      {"average", real_type, t->n, t->average},
      {"moment1", real_type, t->n, t->optimizer->moment1},
      {"moment2", real_type, t->n, t->optimizer->moment2},
      {"log.step", DF_I64, DF_LOG_MAX, points},
      {"log.loss", DF_F64, DF_LOG_MAX, (void*)log->loss},
      {"counters", DF_I64, COUNTERS, counters},
      {"scalars", DF_F64, SCALARS, scalars},
  };
  const int n = FIXED + t->n_memory;
  for (int i = 0; i < n; i++) {
    const trainer_memory* m = i < FIXED ? &fixed[i] : &t->memory[i - FIXED];
    out[i] = (df_named_tensor){.name = m->name, .dtype = m->dtype, .rank = 1, .shape = {m->n}, .data = m->data};
  }
  return n;
}

static df_status state_path(const df_method_env* env, const char* name, char path[4096]) {
  if (snprintf(path, 4096, "%s/%s.state", env->state_folder, name) >= 4096) {
    return df_fail(DF_E_ARG, "%s: path too long", env->state_folder);
  }
  return DF_OK;
}

df_status trainer_state_save(const trainer* t, const trainer_progress* at, const df_training_log* log,
                             const df_method_env* env) {
  if (!env->state_folder) return DF_OK;
  char path[4096];
  DF_TRY(state_path(env, log->name, path));
  int64_t points[DF_LOG_MAX];
  for (int i = 0; i < DF_LOG_MAX; i++) points[i] = log->step[i];
  int64_t counters[COUNTERS] = {at->step,
                                at->summed,
                                t->optimizer->step,
                                log->diverged,
                                log->skipped,
                                log->n,
                                log->adjoints.steps,
                                log->adjoints.approximate,
                                log->adjoints.differenced};
  double scalars[SCALARS] = {at->sum, log->cpu_s};
  df_named_tensor tensors[FIXED + TRAINER_MEMORY_MAX];
  const int n = list_tensors(t, log, points, counters, scalars, tensors);
  const df_text_pair identity = {"dynaflow.training", env->state_identity ? env->state_identity : ""};
  return df_safetensors_write(path, n, tensors, 1, &identity);
}

/* Whether a training can continue from these numbers: the log must have exactly the points that the step implies,
 * because later steps append to it without a bound of their own. */
static df_status check_counters(const char* path, const trainer_cfg* cfg, const int64_t counters[COUNTERS]) {
  const int64_t step = counters[0];
  bool good = step >= 0 && step <= cfg->steps;
  for (int i = 1; i < COUNTERS; i++) good = good && counters[i] >= 0;
  good = good && counters[1] <= step && counters[2] <= step && counters[4] <= step;
  good = good && counters[5] == trainer_log_points(cfg, (long)step);
  if (good) return DF_OK;
  return df_fail(DF_E_FORMAT, "%s: step %lld of %ld with %lld points of the log: not the state of a training", path,
                 (long long)step, cfg->steps, (long long)counters[5]);
}

static df_status read_state(const df_safetensors* file, const char* path, trainer* t, trainer_progress* at,
                            df_training_log* log, const df_method_env* env) {
  const char* identity = df_safetensors_metadata(file, "dynaflow.training");
  if (!identity || strcmp(identity, env->state_identity ? env->state_identity : "") != 0) {
    return df_fail(DF_E_MISMATCH, "%s: the state of another training (%s); remove it to start anew", path,
                   identity ? identity : "unnamed");
  }
  int64_t points[DF_LOG_MAX], counters[COUNTERS];
  double scalars[SCALARS];
  df_named_tensor tensors[FIXED + TRAINER_MEMORY_MAX];
  const int n = list_tensors(t, log, points, counters, scalars, tensors);
  for (int i = 0; i < n; i++) {
    const df_named_tensor* w = &tensors[i];
    DF_TRY(df_safetensors_read(file, w->name, w->dtype, w->rank, w->shape, (void*)w->data));
  }
  DF_TRY(check_counters(path, &t->cfg, counters));
  at->step = (long)counters[0];
  at->summed = (long)counters[1];
  at->sum = scalars[0];
  t->optimizer->step = (long)counters[2];
  log->diverged = (long)counters[3];
  log->skipped = (long)counters[4];
  log->n = (int)counters[5];
  log->adjoints = (df_gradient_count){
      .steps = (long)counters[6], .approximate = (long)counters[7], .differenced = (long)counters[8]};
  log->steps = at->step;
  log->cpu_s = scalars[1];
  for (int i = 0; i < DF_LOG_MAX; i++) log->step[i] = (long)points[i];
  return DF_OK;
}

df_status trainer_state_load(trainer* t, trainer_progress* at, df_training_log* log, const df_method_env* env) {
  if (!env->state_folder) return DF_OK;
  char path[4096];
  DF_TRY(state_path(env, log->name, path));
  if (!df_file_exists(path)) return DF_OK;
  df_safetensors* file;
  DF_TRY(df_safetensors_open(path, &file));
  const df_status status = read_state(file, path, t, at, log, env);
  df_safetensors_close(file);
  return status;
}
