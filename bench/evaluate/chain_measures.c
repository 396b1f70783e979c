#include "chain_measures.h"

#include <math.h>
#include <string.h>

#include "chain.h"
#include "commanded_gait.h"
#include "dynaflow/config/config.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/data/dataset.h"
#include "dynaflow/data/robot_base.h"
#include "dynaflow/data/task.h"
#include "dynaflow/flow/method.h"
#include "dynaflow/metrics/defs.h"
#include "dynaflow/metrics/goal.h"
#include "dynaflow/metrics/metrics.h"
#include "dynaflow/sim/mujoco.h"
#include "example_motions.h"
#include "examples.h"
#include "measures.h"
#include "plausible.h"
#include "style_rows.h"

/* index of a condition by name, or -1 */
static int condition_at(const df_dataset* data, const char* name) {
  for (int i = 0; i < data->nc; i++) {
    if (strcmp(data->condition_name[i], name) == 0) return i;
  }
  return -1;
}

bool chain_command(const df_task* task, const double* condition, int frames, const double* x, command_errors* out) {
  const int vx = condition_at(task->data, "command.vx"), vy = condition_at(task->data, "command.vy");
  const int wz = condition_at(task->data, "command.wz");
  const df_base base = df_robot_base(task->system, &task->config.chart_objects);
  if (!condition || vx < 0 || vy < 0 || wz < 0 || base.joint < 0) return false;
  const double command[3] = {condition[vx], condition[vy], condition[wz]};
  const int nx = task->system->nx;
  out->velocity = df_metric_command(frames, nx, &base, x + nx, command, &out->yaw_rate);
  out->position = df_metric_command_path(frames, nx, &base, x, task->system->dt, command, &out->heading);
  return true;
}

/* measures of upright chains: velocity against the command, contacts against the commanded gait */
typedef struct upright_measures {
  int n_command, n_path, n_gait;
  double *command, *yaw_rate;          /* [n_command], with room for all chains, as the others have */
  double *position, *heading;          /* [n_path]: of chains whose command is held */
  double* phase;                       /* [n_gait] */
  int *command_of, *path_of, *gait_of; /* index of the chain of each value */
} upright_measures;

/* frames of a chain under one condition */
typedef struct span {
  int from, frames; /* first state, and number of actions */
  const double* condition;
} span;

/* the frames from `from` on for which the chain has the condition that it has then; cfg->data may be NULL */
static span span_at(const chain_cfg* cfg, size_t nc, int chain, int from) {
  span s = {.from = from, .condition = chain_condition(cfg, nc, chain, from)};
  int end = from;
  while (end < cfg->frames) {
    const double* next = chain_condition(cfg, nc, chain, end);
    if (memcmp(next, s.condition, nc * sizeof *next) != 0) break;
    end += cfg->every - end % cfg->every;
  }
  s.frames = (end < cfg->frames ? end : cfg->frames) - from;
  return s;
}

/* Agreement of the contacts of a chain with the gaits that are commanded: the mean over its frames, each with the phase
 * that fits the gait of its span best. NaN if a span commands no gait that is known. */
static df_status measure_gait(const eval_job* job, const chain_cfg* cfg, int chain, const double* x, double* phase) {
  const size_t nc = (size_t)job->task->data->nc;
  const int n_feet = job->set->n_feet;
  commanded_gait gait;
  *phase = NAN;
  if (!commanded_gait_find(job->task, chain_condition(cfg, nc, chain, 0), &gait)) return DF_OK;
  uint8_t* touch = df_alloc((size_t)(cfg->frames + 1) * (size_t)n_feet, 1);
  if (!touch) return DF_E_NOMEM;
  const df_status status = df_metric_contacts(job->task->system, &(df_trajectories){.B = 1, .H = cfg->frames, .x = x},
                                              n_feet, job->set->feet, job->threads, touch);
  double sum = 0;
  for (int from = 0; status == DF_OK && from < cfg->frames;) {
    const span s = span_at(cfg, nc, chain, from);
    const uint8_t* of_span = touch + (size_t)from * (size_t)n_feet;
    const bool known = commanded_gait_find(job->task, s.condition, &gait);
    const double share = (double)s.frames / cfg->frames;
    sum += share * (known ? df_metric_gait_phase(s.frames, 1, n_feet, of_span, &gait.clock, NULL) : NAN);
    from += s.frames;
  }
  if (status == DF_OK) *phase = sum;
  df_free(touch);
  return status;
}

/* distance from the commands of a chain whose command changes: the mean over its frames */
static bool follow_errors(const eval_job* job, const chain_cfg* cfg, int chain, const double* x, command_errors* out) {
  const size_t nc = (size_t)job->task->data->nc, nx = (size_t)job->task->system->nx;
  command_errors sum = {.position = NAN, .heading = NAN};
  for (int from = 0; from < cfg->frames;) {
    const span s = span_at(cfg, nc, chain, from);
    command_errors errors;
    if (!chain_command(job->task, s.condition, s.frames, x + (size_t)from * nx, &errors)) return false;
    sum.velocity += errors.velocity * s.frames / cfg->frames;
    sum.yaw_rate += errors.yaw_rate * s.frames / cfg->frames;
    from += s.frames;
  }
  *out = sum;
  return true;
}

static df_status measure_upright(const eval_job* job, const chain_cfg* cfg, int i, const double* x,
                                 upright_measures* m) {
  const df_task* task = job->task;
  if (!job->set->condition) return DF_OK;
  /* distance from the commanded velocity, if the task has one */
  command_errors errors;
  const bool commanded =
      cfg->data ? follow_errors(job, cfg, i, x, &errors)
                : chain_command(task, chain_condition(cfg, (size_t)task->data->nc, i, 0), cfg->frames, x, &errors);
  if (commanded) {
    m->command[m->n_command] = errors.velocity;
    m->yaw_rate[m->n_command] = errors.yaw_rate;
    m->command_of[m->n_command++] = i;
  }
  if (commanded && !cfg->data) {
    m->position[m->n_path] = errors.position;
    m->heading[m->n_path] = errors.heading;
    m->path_of[m->n_path++] = i;
  }
  /* agreement with the commanded gait, if the task has one with a clock and its feet are known */
  double phase;
  DF_TRY(measure_gait(job, cfg, i, x, &phase));
  if (isnan(phase)) return DF_OK;
  m->phase[m->n_gait] = phase;
  m->gait_of[m->n_gait++] = i;
  return DF_OK;
}

/* which chains fall, and when */
typedef struct falls {
  double *fell, *seconds; /* [chains]: 1 or 0; time until the fall, or the chain's length */
  int upright;            /* index of the first chain that does not fall, or -1 */
} falls;

/* finds the falls of all chains, and measures those that stay up */
static df_status measure_each(const eval_job* job, const chain_cfg* cfg, const chains* c, const df_fall_rule* rule,
                              falls* f, upright_measures* m) {
  const int nx = job->task->system->nx;
  f->upright = -1;
  for (int i = 0; i < c->n; i++) {
    const double* x = c->x + (size_t)i * (size_t)(c->frames + 1) * (size_t)nx;
    const int frame = df_fall_frame(rule, nx, c->frames, x);
    f->fell[i] = frame <= c->frames;
    f->seconds[i] = (frame <= c->frames ? frame : c->frames) * job->task->system->dt;
    if (frame <= c->frames) continue;
    if (f->upright < 0) f->upright = i;
    DF_TRY(measure_upright(job, cfg, i, x, m));
  }
  return DF_OK;
}

static df_status add_falls(const eval_job* job, int n, int k, const falls* f, evaluation* out) {
  DF_TRY(measure_share(job, out->rows, "fall_rate", measure_unit("fall_rate"), k, n, f->fell));
  measure_samples(out, "fall_rate", k, n, f->fell);
  return measure_mean(job, out, "survival", k, n, f->seconds);
}

static df_status add_upright(const eval_job* job, int k, const upright_measures* m, json_t* list) {
  const struct {
    const char* metric;
    int n;
    const double* values;
    const int* of;
  } of_command[] = {{"command_error", m->n_command, m->command, m->command_of},
                    {"command_error.yaw_rate", m->n_command, m->yaw_rate, m->command_of},
                    {"command_error.position", m->n_path, m->position, m->path_of},
                    {"command_error.heading", m->n_path, m->heading, m->path_of}};
  for (size_t i = 0; i < sizeof of_command / sizeof *of_command; i++) {
    const char* metric = of_command[i].metric;
    DF_TRY(measure_part(job, list, metric, df_metric_unit(metric), k, of_command[i].n, of_command[i].values,
                        of_command[i].of));
  }
  return measure_part(job, list, "gait_phase", measure_unit("gait_phase"), k, m->n_gait, m->phase, m->gait_of);
}

/* how far the object of a task with goals ends from its goal, under the condition of the last action */
static df_status add_goals(const eval_job* job, const chain_cfg* cfg, const chains* c, int k, evaluation* out) {
  const df_task* task = job->task;
  const size_t nx = (size_t)task->system->nx, n = (size_t)c->n;
  df_goal goal;
  DF_TRY(df_goal_find(task->system, task->data, &task->config, &goal));
  if (goal.n == 0 || !job->set->condition) return DF_OK;
  double *distance = df_alloc(2 * n, sizeof *distance), *reached = distance ? distance + n : NULL;
  if (!distance) return DF_E_NOMEM;
  for (int i = 0; i < c->n; i++) {
    const double* end = c->x + ((size_t)i * (size_t)(c->frames + 1) + (size_t)c->frames) * nx;
    distance[i] = df_goal_distance(&goal, end, chain_condition(cfg, (size_t)task->data->nc, i, c->frames - 1));
    reached[i] = distance[i] < goal.tolerance;
  }
  df_status status = measure_mean(job, out, "goal_distance", k, c->n, distance);
  if (status == DF_OK)
    status = measure_share(job, out->rows, "goal_reached", measure_unit("goal_reached"), k, c->n, reached);
  if (status == DF_OK) measure_samples(out, "goal_reached", k, c->n, reached);
  df_free(distance);
  return status;
}

/* the chains of an evaluation: chain i starts at window i of the set */
static chain_cfg chains_of_windows(const eval_job* job, int k, chain_kind kind) {
  const df_config* config = &job->task->config;
  const int most = job->given.length ? job->given.n : job->set->B;
  /* given motions and start states are of no demonstration */
  const bool follows = strcmp(config->eval_chain_commands, "follow") == 0 && job->set->x && !job->given.length;
  return (chain_cfg){.kind = kind,
                     .data = follows ? job->task->data : NULL,
                     .window = follows ? job->set->window : NULL,
                     .n = config->eval_chains < most ? config->eval_chains : most,
                     .frames = (int)lround(config->eval_chain_seconds / job->task->system->dt),
                     .every = job->set->H,
                     .k = k,
                     .x0 = job->set->x0,
                     .condition = job->set->condition};
}

/* Adds the fall rate of replanned chains. `fell` [n] has the falls of the pure chains, which are the same if the
 * planned states are the executed ones, and is overwritten otherwise. */
static df_status add_replanned(const eval_job* job, const chains* pure, const df_fall_rule* rule, int k, int shown_k,
                               double* fell, json_t* list) {
  const int nx = job->task->system->nx;
  if (!pure->planned_is_executed) {
    if (job->given.length) return DF_OK;
    chains* c;
    const chain_cfg cfg = chains_of_windows(job, k, CHAIN_REPLANNED);
    DF_TRY(chains_new(job, &cfg, &c));
    for (int i = 0; i < c->n; i++) {
      const double* x = c->x + (size_t)i * (size_t)(c->frames + 1) * (size_t)nx;
      fell[i] = df_fall_frame(rule, nx, c->frames, x) <= c->frames;
    }
    chains_free(c);
  }
  return measure_share(job, list, "fall_rate.replanned", measure_unit("fall_rate"), shown_k, pure->n, fell);
}

/* plausibility of the frames before the fall */
static df_status add_plausibility(const eval_job* job, const chains* c, const df_fall_rule* rule, int k,
                                  evaluation* out) {
  const int nx = job->task->system->nx;
  int* frames = df_alloc((size_t)c->n, sizeof *frames);
  if (!frames) return DF_E_NOMEM;
  for (int i = 0; i < c->n; i++) {
    frames[i] = df_fall_frame(rule, nx, c->frames, c->x + (size_t)i * (size_t)(c->frames + 1) * (size_t)nx);
  }
  const df_status status =
      plausible_rows(job, ".chain", k, &(df_trajectories){.B = c->n, .H = c->frames, .x = c->x}, frames, out);
  df_free(frames);
  return status;
}

/* style of the chains that do not fall */
static df_status add_style(const eval_job* job, const chains* c, const df_fall_rule* rule, int k, evaluation* out) {
  const int nx = job->task->system->nx;
  bool* upright = df_alloc((size_t)c->n, sizeof *upright);
  if (!upright) return DF_E_NOMEM;
  for (int i = 0; i < c->n; i++) {
    const double* x = c->x + (size_t)i * (size_t)(c->frames + 1) * (size_t)nx;
    upright[i] = df_fall_frame(rule, nx, c->frames, x) > c->frames;
  }
  const df_status status = style_rows_of_chains(job, k, c, upright, out);
  df_free(upright);
  return status;
}

static df_status measure_chains(const eval_job* job, const chain_cfg* cfg, const chains* c, int k, int shown_k,
                                evaluation* out) {
  /* memory for the measures of all chains */
  df_fall_rule rule;
  DF_TRY(df_fall_rule_new(job->task->system, &job->task->config, &rule));
  const bool defined = df_fall_rule_is_set(&rule);
  const size_t n = (size_t)c->n;
  double* work = df_alloc(7 * n, sizeof *work);
  int* of = df_alloc(3 * n, sizeof *of);
  falls f = {.fell = work, .seconds = work ? work + n : NULL};
  df_status status = work && of ? DF_OK : DF_E_NOMEM;
  /* falls, upright chains, the same falls with replanning, plausibility */
  if (status == DF_OK) {
    upright_measures m = {.command = work + 2 * n,
                          .yaw_rate = work + 3 * n,
                          .position = work + 4 * n,
                          .heading = work + 5 * n,
                          .phase = work + 6 * n,
                          .command_of = of,
                          .gait_of = of + n,
                          .path_of = of + 2 * n};
    status = measure_each(job, cfg, c, &rule, &f, &m);
    if (status == DF_OK && defined) status = add_falls(job, c->n, shown_k, &f, out);
    if (status == DF_OK) status = add_upright(job, shown_k, &m, out->rows);
    if (status == DF_OK) status = add_goals(job, cfg, c, shown_k, out);
  }
  if (status == DF_OK) {
    json_decref(out->motions);
    out->motions = NULL;
    status = example_motions(job, c, &out->motions);
  }
  if (status == DF_OK && defined) status = add_replanned(job, c, &rule, k, shown_k, f.fell, out->rows);
  if (status == DF_OK) status = add_style(job, c, &rule, shown_k, out);
  if (status == DF_OK) status = add_plausibility(job, c, &rule, shown_k, out);
  df_free(work);
  df_free(of);
  df_fall_rule_clear(&rule);
  DF_TRY(status);
  /* strip of the first upright chain, or of the first chain */
  const int shown = f.upright < 0 ? 0 : f.upright;
  json_decref(out->strip);
  out->strip = NULL;
  return example_strip(job, shown, c->frames,
                       c->x + (size_t)shown * (size_t)(c->frames + 1) * (size_t)job->task->system->nx, &out->strip);
}

df_status chain_measures(const eval_job* job, int k, int shown_k, evaluation* out) {
  const df_config* config = &job->task->config;
  if (!(job->method->flags & DF_METHOD_RETURNS_ACTIONS) || (job->method->flags & DF_METHOD_SEES_DEMONSTRATION) ||
      config->eval_chains == 0 || config->eval_chain_seconds < job->task->system->dt) {
    return DF_OK;
  }
  const double frames = round(config->eval_chain_seconds / job->task->system->dt);
  if (frames > CHAIN_FRAMES_MAX) {
    return df_fail(DF_E_CONFIG,
                   "task %s: eval.chain_seconds %g: an action lasts %g s, and a chain has at most %d actions; set "
                   "eval.chain_seconds, or system.timestep if that is wrong",
                   config->task_name, config->eval_chain_seconds, job->task->system->dt, CHAIN_FRAMES_MAX);
  }
  const chain_cfg cfg = chains_of_windows(job, k, CHAIN_PURE);
  if (job->given.length && job->given.length < cfg.frames) return DF_OK;
  chains* c;
  DF_TRY(chains_new(job, &cfg, &c));
  const df_status status = measure_chains(job, &cfg, c, k, shown_k, out);
  chains_free(c);
  return status;
}
