#include "shown_motion.h"

#include <math.h>
#include <string.h>

#include "condition_title.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/data/robot_base.h"
#include "dynaflow/metrics/metrics.h"
#include "dynaflow/sim/mujoco.h"
#include "dynaflow/sim/rollout.h"
#include "list.h"
#include "named_columns.h"
#include "text.h"

int shown_states(const shown* s, double seconds) {
  return (int)fmin(round(seconds / s->task->system->dt), 1e9);
}

/* the range of states that is shown */
typedef struct part {
  int first, n;
} part;

static df_status part_of(const shown* s, const show_arguments* a, const motion_source* from, part* out) {
  const double dt = s->task->system->dt;
  const double start = a->from >= 0 ? a->from : from->demonstrated ? s->config.window_first * dt : 0;
  const int first = shown_states(s, start);
  if (first >= from->n) {
    return df_fail(DF_E_CONFIG, "--from %g: %s ends at %g s", start, from->title, (from->n - 1) * dt);
  }
  const int most = a->seconds > 0 ? shown_states(s, a->seconds) + 1 : from->n;
  *out = (part){first, most < from->n - first ? most : from->n - first};
  return DF_OK;
}

/* the states before the first one that is not finite */
static int finite_states(const double* x, int n, size_t nx) {
  for (int t = 0; t < n; t++) {
    for (size_t i = 0; i < nx; i++) {
      if (!isfinite(x[(size_t)t * nx + i])) return t;
    }
  }
  return n;
}

/* a copy of the part; *n is the number of its states, 0 if the motion is not finite there */
static df_status copy_part(const shown* s, const double* x, int states, part p, int* n, double** out) {
  const size_t nx = (size_t)s->task->system->nx;
  const double* begin = x + (size_t)p.first * nx;
  *n = p.first < states ? finite_states(begin, states - p.first < p.n ? states - p.first : p.n, nx) : 0;
  if (*n == 0) return DF_OK;
  *out = df_alloc((size_t)*n * nx, sizeof **out);
  if (!*out) return DF_E_NOMEM;
  memcpy(*out, begin, (size_t)*n * nx * sizeof **out);
  return DF_OK;
}

static df_status find_contacts(const shown* s, int threads, shown_motion* m) {
  if (s->n_feet == 0) return DF_OK;
  m->touch = df_alloc((size_t)m->n * (size_t)s->n_feet, sizeof *m->touch);
  if (!m->touch) return DF_E_NOMEM;
  /* there is no window of one state: the state is given twice */
  const size_t nx = (size_t)s->task->system->nx;
  double* x = df_alloc((size_t)(m->n + 1) * nx, sizeof *x);
  uint8_t* touch = df_alloc((size_t)(m->n + 1) * (size_t)s->n_feet, sizeof *touch);
  df_status status = x && touch ? DF_OK : DF_E_NOMEM;
  if (status == DF_OK) {
    memcpy(x, m->x, (size_t)m->n * nx * sizeof *x);
    memcpy(x + (size_t)m->n * nx, m->x, nx * sizeof *x);
    const df_trajectories states = {.B = 1, .H = m->n, .x = x};
    status = df_metric_contacts(s->task->system, &states, s->n_feet, s->feet, threads, touch);
  }
  if (status == DF_OK) memcpy(m->touch, touch, (size_t)m->n * (size_t)s->n_feet);
  df_free(x);
  df_free(touch);
  return status;
}

/* adds the part of some states as a motion of its own */
static df_status add_states(shown* s, const show_arguments* a, const motion_source* from, const char* title,
                            const double* x, int states, part p) {
  s->list = list_grow(s->list, s->n, sizeof *s->list);
  shown_motion* m = &s->list[s->n++];
  text condition = {0};
  if (from->condition) condition_title(s->task->data, from->condition, true, &condition);
  *m = (shown_motion){.condition = format_text("%s", text_of(&condition)), .start = p.first * s->task->system->dt};
  text_clear(&condition);
  DF_TRY(copy_part(s, x, states, p, &m->n, &m->x));
  const int expected = states - p.first < p.n ? states - p.first : p.n;
  m->title = m->n == expected
                 ? format_text("%s", title)
                 : format_text("%s, not finite after %.2f s", title, (p.first + m->n - 1) * s->task->system->dt);
  if (m->n == 0) {
    return df_fail(DF_E_NONFINITE, "%s: the state at %g s is not finite", title, p.first * s->task->system->dt);
  }
  return find_contacts(s, a->common.threads, m);
}

/* the states that the actions lead to, a new array [n][nx] */
static df_status replay(const shown* s, const motion_source* from, double** out) {
  const df_system* system = s->task->system;
  df_rollout_cfg cfg = df_rollout_cfg_default();
  df_rollout* rollout;
  if (!from->u) return df_fail(DF_E_CONFIG, "%s has no actions, so it cannot be replayed", from->title);
  DF_TRY(df_rollout_new(system, &cfg, &rollout));
  *out = df_alloc((size_t)from->n * (size_t)system->nx, sizeof **out);
  const df_rollout_batch batch = {.B = 1, .H = from->n - 1, .x0 = from->x, .u = from->u, .x = *out};
  const df_status status = *out ? df_rollout_run(rollout, &batch) : DF_E_NOMEM;
  df_rollout_free(rollout);
  return status;
}

/* the demonstration in whose state the motion begins */
static df_status demonstration_of(const shown* s, const motion_source* from, const double** x, int* n) {
  const df_window w = from->demonstration;
  const df_dataset* data = s->task->data;
  if (w.episode < 0) {
    return df_fail(DF_E_CONFIG, "%s does not begin in a demonstrated state: there is no demonstration to show with it",
                   from->title);
  }
  *x = df_dataset_state(data, w.episode, w.start);
  *n = data->lengths[w.episode] + 1 - w.start;
  return DF_OK;
}

/* the states of one of the motions that may be shown with it; `memory` is to be freed */
static df_status companion(const shown* s, const motion_source* from, unsigned which, const double** x, int* n,
                           double** memory) {
  *memory = NULL;
  if (which == SHOW_DEMONSTRATION) return demonstration_of(s, from, x, n);
  DF_TRY(replay(s, from, memory));
  *x = *memory;
  *n = from->n;
  return DF_OK;
}

static df_status add_beside(shown* s, const show_arguments* a, const motion_source* from, unsigned which, part p) {
  const double* x = NULL;
  int n = 0;
  double* memory;
  char* title = which == SHOW_DEMONSTRATION ? format_text("demonstration %d", from->demonstration.episode)
                                            : format_text("replayed");
  df_status status = companion(s, from, which, &x, &n, &memory);
  if (status == DF_OK && p.first < n) status = add_states(s, a, from, title, x, n, p);
  df_free(memory);
  df_free(title);
  return status;
}

static df_status add_ghost(shown* s, const show_arguments* a, const motion_source* from, part p) {
  const double* x = NULL;
  int n = 0;
  double* memory;
  shown_motion* m = &s->list[s->n - 1];
  df_status status = companion(s, from, a->ghost, &x, &n, &memory);
  if (status == DF_OK) status = copy_part(s, x, n, p, &m->n_ghost, &m->ghost);
  if (status == DF_OK) {
    char* title = m->title;
    m->title = format_text("%s; transparent: %s", title, a->ghost == SHOW_REPLAYED ? "replayed" : "demonstration");
    df_free(title);
  }
  df_free(memory);
  return status;
}

df_status shown_add(shown* s, const show_arguments* a, const motion_source* from) {
  part p;
  DF_TRY(part_of(s, a, from, &p));
  unsigned beside = a->beside;
  /* unless it says otherwise, a motion stands under the demonstration in whose state it begins */
  if (!a->has_beside && !a->ghost && !from->demonstrated && from->demonstration.episode >= 0) {
    beside = SHOW_DEMONSTRATION;
  }
  if (from->demonstrated) beside &= ~(unsigned)SHOW_DEMONSTRATION;
  if (beside & SHOW_DEMONSTRATION) DF_TRY(add_beside(s, a, from, SHOW_DEMONSTRATION, p));
  DF_TRY(add_states(s, a, from, from->title, from->x, from->n, p));
  if (a->ghost) DF_TRY(add_ghost(s, a, from, p));
  return beside & SHOW_REPLAYED ? add_beside(s, a, from, SHOW_REPLAYED, p) : DF_OK;
}

/* ---- what follows from the task ---- */

/* the root of the tree of the robot's base, else of the first joint that is driven, else of the first */
static int root_of(const df_task* task) {
  const df_joint* joints;
  const int n = df_mujoco_joints(task->system, &joints);
  int joint = df_robot_base(task->system, &task->config.chart_objects).joint;
  for (int i = 0; i < n && joint < 0; i++) {
    if (df_mujoco_is_driven(task->system, i)) joint = i;
  }
  int body = df_mujoco_joint_body(task->system, joint < 0 ? 0 : joint);
  while (df_mujoco_body_parent(task->system, body) > 0) body = df_mujoco_body_parent(task->system, body);
  return body;
}

df_status shown_prepare(shown* s) {
  const df_names* feet = &s->config.eval_feet;
  s->n_feet = feet->n;
  for (int k = 0; k < feet->n; k++) {
    s->feet[k] = df_mujoco_geom(s->task->system, feet->v[k]);
    if (s->feet[k] < 0) {
      return df_fail(DF_E_CONFIG, "task %s: eval.feet: the model has no geom \"%s\"", s->config.task_name, feet->v[k]);
    }
  }
  s->root = root_of(s->task);
  return df_search_find(&s->search, s->config.system_model, &s->model_path);
}

/* ---- which episodes ---- */

/* whether no thing before is in the group of thing i */
static bool is_first(const shown* s, const shown_choice* from, int i) {
  if (!from->group) return i == 0;
  for (int j = 0; j < i; j++) {
    if (from->group(s, from->context, j) == from->group(s, from->context, i)) return false;
  }
  return true;
}

df_status shown_choose(shown* s, const show_arguments* a, const shown_choice* from) {
  for (int k = 0; k < a->n_episodes; k++) {
    if (a->episodes[k] >= from->n) {
      return df_fail(DF_E_CONFIG, "--episode %d: %s has %d %s, counted from 0", a->episodes[k], a->source, from->n,
                     from->what);
    }
    DF_TRY(from->add(s, a, from->context, a->episodes[k]));
  }
  for (int i = 0; a->n_episodes == 0 && i < from->n; i++) {
    if (is_first(s, from, i)) DF_TRY(from->add(s, a, from->context, i));
  }
  return DF_OK;
}
