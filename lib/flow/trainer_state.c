/* trainer_state.c: serialises the training state between two steps to a safetensors file. */
#include <stdio.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "trainer.h"

static const df_dtype real_type = sizeof(df_real) == 4 ? DF_F32 : DF_F64;

enum { COUNTERS = 9, SCALARS = 2, FIXED = 8 };

/* the small values of the training state, copied into arrays of fixed types for the file */
typedef struct small_state {
  int64_t points[DF_LOG_MAX], counters[COUNTERS];
  double losses[DF_LOG_MAX], scalars[SCALARS];
} small_state;

/* lists all arrays of the training state; returns their number */
static int list_arrays(const trainer* t, small_state* small, trainer_memory out[FIXED + TRAINER_MEMORY_MAX]) {
  const trainer_memory fixed[FIXED] = {
      {"parameters", real_type, t->n, t->parameters},      {"average", real_type, t->n, t->average},
      {"moment1", real_type, t->n, t->optimizer->moment1}, {"moment2", real_type, t->n, t->optimizer->moment2},
      {"log.step", DF_I64, DF_LOG_MAX, small->points},     {"log.loss", DF_F64, DF_LOG_MAX, small->losses},
      {"counters", DF_I64, COUNTERS, small->counters},     {"scalars", DF_F64, SCALARS, small->scalars},
  };
  memcpy(out, fixed, sizeof fixed);
  memcpy(out + FIXED, t->memory, (size_t)t->n_memory * sizeof *out);
  return FIXED + t->n_memory;
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

  /* copy counters and loss curve */
  small_state small = {.counters = {at->step, at->summed, t->optimizer->step, log->diverged, log->skipped, log->n,
                                    log->adjoints.steps, log->adjoints.approximate, log->adjoints.differenced},
                       .scalars = {at->sum, log->cpu_s}};
  for (int i = 0; i < DF_LOG_MAX; i++) small.points[i] = log->step[i];
  memcpy(small.losses, log->loss, sizeof small.losses);

  /* write all arrays as tensors of rank 1 */
  trainer_memory arrays[FIXED + TRAINER_MEMORY_MAX];
  df_named_tensor tensors[FIXED + TRAINER_MEMORY_MAX];
  const int n = list_arrays(t, &small, arrays);
  for (int i = 0; i < n; i++) {
    const trainer_memory* m = &arrays[i];
    tensors[i] = (df_named_tensor){.name = m->name, .dtype = m->dtype, .rank = 1, .shape = {m->n}, .data = m->data};
  }
  const df_text_pair identity = {"dynaflow.training", env->state_identity ? env->state_identity : ""};
  return df_safetensors_write(path, n, tensors, 1, &identity);
}

/* Checks what a damaged file must not choose freely: counters index arrays, and the loss curve must have exactly the
 * points that the step implies, because later steps append to it without a bound of their own. */
static df_status check_counters(const char* path, const trainer_cfg* cfg, const int64_t counters[COUNTERS]) {
  static const char* const names[] = {"the step", "the number of summed losses", "the optimizer's step",
                                      "the number of diverged samples", "the number of skipped steps"};
  const int64_t most[] = {cfg->steps, counters[0], counters[0], INT64_MAX, counters[0]};
  for (size_t i = 0; i < sizeof most / sizeof most[0]; i++) {
    if (counters[i] < 0 || counters[i] > most[i]) {
      return df_fail(DF_E_FORMAT, "%s: damaged: %s is %lld, must be in 0..%lld; remove the file to start over", path,
                     names[i], (long long)counters[i], (long long)most[i]);
    }
  }
  const long points = trainer_log_points(cfg, (long)counters[0]);
  if (counters[5] == points) return DF_OK;
  return df_fail(DF_E_FORMAT,
                 "%s: damaged: the loss curve has %lld points, must have %ld; remove the file to start over", path,
                 (long long)counters[5], points);
}

static df_status read_state(const df_safetensors* file, const char* path, trainer* t, trainer_progress* at,
                            df_training_log* log, const df_method_env* env) {
  const char* identity = df_safetensors_metadata(file, "dynaflow.training");
  if (!identity || strcmp(identity, env->state_identity ? env->state_identity : "") != 0) {
    return df_fail(DF_E_MISMATCH, "%s: the state of another training (%s); remove it to start over", path,
                   identity ? identity : "unnamed");
  }

  /* read all arrays, the small values into copies */
  small_state small;
  trainer_memory arrays[FIXED + TRAINER_MEMORY_MAX];
  const int n = list_arrays(t, &small, arrays);
  for (int i = 0; i < n; i++) {
    const trainer_memory* m = &arrays[i];
    DF_TRY(df_safetensors_read(file, m->name, m->dtype, 1, &m->n, m->data));
  }

  /* restore counters and loss curve */
  const int64_t* counters = small.counters;
  DF_TRY(check_counters(path, &t->cfg, counters));
  at->step = (long)counters[0];
  at->summed = (long)counters[1];
  at->sum = small.scalars[0];
  t->optimizer->step = (long)counters[2];
  log->diverged = (long)counters[3];
  log->skipped = (long)counters[4];
  log->n = (int)counters[5];
  log->adjoints = (df_gradient_count){
      .steps = (long)counters[6], .approximate = (long)counters[7], .differenced = (long)counters[8]};
  log->steps = at->step;
  log->cpu_s = small.scalars[1];
  for (int i = 0; i < DF_LOG_MAX; i++) log->step[i] = (long)small.points[i];
  memcpy(log->loss, small.losses, sizeof small.losses);
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
