/* Positions that drift against their velocities by a known speed, and right recordings whose rules of integration,
 * noise, rounding and contacts look like one. */
#include <math.h>

#include "check_parts.h"
#include "found.h"
#include "small_recording.h"
#include "unit.h"

enum { CLIPS = 20 };
static const double H = 0.01;

/* what is recorded of one coordinate; the others move by sines, with their velocities */
typedef struct drift {
  int clips;
  double speed;     /* amplitude of the sine of 1 Hz, m/s or rad/s */
  double offset;    /* of the positions, m/s or rad/s */
  double noise;     /* standard deviation of the positions, m or rad */
  bool ends;        /* the offset ends after half of a clip */
  bool alternates;  /* it has the opposite sign in every second clip */
  int cycle;        /* it is all of one frame in so many, as that of an impact; 0: of all */
  bool of_velocity; /* the velocities are too low by it, and the positions do not drift */
} drift;

/* the position of the drift at frame t without noise */
static double drifted(const drift* c, int e, int t) {
  double sum = 0;
  for (int k = 0; k < t; k++) {
    const double one = c->cycle == 0 ? c->offset : k % c->cycle == 0 ? c->offset * c->cycle : 0;
    sum += c->ends && k >= T / 2 ? 0 : H * one;
  }
  return c->alternates && e % 2 ? -sum : sum;
}

/* writes coordinate `i` of the positions and `v` of the velocities */
static void write(const drift* c, const fixture* f, int i, int v) {
  for (int e = 0; e < c->clips; e++) {
    double noise[T + 1];
    df_rng_normal(11, DF_STREAM_TEST, (uint64_t)e, T + 1, noise);
    for (int t = 0; t <= T; t++) {
      const double w = 2 * PI, s = H * t + 0.1 * e;
      frame_of(f->d, e, t)[i] += c->speed / w * sin(w * s) + (c->of_velocity ? 0 : drifted(c, e, t));
      frame_of(f->d, e, t)[i] += c->noise * noise[t];
      frame_of(f->d, e, t)[v] += c->speed * cos(w * s) - (c->of_velocity ? c->offset : 0);
    }
  }
}

/* the findings with a drift of coordinate i, an axis of the base of ball_xml or a joint of slide_xml */
static data_findings check_with(const drift* c, const char* xml, int i) {
  static double h[CLIPS];
  static const drift slow = {.speed = 0.1};
  data_findings out = {0};
  fixture f = fixture_new(xml, c->clips);
  drift other = slow;
  other.clips = c->clips;
  for (int e = 0; e < c->clips; e++) h[e] = H;
  if (xml == ball_xml) {
    for (int e = 0; e < c->clips; e++) {
      for (int t = 0; t <= T; t++) frame_of(f.d, e, t)[3] = 1;
    }
    for (int k = 0; k < 3; k++) write(k == i ? c : &other, &f, k, 7 + k);
  } else {
    for (int k = 0; k < 2; k++) write(k == i ? c : &other, &f, k, 2 + k);
  }
  trace_it(&f, h);
  assert_ok(check_velocities(&f.m, &out));
  fixture_free(&f);
  return out;
}

static data_findings check_base(const drift* c, int axis) {
  return check_with(c, ball_xml, axis);
}

static int offsets(const data_findings* f) {
  int n = 0;
  for (int i = 0; i < f->n; i++) n += f->list[i].check == DATA_CHECK_VELOCITY_OFFSET;
  return n;
}

/* the only coordinate with an offset, and the only one that is wrong, is `column`, by `value` */
static void expect(data_findings f, const char* column, double value, double within, const char* reason) {
  const data_finding* one = finding_at(&f, DATA_CHECK_VELOCITY_OFFSET, column);
  assert_non_null(one);
  assert_int_equal(offsets(&f), 1);
  assert_int_equal(data_findings_count(&f, CHECK_WRONG), 1);
  assert_int_equal(one->verdict, CHECK_WRONG);
  if (!(fabs(one->value - value) <= within)) fail_msg("%s: %g instead of %g", column, one->value, value);
  if (!strstr(one->reason, reason)) fail_msg("%s", one->reason);
  assert_string_equal(would_fit(one), "");
  data_findings_clear(&f);
}

static void expect_none(data_findings f, const char* name) {
  for (int i = 0; i < f.n; i++) {
    if (f.list[i].check == DATA_CHECK_VELOCITY_OFFSET) fail_msg("%s: %s", name, f.list[i].reason);
  }
  data_findings_clear(&f);
}

static void a_base_that_drifts_is_named(void** state) {
  (void)state;
  static const char* const names[] = {"base x", "base y", "base z"};
  for (int axis = 0; axis < 3; axis++) {
    expect(check_base(&(drift){.clips = 3, .speed = 0.2, .offset = 0.1}, axis), names[axis], 0.1, 1e-3,
           "rise by 0.1 m/s more than the velocities say");
    expect(check_base(&(drift){.clips = 1, .speed = 0.2, .offset = -0.5}, axis), names[axis], -0.5, 1e-3,
           "fall by 0.5 m/s more than the velocities say");
  }
}

/* velocities that are too low while the positions do not drift are the same mistake */
static void velocities_with_an_offset_are_named(void** state) {
  (void)state;
  expect(check_base(&(drift){.clips = 3, .speed = 0.2, .offset = 0.1, .of_velocity = true}, 2), "base z", 0.1, 1e-3,
         "or the velocities have an offset");
}

/* 2 cm/s, and 5 % of the RMS speed of the base: of sines of 1, 0.1 and 0.1 m/s */
static void small_offsets_are_left_out(void** state) {
  (void)state;
  const double limit = 0.05 * sqrt((1 + 0.01 + 0.01) / 2);
  expect_none(check_base(&(drift){.clips = 3, .speed = 0.1, .offset = 0.018}, 0), "1.8 cm/s");
  expect(check_base(&(drift){.clips = 3, .speed = 0.1, .offset = 0.022}, 0), "base x", 0.022, 1e-3, "0.022 m/s");
  expect_none(check_base(&(drift){.clips = 3, .speed = 1, .offset = 0.9 * limit}, 0), "less than 5 %");
  expect(check_base(&(drift){.clips = 3, .speed = 1, .offset = 1.2 * limit}, 0), "base x", 1.2 * limit, 3e-3, "m/s");
}

/* 5 mm of noise at 100 Hz is 0.7 m/s in the differences of two frames */
static void noise_is_no_drift(void** state) {
  (void)state;
  expect_none(check_base(&(drift){.clips = 3, .speed = 0.5, .noise = 0.005}, 0), "noise");
  expect_none(check_base(&(drift){.clips = 3, .speed = 0.5, .noise = 0.005, .offset = 0.1}, 0), "noise and 0.1 m/s");
  expect(check_base(&(drift){.clips = 3, .speed = 0.5, .noise = 0.005, .offset = 0.8}, 0), "base x", 0.8, 0.02, "m/s");
  /* of one clip, the standard error is 0.05 m/s, and ten times as much 0.5 m/s */
  expect_none(check_base(&(drift){.clips = 1, .speed = 0.5, .noise = 0.005, .offset = 0.4}, 0), "noise, one clip");
  expect(check_base(&(drift){.clips = 8, .speed = 0.5, .noise = 0.005, .offset = 0.4}, 0), "base x", 0.4, 0.02, "m/s");
}

static void what_is_not_steady_is_no_drift(void** state) {
  (void)state;
  expect_none(check_base(&(drift){.clips = 4, .speed = 0.2, .offset = 0.2, .ends = true}, 1), "half of each clip");
  expect_none(check_base(&(drift){.clips = 5, .speed = 0.2, .offset = 0.2, .alternates = true}, 1), "both signs");
  /* an impact at the same phase of every tenth frame, however many frames there are */
  expect_none(check_base(&(drift){.clips = CLIPS, .speed = 0.2, .offset = 0.05, .cycle = 10}, 1), "impacts");
}

/* Velocities of hinges may rock within frames: offsets of less than 0.35 of their RMS speed are theirs. */
static void hinges_are_looked_at_too(void** state) {
  (void)state;
  const double speed = 2, rms = speed / sqrt(2);
  expect_none(check_with(&(drift){.clips = 3, .speed = speed, .offset = 0.3 * rms}, slide_xml, 1), "hinge");
  expect(check_with(&(drift){.clips = 3, .speed = speed, .offset = 0.45 * rms}, slide_xml, 1), "b", 0.45 * rms, 0.02,
         "rad/s more than the velocities say");
}

/* ---- right recordings ---- */

/* the velocity of a base that falls and rises with 8 m/s^2 for 0.33 s, m/s; for a frame it nearly rests */
static double of_a_throw(int t) {
  return t <= 16 ? 8 * H * (t - 16) : 8 * H * (t - 17) + 0.001;
}

/* With the velocities of the frame or of the next one, the change in a frame is 4 cm/s off, and 5 % of the RMS speed is
 * less. */
static void the_rule_of_integration_is_no_drift(void** state) {
  (void)state;
  for (int semi = 0; semi < 2; semi++) {
    static const double h[3] = {0.01, 0.01, 0.01};
    data_findings out = {0};
    fixture f = fixture_new(ball_xml, 3);
    df_dataset_free(f.d);
    assert_ok(df_dataset_new(&(df_dataset_shape){.episodes = 3, .length = 33, .nx = f.s->nx, .dt = f.s->dt}, &f.d));
    for (int e = 0; e < 3; e++) {
      double z = 1;
      for (int t = 0; t <= 33; t++) {
        const double v = of_a_throw(t);
        frame_of(f.d, e, t)[2] = z;
        frame_of(f.d, e, t)[3] = 1;
        frame_of(f.d, e, t)[9] = v;
        z += H * (semi ? of_a_throw(t + 1) : v);
      }
    }
    trace_it(&f, h);
    assert_ok(check_velocities(&f.m, &out));
    fixture_free(&f);
    expect_none(out, semi ? "semi-implicit" : "explicit");
  }
}

/* velocities between 0.1 and 0.2 m/s, rounded down to 0.1 m/s or as they are */
static void rounding_is_no_drift(void** state) {
  (void)state;
  for (int axis = 0; axis < 3; axis++) {
    static const double h[3] = {0.01, 0.01, 0.01};
    data_findings out = {0};
    fixture f = fixture_new(ball_xml, 3);
    for (int e = 0; e < 3; e++) {
      for (int t = 0; t <= T; t++) {
        const double w = PI, s = H * t, v = 0.15 + 0.06 * cos(w * s + e);
        frame_of(f.d, e, t)[axis] = 0.15 * s + 0.06 / w * sin(w * s + e);
        frame_of(f.d, e, t)[3] = 1;
        frame_of(f.d, e, t)[7 + axis] = floor(v * 10) / 10;
      }
    }
    trace_it(&f, h);
    assert_ok(check_velocities(&f.m, &out));
    fixture_free(&f);
    expect_none(out, "rounded velocities");
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_base_that_drifts_is_named),         cmocka_unit_test(velocities_with_an_offset_are_named),
      cmocka_unit_test(small_offsets_are_left_out),          cmocka_unit_test(noise_is_no_drift),
      cmocka_unit_test(what_is_not_steady_is_no_drift),      cmocka_unit_test(hinges_are_looked_at_too),
      cmocka_unit_test(the_rule_of_integration_is_no_drift), cmocka_unit_test(rounding_is_no_drift)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
