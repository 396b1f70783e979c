/* Comparisons as JSON rows and as a table: every number under its name. */
#define _GNU_SOURCE
#include "compare_print.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "capture.h"
#include "json.h"

static comparison one = {.task = "t",
                         .profile = "p",
                         .method_a = "x",
                         .method_b = "y",
                         .metric = "fall_rate",
                         .unit = "share",
                         .better = "lower",
                         .k = 5,
                         .seeds = 3,
                         .episodes = 17,
                         .mean_a = 0.125,
                         .mean_b = 0.375,
                         .paired = {.difference = {.mean = -0.25, .lo = -0.75, .hi = -0.0625, .n = 48}, .p = 0.5},
                         .seed_lo = -0.5,
                         .seed_hi = -0.1875,
                         .detectable = 0.3125,
                         .seeds_needed = 11,
                         .improvement = {.mean = 0.875, .lo = 0.625, .hi = 0.9375, .n = 96},
                         .only_a = 2,
                         .only_b = 7,
                         .p = 0.0078125,
                         .p_holm = 0.03125,
                         .winner = 'a',
                         .outcome = COMPARE_OK};
static const run_view run_a = {.name = (char*)(uintptr_t) "first"}, run_b = {.name = (char*)(uintptr_t) "second"};

static comparisons all(void) {
  return (comparisons){.cfg = {.min_seeds = 3, .seed = 9, .resamples = 1234},
                       .a = {.run = &run_a},
                       .b = {.run = &run_b},
                       .n = 1,
                       .list = &one,
                       .tests = 6};
}

static void each_number_stands_in_its_field(void** state) {
  (void)state;
  const comparisons c = all();
  json_t* row = compare_row(&c, &one);
  static const char wanted[] =
      "{'task':'t','method':'x - y','seed':null,'profile':'p','metric':'fall_rate','k':5,'value':-0.25,'unit':'share',"
      "'n':48,'lo':-0.75,'hi':-0.0625,'status':'ok','run_a':'first','run_b':'second','method_a':'x','method_b':'y',"
      "'better':'lower','seeds':3,'episodes':17,'mean_a':0.125,'mean_b':0.375,'seed_lo':-0.5,'seed_hi':-0.1875,"
      "'detectable':0.3125,'seeds_needed':11,'improvement':0.875,'improvement_lo':0.625,'improvement_hi':0.9375,'only_"
      "a':2,'only_b':7,'p':0.0078125,'p_holm':"
      "0.03125,"
      "'tests':6,'winner':'a','reason':null,'bootstrap_seed':9,'resamples':1234}";
  char* found = json_dumps(row, JSON_COMPACT);
  for (char* at = found; *at; at++) *at = *at == '"' ? '\'' : *at;
  assert_string_equal(found, wanted);
  free(found);
  json_decref(row);
}

/* the table that is printed, with single spaces, to be freed */
static char* printed_for(double wanted, bool quiet) {
  comparisons c = all();
  c.cfg.wanted = wanted;
  options opts = options_default();
  opts.quiet = quiet;
  capture out = capture_begin(stdout);
  compare_print(&c, &opts);
  char *words = capture_end(&out), *to = words;
  for (const char* at = words; *at; at++) {
    if (*at != ' ' || at[1] != ' ') *to++ = *at;
  }
  *to = '\0';
  return words;
}

static char* printed(bool quiet) {
  return printed_for(0, quiet);
}

/* only where a difference is wanted */
static void seeds_that_are_needed_are_counted(void** state) {
  (void)state;
  char* words = printed_for(0.05, false);
  assert_non_null(strstr(words, " by seed detectable seeds needed P(A better) "));
  assert_non_null(strstr(words, " -0.5 .. -0.1875 0.3125 11 0.88 (0.62"));
  assert_non_null(strstr(words, "seeds needed: so many find one of 0.05 on these episodes"));
  free(words);
  one.seeds_needed = -1;
  words = printed_for(0.05, true);
  assert_non_null(strstr(words, " -0.5 .. -0.1875 0.3125 - 0.88 (0.62"));
  one.seeds_needed = 11;
  free(words);
  words = printed(false);
  assert_null(strstr(words, "seeds needed"));
  free(words);
}

static void each_number_stands_in_its_column(void** state) {
  (void)state;
  char* words = printed(true);
  assert_string_equal(
      words,
      "t, profile p: A = x of first, B = y of second; 3 seeds\n"
      "metric k unit A B A - B 95 % interval by seed detectable P(A better) fell p p (Holm) n verdict\n"
      "fall_rate 5 share 0.125 0.375 -0.25 -0.75 .. -0.0625 -0.5 .. -0.1875 0.3125 0.88 (0.62 .. 0.94) 2 : 7 "
      "0.0078 0.031 48 A is better\n\n");
  free(words);
  one.winner = 'b';
  words = printed(true);
  assert_non_null(strstr(words, " B is better\n"));
  free(words);
  one.winner = 0;
  one.outcome = COMPARE_UNSURE;
  one.reason = (char*)(uintptr_t) "why";
  words = printed(true);
  assert_non_null(strstr(words, " inconclusive: why\n"));
  free(words);
}

/* intervals are of all tests, of which there may be more or fewer than comparisons */
static void the_notes_count_the_tests(void** state) {
  (void)state;
  char* words = printed(false);
  assert_non_null(strstr(words, "p (Holm) is adjusted for the 6 tests made here"));
  assert_non_null(strstr(words, "(if all 6 differences were zero, about 0.3\nintervals would exclude zero)"));
  free(words);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_number_stands_in_its_field),
      cmocka_unit_test(seeds_that_are_needed_are_counted),
      cmocka_unit_test(each_number_stands_in_its_column),
      cmocka_unit_test(the_notes_count_the_tests),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
