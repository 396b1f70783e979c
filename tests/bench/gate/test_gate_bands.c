/* Numbers held to their tolerances: each rule with a value at its limit, just inside and just outside. */
#define _GNU_SOURCE
#include "gate_group.h"

#include "json.h"
#include "near.h"
#include "records.h"

static const double NONE = NAN;

static double above(double v) {
  return nextafter(v, INFINITY);
}
static double below(double v) {
  return nextafter(v, -INFINITY);
}

/* ---- a group, its tolerances and its golden table ---- */

enum { ROWS = 16 };

typedef struct gate_case {
  run_view r;
  gate_result out;
  gate_group h;
  band bands[4];
  golden_row rows[ROWS];
} gate_case;

static band band_of(const char* metric, band_kind kind, double bound) {
  band b = {.k = 1, .kind = kind, .bound = bound, .seeds = 1, .line = 6, .limit_line = 7, .reason = "because"};
  snprintf(b.metric, sizeof b.metric, "%s", metric);
  snprintf(b.method, sizeof b.method, "a");
  snprintf(b.profile, sizeof b.profile, "p");
  return b;
}

static void add_golden(gate_case* c, const char* method, const char* metric, int seed, double value) {
  golden_row* one = &c->rows[c->h.golden.n++];
  assert_true(c->h.golden.n <= ROWS);
  *one = (golden_row){.seed = seed, .k = 1, .value = value};
  snprintf(one->task, sizeof one->task, "t");
  snprintf(one->profile, sizeof one->profile, "p");
  snprintf(one->method, sizeof one->method, "%s", method);
  snprintf(one->metric, sizeof one->metric, "%s", metric);
  c->h.has_golden = true;
}

/* opens the records that were added */
static void open_case(gate_case* c) {
  memset(c, 0, sizeof *c);
  open_run(&c->r);
  c->out.verdicts = rows_new();
  c->h = (gate_group){.r = &c->r, .g = &c->r.groups[0], .out = &c->out};
  c->h.expect.path = "expect.yaml";
  c->h.expect.bands = c->bands;
  c->h.golden.path = "golden.csv";
  c->h.golden_folder = "tasks/t";
  c->h.golden_name = "golden/t-p.csv";
  c->h.golden.rows = c->rows;
}

static void close_case(gate_case* c) {
  gate_clear(&c->out);
  close_run(&c->r);
}

static const json_t* verdict_at(const gate_case* c, size_t i) {
  const json_t* one = json_array_get(c->out.verdicts.list, i);
  assert_non_null(one);
  return one;
}

static double field(const json_t* verdict, const char* name) {
  return number_of(json_object_get(verdict, name));
}

static void assert_verdict(const json_t* verdict, gate_verdict wanted) {
  assert_string_equal(string_of(verdict, "status"), gate_verdict_name(wanted));
}

/* holds the case to one tolerance and returns the verdict */
static const json_t* hold(gate_case* c, band b) {
  c->bands[0] = b;
  c->h.expect.n = 1;
  assert_int_equal(gate_judge_bands(&c->h), 1);
  assert_int_equal(json_array_size(c->out.verdicts.list), 1);
  return verdict_at(c, 0);
}

/* ---- limits ---- */

typedef struct limit_case {
  double value, lo, hi;
  gate_verdict wanted;
} limit_case;

static void check_limit(band_kind kind, double bound, const limit_case* one, int line) {
  gate_case c;
  begin_records();
  add_row(add_cell("a", 1), "tre", 1, one->value, one->lo, one->hi);
  open_case(&c);
  const json_t* v = hold(&c, band_of("tre", kind, bound));
  if (strcmp(string_of(v, "status"), gate_verdict_name(one->wanted)) != 0) {
    fail_msg("case %d: %s", line, string_of(v, "status"));
  }
  assert_int_equal(c.out.count[one->wanted], 1);
  /* the limit and, where it does not hold, its reason */
  char limit[64], begin[64];
  snprintf(limit, sizeof limit, "%s %.6g", kind == BAND_AT_MOST ? "<=" : ">=", bound);
  assert_string_equal(string_of(v, "limit"), limit);
  snprintf(begin, sizeof begin, "%s%s", one->wanted == GATE_INCONCLUSIVE ? "the interval straddles the limit: " : "",
           one->wanted == GATE_HELD ? "" : "because");
  assert_int_equal(strncmp(string_of(v, "detail"), begin, strlen(begin)), 0);
  if (one->wanted == GATE_HELD) assert_string_equal(string_of(v, "detail"), "");
  close_case(&c);
}

static void a_limit_is_held_to_by_the_whole_interval(void** state) {
  (void)state;
  const limit_case most[] = {
      {0.5, 0.25, 0.75, GATE_HELD},
      {0.5, 0.25, 1, GATE_HELD}, /* at the limit */
      {0.5, 0.25, above(1), GATE_INCONCLUSIVE},
      {1.25, 1, 1.5, GATE_INCONCLUSIVE},
      {1.25, above(1), 1.5, GATE_REGRESSED},
      {1, NONE, NONE, GATE_HELD},
      {above(1), NONE, NONE, GATE_REGRESSED},
      {below(1), NONE, NONE, GATE_HELD},
      /* an end that is missing is the value itself */
      {0.5, NONE, 2, GATE_INCONCLUSIVE},
      {2, 0.5, NONE, GATE_INCONCLUSIVE},
      {2, NONE, 3, GATE_REGRESSED},
      /* an interval that leaves out its value is widened to it */
      {2, 0.25, 0.5, GATE_INCONCLUSIVE},
      {0.5, 2, 3, GATE_INCONCLUSIVE},
      {-5, -6, -4, GATE_HELD},
  };
  for (int i = 0; i < (int)(sizeof most / sizeof most[0]); i++) {
    check_limit(BAND_AT_MOST, 1, &most[i], i);
    /* at_least is at_most of the mirrored numbers */
    const limit_case mirrored = {-most[i].value, -most[i].hi, -most[i].lo, most[i].wanted};
    check_limit(BAND_AT_LEAST, -1, &mirrored, 100 + i);
  }
}

/* values of mean mu have a mean of 0.008 with a probability of at most mu / 0.008: the least mu that is not excluded at
 * 95 % is 0.0004 */
static void a_limit_far_below_a_value_is_broken_by_any_interval(void** state) {
  (void)state;
  static const struct {
    double bound;
    gate_verdict wanted;
  } cases[] = {{1e-9, GATE_REGRESSED}, {0.00039, GATE_REGRESSED}, {0.00041, GATE_INCONCLUSIVE}, {0.02, GATE_HELD}};
  for (int i = 0; i < 4; i++) {
    const limit_case one = {0.008, -0.0005, 0.018, cases[i].wanted};
    check_limit(BAND_AT_MOST, cases[i].bound, &one, i);
  }
  /* the interval that is shown is that of the record, and why it does not decide */
  static const char note[] = "the mean is more than 20 times the limit, which outweighs the interval";
  for (int kind = 0; kind < 3; kind++) {
    gate_case c;
    begin_records();
    add_row(add_cell("a", 1), "tre", 1, 0.008, kind == 1 ? 0.007 : -0.0005, 0.018);
    open_case(&c);
    const json_t* v = hold(&c, band_of("tre", kind == 2 ? BAND_AT_LEAST : BAND_AT_MOST, kind == 2 ? 0.1 : 1e-9));
    assert_verdict(v, GATE_REGRESSED);
    assert_near(field(v, "lo"), kind == 1 ? 0.007 : -0.0005, 0);
    assert_true((strstr(string_of(v, "detail"), note) != NULL) == (kind == 0));
    close_case(&c);
  }
}

static void the_worst_seed_decides(void** state) {
  (void)state;
  /* against at most 1: held, straddling, broken */
  static const double lo[3] = {0.25, 0.5, 1.5}, hi[3] = {0.75, 1.5, 2.5};
  static const gate_verdict own[3] = {GATE_HELD, GATE_INCONCLUSIVE, GATE_REGRESSED};
  for (int i = 0; i < 3; i++) {
    for (int j = 0; j < 3; j++) {
      gate_case c;
      begin_records();
      add_row(add_cell("a", 1), "tre", 1, 0.5 * (lo[i] + hi[i]), lo[i], hi[i]);
      add_row(add_cell("a", 2), "tre", 1, 0.5 * (lo[j] + hi[j]), lo[j], hi[j]);
      open_case(&c);
      const json_t* v = hold(&c, band_of("tre", BAND_AT_MOST, 1));
      assert_verdict(v, own[i > j ? i : j]);
      /* the row: the mean of the seeds, from the smallest lower end to the largest upper end */
      assert_near(field(v, "value"), 0.25 * (lo[i] + hi[i] + lo[j] + hi[j]), 0);
      assert_near(field(v, "lo"), fmin(lo[i], lo[j]), 0);
      assert_near(field(v, "hi"), fmax(hi[i], hi[j]), 0);
      assert_int_equal(json_integer_value(json_object_get(v, "n")), 2);
      close_case(&c);
    }
  }
}

static void too_few_seeds_are_inconclusive(void** state) {
  (void)state;
  for (int seeds = 1; seeds <= 4; seeds++) {
    gate_case c;
    begin_records();
    for (int s = 1; s <= 2; s++) add_value(add_cell("a", s), "tre", 1, 0.5);
    open_case(&c);
    band b = band_of("tre", BAND_AT_MOST, 1);
    b.seeds = seeds;
    assert_verdict(hold(&c, b), seeds <= 2 ? GATE_HELD : GATE_INCONCLUSIVE);
    close_case(&c);
  }
}

static void a_seed_without_a_finite_number_breaks_every_tolerance(void** state) {
  (void)state;
  for (int kind = BAND_AT_MOST; kind <= BAND_RELATIVE; kind++) {
    gate_case c;
    begin_records();
    add_value(add_cell("a", 1), "tre", 1, 1);
    add_value(add_cell("a", 2), "tre", 1, NONE);
    open_case(&c);
    add_golden(&c, "a", "tre", 1, 1);
    add_golden(&c, "a", "tre", 2, 1);
    const json_t* v = hold(&c, band_of("tre", (band_kind)kind, kind == BAND_AT_LEAST ? -100 : 100));
    assert_verdict(v, GATE_REGRESSED);
    /* the record's own reason */
    assert_string_equal(string_of(v, "detail"), "not finite for 1 of 2 seeds: why");
    close_case(&c);
  }
}

static void a_number_that_was_not_measured_is_missing(void** state) {
  (void)state;
  static const struct {
    const char *metric, *method;
    int k;
    gate_verdict wanted;
  } cases[] = {{"tre", "a", 1, GATE_HELD},
               {"tre", "a", 5, GATE_MISSING},
               {"tre", "a", 0, GATE_MISSING},
               {"tre", "b", 1, GATE_MISSING},
               {"sae_own", "a", 1, GATE_MISSING}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    gate_case c;
    begin_records();
    add_value(add_cell("a", 1), "tre", 1, 0.5);
    json_t* broken = add_cell("b", 1);
    add_value(broken, "tre", 1, 0.5);
    set_text(broken, "status", "error"); /* its numbers do not count */
    open_case(&c);
    band b = band_of(cases[i].metric, BAND_AT_MOST, 1);
    snprintf(b.method, sizeof b.method, "%s", cases[i].method);
    b.k = cases[i].k;
    assert_verdict(hold(&c, b), cases[i].wanted);
    close_case(&c);
  }
}

static void a_metric_that_the_task_does_not_define_is_an_error(void** state) {
  (void)state;
  /* with a value, as older programs recorded it, and without */
  for (int i = 0; i < 4; i++) {
    gate_case c;
    begin_records();
    json_t* cell = add_cell("a", 1);
    json_t* config = json_object_get(cell, "config");
    set_text(config, "eval.fall_height", "0");
    set_text(config, "eval.fall_tilt", i < 2 ? "0" : "60");
    if (i % 2) add_value(cell, "fall_rate", 1, 0);
    open_case(&c);
    const json_t* v = hold(&c, band_of("fall_rate", BAND_AT_MOST, 0.5));
    assert_verdict(v, i < 2 ? GATE_UNREADABLE : i == 2 ? GATE_MISSING : GATE_HELD);
    assert_int_equal(gate_exit_code(&c.out), i < 2 ? EXIT_USAGE : i == 2 ? EXIT_INCOMPLETE : EXIT_DONE);
    if (i < 2) {
      assert_string_equal(
          string_of(v, "detail"),
          "not defined for this task: set eval.fall_height or eval.fall_tilt in its task.yaml, or remove "
          "the entry at expect.yaml:7");
    }
    close_case(&c);
  }
}

static void a_part_of_the_cells_can_break_a_limit_and_never_hold_it(void** state) {
  (void)state;
  static const struct {
    double value, hi;
    gate_verdict wanted;
  } cases[] = {{0.5, 0.75, GATE_MISSING}, {0.5, 1.5, GATE_INCONCLUSIVE}, {2, 3, GATE_REGRESSED}};
  for (int i = 0; i < 3; i++) {
    gate_case c;
    begin_records();
    json_t* plan = add_plan("p");
    for (int s = 1; s <= 2; s++) add_planned(plan, "a", s, NULL);
    add_row(add_cell("a", 1), "tre", 1, cases[i].value, cases[i].value, cases[i].hi);
    open_case(&c);
    const json_t* v = hold(&c, band_of("tre", BAND_AT_MOST, 1));
    assert_verdict(v, cases[i].wanted);
    if (i == 0) {
      static const char why[] = "1 of 2 cells done; repeat `dynaflow run` to finish them";
      assert_string_equal(string_of(v, "detail"), why);
    }
    close_case(&c);
  }
}

/* ---- relative to the golden table ---- */

typedef struct relative_case {
  double first, second; /* of the run; the golden numbers are 1 and 1, the tolerance is 1/4 */
  gate_verdict lower, either;
} relative_case;

static gate_verdict relative(const char* metric, double golden, double first, double second, double bound,
                             double absolute) {
  gate_case c;
  begin_records();
  add_value(add_cell("a", 1), metric, 1, first);
  add_value(add_cell("a", 2), metric, 1, second);
  open_case(&c);
  for (int s = 1; s <= 2; s++) add_golden(&c, "a", metric, s, golden);
  band b = band_of(metric, BAND_RELATIVE, bound);
  b.absolute = absolute;
  b.seeds = 2;
  hold(&c, b);
  gate_verdict found = GATE_VERDICTS;
  for (int v = 0; v < GATE_VERDICTS; v++) {
    if (c.out.count[v]) found = (gate_verdict)v;
  }
  close_case(&c);
  return found;
}

static void a_change_counts_by_its_better_side(void** state) {
  (void)state;
  /* the interval of two differences goes from one to the other */
  const relative_case cases[] = {
      {1, 1, GATE_HELD, GATE_HELD},
      {1.25, 1.25, GATE_HELD, GATE_HELD}, /* at the tolerance */
      {1, 1.25, GATE_HELD, GATE_HELD},
      {1.25, above(1.25), GATE_INCONCLUSIVE, GATE_INCONCLUSIVE},
      {above(1.25), above(1.25), GATE_REGRESSED, GATE_REGRESSED},
      {1, 1.5, GATE_INCONCLUSIVE, GATE_INCONCLUSIVE},
      {0.75, 0.75, GATE_HELD, GATE_HELD},
      {0.75, below(0.75), GATE_HELD, GATE_INCONCLUSIVE},
      {below(0.75), below(0.75), GATE_IMPROVED, GATE_REGRESSED},
      {0.5, 1, GATE_HELD, GATE_INCONCLUSIVE},
      {0.5, 1.5, GATE_INCONCLUSIVE, GATE_INCONCLUSIVE},
      {0.5, 0.5, GATE_IMPROVED, GATE_REGRESSED},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    const relative_case* one = &cases[i];
    assert_int_equal(relative("tre", 1, one->first, one->second, 0.25, 0), one->lower);
    assert_int_equal(relative("tre.joint_pos", 1, one->second, one->first, 0.25, 0), one->lower);
    assert_int_equal(relative("effort.physics_steps", 1, one->first, one->second, 0.25, 0), one->either);
    /* of what is better when higher, the mirrored numbers */
    assert_int_equal(relative("survival", -1, -one->first, -one->second, 0.25, 0), one->lower);
  }
}

static void a_tolerance_is_a_share_of_the_golden_number_plus_an_absolute_part(void** state) {
  (void)state;
  /* 1/4 of 8 and 1/2: 2.5 */
  assert_int_equal(relative("tre", 8, 10.5, 10.5, 0.25, 0.5), GATE_HELD);
  assert_int_equal(relative("tre", 8, above(10.5), above(10.5), 0.25, 0.5), GATE_REGRESSED);
  assert_int_equal(relative("tre", 8, above(10), above(10), 0.25, 0), GATE_REGRESSED);
  assert_int_equal(relative("tre", 8, 5.5, 5.5, 0.25, 0.5), GATE_HELD);
  assert_int_equal(relative("tre", 8, below(5.5), below(5.5), 0.25, 0.5), GATE_IMPROVED);
  /* of a negative number the size counts */
  assert_int_equal(relative("tre", -8, -6, -6, 0.25, 0), GATE_HELD);
  assert_int_equal(relative("tre", -8, above(-6), above(-6), 0.25, 0), GATE_REGRESSED);
  /* a share of 0 is 0 */
  assert_int_equal(relative("tre", 0, 0, 0, 0.25, 0), GATE_HELD);
  assert_int_equal(relative("tre", 0, 1e-300, 1e-300, 0.25, 0), GATE_REGRESSED);
  assert_int_equal(relative("tre", 0, 0.5, 0.5, 0.25, 0.5), GATE_HELD);
  assert_int_equal(relative("tre", 0, above(0.5), above(0.5), 0.25, 0.5), GATE_REGRESSED);
  /* no tolerance at all: only equal numbers hold */
  assert_int_equal(relative("effort.physics_steps", 3, 3, 3, 0, 0), GATE_HELD);
  assert_int_equal(relative("effort.physics_steps", 3, above(3), above(3), 0, 0), GATE_REGRESSED);
}

/* One golden number that is absurd does not widen the tolerance of the other seeds: a share of the mean, or of 3 times
 * the lower median. */
static void one_absurd_golden_number_holds_nothing(void** state) {
  (void)state;
  static const struct {
    int n;
    double golden[3], run[3];
    gate_verdict verdict;
    const char* limit;
  } cases[] = {{2, {1e308, 0.001}, {0.0281, 0.0321}, GATE_INCONCLUSIVE, "+- 50 % of 0.003"},
               /* -1000 and 0.0015, of 0.0015; then 0.0016 */
               {2, {1000, 1 / 1024.}, {0, 5 / 2048.}, GATE_HELD, "+- 50 % of 0.00292969"},
               {2, {1000, 1 / 1024.}, {0, 5.01 / 2048}, GATE_INCONCLUSIVE, "+- 50 % of 0.00292969"},
               {3, {1, 2, 1000}, {1, 2, 1003}, GATE_HELD, "+- 50 % of 6"},
               {3, {1, 2, 1000}, {1, 2, 1003.1}, GATE_INCONCLUSIVE, "+- 50 % of 6"},
               /* seeds that differ as seeds do: the mean */
               {2, {1, 5}, {1, 6.5}, GATE_HELD, "+- 50 % of 3"},
               {2, {-1, -5}, {-1, -3.5}, GATE_HELD, "+- 50 % of -3"},
               {3, {1, 2, 15}, {1, 2, 18}, GATE_HELD, "+- 50 % of 6"},
               {2, {0, 4}, {0, 4}, GATE_HELD, "+- 50 % of 0"},
               {2, {0, 4}, {0, 4.1}, GATE_INCONCLUSIVE, "+- 50 % of 0"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    gate_case c;
    begin_records();
    for (int s = 0; s < cases[i].n; s++) add_value(add_cell("a", s), "tre", 1, cases[i].run[s]);
    open_case(&c);
    for (int s = 0; s < cases[i].n; s++) add_golden(&c, "a", "tre", s, cases[i].golden[s]);
    const json_t* v = hold(&c, band_of("tre", BAND_RELATIVE, 0.5));
    if (strcmp(string_of(v, "limit"), cases[i].limit) != 0) fail_msg("case %zu: %s", i, string_of(v, "limit"));
    assert_verdict(v, cases[i].verdict);
    close_case(&c);
  }
}

static void seeds_are_compared_by_their_number(void** state) {
  (void)state;
  gate_case c;
  begin_records();
  static const int seeds[4] = {3, 2, 1, 7};
  static const double values[4] = {33, 22, 11, 1e6};
  for (int i = 0; i < 4; i++) add_value(add_cell("a", seeds[i]), "tre", 1, values[i]);
  open_case(&c);
  /* differences 1, 2 and 6, mean 3; seed 7 has no golden number, seed 9 was not run */
  static const int golden_seeds[4] = {1, 2, 3, 9};
  static const double golden[4] = {10, 20, 27, 1e6};
  for (int i = 0; i < 4; i++) add_golden(&c, "a", "tre", golden_seeds[i], golden[i]);
  band b = band_of("tre", BAND_RELATIVE, 0.5);
  b.seeds = 3;
  const json_t* v = hold(&c, b);
  assert_verdict(v, GATE_HELD);
  assert_int_equal(json_integer_value(json_object_get(v, "n")), 3);
  assert_near(field(v, "value"), 22, 1e-14); /* (33 + 22 + 11) / 3 */
  /* of three differences, the interval goes from the smallest to the largest about a mean of 19 */
  assert_near(field(v, "lo"), 19 + 1, 1e-13);
  assert_near(field(v, "hi"), 19 + 6, 1e-13);
  close_case(&c);
}

static void seeds_that_the_golden_table_has_count(void** state) {
  (void)state;
  for (int seeds = 1; seeds <= 3; seeds++) {
    gate_case c;
    begin_records();
    for (int s = 1; s <= 3; s++) add_value(add_cell("a", s), "tre", 1, 1);
    open_case(&c);
    add_golden(&c, "a", "tre", 2, 1);
    add_golden(&c, "a", "tre", 3, 1);
    band b = band_of("tre", BAND_RELATIVE, 0.25);
    b.seeds = seeds;
    assert_verdict(hold(&c, b), seeds <= 2 ? GATE_HELD : GATE_INCONCLUSIVE);
    close_case(&c);
  }
  /* one seed where one is enough: its own difference */
  for (int broken = 0; broken < 2; broken++) {
    gate_case c;
    begin_records();
    add_value(add_cell("a", 1), "tre", 1, broken ? above(1.25) : 1.25);
    open_case(&c);
    add_golden(&c, "a", "tre", 1, 1);
    assert_verdict(hold(&c, band_of("tre", BAND_RELATIVE, 0.25)), broken ? GATE_REGRESSED : GATE_HELD);
    close_case(&c);
  }
}

static void what_the_golden_table_lacks_is_missing(void** state) {
  (void)state;
  /* no table, another number, no number for one seed, a part of the cells */
  for (int what = 0; what < 4; what++) {
    gate_case c;
    begin_records();
    if (what == 3) {
      json_t* plan = add_plan("p");
      for (int s = 1; s <= 3; s++) add_planned(plan, "a", s, NULL);
    }
    for (int s = 1; s <= 2; s++) add_value(add_cell("a", s), "tre", 1, 1e6);
    open_case(&c);
    for (int s = 1; s <= 2 && what > 0; s++) {
      add_golden(&c, "a", what == 1 ? "sae_own" : "tre", s, what == 2 && s == 2 ? NONE : 1);
    }
    const json_t* verdict = hold(&c, band_of("tre", BAND_RELATIVE, 0.25));
    assert_verdict(verdict, GATE_MISSING);
    /* where it was looked for */
    if (what == 0) {
      assert_string_equal(string_of(verdict, "detail"),
                          "no golden table: there is no tasks/t/golden/t-p.csv; write it with `dynaflow gate RUN "
                          "--accept --reason ...`, or name another folder with --against");
    }
    close_case(&c);
  }
}

static void only_tolerances_of_the_profile_are_held_to(void** state) {
  (void)state;
  gate_case c;
  begin_records();
  add_value(add_cell("a", 1), "tre", 1, 0.5);
  open_case(&c);
  for (int i = 0; i < 3; i++) c.bands[i] = band_of("tre", BAND_AT_MOST, i == 1 ? 0 : 1);
  snprintf(c.bands[1].profile, sizeof c.bands[1].profile, "q");
  c.h.expect.n = 3;
  assert_int_equal(gate_judge_bands(&c.h), 2);
  assert_int_equal(json_array_size(c.out.verdicts.list), 2);
  assert_int_equal(c.out.count[GATE_HELD], 2);
  close_case(&c);
}

/* ---- work counters ---- */

static gate_verdict counted(double golden, double value) {
  gate_case c;
  begin_records();
  for (int s = 1; s <= 2; s++) add_value(add_cell("a", s), "effort.x", 1, value);
  open_case(&c);
  for (int s = 1; s <= 2; s++) add_golden(&c, "a", "effort.x", s, golden);
  c.h.expect.effort[0] = (effort_band){.profile = "p", .percent = 12.5, .absolute = 3, .reason = "because"};
  c.h.expect.n_effort = 1;
  assert_int_equal(gate_judge_bands(&c.h), 0); /* counters are no tolerances of their own */
  assert_int_equal(json_array_size(c.out.verdicts.list), 1);
  gate_verdict found = GATE_VERDICTS;
  for (int v = 0; v < GATE_VERDICTS; v++) {
    if (c.out.count[v]) found = (gate_verdict)v;
  }
  char limit[64];
  snprintf(limit, sizeof limit, "+- 12.5 %% of %.6g + 3", golden);
  assert_string_equal(string_of(verdict_at(&c, 0), "limit"), limit);
  assert_string_equal(string_of(verdict_at(&c, 0), "detail"), found == GATE_REGRESSED ? "because" : "");
  close_case(&c);
  return found;
}

static void counters_may_change_by_their_percentage_and_an_absolute_part(void** state) {
  (void)state;
  /* 12.5 % of 80 and 3: 13 either way */
  assert_int_equal(counted(80, 93), GATE_HELD);
  assert_int_equal(counted(80, 94), GATE_REGRESSED);
  assert_int_equal(counted(80, 67), GATE_HELD);
  assert_int_equal(counted(80, 66), GATE_REGRESSED);
  assert_int_equal(counted(0, 3), GATE_HELD);
  assert_int_equal(counted(0, 4), GATE_REGRESSED);
}

static void every_counter_of_the_golden_table_is_looked_at_once(void** state) {
  (void)state;
  gate_case c;
  begin_records();
  json_t* plan = add_plan("p");
  for (int s = 1; s <= 2; s++) add_planned(plan, "a", s, NULL);
  for (int s = 1; s <= 2; s++) add_planned(plan, "b", s, NULL);
  for (int s = 1; s <= 2; s++) {
    json_t* cell = add_cell("a", s);
    add_value(cell, "effort.x", 1, 8);
    add_value(cell, "effort.y", 1, 100);
    add_value(cell, "effortless", 1, 100);
  }
  add_value(add_cell("b", 1), "effort.x", 1, 100); /* seed 2 was not run */
  open_case(&c);
  for (int s = 1; s <= 2; s++) {
    add_golden(&c, "a", "effort.x", s, 8);
    add_golden(&c, "a", "effort.y", s, 8);
    add_golden(&c, "a", "effort.z", s, 8);
    add_golden(&c, "a", "effortless", s, 8);
    add_golden(&c, "b", "effort.x", s, 8);
  }
  c.h.expect.effort[0] = (effort_band){.profile = "q", .percent = 0, .reason = "because"};
  c.h.expect.effort[1] = (effort_band){.profile = "p", .percent = 10, .reason = "because"};
  c.h.expect.n_effort = 2;
  gate_judge_bands(&c.h);
  /* x held, y regressed, z not measured; of b only a part was run, which the plan tells */
  assert_int_equal(json_array_size(c.out.verdicts.list), 3);
  assert_string_equal(string_of(verdict_at(&c, 0), "metric"), "effort.x");
  assert_verdict(verdict_at(&c, 0), GATE_HELD);
  assert_string_equal(string_of(verdict_at(&c, 1), "metric"), "effort.y");
  assert_verdict(verdict_at(&c, 1), GATE_REGRESSED);
  assert_string_equal(string_of(verdict_at(&c, 2), "metric"), "effort.z");
  assert_verdict(verdict_at(&c, 2), GATE_MISSING);
  close_case(&c);
}

/* rows of one method, or of one K, that were lost from the table; a counter that it has for no method is new, and so is
 * a method of which it has nothing */
static void counters_that_were_lost_from_the_golden_table_are_missing(void** state) {
  (void)state;
  gate_case c;
  begin_records();
  for (int s = 1; s <= 2; s++) {
    json_t* cell = add_cell("a", s);
    add_value(cell, "tre", 1, 1);
    add_value(cell, "effort.x", 1, 300);
    add_value(cell, "effort.y", 1, 8);
    add_value(cell, "effort.y", 5, 300);
    add_value(cell, "effort.z", 1, 8);
    add_value(add_cell("b", s), "effort.x", 1, 8);
    add_value(add_cell("n", s), "effort.x", 1, 8);
  }
  open_case(&c);
  for (int s = 1; s <= 2; s++) {
    add_golden(&c, "a", "tre", s, 1);
    add_golden(&c, "a", "effort.y", s, 8);
    add_golden(&c, "b", "effort.x", s, 8);
  }
  c.h.expect.effort[0] = (effort_band){.profile = "p", .percent = 10, .reason = "because"};
  c.h.expect.n_effort = 1;
  gate_judge_bands(&c.h);
  static const struct {
    const char *method, *metric;
    int k;
    gate_verdict verdict;
  } wanted[] = {{"a", "effort.y", 1, GATE_HELD},
                {"b", "effort.x", 1, GATE_HELD},
                {"a", "effort.x", 1, GATE_MISSING},
                {"a", "effort.y", 5, GATE_MISSING}};
  assert_int_equal(json_array_size(c.out.verdicts.list), 4);
  for (size_t i = 0; i < 4; i++) {
    const json_t* v = verdict_at(&c, i);
    assert_string_equal(string_of(v, "method"), wanted[i].method);
    assert_string_equal(string_of(v, "metric"), wanted[i].metric);
    assert_int_equal(json_integer_value(json_object_get(v, "k")), wanted[i].k);
    assert_verdict(v, wanted[i].verdict);
  }
  close_case(&c);
}

static void counters_without_a_golden_table_are_missing(void** state) {
  (void)state;
  for (int table = 0; table < 2; table++) {
    gate_case c;
    begin_records();
    add_value(add_cell("a", 1), "effort.x", 1, 8);
    open_case(&c);
    if (table) add_golden(&c, "a", "tre", 1, 8);
    c.h.expect.effort[0] = (effort_band){.profile = "p", .percent = 10, .reason = "because"};
    c.h.expect.n_effort = 1;
    gate_judge_bands(&c.h);
    assert_int_equal(json_array_size(c.out.verdicts.list), 1);
    assert_verdict(verdict_at(&c, 0), GATE_MISSING);
    assert_string_equal(string_of(verdict_at(&c, 0), "metric"), "effort");
    close_case(&c);
  }
}

/* ---- for people ---- */

static void training_times_are_told_beside_the_golden_ones(void** state) {
  (void)state;
  gate_case c;
  begin_records();
  static const double seconds[3] = {6, 9, 0}; /* seed 3 did not train */
  for (int s = 1; s <= 3; s++) {
    json_object_set_new(add_cell("a", s), GOLDEN_SECONDS, json_real(seconds[s - 1]));
  }
  json_object_set_new(add_cell("b", 1), GOLDEN_SECONDS, json_real(5)); /* not in the table */
  json_t* elsewhere = add_cell("a", 1);                                /* of another profile */
  set_text(elsewhere, "profile", "q");
  json_object_set_new(elsewhere, GOLDEN_SECONDS, json_real(100));
  open_case(&c);
  add_golden(&c, "a", GOLDEN_SECONDS, 1, 4);
  add_golden(&c, "a", GOLDEN_SECONDS, 2, 6);
  for (int i = 0; i < c.h.golden.n; i++) c.rows[i].k = 0;
  gate_advise_time(&c.h);
  assert_int_equal(json_array_size(c.out.verdicts.list), 1);
  const json_t* v = verdict_at(&c, 0);
  assert_verdict(v, GATE_ADVISORY);
  /* (6 + 9) / 2 is half as much again as (4 + 6) / 2 */
  assert_near(field(v, "value"), 7.5, 0);
  assert_near(field(v, "n"), 2, 0);
  assert_string_equal(string_of(v, "detail"), "+50 %");
  assert_string_equal(string_of(v, "limit"), "was 5");
  assert_string_equal(string_of(v, "unit"), "s");
  close_case(&c);
}

/* each once, with the line of its first number; neither those of the run nor those of other tasks and profiles */
static void methods_that_the_run_lacks_are_missing(void** state) {
  (void)state;
  gate_case c;
  begin_records();
  add_value(add_cell("a", 1), "tre", 1, 2);
  open_case(&c);
  static const char* const methods[] = {"a", "b", "c", "b", "d", "e", "c"};
  for (int i = 0; i < 7; i++) {
    add_golden(&c, methods[i], "tre", 1 + i, 2);
    c.rows[i].line = 20 + i;
  }
  snprintf(c.rows[4].task, sizeof c.rows[4].task, "other");
  snprintf(c.rows[5].profile, sizeof c.rows[5].profile, "other");
  gate_judge_methods(&c.h);
  assert_int_equal(json_array_size(c.out.verdicts.list), 2);
  for (size_t i = 0; i < 2; i++) {
    const json_t* v = verdict_at(&c, i);
    assert_verdict(v, GATE_MISSING);
    assert_string_equal(string_of(v, "method"), i ? "c" : "b");
    assert_string_equal(string_of(v, "task"), "t");
    assert_string_equal(string_of(v, "profile"), "p");
    assert_string_equal(string_of(v, "metric"), "golden");
    assert_string_equal(
        string_of(v, "detail"),
        "the run has no cells of this method, of which golden.csv has numbers; run it, too, or accept a "
        "table without it");
    assert_string_equal(c.out.origins[i].golden, "golden.csv");
    assert_int_equal(c.out.origins[i].golden_line, 21 + (int)i);
  }
  close_case(&c);
  /* without a table nothing is missing */
  begin_records();
  add_value(add_cell("a", 1), "tre", 1, 2);
  open_case(&c);
  gate_judge_methods(&c.h);
  assert_int_equal(json_array_size(c.out.verdicts.list), 0);
  close_case(&c);
}

static void metrics_that_the_golden_table_lacks_are_told_and_fail_nothing(void** state) {
  (void)state;
  for (int known = 0; known < 3; known++) {
    gate_case c;
    begin_records();
    json_t* cell = add_cell("a", 1);
    static const char* const metrics[] = {"tre", "slip", "tre.joint_pos", "slip.chain", "jerk"};
    for (int i = 0; i < 5; i++) add_value(cell, metrics[i], 1, 2);
    open_case(&c);
    /* no table, one of an older program, one of another method with all of them */
    if (known == 1) add_golden(&c, "a", "tre", 1, 2);
    for (int i = 0; i < 5 && known == 2; i++) add_golden(&c, "b", metrics[i], 1, 2);
    gate_advise_new(&c.h);
    assert_int_equal(json_array_size(c.out.verdicts.list), known == 1);
    if (known == 1) {
      assert_verdict(verdict_at(&c, 0), GATE_ADVISORY);
      assert_string_equal(string_of(verdict_at(&c, 0), "detail"),
                          "4 metrics are not in golden.csv and not compared: slip, tre.joint_pos, jerk; accept a new "
                          "table to add them");
      assert_int_equal(c.out.count[GATE_ADVISORY], 1);
    }
    close_case(&c);
  }
}

static void a_tolerance_narrower_than_the_seeds_lie_is_told(void** state) {
  (void)state;
  /* seeds 1 and 3 lie 1 from their mean of 2 */
  static const struct {
    double bound, absolute;
    int rows;
  } cases[] = {{0.5, 0, 0}, {0.25, 0.5, 0}, {0.25, 0.25, 1}, {0.25, 0, 1}, {0, 1, 0}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    gate_case c;
    begin_records();
    add_value(add_cell("a", 1), "tre", 1, 1);
    add_value(add_cell("a", 2), "tre", 1, 3);
    open_case(&c);
    c.bands[0] = band_of("tre", BAND_RELATIVE, cases[i].bound);
    c.bands[0].absolute = cases[i].absolute;
    c.bands[1] = band_of("tre", BAND_AT_MOST, 0); /* not relative */
    c.h.expect.n = 2;
    gate_advise_spread(&c.h);
    assert_int_equal(json_array_size(c.out.verdicts.list), cases[i].rows);
    if (cases[i].rows) {
      const json_t* v = verdict_at(&c, 0);
      assert_verdict(v, GATE_ADVISORY);
      assert_true(field(v, "value") == 2 && field(v, "lo") == 1 && field(v, "hi") == 3);
      assert_non_null(strstr(string_of(v, "detail"), "50 %"));
    }
    close_case(&c);
  }
}

/* the mean lies nearer to the most seeds, so that only one side is beyond the tolerance */
static void a_spread_on_one_side_is_told(void** state) {
  (void)state;
  static const double values[2][3] = {{1, 4, 4}, {2, 2, 5}}; /* 2 below and 1 above their mean of 3, and the reverse */
  for (int side = 0; side < 2; side++) {
    gate_case c;
    begin_records();
    for (int s = 0; s < 3; s++) add_value(add_cell("a", s + 1), "tre", 1, values[side][s]);
    open_case(&c);
    c.bands[0] = band_of("tre", BAND_RELATIVE, 0.5);
    c.h.expect.n = 1;
    gate_advise_spread(&c.h);
    assert_int_equal(json_array_size(c.out.verdicts.list), 1);
    assert_non_null(strstr(string_of(verdict_at(&c, 0), "detail"), "up to 67 % from"));
    close_case(&c);
  }
}

/* the number that is held to the bound, how far beyond it, and the row of the golden table that deviates most */
static void a_verdict_tells_how_far_the_number_is_from_its_bound(void** state) {
  (void)state;
  static const struct {
    const char* metric;
    band_kind kind;
    double bound;
    int n;
    double value[3], golden[3];
    const char* shown;
    double number, excess;
    int golden_line; /* 0: none; that of seed s is 10 + s */
  } cases[] = {
      /* limits: the worst seed, in units of the limit */
      {"tre", BAND_AT_MOST, 4, 3, {5, 6, 2}, {0}, "<= 4", 6, 0.5, 0},
      {"tre", BAND_AT_LEAST, 4, 3, {5, 3, 7}, {0}, ">= 4", 3, 0.25, 0},
      {"tre", BAND_AT_MOST, -4, 1, {-2}, {0}, "<= -4", -2, 0.5, 0},
      {"tre", BAND_AT_MOST, 4, 1, {1}, {0}, "<= 4", 1, -0.75, 0},
      {"tre", BAND_AT_MOST, 0, 2, {-1, 2}, {0}, "<= 0", 2, INFINITY, 0},
      {"tre", BAND_AT_MOST, 0, 2, {-2, -1}, {0}, "<= 0", -1, 0, 0},
      {"tre", BAND_AT_MOST, 4, 2, {1, NAN}, {0}, "<= 4", 1, INFINITY, 0},
      /* relative: the mean, in units of the tolerance beyond its edge */
      {"tre", BAND_RELATIVE, 0.25, 3, {5, 1, 6}, {4, 4, 4}, "<= 5", 4, -1, 12},
      {"tre", BAND_RELATIVE, 0.25, 2, {7, 6}, {4, 4}, "<= 5", 6.5, 1.5, 11},
      {"tre", BAND_RELATIVE, 0.25, 2, {2, 3}, {4, 4}, "<= 5", 2.5, -2.5, 11},
      {"survival", BAND_RELATIVE, 0.25, 2, {0.5, 0.25}, {1, 1}, ">= 0.75", 0.375, 1.5, 12},
      {"effort.x", BAND_RELATIVE, 0.25, 2, {4, 5}, {8, 8}, "6..10", 4.5, 0.75, 11},
      {"effort.x", BAND_RELATIVE, 0.25, 2, {12, 11}, {8, 8}, "6..10", 11.5, 0.75, 11},
      {"tre", BAND_RELATIVE, 0, 2, {4, 5}, {4, 4}, "<= 4", 4.5, INFINITY, 12},
      {"tre", BAND_RELATIVE, 0, 2, {4, 4}, {4, 4}, "<= 4", 4, 0, 11},
      {"tre", BAND_RELATIVE, 0.25, 2, {4, NAN}, {4, 4}, "<= 5", 4, INFINITY, 11},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    gate_case c;
    begin_records();
    for (int s = 0; s < cases[i].n; s++) add_value(add_cell("a", s + 1), cases[i].metric, 1, cases[i].value[s]);
    open_case(&c);
    for (int s = 0; s < cases[i].n && cases[i].golden_line; s++) {
      add_golden(&c, "a", cases[i].metric, s + 1, cases[i].golden[s]);
      c.rows[s].line = 11 + s;
    }
    hold(&c, band_of(cases[i].metric, cases[i].kind, cases[i].bound));
    const gate_origin* o = &c.out.origins[0];
    if (strcmp(o->bound, cases[i].shown) != 0 || o->number != cases[i].number || o->excess != cases[i].excess ||
        o->golden_line != cases[i].golden_line) {
      fail_msg("case %zu: %s, number %g, excess %g, line %d", i, o->bound, o->number, o->excess, o->golden_line);
    }
    assert_int_equal(o->line, 7);
    close_case(&c);
  }
}

/* ---- any number of seeds ---- */

static void the_last_of_many_seeds_can_break_a_limit(void** state) {
  (void)state;
  for (int broken = 0; broken < 2; broken++) {
    gate_case c;
    begin_records();
    for (int s = 0; s < 200; s++) add_value(add_cell("a", s), "tre", 1, broken && s == 199 ? 5 : 0.5);
    open_case(&c);
    const json_t* v = hold(&c, band_of("tre", BAND_AT_MOST, 1));
    assert_verdict(v, broken ? GATE_REGRESSED : GATE_HELD);
    assert_int_equal(json_integer_value(json_object_get(v, "n")), 200);
    close_case(&c);
  }
}

/* windows of so many episodes, in turn */
static void set_episodes(json_t* cell, int windows, int episodes) {
  json_t* list = json_array();
  for (int i = 0; i < windows; i++) json_array_append_new(list, json_integer(i % episodes));
  json_object_set_new(cell, "windows", json_pack("{s:o}", "episode", list));
}

static void an_interval_of_few_episodes_does_not_count(void** state) {
  (void)state;
  static const struct {
    const char* metric;
    int windows, episodes; /* rows are of the first 4 windows */
    gate_verdict wanted;
  } cases[] = {{"tre", 8, 1, GATE_INCONCLUSIVE}, /* such a record has no interval; it is taken as it is */
               {"tre", 8, 2, GATE_HELD},         {"tre", 8, 3, GATE_HELD},
               {"tre", 8, 4, GATE_INCONCLUSIVE}, {"fall_rate", 8, 2, GATE_INCONCLUSIVE},
               {"tre", 0, 1, GATE_INCONCLUSIVE} /* unknown */};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    gate_case c;
    begin_records();
    json_t* cell = add_cell("a", 1);
    add_row(cell, cases[i].metric, 1, 0.5, 0.1, 2);
    if (cases[i].windows) set_episodes(cell, cases[i].windows, cases[i].episodes);
    open_case(&c);
    const json_t* v = hold(&c, band_of(cases[i].metric, BAND_AT_MOST, 1));
    assert_verdict(v, cases[i].wanted);
    assert_near(field(v, "hi"), cases[i].wanted == GATE_HELD ? 0.5 : 2, 0);
    close_case(&c);
  }
}

/* The row says of how many episodes its values are: windows without a value are not the last ones. */
static void the_episodes_of_a_row_are_those_that_it_states(void** state) {
  (void)state;
  /* windows 0 to 3 are of one episode each; values are left in 4 windows of `episodes` others */
  for (int episodes = 1; episodes <= 5; episodes++) {
    gate_case c;
    begin_records();
    json_t* cell = add_cell("a", 1);
    json_object_set_new(add_row(cell, "tre", 1, 0.5, 0.1, 2), "episodes", json_integer(episodes));
    set_episodes(cell, 8, episodes < 4 ? 8 : 2);
    open_case(&c);
    const bool alone = episodes == 2 || episodes == 3;
    assert_verdict(hold(&c, band_of("tre", BAND_AT_MOST, 1)), alone ? GATE_HELD : GATE_INCONCLUSIVE);
    close_case(&c);
  }
}

/* three seeds at the limit itself: the mean of three tenths is not a tenth */
static void seeds_at_the_limit_hold(void** state) {
  (void)state;
  for (int kind = BAND_AT_MOST; kind <= BAND_AT_LEAST; kind++) {
    gate_case c;
    begin_records();
    for (int s = 0; s < 3; s++) add_value(add_cell("a", s), "tre", 1, 0.1);
    open_case(&c);
    assert_verdict(hold(&c, band_of("tre", (band_kind)kind, 0.1)), GATE_HELD);
    close_case(&c);
  }
}

/* one seed whose 95 % interval is beyond the limit, of four: 1.1 to 1.9 about 1.5 is 1.5 -+ 0.4 5.3920 / 3.1824 at the
 * level of four, for four episodes (R's qt(.99375, 3) and qt(.975, 3)); and 20 times the limit in all of them */
static void a_seed_is_judged_at_the_level_of_all_seeds(void** state) {
  (void)state;
  for (int seeds = 1; seeds <= 4; seeds += 3) {
    gate_case c;
    begin_records();
    for (int s = 0; s < seeds; s++) {
      json_t* cell = add_cell("a", s);
      add_row(cell, "tre", 1, s ? 0.5 : 1.5, s ? 0.25 : 1.1, s ? 0.75 : 1.9);
      add_row(cell, "sae_own", 1, above(20), -1e3, 1e3);
    }
    open_case(&c);
    c.bands[0] = band_of("tre", BAND_AT_MOST, 1);
    c.bands[1] = band_of("sae_own", BAND_AT_MOST, 1);
    c.h.expect.n = 2;
    gate_judge_bands(&c.h);
    assert_verdict(verdict_at(&c, 0), seeds == 1 ? GATE_REGRESSED : GATE_INCONCLUSIVE);
    assert_verdict(verdict_at(&c, 1), GATE_REGRESSED);
    close_case(&c);
  }
}

/* wherever it stands in the table, the row is that of the run alone: its seeds, mean and range, and no distance from a
 * golden number */
static void a_golden_number_that_is_not_finite_is_named(void** state) {
  (void)state;
  for (int at = 1; at <= 3; at++) {
    char named[128];
    gate_case c;
    begin_records();
    for (int s = 1; s <= 3; s++) add_value(add_cell("a", s), "tre", 1, 2 * s);
    open_case(&c);
    for (int s = 1; s <= 3; s++) {
      add_golden(&c, "a", "tre", s, s == at ? NONE : 4);
      c.rows[s - 1].line = 15 + s;
    }
    const json_t* v = hold(&c, band_of("tre", BAND_RELATIVE, 0.25));
    assert_verdict(v, GATE_MISSING);
    snprintf(named, sizeof named,
             "golden.csv:%d: the accepted number of seed %d is not finite; accept a run in which it is", 15 + at, at);
    assert_string_equal(string_of(v, "detail"), named);
    assert_true(field(v, "value") == 4 && field(v, "lo") == 2 && field(v, "hi") == 6 && field(v, "n") == 3);
    assert_string_equal(string_of(v, "limit"), "+- 25 %");
    assert_true(c.out.origins[0].golden_line == 0 && c.out.origins[0].bound[0] == '\0');
    close_case(&c);
  }
}

/* of the seeds of the run and those of the table, those that both have: mean, range, limit and line */
static void seeds_that_one_side_lacks_are_left_out_of_both_means(void** state) {
  (void)state;
  static const struct {
    int seeds[3]; /* of the table, whose numbers are 4 times the seed; those of the run are 1, 2, 3, ten times it */
    int common;
    double value, lo, hi;
    const char* limit;
    int line;
  } cases[] = {{{1, 2, 3}, 3, 20, 8 + 6, 8 + 18, "+- 25 % of 8", 22},
               {{2, 3, 9}, 2, 25, 10 + 12, 10 + 18, "+- 25 % of 10", 21},
               {{0, 1, 9}, 1, 10, 4 + 6, 4 + 6, "+- 25 % of 4", 21},
               {{0, 7, 9}, 0, 20, 10, 30, "+- 25 %", 0}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    gate_case c;
    begin_records();
    for (int s = 1; s <= 3; s++) add_value(add_cell("a", s), "tre", 1, 10 * s);
    open_case(&c);
    for (int s = 0; s < 3; s++) {
      add_golden(&c, "a", "tre", cases[i].seeds[s], 4 * cases[i].seeds[s]);
      c.rows[s].line = 20 + s;
    }
    const json_t* v = hold(&c, band_of("tre", BAND_RELATIVE, 0.25));
    assert_verdict(v, cases[i].common ? GATE_REGRESSED : GATE_INCONCLUSIVE);
    assert_string_equal(string_of(v, "limit"), cases[i].limit);
    assert_true(field(v, "n") == (cases[i].common ? cases[i].common : 3));
    assert_near(field(v, "value"), cases[i].value, 1e-14);
    assert_near(field(v, "lo"), cases[i].lo, 1e-14);
    assert_near(field(v, "hi"), cases[i].hi, 1e-14);
    assert_int_equal(c.out.origins[0].golden_line, cases[i].line);
    close_case(&c);
  }
}

static void four_seeds_have_the_interval_of_student(void** state) {
  (void)state;
  gate_case c;
  begin_records();
  for (int s = 1; s <= 4; s++) add_value(add_cell("a", s), "tre", 1, 10 + s);
  open_case(&c);
  for (int s = 1; s <= 4; s++) add_golden(&c, "a", "tre", s, 10);
  /* differences 1 2 3 4: standard error sqrt(5/12), R's qt(.975, 3) is 3.1824; 2000 resamples are accurate to 1.6 % */
  const json_t* v = hold(&c, band_of("tre", BAND_RELATIVE, 1));
  const double half = 3.1824 * sqrt(5 / 12.0);
  assert_near(field(v, "hi"), 12.5 + half, 0.05 * half);
  assert_near(field(v, "lo"), 12.5 - half, 0.05 * half);
  close_case(&c);
}

static void every_seed_of_the_golden_table_is_compared(void** state) {
  (void)state;
  enum { SEEDS = 100 };
  static golden_row many[SEEDS];
  gate_case c;
  begin_records();
  /* the first 64 seeds are as accepted, the others ten times worse */
  for (int s = 0; s < SEEDS; s++) add_value(add_cell("a", s), "tre", 1, s < 64 ? 1 : 10);
  open_case(&c);
  add_golden(&c, "a", "tre", 0, 1);
  for (int s = 0; s < SEEDS; s++) {
    many[s] = c.rows[0];
    many[s].seed = s;
  }
  c.h.golden.rows = many;
  c.h.golden.n = SEEDS;
  const json_t* v = hold(&c, band_of("tre", BAND_RELATIVE, 0.25));
  assert_verdict(v, GATE_REGRESSED);
  assert_int_equal(json_integer_value(json_object_get(v, "n")), SEEDS);
  assert_near(field(v, "value"), 4.24, 1e-14); /* (64 + 360) / 100 */
  close_case(&c);
}

static void a_done_cell_without_the_number_is_missing(void** state) {
  (void)state;
  static const struct {
    double value, hi;
    band_kind kind;
    gate_verdict wanted;
  } cases[] = {{0.5, 0.75, BAND_AT_MOST, GATE_MISSING},
               {0.5, 1.5, BAND_AT_MOST, GATE_INCONCLUSIVE},
               {2, 3, BAND_AT_MOST, GATE_REGRESSED},
               {2, 3, BAND_AT_LEAST, GATE_MISSING},
               {1, 1, BAND_RELATIVE, GATE_MISSING}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    gate_case c;
    begin_records();
    add_row(add_cell("a", 1), "tre", 1, cases[i].value, cases[i].value, cases[i].hi);
    add_value(add_cell("a", 2), "tre", 5, 0.5); /* another K */
    open_case(&c);
    for (int s = 1; s <= 2; s++) add_golden(&c, "a", "tre", s, 1);
    const json_t* v = hold(&c, band_of("tre", cases[i].kind, 1));
    assert_verdict(v, cases[i].wanted);
    if (cases[i].wanted == GATE_MISSING) {
      assert_string_equal(string_of(v, "detail"), "1 of 2 done cells have no such number, required by expect.yaml:7");
      /* the same place as the row's own */
      assert_int_equal(c.out.origins[0].line, 7);
    }
    close_case(&c);
  }
}

static void counters_of_another_task_are_not_those_of_the_group(void** state) {
  (void)state;
  gate_case c;
  begin_records();
  add_value(add_cell("a", 1), "effort.x", 1, 8);
  open_case(&c);
  add_golden(&c, "a", "effort.x", 1, 8);
  add_golden(&c, "a", "effort.y", 1, 8);
  snprintf(c.rows[1].task, sizeof c.rows[1].task, "u");
  c.h.expect.effort[0] = (effort_band){.profile = "p", .percent = 10, .reason = "because"};
  c.h.expect.n_effort = 1;
  gate_judge_bands(&c.h);
  assert_int_equal(json_array_size(c.out.verdicts.list), 1);
  assert_verdict(verdict_at(&c, 0), GATE_HELD);
  close_case(&c);
}

static void a_spread_about_0_is_no_percentage(void** state) {
  (void)state;
  gate_case c;
  begin_records();
  add_value(add_cell("a", 1), "tre", 1, -0.25);
  add_value(add_cell("a", 2), "tre", 1, 0.25);
  open_case(&c);
  c.bands[0] = band_of("tre", BAND_RELATIVE, 0.5);
  c.h.expect.n = 1;
  gate_advise_spread(&c.h);
  assert_string_equal(string_of(verdict_at(&c, 0), "detail"),
                      "seeds deviate up to 0.25 std from their mean: on other machines this tolerance will not hold");
  close_case(&c);
}

/* ---- what the table lacks ---- */

/* methods a and b with the seeds 1 and 2, and their golden rows but those of `method` (NULL: none) from `seed` on */
static void open_table_case(gate_case* c, const char* method, int seed, const char* metric) {
  static const char* const methods[] = {"a", "b"};
  begin_records();
  for (int i = 0; i < 4; i++) {
    json_t* cell = add_cell(methods[i % 2], 1 + i / 2);
    add_value(cell, "tre", 1, 1);
    add_value(cell, "power", 1, 1);
  }
  open_case(c);
  for (int i = 0; i < 4; i++) {
    const bool lost = method && strcmp(method, methods[i % 2]) == 0 && 1 + i / 2 >= seed;
    if (!lost || (metric && strcmp(metric, "tre") != 0)) add_golden(c, methods[i % 2], "tre", 1 + i / 2, 1);
    if (!lost || (metric && strcmp(metric, "power") != 0)) add_golden(c, methods[i % 2], "power", 1 + i / 2, 1);
  }
}

/* the only row of the table's judgement; GATE_HELD: there is none */
static void expect_of_table(gate_case* c, gate_verdict wanted, const char* metric, const char* words) {
  gate_judge_table(&c->h);
  assert_int_equal(json_array_size(c->out.verdicts.list), wanted == GATE_HELD ? 0 : 1);
  if (wanted != GATE_HELD) {
    assert_verdict(verdict_at(c, 0), wanted);
    assert_string_equal(string_of(verdict_at(c, 0), "method"), "b");
    assert_string_equal(string_of(verdict_at(c, 0), "metric"), metric);
    if (!strstr(string_of(verdict_at(c, 0), "detail"), words)) fail_msg("%s", string_of(verdict_at(c, 0), "detail"));
  }
  close_case(c);
}

static void a_method_without_accepted_numbers_is_missing_or_declared(void** state) {
  (void)state;
  gate_case c;
  open_table_case(&c, NULL, 0, NULL);
  expect_of_table(&c, GATE_HELD, "", "");
  open_table_case(&c, "b", 1, NULL);
  expect_of_table(&c, GATE_MISSING, "golden", "golden.csv has no number of this method");
  uncompared declared = {.method = "b", .reason = "limits only", .line = 9};
  open_table_case(&c, "b", 1, NULL);
  c.h.expect.uncompared = &declared;
  c.h.expect.n_uncompared = 1;
  expect_of_table(&c, GATE_ADVISORY, "golden", "not compared with golden.csv: limits only");
  open_table_case(&c, "b", 1, NULL);
  c.h.has_golden = false;
  expect_of_table(&c, GATE_HELD, "", "");
}

/* of one seed or two, wherever its cells stand */
static void a_method_without_accepted_numbers_is_named_once(void** state) {
  (void)state;
  static const char* const methods[] = {"a", "b"};
  for (int lost = 0; lost < 2; lost++) {
    for (int seeds = 1; seeds <= 2; seeds++) {
      gate_case c;
      open_table_case(&c, methods[lost], 1, NULL);
      const int cells = c.r.n_cells;
      assert_int_equal(cells, 4);
      c.r.n_cells = 2 * seeds;
      gate_judge_table(&c.h);
      c.r.n_cells = cells;
      assert_int_equal(json_array_size(c.out.verdicts.list), 1);
      assert_verdict(verdict_at(&c, 0), GATE_MISSING);
      assert_string_equal(string_of(verdict_at(&c, 0), "method"), methods[lost]);
      close_case(&c);
    }
  }
}

static void a_seed_that_other_methods_have_is_missing(void** state) {
  (void)state;
  gate_case c;
  open_table_case(&c, "b", 2, NULL);
  expect_of_table(&c, GATE_MISSING, "golden", "no number of seed 2 of this method, but of other methods");
  open_table_case(&c, "b", 2, "tre");
  expect_of_table(&c, GATE_MISSING, "tre", "no such number of seed 2, but of other seeds");
  /* a metric that the table has for no seed of the method is named elsewhere */
  open_table_case(&c, "b", 1, "tre");
  expect_of_table(&c, GATE_HELD, "", "");
  /* a table of fewer seeds than the run */
  open_table_case(&c, NULL, 0, NULL);
  c.h.golden.n = 4;
  expect_of_table(&c, GATE_HELD, "", "");
}

/* removes a number of method b, seed 2, from the record and gives it another name in the table */
static void lose(gate_case* c, const char* name) {
  json_t* numbers = json_object_get((json_t*)(uintptr_t)c->r.cells[3].record, "rows");
  assert_string_equal(string_of(json_array_get(numbers, 0), "metric"), "tre");
  json_array_remove(numbers, 0);
  for (int i = 0; i < 8; i++) {
    if (strcmp(c->rows[i].metric, "tre") == 0 && strcmp(c->rows[i].method, "b") == 0) strcpy(c->rows[i].metric, name);
  }
  /* seed 1 has it under that name */
  json_t* other = json_object_get((json_t*)(uintptr_t)c->r.cells[1].record, "rows");
  json_object_set_new(json_array_get(other, 0), "metric", json_string(name));
}

static void numbers_that_a_run_lost_are_missing(void** state) {
  (void)state;
  static const struct {
    const char* metric;
    gate_verdict verdict;
  } cases[] = {{"tre", GATE_MISSING},
               {"jerk", GATE_MISSING},
               {"sae_min", GATE_MISSING},
               {"jerk.chain", GATE_ADVISORY},
               {"command_error", GATE_ADVISORY},
               {"command_error.yaw_rate", GATE_ADVISORY},
               {"gait_phase", GATE_ADVISORY},
               {"power.transport", GATE_ADVISORY},
               {GOLDEN_SECONDS, GATE_HELD}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    gate_case c;
    open_table_case(&c, NULL, 0, NULL);
    lose(&c, cases[i].metric);
    expect_of_table(&c, cases[i].verdict, cases[i].metric, "the run has no such number of seed 2, which golden.csv:");
  }
  /* both seeds lost it: one row; and a number that a tolerance has been judged by has its row */
  gate_case c;
  open_table_case(&c, NULL, 0, NULL);
  lose(&c, "jerk");
  json_array_remove(json_object_get((json_t*)(uintptr_t)c.r.cells[1].record, "rows"), 0);
  expect_of_table(&c, GATE_MISSING, "jerk", "of seed 1");
  open_table_case(&c, NULL, 0, NULL);
  lose(&c, "jerk");
  row judged = row_default();
  judged.task = c.h.g->task, judged.profile = c.h.g->profile, judged.method = "b", judged.metric = "jerk", judged.k = 1;
  gate_add_row(&c.out, GATE_REGRESSED, &judged, "", "by a tolerance");
  expect_of_table(&c, GATE_REGRESSED, "jerk", "by a tolerance");
  /* one of other sampler steps has not: it has a row of its own */
  open_table_case(&c, NULL, 0, NULL);
  lose(&c, "jerk");
  judged.task = c.h.g->task, judged.profile = c.h.g->profile, judged.k = 5;
  gate_add_row(&c.out, GATE_REGRESSED, &judged, "", "by a tolerance");
  gate_judge_table(&c.h);
  assert_int_equal(json_array_size(c.out.verdicts.list), 2);
  assert_verdict(verdict_at(&c, 1), GATE_MISSING);
  assert_int_equal(json_integer_value(json_object_get(verdict_at(&c, 1), "k")), 1);
  close_case(&c);
  /* a number of another group is none of this one */
  open_table_case(&c, NULL, 0, NULL);
  lose(&c, "jerk");
  for (int i = 0; i < 8; i++) {
    if (strcmp(c.rows[i].metric, "jerk") == 0 && c.rows[i].seed == 2) strcpy(c.rows[i].profile, "other");
  }
  expect_of_table(&c, GATE_HELD, "", "");
}

/* adds a number to the record of the seed that lost one */
static void keep(const gate_case* c, const char* metric, double value) {
  json_array_append_new(json_object_get((json_t*)(uintptr_t)c->r.cells[3].record, "rows"),
                        json_pack("{s:s,s:i,s:f,s:s}", "metric", metric, "k", 1, "value", value, "unit", ""));
}

static void a_number_of_chains_is_lost_if_one_of_them_stays_up(void** state) {
  (void)state;
  static const struct {
    const char *lost, *kept;
    double value;
    gate_verdict verdict;
  } cases[] = {{"jerk.chain", "fall_rate", 0.75, GATE_MISSING},
               {"jerk.chain", "fall_rate", 1, GATE_ADVISORY},
               {"command_error", "fall_rate", 0.75, GATE_MISSING},
               {"gait_phase", "fall_rate", 1, GATE_ADVISORY},
               {"power.transport.chain", "fall_rate", 0.75, GATE_ADVISORY}, /* a robot may stay where it is */
               {"power.chain", "jerk.chain", 3, GATE_MISSING},              /* no rule of falls */
               {"power.chain", "fall_rate.replanned", 0, GATE_ADVISORY},
               {"jerk.chain", "power.chain", 3, GATE_ADVISORY}}; /* chains may be too short for it */
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    gate_case c;
    open_table_case(&c, NULL, 0, NULL);
    lose(&c, cases[i].lost);
    keep(&c, cases[i].kept, cases[i].value);
    expect_of_table(&c, cases[i].verdict, cases[i].lost,
                    cases[i].verdict == GATE_MISSING ? "; accept a new table if it was removed" : "if all chains fall");
  }
}

static void numbers_of_another_unit_are_not_compared(void** state) {
  (void)state;
  for (int other = 0; other < 2; other++) {
    gate_case c;
    open_table_case(&c, NULL, 0, NULL);
    for (int i = 0; i < 8; i++) strcpy(c.rows[i].unit, other && i == 6 ? "m" : "std");
    expect_of_table(&c, other ? GATE_NOT_COMPARABLE : GATE_HELD, "tre", "the accepted number is in 'm', that of the");
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_limit_is_held_to_by_the_whole_interval),
      cmocka_unit_test(a_limit_far_below_a_value_is_broken_by_any_interval),
      cmocka_unit_test(the_worst_seed_decides),
      cmocka_unit_test(too_few_seeds_are_inconclusive),
      cmocka_unit_test(a_seed_without_a_finite_number_breaks_every_tolerance),
      cmocka_unit_test(a_number_that_was_not_measured_is_missing),
      cmocka_unit_test(a_metric_that_the_task_does_not_define_is_an_error),
      cmocka_unit_test(a_part_of_the_cells_can_break_a_limit_and_never_hold_it),
      cmocka_unit_test(a_change_counts_by_its_better_side),
      cmocka_unit_test(a_tolerance_is_a_share_of_the_golden_number_plus_an_absolute_part),
      cmocka_unit_test(one_absurd_golden_number_holds_nothing),
      cmocka_unit_test(seeds_are_compared_by_their_number),
      cmocka_unit_test(seeds_that_the_golden_table_has_count),
      cmocka_unit_test(what_the_golden_table_lacks_is_missing),
      cmocka_unit_test(only_tolerances_of_the_profile_are_held_to),
      cmocka_unit_test(counters_may_change_by_their_percentage_and_an_absolute_part),
      cmocka_unit_test(every_counter_of_the_golden_table_is_looked_at_once),
      cmocka_unit_test(counters_without_a_golden_table_are_missing),
      cmocka_unit_test(a_method_without_accepted_numbers_is_missing_or_declared),
      cmocka_unit_test(a_method_without_accepted_numbers_is_named_once),
      cmocka_unit_test(a_seed_that_other_methods_have_is_missing),
      cmocka_unit_test(numbers_that_a_run_lost_are_missing),
      cmocka_unit_test(a_number_of_chains_is_lost_if_one_of_them_stays_up),
      cmocka_unit_test(numbers_of_another_unit_are_not_compared),
      cmocka_unit_test(counters_that_were_lost_from_the_golden_table_are_missing),
      cmocka_unit_test(a_spread_on_one_side_is_told),
      cmocka_unit_test(training_times_are_told_beside_the_golden_ones),
      cmocka_unit_test(methods_that_the_run_lacks_are_missing),
      cmocka_unit_test(metrics_that_the_golden_table_lacks_are_told_and_fail_nothing),
      cmocka_unit_test(a_tolerance_narrower_than_the_seeds_lie_is_told),
      cmocka_unit_test(a_verdict_tells_how_far_the_number_is_from_its_bound),
      cmocka_unit_test(the_last_of_many_seeds_can_break_a_limit),
      cmocka_unit_test(an_interval_of_few_episodes_does_not_count),
      cmocka_unit_test(the_episodes_of_a_row_are_those_that_it_states),
      cmocka_unit_test(seeds_at_the_limit_hold),
      cmocka_unit_test(a_seed_is_judged_at_the_level_of_all_seeds),
      cmocka_unit_test(a_golden_number_that_is_not_finite_is_named),
      cmocka_unit_test(seeds_that_one_side_lacks_are_left_out_of_both_means),
      cmocka_unit_test(four_seeds_have_the_interval_of_student),
      cmocka_unit_test(every_seed_of_the_golden_table_is_compared),
      cmocka_unit_test(a_done_cell_without_the_number_is_missing),
      cmocka_unit_test(counters_of_another_task_are_not_those_of_the_group),
      cmocka_unit_test(a_spread_about_0_is_no_percentage),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
