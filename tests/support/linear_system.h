/* linear_system.h: a small system with known solutions, for tests of code that steps a df_system.
 *
 * x = [p0, p1, v0, v1], u [2]:   v' = v + F g(u) + w,   p' = p + v' dt
 * F couples the actions. g is the identity, or a sine for a problem with local minima. w [v0 only] is a stand-in
 * for a solver's warm start: WARM times the last action, 0 after a reset. Actions beyond 1e3 diverge. */
#ifndef TESTS_SUPPORT_LINEAR_SYSTEM_H
#define TESTS_SUPPORT_LINEAR_SYSTEM_H

#include <math.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/sim/system.h"

typedef struct linear_system {
  df_system base;
  double lo[2], hi[2];
  double force[2][2]; /* F */
  double warm;        /* WARM */
  bool sine;
} linear_system;

typedef struct linear_sim {
  const linear_system* system;
  double x[4];
  double last;
} linear_sim;

static int linear_sims_alive;

static inline df_status linear_sim_new(const df_system* system, int tape_length, df_sim** out) {
  (void)tape_length;
  linear_sim* sim = df_alloc(1, sizeof *sim);
  *out = (df_sim*)sim;
  if (!sim) return DF_E_NOMEM;
  sim->system = (const linear_system*)system;
  linear_sims_alive++;
  return DF_OK;
}

static inline void linear_sim_free(df_sim* sim) {
  linear_sims_alive--;
  df_free(sim);
}

static inline void linear_set_state(df_sim* sim, const double* x) {
  memcpy(((linear_sim*)sim)->x, x, 4 * sizeof *x);
}

static inline void linear_reset(df_sim* sim, const double* x) {
  linear_set_state(sim, x);
  ((linear_sim*)sim)->last = 0;
}

static inline df_traj_end linear_step(df_sim* sim, const double* u, double* x1) {
  linear_sim* s = (linear_sim*)sim;
  const double dt = s->system->base.dt;
  double g[2];
  for (int j = 0; j < 2; j++) g[j] = s->system->sine ? sin(6.283185307179586 * u[j]) : u[j];
  if (!(fabs(u[0]) < 1e3 && fabs(u[1]) < 1e3)) {
    for (int i = 0; i < 4; i++) x1[i] = NAN;
    return DF_TRAJ_DIVERGED;
  }
  for (int i = 0; i < 2; i++) {
    s->x[2 + i] +=
        s->system->force[i][0] * g[0] + s->system->force[i][1] * g[1] + (i == 0 ? s->system->warm * s->last : 0);
    s->x[i] += dt * s->x[2 + i];
  }
  s->last = u[0];
  memcpy(x1, s->x, sizeof s->x);
  return DF_TRAJ_COMPLETE;
}

static inline void linear_difference(const df_system* system, const double* xa, const double* xb, double* e) {
  (void)system;
  for (int i = 0; i < 4; i++) e[i] = xb[i] - xa[i];
}

/* actions in [-limit, limit]; INFINITY: unbounded */
static inline void linear_system_init(linear_system* out, double limit) {
  static const df_system_ops ops = {.sim_new = linear_sim_new,
                                    .sim_free = linear_sim_free,
                                    .reset = linear_reset,
                                    .set_state = linear_set_state,
                                    .step = linear_step,
                                    .difference = linear_difference};
  *out = (linear_system){.base = {.ops = &ops, .nx = 4, .ndx = 4, .nu = 2, .dt = 0.1},
                         .lo = {-limit, -limit},
                         .hi = {limit, limit},
                         .force = {{1, 0.9}, {0.2, 1}}};
  out->base.u_lo = out->lo;
  out->base.u_hi = out->hi;
}

/* x [H+1][4]: the states of one run from a cleared simulator */
static inline void linear_simulate(const linear_system* system, int H, const double* x0, const double* u, double* x) {
  linear_sim sim = {.system = system};
  linear_reset((df_sim*)&sim, x0);
  memcpy(x, x0, 4 * sizeof *x);
  for (int t = 0; t < H; t++) (void)linear_step((df_sim*)&sim, u + 2 * t, x + 4 * (t + 1));
}

#endif
