/* closed_form.h: systems whose step and Jacobian are formulas, to check the gradient check with. */
#ifndef DF_TESTS_SIM_CLOSED_FORM_H
#define DF_TESTS_SIM_CLOSED_FORM_H

#include <math.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/sim/system.h"

enum { CF_NX = 4, CF_STEPS = 512 };

/* A law gives the next state, and A = dx1/dx [nx][nx], B = dx1/du [nx] (one action); A and B may be NULL. */
typedef void (*cf_law)(const double* x, double u, double* x1, double* A, double* B);

/* faults of the adjoint, to be found */
typedef enum cf_fault { CF_SOUND, CF_FACTOR, CF_SIGN, CF_DROPPED, CF_NAN, CF_GIVES_UP, CF_FAULTS } cf_fault;

typedef struct closed_form {
  df_system base;
  cf_law law;
  cf_fault fault;
  double box[2];
} closed_form;

typedef struct cf_sim {
  const closed_form* system;
  double x[CF_NX];
  double tape_x[CF_STEPS][CF_NX], tape_u[CF_STEPS];
  int room, n;
} cf_sim;

static inline cf_sim* cf_of(df_sim* sim) {
  return (cf_sim*)(void*)sim;
}

static df_status cf_sim_new(const df_system* s, int tape_length, df_sim** out) {
  cf_sim* sim = df_alloc(1, sizeof *sim);
  if (!sim) return DF_E_NOMEM;
  sim->system = (const closed_form*)(const void*)s;
  sim->room = tape_length < CF_STEPS ? tape_length : CF_STEPS;
  *out = (df_sim*)(void*)sim;
  return DF_OK;
}

static void cf_sim_free(df_sim* sim) {
  df_free(sim);
}

static void cf_set_state(df_sim* sim, const double* x) {
  memcpy(cf_of(sim)->x, x, (size_t)cf_of(sim)->system->base.nx * sizeof *x);
}

static void cf_reset(df_sim* sim, const double* x) {
  cf_set_state(sim, x);
  cf_of(sim)->n = 0;
}

static df_traj_end cf_step(df_sim* base, const double* u, double* x1) {
  cf_sim* sim = cf_of(base);
  const size_t bytes = (size_t)sim->system->base.nx * sizeof(double);
  double next[CF_NX];
  if (sim->n < sim->room) {
    memcpy(sim->tape_x[sim->n], sim->x, bytes);
    sim->tape_u[sim->n++] = u[0];
  }
  sim->system->law(sim->x, u[0], next, NULL, NULL);
  memcpy(sim->x, next, bytes);
  memcpy(x1, next, bytes);
  return DF_TRAJ_COMPLETE;
}

static df_traj_end cf_step_vjp(df_sim* base, int t, const double* y, double* xbar, double* ubar) {
  const cf_sim* sim = cf_of(base);
  const int nx = sim->system->base.nx;
  double A[CF_NX * CF_NX], B[CF_NX], x1[CF_NX], out[CF_NX] = {0};
  sim->system->law(sim->tape_x[t], sim->tape_u[t], x1, A, B);
  ubar[0] = 0;
  for (int i = 0; i < nx; i++) {
    for (int k = 0; k < nx; k++) out[k] += A[i * nx + k] * y[i];
    ubar[0] += B[i] * y[i];
  }
  switch (sim->system->fault) {
    case CF_FACTOR:
      out[0] *= 1 + 1e-4;
      break;
    case CF_SIGN:
      ubar[0] = -ubar[0];
      break;
    case CF_DROPPED: /* what a position changes in the velocity behind it */
      out[0] = y[0];
      break;
    case CF_NAN:
      out[nx - 1] = NAN;
      break;
    default:
      break;
  }
  memcpy(xbar, out, (size_t)nx * sizeof *xbar);
  return sim->system->fault == CF_GIVES_UP ? DF_TRAJ_DIVERGED : DF_TRAJ_COMPLETE;
}

static void cf_difference(const df_system* s, const double* xa, const double* xb, double* e) {
  for (int i = 0; i < s->nx; i++) e[i] = xb[i] - xa[i];
}
static void cf_integrate(const df_system* s, const double* xa, const double* e, double* xb) {
  for (int i = 0; i < s->nx; i++) xb[i] = xa[i] + e[i];
}
static void cf_free(df_system* s) {
  df_free(s);
}

static const df_system_ops cf_ops = {.sim_new = cf_sim_new,
                                     .sim_free = cf_sim_free,
                                     .reset = cf_reset,
                                     .set_state = cf_set_state,
                                     .step = cf_step,
                                     .step_vjp = cf_step_vjp,
                                     .difference = cf_difference,
                                     .integrate = cf_integrate,
                                     .free = cf_free};

static inline closed_form* closed_form_new(cf_law law, int nx, double dt) {
  closed_form* s = df_alloc(1, sizeof *s);
  s->law = law;
  s->box[0] = -INFINITY;
  s->box[1] = INFINITY;
  s->base = (df_system){.ops = &cf_ops, .nx = nx, .ndx = nx, .nu = 1, .dt = dt, .u_lo = &s->box[0], .u_hi = &s->box[1]};
  return s;
}

#endif
