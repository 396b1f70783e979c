/* What rests, settles or rebounds on contacts is no evidence, and neither are servos that settle within a frame. */
#include <math.h>
#include <string.h>

#include "check_parts.h"
#include "dynaflow/sim/dynamics.h"
#include "found.h"
#include "misfit.h"
#include "small_recording.h"
#include "unit.h"

static const double FRAME = 0.04; /* s */
/* a box beside a hinge that a servo drives; the hinge turns a mass of 2 kg at the end of a slide that nothing drives */
static const char box_xml[] =
    "<mujoco><option timestep='.002'/><worldbody><geom type='plane' size='5 5 1'/><body pos='2 0 1'><joint name='j' "
    "axis='0 0 1' damping='1'/><geom size='.05' mass='.01'/><body><joint name='reach' type='slide' axis='1 0 0'/>"
    "<geom size='.05' mass='2' pos='.5 0 0'/></body></body><body><freejoint name='box'/><geom type='box' "
    "size='.05 .05 .05' mass='.4'/></body></worldbody><actuator><position joint='j' kp='120' kv='8' ctrlrange='-1 1' "
    "forcerange='-40 40'/></actuator></mujoco>";
/* columns of the state: j, reach, the box, and their velocities */
enum { REACH = 1, X = 2, Z = 4, W = 5, V_J = 9, V_X = 11, V_Z = 13, V_TURN = 14 };

static fixture boxes(void) {
  fixture f = fixture_new(box_xml, 1);
  for (int t = 0; t <= T; t++) {
    double* x = frame_of(f.d, 0, t);
    x[0] = 0.3 * sin(0.1 * t);
    x[V_J] = 0.03 * cos(0.1 * t) / FRAME;
    x[Z] = 0.05;
    x[W] = 1;
  }
  return f;
}

static data_findings check(fixture* f) {
  data_findings out = {0};
  trace_it(f, &FRAME);
  assert_ok(check_velocities(&f->m, &out));
  check_frames(&f->m, &out);
  return out;
}

/* the box turns by a microradian, which its velocities say two times smaller, and about another axis */
static void turn_a_little(fixture* f, double size) {
  for (int t = 0; t <= T; t++) {
    double* x = frame_of(f->d, 0, t);
    x[W + 1] = size * sin(0.3 * t) / 2;
    x[W] = sqrt(1 - x[W + 1] * x[W + 1]);
    x[V_TURN + 2] = 0.15 * size * cos(0.3 * t) / FRAME;
  }
}

static void what_rests_is_no_evidence(void** state) {
  (void)state;
  static const check_cfg cfg = {.frames_max = 10000, .poses_max = 100};
  for (int moves = 0; moves < 2; moves++) {
    fixture f = boxes();
    misfit fit;
    turn_a_little(&f, moves ? 0.1 : 1e-6);
    data_findings found = check(&f);
    assert_int_equal(trace_rests(&f.m, GROUP_BASE_ROTATION), !moves);
    assert_false(trace_rests(&f.m, GROUP_HINGES));
    assert_ok(misfit_of_trace(&f.m, &cfg, &fit));
    assert_true(moves ? fit.part[MISFIT_FITS + GROUP_BASE_ROTATION] > 0.9
                      : fit.part[MISFIT_FITS + GROUP_BASE_ROTATION] == 0);
    const data_finding* row = finding_at(&found, DATA_CHECK_VELOCITY, "object rotation");
    assert_non_null(row);
    assert_int_equal(row->verdict == CHECK_OK, !moves);
    assert_int_equal(isnan(row->limit), !moves); /* a row is ok if and only if it is within its limit */
    data_findings_clear(&found);
    fixture_free(&f);
  }
}

/* velocities that say that it moves by more are not those of what rests */
static void velocities_too_large_do_not_rest(void** state) {
  (void)state;
  fixture f = boxes();
  turn_a_little(&f, 1e-6);
  for (int t = 0; t <= T; t++) frame_of(f.d, 0, t)[V_TURN] = 0.1;
  trace_it(&f, &FRAME);
  assert_false(trace_rests(&f.m, GROUP_BASE_ROTATION));
  fixture_free(&f);
}

/* A box falls by 0.6 mm, comes up by `up`, and rests. */
static int jumps_of(double fall, double up, double sideways, data_findings* found) {
  fixture f = boxes();
  for (int t = 0; t <= T; t++) {
    double* x = frame_of(f.d, 0, t);
    x[Z] = 0.06 - (t >= 10 ? fall : 0) + (t >= 11 ? up : 0) + 1e-7 * sin(t);
    x[X] = t >= 11 ? sideways + 1e-6 : 0;
    memset(x + 9, 0, 8 * sizeof *x);
  }
  memset(f.d->derived + 9, 1, 8 * sizeof *f.d->derived);
  *found = check(&f);
  int n = 0;
  for (size_t k = 0; k < f.m.n; k++) n += f.m.jump[k];
  fixture_free(&f);
  return n;
}

static void a_rebound_is_no_jump(void** state) {
  (void)state;
  data_findings found;
  assert_int_equal(jumps_of(0.0006, 0.0003, 0, &found), 0); /* hardly anything moves */
  data_findings_clear(&found);
  assert_int_equal(jumps_of(0.008, 0.006, 0, &found), 0); /* up by less than it fell and g h: 0.2 and 0.39 m/s */
  data_findings_clear(&found);
  assert_int_equal(jumps_of(0.008, 0.03, 0, &found), 1); /* up by more */
  data_findings_clear(&found);
  assert_int_equal(jumps_of(0, 0.03, 0, &found), 1); /* it did not fall */
  const data_finding* jump = finding_at(&found, DATA_CHECK_JUMP, "");
  assert_non_null(jump);
  assert_non_null(strstr(jump->reason, "first of box z by 0.03 ")); /* not x, which rests */
  data_findings_clear(&found);
}

/* the box is pushed at 0.5 m/s, or only in single frames, and its velocities are half of what its positions say */
static bool is_scaled(bool steady) {
  fixture f = boxes();
  double at = 0;
  for (int t = 0; t <= T; t++) {
    double* x = frame_of(f.d, 0, t);
    const double v = steady ? 0.5 + 0.1 * sin(0.05 * t) : t % 2 ? 0.5 : 0.05;
    x[X] = at;
    x[V_X] = v / 4;
    at += v * FRAME;
  }
  data_findings found = check(&f);
  const data_finding* row = finding_at(&found, DATA_CHECK_VELOCITY_SCALE, "object position");
  const bool scaled = row && row->verdict == CHECK_WRONG;
  data_findings_clear(&found);
  fixture_free(&f);
  return scaled;
}

static void contacts_scale_no_velocities_of_objects(void** state) {
  (void)state;
  assert_true(is_scaled(true));
  assert_false(is_scaled(false));
}

/* The servo, 120 N m/rad and 9 N m s/rad on 0.51 kg m^2, is not overdamped: velocities fall at 9 / 1.02 per second. */
static void servos_settle_as_fast_as_they_are(void** state) {
  (void)state;
  fixture f = boxes();
  df_dof dofs[8];
  trace_it(&f, &FRAME);
  df_mujoco_dofs(f.s, dofs);
  const double rate = 9 / (2 * dofs[0].inertia) * FRAME, most = 1.15 * expm1(rate) / rate;
  assert_true(dofs[0].damping == 1 && df_mujoco_actuator_at(f.s, 0).damping == 8);
  assert_true(check_servos_settle(&f.m, most - 1e-6) && !check_servos_settle(&f.m, most + 1e-6));
  assert_false(check_servos_settle(&f.m, 0.9));
  fixture_free(&f);
}

/* With the mass drawn in, its servo turns the hinge by 2 rad within a frame, which it could not with the arm out. */
static void a_folded_arm_turns_fast(void** state) {
  (void)state;
  for (int folded = 0; folded < 2; folded++) {
    fixture f = boxes();
    for (int t = 0; t <= T; t++) {
      double* x = frame_of(f.d, 0, t);
      x[0] = 1e-3 * sin(0.1 * t) + (t >= 50 ? 0.5 : 0);
      x[REACH] = folded ? -0.45 : 0;
      memset(x + 9, 0, 8 * sizeof *x);
    }
    memset(f.d->derived + 9, 1, 8 * sizeof *f.d->derived);
    data_findings found = check(&f);
    const data_finding* jump = finding_at(&found, DATA_CHECK_JUMP, "");
    assert_non_null(jump);
    assert_int_equal(jump->verdict, folded ? CHECK_WARN : CHECK_WRONG);
    data_findings_clear(&found);
    fixture_free(&f);
  }
}

/* In MuJoCo a contact of impedance 0.95 and time constant 0.02 s under the weight of a box on it rests at a depth r at
 * which k d r = (1 - d) / d F / m. */
static void a_soft_contact_sinks(void** state) {
  (void)state;
  fixture f = boxes();
  df_sim* sim;
  assert_ok(df_sim_new(f.s, 0, &sim));
  df_mujoco_pose(sim, frame_of(f.d, 0, 0));
  assert_true(df_mujoco_contact_count(sim) > 0);
  const double d = 0.95, k = 1 / (d * d * 0.02 * 0.02), expected = (1 - d) / (d * d * k) / 0.4;
  assert_true(fabs(df_mujoco_contact(sim, 0).softness / expected - 1) < 1e-9);
  df_sim_free(f.s, sim);
  fixture_free(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(what_rests_is_no_evidence),
                                     cmocka_unit_test(velocities_too_large_do_not_rest),
                                     cmocka_unit_test(a_rebound_is_no_jump),
                                     cmocka_unit_test(contacts_scale_no_velocities_of_objects),
                                     cmocka_unit_test(servos_settle_as_fast_as_they_are),
                                     cmocka_unit_test(a_folded_arm_turns_fast),
                                     cmocka_unit_test(a_soft_contact_sinks)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
