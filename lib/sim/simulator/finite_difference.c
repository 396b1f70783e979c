/* The adjoint of a physics step by centred finite differences, for steps without an exact adjoint (docs/adjoint.md,
 * section 14). The step is repeated from the same warm start as in the trajectory, but under solver tolerances that the
 * solver cannot meet: the residual left at an ordinary tolerance would be divided by a step of 1e-6. */
#include <math.h>
#include <string.h>

#include "simulator.h"

/* Difference steps in SI units. The truncation error is proportional to the square of the step; the rounding error,
 * about 1e-16 of the state, to its inverse; contact forces have significant curvature over 1e-3 m and less. The point
 * and normal of a contact found by iteration have errors of 1e-9 to 1e-7 at any tolerance, which needs the longer step
 * COARSE. */
static const double FINE = 1e-6, COARSE = 3e-5;

/* One-sided slopes whose difference exceeds this fraction of the smaller one straddle a kink or a jump. The curvature
 * of stiff contacts makes them differ by a few percent. */
static const double BENT = 0.1;

/* Newton's method converges quadratically, and the error of an iterate's derivative is the square root of the error of
 * its value: at a tolerance of 1e-15 it still stops one iteration early in some states, with an error of 1e-11 in the
 * acceleration and 4e-4 in its derivative. */
const double DF_CONVERGED = 1e-22;
enum { CCD_ITERATIONS = 100 };

mjModel df_finite_difference_model(const mjModel* m) {
  mjModel copy = *m;
  copy.opt.tolerance = copy.opt.noslip_tolerance = copy.opt.ccd_tolerance = DF_CONVERGED;
  if (copy.opt.ccd_iterations < CCD_ITERATIONS) copy.opt.ccd_iterations = CCD_ITERATIONS;
  return copy;
}

/* ---- scratch memory ---- */

typedef struct differencing {
  double* starts;         /* [substeps][state_size] state before each physics step */
  double* step;           /* [substeps] difference step, FINE or COARSE */
  double *x, *now, *next; /* [nx] state before the step; after it; after a perturbed step */
  double* e[2];           /* [ndx] slopes by the shifts a and b (e[0] also holds perturbations) */
  double* u;              /* [nu] action */
} differencing;

size_t df_finite_difference_work_size(const df_mujoco* system) {
  const size_t nx = (size_t)system->base.nx, ndx = (size_t)system->base.ndx, nu = (size_t)system->base.nu;
  return (size_t)system->substeps * (df_mujoco_state_size(&system->base) + 1) + 3 * nx + 2 * ndx + nu;
}

static differencing lay_out(const df_sim* sim) {
  const size_t nx = (size_t)sim->system->base.nx, ndx = (size_t)sim->system->base.ndx;
  const size_t substeps = (size_t)sim->system->substeps;
  differencing d = {.starts = sim->scratch};
  d.step = d.starts + substeps * sim->history.state_size;
  d.x = d.step + substeps;
  d.now = d.x + nx;
  d.next = d.now + nx;
  d.e[0] = d.next + nx;
  d.e[1] = d.e[0] + ndx;
  d.u = d.e[1] + ndx;
  return d;
}

/* ---- replay of the action ---- */

/* whether MuJoCo finds this contact by iteration: flexes, height fields, SDFs, and pairs that share the convex collider
 * of two ellipsoids */
static bool is_iterative(const mjModel* m, const mjContact* c) {
  if (c->geom[0] < 0 || c->geom[1] < 0) return true; /* flex */
  const int t0 = m->geom_type[c->geom[0]], t1 = m->geom_type[c->geom[1]];
  if (t0 == mjGEOM_HFIELD || t0 == mjGEOM_SDF || t1 == mjGEOM_HFIELD || t1 == mjGEOM_SDF) return true;
  return mjCOLLISIONFUNC[t0 < t1 ? t0 : t1][t0 < t1 ? t1 : t0] == mjCOLLISIONFUNC[mjGEOM_ELLIPSOID][mjGEOM_ELLIPSOID];
}

static double step_length(const mjModel* m, const mjData* d) {
  for (int i = 0; i < d->ncon; i++) {
    if (d->contact[i].efc_address >= 0 && is_iterative(m, &d->contact[i])) return COARSE;
  }
  return FINE;
}

df_traj_end df_finite_difference_replay(df_sim* sim, const double* start, const double* u) {
  const df_mujoco* system = sim->system;
  const differencing d = lay_out(sim);
  df_traj_end end = DF_TRAJ_COMPLETE;
  df_mujoco_go_to(sim, start);
  for (int i = 0; i < system->substeps && end == DF_TRAJ_COMPLETE; i++) {
    df_mujoco_whole_state(sim, d.starts + (size_t)i * sim->history.state_size);
    end = df_mujoco_advance(sim, system->model, u, 1, false);
    d.step[i] = step_length(system->model, sim->data);
  }
  return end;
}

/* ---- perturbations of a coordinate ---- */

/* the two shifts of a difference of second order: to either side, or one and two steps to one side; equal if there is
 * no room for any */
typedef struct nudge {
  double a, b;
} nudge;

/* Stays within the range: within `step` of a bound both shifts lead inwards. Equal if x is outside, where a control is
 * clamped and has derivative 0. */
static nudge nudge_within(double x, df_range range, double step) {
  if (!(x >= range.lo && x <= range.hi)) return (nudge){0, 0};
  const double below = x - range.lo, above = range.hi - x, inwards = fmin(step, 0.5 * fmax(below, above));
  if (below >= step && above >= step) return (nudge){-step, step};
  return above >= below ? (nudge){inwards, 2 * inwards} : (nudge){-inwards, -2 * inwards};
}

/* of coordinate k: position and velocity, then activations, then controls */
static nudge nudge_of(const df_mujoco* system, int k, const double* x, const double* u, double step) {
  const mjModel* m = system->model;
  const int plain = 2 * (int)m->nv, ndx = system->base.ndx;
  if (k < plain) return (nudge){-step, step};
  if (k < ndx) {
    const double act = x[m->nq + m->nv + k - plain];
    return nudge_within(act, df_activation_range(m, system->actuation.owner[k - plain], act), step);
  }
  const df_range range = {system->base.u_lo[k - ndx], system->base.u_hi[k - ndx]};
  return nudge_within(u[k - ndx], range, step);
}

/* ---- finite differences ---- */

/* next [nx] = the state after physics step i with coordinate k moved by `shift` */
static df_traj_end shifted_step(df_sim* sim, const differencing* d, int i, int k, double shift, double* next) {
  const df_mujoco* system = sim->system;
  const int ndx = system->base.ndx;
  /* restore the start of the step and move the coordinate */
  df_mujoco_go_to(sim, d->starts + (size_t)i * sim->history.state_size);
  double kept = 0;
  if (k < ndx) {
    memset(d->e[0], 0, (size_t)ndx * sizeof *d->e[0]);
    d->e[0][k] = shift;
    df_mujoco_integrate(&system->base, d->x, d->e[0], next);
    df_mujoco_put_state(system->model, sim->data, next);
  } else {
    kept = d->u[k - ndx];
    d->u[k - ndx] = kept + shift;
  }

  /* one physics step at the tight tolerance */
  const df_traj_end end = df_mujoco_advance(sim, &system->converged, d->u, 1, false);
  if (k >= ndx) d->u[k - ndx] = kept;
  if (end == DF_TRAJ_COMPLETE) df_mujoco_get_state(system->model, sim->data, next);
  return end;
}

/* e [ndx], of d, = change of the next state per unit of `shift` */
static df_traj_end one_sided(df_sim* sim, const differencing* d, int i, int k, double shift, double* e) {
  const df_mujoco* system = sim->system;
  const df_traj_end end = shifted_step(sim, d, i, k, shift, d->next);
  df_mujoco_difference(&system->base, d->now, d->next, e);
  for (int j = 0; j < system->base.ndx; j++) e[j] /= shift;
  return end;
}

static double dot(int n, const double* a, const double* b) {
  double sum = 0;
  for (int i = 0; i < n; i++) sum += a[i] * b[i];
  return sum;
}

/* whether the slopes a and b [n] differ so much that a kink or jump lies between them */
static bool is_bent(int n, const double* a, const double* b) {
  double gap = 0;
  for (int i = 0; i < n; i++) gap += (a[i] - b[i]) * (a[i] - b[i]);
  return gap > BENT * BENT * fmin(dot(n, a, a), dot(n, b, b));
}

/* The slopes by coordinate k: df/dk = *weight e[1] + (1 - *weight) e[0], of d. NaN: k has no effect. A difference
 * across a jump, e.g. of a contact that is just being made, is dominated by the jump divided by the step; the shift
 * that does not cross the jump, or is longer, has the smaller slope and is used alone. */
static df_traj_end slopes(df_sim* sim, const differencing* d, int i, int k, double* weight) {
  const int n = sim->system->base.ndx;
  const nudge by = nudge_of(sim->system, k, d->x, d->u, d->step[i]);
  *weight = NAN;
  if (by.a == by.b) return DF_TRAJ_COMPLETE;

  /* the slopes by both shifts */
  df_traj_end end = one_sided(sim, d, i, k, by.b, d->e[1]);
  if (end == DF_TRAJ_COMPLETE) end = one_sided(sim, d, i, k, by.a, d->e[0]);
  if (end != DF_TRAJ_COMPLETE) return end;

  /* the slope at 0 of the parabola through the three points, or the smaller slope alone */
  *weight = -by.a / (by.b - by.a);
  if (is_bent(n, d->e[0], d->e[1])) *weight = dot(n, d->e[1], d->e[1]) < dot(n, d->e[0], d->e[0]);
  return DF_TRAJ_COMPLETE;
}

df_traj_end df_finite_difference_step(df_sim* sim, int i, const double* u, int rows, const double* y, double* xbar,
                                      double* ubar) {
  const df_mujoco* system = sim->system;
  const int ndx = system->base.ndx, nu = system->base.nu;
  const differencing d = lay_out(sim);
  memcpy(d.u, u, (size_t)nu * sizeof *u);

  /* states before and after the unperturbed step */
  df_mujoco_go_to(sim, d.starts + (size_t)i * sim->history.state_size);
  df_mujoco_get_state(system->model, sim->data, d.x);
  df_traj_end end = shifted_step(sim, &d, i, 0, 0, d.now);

  /* all coordinates of state and action */
  for (int k = 0; k < ndx + nu && end == DF_TRAJ_COMPLETE; k++) {
    double weight;
    end = slopes(sim, &d, i, k, &weight);
    for (int r = 0; r < rows; r++) {
      const double* of = y + (size_t)r * (size_t)ndx;
      const double by_k = isnan(weight) ? 0 : weight * dot(ndx, of, d.e[1]) + (1 - weight) * dot(ndx, of, d.e[0]);
      if (k < ndx)
        xbar[r * ndx + k] = by_k;
      else
        ubar[r * nu + k - ndx] += by_k;
    }
  }
  return end;
}
