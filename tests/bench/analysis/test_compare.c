/* Comparisons from records: which numbers stand, which winner is named, and that nothing leaks when memory is gone. The
 * program as a whole is tested in tests/cli/test_compare.sh. */
#define _GNU_SOURCE
#include "compare_print.h"

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
#include "json.h"

static char folder[64];

static void open_run(const char* events, run_view* out) {
  char path[96];
  snprintf(folder, sizeof folder, "/tmp/dynaflow-compare-XXXXXX");
  assert_non_null(mkdtemp(folder));
  snprintf(path, sizeof path, "%s/events.jsonl", folder);
  assert_int_equal(df_file_write(path, events, strlen(events)), DF_OK);
  assert_int_equal(run_view_new(folder, out), DF_OK);
  assert_int_equal(remove(path), 0);
  assert_int_equal(remove(folder), 0);
}

#define CELL(method, seed, windows, samples)                                                                   \
  "{\"schema\":1,\"type\":\"cell\",\"task\":\"t\",\"profile\":\"p\",\"method\":\"" method "\",\"seed\":" #seed \
  ",\"status\":\"done\",\"windows_sha256\":\"" windows                                                         \
  "\",\"rows\":[{\"metric\":\"tre\",\"unit\":\"std\"}],\"samples"                                              \
  "\":[" samples "]}\n"
#define SAMPLES(metric, k, values) "{\"metric\":\"" metric "\",\"k\":" #k ",\"values\":[" values "]}"
#define METHOD(name, metric, one, two, three) \
  CELL(name, 1, "w", SAMPLES(metric, 1, one)) \
  CELL(name, 2, "w", SAMPLES(metric, 1, two)) CELL(name, 3, "w", SAMPLES(metric, 1, three))

static comparisons compare_ab(const run_view* r) {
  const compare_cfg cfg = compare_cfg_default();
  comparisons c;
  assert_int_equal(compare_new(&cfg, (compare_side){r, "a"}, (compare_side){r, "b"}, &c), DF_OK);
  return c;
}

static void the_numbers_are_those_of_the_records(void** state) {
  (void)state;
  run_view r;
  /* by hand: differences of 1 2 1 2 ..., 1 1 1 1 ... and 2 2 2 2 ... */
#define TWICE(values) values "," values
  open_run(METHOD("a", "tre", TWICE("2,4,6,8"), TWICE("2,3,6,7"), TWICE("3,4,7,8"))
               METHOD("b", "tre", TWICE("1,2,5,6"), TWICE("1,2,5,6"), TWICE("1,2,5,6")),
           &r);
  comparisons c = compare_ab(&r);
  assert_int_equal(c.n, 1);
  const comparison* one = &c.list[0];
  assert_int_equal(one->outcome, COMPARE_OK);
  assert_int_equal(one->seeds, 3);
  assert_int_equal(one->paired.difference.n, 24);
  assert_true(one->mean_a == 5 && one->mean_b == 3.5 && one->paired.difference.mean == 1.5);
  assert_true(one->seed_lo == 1 && one->seed_hi == 2);
  /* by hand, the sums of squares of effects over their squared number: 0.5 / 9 of seeds, 2/9 / 64 of start states, 4/9
   * / 24^2 of both, times 3/2; Student's point for 2 degrees of freedom is 4.3027; 10000 resamples are accurate to 0.7
   * %
   */
  const double half = 4.3027 * sqrt(1.5 * (0.5 / 9 + 2 / 9.0 / 64 + 4 / 9.0 / 576));
  assert_true(fabs(one->paired.difference.hi - 1.5 - half) < 0.025 * half);
  assert_true(fabs(one->paired.difference.lo - 1.5 + half) < 0.025 * half);
  assert_int_equal(one->episodes, 0);
  assert_true(compare_lacks_episodes(&c));
  /* by hand: of 16 pairs per seed, a is smaller in 4, 4 and 4 and equal in 2, 2 and 0 */
  assert_true(fabs(one->improvement.mean - 14 / 48.0) < 1e-15);
  assert_int_equal(one->winner, 'b');
  assert_string_equal(one->unit, "std");
  assert_int_equal(compare_exit_code(&c), EXIT_DONE);
  compare_clear(&c);
  run_view_clear(&r);
}

static void falls_are_counted_once_a_start_state(void** state) {
  (void)state;
  run_view r;
  open_run(METHOD("a", "fall_rate", "0,0,1,1", "0,0,0,1", "0,0,0,0")
               METHOD("b", "fall_rate", "1,1,0,1", "1,1,0,1", "1,1,0,1"),
           &r);
  comparisons c = compare_ab(&r);
  /* by hand: a falls 0 0 1 2 times, b 3 3 0 3: 1 start state against 3, 2 (1 + 4) / 2^4 */
  assert_int_equal(c.list[0].only_a, 1);
  assert_int_equal(c.list[0].only_b, 3);
  assert_true(fabs(c.list[0].p - 10 / 16.0) < 1e-15);
  assert_int_equal(c.list[0].winner, 0);
  assert_int_equal(c.list[0].outcome, COMPARE_UNSURE);
  assert_string_equal(c.list[0].reason, "4 test windows, naming a winner in 1 comparison needs 6");
  compare_clear(&c);
  run_view_clear(&r);
}

#define WINDOWS "\"windows\":{\"episode\":[4,9,4,9],\"start\":[0,0,0,0],\"group\":[0,0,0,0],\"groups\":[]},"
#define CELL_OF_EPISODES(method, metric, values)                                                          \
  "{\"schema\":1,\"type\":\"cell\",\"task\":\"t\",\"profile\":\"p\",\"method\":\"" method                 \
  "\",\"seed\":1,\"status\":\"done\",\"windows_sha256\":\"w\"," WINDOWS "\"rows\":[{\"metric\":\"" metric \
  "\",\"unit\":\"share\"}],\"samples\":[" SAMPLES(metric, 1, values) "]}\n"

static void an_episode_counts_once(void** state) {
  (void)state;
  run_view r;
  /* a falls in both start states of episode 4, b in one of 9: 1 episode against 1, not 2 start states against 1 */
  open_run(CELL_OF_EPISODES("a", "fall_rate", "1,0,1,0") CELL_OF_EPISODES("b", "fall_rate", "0,0,0,1"), &r);
  comparisons c = compare_ab(&r);
  assert_int_equal(c.list[0].episodes, 2);
  assert_false(compare_lacks_episodes(&c));
  assert_int_equal(c.list[0].only_a, 1);
  assert_int_equal(c.list[0].only_b, 1);
  /* by hand: two episodes with differences 1 and -1/2 have a standard error of 3/4; Student's point is 12.706 */
  assert_true(fabs(c.list[0].paired.difference.hi - 0.25 - 0.75 * 12.706) < 0.025 * 9.53);
  assert_string_equal(c.list[0].reason, "1 seed, naming a winner needs 3");
  compare_clear(&c);
  run_view_clear(&r);
}

static void all_methods_meet_the_first_and_share_one_adjustment(void** state) {
  (void)state;
  run_view r;
  comparisons c;
  const compare_cfg cfg = compare_cfg_default();
  open_run(METHOD("a", "tre", "2,4,6", "2,3,6", "3,4,7") METHOD("b", "tre", "1,2,5", "1,2,5", "1,2,5")
               METHOD("c", "tre", "1,2,5", "1,2,5", "1,2,5"),
           &r);
  assert_int_equal(compare_all(&cfg, &r, NULL, &c), DF_OK);
  assert_int_equal(c.n, 2);
  assert_int_equal(c.tests, 2);
  for (int i = 0; i < 2; i++) {
    assert_string_equal(c.list[i].method_a, "a");
    assert_string_equal(c.list[i].method_b, i == 0 ? "b" : "c");
    assert_true(c.list[i].p_holm >= 2 * c.list[i].p - 1e-15);
  }
  compare_clear(&c);
  assert_int_equal(compare_all(&cfg, &r, "b", &c), DF_OK);
  assert_string_equal(c.list[0].method_a, "b");
  assert_string_equal(c.list[0].method_b, "a");
  compare_clear(&c);
  run_view_clear(&r);
}

static void what_is_higher_is_better_where_it_is(void** state) {
  (void)state;
  run_view r;
  open_run(METHOD("a", "survival", TWICE("2,3,2,3"), TWICE("2,3,2,3"), TWICE("2,3,2,3"))
               METHOD("b", "survival", TWICE("1,1,1,1"), TWICE("1,1,1,1"), TWICE("1,1,1,1")),
           &r);
  comparisons c = compare_ab(&r);
  assert_int_equal(c.list[0].winner, 'a');
  assert_true(c.list[0].improvement.mean == 1);
  compare_clear(&c);
  run_view_clear(&r);
}

static void a_row_has_the_columns_of_every_row(void** state) {
  (void)state;
  static const char* const columns[] = {"task", "method", "seed", "profile", "metric", "value",
                                        "unit", "n",      "lo",   "hi",      "status", "k"};
  run_view r;
  open_run(METHOD("a", "tre", "2,4", "2,4", "2,4") METHOD("b", "tre", "1,null", "1,2", "1,2"), &r);
  comparisons c = compare_ab(&r);
  json_t* o = compare_row(&c, &c.list[0]);
  for (int i = 0; i < 12; i++) assert_non_null(json_object_get(o, columns[i]));
  assert_true(json_is_null(json_object_get(o, "value")) && json_is_null(json_object_get(o, "p_holm")));
  assert_string_equal(string_of(o, "status"), "inconclusive: 1 of 6 pairs not finite");
  assert_string_equal(string_of(o, "method"), "a - b");
  assert_int_equal(json_integer_value(json_object_get(o, "resamples")), 10000);
  assert_int_equal(compare_exit_code(&c), EXIT_INCONCLUSIVE);
  json_decref(o);
  compare_clear(&c);
  run_view_clear(&r);
}

static void one_seed_on_other_start_states_stops_it(void** state) {
  (void)state;
  run_view r;
  open_run(METHOD("a", "tre", "2,4", "2,4", "2,4") CELL("b", 1, "w", SAMPLES("tre", 1, "1,2"))
               CELL("b", 2, "w", SAMPLES("tre", 1, "1,2")) CELL("b", 3, "v", SAMPLES("tre", 1, "1,2")),
           &r);
  comparisons c = compare_ab(&r);
  assert_int_equal(c.n, 1);
  assert_int_equal(c.list[0].outcome, COMPARE_OTHER);
  assert_non_null(strstr(c.list[0].reason, "b, seed 3: different start states"));
  assert_true(isnan(c.list[0].paired.difference.mean) && c.tests == 0);
  assert_int_equal(compare_exit_code(&c), EXIT_NOT_COMPARABLE);
  compare_clear(&c);
  run_view_clear(&r);
}

static void the_gravest_outcome_decides(void** state) {
  (void)state;
  run_view r;
  /* tre is comparable; b has a different number of values of sae_own */
  open_run(CELL("a", 1, "w", SAMPLES("tre", 1, "2,4") "," SAMPLES("sae_own", 1, "2,4"))
               CELL("b", 1, "w", SAMPLES("tre", 1, "1,2") "," SAMPLES("sae_own", 1, "1")),
           &r);
  comparisons c = compare_ab(&r);
  assert_int_equal(c.n, 2);
  assert_int_equal(c.list[0].outcome, COMPARE_UNSURE);
  assert_string_equal(c.list[0].reason, "1 seed, naming a winner needs 3");
  assert_true(c.list[0].paired.difference.mean == 1.5);
  assert_int_equal(c.list[1].outcome, COMPARE_OTHER);
  assert_int_equal(compare_exit_code(&c), EXIT_NOT_COMPARABLE);
  compare_clear(&c);
  run_view_clear(&r);
}

static void every_allocation_may_fail(void** state) {
  (void)state;
  run_view r;
  compare_cfg cfg = compare_cfg_default();
  cfg.resamples = 1000;
  cfg.min_seeds = 1;
  open_run(CELL("a", 1, "w", SAMPLES("tre", 1, TWICE("2,4,2,4")))
               CELL("b", 1, "w", SAMPLES("tre", 1, TWICE("1,3,1,3"))),
           &r);
  /* a winner, so that there is no text of a reason: those end the program without memory, as elsewhere in bench/ */
  int failures = 0;
  df_status status = DF_E_NOMEM;
  for (size_t n = 1; status != DF_OK; n++) {
    comparisons c;
    df_alloc_fail_at(n);
    status = compare_new(&cfg, (compare_side){&r, "a"}, (compare_side){&r, "b"}, &c);
    df_alloc_fail_at(0);
    if (status == DF_OK) assert_int_equal(c.list[0].winner, 'b');
    if (status != DF_OK) assert_int_equal(status, DF_E_NOMEM);
    failures += status != DF_OK;
    compare_clear(&c);
  }
  /* cells, sizes and values of both, 9 of the difference, 1 of the seeds, 19 of the improvement, the list, 3 of the
   * adjustment */
  assert_int_equal(failures, 39);
  run_view_clear(&r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_numbers_are_those_of_the_records),
      cmocka_unit_test(falls_are_counted_once_a_start_state),
      cmocka_unit_test(an_episode_counts_once),
      cmocka_unit_test(all_methods_meet_the_first_and_share_one_adjustment),
      cmocka_unit_test(what_is_higher_is_better_where_it_is),
      cmocka_unit_test(a_row_has_the_columns_of_every_row),
      cmocka_unit_test(one_seed_on_other_start_states_stops_it),
      cmocka_unit_test(the_gravest_outcome_decides),
      cmocka_unit_test(every_allocation_may_fail),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
