/* Velocities that are differences of positions, and those of the simulator with actions of another recording, in which
 * the model that replays is equally far from both. */
#include "replay_differences.h"

#include <math.h>
#include <string.h>

#include "dynaflow/core/rng.h"
#include "unit.h"

static const char arm[] =
    "<mujoco><option timestep='.002'/><worldbody><body><joint name='a' axis='0 1 0' damping='.1'/>"
    "<geom type='capsule' fromto='0 0 0 .3 0 0' size='.03' mass='1'/><body pos='.3 0 0'>"
    "<joint name='b' axis='0 1 0' damping='.1'/><geom type='capsule' fromto='0 0 0 .3 0 0' size='.03' mass='.5'/>"
    "</body></body></worldbody><actuator><position joint='a' kp='40' kv='1'/><motor joint='b' gear='2'/></actuator>"
    "</mujoco>";
enum { EPISODES = 2, LENGTH = 60, NQ = 2, NU = 2, NX = 4 };
#define assert_ok(status) assert_int_equal(status, DF_OK)

/* how the recording is made from the simulation */
typedef struct made {
  replay_differences velocities; /* NONE: those of the simulator */
  bool unrelated;                /* the actions are those of another recording, 30 times as large */
  int decimals;                  /* of the recorded positions; 0: exact */
  bool spikes;                   /* one velocity in 40 is wrong */
  double speed;                  /* of the actions; 0: 1 */
} made;

static void act(const made* how, int t, uint64_t stream, double u[NU]) {
  df_rng_uniform(stream, DF_STREAM_TEST, (uint64_t)(t / 4), NU, u);
  for (int i = 0; i < NU; i++) u[i] = (how->speed > 0 ? how->speed : 1) * (2 * u[i] - 1);
}

static void simulate(const made* how, const df_system* system, df_dataset* d) {
  df_sim* sim;
  double u[NU];
  assert_ok(df_sim_new(system, 0, &sim));
  for (int e = 0; e < EPISODES; e++) {
    double* x = d->states + e * (LENGTH + 1) * NX;
    system->ops->reset(sim, x);
    for (int t = 0; t < LENGTH; t++, x += NX) {
      act(how, e * LENGTH + t, 1, u);
      assert_int_equal(system->ops->step(sim, u, x + NX), DF_TRAJ_COMPLETE);
      double* stored = d->actions + (e * LENGTH + t) * NU;
      act(how, e * LENGTH + t, how->unrelated ? 2 : 1, stored);
      for (int i = 0; i < NU && how->unrelated; i++) stored[i] *= 30;
    }
  }
  df_sim_free(system, sim);
}

/* as numpy.gradient() or numpy.diff() make them; the first and the last velocities of an episode are one-sided */
static void differentiate(const made* how, df_dataset* d) {
  const int from = how->velocities == DIFFERENCES_FORWARD ? 0 : 1, to = how->velocities == DIFFERENCES_BACKWARD ? 0 : 1;
  for (int e = 0; e < EPISODES; e++) {
    double* x = d->states + e * (LENGTH + 1) * NX;
    for (int t = 0; t <= LENGTH; t++) {
      const int a = t - from < 0 ? 0 : t - from, b = t + to > LENGTH ? LENGTH : t + to;
      for (int i = 0; i < NQ && b > a; i++) x[t * NX + NQ + i] = (x[b * NX + i] - x[a * NX + i]) / ((b - a) * d->dt);
    }
  }
}

static replay_differences find(const made* how) {
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  df_system* system;
  df_dataset* d;
  recording r;
  replay_differences found;
  cfg.substeps = 10;
  assert_ok(df_mujoco_system_from_xml(arm, "arm", &cfg, &system));
  const df_dataset_shape shape = {.episodes = EPISODES, .length = LENGTH, .nx = NX, .nu = NU, .dt = system->dt};
  assert_ok(df_dataset_new(&shape, &d));
  simulate(how, system, d);
  if (how->velocities != DIFFERENCES_NONE) differentiate(how, d);
  for (int row = 0; row < EPISODES * (LENGTH + 1); row++) {
    double* x = d->states + row * NX;
    if (how->spikes && row % 40 == 9) x[NQ] += 0.5;
    const double unit = pow(10, -how->decimals);
    for (int i = 0; i < NQ && how->decimals > 0; i++) x[i] = unit * round(x[i] / unit);
  }
  for (int i = 0; i < NQ && how->decimals > 0; i++)
    d->rounding[i].precision = (df_stored_precision){DF_STORED_DECIMALS, how->decimals};
  assert_ok(recording_of(d, system, &r));
  assert_ok(replay_find_differences(&r, system, &found));
  df_dataset_free(d);
  df_system_free(system);
  return found;
}

static void differences_are_found_whatever_the_actions_are(void** state) {
  (void)state;
  for (int kind = 0; kind < DIFFERENCES_KINDS; kind++) {
    for (int unrelated = 0; unrelated < 2; unrelated++) {
      const made how = {.velocities = (replay_differences)kind, .unrelated = unrelated};
      assert_int_equal(find(&how), kind);
      const made rounded = {.velocities = (replay_differences)kind, .unrelated = unrelated, .decimals = 6};
      assert_int_equal(find(&rounded), kind);
      const made wrong = {.velocities = (replay_differences)kind, .unrelated = unrelated, .spikes = true};
      assert_int_equal(find(&wrong), kind);
    }
  }
}

/* with the actions of another recording, the simulated velocities are much further from the positions */
static void velocities_of_the_simulator_are_no_differences(void** state) {
  (void)state;
  for (int unrelated = 0; unrelated < 2; unrelated++) {
    const made how = {.velocities = DIFFERENCES_NONE, .unrelated = unrelated};
    assert_int_equal(find(&how), DIFFERENCES_NONE);
    const made slow = {.velocities = DIFFERENCES_NONE, .unrelated = unrelated, .speed = 0.05};
    assert_int_equal(find(&slow), DIFFERENCES_NONE);
  }
}

/* 0.01 rad over 20 ms: velocities of either kind equal the differences to 0.5 rad/s */
static void coarse_positions_prove_nothing(void** state) {
  (void)state;
  for (int kind = DIFFERENCES_NONE; kind < DIFFERENCES_KINDS; kind++) {
    const made how = {.velocities = (replay_differences)kind, .unrelated = true, .decimals = 2, .speed = 0.2};
    assert_int_equal(find(&how), DIFFERENCES_NONE);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(differences_are_found_whatever_the_actions_are),
                                     cmocka_unit_test(velocities_of_the_simulator_are_no_differences),
                                     cmocka_unit_test(coarse_positions_prove_nothing)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
