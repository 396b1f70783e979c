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
#include "dynaflow/core/hash.h"
#include "trainer.h"

static const df_dtype real_type = sizeof(df_real) == 4 ? DF_F32 : DF_F64;
static const char *const IDENTITY = "dynaflow.training", *const CHECKSUM = "dynaflow.sha256";

enum { COUNTERS = 9, SCALARS = 2, FIXED = 8, ARRAYS_MAX = FIXED + TRAINER_MEMORY_MAX, PATH_MAX_BYTES = 4096 };

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
static int list_arrays(const trainer* t, small_state* small, trainer_memory out[ARRAYS_MAX]) {
  const trainer_memory fixed[FIXED] = {
      {"parameters", real_type, t->n, t->parameters, false},
      {"average", real_type, t->n, t->average, false},
      {"moment1", real_type, t->n, t->optimizer->moment1, false},
      {"moment2", real_type, t->n, t->optimizer->moment2, false},
      {"log.step", DF_I64, DF_LOG_MAX, small->points, false},
      {"log.loss", DF_F64, DF_LOG_MAX, small->losses, false},
      {"counters", DF_I64, COUNTERS, small->counters, false},
      {"scalars", DF_F64, SCALARS, small->scalars, false},
  };
  memcpy(out, fixed, sizeof fixed);
  memcpy(out + FIXED, t->memory, (size_t)t->n_memory * sizeof *out);
  return FIXED + t->n_memory;
}

static const char* identity_of(const df_method_env* env) {
  return env->state_identity ? env->state_identity : "";
}

/* SHA-256 over the SHA-256 of the identity and of every array */
static df_status checksum(int n, const trainer_memory* arrays, const char* identity, char sum[DF_SHA256_TEXT]) {
  char sums[(1 + ARRAYS_MAX) * (DF_SHA256_TEXT - 1) + 1];
  DF_TRY(df_sha256(identity, strlen(identity), sums));
  for (int i = 0; i < n; i++) {
    DF_TRY(df_sha256(arrays[i].data, trainer_memory_bytes(&arrays[i]), sums + (size_t)(i + 1) * (DF_SHA256_TEXT - 1)));
  }
  return df_sha256(sums, (size_t)(n + 1) * (DF_SHA256_TEXT - 1), sum);
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
  char path[PATH_MAX_BYTES], previous[PATH_MAX_BYTES], sum[DF_SHA256_TEXT];
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

  /* keep the last state, and write all arrays as tensors of rank 1 */
  trainer_memory arrays[ARRAYS_MAX];
  df_named_tensor tensors[ARRAYS_MAX];
  const int n = list_arrays(t, &small, arrays);
  for (int i = 0; i < n; i++) {
    const trainer_memory* m = &arrays[i];
    tensors[i] = (df_named_tensor){.name = m->name, .dtype = m->dtype, .rank = 1, .shape = {m->n}, .data = m->data};
  }
  DF_TRY(checksum(n, arrays, identity_of(env), sum));
  const df_text_pair metadata[] = {{IDENTITY, identity_of(env)}, {CHECKSUM, sum}};
  if (df_file_exists(path)) DF_TRY(move(path, previous));
  return df_safetensors_write(path, n, tensors, 2, metadata);
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

/* Reads and checks the arrays of a file into copies [n], so that a damaged file changes nothing. DF_E_FORMAT, with the
 * reason, for a damaged one; DF_E_MISMATCH for a whole one of another training. */
static df_status read_copies(const df_safetensors* file, int n, const trainer_memory* copies, const char* identity) {
  const char *found = df_safetensors_metadata(file, IDENTITY), *expected = df_safetensors_metadata(file, CHECKSUM);
  char sum[DF_SHA256_TEXT];
  if (!found || !expected) return df_fail(DF_E_FORMAT, "it has no checksum");
  for (int i = 0; i < n; i++) {
    const trainer_memory* m = &copies[i];
    const df_status status = df_safetensors_read(file, m->name, m->dtype, 1, &m->n, m->data);
    if (status == DF_E_MISMATCH) return df_fail(DF_E_FORMAT, "%s", df_error_message());
    DF_TRY(status);
  }
  DF_TRY(checksum(n, copies, found, sum));
  if (strcmp(sum, expected) != 0) return df_fail(DF_E_FORMAT, "its content does not have its checksum");
  if (strcmp(found, identity) != 0) return df_fail(DF_E_MISMATCH, "the state of another training (%s)", found);
  return DF_OK;
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

/* as read_copies(); restores the training from a good file */
static df_status load_file(const char* path, trainer* t, trainer_progress* at, df_training_log* log,
                           const df_method_env* env) {
  small_state small;
  trainer_memory arrays[ARRAYS_MAX], copies[ARRAYS_MAX];
  const int n = list_arrays(t, &small, arrays);
  size_t bytes = 0;
  for (int i = 0; i < n; i++) bytes += (trainer_memory_bytes(&arrays[i]) + 7) / 8 * 8;
  char* work = df_alloc(bytes, 1);
  if (!work) return DF_E_NOMEM;

  /* copies of the large arrays; the small ones are copies already */
  size_t used = 0;
  memcpy(copies, arrays, sizeof copies);
  for (int i = 0; i < n; i++) {
    if (i >= 4 && i < FIXED) continue;
    copies[i].data = work + used;
    used += (trainer_memory_bytes(&arrays[i]) + 7) / 8 * 8;
  }
  df_safetensors* file;
  df_status status = df_safetensors_open(path, &file);
  if (status == DF_OK) status = read_copies(file, n, copies, identity_of(env));
  if (status == DF_OK) status = check_counters(&t->cfg, &small);
  for (int i = 0; i < n && status == DF_OK; i++) {
    if (copies[i].data != arrays[i].data) memcpy(arrays[i].data, copies[i].data, trainer_memory_bytes(&arrays[i]));
  }
  if (status == DF_OK) restore(t, &small, at, log);
  df_safetensors_close(file);
  df_free(work);
  return status;
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
