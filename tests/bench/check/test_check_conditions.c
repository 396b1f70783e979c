/* Conditions that are commands of velocities, against bases that move on arcs with known velocities. */
#include <math.h>
#include <string.h>

#include "check_parts.h"
#include "found.h"
#include "small_recording.h"
#include "unit.h"

enum { CLIPS = 6, COMMANDS = 3 };

/* forward, sideward and yaw velocities of each episode in the heading frame */
static const double moves[CLIPS][COMMANDS] = {{0.5, 0.1, 0.3},  {-0.4, 0.2, -0.6}, {0.9, -0.3, 0.1},
                                              {0.2, -0.1, 0.8}, {-0.7, 0, -0.2},   {0.1, 0.3, -0.9}};
static const char* const usual[COMMANDS] = {"command.vx", "command.vy", "command.wz"};

/* the commands of a recording: those of episode to[e], times `factor`, called `name`, per episode or per frame */
typedef struct commands {
  int to[CLIPS];
  double factor[COMMANDS];
  const char* const* name;
  bool per_frame;
  double speed; /* of the base, as a share of that of the commands */
  bool object;  /* the base stands behind an object in the model */
} commands;

static const commands right = {{0, 1, 2, 3, 4, 5}, {1, 1, 1}, usual, false, 1, false};

static data_findings check(const commands* c) {
  static const double h[CLIPS] = {0.01, 0.01, 0.01, 0.01, 0.01, 0.01};
  data_findings out = {0};
  static const char with_object[] =
      "<mujoco><option timestep='.01'/><worldbody><geom type='plane' size='5 5 1'/>"
      "<body name='object'><freejoint name='object'/><geom size='.1'/></body>"
      "<body><freejoint name='base'/><geom size='.1' mass='2'/>"
      "<body><joint name='arm'/><geom size='.1'/></body></body></worldbody>"
      "<actuator><motor joint='arm'/></actuator></mujoco>";
  fixture f = fixture_new(c->object ? with_object : ball_xml, 1);
  df_dataset_free(f.d);
  assert_ok(df_dataset_new(&(df_dataset_shape){.episodes = CLIPS,
                                               .length = T,
                                               .nx = f.s->nx,
                                               .nc = COMMANDS,
                                               .condition_per_frame = c->per_frame,
                                               .dt = 0.01},
                           &f.d));
  for (int k = 0; k < COMMANDS; k++) assert_ok(df_dataset_name_condition(f.d, k, c->name[k]));
  for (int e = 0; e < CLIPS; e++) {
    const double v[] = {c->speed * moves[e][0], c->speed * moves[e][1]}, w = c->speed * moves[e][2];
    for (int t = 0; t <= T; t++) {
      /* the integral of the velocity in a frame that turns, from a heading of 2 rad on */
      const double a = 2 + w * 0.01 * t, s = (sin(a) - sin(2)) / w, k = (cos(2) - cos(a)) / w;
      const double x[7] = {v[0] * s - v[1] * k, v[0] * k + v[1] * s, 0.1, cos(a / 2), 0, 0, sin(a / 2)};
      double* state = frame_of(f.d, e, t);
      state[3] = 1; /* an object lies still */
      memcpy(state + (c->object ? 7 : 0), x, sizeof x);
      double* row = f.d->conditions + (c->per_frame ? f.d->first[e] + (size_t)t : (size_t)e) * COMMANDS;
      for (int i = 0; i < COMMANDS; i++) row[i] = c->factor[i] * moves[c->to[e]][i];
    }
  }
  trace_it(&f, h);
  assert_ok(check_conditions(&f.m, &out));
  fixture_free(&f);
  return out;
}

/* the sentences of what is wrong or warned of, one after the other */
static void expect(const commands* c, int wrong, int warned, const char* reason) {
  data_findings f = check(c);
  for (int i = 0; i < f.n && reason; i++) {
    if (f.list[i].verdict != CHECK_OK && !strstr(f.list[i].reason, reason)) fail_msg("%s", f.list[i].reason);
  }
  assert_int_equal(data_findings_count(&f, CHECK_WRONG), wrong);
  assert_int_equal(data_findings_count(&f, CHECK_WARN), warned);
  data_findings_clear(&f);
}

static void commands_that_are_followed_are_right(void** state) {
  (void)state;
  data_findings f = check(&right);
  assert_int_equal(f.n, 1);
  assert_true(f.list[0].verdict == CHECK_OK && f.list[0].value < 1e-3);
  data_findings_clear(&f);
  commands per_frame = right, poorly = right, fast = right;
  per_frame.per_frame = true;
  for (int i = 0; i < COMMANDS; i++) poorly.factor[i] = 1.6, fast.factor[i] = 0.5;
  expect(&per_frame, 0, 0, NULL);
  expect(&poorly, 0, 0, NULL);
  expect(&fast, 0, 0, NULL);
}

static void commands_of_other_episodes_are_wrong(void** state) {
  (void)state;
  static const commands orders[] = {{{5, 4, 3, 2, 1, 0}, {1, 1, 1}, usual, false, 1, false},
                                    {{5, 0, 1, 2, 3, 4}, {1, 1, 1}, usual, false, 1, false},
                                    {{1, 2, 3, 4, 5, 0}, {1, 1, 1}, usual, false, 1, false},
                                    {{3, 1, 5, 0, 2, 4}, {1, 1, 1}, usual, false, 1, false}};
  static const char* const words[] = {
      "the commands are in reverse order of the episodes: ", "the commands are of the episode after each: ",
      "the commands are of the episode before each: ", "the commands are in another order of the episodes: "};
  for (int i = 0; i < 4; i++) expect(&orders[i], 1, 0, words[i]);
}

static void signs_and_units_are_wrong(void** state) {
  (void)state;
  commands negated = right, kmh = right, degrees = right;
  for (int i = 0; i < COMMANDS; i++) negated.factor[i] = -1;
  kmh.factor[0] = 3.6;
  degrees.factor[2] = 180 / PI;
  degrees.per_frame = true;
  expect(&negated, 3, 0, "it is of the opposite sign");
  expect(&kmh, 1, 0, "the forward velocity of the base is 0.278 times the command: it is in another unit");
  expect(&degrees, 1, 0, "the yaw rate of the base is 0.0175 times the command: it is in another unit");
}

/* an object that stands before the robot in the model is not its base */
static void the_base_is_the_robots(void** state) {
  (void)state;
  commands beside = right, negated = right;
  beside.object = negated.object = true;
  for (int i = 0; i < COMMANDS; i++) negated.factor[i] = -1;
  data_findings f = check(&beside);
  assert_int_equal(f.n, 1);
  assert_true(f.list[0].verdict == CHECK_OK && f.list[0].value < 1e-3);
  data_findings_clear(&f);
  expect(&negated, 3, 0, "it is of the opposite sign");
}

/* a robot that stands follows no command, whatever the unit */
static void commands_of_a_robot_that_stands_are_a_warning(void** state) {
  (void)state;
  commands still = right, slow = right;
  still.speed = 1e-9;
  slow.speed = 0.02;
  expect(&still, 0, 3, "it is not followed");
  expect(&slow, 0, 3, "it is not followed");
  /* RMS over the episodes: 0.542, 0.2 and 0.570 of the commands, of which the robot does a fiftieth */
  static const char* const words[COMMANDS] = {
      "the forward velocity of the base is 0.011 m/s (RMS) where the command is 0.54: it is not followed",
      "the sideward velocity of the base is 0.004 m/s (RMS) where the command is 0.2: it is not followed",
      "the yaw rate of the base is 0.011 rad/s (RMS) where the command is 0.57: it is not followed"};
  data_findings f = check(&slow);
  for (int i = 0; i < COMMANDS; i++) {
    const data_finding* one = finding_at(&f, DATA_CHECK_CONDITIONS, usual[i]);
    double sum = 0;
    for (int e = 0; e < CLIPS; e++) sum += moves[e][i] * moves[e][i] / CLIPS;
    assert_non_null(one);
    assert_true(fabs(one->value - 0.02 * sqrt(sum)) < 1e-4 * one->value);
    assert_string_equal(one->reason, words[i]);
  }
  data_findings_clear(&f);
}

/* commands per frame of other episodes are in no order of them */
static void commands_that_nothing_follows_are_a_warning(void** state) {
  (void)state;
  const commands other = {{1, 2, 3, 4, 5, 0}, {1, 1, 1}, usual, true, 1, false};
  data_findings f = check(&other);
  assert_int_equal(data_findings_count(&f, CHECK_WRONG), 0);
  assert_true(data_findings_count(&f, CHECK_WARN) > 0);
  data_findings_clear(&f);
}

/* two times as fast is no row without the names of velocities */
static void other_conditions_are_not_compared(void** state) {
  (void)state;
  static const struct {
    const char* name[COMMANDS];
    int wrong;
  } cases[] = {{{"cmd_vel_x", "cmd_vel_y", "yaw_rate"}, 3},
               {{"lin_vel_x", "commands.lin.y", "ang_vel_yaw"}, 3},
               {{"VX", "Vy", "vyaw"}, 3},
               {{"observation.command.vx", "goal.y", "gait"}, 1},
               {{"position x", "mass", "gait.trot"}, 0},
               {{"vxy", "wzero", "yaw"}, 0}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    commands c = {{0, 1, 2, 3, 4, 5}, {-1, -1, -1}, cases[i].name, false, 1, false};
    expect(&c, cases[i].wrong, 0, NULL);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(commands_that_are_followed_are_right),
                                     cmocka_unit_test(commands_of_other_episodes_are_wrong),
                                     cmocka_unit_test(the_base_is_the_robots),
                                     cmocka_unit_test(commands_of_a_robot_that_stands_are_a_warning),
                                     cmocka_unit_test(signs_and_units_are_wrong),
                                     cmocka_unit_test(commands_that_nothing_follows_are_a_warning),
                                     cmocka_unit_test(other_conditions_are_not_compared)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
