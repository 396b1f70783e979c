/* Errors, slopes and lags of velocities, jumps, poses and forces of small recordings, against closed forms. */
#include "trace.h"

#include <math.h>

#include "check_parts.h"
#include "planted.h"
#include "unit.h"

static const char slide_xml[] =
    "<mujoco><option timestep='.01'/><worldbody><body><joint name='a' type='slide' axis='1 0 0' range='-1 1' "
    "limited='true'/><geom size='.1' mass='2'/><body><joint name='b' axis='0 1 0'/><geom size='.1' mass='1'/></body>"
    "</body></worldbody></mujoco>";
static const char ball_xml[] =
    "<mujoco><option timestep='.01'/><worldbody><geom type='plane' size='5 5 1'/><body><freejoint name='base'/>"
    "<geom size='.1' mass='2'/></body>"
    "<body pos='9 9 9'><geom size='.1' mass='50'/></body></worldbody></mujoco>";
enum { T = 200 };

typedef struct fixture {
  df_system* s;
  df_dataset* d;
  trace m;
} fixture;

static fixture fixture_new(const char* xml) {
  fixture f;
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  assert_ok(df_mujoco_system_from_xml(xml, "model", &cfg, &f.s));
  assert_ok(df_dataset_new(&(df_dataset_shape){.episodes = 1, .length = T, .nx = f.s->nx, .dt = f.s->dt}, &f.d));
  return f;
}
static void trace_it(fixture* f) {
  assert_ok(trace_of(f->d, f->s, &f->s->dt, 100000, &f->m));
}
static void fixture_free(fixture* f) {
  trace_clear(&f->m);
  df_dataset_free(f->d);
  df_system_free(f->s);
}

/* q of the slide is a sine of 1 Hz; its velocity is `factor` times the difference of the frames t + a and t + b; the
 * hinge is a cosine with its exact velocity */
static fixture sines(double factor, int a, int b) {
  fixture f = fixture_new(slide_xml);
  const double w = 2 * PI, h = 0.01;
  for (int t = 0; t <= T; t++) {
    double* x = frame_of(f.d, 0, t);
    x[0] = sin(w * t * h);
    x[1] = cos(w * t * h);
    x[2] = factor * (sin(w * (t + b) * h) - sin(w * (t + a) * h)) / ((b - a) * h);
    x[3] = -w * sin(w * t * h);
  }
  trace_it(&f);
  return f;
}

static void exact_velocities_have_their_lag(void** state) {
  (void)state;
  const struct {
    int a, b, lag;
  } cases[] = {
      {0, 1, LAG_EXPLICIT}, {-1, 0, LAG_SEMI_IMPLICIT}, {-1, 1, LAG_CENTRAL}, {-2, -1, LAG_LATE}, {1, 2, LAG_EARLY}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    fixture f = sines(1, cases[i].a, cases[i].b);
    const trace_fit fit = trace_fit_group(&f.m, -1, GROUP_SLIDES);
    for (int lag = 0; lag < LAGS; lag++) assert_true((fit.error[lag] < 1e-6) == (lag == cases[i].lag));
    assert_int_equal(trace_lag_is_right(cases[i].lag), cases[i].lag != LAG_LATE && cases[i].lag != LAG_EARLY);
    assert_true(fabs(fit.slope[cases[i].lag] - 1) < 1e-9);
    fixture_free(&f);
  }
}

static void errors_are_those_of_the_closed_form(void** state) {
  (void)state;
  fixture f = sines(0.5, 0, 1);
  const trace_fit slide = trace_fit_group(&f.m, -1, GROUP_SLIDES), hinge = trace_fit_group(&f.m, -1, GROUP_HINGES);
  /* half the velocity leaves half the change */
  assert_true(fabs(slide.error[LAG_EXPLICIT] - 0.5) < 1e-9 && fabs(slide.slope[LAG_EXPLICIT] - 2) < 1e-9);
  assert_true(slide.fitted[LAG_EXPLICIT] < 1e-6 && fabs(trace_long_slope(&f.m, GROUP_SLIDES) - 2) < 0.01);
  /* the mean of both ends of a sine of w h = 0.0628 is larger than the change by (w h)^2 / 12, a cubic by 11/720 (w
   * h)^4 */
  const double wh = 2 * PI * 0.01;
  assert_true(fabs(hinge.error[LAG_MEAN] - wh * wh / 12) < 1e-6);
  assert_true(hinge.error[LAG_CUBIC] < 1e-6 && hinge.error[LAG_CUBIC] > 0.5 * 11. / 720 * wh * wh * wh * wh);
  /* and the velocity of one end is off by a phase of w h / 2 */
  assert_true(fabs(hinge.error[LAG_EXPLICIT] - wh / 2) < 1e-3);
  fixture_free(&f);
}

static void limits_are_counted(void** state) {
  (void)state;
  fixture f = fixture_new(slide_xml);
  for (int t = 0; t <= T; t++) frame_of(f.d, 0, t)[0] = t < 50 ? 1.05 : t < 120 ? -1.03 : 0.9;
  trace_it(&f);
  /* 2 % of a width of 2 is 0.04 */
  assert_true(fabs(check_limit_share(&f.m) - 50. / T) < 1e-12);
  fixture_free(&f);
}

static void a_jump_is_no_fast_motion(void** state) {
  (void)state;
  fixture f = fixture_new(slide_xml);
  for (int t = 0; t <= T; t++) {
    double* x = frame_of(f.d, 0, t);
    /* a kick over three frames, a step over one */
    x[0] = 0.001 * t + (t > 60 ? fmin(0.1 * (t - 60), 0.3) : 0) + (t > 120 ? 0.3 : 0);
    x[1] = 0.002 * t;
  }
  trace_it(&f);
  for (size_t k = 0; k < f.m.n; k++) assert_int_equal(f.m.jump[k], k == 120);
  fixture_free(&f);
}

static void a_frame_out_of_place_is_two_jumps(void** state) {
  (void)state;
  fixture f = fixture_new(slide_xml);
  for (int t = 0; t <= T; t++) {
    double* x = frame_of(f.d, 0, t);
    x[0] = 0.001 * t + (t == 80 ? 0.3 : 0);
    x[1] = 0.002 * t;
  }
  trace_it(&f);
  for (size_t k = 0; k < f.m.n; k++) assert_int_equal(f.m.jump[k], k == 79 || k == 80);
  fixture_free(&f);
}

/* an encoder of 0.01 m per step, of a slow motion: its steps are no jumps, and frames between them no repetitions */
static void steps_of_an_encoder_are_no_jumps(void** state) {
  (void)state;
  fixture f = fixture_new(slide_xml);
  for (int t = 0; t <= T; t++) {
    double* x = frame_of(f.d, 0, t);
    x[0] = 0.01 * floor(0.07 * t + 1e-9);
    x[1] = 0.01 * floor(0.09 * t + 1e-9);
    x[2] = 0.07;
    x[3] = 0.09;
  }
  trace_it(&f);
  for (size_t k = 0; k < f.m.n; k++) assert_false(f.m.jump[k]);
  assert_true(fabs(f.m.quantum[0] - 0.01) < 1e-12);
  fixture_free(&f);
}

/* a ball at height z with the velocity and acceleration of its motion */
static fixture ball(double z, double vx, double acceleration) {
  fixture f = fixture_new(ball_xml);
  for (int t = 0; t <= T; t++) {
    double* x = frame_of(f.d, 0, t);
    x[0] = vx * 0.01 * t;
    x[2] = z;
    x[3] = 1;
    x[7] = vx;
    x[9] = acceleration * 0.01 * t;
  }
  trace_it(&f);
  return f;
}

static const data_finding* finding_of(const data_findings* found, const char* check) {
  for (int i = 0; i < found->n; i++) {
    if (strcmp(found->list[i].check, check) == 0) return &found->list[i];
  }
  fail_msg("no finding '%s'", check);
  return NULL;
}

static void a_hovering_ball_needs_its_weight(void** state) {
  (void)state;
  const double accelerations[] = {0, -9.81, 9.81}, weights[] = {1, 0, 2};
  for (int i = 0; i < 3; i++) {
    fixture f = ball(5, 0, accelerations[i]);
    data_findings found = {0};
    assert_ok(check_forces(&f.m, 50, &found));
    const data_finding* one = finding_of(&found, "root residual");
    assert_true(fabs(one->value - weights[i]) < 1e-9);
    assert_int_equal(one->verdict, weights[i] > 1 ? CHECK_WARN : CHECK_OK);
    data_findings_clear(&found);
    fixture_free(&f);
  }
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
  assert_string_equal(finding_of(&found, "penetration")->would_fit, "data.position_offset = 5,7,0.16");
  data_findings_clear(&found);
  fixture_free(&f);
  f = ball(0.4, 0, 0);
  assert_ok(pose_summary_of(&f.m, 50, &p));
  assert_true(fabs(p.nearest - 0.3) < 1e-9 && isnan(p.slip) && p.inside == 0);
  check_poses(&p, &source, &found);
  assert_int_equal(finding_of(&found, "distance to the floor")->verdict, CHECK_WARN);
  assert_string_equal(finding_of(&found, "distance to the floor")->would_fit, "data.position_offset = 5,7,-0.2");
  data_findings_clear(&found);
  fixture_free(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(exact_velocities_have_their_lag),
                                     cmocka_unit_test(errors_are_those_of_the_closed_form),
                                     cmocka_unit_test(limits_are_counted),
                                     cmocka_unit_test(a_jump_is_no_fast_motion),
                                     cmocka_unit_test(a_frame_out_of_place_is_two_jumps),
                                     cmocka_unit_test(steps_of_an_encoder_are_no_jumps),
                                     cmocka_unit_test(a_hovering_ball_needs_its_weight),
                                     cmocka_unit_test(poses_are_measured_from_the_floor)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
