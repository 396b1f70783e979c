#include "fit_actions.h"

#include <math.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/stats/statistics.h"
#include "joints.h"
#include "recording.h"
#include "stop.h"

enum { MOST_ITERATIONS = 20, MOST_TRIES = 12, MOST_DECIMALS = 6 };
/* the step of differences, for controls of magnitude 1 */
static const double STEP = 1e-4;
/* the damping at the start, and its factors after a step that helps or does not */
static const double DAMPING = 1e-3, LESS = 1.0 / 9, MORE = 4;
/* a step that lowers the error by a smaller share is the last */
static const double SETTLED = 1e-3;
/* an error that is smaller than this share of the change counts as this, in weights and where numbers are rounded */
static const double SMALLEST = 1e-7;
/* by which factor rounding may raise the error */
static const double ROUNDED = 1.5;

/* Parameters are [scale (nu), offset (nu)]; p of them. */
typedef struct fitter {
  const recording* r;
  const df_system* system;
  df_sim* sim;
  int nu, nv, p;
  size_t n;                              /* actions */
  double change;                         /* median norm of the change of the velocities over an action */
  double *x, *y, *z, *u, *e;             /* recorded state, next ones; an action; a tangent */
  double* errors;                        /* [n] norms of all errors */
  double *error, *effect;                /* [nv], [nu][nv] of the action on it */
  double *now, *trial, *turn, *gradient; /* [p] */
  double *normal, *factor;               /* [p][p] */
} fitter;

static df_status fitter_new(const recording* r, const df_system* system, fitter* f) {
  const size_t nx = (size_t)system->nx, nu = (size_t)system->nu, nv = (size_t)r->nv, p = 2 * nu;
  *f = (fitter){.r = r, .system = system, .nu = system->nu, .nv = r->nv, .p = (int)p};
  f->n = recording_before(r, r->data->episodes);
  double* next = f->x =
      df_alloc(3 * nx + nu + (size_t)system->ndx + nv + nu * nv + 4 * p + 2 * p * p + f->n, sizeof *next);
  if (!next) return DF_E_NOMEM;
  const struct {
    double** to;
    size_t n;
  } parts[] = {
      {&f->x, nx},           {&f->y, nx},         {&f->z, nx},         {&f->u, nu},       {&f->e, (size_t)system->ndx},
      {&f->error, nv},       {&f->now, p},        {&f->trial, p},      {&f->turn, p},     {&f->gradient, p},
      {&f->effect, nu * nv}, {&f->normal, p * p}, {&f->factor, p * p}, {&f->errors, f->n}};
  for (size_t i = 0; i < sizeof parts / sizeof *parts; next += parts[i++].n) *parts[i].to = next;
  return df_sim_new(system, 0, &f->sim);
}

static void fitter_free(fitter* f) {
  df_sim_free(f->system, f->sim);
  df_free(f->x);
}

/* ---- one action ---- */

/* the actions of the parameters, and the recorded states before and after them */
static void read_action(fitter* f, size_t at, const double* parameters) {
  int episode, frame;
  recording_place(f->r, at, &episode, &frame);
  const double* stored = recording_action(f->r, episode, frame);
  for (int j = 0; j < f->nu; j++) f->u[j] = parameters[j] * stored[j] + parameters[f->nu + j];
  recording_state(f->r, episode, frame, f->x);
  recording_state(f->r, episode, frame + 1, f->y);
}

/* out [nv] = the velocities of the next state less those after action u; false if the simulation diverges */
static bool velocity_error(fitter* f, double* out) {
  f->system->ops->reset(f->sim, f->x);
  if (f->system->ops->step(f->sim, f->u, f->z) != DF_TRAJ_COMPLETE) return false;
  recording_error(f->r, f->z, f->y, f->e);
  memcpy(out, f->e + f->r->from[VELOCITY], (size_t)f->nv * sizeof *out);
  return true;
}

static double norm(const double* v, int n) {
  double sum = 0;
  for (int i = 0; i < n; i++) sum += v[i] * v[i];
  return sqrt(sum);
}

/* effect [nu][nv] = the change of the error with each control, by differences within the action box */
static void find_effects(fitter* f) {
  for (int j = 0; j < f->nu; j++) {
    double* effect = f->effect + (size_t)j * (size_t)f->nv;
    const double u = f->u[j], size = STEP * fmax(1, fabs(u));
    f->u[j] = u + size > f->system->u_hi[j] ? u - size : u + size;
    const bool usable = velocity_error(f, effect);
    for (int k = 0; k < f->nv; k++) effect[k] = usable ? (effect[k] - f->error[k]) / (f->u[j] - u) : 0;
    f->u[j] = u;
  }
}

/* ---- all actions ---- */

/* the mean norm of the error, and errors [n] = all of them; INFINITY if a simulation diverges */
static double error_of(fitter* f, const double* parameters) {
  double sum = 0;
  for (size_t i = 0; i < f->n; i++) {
    read_action(f, i, parameters);
    if (stop_flag || !velocity_error(f, f->error)) return INFINITY;
    f->errors[i] = norm(f->error, f->nv);
    sum += f->errors[i];
  }
  return sum / (double)f->n;
}

/* sorts the errors */
static double median(fitter* f) {
  df_sort((int)f->n, f->errors);
  return f->errors[f->n / 2];
}

/* the median of the error: single wrong frames do not matter */
static double typical_error(fitter* f, const double* parameters) {
  return isfinite(error_of(f, parameters)) ? median(f) : INFINITY;
}

/* adds J^T J and J^T error of the action that was read, with the parameters' effects J on the error */
static void add_equations(fitter* f, const double* stored, double weight) {
  const size_t nv = (size_t)f->nv, p = (size_t)f->p;
  for (int i = 0; i < f->p; i++) {
    const int a = i % f->nu;
    const double by = weight * (i < f->nu ? stored[a] : 1);
    const double* row = f->effect + (size_t)a * nv;
    for (size_t k = 0; k < nv; k++) f->gradient[i] += by * row[k] * f->error[k];
    for (int j = 0; j <= i; j++) {
      const int b = j % f->nu;
      const double* column = f->effect + (size_t)b * nv;
      double dot = 0;
      for (size_t k = 0; k < nv; k++) dot += row[k] * column[k];
      f->normal[(size_t)i * p + (size_t)j] += by * (j < f->nu ? stored[b] : 1) * dot;
    }
  }
}

/* The normal equations at the present parameters. An action counts by the inverse of its error, so that the sum of
 * squares is that of the norms. */
static void find_equations(fitter* f) {
  memset(f->gradient, 0, (size_t)f->p * sizeof *f->gradient);
  memset(f->normal, 0, (size_t)f->p * (size_t)f->p * sizeof *f->normal);
  for (size_t i = 0; i < f->n && !stop_flag; i++) {
    int episode, frame;
    read_action(f, i, f->now);
    if (!velocity_error(f, f->error)) continue;
    find_effects(f);
    recording_place(f->r, i, &episode, &frame);
    add_equations(f, recording_action(f->r, episode, frame), 1 / fmax(norm(f->error, f->nv), SMALLEST * f->change));
  }
}

/* turn = the solution of the damped equations, by Cholesky's factorisation; false if they are singular */
static bool find_turn(fitter* f, double damping) {
  const size_t p = (size_t)f->p;
  for (size_t i = 0; i < p; i++) {
    for (size_t j = 0; j <= i; j++) {
      double sum = f->normal[i * p + j];
      if (i == j) sum += damping * sum + 1e-300;
      for (size_t k = 0; k < j; k++) sum -= f->factor[i * p + k] * f->factor[j * p + k];
      if (i == j && !(sum > 0)) return false;
      f->factor[i * p + j] = i == j ? sqrt(sum) : sum / f->factor[j * p + j];
    }
  }
  for (size_t i = 0; i < p; i++) {
    double sum = -f->gradient[i];
    for (size_t k = 0; k < i; k++) sum -= f->factor[i * p + k] * f->turn[k];
    f->turn[i] = sum / f->factor[i * p + i];
  }
  for (size_t i = p; i-- > 0;) {
    double sum = f->turn[i];
    for (size_t k = i + 1; k < p; k++) sum -= f->factor[k * p + i] * f->turn[k];
    f->turn[i] = sum / f->factor[i * p + i];
  }
  return true;
}

/* now = parameters with a smaller error, if there are any; returns it */
static double improve(fitter* f, double error, double* damping) {
  find_equations(f);
  for (int k = 0; k < MOST_TRIES && !stop_flag; k++, *damping *= MORE) {
    if (!find_turn(f, *damping)) continue;
    for (int i = 0; i < f->p; i++) f->trial[i] = f->now[i] + f->turn[i];
    const double there = error_of(f, f->trial);
    if (!(there < error)) continue;
    memcpy(f->now, f->trial, (size_t)f->p * sizeof *f->now);
    *damping *= LESS;
    return there;
  }
  return error;
}

/* scale 0, and the mean of the controls at rest in the recorded states */
static void start(fitter* f) {
  memset(f->now, 0, (size_t)f->p * sizeof *f->now);
  for (size_t i = 0; i < f->n; i++) {
    read_action(f, i, f->now);
    recording_error(f->r, f->x, f->y, f->e);
    f->errors[i] = norm(f->e + f->r->from[VELOCITY], f->nv);
    df_system_rest_action(f->system, f->x, f->u);
    for (int j = 0; j < f->nu; j++) f->trial[j] = i == 0 ? f->u[j] : f->trial[j] + f->u[j];
  }
  f->change = median(f);
  for (int j = 0; j < f->nu; j++) f->now[f->nu + j] = f->trial[j] / (double)f->n;
}

/* ---- what comes of it ---- */

/* `v` with a number of decimals, given by 10 to their power; a scale from degrees to radians is taken as exact */
static double rounded(double v, double unit) {
  static const double NEAR = 1e-6;
  if (fabs(fabs(v) / JOINTS_DEGREE - 1) < NEAR) return copysign(JOINTS_DEGREE, v);
  return round(v * unit) / unit + 0.0;
}

/* the fewest decimals that leave the error as it is */
static void round_numbers(fitter* f) {
  const double most = fmax(ROUNDED * typical_error(f, f->now), SMALLEST * f->change);
  for (int decimals = 0; decimals <= MOST_DECIMALS; decimals++) {
    const double unit = pow(10, decimals);
    for (int i = 0; i < f->p; i++) f->trial[i] = rounded(f->now[i], unit);
    if (!(typical_error(f, f->trial) <= most)) continue;
    memcpy(f->now, f->trial, (size_t)f->p * sizeof *f->now);
    return;
  }
}

/* the error with the mean control in every action */
static double constant_error(fitter* f) {
  memset(f->trial, 0, (size_t)f->p * sizeof *f->trial);
  for (size_t i = 0; i < f->n; i++) {
    read_action(f, i, f->now);
    for (int j = 0; j < f->nu; j++) f->trial[f->nu + j] += f->u[j] / (double)f->n;
  }
  return typical_error(f, f->trial);
}

static df_status fit(fitter* f, action_fit* out) {
  if (f->n == 0) return DF_OK;
  start(f);
  double error = error_of(f, f->now), before = INFINITY, damping = DAMPING;
  for (int k = 0; k < MOST_ITERATIONS && error < (1 - SETTLED) * before; k++) {
    DF_TRY(stop_check());
    before = error;
    error = improve(f, error, &damping);
  }
  round_numbers(f);
  memcpy(out->scale, f->now, (size_t)f->nu * sizeof *f->now);
  memcpy(out->offset, f->now + f->nu, (size_t)f->nu * sizeof *f->now);
  out->left = f->change > 0 ? typical_error(f, f->now) / f->change : INFINITY;
  out->constant = f->change > 0 ? constant_error(f) / f->change : INFINITY;
  return stop_check();
}

df_status fit_actions(const df_dataset* data, const df_system* system, action_fit* out) {
  recording r;
  fitter f;
  *out = (action_fit){.left = INFINITY, .constant = INFINITY};
  DF_TRY(recording_of(data, system, &r));
  df_status status = fitter_new(&r, system, &f);
  if (status == DF_OK) status = fit(&f, out);
  fitter_free(&f);
  return status;
}
