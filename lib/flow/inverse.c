/* inverse.c: inverse dynamics: an MLP from (x[t], x[t+1]) to u[t], trained by the mean squared error of normalised
 * actions, demonstrated or simulated ones (inverse_pool.c).
 *
 * The second state is given as its difference from the first, in units of the root mean square of these differences. A
 * state changes little over one action, so an MLP that had to subtract two nearly equal inputs would be a weaker
 * baseline. */
#include <math.h>
#include <omp.h>
#include <string.h>

#include "checkpoint.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/core/rng.h"
#include "dynaflow/flow/action_map.h"
#include "inverse_internal.h"

/* the name of the network in logs and files, by df_inverse_source */
static const char* const NAMES[] = {"inverse_dynamics", "recovery"};

static df_status make_worker(const df_inverse* m, inverse_worker* w) {
  const size_t n = (size_t)m->slice;
  w->in = df_alloc(n * 2 * (size_t)m->nz, sizeof(df_real));
  w->out = df_alloc(n * (size_t)m->nu, sizeof(df_real));
  w->d_out = df_alloc(n * (size_t)m->nu, sizeof(df_real));
  w->action = df_alloc(n * (size_t)m->nu, sizeof(double));
  if (!w->in || !w->out || !w->d_out || !w->action) return DF_E_NOMEM;
  DF_TRY(df_net_work_new(m->net, m->slice, &w->net));
  if (m->source != DF_INVERSE_SIMULATED) return DF_OK;
  w->u = df_alloc((size_t)m->nu, sizeof(double));
  w->next = df_alloc((size_t)m->nx, sizeof(double));
  if (!w->u || !w->next) return DF_E_NOMEM;
  return df_sim_new(m->env.task->system, 0, &w->sim);
}

/* sets the units of the network's input and output */
static df_status set_units(df_inverse* m) {
  const df_task* task = m->env.task;
  m->change_std = df_alloc((size_t)m->nz, sizeof *m->change_std);
  if (!m->change_std) return DF_E_NOMEM;
  state_change_unit(task, 1, 1, m->change_std);
  if (m->source == DF_INVERSE_DEMONSTRATED) {
    const df_chart_statistics s = df_chart_get_statistics(task->chart);
    m->change_limit = INFINITY;
    m->u_mean = s.action_mean;
    m->u_unit = s.action_std;
    return DF_OK;
  }
  /* an action that is far from the demonstrated ones may change the state by many standard deviations */
  m->change_limit = 8;
  for (int k = 0; k < 2; k++) {
    m->own_map[k] = df_alloc((size_t)m->nu, sizeof(double));
    if (!m->own_map[k]) return DF_E_NOMEM;
  }
  DF_TRY(df_action_map(&task->config, task->system, m->own_map[0], m->own_map[1]));
  m->u_mean = m->own_map[0];
  m->u_unit = m->own_map[1];
  return DF_OK;
}

/* the settings of the training: those of all networks, and section inverse or recover; a recovery has steps of its own,
 * and no demonstrated actions to be validated on */
static trainer_cfg training_of(const df_task* task, df_inverse_source source) {
  const df_config* c = &task->config;
  const bool simulated = source == DF_INVERSE_SIMULATED;
  trainer_cfg training = trainer_settings(task);
  training.steps = simulated ? (long)c->recover_rounds * c->recover_steps : c->inverse_steps;
  training.batch = simulated ? c->recover_batch : c->inverse_batch;
  training.rate = simulated ? c->recover_rate : c->inverse_rate;
  if (simulated) {
    training.accumulate = 1;
    training.warmup = 0;
    training.abort_rise = 0; /* the loss rises at a new round */
    training.validate_every = 0;
    training.keep_best = false;
  }
  return training;
}

static df_status build(df_inverse* m) {
  const df_task* task = m->env.task;
  const df_config* c = &task->config;
  m->nx = task->system->nx;
  m->nu = task->system->nu;
  m->nz = df_chart_size(task->chart);
  if (2 * m->nz > FEATURES_MAX) {
    return df_fail(DF_E_CONFIG, "task %s: %d flow coordinates, at most %d are supported", c->task_name, m->nz,
                   FEATURES_MAX / 2);
  }
  if (m->nu > DF_NDX_MAX) {
    return df_fail(DF_E_CONFIG, "task %s: %d actuators, at most %d are supported", c->task_name, m->nu, DF_NDX_MAX);
  }
  if (m->source == DF_INVERSE_DEMONSTRATED && !task->data->actions) {
    return df_fail(DF_E_CONFIG, "task %s: inverse dynamics needs actions, but the demonstrations contain only states",
                   c->task_name);
  }
  DF_TRY(set_units(m));

  /* network */
  df_net_cfg cfg = df_net_cfg_default();
  cfg.kind = DF_NET_MLP;
  cfg.tokens = 1;
  cfg.in = 2 * m->nz;
  cfg.out = m->nu;
  cfg.cond = 0;
  cfg.flow_time = false;
  cfg.width = m->source == DF_INVERSE_SIMULATED ? c->recover_width : c->inverse_width;
  cfg.depth = m->source == DF_INVERSE_SIMULATED ? c->recover_depth : c->inverse_depth;
  DF_TRY(df_net_new(&cfg, &m->net));

  /* trainer and buffers of the threads */
  const trainer_cfg training = training_of(task, m->source);
  DF_TRY(trainer_new(m->net, &training, m->env.threads, m->env.seed, &m->trainer));
  m->slice = trainer_slice_size(&training);
  m->worker = df_alloc((size_t)m->env.threads, sizeof *m->worker);
  if (!m->worker) return DF_E_NOMEM;
  for (int i = 0; i < m->env.threads; i++) DF_TRY(make_worker(m, &m->worker[i]));
  if (m->source != DF_INVERSE_SIMULATED) return DF_OK;
  m->trainer->before_step = inverse_pool_fill;
  return inverse_pool_new(m);
}

df_status df_inverse_new(const df_method_env* env, df_inverse_source source, df_inverse** out) {
  DF_REQUIRE_OUT(out);
  DF_REQUIRE_POINTER(env);
  DF_REQUIRE(env->task, "df_inverse_new: env.task is NULL");
  DF_REQUIRE(env->threads >= 1, "df_inverse_new: env.threads is %d, must be at least 1", env->threads);
  df_inverse* m = df_alloc(1, sizeof *m);
  if (!m) return DF_E_NOMEM;
  m->env = *env;
  m->source = source;
  const df_status status = build(m);
  if (status != DF_OK) {
    df_inverse_free(m);
    return status;
  }
  *out = m;
  return DF_OK;
}

void df_inverse_free(df_inverse* m) {
  if (!m) return;
  for (int i = 0; m->worker && i < m->env.threads; i++) {
    df_net_work_free(m->worker[i].net);
    df_free(m->worker[i].in);
    df_free(m->worker[i].out);
    df_free(m->worker[i].d_out);
    df_free(m->worker[i].action);
    df_free(m->worker[i].u);
    df_free(m->worker[i].next);
    df_sim_free(m->env.task->system, m->worker[i].sim);
  }
  df_free(m->worker);
  inverse_pool_free(m);
  df_free(m->own_map[0]);
  df_free(m->own_map[1]);
  df_free(m->change_std);
  trainer_free(m->trainer);
  df_net_free(m->net);
  df_free(m);
}

/* writes the inputs and the normalised actions, as clamped by the simulator, of demonstrated transitions */
static void read_demonstrated(const df_inverse* m, inverse_worker* w, int count, const df_window* from) {
  const df_task* task = m->env.task;
  for (int row = 0; row < count; row++) {
    inverse_describe(m, df_dataset_state(task->data, from[row].episode, from[row].start),
                     df_dataset_state(task->data, from[row].episode, from[row].start + 1),
                     w->in + (size_t)row * 2 * (size_t)m->nz);
    const double* u = df_dataset_action(task->data, from[row].episode, from[row].start);
    for (int i = 0; i < m->nu; i++) {
      const double applied = fmin(fmax(u[i], task->system->u_lo[i]), task->system->u_hi[i]);
      w->action[row * m->nu + i] = (applied - m->u_mean[i]) / m->u_unit[i];
    }
  }
}

/* draws demonstrated transitions: a training window and a frame in it */
static void draw_demonstrated(const df_inverse* m, inverse_worker* w, long step, int first, int count) {
  const df_task* task = m->env.task;
  df_window from[TRAINER_SLICE_MAX];
  for (int row = 0; row < count; row++) {
    const uint64_t event = (uint64_t)step * (uint64_t)m->trainer->cfg.batch + (uint64_t)(first + row);
    const uint64_t k =
        df_rng_below(m->env.seed, DF_STREAM_INVERSE_DYNAMICS, event, 0, (uint64_t)task->windows->n_train);
    from[row] = task->windows->train[k];
    from[row].start +=
        (int)df_rng_below(m->env.seed, DF_STREAM_INVERSE_DYNAMICS, event, 1, (uint64_t)task->windows->horizon);
  }
  read_demonstrated(m, w, count, from);
}

/* computes the losses of the transitions in the worker; writes their gradients, times 1/batch, to w->d_out */
static void row_losses(df_inverse* m, inverse_worker* w, int count, const df_real* weights, double* loss) {
  const int batch = m->trainer->cfg.batch, nu = m->nu;
  df_net_forward(m->net, w->net, weights, &(df_net_input){.B = count, .x = w->in}, w->out);
  for (int row = 0; row < count; row++) {
    double sum = 0;
    for (int i = 0; i < nu; i++) {
      const double e = (double)w->out[row * nu + i] - w->action[row * nu + i];
      sum += e * e;
      w->d_out[row * nu + i] = (df_real)(2 * e / nu / batch);
    }
    loss[row] = sum / nu;
  }
}

/* validation windows first .. first+count-1: one transition of each, at a frame that moves through the windows */
static void validate(void* context, int thread, int first, int count, const df_real* weights, double* loss) {
  df_inverse* m = context;
  df_window from[TRAINER_SLICE_MAX];
  for (int row = 0; row < count; row++) {
    from[row] = trainer_validation_window(&m->trainer->cfg, m->env.task, first + row);
    from[row].start += (first + row) % m->env.task->windows->horizon;
  }
  read_demonstrated(m, &m->worker[thread], count, from);
  row_losses(m, &m->worker[thread], count, weights, loss);
}

/* the trainer_slice_fn: loss and gradient of one micro-batch */
static void slice(void* context, int thread, long step, int first, int count, const df_real* parameters,
                  df_real* gradient, double* loss) {
  df_inverse* m = context;
  inverse_worker* w = &m->worker[thread];
  if (m->source == DF_INVERSE_SIMULATED) {
    inverse_pool_draw(m, w, step, first, count);
  } else {
    draw_demonstrated(m, w, step, first, count);
  }
  row_losses(m, w, count, parameters, loss + first);
  df_net_backward(m->net, w->net, parameters, w->d_out, gradient, NULL);
}

df_status df_inverse_train(df_inverse* m, df_training_log* log) {
  DF_REQUIRE(m, "%s: inverse is NULL", __func__);
  DF_REQUIRE_POINTER(log);
  m->trainer->validate = validate;
  return trainer_run(m->trainer, NAMES[m->source], slice, m, &m->env, log);
}

/* computes the actions of one chunk of the B*H transitions; chunks do not depend on the number of threads */
static void actions_chunk(df_inverse* m, int chunk, int total, int H, const double* x, double* u) {
  inverse_worker* w = &m->worker[omp_get_thread_num()];
  const int first = chunk * m->slice, count = total - first < m->slice ? total - first : m->slice;
  for (int row = 0; row < count; row++) {
    const int b = (first + row) / H, t = (first + row) % H;
    const double* at = x + ((size_t)b * (size_t)(H + 1) + (size_t)t) * (size_t)m->nx;
    inverse_describe(m, at, at + m->nx, w->in + (size_t)row * 2 * (size_t)m->nz);
  }
  inverse_forward(m, w, count);
  for (int row = 0; row < count; row++) inverse_action(m, w, row, u + (size_t)(first + row) * (size_t)m->nu);
}

df_status df_inverse_actions(df_inverse* m, int B, int H, const double* x, double* u) {
  DF_REQUIRE(m, "%s: inverse is NULL", __func__);
  DF_REQUIRE_POINTER(x);
  DF_REQUIRE_POINTER(u);
  DF_REQUIRE(B >= 1 && H >= 1, "df_inverse_actions: B is %d and H is %d; both must be at least 1", B, H);
  const int total = B * H, chunks = (total + m->slice - 1) / m->slice;
#pragma omp parallel for schedule(dynamic, 1) num_threads(m->env.threads)
  for (int chunk = 0; chunk < chunks; chunk++) actions_chunk(m, chunk, total, H, x, u);
  return DF_OK;
}

static checkpoint_identity identity(const df_inverse* m) {
  return (checkpoint_identity){.kind = NAMES[m->source],
                               .task = m->env.task,
                               .seed = m->env.seed,
                               .extra_name = "inverse.change_std",
                               .n_extra = (size_t)m->nz,
                               .extra = m->change_std};
}

df_status df_inverse_save(const df_inverse* m, const char* path) {
  DF_REQUIRE(m, "%s: inverse is NULL", __func__);
  DF_REQUIRE_POINTER(path);
  const checkpoint_identity id = identity(m);
  return checkpoint_save(path, &id, m->net, m->trainer->average);
}

df_status df_inverse_load(df_inverse* m, const char* path) {
  DF_REQUIRE(m, "%s: inverse is NULL", __func__);
  DF_REQUIRE_POINTER(path);
  const checkpoint_identity id = identity(m);
  return checkpoint_load(path, &id, m->net, m->trainer->average);
}
