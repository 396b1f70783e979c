/* The tables of the adjoint's verification: which number stands in which column, and which states a line counts. */
#define _GNU_SOURCE
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "dynaflow/core/hash.h"
#include "dynaflow/sim/mujoco.h"
#include "gradcheck_suite.h"
#include "test_file.h"

enum { STATES = 6 };

/* the worst of six states is the second one of its kind, the fifth of all */
static uint8_t kinds[STATES];
static df_gradcheck_point points[STATES];
static const suite_model model = {.name = "own/arm", .file = "arm.xml"};

static suite_result one_result(void) {
  memset(points, 0, sizeof points);
  for (int i = 0; i < STATES; i++) {
    kinds[i] = i == 2 || i >= 4 ? DF_STATE_IMPACT : DF_STATE_MOTION;
    points[i].error = 1e-9 * (i + 1);
    points[i].active.contacts = 1;
    points[i].active.rows = i;
  }
  /* each activity in another number of states: 1 impact, 2 sliding, ... */
  points[0].active.impacts = 3;
  for (int i = 0; i < 2; i++) points[i].active.sliding = 1;
  for (int i = 0; i < 3; i++) points[i].active.sticking = 1;
  for (int i = 0; i < 4; i++) points[i].active.rolling = 1;
  for (int i = 0; i < 5; i++) points[i].active.limits = 1;
  for (int i = 1; i < 2; i++) points[i].active.dry_sticking = 1;
  for (int i = 1; i < 3; i++) points[i].active.dry_sliding = 1;
  for (int i = 1; i < 4; i++) points[i].active.equalities = 1;
  for (int i = 1; i < 5; i++) points[i].active.clamped = 1;
  for (int i = 1; i < 6; i++) points[i].active.saturated = 1;
  points[5].active.contacts = 0;
  suite_result r = {.model = &model,
                    .cover = COVER_APPROXIMATE,
                    .features = "none",
                    .compiled = "0123456789ab",
                    .nv = 3,
                    .nu = 2,
                    .at = {.n = STATES, .kind = kinds},
                    .points = points,
                    .verdict = (df_gradcheck_verdict)1,
                    .sweep = {.states = 0, .best_eps = 1e-5, .best_error = 2e-11}};
  r.sum = (df_gradcheck_summary){.n = 6,
                                 .smooth = 5,
                                 .near = 4,
                                 .kinks = 3,
                                 .approximate = 2,
                                 .approximate_median = 7e-3,
                                 .differenced = 1,
                                 .median = 1e-9,
                                 .p99 = 2e-8,
                                 .worst = 3e-7,
                                 .worst_at = 4,
                                 .below = 0.75,
                                 .transition_median = 4e-6,
                                 .transition_p99 = 5e-5};
  return r;
}

/* the text of a file of the folder */
static char* written(const char* name) {
  char *path, *found;
  size_t n;
  const suite_result r = one_result();
  const options opts = {.seeds = {1}};
  const df_status status = suite_write(1, &r, &opts, test_folder());
  assert_true(status == DF_OK || status == DF_E_MISSING);
  path = df_path_join(test_folder(), name);
  assert_int_equal(df_file_read(path, &found, &n), DF_OK);
  df_free(path);
  return found;
}

static void holds(const char* page, const char* line) {
  if (!strstr(page, line)) fail_msg("no '%s' in:\n%s", line, page);
}

static void each_number_of_a_model_stands_in_its_column(void** state) {
  (void)state;
  char* csv = written("verification.csv");
  holds(csv,
        "\nown/arm,arm.xml,0123456789ab,approximate,fails,3,2,2.5,6,5,4,3,2,0.007,1,1e-09,2e-08,3e-07,impact 1,0.75,"
        "4e-06,5e-05,1e-05,2e-11,");
  holds(csv, ",transition_median,transition_p99,best_step,best_error,");
  df_free(csv);
  char* page = written("verification.md");
  holds(page,
        "\n| own/arm | 3 | 2.5 | 6 | 4 | 3 | 1.0e-09 | 2.0e-08 | 3.0e-07 | impact 1 | 0.750 | 4.0e-06 | 1.0e-05 | "
        "2.0e-11 | approximate | fails |\n");
  holds(page, "\n| own/arm | approximate | 3 of 6 | 7.0e-03 | none |\n");
  df_free(page);
}

static void a_line_counts_the_states_of_its_activity(void** state) {
  (void)state;
  static const struct {
    const char* words;
    int states;
    double worst; /* in 1e-9 */
  } lines[] = {{"contacts that approach above 0.1 m/s (impact)", 1, 1},
               {"contacts that slide", 2, 2},
               {"contacts that stick", 3, 3},
               {"contacts that roll", 4, 4},
               {"limits of joints or tendons", 5, 5},
               {"dry friction that sticks", 1, 2},
               {"dry friction that slides", 2, 3},
               {"equality constraints", 3, 4},
               {"controls at their range", 4, 5},
               {"forces at their limit", 5, 6},
               {"no contact", 1, 6},
               {"impact", 3, 6},
               {"motion", 3, 4},
               {"all", 6, 6}};
  char* page = written("verification.md");
  for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
    char line[160];
    snprintf(line, sizeof line, "\n| %s | 1 | %d | 0 | 0 | ", lines[i].words, lines[i].states);
    holds(page, line);
    const char* end = strchr(strstr(page, line) + 1, '\n');
    snprintf(line, sizeof line, " | %.1fe-09 | 1.000 |", lines[i].worst);
    if (strncmp(end - strlen(line), line, strlen(line)) != 0) fail_msg("%s: not%s in:\n%s", lines[i].words, line, page);
  }
  df_free(page);
}

/* two models with other numbers of joints than of actuators; a suite has each model's own */
static void a_model_has_its_own_degrees_of_freedom_and_controls(void** state) {
  (void)state;
  static const char* const xml[] = {
      "<mujoco><worldbody><body><joint name='a' axis='0 1 0'/><geom size='.1' pos='0 0 -.3' mass='1'/>"
      "<body pos='0 0 -.5'><joint name='b' axis='0 1 0'/><geom size='.1' pos='0 0 -.3' mass='1'/>"
      "<body pos='0 0 -.5'><joint name='c' axis='0 1 0'/><geom size='.1' pos='0 0 -.3' mass='1'/></body></body></body>"
      "</worldbody><actuator><motor joint='a' ctrlrange='-1 1'/></actuator></mujoco>",
      "<mujoco><worldbody><body><joint name='a' axis='0 1 0'/><geom size='.1' pos='0 0 -.3' "
      "mass='1'/></body></worldbody>"
      "<actuator><motor joint='a' ctrlrange='-1 1'/><motor joint='a' gear='2' ctrlrange='-1 1'/></actuator></mujoco>"};
  static const int nv[] = {3, 1}, nu[] = {1, 2};
  suite_model models[2] = {{.name = "own/three", .file = "three.xml", .target = NAN},
                           {.name = "own/one", .file = "one.xml", .target = NAN}};
  suite s = {.n = 2, .models = models, .states = {[DF_STATE_MOTION] = 5}, .total = 5};
  options opts = options_default();
  opts.quiet = true;
  opts.threads = 1;
  char path[300];
  for (int i = 0; i < 2; i++) {
    const char* file = test_file(models[i].file);
    assert_int_equal(df_file_write(file, xml[i], strlen(xml[i])), DF_OK);
  }
  snprintf(path, sizeof path, "%s/suite.txt", test_folder());
  s.path = path;
  suite_result* results = df_alloc(2, sizeof *results);
  assert_non_null(results);
  assert_int_equal(suite_check(&s, &opts, results), DF_OK);
  for (int i = 0; i < 2; i++) {
    const suite_result* r = &results[i];
    df_system* system;
    const df_mujoco_cfg cfg = df_mujoco_cfg_default();
    assert_int_equal(r->cover, COVER_EXACT);
    assert_int_equal(r->nv, nv[i]);
    assert_int_equal(r->nu, nu[i]);
    assert_true(r->at.n == 5 && r->sum.n == 5 && r->sum.smooth <= 5 && r->sweep.states == r->sum.smooth);
    assert_int_equal(r->verdict, DF_GRADCHECK_HOLDS);
    assert_int_equal(df_mujoco_system_new(test_file(models[i].file), &cfg, &system), DF_OK);
    char sha256[DF_SHA256_TEXT];
    assert_int_equal(df_mujoco_fingerprint(system, sha256), DF_OK);
    assert_int_equal(strlen(r->compiled), 12);
    assert_memory_equal(r->compiled, sha256, 12);
    df_system_free(system);
  }
  suite_results_clear(2, results);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(a_model_has_its_own_degrees_of_freedom_and_controls),
                                     cmocka_unit_test(each_number_of_a_model_stands_in_its_column),
                                     cmocka_unit_test(a_line_counts_the_states_of_its_activity)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
