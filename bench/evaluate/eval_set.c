#include "eval_set.h"

#include <math.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/rng.h"
#include "dynaflow/data/robot_base.h"
#include "dynaflow/metrics/goal.h"
#include "dynaflow/metrics/metrics.h"
#include "dynaflow/sim/mujoco.h"

/* draws B test windows without replacement: the first B steps of a Fisher-Yates shuffle */
static df_status draw_windows(const df_task* task, eval_set* set) {
  const int n = task->windows->n_test;
  const uint64_t seed = (uint64_t)task->config.eval_seed;
  df_window* all = df_alloc((size_t)n, sizeof *all);
  if (!all) return DF_E_NOMEM;
  memcpy(all, task->windows->test, (size_t)n * sizeof *all);
  for (int i = 0; i < set->B; i++) {
    const int j = i + (int)df_rng_below(seed, DF_STREAM_SPLIT, (uint64_t)i, 0, (uint64_t)(n - i));
    const df_window picked = all[j];
    all[j] = all[i];
    set->window[i] = picked;
  }
  df_free(all);
  return DF_OK;
}

static void copy_windows(const df_task* task, eval_set* set) {
  const size_t nx = (size_t)task->system->nx, nu = (size_t)task->system->nu, nc = (size_t)task->data->nc;
  const size_t H = (size_t)set->H;
  for (int b = 0; b < set->B; b++) {
    const df_window w = set->window[b];
    set->episode[b] = w.episode;
    set->group[b] = df_dataset_group(task->data, w.episode);
    const double* x = df_dataset_state(task->data, w.episode, w.start);
    memcpy(set->x0 + (size_t)b * nx, x, nx * sizeof *x);
    memcpy(set->x + (size_t)b * (H + 1) * nx, x, (H + 1) * nx * sizeof *x);
    if (set->u) {
      memcpy(set->u + (size_t)b * H * nu, df_dataset_action(task->data, w.episode, w.start), H * nu * sizeof *x);
    }
    if (set->condition) {
      memcpy(set->condition + (size_t)b * nc, df_dataset_condition(task->data, w.episode, w.start), nc * sizeof *x);
    }
  }
}

/* whether a geom is of a body, or of what hangs on one, that moves by the free joint of an object */
static bool is_of_object(const df_task* task, int geom) {
  const df_joint* joints;
  const int n = df_mujoco_joints(task->system, &joints);
  int body = df_mujoco_geom_body(task->system, geom);
  while (body > 0 && df_mujoco_body_parent(task->system, body) > 0) body = df_mujoco_body_parent(task->system, body);
  for (int j = 0; j < n; j++) {
    if (df_mujoco_joint_body(task->system, j) == body &&
        df_joint_is_of_object(task->system, &task->config.chart_objects, j))
      return true;
  }
  return false;
}

df_status eval_feet(const df_task* task, int feet[DF_NAMES_MAX]) {
  const df_names* names = &task->config.eval_feet;
  for (int k = 0; k < names->n; k++) {
    feet[k] = df_mujoco_geom(task->system, names->v[k]);
    if (feet[k] < 0) {
      return df_fail(DF_E_CONFIG,
                     "task %s: eval.feet: the model has no geom \"%s\": name a geom, or BODY:I for geom I of a body",
                     task->config.task_name, names->v[k]);
    }
    if (is_of_object(task, feet[k])) {
      return df_fail(
          DF_E_CONFIG,
          "task %s: eval.feet: the geom \"%s\" is of an object, not of the robot: name geoms of the robot, or "
          "say in chart.objects which bodies are objects",
          task->config.task_name, names->v[k]);
    }
  }
  return DF_OK;
}

/* refuses settings of the evaluation before anything is computed */
static df_status check_settings(const df_task* task) {
  const df_list* steps = &task->config.eval_sampler_steps;
  if (steps->n == 0) {
    return df_fail(DF_E_CONFIG, "task %s: eval.sampler_steps is empty: give at least one number",
                   task->config.task_name);
  }
  for (int i = 0; i < steps->n; i++) {
    if (steps->v[i] != floor(steps->v[i])) {
      return df_fail(DF_E_CONFIG, "task %s: eval.sampler_steps contains %g: a whole number is expected",
                     task->config.task_name, steps->v[i]);
    }
  }
  df_fall_rule rule;
  const df_status status = df_fall_rule_new(task->system, &task->config, &rule);
  df_fall_rule_clear(&rule);
  DF_TRY(status);
  df_goal goal;
  return df_goal_find(task->system, task->data, &task->config, &goal);
}

static df_status build_set(const df_task* task, int threads, eval_set* set) {
  const size_t nx = (size_t)task->system->nx, nu = (size_t)task->system->nu, nc = (size_t)task->data->nc;
  const size_t B = (size_t)set->B, H = (size_t)set->H;
  DF_TRY(check_settings(task));
  set->n_feet = task->config.eval_feet.n;
  DF_TRY(eval_feet(task, set->feet));
  /* allocate, draw and copy the windows */
  set->window = df_alloc(B, sizeof *set->window);
  set->episode = df_alloc(B, sizeof *set->episode);
  set->group = df_alloc(B, sizeof *set->group);
  set->x0 = df_alloc(B * nx, sizeof(double));
  set->x = df_alloc(B * (H + 1) * nx, sizeof(double));
  if (!set->window || !set->episode || !set->group || !set->x0 || !set->x) return DF_E_NOMEM;
  if (nc && !(set->condition = df_alloc(B * nc, sizeof(double)))) return DF_E_NOMEM;
  if (task->data->actions && !(set->u = df_alloc(B * H * nu, sizeof(double)))) return DF_E_NOMEM;
  DF_TRY(draw_windows(task, set));
  copy_windows(task, set);
  DF_TRY(df_sha256(set->x0, B * nx * sizeof(double), set->sha256));
  /* ground contacts of the demonstrations */
  if (set->n_feet == 0) return DF_OK;
  set->touch = df_alloc(B * (H + 1) * (size_t)set->n_feet, 1);
  if (!set->touch) return DF_E_NOMEM;
  return df_metric_contacts(task->system, &(df_trajectories){.B = set->B, .H = set->H, .x = set->x}, set->n_feet,
                            set->feet, threads, set->touch);
}

df_status eval_set_new(const df_task* task, int threads, eval_set** out) {
  *out = NULL;
  eval_set* set = df_alloc(1, sizeof *set);
  if (!set) return DF_E_NOMEM;
  set->H = task->windows->horizon;
  set->B = task->config.eval_windows < task->windows->n_test ? task->config.eval_windows : task->windows->n_test;
  const df_status status = build_set(task, threads, set);
  if (status != DF_OK) {
    eval_set_free(set);
    return status;
  }
  *out = set;
  return DF_OK;
}

/* df_dataset_group() of a condition */
static int group_of(const df_dataset* data, const double* condition) {
  int group = -1;
  for (int i = 0; condition && i < data->nc; i++) {
    if (strncmp(data->condition_name[i], "gait.", 5) != 0) continue;
    if (group < 0 || condition[i] > condition[group]) group = i;
  }
  return group < 0 ? 0 : group;
}

static df_status build_starts(const df_task* task, const eval_starts* starts, eval_set* set) {
  const size_t nx = (size_t)task->system->nx, nc = (size_t)task->data->nc, B = (size_t)set->B;
  DF_TRY(check_settings(task));
  set->n_feet = task->config.eval_feet.n;
  DF_TRY(eval_feet(task, set->feet));
  set->window = df_alloc(B, sizeof *set->window);
  set->episode = df_alloc(B, sizeof *set->episode);
  set->group = df_alloc(B, sizeof *set->group);
  set->x0 = df_alloc(B * nx, sizeof(double));
  if (!set->window || !set->episode || !set->group || !set->x0) return DF_E_NOMEM;
  if (starts->condition && !(set->condition = df_alloc(B * nc, sizeof(double)))) return DF_E_NOMEM;
  memcpy(set->x0, starts->x0, B * nx * sizeof(double));
  memcpy(set->window, starts->window, B * sizeof *set->window);
  if (set->condition) memcpy(set->condition, starts->condition, B * nc * sizeof(double));
  for (int b = 0; b < set->B; b++) {
    set->episode[b] = starts->window[b].episode;
    set->group[b] = group_of(task->data, set->condition ? set->condition + (size_t)b * nc : NULL);
  }
  return DF_OK;
}

df_status eval_set_of_starts(const df_task* task, const eval_starts* starts, eval_set** out) {
  *out = NULL;
  eval_set* set = df_alloc(1, sizeof *set);
  if (!set) return DF_E_NOMEM;
  set->H = task->windows->horizon;
  set->B = starts->B;
  const df_status status = build_starts(task, starts, set);
  if (status != DF_OK) {
    eval_set_free(set);
    return status;
  }
  *out = set;
  return DF_OK;
}

void eval_set_free(eval_set* set) {
  if (!set) return;
  df_free(set->window);
  df_free(set->episode);
  df_free(set->group);
  df_free(set->x0);
  df_free(set->condition);
  df_free(set->x);
  df_free(set->u);
  df_free(set->touch);
  df_free(set);
}
