/* The distortion of gaits (setting gait.distortion): every kind alone, against the formulas of gait_distort.h written
 * out here, MuJoCo's positions of the feet and finite differences. */
#include "gait_distort.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/core/rng.h"
#include "gait_robot.h"
#include "near.h"
#include "unit.h"

enum { NX = 37, NU = 12, LEGS = 4, FRAMES = 101, EPISODE = 3, SEED = 7, DRAWN = 2 + 12 + 48 };

static const double DT = 0.02, TWO_PI = 6.283185307179586;

typedef struct fixture {
  df_system* system;
  df_sim* sim;
  int foot[LEGS];
  const df_leg_geometry* leg;
  double in[FRAMES * NX], out[FRAMES * NX];
  double u[DRAWN];
} fixture;

/* a smooth motion without contact: joints that swing about a bent posture, a base that moves and turns */
static void move(double* x, double t) {
  memset(x, 0, NX * sizeof *x);
  x[0] = 0.5 * t;
  x[1] = -0.2 * t;
  x[2] = 0.3 + 0.02 * sin(4 * t);
  x[3] = cos(0.3 * t);
  x[6] = sin(0.3 * t);
  x[19] = 0.5;
  x[20] = -0.2;
  x[21] = 0.08 * cos(4 * t);
  x[24] = 0.6;
  for (int i = 0; i < NU; i++) {
    const double swing = 0.1 + 0.01 * i, level = i % 3 == 0 ? 0 : i % 3 == 1 ? 0.9 : -1.8;
    x[7 + i] = level + swing * sin(6 * t + i);
    x[25 + i] = 6 * swing * cos(6 * t + i);
  }
}

static int setup(void** state) {
  static fixture f;
  const df_gait_robot* robots;
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  df_gait_robots(&robots);
  f.leg = &robots[0].leg;
  if (df_mujoco_system_new("tasks/go1_gaits/go1.xml", &cfg, &f.system) != DF_OK ||
      df_sim_new(f.system, 0, &f.sim) != DF_OK) {
    fprintf(stderr, "%s\n", df_error_message());
    return 1;
  }
  static const char* const FOOT[LEGS] = {"FR", "FL", "RR", "RL"};
  for (int i = 0; i < LEGS; i++) f.foot[i] = df_mujoco_geom(f.system, FOOT[i]);
  for (int t = 0; t < FRAMES; t++) move(f.in + t * NX, t * DT);
  df_rng_uniform(SEED, DF_STREAM_DISTORTION, (uint64_t)DF_GAIT_BOUND << 32 | EPISODE, DRAWN, f.u);
  *state = &f;
  return 0;
}

static int teardown(void** state) {
  fixture* f = *state;
  df_sim_free(f->system, f->sim);
  df_system_free(f->system);
  return 0;
}

static void distort(fixture* f, df_distortion by, double dt) {
  df_gait_distort(f->leg, &by, SEED, DF_GAIT_BOUND, EPISODE, dt, FRAMES, f->in, f->out);
}

static void no_distortion_changes_no_number(void** state) {
  fixture* f = *state;
  distort(f, df_distortion_of(0), DT);
  for (int i = 0; i < FRAMES * NX; i++) assert_near(f->out[i], f->in[i], 1e-15);
}

static void a_scale_multiplies_all_amounts(void** state) {
  (void)state;
  const df_distortion by = df_distortion_of(0.5);
  assert_near(by.warp, 0.015, 1e-17);
  assert_near(by.height, 0.015, 1e-17);
  assert_near(by.foot, 0.01, 1e-17);
  assert_near(by.noise, 0.015, 1e-17);
}

static void height_is_one_offset_per_episode(void** state) {
  fixture* f = *state;
  distort(f, (df_distortion){.height = 0.04}, DT);
  const double offset = 0.04 * (2 * f->u[1] - 1);
  assert_true(fabs(offset) > 1e-3);
  for (int t = 0; t < FRAMES; t++) {
    for (int i = 0; i < NX; i++) {
      assert_near(f->out[t * NX + i], f->in[t * NX + i] + (i == 2 ? offset : 0), 1e-15);
    }
  }
}

/* frames of the motion at warped times: its velocities are exact, so that only the interpolation is an error */
static void warped_frames_show_the_motion_at_another_time(void** state) {
  fixture* f = *state;
  const double warp = 0.05, last = (FRAMES - 1) * DT;
  distort(f, (df_distortion){.warp = warp}, DT);
  int cut = 0;
  for (int t = 0; t < FRAMES; t++) {
    double wanted[NX];
    const double angle = TWO_PI * (t * DT + f->u[0]), shown = t * DT + warp * sin(angle);
    const double rate = 1 + warp * TWO_PI * cos(angle);
    const bool outside = shown < 0 || shown > last;
    cut += outside;
    move(wanted, fmin(fmax(shown, 0), last));
    for (int i = 0; i < NX; i++) {
      const double value = i < 19 ? wanted[i] : outside ? 0 : rate * wanted[i];
      /* (dt^2 / 8) times the second derivative of the joints, 36 x 0.21 rad/s^2, and of their velocities */
      assert_near(f->out[t * NX + i], value, i < 19 ? 4e-4 : 4e-3);
    }
  }
  assert_true(cut > 0 && cut < 6);
}

/* positions [LEGS][3] of the feet in the body frame, by MuJoCo */
static void feet_in_the_body(const fixture* f, const double* x, double at[LEGS][3]) {
  double rotation[9];
  df_mujoco_pose(f->sim, x);
  df_leg_rotation(x + 3, rotation);
  for (int leg = 0; leg < LEGS; leg++) {
    double world[3];
    df_mujoco_geom_position(f->sim, f->foot[leg], world);
    for (int i = 0; i < 3; i++) world[i] -= x[i];
    df_leg_rotate_back(rotation, world, at[leg]);
  }
}

/* their velocities, by central differences along the joint velocities */
static void feet_velocities(const fixture* f, const double* x, double v[LEGS][3]) {
  const double h = 1e-6;
  double plus[NX], minus[NX], a[LEGS][3], b[LEGS][3];
  memcpy(plus, x, sizeof plus);
  memcpy(minus, x, sizeof minus);
  for (int i = 0; i < NU; i++) {
    plus[7 + i] += h * x[25 + i];
    minus[7 + i] -= h * x[25 + i];
  }
  feet_in_the_body(f, plus, a);
  feet_in_the_body(f, minus, b);
  for (int leg = 0; leg < LEGS; leg++) {
    for (int i = 0; i < 3; i++) v[leg][i] = (a[leg][i] - b[leg][i]) / (2 * h);
  }
}

static void feet_keep_their_offset_and_their_velocity(void** state) {
  fixture* f = *state;
  distort(f, (df_distortion){.foot = 0.02}, DT);
  for (int t = 0; t < FRAMES; t += 5) {
    const double *x = f->in + t * NX, *y = f->out + t * NX;
    double before[LEGS][3], after[LEGS][3], v[LEGS][3], w[LEGS][3];
    feet_in_the_body(f, x, before);
    feet_in_the_body(f, y, after);
    feet_velocities(f, x, v);
    feet_velocities(f, y, w);
    for (int leg = 0; leg < LEGS; leg++) {
      for (int i = 0; i < 3; i++) {
        const double offset = 0.02 * (2 * f->u[2 + 3 * leg + i] - 1);
        assert_near(after[leg][i] - before[leg][i], offset, 1e-12);
        assert_near(w[leg][i], v[leg][i], 1e-7);
      }
    }
    for (int i = 0; i < 25; i += i == 6 ? 13 : 1) assert_near(y[i], x[i], 1e-15); /* the base */
  }
}

static void noise_is_two_waves_per_joint_and_their_derivative(void** state) {
  fixture* f = *state;
  distort(f, (df_distortion){.noise = 0.05}, DT);
  for (int t = 0; t < FRAMES; t += 7) {
    for (int i = 0; i < NU; i++) {
      double angle = 0, rate = 0;
      for (int w = 0; w < 2; w++) {
        const double omega = TWO_PI * (2 + 6 * f->u[14 + 2 * i + w]);
        const double phase = TWO_PI * f->u[38 + 2 * i + w];
        angle += 0.025 * sin(omega * t * DT + phase);
        rate += 0.025 * omega * cos(omega * t * DT + phase);
      }
      assert_near(f->out[t * NX + 7 + i] - f->in[t * NX + 7 + i], angle, 1e-14);
      assert_near(f->out[t * NX + 25 + i] - f->in[t * NX + 25 + i], rate, 1e-13);
    }
  }
}

/* ---- as a setting of the generator ---- */

static void set(df_config* config, const char* key, const char* value) {
  if (df_config_set(config, key, value, "test") != DF_OK) fail_msg("%s", df_error_message());
}

static void the_generator_distorts_the_episodes_that_it_makes_without(void** state) {
  const fixture* f = *state;
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  cfg.timestep = 0.004;
  cfg.substeps = 5;
  cfg.tolerance = 1e-12;
  df_system* system;
  assert_int_equal(df_mujoco_system_new("tasks/go1_gaits/go1.xml", &cfg, &system), DF_OK);
  df_config config = df_config_default();
  set(&config, "data.gaits", "trot,bound");
  set(&config, "data.episodes", "2");
  set(&config, "data.seconds", "1");
  set(&config, "data.seed", "5");
  df_dataset *plain = NULL, *made = NULL;
  const df_generator_env env = {.threads = 2};
  assert_int_equal(df_gait_demonstrate(system, &config, &env, &plain), DF_OK);

  set(&config, "gait.distortion", "0.7");
  assert_int_equal(df_gait_demonstrate(system, &config, &env, &made), DF_E_CONFIG);
  assert_non_null(strstr(df_error_message(), "data.actions_key"));
  set(&config, "data.actions_key", "");
  assert_int_equal(df_gait_demonstrate(system, &config, &env, &made), DF_OK);

  assert_null(made->actions);
  const df_distortion by = df_distortion_of(0.7);
  for (int e = 0; e < 4; e++) {
    static double wanted[51 * NX];
    df_gait_distort(f->leg, &by, 5, e < 2 ? DF_GAIT_TROT : DF_GAIT_BOUND, e % 2, 0.02, 51,
                    df_dataset_state(plain, e, 0), wanted);
    assert_memory_equal(df_dataset_state(made, e, 0), wanted, sizeof wanted);
    assert_memory_equal(df_dataset_condition(made, e, 0), df_dataset_condition(plain, e, 0), 7 * sizeof(double));
  }
  df_dataset_free(plain);
  df_dataset_free(made);
  df_system_free(system);
}

int main(void) {
  static const struct CMUnitTest tests[] = {
      cmocka_unit_test(no_distortion_changes_no_number),
      cmocka_unit_test(a_scale_multiplies_all_amounts),
      cmocka_unit_test(height_is_one_offset_per_episode),
      cmocka_unit_test(warped_frames_show_the_motion_at_another_time),
      cmocka_unit_test(feet_keep_their_offset_and_their_velocity),
      cmocka_unit_test(noise_is_two_waves_per_joint_and_their_derivative),
      cmocka_unit_test(the_generator_distorts_the_episodes_that_it_makes_without),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
