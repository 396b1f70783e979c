#include "rk4.h"

#include <math.h>

#include "dynaflow/core/assert.h"
#include "record.h"
#include "spatial.h"

/* ---- the rate of a rotation vector: Jr(r)^-1 = 1 + [r]/2 + c(r.r) [r]^2 ---- */

enum { TERMS = 9 };
/* Polynomial for c(t), t < LARGE, lowest power first: the Taylor series 1/12 + t/720 + ... fitted to the interval. The
 * coefficients are MuJoCo's, because the bits of the next state depend on them. */
static const double SERIES[TERMS] = {0.08333333333333338,    0.0013888888888859755,  3.30687830944332e-05,
                                     8.267194907152073e-07,  2.0876900642039142e-08, 5.282849430384459e-10,
                                     1.3455485951057888e-11, 3.161551550077822e-13,  1.230313397310169e-14};
static const double LARGE = 3.0625;

/* c(t); *slope = dc/dt unless slope is NULL */
static double curvature(double t, double* slope) {
  /* polynomial, by Horner's rule */
  if (t < LARGE) {
    double c = SERIES[TERMS - 1], dc = 0;
    for (int i = TERMS - 2; i >= 0; i--) {
      dc = t * dc + c;
      c = t * c + SERIES[i];
    }
    if (slope) *slope = dc;
    return c;
  }
  /* closed form: c = (1 - s cot s) / t, s = sqrt(t) / 2 */
  const double half = 0.5 * sqrt(t), tangent = tan(half);
  const double c = (1 - half / tangent) / t;
  if (slope) {
    const double sine = sin(half), product = (1 / tangent - half / (sine * sine)) / (8 * half);
    *slope = -(product + c) / t;
  }
  return c;
}

/* Scales r into the ball of radius pi. Returns the scale; *turns is the angle removed, a multiple of 2 pi. */
static double wrap(double r[3], double* turns) {
  const double square = vec_dot(r, r);
  *turns = 0;
  if (!(square > mjPI * mjPI)) return 1;
  const double angle = sqrt(square);
  *turns = 2 * mjPI * floor(angle / (2 * mjPI) + 0.5);
  const double scale = (angle - *turns) / angle;
  for (int k = 0; k < 3; k++) r[k] *= scale;
  return scale;
}

void df_rotation_rate(const double r[3], double v[3]) {
  double turns, u[3] = {r[0], r[1], r[2]}, once[3], twice[3];
  (void)wrap(u, &turns);
  const double c = curvature(vec_dot(u, u), NULL);
  vec_cross(once, u, v);
  vec_cross(twice, u, once);
  for (int k = 0; k < 3; k++) v[k] = (v[k] + 0.5 * once[k]) + c * twice[k];
}

void df_rotation_rate_vjp(const double r[3], const double v[3], const double y[3], double rbar[3], double vbar[3]) {
  double turns, slope, u[3] = {r[0], r[1], r[2]}, once[3], twice[3], ubar[3];
  const double angle = sqrt(vec_dot(r, r)), scale = wrap(u, &turns);
  const double c = curvature(vec_dot(u, u), &slope);
  const double uv = vec_dot(u, v), uy = vec_dot(u, y), vy = vec_dot(v, y), uu = vec_dot(u, u);

  /* cotangent of v: the transpose of 1 + [u]/2 + c [u]^2 */
  vec_cross(once, u, y);
  vec_cross(twice, u, once);
  for (int k = 0; k < 3; k++) vbar[k] += y[k] - 0.5 * once[k] + c * twice[k];

  /* cotangent of u, from y . (u x v)/2 and y . (u x (u x v)) = (u.y)(u.v) - (u.u)(v.y) */
  vec_cross(ubar, v, y);
  for (int k = 0; k < 3; k++) {
    ubar[k] *= 0.5;
    ubar[k] += c * (y[k] * uv + v[k] * uy - 2 * u[k] * vy) + 2 * slope * u[k] * (uy * uv - uu * vy);
  }

  /* cotangent of r, through u = r (1 - turns/|r|) */
  vec_add_scaled(rbar, ubar, scale);
  if (turns != 0) vec_add_scaled(rbar, r, turns * vec_dot(r, ubar) / (angle * angle * angle));
}

/* ---- the step ---- */

typedef struct stages {
  double *start, *state;    /* [nx] state at the start of the step, at a stage */
  double time;              /* at the start of the step, s */
  int n;                    /* length of a rate: 2 nv + na */
  double* rate[RK4_STAGES]; /* [n] rates of position (tangent), velocity and activations at each stage */
  double* sum;              /* [n] a weighted sum of the rates */
} stages;

size_t df_rk4_step_size(const mjModel* m) {
  if (m->opt.integrator != mjINT_RK4) return 0;
  return 2 * (size_t)(m->nq + m->nv + m->na) + (RK4_STAGES + 1) * (size_t)(2 * m->nv + m->na);
}

static stages lay_out(const mjModel* m, double* work) {
  const int nx = (int)(m->nq + m->nv + m->na);
  stages s = {.start = work, .state = work + nx, .n = (int)(2 * m->nv + m->na), .sum = work + 2 * nx};
  for (int i = 0; i < RK4_STAGES; i++) s.rate[i] = s.sum + (i + 1) * s.n;
  DF_ASSERT(s.rate[RK4_STAGES - 1] + s.n == work + df_rk4_step_size(m));
  return s;
}

/* sum = the weighted rates that lead to stage i, or to the next state if i is RK4_STAGES. Terms with weight 0 are added
 * as in MuJoCo, because they decide the signs of zeros. */
static void combine(const stages* s, int i) {
  mju_zero(s->sum, s->n);
  for (int j = 0; j < i; j++) {
    const double weight = i == RK4_STAGES ? RK4_WEIGHT[j] : j == i - 1 ? RK4_FRACTION[i] : 0;
    mju_addToScl(s->sum, s->rate[j], weight, s->n);
  }
}

/* replaces angular velocities in `rate` by the rates of the rotation vectors r = h sum; other entries stay */
static void bend(const mjModel* m, const stages* s, double* rate) {
  for (int j = 0; j < m->njnt; j++) {
    const int dof = df_rotation_dof(m, j);
    if (dof < 0) continue;
    double r[3];
    for (int k = 0; k < 3; k++) r[k] = m->opt.timestep * s->sum[dof + k];
    df_rotation_rate(r, rate + dof);
  }
}

/* loads the state of stage i into d and sets the position part of its rate */
static void enter_stage(const mjModel* m, mjData* d, const stages* s, int i) {
  const int nv = (int)m->nv;
  const double h = m->opt.timestep;
  /* start state moved along the weighted rates */
  combine(s, i);
  df_mujoco_put_state(m, d, s->start);
  mj_integratePos(m, d->qpos, s->sum, h);
  mju_addToScl(d->qvel, s->sum + nv, h, nv);
  mju_addToScl(d->act, s->sum + 2 * nv, h, (int)m->na);
  d->time = s->time + RK4_FRACTION[i] * h;

  /* rate of the position */
  mju_copy(s->rate[i], d->qvel, nv);
  if (RK4_CURVED) bend(m, s, s->rate[i]);
}

/* takes the rates of velocity and activations at stage i from d, and records the stage */
static df_status leave_stage(const df_mujoco* system, mjData* d, df_tape* tape, const stages* s, int i) {
  const int nv = (int)system->model->nv;
  mju_copy(s->rate[i] + nv, d->qacc, nv);
  mju_copy(s->rate[i] + 2 * nv, d->act_dot, (int)system->model->na);
  df_mujoco_get_state(system->model, d, s->state);
  return df_tape_record(tape, system, d, s->state);
}

/* stores in the record of the last stage which activations the whole step clamps */
static void record_end(const df_mujoco* system, df_tape* tape, const stages* s) {
  const mjModel* m = system->model;
  combine(s, RK4_STAGES);
  df_record_act_open(system, s->start + m->nq + m->nv, s->sum + 2 * m->nv,
                     df_tape_part(tape, system, tape->count - 1).end_open);
}

/* loads the next state into d, from the sum that leads to it */
static void finish(const mjModel* m, mjData* d, const stages* s) {
  const int nv = (int)m->nv;
  const double h = m->opt.timestep;
  d->time = s->time;
  df_mujoco_put_state(m, d, s->start);

  /* MuJoCo advances activations only inside its integrators: call Euler's, then restore positions and velocities */
  if (m->na > 0) {
    mju_copy(d->act_dot, s->sum + 2 * nv, (int)m->na);
    mj_Euler(m, d);
    mju_copy(d->qpos, s->start, (int)m->nq);
    mju_copy(d->qvel, s->start + m->nq, nv);
  } else {
    /* without activations, do what else an integrator does */
    d->time += h;
    mju_copy(d->qacc_warmstart, d->qacc, nv);
  }

  /* velocities and positions */
  mju_addToScl(d->qvel, s->sum + nv, h, nv);
  mj_integratePos(m, d->qpos, s->sum, h);
}

df_status df_rk4_step(const df_mujoco* system, mjData* d, df_tape* tape, double* work) {
  const mjModel* m = system->model;
  stages s = lay_out(m, work);
  /* forward dynamics at the start state, with the checks of mj_step() */
  mj_checkPos(m, d);
  mj_checkVel(m, d);
  mj_forward(m, d);
  mj_checkAcc(m, d);
  df_mujoco_get_state(m, d, s.start);
  s.time = d->time;

  /* four stages; the first is the start state */
  mju_copy(s.rate[0], d->qvel, (int)m->nv);
  DF_TRY(leave_stage(system, d, tape, &s, 0));
  for (int i = 1; i < RK4_STAGES; i++) {
    enter_stage(m, d, &s, i);
    mj_forwardSkip(m, d, mjSTAGE_NONE, 1);
    DF_TRY(leave_stage(system, d, tape, &s, i));
  }

  /* next state */
  record_end(system, tape, &s);
  finish(m, d, &s);
  return DF_OK;
}
