#include "unrelated_actions.h"
#include "stop.h"

#include <math.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/cholesky.h"
#include "dynaflow/stats/statistics.h"

enum { ROWS = 240, NEWTON = 2, SHIFTS = 24, LAGS = 3, PER_COEFFICIENT = 3 };
/* the least part of the rows that the model follows */
static const double PART = 0.5;
/* the step of differences, for controls of magnitude 1; the damping of least squares, of the largest diagonal entry */
static const double STEP = 1e-3, DAMPING = 1e-9;
static const double LITTLE = 0.2, FOLLOWS = 0.2, NOTHING = 0.8, MATTERS = 0.05, CARRIED = 0.3;

typedef struct finder {
  const recording* r;
  const df_system* system;
  df_sim* sim;
  int nu, nv, p;                         /* p: coefficients of the regression */
  size_t n, all;                         /* rows that are looked at, and all */
  double *x, *y, *z, *u, *e;             /* recorded state and next one; computed one; a control; a tangent */
  double *error, *moved, *effect;        /* [nv], [nv], [nu][nv] of each control on the velocities */
  double* scale;                         /* [nv] 1 / RMS change of a velocity */
  double* needed;                        /* [n][nu] */
  double* as_is;                         /* [kept] error with the recorded controls over that with 0 */
  size_t kept;                           /* rows that the model can follow: those of `needed` and `at` */
  double* at;                            /* [n] their numbers in the recording */
  double *normal, *factor, *right, *row; /* [p][p], [p][p], [p], [p] */
} finder;

static df_status finder_new(const recording* r, const df_system* system, finder* f) {
  const size_t nx = (size_t)system->nx, nu = (size_t)system->nu, nv = (size_t)r->nv, p = LAGS * nu + 1;
  *f = (finder){.r = r, .system = system, .nu = system->nu, .nv = r->nv, .p = (int)p};
  f->all = recording_before(r, r->data->episodes);
  f->n = f->all < ROWS ? f->all : ROWS;
  if (f->n < PER_COEFFICIENT * p && PER_COEFFICIENT * p <= f->all) f->n = PER_COEFFICIENT * p;
  double* next = f->x =
      df_alloc(3 * nx + nu + (size_t)system->ndx + 3 * nv + nu * nv + f->n * (nu + 2) + 2 * p * p + 2 * p + nu * p,
               sizeof *next);
  if (!next) return DF_E_NOMEM;
  const struct {
    double** to;
    size_t n;
  } parts[] = {
      {&f->x, nx},        {&f->y, nx},       {&f->z, nx},         {&f->u, nu},           {&f->e, (size_t)system->ndx},
      {&f->error, nv},    {&f->moved, nv},   {&f->scale, nv},     {&f->effect, nu * nv}, {&f->needed, f->n * nu},
      {&f->at, f->n},     {&f->as_is, f->n}, {&f->normal, p * p}, {&f->factor, p * p},   {&f->row, p},
      {&f->right, nu * p}};
  for (size_t i = 0; i < sizeof parts / sizeof *parts; next += parts[i++].n) *parts[i].to = next;
  return df_sim_new(system, 0, &f->sim);
}

static void finder_free(finder* f) {
  df_sim_free(f->system, f->sim);
  df_free(f->x);
}

/* the row of the recording that row i of the sample is */
static size_t place_of(const finder* f, size_t i) {
  return i * f->all / f->n;
}

/* ---- the controls that are needed ---- */

static void find_scales(finder* f) {
  int episode, frame;
  for (size_t i = 0; i < f->n; i++) {
    recording_place(f->r, place_of(f, i), &episode, &frame);
    recording_state(f->r, episode, frame, f->x);
    recording_state(f->r, episode, frame + 1, f->y);
    recording_error(f->r, f->x, f->y, f->e);
    for (int k = 0; k < f->nv; k++) f->scale[k] += pow(f->e[f->r->from[VELOCITY] + k], 2);
  }
  for (int k = 0; k < f->nv; k++) f->scale[k] = f->scale[k] > 0 ? sqrt((double)f->n / f->scale[k]) : 0;
}

/* whether a hinge is beyond a turn: its angles may be degrees */
static bool is_beyond_turn(const finder* f) {
  static const double TURN = 6.283185307179586;
  for (int j = 0; j < f->r->njoint; j++) {
    const df_joint* joint = &f->r->joints[j];
    if (joint->kind == DF_JOINT_HINGE && fabs(f->x[joint->qpos]) > TURN) return true;
  }
  return false;
}

/* Whether the recorded velocities carry the recorded positions, by the mean of both ends of an action: otherwise the
 * states are read in the wrong way, and say nothing about the actions. */
static bool are_states_consistent(finder* f) {
  double left = 0, change = 0;
  int episode, frame;
  for (size_t i = 0; i < f->n; i++) {
    recording_place(f->r, place_of(f, i), &episode, &frame);
    recording_state(f->r, episode, frame, f->x);
    recording_state(f->r, episode, frame + 1, f->y);
    recording_error(f->r, f->x, f->y, f->e);
    if (is_beyond_turn(f)) return false;
    for (int k = 0; k < f->nv; k++) {
      const double speed = (f->x[f->r->nq + k] + f->y[f->r->nq + k]) / 2, weight = f->scale[k] * f->scale[k];
      left += weight * pow(f->e[k] / f->r->dt - speed, 2);
      change += weight * pow(f->e[k] / f->r->dt, 2);
    }
  }
  return left <= CARRIED * CARRIED * change;
}

/* out [nv] = the scaled velocities of the next state less those after control u; false if the simulation diverges */
static bool velocity_error(finder* f, double* out) {
  f->system->ops->reset(f->sim, f->x);
  if (f->system->ops->step(f->sim, f->u, f->z) != DF_TRAJ_COMPLETE) return false;
  recording_error(f->r, f->z, f->y, f->e);
  for (int k = 0; k < f->nv; k++) out[k] = f->scale[k] * f->e[f->r->from[VELOCITY] + k];
  return true;
}

static bool find_effects(finder* f) {
  for (int j = 0; j < f->nu; j++) {
    const double u = f->u[j], size = STEP * fmax(1, fabs(u));
    f->u[j] = u + size > f->system->u_hi[j] ? u - size : u + size;
    const bool usable = velocity_error(f, f->moved);
    for (int k = 0; k < f->nv && usable; k++) f->effect[j * f->nv + k] = (f->moved[k] - f->error[k]) / (f->u[j] - u);
    f->u[j] = u;
    if (!usable) return false;
  }
  return true;
}

/* u = the controls of one step of Gauss and Newton, within the box */
static bool step(finder* f) {
  const int nu = f->nu;
  double most = 0;
  if (!velocity_error(f, f->error) || !find_effects(f)) return false;
  for (int i = 0; i < nu; i++) {
    f->row[i] = -df_dot(f->nv, f->effect + i * f->nv, f->error);
    for (int j = 0; j <= i; j++) f->factor[i * nu + j] = df_dot(f->nv, f->effect + i * f->nv, f->effect + j * f->nv);
    most = fmax(most, f->factor[i * nu + i]);
  }
  if (!(most > 0)) return true;
  for (int i = 0; i < nu; i++) f->factor[i * nu + i] += DAMPING * most;
  if (!df_cholesky_factor(nu, f->factor)) return false;
  df_cholesky_solve(nu, f->factor, f->row);
  for (int i = 0; i < nu; i++) f->u[i] = fmin(f->system->u_hi[i], fmax(f->system->u_lo[i], f->u[i] + f->row[i]));
  return true;
}

/* the error with the recorded action, which MuJoCo clamps; leaves u as it was */
static double recorded_error(finder* f, int episode, int frame) {
  memcpy(f->row, f->u, (size_t)f->nu * sizeof *f->u);
  memcpy(f->u, recording_action(f->r, episode, frame), (size_t)f->nu * sizeof *f->u);
  const bool usable = velocity_error(f, f->moved);
  memcpy(f->u, f->row, (size_t)f->nu * sizeof *f->u);
  return usable ? sqrt(df_dot(f->nv, f->moved, f->moved)) : INFINITY;
}

/* finds the controls of row i of the sample, and keeps them if the model can follow; false if a simulation diverges */
static bool find_needed(finder* f, size_t i) {
  int episode, frame;
  recording_place(f->r, place_of(f, i), &episode, &frame);
  recording_state(f->r, episode, frame, f->x);
  recording_state(f->r, episode, frame + 1, f->y);
  for (int j = 0; j < f->nu; j++) f->u[j] = fmin(f->system->u_hi[j], fmax(f->system->u_lo[j], 0));
  if (!velocity_error(f, f->error)) return false;
  const double before = sqrt(df_dot(f->nv, f->error, f->error));
  if (!(before > MATTERS * sqrt(f->nv))) return true;
  for (int k = 0; k < NEWTON; k++) {
    if (!step(f)) return false;
  }
  if (!velocity_error(f, f->error)) return false;
  if (sqrt(df_dot(f->nv, f->error, f->error)) > FOLLOWS * before) return true;
  memcpy(f->needed + f->kept * (size_t)f->nu, f->u, (size_t)f->nu * sizeof *f->u);
  f->as_is[f->kept] = recorded_error(f, episode, frame) / before;
  f->at[f->kept++] = (double)place_of(f, i);
  return true;
}

/* ---- the regression ---- */

/* row [p] = 1 and the actions of row `at` of the recording, moved in a circle, and of those before and after it */
static void read_actions(finder* f, size_t at, size_t shift) {
  int episode, frame;
  recording_place(f->r, (at + shift) % f->all, &episode, &frame);
  f->row[0] = 1;
  for (int lag = 0; lag < LAGS; lag++) {
    const int first = recording_first(f->r), last = recording_last(f->r, episode) - 1, t = frame + lag - 1;
    const double* u = recording_action(f->r, episode, t < first ? first : t > last ? last : t);
    memcpy(f->row + 1 + lag * f->nu, u, (size_t)f->nu * sizeof *u);
  }
}

/* the mean over the actuators of the adjusted R^2 of the needed controls on the actions; NAN: they do not vary */
static double explained_by(finder* f, size_t shift) {
  const int p = f->p, nu = f->nu;
  const double n = (double)f->kept;
  memset(f->normal, 0, (size_t)p * (size_t)p * sizeof *f->normal);
  memset(f->right, 0, (size_t)nu * (size_t)p * sizeof *f->right);
  for (size_t i = 0; i < f->kept; i++) {
    read_actions(f, (size_t)f->at[i], shift);
    for (int a = 0; a < p; a++) {
      for (int b = 0; b <= a; b++) f->normal[a * p + b] += f->row[a] * f->row[b];
      for (int j = 0; j < nu; j++) f->right[j * p + a] += f->row[a] * f->needed[i * (size_t)nu + (size_t)j];
    }
  }
  memcpy(f->factor, f->normal, (size_t)p * (size_t)p * sizeof *f->factor);
  for (int a = 0; a < p; a++) f->factor[a * p + a] += DAMPING * (f->normal[a * p + a] + 1e-300);
  if (!df_cholesky_factor(p, f->factor)) return NAN;
  double sum = 0;
  int counted = 0;
  for (int j = 0; j < nu; j++) {
    double total = 0, mean = f->right[j * p] / n, *b = f->right + j * p;
    for (size_t i = 0; i < f->kept; i++) total += pow(f->needed[i * (size_t)nu + (size_t)j] - mean, 2);
    if (!(total > 0)) continue;
    double rest = 0;
    df_cholesky_solve(p, f->factor, b);
    for (size_t i = 0; i < f->kept; i++) {
      read_actions(f, (size_t)f->at[i], shift);
      rest += pow(f->needed[i * (size_t)nu + (size_t)j] - df_dot(p, f->row, b), 2);
    }
    sum += 1 - rest / (n - p) / (total / (n - 1));
    counted++;
  }
  return counted ? sum / counted : NAN;
}

static void compare(finder* f, action_relation* out) {
  for (size_t i = 0; i < f->n; i++) {
    if (stop_flag || !find_needed(f, i)) return;
  }
  if (f->kept < (size_t)(PER_COEFFICIENT * f->p) || (double)f->kept < PART * (double)f->n) return;
  const bool nothing = df_median((int)f->kept, f->as_is) >= NOTHING;
  out->explained = explained_by(f, 0);
  out->by_chance = -INFINITY;
  for (size_t k = 1; k <= SHIFTS; k++) {
    const double other = explained_by(f, k * f->all / (SHIFTS + 1));
    if (!(other <= out->by_chance)) out->by_chance = other;
  }
  out->unrelated = nothing && out->explained < LITTLE && out->explained <= out->by_chance;
}

df_status unrelated_actions_find(const recording* r, const df_system* system, action_relation* out) {
  finder f = {0};
  *out = (action_relation){.explained = NAN, .by_chance = NAN};
  if (r->differenced || !recording_compares(r, VELOCITY)) return DF_OK;
  const df_status status = finder_new(r, system, &f);
  if (status == DF_OK && f.n >= (size_t)(PER_COEFFICIENT * f.p) && f.n > SHIFTS) {
    find_scales(&f);
    if (are_states_consistent(&f)) compare(&f, out);
  }
  finder_free(&f);
  return status == DF_OK ? stop_check() : status;
}
