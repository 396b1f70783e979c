/* What makes the position of a free base and its heading change otherwise than its velocities say: planted numbers are
 * found again, and right recordings, whatever their rule of integration, noise and steps per frame, have none. */
#include "base_fit.h"

#include <math.h>

#include "check_parts.h"
#include "dynaflow/core/rng.h"
#include "found.h"
#include "small_recording.h"
#include "unit.h"

enum { CLIPS = 6, FREE_NQ = 7 };
static const double H = 0.01;

typedef struct plan {
  double scale[3]; /* of the positions, less 1 */
  double point[3]; /* of the base that the positions are of */
  double drift;    /* of the heading, rad/s */
  double rate;     /* duration of a frame as stated, by the right one; 0: 1 */
  double noise;    /* standard deviation of the velocities, m/s */
  int wrong;       /* the number of clips that are wrong; 0: all */
  int lag;      /* 1: velocities of semi-implicit Euler, -1: of explicit Euler, whose frames are one step; 0: exact */
  double swing; /* Hz of the vertical motion */
  double slow;  /* all velocities are smaller by this share */
  double flat;  /* 1: the base turns about `axis` of its frame alone */
  double axis[3];
  double rocks; /* amplitude of a pitch of its own beside that, rad */
  double turns; /* those of the rotation are, and have noise of 0.1 rad/s */
} plan;

static void product(const double a[4], const double b[4], double out[4]) {
  out[0] = a[0] * b[0] - a[1] * b[1] - a[2] * b[2] - a[3] * b[3];
  out[1] = a[0] * b[1] + a[1] * b[0] + a[2] * b[3] - a[3] * b[2];
  out[2] = a[0] * b[2] - a[1] * b[3] + a[2] * b[0] + a[3] * b[1];
  out[3] = a[0] * b[3] + a[1] * b[2] - a[2] * b[1] + a[3] * b[0];
}

/* the right pose of clip e at time s; a base that goes on its way in a heading of its own, and rocks */
static void pose_at(const plan* p, int e, double s, double at[3], double q[4]) {
  const double w = 2 * PI * (p->swing > 0 ? p->swing : 1.3), heading = 0.3 * sin(1.1 * s + e);
  const double pitch = 0.2 * sin(4.7 * s + e), cy = cos(heading / 2), sy = sin(heading / 2);
  at[0] = (0.5 + 0.05 * e) * s + 0.02 * sin(5 * s);
  at[1] = 0.3 * sin(1.7 * s + e);
  at[2] = 0.5 + 0.03 * sin(w * s);
  const double out[4] = {cy * cos(pitch / 2), -sy * sin(pitch / 2), cy * sin(pitch / 2), sy * cos(pitch / 2)};
  memcpy(q, out, sizeof out);
  if (p->flat == 0) return;
  const double half = p->rocks * sin(4.7 * s + e) / 2;
  product((const double[]){cy, sy * p->axis[0], sy * p->axis[1], sy * p->axis[2]},
          (const double[]){cos(half), 0, sin(half), 0}, q);
}

/* the velocities between two times, by differences of the right poses; the angular one in the frame of the base */
static void velocity_of(const plan* p, int e, double from, double to, double v[6]) {
  double a[3], b[3], qa[4], qb[4], turn[4];
  pose_at(p, e, from, a, qa);
  pose_at(p, e, to, b, qb);
  for (int i = 0; i < 3; i++) v[i] = (b[i] - a[i]) / (to - from);
  product((const double[]){qa[0], -qa[1], -qa[2], -qa[3]}, qb, turn);
  for (int i = 0; i < 3; i++) v[3 + i] = 2 * turn[1 + i] / (to - from);
}

static void write_frame(const plan* p, int e, int t, bool wrong, const double* noise, double* x) {
  static const double SMALL = 1e-5;
  const double s = H * t;
  double q[4], turned[4], r[3], v[6];
  pose_at(p, e, s, x, q);
  const double from = p->lag > 0   ? s - H
                      : p->lag < 0 ? s
                                   : s - SMALL,
               to = p->lag < 0   ? s + H
                    : p->lag > 0 ? s
                                 : s + SMALL;
  velocity_of(p, e, from, to, v);
  for (int i = 0; i < 3; i++) {
    x[FREE_NQ + i] = (1 - p->slow) * (v[i] + p->noise * noise[3 * t + i]);
    x[FREE_NQ + 3 + i] = (1 - p->slow) * (1 - p->turns) * (v[3 + i] + (p->turns > 0 ? 0.1 * noise[3 * t + i] : 0));
  }
  memcpy(x + 3, q, sizeof q);
  if (!wrong) return;
  memcpy(r, p->point, sizeof r);
  rotate(q, false, r);
  for (int i = 0; i < 3; i++) x[i] = (1 + p->scale[i]) * x[i] + r[i];
  product((const double[]){cos(p->drift * s / 2), 0, 0, sin(p->drift * s / 2)}, q, turned);
  memcpy(x + 3, turned, sizeof turned);
}

static fixture recording_of(const plan* p) {
  static double h[CLIPS], noise[3 * (T + 1)];
  fixture f = fixture_new(ball_xml, CLIPS);
  for (int e = 0; e < CLIPS; e++) {
    h[e] = H * (p->rate > 0 ? p->rate : 1);
    df_rng_normal(13, DF_STREAM_TEST, (uint64_t)e, 3 * (T + 1), noise);
    for (int t = 0; t <= T; t++) write_frame(p, e, t, p->wrong == 0 || e < p->wrong, noise, frame_of(f.d, e, t));
  }
  trace_it(&f, h);
  return f;
}

static base_fit fit_of(const plan* p) {
  fixture f = recording_of(p);
  const base_fit out = base_fit_of(&f.m);
  fixture_free(&f);
  return out;
}

static data_findings findings_of(const plan* p) {
  fixture f = recording_of(p);
  data_findings out = {0};
  assert_ok(check_velocities(&f.m, &out));
  fixture_free(&f);
  return out;
}

static void a_scale_is_found_with_its_axes(void** state) {
  (void)state;
  static const struct {
    plan p;
    base_cause cause;
    double factor;
  } cases[] = {{{.scale = {.1, .1, .1}, .noise = .02}, BASE_SCALE, 1.1},
               {{.scale = {.1, .1, 0}, .noise = .02}, BASE_PLANE, 1.1},
               {{.scale = {0, 0, -.2}, .noise = .01}, BASE_VERTICAL, 0.8},
               {{.scale = {-.04, -.04, -.04}, .noise = .01, .lag = 1}, BASE_SCALE, 0.96}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const base_fit f = fit_of(&cases[i].p);
    assert_int_equal(f.cause, cases[i].cause);
    /* the noise of the velocities makes a factor at most 1 - (noise / speed)^2 smaller */
    if (!(fabs(f.value[0] - cases[i].factor) < 0.01)) fail_msg("case %zu: %g", i, f.value[0]);
    assert_true(f.doubt > 0 && f.doubt < 0.01 && f.left < 0.75 * f.as_is);
    assert_true(isnan(f.drift));
  }
}

static void a_point_of_the_base_is_found(void** state) {
  (void)state;
  static const double points[][3] = {{.1, 0, .12}, {0, 0, -.05}, {-.06, .08, .02}};
  for (size_t i = 0; i < 3; i++) {
    for (int lag = -1; lag <= 1; lag++) {
      plan p = {.lag = lag};
      memcpy(p.point, points[i], sizeof p.point);
      const base_fit f = fit_of(&p);
      assert_int_equal(f.cause, BASE_POINT);
      for (int k = 0; k < 3; k++) {
        if (!(fabs(f.value[k] - p.point[k]) < 2e-3)) fail_msg("point %zu, lag %d: %d is %g", i, lag, k, f.value[k]);
      }
      assert_true(f.left < 0.1 * f.as_is);
    }
  }
}

/* Of a base that turns about one axis, the part of the point across it is found, and the axis itself. */
static void a_point_beside_the_only_axis_is_found(void** state) {
  (void)state;
  static const double axes[][3] = {{0, 0, 1}, {0, 1, 0}, {1, 0, 0}, {0.48, 0.6, 0.64}};
  for (size_t i = 0; i < 4; i++) {
    const double* axis = axes[i];
    const double point[3] = {.15, -.1, .2};
    const double along = point[0] * axis[0] + point[1] * axis[1] + point[2] * axis[2];
    plan p = {.flat = 1};
    memcpy(p.axis, axis, sizeof p.axis);
    memcpy(p.point, point, sizeof p.point);
    const base_fit f = fit_of(&p);
    assert_int_equal(f.cause, BASE_POINT);
    double cosine = 0;
    for (int k = 0; k < 3; k++) {
      const double across = point[k] - along * axis[k];
      if (!(fabs(f.value[k] - across) < 2e-3)) fail_msg("axis %zu: %d is %g, not %g", i, k, f.value[k], across);
      cosine += f.axis[k] * axis[k];
    }
    assert_true(fabs(cosine) > 1 - 1e-6);
    data_findings found = findings_of(&p);
    const data_finding* one = finding_at(&found, DATA_CHECK_BASE_POINT, "base position");
    assert_non_null(one);
    assert_true(fabs(one->value - sqrt(.0725 - along * along)) < 2e-3);
    assert_non_null(strstr(one->reason, "the only axis about which the base turns"));
    data_findings_clear(&found);
  }
  /* nothing is left out of a base that turns about all axes, and a right one that turns about one has no point */
  const plan turns = {.point = {.1, 0, .12}}, right = {.flat = 1, .axis = {0, 0, 1}};
  const base_fit all = fit_of(&turns), none = fit_of(&right);
  for (int k = 0; k < 3; k++) assert_true(all.axis[k] == 0);
  assert_int_equal(none.cause, BASE_NO_CAUSE);
}

/* A base that turns by 0.33 rad/s and rocks by 0.014 rad/s, 5e-4 of the squares: the height of the point is known. */
static void a_base_that_hardly_rocks_has_no_axis(void** state) {
  (void)state;
  const plan p = {.flat = 1, .axis = {0, 0, 1}, .rocks = 0.003, .point = {.15, -.1, .2}};
  const base_fit f = fit_of(&p);
  assert_int_equal(f.cause, BASE_POINT);
  for (int k = 0; k < 3; k++) {
    assert_true(f.axis[k] == 0);
    if (!(fabs(f.value[k] - p.point[k]) < 2e-3)) fail_msg("%d is %g", k, f.value[k]);
  }
}

static void a_drift_of_the_heading_is_found(void** state) {
  (void)state;
  for (int k = 0; k < 2; k++) {
    const plan p = {.drift = k ? -0.05 : 0.15};
    const base_fit f = fit_of(&p);
    assert_true(fabs(f.drift - p.drift) < 1e-3);
    assert_true(f.drift_doubt < 0.1 * fabs(p.drift));
    assert_int_equal(f.cause, BASE_NO_CAUSE);
    data_findings found = findings_of(&p);
    const data_finding* one = finding_at(&found, DATA_CHECK_VELOCITY_OFFSET, "base heading");
    assert_non_null(one);
    assert_int_equal(data_findings_count(&found, CHECK_WRONG), 1);
    assert_true(fabs(one->value - p.drift) < 1e-3);
    data_findings_clear(&found);
  }
}

/* what is too small, what only some clips have, and what a point or a factor may not be told from */
static void what_is_not_clear_is_left_out(void** state) {
  (void)state;
  static const plan plans[] = {{.scale = {.015, .015, .015}, .noise = .002}, /* below 2 % */
                               {.scale = {.03, .03, .03}, .noise = .1},      /* leaves more than 75 % */
                               {.scale = {.1, .1, .1}, .noise = .02, .wrong = 2},
                               {.point = {.1, 0, .12}, .wrong = 2},
                               {.point = {.01, 0, .01}, .noise = .001},
                               {.point = {.03, 0, .04}, .noise = .03}, /* leaves more than 40 % */
                               {.scale = {-2, -2, -2}},
                               /* reversed */ {.drift = .015},
                               {.drift = .15, .wrong = 2}};
  for (size_t i = 0; i < sizeof plans / sizeof *plans; i++) {
    const base_fit f = fit_of(&plans[i]);
    if (f.cause != BASE_NO_CAUSE || isfinite(f.drift)) fail_msg("plan %zu: %d, %g", i, (int)f.cause, f.drift);
  }
}

/* Vertical motions that swing up to six times in ten frames, with each rule of integration and noise. */
static void right_recordings_have_no_cause(void** state) {
  (void)state;
  static const double swings[] = {1, 5, 13, 25, 35, 45}, noises[] = {0, 0.02, 0.2};
  for (size_t i = 0; i < sizeof swings / sizeof *swings; i++) {
    for (size_t k = 0; k < sizeof noises / sizeof *noises; k++) {
      for (int lag = -1; lag <= 1; lag++) {
        const plan p = {.swing = swings[i], .noise = noises[k], .lag = lag};
        const base_fit f = fit_of(&p);
        if (f.cause != BASE_NO_CAUSE || isfinite(f.drift))
          fail_msg("%g Hz, noise %g, lag %d: cause %d, %g", p.swing, p.noise, lag, (int)f.cause, f.value[0]);
      }
    }
  }
}

/* A rate that is 4 or 5 % off, and noise that hides it from single groups: the error falls to no less than 60 %. */
/* A base that drives at 4 m/s and turns, at 30 Hz: its velocity is constant within a frame but for the turn, changes
 * from frame to frame, and is recorded at the end of each. `ahead`: m, of a sensor whose positions are recorded. */
static base_fit fit_of_vehicle(double ahead) {
  static const double h[1] = {1 / 30.};
  double noise[T + 1], at[2] = {0}, heading = 0, speed = 4, rate = 0;
  fixture f = fixture_new(ball_xml, 1);
  df_rng_normal(17, DF_STREAM_TEST, 0, T + 1, noise);
  for (int t = 0; t <= T; t++) {
    double* x = frame_of(f.d, 0, t);
    x[0] = at[0] + ahead * cos(heading);
    x[1] = at[1] + ahead * sin(heading);
    x[2] = 0.1;
    x[3] = cos(heading / 2);
    x[6] = sin(heading / 2);
    x[FREE_NQ] = speed * cos(heading);
    x[FREE_NQ + 1] = speed * sin(heading);
    x[FREE_NQ + 5] = rate;
    /* the chord of an arc */
    speed = 4 + 0.5 * noise[t];
    rate = 3 * sin(0.05 * t);
    const double half = rate * h[0] / 2, chord = speed * h[0] * (half == 0 ? 1 : sin(half) / half);
    at[0] += chord * cos(heading + half);
    at[1] += chord * sin(heading + half);
    heading += 2 * half;
  }
  trace_it(&f, h);
  const base_fit out = base_fit_of(&f.m);
  fixture_free(&f);
  return out;
}

/* the velocity at the end of a frame is half a frame's turn from the mean one, as if positions were of a point 7 cm off
 */
static void a_turn_within_a_frame_is_no_point(void** state) {
  (void)state;
  const base_fit right = fit_of_vehicle(0), sensor = fit_of_vehicle(0.3);
  assert_int_equal(right.cause, BASE_NO_CAUSE);
  assert_int_equal(sensor.cause, BASE_POINT);
  assert_true(fabs(sensor.value[0] - 0.3) < 0.08 && fabs(sensor.value[1]) < 0.02);
}

static void a_rate_that_is_a_little_off_is_named(void** state) {
  (void)state;
  static const double rates[] = {0.95, 0.96, 1.05};
  for (size_t i = 0; i < 3; i++) {
    data_findings f = findings_of(&(plan){.rate = rates[i], .noise = 0.025});
    const data_finding* one = finding_at(&f, DATA_CHECK_FRAME_RATE, "");
    assert_non_null(one);
    assert_int_equal(one->verdict, CHECK_WRONG);
    assert_int_equal(data_findings_count(&f, CHECK_WRONG), 1);
    /* the right frame is one step of the model */
    assert_true(fabs(one->value - 100) < 1e-9);
    data_findings_clear(&f);
  }
}

/* The rotation contradicts no factor between 1 and 1.3. A stated frame that is a whole number of steps is not that of
 * the positions' factor, unless the rotation has it, too; one that is not is wrong, whatever the rotation says. */
static void a_stated_rate_of_whole_steps_outweighs_one_of_the_positions(void** state) {
  (void)state;
  static const struct {
    plan p;
    double scale, rate; /* that are found; 0: no such finding */
    int wrong;
  } cases[] = {{{.scale = {.06, .06, .06}, .turns = 0.12}, 1.06, 0, 1},
               {{.scale = {-.06, -.06, -.06}}, 0.94, 0, 1},
               {{.rate = 1.045, .turns = 0.12}, 0, 100, 1},
               {{.slow = 0.06}, 0, 94, 1},
               {{.slow = 0.5}, 0, 50, 1},
               /* the rotation follows worse, but shows nearly the same factor */
               {{.slow = 0.35, .turns = 0.04}, 0, 65, 1},
               /* the rotation shows another factor, so that neither is that of the frames */
               {{.scale = {.06, .06, .06}, .rate = 0.9, .turns = 0.3}, 1.06 / 0.9, 0, 2}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    data_findings f = findings_of(&cases[i].p);
    const data_finding *scale = finding_at(&f, DATA_CHECK_VELOCITY_SCALE, "base position"),
                       *rate = finding_at(&f, DATA_CHECK_FRAME_RATE, "");
    if ((scale != NULL) != (cases[i].scale > 0) || (rate != NULL) != (cases[i].rate > 0))
      fail_msg("case %zu: scale %g, rate %g", i, scale ? scale->value : 0, rate ? rate->value : 0);
    if (scale) assert_true(fabs(scale->value - cases[i].scale) < 0.005);
    if (rate) assert_true(fabs(rate->value - cases[i].rate) < 0.005 * cases[i].rate);
    assert_int_equal(data_findings_count(&f, CHECK_WRONG), cases[i].wrong);
    data_findings_clear(&f);
  }
}

/* ---- the rate of a robot with servos ---- */

/* a base with a driven leg */
static const char servo_xml[] =
    "<mujoco><option timestep='.002'/><worldbody><body><freejoint name='base'/><geom size='.1' mass='2'/><body "
    "pos='0 0 .2'><joint name='leg' axis='0 1 0'/><geom size='.1' mass='1' pos='0 0 .3'/></body></body></worldbody>"
    "<actuator><position joint='leg' kp='100'/></actuator></mujoco>";

/* how much faster positions, the leg and the heading of the base change than the velocities say, and the noise of the
 * velocities, of their RMS */
typedef struct servo_plan {
  double position, leg, heading, noise, heading_noise;
  int turning; /* clips in which the base turns */
} servo_plan;

static void write_servo_frame(const servo_plan* p, int e, int t, const double* noise, double* x) {
  const double s = H * t, angle = e < p->turning ? 0.1 * sin(3 * s + e) : 0,
               turn = e < p->turning ? 0.3 * cos(3 * s + e) : 0;
  const double *n = noise + 5 * t, root = sqrt(0.5);
  memset(x, 0, 15 * sizeof *x);
  for (int i = 0; i < 3; i++) {
    x[i] = sin(2 * s + e + i);
    x[8 + i] = (2 * cos(2 * s + e + i) + p->noise * 2 * root * n[i]) / p->position;
  }
  x[3] = cos(angle / 2);
  x[6] = sin(angle / 2);
  x[7] = sin(2.5 * s + e);
  x[13] = (turn + (e < p->turning ? p->heading_noise * 0.3 * root * n[3] : 0)) / p->heading;
  x[14] = (2.5 * cos(2.5 * s + e) + p->noise * 2.5 * root * n[4]) / p->leg;
}

static data_findings findings_of_servos(const servo_plan* p) {
  static double h[CLIPS], noise[5 * (T + 1)];
  fixture f = fixture_new(servo_xml, CLIPS);
  data_findings out = {0};
  for (int e = 0; e < CLIPS; e++) {
    h[e] = H;
    df_rng_normal(17, DF_STREAM_TEST, (uint64_t)e, 5 * (T + 1), noise);
    for (int t = 0; t <= T; t++) write_servo_frame(p, e, t, noise, frame_of(f.d, e, t));
  }
  trace_it(&f, h);
  assert_ok(check_velocities(&f.m, &out));
  fixture_free(&f);
  return out;
}

/* Twice the stated duration, and more by what servos hide within a frame, of which each group has its own. A heading
 * whose velocities hardly follow is outvoted, unless they are right as they are. */
static void groups_that_follow_tell_the_rate(void** state) {
  (void)state;
  static const struct {
    servo_plan p;
    double rate; /* 0: scales are named */
  } cases[] = {{{2.25, 2.1, 1.67, .08, .4, CLIPS}, 50}, {{2.25, 2.1, 2.2, .08, .1, CLIPS}, 50},
               {{.56, .525, .4, .08, .4, CLIPS}, 200},  {{2.25, 2.1, 1, .08, .4, CLIPS}, 0},
               {{2.25, 2.1, 1.45, .08, .1, CLIPS}, 0},  {{2.25, 2.1, 1, .08, .1, CLIPS / 2}, 0}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    data_findings f = findings_of_servos(&cases[i].p);
    const data_finding *rate = finding_at(&f, DATA_CHECK_FRAME_RATE, ""),
                       *scale = finding_at(&f, DATA_CHECK_VELOCITY_SCALE, "base position"),
                       *single = finding_at(&f, DATA_CHECK_FRAME_RATE_OF_EPISODES, "");
    if ((rate != NULL) != (cases[i].rate > 0) || (scale != NULL) == (rate != NULL))
      fail_msg("case %zu: rate %g, scale %g", i, rate ? rate->value : 0, scale ? scale->value : 0);
    if (rate && !(fabs(rate->value - cases[i].rate) < 1e-9)) fail_msg("case %zu: %g Hz", i, rate->value);
    if (rate) assert_non_null(strstr(rate->reason, "some more and some less"));
    /* all clips have one rate, also where only some of them turn */
    if (single && single->verdict != CHECK_OK) fail_msg("case %zu: %s", i, single->reason);
    data_findings_clear(&f);
  }
}

/* ---- an object of a robot that is fixed to the world ---- */

/* a crate, and a driven slide that may carry it */
static const char crate_xml[] =
    "<mujoco><option timestep='.01'/><worldbody><geom type='plane' size='5 5 1'/><body><freejoint name='crate'/>"
    "<geom size='.1' mass='2'/></body><body pos='9 9 9'><joint name='lift' type='slide' axis='0 0 1'/><geom size='.1' "
    "mass='5'/></body></worldbody><actuator><position joint='lift' kp='100'/></actuator></mujoco>";

/* the crate by a plan; the position of the slide changes `factor` times as fast as its velocity says */
static data_findings findings_of_crate(const plan* p, double factor) {
  static double h[CLIPS], noise[3 * (T + 1)];
  fixture f = fixture_new(crate_xml, CLIPS);
  data_findings out = {0};
  for (int e = 0; e < CLIPS; e++) {
    h[e] = H;
    for (int t = 0; t <= T; t++) {
      double free[FREE_NQ + 6], *x = frame_of(f.d, e, t);
      const double s = H * t;
      write_frame(p, e, t, true, noise, free);
      memcpy(x, free, FREE_NQ * sizeof *x);
      memcpy(x + FREE_NQ + 1, free + FREE_NQ, 6 * sizeof *x);
      x[FREE_NQ] = factor * 0.2 * sin(3 * s + e);
      x[2 * FREE_NQ] = 0.6 * cos(3 * s + e);
    }
  }
  trace_it(&f, h);
  assert_ok(check_velocities(&f.m, &out));
  fixture_free(&f);
  return out;
}

/* An object follows its velocities as badly as the joints that may carry it: it tells a small factor and a drift only
 * where they follow better by far, a large factor always; and it is not called a base. */
static void an_object_tells_what_the_joints_do_not_make(void** state) {
  (void)state;
  static const struct {
    plan p;
    double joint;
    data_check check;
    const char *column, *says; /* NULL: nothing is wrong */
  } cases[] = {
      {{.scale = {0, 0, .1}}, 1, DATA_CHECK_VELOCITY_SCALE, "object position", "the position of object crate changes"},
      {{.scale = {0, 0, .1}}, 1.09, DATA_CHECK_VELOCITY_SCALE, NULL, NULL},
      {{.scale = {0, 0, .7}}, 1.5, DATA_CHECK_VELOCITY_SCALE, "object position", "crate changes 1.7"},
      {{.drift = .15}, 1, DATA_CHECK_VELOCITY_OFFSET, "object heading", "the heading of object crate turns by 0.15"},
      {{.drift = .15}, 1.18, DATA_CHECK_VELOCITY_OFFSET, NULL, NULL},
      {{.point = {.1, 0, .12}}, 1, DATA_CHECK_BASE_POINT, "object position", "velocities of object crate are of two"},
      {{.point = {.01, 0, .02}}, 1.09, DATA_CHECK_BASE_POINT, NULL, NULL}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    data_findings f = findings_of_crate(&cases[i].p, cases[i].joint);
    int n = 0;
    for (int k = 0; k < f.n; k++) {
      if (strstr(f.list[k].column, "base") || strstr(f.list[k].reason, "base"))
        fail_msg("case %zu: %s", i, f.list[k].reason);
      n += f.list[k].check == cases[i].check && f.list[k].verdict == CHECK_WRONG &&
           strncmp(f.list[k].column, "object", 6) == 0;
    }
    if (n != (cases[i].says != NULL)) fail_msg("case %zu: %d findings", i, n);
    const data_finding* one = cases[i].says ? finding_at(&f, cases[i].check, cases[i].column) : NULL;
    if (cases[i].says && !(one && strstr(one->reason, cases[i].says)))
      fail_msg("case %zu: %s", i, one ? one->reason : "");
    data_findings_clear(&f);
  }
}

/* in their own words, and nothing else */
static void findings_say_what_and_how_much(void** state) {
  (void)state;
  data_findings f = findings_of(&(plan){.point = {.1, 0, .12}});
  const data_finding* one = finding_at(&f, DATA_CHECK_BASE_POINT, "base position");
  assert_non_null(one);
  assert_true(fabs(one->value - hypot(.1, .12)) < 2e-3);
  assert_non_null(strstr(one->reason, "at (0.100, "));
  assert_non_null(strstr(one->reason, ", 0.120) m"));
  assert_int_equal(data_findings_count(&f, CHECK_WRONG), 1);
  data_findings_clear(&f);
  f = findings_of(&(plan){.scale = {.1, .1, 0}, .noise = .02});
  one = finding_at(&f, DATA_CHECK_VELOCITY_SCALE, "base position");
  assert_non_null(one);
  assert_true(fabs(one->value - 1.1) < 0.01);
  assert_non_null(strstr(one->reason, "in the ground plane"));
  assert_int_equal(data_findings_count(&f, CHECK_WRONG), 1);
  data_findings_clear(&f);
}

/* A ball that is thrown and bounces hard, simulated: frames of five steps, between which nothing but an impact changes
 * its rate about the vertical, and that little. A constant and a factor of the rate cancel each other. */
static void a_body_in_flight_has_no_drift(void** state) {
  (void)state;
  static const char xml[] =
      "<mujoco><option timestep='.002' cone='elliptic'/><worldbody><geom type='plane' size='0 0 1'/><body pos='0 0 1'>"
      "<freejoint name='base'/><geom size='.1' mass='.5' solref='-5000 -2'/></body></worldbody></mujoco>";
  static double h[CLIPS];
  fixture f = fixture_new(xml, CLIPS);
  df_sim* sim;
  double speed[6 * CLIPS];
  assert_ok(df_sim_new(f.s, 0, &sim));
  df_rng_normal(13, DF_STREAM_TEST, 0, 6 * CLIPS, speed);
  for (int e = 0; e < CLIPS; e++) {
    double x[FREE_NQ + 6];
    h[e] = H;
    df_mujoco_initial_state(f.s, x);
    memcpy(x + FREE_NQ, speed + 6 * (size_t)e, 6 * sizeof *x);
    f.s->ops->reset(sim, x);
    for (int t = 0; t <= T; t++) {
      memcpy(frame_of(f.d, e, t), x, sizeof x);
      for (int i = 0; i < 5; i++) assert_int_equal(f.s->ops->step(sim, NULL, x), DF_TRAJ_COMPLETE);
    }
  }
  trace_it(&f, h);
  int named = 0;
  for (size_t from = 0, to = 0; from < f.m.n; from = to) {
    to = trace_episode_end(&f.m, from);
    const trace one = trace_part(&f.m, from, to);
    const base_fit fit = base_fit_of(&one);
    named += isfinite(fit.drift);
    /* the heading follows to what an impact does within a frame */
    assert_true(fabs(base_fit_drift(&one)) < 1e-3);
  }
  assert_int_equal(named, 0);
  assert_true(isnan(base_fit_of(&f.m).drift));
  df_sim_free(f.s, sim);
  fixture_free(&f);
}

/* at the right lag that leaves least, of all pairs; NAN without a base */
static void a_drift_is_measured_whether_it_is_clear_or_not(void** state) {
  (void)state;
  static const double drifts[] = {0, 0.001, -0.015, 0.15};
  for (size_t i = 0; i < sizeof drifts / sizeof *drifts; i++) {
    fixture f = recording_of(&(plan){.drift = drifts[i]});
    assert_true(fabs(base_fit_drift(&f.m) - drifts[i]) < 1e-4);
    fixture_free(&f);
  }
  static const double h[1] = {0.01};
  fixture f = fixture_new(slide_xml, 1);
  trace_it(&f, h);
  assert_true(isnan(base_fit_drift(&f.m)));
  fixture_free(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(a_scale_is_found_with_its_axes),
                                     cmocka_unit_test(a_point_of_the_base_is_found),
                                     cmocka_unit_test(a_point_beside_the_only_axis_is_found),
                                     cmocka_unit_test(a_base_that_hardly_rocks_has_no_axis),
                                     cmocka_unit_test(a_drift_of_the_heading_is_found),
                                     cmocka_unit_test(a_body_in_flight_has_no_drift),
                                     cmocka_unit_test(a_drift_is_measured_whether_it_is_clear_or_not),
                                     cmocka_unit_test(what_is_not_clear_is_left_out),
                                     cmocka_unit_test(right_recordings_have_no_cause),
                                     cmocka_unit_test(a_turn_within_a_frame_is_no_point),
                                     cmocka_unit_test(a_rate_that_is_a_little_off_is_named),
                                     cmocka_unit_test(a_stated_rate_of_whole_steps_outweighs_one_of_the_positions),
                                     cmocka_unit_test(groups_that_follow_tell_the_rate),
                                     cmocka_unit_test(an_object_tells_what_the_joints_do_not_make),
                                     cmocka_unit_test(findings_say_what_and_how_much)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
