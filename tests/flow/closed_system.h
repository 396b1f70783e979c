/* closed_system.h: a system in closed form, and a task of it that reaches every branch of a training.
 *
 * x = [p0, p1, p2, v0, v1, v2], u [2]:
 *     v' = v - dt (STIFFNESS p + DAMPING v) + dt FORCE clamp(u, -BOX, BOX),    p' = p + dt v'
 * A step diverges where |p0'| > WALL. Its adjoint diverges where p1' > EDGE. The joint p2 never moves. */
#ifndef TESTS_FLOW_CLOSED_SYSTEM_H
#define TESTS_FLOW_CLOSED_SYSTEM_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/rng.h"
#include "dynaflow/data/task.h"
#include "dynaflow/nn/blas.h"
#include "tiny_task.h"

enum { NX = 6, NU = 2, NC = 3, CLOSED_TAPE = 8, CLOSED_EPISODES = 11, CLOSED_LENGTH = 14 };
static const double DT = 0.1, BOX = 0.8, WALL = 0.95, EDGE = 0.7;
static const double STIFFNESS[3] = {1, -0.5, 2}, DAMPING[3] = {0.2, 0.1, 0.3};
static const double FORCE[3][NU] = {{4, -2}, {1, 3}, {0, 0}};
static const double closed_lo[NU] = {-0.8, -0.8}, closed_hi[NU] = {0.8, 0.8};

typedef struct closed_sim {
  double x[NX], after[CLOSED_TAPE][NX], u[CLOSED_TAPE][NU];
  int recorded;
  df_gradient_count count; /* approximate: an action was clamped; differenced: v0 > 0 afterwards */
} closed_sim;

static df_status closed_sim_new(const df_system* system, int tape_length, df_sim** out) {
  (void)system, (void)tape_length;
  closed_sim* sim = df_alloc(1, sizeof *sim);
  if (!sim) return DF_E_NOMEM;
  *out = (df_sim*)sim;
  return DF_OK;
}

static void closed_sim_free(df_sim* sim) {
  df_free(sim);
}

static void closed_set_state(df_sim* sim, const double* x) {
  memcpy(((closed_sim*)sim)->x, x, NX * sizeof *x);
}

static void closed_reset(df_sim* sim, const double* x) {
  closed_set_state(sim, x);
  ((closed_sim*)sim)->recorded = 0;
}

static df_traj_end closed_step(df_sim* sim, const double* u, double* x1) {
  closed_sim* s = (closed_sim*)sim;
  double *p = s->x, *v = s->x + 3;
  for (int i = 0; i < 3; i++) {
    double force = -STIFFNESS[i] * p[i] - DAMPING[i] * v[i];
    for (int k = 0; k < NU; k++) force += FORCE[i][k] * fmin(fmax(u[k], -BOX), BOX);
    v[i] += DT * force;
    p[i] += DT * v[i];
  }
  if (fabs(p[0]) > WALL) {
    for (int i = 0; i < NX; i++) x1[i] = NAN;
    return DF_TRAJ_DIVERGED;
  }
  memcpy(x1, s->x, NX * sizeof *x1);
  if (s->recorded < CLOSED_TAPE) {
    memcpy(s->after[s->recorded], s->x, NX * sizeof *x1);
    memcpy(s->u[s->recorded++], u, NU * sizeof *u);
  }
  return DF_TRAJ_COMPLETE;
}

static df_traj_end closed_vjp(df_sim* sim, int t, const double* y, double* xbar, double* ubar) {
  closed_sim* s = (closed_sim*)sim;
  const double* u = s->u[t];
  s->count.steps++;
  s->count.approximate += fabs(u[0]) > BOX || fabs(u[1]) > BOX;
  s->count.differenced += s->after[t][3] > 0;
  if (s->after[t][1] > EDGE) return DF_TRAJ_DIVERGED;
  ubar[0] = ubar[1] = 0;
  for (int i = 0; i < 3; i++) {
    const double force = DT * (y[3 + i] + DT * y[i]);
    xbar[3 + i] = y[3 + i] + DT * y[i] - DAMPING[i] * force;
    xbar[i] = y[i] - STIFFNESS[i] * force;
    for (int k = 0; k < NU; k++) ubar[k] += fabs(u[k]) > BOX ? 0 : FORCE[i][k] * force;
  }
  return DF_TRAJ_COMPLETE;
}

static void closed_difference(const df_system* system, const double* xa, const double* xb, double* e) {
  (void)system;
  for (int i = 0; i < NX; i++) e[i] = xb[i] - xa[i];
}

static void closed_integrate(const df_system* system, const double* xa, const double* e, double* xb) {
  (void)system;
  for (int i = 0; i < NX; i++) xb[i] = xa[i] + e[i];
}

static df_gradient_count closed_count(const df_sim* sim) {
  return ((const closed_sim*)sim)->count;
}

static void closed_free(df_system* system) {
  df_free(system);
}

static df_system* closed_system(void) {
  static const df_system_ops ops = {.sim_new = closed_sim_new,
                                    .sim_free = closed_sim_free,
                                    .reset = closed_reset,
                                    .set_state = closed_set_state,
                                    .step = closed_step,
                                    .step_vjp = closed_vjp,
                                    .difference = closed_difference,
                                    .integrate = closed_integrate,
                                    .gradient_count = closed_count,
                                    .free = closed_free};
  df_system* s = df_alloc(1, sizeof *s);
  *s = (df_system){.ops = &ops, .nx = NX, .ndx = NX, .nu = NU, .dt = DT, .u_lo = closed_lo, .u_hi = closed_hi};
  return s;
}

/* ---- the task ---- */

static void closed_require(df_status status) {
  if (status == DF_OK) return;
  fprintf(stderr, "closed_system: %s\n", df_error_message());
  exit(1);
}

/* every setting of a training differs from its default and from every other */
static df_config closed_config(void) {
  df_config c = tiny_config();
  snprintf(c.task_name, sizeof c.task_name, "closed");
  snprintf(c.net_kind, sizeof c.net_kind, "mlp");
  c.window_horizon = 4;
  c.window_first = 1;
  c.window_stride = 2;
  c.split_test_every = 3;
  c.chart_relative = (df_names){.n = 1};
  snprintf(c.chart_relative.v[0], DF_NAME_MAX, "p0");
  c.action_center = (df_list){.n = 2, .v = {0.6, -0.5}};
  c.action_half_range = (df_list){.n = 2, .v = {3, 2.5}};
  c.flow_sigma = 0.7;
  c.net_width = 4;
  c.net_depth = 2;
  c.train_steps = c.inverse_steps = 10;
  c.train_batch = 10;
  c.inverse_batch = 8;
  c.train_slices = 3;
  c.train_rate = 0.08;
  c.inverse_rate = 0.1;
  c.inverse_width = 5;
  c.inverse_depth = 2;
  c.train_decay_from = 0.35;
  c.train_weight_decay = 0.25;
  c.train_clip = 0.7;
  c.train_ema = 0.4;
  c.train_cotangent_decay = 0.85;
  c.train_push = 0.7;
  c.train_push_error = 0.9;
  return c;
}

/* random actions, every fourth beyond the box, and motions that are not stopped by WALL; conditions: two gaits, equal
 * in some episodes, and a number */
static void closed_demonstrate(df_dataset* data) {
  closed_sim sim = {0};
  double ignored[NX];
  for (int e = 0; e < data->episodes; e++) {
    double draw[2 * CLOSED_LENGTH + 5], *x = data->states + e * (CLOSED_LENGTH + 1) * NX;
    double *u = data->actions + e * CLOSED_LENGTH * NU, *c = data->conditions + e * NC;
    df_rng_uniform(5, DF_STREAM_TEST, (uint64_t)e, sizeof draw / sizeof *draw, draw);
    for (int k = 0; k < CLOSED_LENGTH * NU; k++) u[k] = (2 * draw[5 + k] - 1) * (k % 4 ? 0.5 : 1.6);
    const double start[NX] = {1.2 * draw[0] - 0.6, 0.8 * draw[1] - 0.4, 0, draw[2] - 0.5, draw[3] - 0.5, 0};
    c[0] = e % 3 == 0, c[1] = e % 3 != 1, c[2] = draw[4] - 0.5;
    closed_reset((df_sim*)&sim, start);
    for (int t = 0; t <= CLOSED_LENGTH; t++) {
      memcpy(x + t * NX, sim.x, sizeof sim.x);
      if (t < CLOSED_LENGTH) (void)closed_step((df_sim*)&sim, u + t * NU, ignored);
    }
  }
}

/* The caller frees it with df_task_free(). A chart is made of a MuJoCo system, so one with the same coordinates is made
 * for it. */
static df_task* closed_task(const df_config* config) {
  static const char* const joints =
      "<mujoco><worldbody><body><joint name='p0' type='slide'/><joint name='p1'/><joint name='p2' axis='1 0 0'/>"
      "<geom size='0.1'/></body></worldbody><actuator><motor joint='p0'/><motor joint='p1'/></actuator></mujoco>";
  const df_mujoco_cfg mujoco = df_mujoco_cfg_default();
  df_system* coordinates;
  closed_require(df_blas_open(&(df_blas_cfg){.threads = 4}));
  df_task* task = df_alloc(1, sizeof *task);
  task->config = *config;
  task->system = closed_system();
  closed_require(df_dataset_new(
      &(df_dataset_shape){.episodes = CLOSED_EPISODES, .length = CLOSED_LENGTH, .nx = NX, .nu = NU, .nc = NC, .dt = DT},
      &task->data));
  static const char* const names[NC] = {"gait.left", "gait.right", "speed"};
  for (int i = 0; i < NC; i++) closed_require(df_dataset_name_condition(task->data, i, names[i]));
  closed_demonstrate(task->data);
  closed_require(df_windows_new(task->data, config, &task->windows));
  closed_require(df_mujoco_system_from_xml(joints, "joints.xml", &mujoco, &coordinates));
  closed_require(df_chart_new(coordinates, config, &task->chart));
  df_system_free(coordinates);
  closed_require(df_chart_fit(task->chart, task->data, task->windows));
  return task;
}

#endif
