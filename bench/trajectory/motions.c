#include "motions.h"

#include <math.h>
#include <string.h>

#include "chain.h"
#include "chain_measures.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/data/dataset.h"
#include "dynaflow/metrics/metrics.h"

static df_status check(const eval_job* job, const motion_cfg* cfg, double frames) {
  const char* name = job->method->name;
  const int H = job->task->windows->horizon;
  if (job->method->flags & DF_METHOD_SEES_DEMONSTRATION) {
    return df_fail(DF_E_CONFIG, "%s returns demonstrated actions and cannot be asked for a motion", name);
  }
  if (!(frames >= 1 && frames <= CHAIN_FRAMES_MAX)) {
    return df_fail(DF_E_CONFIG, "--seconds %g: an action of task %s lasts %g s, and a motion has 1 to %d actions",
                   cfg->seconds, job->task->config.task_name, job->task->system->dt, CHAIN_FRAMES_MAX);
  }
  if (cfg->replan > H) {
    return df_fail(DF_E_CONFIG, "--replan %d: a window of task %s has %d actions", cfg->replan,
                   job->task->config.task_name, H);
  }
  if (cfg->replan && !(job->method->flags & DF_METHOD_RETURNS_ACTIONS)) {
    return df_fail(DF_E_CONFIG, "--replan %d: method %s returns no actions to execute", cfg->replan, name);
  }
  return DF_OK;
}

static df_status make(const eval_job* job, const motion_cfg* cfg, int frames, motions* m) {
  const size_t nx = (size_t)job->task->system->nx, nu = (size_t)job->task->system->nu;
  const bool acts = (job->method->flags & DF_METHOD_RETURNS_ACTIONS) != 0;
  m->n = cfg->n_seeds * cfg->from->n;
  m->length = frames;
  m->every = cfg->replan ? cfg->replan : job->task->windows->horizon;
  const size_t n = (size_t)m->n, states = n * (size_t)(frames + 1) * nx;
  m->x = df_alloc(states, sizeof *m->x);
  m->row = df_alloc(n, sizeof *m->row);
  if (!m->x || !m->row) return DF_E_NOMEM;
  if (acts && !(m->u = df_alloc(n * (size_t)frames * nu, sizeof *m->u))) return DF_E_NOMEM;
  if (acts && !cfg->replan && !(m->claimed = df_alloc(states, sizeof *m->claimed))) return DF_E_NOMEM;
  if (cfg->condition && !(m->condition = df_alloc(n * (size_t)job->task->data->nc, sizeof *m->condition)))
    return DF_E_NOMEM;
  return DF_OK;
}

/* the trajectories of seed s */
static df_status plan_seed(const eval_job* job, const motion_cfg* cfg, int s, bool* same, motions* m) {
  const size_t nx = (size_t)job->task->system->nx, nu = (size_t)job->task->system->nu;
  const size_t n = (size_t)cfg->from->n, frames = (size_t)m->length, first = (size_t)s * n;
  eval_job seeded = *job;
  seeded.seed = cfg->seeds[s];
  const chain_cfg chain = {.kind = cfg->replan ? CHAIN_REPLANNED : CHAIN_PURE,
                           .n = cfg->from->n,
                           .frames = m->length,
                           .every = m->every,
                           .k = cfg->k,
                           .x0 = cfg->from->x0,
                           .condition = cfg->condition};
  chains* c;
  DF_TRY(chains_new(&seeded, &chain, &c));
  const size_t states = (frames + 1) * nx;
  memcpy(m->x + first * states, c->x, n * states * sizeof(double));
  if (m->u) memcpy(m->u + first * frames * nu, c->u, n * frames * nu * sizeof(double));
  if (m->claimed) memcpy(m->claimed + first * states, c->claimed, n * states * sizeof(double));
  *same &= c->planned_is_executed;
  chains_free(c);
  for (int i = 0; i < cfg->from->n; i++) {
    m->row[first + (size_t)i] = (motion_row){.seed = cfg->seeds[s], .start = i};
    if (!m->condition) continue;
    const size_t nc = (size_t)job->task->data->nc;
    memcpy(m->condition + (first + (size_t)i) * nc, cfg->condition + (size_t)i * nc, nc * sizeof(double));
  }
  return DF_OK;
}

/* ---- measures ---- */

/* whether a motion begins in the frame of the demonstration, as the metric tre requires, under its condition */
static bool begins_there(const df_task* task, const double* x, const double* condition, const nearest* n) {
  const double* demo = df_dataset_state(task->data, n->episode, n->frame);
  for (int i = 0; i < task->system->nx; i++) {
    if (!(fabs(x[i] - demo[i]) <= DF_START_TOLERANCE * fmax(1, fabs(demo[i])))) return false;
  }
  const double* of_demo = df_dataset_condition(task->data, n->episode, n->frame);
  for (int i = 0; condition && i < task->data->nc; i++) {
    if (condition[i] != of_demo[i]) return false;
  }
  return true;
}

static df_status compare(const df_task* task, const double* x, const double* condition, int length, motion_row* row) {
  row->tre = NAN;
  DF_TRY(nearest_demonstration(task, x, condition, &row->demonstration));
  const nearest* n = &row->demonstration;
  if (n->episode < 0 || !begins_there(task, x, condition, n)) return DF_OK;
  const int rest = task->data->lengths[n->episode] - n->frame;
  row->tre_actions = length < rest ? length : rest;
  if (row->tre_actions < 1) return DF_OK;
  return df_metric_tre(task->chart, task->system->nx, &(df_trajectories){.B = 1, .H = row->tre_actions, .x = x},
                       df_dataset_state(task->data, n->episode, n->frame), &row->tre, NULL);
}

static df_status measure_one(const df_task* task, const df_fall_rule* rule, const motions* m, int i) {
  const size_t nx = (size_t)task->system->nx, states = (size_t)(m->length + 1) * nx;
  const double* x = m->x + (size_t)i * states;
  const double* condition = m->condition ? m->condition + (size_t)i * (size_t)task->data->nc : NULL;
  motion_row* row = &m->row[i];
  row->finite = true;
  for (size_t k = 0; k < states; k++) row->finite &= isfinite(x[k]) != 0;
  const int frame = df_fall_frame(rule, (int)nx, m->length, x);
  row->fell = m->falls_defined && frame <= m->length ? frame * task->system->dt : NAN;
  row->sae = NAN;
  row->errors = (command_errors){NAN, NAN, NAN, NAN};
  if (frame > m->length) chain_command(task, condition, m->length, x, &row->errors);
  return compare(task, x, condition, m->length, row);
}

static df_status measure_sae(const eval_job* job, const motions* m) {
  const double* x = m->u ? m->claimed : m->x;
  if (!x) return DF_OK; /* a replanned motion claims no continuous states */
  double* sae = df_alloc((size_t)m->n, sizeof *sae);
  if (!sae) return DF_E_NOMEM;
  const df_trajectories made = {.B = m->n, .H = m->length, .x = x, .u = m->u};
  const df_status status = m->u ? df_metric_sae_own(job->task->system, &made, job->threads, sae, NULL)
                                : df_metric_sae_min(job->task->system, &made, job->threads, sae, NULL);
  for (int i = 0; i < m->n && status == DF_OK; i++) m->row[i].sae = sae[i];
  df_free(sae);
  return status;
}

static df_status plan_and_measure(const eval_job* job, const motion_cfg* cfg, motions* m) {
  bool same = true;
  df_fall_rule rule;
  DF_TRY(df_fall_rule_new(job->task->system, &job->task->config, &rule));
  m->falls_defined = df_fall_rule_is_set(&rule);
  df_status status = DF_OK;
  for (int s = 0; s < cfg->n_seeds && status == DF_OK; s++) status = plan_seed(job, cfg, s, &same, m);
  for (int i = 0; i < m->n && status == DF_OK; i++) status = measure_one(job->task, &rule, m, i);
  df_fall_rule_clear(&rule);
  DF_TRY(status);
  DF_TRY(measure_sae(job, m));
  if (!same) return DF_OK;
  df_free(m->claimed);
  m->claimed = NULL;
  return DF_OK;
}

df_status motions_new(const eval_job* job, const motion_cfg* cfg, motions** out) {
  *out = NULL;
  const double frames = round(cfg->seconds / job->task->system->dt);
  DF_TRY(check(job, cfg, frames));
  motions* m = df_alloc(1, sizeof *m);
  if (!m) return DF_E_NOMEM;
  df_status status = make(job, cfg, (int)frames, m);
  if (status == DF_OK) status = plan_and_measure(job, cfg, m);
  if (status != DF_OK) {
    motions_free(m);
    return status;
  }
  *out = m;
  return DF_OK;
}

void motions_free(motions* m) {
  if (!m) return;
  df_free(m->x);
  df_free(m->u);
  df_free(m->claimed);
  df_free(m->condition);
  df_free(m->row);
  df_free(m);
}
