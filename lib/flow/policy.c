/* policy.c: construction, training and files of a policy. */
#include "dynaflow/flow/policy.h"

#include <stdio.h>
#include <string.h>

#include "checkpoint.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/core/clock.h"
#include "dynaflow/flow/action_map.h"
#include "flow_internal.h"
#include "policy_internal.h"

/* the names of the networks in logs and files, by df_policy_kind, and that of the dynamics */
static const char* const NAMES[] = {"bc", "act_chunk", "dap"};
static const char DYNAMICS[] = "dap_dynamics";

/* ---- construction ---- */

static int at_most(int a, int b) {
  return a < b ? a : b;
}

static void set_dimensions(df_policy* m) {
  const df_task* task = m->env.task;
  const df_config* c = &task->config;
  m->H = task->windows->horizon;
  m->nx = task->system->nx;
  m->nu = task->system->nu;
  m->nz = df_chart_size(task->chart);
  m->nc = task->data->nc;
  m->flow = m->kind == DF_POLICY_DAP;
  m->chunk = m->kind == DF_POLICY_BC ? 1 : at_most(m->flow ? c->dap_chunk : c->act_chunk_length, m->H);
  m->execute = m->flow ? at_most(c->dap_execute, m->chunk) : 1;
  m->cond = m->nz + m->nc + (m->flow ? m->nz + 1 : 0);
  m->feedback = !m->flow || strcmp(c->dap_feedback, "none") == 0 ? FEEDBACK_NONE
                : strcmp(c->dap_feedback, "once") == 0           ? FEEDBACK_ONCE
                                                                 : FEEDBACK_MUTUAL;
}

/* the policy's network and trainer */
static df_status make_policy(df_policy* m) {
  const df_task* task = m->env.task;
  const df_config* c = &task->config;
  df_net_cfg cfg = df_net_cfg_default();
  if (m->kind == DF_POLICY_BC) {
    cfg.kind = DF_NET_MLP;
    cfg.width = c->bc_width;
    cfg.depth = c->bc_depth;
  } else {
    DF_TRY(task_network(task, &cfg));
  }
  cfg.tokens = m->chunk;
  cfg.in = cfg.out = m->nu;
  cfg.cond = m->cond;
  cfg.flow_time = m->flow;
  DF_TRY(df_net_new(&cfg, &m->net));
  trainer_cfg training = trainer_settings(task);
  training.steps = c->train_steps;
  training.batch = c->train_batch;
  training.rate = c->train_rate;
  DF_TRY(trainer_new(m->net, &training, m->env.threads, m->env.seed, &m->trainer));
  m->trainer->validate = policy_validate;
  m->slice = trainer_slice_size(&training);
  return DF_OK;
}

/* the dynamics' network and trainer: no warm-up and no validation, which are those of the policy */
static df_status make_dynamics(df_policy* m) {
  const df_config* c = &m->env.task->config;
  df_net_cfg cfg = df_net_cfg_default();
  cfg.kind = DF_NET_MLP;
  cfg.width = c->dap_width;
  cfg.depth = c->dap_depth;
  cfg.tokens = 1;
  cfg.in = cfg.out = m->nz;
  cfg.cond = m->nz + m->execute * m->nu;
  DF_TRY(df_net_new(&cfg, &m->dynamics_net));
  trainer_cfg training = trainer_settings(m->env.task);
  training.steps = c->dap_steps;
  training.batch = c->dap_batch;
  training.rate = c->dap_rate;
  training.accumulate = 1;
  training.warmup = 0;
  training.validate_every = 0;
  training.keep_best = false;
  DF_TRY(trainer_new(m->dynamics_net, &training, m->env.threads, m->env.seed, &m->dynamics));
  if (trainer_slice_size(&training) > m->slice) m->slice = trainer_slice_size(&training);
  return DF_OK;
}

static df_status make_worker(const df_policy* m, policy_worker* w) {
  const size_t n = (size_t)m->slice, nu = (size_t)m->nu, nz = (size_t)m->nz;
  const size_t chunk = (size_t)m->chunk * nu, told = nz + (size_t)m->execute * nu;
  /* base samples of all chunks of a window, or of one sample of a training */
  const size_t noise = (size_t)((m->H + m->execute - 1) / m->execute) * (chunk + nz) + told;

  /* the policy */
  w->a_t = df_alloc(n * chunk, sizeof(df_real));
  w->out = df_alloc(n * chunk, sizeof(df_real));
  w->d_out = df_alloc(n * chunk, sizeof(df_real));
  w->cond = df_alloc(n * (size_t)m->cond, sizeof(df_real));
  w->t = df_alloc(n, sizeof(df_real));
  w->action = df_alloc(n * chunk, sizeof(double));
  w->a = df_alloc(chunk, sizeof(double));
  w->a_hat = df_alloc(chunk, sizeof(double));
  w->plan = df_alloc((size_t)m->H * chunk, sizeof(double));
  w->noise = df_alloc(noise, sizeof(double));
  if (!w->a_t || !w->out || !w->d_out || !w->cond || !w->t || !w->action || !w->a || !w->a_hat || !w->plan ||
      !w->noise) {
    return DF_E_NOMEM;
  }

  /* the change of state */
  w->y_t = df_alloc(n * nz, sizeof(df_real));
  w->y_out = df_alloc(n * nz, sizeof(df_real));
  w->y_d_out = df_alloc(n * nz, sizeof(df_real));
  w->y_cond = df_alloc(n * told, sizeof(df_real));
  w->y_hat = df_alloc(nz, sizeof(df_real));
  w->change = df_alloc(n * nz, sizeof(double));
  w->y = df_alloc(nz, sizeof(double));
  if (!w->y_t || !w->y_out || !w->y_d_out || !w->y_cond || !w->y_hat || !w->change || !w->y) return DF_E_NOMEM;

  /* activations and simulator */
  DF_TRY(df_net_work_new(m->net, m->slice, &w->policy));
  if (m->dynamics) DF_TRY(df_net_work_new(m->dynamics_net, m->slice, &w->dynamics));
  return df_sim_new(m->env.task->system, 0, &w->sim);
}

static void free_worker(const df_policy* m, policy_worker* w) {
  df_free(w->a_t);
  df_free(w->out);
  df_free(w->d_out);
  df_free(w->cond);
  df_free(w->t);
  df_free(w->action);
  df_free(w->a);
  df_free(w->a_hat);
  df_free(w->plan);
  df_free(w->noise);
  df_free(w->y_t);
  df_free(w->y_out);
  df_free(w->y_d_out);
  df_free(w->y_cond);
  df_free(w->y_hat);
  df_free(w->change);
  df_free(w->y);
  df_net_work_free(w->policy);
  df_net_work_free(w->dynamics);
  df_sim_free(m->env.task->system, w->sim);
}

/* DF_E_CONFIG for a task of which a policy cannot be made */
static df_status check_task(const df_policy* m) {
  const df_task* task = m->env.task;
  if (m->kind == DF_POLICY_DAP) DF_TRY(variant_check_times_only(&task->config, NAMES[m->kind]));
  if (m->nz > STATE_CHANGE_MAX) {
    return df_fail(DF_E_CONFIG, "task %s: %d chart coordinates, at most %d are supported", task->config.task_name,
                   m->nz, STATE_CHANGE_MAX);
  }
  if (task->data->actions) return DF_OK;
  return df_fail(DF_E_CONFIG, "task %s: method %s needs actions, but the demonstrations contain only states",
                 task->config.task_name, NAMES[m->kind]);
}

/* the unit of the actions that the dynamics is told */
static df_status set_action_unit(df_policy* m) {
  m->u_center = df_alloc((size_t)m->nu, sizeof(double));
  m->u_half = df_alloc((size_t)m->nu, sizeof(double));
  if (!m->u_center || !m->u_half) return DF_E_NOMEM;
  DF_TRY(df_action_map(&m->env.task->config, m->env.task->system, m->u_center, m->u_half));
  for (int i = 0; i < m->nu; i++) {
    if (m->u_half[i] == 0) m->u_half[i] = 1;
  }
  return DF_OK;
}

static df_status build(df_policy* m) {
  const df_task* task = m->env.task;
  set_dimensions(m);
  DF_TRY(check_task(m));
  const df_chart_statistics s = df_chart_get_statistics(task->chart);
  m->u_mean = s.action_mean;
  m->u_std = s.action_std;
  if (m->kind == DF_POLICY_DAP) {
    m->change_unit = df_alloc((size_t)m->nz, sizeof *m->change_unit);
    m->dynamics_unit = df_alloc((size_t)m->nz, sizeof *m->dynamics_unit);
    if (!m->change_unit || !m->dynamics_unit) return DF_E_NOMEM;
    state_change_unit(task, m->execute, m->H - m->execute + 1, m->change_unit);
    memcpy(m->dynamics_unit, m->change_unit, (size_t)m->nz * sizeof *m->dynamics_unit);
  }
  DF_TRY(make_policy(m));
  if (m->feedback != FEEDBACK_NONE) DF_TRY(make_dynamics(m));
  if (m->feedback != FEEDBACK_NONE) DF_TRY(set_action_unit(m));
  m->worker = df_alloc((size_t)m->env.threads, sizeof *m->worker);
  if (!m->worker) return DF_E_NOMEM;
  for (int i = 0; i < m->env.threads; i++) DF_TRY(make_worker(m, &m->worker[i]));
  return DF_OK;
}

df_status df_policy_new(const df_method_env* env, df_policy_kind kind, df_policy** out) {
  DF_REQUIRE_OUT(out);
  DF_REQUIRE_POINTER(env);
  DF_REQUIRE(env->task, "df_policy_new: env.task is NULL");
  DF_REQUIRE(env->threads >= 1, "df_policy_new: env.threads is %d, must be at least 1", env->threads);
  df_policy* m = df_alloc(1, sizeof *m);
  if (!m) return DF_E_NOMEM;
  m->env = *env;
  m->kind = kind;
  const df_status status = build(m);
  if (status != DF_OK) {
    df_policy_free(m);
    return status;
  }
  *out = m;
  return DF_OK;
}

void df_policy_free(df_policy* m) {
  if (!m) return;
  for (int i = 0; m->worker && i < m->env.threads; i++) free_worker(m, &m->worker[i]);
  df_free(m->worker);
  policy_random_clear(&m->random);
  trainer_free(m->trainer);
  trainer_free(m->dynamics);
  df_net_free(m->net);
  df_net_free(m->dynamics_net);
  df_free(m->change_unit);
  df_free(m->dynamics_unit);
  df_free(m->u_center);
  df_free(m->u_half);
  df_free(m);
}

/* ---- training ---- */

/* simulates the random data, whose CPU time is a part of the training, and trains the dynamics */
static df_status train_dynamics(df_policy* m, df_training_log* log) {
  const double begin = df_clock_cpu();
  policy_random_clear(&m->random);
  const df_status made = policy_random_make(m, m->env.task->config.dap_random_episodes, false, &m->random);
  DF_TRY(df_ranks_agree(m->env.ranks, made));
  policy_set_unit(m);
  m->dynamics->earlier_cpu_s = df_clock_cpu() - begin;
  const df_status status = trainer_run(m->dynamics, DYNAMICS, policy_dynamics_slice, m, &m->env, log);
  policy_random_clear(&m->random);
  return status;
}

df_status df_policy_train(df_policy* m, df_training_log* logs, int* n_logs) {
  DF_REQUIRE(m, "%s: policy is NULL", __func__);
  DF_REQUIRE_POINTER(logs);
  DF_REQUIRE_POINTER(n_logs);
  *n_logs = m->dynamics ? 2 : 1;
  if (m->dynamics) DF_TRY(train_dynamics(m, &logs[1]));
  return trainer_run(m->trainer, NAMES[m->kind], policy_train_slice, m, &m->env, &logs[0]);
}

/* ---- files ---- */

/* a network and, of DAP, the unit of changes that it was trained with */
static checkpoint_identity identity(const df_policy* m, const char* kind, const char* unit_name, df_real* unit) {
  return (checkpoint_identity){.kind = kind,
                               .task = m->env.task,
                               .seed = m->env.seed,
                               .extra_name = unit ? unit_name : NULL,
                               .n_extra = (size_t)m->nz,
                               .extra = unit};
}

static checkpoint_identity policy_identity(const df_policy* m) {
  return identity(m, NAMES[m->kind], "dap.change_unit", m->change_unit);
}

static checkpoint_identity dynamics_identity(const df_policy* m) {
  return identity(m, DYNAMICS, "dap.dynamics_unit", m->dynamics_unit);
}

/* the file of the dynamics */
static df_status dynamics_path(const char* path, char* out, size_t n) {
  if ((size_t)snprintf(out, n, "%s.dynamics", path) >= n) return df_fail(DF_E_ARG, "%s: path too long", path);
  return DF_OK;
}

df_status df_policy_save(const df_policy* m, const char* path) {
  DF_REQUIRE(m, "%s: policy is NULL", __func__);
  DF_REQUIRE_POINTER(path);
  if (m->dynamics) {
    char second[4096];
    DF_TRY(dynamics_path(path, second, sizeof second));
    const checkpoint_identity dynamics = dynamics_identity(m);
    DF_TRY(checkpoint_save(second, &dynamics, m->dynamics_net, m->dynamics->average));
  }
  const checkpoint_identity id = policy_identity(m);
  return checkpoint_save(path, &id, m->net, m->trainer->average);
}

df_status df_policy_load(df_policy* m, const char* path) {
  DF_REQUIRE(m, "%s: policy is NULL", __func__);
  DF_REQUIRE_POINTER(path);
  const checkpoint_identity id = policy_identity(m);
  DF_TRY(checkpoint_load(path, &id, m->net, m->trainer->average));
  if (!m->dynamics) return DF_OK;
  char second[4096];
  DF_TRY(dynamics_path(path, second, sizeof second));
  const checkpoint_identity dynamics = dynamics_identity(m);
  return checkpoint_load(second, &dynamics, m->dynamics_net, m->dynamics->average);
}
