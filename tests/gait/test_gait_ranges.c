/* The settings gait.* of the generator: rhythm, start noise, and changes within an episode, whose conditions are
 * compared with the contacts of the feet by a clock of this file. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/core/rng.h"
#include "dynaflow/gait/gait.h"
#include "gait_robot.h"
#include "near.h"
#include "unit.h"

/* slow */

enum { NX = 37, NU = 12, LEGS = 4, GAITS = 4, FIRST = 90 };

static const char* const FOOT[LEGS] = {"FR", "FL", "RR", "RL"};

typedef struct fixture {
  df_system* system;
  df_sim* sim;
  int foot[LEGS];
} fixture;

static int setup(void** state) {
  static fixture f;
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  cfg.timestep = 0.004;
  cfg.substeps = 5;
  cfg.integrator = DF_INTEGRATOR_EULER;
  cfg.tolerance = 1e-12;
  if (df_mujoco_system_new("tasks/go2_gaits/go2.xml", &cfg, &f.system) != DF_OK ||
      df_sim_new(f.system, 0, &f.sim) != DF_OK) {
    fprintf(stderr, "%s\n", df_error_message());
    return 1;
  }
  for (int leg = 0; leg < LEGS; leg++) f.foot[leg] = df_mujoco_geom(f.system, FOOT[leg]);
  *state = &f;
  return 0;
}

static int teardown(void** state) {
  fixture* f = *state;
  df_sim_free(f->system, f->sim);
  df_system_free(f->system);
  return 0;
}

/* the wide gains, and "key=value" texts up to NULL */
static df_config settings(const char* const* more) {
  static const char* const common[] = {"gait.gains=wide", "data.seconds=5", "data.episodes=4", NULL};
  df_config config = df_config_default();
  for (int list = 0; list < 2; list++) {
    for (const char* const* s = list ? more : common; *s; s++) {
      char key[64];
      const char* value = strchr(*s, '=');
      snprintf(key, sizeof key, "%.*s", (int)(value - *s), *s);
      if (df_config_set(&config, key, value + 1, "test") != DF_OK) fail_msg("%s", df_error_message());
    }
  }
  return config;
}
#define SETTINGS(...) settings((const char* const[]){__VA_ARGS__, NULL})

static df_dataset* demonstrate(const fixture* f, const df_config* config, int threads) {
  df_dataset* data = NULL;
  const df_generator_env env = {.threads = threads};
  if (df_gait_demonstrate(f->system, config, &env, &data) != DF_OK) fail_msg("%s", df_error_message());
  return data;
}

/* the numbers of an attempt or a part of one, as the header of the streams says */
static void draws(df_gait gait, int attempt, int part, double uniform[40]) {
  df_rng_uniform(1, DF_STREAM_GAIT, (uint64_t)gait << 60 | (uint64_t)attempt << 24 | (uint64_t)part, 40, uniform);
}

static int gait_of(const double* condition) {
  int gait = -1;
  for (int g = 0; g < GAITS; g++) {
    assert_true(condition[g] == 0 || condition[g] == 1);
    if (condition[g] == 1) {
      assert_int_equal(gait, -1);
      gait = g;
    }
  }
  return gait;
}

/* ---- rhythm ---- */

static void two_numbers_are_a_range_and_a_condition(void** state) {
  const fixture* f = *state;
  static const struct {
    const char *frequency, *swing;
    int nc;
  } cases[] = {{"3", "", 7}, {"2.5,3.5", "", 8}, {"3", "0.06,0.12", 8}, {"2.5,3.5", "0.06,0.12", 9}, {"3.5", "0.1", 7}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char frequency[64], swing[64];
    snprintf(frequency, sizeof frequency, "gait.frequency=%s", cases[i].frequency);
    snprintf(swing, sizeof swing, "gait.swing_height=%s", cases[i].swing);
    const df_config config = SETTINGS("data.gaits=bound", "data.seconds=0.1", "data.episodes=6", frequency, swing);
    df_dataset* data = demonstrate(f, &config, 1);
    assert_int_equal(data->nc, cases[i].nc);
    assert_false(data->condition_per_frame);
    for (int e = 0; e < 6; e++) {
      double u[40];
      int c = 7;
      const double* condition = df_dataset_condition(data, e, 0);
      draws(DF_GAIT_BOUND, e, 0, u);
      if (strchr(cases[i].frequency, ',')) {
        assert_string_equal(data->condition_name[c], "command.frequency");
        assert_near(condition[c++], 2.5 + u[0], 1e-15);
      }
      if (strchr(cases[i].swing, ',')) {
        assert_string_equal(data->condition_name[c], "command.swing_height");
        assert_near(condition[c++], 0.06 + 0.06 * u[1], 1e-16);
      }
    }
    df_dataset_free(data);
  }
}

typedef struct steps {
  double touch_downs_per_second, lift; /* lift: mean of each foot's largest height above the floor, m */
} steps;

static steps watch(const fixture* f, const df_dataset* data, int episode) {
  steps s = {0};
  uint8_t touch[LEGS], before[LEGS] = {0};
  double highest[LEGS] = {0};
  for (int t = FIRST; t <= data->length; t++) {
    df_mujoco_pose(f->sim, df_dataset_state(data, episode, t));
    df_mujoco_touching(f->sim, LEGS, f->foot, touch);
    for (int leg = 0; leg < LEGS; leg++) {
      double at[3];
      df_mujoco_geom_position(f->sim, f->foot[leg], at);
      highest[leg] = fmax(highest[leg], at[2] - 0.022);
      if (t > FIRST) s.touch_downs_per_second += (touch[leg] && !before[leg]) / (LEGS * 0.02 * (data->length - FIRST));
    }
    memcpy(before, touch, sizeof touch);
  }
  for (int leg = 0; leg < LEGS; leg++) s.lift += highest[leg] / LEGS;
  return s;
}

static void robots_step_at_the_frequency_and_lift_their_feet_as_asked(void** state) {
  const fixture* f = *state;
  static const struct {
    const char *frequency, *swing;
    double hertz, metres;
  } cases[] = {{"gait.frequency=2.5", "gait.swing_height=0.06", 2.5, 0.06},
               {"gait.frequency=2.5", "gait.swing_height=0.12", 2.5, 0.12},
               {"gait.frequency=3.5", "gait.swing_height=0.06", 3.5, 0.06}};
  for (int i = 0; i < 3; i++) {
    const df_config config = SETTINGS("data.gaits=trot", "data.command_vx=0.3", cases[i].frequency, cases[i].swing);
    df_dataset* data = demonstrate(f, &config, 2);
    for (int e = 0; e < data->episodes; e++) {
      const steps s = watch(f, data, e);
      /* 3.2 s hold 8 to 11 steps, counted to one; the body sways and feet lag behind their targets by 1 to 2 cm */
      assert_near(s.touch_downs_per_second, cases[i].hertz, 0.35);
      assert_near(s.lift, cases[i].metres, 0.025);
    }
    df_dataset_free(data);
  }
}

/* ---- start noise ---- */

static void start_noise_moves_tilt_joints_and_velocities_as_the_header_says(void** state) {
  const fixture* f = *state;
  static const double stand[3] = {-0.1, 0.9, -1.8};
  const df_config config = SETTINGS("data.gaits=bound", "data.seconds=0.1", "data.episodes=8", "gait.start_noise=0.8");
  df_dataset* data = demonstrate(f, &config, 1);
  for (int e = 0; e < data->episodes; e++) {
    double u[18], n[40], q[4], lowest = INFINITY;
    const double* x = df_dataset_state(data, e, 0);
    df_rng_uniform(1, DF_STREAM_DEMONSTRATION, (uint64_t)DF_GAIT_BOUND << 32 | (uint64_t)e, 18, u);
    draws(DF_GAIT_BOUND, e, 0, n);

    /* roll, pitch and yaw, read from the quaternion */
    for (int i = 0; i < 4; i++) q[i] = x[3 + i];
    assert_near(atan2(2 * (q[0] * q[1] + q[2] * q[3]), 1 - 2 * (q[1] * q[1] + q[2] * q[2])), 0.08 * (2 * n[8] - 1),
                1e-14);
    assert_near(asin(2 * (q[0] * q[2] - q[3] * q[1])), 0.08 * (2 * n[9] - 1), 1e-14);
    assert_near(atan2(2 * (q[0] * q[3] + q[1] * q[2]), 1 - 2 * (q[2] * q[2] + q[3] * q[3])), 0.5 * (2 * u[4] - 1),
                1e-14);

    /* joints, velocities */
    for (int i = 0; i < NU; i++) {
      const double level = stand[i % 3] * (i % 3 == 0 && i / 3 % 2 == 0 ? -1 : 1);
      assert_near(x[7 + i], level + 0.05 * (2 * u[6 + i] - 1) + 0.08 * (2 * n[10 + i] - 1), 1e-15);
    }
    for (int i = 0; i < 18; i++) {
      assert_near(x[19 + i], 0.8 * (i < 3 ? 0.3 : i < 6 ? 0.5 : 1) * (2 * n[22 + i] - 1), 1e-15);
    }

    /* the lowest foot of the tilted robot, by MuJoCo */
    df_mujoco_pose(f->sim, x);
    for (int leg = 0; leg < LEGS; leg++) {
      double at[3];
      df_mujoco_geom_position(f->sim, f->foot[leg], at);
      lowest = fmin(lowest, at[2]);
    }
    assert_near(lowest, 0.022 + 0.02 * u[5], 1e-14);
  }
  df_dataset_free(data);
}

/* ---- changes ---- */

/* a command of either sign whose size is at least the share `from` of `most`, by a number of 0 .. 1 */
static double command_by(double uniform, double from, double most) {
  const double size = fabs(2 * uniform - 1) * (1 - from) + from;
  return uniform < 0.5 ? -size * most : size * most;
}

static void check_changes(const fixture* f, const char* setting, double from) {
  const df_config config =
      SETTINGS("data.gaits=trot,bound", "data.command_vx=0.5", "data.command_vy=0.2", "data.command_wz=0.4",
               "gait.hold=0.5,1.5", "gait.switch=0.5", "gait.frequency=2.5,3.5", "data.episodes=3", setting);
  df_dataset* data = demonstrate(f, &config, 2);
  assert_true(data->condition_per_frame);
  int switches = 0, parts = 0;
  for (int e = 0; e < 6; e++) {
    /* no attempt of these falls, so that they are the episodes */
    const df_gait first = e < 3 ? DF_GAIT_TROT : DF_GAIT_BOUND;
    double u[40], wanted[8] = {0};
    int gait = (int)first, end = 0;
    for (int t = 0, part = -1; t <= 250; t++) {
      if (t == end && t < 250) {
        draws(first, e % 3, ++part, u);
        end += (int)lround((0.5 + u[2]) / 0.02);
        if (part > 0 && u[3] < 0.5) gait = gait == DF_GAIT_TROT ? DF_GAIT_BOUND : DF_GAIT_TROT;
        switches += part > 0 && u[3] < 0.5;
        parts += part > 0;
        if (part == 0) df_rng_uniform(1, DF_STREAM_DEMONSTRATION, (uint64_t)first << 32 | (uint64_t)(e % 3), 3, u + 5);
        for (int g = 0; g < GAITS; g++) wanted[g] = g == gait;
        for (int i = 0; i < 3; i++) wanted[4 + i] = command_by(u[5 + i], from, i == 0 ? 0.5 : i == 1 ? 0.2 : 0.4);
        wanted[7] = 2.5 + u[0];
      }
      for (int i = 0; i < 8; i++) assert_near(df_dataset_condition(data, e, t)[i], wanted[i], 1e-15);
    }
  }
  assert_true(switches > 0 && switches < parts);
  df_dataset_free(data);
}

static void changes_come_when_and_as_they_are_drawn(void** state) {
  check_changes(*state, "gait.command_from=0", 0);
  check_changes(*state, "gait.command_from=0.6", 0.6);
}

/* the share of feet and frames whose contact is that of the gait `shift` frames later, at the best phase at frame 0;
 * the clock of this file adds up the frequencies of the frames. The half second after a change of gait, in which legs
 * catch up, is left out. */
static double agreement(const fixture* f, const df_dataset* data, int e, int shift) {
  enum { PHASES = 60 };
  static const double offset[GAITS][LEGS] = {{0, .5, .5, 0}, {0, .5, 0, .5}, {.5, .5, 0, 0}, {0, 0, 0, 0}};
  int same[PHASES] = {0}, n = 0, changed = -1000, last = gait_of(df_dataset_condition(data, e, 0));
  double clock = 0;
  for (int t = 1; t + shift <= data->length; t++) {
    /* the contacts of frame t are those that the action of frame t - 1 led to */
    const double* condition = df_dataset_condition(data, e, t - 1 + shift);
    const int gait = gait_of(condition);
    if (gait != last) changed = t;
    last = gait;
    if (t > 1) clock += 0.02 * df_dataset_condition(data, e, t - 1)[7];
    if (t < FIRST || t - changed < 30) continue;
    uint8_t touch[LEGS];
    df_mujoco_pose(f->sim, df_dataset_state(data, e, t));
    df_mujoco_touching(f->sim, LEGS, f->foot, touch);
    for (int leg = 0; leg < LEGS; leg++, n++) {
      for (int p = 0; p < PHASES; p++) {
        const double own = clock + (double)p / PHASES + offset[gait][leg];
        same[p] += (own - floor(own) < 0.5) == (touch[leg] != 0);
      }
    }
  }
  int best = 0;
  for (int p = 0; p < PHASES; p++) best = same[p] > best ? same[p] : best;
  return (double)best / n;
}

static void contacts_follow_the_gait_of_their_frame(void** state) {
  const fixture* f = *state;
  const df_config config =
      SETTINGS("data.gaits=trot,pace,bound,pronk", "data.command_vx=0.5", "data.command_vy=0.2", "data.command_wz=0.4",
               "data.seconds=8", "gait.hold=1.5", "gait.switch=1", "gait.frequency=2.8,3.2");
  df_dataset* data = demonstrate(f, &config, 2);
  double right = 0, late = 0;
  for (int e = 0; e < data->episodes; e++) {
    right += agreement(f, data, e, 0) / data->episodes;
    late += agreement(f, data, e, 40) / data->episodes;
  }
  print_message("contacts agree with the gait of their frame in %.3f, with that 40 frames later in %.3f\n", right,
                late);
  /* as with a single gait: touch-down and lift-off are each about one of 17 frames late */
  assert_true(right >= 0.8);
  assert_true(late < right - 0.1);
  df_dataset_free(data);
}

static void threads_do_not_change_bytes(void** state) {
  const fixture* f = *state;
  const df_config config = SETTINGS("data.gaits=pace,pronk", "data.seconds=3", "gait.hold=0.4,1", "gait.switch=0.7",
                                    "gait.start_noise=1", "gait.swing_height=0.06,0.12", "data.episodes=6");
  df_dataset *a = demonstrate(f, &config, 1), *b = demonstrate(f, &config, 3);
  const size_t frames = 12 * 151, actions = 12 * 150;
  assert_memory_equal(a->states, b->states, frames * NX * sizeof(double));
  assert_memory_equal(a->actions, b->actions, actions * NU * sizeof(double));
  assert_memory_equal(a->conditions, b->conditions, frames * 8 * sizeof(double));
  df_dataset_free(a);
  df_dataset_free(b);
}

/* ---- what is refused ---- */

static void refused(const fixture* f, const df_config* config, const char* word) {
  static df_dataset unset;
  df_dataset* data = &unset;
  assert_int_equal(df_gait_demonstrate(f->system, config, &(df_generator_env){.threads = 1}, &data), DF_E_CONFIG);
  assert_null(data);
  if (!strstr(df_error_message(), word)) fail_msg("no '%s' in: %s", word, df_error_message());
}

static void settings_that_fit_nothing_are_refused_by_name(void** state) {
  const fixture* f = *state;
  static const char* const cases[][3] = {{"gait.gains=narrow", "data.seconds=1", "gait.gains"},
                                         {"gait.frequency=3.5,2.5", "data.seconds=1", "gait.frequency"},
                                         {"gait.frequency=2,3,4", "data.seconds=1", "gait.frequency"},
                                         {"gait.swing_height=0.1,0.05", "data.seconds=1", "gait.swing_height"},
                                         {"gait.hold=1,2,3", "data.seconds=1", "gait.hold"},
                                         {"gait.switch=0.5", "data.seconds=1", "gait.switch"},
                                         {"gait.switch=0.5", "gait.hold=1", ""},
                                         {"gait.switch=0.5", "gait.hold=1", "gait.switch"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const bool one_gait = i == sizeof cases / sizeof *cases - 1;
    const df_config config =
        SETTINGS(one_gait ? "data.gaits=trot" : "data.gaits=trot,pace", cases[i][0], cases[i][1], "data.episodes=1");
    if (cases[i][2][0]) {
      refused(f, &config, cases[i][2]);
    } else {
      df_dataset_free(demonstrate(f, &config, 1));
    }
  }
}

static void a_robot_of_other_lengths_is_refused(void** state) {
  (void)state;
  static const char leg[] =
      "<body name='%s_h' pos='%g %g 0'><inertial mass='1' pos='0 0 0' diaginertia='1 1 1'/>"
      "<joint name='%s_hip_joint' axis='1 0 0'/><body pos='0 %g 0'><inertial mass='1' pos='0 0 0' diaginertia='1 1 1'/>"
      "<joint name='%s_thigh_joint' axis='0 1 0'/><body pos='0 0 -%g'><inertial mass='1' pos='0 0 0' "
      "diaginertia='1 1 1'/><joint name='%s_calf_joint' axis='0 1 0'/><geom name='%s' size='.02' pos='0 0 -.2'/>"
      "</body></body></body>";
  for (int other = 0; other < 2; other++) {
    char xml[8000], *at = xml;
    const char* end = xml + sizeof xml;
    at +=
        snprintf(at, (size_t)(end - at),
                 "<mujoco><worldbody><geom type='plane' size='1 1 1'/><body><freejoint/><inertial mass='5' pos='0 0 0' "
                 "diaginertia='1 1 1'/>");
    for (int i = 0; i < LEGS; i++) {
      const double x = (i < 2 ? 1 : -1) * 0.183, y = i % 2 ? 1 : -1;
      at += snprintf(at, (size_t)(end - at), leg, FOOT[i], x, y * 0.047, FOOT[i], y * 0.08505, FOOT[i],
                     other ? 0.21 : 0.2, FOOT[i], FOOT[i]);
    }
    at += snprintf(at, (size_t)(end - at), "</body></worldbody><actuator>");
    for (int i = 0; i < NU; i++) {
      at += snprintf(at, (size_t)(end - at), "<position joint='%s_%s_joint' kp='35'/>", FOOT[i / 3],
                     (const char* const[]){"hip", "thigh", "calf"}[i % 3]);
    }
    snprintf(at, (size_t)(end - at), "</actuator></mujoco>");
    df_system* system;
    df_mujoco_cfg cfg = df_mujoco_cfg_default();
    cfg.timestep = 0.004;
    cfg.substeps = 5;
    if (df_mujoco_system_from_xml(xml, "legs", &cfg, &system) != DF_OK) fail_msg("%s", df_error_message());
    const df_config config = SETTINGS("data.gaits=trot", "data.seconds=0.1", "data.episodes=1");
    const fixture f = {.system = system};
    if (other) refused(&f, &config, "its thigh is 0.21 m long");
    if (!other) df_dataset_free(demonstrate(&f, &config, 1));
    df_system_free(system);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(two_numbers_are_a_range_and_a_condition),
      cmocka_unit_test(robots_step_at_the_frequency_and_lift_their_feet_as_asked),
      cmocka_unit_test(start_noise_moves_tilt_joints_and_velocities_as_the_header_says),
      cmocka_unit_test(changes_come_when_and_as_they_are_drawn),
      cmocka_unit_test(contacts_follow_the_gait_of_their_frame),
      cmocka_unit_test(threads_do_not_change_bytes),
      cmocka_unit_test(settings_that_fit_nothing_are_refused_by_name),
      cmocka_unit_test(a_robot_of_other_lengths_is_refused),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
