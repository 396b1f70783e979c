/* A run through the whole gate: what verification found, tolerances, acceptance, and the verdicts as JUnit XML. */
#define _GNU_SOURCE
#include <sys/stat.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/metrics/defs.h"
#include "gate.h"
#include "golden.h"
#include "json.h"
#include "whole_record.h"

/* ---- a task, and a run of it ---- */

static const char task_yaml[] = "task: {name: t}\neval: {windows: 2}\nprofiles:\n  p: {}\n  q: {}\n";
#define BANDS                                                                         \
  "task_version: 1\nmujoco: 3.17\nbands:\n"                                           \
  "  - {metric: tre_open_loop, method: a, profile: p, k: 1, at_most: 1, reason: r}\n" \
  "  - {metric: tre_open_loop, method: a, profile: p, k: 1, relative: 0.25, reason: r}\n"

static char tasks[64], golden[96];

static void write_task(const char* name, const char* content) {
  char path[160];
  snprintf(path, sizeof path, "%s/t/%s", tasks, name);
  assert_int_equal(df_file_write(path, content, strlen(content)), DF_OK);
}

static int set_up(void** state) {
  (void)state;
  char path[96];
  snprintf(tasks, sizeof tasks, "/tmp/dynaflow-tasks-XXXXXX");
  if (!mkdtemp(tasks)) return -1;
  snprintf(path, sizeof path, "%s/t", tasks);
  if (mkdir(path, 0700) != 0) return -1;
  snprintf(golden, sizeof golden, "%s/golden", tasks);
  if (mkdir(golden, 0700) != 0) return -1;
  write_task("task.yaml", task_yaml);
  write_task("expect.yaml", BANDS);
  return 0;
}

static int tear_down(void** state) {
  (void)state;
  char command[128];
  snprintf(command, sizeof command, "rm -rf '%s'", tasks);
  return system(command);
}

static verify_method method_of(const char* name) {
  (void)name;
  return (verify_method){.known = true};
}

static void replay(verifier* v, const void* context) {
  const verify_outcome* outcome = context;
  v->looked++;
  if (outcome) verify_find(v, *outcome, NULL, "replayed");
}

static void two_seeds(const char* profile, double first, double second) {
  json_t* plan = add_plan(profile);
  for (int s = 1; s <= 2; s++) {
    json_t* cell = add_whole("a", s, s == 1 ? first : second);
    set_text(cell, "profile", profile);
    seal(cell);
    add_planned(plan, "a", s, NULL);
  }
}

/* "metric:verdict" of every row */
static void assert_verdicts(const gate_result* g, const char* wanted) {
  text found = {0};
  size_t i;
  json_t* v;
  json_array_foreach(g->verdicts.list, i, v) {
    text_add(&found, "%s%s:%s", i ? " " : "", string_of(v, "metric"), string_of(v, "status"));
  }
  assert_string_equal(text_of(&found), wanted);
  text_clear(&found);
}

static void gate(const verify_outcome* replayed, const char* against, const char* wanted, int exit_code) {
  options opts = options_default();
  opts.tasks = tasks;
  const gate_cfg cfg = {.opts = &opts, .verify = {.method = method_of, .replays = replay, .context = replayed}};
  run_view r;
  gate_result g;
  open_run(&r);
  assert_int_equal(gate_run(&r, folder, &cfg, against, &g), DF_OK);
  assert_verdicts(&g, wanted);
  assert_int_equal(gate_exit_code(&g), exit_code);
  gate_clear(&g);
  close_run(&r);
}

static void accept_to(const char* against, df_status status, const char* wanted, int exit_code) {
  options opts = options_default();
  opts.tasks = tasks;
  const gate_cfg cfg = {.opts = &opts, .verify = {.method = method_of, .replays = replay}};
  run_view r;
  gate_result g;
  open_run(&r);
  assert_int_equal(gate_accept(&r, folder, &cfg, against, "because", &g), status);
  assert_verdicts(&g, wanted);
  assert_int_equal(gate_exit_code(&g), exit_code);
  gate_clear(&g);
  close_run(&r);
}

static void accept(const char* wanted, int exit_code) {
  accept_to(golden, DF_OK, wanted, exit_code);
}

static void a_run_is_held_to_the_table_that_was_accepted_of_it(void** state) {
  (void)state;
  char table[128];
  golden_table t;
  snprintf(table, sizeof table, "%s/t-p.csv", golden);
  begin_records();
  two_seeds("p", 0.5, 0.625);
  gate(NULL, golden, "tre_open_loop:held tre_open_loop:missing", EXIT_INCOMPLETE);
  begin_records();
  two_seeds("p", 0.5, 0.625);
  accept("accepted:held", EXIT_DONE);
  assert_int_equal(golden_read(table, &t), DF_OK);
  assert_int_equal(t.n, 4); /* a number and a time of two seeds */
  golden_clear(&t);
  /* the same by folder and by file; a quarter of 0.5625 more is the limit */
  for (int file = 0; file < 2; file++) {
    const char* const against = file ? table : golden;
    begin_records();
    two_seeds("p", 0.5, 0.625);
    gate(NULL, against, "tre_open_loop:held tre_open_loop:held train_cpu_s:advisory", EXIT_DONE);
    begin_records();
    two_seeds("p", 0.5 + 0.140625, 0.625 + 0.140625);
    gate(NULL, against, "tre_open_loop:held tre_open_loop:held train_cpu_s:advisory", EXIT_DONE);
    begin_records();
    two_seeds("p", 0.5 + 0.141, 0.625 + 0.141);
    gate(NULL, against, "tre_open_loop:held tre_open_loop:regressed train_cpu_s:advisory", EXIT_CHECK_FAILED);
    begin_records();
    two_seeds("p", 0.5 - 0.141, 0.625 - 0.141);
    gate(NULL, against, "tre_open_loop:held tre_open_loop:improved train_cpu_s:advisory", EXIT_DONE);
    begin_records();
    two_seeds("p", 1.5, 0.625);
    gate(NULL, against, "tre_open_loop:regressed tre_open_loop:inconclusive train_cpu_s:advisory", EXIT_CHECK_FAILED);
  }
}

static void what_verification_finds_is_a_verdict(void** state) {
  (void)state;
  write_task("expect.yaml",
             "task_version: 1\nmujoco: 3.17\nbands:\n"
             "  - {metric: tre_open_loop, method: a, profile: p, k: 1, at_most: 1, reason: r}\n");
  static const struct {
    verify_outcome found;
    const char* wanted;
    int exit_code;
  } cases[] = {{VERIFY_WARNING, "tre_open_loop:held", EXIT_DONE},
               {VERIFY_INCOMPLETE, "verify.replay:missing tre_open_loop:held", EXIT_INCOMPLETE},
               {VERIFY_FAILED, "verify.replay:regressed tre_open_loop:held", EXIT_CHECK_FAILED},
               /* numbers of a record that is not as it was written are not looked at */
               {VERIFY_TAMPERED, "verify.replay:unreadable", EXIT_USAGE}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    begin_records();
    two_seeds("p", 0.5, 0.625);
    gate(&cases[i].found, golden, cases[i].wanted, cases[i].exit_code);
  }
}

static void what_there_is_nothing_to_hold_to_for_is_missing(void** state) {
  (void)state;
  char path[96];
  /* no tolerance for the profile */
  begin_records();
  two_seeds("q", 0.5, 0.625);
  gate(NULL, golden, "bands:missing", EXIT_INCOMPLETE);
  /* no tolerances file, no task */
  snprintf(path, sizeof path, "%s/t/expect.yaml", tasks);
  assert_int_equal(remove(path), 0);
  begin_records();
  two_seeds("p", 0.5, 0.625);
  gate(NULL, golden, "expect:missing", EXIT_INCOMPLETE);
  snprintf(path, sizeof path, "%s/t/task.yaml", tasks);
  assert_int_equal(remove(path), 0);
  begin_records();
  two_seeds("p", 0.5, 0.625);
  gate(NULL, golden, "expect:missing", EXIT_INCOMPLETE);
}

static void files_that_cannot_be_read_are_failures(void** state) {
  (void)state;
  options opts = options_default();
  opts.tasks = tasks;
  const gate_cfg cfg = {.opts = &opts, .verify = {.method = method_of, .replays = replay}};
  run_view r;
  gate_result g;
  char table[128];
  snprintf(table, sizeof table, "%s/t-p.csv", golden);
  begin_records();
  two_seeds("p", 0.5, 0.625);
  open_run(&r);
  /* a table that is named must be there */
  assert_int_equal(gate_run(&r, folder, &cfg, table, &g), DF_E_MISSING);
  gate_clear(&g);
  assert_int_equal(df_dir_make(golden), DF_OK);
  assert_int_equal(df_file_write(table, "x\n", 2), DF_OK);
  assert_int_equal(gate_run(&r, folder, &cfg, golden, &g), DF_E_FORMAT);
  gate_clear(&g);
  write_task("expect.yaml", "bands: 1\n");
  assert_int_equal(gate_run(&r, folder, &cfg, golden, &g), DF_E_CONFIG);
  gate_clear(&g);
  close_run(&r);
}

/* without --against the table is that of the task's folder, wherever the working folder is */
static void the_golden_table_stands_beside_its_task(void** state) {
  (void)state;
  char own[128], elsewhere[96];
  snprintf(own, sizeof own, "%s/t/golden/t-p.csv", tasks);
  snprintf(elsewhere, sizeof elsewhere, "%s/elsewhere", tasks);
  begin_records();
  two_seeds("p", 0.5, 0.625);
  gate(NULL, NULL, "tre_open_loop:held tre_open_loop:missing", EXIT_INCOMPLETE);
  begin_records();
  two_seeds("p", 0.5, 0.625);
  accept_to(NULL, DF_OK, "accepted:held", EXIT_DONE);
  assert_true(df_file_exists(own));
  begin_records();
  two_seeds("p", 0.5, 0.625);
  gate(NULL, NULL, "tre_open_loop:held tre_open_loop:held train_cpu_s:advisory", EXIT_DONE);
  /* a task that is somebody else's does not lead the table out of its folder */
  char command[512];
  snprintf(command, sizeof command, "rm -r '%s/t/golden' && mkdir '%s' && ln -s '%s' '%s/t/golden'", tasks, elsewhere,
           elsewhere, tasks);
  assert_int_equal(system(command), 0);
  begin_records();
  two_seeds("p", 0.5, 0.625);
  accept_to(NULL, DF_E_IO, "", EXIT_INCOMPLETE);
  assert_non_null(strstr(df_error_message(), "name a folder of your own with --against"));
  snprintf(own, sizeof own, "%s/t-p.csv", elsewhere);
  assert_false(df_file_exists(own));
}

static void nothing_is_accepted_unless_all_is_done_and_compares(void** state) {
  (void)state;
  char table[128];
  snprintf(table, sizeof table, "%s/t-p.csv", golden);
  /* a cell is missing */
  begin_records();
  two_seeds("p", 0.5, 0.625);
  add_planned(json_array_get(records, 0), "a", 3, NULL);
  accept("verify.plan:missing", EXIT_INCOMPLETE);
  assert_false(df_file_exists(table));
  /* another group, looked at after this one, does not compare */
  begin_records();
  two_seeds("p", 0.5, 0.625);
  two_seeds("q", 0.5, 0.625);
  for (size_t i = 0; i < json_array_size(records); i++) {
    json_t* cell = json_array_get(records, i);
    if (strcmp(string_of(cell, "type"), "cell") != 0 || strcmp(string_of(cell, "profile"), "q") != 0) continue;
    set_text(json_object_get(cell, "config"), "task.version", "2");
    seal(cell);
  }
  accept("task_version:not comparable", EXIT_NOT_COMPARABLE);
  assert_false(df_file_exists(table));
}

/* a method that the tolerances do not name, and that the run does not have any more */
static void a_method_of_the_golden_table_is_not_lost(void** state) {
  (void)state;
  begin_records();
  two_seeds("p", 0.5, 0.625);
  for (int s = 1; s <= 2; s++) {
    json_t* cell = add_whole("b", s, 0.5 + s);
    set_text(cell, "profile", "p");
    seal(cell);
    add_planned(json_array_get(records, 0), "b", s, NULL);
  }
  accept("accepted:held", EXIT_DONE);
  begin_records();
  two_seeds("p", 0.5, 0.625);
  gate(NULL, golden, "tre_open_loop:held tre_open_loop:held golden:missing train_cpu_s:advisory", EXIT_INCOMPLETE);
}

static int count_of(const char* xml, const char* word) {
  int n = 0;
  for (const char* at = strstr(xml, word); at; at = strstr(at + 1, word)) n++;
  return n;
}

static void junit_has_a_case_per_verdict(void** state) {
  (void)state;
  gate_result g = {.verdicts = rows_new()};
  /* each verdict as often as its place in the list, from 1 */
  for (int v = 0; v < GATE_VERDICTS; v++) {
    for (int i = 0; i <= v; i++) {
      row r = row_default();
      r.task = "t<";
      r.method = "m&";
      r.profile = "p\"";
      r.metric = "tre";
      r.k = 5;
      r.value = 0.125;
      gate_add_row(&g, (gate_verdict)v, &r, "<= 1", "a > b");
      gate_locate(&g, "a&b.yaml", 7, "at most");
    }
  }
  char path[128];
  char* xml;
  size_t n;
  snprintf(path, sizeof path, "%s/junit.xml", tasks);
  assert_int_equal(gate_junit(&g, "run & <x>", path), DF_OK);
  assert_int_equal(df_file_read(path, &xml, &n), DF_OK);
  /* by hand: 1 + 2 + ... + 8; inconclusive 4, regressed 6; missing 5, not comparable 7 and unreadable 8 */
  assert_non_null(strstr(xml, " tests=\"36\" failures=\"6\" errors=\"20\" skipped=\"4\" time=\""));
  assert_int_equal(count_of(xml, "<testcase "), 36);
  assert_int_equal(count_of(xml, "</testcase>"), 36);
  assert_int_equal(count_of(xml, "<skipped message="), 4);
  assert_int_equal(count_of(xml, "<failure type=\"regressed\""), 6);
  assert_int_equal(count_of(xml, "<failure "), 6);
  assert_int_equal(count_of(xml, "<error type=\"missing\""), 5);
  assert_int_equal(count_of(xml, "<error type=\"not comparable\""), 7);
  assert_int_equal(count_of(xml, "<error type=\"unreadable\""), 8);
  /* the same name 36 times: every one but the first has a number */
  assert_int_equal(count_of(xml, "classname=\"t&lt;.p&quot;\" name=\"t&lt; p&quot; m&amp; tre K=5 at most"), 36);
  assert_int_equal(count_of(xml, " K=5 at most\""), 1);
  assert_int_equal(count_of(xml, " K=5 at most (2)\""), 1);
  assert_int_equal(count_of(xml, " K=5 at most (36)\""), 1);
  assert_int_equal(count_of(xml, " file=\"a&amp;b.yaml\" line=\"7\" time=\""), 36);
  assert_int_equal(count_of(xml, "<property name=\"value\" value=\"0.125\"/>"), 36);
  assert_int_equal(count_of(xml, "message=\"0.125, &lt;= 1: a &gt; b\""), 30);
  assert_non_null(strstr(xml, "run &amp; &lt;x&gt;"));
  df_free(xml);
  gate_clear(&g);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

/* 40 profiles, methods, numbers of sampler steps, metrics and seeds; the last of each kind is 5 where 1 is allowed */
static void the_last_of_many_decides_like_the_first(void** state) {
  (void)state;
  enum { MANY = 110, KINDS = 5 };
  for (int kind = 0; kind < KINDS; kind++) {
    for (int broken = 0; broken < 2; broken++) {
      text task = {0}, bands = {0}, wanted = {0};
      text_add(&task, "task: {name: t}\neval: {windows: 2}\nprofiles:\n");
      text_add(&bands, "task_version: 1\nmujoco: 3.17\nbands:\n");
      begin_records();
      for (int i = 0; i < MANY; i++) {
        char profile[16], method[16], metric[32];
        const double value = broken && i == MANY - 1 ? 5 : 0.5 + i / 1024.0; /* no two seeds are equal */
        const int k = kind == 2 ? i + 1 : 1;
        snprintf(profile, sizeof profile, "p%d", kind == 0 ? i : 0);
        snprintf(method, sizeof method, "a%d", kind == 1 ? i : 0);
        snprintf(metric, sizeof metric, "sae_own.x%d", kind == 3 ? i : 0);
        if (kind == 0 || i == 0) text_add(&task, "  %s: {}\n", profile);
        /* rows of one cell, or a cell each */
        json_t* cell = (kind == 2 || kind == 3) && i > 0 ? json_array_get(records, 0) : add_whole(method, i, value);
        set_text(cell, "profile", profile);
        if (i == 0 || (kind != 2 && kind != 3)) {
          json_array_clear(json_object_get(cell, "rows"));
          json_array_clear(json_object_get(cell, "samples"));
        }
        json_t* added = add_row(cell, metric, k, value, value, value);
        json_object_set_new(added, "n", json_integer(2));
        set_text(added, "unit", df_metric_unit(metric));
        seal(cell);
        if (kind == 4 && i > 0) continue;
        text_add(&bands, "  - {metric: %s, method: %s, profile: %s, k: %d, at_most: 1, reason: r}\n", metric, method,
                 profile, k);
        text_add(&wanted, "%s%s:%s", i ? " " : "", metric, broken && i == MANY - 1 ? "regressed" : "held");
      }
      if (kind == 4) {
        text_clear(&wanted);
        text_add(&wanted, "sae_own.x0:%s", broken ? "regressed" : "held");
      }
      /* every cell is planned */
      const size_t n = json_array_size(records);
      for (size_t c = 0; c < n; c++) {
        const json_t* cell = json_array_get(records, c);
        add_planned(add_plan(string_of(cell, "profile")), string_of(cell, "method"),
                    (int)json_integer_value(json_object_get(cell, "seed")), string_of(cell, "key"));
      }
      write_task("task.yaml", text_of(&task));
      write_task("expect.yaml", text_of(&bands));
      gate(NULL, golden, text_of(&wanted), broken ? EXIT_CHECK_FAILED : EXIT_DONE);
      text_clear(&task);
      text_clear(&bands);
      text_clear(&wanted);
    }
  }
}

static void a_golden_row_that_appears_twice_fails_the_gate(void** state) {
  (void)state;
  options opts = options_default();
  opts.tasks = tasks;
  const gate_cfg cfg = {.opts = &opts, .verify = {.method = method_of, .replays = replay}};
  char table[128], message[256], *data;
  size_t n;
  run_view r;
  gate_result g;
  snprintf(table, sizeof table, "%s/t-p.csv", golden);
  begin_records();
  two_seeds("p", 0.5, 0.625);
  accept("accepted:held", EXIT_DONE);
  /* a run that is twice as bad; a second row of seed 1 brings the mean of the table to that of the run */
  assert_int_equal(df_file_read(table, &data, &n), DF_OK);
  char* more = format_text("%st,a,1,p,tre_open_loop,1,5,std,2,,,ok\n", data);
  assert_int_equal(df_file_write(table, more, strlen(more)), DF_OK);
  begin_records();
  two_seeds("p", 1, 1.25);
  open_run(&r);
  assert_int_equal(gate_run(&r, folder, &cfg, golden, &g), DF_E_FORMAT);
  snprintf(message, sizeof message,
           ":20: the row of t, a, seed 1, profile p, tre_open_loop, k 1 appears twice, first in line 16; remove one");
  assert_non_null(strstr(df_error_message(), message));
  gate_clear(&g);
  close_run(&r);
  df_free(more);
  /* with the right table it has regressed */
  assert_int_equal(df_file_write(table, data, n), DF_OK);
  df_free(data);
  begin_records();
  two_seeds("p", 1, 1.25);
  gate(NULL, golden, "tre_open_loop:regressed tre_open_loop:regressed train_cpu_s:advisory", EXIT_CHECK_FAILED);
}

/* a limit whose profile is misspelt would be off */
static void a_profile_that_the_task_does_not_have_fails_the_gate(void** state) {
  (void)state;
  options opts = options_default();
  opts.tasks = tasks;
  const gate_cfg cfg = {.opts = &opts, .verify = {.method = method_of, .replays = replay}};
  static const char* const more[] = {
      "  - {metric: tre_open_loop, method: a, profile: P, k: 1, at_most: 0.1, reason: r}\n",
      "effort:\n  - {profile: P, percent: 10, reason: r}\n",
      "effort:\n  - {profile: p, percent: 10, reason: r}\n  - {profile: P, percent: 10, reason: r}\n",
      "  - {metric: tre_open_loop, method: a, profile: q, k: 1, at_most: 0.1, reason: r}\n", /* another one of the task
                                                                                              */
      "  - {metric: tre_open_loop, method: a, profile: full, k: 1, at_most: 0.1, reason: r}\n"};
  static const int line[] = {6, 7, 8, 0, 0};
  for (int i = 0; i < 5; i++) {
    char *expect = format_text(BANDS "%s", more[i]), message[256];
    run_view r;
    gate_result g;
    write_task("expect.yaml", expect);
    df_free(expect);
    begin_records();
    two_seeds("p", 0.5, 0.625);
    open_run(&r);
    assert_int_equal(gate_run(&r, folder, &cfg, golden, &g), line[i] ? DF_E_CONFIG : DF_OK);
    snprintf(message, sizeof message,
             "expect.yaml:%d: profile = 'P': %s/t/task.yaml has no such profile, so the limit would never be checked; "
             "it has full, p, q",
             line[i], tasks);
    if (line[i] && !strstr(df_error_message(), message)) fail_msg("%s", df_error_message());
    gate_clear(&g);
    close_run(&r);
  }
  write_task("expect.yaml", BANDS);
}

static void a_golden_row_of_another_group_fails_the_gate(void** state) {
  (void)state;
  options opts = options_default();
  opts.tasks = tasks;
  const gate_cfg cfg = {.opts = &opts, .verify = {.method = method_of, .replays = replay}};
  static const struct {
    bool named;
    const char *row, *wanted; /* NULL: it is read */
  } cases[] = {{false, "t,a,1,q", ":20: a row of task t, profile q, which has another table; remove it"},
               {false, "u,a,1,p", ":20: a row of task u, profile p, which has another table; remove it"},
               {true, "t,a,1,q", NULL}, /* the run has this profile */
               {true, "t,a,1,x", ":20: a row of task t, profile x, which the run does not have; remove it"},
               {false, "t,b,1,p", NULL}}; /* a method that was not run again */
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    char table[128], message[256], *data;
    size_t n;
    run_view r;
    gate_result g;
    snprintf(table, sizeof table, "%s/t-p.csv", golden);
    begin_records();
    two_seeds("p", 0.5, 0.625);
    accept("accepted:held", EXIT_DONE);
    assert_int_equal(df_file_read(table, &data, &n), DF_OK);
    char* more = format_text("%s%s,tre_open_loop,1,5,std,2,,,ok\n", data, cases[i].row);
    assert_int_equal(df_file_write(table, more, strlen(more)), DF_OK);
    df_free(data);
    df_free(more);
    begin_records();
    two_seeds("p", 0.5, 0.625);
    two_seeds("q", 0.5, 0.625);
    open_run(&r);
    assert_int_equal(gate_run(&r, folder, &cfg, cases[i].named ? table : golden, &g),
                     cases[i].wanted ? DF_E_FORMAT : DF_OK);
    if (cases[i].wanted) {
      snprintf(message, sizeof message, "%s%s", table, cases[i].wanted);
      assert_string_equal(df_error_message(), message);
    }
    gate_clear(&g);
    close_run(&r);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(a_run_is_held_to_the_table_that_was_accepted_of_it),
      CASE(what_verification_finds_is_a_verdict),
      CASE(what_there_is_nothing_to_hold_to_for_is_missing),
      CASE(files_that_cannot_be_read_are_failures),
      CASE(nothing_is_accepted_unless_all_is_done_and_compares),
      CASE(a_method_of_the_golden_table_is_not_lost),
      CASE(junit_has_a_case_per_verdict),
      CASE(the_last_of_many_decides_like_the_first),
      CASE(the_golden_table_stands_beside_its_task),
      CASE(a_golden_row_that_appears_twice_fails_the_gate),
      CASE(a_profile_that_the_task_does_not_have_fails_the_gate),
      CASE(a_golden_row_of_another_group_fails_the_gate),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
