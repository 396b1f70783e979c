/* Errors, slopes and lags of velocities, and jumps, of small recordings, against closed forms. */
#include "trace.h"

#include <math.h>

#include "small_recording.h"
#include "unit.h"

/* q of the slide is a sine of 1 Hz; its velocity is `factor` times the difference of the frames t + a and t + b; the
 * hinge is a cosine with its exact velocity */
static fixture sines(double factor, int a, int b) {
  fixture f = fixture_new(slide_xml, 1);
  const double w = 2 * PI, h = 0.01;
  for (int t = 0; t <= T; t++) {
    double* x = frame_of(f.d, 0, t);
    x[0] = sin(w * t * h);
    x[1] = cos(w * t * h);
    x[2] = factor * (sin(w * (t + b) * h) - sin(w * (t + a) * h)) / ((b - a) * h);
    x[3] = -w * sin(w * t * h);
  }
  trace_it(&f, &f.s->dt);
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
    const trace_fit fit = trace_fit_group(&f.m, GROUP_SLIDES);
    for (int lag = 0; lag < LAGS; lag++) assert_true((fit.error[lag] < 1e-6) == (lag == cases[i].lag));
    assert_int_equal(trace_lag_is_right(cases[i].lag), cases[i].lag != LAG_LATE && cases[i].lag != LAG_EARLY);
    assert_true(fabs(fit.slope[cases[i].lag] - 1) < 1e-9);
    fixture_free(&f);
  }
}

static void errors_are_those_of_the_closed_form(void** state) {
  (void)state;
  fixture f = sines(0.5, 0, 1);
  const trace_fit slide = trace_fit_group(&f.m, GROUP_SLIDES), hinge = trace_fit_group(&f.m, GROUP_HINGES);
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

/* a negative slope explains nothing: such velocities are worse than none, and with the best slope as good as none */
static void velocities_of_the_opposite_sign_do_not_follow(void** state) {
  (void)state;
  fixture f = sines(-1, 0, 1);
  const trace_fit slide = trace_fit_group(&f.m, GROUP_SLIDES);
  assert_true(fabs(slide.error[LAG_EXPLICIT] - 2) < 1e-9);
  for (int lag = 0; lag < LAGS; lag++) assert_true(slide.slope[lag] == 0 && slide.fitted[lag] == 1);
  fixture_free(&f);
}

/* A slide at 1 m/s for 100 frames, then pushed so that its velocity is 1 and 0.2 m/s in turn while it moves at 1.2 m/s:
 * pairs 1 to 99 are steady, and the mean of the others is 0.6 m/s. */
static void velocities_that_change_within_frames_tell_no_slope(void** state) {
  (void)state;
  fixture f = fixture_new(slide_xml, 1);
  double x = 0;
  for (int t = 0; t <= T; t++) {
    frame_of(f.d, 0, t)[0] = x;
    frame_of(f.d, 0, t)[2] = t <= 100 || t % 2 == 0 ? 1 : 0.2;
    x += t < 100 ? 0.01 : 0.012;
  }
  trace_it(&f, &f.s->dt);
  const trace_steady of = trace_steady_of(&f.m, 0, f.m.n, GROUP_SLIDES);
  assert_true(fabs(of.slope - 1) < 1e-9);
  assert_true(fabs(of.share - 99 / (99 + 0.36 * (T - 101))) < 1e-9);
  assert_true(isnan(trace_steady_of(&f.m, 120, f.m.n, GROUP_SLIDES).slope));
  fixture_free(&f);
}

static void a_jump_is_no_fast_motion(void** state) {
  (void)state;
  fixture f = fixture_new(slide_xml, 1);
  for (int t = 0; t <= T; t++) {
    double* x = frame_of(f.d, 0, t);
    /* a kick over three frames, a step over one */
    x[0] = 0.001 * t + (t > 60 ? fmin(0.1 * (t - 60), 0.3) : 0) + (t > 120 ? 0.3 : 0);
    x[1] = 0.002 * t;
  }
  trace_it(&f, &f.s->dt);
  for (size_t k = 0; k < f.m.n; k++) assert_int_equal(f.m.jump[k], k == 120);
  fixture_free(&f);
}

static void a_frame_out_of_place_is_two_jumps(void** state) {
  (void)state;
  fixture f = fixture_new(slide_xml, 1);
  for (int t = 0; t <= T; t++) {
    double* x = frame_of(f.d, 0, t);
    x[0] = 0.001 * t + (t == 80 ? 0.3 : 0);
    x[1] = 0.002 * t;
  }
  trace_it(&f, &f.s->dt);
  for (size_t k = 0; k < f.m.n; k++) assert_int_equal(f.m.jump[k], k == 79 || k == 80);
  fixture_free(&f);
}

/* A ball, whose radius of gyration is sqrt(2/5) 0.1 m, falls at 1 m/s and comes to rest in the middle of pair 100, in
 * which it turns: up to 1 / 0.0632 = 15.8 rad/s is what the energy of its fall gives, and only a fall that ends. */
static void a_landing_is_no_jump(void** state) {
  (void)state;
  static const struct {
    double turn; /* rad/s */
    bool lands, jumps;
  } cases[] = {{15, true, false}, {17, true, true}, {15, false, true}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    fixture f = fixture_new(ball_xml, 1);
    for (int t = 0; t <= T; t++) {
      double* x = frame_of(f.d, 0, t);
      const double fallen = cases[i].lands ? fmin(t, 100.5) : t, turned = 0.01 * (0.01 * t + cases[i].turn * (t > 100));
      x[2] = 9 - 0.01 * fallen;
      x[3] = cos(turned / 2);
      x[4] = sin(turned / 2);
    }
    trace_it(&f, &f.s->dt);
    for (size_t k = 0; k < f.m.n; k++) assert_int_equal(f.m.jump[k], k == 100 && cases[i].jumps);
    fixture_free(&f);
  }
}

/* a pair of frames is compared with both neighbours, so that the first and the last one have none, and a jump spoils
 * the pair after it, too */
static void pairs_that_are_compared_have_both_neighbours(void** state) {
  (void)state;
  fixture f = fixture_new(slide_xml, 1);
  for (int t = 0; t <= T; t++) {
    double* x = frame_of(f.d, 0, t);
    x[0] = 0.001 * t + (t > 100 ? 0.3 : 0);
    x[1] = 0.002 * t;
  }
  trace_it(&f, &f.s->dt);
  assert_int_equal(f.m.n, T);
  for (size_t k = 0; k < f.m.n; k++) {
    const bool inside = f.m.frame[k] >= 1 && f.m.frame[k] + 2 <= T, jumps = k == 100 || k == 101;
    assert_int_equal(trace_comparable(&f.m, k), inside && !jumps);
  }
  fixture_free(&f);
}

/* an encoder of 0.01 m per step, of a slow motion: its steps are no jumps, and frames between them no repetitions */
static void steps_of_an_encoder_are_no_jumps(void** state) {
  (void)state;
  fixture f = fixture_new(slide_xml, 1);
  for (int t = 0; t <= T; t++) {
    double* x = frame_of(f.d, 0, t);
    x[0] = 0.01 * floor(0.07 * t + 1e-9);
    x[1] = 0.01 * floor(0.09 * t + 1e-9);
    x[2] = 0.07;
    x[3] = 0.09;
  }
  trace_it(&f, &f.s->dt);
  for (size_t k = 0; k < f.m.n; k++) assert_false(f.m.jump[k]);
  assert_true(fabs(f.m.quantum[0] - 0.01) < 1e-12);
  fixture_free(&f);
}

/* slow sines of episodes of these lengths */
static df_dataset* long_data(const df_system* s, int episodes, const int* lengths) {
  df_dataset* d;
  assert_ok(
      df_dataset_new(&(df_dataset_shape){.episodes = episodes, .lengths = lengths, .nx = s->nx, .dt = s->dt}, &d));
  for (int e = 0; e < episodes; e++) {
    for (int t = 0; t <= lengths[e]; t++) {
      double* x = frame_of(d, e, t);
      for (int i = 0; i < 2; i++) x[i] = sin(0.01 * t + i), x[2 + i] = cos(0.01 * t + i);
    }
  }
  return d;
}

/* Of a clip that is too long, stretches from its first to its last frame are looked at; pairs on both sides of what
 * lies between are no neighbours. */
static void a_long_clip_is_looked_at_in_stretches(void** state) {
  (void)state;
  static const int length[1] = {50000};
  static const double h[1] = {0.01};
  fixture f = fixture_new(slide_xml, 1);
  df_dataset* d = long_data(f.s, 1, length);
  trace m;
  /* a jump between two stretches, after pair 999, is none of the pairs that are looked at */
  for (int t = 1500; t <= length[0]; t++) frame_of(d, 0, t)[0] += 3;
  assert_ok(trace_of(d, f.s, h, 10000, &m));
  assert_int_equal(m.n, 10000);
  assert_int_equal(m.frame[0], 0);
  assert_int_equal(m.frame[m.n - 1], length[0] - 1);
  int stretches = 1;
  for (size_t k = 0; k + 1 < m.n; k++) {
    assert_true(m.frame[k + 1] > m.frame[k] && !m.jump[k]);
    stretches += !trace_continues(&m, k);
    if (!trace_continues(&m, k)) assert_true(m.frame[k + 1] - m.frame[k] > 4000 && !trace_comparable(&m, k + 1));
  }
  assert_int_equal(stretches, 10);
  assert_int_equal(m.spikes, 0);
  trace_clear(&m);
  df_dataset_free(d);
  fixture_free(&f);
}

/* of a few long episodes each is looked at; of many, every k-th as a whole */
static void many_episodes_are_left_out_few_are_not(void** state) {
  (void)state;
  const int few[3] = {3000, 200, 5000};
  int many[40];
  double hs[40];
  fixture f = fixture_new(slide_xml, 1);
  trace m;
  for (int e = 0; e < 40; e++) many[e] = 100, hs[e] = 0.01;
  df_dataset* d = long_data(f.s, 3, few);
  assert_ok(trace_of(d, f.s, hs, 3000, &m));
  int seen[3] = {0};
  for (size_t k = 0; k < m.n; k++) seen[m.episode[k]]++;
  assert_true(seen[0] == 1000 && seen[1] == 200 && seen[2] == 1000);
  trace_clear(&m);
  df_dataset_free(d);
  d = long_data(f.s, 40, many);
  assert_ok(trace_of(d, f.s, hs, 1000, &m));
  assert_int_equal(m.n, 800);
  for (size_t k = 0; k < m.n; k++) assert_true(m.episode[k] % 5 == 0 && m.frame[k] == (int)(k % 100));
  trace_clear(&m);
  df_dataset_free(d);
  fixture_free(&f);
}

/* halves are divided between episodes; those of one episode in the middle */
static void halves_are_of_other_episodes(void** state) {
  (void)state;
  static const double hs[3] = {0.01, 0.01, 0.01};
  static const struct {
    int n, lengths[3];
    size_t first;
  } cases[] = {{2, {30, 50}, 30}, {1, {60}, 30}, {3, {10, 40, 10}, 50}, {3, {10, 10, 80}, 20}};
  fixture f = fixture_new(slide_xml, 1);
  for (int i = 0; i < 4; i++) {
    trace m;
    df_dataset* d = long_data(f.s, cases[i].n, cases[i].lengths);
    assert_ok(trace_of(d, f.s, hs, 1000, &m));
    const trace a = trace_half(&m, 0), b = trace_half(&m, 1);
    assert_int_equal(a.n + b.n, m.n);
    assert_true(a.n == cases[i].first || (i == 2 && a.n == 10));
    assert_true(a.episode == m.episode && b.rate == m.rate + a.n * (size_t)m.nv && b.frame == m.frame + a.n);
    trace_clear(&m);
    df_dataset_free(d);
  }
  fixture_free(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(exact_velocities_have_their_lag),
                                     cmocka_unit_test(errors_are_those_of_the_closed_form),
                                     cmocka_unit_test(velocities_of_the_opposite_sign_do_not_follow),
                                     cmocka_unit_test(velocities_that_change_within_frames_tell_no_slope),
                                     cmocka_unit_test(a_jump_is_no_fast_motion),
                                     cmocka_unit_test(pairs_that_are_compared_have_both_neighbours),
                                     cmocka_unit_test(a_frame_out_of_place_is_two_jumps),
                                     cmocka_unit_test(a_landing_is_no_jump),
                                     cmocka_unit_test(steps_of_an_encoder_are_no_jumps),
                                     cmocka_unit_test(a_long_clip_is_looked_at_in_stretches),
                                     cmocka_unit_test(many_episodes_are_left_out_few_are_not),
                                     cmocka_unit_test(halves_are_of_other_episodes)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
