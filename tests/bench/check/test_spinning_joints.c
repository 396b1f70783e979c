/* Joints that turn freely: right recordings of wheels, brushes and discs, simulated here, give no alarm, with
 * velocities or without, and at another frame rate only that is named. The same recordings in degrees are still named
 * where joint limits tell, and a skidding wheel alone tells nothing. */
#include <stdbool.h>
#include <string.h>

#include "data_check.h"
#include "dynaflow/io/npz.h"
#include "dynaflow/sim/system.h"
#include "found.h"
#include "misfit.h"
#include "planted.h"
#include "test_file.h"
#include "unit.h"

#define OPTION(h) "<mujoco><compiler autolimits='true'/><option timestep='" h "' integrator='implicitfast'/><worldbody>"
#define FLOOR     "<geom type='plane' size='20 20 .1'/>"
#define WHEEL(name, at) \
  "<body pos='" at "'><joint name='" name "' axis='0 1 0' damping='.01'/><geom size='.11' mass='.5'/></body>"
#define ROVER_BASE "<body pos='0 0 .16'><freejoint/><geom type='box' size='.2 .12 .04' mass='6'/>"
#define WHEELS \
  WHEEL("fl", ".2 .2 -.05") WHEEL("fr", ".2 -.2 -.05") WHEEL("rl", "-.2 .2 -.05") WHEEL("rr", "-.2 -.2 -.05")
#define DRIVES                                                                                                   \
  "<velocity joint='fl' kv='2'/><velocity joint='fr' kv='2'/><velocity joint='rl' kv='2'/><velocity joint='rr' " \
  "kv='2'/>"
#define LIFT(name, at)                                                        \
  "<body pos='" at "'><joint name='" name                                     \
  "' type='slide' axis='0 0 1' range='-.1 .1' damping='8'/><geom size='.04' " \
  "mass='.2'/></body>"
/* an arm on the rover with limits of half a radian */
#define ARM                                                                                                           \
  "<body pos='0 0 .05'><joint name='shoulder' axis='0 1 0' range='-40 40' damping='1'/><geom type='capsule' "         \
  "fromto='0 0 0 0 0 .2' size='.02' mass='.3'/><body pos='0 0 .2'><joint name='elbow' axis='0 1 0' range='-100 100' " \
  "damping='1'/><geom type='capsule' fromto='0 0 0 0 0 .2' size='.02' mass='.2'/></body></body>"

typedef struct robot {
  const char *name, *xml;
  double control[7], wave[7]; /* of each actuator: its mean, and the amplitude of a wave on it */
  int frames;
} robot;

static const robot robots[] = {
    {"rover that turns in place",
     OPTION(".01") FLOOR ROVER_BASE WHEELS "</body></worldbody><actuator>" DRIVES "</actuator></mujoco>",
     {-5, 5, -5, 5},
     {0},
     200},
    {"rover that drives",
     OPTION(".01") FLOOR ROVER_BASE WHEELS "</body></worldbody><actuator>" DRIVES "</actuator></mujoco>",
     {5, 5, 5, 5},
     {0},
     200},
    {"rover with an arm",
     OPTION(".01") FLOOR ROVER_BASE WHEELS ARM "</body></worldbody><actuator>" DRIVES
                                               "<position joint='shoulder' kp='40'/><position joint='elbow' kp='20'/>"
                                               "</actuator></mujoco>",
     {-5, 5, -5, 5},
     {0, 0, 0, 0, .5, 1.2},
     200},
    {"brush that sweeps",
     OPTION(".005") FLOOR
     "<body pos='0 0 .3'><joint name='z' type='slide' axis='0 0 1' damping='20'/><joint name='x' type='slide' "
     "axis='1 0 0' damping='20'/><geom type='box' size='.05 .05 .05' mass='1'/><body pos='0 0 -.2'><joint name='brush' "
     "axis='0 0 1' damping='.001'/><geom type='cylinder' size='.08 .02' mass='.3' friction='.3'/></body></body>"
     "</worldbody><actuator><position joint='z' kp='200'/><position joint='x' kp='200'/><velocity joint='brush' "
     "kv='.2'/></actuator></mujoco>",
     {-.13, 0, 25},
     {0, .2, 0},
     400},
    {"arm that is pressed past a soft limit, with a disc",
     OPTION(".01") "<body pos='0 0 1'><joint name='s' axis='0 1 0' range='-90 90' solreflimit='.1 1' damping='.5'/>"
                   "<geom type='capsule' fromto='0 0 0 .3 0 0' size='.02' mass='.5' contype='0' conaffinity='0'/>"
                   "<body pos='.3 0 0'><joint name='disc' axis='1 0 0' damping='.002'/><geom type='cylinder' size='.05 "
                   ".01' mass='.2' contype='0' conaffinity='0'/></body></body></worldbody><actuator><motor joint='s' "
                   "gear='1'/><velocity joint='disc' kv='.05'/></actuator></mujoco>",
     {4, 30},
     {0},
     300},
    {"turntable with four lifts",
     OPTION(".01") FLOOR
     "<body pos='0 0 1'><joint name='table' axis='0 0 1' range='-90 90' damping='1'/><geom "
     "type='box' size='.2 .2 .02' mass='1'/>" LIFT("a", ".2 .2 .2") LIFT("b", "-.2 .2 .2") LIFT("c", ".2 -.2 .2")
         LIFT("d", "-.2 -.2 .2") "</body></worldbody><actuator><position joint='table' kp='20'/><position joint='a' "
                                 "kp='60'/><position joint='b' kp='60'/><position joint='c' kp='60'/><position "
                                 "joint='d' kp='60'/></actuator></mujoco>",
     {.4},
     {.8, .03, .04, .05, .06},
     300}};
#define DEGREES (180 / 3.14159265358979323846)
enum { ROBOTS_HERE = sizeof robots / sizeof *robots, CLIPS = 4, SETTLE = 60 };

static df_system* system_of(const robot* r) {
  df_system* out;
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  assert_ok(df_mujoco_system_from_xml(r->xml, r->name, &cfg, &out));
  return out;
}

/* the states of some clips at other speeds, after a start that is left out [CLIPS][frames + 1][nx], for free() */
static double* simulate(const robot* r, const df_system* s) {
  const size_t nx = (size_t)s->nx, rows = (size_t)r->frames + 1;
  double *out = malloc(CLIPS * rows * nx * sizeof *out), u[7], x[64];
  df_sim* sim;
  assert_non_null(out);
  assert_ok(df_sim_new(s, 0, &sim));
  for (int e = 0; e < CLIPS; e++) {
    df_mujoco_initial_state(s, x);
    s->ops->reset(sim, x);
    for (int t = -SETTLE; t <= r->frames; t++) {
      if (t >= 0) memcpy(out + ((size_t)e * rows + (size_t)t) * nx, x, nx * sizeof *x);
      for (int k = 0; k < s->nu; k++)
        u[k] = (1 - 0.15 * e) * fmin(1, (t + SETTLE) / 50.0) * r->control[k] +
               r->wave[k] * sin(0.05 * (t + 9 * e) * (1 + 0.3 * k));
      assert_int_equal(s->ops->step(sim, u, x), DF_TRAJ_COMPLETE);
    }
  }
  df_sim_free(s, sim);
  return out;
}

/* what is planted */
typedef struct planted_scale {
  double angle, angular_velocity, interval; /* of hinges, of the base, of the duration of a frame; factors */
} planted_scale;

/* checks the states, or their positions alone, with what is planted */
static data_findings check(const robot* r, const df_system* s, const double* states, bool velocities,
                           const planted_scale* p) {
  const layout l = layout_of(s);
  const size_t rows = CLIPS * ((size_t)r->frames + 1), width = (size_t)(velocities ? l.nx : l.nq);
  const double dt = s->dt * p->interval;
  double* out = malloc(rows * width * sizeof *out);
  data_findings f = {0};
  df_config config = df_config_default();
  for (size_t row = 0; row < rows; row++) {
    double x[64];
    memcpy(x, states + row * (size_t)l.nx, (size_t)l.nx * sizeof *x);
    scale_joints(&l, x, p->angle, p->angle);
    for (int k = 3; k < 6 && l.base; k++) x[l.nq + k] *= p->angular_velocity;
    memcpy(out + row * width, x, width * sizeof *x);
  }
  const df_npz_entry entries[] = {
      {.key = "states", .rank = 3, .shape = {CLIPS, (size_t)r->frames + 1, width}, .values = out},
      {.key = "dt", .values = &dt}};
  assert_ok(df_npz_write(test_file("spinning.npz"), 2, entries));
  config.window_horizon = 1;
  set_all(&config, velocities ? "data.actions_key = " : "data.actions_key = , data.columns = qpos");
  assert_ok(data_check_recording(test_file("spinning.npz"), &config, s, &check_thorough, &f, NULL));
  free(out);
  return f;
}

static const data_finding* convention_in(const data_findings* f) {
  for (int i = 0; i < f->n; i++) {
    if (f->list[i].check == DATA_CHECK_CONVENTION) return &f->list[i];
  }
  return NULL;
}

/* Nothing is wrong but, with a soft limit, that it is exceeded; and no convention is named. */
static void right_recordings_have_no_other_convention(void** state) {
  (void)state;
  static const planted_scale right = {1, 1, 1}, slow = {1, 1, 4};
  for (int i = 0; i < ROBOTS_HERE; i++) {
    df_system* s = system_of(&robots[i]);
    double* states = simulate(&robots[i], s);
    for (int k = 0; k < 3; k++) {
      data_findings f = check(&robots[i], s, states, k > 0, k == 2 ? &slow : &right);
      for (int j = 0; j < f.n; j++) {
        const data_finding* one = &f.list[j];
        if (one->verdict != CHECK_WRONG) continue;
        const bool limit = one->check == DATA_CHECK_JOINT_LIMIT, rate = one->check == DATA_CHECK_FRAME_RATE;
        if (!(limit && i == 4) && !(rate && k == 2))
          fail_msg("%s, %d: %s %s: %s; would fit: %s", robots[i].name, k, data_check_name(one->check), one->column,
                   one->reason, would_fit(one));
      }
      assert_null(convention_in(&f));
      data_findings_clear(&f);
    }
    free(states);
    df_system_free(s);
  }
}

/* A propeller that the recording's model lets through the floor and this one does not: in degrees it would stand still
 * above it, but the base would turn 57 times as fast as its velocities say. */
#define PROPELLER(touches)                                                                                            \
  OPTION(".01")                                                                                                       \
  FLOOR ROVER_BASE WHEELS                                                                                             \
      "<body pos='.3 0 .15'><joint name='propeller' axis='1 0 0' damping='.001'/><geom type='capsule' fromto='0 -.6 " \
      "0 "                                                                                                            \
      "0 .6 0' size='.02' mass='.05' contype='0' conaffinity='" touches                                               \
      "'/></body></body></worldbody><actuator>" DRIVES "<velocity joint='propeller' kv='.01'/></actuator></mujoco>"
/* an arm that is fixed, with a turret that turns past the range that this model gives it */
#define TURRET(limited)                                                                                               \
  OPTION(".01")                                                                                                       \
  "<body pos='0 0 .5'><geom size='.05'/>" ARM                                                                         \
  "<body pos='0 0 .3'><joint name='turret' axis='0 0 1' damping='.01' range='-180 180' limited='" limited             \
  "'/><geom type='box' size='.05 .05 .02' mass='.01' contype='0' conaffinity='0'/></body></body></worldbody>"         \
  "<actuator><position joint='shoulder' kp='40'/><position joint='elbow' kp='20'/><velocity joint='turret' kv='.2'/>" \
  "</actuator></mujoco>"

/* Recordings of a model that differs from the one they are checked under: what is wrong is named, and no degrees. */
static void other_models_are_no_degrees(void** state) {
  (void)state;
  static const planted_scale right = {1, 1, 1};
  static const struct {
    const char *recorded, *model;
    double control[7];
    bool velocities;
    data_check wrong;
    const char* column;
  } cases[] = {{PROPELLER("0"), PROPELLER("1"), {-5, 5, -5, 5, 8}, true, DATA_CHECK_PENETRATION, ""},
               {TURRET("false"), TURRET("true"), {.2, .5, 9}, true, DATA_CHECK_JOINT_LIMIT, "turret"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    robot recorded = {.name = "recorded", .xml = cases[i].recorded, .frames = 300}, model = recorded;
    model.xml = cases[i].model;
    memcpy(recorded.control, cases[i].control, sizeof cases[i].control);
    df_system *simulated = system_of(&recorded), *s = system_of(&model);
    double* states = simulate(&recorded, simulated);
    data_findings f = check(&model, s, states, cases[i].velocities, &right);
    const data_finding* one = finding_at(&f, cases[i].wrong, cases[i].column);
    assert_non_null(one);
    assert_int_equal(one->verdict, CHECK_WRONG);
    assert_int_equal(data_findings_count(&f, CHECK_WRONG), 1);
    data_findings_clear(&f);
    free(states);
    df_system_free(simulated);
    df_system_free(s);
  }
}

/* Joints in degrees on a rover whose arm has limits; its gyroscope is in degrees or in radians per second. */
static void degrees_are_named_where_limits_tell(void** state) {
  (void)state;
  static const planted_scale cases[] = {{DEGREES, DEGREES, 1}, {DEGREES, 1, 1}};
  df_system* s = system_of(&robots[2]);
  double* states = simulate(&robots[2], s);
  for (int k = 0; k < 2; k++) {
    data_findings f = check(&robots[2], s, states, true, &cases[k]);
    const data_finding* one = convention_in(&f);
    assert_non_null(one);
    assert_string_equal(would_fit(one), "data.angles = deg");
    /* radians per second are named, too, and nothing else */
    const data_finding* scale = finding_at(&f, DATA_CHECK_VELOCITY_SCALE, "base rotation");
    assert_int_equal(data_findings_count(&f, CHECK_WRONG), 1 + k);
    assert_int_equal(scale != NULL && scale->verdict == CHECK_WRONG, k == 1);
    data_findings_clear(&f);
  }
  free(states);
  df_system_free(s);
}

/* Slides have no angles: four of them that are within their limits do not hide a hinge that is beyond its own. */
static void slides_do_not_hide_degrees(void** state) {
  (void)state;
  static const planted_scale degrees = {DEGREES, 1, 1};
  df_system* s = system_of(&robots[5]);
  double* states = simulate(&robots[5], s);
  data_findings f = check(&robots[5], s, states, true, &degrees);
  const data_finding* one = convention_in(&f);
  assert_non_null(one);
  assert_string_equal(would_fit(one), "data.angles = deg");
  assert_int_equal(data_findings_count(&f, CHECK_WRONG), 1);
  data_findings_clear(&f);
  free(states);
  df_system_free(s);
}

/* the ratio of two slopes counts, not their size, and only of groups that are known in both */
static void slopes_that_move_apart_contradict(void** state) {
  (void)state;
  static const struct {
    double as_is[2], other[2];
    bool contradicts;
  } cases[] = {{{1, 1}, {57.3, 1}, true},  {{4, 4}, {229, 4}, true},   {{1, 1}, {57.3, 57.3}, false},
               {{1, 1}, {2.9, 1}, false},  {{1, 1}, {1, 3.1}, true},   {{57.3, 1}, {1, 1}, false},
               {{1, 0}, {57.3, 1}, false}, {{1, 1}, {57.3, 0}, false}, {{57.3, 1}, {57.3, 1}, false}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    misfit as_is = {0}, other = {0};
    for (int k = 0; k < 2; k++) {
      as_is.slope[k ? GROUP_HINGES : GROUP_BASE_ROTATION] = cases[i].as_is[k];
      other.slope[k ? GROUP_HINGES : GROUP_BASE_ROTATION] = cases[i].other[k];
    }
    assert_int_equal(misfit_contradicts(&as_is, &other), cases[i].contradicts);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(right_recordings_have_no_other_convention), cmocka_unit_test(other_models_are_no_degrees),
      cmocka_unit_test(degrees_are_named_where_limits_tell), cmocka_unit_test(slides_do_not_hide_degrees),
      cmocka_unit_test(slopes_that_move_apart_contradict)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
