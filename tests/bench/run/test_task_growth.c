/* The growth of the gradient in a task, and the settings that are recommended for it. */
#include "task_growth.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/core/rng.h"
#include "near.h"
#include "tiny_task.h"
#include "unit.h"

enum { WINDOWS = 10, H_MAX = 64, RATE = 2 };

/* the advice on 10 windows that grow by `factor` per action, of which `broken` break down after `from` actions */
static growth_settings advise(int H, double factor, double decay, int broken, int from) {
  static double values[WINDOWS * H_MAX], median[H_MAX];
  for (int i = 0; i < WINDOWS * H; i++) {
    const int b = i / H, k = i % H;
    values[i] = b < broken && k >= from ? INFINITY : pow(factor, k + 1);
  }
  const growth_settings now = {.horizon = H, .cotangent_decay = decay, .rate = RATE};
  df_growth g;
  assert_int_equal(df_growth_summary(WINDOWS, H, values, decay, median, NULL, &g), DF_OK);
  return growth_advice(&now, median, &g);
}

static void is(growth_settings a, int horizon, double decay, double rate) {
  assert_int_equal(a.horizon, horizon);
  assert_int_equal(isnan(a.cotangent_decay), isnan(decay));
  assert_int_equal(isnan(a.rate), isnan(rate));
  if (!isnan(decay)) assert_near(a.cotangent_decay, decay, 1e-12);
  if (!isnan(rate)) assert_near(a.rate, rate, 1e-12);
}

static void the_advice_follows_the_rules(void** state) {
  (void)state;
  /* fine: the settings as they are */
  is(advise(3, 2, 1, 0, 0), 3, 1, RATE);
  is(advise(8, 2, 0.5, 0, 0), 8, 0.5, RATE);
  /* 256 is too large, but damping is enough: 256^(-1/8) = 0.5; the rate stays */
  is(advise(8, 2, 1, 0, 0), 3, 0.5, RATE);
  /* 1.1^40 = 45: 45^(-1/40) = 0.909, rounded down to 0.9; 1.1^28 = 14.4 */
  is(advise(40, 1.1, 1, 0, 0), 28, 0.9, RATE);
  /* beyond 300 damping alone does not help: 2^16 = 65536, and 0.5^16 of it is 1, so the rate stays; 2^8 = 256 */
  is(advise(16, 2, 0.5, 0, 0), 8, NAN, RATE);
  /* without damping the rate falls by the root of 15/65536 */
  is(advise(16, 2, 1, 0, 0), 3, NAN, RATE * sqrt(15 / 65536.0));
  /* a single action that is too large leaves the shortest horizon */
  assert_int_equal(advise(4, 20, 1, 0, 0).horizon, 1);
}

static void a_gradient_that_breaks_down_leaves_the_horizon_before(void** state) {
  (void)state;
  /* 1.5^8 = 25.6 is too large, 1.5^6 = 11.4 is fine; a tenth of the windows does not count; 25.6^(-1/8) = 0.667 */
  is(advise(8, 1.5, 1, 1, 4), 6, 0.65, RATE);
  for (int broken = 2; broken <= WINDOWS; broken += 4) {
    is(advise(8, 1.5, 1, broken, 4), 4, NAN, NAN);
    /* also where the median is fine */
    is(advise(8, 1.1, 1, broken, 5), 5, NAN, NAN);
    is(advise(8, 1.5, 1, broken, 0), 0, NAN, NAN);
  }
}

/* a growth that passes the limit of 15 in between: the longest horizon that is fine, not the first crossing */
static void the_longest_horizon_that_is_fine_is_recommended(void** state) {
  (void)state;
  const double median[] = {2, 100, 10, 200};
  const growth_settings now = {.horizon = 4, .cotangent_decay = 1, .rate = RATE};
  df_growth g;
  assert_int_equal(df_growth_summary(1, 4, median, 1, NULL, NULL, &g), DF_OK);
  /* 200^(-1/4) = 0.266 */
  is(growth_advice(&now, median, &g), 3, 0.25, RATE);
}

/* 300 is still damped: 300^(-1/4) = 0.24; what is a little more is not */
static void the_largest_growth_that_is_damped_is_300(void** state) {
  (void)state;
  const growth_settings now = {.horizon = 4, .cotangent_decay = 1, .rate = RATE};
  for (int above = 0; above < 2; above++) {
    const double median[] = {2, 100, 10, above ? 300.1 : 300};
    df_growth g;
    assert_int_equal(df_growth_summary(1, 4, median, 1, NULL, NULL, &g), DF_OK);
    is(growth_advice(&now, median, &g), 3, above ? NAN : 0.2, above ? RATE * sqrt(15 / 300.1) : RATE);
  }
}

/* ---- the note of a record ---- */

/* the only note of a growth; "": none */
static const char* note_of(const task_growth* g) {
  static char words[512];
  json_t* notes = json_array();
  note_growth(notes, g);
  assert_true(json_array_size(notes) <= 1);
  const char* only = json_string_value(json_array_get(notes, 0));
  snprintf(words, sizeof words, "%s", only ? only : "");
  json_decref(notes);
  return words;
}

static void a_growth_that_is_not_fine_is_a_note(void** state) {
  (void)state;
#define ADVICE ": training may fail; `dynaflow doctor TASK` recommends settings"
  task_growth g = {.windows = 4, .H = 12, .settings = {.cotangent_decay = 1}};
  g.state = (df_growth){.verdict = DF_GROWTH_FINE, .amplification = 12.345, .damped = 2.5};
  assert_string_equal(note_of(&g), "");
  g.state.verdict = DF_GROWTH_LARGE;
  assert_string_equal(note_of(&g), "the gradient grows by a factor of 12.3 over the horizon of 12 actions" ADVICE);
  g.settings.cotangent_decay = 0.75;
  assert_string_equal(note_of(&g),
                      "the gradient grows by a factor of 12.3 over the horizon of 12 actions, 2.5 with "
                      "train.cotangent_decay 0.75" ADVICE);
  g.state.verdict = DF_GROWTH_BROKEN;
  assert_string_equal(note_of(&g), "the gradient is not finite within the horizon of 12 actions" ADVICE);
  g.windows = 0; /* nothing was measured */
  assert_string_equal(note_of(&g), "");
#undef ADVICE
}

/* ---- a task ---- */

/* tiny_task.h has an effort of 8 actions x 6 coordinates x 2 substeps per window, and 2 actions */
enum { T = 8, EACH = T * 6 * 2, WIDTH = 6 };

static task_growth measured(const df_task* task, growth_effort effort, int windows) {
  task_growth g;
  assert_int_equal(task_growth_measure(task, &effort, &g), DF_OK);
  assert_int_equal(g.windows, windows);
  assert_int_equal(g.H, T);
  return g;
}

/* the windows drawn once more, in the units of the chart and of the actions, and the summaries of both growths */
static void a_task_is_measured_on_its_training_windows(void** state) {
  (void)state;
  enum { N = 5 };
  df_task* task = tiny_task_new();
  const int nx = task->system->nx;
  task->config.action_half_range = (df_list){.n = 2, .v = {0.5, 3}};
  task->config.train_cotangent_decay = 0.9;
  assert_int_equal(task->system->ndx, WIDTH);
  static double x[N][T + 1][WIDTH], u[N][T][2];
  double values[N][T], actions[N][T], median[T], p90[T], action_median[T];
  for (int b = 0; b < N; b++) {
    const df_window w =
        task->windows->train[df_rng_below(1, DF_STREAM_GROWTH, (uint64_t)b, 0, (uint64_t)task->windows->n_train)];
    for (int t = 0; t <= T; t++) {
      for (int i = 0; i < nx; i++) x[b][t][i] = df_dataset_state(task->data, w.episode, w.start + t)[i];
      for (int i = 0; i < 2 && t < T; i++) u[b][t][i] = df_dataset_action(task->data, w.episode, w.start + t)[i];
    }
  }
  const double unit[2] = {0.5, 3};
  const df_growth_windows windows = {
      .B = N, .H = T, .x = x[0][0], .u = u[0][0], .scale = df_chart_std(task->chart), .action_scale = unit};
  df_growth s, a;
  assert_int_equal(df_metric_growth(task->system, &windows, values[0], actions[0]), DF_OK);
  assert_int_equal(df_growth_summary(N, T, values[0], 0.9, median, p90, &s), DF_OK);
  assert_int_equal(df_growth_summary(N, T, actions[0], 0.9, action_median, NULL, &a), DF_OK);
  task_growth g = measured(task, (growth_effort){.least = 2, .most = 64, .work = EACH * 5.5}, N);
  assert_true(g.recorded);
  for (int k = 0; k < T; k++) {
    assert_near(g.median[k], median[k], 0);
    assert_near(g.p90[k], p90[k], 0);
    assert_near(g.action_median[k], action_median[k], 0);
  }
  assert_near(g.state.damped, s.damped, 0);
  assert_near(g.action.amplification, a.amplification, 0);
  assert_near(g.action.damped, a.damped, 0);
  assert_true(s.per_action > 1);
  assert_near(g.e_fold_s, task->system->dt / log(s.per_action), 1e-12);
  is(g.advice, T, 0.9, task->config.train_rate);
  task_growth_clear(&g);

  /* without actions: those at rest, which are 0 */
  double* recorded = task->data->actions;
  task->data->actions = NULL;
  memset(u, 0, sizeof u);
  assert_int_equal(df_metric_growth(task->system, &windows, values[0], actions[0]), DF_OK);
  assert_int_equal(df_growth_summary(N, T, values[0], 0.9, median, NULL, &s), DF_OK);
  g = measured(task, (growth_effort){.least = 2, .most = 64, .work = EACH * 5.5}, N);
  assert_true(!g.recorded);
  for (int k = 0; k < T; k++) assert_near(g.median[k], median[k], 0);
  task_growth_clear(&g);
  task->data->actions = recorded;
  df_task_free(task);
}

/* as many as the effort allows, at least `least`, at most `most`; differences take two steps per coordinate */
static void the_effort_bounds_the_windows(void** state) {
  (void)state;
  df_task* task = tiny_task_new();
  task_growth g = measured(task, (growth_effort){.least = 0, .most = 16, .work = EACH - 1}, 0);
  assert_null(g.median);
  g = measured(task, (growth_effort){.least = 1, .most = 16, .work = EACH - 1}, 1);
  task_growth_clear(&g);
  g = measured(task, (growth_effort){.least = 1, .most = 7, .work = 1e9}, 7);
  task_growth_clear(&g);
  snprintf(task->config.system_gradient, sizeof task->config.system_gradient, "differences");
  g = measured(task, (growth_effort){.least = 1, .most = 16, .work = 2 * (WIDTH + 2) * EACH * 3.5}, 3);
  task_growth_clear(&g);
  df_task_free(task);
}

/* the numbers of a note, each in its place */
static void a_note_says_the_growth_with_and_without_damping(void** state) {
  (void)state;
  static const struct {
    task_growth g;
    const char* note; /* NULL: none */
  } cases[] = {
      {{.windows = 4,
        .H = 16,
        .state = {.verdict = DF_GROWTH_LARGE, .amplification = 1234, .damped = 56},
        .settings = {.cotangent_decay = 0.75}},
       "the gradient grows by a factor of 1.23e+03 over the horizon of 16 actions, 56 with train.cotangent_decay 0.75: "
       "training may fail; `dynaflow doctor TASK` recommends settings"},
      {{.windows = 4,
        .H = 16,
        .state = {.verdict = DF_GROWTH_LARGE, .amplification = 1234, .damped = 1234},
        .settings = {.cotangent_decay = 1}},
       "the gradient grows by a factor of 1.23e+03 over the horizon of 16 actions: training may fail; `dynaflow doctor "
       "TASK` recommends settings"},
      {{.windows = 4, .H = 16, .state = {.verdict = DF_GROWTH_BROKEN}},
       "the gradient is not finite within the horizon of 16 actions: training may fail; `dynaflow doctor TASK` "
       "recommends settings"},
      {{.windows = 4, .H = 16, .state = {.verdict = DF_GROWTH_FINE}}, NULL},
      {{.windows = 0, .H = 16, .state = {.verdict = DF_GROWTH_BROKEN}}, NULL}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    json_t* notes = json_array();
    note_growth(notes, &cases[i].g);
    assert_int_equal(json_array_size(notes), cases[i].note != NULL);
    if (cases[i].note) assert_string_equal(json_string_value(json_array_get(notes, 0)), cases[i].note);
    json_decref(notes);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_advice_follows_the_rules),
      cmocka_unit_test(a_gradient_that_breaks_down_leaves_the_horizon_before),
      cmocka_unit_test(the_longest_horizon_that_is_fine_is_recommended),
      cmocka_unit_test(the_largest_growth_that_is_damped_is_300),
      cmocka_unit_test(a_growth_that_is_not_fine_is_a_note),
      cmocka_unit_test(a_task_is_measured_on_its_training_windows),
      cmocka_unit_test(the_effort_bounds_the_windows),
      cmocka_unit_test(a_note_says_the_growth_with_and_without_damping),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
