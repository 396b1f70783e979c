/* trainer_validation.c: the validation loss of a training: that of its averaged weights on windows that are neither
 * trained nor tested on, and which weights are kept by it. */

#include <math.h>
#include <omp.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "trainer.h"

df_status validation_check(const trainer_cfg* cfg) {
  const long every = cfg->validate_every;
  if (every == 0) {
    return cfg->keep_best ? df_fail(DF_E_CONFIG, "train.keep = best_validation needs train.validate_every") : DF_OK;
  }
  if (cfg->validation_windows == 0) {
    return df_fail(DF_E_CONFIG,
                   "train.validate_every = %ld: no windows are held out for validation; set split.validation_every",
                   every);
  }
  if ((cfg->steps + every - 1) / every <= DF_LOG_MAX) return DF_OK;
  return df_fail(DF_E_CONFIG,
                 "train.validate_every = %ld measures the validation loss more than %d times; set it to %ld", every,
                 DF_LOG_MAX, (cfg->steps + DF_LOG_MAX - 1) / DF_LOG_MAX);
}

df_status validation_make(trainer* t) {
  if (t->cfg.validate_every == 0) return DF_OK;
  t->window_loss = df_alloc((size_t)t->cfg.validation_windows, sizeof *t->window_loss);
  t->validation = df_alloc(DF_LOG_MAX, sizeof *t->validation);
  t->diverged = df_alloc(DF_LOG_MAX, sizeof *t->diverged);
  t->best = df_alloc(t->n, sizeof *t->best);
  if (!t->window_loss || !t->validation || !t->diverged || !t->best) return DF_E_NOMEM;
  t->memory[t->n_memory++] = (trainer_memory){"validation.loss", DF_F64, DF_LOG_MAX, t->validation, false};
  t->memory[t->n_memory++] = (trainer_memory){"validation.diverged", DF_F64, DF_LOG_MAX, t->diverged, false};
  t->memory[t->n_memory++] =
      (trainer_memory){"validation.best", sizeof(df_real) == 4 ? DF_F32 : DF_F64, t->n, t->best, false};
  return DF_OK;
}

void validation_free(trainer* t) {
  df_free(t->window_loss);
  df_free(t->validation);
  df_free(t->diverged);
  df_free(t->best);
}

df_window trainer_validation_window(const trainer_cfg* cfg, const df_task* task, int k) {
  return task->windows->validation[(long)k * task->windows->n_validation / cfg->validation_windows];
}

/* the number of validation losses after a step */
static int validations(const trainer_cfg* cfg, long step) {
  if (cfg->validate_every == 0) return 0;
  return (int)(step / cfg->validate_every) + (step == cfg->steps && step % cfg->validate_every != 0);
}

static long validation_step(const trainer_cfg* cfg, int i) {
  const long step = (i + 1) * cfg->validate_every;
  return step < cfg->steps ? step : cfg->steps;
}

/* whether validation loss i is better than loss j: fewer windows diverged, which the mean leaves out, or it is lower */
static bool is_better(const trainer* t, int i, int j) {
  if (t->diverged[i] != t->diverged[j]) return t->diverged[i] < t->diverged[j];
  return t->validation[i] < t->validation[j];
}

/* the best of the first n validation losses; -1 if none is finite */
static int best_validation(const trainer* t, int n) {
  int best = -1;
  for (int i = 0; i < n; i++) {
    if (isfinite(t->validation[i]) && (best < 0 || is_better(t, i, best))) best = i;
  }
  return best;
}

void validation_log(const trainer* t, long step, df_training_log* log) {
  log->n_validation = validations(&t->cfg, step);
  log->validation_windows = t->cfg.validate_every ? t->cfg.validation_windows : 0;
  for (int i = 0; i < log->n_validation; i++) {
    log->validation_step[i] = validation_step(&t->cfg, i);
    log->validation_loss[i] = t->validation[i];
    log->validation_diverged[i] = (int)t->diverged[i];
  }
}

df_status validation_measure(trainer* t, long step, void* context, df_training_log* log) {
  const int i = validations(&t->cfg, step) - 1, windows = t->cfg.validation_windows;
  if (i < 0 || validation_step(&t->cfg, i) != step) return DF_OK;

  /* losses of the windows, in parts of the size of a micro-batch */
  const int size = trainer_slice_size(&t->cfg), parts = (windows + size - 1) / size;
  t->failed = -1;
#pragma omp parallel for schedule(dynamic, 1) num_threads(t->threads)
  for (int part = 0; part < parts; part++) {
    const int first = part * size, count = windows - first < size ? windows - first : size;
    t->validate(context, omp_get_thread_num(), first, count, t->average, t->window_loss + first);
  }
  if (t->failed >= 0) {
    return df_fail(DF_E_SIM, "%s: step %ld, validation window %ld: %s", log->name, step, t->failed, t->failure);
  }

  /* the mean of those that did not diverge, NaN if all did */
  double sum = 0;
  int finite = 0;
  for (int k = 0; k < windows; k++) {
    if (isnan(t->window_loss[k])) continue;
    sum += t->window_loss[k];
    finite++;
  }
  t->validation[i] = finite ? sum / finite : NAN;
  t->diverged[i] = windows - finite;
  if (best_validation(t, i + 1) == i) memcpy(t->best, t->average, t->n * sizeof *t->best);
  validation_log(t, step, log);
  return DF_OK;
}

void validation_keep(trainer* t, df_training_log* log) {
  const int best = t->cfg.keep_best ? best_validation(t, log->n_validation) : -1;
  log->kept = best < 0 ? log->steps : log->validation_step[best];
  if (best >= 0) memcpy(t->average, t->best, t->n * sizeof *t->average);
}
