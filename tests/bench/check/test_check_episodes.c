/* Single episodes are judged by check and column: several joints or groups of velocities that fail one check in
 * different episodes, whatever the order of the episodes. */
#include <math.h>
#include <string.h>

#include "check_parts.h"
#include "found.h"
#include "small_recording.h"
#include "unit.h"

enum { CLIPS = 5, PERIOD = 20, CYCLES = T / PERIOD };
static const double same_h[CLIPS] = {0.01, 0.01, 0.01, 0.01, 0.01};
static const check_cfg cfg = {.frames_max = 100000, .poses_max = 200};

/* ---- limits of two joints ---- */

static const char two_xml[] =
    "<mujoco><option timestep='.01'/><compiler angle='radian'/><worldbody><body><joint name='a' axis='0 1 0' "
    "range='-2 1' limited='true'/><geom size='.1' mass='2'/><body><joint name='b' axis='0 1 0' range='-2 1' "
    "limited='true'/><geom size='.1' mass='1'/></body></body></worldbody></mujoco>";

/* of the first `big` cycles of each episode, the amplitude is `most`, else 0.9: the limit is 1, and 0.06 beyond it is 2
 * % of the width */
typedef struct limits {
  int big[2][CLIPS];
  int order[CLIPS]; /* the episodes in their order */
  double most;      /* the amplitude of the big cycles */
} limits;

static double amplitude(const limits* l, int big, int t) {
  return t / PERIOD < big ? l->most : 0.9;
}

static double angle(const limits* l, int big, int t) {
  return amplitude(l, big, t) * sin(2 * PI * t / PERIOD);
}

static data_findings limits_of(const limits* l) {
  fixture f = fixture_new(two_xml, CLIPS);
  data_findings out = {0};
  for (int e = 0; e < CLIPS; e++) {
    for (int t = 0; t <= T; t++) {
      double* x = frame_of(f.d, e, t);
      for (int j = 0; j < 2; j++) {
        const int big = l->big[j][l->order[e]];
        x[j] = angle(l, big, t);
        x[2 + j] = amplitude(l, big, t) * 2 * PI / (0.01 * PERIOD) * cos(2 * PI * t / PERIOD);
      }
    }
  }
  trace_it(&f, same_h);
  check_joint_limits(&f.m, &out);
  assert_ok(check_episodes(&f.m, &cfg, &out));
  fixture_free(&f);
  return out;
}

/* the share by counting, of one episode or, -1, of all */
static double counted(const limits* l, int joint, int episode) {
  int n = 0, all = 0;
  for (int e = 0; e < CLIPS; e++) {
    if (episode >= 0 && e != episode) continue;
    for (int t = 0; t < T; t++, all++) n += fabs(angle(l, l->big[joint][e], t) + 0.5) > 1.5 + 0.02 * 3;
  }
  return (double)n / all;
}

/* Each joint is clear in another episode, and the others are about as far beyond. */
static void a_row_of_all_has_the_share_of_all(void** state) {
  (void)state;
  static const limits in_order = {{{9, 5, 10, 5, 4}, {5, 5, 4, 9, 5}}, {0, 1, 2, 3, 4}, 1.9},
                      another = {{{9, 5, 10, 5, 4}, {5, 5, 4, 9, 5}}, {1, 3, 0, 2, 4}, 1.9};
  static const char* const names[] = {"a", "b"};
  static const char* const says[2][2] = {
      {"; in episodes 0, 2 (2 of 5) it is up to 35 %", "; in episode 3 (1 of 5) it is up to 31.5 %"},
      {"; in episodes 2-3 (2 of 5) it is up to 35 %", "; in episode 1 (1 of 5) it is up to 31.5 %"}};
  assert_true(fabs(counted(&in_order, 0, 0) - 0.315) < 1e-9);
  for (int order = 0; order < 2; order++) {
    data_findings f = limits_of(order ? &another : &in_order);
    assert_int_equal(f.n, 2);
    for (int j = 0; j < 2; j++) {
      const data_finding* one = finding_at(&f, DATA_CHECK_JOINT_LIMIT, names[j]);
      assert_non_null(one);
      assert_true(fabs(one->value - counted(&in_order, j, -1)) < 1e-12);
      assert_int_equal(one->verdict, CHECK_WARN);
      if (!strstr(one->reason, says[order][j])) fail_msg("%s", one->reason);
    }
    expect_limits_decide(&f);
    data_findings_clear(&f);
  }
}

/* One joint is clear in an episode but about as far beyond in the others; the other joint is beyond in one alone. */
static void a_joint_of_one_episode_is_not_hidden_by_another_joint(void** state) {
  (void)state;
  static const limits l = {{{9, 5, 5, 5, 4}, {0, 0, 9, 0, 0}}, {0, 1, 2, 3, 4}, 1.9};
  data_findings f = limits_of(&l);
  const data_finding *a = finding_at(&f, DATA_CHECK_JOINT_LIMIT, "a"),
                     *one = finding_at(&f, DATA_CHECK_MIXTURE, "joint limit");
  assert_non_null(a);
  assert_true(fabs(a->value - counted(&l, 0, -1)) < 1e-12);
  assert_non_null(one);
  assert_true(one->value == 1);
  if (!strstr(one->reason, "episode 2 (1 of 5) fails this check, and the others pass it; in episode 2, b: 31.5 %"))
    fail_msg("%s", one->reason);
  data_findings_clear(&f);
}

/* Joint a is beyond in the fourth episode alone, and b in the second one: the rows are in the order of the model. */
static void rows_are_in_the_order_of_the_model(void** state) {
  (void)state;
  static const limits l = {{{0, 0, 0, 9, 0}, {0, 9, 0, 0, 0}}, {0, 1, 2, 3, 4}, 1.9},
                      same = {{{0, 9, 0, 0, 0}, {0, 9, 0, 0, 0}}, {0, 1, 2, 3, 4}, 1.9};
  static const char* const says[] = {"in episode 3, a: 31.5 %", "in episode 1, b: 31.5 %"};
  data_findings f = limits_of(&l);
  int rows = 0;
  for (int i = 0; i < f.n; i++) {
    if (f.list[i].check != DATA_CHECK_MIXTURE) continue;
    assert_true(rows < 2);
    if (!strstr(f.list[i].reason, says[rows++])) fail_msg("%s", f.list[i].reason);
  }
  assert_int_equal(rows, 2);
  data_findings_clear(&f);
  f = limits_of(&same);
  const data_finding* one = finding_at(&f, DATA_CHECK_MIXTURE, "joint limit");
  assert_non_null(one);
  assert_non_null(strstr(one->reason, "in episode 1, a: 31.5 %"));
  assert_non_null(strstr(one->reason, "; they fail it also in b"));
  data_findings_clear(&f);
}

/* A joint that is far beyond in two of five episodes, 28 % of all frames or more, is wrong in all together, and they
 * are named; where it is most episodes, the row of all says it. */
static void a_limit_that_fewer_than_half_fail_names_them(void** state) {
  (void)state;
  static const limits two = {{{0, 10, 0, 10, 0}, {0}}, {0, 1, 2, 3, 4}, 5},
                      three = {{{0, 10, 10, 10, 0}, {0}}, {0, 1, 2, 3, 4}, 5};
  for (int k = 0; k < 2; k++) {
    const limits* l = k ? &three : &two;
    data_findings f = limits_of(l);
    const data_finding *all = finding_at(&f, DATA_CHECK_JOINT_LIMIT, "a"),
                       *some = finding_at(&f, DATA_CHECK_MIXTURE, "joint limit");
    assert_non_null(all);
    assert_int_equal(all->verdict, CHECK_WRONG);
    assert_true(all->value > 0.28 && fabs(all->value - counted(l, 0, -1)) < 1e-12);
    assert_int_equal(some != NULL, k == 0);
    if (some) assert_non_null(strstr(some->reason, "episodes 1, 3 (2 of 5) fail this check, and the others pass it"));
    data_findings_clear(&f);
  }
}

/* ---- velocities of two groups ---- */

static const char wheel_xml[] =
    "<mujoco><option timestep='.01' gravity='0 0 0'/><worldbody><body name='base'><freejoint name='root'/>"
    "<geom size='.1' mass='2'/><body><joint name='wheel' axis='0 1 0'/><geom size='.1' mass='1'/></body></body>"
    "</worldbody></mujoco>";

/* factors of the changes of the base's position, of the recorded velocity of the wheel, and of its angle, of each clip
 */
typedef struct factors {
  double base[CLIPS], wheel[CLIPS], angle[CLIPS]; /* an angle of 0: 1 */
} factors;

static data_findings wheels_of(const factors* by) {
  fixture f = fixture_new(wheel_xml, CLIPS);
  data_findings out = {0};
  for (int e = 0; e < CLIPS; e++) {
    for (int t = 0; t <= T; t++) {
      double* x = frame_of(f.d, e, t);
      const double s = 0.01 * t + 0.3 * e;
      x[0] = by->base[e] * (0.8 * sin(2 * s) + 0.4 * s);
      x[1] = by->base[e] * 0.5 * cos(3 * s);
      x[3] = 1;
      x[7] = (by->angle[e] > 0 ? by->angle[e] : 1) * 0.7 * sin(5 * s);
      x[8] = 1.6 * cos(2 * s) + 0.4;
      x[9] = -1.5 * sin(3 * s);
      x[14] = by->wheel[e] * 3.5 * cos(5 * s);
    }
  }
  trace_it(&f, same_h);
  assert_ok(check_velocities(&f.m, &out));
  assert_ok(check_episodes(&f.m, &cfg, &out));
  fixture_free(&f);
  return out;
}

/* the row `mixture` of a check that says so; there are `n` of it */
static void expect_mixture(const data_findings* f, const char* check, int n, const char* says) {
  int rows = 0, said = 0;
  for (int i = 0; i < f->n; i++) {
    const data_finding* one = &f->list[i];
    if (one->check != DATA_CHECK_MIXTURE || strcmp(one->column, check) != 0) continue;
    rows++;
    said += strstr(one->reason, says) != NULL;
  }
  if (rows != n || said != 1) fail_msg("%d rows of %s, %d say '%s'", rows, check, said, says);
}

static void a_factor_of_the_base_hides_no_wheel(void** state) {
  (void)state;
  static const struct {
    double wheel;
    const char *check, *says;
  } cases[] = {{2, "velocity scale", "in episode 2, hinge joints: the positions change 0.5 times as fast"},
               {0, "velocity zero", "in episode 2, hinge joints: "},
               {-1, "velocity", "in episode 2, hinge joints: the velocities do not follow"}};
  for (int i = 0; i < 3; i++) {
    const factors by = {{1.15, 1.15, 1.15, 1.15, 1.15}, {1, 1, cases[i].wheel, 1, 1}, {0}};
    data_findings f = wheels_of(&by);
    const data_finding* base = finding_at(&f, DATA_CHECK_VELOCITY_SCALE, "base position");
    assert_non_null(base);
    assert_int_equal(base->verdict, CHECK_WRONG);
    assert_true(fabs(base->value - 1.15) < 1e-3);
    expect_mixture(&f, cases[i].check, 1, cases[i].says);
    expect_mixture(&f, cases[i].check, 1, "episode 2 (1 of 5) fails this check");
    data_findings_clear(&f);
  }
}

static void groups_of_other_episodes_are_rows_of_their_own(void** state) {
  (void)state;
  static const factors apart = {{1, 1.5, 1, 1, 1}, {1, 1, 1, 2, 1}, {0}},
                       together = {{1, 1.5, 1, 1, 1}, {1, 2, 1, 1, 1}, {0}};
  data_findings f = wheels_of(&apart);
  expect_mixture(&f, "velocity scale", 2, "in episode 1, base position: ");
  expect_mixture(&f, "velocity scale", 2, "in episode 3, hinge joints: ");
  data_findings_clear(&f);
  f = wheels_of(&together);
  expect_mixture(&f, "velocity scale", 1, "; they fail it also in hinge joints");
  data_findings_clear(&f);
}

/* Episode 1 has degrees, which a setting converts, and episode 3, which is further off, velocities that are 200 times
 * too small: what would fit is of the one that the row describes. */
static void what_would_fit_is_of_the_worst_episode(void** state) {
  (void)state;
  static const factors degrees = {{1, 1, 1, 1, 1}, {1, 1, 1, 1, 1}, {1, 57.3, 1, 1, 1}},
                       both = {{1, 1, 1, 1, 1}, {1, 1, 1, 1. / 200, 1}, {1, 57.3, 1, 1, 1}};
  data_findings f = wheels_of(&degrees);
  const data_finding* one = finding_at(&f, DATA_CHECK_MIXTURE, "velocity scale");
  assert_non_null(one);
  assert_string_equal(would_fit(one), "data.angles = deg, data.velocities = differences");
  data_findings_clear(&f);
  f = wheels_of(&both);
  one = finding_at(&f, DATA_CHECK_MIXTURE, "velocity scale");
  assert_non_null(one);
  assert_non_null(
      strstr(one->reason, "episodes 1, 3 (2 of 5) fail this check, and the others pass it; in episode 3, "));
  assert_string_equal(would_fit(one), "data.velocities = differences");
  data_findings_clear(&f);
}

/* ---- a heading that drifts ---- */

/* The heading of a ball turns by 0.15 rad/s more than the velocities say, in all clips or in the last one alone. There,
 * it turns by a steady 0.3 rad/s, so that by itself it has a factor of 1.5. Noise of 0.5 rad/s in the first one hides
 * the drift there: not every clip has something wrong by itself. */
static data_findings headings_of(bool all) {
  fixture f = fixture_new(ball_xml, CLIPS);
  data_findings out = {0};
  for (int e = 0; e < CLIPS; e++) {
    const bool steady = e == CLIPS - 1;
    double noise[T + 1];
    df_rng_normal(19, DF_STREAM_TEST, (uint64_t)e, T + 1, noise);
    for (int t = 0; t <= T; t++) {
      double* x = frame_of(f.d, e, t);
      const double s = 0.01 * t, way = steady ? 0.3 * s : 0.4 * sin(2.5 * s + e);
      const double heading = way + (all || steady ? 0.15 * s : 0);
      x[0] = 0.2 * sin(3 * s);
      x[2] = 1;
      x[3] = cos(heading / 2);
      x[6] = sin(heading / 2);
      x[7] = 0.6 * cos(3 * s);
      x[12] = (steady ? 0.3 : cos(2.5 * s + e)) + (e == 0 ? 0.5 * noise[t] : 0);
    }
  }
  trace_it(&f, same_h);
  assert_ok(check_velocities(&f.m, &out));
  assert_ok(check_episodes(&f.m, &cfg, &out));
  fixture_free(&f);
  return out;
}

static void a_drift_of_all_is_no_factor_of_one(void** state) {
  (void)state;
  data_findings f = headings_of(true);
  const data_finding* one = finding_at(&f, DATA_CHECK_VELOCITY_OFFSET, "base heading");
  assert_non_null(one);
  assert_true(fabs(one->value - 0.15) < 0.03); /* four standard errors of the noise, 0.5 sqrt(T) / (5 T) rad/s */
  assert_null(finding_at(&f, DATA_CHECK_MIXTURE, "velocity scale"));
  data_findings_clear(&f);
  f = headings_of(false);
  assert_null(finding_at(&f, DATA_CHECK_VELOCITY_OFFSET, "base heading"));
  expect_mixture(&f, "velocity scale", 1, "in episode 4, base rotation: the positions change 1.5 times as fast");
  data_findings_clear(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(a_row_of_all_has_the_share_of_all),
                                     cmocka_unit_test(a_joint_of_one_episode_is_not_hidden_by_another_joint),
                                     cmocka_unit_test(rows_are_in_the_order_of_the_model),
                                     cmocka_unit_test(a_limit_that_fewer_than_half_fail_names_them),
                                     cmocka_unit_test(what_would_fit_is_of_the_worst_episode),
                                     cmocka_unit_test(a_drift_of_all_is_no_factor_of_one),
                                     cmocka_unit_test(a_factor_of_the_base_hides_no_wheel),
                                     cmocka_unit_test(groups_of_other_episodes_are_rows_of_their_own)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
