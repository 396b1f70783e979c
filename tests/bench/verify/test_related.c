/* Metrics of the same windows that are related by their definitions. */
#define _GNU_SOURCE
#include "related.h"

#include <math.h>

#include "one_record.h"

static void the_best_action_is_not_worse_than_the_returned_one(void** state) {
  (void)state;
  static const struct {
    double least[2], own[2];
    bool plugin;
    const char* words;
  } cases[] = {
      {{0.1, 0.2}, {0.1, 0.3}, false, ""},
      {{0, 0.2}, {0, NAN}, false, ""}, /* NAN: not finite */
      {{0, 0.5},
       {1, 0.3},
       false,
       "sae_min at K = 1: value 1 (samples) is 0.5, above sae_own of the same window, 0.3, where its search begins"},
      {{1e-12, 0},
       {0, 0},
       false,
       "sae_min at K = 1: value 0 (samples) is 1e-12, above sae_own of the same window, 0, where its search begins"},
      {{0, 0.5}, {1, 0.3}, true, ""}}; /* whose actions may lie outside the box */
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    begin();
    add_number("sae_min", "mixed SI", 1, 0.5);
    add_samples(record, "sae_own", 1, 2, cases[i].own);
    add_samples(record, "sae_min", 1, 2, cases[i].least);
    if (cases[i].plugin) set_text(record, "plugin_sha256", WHOLE_SUM);
    add_number("effort.solver_iterations", "count", 1, 0); /* something that is looked at, and right */
    finds(check_related, cases[i].words);
  }
}

/* tre_open_loop is 0.5, of 0.25 and 0.75, with lo and hi of 0.5 */
static void executed_states_have_the_error_of_the_returned_ones(void** state) {
  (void)state;
  static const char wrong[] =
      "tre_open_loop at K = 1: value 1 (samples) is 0.75, but that of tre is 0.5; they are equal, since the returned "
      "states are the executed ones (sae_own)";
  static const struct {
    double tre, sae_own;
    int file; /* 1: of a plugin, 2: of a file of trajectories */
    const char* words;
  } cases[] = {{0.75, 0, 0, ""},  {0.5, 0, 0, wrong}, {0.5, 1e-17, 0, wrong}, {0.5, 1e-6, 0, ""},
               {0.5, NAN, 0, ""}, {0.5, 0, 1, ""},    {0.5, 0, 2, ""}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    begin();
    add_samples(record, "tre", 1, 2, (double[]){0.25, cases[i].tre});
    add_samples(record, "sae_own", 1, 2, (double[]){0, cases[i].sae_own});
    if (cases[i].file == 1) set_text(record, "plugin_sha256", WHOLE_SUM);
    if (cases[i].file == 2) set_trajectories();
    add_number("effort.solver_iterations", "count", 1, 0);
    finds(check_related, cases[i].words);
  }
  /* a part, whose values are not recorded */
  for (int wrongly = 0; wrongly < 2; wrongly++) {
    begin();
    add_samples(record, "sae_own", 1, 2, (double[]){0, 0});
    add_number("tre.joint_pos", "rad", 1, 0.125);
    add_number("tre_open_loop.joint_pos", "rad", 1, wrongly ? 0.25 : 0.125);
    finds(check_related, wrongly ? "tre_open_loop.joint_pos at K = 1: value is 0.25, but that of tre.joint_pos is "
                                   "0.125; they are equal, since the returned states are the executed ones (sae_own)"
                                 : "");
  }
}

/* a share of deep frames s, the deepest w: the mean is 0.005 s to w s + 0.005 (1 - s) */
static void penetration_agrees_with_its_share(void** state) {
  (void)state;
  static const struct {
    double share, worst, mean;
    const char* words;
  } cases[] = {
      {0.5, 0.01, 0.005, ""},
      {0, 0.005, 0.005, ""},
      {0, 0, 0, ""},
      {1, 0.01, 0.01, ""},
      {0.9, 0.002, 0.001,
       "penetration.share at K = 1 is 0.9, but penetration.worst is 0.002 m; the share counts frames above 0.005 m"},
      {0, 0.01, 0.001,
       "penetration.share at K = 1 is 0, but penetration.worst is 0.01 m; the share counts frames above 0.005 m"},
      {0.5, 0.01, 0.002,
       "penetration at K = 1 is 0.002 m, but the share of frames above 0.005 m, 0.5, and the worst, 0.01 m, allow "
       "0.0025 to 0.0075 m"},
      {0.5, 0.01, 0.008,
       "penetration at K = 1 is 0.008 m, but the share of frames above 0.005 m, 0.5, and the worst, 0.01 m, allow "
       "0.0025 to 0.0075 m"},
      {0.5, NAN, NAN, ""}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    begin();
    add_number("penetration", "m", 1, cases[i].mean);
    add_number("penetration.worst", "m", 1, cases[i].worst);
    add_number("penetration.share", "share", 1, cases[i].share);
    finds(check_related, cases[i].words);
  }
  begin(); /* of chains */
  add_number("penetration.worst.chain", "m", 1, 0.004);
  add_number("penetration.share.chain", "share", 1, 0.5);
  finds(check_related,
        "penetration.share.chain at K = 1 is 0.5, but penetration.worst.chain is 0.004 m; the share counts frames "
        "above 0.005 m");
}

/* two windows: the median of one is above 0.05 only if half of its steps are, which is a quarter of all */
static void the_residual_agrees_with_its_share(void** state) {
  (void)state;
  static const struct {
    double share, median;
    bool right;
  } cases[] = {{0, 0.05, true}, {0, 0.06, false}, {0.2, 0.06, false}, {0.25, 60, true},
               {1, 0.06, true}, {1, 0.04, false}, {0.9, 0.01, true},  {1, NAN, true}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char words[128] = "";
    begin();
    add_number("root_residual", "weight", 1, cases[i].median);
    add_number("root_residual.share", "share", 1, cases[i].share);
    add_number("effort.solver_iterations", "count", 1, 0);
    if (!cases[i].right)
      snprintf(words, sizeof words, "root_residual at K = 1 is %g, but a share of %g of the steps is above 0.05",
               cases[i].median, cases[i].share);
    finds(check_related, words);
  }
}

/* two windows of 4 actions of 5 steps: 40 at most */
static void work_is_possible(void** state) {
  (void)state;
  static const struct {
    double iterations, constraints, steps, diverged;
    const char* words;
  } cases[] = {
      {80, 10, 40, 0, ""},
      {0, 0, 40, 0, ""},
      {0, 10, 30, 1, ""},
      {80, 0, 40, 0,
       "effort.solver_iterations at K = 1 is 80, but effort.constraint_rows is 0: without constraints the "
       "solver does not iterate"},
      {80, 10, 0, 2, "effort.physics_steps at K = 1 is 0, but the solver had 80 iterations"},
      {80, 10, 40, 3, "effort.diverged at K = 1 is 3 of 2 windows"},
      {80, 10, 41, 1, "effort.physics_steps at K = 1 is 41, but 2 windows of 4 actions of 5 steps take 40 at most"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    begin();
    set_setting("window.horizon", "4");
    set_setting("system.substeps", "5");
    add_number("effort.physics_steps", "count", 1, cases[i].steps);
    add_number("effort.solver_iterations", "count", 1, cases[i].iterations);
    add_number("effort.constraint_rows", "count", 1, cases[i].constraints);
    add_number("effort.diverged", "count", 1, cases[i].diverged);
    finds(check_related, cases[i].words);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(the_best_action_is_not_worse_than_the_returned_one),
                                     cmocka_unit_test(executed_states_have_the_error_of_the_returned_ones),
                                     cmocka_unit_test(penetration_agrees_with_its_share),
                                     cmocka_unit_test(the_residual_agrees_with_its_share),
                                     cmocka_unit_test(work_is_possible)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
