#include "evaluate.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "chain.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/data/gait.h"
#include "dynaflow/metrics/metrics.h"
#include "dynaflow/sim/rollout.h"
#include "examples.h"
#include "rows.h"

/* a window's results of one method at one number of sampler steps */
typedef struct sampled {
  int k;            /* as shown in rows; 0 when the method has no sampler */
  double* x;        /* [B][H+1][nx], as the method claims them */
  double* u;        /* [B][H][nu], or NULL */
  double* executed; /* [B][H+1][nx]: u rolled out from x0, or NULL */
} sampled;

static void free_sampled(sampled* s) {
  df_free(s->x);
  df_free(s->u);
  df_free(s->executed);
  *s = (sampled){0};
}

static df_status sample(const eval_job* job, int k, sampled* s) {
  const eval_set* set = job->set;
  const size_t frames = (size_t)set->B * (size_t)(set->H + 1), nx = (size_t)job->task->system->nx;
  const size_t actions = (size_t)set->B * (size_t)set->H * (size_t)job->task->system->nu;
  const bool acts = (job->method->flags & DF_METHOD_RETURNS_ACTIONS) != 0;
  s->k = (job->method->flags & DF_METHOD_SAMPLES) ? k : 0;
  s->x = df_alloc(frames * nx, sizeof(double));
  if (acts) s->u = df_alloc(actions, sizeof(double));
  if (acts) s->executed = df_alloc(frames * nx, sizeof(double));
  if (!s->x || (acts && (!s->u || !s->executed))) return DF_E_NOMEM;

  const df_request request = {
      .B = set->B,
      .x0 = set->x0,
      .condition = set->condition,
      .demonstrated_actions = (job->method->flags & DF_METHOD_SEES_DEMONSTRATION) ? set->u : NULL,
      .seed = job->seed,
      .sampler_steps = k};
  DF_TRY(job->method->sample(job->instance, &request, s->x, s->u));
  if (!acts) return DF_OK;

  df_rollout_cfg cfg = df_rollout_cfg_default();
  cfg.threads = job->threads;
  df_rollout* rollout;
  DF_TRY(df_rollout_new(job->task->system, &cfg, &rollout));
  const df_status status = df_rollout_run(rollout, set->B, set->H, set->x0, s->u, s->executed, NULL);
  df_rollout_free(rollout);
  return status;
}

/* ---- rows ---- */

static const char* unit_of(const char* metric) {
  const df_metric_def* defs;
  const int n = df_metric_defs(&defs);
  for (int i = 0; i < n; i++) {
    if (strcmp(defs[i].name, metric) == 0) return defs[i].unit;
  }
  return "";
}

static void add_interval(json_t* list, const char* metric, const char* unit, int k, df_interval v) {
  row r = row_default();
  r.metric = metric;
  r.unit = unit;
  r.k = k;
  r.value = v.mean;
  r.lo = v.lo;
  r.hi = v.hi;
  r.n = v.n;
  char reason[64];
  if (v.failed) {
    snprintf(reason, sizeof reason, "%d of %d not finite", v.failed, v.n);
    r.status = reason;
  }
  json_array_append_new(list, row_json(&r, true));
}

/* the mean over windows, with its bootstrap interval */
static void add_mean(const eval_job* job, json_t* list, const char* metric, int k, int n, const double* values) {
  add_interval(list, metric, unit_of(metric), k, df_mean_interval(n, values, (uint64_t)job->task->config.eval_seed));
}

/* the largest over windows: "on every window" is about the worst one */
static void add_worst(json_t* list, const char* metric, const char* name, int k, int n, const double* values) {
  df_interval v = {.mean = 0, .lo = NAN, .hi = NAN, .n = n};
  for (int b = 0; b < n; b++) {
    if (!(values[b] <= v.mean)) v.mean = values[b];
    if (!isfinite(values[b])) v.failed++;
  }
  add_interval(list, name, unit_of(metric), k, v);
}

/* one value a window or chain, in the order of the set: methods are compared on the same ones */
static void add_samples(json_t* list, const char* metric, int k, int n, const double* values) {
  json_t* numbers = json_array();
  for (int i = 0; i < n; i++) {
    json_array_append_new(numbers, isfinite(values[i]) ? json_real(values[i]) : json_null());
  }
  json_array_append_new(list, json_pack("{s:s,s:i,s:o}", "metric", metric, "k", k, "values", numbers));
}

/* ---- windows ---- */

static df_status add_tre(const eval_job* job, const char* metric, int k, const double* x, evaluation* out) {
  json_t* list = out->rows;
  const eval_set* set = job->set;
  const df_chart_group* groups;
  const int n = df_chart_groups(job->task->chart, &groups);
  double* rms = df_alloc((size_t)(n + 1) * (size_t)set->B, sizeof *rms);
  if (!rms) return DF_E_NOMEM;
  double* by_group = rms + set->B;
  const df_status status =
      df_metric_tre(job->task->chart, job->task->system->nx, set->B, set->H, x, set->x, rms, by_group);
  if (status == DF_OK) {
    add_mean(job, list, metric, k, set->B, rms);
    add_samples(out->samples, metric, k, set->B, rms);
    for (int g = 0; g < n; g++) {
      char name[64];
      snprintf(name, sizeof name, "%s.%s", metric, groups[g].name);
      add_interval(
          list, name, groups[g].unit, k,
          df_mean_interval(set->B, by_group + (size_t)g * (size_t)set->B, (uint64_t)job->task->config.eval_seed));
    }
  }
  df_free(rms);
  return status;
}

static df_status add_sae(const eval_job* job, const sampled* s, evaluation* out) {
  json_t* list = out->rows;
  const eval_set* set = job->set;
  double* value = df_alloc(2 * (size_t)set->B, sizeof *value);
  if (!value) return DF_E_NOMEM;
  double* worst = value + set->B;
  df_status status = DF_OK;
  if (s->u) {
    status = df_metric_sae_own(job->task->system, set->B, set->H, s->x, s->u, job->threads, value, worst);
    if (status == DF_OK) {
      add_mean(job, list, "sae_own", s->k, set->B, value);
      add_samples(out->samples, "sae_own", s->k, set->B, value);
      add_worst(list, "sae_own", "sae_own.worst_step", s->k, set->B, worst);
    }
  }
  const int searched = job->task->config.eval_sae_windows < set->B ? job->task->config.eval_sae_windows : set->B;
  if (status == DF_OK && searched > 0) {
    status = df_metric_sae_min(job->task->system, searched, set->H, s->x, s->u, job->threads, value, NULL);
    if (status == DF_OK) add_mean(job, list, "sae_min", s->k, searched, value);
  }
  df_free(value);
  return status;
}

static df_status add_agreement(const eval_job* job, const sampled* s, json_t* list) {
  const eval_set* set = job->set;
  if (!s->executed || set->n_feet == 0) return DF_OK;
  uint8_t* touch = df_alloc((size_t)set->B * (size_t)(set->H + 1) * (size_t)set->n_feet, 1);
  double* value = df_alloc((size_t)set->B, sizeof *value);
  df_status status = touch && value ? DF_OK : DF_E_NOMEM;
  if (status == DF_OK) {
    status =
        df_metric_contacts(job->task->system, set->B, set->H, s->executed, set->n_feet, set->feet, job->threads, touch);
  }
  if (status == DF_OK) {
    df_metric_agreement(set->B, set->H, set->n_feet, touch, set->touch, value);
    add_mean(job, list, "gait_agreement", s->k, set->B, value);
  }
  df_free(touch);
  df_free(value);
  return status;
}

/* ---- chains ---- */

/* index of a condition by name, or -1 */
static int condition_at(const df_dataset* data, const char* name) {
  for (int i = 0; i < data->nc; i++) {
    if (strcmp(data->condition_name[i], name) == 0) return i;
  }
  return -1;
}

/* the gait that a one-hot condition commands, or -1 */
static int commanded_gait(const df_dataset* data, const double* condition) {
  for (int i = 0; i < data->nc; i++) {
    if (strncmp(data->condition_name[i], "gait.", 5) == 0 && condition[i] > 0.5) {
      return df_gait_by_name(data->condition_name[i] + 5);
    }
  }
  return -1;
}

/* which of the demonstrator's legs each foot of eval.feet is, by its name; false if one has another name */
typedef struct gait_feet {
  int gait;
  int leg[DF_NAMES_MAX];
} gait_feet;

static bool find_legs(const df_config* config, gait_feet* feet) {
  static const char* const legs[] = {"FR", "FL", "RR", "RL"};
  for (int k = 0; k < config->eval_feet.n; k++) {
    feet->leg[k] = -1;
    for (int i = 0; i < 4; i++) {
      if (strcmp(config->eval_feet.v[k], legs[i]) == 0) feet->leg[k] = i;
    }
    if (feet->leg[k] < 0) return false;
  }
  return config->eval_feet.n > 0;
}

static bool gait_stands(void* context, int foot, double phase) {
  const gait_feet* feet = context;
  return df_gait_stance((df_gait)feet->gait, feet->leg[foot], phase);
}

/* per upright chain: velocity against the command, contacts against the commanded gait */
typedef struct upright_measures {
  int n_command, n_gait;
  double *command, *yaw_rate, *phase; /* [chains] */
} upright_measures;

static df_status measure_upright(const eval_job* job, const chains* c, int i, const double* x, upright_measures* m) {
  const df_task* task = job->task;
  const df_dataset* data = task->data;
  if (!job->set->condition) return DF_OK;
  const double* condition = job->set->condition + (size_t)i * (size_t)data->nc;
  const int vx = condition_at(data, "command.vx"), vy = condition_at(data, "command.vy");
  const int wz = condition_at(data, "command.wz");
  if (vx >= 0 && vy >= 0 && wz >= 0) {
    const double command[3] = {condition[vx], condition[vy], condition[wz]};
    m->command[m->n_command] = df_metric_command(c->frames, 1, task->system->nx, df_mujoco_nq(task->system), x, command,
                                                 &m->yaw_rate[m->n_command]);
    m->n_command++;
  }
  gait_feet feet = {.gait = commanded_gait(data, condition)};
  if (feet.gait < 0 || !find_legs(&task->config, &feet)) return DF_OK;
  const int n_feet = job->set->n_feet;
  uint8_t* touch = df_alloc((size_t)(c->frames + 1) * (size_t)n_feet, 1);
  if (!touch) return DF_E_NOMEM;
  const df_status status =
      df_metric_contacts(task->system, 1, c->frames, x, n_feet, job->set->feet, job->threads, touch);
  if (status == DF_OK) {
    m->phase[m->n_gait++] =
        df_metric_gait_phase(c->frames, 1, n_feet, touch, task->system->dt, df_gait_frequency(), gait_stands, &feet);
  }
  df_free(touch);
  return status;
}

static df_status add_chain_rows(const eval_job* job, const chains* c, const df_fall_rule* rule, int k, double* work,
                                evaluation* out, int* upright) {
  json_t* list = out->rows;
  const int nx = job->task->system->nx;
  upright_measures m = {.command = work, .yaw_rate = work + c->n, .phase = work + 2 * c->n};
  double *seconds = work + 3 * c->n, *falls = work + 4 * c->n;
  int fallen = 0;
  *upright = -1;
  for (int i = 0; i < c->n; i++) {
    const double* x = c->x + (size_t)i * (size_t)(c->frames + 1) * (size_t)nx;
    const int frame = df_fall_frame(rule, nx, c->frames, x);
    const bool fell = frame <= c->frames;
    fallen += fell;
    falls[i] = fell;
    seconds[i] = (fell ? frame : c->frames) * job->task->system->dt;
    if (fell) continue;
    if (*upright < 0) *upright = i;
    DF_TRY(measure_upright(job, c, i, x, &m));
  }
  add_interval(list, "fall_rate", unit_of("fall_rate"), k, df_share_interval(fallen, c->n));
  add_samples(out->samples, "fall_rate", k, c->n, falls);
  add_mean(job, list, "survival", k, c->n, seconds);
  if (m.n_command) {
    add_mean(job, list, "command_error", k, m.n_command, m.command);
    add_interval(list, "command_error.yaw_rate", "rad/s", k,
                 df_mean_interval(m.n_command, m.yaw_rate, (uint64_t)job->task->config.eval_seed));
  }
  if (m.n_gait) add_mean(job, list, "gait_phase", k, m.n_gait, m.phase);
  return DF_OK;
}

static int count_falls(const eval_job* job, const chains* c, const df_fall_rule* rule) {
  const int nx = job->task->system->nx;
  int fallen = 0;
  for (int i = 0; i < c->n; i++) {
    fallen += df_fall_frame(rule, nx, c->frames, c->x + (size_t)i * (size_t)(c->frames + 1) * (size_t)nx) <= c->frames;
  }
  return fallen;
}

/* falls when the method is told, after every window, where it is */
static df_status add_replanned(const eval_job* job, const chains* pure, const df_fall_rule* rule, int k, int shown_k,
                               json_t* list) {
  int fallen = count_falls(job, pure, rule);
  if (!pure->planned_is_executed) {
    chains* c;
    DF_TRY(chains_new(job, k, CHAIN_REPLANNED, &c));
    fallen = count_falls(job, c, rule);
    chains_free(c);
  }
  add_interval(list, "fall_rate.replanned", unit_of("fall_rate"), shown_k, df_share_interval(fallen, pure->n));
  return DF_OK;
}

static df_status measure_chains(const eval_job* job, const chains* c, int k, int shown_k, evaluation* out) {
  df_fall_rule rule;
  DF_TRY(df_fall_rule_new(job->task->system, &job->task->config, &rule));
  double* work = df_alloc(5 * (size_t)c->n, sizeof *work);
  if (!work) return DF_E_NOMEM;
  int upright = -1;
  df_status status = add_chain_rows(job, c, &rule, shown_k, work, out, &upright);
  df_free(work);
  DF_TRY(status);
  DF_TRY(add_replanned(job, c, &rule, k, shown_k, out->rows));
  const int shown = upright < 0 ? 0 : upright;
  json_decref(out->strip);
  out->strip = NULL;
  return example_strip(job, shown, c->frames,
                       c->x + (size_t)shown * (size_t)(c->frames + 1) * (size_t)job->task->system->nx, &out->strip);
}

/* falls and what upright chains do; the ceiling has no actions beyond its window and is left out */
static df_status add_chains(const eval_job* job, int k, int shown_k, evaluation* out) {
  const df_config* config = &job->task->config;
  if (!(job->method->flags & DF_METHOD_RETURNS_ACTIONS) || (job->method->flags & DF_METHOD_SEES_DEMONSTRATION) ||
      config->eval_chains == 0 || config->eval_chain_seconds < job->task->system->dt) {
    return DF_OK;
  }
  chains* c;
  DF_TRY(chains_new(job, k, CHAIN_PURE, &c));
  const df_status status = measure_chains(job, c, k, shown_k, out);
  chains_free(c);
  return status;
}

static df_status evaluate_steps(const eval_job* job, int k, evaluation* out) {
  sampled s = {0};
  df_status status = sample(job, k, &s);
  if (status == DF_OK) status = add_tre(job, "tre", s.k, s.x, out);
  if (status == DF_OK && s.executed) status = add_tre(job, "tre_open_loop", s.k, s.executed, out);
  if (status == DF_OK) status = add_sae(job, &s, out);
  if (status == DF_OK) status = add_agreement(job, &s, out->rows);
  if (status == DF_OK) status = add_chains(job, k, s.k, out);
  if (status == DF_OK) {
    json_decref(out->examples);
    out->examples = example_curves(job, s.executed ? s.executed : s.x);
  }
  free_sampled(&s);
  return status;
}

df_status evaluate(const eval_job* job, evaluation* out) {
  *out = (evaluation){.rows = json_array(), .samples = json_array()};
  const df_list* steps = &job->task->config.eval_sampler_steps;
  const int variants = (job->method->flags & DF_METHOD_SAMPLES) ? steps->n : 1;
  for (int i = 0; i < variants; i++) {
    const int k = variants > 1 || (job->method->flags & DF_METHOD_SAMPLES) ? (int)lround(steps->v[i]) : 1;
    const df_status status = evaluate_steps(job, k, out);
    if (status != DF_OK) {
      evaluation_clear(out);
      return status;
    }
  }
  return DF_OK;
}

void evaluation_clear(evaluation* e) {
  json_decref(e->rows);
  json_decref(e->samples);
  json_decref(e->examples);
  json_decref(e->strip);
  *e = (evaluation){0};
}
