/* Recordings as demonstrations: rates, velocities, positions and actions. */
#include "recording_test.h"

/* a cart, dt = 0.01 s: nx = 4, nu = 1; every_joint_xml, dt = 0.002 s: nx = 25, nu = 2 */
static df_system *cart, *body;

static int setup(void** state) {
  cart = make_system(cart_xml);
  body = make_system(every_joint_xml);
  return scratch_make(state);
}

static int teardown(void** state) {
  df_system_free(cart);
  df_system_free(body);
  return scratch_remove(state);
}

static df_dataset* read_with(const df_system* system, const df_config* config) {
  df_dataset* data;
  assert_ok(df_dataset_read(scratch_path, config, system, &data));
  return data;
}

/* ---- rates ---- */

/* rail at 3 m/s, pole at -2 rad/s, sampled every `step` seconds */
static void move(double step, int frames, double* x) {
  for (int t = 0; t < frames; t++, x += 4) {
    x[0] = 1 + 3 * step * t;
    x[1] = -2 * step * t;
    x[2] = 3;
    x[3] = -2;
  }
}

static void assert_moves(const df_dataset* data, int length) {
  assert_int_equal(data->lengths[0], length);
  for (int t = 0; t <= length; t++) {
    const double* x = df_dataset_state(data, 0, t);
    assert_close(x[0], 1 + 0.03 * t, 1e-12);
    assert_close(x[1], -0.02 * t, 1e-12);
    assert_close(x[2], 3, 1e-11);
    assert_close(x[3], -2, 1e-11);
  }
}

static void frames_at_any_rate_become_frames_of_actions(void** state) {
  (void)state;
  double x[7 * 5], dt = 0.025, fps = 40;
  move(dt, 7, x);
  const df_npz_entry states = ARRAY("states", x, 2, 7, 4);
  /* the rate that the settings give, or the file, in seconds or per second: 0.15 s are 15 actions */
  WRITE(states);
  df_config config = SETTINGS(STATES_ONLY, "data.rate", "40");
  df_dataset* data = read_with(cart, &config);
  assert_moves(data, 15);
  df_dataset_free(data);
  WRITE(states, {.key = "dt", .values = &dt});
  config = SETTINGS(STATES_ONLY);
  data = read_with(cart, &config);
  assert_moves(data, 15);
  df_dataset_free(data);
  WRITE(states, {.key = "fps", .values = &fps});
  data = read_with(cart, &config);
  assert_moves(data, 15);
  df_dataset_free(data);
  df_recording* r = opened(scratch_path, &config, cart);
  assert_close(df_recording_rate(r), 40, 1e-12);
  df_recording_free(r);
  /* one that is no rate */
  static const double none[] = {0, -1, INFINITY};
  for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
    char says[2][120];
    snprintf(says[0], sizeof says[0], "'FrameDuration' is %g: a duration of a frame is a finite number above 0",
             none[i]);
    snprintf(says[1], sizeof says[1], "array 'fps' is %g: a frame rate is a finite number above 0", none[i]);
    WRITE(states, {.key = "FrameDuration", .values = &none[i]});
    refused(cart, &config, DF_E_FORMAT, SAYS(says[0]));
    WRITE(states, {.key = "fps", .values = &none[i]});
    refused(cart, &config, DF_E_FORMAT, SAYS(says[1]));
  }
  /* no rate: a frame per action; the bits are kept */
  WRITE(states);
  data = read_with(cart, &config);
  assert_int_equal(data->lengths[0], 6);
  assert_memory_equal(data->states, x, 28 * sizeof(double));
  df_dataset_free(data);
}

/* a duration in single precision is that of an action; one that differs by a part in 1e6 is resampled */
static void durations_that_differ_by_rounding_are_those_of_actions(void** state) {
  (void)state;
  static const double durations[] = {0.01, (float)0.01, 0.01 * (1 + 1e-6), 0.01 * (1 - 1e-6)};
  double x[7 * 4];
  move(0.01, 7, x);
  for (int i = 0; i < 4; i++) {
    WRITE(ARRAY("states", x, 2, 7, 4), {.key = "dt", .values = &durations[i]});
    const df_config config = SETTINGS(STATES_ONLY);
    df_dataset* data = read_with(cart, &config);
    assert_int_equal(data->resampled, i >= 2);
    assert_int_equal(data->lengths[0], i == 3 ? 5 : 6);
    df_dataset_free(data);
  }
  /* stamps that drift by less than 5 per cent of a frame in all are those of actions */
  static const double ends[] = {0.06 + 0.0004, 0.06 + 0.0006};
  for (int i = 0; i < 2; i++) {
    double wide[7 * 5];
    for (int t = 0; t < 7; t++) {
      wide[5 * t] = ends[i] * t / 6;
      memcpy(wide + 5 * t + 1, x + 4 * t, 4 * sizeof *x);
    }
    WRITE(ARRAY("states", wide, 2, 7, 5));
    const df_config config = SETTINGS(STATES_ONLY, "data.columns", "time,qpos,qvel");
    df_dataset* data = read_with(cart, &config);
    assert_int_equal(data->resampled, i);
    df_dataset_free(data);
  }
}

/* the condition of a frame is that of the recorded frame at its time or before it */
static void conditions_of_resampled_frames_are_those_of_recorded_ones(void** state) {
  (void)state;
  static const int twice[] = {0, 0, 1, 1, 2}, third[] = {0, 3, 6}, uneven[] = {0, 1, 1, 2, 2, 2, 3};
  static const double durations[] = {0.01, 0.02, 0.03, 1};
  const df_npz_entry goal = ARRAY("goal", counting() + 10, 2, 3, 1);
  const struct {
    df_config config;
    df_npz_entry states, goal, time;
    const int* frame;
    int length;
  } cases[] = {
      {SETTINGS(STATES_ONLY, "data.conditions", "goal", "data.rate", "50"), ARRAY("states", counting(), 2, 3, 4), goal,
       ARRAY("t", durations, 1, 3), twice, 4},
      {SETTINGS(STATES_ONLY, "data.conditions", "goal", "data.rate", "300"), ARRAY("states", counting(), 2, 8, 4),
       ARRAY("goal", counting() + 10, 2, 8, 1), ARRAY("t", counting(), 1, 8), third, 2},
      {SETTINGS(STATES_ONLY, "data.conditions", "goal", "data.columns", "qpos@q,qvel@q,frame_duration@t"),
       ARRAY("q", counting(), 2, 4, 4), ARRAY("goal", counting() + 10, 2, 4, 1), ARRAY("t", durations, 1, 4), uneven,
       6},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    WRITE(cases[i].states, cases[i].goal, cases[i].time);
    df_dataset* data = read_with(cart, &cases[i].config);
    assert_int_equal(data->lengths[0], cases[i].length);
    for (int t = 0; t <= cases[i].length; t++) {
      assert_true(df_dataset_condition(data, 0, t)[0] == 10 + cases[i].frame[t]);
    }
    df_dataset_free(data);
  }
}

static void times_are_columns_of_stamps_or_durations(void** state) {
  (void)state;
  static const double durations[] = {0.02, 0.01, 0.04, 0.01, 0.02, 0.05, 0.3};
  double x[7 * 4], wide[7 * 5], time = 0;
  for (int stamps = 0; stamps < 2; stamps++) {
    time = 0;
    for (int t = 0; t < 7; t++) {
      wide[5 * t] = stamps ? 100 + time : durations[t];
      move(time, 2, x); /* its second frame is at `time` */
      memcpy(wide + 5 * t + 1, x + 4, 4 * sizeof *x);
      time += durations[t];
    }
    WRITE(ARRAY("states", wide, 2, 7, 5));
    const df_config config =
        SETTINGS(STATES_ONLY, "data.columns", stamps ? "time,qpos,qvel" : "frame_duration,qpos,qvel");
    df_dataset* data = read_with(cart, &config);
    assert_moves(data, 15);
    df_dataset_free(data);
    df_recording* r = opened(scratch_path, &config, cart);
    assert_close(df_recording_rate(r), 6 / 0.15, 1e-9);
    assert_close(df_recording_frame_duration(r, &config, cart, 0), 0.15 / 6, 1e-15);
    df_recording_free(r);
  }

  /* stamps of 0.01 s that are rounded to 1/4096 s are frames of actions */
  for (int t = 0; t < 7; t++) wide[5 * t] = round(t * 0.01 * 4096) / 4096;
  WRITE(ARRAY("states", wide, 2, 7, 5));
  df_config config = SETTINGS(STATES_ONLY, "data.columns", "time,qpos,qvel");
  df_dataset* data = read_with(cart, &config);
  assert_int_equal(data->lengths[0], 6);
  assert_true(df_dataset_state(data, 0, 3)[0] == wide[5 * 3 + 1]);
  df_dataset_free(data);

  wide[5 * 4] = wide[5 * 3];
  WRITE(ARRAY("states", wide, 2, 7, 5));
  refused(cart, &config, DF_E_FORMAT, SAYS("episode 0: time does not increase from frame 3 to frame 4"));
}

/* groups at 25 Hz, at 100 Hz, and without a rate, of 1, 2 and 3 intervals; an action lasts 0.01 s */
static void every_episode_has_the_rate_that_its_file_states(void** state) {
  (void)state;
  double a[8], b[12], c[16], slow = 0.04, fast = 0.01;
  move(slow, 2, a);
  move(fast, 3, b);
  move(fast, 4, c);
  WRITE(ARRAY("e0/states", a, 2, 2, 4), ARRAY("e1/states", b, 2, 3, 4), ARRAY("e2/states", c, 2, 4, 4),
        {.key = "e0/dt", .values = &slow}, {.key = "e1/dt", .values = &fast});
  df_config config = SETTINGS(STATES_ONLY, "data.episodes_key", "e*");
  df_recording* r = opened(scratch_path, &config, cart);
  assert_close(df_recording_rate(r), 3 / (0.04 + 2 * 0.01), 1e-9);
  assert_close(df_recording_frame_duration(r, &config, cart, 0), 0.04, 1e-15);
  assert_close(df_recording_frame_duration(r, &config, cart, 1), 0.01, 1e-15);
  assert_close(df_recording_frame_duration(r, &config, cart, 2), cart->dt, 1e-15);
  assert_int_equal(df_recording_notes(r), 1);
  assert_string_equal(df_recording_note(r, 0),
                      "the files of 1 of 3 episodes state no frame rate, as the others do; one frame per action is "
                      "assumed, set data.rate if it is another");
  df_recording_free(r);
  df_dataset* data = read_with(cart, &config);
  assert_int_equal(data->resampled, 1);
  assert_moves(data, 4);
  assert_int_equal(data->lengths[1], 2);
  assert_int_equal(data->lengths[2], 3);
  df_dataset_free(data);
  assert_ok(df_config_set(&config, "data.rate", "50", "test"));
  r = opened(scratch_path, &config, cart);
  assert_close(df_recording_frame_duration(r, &config, cart, 0), 0.02, 1e-15);
  assert_int_equal(df_recording_notes(r), 0);
  df_recording_free(r);
}

static void actions_are_held_or_thinned_out_by_whole_numbers(void** state) {
  (void)state;
  double dt = 0.02;
  const df_npz_entry states = ARRAY("states", counting(), 2, 7, 4), actions = ARRAY("actions", counting(), 2, 6, 1);
  WRITE(states, actions);
  df_config config = SETTINGS("data.rate", "50");
  df_dataset* data = read_with(cart, &config);
  assert_int_equal(data->lengths[0], 12);
  for (int k = 0; k < 12; k++) assert_true(*df_dataset_action(data, 0, k) == k / 2);
  df_dataset_free(data);
  config = SETTINGS("data.rate", "300");
  data = read_with(cart, &config);
  assert_int_equal(data->lengths[0], 2);
  for (int k = 0; k < 2; k++) assert_true(*df_dataset_action(data, 0, k) == 3 * k);
  assert_true(df_dataset_state(data, 0, 1)[1] == 13);
  df_dataset_free(data);
  /* 100 Hz, written with six digits, are those of the actions: nothing is interpolated */
  config = SETTINGS("data.rate", "100.0003");
  data = read_with(cart, &config);
  assert_int_equal(data->lengths[0], 6);
  assert_int_equal(data->resampled, 0);
  for (int k = 0; k < 6; k++) {
    assert_true(*df_dataset_action(data, 0, k) == k);
    assert_true(df_dataset_state(data, 0, k)[1] == 4 * k + 1);
  }
  df_dataset_free(data);
  config = SETTINGS("data.rate", "99.99");
  refused(cart, &config, DF_E_CONFIG, SAYS("actions can only be held", "set system.timestep"));
  config = SETTINGS("data.rate", "40");
  refused(cart, &config, DF_E_CONFIG,
          SAYS("a recorded frame lasts 0.025 s and an action of the system 0.01 s",
               "set system.timestep and system.substeps, or data.actions_key: \"\""));
  /* a rate that only the file states is more likely a wrong time step of the task */
  WRITE(states, actions, {.key = "dt", .values = &dt});
  config = SETTINGS("data.source", "file");
  refused(cart, &config, DF_E_MISMATCH,
          SAYS("dt is 0.02 s, but an action of the system lasts 0.01 s", "or data.rate: 50"));
}

/* Frames of 0.01 s, of which those from 0.03 s to 0.06 s are missing. */
static void actions_of_irregular_times_are_refused(void** state) {
  (void)state;
  static const double time[] = {0, 0.01, 0.02, 0.06, 0.07, 0.08, 0.09};
  double x[7 * 4], wide[7 * 5] = {0};
  move(0.01, 7, x);
  for (int t = 0; t < 7; t++) {
    wide[5 * t] = time[t];
    memcpy(wide + 5 * t + 1, x + 4 * t, 4 * sizeof *x);
  }
  WRITE(ARRAY("states", wide, 2, 7, 5), ARRAY("actions", counting(), 2, 6, 1));
  const df_config config = SETTINGS("data.columns", "time,qpos,qvel");
  refused(cart, &config, DF_E_CONFIG,
          SAYS("the times of episode 0 are irregular: a frame takes 0.01 s at least, and 0.04 s from frame 2 to 3",
               "data.ends_key"));
}

/* ---- velocities and positions ---- */

/* which coordinates of the cart the file does not hold; frees the data */
static void derived(df_dataset* data, bool rail, bool pole, bool rail_speed, bool pole_speed) {
  const bool wanted[] = {rail, pole, rail_speed, pole_speed};
  assert_memory_equal(data->derived, wanted, sizeof wanted);
  df_dataset_free(data);
}

static void velocities_that_are_missing_are_differences(void** state) {
  (void)state;
  static const double q[] = {0, 1, 0.1, 1, 0.3, 0.5, 0.2, 0};
  WRITE(ARRAY("states", q, 2, 4, 2));
  df_config config = SETTINGS(STATES_ONLY, "data.columns", "qpos");
  df_dataset* data = read_with(cart, &config);
  static const double rail[] = {10, 10, 20, -10}, pole[] = {0, 0, -50, -50};
  for (int t = 0; t < 4; t++) {
    assert_close(df_dataset_state(data, 0, t)[2], rail[t], 1e-12);
    assert_close(df_dataset_state(data, 0, t)[3], pole[t], 1e-12);
  }
  df_dataset_free(data);
  config = SETTINGS(STATES_ONLY, "data.columns", "qpos", "data.velocities", "recorded");
  refused(cart, &config, DF_E_CONFIG, SAYS("does not give the velocity of joint 'rail'", "data.velocities: auto"));

  /* recorded velocities are kept, unless differences are asked for; one may be missing */
  static const double some[] = {0, 1, 7, 0.1, 1, 8};
  WRITE(ARRAY("states", some, 2, 2, 3));
  config = SETTINGS(STATES_ONLY, "data.columns", "qpos,joint_vel", "data.velocity_joints", "pole");
  data = read_with(cart, &config);
  assert_true(df_dataset_state(data, 0, 1)[3] == 8);
  assert_close(df_dataset_state(data, 0, 1)[2], 10, 1e-12);
  derived(data, false, false, true, false);
  assert_ok(df_config_set(&config, "data.velocities", "differences", "test"));
  data = read_with(cart, &config);
  assert_true(df_dataset_state(data, 0, 1)[3] == 0);
  derived(data, false, false, true, true);
}

static void velocities_of_resampled_frames_are_recorded_or_differences(void** state) {
  (void)state;
  /* at 50 Hz, in a velocity that does not belong to the positions */
  static const double x[] = {0, 0, 4, 0, 0.2, 0, 8, 0, 0.6, 0, 12, 0};
  WRITE(ARRAY("states", x, 2, 3, 4));
  df_config config = SETTINGS(STATES_ONLY, "data.rate", "50");
  df_dataset* data = read_with(cart, &config);
  for (int t = 0; t <= 4; t++) assert_close(df_dataset_state(data, 0, t)[2], 4 + 2 * t, 1e-12);
  df_dataset_free(data);
  assert_ok(df_config_set(&config, "data.velocities", "differences", "test"));
  data = read_with(cart, &config);
  static const double wanted[] = {10, 10, 10, 20, 20};
  for (int t = 0; t <= 4; t++) assert_close(df_dataset_state(data, 0, t)[2], wanted[t], 1e-11);
  df_dataset_free(data);
}

static void a_horizontal_position_is_integrated_if_asked_for(void** state) {
  (void)state;
  /* the pole, and the velocities of rail and pole, as Gymnasium's observations have them */
  static const double x[] = {1, 10, 0, 2, 20, 0, 3, -10, 0};
  WRITE(ARRAY("states", x, 2, 3, 3));
  df_config config = SETTINGS(STATES_ONLY, "data.columns", "joints,joint_vel", "data.joints", "pole",
                              "data.velocity_joints", "rail,pole");
  refused(cart, &config, DF_E_CONFIG,
          SAYS("the recording does not give the position of joint 'rail'; add it to data.columns, or set data.root_xy: "
               "integrated"));
  assert_ok(df_config_set(&config, "data.root_xy", "integrated", "test"));
  df_dataset* data = read_with(cart, &config);
  static const double rail[] = {0, 0.2, 0.1};
  for (int t = 0; t < 3; t++) {
    assert_close(df_dataset_state(data, 0, t)[0], rail[t], 1e-14);
    assert_true(df_dataset_state(data, 0, t)[1] == t + 1);
  }
  derived(data, true, false, false, false);

  /* the difference of an integral is what was integrated */
  assert_ok(df_config_set(&config, "data.velocities", "differences", "test"));
  data = read_with(cart, &config);
  assert_close(df_dataset_state(data, 0, 1)[2], 20, 1e-12);
  derived(data, true, false, false, true);
  /* four physics steps per frame: of semi-implicit Euler, and of RK4 */
  static const double four[2][3] = {{0, 0.65, 0.7}, {0, 0.6, 0.8}};
  assert_ok(df_config_set(&config, "data.velocities", "recorded", "test"));
  for (int rk4 = 0; rk4 < 2; rk4++) {
    df_system* system = NULL;
    df_mujoco_cfg cfg = df_mujoco_cfg_default();
    cfg.substeps = 4;
    cfg.integrator = rk4 ? DF_INTEGRATOR_RK4 : DF_INTEGRATOR_EULER;
    cfg.forward_only = true;
    assert_ok(df_mujoco_system_from_xml(cart_xml, "test model", &cfg, &system));
    data = read_with(system, &config);
    for (int t = 0; t < 3; t++) assert_close(df_dataset_state(data, 0, t)[0], four[rk4][t], 1e-14);
    df_dataset_free(data);
    df_system_free(system);
  }
  config = SETTINGS(STATES_ONLY, "data.columns", "joints,skip:2", "data.joints", "pole", "data.root_xy", "integrated");
  refused(cart, &config, DF_E_CONFIG, SAYS("joint 'rail'; add it to data.columns; its velocity, to integrate, is not"));
  config = SETTINGS(STATES_ONLY, "data.columns", "joints,skip:2", "data.joints", "rail");
  refused(cart, &config, DF_E_CONFIG, SAYS("does not give the position of joint 'pole'; add it to data.columns"));
  config = SETTINGS(STATES_ONLY, "data.columns", "skip:3", "data.columns", "qpos,skip:1");
  refused(body, &config, DF_E_MISMATCH, SAYS("block 'qpos' goes beyond its end"));
}

/* a free body that is turned by 90 degrees and moves along its own x axis moves along y */
static void the_position_of_a_free_body_is_integrated_in_the_world(void** state) {
  (void)state;
  double x[3][16] = {{0}};
  for (int t = 0; t < 3; t++) {
    x[t][0] = 0.5;
    x[t][1] = x[t][4] = sqrt(0.5);
    x[t][5] = 1; /* the ball's quaternion */
    x[t][11] = 2;
  }
  WRITE(ARRAY("states", &x[0][0], 2, 3, 16));
  const df_config config =
      SETTINGS(STATES_ONLY, "data.columns", "root_z,root_quat,ball_quats,joints,root_linvel,act,skip:1",
               "data.linear_velocity", "base", "data.root_xy", "integrated");
  df_dataset* data = read_with(body, &config);
  for (int t = 0; t < 3; t++) {
    const double* s = df_dataset_state(data, 0, t);
    assert_close(s[0], 0, 1e-15);
    assert_close(s[1], 2 * body->dt * t, 1e-15);
    assert_true(s[2] == 0.5);
    assert_close(s[14], 2, 1e-15);
  }
  df_dataset_free(data);
}

/* the same with y up: a height of 0.5, upright, that moves by 2 m/s along the recorded x and by 4 m/s down z, which
 * become x and -y; and an offset */
static void a_height_alone_is_along_the_vertical_axis(void** state) {
  (void)state;
  double x[3][16] = {{0}};
  for (int t = 0; t < 3; t++) {
    x[t][0] = 0.5;
    x[t][1] = x[t][5] = 1;
    x[t][11] = 2;
    x[t][13] = 4;
  }
  WRITE(ARRAY("states", &x[0][0], 2, 3, 16));
  const df_config config =
      SETTINGS(STATES_ONLY, "data.columns", "root_z,root_quat,ball_quats,joints,root_linvel,act,skip:1", "data.up", "y",
               "data.base_rotation", "0.70710678118654752,-0.70710678118654752,0,0", "data.root_xy", "integrated",
               "data.position_offset", "5,7,0.1");
  df_dataset* data = read_with(body, &config);
  for (int t = 0; t < 3; t++) {
    const double* s = df_dataset_state(data, 0, t);
    assert_close(s[0], 5 + 2 * body->dt * t, 1e-14);
    assert_close(s[1], 7 - 4 * body->dt * t, 1e-14);
    assert_close(s[2], 0.6, 1e-14);
    assert_close(s[3], 1, 1e-14);
  }
  df_dataset_free(data);
  df_recording* r = opened(scratch_path, &config, body);
  assert_int_equal(df_recording_column_at(r, 0)->state, 2);
  df_recording_free(r);
}

static void missing_activations_and_bad_quaternions_are_named(void** state) {
  (void)state;
  double x[2][24] = {{0}};
  for (int t = 0; t < 2; t++) x[t][6] = x[t][7] = 1;
  WRITE(ARRAY("states", &x[0][0], 2, 2, 24));
  df_config config = SETTINGS(STATES_ONLY, "data.columns", "qpos,qvel", "data.quaternion", "xyzw");
  refused(body, &config, DF_E_CONFIG,
          SAYS("does not give activation 0, and the states of this model are not complete without: if the file has "
               "activations, add the block act@ARRAY to data.columns"));
  config = SETTINGS(STATES_ONLY, "data.columns", "skip:1,qpos,qvel@v,act@a");
  WRITE(ARRAY("states", &x[0][0], 2, 2, 14), ARRAY("v", counting(), 2, 2, 11), ARRAY("a", counting(), 2, 2, 1));
  refused(body, &config, DF_E_FORMAT, SAYS("array 'states': quaternion at episode 0, frame 0, index 4 has norm"));
}

static void numbers_that_overflow_are_named(void** state) {
  (void)state;
  static const double q[] = {0, 0, 1e308, 0};
  WRITE(ARRAY("states", q, 2, 2, 2));
  const df_config config = SETTINGS(STATES_ONLY, "data.columns", "qpos");
  refused(cart, &config, DF_E_NONFINITE,
          SAYS("episode 0: after the conversion the velocity of joint 'rail' is inf in frame 0"));
}

/* ---- actions ---- */

static void actions_are_shifted_scaled_and_ordered(void** state) {
  (void)state;
  static const char xml[] =
      "<mujoco><option timestep='.01'/><worldbody><body><joint name='j' axis='0 1 0'/><geom size='.1' mass='1'/></body>"
      "</worldbody><actuator><motor name='a' joint='j'/><motor name='b' joint='j'/></actuator></mujoco>";
  df_system* two = make_system(xml);
  WRITE(ARRAY("states", counting(), 2, 3, 2), ARRAY("actions", counting(), 2, 3, 2));
  df_config config = SETTINGS("data.action_time", "before");
  df_dataset* data = read_with(two, &config);
  assert_true(df_dataset_action(data, 0, 0)[0] == 2 && df_dataset_action(data, 0, 1)[1] == 5);
  df_dataset_free(data);
  config = SETTINGS("data.actuators", "b,a", "data.action_scale", "10,0.5", "data.action_offset", "-1");
  data = read_with(two, &config);
  assert_true(df_dataset_action(data, 0, 1)[0] == 10 * 3 - 1);
  assert_true(df_dataset_action(data, 0, 1)[1] == 0.5 * 2 - 1);
  df_dataset_free(data);

  /* in the arithmetic of a policy in single precision */
  config = SETTINGS("data.actuators", "b,a", "data.action_scale", "10,0.1", "data.action_offset", "0.7",
                    "data.action_precision", "float32");
  data = read_with(two, &config);
  const volatile float product = 0.1f * 2;
  const volatile float sum = product + 0.7f;
  assert_true(df_dataset_action(data, 0, 1)[1] == (double)sum && (double)sum != 0.1 * 2 + 0.7);
  df_dataset_free(data);

  config = SETTINGS("data.action_scale", "1,2,3");
  refused(two, &config, DF_E_CONFIG, SAYS("data.action_scale has 3 numbers; expected one, or one per actuator: 2"));
  config = SETTINGS("data.actuators", "b,c");
  refused(two, &config, DF_E_CONFIG, SAYS("data.actuators: the model has no actuator 'c'"));
  WRITE(ARRAY("states", counting(), 2, 3, 2), ARRAY("actions", counting(), 2, 2, 2));
  config = SETTINGS("data.action_time", "before");
  refused(two, &config, DF_E_CONFIG, SAYS("episode 0 has 3 states and 2 actions; data.action_time = before needs"));
  WRITE(ARRAY("states", counting(), 2, 3, 2), ARRAY("actions", counting(), 2, 2, 1));
  config = SETTINGS("data.actuators", "b");
  refused(two, &config, DF_E_CONFIG, SAYS("data.actuators lists 1 actuators, but the model has 2"));
  df_system_free(two);
}

static void a_conversion_is_repeated_under_other_conventions(void** state) {
  (void)state;
  static const double x[] = {0, 90, 0, 0, 0, 180, 0, 0};
  WRITE(ARRAY("states", x, 2, 2, 4));
  df_config config = SETTINGS(STATES_ONLY);
  df_recording* r = opened(scratch_path, &config, cart);
  df_dataset* data;
  assert_ok(df_recording_convert(r, &config, cart, &data));
  assert_true(df_dataset_state(data, 0, 0)[1] == 90);
  df_dataset_free(data);
  assert_ok(df_config_set(&config, "data.angles", "deg", "test"));
  assert_ok(df_recording_convert(r, &config, cart, &data));
  assert_close(df_dataset_state(data, 0, 1)[1], 3.14159265358979323846, 1e-15);
  df_dataset_free(data);
  df_recording_free(r);
}

int main(void) {
#define WITH_SYSTEMS(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
  const struct CMUnitTest tests[] = {
      WITH_SYSTEMS(frames_at_any_rate_become_frames_of_actions),
      WITH_SYSTEMS(durations_that_differ_by_rounding_are_those_of_actions),
      WITH_SYSTEMS(conditions_of_resampled_frames_are_those_of_recorded_ones),
      WITH_SYSTEMS(times_are_columns_of_stamps_or_durations),
      WITH_SYSTEMS(every_episode_has_the_rate_that_its_file_states),
      WITH_SYSTEMS(actions_are_held_or_thinned_out_by_whole_numbers),
      WITH_SYSTEMS(actions_of_irregular_times_are_refused),
      WITH_SYSTEMS(velocities_that_are_missing_are_differences),
      WITH_SYSTEMS(velocities_of_resampled_frames_are_recorded_or_differences),
      WITH_SYSTEMS(a_horizontal_position_is_integrated_if_asked_for),
      WITH_SYSTEMS(the_position_of_a_free_body_is_integrated_in_the_world),
      WITH_SYSTEMS(a_height_alone_is_along_the_vertical_axis),
      WITH_SYSTEMS(missing_activations_and_bad_quaternions_are_named),
      WITH_SYSTEMS(numbers_that_overflow_are_named),
      WITH_SYSTEMS(actions_are_shifted_scaled_and_ordered),
      WITH_SYSTEMS(a_conversion_is_repeated_under_other_conventions),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
