/* The checks of frames, poses, velocities and forces, on small recordings, against closed forms. */
#include "check_parts.h"

#include <math.h>

#include "found.h"
#include "free_bodies.h"
#include "misfit.h"
#include "near.h"
#include "small_recording.h"
#include "unit.h"

/* the finding of a check, of a column or, NULL, of any; NULL: there is none */
static const data_finding* find(const data_findings* found, const char* check, const char* column) {
  for (int i = 0; i < found->n; i++) {
    const data_finding* one = &found->list[i];
    if (strcmp(data_check_name(one->check), check) == 0 && (!column || strcmp(one->column, column) == 0)) return one;
  }
  return NULL;
}

static const data_finding* finding_of(const data_findings* found, const char* check) {
  const data_finding* one = find(found, check, NULL);
  if (!one) fail_msg("no finding '%s'", check);
  return one;
}

static void expect(const data_findings* found, const char* check, check_verdict verdict, double value,
                   const char* reason) {
  const data_finding* one = finding_of(found, check);
  assert_string_equal(one->reason, reason);
  assert_int_equal(one->verdict, verdict);
  assert_true(fabs(one->value - value) < 1e-9);
}

/* ---- frames ---- */

/* both joints move by their steps per frame; one episode jumps by `jump` after frame 50 */
static fixture moving(int episodes, const double (*step)[2], const double jump[2]) {
  static const double h[2] = {0.01, 0.01};
  fixture f = fixture_new(slide_xml, episodes);
  for (int e = 0; e < episodes; e++) {
    for (int t = 0; t <= T; t++) {
      double* x = frame_of(f.d, e, t);
      for (int i = 0; i < 2; i++) x[i] = step[e][i] * t + (e == 0 && t > 50 ? jump[i] : 0);
    }
  }
  trace_it(&f, h);
  return f;
}

/* the slide moves less than the hinge in the episode that jumps, and more in the other one */
static void the_dof_that_jumps_is_compared_with_its_own_episode(void** state) {
  (void)state;
  static const double step[2][2] = {{0.001, 0.002}, {0.05, 0.002}}, jump[2] = {0.5, 0.5};
  fixture f = moving(2, step, jump);
  data_findings found = {0};
  check_frames(&f.m, &found);
  expect(&found, "jump", CHECK_WRONG, 1,
         "positions jump, first of a by 0.501 in episode 0 between frames 50 and 51: two episodes are joined "
         "(data.ends_key says where they end), or frames are missing");
  data_findings_clear(&found);
  fixture_free(&f);
}

static void an_angle_is_wrapped_up_or_down(void** state) {
  (void)state;
  static const double step[1][2] = {{0.01, 0.02}};
  static const struct {
    double jump[2];
    const char* reason;
  } cases[] = {{{0, 2 * 3.14159265358979323846},
                "first of b by 6.3 in episode 0 between frames 50 and 51: the angle is wrapped"},
               {{0, -2 * 3.14159265358979323846},
                "first of b by -6.26 in episode 0 between frames 50 and 51: the angle is wrapped"},
               {{0, 4}, "first of b by 4.02 in episode 0 between frames 50 and 51: two episodes are joined"},
               {{2 * 3.14159265358979323846, 0},
                "first of a by 6.29 in episode 0 between frames 50 and 51: two episodes are joined"}};
  for (int i = 0; i < 4; i++) {
    fixture f = moving(1, step, cases[i].jump);
    data_findings found = {0};
    check_frames(&f.m, &found);
    assert_non_null(strstr(finding_of(&found, "jump")->reason, cases[i].reason));
    data_findings_clear(&found);
    fixture_free(&f);
  }
}

/* the velocity of a dof in a single frame */
typedef struct wrong {
  int episode, frame, dof;
  double v;
} wrong;

/* both joints move steadily; velocities of single frames are wrong */
static fixture steady(int n, const wrong* other) {
  static const double h[3] = {0.01, 0.01, 0.01};
  fixture f = fixture_new(slide_xml, 3);
  for (int e = 0; e < 3; e++) {
    for (int t = 0; t <= T; t++) {
      const double x[4] = {0.001 * t, 0.002 * t, 0.1, 0.2};
      memcpy(frame_of(f.d, e, t), x, sizeof x);
    }
  }
  for (int i = 0; i < n; i++) frame_of(f.d, other[i].episode, other[i].frame)[2 + other[i].dof] = other[i].v;
  trace_it(&f, h);
  return f;
}

/* the changes of the slide are 0.1 m/s, those of the hinge 0.2 rad/s; the limits are 100 times these */
static void a_velocity_of_a_single_frame_is_named(void** state) {
  (void)state;
  static const wrong other[] = {{1, 60, 1, -1e6}, {1, 61, 1, 21}, {2, 0, 0, 10.5}, {0, T, 0, 9.5}};
  fixture f = steady(4, other);
  data_findings found = {0};
  check_frames(&f.m, &found);
  expect(&found, "velocity spike", CHECK_WRONG, 1e6,
         "-1e+06 in episode 1, frame 60 is more than 100 times the velocities and the changes of the positions around "
         "it, as are 2 more velocities: correct the file, or leave episodes 1-2 out (data.select)");
  assert_string_equal(finding_of(&found, "velocity spike")->column, "velocity of b");
  assert_true(fabs(finding_of(&found, "velocity spike")->limit - 20) < 1e-9);
  data_findings_clear(&found);
  fixture_free(&f);
}

/* without the pairs beside it, all that is compared is exact */
static void other_checks_leave_it_out(void** state) {
  (void)state;
  fixture f = steady(1, &(wrong){1, 60, 1, -1e6});
  const trace_fit fit = trace_fit_group(&f.m, GROUP_HINGES);
  assert_true(trace_error(&fit, NULL) < 1e-6);
  assert_int_equal(fit.n, 3 * (T - 2) - 4);
  fixture_free(&f);
}

static void coordinates_that_never_change_are_named(void** state) {
  (void)state;
  static const struct {
    double step[1][2];
    check_verdict verdict;
    const char* reason;
  } cases[] = {{{{0.001, 0.002}}, CHECK_OK, ""},
               {{{0, 0.002}}, CHECK_WARN, "positions never change: a"},
               {{{0, 0}}, CHECK_WRONG, "positions never change: a, b"}};
  for (int i = 0; i < 3; i++) {
    fixture f = moving(1, cases[i].step, (const double[2]){0, 0});
    data_findings found = {0};
    check_frames(&f.m, &found);
    expect(&found, "constant", cases[i].verdict, i, cases[i].reason);
    data_findings_clear(&found);
    fixture_free(&f);
  }
}

/* a turn about z through half a turn: w changes its sign, q does not; then q does */
static void the_sign_of_a_quaternion_is_that_of_all_four_numbers(void** state) {
  (void)state;
  for (int flips = 0; flips < 3; flips++) {
    fixture f = fixture_new(ball_xml, 1);
    for (int t = 0; t <= T; t++) {
      double* x = frame_of(f.d, 0, t);
      const double angle = 2 * PI * (t + 0.5) / T, sign = (flips > 0 && t > 30) != (flips > 1 && t > 40) ? -1 : 1;
      x[3] = sign * cos(angle / 2);
      x[6] = sign * sin(angle / 2);
    }
    trace_it(&f, &f.s->dt);
    data_findings found = {0};
    check_frames(&f.m, &found);
    expect(&found, "quaternion sign", CHECK_OK, flips,
           flips ? "q and -q are the same orientation: training is not affected" : "");
    data_findings_clear(&found);
    fixture_free(&f);
  }
}

/* the quaternion that the conversion found furthest from norm 1 */
static void norms_that_were_not_1_are_named(void** state) {
  (void)state;
  for (size_t n = 0; n < 3; n++) {
    fixture f = fixture_new(ball_xml, 1);
    for (int t = 0; t <= T; t++) frame_of(f.d, 0, t)[3] = 1;
    f.d->norms = (df_quaternion_norms){.n = n, .episode = 4, .frame = 17, .joint = 0, .norm = 0.8125};
    trace_it(&f, &f.s->dt);
    data_findings found = {0};
    check_frames(&f.m, &found);
    int rows = 0;
    for (int i = 0; i < found.n; i++) {
      const data_finding* one = &found.list[i];
      if (one->check != DATA_CHECK_QUATERNION_NORM) continue;
      rows++;
      assert_int_equal(one->verdict, CHECK_WARN);
      assert_true(one->value == 0.1875 && one->limit == 0.05);
      assert_string_equal(one->column, f.m.joints[0].name);
      assert_non_null(
          strstr(one->reason, n == 1 ? "1 quaternion with a norm other than 1 is normalised" : "2 quaternions"));
      assert_non_null(strstr(one->reason, "norm 0.812, in episode 4, frame 17 of the recording"));
    }
    assert_int_equal(rows, n > 0);
    data_findings_clear(&found);
    fixture_free(&f);
  }
}

static void limits_are_counted(void** state) {
  (void)state;
  fixture f = fixture_new(slide_xml, 1);
  for (int t = 0; t <= T; t++) frame_of(f.d, 0, t)[0] = t < 50 ? 1.05 : t < 120 ? -1.03 : 0.9;
  trace_it(&f, &f.s->dt);
  /* 2 % of a width of 2 is 0.04 */
  assert_true(fabs(check_limit_share(&f.m) - 50. / T) < 1e-12);
  fixture_free(&f);
}

/* the first frames of 200 are beyond one end of a range of width 2 */
static void limits_are_judged_by_share_and_excess(void** state) {
  (void)state;
  static const struct {
    int frames;
    double at;
    check_verdict verdict;
    const char *column, *reason;
  } cases[] = {
      {8, -1.6, CHECK_OK, "", ""},
      {20, 1.6, CHECK_WARN, "a", "10 % of the frames are beyond the range [-1, 1], by up to 0.3 of its width"},
      {60, 1.4, CHECK_WARN, "a", "30 % of the frames are beyond the range [-1, 1], by up to 0.2 of its width"},
      {60, -1.6, CHECK_WRONG, "a", "30 % of the frames are beyond the range [-1, 1], by up to 0.3 of its width"},
      {60, -1.03, CHECK_OK, "", ""}};
  for (int i = 0; i < 5; i++) {
    fixture f = fixture_new(slide_xml, 1);
    for (int t = 0; t < cases[i].frames; t++) frame_of(f.d, 0, t)[0] = cases[i].at;
    trace_it(&f, &f.s->dt);
    data_findings found = {0};
    check_frames(&f.m, &found);
    expect(&found, "joint limit", cases[i].verdict, i < 4 ? cases[i].frames / 200. : 0, cases[i].reason);
    assert_string_equal(finding_of(&found, "joint limit")->column, cases[i].column);
    data_findings_clear(&found);
    fixture_free(&f);
  }
}

/* the compiler takes the range of 1.05 rad for degrees; positions of 1 rad are within it, and of 1.2 rad not; those of
 * 0.08 rad are beyond the range by 1.7 widths, which another joint would also be */
static void radians_that_are_read_as_degrees_are_named(void** state) {
  (void)state;
  static const char hinge_xml[] =
      "<mujoco><worldbody><body><joint name='a' axis='0 1 0' limited='true' range='-1.05 1.05'/><geom "
      "size='.1'/></body>"
      "</worldbody></mujoco>";
  static const double largest[] = {1, 1.2, 0.08};
  for (int i = 0; i < 3; i++) {
    fixture f = fixture_new(hinge_xml, 1);
    for (int t = 0; t <= T; t++) frame_of(f.d, 0, t)[0] = largest[i] * sin(0.1 * t);
    trace_it(&f, &f.s->dt);
    data_findings found = {0};
    check_frames(&f.m, &found);
    const data_finding* one = finding_of(&found, "joint limit");
    assert_int_equal(one->verdict, CHECK_WRONG);
    assert_int_equal(strstr(one->reason, "all are within 57.3 times this range") != NULL, i == 0);
    data_findings_clear(&found);
    fixture_free(&f);
  }
}

/* ---- poses ---- */

/* a ball at height z with the velocity and acceleration of its motion */
static fixture ball(double z, double vx, double acceleration) {
  fixture f = fixture_new(ball_xml, 1);
  for (int t = 0; t <= T; t++) {
    double* x = frame_of(f.d, 0, t);
    x[0] = vx * 0.01 * t;
    x[2] = z;
    x[3] = 1;
    x[7] = vx;
    x[9] = acceleration * 0.01 * t;
  }
  trace_it(&f, &f.s->dt);
  return f;
}

static void poses_are_measured_from_the_floor(void** state) {
  (void)state;
  pose_summary p;
  data_findings found = {0};
  df_config config = df_config_default();
  assert_ok(df_config_set(&config, "data.position_offset", "5,7,0.1", "test"));
  const fit_source source = {.config = &config};
  fixture f = ball(0.04, 0.7, 0);
  assert_ok(pose_summary_of(&f.m, 50, &p));
  assert_true(fabs(p.lowest + 0.06) < 1e-9 && fabs(p.deepest - 0.06) < 1e-9 && p.inside == 1);
  assert_true(fabs(p.slip - 0.7) < 1e-9 && fabs(p.upright - 1) < 1e-12 && p.base_height == 0.04 && p.touching == 1);
  check_poses(&p, &source, &found);
  assert_int_equal(finding_of(&found, "penetration")->verdict, CHECK_WRONG);
  assert_string_equal(would_fit(finding_of(&found, "penetration")), "data.position_offset = 5,7,0.16");
  data_findings_clear(&found);
  fixture_free(&f);
  f = ball(0.4, 0, 0);
  assert_ok(pose_summary_of(&f.m, 50, &p));
  assert_true(fabs(p.nearest - 0.3) < 1e-9 && isnan(p.slip) && p.inside == 0);
  check_poses(&p, &source, &found);
  assert_int_equal(finding_of(&found, "distance to the floor")->verdict, CHECK_WARN);
  assert_string_equal(would_fit(finding_of(&found, "distance to the floor")), "data.position_offset = 5,7,-0.2");
  data_findings_clear(&found);
  fixture_free(&f);
}

/* A robot 4 cm high that hovers 4.5 cm above the floor, and one that is 1.9 cm inside; a millimetre is neither. */
static void small_robots_are_judged_by_their_size(void** state) {
  (void)state;
  static const char xml[] =
      "<mujoco><option timestep='.01'/><worldbody><geom type='plane' size='5 5 .1'/><body pos='0 0 .02'><freejoint/>"
      "<geom type='box' size='.02 .02 .02' mass='.1'/></body></worldbody></mujoco>";
  static const struct {
    double height;
    const char* check;
    check_verdict verdict;
  } cases[] = {{0.065, "distance to the floor", CHECK_WRONG},
               {0.021, "distance to the floor", CHECK_OK},
               {0.001, "penetration", CHECK_WRONG},
               {0.018, "penetration", CHECK_WARN},
               {0.019, "penetration", CHECK_OK}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    pose_summary p;
    data_findings found = {0};
    fixture f = fixture_new(xml, 1);
    for (int t = 0; t <= T; t++) {
      double* x = frame_of(f.d, 0, t);
      x[2] = cases[i].height;
      x[3] = 1;
    }
    trace_it(&f, &f.s->dt);
    assert_ok(pose_summary_of(&f.m, 50, &p));
    assert_ok(check_root_residual(&f.m, 50, &p.residual));
    assert_true(p.size == 0.02 && p.own_height == 0.02);
    /* by the size over 0.25 m, and its square root */
    assert_true(fabs(pose_length(&p, 0.05) - 0.004) < 1e-15 && fabs(pose_speed(&p, 2) - 2 * sqrt(0.08)) < 1e-12);
    check_poses(&p, &(fit_source){0}, &found);
    assert_int_equal(finding_of(&found, cases[i].check)->verdict, cases[i].verdict);
    expect_limits_decide(&found);
    data_findings_clear(&found);
    fixture_free(&f);
  }
}

/* A base whose y axis is up in the model's own first pose is upright in it; on its side it is at 0, upside down at -1.
 */
static void upright_is_the_posture_of_the_model(void** state) {
  (void)state;
  static const char xml[] =
      "<mujoco><option timestep='.01'/><worldbody><geom type='plane' size='5 5 .1'/>"
      "<body pos='0 0 .5' quat='.70710678118654752 .70710678118654752 0 0'><freejoint/><geom size='.1' "
      "mass='1'/></body>"
      "</worldbody></mujoco>";
  static const double angles[] = {PI / 2, 0, -PI / 2, PI / 2 + PI / 3}, upright[] = {1, 0, -1, 0.5};
  for (int i = 0; i < 4; i++) {
    pose_summary p;
    fixture f = fixture_new(xml, 1);
    for (int t = 0; t <= T; t++) {
      double* x = frame_of(f.d, 0, t);
      x[2] = 0.5;
      x[3] = cos(angles[i] / 2);
      x[4] = sin(angles[i] / 2);
    }
    trace_it(&f, &f.s->dt);
    assert_ok(pose_summary_of(&f.m, 50, &p));
    assert_true(fabs(p.upright - upright[i]) < 1e-9);
    fixture_free(&f);
  }
}

/* A slide of 2 kg that a motor moves by up to F / (2 * 2 kg) h^2 in a frame of 0.1 s, 0.125 m with 50 N, after a slow
 * motion: a jump of 0.1 m may be its own, one of 0.15 m is not, nor one that comes back in the next frame. */
static void a_jump_that_an_actuator_makes_is_a_warning(void** state) {
  (void)state;
  static const char xml[] =
      "<mujoco><option timestep='.1'/><worldbody><body><joint name='a' type='slide' axis='1 0 0'/><geom size='.1' "
      "mass='2'/></body></worldbody><actuator>%s</actuator></mujoco>";
  static const struct {
    const char* actuator;
    double jump, stays; /* m; the frames after it */
    check_verdict verdict;
  } cases[] = {{"<motor joint='a' ctrlrange='-50 50'/>", 0.1, 1000, CHECK_WARN},
               {"<motor joint='a' ctrlrange='-50 50'/>", 0.15, 1000, CHECK_WRONG},
               {"<motor joint='a' ctrlrange='-50 50'/>", 0.1, 1, CHECK_WRONG},
               {"<motor joint='a'/>", 0.1, 1000, CHECK_WRONG},
               {"<position joint='a' kp='500' ctrlrange='-.1 .1'/>", 0.1, 1000, CHECK_WARN},
               {"<position joint='a' kp='300' ctrlrange='-.1 .1'/>", 0.1, 1000, CHECK_WRONG},
               {"", 0.1, 1000, CHECK_WRONG}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char text[512];
    data_findings found = {0};
    snprintf(text, sizeof text, xml, cases[i].actuator);
    fixture f = fixture_new(text, 1);
    for (int t = 0; t <= T; t++) {
      frame_of(f.d, 0, t)[0] = 1e-5 * t + (t > 50 && t <= 50 + cases[i].stays ? cases[i].jump : 0);
      frame_of(f.d, 0, t)[1] = 1e-4;
    }
    trace_it(&f, &f.s->dt);
    check_frames(&f.m, &found);
    assert_int_equal(finding_of(&found, "jump")->verdict, cases[i].verdict);
    data_findings_clear(&found);
    fixture_free(&f);
  }
}

/* three of ten poses are 3 cm inside the floor, one 20 cm, the others just above it; at its velocities no pose jumps */
static void a_single_deep_pose_is_reported_not_judged(void** state) {
  (void)state;
  pose_summary p;
  data_findings found = {0};
  fixture f = ball(0.1, 0, 0);
  for (int t = 0; t <= T; t++) {
    frame_of(f.d, 0, t)[2] = t == 7 ? -0.1 : t % 10 < 3 ? 0.07 : 0.1005;
    frame_of(f.d, 0, t)[9] = 5;
  }
  trace_clear(&f.m);
  trace_it(&f, &f.s->dt);
  assert_ok(pose_summary_of(&f.m, 1000, &p));
  assert_true(fabs(p.deepest - 0.2) < 1e-9 && fabs(p.lowest - 0.0005) < 1e-9);
  check_poses(&p, &(fit_source){0}, &found);
  expect(&found, "penetration", CHECK_WARN, 61. / 200,
         "in 30.5 % of the poses a geom is more than 0.02 m inside the floor, at most 0.2 m, in half of them 0 m");
  assert_string_equal(would_fit(finding_of(&found, "penetration")), "");
  data_findings_clear(&found);
  fixture_free(&f);
}

/* The base, a ball of radius 0.5, is recorded as the ball of 0.1, 0.4 m in the floor. In the place of the raised ball
 * it would be only 0.1 m in it, but in that of the ball of 0.1 it lies on it. Depth d counts d / (d + 0.2). */
static void the_best_of_several_exchanges_is_found(void** state) {
  (void)state;
  static const char balls[] =
      "<mujoco><worldbody><geom type='plane' size='5 5 1'/><body><freejoint/><geom size='.5'/></body><body><freejoint/>"
      "<geom size='.1'/></body><body><freejoint/><geom size='.12'/></body></worldbody></mujoco>";
  static const double height[3] = {0.1, 0.5, 0.4};
  static const check_cfg cfg = {.frames_max = 1000, .poses_max = 100};
  fixture f = fixture_new(balls, 1);
  free_exchange found;
  for (int t = 0; t <= T; t++) {
    double* x = frame_of(f.d, 0, t);
    for (int i = 0; i < 3; i++) x[7 * i] = 2 * i, x[7 * i + 2] = height[i], x[7 * i + 3] = 1;
  }
  assert_ok(free_bodies_find(f.d, f.s, NULL, &f.s->dt, &cfg, &found));
  assert_int_equal(found.base, 0);
  assert_int_equal(found.other, 1);
  assert_true(fabs(found.as_read - 0.4 / 0.6) < 1e-9);
  assert_true(fabs(found.misfit) < 1e-9);
  fixture_free(&f);
}

/* all of their positions and velocities, and nothing of the body between them */
static void whole_bodies_are_exchanged(void** state) {
  (void)state;
  enum { NQ = 21, NX = 39 };
  static const char three[] =
      "<mujoco><worldbody><body><freejoint/><geom size='.5'/></body><body><freejoint/><geom size='.1'/></body>"
      "<body><freejoint/><geom size='.12'/></body></worldbody></mujoco>";
  fixture f = fixture_new(three, 1);
  assert_int_equal(f.s->nx, NX);
  for (int t = 0; t <= T; t++) {
    for (int i = 0; i < NX; i++) frame_of(f.d, 0, t)[i] = 100 * t + i;
  }
  free_bodies_exchange(f.s, &(free_exchange){.base = 0, .other = 2}, f.d);
  for (int t = 0; t <= T; t++) {
    for (int i = 0; i < NX; i++) {
      const int each = i < NQ ? 7 : 6, body = (i < NQ ? i : i - NQ) / each, to = body == 1 ? 0 : 2 * each;
      assert_true(frame_of(f.d, 0, t)[i] == 100 * t + i + (body == 0 ? to : -to));
    }
  }
  fixture_free(&f);
}

/* A box stands before the robot in the model, and nothing drives it: the base is the robot, which is recorded in the
 * place of the box. As read, it is 0.4 m in the floor. */
static void the_base_is_that_of_the_robot(void** state) {
  (void)state;
  static const char model[] =
      "<mujoco><worldbody><geom type='plane' size='5 5 1'/><body><freejoint name='box'/><geom size='.1'/></body>"
      "<body name='robot'><freejoint name='base'/><geom size='.5'/><body pos='0 0 .5'><joint name='arm' axis='0 1 0'/>"
      "<geom size='.1'/></body></body></worldbody><actuator><motor joint='arm'/></actuator></mujoco>";
  static const check_cfg cfg = {.frames_max = 1000, .poses_max = 100};
  fixture f = fixture_new(model, 1);
  free_exchange found;
  pose_summary p;
  for (int t = 0; t <= T; t++) {
    double* x = frame_of(f.d, 0, t);
    x[0] = 3;
    x[2] = 0.5;
    x[3] = x[4] = sqrt(0.5); /* the box lies on its side */
    x[9] = 0.1;
    x[10] = 1;
  }
  assert_ok(free_bodies_find(f.d, f.s, NULL, &f.s->dt, &cfg, &found));
  assert_true(found.found);
  assert_int_equal(found.base, 1);
  assert_int_equal(found.other, 0);
  assert_true(fabs(found.as_read - 0.4 / 0.6) < 1e-9 && fabs(found.misfit) < 1e-9);
  trace_it(&f, &f.s->dt);
  assert_ok(pose_summary_of(&f.m, 50, &p));
  assert_true(fabs(p.base_height - 0.1) < 1e-9 && fabs(p.upright - 1) < 1e-9);
  fixture_free(&f);
}

/* a carriage on a rail may stay above the floor, and what starts high may stay there */
static void what_need_not_touch_the_floor_is_right(void** state) {
  (void)state;
  static const char carriage[] =
      "<mujoco><worldbody><geom type='plane' size='5 5 1'/><body pos='0 0 .1'><joint type='slide' axis='0 0 1'/><geom "
      "size='.1' "
      "mass='2'/></body></worldbody></mujoco>";
  static const char high[] =
      "<mujoco><worldbody><geom type='plane' size='5 5 1'/><body pos='0 0 2'><freejoint/><geom size='.1' mass='2'/>"
      "</body></worldbody></mujoco>";
  const char* const models[] = {carriage, high};
  for (int i = 0; i < 2; i++) {
    pose_summary p;
    data_findings found = {0};
    fixture f = fixture_new(models[i], 1);
    for (int t = 0; t <= T; t++) {
      double* x = frame_of(f.d, 0, t);
      if (i == 0) x[0] = 1.9;
      if (i == 1) x[2] = 2, x[3] = 1;
    }
    trace_it(&f, &f.s->dt);
    assert_ok(pose_summary_of(&f.m, 50, &p));
    check_poses(&p, &(fit_source){0}, &found);
    expect(&found, "distance to the floor", CHECK_OK, 1.9, "");
    data_findings_clear(&found);
    fixture_free(&f);
  }
}

/* a body on a vertical slide, 8 cm above the floor: at rest, thrown, and with positions that are 100 times too large */
static void what_floats_without_a_force_is_wrong(void** state) {
  (void)state;
  static const char xml[] =
      "<mujoco><option timestep='.01'/><worldbody><geom type='plane' size='5 5 1'/><body pos='0 0 .1'>"
      "<joint type='slide' axis='0 0 1'/><geom size='.1' mass='2'/></body></worldbody></mujoco>";
  static const struct {
    double height, acceleration;
    check_verdict verdict;
    const char *reason, *fits;
  } cases[] = {
      {0.08, 0, CHECK_WRONG,
       "the model never touches the floor, although nothing holds it; the nearest pose is 0.08 m above it",
       "data.position_offset = 0,0,-0.08"},
      {0.08, -9.81, CHECK_OK, "", ""},
      {10, 0, CHECK_WRONG,
       "the model never touches the floor, although nothing holds it; the nearest pose is 10 m above it; the positions "
       "may be in other units: data.position_scale",
       "data.position_scale = 0.01"}};
  const df_config config = df_config_default();
  const fit_source source = {.config = &config};
  for (int i = 0; i < 3; i++) {
    pose_summary p;
    data_findings found = {0};
    fixture f = fixture_new(xml, 1);
    for (int t = 0; t <= T; t++) {
      frame_of(f.d, 0, t)[0] = cases[i].height;
      frame_of(f.d, 0, t)[1] = cases[i].acceleration * 0.01 * t;
    }
    trace_it(&f, &f.s->dt);
    assert_ok(pose_summary_of(&f.m, 50, &p));
    assert_ok(check_root_residual(&f.m, 50, &p.residual));
    check_poses(&p, &source, &found);
    expect(&found, "distance to the floor", cases[i].verdict, cases[i].height, cases[i].reason);
    assert_string_equal(would_fit(finding_of(&found, "distance to the floor")), cases[i].fits);
    data_findings_clear(&found);
    fixture_free(&f);
  }
}

/* a robot (a ball with a driven arm) 0.25 m above the floor on which an object lies, which stands first in the model;
 * the object may also be inside the floor, which is a finding of its own */
static void an_object_on_the_floor_does_not_hold_the_robot(void** state) {
  (void)state;
  static const char xml[] =
      "<mujoco><option timestep='.01'/><worldbody><geom type='plane' size='5 5 1'/>"
      "<body name='object' pos='2 0 .1'><freejoint name='object'/><geom type='box' size='.1 .1 .1' mass='.5'/></body>"
      "<body name='robot' pos='0 0 .1'><freejoint name='base'/><geom size='.1' mass='2'/>"
      "<body pos='0 0 .3'><joint name='arm'/><geom size='.02' mass='.1'/></body></body></worldbody>"
      "<actuator><motor joint='arm'/></actuator></mujoco>";
  for (int deep = 0; deep < 2; deep++) {
    pose_summary p;
    data_findings found = {0};
    fixture f = fixture_new(xml, 1);
    for (int t = 0; t <= T; t++) {
      double* x = frame_of(f.d, 0, t);
      x[0] = 2, x[2] = deep ? -0.2 : 0.1, x[3] = 1;
      x[9] = 0.35, x[10] = 1;
    }
    trace_it(&f, &f.s->dt);
    assert_ok(pose_summary_of(&f.m, 50, &p));
    assert_ok(check_root_residual(&f.m, 50, &p.residual));
    assert_ok(check_put_down_residual(&f.m, 50, p.nearest, pose_reach(&p), &p.put_down));
    assert_true(fabs(p.nearest - 0.25) < 1e-9 && p.start == 0 && p.touching == 0);
    assert_true(fabs(p.deepest - (deep ? 0.3 : 0)) < 1e-9 && p.inside == deep);
    check_poses(&p, &(fit_source){0}, &found);
    expect(&found, "distance to the floor", CHECK_WRONG, 0.25,
           "the model never touches the floor, although nothing holds it; the nearest pose is 0.25 m above it");
    /* with the robot put down, the weight of the robot is carried */
    assert_true(p.residual > 0.5 && p.put_down == 0);
    double as_it_is;
    assert_ok(check_put_down_residual(&f.m, 50, 0, pose_reach(&p), &as_it_is));
    assert_true(as_it_is == p.residual);
    data_findings_clear(&found);
    fixture_free(&f);
  }
}

/* an actuator holds a slide at any height */
static void a_driven_slide_floats(void** state) {
  (void)state;
  static const char xml[] =
      "<mujoco><option timestep='.01'/><worldbody><geom type='plane' size='5 5 1'/><body pos='0 0 .1'>"
      "<joint name='lift' type='slide' axis='0 0 1'/><geom size='.1' mass='2'/></body></worldbody>"
      "<actuator><motor joint='lift'/></actuator></mujoco>";
  pose_summary p;
  data_findings found = {0};
  fixture f = fixture_new(xml, 1);
  for (int t = 0; t <= T; t++) frame_of(f.d, 0, t)[0] = 0.5;
  trace_it(&f, &f.s->dt);
  assert_ok(pose_summary_of(&f.m, 50, &p));
  assert_false(p.falls || p.has_base);
  p.residual = 1; /* as if nothing held it */
  check_poses(&p, &(fit_source){0}, &found);
  expect(&found, "distance to the floor", CHECK_OK, 0.5, "");
  data_findings_clear(&found);
  fixture_free(&f);
}

/* what hardly touches the floor counts as half a slip, unless it can fly */
static void what_flies_does_not_slip(void** state) {
  (void)state;
#define BALL(actuators)                                                                             \
  "<mujoco><option timestep='.01'/><worldbody><geom type='plane' size='5 5 1'/><body pos='0 0 .1'>" \
  "<freejoint name='base'/><geom size='.1' mass='2'/></body></worldbody><actuator>" actuators       \
  "</actuator>"                                                                                     \
  "</mujoco>"
  static const char* const models[] = {BALL(""), BALL("<motor joint='base' gear='0 0 1 0 0 0'/>")};
#undef BALL
  static const double slip[] = {0.5, 0};
  for (int i = 0; i < 2; i++) {
    const check_cfg cfg = {.poses_max = 50};
    misfit found;
    fixture f = fixture_new(models[i], 1);
    for (int t = 0; t <= T; t++) {
      frame_of(f.d, 0, t)[2] = 0.4;
      frame_of(f.d, 0, t)[3] = 1;
    }
    trace_it(&f, &f.s->dt);
    assert_ok(misfit_of_trace(&f.m, &cfg, &found));
    assert_near(found.part[MISFIT_SLIP], slip[i], 0);
    /* 0.3 m above the floor, which is no misfit of what flies */
    assert_true(slip[i] == 0 ? found.part[MISFIT_GROUND] == 0 : found.part[MISFIT_GROUND] > 0.1);
    fixture_free(&f);
  }
}

/* A ball of radius 0.1 m whose model starts on the floor, 0.3 m above it: a free fall, a body at one height, and one
 * that is carried up by 6 m. Only what the floor would carry all the time is put down. */
static void only_what_the_floor_would_carry_is_put_down(void** state) {
  (void)state;
  static const char xml[] =
      "<mujoco><option timestep='.01'%s/><worldbody><geom type='plane' size='5 5 1'/><body pos='0 0 .1' %s>"
      "<freejoint/><geom size='.1' mass='2'/></body></worldbody></mujoco>";
  static const struct {
    const char *option, *body;
    double speed, acceleration, residual, put_down; /* m/s, m/s^2, weights */
    check_verdict verdict;
    const char* fits;
  } cases[] = {{"", "", 3, -9.81, 0, NAN, CHECK_OK, ""},
               {"", "", 0, 0, 1, 0, CHECK_WRONG, "data.position_offset = 0,0,-0.3"},
               {"", "", 3, 0, 1, 1, CHECK_WRONG, ""},
               {"", "gravcomp='1'", 0, 0, 0, NAN, CHECK_OK, ""},
               {" gravity='0 0 0'", "", 0, 0, NAN, NAN, CHECK_OK, ""}};
  const df_config config = df_config_default();
  const fit_source source = {.config = &config};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char text[512];
    pose_summary p;
    data_findings found = {0};
    snprintf(text, sizeof text, xml, cases[i].option, cases[i].body);
    fixture f = fixture_new(text, 1);
    for (int t = 0; t <= T; t++) {
      const double s = 0.01 * t, fall = cases[i].acceleration;
      double* x = frame_of(f.d, 0, t);
      x[2] = 0.4 + cases[i].speed * s + (fall < 0 ? 20 + 0.5 * fall * s * s : 0);
      x[3] = 1;
      x[9] = cases[i].speed + fall * s;
    }
    trace_it(&f, &f.s->dt);
    assert_ok(pose_summary_of(&f.m, 50, &p));
    assert_ok(check_root_residual(&f.m, 50, &p.residual));
    if (!isnan(cases[i].put_down)) {
      assert_true(pose_floats(&p));
      assert_ok(check_put_down_residual(&f.m, 50, p.nearest, pose_reach(&p), &p.put_down));
      assert_true(fabs(p.put_down - cases[i].put_down) < 1e-9);
    }
    assert_true(isnan(cases[i].residual) ? isnan(p.residual) : fabs(p.residual - cases[i].residual) < 1e-9);
    check_poses(&p, &source, &found);
    assert_int_equal(finding_of(&found, "distance to the floor")->verdict, cases[i].verdict);
    assert_string_equal(would_fit(finding_of(&found, "distance to the floor")), cases[i].fits);
    data_findings_clear(&found);
    fixture_free(&f);
  }
}

/* where contacts are disabled, nothing is inside anything */
static void without_contacts_there_is_no_floor(void** state) {
  (void)state;
  static const char* const flags[] = {"", "<flag contact='disable'/>", "<flag constraint='disable'/>"};
  for (int i = 0; i < 3; i++) {
    char text[512];
    pose_summary p;
    snprintf(text, sizeof text,
             "<mujoco><option timestep='.01'>%s</option><worldbody><geom type='plane' size='5 5 1'/><body>"
             "<freejoint/><geom size='.1' mass='2'/></body></worldbody></mujoco>",
             flags[i]);
    fixture f = fixture_new(text, 1);
    for (int t = 0; t <= T; t++) frame_of(f.d, 0, t)[3] = 1;
    trace_it(&f, &f.s->dt);
    assert_ok(pose_summary_of(&f.m, 50, &p));
    assert_int_equal(p.has_ground, i == 0);
    fixture_free(&f);
  }
}

/* a ball that slides on the floor, by 7 mm per frame, and one on top of it that moves to and fro */
static void slip_is_that_on_what_cannot_move(void** state) {
  (void)state;
  static const char xml[] =
      "<mujoco><worldbody><geom type='plane' size='5 5 1'/><body pos='0 0 .1'><joint type='slide' axis='1 0 0'/>"
      "<geom size='.1'/></body><body pos='0 0 .29'><joint type='slide' axis='1 0 0'/><geom size='.1'/></body>"
      "</worldbody></mujoco>";
  pose_summary p;
  fixture f = fixture_new(xml, 1);
  for (int t = 0; t <= T; t++) {
    frame_of(f.d, 0, t)[0] = 0.007 * t;
    frame_of(f.d, 0, t)[1] = 0.007 * t + (t % 2 ? 0.03 : 0);
  }
  trace_it(&f, &f.s->dt);
  assert_ok(pose_summary_of(&f.m, 5, &p));
  assert_true(fabs(p.slip - 0.007 / f.s->dt) < 1e-9 && p.touching == 1);
  fixture_free(&f);
}

/* A ball that rolls and a cart on rails beside the robot slide otherwise, and are deeper, than its box, which slides at
 * 0.1 m/s and is 1 mm inside the floor; on ice nothing shows what could stand. */
static void only_the_robot_shows_where_its_feet_stand(void** state) {
  (void)state;
  static const char model[] =
      "<mujoco><option timestep='.01'/><worldbody><geom type='plane' size='5 5 1' friction='%g'/><body pos='0 0 .1'>"
      "<freejoint/><geom type='box' size='.1 .1 .1' friction='%g'/><body pos='0 0 .3'><joint name='arm'/><geom "
      "size='.05'/></body></body><body pos='0 2 .2'><freejoint name='rock'/><geom size='.2'/></body><body pos='4 0 .1'>"
      "<joint name='cart' type='slide'  axis='1 0 0'/><geom size='.15'/></body></worldbody><actuator><motor "
      "joint='arm'/>"
      "</actuator></mujoco>";
  static const double h[1] = {0.01}, friction[] = {0.3, 0.05};
  for (int i = 0; i < 2; i++) {
    char xml[1024];
    pose_summary p;
    snprintf(xml, sizeof xml, model, friction[i], friction[i]);
    fixture f = fixture_new(xml, 1);
    for (int t = 0; t <= T; t++) {
      double* x = frame_of(f.d, 0, t);
      df_mujoco_initial_state(f.s, x);
      x[0] = 0.001 * t;
      x[2] -= 0.001;
      x[8] = 0.02 * t;
      x[10] -= 0.03;
      x[15] = -0.03 * t;
    }
    trace_it(&f, h);
    assert_ok(pose_summary_of(&f.m, 100, &p));
    assert_near(p.lowest, -0.001, 1e-9);
    assert_near(p.lowest_of_all, -0.05, 1e-9);
    assert_near(p.touching, 1, 0);
    if (i == 0)
      assert_near(p.slip, 0.1, 1e-9);
    else
      assert_true(isnan(p.slip));
    fixture_free(&f);
  }
}

/* ---- velocities ---- */

/* sines of both joints; velocities are `factor` times the differences of the frames t + a and t + b */
static data_findings velocities(const double factor[2], int a, int b) {
  fixture f = fixture_new(slide_xml, 1);
  data_findings found = {0};
  const double w = 2 * PI, h = 0.01;
  for (int t = 0; t <= T; t++) {
    double* x = frame_of(f.d, 0, t);
    for (int i = 0; i < 2; i++) {
      x[i] = sin(w * t * h + i);
      x[2 + i] = factor[i] * (sin(w * (t + b) * h + i) - sin(w * (t + a) * h + i)) / ((b - a) * h);
    }
  }
  trace_it(&f, &f.s->dt);
  assert_ok(check_velocities(&f.m, &found));
  fixture_free(&f);
  return found;
}

/* The slide and the hinge of a body that a mocap body holds, and a free hinge: what is held changes `factor` times, the
 * rest `rest` times, as fast as its velocities say. */
static data_findings velocities_of_held(const char* equality, double factor, double rest) {
  char xml[1024];
  snprintf(xml, sizeof xml,
           "<mujoco><option timestep='.002'/><worldbody><body name='mc' mocap='true'/><body><joint name='a' "
           "type='slide' axis='1 0 0'/><geom size='.1' mass='2'/><body name='hand'><joint name='b' axis='0 1 0'/><geom "
           "size='.1' mass='1'/></body></body><body name='other' pos='0 0 3'><joint name='c' axis='0 1 0'/><geom "
           "size='.1' pos='.1 0 0'/></body></worldbody><equality>%s</equality></mujoco>",
           equality);
  fixture f = fixture_new(xml, 1);
  data_findings found = {0};
  const double w = 2 * PI, h = 0.04;
  for (int t = 0; t <= T; t++) {
    double* x = frame_of(f.d, 0, t);
    for (int i = 0; i < 3; i++) {
      x[i] = sin(w * t * h / 4 + i);
      x[3 + i] = (sin(w * (t + 1) * h / 4 + i) - sin(w * t * h / 4 + i)) / h / (i < 2 ? factor : rest);
    }
  }
  trace_it(&f, &h);
  assert_ok(check_velocities(&f.m, &found));
  fixture_free(&f);
  return found;
}

/* as of an arm whose hand is welded to a mocap body that is moved once per frame: its joints settle within the frame */
static void velocities_of_what_a_mocap_body_holds_tell_no_rate(void** state) {
  (void)state;
  static const char weld[] = "<weld body1='mc' body2='hand'/>";
  data_findings found = velocities_of_held("", 1.15, 1.15);
  assert_true(fabs(finding_of(&found, "frame rate")->value - 25 / 1.15) < 0.01);
  data_findings_clear(&found);
  found = velocities_of_held(weld, 1.15, 1);
  assert_int_equal(data_findings_count(&found, CHECK_WRONG), 0);
  assert_int_equal(data_findings_count(&found, CHECK_WARN), 0);
  const data_finding* one = find(&found, "velocity", "slide joints held by mc");
  assert_non_null(one);
  assert_string_equal(
      one->reason,
      "rate, scale, shift and offset are not judged: an equality constraint ties them to the mocap body "
      "mc, whose pose is not in the recording, so that they may settle within a frame");
  assert_non_null(find(&found, "velocity", "hinge joints held by mc"));
  assert_string_equal(find(&found, "velocity", "hinge joints")->reason, "");
  data_findings_clear(&found);
  /* what it does not hold still tells the rate, and a factor that no settling explains is a warning */
  found = velocities_of_held(weld, 1.15, 1.25);
  assert_true(fabs(finding_of(&found, "frame rate")->value - 20) < 0.01);
  data_findings_clear(&found);
  found = velocities_of_held(weld, 2, 1);
  assert_int_equal(data_findings_count(&found, CHECK_WRONG), 0);
  one = find(&found, "velocity", "slide joints held by mc");
  assert_int_equal(one->verdict, CHECK_WARN);
  assert_non_null(strstr(one->reason, "positions change about 2 times as fast as the velocities say, more than what "));
  data_findings_clear(&found);
  /* nor do zero velocities settle */
  found = velocities_of_held(weld, INFINITY, 1);
  assert_int_equal(find(&found, "velocity zero", "slide joints")->verdict, CHECK_WRONG);
  data_findings_clear(&found);
}

/* a common factor up to ten, or a whole number up to 25, either way, is that of the rate; others are those of scales */
static void factors_of_velocities_are_those_of_rates_or_of_scales(void** state) {
  (void)state;
  static const struct {
    double factor[2];
    double rate; /* in Hz; 0: scales are named */
  } cases[] = {{{2, 2}, 200}, {{0.2, 0.2}, 20},  {{2, 2.2}, 0},     {{20, 20}, 2000}, {{20.5, 20.5}, 0},
               {{40, 40}, 0}, {{0.05, 0.05}, 5}, {{0.02, 0.02}, 0}, {{2, 3}, 0},      {{1, 1}, -1}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    const double rate = i == 2 ? 100 * sqrt(2 * 2.2) : cases[i].rate;
    data_findings found = velocities(cases[i].factor, 0, 1);
    const data_finding* one = find(&found, "frame rate", NULL);
    assert_int_equal(one != NULL, rate > 0);
    if (one) assert_true(fabs(one->value - rate) < 1e-3 * rate);
    static const char* const groups[] = {"slide joints", "hinge joints"};
    for (int g = 0; g < 2; g++) {
      const data_finding* scale = find(&found, "velocity scale", groups[g]);
      assert_int_equal(scale != NULL, rate == 0);
      if (scale) assert_true(fabs(scale->value * cases[i].factor[g] - 1) < 1e-6);
    }
    data_findings_clear(&found);
  }
}

/* measured as 34.1 ms, where 60 Hz are stated: 17 steps of 2 ms, before twice the stated duration; no number of 10 ms.
 * Of steps of 40 ms, which no frame has: 0.509 of the stated duration is half of it, 1.96 twice it, 1.5 neither. */
static void a_rate_is_a_number_of_physics_steps_before_a_round_factor(void** state) {
  (void)state;
  static const struct {
    const char* xml;
    double frame; /* s */
    const char* fits;
    double noise; /* of the velocities, m/s */
  } cases[] = {{"<mujoco><option timestep='.002'/><worldbody><body><joint name='a' type='slide'/><geom size='.1' "
                "mass='1'/></body></worldbody></mujoco>",
                0.0341, "data.rate = 29.4118", 0},
               {"<mujoco><option timestep='.01'/><worldbody><body><joint name='a' type='slide'/><geom size='.1' "
                "mass='1'/></body></worldbody></mujoco>",
                0.0341, "data.rate = 30", 0},
#define LONG_STEPS                                                                                                  \
  "<mujoco><option timestep='.1'/><worldbody><body><joint name='a' type='slide'/><geom size='.1' mass='1'/></body>" \
  "</worldbody></mujoco>"
               {LONG_STEPS, 0.509 / 60, "data.rate = 120", 0},
               {LONG_STEPS, 1.96 / 60, "data.rate = 30", 0},
               {LONG_STEPS, 1.5 / 60, "data.rate = 40", 0},
               {LONG_STEPS, 1 / 23.976, "data.rate = 23.9777", 0},
               {LONG_STEPS, 1 / 48., "data.rate = 48", 0},
               /* measured to half a per cent: a usual rate */
               {LONG_STEPS, 1 / 48., "", 0.03},
               {LONG_STEPS, 1 / 50., "data.rate = 50", 0.03}};
  static const double h[1] = {1. / 60};
  double noise[T + 1];
  df_rng_normal(19, DF_STREAM_TEST, 0, T + 1, noise);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    fixture f = fixture_new(cases[i].xml, 1);
    for (int t = 0; t <= T; t++) {
      frame_of(f.d, 0, t)[0] = sin(0.5 * cases[i].frame * t);
      frame_of(f.d, 0, t)[1] = 0.5 * cos(0.5 * cases[i].frame * t) + cases[i].noise * noise[t];
    }
    trace_it(&f, h);
    data_findings found = {0};
    assert_ok(check_velocities(&f.m, &found));
    assert_string_equal(would_fit(finding_of(&found, "frame rate")), cases[i].fits);
    data_findings_clear(&found);
    fixture_free(&f);
  }
}

/* A slide and a wheel at 80 Hz, stated as 100 Hz, which is a step of the model; another hinge chatters, so that the
 * group of the wheel shows nothing. Of a wheel that follows as it is, the factor is one of the slide alone. */
static void a_wheel_tells_a_rate_beside_a_joint_that_chatters(void** state) {
  (void)state;
  static const char xml[] =
      "<mujoco><option timestep='.01'/><worldbody><body><joint name='a' type='slide'/><geom size='.1'/><body>"
      "<joint name='wheel'/><geom size='.1'/></body><body><joint name='loose'/><geom size='.1'/></body></body>"
      "</worldbody></mujoco>";
  static const double h[1] = {0.01};
  double noise[2 * (T + 1)];
  df_rng_normal(23, DF_STREAM_TEST, 0, 2 * (T + 1), noise);
  for (int i = 0; i < 2; i++) {
    const double frame = 0.0125, other = i ? 0.01 : frame;
    fixture f = fixture_new(xml, 1);
    for (int t = 0; t <= T; t++) {
      const double q[3] = {sin(2 * frame * t), 3 * other * t + 0.5 * sin(2 * other * t), 0.05 * noise[t]};
      const double v[3] = {2 * cos(2 * frame * t), 3 + cos(2 * other * t), 0.5 * noise[T + 1 + t]};
      memcpy(frame_of(f.d, 0, t), q, sizeof q);
      memcpy(frame_of(f.d, 0, t) + 3, v, sizeof v);
    }
    trace_it(&f, h);
    data_findings found = {0};
    assert_ok(check_velocities(&f.m, &found));
    const data_finding *rate = find(&found, "frame rate", NULL),
                       *scale = find(&found, "velocity scale", "slide joints");
    assert_int_equal(rate != NULL, i == 0);
    if (rate) assert_string_equal(would_fit(rate), "data.rate = 80");
    assert_int_equal(scale != NULL, i == 1);
    data_findings_clear(&found);
    fixture_free(&f);
  }
}

/* the actions are of the actuators two, zero, one; without that setting, in the order of the model */
static void an_action_is_in_a_column_of_its_array(void** state) {
  (void)state;
  static const char xml[] =
      "<mujoco><worldbody><body><joint name='a'/><geom size='.1'/></body></worldbody><actuator><motor name='zero' "
      "joint='a'/><motor name='one' joint='a'/><motor name='two' joint='a'/></actuator></mujoco>";
  static const int column[2][3] = {{0, 1, 2}, {1, 2, 0}};
  fixture f = fixture_new(xml, 1);
  df_config config = df_config_default();
  assert_ok(df_config_set(&config, "data.actions_key", "controls", "test"));
  for (int named = 0; named < 2; named++) {
    if (named) assert_ok(df_config_set(&config, "data.actuators", "two,zero,one", "test"));
    for (int k = 0; k < 3; k++) {
      char wanted[64], *words = fit_action_column(&(fit_source){.config = &config}, f.s, k);
      snprintf(wanted, sizeof wanted, "column %d of array 'controls'", column[named][k]);
      assert_string_equal(words, wanted);
      df_free(words);
    }
  }
  char* nothing = fit_action_column(&(fit_source){0}, f.s, 1);
  assert_string_equal(nothing, "");
  df_free(nothing);
  fixture_free(&f);
}

/* powers of ten from 10 up to the most, within a factor about them */
static void units_are_powers_of_ten(void** state) {
  (void)state;
  static const struct {
    double factor;
    int most;
    double power; /* 0: none */
  } cases[] = {{10, 4, 10},   {1e4, 4, 1e4}, {1e5, 4, 0}, {1e3, 3, 1e3}, {1e4, 3, 0}, {109, 4, 100}, {111, 4, 0},
               {920, 4, 1e3}, {900, 4, 0},   {1, 4, 0},   {0.01, 4, 0},  {0, 4, 0},   {-100, 4, 0},  {300, 4, 0}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const double found = check_power_of_ten(cases[i].factor, 1.1, cases[i].most);
    if (found != cases[i].power) fail_msg("%g: %g, not %g", cases[i].factor, found, cases[i].power);
  }
}

/* what falls, with forces that it needs, in less than 5 % of the poses on the floor, is above it */
static void what_hardly_touches_hovers(void** state) {
  (void)state;
  const pose_summary above = {
      .has_ground = true, .has_base = true, .falls = true, .size = 1, .lowest = 0.001, .touching = 0.04, .residual = 1};
  assert_true(pose_hovers(&above));
  pose_summary p[8];
  for (int i = 0; i < 8; i++) p[i] = above;
  p[0].touching = 0.06;
  p[1].residual = 0.4;
  p[2].lowest = 0;
  p[3].has_base = false;
  p[4].has_ground = false;
  p[5].falls = false;
  p[6].flies = true;
  p[7].nearest = 0.2; /* it floats */
  for (int i = 0; i < 8; i++) {
    if (pose_hovers(&p[i])) fail_msg("case %d hovers", i);
  }
}

/* of one joint, and of all */
static void velocities_of_the_opposite_sign_are_named(void** state) {
  (void)state;
  static const double factors[][2] = {{-1, 1}, {1, -0.5}, {-1, -1}, {1, 1}};
  static const char* const names[] = {": a; negate", ": b; negate",
                                      "the velocities of hinge joints have the opposite sign", NULL};
  for (int i = 0; i < 4; i++) {
    data_findings found = velocities(factors[i], 0, 1);
    const data_finding* one = find(&found, "velocity sign", NULL);
    assert_int_equal(one != NULL, names[i] != NULL);
    if (one) assert_non_null(strstr(one->reason, names[i]));
    data_findings_clear(&found);
  }
}

static void velocities_of_other_frames_are_earlier_or_later(void** state) {
  (void)state;
  static const double one[2] = {1, 1};
  data_findings late = velocities(one, -2, -1), early = velocities(one, 1, 2), right = velocities(one, -1, 1);
  assert_non_null(strstr(finding_of(&late, "velocity shift")->reason, "the positions of one frame earlier"));
  assert_non_null(strstr(finding_of(&early, "velocity shift")->reason, "the positions of one frame later"));
  assert_string_equal(finding_of(&right, "velocity shift")->reason, "");
  data_findings_clear(&late);
  data_findings_clear(&early);
  data_findings_clear(&right);
}

/* sines of 0.2 rad per frame, with the velocities of other frames */
static void velocities_of_frames_further_away_are_counted(void** state) {
  (void)state;
  static const int by[] = {-3, -2, 2, 3};
  for (int i = 0; i < 4; i++) {
    fixture f = fixture_new(slide_xml, 1);
    data_findings found = {0};
    char words[96];
    for (int t = 0; t <= T; t++) {
      for (int k = 0; k < 2; k++) {
        frame_of(f.d, 0, t)[k] = sin(0.2 * t + k);
        frame_of(f.d, 0, t)[2 + k] = 20 * cos(0.2 * (t + by[i]) + k);
      }
    }
    trace_it(&f, &f.s->dt);
    assert_ok(check_velocities(&f.m, &found));
    snprintf(words, sizeof words, "the velocities match the positions of %d frames %s: compared with those", abs(by[i]),
             by[i] < 0 ? "earlier" : "later");
    const data_finding* one = find(&found, "velocity shift", "slide joints");
    if (!one || !strstr(one->reason, words)) fail_msg("%d: %s", by[i], one ? one->reason : "nothing");
    assert_string_equal(would_fit(one), "data.velocities = differences");
    data_findings_clear(&found);
    fixture_free(&f);
  }
}

/* sines with exact differences as velocities; those of the second of three episodes are half of them */
static void an_episode_of_another_rate_is_found_by_its_own_frames(void** state) {
  (void)state;
  static const double h[3] = {0.01, 0.01, 0.01};
  fixture f = fixture_new(slide_xml, 3);
  data_findings found = {0};
  for (int e = 0; e < 3; e++) {
    for (int t = 0; t <= T; t++) {
      double* x = frame_of(f.d, e, t);
      for (int i = 0; i < 2; i++) {
        x[i] = sin(0.05 * t + e + i);
        x[2 + i] = (e == 1 ? 0.5 : 1) * (sin(0.05 * (t + 1) + e + i) - x[i]) / 0.01;
      }
    }
  }
  trace_it(&f, h);
  assert_ok(check_velocities(&f.m, &found));
  expect(
      &found, "frame rate of episodes", CHECK_WRONG, 1,
      "1 episode has another frame rate than the others, or other units: 1; in episode 1 the positions change 2 times "
      "as fast as the velocities say");
  data_findings_clear(&found);
  fixture_free(&f);
}

/* Positions 1.2 times as large, of a base that turns as its velocities say: differences of them would hide the scale.
 */
static void a_scale_of_no_unit_is_said_and_not_hidden(void** state) {
  (void)state;
  fixture f = fixture_new(ball_xml, 1);
  data_findings found = {0};
  for (int t = 0; t <= T; t++) {
    double* x = frame_of(f.d, 0, t);
    x[0] = 1.2 * sin(0.05 * t);
    x[7] = 5 * cos(0.05 * t);
    x[3] = cos(0.01 * t);
    x[6] = sin(0.01 * t);
    x[12] = 2;
  }
  trace_it(&f, &f.s->dt);
  assert_ok(check_velocities(&f.m, &found));
  const data_finding* one = finding_of(&found, "velocity scale");
  assert_int_equal(one->verdict, CHECK_WRONG);
  assert_non_null(strstr(one->reason, "if it is the positions, data.position_scale = 0.833"));
  assert_string_equal(would_fit(one), "");
  data_findings_clear(&found);
  fixture_free(&f);
}

/* a base in mm whose velocities are in m/s, that turns as its velocities say; and a scale that the task has */
static void a_scale_of_positions_is_that_of_the_unit(void** state) {
  (void)state;
  static const char* const wanted[] = {"data.position_scale = 0.001, data.velocities = differences",
                                       "data.position_scale = 0.0005, data.velocities = differences"};
  for (int i = 0; i < 2; i++) {
    fixture f = fixture_new(ball_xml, 1);
    df_config config = df_config_default();
    if (i == 1) config.data_position_scale = 0.5;
    for (int t = 0; t <= T; t++) {
      double* x = frame_of(f.d, 0, t);
      x[0] = 1000 * sin(0.05 * t);
      x[7] = 5 * cos(0.05 * t);
      x[3] = cos(0.01 * t);
      x[6] = sin(0.01 * t);
      x[12] = 2;
    }
    trace_it(&f, &f.s->dt);
    f.m.source.config = &config;
    data_findings found = {0};
    assert_ok(check_velocities(&f.m, &found));
    assert_string_equal(would_fit(finding_of(&found, "velocity scale")), wanted[i]);
    data_findings_clear(&found);
    fixture_free(&f);
  }
}

static void add_forces(const trace* m, data_findings* found) {
  pose_summary of = {0};
  assert_ok(check_root_residual(m, 50, &of.residual));
  assert_ok(check_residual_floor(m, 50, &of.residual_floor));
  check_forces(&of, found);
  expect_limits_decide(found);
}

/* ---- forces ---- */

static void a_hovering_ball_needs_its_weight(void** state) {
  (void)state;
  const double accelerations[] = {0, -9.81, 9.81, -6, 80, 110},
               weights[] = {1, 0, 2, 1 - 6 / 9.81, 1 + 80 / 9.81, 1 + 110 / 9.81};
  const check_verdict verdict[] = {CHECK_WARN, CHECK_OK, CHECK_WARN, CHECK_OK, CHECK_WARN, CHECK_WRONG};
  for (int i = 0; i < 6; i++) {
    fixture f = ball(5, 0, accelerations[i]);
    data_findings found = {0};
    add_forces(&f.m, &found);
    const data_finding* one = finding_of(&found, "root residual");
    assert_true(fabs(one->value - weights[i]) < 1e-9);
    assert_int_equal(one->verdict, verdict[i]);
    data_findings_clear(&found);
    fixture_free(&f);
  }
}

/* The limits lie three floors above 0.5 and 10 weights; what is between 0.5 and the limit is said to be right. */
static void what_frames_leave_is_no_force(void** state) {
  (void)state;
  static const struct {
    double residual, floor;
    check_verdict verdict;
  } cases[] = {{0.4, NAN, CHECK_OK}, {0.6, NAN, CHECK_WARN}, {0.6, 0, CHECK_WARN},  {6.4, 2, CHECK_OK},
               {6.6, 2, CHECK_WARN}, {15.9, 2, CHECK_WARN},  {16.1, 2, CHECK_WRONG}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    data_findings found = {0};
    check_forces(&(pose_summary){.residual = cases[i].residual, .residual_floor = cases[i].floor}, &found);
    const data_finding* one = finding_of(&found, "root residual");
    assert_int_equal(one->verdict, cases[i].verdict);
    assert_int_equal(one->reason[0] != '\0', one->value > 0.5);
    expect_limits_decide(&found);
    data_findings_clear(&found);
  }
}

/* what touches the floor may be pushed by it, however hard: its depth is judged by another check */
static void contacts_may_provide_any_force(void** state) {
  (void)state;
  data_findings found = {0};
  check_forces(&(pose_summary){.residual = 300, .touching = 0.9}, &found);
  expect(&found, "root residual", CHECK_WARN, 300,
         "unactuated translations need 300 x body weight (median over frames): nothing in the model but contacts can "
         "provide it");
  data_findings_clear(&found);
  check_forces(&(pose_summary){.residual = 300, .touching = 0.1}, &found);
  expect(&found, "root residual", CHECK_WRONG, 300,
         "unactuated translations need 300 x body weight (median over frames): nothing in the model can provide it");
  data_findings_clear(&found);
}

/* a ball that hovers 5 m above the floor and moves up with 11 g, which a mocap body holds, or may hold */
static void what_a_mocap_body_holds_needs_no_force(void** state) {
  (void)state;
  static const struct {
    const char* equality;
    double value;
    check_verdict verdict;
    bool falls;
    const char* words;
  } cases[] = {{"<weld body1='mc' body2='ball'/>", NAN, CHECK_OK, false,
                "not judged: an equality constraint ties the base to the mocap body mc, whose pose is not in the "
                "states, so that what it provides is not known"},
               {"<weld name='grip' body1='mc' body2='ball' active='false'/>", 12, CHECK_WARN, true,
                "unactuated translations need 12 x body weight (median over frames): nothing in the model can provide "
                "it while its equality constraint grip, which involves the base, is inactive as at its start"},
               {"<weld body1='mc' body2='stone'/>", 12, CHECK_WRONG, true,
                "unactuated translations need 12 x body weight (median over frames): nothing in the model can provide "
                "it"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char xml[1024];
    data_findings found = {0};
    pose_summary p;
    snprintf(xml, sizeof xml,
             "<mujoco><option timestep='.01'/><worldbody><geom type='plane' size='5 5 1'/><body name='mc' "
             "mocap='true'/><body name='ball'><freejoint name='base'/><geom size='.1' mass='2'/></body><body "
             "name='stone' pos='9 9 9'><geom size='.1'/></body></worldbody><equality>%s</equality></mujoco>",
             cases[i].equality);
    fixture f = fixture_new(xml, 1);
    for (int t = 0; t <= T; t++) {
      double* x = frame_of(f.d, 0, t);
      x[2] = 5 + 11 * 9.81 * 1e-4 * t * (t + 1) / 2;
      x[3] = 1;
      x[9] = 11 * 9.81 * 0.01 * t;
    }
    trace_it(&f, &f.s->dt);
    assert_ok(pose_summary_of(&f.m, 50, &p));
    assert_int_equal(p.falls, cases[i].falls);
    assert_ok(check_root_residual(&f.m, 50, &p.residual));
    assert_true(isnan(cases[i].value) ? isnan(p.residual) : fabs(p.residual - cases[i].value) < 1e-6);
    check_forces(&p, &found);
    const data_finding* one = finding_of(&found, "root residual");
    assert_int_equal(one->verdict, cases[i].verdict);
    assert_string_equal(one->reason, cases[i].words);
    expect_limits_decide(&found);
    data_findings_clear(&found);
    fixture_free(&f);
  }
}

/* Friction brakes with no more than a weight: contacts at the surface that slide fast and push with many weights are of
 * joints that are read otherwise. Deep contacts, slow ones and less force are no evidence. */
static void contacts_at_the_surface_may_not_slide_with_many_weights(void** state) {
  (void)state;
  static const struct {
    double residual, floor, slip, lowest, size;
    check_verdict wanted;
  } cases[] = {{50, 5, 0.6, -0.001, 1, CHECK_WRONG},    {34, 5, 0.6, -0.001, 1, CHECK_WARN},
               {50, 11, 0.6, -0.001, 1, CHECK_WARN},    {50, 5, 0.4, -0.001, 1, CHECK_WARN},
               {50, 5, NAN, -0.001, 1, CHECK_WARN},     {50, 5, 0.6, -0.003, 1, CHECK_WARN},
               {50, 5, 0.4, -0.0007, 0.1, CHECK_WRONG}, {50, 5, 0.6, -0.001, 0.1, CHECK_WARN}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    data_findings found = {0};
    check_forces(&(pose_summary){.residual = cases[i].residual,
                                 .residual_floor = cases[i].floor,
                                 .slip = cases[i].slip,
                                 .lowest = cases[i].lowest,
                                 .size = cases[i].size,
                                 .touching = 0.9},
                 &found);
    const data_finding* one = finding_of(&found, "root residual");
    if (one->verdict != cases[i].wanted) fail_msg("case %zu: %s", i, one->reason);
    data_findings_clear(&found);
  }
}

/* frames of 0.04 s in data of 0.01 s per action */
static void an_acceleration_is_per_recorded_frame(void** state) {
  (void)state;
  static const double h = 0.04;
  fixture f = ball(5, 0, -9.81);
  data_findings found = {0};
  trace_clear(&f.m);
  trace_it(&f, &h);
  add_forces(&f.m, &found);
  expect(&found, "root residual", CHECK_WARN, 0.75,
         "unactuated translations need 0.75 x body weight (median over frames): nothing in the model can provide it");
  data_findings_clear(&found);
  fixture_free(&f);
}

/* Episodes of 100 and 200 pairs of 0.01 s and 0.04 s: a frame takes 0.03 s in the mean over pairs, and, with velocities
 * of half the change, 0.06 s. One rate is no setting for both. */
static void a_rate_is_the_mean_over_all_frames(void** state) {
  (void)state;
  static const double h[2] = {0.01, 0.04};
  static const int lengths[2] = {100, 200};
  fixture f = fixture_new(slide_xml, 1);
  df_dataset* d;
  assert_ok(df_dataset_new(&(df_dataset_shape){.episodes = 2, .lengths = lengths, .nx = f.s->nx, .dt = f.s->dt}, &d));
  for (int e = 0; e < 2; e++) {
    for (int t = 0; t <= lengths[e]; t++) {
      double* x = frame_of(d, e, t);
      for (int i = 0; i < 2; i++) {
        x[i] = sin(0.06 * t + i);
        x[2 + i] = 2 * (sin(0.06 * (t + 1) + i) - x[i]) / h[e];
      }
    }
  }
  trace m;
  data_findings found = {0};
  assert_ok(trace_of(d, f.s, h, 1000, &m));
  assert_ok(check_velocities(&m, &found));
  const data_finding* one = finding_of(&found, "frame rate");
  assert_true(fabs(one->value - 2 / 0.03) < 1e-6);
  assert_string_equal(would_fit(one), "data.velocities = differences");
  assert_string_equal(one->reason,
                      "positions change 0.5 times as fast as the velocities say: a frame takes 0.015 s, not 0.03 s (or "
                      "all velocities are scaled: data.velocities = differences)");
  expect_limits_decide(&found);
  data_findings_clear(&found);
  trace_clear(&m);
  df_dataset_free(d);
  fixture_free(&f);
}

/* exact velocities of the second frame, of the first one, of both and by central differences leave no error */
static void the_order_of_velocities_has_their_lag(void** state) {
  (void)state;
  static const double one[2] = {1, 1};
  static const int lags[][2] = {{0, 1}, {-1, 0}, {-1, 1}};
  for (int i = 0; i < 3; i++) {
    data_findings found = velocities(one, lags[i][0], lags[i][1]);
    assert_true(finding_of(&found, "velocity order")->value < 1e-6);
    expect_limits_decide(&found);
    data_findings_clear(&found);
  }
}

/* Three slides, of which a and b move against each other: the velocities of a and b exchanged, with the opposite sign,
 * or as they are. */
typedef enum columns_are { RIGHT, EXCHANGED, OPPOSITE } columns_are;
static data_findings columns_of_velocities(columns_are are) {
  static const char xml[] =
      "<mujoco><option timestep='.01'/><worldbody><body><joint name='a' type='slide'/><geom size='.1'/></body>"
      "<body><joint name='b' type='slide'/><geom size='.1'/></body><body><joint name='c' type='slide'/>"
      "<geom size='.1'/></body></worldbody></mujoco>";
  static const double h[1] = {0.01};
  fixture f = fixture_new(xml, 1);
  for (int t = 0; t <= T; t++) {
    const double s = 0.05 * t, w = 0.05 / h[0];
    const double q[3] = {sin(s), -sin(s) - 0.2 * sin(2.3 * s), sin(1.7 * s + 1)};
    const double v[3] = {w * cos(s), -w * (cos(s) + 0.46 * cos(2.3 * s)), 1.7 * w * cos(1.7 * s + 1)};
    double* x = frame_of(f.d, 0, t);
    memcpy(x, q, sizeof q);
    memcpy(x + 3, v, sizeof v);
    if (are == EXCHANGED) x[3] = v[1], x[4] = v[0];
    if (are == OPPOSITE) x[3] = -v[0], x[4] = -v[1];
  }
  trace_it(&f, h);
  data_findings found = {0};
  bool odd;
  assert_ok(check_velocities(&f.m, &found));
  assert_ok(check_velocity_columns(&f.m, &odd));
  assert_int_equal(odd, are != RIGHT);
  fixture_free(&f);
  return found;
}

/* Of joints that move against each other, exchanged velocities have the opposite sign of the changes, and reversed ones
 * fit one another: there is one row. */
static void exchanged_velocities_are_not_reversed_too(void** state) {
  (void)state;
  data_findings right = columns_of_velocities(RIGHT), exchanged = columns_of_velocities(EXCHANGED);
  data_findings opposite = columns_of_velocities(OPPOSITE);
  assert_int_equal(data_findings_count(&right, CHECK_WRONG), 0);
  assert_int_equal(data_findings_count(&exchanged, CHECK_WRONG), 1);
  assert_int_equal(finding_of(&exchanged, "velocity order")->verdict, CHECK_WRONG);
  assert_int_equal(data_findings_count(&opposite, CHECK_WRONG), 1);
  assert_non_null(strstr(finding_of(&opposite, "velocity sign")->reason, "the positions: a, b; negate"));
  data_findings_clear(&right);
  data_findings_clear(&exchanged);
  data_findings_clear(&opposite);
}

/* of T frames, the first `right` ones move with their velocity of 1, the others twice as fast as theirs of 2.5: with
 * 40 % of these the best slope is 1.81, and brings the RMS error from 0.48 to 0.21 */
static double scale_found(int right) {
  static const double h[1] = {0.01};
  fixture f = fixture_new(slide_xml, 1);
  double q = 0, rate = 0;
  for (int t = 0; t <= T; t++) {
    double* x = frame_of(f.d, 0, t);
    x[0] = q;
    x[2] = t < right ? 1 : 2.5;
    q += t < right ? 0.01 : 0.05;
  }
  trace_it(&f, h);
  data_findings found = {0};
  assert_ok(check_velocities(&f.m, &found));
  const data_finding* one = find(&found, "frame rate", NULL);
  if (one && one->verdict == CHECK_WRONG) rate = one->value;
  data_findings_clear(&found);
  fixture_free(&f);
  return rate > 0 ? 1 / (h[0] * rate) : 0;
}

static void most_frames_have_to_follow_with_a_scale(void** state) {
  (void)state;
  assert_true(scale_found(3 * T / 5) == 0);
  assert_true(scale_found(2 * T / 5) > 1.8);
}

/* a body that moves and turns, with every frame twice: the difference of a quaternion and itself is not always 0 */
static void frames_of_a_free_body_are_duplicated(void** state) {
  (void)state;
  fixture f = fixture_new(ball_xml, 1);
  for (int t = 0; t <= T; t++) {
    const double s = 0.001 * (t / 2) * (t / 2),
                 x[7] = {0.1 * s, 0, 0.5, cos(s), 0.6 * sin(s), 0.48 * sin(s), 0.64 * sin(s)};
    memcpy(frame_of(f.d, 0, t), x, sizeof x);
  }
  trace_it(&f, &f.s->dt);
  data_findings found = {0};
  check_frames(&f.m, &found);
  /* but for some of the first ones, where it hardly moves */
  const data_finding* one = finding_of(&found, "duplicated frames");
  assert_int_equal(one->verdict, CHECK_WRONG);
  /* 98 of 200: of the pairs from an even frame on, those with a change of s of 0.001 and 0.003 beside them hardly move,
   * where the mean is 0.05 */
  assert_true(one->value == 0.49);
  assert_string_equal(one->reason,
                      "98 frames repeat the frame before them while the model moves, first frame 5 of episode 0");
  data_findings_clear(&found);
  fixture_free(&f);
}

/* a body that rests moves by as much as gravity can make it fall within 0.01 s, 9.81e-4 m, or by more */
static void what_falls_within_a_frame_does_not_jump(void** state) {
  (void)state;
  static const double h[1] = {0.01}, by[] = {9.8e-4, 9.9e-4};
  for (int i = 0; i < 2; i++) {
    fixture f = fixture_new(ball_xml, 1);
    for (int t = 0; t <= T; t++) {
      /* and trembles a little: steps of one size would be those of a rounding */
      const double x[7] = {1e-7 * sin(t), 1e-7 * cos(t), 0.5 + 1e-7 * sin(2 * t) - (t > 50 ? by[i] : 0), 1};
      memcpy(frame_of(f.d, 0, t), x, sizeof x);
    }
    trace_it(&f, h);
    data_findings found = {0};
    check_frames(&f.m, &found);
    const data_finding* one = finding_of(&found, "jump");
    assert_int_equal(one->verdict, i ? CHECK_WRONG : CHECK_OK);
    assert_true(one->value == i);
    data_findings_clear(&found);
    fixture_free(&f);
  }
}

/* A body that rests, or falls by 0.1 m/s at first, is out of place by as much as gravity explains downwards: sideways,
 * upwards or downwards, and sideways while it falls. */
static void what_gravity_does_not_move_jumps(void** state) {
  (void)state;
  static const double h[1] = {0.01};
  static const struct {
    double x, z;
    bool jumps;
  } cases[] = {{9e-4, 0, true}, {0, 9e-4, true}, {0, -9e-4, false}, {9e-4, -9e-4, true}, {-6e-4, -1e-4, true}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    fixture f = fixture_new(ball_xml, 1);
    for (int t = 0; t <= T; t++) {
      const bool moved = t > 50;
      const double x[7] = {1e-7 * sin(t) + (moved ? cases[i].x : 0), 1e-7 * cos(t),
                           0.5 + 1e-7 * sin(2 * t) + (moved ? cases[i].z : 0), 1};
      memcpy(frame_of(f.d, 0, t), x, sizeof x);
    }
    trace_it(&f, h);
    data_findings found = {0};
    check_frames(&f.m, &found);
    const data_finding* one = finding_of(&found, "jump");
    if (one->verdict != (cases[i].jumps ? CHECK_WRONG : CHECK_OK)) fail_msg("%zu: %s", i, one->reason);
    assert_true(one->value == cases[i].jumps);
    data_findings_clear(&found);
    fixture_free(&f);
  }
}

/* a body that rests and drops for two frames, by nearly g h^2, and by twice as much or, which gravity does not do, by
 * 2.1 times as much */
static void what_goes_on_falling_does_not_jump(void** state) {
  (void)state;
  static const double h[1] = {0.01}, by[] = {2, 2.1};
  for (int i = 0; i < 2; i++) {
    fixture f = fixture_new(ball_xml, 1);
    for (int t = 0; t <= T; t++) {
      const double fallen = 9.7e-4 * (t < 51 ? 0 : t == 51 ? 1 : 1 + by[i]);
      const double x[7] = {1e-7 * sin(t), 1e-7 * cos(t), 0.5 + 1e-7 * sin(2 * t) - fallen, 1};
      memcpy(frame_of(f.d, 0, t), x, sizeof x);
    }
    trace_it(&f, h);
    data_findings found = {0};
    check_frames(&f.m, &found);
    assert_int_equal(finding_of(&found, "jump")->verdict, i ? CHECK_WRONG : CHECK_OK);
    data_findings_clear(&found);
    fixture_free(&f);
  }
}

/* velocities that are differences of the positions jump with them */
static void positions_alone_jump(void** state) {
  (void)state;
  static const double h[1] = {0.01};
  for (int derived = 0; derived < 2; derived++) {
    fixture f = fixture_new(slide_xml, 1);
    data_findings found = {0};
    for (int t = 0; t <= T; t++) {
      double* x = frame_of(f.d, 0, t);
      x[0] = 0.001 * t;
      x[1] = 0.02 * t + (t > 50 ? 6.3 : 0);
      x[2] = 0.1;
      x[3] = t == 51 ? 632 : 2;
    }
    f.d->derived[2] = f.d->derived[3] = derived;
    trace_it(&f, h);
    check_frames(&f.m, &found);
    assert_int_equal(finding_of(&found, "jump")->verdict, derived ? CHECK_WRONG : CHECK_OK);
    data_findings_clear(&found);
    fixture_free(&f);
  }
}

/* velocities of the hinge: `own` times those of its positions, and `other` times those of another motion. The error is
 * 1.6, and 0.9 or 1 with the best slope. `size`: of all of it */
static check_verdict verdict_of_rocking(double size, double own, double other) {
  fixture f = fixture_new(slide_xml, 1);
  data_findings found = {0};
  const double w = 2 * PI;
  for (int t = 0; t <= T; t++) {
    double* x = frame_of(f.d, 0, t);
    x[1] = size * sin(w * 0.01 * t) / w;
    x[3] = size * (own * cos(w * 0.01 * t) + other * cos(2 * w * 0.01 * t));
  }
  trace_it(&f, &f.s->dt);
  assert_ok(check_velocities(&f.m, &found));
  const check_verdict out = find(&found, "velocity", "hinge joints")->verdict;
  data_findings_clear(&found);
  fixture_free(&f);
  return out;
}

static void velocities_that_rock_are_no_contradiction(void** state) {
  (void)state;
  assert_int_equal(verdict_of_rocking(1, 0.8, 1.6), CHECK_WARN);
  assert_int_equal(verdict_of_rocking(1, 0.1, 1.6), CHECK_WRONG);
  /* within 0.96 mrad it rests, and within 1.3 mrad it does not */
  assert_int_equal(verdict_of_rocking(0.003, 0.8, 1.6), CHECK_OK);
  assert_int_equal(verdict_of_rocking(0.004, 0.8, 1.6), CHECK_WARN);
}

/* three episodes of one motion with gaps between them, cut `by` frames early */
static void frames_of_the_episode_before_are_named(void** state) {
  (void)state;
  static const double h[3] = {0.01, 0.01, 0.01};
  for (int by = 0; by <= 1; by++) {
    fixture f = fixture_new(slide_xml, 3);
    data_findings found = {0};
    for (int e = 0; e < 3; e++) {
      for (int t = 0; t <= T; t++) {
        const bool before = e > 0 && t < by;
        const double frame = (before ? e - 1 : e) * (T + 1) + t + by + (before ? T + 1 - by : -by * (e > 0));
        const double s = 0.01 * (frame + 70 * (before ? e - 1 : e));
        double* x = frame_of(f.d, e, t);
        x[0] = 0.8 * sin(s);
        x[1] = cos(s);
      }
    }
    trace_it(&f, h);
    check_frames(&f.m, &found);
    expect(
        &found, "jump", by ? CHECK_WRONG : CHECK_OK, by ? 2 : 0,
        by ? "the first frames of 2 episodes continue the episodes before them, and positions jump after them, first "
             "of b by -0.487 in episode 1: the ends of the episodes are a frame early (data.ends_key)"
           : "");
    data_findings_clear(&found);
    fixture_free(&f);
  }
}

/* the second of three episodes never moves; in the third case its last frame does, in the last all of them rest */
static void episodes_that_never_move_are_wrong(void** state) {
  (void)state;
  static const double h[3] = {0.01, 0.01, 0.01};
  static const struct {
    double at, others;
    const char* reason; /* NULL: none */
    double last;        /* by which the last frame of the episode moves */
  } cases[] = {{0, 0.001,
                "the positions of episode 1 (1 of 3) never change and are all 0, as those of an array that was never "
                "filled: leave them out (data.select)",
                0},
               {0.3, 0.001, "the positions of episode 1 (1 of 3) never change: leave them out (data.select)", 0},
               {0.3, 0.001, NULL, 0.001},
               {0, 0, NULL, 0}};
  for (int i = 0; i < 4; i++) {
    fixture f = fixture_new(slide_xml, 3);
    data_findings found = {0};
    for (int e = 0; e < 3; e++) {
      for (int t = 0; t <= T; t++) {
        double* x = frame_of(f.d, e, t);
        x[0] = e == 1 ? cases[i].at + (t == T ? cases[i].last : 0) : cases[i].others * t;
        x[2] = e == 1 ? 0 : 100 * cases[i].others;
      }
    }
    trace_it(&f, h);
    check_frames(&f.m, &found);
    const data_finding* one = find(&found, "motion", "episodes");
    assert_int_equal(one != NULL, cases[i].reason != NULL);
    if (one) assert_string_equal(one->reason, cases[i].reason);
    if (one) assert_true(one->verdict == CHECK_WRONG && one->value == 1 && one->limit == 0);
    data_findings_clear(&found);
    fixture_free(&f);
  }
}

/* a transient of a controller is no joint of two episodes */
static void a_jump_of_the_first_frame_is_a_warning(void** state) {
  (void)state;
  static const double h[1] = {0.01};
  fixture f = fixture_new(slide_xml, 1);
  for (int t = 0; t <= T; t++) {
    frame_of(f.d, 0, t)[0] = 0.001 * t + (t > 0 ? 0.2 : 0);
    frame_of(f.d, 0, t)[1] = 0.002 * t;
  }
  trace_it(&f, h);
  data_findings found = {0};
  check_frames(&f.m, &found);
  expect(&found, "jump", CHECK_WARN, 1,
         "positions jump, first of a by 0.201 in episode 0 between frames 0 and 1: a controller starts there, or the "
         "first frame is of another motion");
  data_findings_clear(&found);
  fixture_free(&f);
}

/* one of many episodes is inside the floor, whichever it is */
static void poses_of_every_episode_are_looked_at(void** state) {
  (void)state;
  enum { MANY = 602, SHORT = 40, DEEP = 301 };
  df_system* s;
  df_dataset* d;
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  double h[MANY];
  trace m;
  data_findings found = {0};
  assert_ok(df_mujoco_system_from_xml(ball_xml, "ball", &cfg, &s));
  const df_dataset_shape shape = {.episodes = MANY, .length = SHORT, .nx = s->nx, .dt = s->dt};
  assert_ok(df_dataset_new(&shape, &d));
  for (int e = 0; e < MANY; e++) {
    h[e] = s->dt;
    for (int t = 0; t <= SHORT; t++) {
      double* x = frame_of(d, e, t);
      x[0] = 0.001 * t;
      x[2] = e == DEEP ? 0.04 : 0.1;
      x[3] = 1;
      x[7] = 0.1;
    }
  }
  assert_ok(trace_of(d, s, h, 100000, &m));
  assert_ok(check_episodes(&m, &(check_cfg){.frames_max = 100000, .poses_max = 2000}, &found));
  const data_finding* one = find(&found, "mixture", "penetration");
  assert_non_null(one);
  assert_non_null(strstr(one->reason, "episode 301 (1 of 602) fails this check, and the others pass it"));
  data_findings_clear(&found);
  trace_clear(&m);
  df_dataset_free(d);
  df_system_free(s);
}

/* A ball at the height at which it comes to rest in a simulation: lifted by 0.3 m, it has to be moved by -0.3 m, not
 * until it only touches; lifted by half a millimetre more than contacts reach, it hovers. */
static void what_floats_is_put_where_contacts_carry_it(void** state) {
  (void)state;
  static const double h[1] = {0.01};
  fixture f = fixture_new(ball_xml, 1);
  double x[32];
  df_sim* sim;
  assert_ok(df_sim_new(f.s, 0, &sim));
  df_mujoco_initial_state(f.s, x);
  x[2] = 0.1;
  f.s->ops->reset(sim, x);
  for (int t = 0; t < 1000; t++) assert_int_equal(f.s->ops->step(sim, NULL, x), DF_TRAJ_COMPLETE);
  df_sim_free(f.s, sim);
  assert_true(x[2] < 0.1 - 1e-5);
  for (int hover = 0; hover < 2; hover++) {
    const double lift = hover ? 0.1 + 0.0005 - x[2] : 0.3;
    data_findings found = {0};
    pose_summary p;
    for (int t = 0; t <= T; t++) {
      memcpy(frame_of(f.d, 0, t), x, (size_t)f.s->nx * sizeof *x);
      frame_of(f.d, 0, t)[0] = 0.01 * t;
      frame_of(f.d, 0, t)[2] += lift;
    }
    trace_it(&f, h);
    assert_ok(pose_summary_of(&f.m, 100, &p));
    assert_ok(check_root_residual(&f.m, 100, &p.residual));
    assert_int_equal(pose_hovers(&p), hover);
    assert_ok(check_rise(&f.m, 100, &p));
    assert_true(p.carried);
    if (!(fabs(p.rise + lift) < 5e-5)) fail_msg("%.6f m, not %.6f m", p.rise, -lift);
    check_poses(&p, &(fit_source){0}, &found);
    const data_finding* one = finding_of(&found, "distance to the floor");
    assert_int_equal(one->verdict, CHECK_WARN);
    if (hover) assert_true(fabs(one->value - 0.0005) < 1e-9);
    data_findings_clear(&found);
    trace_clear(&f.m);
  }
  f.m = (trace){0};
  fixture_free(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(what_floats_is_put_where_contacts_carry_it),
                                     cmocka_unit_test(the_dof_that_jumps_is_compared_with_its_own_episode),
                                     cmocka_unit_test(an_angle_is_wrapped_up_or_down),
                                     cmocka_unit_test(a_velocity_of_a_single_frame_is_named),
                                     cmocka_unit_test(other_checks_leave_it_out),
                                     cmocka_unit_test(coordinates_that_never_change_are_named),
                                     cmocka_unit_test(the_sign_of_a_quaternion_is_that_of_all_four_numbers),
                                     cmocka_unit_test(norms_that_were_not_1_are_named),
                                     cmocka_unit_test(limits_are_counted),
                                     cmocka_unit_test(limits_are_judged_by_share_and_excess),
                                     cmocka_unit_test(radians_that_are_read_as_degrees_are_named),
                                     cmocka_unit_test(poses_are_measured_from_the_floor),
                                     cmocka_unit_test(a_single_deep_pose_is_reported_not_judged),
                                     cmocka_unit_test(an_object_on_the_floor_does_not_hold_the_robot),
                                     cmocka_unit_test(a_driven_slide_floats),
                                     cmocka_unit_test(what_flies_does_not_slip),
                                     cmocka_unit_test(slip_is_that_on_what_cannot_move),
                                     cmocka_unit_test(only_the_robot_shows_where_its_feet_stand),
                                     cmocka_unit_test(the_base_is_that_of_the_robot),
                                     cmocka_unit_test(the_best_of_several_exchanges_is_found),
                                     cmocka_unit_test(whole_bodies_are_exchanged),
                                     cmocka_unit_test(what_need_not_touch_the_floor_is_right),
                                     cmocka_unit_test(only_what_the_floor_would_carry_is_put_down),
                                     cmocka_unit_test(without_contacts_there_is_no_floor),
                                     cmocka_unit_test(factors_of_velocities_are_those_of_rates_or_of_scales),
                                     cmocka_unit_test(velocities_of_what_a_mocap_body_holds_tell_no_rate),
                                     cmocka_unit_test(a_rate_is_a_number_of_physics_steps_before_a_round_factor),
                                     cmocka_unit_test(a_wheel_tells_a_rate_beside_a_joint_that_chatters),
                                     cmocka_unit_test(units_are_powers_of_ten),
                                     cmocka_unit_test(an_action_is_in_a_column_of_its_array),
                                     cmocka_unit_test(velocities_of_frames_further_away_are_counted),
                                     cmocka_unit_test(what_hardly_touches_hovers),
                                     cmocka_unit_test(velocities_of_the_opposite_sign_are_named),
                                     cmocka_unit_test(velocities_of_other_frames_are_earlier_or_later),
                                     cmocka_unit_test(an_episode_of_another_rate_is_found_by_its_own_frames),
                                     cmocka_unit_test(a_scale_of_no_unit_is_said_and_not_hidden),
                                     cmocka_unit_test(a_scale_of_positions_is_that_of_the_unit),
                                     cmocka_unit_test(small_robots_are_judged_by_their_size),
                                     cmocka_unit_test(upright_is_the_posture_of_the_model),
                                     cmocka_unit_test(a_rate_is_the_mean_over_all_frames),
                                     cmocka_unit_test(the_order_of_velocities_has_their_lag),
                                     cmocka_unit_test(exchanged_velocities_are_not_reversed_too),
                                     cmocka_unit_test(what_a_mocap_body_holds_needs_no_force),
                                     cmocka_unit_test(contacts_may_provide_any_force),
                                     cmocka_unit_test(contacts_at_the_surface_may_not_slide_with_many_weights),
                                     cmocka_unit_test(what_frames_leave_is_no_force),
                                     cmocka_unit_test(a_hovering_ball_needs_its_weight),
                                     cmocka_unit_test(an_acceleration_is_per_recorded_frame),
                                     cmocka_unit_test(most_frames_have_to_follow_with_a_scale),
                                     cmocka_unit_test(what_falls_within_a_frame_does_not_jump),
                                     cmocka_unit_test(what_gravity_does_not_move_jumps),
                                     cmocka_unit_test(what_goes_on_falling_does_not_jump),
                                     cmocka_unit_test(a_jump_of_the_first_frame_is_a_warning),
                                     cmocka_unit_test(frames_of_the_episode_before_are_named),
                                     cmocka_unit_test(episodes_that_never_move_are_wrong),
                                     cmocka_unit_test(a_jump_that_an_actuator_makes_is_a_warning),
                                     cmocka_unit_test(what_floats_without_a_force_is_wrong),
                                     cmocka_unit_test(frames_of_a_free_body_are_duplicated),
                                     cmocka_unit_test(positions_alone_jump),
                                     cmocka_unit_test(velocities_that_rock_are_no_contradiction),
                                     cmocka_unit_test(poses_of_every_episode_are_looked_at)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
