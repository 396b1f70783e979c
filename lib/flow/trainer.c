#define _XOPEN_SOURCE 700
#include "trainer.h"

#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/assert.h"
#include "dynaflow/core/clock.h"
#include "dynaflow/core/parts.h"

/* the first sample of micro-batch s */
static int slice_begin(const trainer_cfg* cfg, int s) {
  return (int)((long)s * cfg->batch / cfg->slices);
}

trainer_cfg trainer_settings(const df_task* task) {
  const df_config* c = &task->config;
  const int windows = task->windows->n_validation;
  return (trainer_cfg){.slices = c->train_slices,
                       .accumulate = c->train_accumulate,
                       .decay_from = c->train_decay_from,
                       .weight_decay = c->train_weight_decay,
                       .clip = c->train_clip,
                       .ema = c->train_ema,
                       .schedule = strcmp(c->train_schedule, "cosine") == 0     ? TRAINER_COSINE
                                   : strcmp(c->train_schedule, "constant") == 0 ? TRAINER_CONSTANT
                                                                                : TRAINER_LINEAR,
                       .warmup = c->train_warmup,
                       .abort_rise = c->train_abort_rise,
                       .abort_points = c->train_abort_points,
                       .validate_every = c->train_validate_every,
                       .validation_windows = c->train_validate_windows < windows ? c->train_validate_windows : windows,
                       .keep_best = strcmp(c->train_keep, "best_validation") == 0};
}

static df_status build(trainer* t, uint64_t seed) {
  const df_adamw_cfg adamw = {.beta1 = df_adamw_cfg_default().beta1,
                              .beta2 = df_adamw_cfg_default().beta2,
                              .epsilon = df_adamw_cfg_default().epsilon,
                              .weight_decay = t->cfg.weight_decay,
                              .clip = t->cfg.clip,
                              .extra = t->cfg.extra};
  t->parameters = df_alloc(t->n, sizeof *t->parameters);
  t->average = df_alloc(t->n, sizeof *t->average);
  t->loss = df_alloc((size_t)t->cfg.accumulate * (size_t)t->cfg.batch, sizeof *t->loss);
  t->gradient = df_alloc((size_t)t->cfg.slices, sizeof *t->gradient);
  if (!t->parameters || !t->average || !t->loss || !t->gradient) return DF_E_NOMEM;
  DF_TRY(validation_make(t));
  DF_TRY(df_adamw_new(t->net, &adamw, &t->optimizer));
  df_net_init(t->net, seed, t->parameters);
  memcpy(t->average, t->parameters, t->n * sizeof *t->average);
  return DF_OK;
}

/* Allocates the gradients when training begins: they are most of the memory of a trainer, and a method that only
 * samples has none. */
static df_status make_gradients(trainer* t) {
  for (int s = 0; s < t->cfg.slices; s++) {
    if (!t->gradient[s]) t->gradient[s] = df_alloc(t->n, sizeof **t->gradient);
    if (!t->gradient[s]) return DF_E_NOMEM;
  }
  return DF_OK;
}

df_status trainer_new(const df_net* net, const trainer_cfg* cfg, int threads, uint64_t seed, trainer** out) {
  *out = NULL;
  if (cfg->slices > cfg->batch) {
    return df_fail(DF_E_CONFIG, "train.slices = %d exceeds the batch size %d", cfg->slices, cfg->batch);
  }
  if (trainer_slice_size(cfg) > TRAINER_SLICE_MAX) {
    return df_fail(DF_E_CONFIG, "train.slices = %d gives micro-batches of %d samples, at most %d", cfg->slices,
                   trainer_slice_size(cfg), TRAINER_SLICE_MAX);
  }
  if (cfg->warmup > 0 && cfg->warmup >= cfg->steps) {
    return df_fail(DF_E_CONFIG, "train.warmup = %ld must be less than the %ld steps of the training", cfg->warmup,
                   cfg->steps);
  }
  if (cfg->abort_rise > 0 && cfg->abort_rise < 1) {
    return df_fail(DF_E_CONFIG, "train.abort_rise = %g must be 0 or at least 1: no loss is below its lowest point",
                   cfg->abort_rise);
  }
  DF_TRY(validation_check(cfg));
  trainer* t = df_alloc(1, sizeof *t);
  if (!t) return DF_E_NOMEM;
  t->net = net;
  t->cfg = *cfg;
  if (t->cfg.accumulate < 1) t->cfg.accumulate = 1;
  t->threads = threads;
  t->n = df_net_parameters(net) + cfg->extra;
  const df_status status = build(t, seed);
  if (status != DF_OK) {
    trainer_free(t);
    return status;
  }
  *out = t;
  return DF_OK;
}

void trainer_free(trainer* t) {
  if (!t) return;
  if (t->gradient) {
    for (int s = 0; s < t->cfg.slices; s++) df_free(t->gradient[s]);
  }
  df_free(t->gradient);
  df_free(t->parameters);
  df_free(t->average);
  df_free(t->loss);
  validation_free(t);
  df_adamw_free(t->optimizer);
  df_free(t);
}

double trainer_rate(const trainer_cfg* cfg, long step) {
  if (step < cfg->warmup) return cfg->rate * (double)(step + 1) / (double)cfg->warmup;
  const double done = (double)(step - cfg->warmup) / (double)(cfg->steps - cfg->warmup);
  if (cfg->schedule == TRAINER_CONSTANT || done <= cfg->decay_from || cfg->decay_from >= 1) return cfg->rate;
  if (cfg->schedule == TRAINER_LINEAR) return cfg->rate * (1 - done) / (1 - cfg->decay_from);
  return cfg->rate * 0.5 * (1 + cos(M_PI * (done - cfg->decay_from) / (1 - cfg->decay_from)));
}

/* the decay of the averaged weights at a step: smaller at first, so that the initial weights are forgotten */
static double ema_at(const trainer_cfg* cfg, long step) {
  const double warm = (double)(1 + step) / (double)(10 + step);
  return warm < cfg->ema ? warm : cfg->ema;
}

/* computes the losses of batch k of a step; the gradients of its micro-batches are added to those of the batches before
 * it */
static void one_batch(trainer* t, long step, int k, trainer_slice_fn slice, void* context) {
  const long batch = step * t->cfg.accumulate + k;
  double* loss = t->loss + (size_t)k * (size_t)t->cfg.batch;
  /* each slice begins where the one before it ends, so that slices are disjoint and cover the batch */
  DF_ASSERT(slice_begin(&t->cfg, 0) == 0 && slice_begin(&t->cfg, t->cfg.slices) == t->cfg.batch);
  t->failed = -1;
#pragma omp parallel for schedule(dynamic, 1) num_threads(t->threads)
  for (int s = 0; s < t->cfg.slices; s++) {
    const int first = slice_begin(&t->cfg, s), count = slice_begin(&t->cfg, s + 1) - first;
    DF_ASSERT(count >= 1 && count <= trainer_slice_size(&t->cfg) && count <= TRAINER_SLICE_MAX);
    const df_part before = df_part_enter(DF_PART_OPTIMIZER);
    if (k == 0) memset(t->gradient[s], 0, t->n * sizeof **t->gradient);
    df_part_enter(DF_PART_DATA);
    slice(context, omp_get_thread_num(), batch, first, count, t->parameters, t->gradient[s], loss);
    df_part_enter(before);
  }
}

void trainer_note_failure(trainer* t, int sample) {
#pragma omp critical(trainer_failure)
  if (t->failed < 0 || sample < t->failed) {
    t->failed = sample;
    snprintf(t->failure, sizeof t->failure, "%s", df_error_message());
  }
}

/* DF_E_SIM if a sample of batch k of the step failed, DF_E_NONFINITE if the loss of one is infinite */
static df_status check_failures(const trainer* t, long step, int k, const char* name) {
  const long first = (long)k * t->cfg.batch;
  if (t->failed >= 0)
    return df_fail(DF_E_SIM, "%s: step %ld, sample %ld: %s", name, step, first + t->failed, t->failure);
  for (long i = first; i < first + t->cfg.batch; i++) {
    if (isinf(t->loss[i]))
      return df_fail(DF_E_NONFINITE, "%s: step %ld, sample %ld: the loss is infinite", name, step, i);
  }
  return DF_OK;
}

/* computes losses and gradient of one step; the gradient, the mean over its batches, is left in t->gradient[0] */
static df_status one_step(trainer* t, long step, trainer_slice_fn slice, void* context, const char* name) {
  const int batches = t->cfg.accumulate;
  for (int k = 0; k < batches; k++) {
    one_batch(t, step, k, slice, context);
    DF_TRY(check_failures(t, step, k, name));
  }
  df_slices_sum(t->cfg.slices, t->n, t->gradient, t->threads, t->gradient[0]);
  for (size_t i = 0; batches > 1 && i < t->n; i++) t->gradient[0][i] /= (df_real)batches;
  return DF_OK;
}

/* the mean loss of the samples that did not diverge; counts the others in the log */
static double mean_loss(const trainer* t, df_training_log* log) {
  double sum = 0;
  const long samples = (long)t->cfg.accumulate * t->cfg.batch;
  long n = 0;
  for (long i = 0; i < samples; i++) {
    if (isnan(t->loss[i])) {
      log->diverged++;
    } else {
      sum += t->loss[i];
      n++;
    }
  }
  return n ? sum / (double)n : NAN;
}

/* adds the loss of a step to the log, which gets one point every `every` steps; returns whether it got one */
static bool note(trainer_progress* at, long every, long steps, double loss, df_training_log* log) {
  if (!isnan(loss)) {
    at->sum += loss;
    at->summed++;
  }
  if (at->step % every != 0 && at->step != steps) return false;
  log->step[log->n] = at->step;
  log->loss[log->n++] = at->sum / (double)at->summed;
  at->sum = 0;
  at->summed = 0;
  return true;
}

/* DF_E_NONFINITE if the training is to be aborted: the last abort_points points of the loss curve are all not finite or
 * above abort_rise times the lowest one */
static df_status check_rise(const trainer_cfg* cfg, const df_training_log* log) {
  if (cfg->abort_rise <= 0) return DF_OK;
  int best = -1, bad = 0;
  for (int i = 0; i < log->n; i++) {
    if (isfinite(log->loss[i]) && (best < 0 || log->loss[i] < log->loss[best])) best = i;
    const bool fine = best >= 0 && log->loss[i] <= cfg->abort_rise * log->loss[best];
    bad = fine ? 0 : bad + 1;
  }
  if (bad < cfg->abort_points) return DF_OK;
  if (best < 0) {
    return df_fail(DF_E_NONFINITE,
                   "%s: aborted at step %ld: none of the %d points of the loss curve is finite (train.abort_points)",
                   log->name, log->steps, log->n);
  }
  return df_fail(DF_E_NONFINITE,
                 "%s: aborted at step %ld: the last %d points of the loss curve are not finite or above %g times the "
                 "lowest one, %.4g at step %ld; the last is %.4g (train.abort_rise, train.abort_points)",
                 log->name, log->steps, bad, cfg->abort_rise, log->loss[best], log->step[best], log->loss[log->n - 1]);
}

static void report(const df_method_env* env, const df_training_log* log, long steps, bool point, double norm,
                   double rate) {
  if (!env->progress) return;
  const int n = log->n, validated = log->n_validation;
  const df_progress now = {.network = log->name,
                           .step = log->steps,
                           .steps = steps,
                           .point = point,
                           .loss = n ? log->loss[n - 1] : NAN,
                           .validation_loss = validated ? log->validation_loss[validated - 1] : NAN,
                           .validation_diverged = validated ? log->validation_diverged[validated - 1] : 0,
                           .validation_windows = log->validation_windows,
                           .validated = validated && log->validation_step[validated - 1] == log->steps,
                           .gradient_norm = norm,
                           .rate = rate,
                           .cpu_s = log->cpu_s};
  env->progress(env->progress_context, &now);
}

static df_status run_steps(trainer* t, trainer_progress* at, trainer_slice_fn slice, void* context,
                           const df_method_env* env, df_training_log* log) {
  const long steps = t->cfg.steps, every = trainer_log_every(steps);
  const double cpu_before = log->cpu_s + t->earlier_cpu_s, cpu_begin = df_clock_cpu();
  const df_gradient_count adjoints_before = log->adjoints;
  double saved = df_clock_wall();
  while (at->step < steps) {
    /* stop on request, with the state saved */
    if (env->stop && *env->stop) {
      DF_TRY(trainer_state_save(t, at, log, env));
      return df_fail(DF_E_INTERRUPTED, "%s: interrupted at step %ld of %ld", log->name, at->step, steps);
    }

    /* gradient, update and average; a gradient that is not finite is not applied */
    const df_status before = t->before_step ? t->before_step(context, at->step) : DF_OK;
    if (before == DF_E_INTERRUPTED) DF_TRY(trainer_state_save(t, at, log, env));
    if (before != DF_OK) return before;
    DF_TRY(one_step(t, at->step, slice, context, log->name));
    const double loss = mean_loss(t, log);
    const double rate = trainer_rate(&t->cfg, at->step);
    const df_update update = {.rate = rate,
                              .ema = ema_at(&t->cfg, at->step),
                              .threads = t->threads,
                              .parameters = t->parameters,
                              .average = t->average};
    const double norm = df_adamw_update(t->optimizer, &update, t->gradient[0]);
    if (!isfinite(norm)) log->skipped++;

    /* log, progress and saved state */
    at->step++;
    const bool point = note(at, every, steps, loss, log);
    log->steps = at->step;
    DF_TRY(validation_measure(t, at->step, context, log));
    log->cpu_s = cpu_before + df_clock_cpu() - cpu_begin;
    log->adjoints = adjoints_before;
    if (t->adjoints) df_gradient_count_add(&log->adjoints, t->adjoints(context));
    report(env, log, steps, point, norm, rate);
    if (df_clock_wall() - saved > env->state_every || at->step == steps) {
      DF_TRY(trainer_state_save(t, at, log, env));
      saved = df_clock_wall();
    }
    DF_TRY(check_rise(&t->cfg, log));
  }
  return DF_OK;
}

df_status trainer_run(trainer* t, const char* name, trainer_slice_fn slice, void* context, const df_method_env* env,
                      df_training_log* log) {
  memset(log, 0, sizeof *log);
  snprintf(log->name, sizeof log->name, "%s", name);
  log->parameters = t->n;
  log->residual = log->residual_share = NAN;
  trainer_progress at = {0};
  DF_TRY(make_gradients(t));
  DF_TRY(trainer_state_load(t, &at, log, env));
  validation_log(t, at.step, log);
  DF_TRY(run_steps(t, &at, slice, context, env, log));
  if (log->diverged == t->cfg.steps * t->cfg.accumulate * t->cfg.batch) {
    return df_fail(DF_E_NONFINITE, "%s: all %ld training samples diverged; the weights were not trained", name,
                   log->diverged);
  }
  validation_keep(t, log);
  return DF_OK;
}
