#define _POSIX_C_SOURCE 200809L
/* Bad input: NaN, infinite or huge states, actions and cotangents; models that cannot be solved or do not fit their
 * memory. The result is a value or a clear error, never a crash, a hang, or a wrong number without a flag. */
#include <unistd.h>

#include "models.h"

static const double BAD[] = {NAN, INFINITY, -INFINITY, 1e300, -1e10, 1e10, 2e6};
enum { NBAD = sizeof BAD / sizeof *BAD };

/* a model with every kind of coordinate: free and ball joint, hinge, activation */
#define MIXED                                                                                                        \
  "<mujoco><option timestep='.004' %s/><worldbody><geom type='plane' size='5 5 1'/><body pos='0 0 .4'><freejoint/>"  \
  "<geom type='capsule' size='.1 .1' mass='2'/><body pos='.2 0 0'><joint name='ball' type='ball' damping='.1'/>"     \
  "<geom type='capsule' fromto='0 0 0 .2 0 0' size='.03' mass='.4' contype='0' conaffinity='0'/><body pos='.2 0 0'>" \
  "<joint name='j' axis='0 1 0' damping='.1'/><geom type='capsule' fromto='0 0 0 .2 0 0' size='.03' mass='.4' "      \
  "contype='0' conaffinity='0'/></body></body></body></worldbody><actuator><motor joint='j' ctrlrange='-1 1'/>"      \
  "<intvelocity joint='j' kp='3' actrange='-1 1' ctrlrange='-9 9'/><motor joint='j'/></actuator></mujoco>"

static df_system* mixed(const char* option, bool differences) {
  char xml[4096];
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  df_system* s;
  cfg.finite_differences = differences;
  snprintf(xml, sizeof xml, MIXED, option);
  OK(df_mujoco_system_from_xml(xml, "mixed", &cfg, &s));
  return s;
}

static bool all_finite(const double* x, int n) {
  for (int i = 0; i < n; i++) {
    if (!isfinite(x[i])) return false;
  }
  return true;
}

static bool all_nan(const double* x, int n) {
  for (int i = 0; i < n; i++) {
    if (!isnan(x[i])) return false;
  }
  return true;
}

/* the step from the initial state still gives `expected` on a simulator that has met bad input */
static void assert_sound(const df_system* s, df_sim* sim, const double* expected) {
  double x0[64], x1[64];
  const double u[3] = {0.1, 0.1, 0.1};
  df_mujoco_initial_state(s, x0);
  s->ops->reset(sim, x0);
  assert_int_equal(s->ops->step(sim, u, x1), DF_TRAJ_COMPLETE);
  assert_memory_equal(x1, expected, (size_t)s->nx * sizeof *x1);
}

static void sound_step(const df_system* s, double* x1) {
  double x0[64];
  const double u[3] = {0.1, 0.1, 0.1};
  df_sim* sim;
  OK(df_sim_new(s, 0, &sim));
  df_mujoco_initial_state(s, x0);
  s->ops->reset(sim, x0);
  assert_int_equal(s->ops->step(sim, u, x1), DF_TRAJ_COMPLETE);
  df_sim_free(s, sim);
}

/* ---- states and actions ---- */

static bool is_quaternion(const df_system* s, int i) {
  const df_joint* joints;
  const int n = df_mujoco_joints(s, &joints);
  for (int j = 0; j < n; j++) {
    const int first = joints[j].qpos + (joints[j].kind == DF_JOINT_FREE ? 3 : 0);
    const bool has = joints[j].kind == DF_JOINT_FREE || joints[j].kind == DF_JOINT_BALL;
    if (has && i >= first && i < first + 4) return true;
  }
  return false;
}

/* Three actions from a state with one bad number: the trajectory diverges, with NaN from there on. It may also continue
 * with finite numbers where the number is in a quaternion, since one of any finite length is a rotation, or is an
 * activation outside its range, which is clamped back. */
static void try_state(const df_system* s, df_sim* sim, int i, double bad) {
  double x0[64], x[4 * 64], u[9] = {0}, dx[4 * 64] = {0}, du[9] = {0};
  df_mujoco_initial_state(s, x0);
  x0[i] = bad;
  const df_traj_end end = df_trajectory_run(s, sim, 3, x0, u, x);
  if (end == DF_TRAJ_COMPLETE) {
    if (!is_quaternion(s, i) && i != s->nx - 1) fail_msg("coordinate %d = %g went on", i, bad);
    assert_true(isfinite(bad) && all_finite(x + s->nx, 3 * s->nx));
    dx[3 * s->ndx] = 1;
    if (df_trajectory_vjp(s, sim, 3, dx, 1, du, NULL) == DF_TRAJ_COMPLETE) assert_true(all_finite(du, 3 * s->nu));
    return;
  }
  assert_int_equal(end, DF_TRAJ_DIVERGED);
  assert_true(all_nan(x + 3 * s->nx, s->nx));
  /* nothing was recorded that could be differentiated */
  assert_int_equal(df_trajectory_vjp(s, sim, 3, dx, 1, du, NULL), DF_TRAJ_FAILED);
  assert_true(all_finite(du, 3 * s->nu));
}

static void bad_states_diverge(void** state) {
  (void)state;
  for (int kind = 0; kind < 3; kind++) {
    df_system* s = mixed(kind == 1   ? "integrator='implicitfast' cone='elliptic'"
                         : kind == 2 ? "noslip_iterations='2'"
                                     : "",
                         kind == 2);
    double expected[64];
    df_sim* sim;
    OK(df_sim_new(s, 3, &sim));
    sound_step(s, expected);
    for (int i = 0; i < s->nx; i++) {
      for (int k = 0; k < NBAD; k++) {
        try_state(s, sim, i, BAD[k]);
        assert_sound(s, sim, expected);
      }
    }
    df_sim_free(s, sim);
    df_system_free(s);
  }
}

static void a_quaternion_of_any_length_is_its_rotation(void** state) {
  (void)state;
  df_system* s = mixed("", false);
  double x0[64], x[2 * 64], scaled[2 * 64], none[2 * 64];
  const double u[3] = {0};
  df_sim* sim;
  OK(df_sim_new(s, 1, &sim));
  df_mujoco_initial_state(s, x0);
  x0[3] = 0.8;
  x0[4] = 0.6;
  assert_int_equal(df_trajectory_run(s, sim, 1, x0, u, x), DF_TRAJ_COMPLETE);
  for (int i = 3; i < 7; i++) x0[i] *= 1024;
  assert_int_equal(df_trajectory_run(s, sim, 1, x0, u, scaled), DF_TRAJ_COMPLETE);
  /* scaling by a power of two is exact; its square root and quotient round in the last digit */
  for (int i = 0; i < s->nx; i++) CLOSE(scaled[s->nx + i], x[s->nx + i], 1e-12);
  /* MuJoCo treats a zero quaternion as the identity */
  for (int i = 3; i < 7; i++) x0[i] = 0;
  const df_traj_end end = df_trajectory_run(s, sim, 1, x0, u, none);
  assert_true(end == DF_TRAJ_DIVERGED || all_finite(none + s->nx, s->nx));
  df_sim_free(s, sim);
  df_system_free(s);
}

static void bad_actions_diverge_or_are_clamped(void** state) {
  (void)state;
  df_system* s = mixed("", false);
  double x0[64], x1[64], at_bound[64], expected[64];
  df_sim* sim;
  OK(df_sim_new(s, 1, &sim));
  sound_step(s, expected);
  df_mujoco_initial_state(s, x0);
  for (int i = 0; i < s->nu; i++) {
    for (int k = 0; k < NBAD; k++) {
      double u[3] = {0};
      u[i] = BAD[k];
      s->ops->reset(sim, x0);
      const df_traj_end end = s->ops->step(sim, u, x1);
      if (end == DF_TRAJ_COMPLETE && !isfinite(s->u_hi[i])) {
        assert_true(fabs(BAD[k]) < 1e7 && all_finite(x1, s->nx)); /* a large but valid torque */
      } else if (end == DF_TRAJ_COMPLETE) {
        assert_true(isfinite(BAD[k]));
        u[i] = BAD[k] > 0 ? s->u_hi[i] : s->u_lo[i];
        s->ops->reset(sim, x0);
        assert_int_equal(s->ops->step(sim, u, at_bound), DF_TRAJ_COMPLETE);
        assert_memory_equal(x1, at_bound, (size_t)s->nx * sizeof *x1);
      } else {
        assert_int_equal(end, DF_TRAJ_DIVERGED);
        assert_true(all_nan(x1, s->nx));
      }
      assert_sound(s, sim, expected);
    }
  }
  df_sim_free(s, sim);
  df_system_free(s);
}

/* ---- cotangents ---- */

/* what is not finite diverges, and what is large is as right as what is small */
static void bad_cotangents_diverge_and_large_ones_scale(void** state) {
  (void)state;
  enum { T = 4 };
  for (int differences = 0; differences < 2; differences++) {
    df_system* s = mixed(differences ? "noslip_iterations='2'" : "", differences);
    double x0[64], x[(T + 1) * 64], u[T * 3] = {0};
    df_sim* sim;
    OK(df_sim_new(s, T, &sim));
    df_mujoco_initial_state(s, x0);
    assert_int_equal(df_trajectory_run(s, sim, T, x0, u, x), DF_TRAJ_COMPLETE);
    for (int k = 0; k < NBAD; k++) {
      for (int i = 0; i < s->ndx; i++) {
        double dx[(T + 1) * 64] = {0}, du[T * 3], dx0[64], du1[T * 3], dx1[64];
        double* entry = &dx[(k % (T + 1)) * s->ndx + i];
        *entry = 1;
        assert_int_equal(df_trajectory_vjp(s, sim, T, dx, 1, du1, dx1), DF_TRAJ_COMPLETE);
        *entry = BAD[k];
        const bool finite = isfinite(BAD[k]);
        const double scale = finite ? BAD[k] : 0, tolerance = 1e-9 * fabs(scale);
        assert_int_equal(df_trajectory_vjp(s, sim, T, dx, 1, du, dx0), finite ? DF_TRAJ_COMPLETE : DF_TRAJ_DIVERGED);
        for (int j = 0; j < T * s->nu; j++) CLOSE(du[j], scale * du1[j], tolerance * (1 + fabs(du1[j])));
        for (int j = 0; j < s->ndx; j++) CLOSE(dx0[j], scale * dx1[j], tolerance * (1 + fabs(dx1[j])));
        /* a single step */
        double y[64] = {0}, ubar[3];
        y[i] = BAD[k];
        assert_int_equal(s->ops->step_vjp(sim, T - 1, y, y, ubar), finite ? DF_TRAJ_COMPLETE : DF_TRAJ_DIVERGED);
        if (finite) assert_true(all_finite(y, s->ndx) && all_finite(ubar, s->nu));
      }
    }
    double dx[(T + 1) * 64], du[T * 3];
    for (int j = 0; j < (T + 1) * s->ndx; j++) dx[j] = 1;
    assert_int_equal(df_trajectory_vjp(s, sim, T, dx, NAN, du, NULL), DF_TRAJ_DIVERGED);
    assert_int_equal(df_trajectory_vjp(s, sim, T, dx, 1, du, NULL), DF_TRAJ_COMPLETE);
    df_sim_free(s, sim);
    df_system_free(s);
  }
}

/* ---- models that cannot be solved ---- */

static void a_body_without_mass_is_refused_by_name(void** state) {
  (void)state;
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  df_system* s;
  assert_int_equal(
      df_mujoco_system_from_xml("<mujoco><worldbody><body name='ghost'><joint name='j'/></body></worldbody>"
                                "<actuator><motor joint='j'/></actuator></mujoco>",
                                "ghost.xml", &cfg, &s),
      DF_E_FORMAT);
  assert_non_null(strstr(df_error_message(), "ghost.xml"));
  assert_non_null(strstr(df_error_message(), "mass"));
}

/* two hinges about the same axis: the inertia matrix is singular */
static void a_singular_mass_matrix_diverges(void** state) {
  (void)state;
  for (int armature = 0; armature < 2; armature++) {
    char xml[1024];
    snprintf(xml, sizeof xml,
             "<mujoco><worldbody><body><joint name='a' axis='0 1 0' armature='%d'/><joint name='b' axis='0 1 0'/>"
             "<geom size='.1' pos='.2 0 0'/></body></worldbody><actuator><motor joint='a'/></actuator></mujoco>",
             armature);
    df_system* s = model_text(xml, 1);
    double x0[4] = {0.1, 0.2, 0, 0}, x[8], u = 0.3, dx[8] = {0}, du;
    df_sim* sim;
    OK(df_sim_new(s, 1, &sim));
    assert_int_equal(df_trajectory_run(s, sim, 1, x0, &u, x), armature ? DF_TRAJ_COMPLETE : DF_TRAJ_DIVERGED);
    if (armature) {
      dx[7] = 1;
      assert_int_equal(df_trajectory_vjp(s, sim, 1, dx, 1, &du, NULL), DF_TRAJ_COMPLETE);
      assert_true(isfinite(du) && du != 0);
    } else {
      assert_true(all_nan(x + 4, 4));
    }
    df_sim_free(s, sim);
    df_system_free(s);
  }
}

/* MuJoCo compiles a negative armature. What is left of the inertia decides: a sphere of 4.19 kg, 0.1 m from the joint,
 * has 0.0587 kg m2. */
static void a_mass_matrix_that_armature_makes_indefinite_is_refused(void** state) {
  (void)state;
  static const char* const armatures[] = {"-0.05", "-0.06", "-5"};
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  for (int i = 0; i < 3; i++) {
    char xml[1024];
    snprintf(xml, sizeof xml,
             "<mujoco><worldbody><body><joint name='first'/><geom size='.1' pos='0 .1 0'/><body pos='1 0 0'><joint "
             "name='arm' axis='0 1 0' armature='%s'/><geom size='.1' pos='.1 0 0'/></body></body></worldbody>"
             "<actuator><motor joint='arm'/></actuator></mujoco>",
             armatures[i]);
    df_system* s;
    const df_status status = df_mujoco_system_from_xml(xml, "arm.xml", &cfg, &s);
    assert_int_equal(status, i == 0 ? DF_OK : DF_E_FORMAT);
    if (i == 0) {
      df_system_free(s);
      continue;
    }
    assert_null(s);
    assert_non_null(strstr(df_error_message(), "arm.xml: joint 1 'arm': armature"));
    assert_non_null(strstr(df_error_message(), armatures[i]));
  }
}

static void a_step_that_is_too_long_diverges(void** state) {
  (void)state;
  df_system* s = model_text(
      "<mujoco><option timestep='.5'/><worldbody><body><joint name='x' type='slide' stiffness='1e4'/><geom size='.1'/>"
      "</body></worldbody><actuator><motor joint='x'/></actuator></mujoco>",
      2);
  enum { T = 40 };
  double x0[2] = {1, 0}, x[2 * (T + 1)], u[T] = {0};
  df_sim* sim;
  OK(df_sim_new(s, T, &sim));
  assert_int_equal(df_trajectory_run(s, sim, T, x0, u, x), DF_TRAJ_DIVERGED);
  assert_true(all_nan(x + 2 * T, 2));
  df_sim_free(s, sim);
  df_system_free(s);
}

/* ---- models that do not fit their memory ---- */

/* a pile of capsules, so that the number of contacts grows; NULL if MuJoCo cannot compile it in the given memory */
static df_system* pile(const char* memory) {
  static char xml[8192];
  size_t n = (size_t)snprintf(xml, sizeof xml,
                              "<mujoco><size memory='%s'/><option timestep='.005'/><worldbody>"
                              "<geom type='plane' size='5 5 1'/>",
                              memory);
  for (int i = 0; i < 8; i++)
    n += (size_t)snprintf(xml + n, sizeof xml - n,
                          "<body pos='%g 0 %g'><freejoint/><geom type='capsule' size='.1 .1' euler='0 %d 0'/></body>",
                          0.03 * (i % 3), 0.3 + 0.25 * i, 40 * i);
  snprintf(xml + n, sizeof xml - n,
           "<body pos='1 0 1'><joint name='j'/><geom size='.1' pos='0 0 .1'/></body></worldbody>"
           "<actuator><motor joint='j'/></actuator></mujoco>");
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  df_system* s;
  return df_mujoco_system_from_xml(xml, "pile.xml", &cfg, &s) == DF_OK ? s : NULL;
}

/* for any size of the memory, the trajectory is bit-identical to one with ample memory, or ends with an error that
 * names the shortage */
static void too_many_contacts_for_the_memory_are_an_error(void** state) {
  (void)state;
  enum { T = 120 };
  df_system* plenty = pile("8M");
  const size_t n = (size_t)((T + 1) * plenty->nx);
  double* reference = df_alloc(n, sizeof *reference);
  double *x = df_alloc(n, sizeof *x), u[T] = {0}, x0[128];
  df_sim* sim;
  OK(df_sim_new(plenty, 0, &sim));
  df_mujoco_initial_state(plenty, x0);
  assert_int_equal(df_trajectory_run(plenty, sim, T, x0, u, reference), DF_TRAJ_COMPLETE);
  df_sim_free(plenty, sim);
  static const char* const memory[] = {"2K", "8K", "20K", "25K", "28K", "31K", "34K", "37K", "40K", "43K", "1M"};
  int failed = 0, complete = 0;
  for (size_t i = 0; i < sizeof memory / sizeof *memory; i++) {
    df_system* s = pile(memory[i]);
    df_rollout* r;
    uint8_t end;
    if (!s) {
      assert_non_null(strstr(df_error_message(), "pile.xml"));
      assert_non_null(strstr(df_error_message(), "memory"));
      continue;
    }
    OK(df_rollout_new(s, &(df_rollout_cfg){.threads = 1}, &r));
    const df_status status =
        df_rollout_run(r, &(df_rollout_batch){.B = 1, .H = T, .x0 = x0, .u = u, .x = x, .end = &end});
    print_message("%s: end %d: %.120s\n", memory[i], end, end == DF_TRAJ_COMPLETE ? "" : df_error_message());
    if (end == DF_TRAJ_COMPLETE) {
      assert_memory_equal(x, reference, n * sizeof *x);
      complete++;
    } else {
      assert_int_equal(end, DF_TRAJ_FAILED);
      assert_int_equal(status, DF_E_SIM);
      assert_non_null(strstr(df_error_message(), "memory"));
      assert_true(all_nan(x + T * s->nx, s->nx));
      failed++;
    }
    df_rollout_free(r);
    df_system_free(s);
  }
  assert_true(failed >= 3 && complete >= 1);
  df_free(reference);
  df_free(x);
  df_system_free(plenty);
}

/* a body on sixty feet: MuJoCo drops contacts that do not fit and continues, which must not count as a valid step */
static void dropped_contacts_are_an_error(void** state) {
  (void)state;
  static char xml[8192];
  size_t n = (size_t)snprintf(xml, sizeof xml,
                              "<mujoco><size memory='25K'/><worldbody><geom type='plane' size='5 5 1'/>"
                              "<body pos='0 0 .049'><freejoint/>");
  for (int i = 0; i < 60; i++)
    n += (size_t)snprintf(xml + n, sizeof xml - n, "<geom size='.05' pos='%g %g 0'/>", 0.2 * (i % 10), 0.2 * (i / 10));
  snprintf(xml + n, sizeof xml - n,
           "<body pos='1 0 1'><joint name='j'/><geom size='.1' pos='0 0 .1'/></body></body></worldbody>"
           "<actuator><motor joint='j'/></actuator></mujoco>");
  df_system* s = model_text(xml, 1);
  double x0[16], x1[16], u = 0;
  df_sim* sim;
  OK(df_sim_new(s, 1, &sim));
  df_mujoco_initial_state(s, x0);
  for (int again = 0; again < 2; again++) {
    s->ops->reset(sim, x0);
    assert_int_equal(s->ops->step(sim, &u, x1), DF_TRAJ_FAILED);
    assert_non_null(strstr(df_error_message(), "arena too small for the contacts"));
    assert_true(all_nan(x1, s->nx));
  }
  x0[2] = 2; /* in the air there are no contacts, and it steps normally */
  s->ops->reset(sim, x0);
  assert_int_equal(s->ops->step(sim, &u, x1), DF_TRAJ_COMPLETE);
  df_sim_free(s, sim);
  df_system_free(s);
}

/* ---- changing sizes ---- */

static double rest(void* context, int b, const double* x, double* dx) {
  const df_system* s = context;
  (void)b;
  dx[40 * s->ndx + 2] = 1;
  return x[40 * s->nx + 2];
}

/* from no contacts to many: the tape grows in the middle of a trajectory, without and with a bound */
static void contacts_that_come_in_grow_the_tape(void** state) {
  (void)state;
  enum { T = 40 };
  df_system* s = pile("8M");
  double x0[128], u[T] = {0}, du[2][T], loss;
  df_mujoco_initial_state(s, x0);
  for (int i = 0; i < 8; i++) x0[7 * i + 2] -= 0.15 * i + 0.1;
  for (int k = 0; k < 2; k++) {
    df_rollout* r;
    const df_rollout_cfg cfg = {.threads = 1, .tape_length = T, .tape_bytes = k == 0 ? 0 : 400 << 10};
    (void)df_alloc_peak();
    const size_t before = df_alloc_peak();
    OK(df_rollout_new(s, &cfg, &r));
    OK(df_rollout_gradient(r, &(df_rollout_batch){.B = 1, .H = T, .x0 = x0, .u = u},
                           &(df_rollout_loss){.fn = rest, .context = s, .losses = &loss, .du = du[k]}));
    const size_t taken = df_rollout_tape_bytes(r), peak = df_alloc_peak() - before;
    /* in addition to the tape: 100 kB for the adjoint of 49 dofs, 70 kB for states and cotangents */
    if (k == 1) assert_true(taken <= cfg.tape_bytes && peak < cfg.tape_bytes + (200 << 10));
    print_message("%zu kB of tape for %d steps\n", taken / 1024, T);
    if (k == 0) assert_true(taken > 8192 * T + 4096); /* more than its initial size */
    df_rollout_free(r);
  }
  assert_memory_equal(du[0], du[1], sizeof du[0]);
  df_system_free(s);
}

/* a model file that is rewritten while a system of it is in use */
static void a_rewritten_model_leaves_its_system_as_it_was(void** state) {
  (void)state;
  static const char* const text[2] = {
      "<mujoco><worldbody><body><joint name='j' axis='0 1 0'/><geom size='.1' pos='.2 0 0'/></body></worldbody>"
      "<actuator><motor joint='j'/></actuator></mujoco>",
      "<mujoco><worldbody><body><joint name='j' axis='0 1 0'/><geom size='.1' pos='.2 0 0'/><body pos='.4 0 0'>"
      "<joint name='k' axis='0 1 0'/><geom size='.1' pos='.2 0 0'/></body></body></worldbody>"
      "<actuator><motor joint='j'/><motor joint='k'/></actuator></mujoco>"};
  char path[64], sha[2][DF_SHA256_TEXT];
  snprintf(path, sizeof path, "/tmp/dynaflow-rewritten-%d.xml", (int)getpid());
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  df_system* s[2];
  df_sim* sim[2];
  double x0[4] = {0.1}, before[8], after[8];
  const double u[2] = {0.5, 0.5};
  OK(df_file_write(path, text[0], strlen(text[0])));
  OK(df_mujoco_system_new(path, &cfg, &s[0]));
  OK(df_sim_new(s[0], 1, &sim[0]));
  assert_int_equal(df_trajectory_run(s[0], sim[0], 1, x0, u, before), DF_TRAJ_COMPLETE);
  OK(df_file_write(path, text[1], strlen(text[1])));
  OK(df_mujoco_system_new(path, &cfg, &s[1]));
  remove(path);
  OK(df_sim_new(s[1], 1, &sim[1]));
  assert_int_equal(s[0]->nx, 2);
  assert_int_equal(s[1]->nx, 4);
  assert_int_equal(df_trajectory_run(s[1], sim[1], 1, x0, u, after), DF_TRAJ_COMPLETE);
  assert_int_equal(df_trajectory_run(s[0], sim[0], 1, x0, u, after), DF_TRAJ_COMPLETE);
  assert_memory_equal(before, after, 4 * sizeof *before);
  for (int k = 0; k < 2; k++) {
    OK(df_mujoco_fingerprint(s[k], sha[k]));
    df_sim_free(s[k], sim[k]);
    df_system_free(s[k]);
  }
  assert_string_not_equal(sha[0], sha[1]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(bad_states_diverge),
      cmocka_unit_test(a_quaternion_of_any_length_is_its_rotation),
      cmocka_unit_test(bad_actions_diverge_or_are_clamped),
      cmocka_unit_test(bad_cotangents_diverge_and_large_ones_scale),
      cmocka_unit_test(a_body_without_mass_is_refused_by_name),
      cmocka_unit_test(a_singular_mass_matrix_diverges),
      cmocka_unit_test(a_mass_matrix_that_armature_makes_indefinite_is_refused),
      cmocka_unit_test(a_step_that_is_too_long_diverges),
      cmocka_unit_test(too_many_contacts_for_the_memory_are_an_error),
      cmocka_unit_test(dropped_contacts_are_an_error),
      cmocka_unit_test(contacts_that_come_in_grow_the_tape),
      cmocka_unit_test(a_rewritten_model_leaves_its_system_as_it_was),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
