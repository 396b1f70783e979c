#include "recording.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/status.h"

static const double PI = 3.14159265358979323846, DEGREE = 3.14159265358979323846 / 180;

/* MuJoCo normalizes no quaternion whose length is within this of 1 (mjMINVAL) */
static const double UNIT = 1e-15;

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

/* e [ndx] = x (-) y under the reading */
static void difference(const recording* r, const double* y, const double* x, double* e) {
  r->system->ops->difference(r->system, y, x, e);
  if (!(r->reading & READ_WRAPPED)) return;
  for (int i = 0; i < r->njoint; i++) {
    if (r->joints[i].kind == DF_JOINT_HINGE) e[r->joints[i].dof] = remainder(e[r->joints[i].dof], 2 * PI);
  }
}

/* the velocities of x = the change of position since the preceding frame, or of frame 0 to the next one, per second */
static void derive_velocities(const recording* r, int episode, int t, double* x) {
  double a[RECORDING_NX_MAX], b[RECORDING_NX_MAX], change[DF_NDX_MAX];
  const int before = t > 0 ? t - 1 : 0;
  read_state(r, episode, before, a);
  read_state(r, episode, before + 1, b);
  difference(r, a, b, change);
  for (int i = 0; i < r->nv; i++) x[r->nq + i] = change[i] / r->dt;
}

void recording_state(const recording* r, int episode, int t, double* x) {
  read_state(r, episode, t, x);
  if (r->reading & READ_POSITIONS_ONLY) derive_velocities(r, episode, t, x);
}

/* the row of the action that acts from frame t, minus t */
static int shift_of(const recording* r) {
  return r->reading & READ_ACTIONS_LATER ? -1 : r->reading & READ_ACTIONS_EARLIER ? 1 : 0;
}

int recording_first(const recording* r) {
  return shift_of(r) < 0 || r->reading & READ_POSITIONS_ONLY || r->differenced ? 1 : 0;
}

int recording_last(const recording* r, int episode) {
  return r->data->lengths[episode] - (shift_of(r) > 0 ? 1 : 0);
}

int recording_length(const recording* r, int episode) {
  const int length = recording_last(r, episode) - recording_first(r);
  return length > 0 ? length : 0;
}

size_t recording_before(const recording* r, int episode) {
  size_t n = 0;
  for (int e = 0; e < episode; e++) n += (size_t)recording_length(r, e);
  return n;
}

void recording_place(const recording* r, size_t at, int* episode, int* frame) {
  int e = 0;
  for (; e < r->data->episodes - 1 && at >= (size_t)recording_length(r, e); e++) at -= (size_t)recording_length(r, e);
  *episode = e;
  *frame = recording_first(r) + (int)at;
}

const double* recording_action(const recording* r, int episode, int t) {
  return df_dataset_action(r->data, episode, t + shift_of(r));
}

void recording_error(const recording* r, const double* y, const double* x, double* e) {
  difference(r, y, x, e);
  for (int i = 0; i < r->from[KINDS]; i++) {
    if (r->derived[i]) e[i] = 0;
  }
}

/* ---- precision ---- */

/* doubles are not rounded by storing them; what computed them rounds by a few units in the last place */
static double error_of(stored_precision p, double value) {
  return (p.kind == STORED_FLOAT64 ? 16 : 1) * stored_precision_error(p, value);
}

/* the largest rounding error of a number that is stored in other units, `unit` of ours each */
static double error_in(stored_precision p, double value, double unit) {
  return unit * error_of(p, value / unit);
}

/* of the joint's coordinates and their velocities, as they are stored; x is a state as it is read */
static void joint_rounding(const recording* r, const df_joint* j, const double* x, double* e) {
  const bool hinge = j->kind == DF_JOINT_HINGE;
  const double unit = hinge && r->reading & (READ_DEGREES | READ_DEGREES_PER_SECOND) ? DEGREE : 1;
  const double speed_unit = hinge && r->reading & READ_DEGREES_PER_SECOND ? DEGREE : 1;
  const int plain = j->kind == DF_JOINT_BALL ? 0 : j->kind == DF_JOINT_FREE ? 3 : 1;
  const double* v = x + r->nq;
  for (int k = 0; k < plain; k++) {
    e[j->dof + k] = error_in(r->stored[POSITION], x[j->qpos + k], unit);
    e[r->nv + j->dof + k] = error_in(r->stored[VELOCITY], v[j->dof + k], speed_unit);
  }
  if (!turns(j)) return;
  /* a turn by the angle a changes the quaternion by a / 2 */
  const double turn = 2 * error_of(r->stored[POSITION], 0.999);
  const double* spin = v + spin_of(j);
  const double speed = sqrt(spin[0] * spin[0] + spin[1] * spin[1] + spin[2] * spin[2]);
  const bool rotated = j->kind == DF_JOINT_FREE && r->reading & READ_WORLD_SPIN;
  for (int k = 0; k < 3; k++) {
    e[spin_of(j) + k] = turn;
    /* the rotation spreads the errors over all axes and adds its own */
    e[r->nv + spin_of(j) + k] = rotated ? sqrt(3) * (error_of(r->stored[VELOCITY], speed) + speed * turn)
                                        : error_of(r->stored[VELOCITY], spin[k]);
  }
}

void recording_rounding(const recording* r, const double* x, double* e) {
  for (int i = 0; i < r->njoint; i++) joint_rounding(r, &r->joints[i], x, e);
  /* velocities that are differences of two positions */
  for (int i = 0; i < r->nv; i++) {
    if (r->reading & READ_POSITIONS_ONLY || r->derived[r->nv + i]) e[r->nv + i] = 2 * e[i] / r->dt;
  }
  for (int i = r->from[ACTIVATION]; i < r->from[KINDS]; i++)
    e[i] = error_of(r->stored[ACTIVATION], x[r->nq + i - r->nv]);
}

void recording_small_turns(const recording* r, const double* x, double* e) {
  static const int pairs[3][4] = {{1, 0, 3, 2}, {2, 3, 0, 1}, {3, 2, 1, 0}};
  for (int i = 0; i < r->njoint; i++) {
    const double* q = x + quaternion_of(&r->joints[i]);
    for (int axis = 0; turns(&r->joints[i]) && axis < 3; axis++) {
      double sum = 0;
      for (int k = 0; k < 4; k++) sum += pow(q[pairs[axis][k]] * error_of(r->stored[POSITION], q[k]), 2);
      e[spin_of(&r->joints[i]) + axis] = 2 * sqrt(sum);
    }
  }
}

void recording_scale_quaternions(const recording* r, const double* random, double* x) {
  for (int i = 0; i < r->njoint; i++) {
    for (int k = 0; turns(&r->joints[i]) && k < 4; k++) x[quaternion_of(&r->joints[i]) + k] *= 1 + UNIT * random[i];
  }
}

/* the precision of the numbers `from` .. before `to` of each state; `skip` marks quaternions */
static df_status precision_of_states(const recording* r, int from, int to, const bool* skip, stored_precision* out) {
  const size_t frames = r->data->first[r->data->episodes];
  double* list = df_alloc(frames * (size_t)(to - from), sizeof *list);
  size_t n = 0;
  if (!list) return DF_E_NOMEM;
  for (size_t f = 0; f < frames; f++) {
    for (int i = from; i < to; i++) {
      if (!skip[i]) list[n++] = r->data->states[f * (size_t)r->data->nx + (size_t)i];
    }
  }
  *out = stored_precision_of(list, n);
  df_free(list);
  return DF_OK;
}

static size_t numbers_of_actions(const df_dataset* data) {
  return df_dataset_actions(data) * (size_t)data->nu;
}

/* Actions are rounded as the states are if that precision holds them all. Coarser actions are taken as exact: a
 * controller may have output rounded actions. */
static stored_precision precision_of_actions(const recording* r) {
  const size_t n = numbers_of_actions(r->data);
  const stored_precision states = r->stored[VELOCITY];
  for (size_t i = 0; i < n; i++) {
    if (!stored_precision_holds(states, r->data->actions[i])) return (stored_precision){STORED_FLOAT64, 0};
  }
  return states;
}

bool recording_round_actions(recording* r) {
  const size_t n = numbers_of_actions(r->data);
  if (r->action.kind != STORED_FLOAT64) return false;
  r->action = stored_precision_of(r->data->actions, n);
  return r->action.kind != STORED_FLOAT64;
}

/* whether all positions are quaternions, which show no precision of their own */
static bool is_of_balls(const recording* r) {
  for (int i = 0; i < r->njoint; i++) {
    if (r->joints[i].kind != DF_JOINT_BALL) return false;
  }
  return true;
}

static df_status find_precisions(recording* r) {
  const int nx = r->data->nx;
  bool skip[RECORDING_NX_MAX];
  memcpy(skip, r->data->derived, (size_t)nx * sizeof *skip);
  for (int i = 0; i < r->njoint; i++) {
    for (int k = 0; turns(&r->joints[i]) && k < 4; k++) skip[quaternion_of(&r->joints[i]) + k] = true;
  }
  DF_TRY(precision_of_states(r, 0, r->nq, skip, &r->stored[POSITION]));
  DF_TRY(precision_of_states(r, r->nq, r->nq + r->nv, skip, &r->stored[VELOCITY]));
  if (is_of_balls(r)) r->stored[POSITION] = r->stored[VELOCITY];
  DF_TRY(precision_of_states(r, r->nq + r->nv, nx, skip, &r->stored[ACTIVATION]));
  r->action = precision_of_actions(r);
  return DF_OK;
}

/* the tangent coordinates that the file does not hold; positions that are integrals belong to slide and free joints */
static void mark_derived(recording* r) {
  const bool* of_state = r->data->derived;
  for (int i = 0; i < r->njoint; i++) {
    const df_joint* j = &r->joints[i];
    const int plain = j->kind == DF_JOINT_BALL ? 0 : j->kind == DF_JOINT_FREE ? 3 : 1;
    for (int k = 0; k < plain; k++) r->derived[j->dof + k] = of_state[j->qpos + k];
  }
  for (int i = 0; i < r->nv; i++) {
    r->derived[r->nv + i] = of_state[r->nq + i];
    r->differenced = r->differenced || r->derived[r->nv + i];
  }
}

df_status recording_of(const df_dataset* data, const df_system* system, recording* out) {
  const int nq = df_mujoco_nq(system), nv = df_mujoco_nv(system);
  if (system->ndx > DF_NDX_MAX || system->nx > RECORDING_NX_MAX)
    return df_fail(DF_E_CONFIG, "replay: the model has %d tangent coordinates; at most %d are supported", system->ndx,
                   DF_NDX_MAX);
  *out = (recording){.data = data, .system = system, .nq = nq, .nv = nv, .dt = system->dt};
  out->from[VELOCITY] = nv;
  out->from[ACTIVATION] = 2 * nv;
  out->from[KINDS] = system->ndx;
  out->njoint = df_mujoco_joints(system, &out->joints);
  mark_derived(out);
  return find_precisions(out);
}

int recording_kind(const recording* r, int i) {
  return i < r->from[VELOCITY] ? POSITION : i < r->from[ACTIVATION] ? VELOCITY : ACTIVATION;
}

void recording_name(const recording* r, int i, char name[64]) {
  const int kind = recording_kind(r, i), dof = i - r->from[kind];
  const char* joint = "";
  for (int j = 0; j < r->njoint && kind != ACTIVATION; j++) {
    if (r->joints[j].dof <= dof) joint = r->joints[j].name;
  }
  if (joint[0])
    snprintf(name, 64, "joint '%s'", joint);
  else
    snprintf(name, 64, "%s %d", kind == ACTIVATION ? "activation" : "dof", dof);
}

df_status recording_extent(const recording* r, double scale[KINDS], double motion[KINDS]) {
  const df_dataset* d = r->data;
  const int start[KINDS + 1] = {0, r->nq, r->nq + r->nv, d->nx};
  double* x = df_alloc(2 * (size_t)d->nx + (size_t)r->from[KINDS], sizeof *x);
  if (!x) return DF_E_NOMEM;
  for (int kind = 0; kind < KINDS; kind++) scale[kind] = motion[kind] = 0;
  double *before = x + d->nx, *e = before + d->nx;
  for (int episode = 0; episode < d->episodes; episode++) {
    for (int t = 0; t <= d->lengths[episode]; t++) {
      recording_state(r, episode, t, x);
      if (t > 0) difference(r, before, x, e);
      memcpy(before, x, (size_t)d->nx * sizeof *x);
      for (int kind = 0; kind < KINDS; kind++) {
        for (int i = start[kind]; i < start[kind + 1]; i++) scale[kind] = fmax(scale[kind], fabs(x[i]));
        for (int i = r->from[kind]; t > 0 && i < r->from[kind + 1]; i++) motion[kind] = fmax(motion[kind], fabs(e[i]));
      }
    }
  }
  df_free(x);
  return DF_OK;
}
