/* A tolerances file is read with its defaults, and every mistake in it is named by file, line and key. */
#define _GNU_SOURCE
#include "expect.h"

#include <sys/stat.h>
#include <unistd.h>

#include "dynaflow/core/alloc.h"
#include "run_file.h"

static char path[96];

static df_status read_text(const char* content, expectations* out) {
  make_run("");
  snprintf(path, sizeof path, "%s/expect.yaml", folder);
  assert_int_equal(df_file_write(path, content, strlen(content)), DF_OK);
  const df_status status = expect_read(path, out);
  remove_run();
  return status;
}

#define HEAD "task_version: 2\nmujoco: 3.17\nbands:\n"

static void deep_nesting_is_refused_by_line(void** state) {
  (void)state;
  enum { DEEP = 100000 };
  expectations e;
  char* content = malloc(DEEP + 5);
  assert_non_null(content);
  snprintf(content, 5, "a:\n ");
  memset(content + 4, '[', DEEP);
  content[DEEP + 4] = '\0';
  alarm(20);
  assert_int_equal(read_text(content, &e), DF_E_FORMAT);
  alarm(0);
  assert_non_null(strstr(df_error_message(), "expect.yaml:2: sequences and mappings are nested more than 64 deep"));
  free(content);
}

static void a_byte_that_is_no_text_has_its_line(void** state) {
  (void)state;
  expectations e;
  assert_int_equal(read_text(HEAD "  - metric: t\xff\n", &e), DF_E_FORMAT);
  assert_non_null(strstr(df_error_message(), "expect.yaml:4: byte 14 of the line is 0xff: invalid leading UTF-8"));
  assert_int_equal(read_text(HEAD "  - metric: \b\n", &e), DF_E_FORMAT);
  assert_non_null(strstr(df_error_message(), "expect.yaml:4: byte 13 of the line is 0x08: control characters"));
}

static void a_pipe_is_refused(void** state) {
  (void)state;
  expectations e;
  make_run("");
  snprintf(path, sizeof path, "%s/expect.yaml", folder);
  assert_int_equal(mkfifo(path, 0600), 0);
  alarm(20);
  assert_int_equal(expect_read(path, &e), DF_E_IO);
  alarm(0);
  assert_non_null(strstr(df_error_message(), "expect.yaml: not a regular file"));
  remove_run();
}

static void every_key_is_read(void** state) {
  (void)state;
  expectations e;
  assert_int_equal(read_text(HEAD "  - {metric: sae_own.worst_step, method: m, profile: p, k: 5, at_most: 1e-9, seeds: "
                                  "4, reason: because of this}\n"
                                  "  - metric: tre\n"
                                  "    method: n\n"
                                  "    profile: q\n"
                                  "    at_least: -2.5\n"
                                  "    reason: r\n"
                                  "  - {metric: tre, method: n, profile: q, relative: 0.125, absolute: 3, reason: r}\n"
                                  "  - {metric: tre, method: n, profile: q, relative: 0, k: 1, seeds: 1, reason: r}\n"
                                  "effort:\n"
                                  "  - {profile: p, percent: 10, absolute: 2, reason: s}\n"
                                  "  - {profile: q, percent: 0, reason: t}\n",
                             &e),
                   DF_OK);
  assert_string_equal(e.path, path);
  assert_int_equal(e.task_version, 2);
  assert_string_equal(e.mujoco, "3.17");
  assert_int_equal(e.n, 4);
  const band* b = e.bands;
  assert_string_equal(b[0].metric, "sae_own.worst_step");
  assert_string_equal(b[0].method, "m");
  assert_string_equal(b[0].profile, "p");
  assert_string_equal(b[0].reason, "because of this");
  assert_true(b[0].kind == BAND_AT_MOST && b[0].bound == 1e-9 && b[0].k == 5 && b[0].seeds == 4 && b[0].line == 4);
  /* defaults: no K, one seed for a limit, two for a comparison */
  assert_true(b[1].kind == BAND_AT_LEAST && b[1].bound == -2.5 && b[1].k == 0 && b[1].seeds == 1 && b[1].line == 5);
  assert_true(b[2].kind == BAND_RELATIVE && b[2].bound == 0.125 && b[2].absolute == 3 && b[2].seeds == 2);
  assert_true(b[3].kind == BAND_RELATIVE && b[3].bound == 0 && b[3].absolute == 0 && b[3].seeds == 1 && b[3].k == 1);
  assert_int_equal(e.n_effort, 2);
  assert_string_equal(e.effort[0].profile, "p");
  assert_string_equal(e.effort[0].reason, "s");
  assert_true(e.effort[0].percent == 10 && e.effort[0].absolute == 2 && e.effort[0].line == 13);
  assert_string_equal(e.effort[1].profile, "q");
  assert_true(e.effort[1].percent == 0 && e.effort[1].absolute == 0);
  expect_clear(&e);
}

/* a tolerance of one line, the fourth, with these keys beside the usual ones */
#define WITH(keys) HEAD "  - {metric: tre, method: m, profile: p, " keys "}\n"
#define FINE       WITH("at_most: 1, reason: r")

static void a_mistake_is_named_by_file_line_and_key(void** state) {
  (void)state;
  static const struct {
    const char* content;
    int line; /* 0: the file as a whole */
    const char* key;
  } cases[] = {
      {WITH("at_most: x, reason: r"), 4, "at_most"},
      {WITH("at_most: 1x, reason: r"), 4, "at_most"},
      {WITH("at_most: , reason: r"), 4, "at_most"},
      {WITH("at_most: .inf, reason: r"), 4, "at_most"},
      {WITH("at_most: inf, reason: r"), 4, "at_most"},
      {WITH("at_most: nan, reason: r"), 4, "at_most"},
      {WITH("at_most: 1e999, reason: r"), 4, "at_most"},
      {WITH("at_most: [1], reason: r"), 4, "at_most"},
      {WITH("relative: -0.1, reason: r"), 4, "relative"},
      {WITH("relative: 1.001, reason: r"), 4, "relative"},
      {WITH("relative: 0.1, absolute: -1, reason: r"), 4, "absolute"},
      {WITH("relative: 0.1, absolute: nan, reason: r"), 4, "absolute"},
      {WITH("at_most: 1, absolute: 1, reason: r"), 4, "absolute"},
      {WITH("at_most: 1, absolute: 0, reason: r"), 4, "absolute"},
      {WITH("at_least: 1, absolute: -0, reason: r"), 4, "absolute"},
      {WITH("at_most: 1, k: -1, reason: r"), 4, "k"},
      {WITH("at_most: 1, k: 1.5, reason: r"), 4, "k"},
      {WITH("at_most: 1, k: 1000001, reason: r"), 4, "k"},
      {WITH("at_most: 1, seeds: 0, reason: r"), 4, "seeds"},
      {WITH("at_most: 1, seeds: two, reason: r"), 4, "seeds"},
      {WITH("at_most: 1, reason: r, why: not"), 4, "why"},
      {WITH("at_most: 1, reason: ''"), 4, "reason"},
      {WITH("at_most: 1"), 4, "reason"},
      {WITH("at_most: 1, reason: r, k: 1, k: 1"), 4, "k"},
      /* one limit each */
      {WITH("reason: r"), 4, "at_most"},
      {WITH("at_most: 1, at_least: 0, reason: r"), 4, "at_most"},
      {WITH("at_least: 1, relative: 0, reason: r"), 4, "at_most"},
      {HEAD "  - {method: m, profile: p, at_most: 1, reason: r}\n", 4, "metric"},
      {HEAD "  - {metric: tre, profile: p, at_most: 1, reason: r}\n", 4, "method"},
      {HEAD "  - {metric: tre, method: m, at_most: 1, reason: r}\n", 4, "profile"},
      {HEAD "  - {metric: tr, method: m, profile: p, at_most: 1, reason: r}\n", 4, "metric"},
      {HEAD "  - {metric: tree, method: m, profile: p, at_most: 1, reason: r}\n", 4, "metric"},
      {HEAD "  - {metric: .tre, method: m, profile: p, at_most: 1, reason: r}\n", 4, "metric"},
      /* the line of the key, not of its mapping */
      {HEAD "  - metric: tre\n    method: m\n    profile: p\n    at_most: x\n    reason: r\n", 7, "at_most"},
      {HEAD "  - tre\n", 4, "metric"},
      {"task_version: 2\nmujoco: 3.17\nbands: []\n", 3, "bands"},
      {"task_version: 2\nmujoco: 3.17\nbands: {}\n", 3, "bands"},
      {"task_version: 0\nmujoco: 3.17\n" FINE, 1, "task_version"},
      {"mujoco: 3\n" FINE, 1, "mujoco"},
      {FINE "band: 1\n", 5, "band"},
      {FINE "bands: []\n", 5, "bands"},
      {FINE "effort: 1\n", 5, "effort"},
      {FINE "not_compared: 1\n", 5, "not_compared"},
      {FINE "not_compared: [1]\n", 5, "not_compared"},
      {FINE "not_compared:\n  - {reason: r}\n", 6, "method"},
      {FINE "not_compared:\n  - {method: m}\n", 6, "reason"},
      {FINE "not_compared:\n  - {method: m, k: 1, reason: r}\n", 6, "k"},
      {FINE "not_compared:\n  - {method: m, reason: r}\n  - {method: m, reason: s}\n", 7, "repeats"},
      {FINE "effort:\n  - {percent: 1, reason: r}\n", 6, "profile"},
      {FINE "effort:\n  - {profile: p, reason: r}\n", 6, "percent"},
      {FINE "effort:\n  - {profile: p, percent: 1}\n", 6, "reason"},
      {FINE "effort:\n  - {profile: p, percent: -1, reason: r}\n", 6, "percent"},
      {FINE "effort:\n  - {profile: p, percent: nan, reason: r}\n", 6, "percent"},
      {FINE "effort:\n  - {profile: p, percent: 1, absolute: -1, reason: r}\n", 6, "absolute"},
      {FINE "effort:\n  - {profile: p, percent: 1, k: 1, reason: r}\n", 6, "k"},
      {FINE "effort:\n  - {profile: p, percent: 1, reason: r}\n  - {profile: p, percent: 2, reason: r}\n", 7, ""},
      {"mujoco: 3.17\nbands:\n  - {metric: tre, method: m, profile: p, at_most: 1, reason: r}\n", 0, "task_version"},
      {"task_version: 1\nbands:\n  - {metric: tre, method: m, profile: p, at_most: 1, reason: r}\n", 0, "mujoco"},
      {"task_version: 1\nmujoco: 3.17\n", 0, "bands"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    expectations e;
    char where[128];
    if (read_text(cases[i].content, &e) != DF_E_CONFIG) fail_msg("%s", cases[i].content);
    snprintf(where, sizeof where, cases[i].line ? "%s:%d: " : "%s: ", path, cases[i].line);
    if (strncmp(df_error_message(), where, strlen(where)) != 0 || !strstr(df_error_message(), cases[i].key)) {
      fail_msg("%s%s", cases[i].content, df_error_message());
    }
    assert_true(!e.path && !e.bands && e.n == 0);
  }
}

static void what_is_no_mapping_is_refused_by_its_line(void** state) {
  (void)state;
  static const struct {
    const char *content, *where;
  } cases[] = {{"", ":1: "}, {"- 1\n", ":1: "}, {"task_version: 1\nbands: [\n", ":3: "}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    expectations e;
    assert_int_equal(read_text(cases[i].content, &e), DF_E_FORMAT);
    assert_non_null(strstr(df_error_message(), cases[i].where));
  }
  expectations e;
  assert_int_equal(expect_read("/nonexistent/expect.yaml", &e), DF_E_MISSING);
}

static void the_same_number_has_one_tolerance_of_a_kind(void** state) {
  (void)state;
  static const char first[] = "  - {metric: tre, method: m, profile: p, k: 1, at_most: 1, reason: r}\n";
  static const struct {
    const char* second;
    bool refused;
  } cases[] = {{"  - {metric: tre, method: m, profile: p, k: 1, at_most: 2, reason: s}\n", true},
               {"  - {metric: tre, method: m, profile: p, k: 1, at_least: 0, reason: r}\n", false},
               {"  - {metric: tre, method: m, profile: p, k: 1, relative: 0, reason: r}\n", false},
               {"  - {metric: tre, method: m, profile: p, k: 5, at_most: 1, reason: r}\n", false},
               {"  - {metric: tre, method: m, profile: p, at_most: 1, reason: r}\n", false},
               {"  - {metric: tre, method: n, profile: p, k: 1, at_most: 1, reason: r}\n", false},
               {"  - {metric: tre, method: m, profile: q, k: 1, at_most: 1, reason: r}\n", false},
               {"  - {metric: sae_own, method: m, profile: p, k: 1, at_most: 1, reason: r}\n", false}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    expectations e;
    char content[512], where[128];
    snprintf(content, sizeof content, HEAD "%s%s", first, cases[i].second);
    assert_int_equal(read_text(content, &e), cases[i].refused ? DF_E_CONFIG : DF_OK);
    snprintf(where, sizeof where, "%s:5: ", path);
    if (cases[i].refused) assert_int_equal(strncmp(df_error_message(), where, strlen(where)), 0);
    if (!cases[i].refused) assert_int_equal(e.n, 2);
    expect_clear(&e);
  }
}

static void capacities_are_exact(void** state) {
  (void)state;
  for (int over = 0; over < 2; over++) {
    /* tolerances */
    const int n = BANDS_MAX + over;
    char* content = malloc((size_t)n * 100 + 100);
    assert_non_null(content);
    size_t at = (size_t)sprintf(content, HEAD);
    for (int i = 0; i < n; i++) {
      at +=
          (size_t)sprintf(content + at, "  - {metric: tre, method: m, profile: p, k: %d, at_most: 1, reason: r}\n", i);
    }
    expectations e;
    assert_int_equal(read_text(content, &e), over ? DF_E_CONFIG : DF_OK);
    if (!over) assert_true(e.n == BANDS_MAX && e.bands[BANDS_MAX - 1].k == BANDS_MAX - 1);
    expect_clear(&e);
    free(content);
    /* a text that is too long by one character */
    char name[DF_NAME_MAX + 1], one[512];
    memset(name, 'm', sizeof name);
    name[DF_NAME_MAX - 1 + over] = '\0';
    snprintf(one, sizeof one, HEAD "  - {metric: tre, method: %s, profile: p, at_most: 1, reason: r}\n", name);
    assert_int_equal(read_text(one, &e), over ? DF_E_CONFIG : DF_OK);
    if (!over) assert_string_equal(e.bands[0].method, name);
    expect_clear(&e);
  }
}

static void a_second_document_is_refused(void** state) {
  (void)state;
  expectations e;
  char message[192];
  static const char* const more[] = {"---\n" FINE, "---\nx\n", "...\n---\nbands: 1\n"};
  for (int i = 0; i < 3; i++) {
    char content[512];
    snprintf(content, sizeof content, "%s%s", FINE, more[i]);
    assert_int_equal(read_text(content, &e), DF_E_FORMAT);
    snprintf(message, sizeof message, "%s:%d: a second YAML document begins here; put all tolerances into the first",
             path, i == 2 ? 7 : 6);
    assert_string_equal(df_error_message(), message);
    assert_true(!e.path && !e.bands && e.n == 0);
  }
  /* what follows the first is no YAML at all */
  assert_int_equal(read_text(FINE "---\n{\n", &e), DF_E_FORMAT);
  /* marks of its begin and end are fine */
  assert_int_equal(read_text("---\n" FINE "...\n", &e), DF_OK);
  assert_int_equal(e.n, 1);
  expect_clear(&e);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_key_is_read),
      cmocka_unit_test(deep_nesting_is_refused_by_line),
      cmocka_unit_test(a_byte_that_is_no_text_has_its_line),
      cmocka_unit_test(a_pipe_is_refused),
      cmocka_unit_test(a_mistake_is_named_by_file_line_and_key),
      cmocka_unit_test(what_is_no_mapping_is_refused_by_its_line),
      cmocka_unit_test(the_same_number_has_one_tolerance_of_a_kind),
      cmocka_unit_test(capacities_are_exact),
      cmocka_unit_test(a_second_document_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
