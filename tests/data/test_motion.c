/* Motions in time, compared with closed forms and with a simulation. */
#include "data_test.h"
#include "dynaflow/sim/rollout.h"
#include "motion.h"
#include "rotation.h"
#include "task_models.h"

static const double pi = 3.14159265358979323846;

static motion motion_new(const df_system* system, int frames, double dt) {
  motion m = {.frames = frames};
  m.x = df_alloc((size_t)frames * (size_t)system->nx, sizeof *m.x);
  m.time = df_alloc((size_t)frames, sizeof *m.time);
  assert_true(m.x && m.time);
  for (int t = 0; t < frames; t++) m.time[t] = t * dt;
  return m;
}

/* A free body that spins at w [rad/s] about an axis of its own, from a tilted start, and flies at v [m/s]; a ball joint
 * that spins, too; a hinge and a slide at constant rates. Frame t is at time t * dt. */
static const double spin[3] = {0.5, -1, 2}, flight[3] = {1, 2, -3};
static void fly(double time, double* x) {
  const double start[3] = {0.3, 0.8, -0.4};
  double turn[3], a[4], b[4];
  for (int i = 0; i < 3; i++) x[i] = 5 + flight[i] * time;
  for (int i = 0; i < 3; i++) turn[i] = spin[i] * time;
  df_quat_exp(start, a);
  df_quat_exp(turn, b);
  df_quat_product(a, b, x + 3);
  memcpy(x + 7, b, sizeof b);
  x[11] = 0.1 + 4 * time;
  x[12] = -0.5 * time;
}

static void differences_of_a_constant_rotation_are_its_rate(void** state) {
  (void)state;
  df_system* system = make_system(every_joint_xml);
  const model_joints model = model_joints_of(system, NULL);
  const double dt = 0.02;
  motion m = motion_new(system, 6, dt);
  for (int t = 0; t < 6; t++) {
    fly(t * dt, m.x + t * model.nx);
    /* q and -q are the same orientation */
    for (int i = 3; i < 7 && t == 3; i++) m.x[t * model.nx + i] *= -1;
  }
  bool missing[11];
  memset(missing, true, sizeof missing);
  assert_ok(motion_differentiate(system, &model, &m, dt, missing));
  for (int t = 0; t < 6; t++) {
    const double* v = m.x + t * model.nx + model.nq;
    for (int i = 0; i < 3; i++) assert_close(v[i], flight[i], 1e-12);
    for (int i = 0; i < 3; i++) assert_close(v[3 + i], spin[i], 1e-12);
    for (int i = 0; i < 3; i++) assert_close(v[6 + i], spin[i], 1e-12);
    assert_close(v[9], 4, 1e-12);
    assert_close(v[10], -0.5, 1e-12);
  }

  /* only what is missing is computed */
  memset(missing, false, sizeof missing);
  missing[9] = true;
  for (int t = 0; t < 6; t++) memset(m.x + t * model.nx + model.nq, 0, 11 * sizeof(double));
  assert_ok(motion_differentiate(system, &model, &m, dt, missing));
  for (int t = 0; t < 6; t++) {
    for (int k = 0; k < 11; k++) assert_close(m.x[t * model.nx + model.nq + k], k == 9 ? 4 : 0, 1e-12);
  }
  motion_clear(&m);
  df_system_free(system);
}

/* semi-implicit Euler: v[t+1] = v[t] - g h, z[t+1] = z[t] + h v[t+1]. The velocity of a frame belongs to the step that
 * led to it, not to the one that follows */
static void differences_of_a_fall_are_the_velocities_of_the_simulator(void** state) {
  (void)state;
  static const char xml[] =
      "<mujoco><option timestep='.01' integrator='Euler' gravity='0 0 -9.81'/><worldbody><body pos='0 0 9'><freejoint/>"
      "<geom size='.1' mass='1'/></body></worldbody></mujoco>";
  df_system* system = make_system(xml);
  const model_joints model = model_joints_of(system, NULL);
  motion m = motion_new(system, 8, 0.01);
  for (int t = 0; t < 8; t++) {
    /* closed form of the sums: v_t = 2 - g h t, z_t = 9 + h (v_1 + ... + v_t) */
    double* x = m.x + t * 13;
    x[2] = 9 + 0.01 * (2 * t - 9.81 * 0.01 * t * (t + 1) / 2);
    x[3] = 1;
  }
  const bool missing[6] = {true, true, true, true, true, true};
  assert_ok(motion_differentiate(system, &model, &m, 0.01, missing));
  for (int t = 1; t < 8; t++) assert_close(m.x[t * 13 + 9], 2 - 9.81 * 0.01 * t, 1e-11);
  assert_true(m.x[9] == m.x[13 + 9]);

  /* and those are what the simulator computes */
  df_sim* sim;
  double x[13], next[13];
  assert_ok(df_sim_new(system, 0, &sim));
  memcpy(x, m.x + 13, sizeof x);
  system->ops->reset(sim, x);
  assert_int_equal(system->ops->step(sim, NULL, next), DF_TRAJ_COMPLETE);
  for (int i = 0; i < 13; i++) assert_close(next[i], m.x[26 + i], 1e-11);
  df_sim_free(system, sim);
  motion_clear(&m);
  df_system_free(system);
}

static void resampled_orientations_are_on_the_shortest_arc(void** state) {
  (void)state;
  df_system* system = make_system(every_joint_xml);
  const model_joints model = model_joints_of(system, NULL);
  motion m = motion_new(system, 3, 1), out;
  for (int t = 0; t < 3; t++) {
    double* x = m.x + t * model.nx;
    x[3] = x[7] = 1;
    x[0] = t * t;
    x[11] = 10 * t;
    x[model.nq] = 3 * t; /* a velocity */
    x[24] = t;           /* the activation */
  }
  /* a quarter turn about x in the first second, written as -q; back in the next one */
  const double c = cos(pi / 4), s = sin(pi / 4);
  m.x[model.nx + 3] = -c;
  m.x[model.nx + 4] = -s;
  assert_ok(motion_resample(system, &model, &m, 0.25, &out));
  assert_int_equal(out.frames, 9);
  for (int k = 0; k < 9; k++) {
    const double* x = out.x + k * model.nx;
    const double time = 0.25 * k, share = time <= 1 ? time : 2 - time, angle = pi / 2 * share;
    assert_close(out.time[k], time, 1e-15);
    /* the sign of the first frame is kept all along */
    assert_close(x[3], cos(angle / 2), 1e-14);
    assert_close(x[4], sin(angle / 2), 1e-14);
    assert_close(x[7], 1, 0);
    assert_close(x[0], time <= 1 ? time : 1 + 3 * (time - 1), 1e-14);
    assert_close(x[11], 10 * time, 1e-13);
    assert_close(x[model.nq], 3 * time, 1e-14);
    assert_close(x[24], time, 1e-14);
  }
  motion_clear(&out);

  /* frames that are recorded are copied, bit for bit but for the sign; the last time that fits is the last frame */
  assert_ok(motion_resample(system, &model, &m, 2, &out));
  assert_int_equal(out.frames, 2);
  assert_memory_equal(out.x + model.nx, m.x + 2 * model.nx, (size_t)model.nx * sizeof(double));
  motion_clear(&out);
  assert_ok(motion_resample(system, &model, &m, 0.7, &out));
  assert_int_equal(out.frames, 3);
  motion_clear(&out);
  assert_int_equal(motion_resample(system, &model, &m, 1e-9, &out), DF_E_CONFIG);
  assert_says("an episode of 2 s has 2e+09 frames of 1e-09 s, more than 1e8");
  motion_clear(&m);
  df_system_free(system);
}

static void irregular_times_are_followed(void** state) {
  (void)state;
  df_system* system = make_system(cart_xml);
  const model_joints model = model_joints_of(system, NULL);
  motion m = motion_new(system, 4, 1), out;
  static const double times[] = {0, 0.1, 0.5, 0.6};
  for (int t = 0; t < 4; t++) {
    m.time[t] = times[t];
    m.x[4 * t] = 7 * times[t] - 1; /* a straight line has no errors of interpolation */
  }
  assert_ok(motion_resample(system, &model, &m, 0.2, &out));
  assert_int_equal(out.frames, 4);
  for (int k = 0; k < 4; k++) assert_close(out.x[4 * k], 7 * 0.2 * k - 1, 1e-14);
  assert_int_equal(motion_frame_at(&m, 0.0, 0), 0);
  assert_int_equal(motion_frame_at(&m, 0.1, 0), 1);
  assert_int_equal(motion_frame_at(&m, 0.49, 0), 1);
  assert_int_equal(motion_frame_at(&m, 0.5999999999, 0), 3);
  motion_clear(&out);
  motion_clear(&m);
  df_system_free(system);
}

static void a_missing_position_is_the_integral_of_its_velocity(void** state) {
  (void)state;
  double x[4][4] = {{9, 0, 5, 0}, {9, 0, 1, 0}, {9, 0, 2, 0}, {9, 0, -4, 0}}, time[] = {0, 0.1, 0.3, 0.4};
  const motion m = {.frames = 4, .x = &x[0][0], .time = time};
  /* steps as long as a frame or longer move it by the new velocity */
  motion_integrate(&m, 4, 0, 2, 7, 0.3);
  static const double wanted[] = {7, 7.1, 7.5, 7.1};
  for (int t = 0; t < 4; t++) assert_close(x[t][0], wanted[t], 1e-15);
  /* without steps, the trapezoid rule */
  motion_integrate(&m, 4, 0, 2, 7, 0);
  static const double trapezoids[] = {7, 7.3, 7.6, 7.5};
  for (int t = 0; t < 4; t++) assert_close(x[t][0], trapezoids[t], 1e-15);
}

/* Semi-implicit Euler under a constant force, n steps of each frame: the rule gives its positions to the last bits, and
 * those of the exact motion, p = v t + a t^2 / 2, as the limit. */
static void the_integral_is_what_the_simulator_made(void** state) {
  (void)state;
  enum { FRAMES = 6 };
  const double T = 0.04, force = 3;
  for (int n = 0; n <= 5; n++) {
    double x[FRAMES][4] = {{0}}, time[FRAMES] = {0}, p = 2, v = 0.5, wanted[FRAMES] = {2};
    x[0][2] = v;
    for (int t = 1; t < FRAMES; t++) {
      for (int k = 0; k < n; k++) {
        v += T / n * force;
        p += T / n * v;
      }
      time[t] = T * t;
      wanted[t] = n ? p : 2 + 0.5 * time[t] + force * time[t] * time[t] / 2;
      x[t][2] = n ? v : 0.5 + force * time[t];
    }
    motion_integrate(&(motion){.frames = FRAMES, .x = &x[0][0], .time = time}, 4, 0, 2, 2, n ? T / n : 0);
    for (int t = 0; t < FRAMES; t++) assert_close(x[t][0], wanted[t], 1e-14);
  }
}

static void full_turns_are_removed_from_an_angle(void** state) {
  (void)state;
  double x[40], wanted[40], time[40];
  for (int t = 0; t < 40; t++) {
    wanted[t] = 0.5 + 0.9 * t - 0.02 * t * t;
    x[t] = atan2(sin(wanted[t]), cos(wanted[t]));
    time[t] = t;
  }
  motion_unwrap(&(motion){.frames = 40, .x = x, .time = time}, 1, 0);
  for (int t = 0; t < 40; t++) assert_close(x[t], wanted[t], 1e-13);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(differences_of_a_constant_rotation_are_its_rate),
      cmocka_unit_test(differences_of_a_fall_are_the_velocities_of_the_simulator),
      cmocka_unit_test(resampled_orientations_are_on_the_shortest_arc),
      cmocka_unit_test(irregular_times_are_followed),
      cmocka_unit_test(a_missing_position_is_the_integral_of_its_velocity),
      cmocka_unit_test(the_integral_is_what_the_simulator_made),
      cmocka_unit_test(full_turns_are_removed_from_an_angle),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
