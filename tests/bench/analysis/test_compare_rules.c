/* Which cells of a comparison meet, what may be compared at all, and when a winner is named. */
#define _GNU_SOURCE
#include "compare.h"
#include "dynaflow/core/alloc.h"
#include "json.h"
#include "near.h"
#include "records.h"

/* a cell with values of one metric, each in two of eight windows */
static json_t* add_values(const char* method, int seed, const char* metric, int k, double a, double b, double c,
                          double d) {
  const double values[8] = {a, b, c, d, a, b, c, d};
  json_t* cell = add_cell(method, seed);
  set_text(cell, "windows_sha256", "w");
  set_text(cell, "data_sha256", "d");
  set_text(cell, "model_sha256", "m");
  set_text(cell, "compiled_sha256", "c");
  set_text(json_object_get(cell, "provenance"), "mujoco", "3.17.0");
  set_text(json_object_get(cell, "config"), "eval.windows", "4");
  set_text(json_object_get(cell, "config"), "train.steps", "9");
  set_text(json_object_get(cell, "config"), "task.version", "1");
  add_samples(cell, metric, k, 8, values);
  json_t* one = add_row(cell, metric, k, 0.25 * (a + b + c + d), NAN, NAN);
  set_text(one, "unit", "m");
  return cell;
}

/* three seeds of a method with these values */
static void add_method(const char* method, const char* metric, const double values[3][4]) {
  for (int s = 0; s < 3; s++) {
    add_values(method, s + 1, metric, 1, values[s][0], values[s][1], values[s][2], values[s][3]);
  }
}

static comparisons compare_with(compare_cfg cfg, const run_view* r) {
  comparisons c;
  cfg.resamples = 2000;
  assert_int_equal(compare_new(&cfg, (compare_side){r, "a"}, (compare_side){r, "b"}, &c), DF_OK);
  return c;
}

static void assert_one(const run_view* r, compare_cfg cfg, compare_outcome outcome, int exit_code, const char* reason) {
  comparisons c = compare_with(cfg, r);
  assert_int_equal(c.n, 1);
  assert_int_equal(c.list[0].outcome, outcome);
  assert_int_equal(compare_exit_code(&c), exit_code);
  if (reason) assert_non_null(strstr(c.list[0].reason, reason));
  if (outcome != COMPARE_OK) assert_int_equal(c.list[0].winner, 0);
  compare_clear(&c);
}

/* ---- winners ---- */

static void a_winner_needs_every_rule(void** state) {
  (void)state;
  static const double one[3][4] = {{1, 2, 3, 4}, {1, 2, 3, 4}, {1, 2, 3, 4}};
  static const double more[3][4] = {{2, 3, 4, 5}, {2.1, 3.1, 4.1, 5.1}, {2, 3, 4, 5}};
  static const double same[3][4] = {{1, 2, 3, 4}, {1, 2, 3, 4}, {1, 2, 3, 4}};
  /* larger on average, and not for seed 3 */
  static const double torn[3][4] = {{9, 9, 9, 9}, {9, 9, 9, 9}, {1, 2, 3, 4}};
  static const double nothing[3][4] = {{1e-13, 2e-13, 0, 0}, {0, 1e-13, 0, 0}, {0, 0, 0, 0}};
  static const double next[3][4] = {
      {3e-13, 4e-13, 2e-13, 2e-13}, {9e-13, 9e-13, 9e-13, 9e-13}, {8e-13, 9e-13, 9e-13, 9e-13}};
  static const double small[3][4] = {
      {9e-12, 9e-12, 8e-12, 9e-12}, {9e-12, 9e-12, 9e-12, 9e-12}, {8e-12, 9e-12, 9e-12, 9e-12}};
  /* the same for every seed */
  static const double less[3][4] = {
      {1e-17, 1e-17, 1e-17, 1e-17}, {1e-17, 1e-17, 1e-17, 1e-17}, {1e-17, 1e-17, 1e-17, 1e-17}};
  static const double least[3][4] = {
      {7e-16, 7e-16, 7e-16, 7e-16}, {7e-16, 7e-16, 7e-16, 7e-16}, {7e-16, 7e-16, 7e-16, 7e-16}};
  static const struct {
    const char* metric;
    const double (*a)[4];
    const double (*b)[4];
    char winner;
  } cases[] = {{"tre", one, more, 'a'},
               {"tre", more, one, 'b'},
               {"survival", one, more, 'b'},
               {"survival", more, one, 'a'},
               {"tre.joint_pos", one, more, 'a'},
               {"effort.x", one, more, 0},
               {"tre", one, same, 0},
               {"tre", one, torn, 0},
               {"tre", nothing, next, 0}, /* both 0 but for rounding */
               {"tre", less, least, 0},
               {"tre", nothing, small, 'a'}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    run_view r;
    begin_records();
    add_method("a", cases[i].metric, cases[i].a);
    add_method("b", cases[i].metric, cases[i].b);
    open_run(&r);
    comparisons c = compare_with(compare_cfg_default(), &r);
    assert_int_equal(c.n, 1);
    const comparison* found = &c.list[0];
    assert_int_equal(found->outcome, COMPARE_OK);
    if (found->winner != cases[i].winner) fail_msg("case %zu: %d, %s", i, found->winner, found->reason);
    assert_int_equal(found->reason == NULL, cases[i].winner != 0);
    assert_string_equal(found->unit, "m");
    compare_clear(&c);
    close_run(&r);
  }
}

/* methods that see the demonstration are compared, but never win, nor does what is compared with them */
static void a_ceiling_is_not_named_a_winner(void** state) {
  (void)state;
  static const double low[3][4] = {{1, 2, 3, 4}, {1, 2, 3, 4}, {1, 2, 3, 4}};
  static const double high[3][4] = {{2, 3, 4, 5}, {2.1, 3.1, 4.1, 5.1}, {2, 3, 4, 5}};
  static const struct {
    const char *a, *b, *ceiling; /* ceiling NULL: a winner is named */
  } cases[] = {{"trajopt", "b", "trajopt"},         {"b", "trajopt", "trajopt"},  {"replay_demo", "b", "replay_demo"},
               {"b", "replay_demo", "replay_demo"}, {"b", "random_action", NULL}, {"b", "trajopt2", NULL}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    for (int lower = 0; lower < 2; lower++) {
      run_view r;
      comparisons c;
      char reason[96] = "";
      begin_records();
      add_method(cases[i].a, "tre", lower ? low : high);
      add_method(cases[i].b, "tre", lower ? high : low);
      open_run(&r);
      compare_cfg cfg = compare_cfg_default();
      cfg.resamples = 2000;
      assert_int_equal(compare_new(&cfg, (compare_side){&r, cases[i].a}, (compare_side){&r, cases[i].b}, &c), DF_OK);
      assert_int_equal(c.n, 1);
      assert_int_equal(c.list[0].winner, cases[i].ceiling ? 0 : lower ? 'a' : 'b');
      assert_int_equal(c.list[0].outcome, COMPARE_OK);
      if (cases[i].ceiling) {
        snprintf(reason, sizeof reason, "%s sees the demonstration: a ceiling, not a competitor", cases[i].ceiling);
        assert_string_equal(c.list[0].reason, reason);
      }
      compare_clear(&c);
      close_run(&r);
    }
  }
}

/* of one such method in two runs, one may be better */
static void a_ceiling_is_compared_with_itself(void** state) {
  (void)state;
  static const double low[3][4] = {{1, 2, 3, 4}, {1, 2, 3, 4}, {1, 2, 3, 4}};
  static const double high[3][4] = {{2, 3, 4, 5}, {2.1, 3.1, 4.1, 5.1}, {2, 3, 4, 5}};
  for (int lower = 0; lower < 2; lower++) {
    run_view r[2];
    char folders[2][sizeof folder];
    comparisons c;
    for (int i = 0; i < 2; i++) {
      begin_records();
      add_method("trajopt", "tre", i == lower ? high : low);
      open_run(&r[i]);
      memcpy(folders[i], folder, sizeof folder);
    }
    compare_cfg cfg = compare_cfg_default();
    cfg.resamples = 2000;
    assert_int_equal(compare_new(&cfg, (compare_side){&r[0], "trajopt"}, (compare_side){&r[1], "trajopt"}, &c), DF_OK);
    assert_int_equal(c.n, 1);
    assert_int_equal(c.list[0].winner, lower ? 'a' : 'b');
    compare_clear(&c);
    for (int i = 0; i < 2; i++) {
      memcpy(folder, folders[i], sizeof folder);
      close_run(&r[i]);
    }
  }
}

/* values of tre that are all equal, in n windows */
static void add_equal(json_t* cell, int k, int n, double value) {
  double values[16];
  for (int i = 0; i < n; i++) values[i] = value;
  add_samples(cell, "tre", k, n, values);
}

/* differences that are all equal have the p-value of their signs, 2 / 2^n for n windows */
static void a_winner_is_named_after_the_adjustment(void** state) {
  (void)state;
  static const struct {
    int n, steps; /* windows; values of K */
    char winner;
    const char* reason;
  } cases[] = {{5, 1, 0, "5 test windows, naming a winner in 1 comparison needs 6"},  /* 1/16 */
               {6, 1, 'a', NULL},                                                     /* 1/32 */
               {6, 2, 0, "6 test windows, naming a winner in 2 comparisons needs 7"}, /* twice 1/32 */
               {7, 2, 'a', NULL},                                                     /* twice 1/64 */
               {7, 3, 'a', NULL},                                                     /* three times 1/64: 0.047 */
               {1, 1, 0, "1 test window, naming a winner in 1 comparison needs 6"},
               {7, 4, 0, "7 test windows, naming a winner in 4 comparisons needs 8"}}; /* four times: 1/16 */
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    run_view r;
    begin_records();
    for (int s = 1; s <= 3; s++) {
      json_t* a = add_values("a", s, "sae_own", 1, 1, 1, 1, 1);
      json_t* b = add_values("b", s, "sae_min", 1, 1, 1, 1, 1);
      for (int k = 1; k <= cases[i].steps; k++) {
        add_equal(a, k, cases[i].n, 1);
        add_equal(b, k, cases[i].n, 2);
      }
    }
    open_run(&r);
    comparisons c = compare_with(compare_cfg_default(), &r);
    assert_int_equal(c.n, cases[i].steps);
    for (int j = 0; j < c.n; j++) {
      const double p = 2 / pow(2, cases[i].n);
      assert_near(c.list[j].p, p, 1e-15);
      assert_near(c.list[j].p_holm, cases[i].steps * p, 1e-15);
      assert_int_equal(c.list[j].winner, cases[i].winner);
      assert_int_equal(c.list[j].outcome, cases[i].n < 6 ? COMPARE_UNSURE : COMPARE_OK);
      if (cases[i].reason) assert_string_equal(c.list[j].reason, cases[i].reason);
    }
    compare_clear(&c);
    close_run(&r);
  }
}

static void seeds_that_disagree_name_no_winner(void** state) {
  (void)state;
  for (int disagree = 0; disagree < 2; disagree++) {
    run_view r;
    begin_records();
    /* b is larger by 1 with eleven seeds; with the last by 0.01, or a is */
    for (int s = 1; s <= 12; s++) {
      const double more = s < 12 ? 1 : disagree ? -0.01 : 0.01;
      add_values("a", s, "tre", 1, 1, 2, 3, 4);
      add_values("b", s, "tre", 1, 1 + more, 2 + more, 3 + more, 4 + more);
    }
    open_run(&r);
    comparisons c = compare_with(compare_cfg_default(), &r);
    assert_true(c.list[0].p_holm < 0.05);
    assert_near(c.list[0].seed_lo, -1, 1e-14);
    assert_near(c.list[0].seed_hi, disagree ? 0.01 : -0.01, 1e-14);
    assert_int_equal(c.list[0].winner, disagree ? 0 : 'a');
    if (disagree) assert_string_equal(c.list[0].reason, "seeds disagree on the sign");
    compare_clear(&c);
    close_run(&r);
  }
}

static void a_file_is_one_seed(void** state) {
  (void)state;
  static const struct {
    const char* hash[3]; /* of the trajectories of b */
    double noise;        /* by which a differs between seeds */
    int seeds;
    const char* reason;
  } cases[] = {{{"x", "x", "x"}, 0, 1, "1 seed with different trajectories, naming a winner needs 3"},
               {{"x", "y", "x"}, 0, 2, "2 seeds with different trajectories, naming a winner needs 3"},
               {{"x", "y", "z"}, 0, 3, NULL},
               {{"x", "x", "x"}, 0.01, 3, NULL}, /* the seeds of the other method count */
               {{NULL, NULL, NULL}, 0, 3, NULL}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    run_view r;
    begin_records();
    for (int s = 0; s < 3; s++) {
      const double own = 1 + cases[i].noise * s;
      add_values("a", s, "tre", 1, own, own, own, own);
      json_t* b = add_values("b", s, "tre", 1, 2, 2, 2, 2);
      if (cases[i].hash[s]) json_object_set_new(b, "trajectories", json_pack("{s:s}", "sha256", cases[i].hash[s]));
    }
    open_run(&r);
    comparisons c = compare_with(compare_cfg_default(), &r);
    assert_int_equal(c.list[0].seeds, cases[i].seeds);
    assert_int_equal(c.list[0].winner, cases[i].reason ? 0 : 'a');
    if (cases[i].reason) assert_string_equal(c.list[0].reason, cases[i].reason);
    compare_clear(&c);
    close_run(&r);
  }
}

static void too_few_seeds_name_no_winner(void** state) {
  (void)state;
  for (int seeds = 1; seeds <= 4; seeds++) {
    run_view r;
    begin_records();
    for (int s = 0; s < seeds; s++) {
      add_values("a", s, "tre", 1, 1, 2, 3, 4);
      add_values("b", s, "tre", 1, 2, 3, 4, 5);
    }
    open_run(&r);
    compare_cfg cfg = compare_cfg_default();
    assert_int_equal(cfg.min_seeds, 3);
    assert_one(&r, cfg, seeds < 3 ? COMPARE_UNSURE : COMPARE_OK, seeds < 3 ? 4 : 0, NULL);
    cfg.min_seeds = seeds + 1;
    assert_one(&r, cfg, COMPARE_UNSURE, 4, NULL);
    cfg.min_seeds = seeds;
    comparisons c = compare_with(cfg, &r);
    assert_true(c.list[0].outcome == COMPARE_OK && c.list[0].winner == 'a' && c.list[0].seeds == seeds);
    compare_clear(&c);
    close_run(&r);
  }
}

/* ---- which cells meet ---- */

static void seeds_meet_by_their_number(void** state) {
  (void)state;
  run_view r;
  begin_records();
  /* a: seeds 3 1 2, b: seeds 2 3 1; differences of seeds 1, 2, 3: 1, 2, 4 */
  add_values("a", 3, "tre", 1, 34, 34, 34, 34);
  add_values("b", 2, "tre", 1, 20, 20, 20, 20);
  add_values("a", 1, "tre", 1, 11, 11, 11, 11);
  add_values("b", 3, "tre", 1, 30, 30, 30, 30);
  add_values("a", 2, "tre", 1, 22, 22, 22, 22);
  add_values("b", 1, "tre", 1, 10, 10, 10, 10);
  open_run(&r);
  comparisons c = compare_with(compare_cfg_default(), &r);
  assert_int_equal(c.n, 1);
  const comparison* one = &c.list[0];
  assert_true(one->outcome == COMPARE_OK && one->seeds == 3);
  assert_near(one->paired.difference.mean, 7.0 / 3, 1e-14);
  assert_true(one->seed_lo == 1 && one->seed_hi == 4);
  /* only seeds vary: R's t.test(c(1, 2, 4))$conf.int; 2000 resamples are accurate to 1.6 % */
  assert_near(one->paired.difference.lo, -1.461, 0.2);
  assert_near(one->paired.difference.hi, 6.128, 0.2);
  compare_clear(&c);
  close_run(&r);
}

static void seeds_of_one_side_only_leave_it_open(void** state) {
  (void)state;
  run_view r;
  begin_records();
  for (int s = 1; s <= 4; s++) add_values("a", s, "tre", 1, s, s, s, s);
  for (int s = 2; s <= 5; s++) add_values("b", s, "tre", 1, s + 1, s + 1, s + 1, s + 1);
  open_run(&r);
  comparisons c = compare_with(compare_cfg_default(), &r);
  assert_int_equal(c.n, 1);
  assert_int_equal(c.list[0].outcome, COMPARE_UNSURE);
  assert_int_equal(c.list[0].seeds, 3); /* 2, 3 and 4 */
  assert_true(c.list[0].mean_a == 3 && c.list[0].mean_b == 4 && c.list[0].winner == 0);
  compare_clear(&c);
  close_run(&r);
  /* more seeds of one side, of either */
  for (int more = 0; more < 2; more++) {
    begin_records();
    for (int s = 1; s <= 4; s++) {
      if (s < 4 || more == 0) add_values("a", s, "tre", 1, s, s, s, s);
      if (s < 4 || more == 1) add_values("b", s, "tre", 1, s + 1, s + 1, s + 1, s + 1);
    }
    open_run(&r);
    assert_one(&r, compare_cfg_default(), COMPARE_UNSURE, 4,
               more ? "seeds differ: A has 1 2 3, B has 1 2 3 4" : "seeds differ: A has 1 2 3 4, B has 1 2 3");
    close_run(&r);
  }
  /* no seed in common */
  begin_records();
  add_values("a", 1, "tre", 1, 1, 1, 1, 1);
  add_values("b", 2, "tre", 1, 1, 1, 1, 1);
  open_run(&r);
  c = compare_with(compare_cfg_default(), &r);
  assert_true(c.n == 1 && c.list[0].outcome == COMPARE_UNSURE && isnan(c.list[0].mean_a));
  compare_clear(&c);
  close_run(&r);
}

static void unfinished_cells_are_missing_unless_a_part_is_asked_for(void** state) {
  (void)state;
  run_view r;
  begin_records();
  json_t* plan = add_plan("p");
  for (int s = 1; s <= 4; s++) {
    add_planned(plan, "a", s, NULL);
    add_planned(plan, "b", s, NULL);
    add_values("a", s, "tre", 1, 1, 2, 3, 4);
    json_t* cell = add_values("b", s, "tre", 1, 2, 3, 4, 5);
    if (s == 4) set_text(cell, "status", "timeout");
  }
  open_run(&r);
  compare_cfg cfg = compare_cfg_default();
  comparisons c = compare_with(cfg, &r);
  assert_true(c.n == 1 && c.list[0].outcome == COMPARE_MISSING && isnan(c.list[0].mean_a));
  assert_non_null(strstr(c.list[0].reason, "7 of 8"));
  assert_int_equal(compare_exit_code(&c), 3);
  compare_clear(&c);
  cfg.partial = true;
  c = compare_with(cfg, &r);
  assert_true(c.n == 1 && c.list[0].outcome == COMPARE_MISSING && c.list[0].winner == 0);
  assert_true(c.list[0].seeds == 3 && c.list[0].paired.difference.mean == -1);
  compare_clear(&c);
  close_run(&r);
}

static void a_method_without_sampler_meets_every_k(void** state) {
  (void)state;
  static const double values[4] = {1, 2, 3, 4};
  static const struct {
    int a[2], b[2]; /* K of each side; -1: none */
    int n, k[4];    /* of the comparisons */
  } cases[] = {{{0, -1}, {1, 5}, 2, {1, 5}},
               {{1, 5}, {0, -1}, 2, {1, 5}},
               {{0, -1}, {0, -1}, 1, {0}},
               {{1, 5}, {5, 10}, 1, {5}},
               {{1, 5}, {1, 5}, 2, {1, 5}}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    run_view r;
    begin_records();
    for (int side = 0; side < 2; side++) {
      const int* k = side ? cases[i].b : cases[i].a;
      json_t* cell = add_values(side ? "b" : "a", 1, "tre", k[0], 1, 2, 3, 4);
      if (k[1] >= 0) add_samples(cell, "tre", k[1], 4, values);
      add_samples(cell, side ? "sae_own" : "sae_min", 1, 4, values); /* not of both */
    }
    open_run(&r);
    comparisons c = compare_with(compare_cfg_default(), &r);
    assert_int_equal(c.n, cases[i].n);
    for (int j = 0; j < c.n; j++) assert_int_equal(c.list[j].k, cases[i].k[j]);
    compare_clear(&c);
    close_run(&r);
  }
}

/* ---- what must be the same ---- */

static void what_was_measured_on_other_things_does_not_compare(void** state) {
  (void)state;
  static const struct {
    const char *object, *field, *value; /* of b, seed 2; object NULL: the record itself */
    bool compares;
  } cases[] = {
      {NULL, "windows_sha256", "v", false},      {NULL, "windows_sha256", "", false},
      {NULL, "data_sha256", "e", false},         {NULL, "compiled_sha256", "e", false},
      {NULL, "eval_data_sha256", "e", false},    {NULL, "model_sha256", "e", true}, /* a comment in the file */
      {"provenance", "mujoco", "3.17.1", false}, {"config", "eval.windows", "5", false},
      {"config", "task.version", "2", false},    {"config", "train.steps", "10", true},
      {"config", "data.url", "u", true},         {"config", "eval.chains", "5", true}}; /* the other has none */
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    run_view r;
    begin_records();
    for (int s = 1; s <= 3; s++) {
      add_values("a", s, "tre", 1, 1, 2, 3, 4);
      json_t* cell = add_values("b", s, "tre", 1, 2, 3, 4, 5);
      if (s != 2) continue;
      set_text(cases[i].object ? json_object_get(cell, cases[i].object) : cell, cases[i].field, cases[i].value);
    }
    open_run(&r);
    assert_one(&r, compare_cfg_default(), cases[i].compares ? COMPARE_OK : COMPARE_OTHER, cases[i].compares ? 0 : 5,
               cases[i].compares ? NULL : "b, seed 2");
    close_run(&r);
  }
}

/* records without the field have version 1 */
static void two_versions_of_numbers_do_not_compare(void** state) {
  (void)state;
  static const struct {
    int a, b; /* 0: not recorded */
    bool compares;
  } cases[] = {{0, 0, true}, {0, 1, true}, {2, 2, true}, {0, 2, false}, {1, 2, false}, {3, 2, false}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    run_view r;
    begin_records();
    for (int s = 1; s <= 3; s++) {
      json_t *a = add_values("a", s, "tre", 1, 1, 2, 3, 4), *b = add_values("b", s, "tre", 1, 2, 3, 4, 5);
      json_object_set_new(a, "windows", json_pack("{s:[iiiiiiii]}", "episode", 0, 1, 2, 3, 4, 5, 6, 7));
      json_object_set(b, "windows",
                      json_object_get(a, "windows")); /* without it, records of version 2 have no values */
      if (cases[i].a) json_object_set_new(a, "numbers", json_integer(cases[i].a));
      if (cases[i].b) json_object_set_new(b, "numbers", json_integer(cases[i].b));
    }
    open_run(&r);
    assert_one(&r, compare_cfg_default(), cases[i].compares ? COMPARE_OK : COMPARE_OTHER, cases[i].compares ? 0 : 5,
               cases[i].compares ? NULL : "b, seed 1: numbers of version ");
    close_run(&r);
  }
}

static void older_records_are_compared_by_their_model_file(void** state) {
  (void)state;
  for (int differs = 0; differs < 2; differs++) {
    run_view r;
    begin_records();
    for (int s = 1; s <= 3; s++) {
      json_object_del(add_values("a", s, "tre", 1, 1, 2, 3, 4), "compiled_sha256");
      json_t* cell = add_values("b", s, "tre", 1, 2, 3, 4, 5);
      if (differs) set_text(cell, "model_sha256", "e");
    }
    open_run(&r);
    assert_one(&r, compare_cfg_default(), differs ? COMPARE_OTHER : COMPARE_OK, differs ? 5 : 0, NULL);
    close_run(&r);
  }
}

/* ---- several comparisons ---- */

/* Holm's adjustment by its definition */
static void adjust_slowly(int n, const double* p, double* adjusted) {
  for (int i = 0; i < n; i++) {
    adjusted[i] = 0;
    /* over every p that is not larger: p_j times how many are at least as large, counting equals in their order */
    for (int j = 0; j < n; j++) {
      if (p[j] > p[i] || (p[j] == p[i] && j > i)) continue;
      int at_least = 0;
      for (int k = 0; k < n; k++) at_least += p[k] > p[j] || (p[k] == p[j] && k >= j);
      adjusted[i] = fmax(adjusted[i], fmin(1, at_least * p[j]));
    }
  }
}

static void every_comparison_is_adjusted_for_all(void** state) {
  (void)state;
  run_view r;
  begin_records();
  json_t* cells[8];
  /* metrics that differ the more the later they stand; two profiles */
  static const char* const metrics[] = {"tre", "sae_own", "sae_min", "survival"};
  for (int c = 0; c < 8; c++) {
    const double values[4] = {1, 2, 3, 4};
    cells[c] = add_values(c & 1 ? "b" : "a", 1, "command_error", 1, 1, 1, 1, 1);
    for (int m = 0; m < 4; m++) {
      double moved[4];
      for (int i = 0; i < 4; i++) moved[i] = values[i] + (c & 1) * (m * 0.25 + (i & 1 ? 1.25 : -1) * (1 + c / 4));
      add_samples(cells[c], metrics[m], 1, 4, moved);
    }
    json_object_set_new(cells[c], "seed", json_integer(c / 2 % 2));
    if (c >= 4) set_text(cells[c], "profile", "q");
  }
  open_run(&r);
  compare_cfg cfg = compare_cfg_default();
  cfg.min_seeds = 2;
  comparisons c = compare_with(cfg, &r);
  assert_int_equal(c.n, 10);
  assert_int_equal(c.tests, 10);
  double p[10], adjusted[10];
  int different = 0, named = 0;
  for (int i = 0; i < 10; i++) p[i] = c.list[i].p;
  adjust_slowly(10, p, adjusted);
  for (int i = 0; i < 10; i++) {
    assert_near(c.list[i].p_holm, adjusted[i], 1e-15);
    different += p[i] != p[0];
    named += c.list[i].winner != 0;
    if (c.list[i].winner) assert_true(adjusted[i] < 0.05);
  }
  assert_true(different > 3); /* the case says something */
  assert_true(named < 10);
  compare_clear(&c);
  close_run(&r);
}

/* Values that differ in their last bits only, always to the same side, have p = 1/128 and no winner; nor have values
 * whose mean difference alone is 0, which are not equal; a difference of a millionth has one. */
static void equal_values_have_no_winner(void** state) {
  (void)state;
  enum { N = 8 };
  for (int kind = 0; kind < 3; kind++) {
    run_view r;
    begin_records();
    for (int s = 1; s <= 3; s++) {
      for (int side = 0; side < 2; side++) {
        double values[N];
        for (int i = 0; i < N; i++) {
          values[i] = i + 1;
          if (kind == 0 && side) values[i] *= 1 + 4e-15;
          if (kind == 1 && side) values[i] += i % 2 ? .25 : -.25;
          if (kind == 2 && side) values[i] *= 1 + 1e-6;
        }
        json_t* cell = add_values(side ? "b" : "a", s, side ? "contact" : "command_error", 1, 1, 1, 1, 1);
        add_samples(cell, "tre", 1, N, values);
      }
    }
    open_run(&r);
    comparisons c = compare_with(compare_cfg_default(), &r);
    assert_int_equal(c.n, 1);
    const comparison* one = &c.list[0];
    assert_int_equal(one->winner, kind == 2 ? 'a' : 0);
    assert_int_equal(c.tests, 1);
    const bool equal = one->reason && strcmp(one->reason, "both are equal up to rounding") == 0;
    assert_int_equal(equal, kind == 0);
    assert_int_equal(one->outcome, COMPARE_OK);
    compare_clear(&c);
    close_run(&r);
  }
}

/* Seven windows allow a p of 1/64, and the adjustment for four tests would leave no winner. A copy of a metric, zeros
 * up to rounding and a metric of one side count as no test more; another metric with the same p does. */
static void copies_and_zeros_are_no_tests(void** state) {
  (void)state;
  enum { N = 7 };
  static const char* const names[] = {"tre", "tre_open_loop", "sae_own", "sae_min", "survival"};
  for (int kind = 0; kind < 3; kind++) {
    run_view r;
    begin_records();
    for (int s = 1; s <= 3; s++) {
      for (int side = 0; side < 2; side++) {
        json_t* cell = add_values(side ? "b" : "a", s, side ? "contact" : "command_error", 1, 1, 1, 1, 1);
        for (int m = 0; m < 5; m++) {
          double values[N];
          for (int i = 0; i < N; i++) {
            values[i] = i + 1 + side;                                                              /* tre */
            if (m == 1 && kind == 2) values[i] += 1e-9 * i;                                        /* not a copy */
            if (m == 2 || m == 3) values[i] = kind ? 1e-14 * (i + side) : i + 1 + side * (m + .5); /* zeros */
            if (m == 4) values[i] = 7 - side * i * .5;
          }
          add_samples(cell, names[m], 1, N, values);
        }
      }
    }
    open_run(&r);
    comparisons c = compare_with(compare_cfg_default(), &r);
    assert_int_equal(c.n, 5);
    /* kind 0: tre and its copy, two others, survival; 1: tre and its copy, survival; 2: no copy */
    static const int tests[] = {4, 2, 3};
    assert_int_equal(c.tests, tests[kind]);
    double p[5], adjusted[5];
    int n = 0;
    for (int i = 0; i < 5; i++) {
      const comparison* one = &c.list[i];
      const bool copy = kind < 2 && strcmp(one->metric, "tre_open_loop") == 0;
      const bool zero = kind && strncmp(one->metric, "sae", 3) == 0;
      if (zero) assert_true(isnan(one->p_holm) && !one->winner);
      if (zero) assert_string_equal(one->reason, "both are 0 up to rounding");
      if (!copy && !zero) p[n++] = one->p;
    }
    assert_int_equal(n, tests[kind]);
    adjust_slowly(n, p, adjusted);
    n = 0;
    double of_tre = NAN;
    for (int i = 0; i < 5; i++) {
      const comparison* one = &c.list[i];
      const bool copy = kind < 2 && strcmp(one->metric, "tre_open_loop") == 0;
      if (isnan(one->p_holm)) continue;
      if (copy) {
        assert_true(one->p_holm == of_tre && one->winner == c.list[i - 1].winner);
        continue;
      }
      if (strcmp(one->metric, "tre") == 0) of_tre = one->p_holm;
      assert_near(one->p_holm, adjusted[n], 1e-15);
      n++;
    }
    assert_true(kind == 0 || of_tre < .05);
    compare_clear(&c);
    close_run(&r);
  }
}

static void a_method_that_one_run_lacks_is_missing(void** state) {
  (void)state;
  run_view left, right;
  char first[64];
  begin_records();
  for (int s = 1; s <= 3; s++) {
    add_values("a", s, "tre", 1, 1, 2, 3, 4);
    add_values("left", s, "tre", 1, 1, 2, 3, 4);
    set_text(add_values("a", s, "tre", 1, 1, 2, 3, 4), "profile", "only");
  }
  open_run(&left);
  snprintf(first, sizeof first, "%s", folder);
  begin_records();
  for (int s = 1; s <= 3; s++) {
    add_values("right", s, "tre", 1, 1, 2, 3, 4);
    add_values("a", s, "tre", 1, 2, 3, 4, 5);
  }
  open_run(&right);
  const compare_cfg cfg = compare_cfg_default();
  comparisons c;
  assert_int_equal(compare_new(&cfg, (compare_side){&left, NULL}, (compare_side){&right, NULL}, &c), DF_OK);
  static const struct {
    const char *profile, *method;
    compare_outcome outcome;
  } wanted[] = {{"p", "a", COMPARE_OK},
                {"p", "left", COMPARE_MISSING},
                {"p", "right", COMPARE_MISSING},
                {"only", "", COMPARE_MISSING}};
  assert_int_equal(c.n, 4);
  for (int i = 0; i < 4; i++) {
    assert_string_equal(c.list[i].profile, wanted[i].profile);
    assert_string_equal(c.list[i].method_a, wanted[i].method);
    assert_int_equal(c.list[i].outcome, wanted[i].outcome);
  }
  assert_int_equal(c.list[0].winner, 'a');
  assert_int_equal(compare_exit_code(&c), 3);
  compare_clear(&c);
  /* the other way round */
  assert_int_equal(compare_new(&cfg, (compare_side){&right, "a"}, (compare_side){&left, "left"}, &c), DF_OK);
  assert_int_equal(c.n, 2);
  assert_string_equal(c.list[0].method_b, "left");
  assert_int_equal(c.list[0].winner, 'b');
  assert_int_equal(c.list[1].outcome, COMPARE_MISSING);
  compare_clear(&c);
  close_run(&right);
  snprintf(folder, sizeof folder, "%s", first);
  close_run(&left);
}

static void the_gravest_outcome_gives_the_exit_code(void** state) {
  (void)state;
  static const int codes[COMPARE_OUTCOMES] = {0, 4, 3, 5};
  comparison list[2];
  comparisons c = {.n = 2, .list = list};
  for (int i = 0; i < COMPARE_OUTCOMES; i++) {
    for (int j = 0; j < COMPARE_OUTCOMES; j++) {
      list[0].outcome = (compare_outcome)i;
      list[1].outcome = (compare_outcome)j;
      assert_int_equal(compare_exit_code(&c), codes[i > j ? i : j]);
    }
  }
}

static void every_seed_is_compared(void** state) {
  (void)state;
  run_view r;
  begin_records();
  /* the first 70 seeds are equal; in the others b is larger by 1 */
  for (int s = 1; s <= 140; s++) {
    const double more = s > 70;
    add_values("a", s, "tre", 1, 1, 2, 3, 4);
    add_values("b", s, "tre", 1, 1 + more, 2 + more, 3 + more, 4 + more);
  }
  open_run(&r);
  comparisons c = compare_with(compare_cfg_default(), &r);
  assert_int_equal(c.n, 1);
  assert_int_equal(c.list[0].seeds, 140);
  assert_near(c.list[0].paired.difference.mean, -0.5, 1e-14);
  compare_clear(&c);
  close_run(&r);
}

static void falls_have_a_winner_only_if_test_and_mean_agree(void** state) {
  (void)state;
  enum { EPISODES = 200, FEW = 60, LONG = 10, WINDOWS = FEW * LONG + EPISODES - FEW };
  for (int opposite = 0; opposite < 2; opposite++) {
    run_view r;
    begin_records();
    for (int s = 1; s <= 3; s++) {
      for (int side = 0; side < 2; side++) {
        /* b falls in 140 episodes of one window; a never, or in 60 episodes of ten windows */
        double values[WINDOWS] = {0};
        json_t* episode = json_array();
        for (int i = 0; i < WINDOWS; i++) {
          const bool ten = i < FEW * LONG;
          json_array_append_new(episode, json_integer(ten ? i / LONG : i - FEW * LONG + FEW));
          values[i] = side == 1 ? !ten : ten && opposite;
        }
        json_t* cell = add_values(side ? "b" : "a", s, side ? "sae_min" : "sae_own", 1, 1, 1, 1, 1);
        add_samples(cell, "fall_rate", 1, WINDOWS, values);
        json_object_set_new(cell, "windows", json_pack("{s:o}", "episode", episode));
      }
    }
    open_run(&r);
    comparisons c = compare_with(compare_cfg_default(), &r);
    assert_int_equal(c.n, 1);
    const comparison* one = &c.list[0];
    assert_int_equal(one->only_b, EPISODES - FEW);
    assert_int_equal(one->only_a, opposite ? FEW : 0);
    assert_true(one->p_holm < 0.05);
    assert_true(opposite ? one->seed_lo > 0 : one->seed_hi < 0); /* the seeds agree */
    assert_int_equal(one->winner, opposite ? 0 : 'a');
    if (opposite) {
      assert_string_equal(one->reason, "the test over episodes and the mean difference favour opposite sides");
    }
    compare_clear(&c);
    close_run(&r);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_winner_needs_every_rule),
      cmocka_unit_test(a_ceiling_is_not_named_a_winner),
      cmocka_unit_test(a_ceiling_is_compared_with_itself),
      cmocka_unit_test(a_winner_is_named_after_the_adjustment),
      cmocka_unit_test(seeds_that_disagree_name_no_winner),
      cmocka_unit_test(a_file_is_one_seed),
      cmocka_unit_test(too_few_seeds_name_no_winner),
      cmocka_unit_test(seeds_meet_by_their_number),
      cmocka_unit_test(seeds_of_one_side_only_leave_it_open),
      cmocka_unit_test(unfinished_cells_are_missing_unless_a_part_is_asked_for),
      cmocka_unit_test(a_method_without_sampler_meets_every_k),
      cmocka_unit_test(what_was_measured_on_other_things_does_not_compare),
      cmocka_unit_test(two_versions_of_numbers_do_not_compare),
      cmocka_unit_test(older_records_are_compared_by_their_model_file),
      cmocka_unit_test(every_comparison_is_adjusted_for_all),
      cmocka_unit_test(equal_values_have_no_winner),
      cmocka_unit_test(copies_and_zeros_are_no_tests),
      cmocka_unit_test(a_method_that_one_run_lacks_is_missing),
      cmocka_unit_test(the_gravest_outcome_gives_the_exit_code),
      cmocka_unit_test(every_seed_is_compared),
      cmocka_unit_test(falls_have_a_winner_only_if_test_and_mean_agree),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
