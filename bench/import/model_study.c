#include "model_study.h"

#include <math.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/data/robot_base.h"
#include "dynaflow/sim/dynamics.h"

/* the unit of the directions in which a joint moves a body, m and rad */
static const double MOVE = 0.1;

static bool slides_or_turns(const df_joint* j) {
  return j->kind == DF_JOINT_SLIDE || j->kind == DF_JOINT_HINGE;
}

bool model_is_object(const model_study* m, int i) {
  return df_joint_is_of_object(m->system, m->objects, i);
}

bool model_is_of_object(const model_study* m, int body) {
  while (body > 0 && df_mujoco_body_parent(m->system, body) > 0) body = df_mujoco_body_parent(m->system, body);
  for (int i = 0; i < m->n_joints; i++) {
    if (df_mujoco_joint_body(m->system, i) == body && model_is_object(m, i)) return true;
  }
  return false;
}

static void count(model_study* m) {
  m->free_joint = df_robot_base(m->system, m->objects).joint;
  m->root_body = m->height = m->tilt = -1;
  for (int i = 0; i < m->n_joints; i++) {
    const df_joint* j = &m->joints[i];
    m->axes += slides_or_turns(j);
    m->balls += j->kind == DF_JOINT_BALL;
  }
}

/* a body on the world that can travel or that has several joints */
static int find_root(const model_study* m) {
  int before = -1;
  for (int i = 0; i < m->n_joints; i++) {
    const df_joint* j = &m->joints[i];
    const int body = df_mujoco_joint_body(m->system, i);
    if (!slides_or_turns(j) || df_mujoco_body_parent(m->system, body) != 0) continue;
    if (body == before || (j->kind == DF_JOINT_SLIDE && isinf(j->width))) return body;
    before = body;
  }
  return -1;
}

/* how far the joint moves its body up */
static double rise_of(const model_study* m, df_sim* sim, int joint, double* x, double* position) {
  const int body = df_mujoco_joint_body(m->system, joint);
  const int at = m->joints[joint].qpos;
  df_mujoco_initial_state(m->system, x);
  df_mujoco_pose(sim, x);
  df_mujoco_body_positions(sim, position);
  const double before = position[3 * body + 2];
  x[at] += MOVE;
  df_mujoco_pose(sim, x);
  df_mujoco_body_positions(sim, position);
  return position[3 * body + 2] - before;
}

/* whether the joint moves any body up or down, as a hinge with a horizontal axis does and a heading does not; true for
 * a body without others on it, which its joint may leave in place */
static bool leans(const model_study* m, df_sim* sim, int joint, double* x, double* position) {
  static const double MOVED = 1e-6;
  const int bodies = df_mujoco_body_count(m->system), body = df_mujoco_joint_body(m->system, joint);
  bool others = false, moved = false;
  for (int i = 1; i < bodies; i++) others |= df_mujoco_body_parent(m->system, i) == body;
  df_mujoco_initial_state(m->system, x);
  df_mujoco_pose(sim, x);
  df_mujoco_body_positions(sim, position);
  double* after = position + 3 * bodies;
  x[m->joints[joint].qpos] += MOVE;
  df_mujoco_pose(sim, x);
  df_mujoco_body_positions(sim, after);
  for (int i = 0; i < bodies; i++) moved |= fabs(after[3 * i + 2] - position[3 * i + 2]) > MOVED;
  return moved || !others;
}

typedef struct scratch {
  double *x, *position; /* position [2][bodies][3] */
} scratch;

static scratch scratch_new(const model_study* m) {
  scratch s = {.x = df_alloc((size_t)m->nx, sizeof(double)),
               .position = df_alloc(6 * (size_t)df_mujoco_body_count(m->system), sizeof(double))};
  return s;
}

static void scratch_free(scratch* s) {
  df_free(s->x);
  df_free(s->position);
}

/* the slide that lifts the root, and the first hinge that leans it */
static void describe_root(model_study* m, df_sim* sim, scratch* s) {
  for (int i = 0; i < m->n_joints; i++) {
    if (df_mujoco_joint_body(m->system, i) != m->root_body) continue;
    const bool slide = m->joints[i].kind == DF_JOINT_SLIDE;
    if (slide && m->height < 0 && rise_of(m, sim, i, s->x, s->position) > 0.5 * MOVE) m->height = i;
    if (!slide && m->tilt < 0 && leans(m, sim, i, s->x, s->position)) m->tilt = i;
  }
}

df_status model_study_of(const df_system* system, model_study* out) {
  return model_study_with(system, NULL, out);
}

df_status model_study_with(const df_system* system, const df_names* objects, model_study* out) {
  *out = (model_study){.system = system,
                       .objects = objects,
                       .nq = df_mujoco_nq(system),
                       .nv = df_mujoco_nv(system),
                       .na = df_mujoco_na(system),
                       .nu = system->nu,
                       .nx = system->nx};
  out->n_joints = df_mujoco_joints(system, &out->joints);
  count(out);
  if (out->free_joint >= 0) return DF_OK;
  out->root_body = find_root(out);
  if (out->root_body < 0) return DF_OK;
  df_sim* sim;
  DF_TRY(df_sim_new(system, 0, &sim));
  scratch s = scratch_new(out);
  const bool enough = s.x && s.position;
  if (enough) describe_root(out, sim, &s);
  scratch_free(&s);
  df_sim_free(system, sim);
  return enough ? DF_OK : DF_E_NOMEM;
}

bool model_is_path(const model_study* m, int i) {
  const df_joint* j = &m->joints[i];
  return j->kind == DF_JOINT_SLIDE && isinf(j->width) && i != m->height && m->root_body >= 0 &&
         df_mujoco_joint_body(m->system, i) == m->root_body;
}

int model_base(const model_study* m) {
  return m->free_joint >= 0 ? df_mujoco_joint_body(m->system, m->free_joint) : m->root_body;
}

const char* model_cannot_fall(const model_study* m) {
  const int base = model_base(m);
  if (base < 0) return NULL;
  if (!(df_mujoco_weight(m->system, base) > 0)) return "nothing has weight in the model";
  if (!df_mujoco_may_touch_world(m->system, base))
    return "no geom of the robot can touch static geometry: contacts are disabled, or there is no floor; if it is in "
           "another file, import the file of the scene";
  const int falls = m->free_joint >= 0 ? m->free_joint : m->height;
  return falls >= 0 && df_mujoco_is_carried(m->system, falls) ? "actuators carry its base, as of a drone or a gripper"
                                                              : NULL;
}
