/* Actions that have nothing to do with the states are told from those of another order, unit, sign, time or model. */
#include "unrelated_actions.h"

#include <math.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/rng.h"
#include "replay_study.h"
#include "unit.h"

enum { EPISODES = 3, LENGTH = 150, NU = 2 };

/* a carriage with two links and motors on the links */
static const char links[] =
    "<mujoco><option timestep='.01'/><worldbody><body><joint type='slide' axis='1 0 0' damping='1'/><geom size='.1' "
    "mass='1'/><body pos='0 0 .1'><joint name='a' axis='0 1 0' damping='.2'/><geom type='capsule' fromto='0 0 0 0 0 "
    ".4' "
    "size='.03' mass='.5'/><body pos='0 0 .4'><joint name='b' axis='0 1 0' damping='.1'/><geom type='capsule' "
    "fromto='0 0 0 0 0 .3' size='.03' mass='.3'/></body></body></body></worldbody><actuator><motor joint='a' gear='3'/>"
    "<motor joint='b' gear='2'/></actuator></mujoco>";

static void assert_ok(df_status status) {
  if (status != DF_OK) print_error("%s\n", df_error_message());
  assert_int_equal(status, DF_OK);
}

static df_system* system_of(double gain_scale) {
  df_system* s;
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  cfg.gain_scale = gain_scale;
  cfg.forward_only = true;
  assert_ok(df_mujoco_system_from_xml(links, "links", &cfg, &s));
  return s;
}

/* what the model does under random actions */
static df_dataset* simulated(const df_system* s) {
  df_dataset* d;
  df_sim* sim;
  assert_ok(df_dataset_new(
      &(df_dataset_shape){.episodes = EPISODES, .length = LENGTH, .nx = s->nx, .nu = NU, .dt = s->dt}, &d));
  df_rng_uniform(1, DF_STREAM_TEST, 0, (size_t)EPISODES * LENGTH * NU, d->actions);
  for (int i = 0; i < EPISODES * LENGTH * NU; i++) d->actions[i] = 2 * d->actions[i] - 1;
  assert_ok(df_sim_new(s, 0, &sim));
  for (int e = 0; e < EPISODES; e++) {
    double* x = d->states + d->first[e] * (size_t)s->nx;
    x[1] = 0.3 * e;
    for (int t = 0; t < LENGTH; t++, x += s->nx) {
      s->ops->reset(sim, x);
      assert_int_equal(s->ops->step(sim, df_dataset_action(d, e, t), x + s->nx), DF_TRAJ_COMPLETE);
    }
  }
  df_sim_free(s, sim);
  return d;
}

typedef enum change { AS_IS, RANDOM, OTHER_EPISODE, SCALED, EXCHANGED, LATE, NOISY } change;

static void change_actions(df_dataset* d, change how) {
  enum { ALL = EPISODES * LENGTH * NU };
  static double was[ALL], r[ALL];
  memcpy(was, d->actions, sizeof was);
  df_rng_uniform(2, DF_STREAM_TEST, 0, ALL, r);
  for (int i = 0; i < ALL; i++) {
    double* u = &d->actions[i];
    if (how == RANDOM) *u = 2 * r[i] - 1;
    if (how == OTHER_EPISODE) *u = was[(i + LENGTH * NU) % ALL];
    if (how == SCALED) *u = i % NU ? -20 * was[i] + 3 : 5 * was[i];
    if (how == EXCHANGED) *u = was[i ^ 1];
    if (how == LATE) *u = was[i < NU ? i : i - NU];
    if (how == NOISY) *u = 0.7 * was[i] + 0.3 * (2 * r[i] - 1);
  }
}

static action_relation related(change how, double gain_scale) {
  df_system *own = system_of(1), *other = system_of(gain_scale);
  df_dataset* d = simulated(own);
  recording r;
  action_relation out;
  change_actions(d, how);
  assert_ok(recording_of(d, other, &r));
  assert_ok(unrelated_actions_find(&r, other, &out));
  df_dataset_free(d);
  df_system_free(own);
  df_system_free(other);
  return out;
}

static void actions_of_no_relation_are_found(void** state) {
  (void)state;
  static const change list[] = {RANDOM, OTHER_EPISODE};
  for (int i = 0; i < 2; i++) {
    const action_relation found = related(list[i], 1);
    assert_true(found.unrelated && found.explained < 0.1 && found.by_chance < 0.1);
  }
  /* whatever the gains of the model are */
  assert_true(related(RANDOM, 1.5).unrelated);
}

static void other_orders_units_times_and_models_are_related(void** state) {
  (void)state;
  static const change list[] = {AS_IS, SCALED, EXCHANGED, LATE};
  for (int i = 0; i < 4; i++) {
    const action_relation found = related(list[i], 1);
    assert_false(found.unrelated);
    assert_true(found.explained > 0.99 && found.by_chance < 0.2);
  }
  assert_false(related(NOISY, 1).unrelated);
  assert_false(related(AS_IS, 1.5).unrelated);
}

/* The regression of 0.7 u + 0.3 v with independent u and v explains 0.49 / 0.58 of u. */
static void the_share_that_is_explained_is_r_squared(void** state) {
  (void)state;
  assert_true(fabs(related(NOISY, 1).explained - 0.49 / 0.58) < 0.05);
}

/* Of 30 rows, 7 coefficients fit a quarter of the variance of what has no relation: adjusted for them, the mean over
 * many recordings is 0, with a deviation of about 0.25 / sqrt(2 * 30). */
static void the_share_is_adjusted_for_the_number_of_coefficients(void** state) {
  (void)state;
  enum { SHORT = 30, TRIALS = 30 };
  df_system* s = system_of(1);
  df_dataset *all = simulated(s), *few;
  double sum = 0;
  int counted = 0;
  assert_ok(
      df_dataset_new(&(df_dataset_shape){.episodes = 1, .length = SHORT, .nx = s->nx, .nu = NU, .dt = s->dt}, &few));
  memcpy(few->states, df_dataset_state(all, 1, 20), (SHORT + 1) * (size_t)s->nx * sizeof *few->states);
  for (int i = 0; i < TRIALS; i++) {
    recording r;
    action_relation found;
    df_rng_uniform(100 + (uint64_t)i, DF_STREAM_TEST, 0, SHORT * NU, few->actions);
    assert_ok(recording_of(few, s, &r));
    assert_ok(unrelated_actions_find(&r, s, &found));
    if (isnan(found.explained)) continue;
    sum += found.explained;
    counted++;
  }
  assert_int_equal(counted, TRIALS);
  if (!(fabs(sum / counted) < 0.12)) fail_msg("explains %g", sum / counted);
  df_dataset_free(few);
  df_dataset_free(all);
  df_system_free(s);
}

static void few_rows_and_no_velocities_tell_nothing(void** state) {
  (void)state;
  df_system* s = system_of(1);
  df_dataset* d = simulated(s);
  recording r;
  action_relation out;
  change_actions(d, RANDOM);
  for (int i = s->nx / 2; i < s->nx; i++) d->derived[i] = true;
  assert_ok(recording_of(d, s, &r));
  assert_ok(unrelated_actions_find(&r, s, &out));
  assert_true(!out.unrelated && isnan(out.explained));
  df_dataset_free(d);
  df_system_free(s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(actions_of_no_relation_are_found),
      cmocka_unit_test(other_orders_units_times_and_models_are_related),
      cmocka_unit_test(the_share_that_is_explained_is_r_squared),
      cmocka_unit_test(the_share_is_adjusted_for_the_number_of_coefficients),
      cmocka_unit_test(few_rows_and_no_velocities_tell_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
