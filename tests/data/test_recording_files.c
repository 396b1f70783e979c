/* Published recordings, described and converted: what the files say twice has to agree after the conversion. */
#include "recording_test.h"
#include "shared_data.h"

static char path[512];

/* whether there is this file of recorded data; sets `path` */
static bool find(const char* name) {
  snprintf(path, sizeof path, "%s/%s", shared_data_folder(), name);
  return df_file_exists(path);
}

/* a model whose actions last `dt` */
static df_system* model_of(const char* file, double dt) {
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  df_system* system;
  cfg.timestep = dt;
  assert_ok(df_mujoco_system_new(file, &cfg, &system));
  return system;
}
static df_system* go1(double dt) {
  return model_of("tasks/go1_gaits/go1.xml", dt);
}

static df_dataset* read_file(const df_config* config, const df_system* system) {
  df_dataset* data;
  assert_ok(df_dataset_read(path, config, system, &data));
  return data;
}

/* The largest difference of velocities i .. i + n - 1 (in x) from the differences of the positions of `shift` frames
 * later, in single episodes without their first and last frame. */
static double largest_gap(const df_config* config, const df_system* system, int i, int n, int shift) {
  df_config differences = *config;
  df_recording* r;
  df_dataset *recorded, *computed;
  assert_ok(df_config_set(&differences, "data.velocities", "differences", "test"));
  assert_ok(df_recording_open(path, config, system, &r));
  assert_ok(df_recording_convert(r, config, system, &recorded));
  assert_ok(df_recording_convert(r, &differences, system, &computed));
  double gap = 0;
  for (int e = 0; e < recorded->episodes; e++) {
    for (int t = 1; t < recorded->lengths[e]; t++) {
      for (int k = i; k < i + n; k++) {
        gap = fmax(gap, fabs(df_dataset_state(recorded, e, t)[k] - df_dataset_state(computed, e, t + shift)[k]));
      }
    }
  }
  df_dataset_free(recorded);
  df_dataset_free(computed);
  df_recording_free(r);
  return gap;
}

/* the arrays of today's tasks are the states and actions, bit for bit */
static void states_of_a_task_keep_their_bits(void** state) {
  (void)state;
  char model[512];
  if (!find("mjcf/gymnasium/hopper.xml")) skip_without_data("mjcf/gymnasium/hopper.xml");
  snprintf(model, sizeof model, "%s", path);
  if (!find("ddat/Hopper_10trajs_300steps.npz")) skip_without_data("ddat/Hopper_10trajs_300steps.npz");
  df_system* hopper = model_of(model, 0.008);
  const df_config config = SETTINGS("data.states_key", "Trajs", "data.actions_key", "Actions");
  df_dataset* data = read_file(&config, hopper);
  df_npz* npz;
  df_array trajs, actions;
  assert_ok(df_npz_open(path, &npz));
  assert_ok(df_npz_read(npz, "Trajs", &trajs));
  assert_ok(df_npz_read(npz, "Actions", &actions));
  assert_int_equal(data->episodes, 10);
  assert_int_equal(data->length, 299);
  assert_memory_equal(data->states, trajs.values, trajs.count * sizeof(double));
  assert_memory_equal(data->actions, actions.values, actions.count * sizeof(double));
  df_array_clear(&trajs);
  df_array_clear(&actions);
  df_npz_close(npz);
  df_dataset_free(data);
  df_system_free(hopper);
}

/* A planar robot without its horizontal position, as observations of Gymnasium have it: the recorder integrated x[t+1]
 * = x[t] + dt v[t+1] */
static void the_way_of_a_hopper_is_integrated(void** state) {
  (void)state;
  char model[512];
  if (!find("mjcf/gymnasium/hopper.xml")) skip_without_data("mjcf/gymnasium/hopper.xml");
  snprintf(model, sizeof model, "%s", path);
  if (!find("ddat/Hopper_10trajs_300steps.npz")) skip_without_data("ddat/Hopper_10trajs_300steps.npz");
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  df_system* hopper;
  cfg.timestep = 0.008;
  cfg.integrator = DF_INTEGRATOR_EULER;
  assert_ok(df_mujoco_system_new(model, &cfg, &hopper));
  const df_config whole = SETTINGS("data.states_key", "Trajs", "data.actions_key", "Actions");
  const df_config without =
      SETTINGS("data.states_key", "Trajs", "data.actions_key", "Actions", "data.columns", "skip:1,joints,joint_vel",
               "data.joints", "rootz,rooty,thigh_joint,leg_joint,foot_joint", "data.velocity_joints",
               "rootx,rootz,rooty,thigh_joint,leg_joint,foot_joint", "data.root_xy", "integrated");
  df_dataset *recorded = read_file(&whole, hopper), *integrated = read_file(&without, hopper);
  for (int e = 0; e < recorded->episodes; e++) {
    const double start = df_dataset_state(recorded, e, 0)[0];
    for (int t = 0; t <= recorded->lengths[e]; t++) {
      const double *a = df_dataset_state(recorded, e, t), *b = df_dataset_state(integrated, e, t);
      assert_close(a[0] - start, b[0], 1e-12);
      assert_memory_equal(a + 1, b + 1, 11 * sizeof(double));
    }
  }
  df_dataset_free(recorded);
  df_dataset_free(integrated);
  df_system_free(hopper);
}

/* These velocities are differences to the next frame, so they belong to MuJoCo's next frame. Numbers with 5 decimals, a
 * frame of 0.021 s: differences are exact to 1e-5 / 0.021 s. */
static void velocities_of_amp_recordings_are_differences_to_the_next_frame(void** state) {
  (void)state;
  if (!find("amp_for_hardware_a1/mocap_motions/trot0.txt")) skip_without_data("amp_for_hardware_a1");
  df_system* system = go1(0.021);
  const df_config config =
      SETTINGS(STATES_ONLY, "data.states_key", "Frames", "data.columns",
               "root_pos,root_quat,joints,skip:12,root_linvel,root_angvel,joint_vel,skip:12", "data.quaternion", "xyzw",
               "data.legs", "FR,FL,RR,RL", "data.linear_velocity", "base", "data.angular_velocity", "base");
  assert_true(largest_gap(&config, system, 19, 3, 1) < 6e-4);  /* m/s */
  assert_true(largest_gap(&config, system, 22, 3, 1) < 4e-3);  /* rad/s: of two quaternions, each of half the angle */
  assert_true(largest_gap(&config, system, 25, 12, 1) < 6e-4); /* rad/s */
  /* in the wrong frames they are not */
  df_config wrong = config;
  assert_ok(df_config_set(&wrong, "data.linear_velocity", "world", "test"));
  assert_true(largest_gap(&wrong, system, 19, 3, 1) > 0.1);
  wrong = config;
  assert_ok(df_config_set(&wrong, "data.angular_velocity", "world", "test"));
  assert_true(largest_gap(&wrong, system, 22, 3, 1) > 0.05);
  df_system_free(system);
}

/* other legs first, other durations of a frame, several files */
static void amp_recordings_of_several_files_are_resampled(void** state) {
  (void)state;
  if (!find("amp_for_hardware_a1/mocap_motions_a1/trot0.txt")) skip_without_data("amp_for_hardware_a1");
  snprintf(path, sizeof path, "%s/amp_for_hardware_a1/mocap_motions*/trot[01].txt", shared_data_folder());
  df_system* system = go1(0.02);
  const df_config config =
      SETTINGS(STATES_ONLY, "data.states_key", "Frames", "data.columns", "root_pos,root_quat,joints,skip:42",
               "data.quaternion", "xyzw", "data.select", "2-3", "data.legs", "FL,FR,RL,RR");
  df_dataset* data = read_file(&config, system);
  assert_int_equal(data->episodes, 2); /* those of mocap_motions_a1: frames of 0.01677 s */
  assert_int_equal(data->lengths[0], (int)(32 * 0.01677 / 0.02));
  assert_int_equal(data->lengths[1], (int)(146 * 0.01677 / 0.02));
  /* the thighs and calves of a standing robot: 0 to 1.6, -2.4 to -0.6 */
  for (int leg = 0; leg < 4; leg++) {
    const double* x = df_dataset_state(data, 1, 40) + 7 + 3 * leg;
    assert_true(fabs(x[0]) < 0.5 && x[1] > 0 && x[1] < 1.8 && x[2] < -0.6 && x[2] > -2.6);
  }
  df_dataset_free(data);
  df_system_free(system);
}

/* how far the base leans, rad */
static double lean_of(const double* x) {
  return acos(1 - 2 * (x[4] * x[4] + x[5] * x[5]));
}

/* the Laikago's base has its y axis up, and is upright at a quaternion of (.5, .5, .5, .5) */
static void a_base_with_another_axis_up_is_turned(void** state) {
  (void)state;
  if (!find("motion_imitation_laikago/dog_trot.txt")) skip_without_data("motion_imitation_laikago");
  df_system* system = go1(0.01667);
  df_config config = SETTINGS(STATES_ONLY, "data.states_key", "Frames", "data.columns", "root_pos,root_quat,joints",
                              "data.quaternion", "xyzw", "data.base_rotation", "0.5,-0.5,-0.5,-0.5");
  df_dataset* data = read_file(&config, system);
  for (int t = 0; t <= data->length; t++) {
    const double* x = df_dataset_state(data, 0, t);
    assert_true(lean_of(x) < 0.3);
    /* it runs forward, along the x axis of its base */
    const double forward = (1 - 2 * (x[5] * x[5] + x[6] * x[6])) * x[19] + 2 * (x[4] * x[5] + x[3] * x[6]) * x[20];
    assert_true(forward > 0.3);
  }
  df_dataset_free(data);
  assert_ok(df_config_set(&config, "data.quaternion", "wxyz", "test"));
  data = read_file(&config, system);
  assert_true(lean_of(df_dataset_state(data, 0, 5)) <
              3.2); /* another reading is possible; data check tells them apart */
  df_dataset_free(data);
  df_system_free(system);
}

/* DeepMimic's humanoid: chest, neck, right hip, knee, ankle, shoulder, elbow, then the left ones; knees and elbows are
 * hinges */
static void write_humanoid(char* xml, size_t size) {
  static const char* const kinds[] = {"ball",  "ball", "ball",  "hinge", "ball", "ball",
                                      "hinge", "ball", "hinge", "ball",  "ball", "hinge"};
  size_t n =
      (size_t)snprintf(xml, size, "<mujoco><option timestep='.016666'/><worldbody><body><freejoint/><geom size='.1'/>");
  for (int i = 0; i < 12; i++) {
    n += (size_t)snprintf(xml + n, size - n, "<body><joint name='j%d' type='%s'/><geom size='.05'/></body>", i,
                          kinds[i]);
  }
  snprintf(xml + n, size - n, "</body></worldbody></mujoco>");
}

static void a_walk_of_deepmimic_is_resampled_on_the_manifold(void** state) {
  (void)state;
  char xml[2048];
  if (!find("deepmimic/humanoid3d_walk.txt")) skip_without_data("deepmimic");
  write_humanoid(xml, sizeof xml);
  df_system* system = make_system(xml);
  const df_config config = SETTINGS(STATES_ONLY, "data.states_key", "Frames", "data.columns", "frame_duration,qpos",
                                    "data.up", "y", "data.base_rotation", "0.70710678,-0.70710678,0,0");
  df_recording* r = opened(path, &config, system);
  df_dataset* data;
  assert_close(df_recording_rate(r), 30, 0.01);
  assert_ok(df_recording_convert(r, &config, system, &data));
  assert_int_equal(data->lengths[0], 2 * (df_recording_frames(r, 0) - 1));
  for (int t = 0; t <= data->lengths[0]; t++) {
    const double* x = df_dataset_state(data, 0, t);
    assert_true(x[2] > 0.7 && x[2] < 1.0); /* the hips' height is along z now */
    assert_true(lean_of(x) < 0.4);
    double norm = 0;
    for (int i = 7; i < 11; i++) norm += x[i] * x[i];
    assert_close(norm, 1, 1e-12);
  }
  /* a frame between two: half the rotation of the chest, by the half-angle formula of unit quaternions */
  const double *a = df_recording_frame(r, 0, 4) + 8, *b = df_recording_frame(r, 0, 5) + 8;
  double sum[4], norm = 0;
  for (int i = 0; i < 4; i++) norm += (a[i] + b[i]) * (a[i] + b[i]);
  for (int i = 0; i < 4; i++) sum[i] = (a[i] + b[i]) / sqrt(norm);
  /* in the axes of a body with its z axis up */
  const double turned[4] = {sum[0], sum[1], -sum[3], sum[2]};
  for (int i = 0; i < 4; i++) assert_close(df_dataset_state(data, 0, 9)[7 + i], turned[i], 1e-6);
  df_dataset_free(data);
  df_recording_free(r);
  df_system_free(system);
}

static void an_array_per_joint_and_ends_are_read_as_loco_mujoco_writes_them(void** state) {
  (void)state;
  if (!find("loco_mujoco_mini/UnitreeA1_walk_straight.npz")) skip_without_data("loco_mujoco_mini");
  df_system* system = go1(0.002);
  const df_config config = SETTINGS(
      STATES_ONLY, "data.columns",
      "root_pos@q_trunk_tx+q_trunk_ty+q_trunk_tz,root_euler@q_trunk_rotation+q_trunk_list+q_trunk_tilt,joints@q_*,"
      "root_linvel@dq_trunk_tx+dq_trunk_ty+dq_trunk_tz,joint_vel@dq_*",
      "data.euler", "ZXY", "data.ends_key", "split_points");
  df_dataset* data = read_file(&config, system);
  assert_int_equal(data->episodes, 3);
  for (int e = 0; e < 3; e++) assert_int_equal(data->lengths[e], 499);
  df_dataset_free(data);
  /* the simulator that recorded them integrates as MuJoCo does: velocities are differences to the frame before */
  assert_true(largest_gap(&config, system, 25, 12, 0) < 1e-12);
  assert_true(largest_gap(&config, system, 19, 3, 0) < 1e-12);
  df_recording* r = opened(path, &config, system);
  const df_array_info* unused;
  static const char* const names[] = {"dq_trunk_rotation", "dq_trunk_list", "dq_trunk_tilt", "dir_arrow", "goal_speed"};
  assert_int_equal(df_recording_unused(r, &unused), 5);
  for (int i = 0; i < 5; i++) assert_string_equal(unused[i].name, names[i]);
  df_recording_free(r);
  df_system_free(system);
}

static void clips_of_dm_control_are_groups_of_transposed_arrays(void** state) {
  (void)state;
  char xml[8192];
  if (!find("dm_control_mocap/test_trajectories.h5")) skip_without_data("dm_control_mocap");
  size_t n = (size_t)snprintf(xml, sizeof xml,
                              "<mujoco><option timestep='.05'/><worldbody><body><freejoint/><geom size='.1'/>");
  for (int i = 0; i < 56; i++)
    n += (size_t)snprintf(xml + n, sizeof xml - n, "<body><joint name='j%d'/><geom size='.05'/></body>", i);
  snprintf(xml + n, sizeof xml - n, "</body></worldbody></mujoco>");
  df_system* system = make_system(xml);
#define WALKER "walkers/walker_0/"
  const df_config config =
      SETTINGS(STATES_ONLY, "data.episodes_key", "cmuv2019_*", "data.columns",
               "root_pos@" WALKER "position,root_quat@" WALKER "quaternion,joints@" WALKER "joints,root_linvel@" WALKER
               "velocity,root_angvel@" WALKER "angular_velocity,joint_vel@" WALKER "joints_velocity");
  /* the attribute dt of each clip is 0.05 s, the duration of an action */
  df_dataset* data = read_file(&config, system);
  assert_int_equal(data->episodes, 2);
  assert_int_equal(data->lengths[0], 9);
  assert_int_equal(data->resampled, 0);
  df_arrays* arrays;
  df_array joints;
  assert_ok(df_arrays_open(path, &arrays));
  assert_ok(df_arrays_read(arrays, "cmuv2019_002/" WALKER "joints", &joints));
  for (int t = 0; t < 10; t++) {
    for (int j = 0; j < 56; j++) assert_true(df_dataset_state(data, 1, t)[7 + j] == joints.values[10 * j + t]);
  }
  df_array_clear(&joints);
  df_arrays_close(arrays);
  df_dataset_free(data);
  df_system_free(system);
}

/* Gymnasium's pendulum integrates th[t+1] = th[t] + dt thdot[t+1]; its observations are cos, sin, thdot, one more per
 * episode than there are actions, and `indices` are those of the actions */
static void observations_of_a_pendulum_are_unwrapped_and_cut(void** state) {
  (void)state;
  static const char xml[] =
      "<mujoco><option timestep='.05'/><worldbody><body><joint name='hinge' axis='0 1 0'/><geom size='.1' mass='1' "
      "pos='0 0 1'/></body></worldbody><actuator><motor joint='hinge'/></actuator></mujoco>";
  if (!find("hcai_imitation/pendulum_final.npz")) skip_without_data("hcai_imitation");
  df_system* system = make_system(xml);
  const df_config config =
      SETTINGS("data.states_key", "obs", "data.actions_key", "acts", "data.columns", "joints_cos_sin,joint_vel",
               "data.ends_key", "indices", "data.ends_rows", "actions");
  df_dataset* data = read_file(&config, system);
  assert_int_equal(data->episodes, 56);
  for (int e = 0; e < 56; e++) assert_int_equal(data->lengths[e], 200);
  df_dataset_free(data);
  assert_true(largest_gap(&config, system, 1, 1, 0) < 1e-5); /* rad/s; the file is in single precision */
  df_system_free(system);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(states_of_a_task_keep_their_bits),
      cmocka_unit_test(the_way_of_a_hopper_is_integrated),
      cmocka_unit_test(velocities_of_amp_recordings_are_differences_to_the_next_frame),
      cmocka_unit_test(amp_recordings_of_several_files_are_resampled),
      cmocka_unit_test(a_base_with_another_axis_up_is_turned),
      cmocka_unit_test(a_walk_of_deepmimic_is_resampled_on_the_manifold),
      cmocka_unit_test(an_array_per_joint_and_ends_are_read_as_loco_mujoco_writes_them),
      cmocka_unit_test(clips_of_dm_control_are_groups_of_transposed_arrays),
      cmocka_unit_test(observations_of_a_pendulum_are_unwrapped_and_cut),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
