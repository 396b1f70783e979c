#define _XOPEN_SOURCE 700
#include "trainer.h"

#include <math.h>
#include <omp.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/assert.h"
#include "dynaflow/core/clock.h"
#include "dynaflow/core/parts.h"

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
  const ranks_share own = ranks_own(t);
  if (t->ranks && !t->received) t->received = df_alloc(t->n, sizeof *t->received);
  if (t->ranks && !t->received) return DF_E_NOMEM;
  for (int s = own.first; s < own.end; s++) {
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
  df_free(t->received);
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

/* computes the losses of batch k of a step, as far as they are this rank's; the gradients of its micro-batches are
 * added to those of the batches before it */
static void one_batch(trainer* t, long step, int k, trainer_slice_fn slice, void* context) {
  const long batch = step * t->cfg.accumulate + k;
  double* loss = t->loss + (size_t)k * (size_t)t->cfg.batch;
  /* each slice begins where the one before it ends, so that slices are disjoint and cover the batch */
  DF_ASSERT(trainer_slice_begin(&t->cfg, 0) == 0 && trainer_slice_begin(&t->cfg, t->cfg.slices) == t->cfg.batch);
  const ranks_share own = ranks_own(t);
  t->first_sample = (long)k * t->cfg.batch;
#pragma omp parallel for schedule(dynamic, 1) num_threads(t->threads)
  for (int s = own.first; s < own.end; s++) {
    const int first = trainer_slice_begin(&t->cfg, s), count = trainer_slice_begin(&t->cfg, s + 1) - first;
    DF_ASSERT(count >= 1 && count <= trainer_slice_size(&t->cfg) && count <= TRAINER_SLICE_MAX);
    const df_part before = df_part_enter(DF_PART_OPTIMIZER);
    if (k == 0) memset(t->gradient[s], 0, t->n * sizeof **t->gradient);
    df_part_enter(DF_PART_DATA);
    slice(context, omp_get_thread_num(), batch, first, count, t->parameters, t->gradient[s], loss);
    df_part_enter(before);
  }
  t->first_sample = 0;
}

void trainer_note_failure(trainer* t, int sample) {
  /* trainings may run in several threads of the caller, between which critical sections of OpenMP need not hold */
  static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  const long at = t->first_sample + sample;
  pthread_mutex_lock(&lock);
  if (t->failed < 0 || at < t->failed) {
    t->failed = at;
    snprintf(t->failure, sizeof t->failure, "%s", df_error_message());
  }
  pthread_mutex_unlock(&lock);
}

/* DF_E_SIM if a sample of batch k of the step failed, DF_E_NONFINITE if the loss of one is infinite */
static df_status check_failures(const trainer* t, long step, int k, const char* name) {
  const long first = (long)k * t->cfg.batch, end = first + t->cfg.batch;
  if (t->failed >= first && t->failed < end)
    return df_fail(DF_E_SIM, "%s: step %ld, sample %ld: %s", name, step, t->failed, t->failure);
  for (long i = first; i < end; i++) {
    if (isinf(t->loss[i]))
      return df_fail(DF_E_NONFINITE, "%s: step %ld, sample %ld: the loss is infinite", name, step, i);
  }
  return DF_OK;
}

/* what the training took of this rank so far */
static trainer_effort effort_of(const trainer* t, const void* context) {
  trainer_effort out = {.cpu_s = t->earlier_cpu_s + df_clock_cpu() - t->begin_cpu_s};
  if (t->adjoints) out.adjoints = t->adjoints(context);
  return out;
}

/* Computes the part of this rank in a step; then rank 0 has the losses of all, and the sum of all gradients in
 * t->gradient[0]. No batch follows one with a failure. */
static df_status compute_step(trainer* t, long step, trainer_slice_fn slice, void* context) {
  t->failed = -1;
  for (int k = 0; k < t->cfg.accumulate && t->failed < 0; k++) one_batch(t, step, k, slice, context);
  const trainer_effort mine = effort_of(t, context);
  return ranks_combine(t, &mine);
}

/* computes losses and gradient of one step; the gradient, the mean over its batches, is left in t->gradient[0] */
static df_status one_step(trainer* t, long step, trainer_slice_fn slice, void* context, const char* name) {
  const int batches = t->cfg.accumulate;
  DF_TRY(compute_step(t, step, slice, context));
  for (int k = 0; k < batches; k++) DF_TRY(check_failures(t, step, k, name));
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
    if (log->whole_from > 0 && log->step[i] <= log->whole_from) continue;
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

/* saves the training state, with what the other ranks have of it */
static df_status save(const trainer* t, const trainer_progress* at, const df_training_log* log,
                      const df_method_env* env) {
  ranks_order rows = {.task = RANKS_ROWS};
  if (env->state_folder) DF_TRY(ranks_ask(t, &rows));
  return trainer_state_save(t, at, log, env);
}

static df_status run_steps(trainer* t, trainer_progress* at, trainer_slice_fn slice, void* context,
                           const df_method_env* env, df_training_log* log) {
  const long steps = t->cfg.steps, every = trainer_log_every(steps);
  const double cpu_before = log->cpu_s;
  const df_gradient_count adjoints_before = log->adjoints;
  double saved = df_clock_wall();
  while (at->step < steps) {
    /* stop on request, with the state saved */
    if (env->stop && *env->stop) {
      DF_TRY(save(t, at, log, env));
      return df_fail(DF_E_INTERRUPTED, "%s: interrupted at step %ld of %ld", log->name, at->step, steps);
    }

    /* gradient, update and average; a gradient that is not finite is not applied */
    bool changed = false;
    const df_status before = t->before_step ? t->before_step(context, at->step, &changed) : DF_OK;
    if (before == DF_E_INTERRUPTED) DF_TRY(save(t, at, log, env));
    if (before != DF_OK) return before;
    ranks_order order = {.task = changed ? RANKS_CHANGED_STEP : RANKS_STEP, .step = at->step};
    DF_TRY(ranks_ask(t, &order));
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
    const trainer_effort mine = effort_of(t, context);
    log->cpu_s = cpu_before + mine.cpu_s + t->others.cpu_s;
    log->adjoints = adjoints_before;
    df_gradient_count_add(&log->adjoints, mine.adjoints);
    df_gradient_count_add(&log->adjoints, t->others.adjoints);
    report(env, log, steps, point, norm, rate);
    /* no state is saved after the end of an aborted training: the next attempt ends at the same step */
    DF_TRY(check_rise(&t->cfg, log));
    if (df_clock_wall() - saved > env->state_every || at->step == steps) {
      DF_TRY(save(t, at, log, env));
      saved = df_clock_wall();
    }
  }
  return DF_OK;
}

/* DF_E_CONFIG for more ranks than micro-batches */
static df_status prepare(trainer* t, const df_method_env* env) {
  t->ranks = env->ranks && env->ranks->size > 1 ? env->ranks : NULL;
  t->others = (trainer_effort){.cpu_s = 0};
  t->begin_cpu_s = df_clock_cpu();
  if (t->ranks && t->ranks->size > t->cfg.slices) {
    return df_fail(DF_E_CONFIG, "%d ranks, but a batch has %d micro-batches: start at most %d, or raise train.slices",
                   t->ranks->size, t->cfg.slices, t->cfg.slices);
  }
  return make_gradients(t);
}

/* the training at rank 0 */
static df_status lead(trainer* t, df_status status, trainer_slice_fn slice, void* context, const df_method_env* env,
                      df_training_log* log) {
  trainer_progress at = {0};
  if (status == DF_OK) status = trainer_state_load(t, &at, log, env);
  DF_TRY(ranks_begin(t, status));
  /* the saved curve may already end the training */
  DF_TRY(check_rise(&t->cfg, log));
  validation_log(t, at.step, log);
  DF_TRY(run_steps(t, &at, slice, context, env, log));
  if (log->diverged == t->cfg.steps * t->cfg.accumulate * t->cfg.batch) {
    return df_fail(DF_E_NONFINITE, "%s: all %ld training samples diverged; the weights were not trained", log->name,
                   log->diverged);
  }
  validation_keep(t, log);
  return DF_OK;
}

/* the training at another rank */
static df_status follow(trainer* t, df_status status, trainer_slice_fn slice, void* context) {
  ranks_order order = {.task = RANKS_STEP};
  DF_TRY(ranks_begin(t, status));
  while (order.task != RANKS_DONE) {
    DF_TRY(ranks_ask(t, &order));
    if (order.task == RANKS_STEP || order.task == RANKS_CHANGED_STEP)
      DF_TRY(compute_step(t, (long)order.step, slice, context));
  }
  return DF_OK;
}

df_status trainer_run(trainer* t, const char* name, trainer_slice_fn slice, void* context, const df_method_env* env,
                      df_training_log* log) {
  memset(log, 0, sizeof *log);
  snprintf(log->name, sizeof log->name, "%s", name);
  log->parameters = t->n;
  log->residual = log->residual_share = NAN;
  log->whole_from = t->cfg.whole_from;
  df_status status = prepare(t, env);
  status =
      t->ranks && t->ranks->rank > 0 ? follow(t, status, slice, context) : lead(t, status, slice, context, env, log);
  return ranks_end(t, status);
}
