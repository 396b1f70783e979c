/* trainer_state.c: serialises the training state between two steps to a safetensors file.
 *
 * A file is not believed: it has a checksum of everything in it, and its counters must fit each other. A file that
 * fails is renamed and reported, and the training goes on from the state saved before it, or from its start. Every
 * state leads to the same bytes at the end, so this costs time only. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "dynaflow/io/state_file.h"
#include "trainer.h"

static const df_dtype real_type = sizeof(df_real) == 4 ? DF_F32 : DF_F64;

enum {
  COUNTERS = 9,
  SCALARS = 2,
  SMALL = 4,
  FIXED = 8,
  ARRAYS_MAX = FIXED + TRAINER_MEMORY_MAX,
  PATH_MAX_BYTES = 4096
};
_Static_assert((int)ARRAYS_MAX <= (int)DF_STATE_ARRAYS_MAX, "a state file must hold every array");

/* X(index, words for messages) */
#define COUNTER_LIST(X)                                \
  X(STEP, "the step")                                  \
  X(SUMMED, "the number of summed losses")             \
  X(SKIPPED, "the number of skipped steps")            \
  X(OPTIMIZER_STEP, "the optimizer's step")            \
  X(DIVERGED, "the number of diverged samples")        \
  X(POINTS, "the number of points of the loss curve")  \
  X(ADJOINTS, "the number of adjoints")                \
  X(APPROXIMATE, "the number of approximate adjoints") \
  X(DIFFERENCED, "the number of adjoints by finite differences")
enum {
#define COUNTER_ENUM(name, words) name,
  COUNTER_LIST(COUNTER_ENUM)
#undef COUNTER_ENUM
};

/* the small values of the training state, copied into arrays of fixed types for the file */
typedef struct small_state {
  int64_t points[DF_LOG_MAX], counters[COUNTERS];
  double losses[DF_LOG_MAX], scalars[SCALARS];
} small_state;

/* lists all arrays of the training state; returns their number */
static int list_arrays(const trainer* t, small_state* small, df_state_array out[ARRAYS_MAX]) {
  const df_state_array fixed[FIXED] = {
      {"parameters", real_type, t->n, t->parameters},      {"average", real_type, t->n, t->average},
      {"moment1", real_type, t->n, t->optimizer->moment1}, {"moment2", real_type, t->n, t->optimizer->moment2},
      {"log.step", DF_I64, DF_LOG_MAX, small->points},     {"log.loss", DF_F64, DF_LOG_MAX, small->losses},
      {"counters", DF_I64, COUNTERS, small->counters},     {"scalars", DF_F64, SCALARS, small->scalars},
  };
  memcpy(out, fixed, sizeof fixed);
  for (int i = 0; i < t->n_memory; i++) {
    const trainer_memory* m = &t->memory[i];
    out[FIXED + i] = (df_state_array){m->name, m->dtype, m->n, m->data};
  }
  return FIXED + t->n_memory;
}

static const char* identity_of(const df_method_env* env) {
  return env->state_identity ? env->state_identity : "";
}

static df_status state_path(const df_method_env* env, const char* name, const char* ending, char path[PATH_MAX_BYTES]) {
  if (snprintf(path, PATH_MAX_BYTES, "%s/%s.state%s", env->state_folder, name, ending) >= PATH_MAX_BYTES) {
    return df_fail(DF_E_ARG, "%s: path too long", env->state_folder);
  }
  return DF_OK;
}

static df_status move(const char* from, const char* to) {
  return rename(from, to) == 0 ? DF_OK : df_fail(DF_E_IO, "%s: %s", from, strerror(errno));
}

df_status trainer_state_save(const trainer* t, const trainer_progress* at, const df_training_log* log,
                             const df_method_env* env) {
  if (!env->state_folder) return DF_OK;
  char path[PATH_MAX_BYTES], previous[PATH_MAX_BYTES];
  DF_TRY(state_path(env, log->name, "", path));
  DF_TRY(state_path(env, log->name, ".previous", previous));

  /* copy counters and loss curve */
  small_state small = {.counters = {[STEP] = at->step,
                                    [SUMMED] = at->summed,
                                    [OPTIMIZER_STEP] = t->optimizer->step,
                                    [DIVERGED] = log->diverged,
                                    [SKIPPED] = log->skipped,
                                    [POINTS] = log->n,
                                    [ADJOINTS] = log->adjoints.steps,
                                    [APPROXIMATE] = log->adjoints.approximate,
                                    [DIFFERENCED] = log->adjoints.differenced},
                       .scalars = {at->sum, log->cpu_s}};
  for (int i = 0; i < DF_LOG_MAX; i++) small.points[i] = log->step[i];
  memcpy(small.losses, log->loss, sizeof small.losses);

  /* keep the last state */
  df_state_array arrays[ARRAYS_MAX];
  const int n = list_arrays(t, &small, arrays);
  if (df_file_exists(path)) DF_TRY(move(path, previous));
  return df_state_write(path, n, arrays, identity_of(env));
}

/* ---- loading ---- */

/* Validates the counters against the training and each other: they index arrays, and later steps append to the loss
 * curve without a check of its bounds. */
static df_status check_counters(const trainer_cfg* cfg, const small_state* s) {
  static const char* const names[] = {
#define COUNTER_WORDS(name, words) words,
      COUNTER_LIST(COUNTER_WORDS)
#undef COUNTER_WORDS
  };
  const int64_t* c = s->counters;
  const int64_t step = c[STEP] < 0 ? 0 : c[STEP] < cfg->steps ? c[STEP] : cfg->steps;
  const int64_t every = trainer_log_every(cfg->steps), points = trainer_log_points(cfg, (long)step);
  const int64_t samples = step * cfg->accumulate * cfg->batch,
                updates = step - (c[SKIPPED] >= 0 && c[SKIPPED] <= step ? c[SKIPPED] : 0);
  const struct {
    int64_t least, most;
  } range[COUNTERS] = {[STEP] = {0, cfg->steps},
                       [SUMMED] = {0, step < every ? step : every},
                       [OPTIMIZER_STEP] = {updates, updates},
                       [DIVERGED] = {0, samples},
                       [SKIPPED] = {0, step},
                       [POINTS] = {points, points},
                       [ADJOINTS] = {0, INT64_MAX},
                       [APPROXIMATE] = {0, c[ADJOINTS]},
                       [DIFFERENCED] = {0, c[ADJOINTS]}};
  for (int i = 0; i < COUNTERS; i++) {
    if (c[i] >= range[i].least && c[i] <= range[i].most) continue;
    return df_fail(DF_E_FORMAT, "%s is %lld, must be in %lld..%lld", names[i], (long long)c[i],
                   (long long)range[i].least, (long long)range[i].most);
  }
  for (int64_t i = 0; i < points; i++) {
    const int64_t expected = (i + 1) * every < cfg->steps ? (i + 1) * every : cfg->steps;
    if (s->points[i] == expected) continue;
    return df_fail(DF_E_FORMAT, "point %lld of the loss curve is at step %lld, must be at %lld", (long long)i,
                   (long long)s->points[i], (long long)expected);
  }
  if (isfinite(s->scalars[0]) && isfinite(s->scalars[1]) && s->scalars[1] >= 0) return DF_OK;
  return df_fail(DF_E_FORMAT, "the sum of losses is %g and the CPU time %g s, must be finite", s->scalars[0],
                 s->scalars[1]);
}

static void restore(trainer* t, const small_state* small, trainer_progress* at, df_training_log* log) {
  const int64_t* counters = small->counters;
  at->step = (long)counters[STEP];
  at->summed = (long)counters[SUMMED];
  at->sum = small->scalars[0];
  t->optimizer->step = (long)counters[OPTIMIZER_STEP];
  log->diverged = (long)counters[DIVERGED];
  log->skipped = (long)counters[SKIPPED];
  log->n = (int)counters[POINTS];
  log->adjoints = (df_gradient_count){.steps = (long)counters[ADJOINTS],
                                      .approximate = (long)counters[APPROXIMATE],
                                      .differenced = (long)counters[DIFFERENCED]};
  log->steps = at->step;
  log->cpu_s = small->scalars[1];
  for (int i = 0; i < DF_LOG_MAX; i++) log->step[i] = (long)small->points[i];
  memcpy(log->loss, small->losses, sizeof small->losses);
}

/* the df_state_check_fn of a training */
static df_status check_copies(const void* cfg, const df_state_array* copies) {
  small_state small;
  void* const to[] = {small.points, small.losses, small.counters, small.scalars};
  for (int i = 0; i < 4; i++) memcpy(to[i], copies[SMALL + i].data, df_state_array_bytes(&copies[SMALL + i]));
  return check_counters(cfg, &small);
}

/* Restores the training from a good file. Errors: those of df_state_read() */
static df_status load_file(const char* path, trainer* t, trainer_progress* at, df_training_log* log,
                           const df_method_env* env) {
  small_state small;
  df_state_array arrays[ARRAYS_MAX];
  const int n = list_arrays(t, &small, arrays);
  DF_TRY(df_state_read(path, n, arrays, identity_of(env), check_copies, &t->cfg));
  restore(t, &small, at, log);
  return DF_OK;
}

/* renames a damaged file to the first free one of <path>.damaged, <path>.damaged-2, ..., and reports it */
static df_status set_aside(const char* path, const char* reason, const df_method_env* env) {
  enum { KEPT = 9 };
  char aside[PATH_MAX_BYTES + 32], notice[2 * PATH_MAX_BYTES + 1024];
  for (int i = 1; i <= KEPT; i++) {
    char number[16] = "";
    if (i > 1) snprintf(number, sizeof number, "-%d", i);
    snprintf(aside, sizeof aside, "%s.damaged%s", path, number);
    if (!df_file_exists(aside)) break;
  }
  snprintf(notice, sizeof notice, "%s: damaged training state: %s; kept as %s", path, reason, aside);
  DF_TRY(move(path, aside));
  if (env->notice) env->notice(env->progress_context, notice);
  return DF_OK;
}

df_status trainer_state_load(trainer* t, trainer_progress* at, df_training_log* log, const df_method_env* env) {
  if (!env->state_folder) return DF_OK;
  static const char* const endings[] = {"", ".previous"};
  bool damaged = false;
  char path[PATH_MAX_BYTES], reason[512], notice[256] = "";
  for (int i = 0; i < 2; i++) {
    DF_TRY(state_path(env, log->name, endings[i], path));
    if (!df_file_exists(path)) continue;
    const df_status status = load_file(path, t, at, log, env);
    if (status == DF_E_MISMATCH) {
      snprintf(reason, sizeof reason, "%s", df_error_message());
      return df_fail(DF_E_MISMATCH, "%s: %s; remove it to start over", path, reason);
    }
    if (status != DF_OK && status != DF_E_FORMAT) return status;
    if (status == DF_OK) {
      snprintf(notice, sizeof notice, "%s: training continues from the previous state, step %ld", log->name, at->step);
      break;
    }
    damaged = true;
    /* messages of safetensors.h begin with the path */
    const char* message = df_error_message();
    const size_t head = strncmp(message, path, strlen(path)) == 0 ? strlen(path) : 0;
    snprintf(reason, sizeof reason, "%s", message + head + strspn(message + head, ": "));
    DF_TRY(set_aside(path, reason, env));
  }
  if (!damaged || !env->notice) return DF_OK;
  if (!notice[0]) snprintf(notice, sizeof notice, "%s: training starts over", log->name);
  env->notice(env->progress_context, notice);
  return DF_OK;
}
