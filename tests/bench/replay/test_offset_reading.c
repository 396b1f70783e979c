/* Joints of recorded states whose zero is off, with and without the targets of their servos, of an arm whose motion the
 * recorded actions determine. */
#include "offset_reading.h"

#include <math.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "unit.h"

#define LINK(name, length, mass)                  \
  "<body pos='" length " 0 0'><joint name='" name \
  "' axis='0 1 0' damping='.1'/><geom type='capsule' fromto='0 0 0 .2 0 0' size='.03' mass='" mass "'/>"
/* the servo of b has a gear of 2: its target is twice the position of the joint; the slide hangs on a spring */
static const char arm[] =
    "<mujoco><option timestep='.01'/><worldbody>" LINK("a", "0", "1") LINK("b", ".3", ".7") LINK("c", ".4", ".3")
    "</body></body></body><body pos='0 3 0'><joint name='s' type='slide' axis='0 0 1' stiffness='40' damping='1'/><geom "
    "size='.1' mass='1'/></body></worldbody><actuator><motor name='ma' joint='a'/><position name='pb' joint='b' kp='5' "
    "gear='2'/><motor name='mc' joint='c'/><motor name='ms' joint='s'/></actuator></mujoco>";
enum { N = 4, NX = 2 * N, NU = 4, LENGTH = 60 };
#define assert_ok(status) assert_int_equal(status, DF_OK)

typedef struct fixture {
  df_system* system;
  df_dataset* data;
  double states[(LENGTH + 1) * NX], actions[LENGTH * NU]; /* as they are */
  recording r;
  offset_reading found;
} fixture;

/* Records joint `joint` too large by `offset`, and control `servo` by `target`; `noise` is added to all states. */
static void find(int joint, double offset, int servo, double target, double noise, fixture* f) {
  df_sim* sim;
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  *f = (fixture){0};
  assert_ok(df_mujoco_system_from_xml(arm, "arm", &cfg, &f->system));
  assert_ok(df_dataset_new(
      &(df_dataset_shape){.episodes = 1, .length = LENGTH, .nx = NX, .nu = NU, .dt = f->system->dt}, &f->data));
  assert_ok(df_sim_new(f->system, 0, &sim));
  double x[NX] = {.3, -.2, .4, .1};
  f->system->ops->reset(sim, x);
  for (int t = 0; t <= LENGTH; t++) {
    double u[NU], next[NX];
    for (int k = 0; k < NX; k++) {
      f->states[t * NX + k] = x[k];
      f->data->states[t * NX + k] = x[k] + (k == joint ? offset : 0) + noise * sin(77.0 * t + k);
    }
    for (int k = 0; k < NU; k++) {
      u[k] = 2 * sin(0.2 * t + 2 * k) / (k + 1);
      if (t == LENGTH) continue;
      f->actions[t * NU + k] = u[k];
      f->data->actions[t * NU + k] = u[k] + (k == servo ? target : 0);
    }
    assert_int_equal(f->system->ops->step(sim, u, next), DF_TRAJ_COMPLETE);
    memcpy(x, next, sizeof x);
  }
  df_sim_free(f->system, sim);
  assert_ok(recording_of(f->data, f->system, &f->r));
  assert_ok(offset_reading_find(&f->r, f->system, 1, &f->found));
}

static void fixture_free(fixture* f) {
  df_dataset_free(f->data);
  df_system_free(f->system);
}

static void a_zero_that_is_off_is_found(void** state) {
  (void)state;
  static const struct {
    int joint;
    double offset;
    int servo;
    double target;
    const char* words;
  } cases[] = {{0, 0.35, -1, 0, "0.35 rad subtracted from the positions of a"},
               {2, -1.234, -1, 0, "-1.234 rad subtracted from the positions of c"},
               {1, 0.2, -1, 0, "0.2 rad subtracted from the positions of b"},
               {1, -0.5, 1, -1, "-0.5 rad subtracted from the positions of b and -1 from the targets of pb"},
               {3, 0.123, -1, 0, "0.123 m subtracted from the positions of s"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    fixture f;
    find(cases[i].joint, cases[i].offset, cases[i].servo, cases[i].target, 0, &f);
    if (f.found.joint != cases[i].joint) fail_msg("case %zu: %d, %g", i, f.found.joint, f.found.best);
    char* words = offset_reading_words(&f.r, f.system, &f.found);
    assert_string_equal(words, cases[i].words);
    df_free(words);
    assert_int_equal(f.found.servo, cases[i].servo);
    assert_true(f.found.best < 1e-9 && f.found.as_is > 1e-3);
    f.data->rounding[cases[i].joint].offset = 2;
    df_dataset other;
    assert_ok(offset_reading_data(&f.r, &f.found, &other));
    for (int k = 0; k < (LENGTH + 1) * NX; k++) assert_true(fabs(other.states[k] - f.states[k]) < 1e-9);
    for (int k = 0; k < LENGTH * NU; k++) assert_true(fabs(other.actions[k] - f.actions[k]) < 1e-9);
    for (int k = 0; k < NX + NU; k++) {
      const double wanted = k == cases[i].joint                               ? 2 - cases[i].offset
                            : cases[i].servo >= 0 && k == NX + cases[i].servo ? -cases[i].target
                                                                              : 0;
      if (fabs(other.rounding[k].offset - wanted) > 1e-9) fail_msg("%d: %g", k, other.rounding[k].offset);
    }
    recording_free_data(&other);
    fixture_free(&f);
  }
}

/* neither a recording as it is, nor noise, nor what no constant explains: two joints that are off, a motor's control */
static void other_recordings_have_no_other_zero(void** state) {
  (void)state;
  static const double noise[] = {0, 1e-6, 1e-2};
  fixture f;
  for (int i = 0; i < 3; i++) {
    find(-1, 0, -1, 0, noise[i], &f);
    assert_int_equal(f.found.joint, -1);
    fixture_free(&f);
  }
  find(-1, 0, 0, 0.7, 0, &f);
  assert_int_equal(f.found.joint, -1);
  fixture_free(&f);
  /* of a joint that is off, but too noisy to follow */
  find(0, 0.35, -1, 0, 1e-3, &f);
  assert_int_equal(f.found.joint, -1);
  if (!(f.found.best < 0.7 * f.found.as_is)) fail_msg("%g of %g", f.found.best, f.found.as_is);
  fixture_free(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(a_zero_that_is_off_is_found),
                                     cmocka_unit_test(other_recordings_have_no_other_zero)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
