/* closed_form.h: systems with closed-form steps and Jacobians, for tests of the gradient check. */
#ifndef TESTS_SIM_CLOSED_FORM_H
#define TESTS_SIM_CLOSED_FORM_H

#include <math.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/rng.h"
#include "dynaflow/sim/system.h"

enum { CF_NX = 4, CF_STEPS = 512 };

/* Computes the next state x1 [nx], and A = dx1/dx [nx][nx], B = dx1/du [nx] (nu is 1); A and B may be NULL. */
typedef void (*cf_law)(const double* x, double u, double* x1, double* A, double* B);

/* faults of the adjoint that the gradient check must find */
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

static inline df_status cf_sim_new(const df_system* s, int tape_length, df_sim** out) {
  cf_sim* sim = df_alloc(1, sizeof *sim);
  if (!sim) return DF_E_NOMEM;
  sim->system = (const closed_form*)(const void*)s;
  sim->room = tape_length < CF_STEPS ? tape_length : CF_STEPS;
  *out = (df_sim*)(void*)sim;
  return DF_OK;
}

static inline void cf_sim_free(df_sim* sim) {
  df_free(sim);
}

static inline void cf_set_state(df_sim* sim, const double* x) {
  memcpy(cf_of(sim)->x, x, (size_t)cf_of(sim)->system->base.nx * sizeof *x);
}

static inline void cf_reset(df_sim* sim, const double* x) {
  cf_set_state(sim, x);
  cf_of(sim)->n = 0;
}

static inline df_traj_end cf_step(df_sim* base, const double* u, double* x1) {
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

static inline df_traj_end cf_step_vjp(df_sim* base, int t, const double* y, double* xbar, double* ubar) {
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
    case CF_DROPPED: /* the effect of the position on the next velocity */
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

static inline void cf_difference(const df_system* s, const double* xa, const double* xb, double* e) {
  for (int i = 0; i < s->nx; i++) e[i] = xb[i] - xa[i];
}
static inline void cf_integrate(const df_system* s, const double* xa, const double* e, double* xb) {
  for (int i = 0; i < s->nx; i++) xb[i] = xa[i] + e[i];
}
static inline void cf_free(df_system* s) {
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

static const double H = 0.004; /* timestep of all systems below, s */

/* ---- four closed-form systems, and the same systems as MuJoCo models ---- */

static inline void second_order(const double* x, double a, double a_q, double a_v, double a_u, double* x1, double* A,
                                double* B) {
  x1[1] = x[1] + H * a;
  x1[0] = x[0] + H * x1[1];
  if (!A) return;
  A[2] = H * a_q;
  A[3] = 1 + H * a_v;
  A[0] = 1 + H * A[2];
  A[1] = H * A[3];
  B[1] = H * a_u;
  B[0] = H * B[1];
}

/* a mass on a spring with damping, which Euler takes implicitly: (m + h c) a = 3 u - k q - c v */
static inline void spring_law(const double* x, double u, double* x1, double* A, double* B) {
  const double m = 2, k = 7, c = 1.5, mass = m + H * c;
  second_order(x, (3 * u - k * x[0] - c * x[1]) / mass, -k / mass, -c / mass, 3 / mass, x1, A, B);
}
static const char SPRING[] =
    "<mujoco><option timestep='.004' gravity='0 0 0'/><worldbody><body><joint name='q' type='slide' axis='1 0 0'"
    " stiffness='7' damping='1.5'/><geom size='.1' mass='2'/></body></worldbody>"
    "<actuator><motor joint='q' gear='3'/></actuator></mujoco>";

/* a ball in flight: x = [px, pz, vx, vz]; the action is a force along x */
static inline void flight_law(const double* x, double u, double* x1, double* A, double* B) {
  const double m = 0.5, g = 9.81;
  x1[2] = x[2] + H * u / m;
  x1[3] = x[3] - H * g;
  x1[0] = x[0] + H * x1[2];
  x1[1] = x[1] + H * x1[3];
  if (!A) return;
  for (int i = 0; i < 4; i++) {
    for (int k = 0; k < 4; k++) A[4 * i + k] = i == k ? 1 : k == i + 2 ? H : 0;
    B[i] = i == 0 ? H * H / m : i == 2 ? H / m : 0;
  }
}
static const char FLIGHT[] =
    "<mujoco><option timestep='.004' gravity='0 0 -9.81'/><worldbody><body><joint name='x' type='slide' axis='1 0 0'/>"
    "<joint type='slide' axis='0 0 1'/><geom size='.05' mass='.5'/></body></worldbody>"
    "<actuator><motor joint='x'/></actuator></mujoco>";

/* Dry friction drives the acceleration to -B v with a force of m d / (1 - d) per m/s^2 of deviation, at most 4 N:
 * MuJoCo's law for one dof, with its defaults d = 0.9 (solimp), B = 2 / (0.95 x 0.02 s) (solref). */
static const double HOLD = 0.9, RATE = 2 / (0.95 * 0.02), BLOCK_MASS = 2, BLOCK_FRICTION = 4;
static inline void block_law(const double* x, double u, double* x1, double* A, double* B) {
  const double m = BLOCK_MASS, held = (1 - HOLD) * u / m - HOLD * RATE * x[1], force = m * held - u;
  if (fabs(force) < BLOCK_FRICTION)
    second_order(x, held, 0, -HOLD * RATE, (1 - HOLD) / m, x1, A, B);
  else
    second_order(x, (u + copysign(BLOCK_FRICTION, force)) / m, 0, 0, 1 / m, x1, A, B);
}
static const char BLOCK[] =
    "<mujoco><option timestep='.004' gravity='0 0 0'/><worldbody><body><joint name='q' type='slide' axis='1 0 0'"
    " frictionloss='4'/><geom size='.1' mass='2'/></body></worldbody><actuator><motor joint='q'/></actuator></mujoco>";

/* A ball on a compliant floor: while it penetrates the floor and the floor pushes,
 *   (1 + rho) a = a0 + rho (-B v - K d r),   rho = d / (1 - d),
 * with penetration -r = radius - z, impedance d(r) from 0.5 to 0.95 over 1 cm by two parabolas, K = 1 / (0.95 tc)^2,
 * B = 2 / (0.95 tc), tc = 0.02 s. */
static const double RADIUS = 0.1, BALL_MASS = 0.3;
static inline double impedance(double r, double* slope) {
  const double lo = 0.5, hi = 0.95, width = 0.01, x = fmin(1, -r / width);
  const double y = x < 0.5 ? 2 * x * x : 1 - 2 * (1 - x) * (1 - x);
  *slope = x == 1 ? 0 : -(hi - lo) / width * 4 * (x < 0.5 ? x : 1 - x);
  return lo + y * (hi - lo);
}
static inline void ball_law(const double* x, double u, double* x1, double* A, double* B) {
  const double tc = 0.02, K = 1 / (0.95 * tc * 0.95 * tc), D = 2 / (0.95 * tc);
  const double free = u / BALL_MASS - 9.81, r = x[0] - RADIUS;
  double slope;
  const double d = impedance(fmin(r, 0), &slope), wanted = -D * x[1] - K * d * r;
  if (r >= 0 || wanted <= free) {
    second_order(x, free, 0, 0, 1 / BALL_MASS, x1, A, B);
    return;
  }
  const double rho = d / (1 - d), a = (free + rho * wanted) / (1 + rho), share = rho / (1 + rho);
  const double a_d = (wanted - free) / ((1 + rho) * (1 + rho)) / ((1 - d) * (1 - d));
  second_order(x, a, a_d * slope - share * K * (d + slope * r), -share * D, (1 - share) / BALL_MASS, x1, A, B);
}
#define BALL_WITH(width)                                                                                       \
  "<mujoco><option timestep='.004' gravity='0 0 -9.81'/><worldbody><geom type='plane' size='1 1 1' condim='1'" \
  " solimp='.5 .95 " width                                                                                     \
  "'/><body><joint name='z' type='slide' axis='0 0 1'/><geom name='ball' size='.1' mass='.3'"                  \
  " condim='1' solimp='.5 .95 " width "'/></body></worldbody><actuator><motor joint='z'/></actuator></mujoco>"
static const char BALL[] = BALL_WITH(".01");

static const struct form {
  const char *name, *xml;
  cf_law law;
  int nx;
  double x[CF_NX], spread; /* centre and spread of the states */
} FORMS[] = {{"spring", SPRING, spring_law, 2, {0.2, -0.5}, 1},
             {"flight", FLIGHT, flight_law, 4, {0, 1, 2, 3}, 1},
             {"block", BLOCK, block_law, 2, {0, 0}, 0.02},
             {"ball", BALL, ball_law, 2, {0.095, -0.1}, 0.003}};
enum { FORM_COUNT = sizeof FORMS / sizeof FORMS[0] };

/* n states and actions around the centre of a form */
static inline void form_states(const struct form* f, int n, double* x, double* u) {
  df_rng_normal(1, DF_STREAM_TEST, 0, (size_t)(n * f->nx), x);
  df_rng_normal(2, DF_STREAM_TEST, 0, (size_t)n, u);
  for (int i = 0; i < n * f->nx; i++) x[i] = f->x[i % f->nx] + f->spread * x[i];
}

#endif
