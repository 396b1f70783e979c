/* flow.c: construction of a flow: dimensions, action map, network, buffers of the threads. */
#include "dynaflow/flow/flow.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "checkpoint.h"
#include "diffusion.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/flow/action_map.h"
#include "flow_internal.h"
#include "recovered.h"

/* Compares the actions that the network can ask for with what the model admits. DF_E_CONFIG if all of an actuator's are
 * clamped to one value; a notice if most are, because a clamped action has no gradient. */
static df_status check_action_map(const df_flow* flow) {
  static const double LEAST_SHARE = 0.25;
  const df_system* system = flow->env.task->system;
  const char* name = flow_config(flow)->task_name;
  int few = -1;
  for (int i = 0; i < flow->nu; i++) {
    const double low = flow->u_center[i] - flow->u_half[i], high = flow->u_center[i] + flow->u_half[i];
    if (low >= system->u_hi[i] || high <= system->u_lo[i]) {
      return df_fail(DF_E_CONFIG,
                     "task %s: action.center and action.half_range give actuator %d actions in %g..%g, but its "
                     "ctrlrange is %g..%g",
                     name, i, low, high, system->u_lo[i], system->u_hi[i]);
    }
    const double inside = fmin(high, system->u_hi[i]) - fmax(low, system->u_lo[i]);
    if (few < 0 && inside < LEAST_SHARE * (high - low)) few = i;
  }
  if (few < 0 || !flow->env.notice) return DF_OK;
  char notice[512];
  snprintf(notice, sizeof notice,
           "task %s: action.center = %g and action.half_range = %g give actuator %d actions of which more than three "
           "quarters are clamped to its ctrlrange %g..%g, and a clamped action has no gradient",
           name, flow->u_center[few], flow->u_half[few], few, system->u_lo[few], system->u_hi[few]);
  flow->env.notice(flow->env.progress_context, notice);
  return DF_OK;
}

/* makes the network and its trainer */
static df_status make_network(df_flow* flow) {
  /* network */
  const df_config* c = flow_config(flow);
  df_net_cfg cfg;
  DF_TRY(task_network(flow->env.task, &cfg));
  cfg.tokens = flow->H;
  cfg.in = flow->in;
  cfg.out = flow->out;
  cfg.cond = flow->cond;
  cfg.flow_time = true;
  DF_TRY(df_net_new(&cfg, &flow->net));

  /* trainer; TRACKING trains the gain K as extra parameters */
  trainer_cfg training = trainer_settings(flow->env.task);
  training.steps = c->train_steps;
  training.batch = c->train_batch;
  training.rate = c->train_rate;
  training.extra = flow->decoder == DF_DECODE_TRACKING ? (size_t)flow->nu * (size_t)flow->nz : 0;
  DF_TRY(trainer_new(flow->net, &training, flow->env.threads, flow->env.seed, &flow->trainer));
  flow->slice = trainer_slice_size(&training);
  return DF_OK;
}

/* limits the tape of a simulator to train.tape_mib */
static df_status bound_tape(const df_flow* flow, df_sim* sim) {
  const double mib = flow_config(flow)->train_tape_mib;
  char why[256];
  if (df_sim_bound_tape(flow->env.task->system, sim, (size_t)ceil(mib * 1048576)) == DF_OK) return DF_OK;
  snprintf(why, sizeof why, "%s", df_error_message());
  return df_fail(DF_E_CONFIG, "task %s: train.tape_mib = %g: %s", flow_config(flow)->task_name, mib, why);
}

/* allocates what only some variants need */
static df_status make_variant_buffers(const df_flow* flow, flow_worker* w) {
  const flow_variant v = variant_of(flow_config(flow));
  const size_t n = (size_t)flow->slice;
  if (v.dropout > 0) {
    w->null_cond = df_alloc(n * (size_t)flow->cond, sizeof(df_real));
    w->null_out = df_alloc(n * (size_t)flow->H * (size_t)flow->out, sizeof(df_real));
    if (!w->null_cond || !w->null_out) return DF_E_NOMEM;
  }
  if (v.transport) {
    w->cost = df_alloc(n * n + coupling_work(flow->slice), sizeof(double));
    w->column = df_alloc(n, sizeof(int));
    if (!w->cost || !w->column) return DF_E_NOMEM;
  }
  return DF_OK;
}

/* allocates the buffers of one thread; only simulating decoders need a tape */
static df_status make_worker(const df_flow* flow, flow_worker* w) {
  const size_t n = (size_t)flow->slice, H = (size_t)flow->H;
  const size_t in = H * (size_t)flow->in, out = H * (size_t)flow->out, actions = H * (size_t)flow->nu;
  w->x_t = df_alloc(n * in, sizeof(df_real));
  w->cond = df_alloc(n * (size_t)flow->cond, sizeof(df_real));
  w->t = df_alloc(n, sizeof(df_real));
  w->out = df_alloc(n * out, sizeof(df_real));
  w->d_out = df_alloc(n * out, sizeof(df_real));
  w->target = df_alloc(n * in, sizeof(double));
  w->noise = df_alloc(n * in, sizeof(double));
  w->time = df_alloc(n, sizeof(double));
  w->solver = df_alloc(solver_work(flow->slice, in), sizeof(double));
  w->z = df_alloc(H * (size_t)flow->nz, sizeof(double));
  w->d_z = df_alloc(H * (size_t)flow->nz, sizeof(double));
  w->u = df_alloc(actions, sizeof(double));
  w->d_u = df_alloc(actions, sizeof(double));
  w->x = df_alloc((H + 1) * (size_t)flow->nx, sizeof(double));
  w->d_x = df_alloc((H + 1) * (size_t)flow->ndx, sizeof(double));
  w->tracking_error = df_alloc(H * (size_t)flow->nz, sizeof(double));
  w->d_gain = df_alloc((size_t)flow->nu * (size_t)flow->nz, sizeof(double));
  w->clamped = df_alloc(actions, 1);
  w->start = df_alloc(flow->from_recovered ? n * (size_t)flow->nx : 1, sizeof(double));
  w->state = df_alloc(n * in, sizeof(double));
  w->failed = df_alloc(n, 1);
  w->projection = df_alloc(flow_projected_work(flow), sizeof(double));
  if (!w->projection || !w->start || !w->tracking_error || !w->d_gain || !w->clamped || !w->state || !w->failed ||
      !w->time || !w->solver) {
    return DF_E_NOMEM;
  }
  if (!w->x_t || !w->cond || !w->t || !w->out || !w->d_out || !w->target || !w->noise || !w->z || !w->d_z || !w->u ||
      !w->d_u || !w->x || !w->d_x) {
    return DF_E_NOMEM;
  }
  DF_TRY(make_variant_buffers(flow, w));

  w->frames = flow->H;

  /* activations and simulator */
  DF_TRY(df_net_work_new(flow->net, flow->slice, &w->net));
  const df_system* system = flow->env.task->system;
  DF_TRY(df_sim_new(system, flow_simulates(flow) ? flow->H : 0, &w->sim));
  if (!flow_simulates(flow)) return DF_OK;
  DF_TRY(df_sim_new(system, 0, &w->forward));
  return bound_tape(flow, w->sim);
}

static void free_worker(const df_flow* flow, flow_worker* w) {
  df_free(w->x_t);
  df_free(w->cond);
  df_free(w->t);
  df_free(w->out);
  df_free(w->d_out);
  df_free(w->target);
  df_free(w->noise);
  df_free(w->time);
  df_free(w->null_cond);
  df_free(w->null_out);
  df_free(w->solver);
  df_free(w->cost);
  df_free(w->column);
  df_free(w->z);
  df_free(w->d_z);
  df_free(w->u);
  df_free(w->d_u);
  df_free(w->x);
  df_free(w->d_x);
  df_free(w->tracking_error);
  df_free(w->d_gain);
  df_free(w->clamped);
  df_free(w->state);
  df_free(w->failed);
  df_free(w->start);
  df_free(w->projection);
  df_net_work_free(w->net);
  df_sim_free(flow->env.task->system, w->sim);
  df_sim_free(flow->env.task->system, w->forward);
}

static df_status make_drift(const df_flow* flow, flow_drift* drift) {
  const size_t batch = (size_t)flow->trainer->cfg.batch, frames = (size_t)flow->H + 1;
  drift->window = df_alloc(batch, sizeof *drift->window);
  drift->x = df_alloc(batch * frames * (size_t)flow->nx, sizeof(double));
  drift->error = df_alloc(batch * frames, sizeof(double));
  if (!drift->window || !drift->x || !drift->error) return DF_E_NOMEM;
  for (size_t i = 0; i < batch; i++) drift->window[i].episode = -1;
  return DF_OK;
}

_Static_assert(sizeof(df_window) == sizeof(int64_t), "a window is saved as one 64-bit number");

/* adds the rollouts of the last two batches to the training state: samples of the next batch may start from them */
static void remember_drift(df_flow* flow) {
  static const char* const names[2][3] = {{"drift.0.window", "drift.0.x", "drift.0.error"},
                                          {"drift.1.window", "drift.1.x", "drift.1.error"}};
  const size_t batch = (size_t)flow->trainer->cfg.batch, frames = (size_t)flow->H + 1;
  for (int k = 0; k < 2; k++) {
    const flow_drift* d = &flow->drift[k];
    trainer_memory* memory = flow->trainer->memory + flow->trainer->n_memory;
    memory[0] = (trainer_memory){names[k][0], DF_I64, batch, d->window, true};
    memory[1] = (trainer_memory){names[k][1], DF_F64, batch * frames * (size_t)flow->nx, d->x, true};
    memory[2] = (trainer_memory){names[k][2], DF_F64, batch * frames, d->error, true};
    flow->trainer->n_memory += 3;
  }
}

/* horizon curriculum: whole windows from the step on that the log notes */
static df_status make_curriculum(df_flow* flow) {
  const df_config* c = flow_config(flow);
  if (c->train_horizon_from > flow->H) {
    return df_fail(DF_E_CONFIG, "task %s: train.horizon_from = %d exceeds window.horizon = %d", c->task_name,
                   c->train_horizon_from, flow->H);
  }
  trainer_cfg* t = &flow->trainer->cfg;
  if (c->train_horizon_from > 0) t->whole_from = (long)ceil(c->train_horizon_until * (double)t->steps);
  return DF_OK;
}

/* chooses straight lines or a diffusion */
static df_status make_path(df_flow* flow) {
  const df_config* c = flow_config(flow);
  const bool diffuses = flow->of_diffusion || strcmp(c->flow_path, "diffusion") == 0;
  if (flow->of_diffusion && strcmp(c->flow_path, "linear") == 0) {
    return df_fail(DF_E_CONFIG, "task %s: flow.path = linear: the method %s is a diffusion; use auto", c->task_name,
                   flow->name);
  }
  DF_TRY(diffusion_check(c, flow->name, diffuses, flow_simulates(flow)));
  if (!diffuses) return DF_OK;
  flow->kept = df_alloc((size_t)c->flow_diffusion_steps + 1, sizeof *flow->kept);
  if (!flow->kept) return DF_E_NOMEM;
  diffusion_schedule(strcmp(c->flow_noise_schedule, "cosine") == 0, c->flow_diffusion_steps, flow->kept);
  return DF_OK;
}

static df_status build(df_flow* flow) {
  const df_task* task = flow->env.task;
  const df_system* system = task->system;

  /* dimensions */
  flow->H = task->windows->horizon;
  flow->nx = system->nx;
  flow->ndx = system->ndx;
  flow->nu = system->nu;
  flow->nz = df_chart_size(task->chart);
  flow->in = (flow->decoder != DF_DECODE_ACTIONS ? flow->nz : 0) + (flow_has_actions(flow) ? flow->nu : 0);
  flow->out = flow->decoder == DF_DECODE_ROLLOUT    ? flow->nu
              : flow->decoder == DF_DECODE_TRACKING ? flow->nu + flow->nz
                                                    : flow->in;
  flow->nc = task->data->nc;
  flow->cond = flow->nz + flow->nc;
  flow->known = task->config.flow_condition_dropout > 0 ? flow->cond++ : -1;
  flow->span = strcmp(task->config.flow_few_step, "none") != 0 ? flow->cond++ : -1;
  if (flow->nz > FLOW_CONTEXT_MAX) {
    return df_fail(DF_E_CONFIG, "task %s: %d flow coordinates, at most %d are supported", task->config.task_name,
                   flow->nz, FLOW_CONTEXT_MAX);
  }
  if (flow_has_actions(flow) && !task->data->actions && !flow->from_recovered) {
    return df_fail(DF_E_CONFIG, "task %s: method %s needs actions, but the demonstrations contain only states",
                   task->config.task_name, flow->name);
  }

  if (flow->decoder == DF_DECODE_ACTIONS && flow->from_recovered) {
    flow->action_scale = df_alloc(2 * (size_t)flow->nu, sizeof *flow->action_scale);
    if (!flow->action_scale) return DF_E_NOMEM;
  }

  /* path, action map, network, start-state perturbation, buffers of the threads */
  DF_TRY(make_path(flow));
  flow->u_center = df_alloc((size_t)flow->nu, sizeof(double));
  flow->u_half = df_alloc((size_t)flow->nu, sizeof(double));
  if (!flow->u_center || !flow->u_half) return DF_E_NOMEM;
  DF_TRY(df_action_map(&task->config, task->system, flow->u_center, flow->u_half));
  if (flow_simulates(flow)) DF_TRY(check_action_map(flow));
  DF_TRY(make_network(flow));
  if (flow_simulates(flow)) DF_TRY(make_curriculum(flow));
  DF_TRY(reflow_make(flow));
  DF_TRY(variant_check(&task->config, flow->name, flow_simulates(flow), flow->nc, flow->slice));
  if (flow_simulates(flow) && task->config.train_push > 0) {
    DF_TRY(make_drift(flow, &flow->drift[0]));
    DF_TRY(make_drift(flow, &flow->drift[1]));
    remember_drift(flow);
  }
  flow->worker = df_alloc((size_t)flow->env.threads, sizeof *flow->worker);
  if (!flow->worker) return DF_E_NOMEM;
  for (int i = 0; i < flow->env.threads; i++) DF_TRY(make_worker(flow, &flow->worker[i]));
  return DF_OK;
}

static df_status make(const df_method_env* env, const char* name, df_decoder decoder, bool from_recovered,
                      bool of_diffusion, df_flow** out) {
  df_flow* flow = df_alloc(1, sizeof *flow);
  if (!flow) return DF_E_NOMEM;
  flow->env = *env;
  flow->decoder = decoder;
  flow->from_recovered = from_recovered;
  flow->of_diffusion = of_diffusion;
  snprintf(flow->name, sizeof flow->name, "%s", name);
  const df_status status = build(flow);
  if (status != DF_OK) {
    df_flow_free(flow);
    return status;
  }
  *out = flow;
  return DF_OK;
}

df_status df_flow_new(const df_method_env* env, const char* name, df_decoder decoder, df_flow** out) {
  DF_REQUIRE_OUT(out);
  DF_REQUIRE_POINTER(env);
  DF_REQUIRE_POINTER(name);
  DF_REQUIRE(env->task, "df_flow_new: env.task is NULL");
  DF_REQUIRE(env->threads >= 1, "df_flow_new: env.threads is %d, must be at least 1", env->threads);
  return make(env, name, decoder, false, false, out);
}

df_status df_flow_new_diffusion(const df_method_env* env, const char* name, df_decoder decoder, df_flow** out) {
  DF_REQUIRE_OUT(out);
  DF_REQUIRE_POINTER(env);
  DF_REQUIRE_POINTER(name);
  DF_REQUIRE(env->task, "df_flow_new_diffusion: env.task is NULL");
  DF_REQUIRE(env->threads >= 1, "df_flow_new_diffusion: env.threads is %d, must be at least 1", env->threads);
  return make(env, name, decoder, false, true, out);
}

df_status df_flow_new_recovered(const df_method_env* env, const char* name, df_decoder decoder, df_flow** out) {
  DF_REQUIRE_OUT(out);
  DF_REQUIRE_POINTER(env);
  DF_REQUIRE_POINTER(name);
  DF_REQUIRE(env->task, "df_flow_new_recovered: env.task is NULL");
  DF_REQUIRE(env->threads >= 1, "df_flow_new_recovered: env.threads is %d, must be at least 1", env->threads);
  DF_REQUIRE(decoder != DF_DECODE_STATES && decoder != DF_DECODE_STATES_ACTIONS,
             "df_flow_new_recovered: the decoder must be ACTIONS, ROLLOUT or TRACKING");
  return make(env, name, decoder, true, false, out);
}

void df_flow_free(df_flow* flow) {
  if (!flow) return;
  flow_recovered_free(flow->recovered);
  df_free(flow->action_scale);
  df_free(flow->kept);
  df_free(flow->teacher);
  if (flow->worker) {
    for (int i = 0; i < flow->env.threads; i++) free_worker(flow, &flow->worker[i]);
  }
  df_free(flow->worker);
  for (int k = 0; k < 2; k++) {
    df_free(flow->drift[k].window);
    df_free(flow->drift[k].x);
    df_free(flow->drift[k].error);
  }
  trainer_free(flow->trainer);
  df_net_free(flow->net);
  df_free(flow->u_center);
  df_free(flow->u_half);
  df_free(flow);
}

/* the identity of a checkpoint; its extra vector is the averaged gain K, which is stored after the weights, or the
 * scale of recovered actions */
static checkpoint_identity identity(const df_flow* flow) {
  checkpoint_identity id = {.kind = flow->name, .task = flow->env.task, .seed = flow->env.seed};
  if (flow->decoder == DF_DECODE_TRACKING) {
    id.extra_name = "tracking.gain";
    id.n_extra = flow->trainer->cfg.extra;
    id.extra = flow->trainer->average + df_net_parameters(flow->net);
  }
  if (flow->action_scale) {
    id.extra_name = "recovered.action_scale";
    id.n_extra = 2 * (size_t)flow->nu;
    id.extra = flow->action_scale;
  }
  return id;
}

df_status df_flow_save(const df_flow* flow, const char* path) {
  DF_REQUIRE_POINTER(flow);
  DF_REQUIRE_POINTER(path);
  const checkpoint_identity id = identity(flow);
  return checkpoint_save(path, &id, flow->net, flow->trainer->average);
}

df_status df_flow_load(df_flow* flow, const char* path) {
  DF_REQUIRE_POINTER(flow);
  DF_REQUIRE_POINTER(path);
  const checkpoint_identity id = identity(flow);
  return checkpoint_load(path, &id, flow->net, flow->trainer->average);
}
