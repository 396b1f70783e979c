#include "recording.h"

#include <math.h>
#include <string.h>

#include "dynaflow/core/alloc.h"

static const double PI = 3.14159265358979323846, DEGREE = 3.14159265358979323846 / 180;

static const char* const readings[] = {
#define RECORDING_TEXT(flag, text) [flag##_BIT] = (text),
    RECORDING_READINGS(RECORDING_TEXT)
#undef RECORDING_TEXT
};

const char* recording_reading_text(int bit) {
  return readings[bit];
}

static bool turns(const df_joint* j) {
  return j->kind == DF_JOINT_FREE || j->kind == DF_JOINT_BALL;
}

/* index of a joint's quaternion in the state, of its angular velocity among the velocities */
static int quaternion_of(const df_joint* j) {
  return j->qpos + (j->kind == DF_JOINT_FREE ? 3 : 0);
}
static int spin_of(const df_joint* j) {
  return j->dof + (j->kind == DF_JOINT_FREE ? 3 : 0);
}

/* ---- reading ---- */

static void swap_order(double* q) {
  const double w = q[3];
  memmove(q + 1, q, 3 * sizeof *q);
  q[0] = w;
}

/* v = R(q)^T v */
static void into_body(const double* q, double* v) {
  const double p[3] = {-q[1], -q[2], -q[3]};
  const double t[3] = {2 * (p[1] * v[2] - p[2] * v[1]), 2 * (p[2] * v[0] - p[0] * v[2]),
                       2 * (p[0] * v[1] - p[1] * v[0])};
  const double out[3] = {v[0] + q[0] * t[0] + p[1] * t[2] - p[2] * t[1], v[1] + q[0] * t[1] + p[2] * t[0] - p[0] * t[2],
                         v[2] + q[0] * t[2] + p[0] * t[1] - p[1] * t[0]};
  memcpy(v, out, sizeof out);
}

static void read_joint(const recording* r, const df_joint* j, double* x) {
  double* v = x + r->nq;
  if (j->kind == DF_JOINT_HINGE && r->reading & (READ_DEGREES | READ_DEGREES_PER_SECOND)) x[j->qpos] *= DEGREE;
  if (j->kind == DF_JOINT_HINGE && r->reading & READ_DEGREES_PER_SECOND) v[j->dof] *= DEGREE;
  if (turns(j) && r->reading & READ_XYZW) swap_order(x + quaternion_of(j));
  if (j->kind == DF_JOINT_FREE && r->reading & READ_WORLD_SPIN) into_body(x + quaternion_of(j), v + spin_of(j));
}

static void read_state(const recording* r, int episode, int t, double* x) {
  memcpy(x, df_dataset_state(r->data, episode, t), (size_t)r->data->nx * sizeof *x);
  for (int i = 0; i < r->njoint; i++) read_joint(r, &r->joints[i], x);
}

/* v = (qb (-) qa) / dt for the joint, as a velocity in the body frame */
static void velocity_between(const recording* r, const df_joint* j, const double* a, const double* b, double* v) {
  const int plain = j->kind == DF_JOINT_BALL ? 0 : j->kind == DF_JOINT_FREE ? 3 : 1;
  for (int i = 0; i < plain; i++) v[j->dof + i] = (b[j->qpos + i] - a[j->qpos + i]) / r->dt;
  if (!turns(j)) return;
  const double *p = a + quaternion_of(j), *q = b + quaternion_of(j);
  /* conj(p) q */
  const double w = p[0] * q[0] + p[1] * q[1] + p[2] * q[2] + p[3] * q[3];
  const double d[3] = {p[0] * q[1] - p[1] * q[0] - p[2] * q[3] + p[3] * q[2],
                       p[0] * q[2] + p[1] * q[3] - p[2] * q[0] - p[3] * q[1],
                       p[0] * q[3] - p[1] * q[2] + p[2] * q[1] - p[3] * q[0]};
  const double sine = sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]);
  const double turn = 2 * atan2(w < 0 ? -sine : sine, fabs(w)), scale = sine > 0 ? turn / sine / r->dt : 0;
  for (int i = 0; i < 3; i++) v[spin_of(j) + i] = d[i] * scale;
}

void recording_state(const recording* r, int episode, int t, double* x) {
  read_state(r, episode, t, x);
  if (!(r->reading & READ_POSITIONS_ONLY)) return;
  const int before = t > 0 ? t - 1 : 0;
  const double *a = df_dataset_state(r->data, episode, before), *b = df_dataset_state(r->data, episode, before + 1);
  for (int i = 0; i < r->njoint; i++) velocity_between(r, &r->joints[i], a, b, x + r->nq);
}

/* the row of the action that acts from frame t, minus t */
static int shift_of(const recording* r) {
  return r->reading & READ_ACTIONS_LATER ? -1 : r->reading & READ_ACTIONS_EARLIER ? 1 : 0;
}

int recording_first(const recording* r) {
  return shift_of(r) < 0 || r->reading & READ_POSITIONS_ONLY ? 1 : 0;
}

int recording_last(const recording* r) {
  return r->data->length - (shift_of(r) > 0 ? 1 : 0);
}

const double* recording_action(const recording* r, int episode, int t) {
  return df_dataset_action(r->data, episode, t + shift_of(r));
}

void recording_error(const recording* r, const df_system* system, const double* y, const double* x, double* e) {
  system->ops->difference(system, y, x, e);
  if (!(r->reading & READ_WRAPPED)) return;
  for (int i = 0; i < r->njoint; i++) {
    if (r->joints[i].kind == DF_JOINT_HINGE) e[r->joints[i].dof] = remainder(e[r->joints[i].dof], 2 * PI);
  }
}

/* ---- precision ---- */

/* doubles are not rounded by storing them; what computed them rounds by a few units in the last place */
static double error_of(stored_precision p, double value) {
  return (p.kind == STORED_FLOAT64 ? 16 : 1) * stored_precision_error(p, value);
}

void recording_rounding(const recording* r, const double* x, double* e) {
  const bool degrees = r->reading & (READ_DEGREES | READ_DEGREES_PER_SECOND);
  for (int i = 0; i < r->njoint; i++) {
    const df_joint* j = &r->joints[i];
    const int plain = j->kind == DF_JOINT_BALL ? 0 : j->kind == DF_JOINT_FREE ? 3 : 1;
    for (int k = 0; k < plain; k++) {
      /* a rounding error in degrees is smaller in radians, and relative to a larger number */
      const double unit = degrees && j->kind == DF_JOINT_HINGE ? DEGREE : 1;
      e[j->dof + k] = unit * error_of(r->stored[POSITION], x[j->qpos + k] / unit);
    }
    /* a turn by the angle a changes the quaternion by a / 2 */
    for (int k = 0; turns(j) && k < 3; k++) e[spin_of(j) + k] = 2 * error_of(r->stored[POSITION], 0.999);
  }
  for (int i = r->nv; i < r->from[KINDS]; i++) {
    const int kind = i < r->from[ACTIVATION] ? VELOCITY : ACTIVATION;
    e[i] = error_of(r->stored[kind], x[r->nq + i - r->nv]);
  }
}

/* the precision of the numbers `from` .. before `to` of each state; `skip` marks quaternions */
static stored_precision precision_of_states(const recording* r, int from, int to, const bool* skip) {
  const size_t frames = (size_t)r->data->episodes * ((size_t)r->data->length + 1);
  double* list = df_alloc(frames * (size_t)(to - from) + 1, sizeof *list);
  size_t n = 0;
  for (size_t f = 0; list && f < frames; f++) {
    for (int i = from; i < to; i++) {
      if (!skip[i]) list[n++] = r->data->states[f * (size_t)r->data->nx + (size_t)i];
    }
  }
  const stored_precision out = stored_precision_of(list, list ? n : 0);
  df_free(list);
  return out;
}

/* Actions are rounded as the states are if that precision holds them all. Coarser actions are taken as exact: a
 * controller may have output rounded actions. */
static stored_precision precision_of_actions(const recording* r) {
  const size_t n = (size_t)r->data->episodes * (size_t)r->data->length * (size_t)r->data->nu;
  const stored_precision states = r->stored[VELOCITY];
  for (size_t i = 0; i < n; i++) {
    if (!stored_precision_holds(states, r->data->actions[i])) return (stored_precision){STORED_FLOAT64, 0};
  }
  return states;
}

recording recording_of(const df_dataset* data, const df_system* system) {
  const int nq = df_mujoco_nq(system), nv = df_mujoco_nv(system);
  recording r = {.data = data, .nq = nq, .nv = nv, .from = {0, nv, 2 * nv, system->ndx}, .dt = system->dt};
  r.njoint = df_mujoco_joints(system, &r.joints);
  bool* skip = df_alloc((size_t)data->nx, sizeof *skip);
  if (!skip) return r;
  for (int i = 0; i < r.njoint; i++) {
    for (int k = 0; turns(&r.joints[i]) && k < 4; k++) skip[quaternion_of(&r.joints[i]) + k] = true;
  }
  r.stored[POSITION] = precision_of_states(&r, 0, nq, skip);
  r.stored[VELOCITY] = precision_of_states(&r, nq, nq + nv, skip);
  if (nq == 4 * r.njoint && r.joints[0].kind == DF_JOINT_BALL) r.stored[POSITION] = r.stored[VELOCITY];
  r.stored[ACTIVATION] = precision_of_states(&r, nq + nv, data->nx, skip);
  r.action = precision_of_actions(&r);
  df_free(skip);
  return r;
}

void recording_extent(const recording* r, const df_system* system, double scale[KINDS], double motion[KINDS]) {
  const df_dataset* d = r->data;
  const int start[KINDS + 1] = {0, r->nq, r->nq + r->nv, d->nx};
  double* x = df_alloc(2 * (size_t)d->nx + (size_t)system->ndx, sizeof *x);
  for (int kind = 0; kind < KINDS; kind++) scale[kind] = motion[kind] = 0;
  if (!x) return;
  double *before = x + d->nx, *e = before + d->nx;
  for (int episode = 0; episode < d->episodes; episode++) {
    for (int t = 0; t <= d->length; t++) {
      recording_state(r, episode, t, x);
      if (t > 0) recording_error(r, system, before, x, e);
      memcpy(before, x, (size_t)d->nx * sizeof *x);
      for (int kind = 0; kind < KINDS; kind++) {
        for (int i = start[kind]; i < start[kind + 1]; i++) scale[kind] = fmax(scale[kind], fabs(x[i]));
        for (int i = r->from[kind]; t > 0 && i < r->from[kind + 1]; i++) motion[kind] = fmax(motion[kind], fabs(e[i]));
      }
    }
  }
  df_free(x);
}
