/* Which states are shown of a motion, of its demonstration and of its actions' rollout; and keyframes of them. */
#define _GNU_SOURCE
#include "shown_motion.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "dynaflow/sim/rollout.h"
#include "keyframes.h"
#include "near.h"
#include "test_file.h"
#include "unit.h"

/* a slide on a motor with a filter: a position, a velocity and an activation */
static const char xml[] =
    "<mujoco><option timestep='.02'/><worldbody><body><joint name='a' type='slide'/><geom size='.1' mass='2'/></body>"
    "</worldbody><actuator><general joint='a' dyntype='filter' dynprm='.1'/></actuator></mujoco>";
enum { NX = 3, LENGTH = 20, EPISODES = 2 };
static const double DT = 0.02;

typedef struct fixture {
  df_task task;
  shown motions;
  show_arguments a;
  double x[(LENGTH + 1) * NX], u[LENGTH]; /* a motion that begins in frame 4 of episode 1 */
  motion_source from;
} fixture;

static fixture* start(void) {
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  fixture* f = calloc(1, sizeof *f);
  assert_non_null(f);
  f->task.config = df_config_default();
  assert_int_equal(df_mujoco_system_from_xml(xml, "slide", &cfg, &f->task.system), DF_OK);
  assert_true(f->task.system->nx == NX && f->task.system->dt == DT);
  const df_dataset_shape shape = {.episodes = EPISODES, .length = LENGTH, .nx = NX, .nu = 1, .dt = DT};
  assert_int_equal(df_dataset_new(&shape, &f->task.data), DF_OK);
  for (int i = 0; i < EPISODES * (LENGTH + 1) * NX; i++) f->task.data->states[i] = 1000 + i;
  f->motions = (shown){.config = f->task.config, .task = &f->task};
  f->a = show_arguments_default();
  f->a.common.threads = 1;
  f->a.from = -1;
  for (int i = 0; i < LENGTH; i++) f->u[i] = sin(i);
  for (int i = 0; i < (LENGTH + 1) * NX; i++) f->x[i] = 0.01 * i;
  f->from = (motion_source){
      .title = "a motion", .n = LENGTH + 1, .x = f->x, .u = f->u, .demonstration = {.episode = 1, .start = 4}};
  return f;
}

static void stop(fixture* f) {
  for (int i = 0; i < f->motions.n; i++) {
    shown_motion* m = &f->motions.list[i];
    df_free(m->title);
    df_free(m->condition);
    df_free(m->x);
    df_free(m->touch);
    df_free(m->ghost);
  }
  df_free(f->motions.list);
  df_dataset_free(f->task.data);
  df_system_free(f->task.system);
  free(f);
}

static void assert_states(const shown_motion* m, const char* title, double start, int n, const double* x) {
  assert_string_equal(m->title, title);
  assert_near(m->start, start, 1e-15);
  assert_int_equal(m->n, n);
  assert_memory_equal(m->x, x, (size_t)n * NX * sizeof *x);
}

/* up to its last frame, from the one in which the motion begins */
static void a_demonstration_stands_above_the_motion(void** state) {
  (void)state;
  fixture* f = start();
  assert_int_equal(shown_add(&f->motions, &f->a, &f->from), DF_OK);
  assert_int_equal(f->motions.n, 2);
  assert_states(&f->motions.list[0], "demonstration 1", 0, LENGTH + 1 - 4, df_dataset_state(f->task.data, 1, 4));
  assert_states(&f->motions.list[1], "a motion", 0, LENGTH + 1, f->x);
  stop(f);
}

static void a_part_begins_and_ends_at_its_times(void** state) {
  (void)state;
  fixture* f = start();
  f->a.from = 3 * DT;
  f->a.seconds = 5 * DT;
  assert_int_equal(shown_add(&f->motions, &f->a, &f->from), DF_OK);
  assert_states(&f->motions.list[0], "demonstration 1", 3 * DT, 6, df_dataset_state(f->task.data, 1, 7));
  assert_states(&f->motions.list[1], "a motion", 3 * DT, 6, f->x + 3 * NX);
  stop(f);
}

/* the last frame of the demonstration is a state of it, what follows is none */
static void a_demonstration_that_has_ended_is_not_shown(void** state) {
  (void)state;
  for (int first = LENGTH - 4; first <= LENGTH - 3; first++) {
    fixture* f = start();
    f->a.from = first * DT;
    assert_int_equal(shown_add(&f->motions, &f->a, &f->from), DF_OK);
    assert_int_equal(f->motions.n, first == LENGTH - 4 ? 2 : 1);
    if (f->motions.n == 2)
      assert_states(&f->motions.list[0], "demonstration 1", first * DT, 1, df_dataset_state(f->task.data, 1, LENGTH));
    stop(f);
  }
}

static void actions_are_replayed_from_the_first_state(void** state) {
  (void)state;
  fixture* f = start();
  double wanted[(LENGTH + 1) * NX];
  df_sim* sim;
  assert_int_equal(df_sim_new(f->task.system, 0, &sim), DF_OK);
  assert_int_equal(df_trajectory_run(f->task.system, sim, LENGTH, f->x, f->u, wanted), DF_TRAJ_COMPLETE);
  df_sim_free(f->task.system, sim);
  f->a.has_beside = true;
  f->a.beside = SHOW_REPLAYED;
  f->a.from = 0.2;
  assert_int_equal(shown_add(&f->motions, &f->a, &f->from), DF_OK);
  assert_int_equal(f->motions.n, 2);
  assert_states(&f->motions.list[0], "a motion", 0.2, LENGTH - 9, f->x + 10 * NX);
  assert_states(&f->motions.list[1], "replayed", 0.2, LENGTH - 9, wanted + 10 * NX);
  stop(f);
}

static void a_ghost_goes_with_the_motion(void** state) {
  (void)state;
  fixture* f = start();
  f->a.ghost = SHOW_DEMONSTRATION;
  f->a.from = 2 * DT;
  assert_int_equal(shown_add(&f->motions, &f->a, &f->from), DF_OK);
  assert_int_equal(f->motions.n, 1);
  const shown_motion* m = &f->motions.list[0];
  assert_states(m, "a motion; transparent: demonstration", 2 * DT, LENGTH - 1, f->x + 2 * NX);
  assert_int_equal(m->n_ghost, LENGTH + 1 - 4 - 2);
  assert_memory_equal(m->ghost, df_dataset_state(f->task.data, 1, 6), (size_t)m->n_ghost * NX * sizeof *m->ghost);
  stop(f);
}

/* times count from the beginning of the motion, whatever part of it is shown */
static void a_motion_ends_before_a_state_that_is_not_finite(void** state) {
  (void)state;
  fixture* f = start();
  f->x[15 * NX + 1] = NAN;
  f->from.demonstration.episode = -1;
  f->a.from = 0.2;
  assert_int_equal(shown_add(&f->motions, &f->a, &f->from), DF_OK);
  assert_states(&f->motions.list[0], "a motion, not finite after 0.28 s", 0.2, 5, f->x + 10 * NX);
  f->a.from = 0.3;
  assert_int_equal(shown_add(&f->motions, &f->a, &f->from), DF_E_NONFINITE);
  stop(f);
}

/* a demonstration is shown from the first frame on in which windows begin */
static void a_demonstration_itself_begins_with_its_windows(void** state) {
  (void)state;
  fixture* f = start();
  f->motions.config.window_first = 6;
  f->from.demonstrated = true;
  f->a.has_beside = true;
  f->a.beside = SHOW_DEMONSTRATION;
  assert_int_equal(shown_add(&f->motions, &f->a, &f->from), DF_OK);
  assert_int_equal(f->motions.n, 1);
  assert_states(&f->motions.list[0], "a motion", 6 * DT, LENGTH + 1 - 6, f->x + 6 * NX);
  f->a.from = (LENGTH + 1) * DT;
  assert_int_equal(shown_add(&f->motions, &f->a, &f->from), DF_E_CONFIG);
  assert_non_null(strstr(df_error_message(), "--from 0.42: a motion ends at 0.4 s"));
  stop(f);
}

static void keyframes_have_positions_velocities_and_activations(void** state) {
  (void)state;
  fixture* f = start();
  const char *model = test_file("slide.xml"), *keys = test_file("keys.xml");
  assert_int_equal(df_file_write(model, xml, strlen(xml)), DF_OK);
  f->motions.model_path = strdup(model);
  f->a.keyframes = keys;
  f->a.every = 10;
  f->a.common.quiet = true;
  f->a.from = DT;
  f->from.demonstration.episode = -1;
  assert_int_equal(shown_add(&f->motions, &f->a, &f->from), DF_OK);
  assert_int_equal(shown_add(&f->motions, &f->a, &f->from), DF_OK);
  assert_int_equal(keyframes_write(&f->motions, &f->a), DF_OK);
  char* found;
  size_t n;
  assert_int_equal(df_file_read(keys, &found, &n), DF_OK);
  const char* at = found;
  for (int motion = 0; motion < 2; motion++) {
    for (int i = 0; i < 20; i += 10) {
      int number, frame;
      double time, qpos, qvel, act;
      const double* x = f->x + (i + 1) * NX;
      at = strstr(at, "<key ");
      assert_non_null(at);
      assert_int_equal(sscanf(at, "<key name=\"%d:%d\" time=\"%lf\" qpos=\"%lf\" qvel=\"%lf\" act=\"%lf\"/>", &number,
                              &frame, &time, &qpos, &qvel, &act),
                       6);
      assert_true(number == motion && frame == i);
      assert_near(time, (i + 1) * DT, 1e-15);
      assert_true(qpos == x[0] && qvel == x[1] && act == x[2]);
      at++;
    }
  }
  assert_null(strstr(at, "<key "));
  df_free(found);
  free(f->motions.model_path);
  stop(f);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(a_demonstration_stands_above_the_motion),
                                     cmocka_unit_test(a_part_begins_and_ends_at_its_times),
                                     cmocka_unit_test(a_demonstration_that_has_ended_is_not_shown),
                                     cmocka_unit_test(actions_are_replayed_from_the_first_state),
                                     cmocka_unit_test(a_ghost_goes_with_the_motion),
                                     cmocka_unit_test(a_motion_ends_before_a_state_that_is_not_finite),
                                     cmocka_unit_test(a_demonstration_itself_begins_with_its_windows),
                                     cmocka_unit_test(keyframes_have_positions_velocities_and_activations)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
