/* Recordings without actions of an arm whose servos settle within a frame, against simulations: the frames that its
 * velocities seem to be of, joints that are exchanged, and velocities of another frame. */
#include "servo_reading.h"

#include <math.h>
#include <string.h>

#include "data_check.h"
#include "found.h"
#include "reachable.h"
#include "small_recording.h"
#include "unit.h"

/* Three links with servos of the time constant 0.03 s, of other inertias. */
static const char servo_arm_xml[] =
    "<mujoco><compiler angle='radian'/><option timestep='.002' integrator='implicitfast'/><default><joint damping='1' "
    "armature='.05'/><geom density='800' contype='0' conaffinity='0'/><position kp='2000' kv='60' ctrlrange='-3 3'/>"
    "</default><worldbody><body pos='0 0 1'><joint name='a' axis='0 0 1'/><geom type='capsule' fromto='0 0 0 .4 0 0' "
    "size='.05'/><body pos='.4 0 0'><joint name='b' axis='0 1 0'/><geom type='capsule' fromto='0 0 0 .3 0 0' "
    "size='.04'/><body pos='.3 0 0'><joint name='c' axis='0 1 0'/><geom type='capsule' fromto='0 0 0 .1 0 0' "
    "size='.02'/></body></body></body></worldbody><actuator><position joint='a'/><position joint='b'/>"
    "<position joint='c'/></actuator></mujoco>";
enum { CLIPS = 4, CLIP = 80, NQ = 3, NX = 6, HELD = 5 };

/* a frame is of five actions of 0.01 s; in the episodes from `from` on, joints a and c are exchanged, or velocities are
 * a frame late */
typedef struct recorded {
  int from;
  bool exchanged, late;
} recorded;

static df_system* arm(void) {
  df_system* s;
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  cfg.substeps = 5;
  assert_ok(df_mujoco_system_from_xml(servo_arm_xml, "arm", &cfg, &s));
  return s;
}

static void write_frame(const recorded* r, df_dataset* d, int e, int t, const double* before, const double* x) {
  double* out = frame_of(d, e, t);
  const bool changed = e >= r->from;
  memcpy(out, x, NX * sizeof *x);
  if (changed && r->late) memcpy(out + NQ, before + NQ, NQ * sizeof *x);
  for (int i = 0; i < NX && changed && r->exchanged; i += NQ) {
    out[i] = x[i + 2];
    out[i + 2] = x[i];
  }
}

static df_dataset* record(const df_system* s, const recorded* r) {
  df_dataset* d;
  df_sim* sim;
  assert_ok(df_dataset_new(&(df_dataset_shape){.episodes = CLIPS, .length = CLIP, .nx = NX, .dt = HELD * s->dt}, &d));
  assert_ok(df_sim_new(s, 0, &sim));
  for (int e = 0; e < CLIPS; e++) {
    double x[NX] = {0}, before[NX] = {0};
    s->ops->reset(sim, x);
    for (int t = -20; t <= CLIP; t++) {
      const double at = HELD * s->dt * t + e;
      const double u[3] = {0.8 * sin(1.1 * at), 0.7 * sin(1.7 * at + e), 0.6 * sin(1.4 * at + 2 * e)};
      if (t >= 0) write_frame(r, d, e, t, before, x);
      memcpy(before, x, sizeof before);
      for (int k = 0; k < HELD; k++) assert_int_equal(s->ops->step(sim, u, x), DF_TRAJ_COMPLETE);
    }
  }
  df_sim_free(s, sim);
  return d;
}

/* the findings of what is recorded, with frames of h s */
static data_findings check(const recorded* r, double h) {
  data_findings f = {0};
  df_system* s = arm();
  df_dataset* d = record(s, r);
  d->dt = h;
  assert_ok(data_check_states(d, s, &check_thorough, &f));
  df_dataset_free(d);
  df_system_free(s);
  return f;
}

/* positions change by half more than the velocities at frames say */
static void frames_that_seem_longer_are_as_long_as_they_are(void** state) {
  (void)state;
  static const double h[CLIPS] = {0.05, 0.05, 0.05, 0.05};
  df_system* s = arm();
  df_dataset* d = record(s, &(recorded){.from = CLIPS});
  trace m;
  double duration;
  assert_ok(trace_of(d, s, h, 100000, &m));
  const trace_fit f = trace_fit_group(&m, GROUP_HINGES);
  const double shown = 0.05 * f.slope[LAG_MEAN];
  assert_true(shown > 0.06);
  assert_ok(servo_duration(&m, shown, &duration));
  if (!(fabs(duration - 0.05) < 0.001)) fail_msg("%g s, shown %g s", duration, shown);
  trace_clear(&m);
  df_dataset_free(d);
  df_system_free(s);
}

static void the_right_reading_is_right(void** state) {
  (void)state;
  data_findings f = check(&(recorded){.from = CLIPS}, 0.05);
  assert_int_equal(data_findings_count(&f, CHECK_WRONG), 0);
  data_findings_clear(&f);
}

static void exchanged_joints_are_named(void** state) {
  (void)state;
  data_findings f = check(&(recorded){.exchanged = true}, 0.05);
  const data_finding* one = finding_at(&f, DATA_CHECK_JOINT_ORDER, "");
  assert_non_null(one);
  assert_int_equal(one->verdict, CHECK_WRONG);
  assert_non_null(strstr(one->reason, "with a and c exchanged, the actuators of the model lead from each state to"));
  assert_int_equal(data_findings_count(&f, CHECK_WRONG), 1);
  data_findings_clear(&f);
}

static void late_velocities_are_named(void** state) {
  (void)state;
  data_findings f = check(&(recorded){.late = true}, 0.05);
  bool named = false;
  for (int i = 0; i < f.n; i++) named |= strstr(f.list[i].reason, "with the velocities of one frame later") != NULL;
  assert_true(named);
  assert_int_equal(data_findings_count(&f, CHECK_WRONG), 1);
  data_findings_clear(&f);
}

static void episodes_with_exchanged_joints_are_named(void** state) {
  (void)state;
  data_findings f = check(&(recorded){.from = CLIPS - 1, .exchanged = true}, 0.05);
  const data_finding* one = finding_at(&f, DATA_CHECK_MIXTURE, "joint order");
  assert_non_null(one);
  assert_non_null(strstr(one->reason, "with a and c exchanged"));
  assert_non_null(strstr(one->reason, "of episode 3 (1 of 4)"));
  data_findings_clear(&f);
}

/* frames that are stated to be half as long */
static void the_rate_is_that_of_the_servos(void** state) {
  (void)state;
  data_findings f = check(&(recorded){.from = CLIPS}, 0.02);
  const data_finding* one = finding_at(&f, DATA_CHECK_FRAME_RATE, "");
  assert_non_null(one);
  assert_int_equal(one->verdict, CHECK_WRONG);
  if (!(fabs(one->value - 20) < 0.4)) fail_msg("%g Hz: %s", one->value, one->reason);
  data_findings_clear(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(frames_that_seem_longer_are_as_long_as_they_are),
                                     cmocka_unit_test(the_right_reading_is_right),
                                     cmocka_unit_test(exchanged_joints_are_named),
                                     cmocka_unit_test(late_velocities_are_named),
                                     cmocka_unit_test(episodes_with_exchanged_joints_are_named),
                                     cmocka_unit_test(the_rate_is_that_of_the_servos)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
