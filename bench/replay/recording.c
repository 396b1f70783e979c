#include "recording.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/angles.h"
#include "dynaflow/core/status.h"

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

/* whether the reading takes the angle of the joint, or its velocity, as in degrees */
static bool is_read_in_degrees(const recording* r, const df_joint* j, bool velocity) {
  const unsigned any = velocity ? READ_DEGREES_PER_SECOND : READ_DEGREES | READ_DEGREES_PER_SECOND;
  return j->kind == DF_JOINT_HINGE && r->reading & any;
}

static void read_joint(const recording* r, const df_joint* j, double* x) {
  double* v = x + r->nq;
  if (is_read_in_degrees(r, j, false)) x[j->qpos] *= DF_DEGREE;
  if (is_read_in_degrees(r, j, true)) v[j->dof] *= DF_DEGREE;
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
    if (r->joints[i].kind == DF_JOINT_HINGE) e[r->joints[i].dof] = remainder(e[r->joints[i].dof], 2 * DF_PI);
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

double recording_unit(const recording* r, int i) {
  const int kind = recording_kind(r, i);
  for (int j = 0; j < r->njoint && kind != ACTIVATION; j++) {
    if (r->joints[j].dof == i - r->from[kind])
      return is_read_in_degrees(r, &r->joints[j], kind == VELOCITY) ? DF_DEGREE : 1;
  }
  return 1;
}

bool recording_compares(const recording* r, int kind) {
  for (int i = r->from[kind]; i < r->from[kind + 1]; i++) {
    if (!r->derived[i]) return true;
  }
  return false;
}

/* ---- precision ---- */

/* How coordinate i of the states was stored, in units of which the reading makes `unit` each. */
static df_rounding rounding_of(const recording* r, int i, double unit) {
  df_rounding out = r->data->rounding[i];
  out.unit *= unit;
  return out;
}

/* The largest turn about an axis that the rounding of the quaternion q makes: each component of 2 q^-1 dq is a sum of
 * all four entries of q, in another order, times one of dq. All entries are taken as rounded like numbers close to 1.
 */
static double turn_rounding(const recording* r, const df_joint* j, const double* x) {
  const double* q = x + quaternion_of(j);
  double entry = 0, sum = 0;
  for (int k = 0; k < 4; k++) {
    entry = fmax(entry, df_rounding_error(&r->data->rounding[quaternion_of(j) + k], 0.999));
    sum += fabs(q[k]);
  }
  return 2 * sum * entry;
}

/* e [3] = the largest rounding errors of the coordinates of the vector v, number `at` of the state. A rotation spreads
 * the errors over all axes and adds its own. */
static void vector_rounding(const recording* r, int at, bool turned, double turn, const double* v, double* e) {
  const df_rounding stored = r->data->rounding[at];
  const double length = sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
  const bool rotated = turned || stored.rotated;
  for (int k = 0; k < 3; k++) {
    e[k] = rotated ? sqrt(3) * (df_rounding_error(&stored, length) + length * turn)
                   : df_rounding_error(&r->data->rounding[at + k], v[k]);
  }
}

/* of the joint's coordinates and their velocities, as they are stored; x is a state as it is read */
static void joint_rounding(const recording* r, const df_joint* j, const double* x, double* e) {
  double *velocity = e + r->nv + j->dof, turn;
  const double* v = x + r->nq + j->dof;
  df_rounding one;
  switch (j->kind) {
    case DF_JOINT_SLIDE:
    case DF_JOINT_HINGE:
      one = rounding_of(r, j->qpos, is_read_in_degrees(r, j, false) ? DF_DEGREE : 1);
      e[j->dof] = df_rounding_error(&one, x[j->qpos]);
      one = rounding_of(r, r->nq + j->dof, is_read_in_degrees(r, j, true) ? DF_DEGREE : 1);
      *velocity = df_rounding_error(&one, *v);
      return;
    case DF_JOINT_FREE:
      turn = turn_rounding(r, j, x);
      vector_rounding(r, j->qpos, false, 0, x + j->qpos, e + j->dof);
      vector_rounding(r, r->nq + j->dof, false, turn, v, velocity);
      vector_rounding(r, r->nq + spin_of(j), r->reading & READ_WORLD_SPIN, turn, v + 3, velocity + 3);
      break;
    case DF_JOINT_BALL:
      turn = turn_rounding(r, j, x);
      vector_rounding(r, r->nq + j->dof, false, turn, v, velocity);
      break;
    default:
      return;
  }
  for (int k = 0; k < 3; k++) e[spin_of(j) + k] = turn;
}

void recording_rounding(const recording* r, const double* x, double* e) {
  for (int i = 0; i < r->njoint; i++) joint_rounding(r, &r->joints[i], x, e);
  /* velocities that are differences of two positions */
  for (int i = 0; i < r->nv; i++) {
    if (r->reading & READ_POSITIONS_ONLY || r->derived[r->nv + i]) e[r->nv + i] = 2 * e[i] / r->dt;
  }
  for (int i = r->from[ACTIVATION]; i < r->from[KINDS]; i++)
    e[i] = df_rounding_error(&r->data->rounding[r->nq + i - r->nv], x[r->nq + i - r->nv]);
}

void recording_small_turns(const recording* r, const double* x, double* e) {
  static const int pairs[3][4] = {{1, 0, 3, 2}, {2, 3, 0, 1}, {3, 2, 1, 0}};
  for (int i = 0; i < r->njoint; i++) {
    const double* q = x + quaternion_of(&r->joints[i]);
    const df_rounding* stored = r->data->rounding + quaternion_of(&r->joints[i]);
    for (int axis = 0; turns(&r->joints[i]) && axis < 3; axis++) {
      double sum = 0;
      for (int k = 0; k < 4; k++) sum += pow(q[pairs[axis][k]] * df_rounding_error(&stored[k], q[k]), 2);
      e[spin_of(&r->joints[i]) + axis] = 2 * sqrt(sum);
    }
  }
}

void recording_scale_quaternions(const recording* r, const double* random, double* x) {
  for (int i = 0; i < r->njoint; i++) {
    for (int k = 0; turns(&r->joints[i]) && k < 4; k++) x[quaternion_of(&r->joints[i]) + k] *= 1 + UNIT * random[i];
  }
}

double recording_action_rounding(const recording* r, int i, double value) {
  df_rounding stored = r->data->rounding[r->data->nx + i];
  stored.precision = r->action;
  return r->action.kind == DF_STORED_FLOAT64 ? 0 : df_rounding_error(&stored, value);
}

bool recording_round_actions(recording* r) {
  if (r->action.kind != DF_STORED_FLOAT64) return false;
  r->action = r->data->action_precision;
  return r->action.kind != DF_STORED_FLOAT64;
}

/* the coarsest precision of the coordinates `from` to before `to` that the file holds */
static df_stored_precision coarsest(const recording* r, int from, int to) {
  df_stored_precision out = {DF_STORED_FLOAT64, 0};
  for (int i = from; i < to; i++) {
    const df_stored_precision one = r->data->rounding[i].precision;
    const bool coarser = df_stored_precision_error(one, 1) > df_stored_precision_error(out, 1);
    if (coarser && !r->data->derived[i]) out = one;
  }
  return out;
}

static void find_precisions(recording* r) {
  r->stored[POSITION] = coarsest(r, 0, r->nq);
  r->stored[VELOCITY] = coarsest(r, r->nq, r->nq + r->nv);
  r->stored[ACTIVATION] = coarsest(r, r->nq + r->nv, r->data->nx);
  if (r->data->nu > 0) r->action = r->data->rounding[r->data->nx].precision;
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
  find_precisions(out);
  return DF_OK;
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

df_status recording_copy_data(const recording* r, df_dataset* out) {
  const df_dataset* data = r->data;
  const size_t states = data->first[data->episodes] * (size_t)data->nx;
  const size_t actions = df_dataset_actions(data) * (size_t)data->nu, numbers = (size_t)(data->nx + data->nu);
  *out = *data;
  out->states = df_alloc(states, sizeof *out->states);
  out->actions = df_alloc(actions, sizeof *out->actions);
  out->rounding = df_alloc(numbers, sizeof *out->rounding);
  if (!out->states || !out->actions || !out->rounding) return DF_E_NOMEM;
  memcpy(out->states, data->states, states * sizeof *out->states);
  memcpy(out->actions, data->actions, actions * sizeof *out->actions);
  memcpy(out->rounding, data->rounding, numbers * sizeof *out->rounding);
  return DF_OK;
}

void recording_free_data(df_dataset* data) {
  df_free(data->states);
  df_free(data->actions);
  df_free(data->rounding);
  data->states = data->actions = NULL;
  data->rounding = NULL;
}
