/* Recordings of the quadcopter in closed form: the length of a quaternion becomes a number of the state, and the
 * published flights are repeated to rounding. */
#include "data_test.h"
#include "dynaflow/data/task.h"
#include "dynaflow/io/npz.h"
#include "shared_data.h"

enum { NX = 18, RAW = 17, NU = 4, FRAMES = 12, EPISODES = 2 };

static df_config config;
static df_system* quadcopter;

static int setup(void** state) {
  char sha256[DF_SHA256_TEXT];
  if (scratch_make(state) != 0) return -1;
  config = df_config_default();
  config.window_horizon = 4;
  strcpy(config.task_name, "quadcopter");
  strcpy(config.system_model, "quadcopter.xml");
  strcpy(config.system_dynamics, "quadcopter");
  strcpy(config.data_states_key, "Trajs");
  strcpy(config.data_actions_key, "Actions");
  assert_ok(df_task_system(&config, &(df_search){.n = 1, .folder = {"tasks/quadcopter"}}, &quadcopter, sha256));
  return 0;
}

static int teardown(void** state) {
  df_system_free(quadcopter);
  return scratch_remove(state);
}

/* episodes whose quaternions have lengths from 0.2 to 3; one frame may have another */
static void write_flights(double one) {
  double states[EPISODES * FRAMES * RAW], actions[EPISODES * FRAMES * NU] = {0};
  df_rng_normal(1, DF_STREAM_TEST, 0, sizeof states / sizeof *states, states);
  for (int i = 0; i < EPISODES * FRAMES; i++) {
    double* q = states + i * RAW + 3;
    const double norm = sqrt(q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3]);
    const double length = i == 5 ? one : 0.2 + 2.8 * i / (EPISODES * FRAMES - 1);
    for (int k = 0; k < 4; k++) q[k] *= length / norm;
  }
  const df_npz_entry entries[] = {
      {.key = "Trajs", .kind = DF_NPZ_F64, .rank = 3, .shape = {EPISODES, FRAMES, RAW}, .values = states},
      {.key = "Actions", .kind = DF_NPZ_F64, .rank = 3, .shape = {EPISODES, FRAMES, NU}, .values = actions}};
  assert_ok(df_npz_write(scratch_path, 2, entries));
}

static void the_length_becomes_a_number_of_the_state(void** state) {
  (void)state;
  df_dataset* data;
  df_npz* file;
  df_array raw;
  write_flights(1.25);
  assert_ok(df_dataset_read(scratch_path, &config, quadcopter, &data));
  assert_ok(df_npz_open(scratch_path, &file));
  assert_ok(df_npz_read(file, "Trajs", &raw));
  assert_int_equal(data->nx, NX);
  assert_int_equal(data->episodes, EPISODES);
  for (int i = 0; i < EPISODES * FRAMES; i++) {
    const double *x = df_dataset_state(data, i / FRAMES, i % FRAMES), *r = raw.values + i * RAW;
    const double length = i == 5 ? 1.25 : 0.2 + 2.8 * i / (EPISODES * FRAMES - 1);
    assert_true(fabs(x[17] - length) < 1e-15 * 10);
    for (int k = 0; k < RAW; k++) {
      const bool turns = k >= 3 && k < 7;
      assert_true(fabs((turns ? x[17] : 1) * x[k] - r[k]) <= (turns ? 1e-15 : 0));
    }
  }
  df_array_clear(&raw);
  df_npz_close(file);
  df_dataset_free(data);
}

static void a_quaternion_without_direction_is_refused(void** state) {
  (void)state;
  df_dataset* data;
  write_flights(0);
  assert_int_equal(df_dataset_read(scratch_path, &config, quadcopter, &data), DF_E_FORMAT);
  assert_non_null(strstr(df_error_message(), "episode 0, frame 5, index 3 has norm 0, not 1: it has no direction"));
}

/* angles in the place of a quaternion have the length 1; so has it where the rotors are a block of their own */
static void other_orientations_have_the_length_one(void** state) {
  (void)state;
  df_config angles = config;
  df_dataset* data;
  write_flights(1);
  assert_ok(df_config_set(&angles, "data.columns", "root_pos,root_rotvec,skip:1,qvel,act", "test"));
  assert_ok(df_dataset_read(scratch_path, &angles, quadcopter, &data));
  for (int i = 0; i < EPISODES * FRAMES; i++) {
    assert_true(fabs(df_dataset_state(data, i / FRAMES, i % FRAMES)[17] - 1) < 1e-15);
  }
  df_dataset_free(data);
}

/* what the reader makes of the published file, and the system of its actions: every step, and whole flights */
static void the_published_flights_are_repeated(void** state) {
  (void)state;
  char path[512];
  snprintf(path, sizeof path, "%s/ddat/Quadcopter_4trajs_200steps.npz", shared_data_folder());
  if (!df_file_exists(path)) skip_without_data("quadcopter flights");
  df_dataset* data;
  df_sim *single, *whole;
  double worst = 0, drift = 0, longest = 0, x1[NX], e[17];
  assert_ok(df_dataset_read(path, &config, quadcopter, &data));
  assert_ok(df_sim_new(quadcopter, 0, &single));
  assert_ok(df_sim_new(quadcopter, 0, &whole));
  int steps = 0;
  for (int episode = 0; episode < data->episodes; episode++) {
    quadcopter->ops->reset(whole, df_dataset_state(data, episode, 0));
    for (int t = 0; t < data->lengths[episode]; t++, steps++) {
      const double *x = df_dataset_state(data, episode, t), *u = df_dataset_action(data, episode, t);
      quadcopter->ops->reset(single, x);
      assert_int_equal(quadcopter->ops->step(single, u, x1), DF_TRAJ_COMPLETE);
      quadcopter->ops->difference(quadcopter, x + NX, x1, e);
      for (int k = 0; k < 17; k++) worst = fmax(worst, fabs(e[k]) / fmax(1, fabs(x[NX + k])));
      assert_int_equal(quadcopter->ops->step(whole, u, x1), DF_TRAJ_COMPLETE);
      quadcopter->ops->difference(quadcopter, x + NX, x1, e);
      for (int k = 0; k < 12; k++) drift = fmax(drift, fabs(e[k]));
      longest = fmax(longest, x[17]);
    }
  }
  assert_int_equal(steps, 796);
  assert_true(worst < 1e-14);
  assert_true(drift < 1e-12);
  assert_true(longest > 1.23 && longest < 1.24);
  df_sim_free(quadcopter, single);
  df_sim_free(quadcopter, whole);
  df_dataset_free(data);
}

int main(void) {
#define WITH_FILES(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
  const struct CMUnitTest tests[] = {
      WITH_FILES(the_length_becomes_a_number_of_the_state),
      WITH_FILES(a_quaternion_without_direction_is_refused),
      WITH_FILES(other_orientations_have_the_length_one),
      WITH_FILES(the_published_flights_are_repeated),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
