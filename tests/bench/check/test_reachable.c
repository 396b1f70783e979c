/* Recordings without actions of servos that settle within a frame, against simulations: the velocities at frames are a
 * fraction of what the positions change by, and right; other ones are not, however they are wrong. */
#include "reachable.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "data_check.h"
#include "found.h"
#include "near.h"
#include "small_recording.h"
#include "unit.h"

/* Two links with servos of the time constant kv / kp = 0.03 s, or 0.1 s; a frame is 0.05 s, of 25 physics steps. */
static const char servos_xml[] =
    "<mujoco><compiler angle='radian'/><option timestep='.002' integrator='implicitfast'/><default><joint damping='1' "
    "armature='.05'/><geom density='800' contype='0' conaffinity='0'/><position kp='%s' ctrlrange='-3 3'/>"
    "</default><worldbody><body pos='0 0 1'><joint name='a' axis='0 0 1'/><geom type='capsule' fromto='0 0 0 .25 0 0' "
    "size='.03'/><body pos='.25 0 0'><joint name='b' axis='0 1 0'/><geom type='capsule' fromto='0 0 0 .2 0 0' "
    "size='.03'/></body></body></worldbody><actuator><position joint='a'/><position joint='b'/></actuator></mujoco>";
enum { CLIPS = 4, CLIP = 80 };

/* what is recorded of the sweeps of the links: in the episodes from `from` on, velocities of the joints times factors;
 * noise of the positions, rad, nine times as much of the velocities, rad/s */
typedef struct recorded {
  int from;
  double factor[2], noise;
  int held;     /* actions per frame; 0: one */
  bool slow;    /* the servos settle little within a frame */
  bool actions; /* with the actions */
  double small; /* the sweep of the second link, of that of the first one; 0: as large */
  double rough; /* noise of its velocity alone, rad/s */
} recorded;

/* with its own physics step if `timestep` is 0 */
static df_system* servos_with(bool slow, double timestep, int substeps) {
  df_system* s;
  char xml[sizeof servos_xml + 32];
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  cfg.timestep = timestep;
  cfg.substeps = substeps;
  snprintf(xml, sizeof xml, servos_xml, slow ? "80' kv='8" : "2000' kv='60");
  assert_ok(df_mujoco_system_from_xml(xml, "servos", &cfg, &s));
  return s;
}

static df_system* servos(bool slow) {
  return servos_with(slow, 0, 25);
}

static df_dataset* record(const df_system* s, const recorded* r) {
  df_dataset* d;
  df_sim* sim;
  const int held = r->held ? r->held : 1;
  const df_dataset_shape shape = {
      .episodes = CLIPS, .length = CLIP, .nx = 4, .nu = r->actions ? 2 : 0, .dt = held * s->dt};
  assert_ok(df_dataset_new(&shape, &d));
  assert_ok(df_sim_new(s, 0, &sim));
  for (int e = 0; e < CLIPS; e++) {
    double x[4] = {0}, noise[4 * (CLIP + 1)];
    df_rng_normal(11, DF_STREAM_TEST, (uint64_t)e, 4 * (CLIP + 1), noise);
    s->ops->reset(sim, x);
    for (int t = -20; t <= CLIP; t++) {
      const double at = 0.05 * t + e, size = r->small > 0 ? r->small : 1;
      const double u[2] = {0.8 * sin(1.1 * at), 0.8 * size * sin(1.7 * at + e)};
      for (int i = 0; i < 4 && t >= 0; i++) {
        const double factor = i >= 2 && e >= r->from ? r->factor[i - 2] : 1;
        frame_of(d, e, t)[i] = factor * x[i] + (i < 2 ? 1 : 9) * r->noise * noise[4 * t + i];
        if (i == 3) frame_of(d, e, t)[i] += r->rough * noise[4 * t + i];
      }
      if (r->actions && t >= 0 && t < CLIP) memcpy(d->actions + 2 * (e * CLIP + t), u, sizeof u);
      for (int k = 0; k < held; k++) assert_int_equal(s->ops->step(sim, u, x), DF_TRAJ_COMPLETE);
    }
  }
  df_sim_free(s, sim);
  return d;
}

/* the findings of what is recorded; *verdict: of the search, with frames of h s */
static data_findings check(const recorded* r, double h, reach_verdict* verdict) {
  const double each[CLIPS] = {h, h, h, h};
  data_findings f = {0};
  df_system* s = servos(r->slow);
  df_dataset* d = record(s, r);
  trace m;
  assert_ok(trace_of(d, s, each, 100000, &m));
  assert_ok(states_are_reachable(&m, verdict));
  trace_clear(&m);
  assert_ok(data_check_states(d, s, &check_thorough, &f));
  df_dataset_free(d);
  df_system_free(s);
  return f;
}

/* the number of findings of velocities, or of their mixture, with this verdict and these words in their reason */
static int count(const data_findings* f, check_verdict verdict, const char* words) {
  int n = 0;
  for (int i = 0; i < f->n; i++) n += f->list[i].verdict == verdict && strstr(f->list[i].reason, words) != NULL;
  return n;
}

static void velocities_of_servos_that_settle_within_a_frame_are_right(void** state) {
  (void)state;
  reach_verdict verdict;
  data_findings f = check(&(recorded){.from = 0, .factor = {1, 1}, .noise = 0, .held = 1}, 0.05, &verdict);
  assert_int_equal(verdict, REACHES);
  assert_int_equal(data_findings_count(&f, CHECK_WRONG), 0);
  /* though positions change more than twice as fast */
  assert_true(count(&f, CHECK_OK, "held for a frame, although") > 0);
  data_findings_clear(&f);
}

/* noise keeps every single state from being reached, and does not make another factor of velocities */
static void noise_makes_them_unclear(void** state) {
  (void)state;
  reach_verdict verdict;
  data_findings f = check(&(recorded){.from = 0, .factor = {1, 1}, .noise = 0.002, .held = 1}, 0.05, &verdict);
  assert_int_equal(verdict, REACHES_PERHAPS);
  assert_int_equal(data_findings_count(&f, CHECK_WRONG), 0);
  assert_true(count(&f, CHECK_WARN, "settle within a frame") > 0);
  data_findings_clear(&f);
}

/* Servos that settle little make positions change 1.1 times as fast as the velocities say; that actions are recorded,
 * which noise keeps from leading to the states, changes nothing. Velocities that lack as much again are wrong. */
static void servos_that_settle_little_are_told_by_the_model(void** state) {
  (void)state;
  for (int i = 0; i < 4; i++) {
    const bool wrong = i & 1, actions = i & 2;
    const double factor = wrong ? 0.87 : 1;
    const recorded one = {.factor = {factor, factor}, .noise = 0.001, .slow = true, .actions = actions};
    reach_verdict verdict;
    data_findings f = check(&one, 0.05, &verdict);
    if (verdict != (wrong ? REACHES_NOT : REACHES_PERHAPS)) fail_msg("%d: %d", i, (int)verdict);
    assert_true((data_findings_count(&f, CHECK_WRONG) > 0) == wrong);
    assert_true((count(&f, CHECK_WARN, "settle within a frame") > 0) != wrong);
    data_findings_clear(&f);
  }
}

/* Velocities of a link that are off by a factor of 1.15 are none of servos which make one of 1.1; but a link that moves
 * by a twentieth of another one tells less of a rate of all, and may be off by that, not by 1.43. */
static void a_slow_joint_may_be_further_off(void** state) {
  (void)state;
  static const double factors[] = {1, 1 / 1.15, 1 / 1.43}, small[] = {0.05, 1};
  for (int i = 0; i < 6; i++) {
    const recorded one = {.factor = {1, factors[i / 2]}, .noise = 0.0005, .slow = true, .small = small[i % 2]};
    reach_verdict verdict;
    data_findings f = check(&one, 0.05, &verdict);
    if (verdict != (i < 3 ? REACHES_PERHAPS : REACHES_NOT)) fail_msg("%d: %d", i, (int)verdict);
    data_findings_clear(&f);
  }
}

/* Velocities of a joint of which more than a fifth of the squares is noise are none of the model's, however large they
 * are. Those of the second link have an RMS of 0.38 rad/s. */
static void velocities_of_noise_are_none_of_the_model(void** state) {
  (void)state;
  static const struct {
    double rough;
    reach_verdict verdict;
  } cases[] = {{0.05, REACHES_PERHAPS}, {0.1, REACHES_PERHAPS}, {0.3, REACHES_NOT}, {0.4, REACHES_NOT}};
  for (int i = 0; i < 4; i++) {
    const recorded one = {.factor = {1, 1}, .noise = 0.002, .rough = cases[i].rough};
    reach_verdict verdict;
    data_findings f = check(&one, 0.05, &verdict);
    if (verdict != cases[i].verdict) fail_msg("%g rad/s: %d", cases[i].rough, (int)verdict);
    data_findings_clear(&f);
  }
}

static void other_velocities_are_wrong(void** state) {
  (void)state;
  static const recorded wrong[] = {{.from = 0, .factor = {0.5, 0.5}, .noise = 0, .held = 1},
                                   {.from = 0, .factor = {1, 0.5}, .noise = 0, .held = 1},
                                   {.from = CLIPS - 1, .factor = {0.4, 0.4}, .noise = 0, .held = 1},
                                   {.from = 0, .factor = {0.5, 0.5}, .noise = 0.002, .held = 1},
                                   {.from = 0, .factor = {0.6, 1}, .noise = 0.002, .held = 1},
                                   {.from = CLIPS - 1, .factor = {0.4, 0.4}, .noise = 0.002, .held = 1}};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    reach_verdict verdict;
    data_findings f = check(&wrong[i], 0.05, &verdict);
    if (verdict != REACHES_NOT) fail_msg("%zu: %d", i, (int)verdict);
    assert_true(data_findings_count(&f, CHECK_WRONG) > 0);
    data_findings_clear(&f);
  }
}

/* A body that floats and turns against a flywheel and an arm, whose servos settle within a frame. */
static const char floating_xml[] =
    "<mujoco><compiler angle='radian'/><option timestep='.002' gravity='0 0 0' integrator='implicitfast'/><default>"
    "<joint damping='1' armature='.05'/><geom contype='0' conaffinity='0'/><position kp='2000' kv='60' ctrlrange='-3 "
    "3'/>"
    "</default><worldbody><body><freejoint/><geom type='box' size='.1 .1 .1' mass='5'/><body pos='0 0 .2'><joint "
    "name='a' "
    "axis='0 0 1'/><geom type='capsule' fromto='0 0 0 .25 0 0' size='.03' mass='1'/><body pos='.25 0 0'><joint "
    "name='b' "
    "axis='0 1 0'/><geom type='capsule' fromto='0 0 0 .2 0 0' size='.03' mass='.5'/></body></body></body></worldbody>"
    "<actuator><position joint='a'/><position joint='b'/></actuator></mujoco>";

/* the findings of its recording, velocities of the base times a factor */
static data_findings check_floating(double factor) {
  enum { NX = 17, NQ = 9 };
  df_system* s;
  df_dataset* d;
  df_sim* sim;
  data_findings f = {0};
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  cfg.substeps = 25;
  assert_ok(df_mujoco_system_from_xml(floating_xml, "floating", &cfg, &s));
  const df_dataset_shape shape = {.episodes = CLIPS, .length = CLIP, .nx = NX, .dt = s->dt};
  assert_ok(df_dataset_new(&shape, &d));
  assert_ok(df_sim_new(s, 0, &sim));
  for (int e = 0; e < CLIPS; e++) {
    double x[NX] = {[3] = 1}, target[2 * (CLIP + 1)];
    df_rng_normal(12, DF_STREAM_TEST, (uint64_t)e, 2 * (CLIP + 1), target);
    s->ops->reset(sim, x);
    for (int t = 0; t <= CLIP; t++) {
      const double u[2] = {0.3 * target[2 * t], 0.3 * target[2 * t + 1]};
      for (int i = 0; i < NX; i++) frame_of(d, e, t)[i] = x[i] * (i >= NQ && i < NQ + 6 ? factor : 1);
      assert_int_equal(s->ops->step(sim, u, x), DF_TRAJ_COMPLETE);
    }
  }
  df_sim_free(s, sim);
  assert_ok(data_check_states(d, s, &check_thorough, &f));
  df_dataset_free(d);
  df_system_free(s);
  return f;
}

/* what is a warning, not an error, is explained as well; of a base that is recorded 0.9 times as fast it stays one */
static void what_warns_of_such_velocities_is_right_as_well(void** state) {
  (void)state;
  for (int wrong = 0; wrong < 2; wrong++) {
    data_findings f = check_floating(wrong ? 0.9 : 1);
    const data_finding* one = finding_at(&f, DATA_CHECK_VELOCITY, "base position");
    assert_int_equal(one->verdict, wrong ? CHECK_WARN : CHECK_OK);
    assert_true(one->value > 0.5);
    if (!wrong) assert_int_equal(data_findings_count(&f, CHECK_WARN), 0);
    if (!wrong) assert_true(count(&f, CHECK_OK, "held for a frame, although") > 0);
    data_findings_clear(&f);
  }
}

/* an action may be held for two of the model's */
static void a_frame_may_be_several_actions(void** state) {
  (void)state;
  reach_verdict verdict;
  data_findings f = check(&(recorded){.from = 0, .factor = {1, 1}, .noise = 0, .held = 2}, 0.1, &verdict);
  assert_int_equal(verdict, REACHES);
  data_findings_clear(&f);
}

/* Frames of 1/30 s, of 16 physics steps of 1/480 s, or of 13 of 1/390 s, where the model's own is 0.0025 s: no whole
 * number of actions. Velocities that are 0.7 times too small are not reached. */
static void a_frame_of_other_physics_steps_is_simulated_with_these(void** state) {
  (void)state;
  static const int steps[] = {16, 13};
  const double h = 1 / 30., each[CLIPS] = {h, h, h, h};
  df_system* model = servos_with(false, 0.0025, 1);
  for (int i = 0; i < 4; i++) {
    const double factor = i < 2 ? 1 : 0.7;
    df_system* own = servos_with(false, h / steps[i % 2], steps[i % 2]);
    df_dataset* d = record(own, &(recorded){.factor = {factor, factor}});
    trace m;
    reach_verdict verdict;
    assert_ok(trace_of(d, model, each, 100000, &m));
    assert_ok(states_are_reachable(&m, &verdict));
    assert_int_equal(verdict, i < 2 ? REACHES : REACHES_NOT);
    trace_clear(&m);
    df_dataset_free(d);
    df_system_free(own);
  }
  df_system_free(model);
}

/* of a model without actuators there is nothing to hold */
static void without_actuators_nothing_is_reached(void** state) {
  (void)state;
  static const double h[1] = {0.01};
  reach_verdict verdict;
  fixture f = fixture_new(slide_xml, 1);
  trace_it(&f, h);
  assert_ok(states_are_reachable(&f.m, &verdict));
  assert_int_equal(verdict, REACHES_NOT);
  fixture_free(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(velocities_of_servos_that_settle_within_a_frame_are_right),
                                     cmocka_unit_test(noise_makes_them_unclear),
                                     cmocka_unit_test(servos_that_settle_little_are_told_by_the_model),
                                     cmocka_unit_test(a_slow_joint_may_be_further_off),
                                     cmocka_unit_test(velocities_of_noise_are_none_of_the_model),
                                     cmocka_unit_test(other_velocities_are_wrong),
                                     cmocka_unit_test(what_warns_of_such_velocities_is_right_as_well),
                                     cmocka_unit_test(a_frame_may_be_several_actions),
                                     cmocka_unit_test(a_frame_of_other_physics_steps_is_simulated_with_these),
                                     cmocka_unit_test(without_actuators_nothing_is_reached)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
