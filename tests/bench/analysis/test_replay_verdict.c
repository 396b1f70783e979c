/* From numbers to the verdict of a replay: every branch, on both sides of its limit. */
#include "replay_verdict.h"

#include <math.h>
#include <string.h>

#include "dynaflow/core/rng.h"
#include "unit.h"

/* nothing but the errors of one action and of episodes, as of a recording that follows */
static replay_evidence exact(void) {
  replay_evidence e = {.rms = INFINITY, .best_rms = INFINITY};
  e.trained = e.own = e.best = e.actions = replay_fit_none();
  e.trained.steps = e.own.steps = e.best.steps = 100;
  e.trained.carried = e.trained.cleared = e.trained.open_loop = 1;
  return e;
}

/* one action is off, and nothing was found that explains it */
static replay_evidence off(void) {
  replay_evidence e = exact();
  e.trained.carried = 1.001;
  e.rms = 1e-3;
  e.best_rms = 1e-3;
  return e;
}

/* what is accepted has an error of at most what is allowed */
static void judged(replay_evidence e, replay_verdict verdict) {
  assert_string_equal(replay_verdict_text(replay_judge(&e)), replay_verdict_text(verdict));
  if (replay_verdict_exit(verdict) == EXIT_DONE) assert_true(replay_error(&e) <= 1);
}

static void the_error_is_that_of_the_closest_explanation(void** state) {
  (void)state;
  replay_evidence e = off();
  assert_true(replay_error(&e) == 1.001);
  e.trained.carried = 4e7;
  assert_true(replay_error(&e) == 4e7);
  e.trained.step = 0.3;
  e.trained.drift = 0.7;
  assert_true(replay_error(&e) == 0.7);
  e.own.step = 0.2;
  e.own.drift = 3;
  assert_true(replay_error(&e) == 0.7);
  e.trained.drift = 5;
  assert_true(replay_error(&e) == 3);
  e.trained.solver_step = 1.5;
  e.trained.solver_drift = 0.1;
  assert_true(replay_error(&e) == 1.5);
  /* another solver counts, another model does not */
  e.best.carried = 0.01;
  assert_true(replay_error(&e) == 1.5);
  e.best_is_solver = true;
  assert_true(replay_error(&e) == 0.01);
  e.trained.steps = e.own.steps = e.best.steps = 0;
  assert_true(replay_error(&e) == INFINITY);
}

static void exact_actions_follow(void** state) {
  (void)state;
  replay_evidence e = exact();
  judged(e, REPLAY_FOLLOWS);
  e.trained.cleared = 1.1;
  judged(e, REPLAY_SOLVER_LIMITED);
  e.trained.open_loop = 1.1;
  judged(e, REPLAY_ROUNDING);
  e.exponential = true;
  judged(e, REPLAY_CHAOTIC);
  e.jumps = true;
  judged(e, REPLAY_SOLVER_LIMITED);
  e.jumps = false;
  e.solver_sized = true;
  judged(e, REPLAY_SOLVER_LIMITED);
  e.trained.cleared = 1;
  judged(e, REPLAY_CHAOTIC);
}

static void unrelated_actions_are_no_model(void** state) {
  (void)state;
  replay_evidence e = off();
  e.unrelated = true;
  judged(e, REPLAY_UNRELATED);
  assert_int_equal(replay_verdict_exit(REPLAY_UNRELATED), EXIT_CHECK_FAILED);
  /* rounding explains them all the same */
  e.trained.step = e.trained.drift = 1;
  judged(e, REPLAY_ROUNDING);
}

static void inexact_actions_do_not_follow_by_themselves(void** state) {
  (void)state;
  judged(off(), REPLAY_ANOTHER_MODEL);
  replay_evidence e = off();
  /* growth excuses nothing if one action is off */
  e.trained.open_loop = 1e9;
  e.exponential = true;
  judged(e, REPLAY_ANOTHER_MODEL);
  e.trained.carried = NAN;
  judged(e, REPLAY_ANOTHER_MODEL);
  e.trained.carried = INFINITY;
  judged(e, REPLAY_ANOTHER_MODEL);
}

static void rounding_explains_every_action_and_every_window(void** state) {
  (void)state;
  replay_evidence e = off();
  e.trained.step = e.trained.drift = 1;
  judged(e, REPLAY_ROUNDING);
  /* rounding that hides another model decides nothing, and excuses nothing */
  e.hidden = true;
  judged(e, REPLAY_UNDECIDED);
  e.trained.drift = 1.1;
  judged(e, REPLAY_ANOTHER_MODEL);
  e.hidden = false;
  judged(e, REPLAY_ANOTHER_MODEL);
  e.trained.step = 1.1;
  e.trained.drift = 1;
  judged(e, REPLAY_ANOTHER_MODEL);
}

static void the_models_own_solver_options_are_no_other_model(void** state) {
  (void)state;
  replay_evidence e = off();
  e.own.carried = 1;
  judged(e, REPLAY_SOLVER_LIMITED);
  e.own.carried = 1.1;
  judged(e, REPLAY_ANOTHER_MODEL);
  e.own.step = e.own.drift = 1;
  judged(e, REPLAY_SOLVER_LIMITED);
  /* the precision does not show options that only windows of several actions need */
  e.trained.step = 1;
  e.rounded = true;
  judged(e, REPLAY_ROUNDING);
  e.rounded = false;
  judged(e, REPLAY_SOLVER_LIMITED);
  e = off();
  e.trained.cleared_start = 1;
  judged(e, REPLAY_SOLVER_LIMITED);
}

/* only the first actions of episodes differ, by what a warm start that is not recorded makes */
static void starts_of_episodes_depend_on_a_warm_start(void** state) {
  (void)state;
  replay_evidence e = off();
  e.own.unsettled = 3;
  e.own.start = 1;
  assert_true(replay_settles(&e.own) && replay_fits(&e.own) && replay_own_explains(&e) && replay_error(&e) == 1);
  judged(e, REPLAY_SOLVER_LIMITED);
  e.own.start = 1.1;
  assert_false(replay_settles(&e.own) || replay_own_explains(&e));
  assert_true(replay_error(&e) == e.trained.carried);
  judged(e, REPLAY_ANOTHER_MODEL);
  e.own.start = 0;
  e.own.unsettled = 0;
  judged(e, REPLAY_ANOTHER_MODEL);
  e = off();
  e.trained.unsettled = 1;
  e.trained.start = 0.5;
  judged(e, REPLAY_SOLVER_LIMITED);
  /* a model of which nothing is measured has no starts */
  e.trained.start = replay_fit_none().start;
  judged(e, REPLAY_ANOTHER_MODEL);
}

/* the last bits of doubles decide where a solver stops: such errors look like rounding, under the wrong options, too */
static void doubles_show_the_options_that_made_them(void** state) {
  (void)state;
  replay_evidence e = off();
  e.trained.step = e.trained.drift = 1;
  e.own.carried = 1;
  assert_true(replay_own_explains(&e));
  judged(e, REPLAY_SOLVER_LIMITED);
  /* options that rounding explains just as well are not shown */
  e.own.carried = 1.1;
  e.own.step = e.own.drift = 1;
  assert_false(replay_own_explains(&e));
  judged(e, REPLAY_ROUNDING);
  e.trained.cleared_start = 1;
  judged(e, REPLAY_SOLVER_LIMITED);
  e.trained.cleared_start = 1.1;
  e.best.carried = 1;
  judged(e, REPLAY_ANOTHER_OPTION);
  e.best_is_solver = true;
  judged(e, REPLAY_SOLVER_LIMITED);
  e.best.carried = 1.1;
  e.best.step = e.best.drift = 1;
  judged(e, REPLAY_ROUNDING);
  e.far = true;
  judged(e, REPLAY_SOLVER_LIMITED);
  /* fewer digits show nothing */
  e.rounded = true;
  e.own.carried = 1;
  judged(e, REPLAY_ROUNDING);
}

static void rounding_of_doubles_is_small(void** state) {
  (void)state;
  replay_evidence e = off();
  e.trained.carried = 1001;
  assert_true(replay_is_far(&e, true) && !replay_is_far(&e, false));
  e.rounded = true;
  assert_false(replay_is_far(&e, true));
  e.rounded = false;
  e.trained.carried = 1000;
  assert_false(replay_is_far(&e, true));
}

static void what_fits_is_named(void** state) {
  (void)state;
  replay_evidence e = off();
  e.best.carried = 0.5;
  judged(e, REPLAY_ANOTHER_OPTION);
  e.best_reads = true;
  judged(e, REPLAY_ANOTHER_CONVENTION);
  e.best_reads = false;
  e.best_is_solver = true;
  judged(e, REPLAY_SOLVER_LIMITED);
  e.best = replay_fit_none();
  judged(e, REPLAY_ANOTHER_MODEL);
  /* velocities that are differences are named where nothing fits */
  e.differences = true;
  judged(e, REPLAY_ANOTHER_CONVENTION);
  e.best_is_solver = false;
  e.best.steps = 100;
  e.best.carried = 0.5;
  judged(e, REPLAY_ANOTHER_OPTION);
}

/* an alternative may leave what the solver's tolerance explains, as the model of training may */
static void what_leaves_the_solvers_tolerance_is_named(void** state) {
  (void)state;
  replay_evidence e = off();
  e.best.carried = 1e4;
  e.best.solver_step = e.best.solver_drift = 1;
  e.best_converges = true;
  e.best_rms = 1e-4;
  judged(e, REPLAY_ANOTHER_OPTION);
  assert_true(replay_best_explains(&e));
  e.best_reads = true;
  judged(e, REPLAY_ANOTHER_CONVENTION);
  e.best_reads = false;
  /* not if the errors remain, a limit of iterations is what stops the solver, or the tolerance explains less */
  e.best_rms = 1.01e-4;
  judged(e, REPLAY_ANOTHER_MODEL);
  e.best_rms = 1e-4;
  e.best_converges = false;
  judged(e, REPLAY_ANOTHER_MODEL);
  e.best_converges = true;
  e.best.solver_drift = 1.01;
  judged(e, REPLAY_ANOTHER_MODEL);
  assert_false(replay_best_explains(&e));
}

static void the_tolerance_of_the_solver_excuses_only_what_no_alternative_explains(void** state) {
  (void)state;
  replay_evidence e = off();
  e.trained.solver_step = e.trained.solver_drift = 1;
  judged(e, REPLAY_SOLVER_LIMITED);
  e.rounded = true;
  judged(e, REPLAY_ROUNDING);
  e.best_rms = 0.49 * e.rms;
  judged(e, REPLAY_ANOTHER_MODEL);
  /* a better solver is no other model, if the tolerance explains the errors */
  e.best_is_solver = true;
  judged(e, REPLAY_ROUNDING);
  e.trained.solver_step = 1.1;
  judged(e, REPLAY_ANOTHER_MODEL);
  e.trained.solver_step = 1;
  e.best_is_solver = false;
  e.best_rms = e.rms;
  e.trained.solver_drift = 1.1;
  judged(e, REPLAY_ANOTHER_MODEL);
  /* of the model file's own options only if its solutions converge */
  e.own.solver_step = e.own.solver_drift = 1;
  judged(e, REPLAY_ANOTHER_MODEL);
  e.own_converges = true;
  judged(e, REPLAY_ROUNDING);
  /* an option that fits is named before the tolerance is an excuse */
  e.trained.solver_drift = 1;
  e.best.carried = 0.5;
  judged(e, REPLAY_ANOTHER_OPTION);
}

static void rounded_actions_excuse_only_what_no_alternative_explains(void** state) {
  (void)state;
  replay_evidence e = off();
  e.actions.steps = 100;
  e.actions.step = e.actions.drift = 1;
  e.needed = (action_errors){1, 1, 1, false};
  judged(e, REPLAY_ROUNDING);
  e.actions.drift = 1.1;
  judged(e, REPLAY_ANOTHER_MODEL);
  e.actions.solver_step = e.actions.solver_drift = 1;
  judged(e, REPLAY_ROUNDING);
  /* each property of the errors counts */
  double* const properties[] = {&e.needed.largest, &e.needed.spread, &e.needed.dependence};
  for (int i = 0; i < 3; i++) {
    *properties[i] = 1.1;
    judged(e, REPLAY_ANOTHER_MODEL);
    *properties[i] = 1;
  }
  e.needed.few = true;
  judged(e, REPLAY_UNDECIDED);
  assert_int_equal(replay_verdict_exit(REPLAY_UNDECIDED), EXIT_INCONCLUSIVE);
  e.needed.few = false;
  e.best_rms = 0.49 * e.rms;
  judged(e, REPLAY_ANOTHER_MODEL);
  e.best.carried = 0.5;
  judged(e, REPLAY_ANOTHER_OPTION);
}

static void exit_codes_follow_from_verdicts(void** state) {
  (void)state;
  const replay_verdict accepted[] = {REPLAY_FOLLOWS, REPLAY_ROUNDING, REPLAY_SOLVER_LIMITED, REPLAY_CHAOTIC};
  const replay_verdict failed[] = {REPLAY_ANOTHER_OPTION, REPLAY_ANOTHER_CONVENTION, REPLAY_ANOTHER_MODEL};
  for (size_t i = 0; i < sizeof accepted / sizeof *accepted; i++)
    assert_int_equal(replay_verdict_exit(accepted[i]), EXIT_DONE);
  for (size_t i = 0; i < sizeof failed / sizeof *failed; i++)
    assert_int_equal(replay_verdict_exit(failed[i]), EXIT_CHECK_FAILED);
  assert_int_equal(replay_verdict_exit(REPLAY_NOTHING), EXIT_INCONCLUSIVE);
  judged((replay_evidence){.best_rms = 0}, REPLAY_NOTHING);
}

static void what_compares_no_action_fits_nothing(void** state) {
  (void)state;
  const replay_fit nothing = {.carried = 0};
  assert_false(replay_fits(&nothing));
  replay_evidence e = off();
  e.own = e.best = nothing;
  e.own_converges = true;
  judged(e, REPLAY_ANOTHER_MODEL);
}

static void at_most_2_percent_of_the_windows_are_left_unexplained(void** state) {
  (void)state;
  const struct { size_t n, left; } cases[] = {{1, 0}, {2, 0}, {10, 0}, {49, 0}, {50, 1}, {99, 1}, {100, 2}, {1000, 20}};
  for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
    for (size_t more = 0; more < 2; more++) {
      const size_t n = cases[k].n, left = cases[k].left + more;
      double explained[1000], plain[1000];
      for (size_t i = 0; i < n; i++) {
        explained[i] = i < left ? 7 : 1;
        plain[i] = 0;
      }
      assert_true(replay_drift(explained, plain, n) == (more ? 7 : 1));
    }
  }
  assert_true(replay_drift(NULL, NULL, 0) == 0);
}

/* the bias is the median by 1.5, the lower one of two: {0 3 6 9 12 15 18 21} has 9 and 12 in the middle */
static void the_bias_is_a_median_of_at_least_eight_windows(void** state) {
  (void)state;
  for (size_t n = 1; n <= 9; n++) {
    double explained[9], plain[9];
    for (size_t i = 0; i < n; i++) {
      explained[i] = 1;
      plain[i] = 3.0 * (double)(n - 1 - i);
    }
    const double bias = n == 8 ? 9 / 1.5 : n == 9 ? 12 / 1.5 : 1;
    assert_true(replay_drift(explained, plain, n) == bias);
  }
}

/* Windows whose errors are rounding: a standard normal number each. Recordings of few windows are called biased as
 * rarely as those of many, where the largest of one or two was beyond 1.5 spreads in 13 % and 25 %. */
static void rounding_is_no_bias_of_few_windows(void** state) {
  (void)state;
  for (size_t n = 1; n <= 12; n++) {
    int biased = 0;
    for (int trial = 0; trial < 2000; trial++) {
      double explained[12], plain[12];
      for (size_t i = 0; i < n; i++) {
        df_rng_normal(5, DF_STREAM_TEST, (uint64_t)trial * 100 + i, 1, &plain[i]);
        plain[i] = fabs(plain[i]);
        explained[i] = 1;
      }
      biased += replay_drift(explained, plain, n) > 1;
    }
    /* of 8, five beyond 1.5: 0.2 %; of 9 0.4 % */
    if (biased > 20) fail_msg("%zu windows: %d of 2000", n, biased);
  }
}

static void doubling_is_measured_while_errors_grow(void** state) {
  (void)state;
  double error[400];
  /* doubles every 7 actions from 1e-16, and saturates at 1 */
  for (int i = 0; i < 400; i++) error[i] = fmin(1, 1e-16 * exp2(i / 7.0));
  assert_true(fabs(replay_doubling(error, 400, 1e-12) - 7) < 0.5);
  /* it may end before it saturates, or by a divergence */
  assert_true(fabs(replay_doubling(error, 300, 1e-12) - 7) < 0.5);
  error[390] = INFINITY;
  assert_true(fabs(replay_doubling(error, 400, 1e-12) - 7) < 0.5);
}

static void adding_up_is_not_exponential(void** state) {
  (void)state;
  double error[400];
  for (int i = 0; i < 400; i++) error[i] = 1e-12 * i;
  assert_true(isinf(replay_doubling(error, 400, 1e-12)));
  for (int i = 0; i < 400; i++) error[i] = 1e-13 * i * i;
  assert_true(isinf(replay_doubling(error, 400, 1e-12)));
  for (int i = 0; i < 400; i++) error[i] = 1e-15;
  assert_true(isinf(replay_doubling(error, 400, 1e-12)));
  memset(error, 0, sizeof error);
  assert_true(isinf(replay_doubling(error, 400, 1e-12)));
  assert_true(isinf(replay_doubling(error, 0, 1e-12)));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_error_is_that_of_the_closest_explanation),
      cmocka_unit_test(exact_actions_follow),
      cmocka_unit_test(unrelated_actions_are_no_model),
      cmocka_unit_test(inexact_actions_do_not_follow_by_themselves),
      cmocka_unit_test(rounding_explains_every_action_and_every_window),
      cmocka_unit_test(the_bias_is_a_median_of_at_least_eight_windows),
      cmocka_unit_test(rounding_is_no_bias_of_few_windows),
      cmocka_unit_test(the_models_own_solver_options_are_no_other_model),
      cmocka_unit_test(starts_of_episodes_depend_on_a_warm_start),
      cmocka_unit_test(doubles_show_the_options_that_made_them),
      cmocka_unit_test(rounding_of_doubles_is_small),
      cmocka_unit_test(what_fits_is_named),
      cmocka_unit_test(what_leaves_the_solvers_tolerance_is_named),
      cmocka_unit_test(the_tolerance_of_the_solver_excuses_only_what_no_alternative_explains),
      cmocka_unit_test(rounded_actions_excuse_only_what_no_alternative_explains),
      cmocka_unit_test(exit_codes_follow_from_verdicts),
      cmocka_unit_test(what_compares_no_action_fits_nothing),
      cmocka_unit_test(at_most_2_percent_of_the_windows_are_left_unexplained),
      cmocka_unit_test(doubling_is_measured_while_errors_grow),
      cmocka_unit_test(adding_up_is_not_exponential),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
