/* The feasible motion nearest to a clip. */
#define _GNU_SOURCE
#include "dynaflow/optimise/clip_fit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/cholesky.h"
#include "dynaflow/metrics/metrics.h"
#include "dynaflow/sim/rollout.h"
#include "tiny_task.h"
#include "unit.h"

/* a fit of the first `length` actions of an episode, with its arrays */
typedef struct result {
  double *x, *u;
  df_clip_fit fit;
  df_status status;
} result;

static result run(const df_task* task, int episode, int length, const df_clip_fit_cfg* cfg) {
  result r = {.x = calloc(((size_t)length + 1) * (size_t)task->system->nx, sizeof *r.x),
              .u = calloc((size_t)length * (size_t)task->system->nu, sizeof *r.u)};
  assert_non_null(r.x);
  assert_non_null(r.u);
  r.status = df_clip_fit_run(task, episode, 0, length, cfg, r.x, r.u, &r.fit);
  return r;
}

static void clear(result* r) {
  free(r->x);
  free(r->u);
}

/* the sum of squared errors of actions from the clip's first state, computed frame by frame */
static double error_of(const df_task* task, int episode, int length, const double* u) {
  const int nx = task->system->nx, nz = df_chart_size(task->chart);
  const double* demo = df_dataset_state(task->data, episode, 0);
  double* x = calloc(((size_t)length + 1) * (size_t)nx, sizeof *x);
  double *z = calloc((size_t)nz, sizeof *z), *wanted = calloc((size_t)nz, sizeof *wanted), sum = 0;
  df_sim* sim;
  assert_int_equal(df_sim_new(task->system, 0, &sim), DF_OK);
  assert_int_equal(df_trajectory_run(task->system, sim, length, demo, u, x), DF_TRAJ_COMPLETE);
  for (int t = 1; t <= length; t++) {
    df_chart_encode(task->chart, demo, x + t * nx, z);
    df_chart_encode(task->chart, demo, demo + t * nx, wanted);
    for (int i = 0; i < nz; i++) sum += (z[i] - wanted[i]) * (z[i] - wanted[i]);
  }
  df_sim_free(task->system, sim);
  free(x);
  free(z);
  free(wanted);
  return sum;
}

static void a_feasible_clip_is_found_again_without_its_actions(void** state) {
  (void)state;
  enum { LENGTH = 40 };
  df_task* task = tiny_task_new();
  df_clip_fit_cfg cfg = df_clip_fit_cfg_default();
  cfg.tolerance = 0;
  cfg.iterations = 60;
  for (size_t i = 0; i < df_dataset_actions(task->data) * (size_t)task->data->nu; i++) task->data->actions[i] = NAN;
  for (int episode = 0; episode < task->data->episodes; episode++) {
    result r = run(task, episode, LENGTH, &cfg);
    assert_int_equal(r.status, DF_OK);
    /* without a tolerance it goes on to rounding, 1e-13, and does not keep the first guess, of which some are worse */
    assert_true(r.fit.rms < 2e-13);
    assert_true(r.fit.rms_rest > 0.1);
    clear(&r);
  }
  df_task_free(task);
}

static long calls;
static const df_system_ops* real;

static df_traj_end counted_step(df_sim* sim, const double* u, double* x1) {
  calls++;
  return real->step(sim, u, x1);
}

/* the states of a clip are fitted as the clip is, and every action of the fit counts 2 physics steps */
static void given_states_are_fitted_alike_and_steps_are_counted(void** state) {
  (void)state;
  enum { LENGTH = 10, FIRST = 4 };
  df_task* task = tiny_task_new();
  const size_t nx = (size_t)task->system->nx, nu = (size_t)task->system->nu;
  const df_clip_fit_cfg cfg = df_clip_fit_cfg_default();
  double demo[(LENGTH + 1) * 16], x[2][(LENGTH + 1) * 16], u[2][LENGTH * 2];
  df_clip_fit fit[2];
  memcpy(demo, df_dataset_state(task->data, 1, FIRST), (LENGTH + 1) * nx * sizeof *demo);
  assert_int_equal(df_clip_fit_run(task, 1, FIRST, LENGTH, &cfg, x[0], u[0], &fit[0]), DF_OK);
  df_system_ops ops = *task->system->ops;
  real = task->system->ops;
  ops.step = counted_step;
  task->system->ops = &ops;
  assert_int_equal(df_clip_fit_states(task, demo, LENGTH, &cfg, x[1], u[1], &fit[1]), DF_OK);
  task->system->ops = real;
  assert_memory_equal(x[0], x[1], (LENGTH + 1) * nx * sizeof(double));
  assert_memory_equal(u[0], u[1], LENGTH * nu * sizeof(double));
  assert_int_equal(fit[0].effort.physics_steps, fit[1].effort.physics_steps);
  assert_int_equal(fit[1].effort.physics_steps, 2 * calls);
  assert_int_equal(df_clip_fit_states(task, NULL, LENGTH, &cfg, x[1], u[1], &fit[1]), DF_E_ARG);
  assert_int_equal(df_clip_fit_states(task, demo, 0, &cfg, x[1], u[1], &fit[1]), DF_E_ARG);
  df_task_free(task);
}

/* moves the demonstrated states of an episode to where no action leads: the cart drifts and sinks */
static void make_infeasible(const df_task* task, int episode) {
  const int nx = task->system->nx;
  double* demo = task->data->states + task->data->first[episode] * (size_t)nx;
  for (int t = 1; t <= task->data->lengths[episode]; t++) {
    demo[t * nx] += 0.02 * t;
    demo[t * nx + 1] -= 0.04;
  }
}

static void the_actions_give_the_states_again_bit_for_bit(void** state) {
  (void)state;
  enum { LENGTH = 40 };
  df_task* task = tiny_task_new();
  const df_clip_fit_cfg cfg = df_clip_fit_cfg_default();
  make_infeasible(task, 1);
  result r = run(task, 1, LENGTH, &cfg);
  assert_int_equal(r.status, DF_OK);
  assert_true(r.fit.rms > 0.1 && r.fit.rms < r.fit.rms_rest && r.fit.rms < r.fit.worst && r.fit.iterations > 9);
  assert_true(fabs(r.fit.rms - sqrt(error_of(task, 1, LENGTH, r.u) / LENGTH / df_chart_size(task->chart))) < 1e-12);
  const size_t n = (LENGTH + 1) * (size_t)task->system->nx;
  double* again = calloc(n, sizeof *again);
  df_sim* sim;
  assert_int_equal(df_sim_new(task->system, 0, &sim), DF_OK);
  assert_int_equal(df_trajectory_run(task->system, sim, LENGTH, r.x, r.u, again), DF_TRAJ_COMPLETE);
  assert_memory_equal(again, r.x, n * sizeof *again);
  assert_memory_equal(r.x, df_dataset_state(task->data, 1, 0), (size_t)task->system->nx * sizeof *again);
  df_sim_free(task->system, sim);
  free(again);
  clear(&r);
  df_task_free(task);
}

/* ---- a linear system: the optimum is the solution of normal equations ---- */

static const char* const mass =
    "<mujoco model='mass'><option timestep='0.02'/><worldbody><body>"
    "<joint name='x' type='slide' axis='1 0 0' damping='0.3' stiffness='2'/><geom size='0.1' mass='1.5'/>"
    "</body></worldbody><actuator><%s joint='x' ctrllimited='true' ctrlrange='-%g %g'/></actuator></mujoco>";

enum { STEPS = 10 };

/* a task of one clip: positions that jump to 0.3 m and stay there, by an actuator with controls of at most `most` */
static void driven_task(df_task* task, const char* actuator, double most) {
  char xml[512];
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  *task = (df_task){.config = df_config_default()};
  snprintf(xml, sizeof xml, mass, actuator, most, most);
  assert_int_equal(df_mujoco_system_from_xml(xml, "mass.xml", &cfg, &task->system), DF_OK);
  assert_int_equal(
      df_dataset_new(&(df_dataset_shape){.episodes = 1, .length = STEPS, .nx = 2, .nu = 1, .dt = task->system->dt},
                     &task->data),
      DF_OK);
  assert_int_equal(df_chart_new(task->system, &task->config, &task->chart), DF_OK);
  for (int t = 1; t <= STEPS; t++) task->data->states[2 * t] = 0.3;
}

/* the same by forces in N */
static void mass_task(df_task* task, double most) {
  driven_task(task, "motor", most);
}

static void clear_mass(df_task* task) {
  df_chart_free(task->chart);
  df_dataset_free(task->data);
  df_system_free(task->system);
}

/* the rest action of a step is that of the state it leads to: of a servo, the demonstrated position */
static void rest_actions_hold_the_next_state(void** state) {
  (void)state;
  df_task task;
  driven_task(&task, "position kp='20'", 1);
  df_clip_fit_cfg cfg = df_clip_fit_cfg_default();
  cfg.iterations = 0;
  result r = run(&task, 0, STEPS, &cfg);
  assert_int_equal(r.status, DF_OK);
  double u[STEPS];
  for (int t = 0; t < STEPS; t++) u[t] = 0.3;
  const double rms = sqrt(error_of(&task, 0, STEPS, u) / (STEPS * df_chart_size(task.chart)));
  assert_true(rms > 0 && fabs(r.fit.rms_rest - rms) < 1e-12 * rms);
  clear(&r);
  clear_mass(&task);
}

static void the_optimum_of_a_linear_system_solves_its_normal_equations(void** state) {
  (void)state;
  df_task task;
  mass_task(&task, 1e4);
  /* by superposition: column j is the response of all frames to a unit of action j */
  double x[2 * (STEPS + 1)], u[STEPS] = {0}, column[STEPS][2 * STEPS], rest[2 * STEPS], wanted[STEPS];
  double normal[STEPS * STEPS];
  df_sim* sim;
  assert_int_equal(df_sim_new(task.system, 0, &sim), DF_OK);
  assert_int_equal(df_trajectory_run(task.system, sim, STEPS, task.data->states, u, x), DF_TRAJ_COMPLETE);
  for (int i = 0; i < 2 * STEPS; i++) rest[i] = task.data->states[2 + i] - x[2 + i];
  for (int j = 0; j < STEPS; j++) {
    double response[2 * (STEPS + 1)];
    u[j] = 1;
    assert_int_equal(df_trajectory_run(task.system, sim, STEPS, task.data->states, u, response), DF_TRAJ_COMPLETE);
    for (int i = 0; i < 2 * STEPS; i++) column[j][i] = response[2 + i] - x[2 + i];
    u[j] = 0;
  }
  for (int j = 0; j < STEPS; j++) {
    wanted[j] = df_dot(2 * STEPS, column[j], rest);
    for (int k = 0; k < STEPS; k++) normal[j * STEPS + k] = df_dot(2 * STEPS, column[j], column[k]);
  }
  assert_true(df_cholesky_factor(STEPS, normal));
  df_cholesky_solve(STEPS, normal, wanted);
  /* the fit */
  df_clip_fit_cfg cfg = df_clip_fit_cfg_default();
  cfg.window = cfg.commit = STEPS;
  cfg.iterations = 100;
  cfg.tolerance = 0;
  result r = run(&task, 0, STEPS, &cfg);
  assert_int_equal(r.status, DF_OK);
  for (int j = 0; j < STEPS; j++) assert_true(fabs(r.u[j] - wanted[j]) < 1e-5 * fabs(wanted[0]));
  assert_true(r.fit.iterations <= 3); /* the damping falls after each */
  clear(&r);
  df_sim_free(task.system, sim);
  clear_mass(&task);
}

enum { PLANE_NX = 4, PLANE_NU = 2 };

/* a body that slides in a plane by two actuators of at most `most`, one of which pulls on a tendon in both directions;
 * its clip goes in a circle */
static void plane_task(df_task* task, double most) {
  char xml[1024];
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  *task = (df_task){.config = df_config_default()};
  snprintf(
      xml, sizeof xml,
      "<mujoco><option timestep='.02'/><worldbody><body><joint name='x' type='slide' axis='1 0 0' damping='.3'/>"
      "<joint name='y' type='slide' axis='0 1 0' damping='.7'/><geom size='.1' mass='1'/></body></worldbody>"
      "<tendon><fixed name='both'><joint joint='x' coef='.6'/><joint joint='y' coef='1'/></fixed></tendon>"
      "<actuator><motor joint='x' ctrlrange='-%g %g'/><motor tendon='both' ctrlrange='-%g %g'/></actuator></mujoco>",
      most, most, most, most);
  assert_int_equal(df_mujoco_system_from_xml(xml, "plane.xml", &cfg, &task->system), DF_OK);
  const df_dataset_shape shape = {
      .episodes = 1, .length = STEPS, .nx = PLANE_NX, .nu = PLANE_NU, .dt = task->system->dt};
  assert_int_equal(df_dataset_new(&shape, &task->data), DF_OK);
  assert_int_equal(df_chart_new(task->system, &task->config, &task->chart), DF_OK);
  for (int t = 0; t <= STEPS; t++) {
    task->data->states[PLANE_NX * t] = 0.2 * sin(0.6 * t);
    task->data->states[PLANE_NX * t + 1] = 0.2 - 0.2 * cos(0.6 * t);
  }
}

/* within bounds that both actuators meet, no change of one action, or of both at once, is better */
static void no_change_of_coupled_actions_is_better_within_the_bounds(void** state) {
  (void)state;
  static const double MOST = 0.4; /* N */
  df_task task;
  plane_task(&task, MOST);
  df_clip_fit_cfg cfg = df_clip_fit_cfg_default();
  cfg.window = cfg.commit = STEPS;
  cfg.iterations = 100;
  cfg.tolerance = 0;
  result r = run(&task, 0, STEPS, &cfg);
  assert_int_equal(r.status, DF_OK);
  const double least = error_of(&task, 0, STEPS, r.u);
  int bounded[PLANE_NU] = {0};
  for (int t = 0; t < STEPS; t++) {
    double* u = r.u + PLANE_NU * t;
    const double kept[PLANE_NU] = {u[0], u[1]};
    for (int i = 0; i < PLANE_NU; i++) {
      assert_true(fabs(kept[i]) <= MOST);
      bounded[i] += fabs(kept[i]) == MOST;
    }
    for (int way = 0; way < 9; way++) {
      u[0] = fmin(fmax(kept[0] + 1e-3 * (way % 3 - 1), -MOST), MOST);
      u[1] = fmin(fmax(kept[1] + 1e-3 * (way / 3 - 1), -MOST), MOST);
      assert_true(error_of(&task, 0, STEPS, r.u) >= least * (1 - 1e-12));
    }
    memcpy(u, kept, sizeof kept);
  }
  for (int i = 0; i < PLANE_NU; i++) assert_in_range(bounded[i], 1, STEPS - 1);
  clear(&r);
  clear_mass(&task);
}

/* The normal equations of all actions of two actuators. */
static void the_optimum_of_coupled_actuators_solves_its_normal_equations(void** state) {
  (void)state;
  enum { NX = PLANE_NX, NU = PLANE_NU, ROWS = NX * STEPS, COLUMNS = NU * STEPS };
  df_task task;
  plane_task(&task, 1e4);
  /* by superposition: column j is the response of all frames to a unit of action j */
  static double column[COLUMNS][ROWS], normal[COLUMNS * COLUMNS];
  double x[NX * (STEPS + 1)], u[COLUMNS] = {0}, rest[ROWS], wanted[COLUMNS], largest = 0;
  df_sim* sim;
  assert_int_equal(df_sim_new(task.system, 0, &sim), DF_OK);
  assert_int_equal(df_trajectory_run(task.system, sim, STEPS, task.data->states, u, x), DF_TRAJ_COMPLETE);
  for (int i = 0; i < ROWS; i++) rest[i] = task.data->states[NX + i] - x[NX + i];
  for (int j = 0; j < COLUMNS; j++) {
    double response[NX * (STEPS + 1)];
    u[j] = 1;
    assert_int_equal(df_trajectory_run(task.system, sim, STEPS, task.data->states, u, response), DF_TRAJ_COMPLETE);
    for (int i = 0; i < ROWS; i++) column[j][i] = response[NX + i] - x[NX + i];
    u[j] = 0;
  }
  for (int j = 0; j < COLUMNS; j++) {
    wanted[j] = df_dot(ROWS, column[j], rest);
    for (int k = 0; k < COLUMNS; k++) normal[j * COLUMNS + k] = df_dot(ROWS, column[j], column[k]);
  }
  assert_true(df_cholesky_factor(COLUMNS, normal));
  df_cholesky_solve(COLUMNS, normal, wanted);
  for (int j = 0; j < COLUMNS; j++) largest = fmax(largest, fabs(wanted[j]));
  /* the fit takes as few iterations as with one actuator: its gains are those of all actions */
  df_clip_fit_cfg cfg = df_clip_fit_cfg_default();
  cfg.window = cfg.commit = STEPS;
  cfg.iterations = 100;
  cfg.tolerance = 0;
  result r = run(&task, 0, STEPS, &cfg);
  assert_int_equal(r.status, DF_OK);
  assert_true(r.fit.iterations <= 3);
  for (int j = 0; j < COLUMNS; j++) {
    if (!(fabs(r.u[j] - wanted[j]) < 1e-5 * largest)) fail_msg("action %d: %g, wanted %g", j, r.u[j], wanted[j]);
  }
  clear(&r);
  df_sim_free(task.system, sim);
  clear_mass(&task);
}

/* the demonstration is at `demo`, and on the other side from the middle on, so that actions that are best for the first
 * frames are at the wrong bound */
static void check_bounded(double demo) {
  df_task task;
  mass_task(&task, 2);
  for (int t = 1; t <= STEPS; t++) task.data->states[2 * t] = t <= STEPS / 2 ? demo : -9 * demo;
  df_clip_fit_cfg cfg = df_clip_fit_cfg_default();
  cfg.window = STEPS;
  cfg.commit = 2;
  cfg.iterations = 100;
  cfg.tolerance = 0;
  result r = run(&task, 0, STEPS, &cfg);
  assert_int_equal(r.status, DF_OK);
  const double least = error_of(&task, 0, STEPS, r.u);
  int bounded = 0;
  for (int i = 0; i < STEPS; i++) {
    const double kept = r.u[i];
    assert_true(fabs(kept) <= 2);
    bounded += fabs(kept) == 2;
    for (int side = -1; side <= 1; side += 2) {
      r.u[i] = fmin(fmax(kept + side * 1e-3, -2), 2);
      assert_true(error_of(&task, 0, STEPS, r.u) >= least * (1 - 1e-12));
    }
    r.u[i] = kept;
  }
  assert_in_range(bounded, 1, STEPS - 1);
  clear(&r);
  clear_mass(&task);
}

static void no_change_of_an_action_is_better_within_the_bounds(void** state) {
  (void)state;
  check_bounded(0.3);
  check_bounded(-0.3);
}

static void a_fit_ends_when_it_is_told_to(void** state) {
  (void)state;
  static const volatile sig_atomic_t stop = 1;
  df_task task;
  mass_task(&task, 1e4);
  df_clip_fit_cfg cfg = df_clip_fit_cfg_default();
  cfg.stop = &stop;
  result r = run(&task, 0, STEPS, &cfg);
  assert_int_equal(r.status, DF_E_INTERRUPTED);
  clear(&r);
  clear_mass(&task);
}

/* ---- a simulator that fails ---- */

static df_system_ops failing; /* those of the model, except for one */
static const df_system_ops* right;
static df_traj_end wrong_end;
static int calls_left; /* calls that are right before one that is not */

static df_traj_end failing_vjp(df_sim* sim, int t, const double* y, double* xbar, double* ubar) {
  if (calls_left-- > 0) return right->step_vjp(sim, t, y, xbar, ubar);
  if (wrong_end == DF_TRAJ_FAILED) (void)df_fail(DF_E_SIM, "out of stack");
  return wrong_end;
}

static df_traj_end failing_step(df_sim* sim, const double* u, double* next) {
  if (calls_left-- > 0) return right->step(sim, u, next);
  (void)df_fail(DF_E_SIM, "out of stack");
  return DF_TRAJ_FAILED;
}

static void begin_failing(df_task* task) {
  right = task->system->ops;
  failing = *right;
  task->system->ops = &failing;
}

/* Two coordinates, so that a window of 10 steps takes 20 adjoints per iteration where each row of a Jacobian is one. */
static void a_failed_adjoint_is_an_error_and_a_diverged_one_is_counted(void** state) {
  (void)state;
  df_task task;
  df_clip_fit_cfg cfg = df_clip_fit_cfg_default();
  cfg.window = cfg.commit = STEPS;
  cfg.tolerance = 0;
  for (int k = 0; k < 4; k++) {
    mass_task(&task, 1e4);
    begin_failing(&task);
    failing.step_vjp = failing_vjp;
    failing.step_jacobian = NULL;
    wrong_end = k % 2 ? DF_TRAJ_FAILED : DF_TRAJ_DIVERGED;
    calls_left = k < 2 ? 0 : 2 * STEPS + 3; /* in the first iteration; in the second */
    result r = run(&task, 0, STEPS, &cfg);
    assert_int_equal(r.status, k % 2 ? DF_E_SIM : DF_OK);
    if (k % 2) {
      assert_string_equal(df_error_message(),
                          "the simulator failed within the window after frame 0 of the clip: out of stack");
    } else {
      assert_int_equal(r.fit.iterations, k < 2 ? 0 : 1);
      assert_true(r.fit.windows == 1 && r.fit.unconverged == 1 && r.fit.no_gradient == 1);
    }
    clear(&r);
    clear_mass(&task);
  }
}

/* whichever step fails, of the search for first actions (where it is a step that gives no action), of a trial, or of
 * the execution: never a result with a stale reason */
static void a_failed_step_names_its_frame(void** state) {
  (void)state;
  df_task task;
  df_clip_fit_cfg cfg = df_clip_fit_cfg_default();
  cfg.window = cfg.commit = STEPS;
  cfg.iterations = 2;
  int failed = 0;
  for (int n = 0; n < 4000; n += 7) {
    mass_task(&task, 1e4);
    begin_failing(&task);
    failing.step = failing_step;
    calls_left = n;
    result r = run(&task, 0, STEPS, &cfg);
    const bool reached = calls_left < 0;
    if (r.status != DF_OK) {
      failed++;
      assert_int_equal(r.status, DF_E_SIM);
      assert_non_null(strstr(df_error_message(), "of the clip: out of stack"));
    }
    clear(&r);
    clear_mass(&task);
    if (!reached) break;
  }
  assert_true(failed > 3);
}

static df_traj_end diverging_step(df_sim* sim, const double* u, double* next) {
  return calls_left-- == 0 ? DF_TRAJ_DIVERGED : right->step(sim, u, next);
}

/* Two windows of five actions: the last five steps execute the second one, and lead to the frames 6 to 10. */
static void a_diverged_execution_names_the_frame_it_should_have_led_to(void** state) {
  (void)state;
  df_clip_fit_cfg cfg = df_clip_fit_cfg_default();
  cfg.window = cfg.commit = STEPS / 2;
  int steps = 1 << 30;
  for (int frame = STEPS / 2; frame <= STEPS; frame++) {
    df_task task;
    char says[120];
    mass_task(&task, 1e4);
    begin_failing(&task);
    failing.step = diverging_step;
    /* the first time all steps are counted */
    calls_left = frame == STEPS / 2 ? 1 << 30 : steps - STEPS - 1 + frame;
    result r = run(&task, 0, STEPS, &cfg);
    if (frame == STEPS / 2) {
      assert_int_equal(r.status, DF_OK);
      steps -= calls_left;
    } else {
      assert_int_equal(r.status, DF_E_SIM);
      snprintf(says, sizeof says, "the simulation diverges at frame %d of the clip, where it did not before", frame);
      assert_string_equal(df_error_message(), says);
    }
    clear(&r);
    clear_mass(&task);
  }
}

static df_traj_end always_diverging(df_sim* sim, const double* u, double* next) {
  (void)sim, (void)u, (void)next;
  return DF_TRAJ_DIVERGED;
}

/* the first window grows by the actions that are kept */
static void a_window_without_a_start_is_named(void** state) {
  (void)state;
  df_task task;
  df_clip_fit_cfg cfg = df_clip_fit_cfg_default();
  cfg.window = 4;
  cfg.commit = 2;
  mass_task(&task, 1e4);
  begin_failing(&task);
  failing.step = always_diverging;
  result r = run(&task, 0, STEPS, &cfg);
  assert_int_equal(r.status, DF_E_SIM);
  assert_string_equal(df_error_message(), "the simulation diverges within 2 actions after frame 0 of the clip");
  clear(&r);
  clear_mass(&task);
}

static void windows_that_did_not_converge_are_counted(void** state) {
  (void)state;
  df_task task;
  df_clip_fit_cfg cfg = df_clip_fit_cfg_default();
  cfg.window = 4;
  cfg.commit = 2;
  /* a linear system converges in few iterations; 10 actions, of which 2 are kept of each window, and the last 4 */
  static const int iterations[] = {0, 100};
  for (int i = 0; i < 2; i++) {
    mass_task(&task, 1e4);
    cfg.iterations = iterations[i];
    result r = run(&task, 0, STEPS, &cfg);
    assert_int_equal(r.status, DF_OK);
    assert_int_equal(r.fit.windows, 4);
    assert_int_equal(r.fit.unconverged, i == 0 ? 4 : 0);
    assert_int_equal(r.fit.no_gradient, 0);
    clear(&r);
    clear_mass(&task);
  }
}

static volatile sig_atomic_t stop_now;

static df_traj_end stopping_step(df_sim* sim, const double* u, double* next) {
  if (calls_left-- == 0) stop_now = 1;
  return right->step(sim, u, next);
}

/* The search for first actions goes over the whole clip: it ends at the step in which it is stopped. */
static void the_search_for_first_actions_ends_when_it_is_told_to(void** state) {
  (void)state;
  df_task task;
  df_clip_fit_cfg cfg = df_clip_fit_cfg_default();
  cfg.stop = &stop_now;
  mass_task(&task, 1e4);
  begin_failing(&task);
  failing.step = stopping_step;
  /* how many steps one action takes in the search: those of a clip of one */
  stop_now = 0;
  calls_left = 1 << 30;
  const df_trajectories one = {.B = 1, .H = 1, .x = task.data->states};
  double sae, best;
  assert_int_equal(df_metric_sae_min(task.system, &one, 1, &sae, &best), DF_OK);
  const int steps = (1 << 30) - calls_left;
  calls_left = 0;
  result r = run(&task, 0, STEPS, &cfg);
  assert_int_equal(r.status, DF_E_INTERRUPTED);
  assert_true(-calls_left <= steps);
  clear(&r);
  clear_mass(&task);
}

static void a_clip_outside_the_episode_is_refused(void** state) {
  (void)state;
  df_task task;
  df_clip_fit out;
  double x[2 * (STEPS + 2)], u[STEPS + 1];
  mass_task(&task, 1e4);
  df_clip_fit_cfg cfg = df_clip_fit_cfg_default();
  assert_int_equal(df_clip_fit_run(&task, 0, 0, STEPS + 1, &cfg, x, u, &out), DF_E_ARG);
  assert_string_equal(df_error_message(), "clip: actions 0 to 10 of episode 0, which has 10");
  assert_int_equal(df_clip_fit_run(&task, 0, 1, STEPS, &cfg, x, u, &out), DF_E_ARG);
  assert_int_equal(df_clip_fit_run(&task, 1, 0, 1, &cfg, x, u, &out), DF_E_ARG);
  /* arguments that are NULL */
  const double* demo = task.data->states;
  assert_int_equal(df_clip_fit_run(NULL, 0, 0, 1, &cfg, x, u, &out), DF_E_ARG);
  assert_int_equal(df_clip_fit_run(&task, 0, 0, 1, NULL, x, u, &out), DF_E_ARG);
  assert_int_equal(df_clip_fit_run(&task, 0, 0, 1, &cfg, NULL, u, &out), DF_E_ARG);
  assert_int_equal(df_clip_fit_run(&task, 0, 0, 1, &cfg, x, u, NULL), DF_E_ARG);
  assert_int_equal(df_clip_fit_states(&task, NULL, 1, &cfg, x, u, &out), DF_E_ARG);
  assert_int_equal(df_clip_fit_states(&task, demo, 1, &cfg, x, NULL, &out), DF_E_ARG);
  assert_string_equal(df_error_message(), "clip: an argument is NULL");
  assert_int_equal(df_clip_fit_states(&task, demo, 0, &cfg, x, u, &out), DF_E_ARG);
  assert_string_equal(df_error_message(), "clip: length 0, must be at least 1");
  cfg.commit = cfg.window + 1;
  assert_int_equal(df_clip_fit_run(&task, 0, 0, 1, &cfg, x, u, &out), DF_E_ARG);
  assert_string_equal(df_error_message(), "clip: window 16, commit 17, iterations 30, tolerance 0.0001");
  clear_mass(&task);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_feasible_clip_is_found_again_without_its_actions),
      cmocka_unit_test(given_states_are_fitted_alike_and_steps_are_counted),
      cmocka_unit_test(the_actions_give_the_states_again_bit_for_bit),
      cmocka_unit_test(no_change_of_an_action_is_better_within_the_bounds),
      cmocka_unit_test(rest_actions_hold_the_next_state),
      cmocka_unit_test(the_optimum_of_a_linear_system_solves_its_normal_equations),
      cmocka_unit_test(the_optimum_of_coupled_actuators_solves_its_normal_equations),
      cmocka_unit_test(no_change_of_coupled_actions_is_better_within_the_bounds),
      cmocka_unit_test(a_fit_ends_when_it_is_told_to),
      cmocka_unit_test(a_failed_adjoint_is_an_error_and_a_diverged_one_is_counted),
      cmocka_unit_test(a_failed_step_names_its_frame),
      cmocka_unit_test(a_diverged_execution_names_the_frame_it_should_have_led_to),
      cmocka_unit_test(a_window_without_a_start_is_named),
      cmocka_unit_test(windows_that_did_not_converge_are_counted),
      cmocka_unit_test(the_search_for_first_actions_ends_when_it_is_told_to),
      cmocka_unit_test(a_clip_outside_the_episode_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
