/* Falls and survival of the same chains. */
#define _GNU_SOURCE
#include "chains.h"

#include <math.h>

#include "one_record.h"

/* four chains of 2 s, of actions of 0.5 s; one falls at 1 s, one in its last frame */
static const double FELL[] = {0, 1, 1, 0}, SECONDS[] = {2, 1, 2, 2};

static double mean(const double* values) {
  return (values[0] + values[1] + values[2] + values[3]) / 4;
}

static void begin_chains(const double* fell, const double* seconds, bool with_dt) {
  begin();
  set_windows(4, (int[]){0, 1, 2, 3});
  set_setting("eval.chain_seconds", "2.1");
  const double dt = with_dt ? 0.5 : 0;
  json_object_set_new(json_array_get(json_object_get(record, "motions"), 0), "dt", json_real(dt));
  json_object_set_new(json_array_get(json_object_get(record, "examples"), 0), "dt", json_real(dt));
  add_number("fall_rate", "share", 1, mean(fell));
  add_number("survival", "s", 1, mean(seconds));
  add_samples(record, "fall_rate", 1, 4, fell);
  add_samples(record, "survival", 1, 4, seconds);
}

static void a_chain_survives_its_length_at_most(void** state) {
  (void)state;
  static const struct {
    double seconds[4];
    const char* words;
    bool with_dt;
  } cases[] = {
      {{2, 1, 2, 2}, "", true},
      {{2, 0, 2, 2}, "", true},
      {{2, 1, 2.5, 2},
       "survival at K = 1: value 2 (samples), 2.5 s, is longer than a chain (eval.chain_seconds 2.1, dt 0.5)",
       true},
      {{2, -1, 2, 2}, "survival at K = 1: value 1 (samples), -1 s, is negative (eval.chain_seconds 2.1, dt 0.5)", true},
      {{2, 1.25, 2, 2},
       "survival at K = 1: value 1 (samples), 1.25 s, is no multiple of the time of an action (eval.chain_seconds 2.1, "
       "dt 0.5)",
       true},
      {{2.5, 1.25, 2.5, 2.5}, "", false}, /* without dt, a chain may be longer by half an action */
      {{4, 1, 2, 4},
       "survival at K = 1: value 0 (samples), 4 s, is longer than a chain (eval.chain_seconds 2.1, dt nan)",
       false}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    begin_chains(FELL, cases[i].seconds, cases[i].with_dt);
    finds(check_chains, cases[i].words);
  }
  /* the time of an action stands in motions, in examples, or in both, of which motions count */
  static const double dts[][2] = {{0.5, 0}, {0, 0.5}, {0.5, 0.3}};
  for (int i = 0; i < 3; i++) {
    begin_chains(FELL, (double[]){2, 1.25, 2, 2}, true);
    json_object_set_new(json_array_get(json_object_get(record, "motions"), 0), "dt", json_real(dts[i][0]));
    json_object_set_new(json_array_get(json_object_get(record, "examples"), 0), "dt", json_real(dts[i][1]));
    finds(check_chains, cases[4].words);
  }
  /* a mean whose values are not recorded */
  for (int wrong = 0; wrong < 2; wrong++) {
    begin_chains(FELL, SECONDS, true);
    json_object_set_new(record, "samples", json_array());
    if (wrong) json_object_set_new(json_array_get(json_object_get(record, "rows"), 2), "value", json_real(2.25));
    finds(check_chains, wrong ? "survival at K = 1 is 2.25 s, but no chain is longer than 2 s" : "");
  }
}

static void a_chain_that_does_not_fall_survives(void** state) {
  (void)state;
  static const struct {
    double fell[4], seconds[4];
    const char* words;
  } cases[] = {
      {{0, 1, 1, 0}, {2, 1, 2, 2}, ""},
      {{1, 1, 1, 1}, {0.5, 1, 1.5, 2}, ""},
      {{1, 0, 1, 0}, {2, 1, 2, 2}, "chain 1 at K = 1 does not fall (fall_rate), but survives 1 s of 2 s (survival)"},
      {{0, 0.5, 1, 0}, {2, 1, 2, 2}, "fall_rate at K = 1: value 1 (samples) is 0.5, expected 0 or 1"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    for (int with_dt = 0; with_dt < 2; with_dt++) {
      begin_chains(cases[i].fell, cases[i].seconds, with_dt);
      finds(check_chains, cases[i].words);
    }
  }
  /* means whose values are not recorded: half of the chains survive 2 s, so the mean is at least 1 s */
  static const double means[] = {0.75, 1, 2};
  for (int i = 0; i < 3; i++) {
    begin_chains(FELL, SECONDS, true);
    json_object_set_new(record, "samples", json_array());
    json_object_set_new(json_array_get(json_object_get(record, "rows"), 2), "value", json_real(means[i]));
    finds(check_chains, i ? ""
                          : "survival at K = 1 is 0.75 s, but with a fall_rate of 0.5 it is at least 1 s: the other "
                            "chains survive 2 s");
  }
}

/* fall_rate.replanned is 0.25 beside a fall_rate of 0.5 */
static void chains_of_executed_states_are_not_planned_again(void** state) {
  (void)state;
  static const struct {
    double sae_own, again;
    int file; /* 1: of a plugin, 2: of a file of trajectories */
    const char* words;
  } cases[] = {{0, 0.5, 0, ""},
               {0, 0.25, 0,
                "fall_rate.replanned at K = 1: value is 0.25, but that of fall_rate is 0.5; they are equal where the "
                "returned states are the executed ones"},
               {1e-17, 0.25, 0,
                "fall_rate.replanned at K = 1: value is 0.25, but that of fall_rate is 0.5; they are equal where the "
                "returned states are the executed ones"},
               {1e-9, 0.25, 0, ""},
               {0, 0.25, 1, ""},
               {1, 0.25, 2,
                "fall_rate.replanned at K = 1: value is 0.25, but that of fall_rate is 0.5; they are equal for a file "
                "of trajectories"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    begin_chains(FELL, SECONDS, true);
    add_number("fall_rate.replanned", "share", 1, cases[i].again);
    add_samples(record, "sae_own", 1, 4, (double[]){0, 0, cases[i].sae_own, 0});
    if (cases[i].file == 1) set_text(record, "plugin_sha256", WHOLE_SUM);
    if (cases[i].file == 2) set_trajectories();
    finds(check_chains, cases[i].words);
  }
  /* not every window has a value */
  begin_chains(FELL, SECONDS, true);
  add_number("fall_rate.replanned", "share", 1, 0.25);
  add_samples(record, "sae_own", 1, 3, (double[]){0, 0, 0});
  finds(check_chains, "");
  /* the interval */
  begin_chains(FELL, SECONDS, true);
  json_object_set_new(add_number("fall_rate.replanned", "share", 1, 0.5), "hi", json_real(0.75));
  add_samples(record, "sae_own", 1, 4, (double[]){0, 0, 0, 0});
  finds(check_chains,
        "fall_rate.replanned at K = 1: hi is 0.75, but that of fall_rate is nan; they are equal where the returned "
        "states are the executed ones");
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(a_chain_survives_its_length_at_most),
                                     cmocka_unit_test(a_chain_that_does_not_fall_survives),
                                     cmocka_unit_test(chains_of_executed_states_are_not_planned_again)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
