/* Demonstrations of an arm that pushes a box to a goal. */
#include "dynaflow/gait/push.h"

#include <math.h>
#include <string.h>

#include "dynaflow/sim/mujoco.h"
#include "dynaflow/sim/rollout.h"
#include "near.h"
#include "unit.h"

enum { NX = 17, NU = 2, EPISODES = 200, LENGTH = 75 };

static const double PI = 3.14159265358979323846;

static df_system* arm(void) {
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  cfg.substeps = 4;
  df_system* system = NULL;
  assert_int_equal(df_mujoco_system_new("tasks/push_to_goal/push_to_goal.xml", &cfg, &system), DF_OK);
  return system;
}

static df_config settings(void) {
  df_config c = df_config_default();
  c.data_episodes = EPISODES;
  c.data_seconds = LENGTH * 0.04;
  return c;
}

static df_dataset* made(const df_system* system, const df_config* c, int threads, df_generation* report) {
  df_dataset* data = NULL;
  assert_int_equal(df_push_demonstrate(system, c, &(df_generator_env){.threads = threads, .report = report}, &data),
                   DF_OK);
  return data;
}

/* where two links of 0.35 m end, as the model has them */
static void end_of(const double q[2], double tip[2]) {
  tip[0] = 0.35 * cos(q[0]) + 0.35 * cos(q[0] + q[1]);
  tip[1] = 0.35 * sin(q[0]) + 0.35 * sin(q[0] + q[1]);
}

static void the_joints_bring_the_tip_to_its_place(void** state) {
  (void)state;
  double q[2], tip[2];
  for (double r = 0.05; r < 0.7; r += 0.031) {
    for (double angle = -3; angle < 3.1; angle += 0.37) {
      const double place[2] = {r * cos(angle), r * sin(angle)};
      df_push_joints(place, q);
      assert_true(q[1] >= 0 && q[1] <= PI);
      end_of(q, tip);
      assert_near(tip[0], place[0], 1e-12);
      assert_near(tip[1], place[1], 1e-12);
    }
  }
  /* out of reach: straight */
  df_push_joints((const double[]){-3, 4}, q);
  assert_near(q[0], atan2(4, -3), 1e-15);
  assert_near(q[1], 0, 0);
}

/* by hand, with the goal along x: the tip's velocity is its way to the target in 0.25 s */
static void the_target_leads_around_behind_and_towards_the_goal(void** state) {
  (void)state;
  static const double box[2] = {0.4, 0.1}, goal[2] = {0.6, 0.1}, near[2] = {0.43, 0.1}, here[2] = {0.405, 0.1};
  const struct {
    double x, y; /* of the tip from the box */
    const double* goal;
    int side;
    double vx, vy;
  } cases[] = {{-0.075, 0, goal, 1, 0.25, 0},         /* pushes */
               {-0.075, 0.01, goal, 1, 0.25, -0.06},  /* and returns to the line */
               {-0.075, -0.01, near, -1, 0.15, 0.06}, /* more slowly, near the goal: 0.03 of 0.05 m */
               {-0.075, 0, here, 1, -0.12, 0},        /* has arrived: 0.04 of 0.05 m too near */
               {0.115, 0, goal, 1, 0, 0.35},          /* in front: on the side that is said */
               {0.115, 0, goal, -1, 0, -0.35},
               {0, 0.115, goal, -1, -0.35, 0}, /* beside: the shorter way, whatever is said */
               {0, -0.115, goal, 1, -0.35, 0},
               {0, 0.125, goal, -1, -0.35, -0.175}, /* 0.01 of 0.02 m too far */
               {0, 0.2, goal, -1, -0.35, -0.35}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const double tip[2] = {box[0] + cases[i].x, box[1] + cases[i].y};
    double target[2];
    df_push_target(tip, box, cases[i].goal, cases[i].side, target);
    assert_near((target[0] - tip[0]) / 0.25, cases[i].vx, 1e-12);
    assert_near((target[1] - tip[1]) / 0.25, cases[i].vy, 1e-12);
  }
}

/* whether an angle lies uniformly within +- half: its mean, and that some of n are near both ends */
typedef struct spread {
  double sum, least, most;
} spread;

static void spread_add(spread* s, double value) {
  assert_true(fabs(value) <= 1 + 1e-9);
  s->sum += value;
  s->least = fmin(s->least, value);
  s->most = fmax(s->most, value);
}

/* the angle of the tip around the box, 0 behind it */
static double angle_of(const double tip[2], const double box[2], const double goal[2]) {
  const double to_goal = atan2(goal[1] - box[1], goal[0] - box[0]), to_tip = atan2(tip[1] - box[1], tip[0] - box[0]);
  return remainder(to_tip - to_goal - PI, 2 * PI);
}

static void every_box_ends_at_its_goal_from_starts_that_are_drawn(void** state) {
  (void)state;
  df_system* system = arm();
  const df_config c = settings();
  df_generation report;
  df_dataset* data = made(system, &c, 1, &report);
  enum { HEADING, PUSHES, TIPS, DIRECTIONS, BOXES, SECTOR, QUANTITIES };
  spread s[QUANTITIES] = {{0, 1, -1}, {0, 1, -1}, {0, 1, -1}, {0, 1, -1}, {0, 1, -1}, {0, 1, -1}};
  int in_front = 0, left = 0;
  assert_int_equal(data->nc, 2);
  assert_string_equal(data->condition_name[0], "goal.x");
  assert_string_equal(data->condition_name[1], "goal.y");
  for (int e = 0; e < EPISODES; e++) {
    const double *x = df_dataset_state(data, e, 0), *goal = df_dataset_condition(data, e, 0), *box = x + 2;
    const double *last = df_dataset_state(data, e, LENGTH), way = hypot(goal[0] - box[0], goal[1] - box[1]);
    double tip[2];
    end_of(x, tip);
    assert_true(hypot(last[2] - goal[0], last[3] - goal[1]) < 0.02);
    for (int i = 9; i < NX; i++) assert_true(x[i] == 0);
    /* the starts */
    spread_add(&s[PUSHES], (way - 0.13) / 0.03);
    spread_add(&s[TIPS], (hypot(tip[0] - box[0], tip[1] - box[1]) - 0.14) / 0.02);
    const double heading = 2 * atan2(x[8], x[5]), to_goal = atan2(goal[1] - box[1], goal[0] - box[0]);
    spread_add(&s[HEADING], remainder(heading - to_goal, 2 * PI) / 0.35);
    spread_add(&s[DIRECTIONS], to_goal);
    spread_add(&s[BOXES], (hypot(box[0], box[1]) - 0.41) / 0.03);
    spread_add(&s[SECTOR], atan2(box[1], box[0]) / 0.15);
    /* the side: counterclockwise around the box, the tip has its right side first, then is behind */
    if (fabs(angle_of(tip, box, goal)) <= PI - 1) continue;
    double turned = 0, before = angle_of(tip, box, goal);
    for (int t = 1; t <= 5; t++) {
      const double* now = df_dataset_state(data, e, t);
      end_of(now, tip);
      const double angle = angle_of(tip, now + 2, goal);
      turned += remainder(angle - before, 2 * PI);
      before = angle;
    }
    in_front++;
    left += turned > 0;
  }
  /* 200 of a standard deviation of 1/sqrt(3) */
  for (int i = 0; i < QUANTITIES; i++) {
    assert_true(fabs(s[i].sum) < 4 * sqrt(EPISODES / 3.0));
    assert_true(s[i].least < -0.9 && s[i].most > 0.9);
  }
  /* a fair coin, and a share of about 2 of 2 pi in front */
  assert_true(fabs(left - in_front / 2.0) < 2 * sqrt(in_front));
  assert_true(in_front > EPISODES / 5 && in_front < EPISODES / 2);
  assert_int_equal(report.n, 3);
  assert_string_equal(report.kind[0].name, "shorter way");
  assert_string_equal(report.kind[1].name, "left");
  assert_string_equal(report.kind[2].name, "right");
  assert_int_equal(report.kind[0].tried - report.kind[0].rejected, EPISODES - in_front);
  assert_int_equal(report.kind[1].tried - report.kind[1].rejected, left);
  /* at least 95 of 100 attempts succeed */
  int tried = 0, rejected = 0;
  for (int i = 0; i < 3; i++) tried += report.kind[i].tried, rejected += report.kind[i].rejected;
  assert_int_equal(tried - rejected, EPISODES);
  assert_true(rejected <= 0.05 * tried);
  df_dataset_free(data);
  df_system_free(system);
}

/* the actions are those of the demonstrator in the recorded states; some states follow bit for bit from them */
static void the_actions_are_those_of_the_demonstrator_and_reproduce_the_states(void** state) {
  (void)state;
  df_system* system = arm();
  df_config c = settings();
  c.data_episodes = 40;
  df_dataset *data = made(system, &c, 1, NULL), *again = made(system, &c, 3, NULL);
  const size_t bytes = (size_t)c.data_episodes * (LENGTH + 1) * NX * sizeof(double);
  assert_memory_equal(data->states, again->states, bytes);
  df_sim* sim;
  static double x[(LENGTH + 1) * NX];
  assert_int_equal(df_sim_new(system, 0, &sim), DF_OK);
  for (int e = 0; e < c.data_episodes; e++) {
    const double* goal = df_dataset_condition(data, e, 0);
    for (int t = 0; t < LENGTH; t++) {
      const double *now = df_dataset_state(data, e, t), *u = df_dataset_action(data, e, t);
      double tip[2], left[2], right[2], a[2], b[2];
      end_of(now, tip);
      df_push_target(tip, now + 2, goal, 1, left);
      df_push_target(tip, now + 2, goal, -1, right);
      df_push_joints(left, a);
      df_push_joints(right, b);
      for (int i = 0; i < NU; i++) a[i] = fmin(fmax(a[i], system->u_lo[i]), system->u_hi[i]);
      for (int i = 0; i < NU; i++) b[i] = fmin(fmax(b[i], system->u_lo[i]), system->u_hi[i]);
      assert_true(hypot(u[0] - a[0], u[1] - a[1]) < 1e-12 || hypot(u[0] - b[0], u[1] - b[1]) < 1e-12);
    }
    assert_int_equal(
        df_trajectory_run(system, sim, LENGTH, df_dataset_state(data, e, 0), df_dataset_action(data, e, 0), x),
        DF_TRAJ_COMPLETE);
    assert_memory_equal(x, df_dataset_state(data, e, 0), sizeof x);
  }
  df_sim_free(system, sim);
  c.data_seed++;
  df_dataset* other = made(system, &c, 1, NULL);
  assert_true(memcmp(data->states, other->states, bytes) != 0);
  df_dataset_free(data);
  df_dataset_free(again);
  df_dataset_free(other);
  df_system_free(system);
}

/* too short for most: the rest is rejected and counted */
static void boxes_that_do_not_arrive_are_rejected(void** state) {
  (void)state;
  df_system* system = arm();
  df_config c = settings();
  c.data_episodes = 20;
  c.data_seconds = 1;
  df_generation report;
  df_dataset* data = made(system, &c, 1, &report);
  int tried = 0, rejected = 0;
  for (int i = 0; i < report.n; i++) tried += report.kind[i].tried, rejected += report.kind[i].rejected;
  assert_int_equal(tried - rejected, 20);
  assert_true(rejected > 5);
  for (int e = 0; e < 20; e++) {
    const double *last = df_dataset_state(data, e, 25), *goal = df_dataset_condition(data, e, 0);
    assert_true(hypot(last[2] - goal[0], last[3] - goal[1]) < 0.02);
  }
  df_dataset_free(data);
  df_system_free(system);
}

static bool never(void* context, int done, int wanted) {
  (void)context, (void)done, (void)wanted;
  return false;
}

static void what_cannot_be_demonstrated_is_refused(void** state) {
  (void)state;
  static const char* const other =
      "<mujoco><worldbody><body><joint name='shoulder'/><geom size='.1'/><body><joint name='wrist'/><geom size='.1'/>"
      "</body></body><body><freejoint name='box'/><geom size='.1'/></body></worldbody><actuator><motor "
      "joint='shoulder'/>"
      "<motor joint='wrist'/></actuator></mujoco>";
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  df_system *system = arm(), *wrong = NULL;
  df_config c = settings();
  df_dataset* data;
  assert_int_equal(df_mujoco_system_from_xml(other, "other.xml", &cfg, &wrong), DF_OK);
  assert_int_equal(df_push_demonstrate(wrong, &c, &(df_generator_env){.threads = 1}, &data), DF_E_CONFIG);
  assert_non_null(strstr(df_error_message(), "shoulder and elbow"));
  assert_null(data);
  assert_int_equal(df_push_demonstrate(system, &c, &(df_generator_env){.threads = 1, .progress = never}, &data),
                   DF_E_INTERRUPTED);
  assert_null(data);
  c.data_episodes = 2;
  c.data_seconds = 0.2; /* no box gets so far */
  assert_int_equal(df_push_demonstrate(system, &c, &(df_generator_env){.threads = 1}, &data), DF_E_CONFIG);
  assert_non_null(
      strstr(df_error_message(), "100 of 100 attempts did not bring the box to its goal (data.seconds = 0.2)"));
  c.data_seconds = 0.001;
  assert_int_equal(df_push_demonstrate(system, &c, &(df_generator_env){.threads = 1}, &data), DF_E_CONFIG);
  df_system_free(wrong);
  df_system_free(system);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_joints_bring_the_tip_to_its_place),
      cmocka_unit_test(the_target_leads_around_behind_and_towards_the_goal),
      cmocka_unit_test(every_box_ends_at_its_goal_from_starts_that_are_drawn),
      cmocka_unit_test(the_actions_are_those_of_the_demonstrator_and_reproduce_the_states),
      cmocka_unit_test(boxes_that_do_not_arrive_are_rejected),
      cmocka_unit_test(what_cannot_be_demonstrated_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
