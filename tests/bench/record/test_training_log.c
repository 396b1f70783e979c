/* Points of trainings in a file: what stays when a training begins again, and what is refused. */
#define _GNU_SOURCE
#include "training_log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"

static char path[] = "/tmp/test_training_log.XXXXXX";

static int make_path(void** state) {
  (void)state;
  const int fd = mkstemp(path);
  return fd >= 0 ? close(fd) : -1;
}

static int remove_path(void** state) {
  (void)state;
  return unlink(path);
}

static void put(const char* content) {
  assert_int_equal(df_file_write(path, content, strlen(content)), DF_OK);
}

static void assert_content(const char* wanted) {
  char* data;
  size_t n;
  assert_int_equal(df_file_read(path, &data, &n), DF_OK);
  assert_int_equal(n, strlen(wanted));
  assert_memory_equal(data, wanted, n);
  df_free(data);
}

#define POINT(key, network, step) "{\"key\":\"" key "\",\"network\":\"" network "\",\"step\":" step "}\n"

static training_log* opened(void) {
  training_log* log;
  assert_int_equal(training_log_open(path, "step", &log), DF_OK);
  return log;
}

static void points_are_appended_as_lines(void** state) {
  (void)state;
  put("");
  training_log* log = opened();
  json_t* point = json_pack("{s:s,s:s,s:i,s:n}", "key", "a", "network", "n", "step", 3, "loss");
  assert_int_equal(training_log_add(log, point), DF_OK);
  assert_int_equal(training_log_add(log, point), DF_OK);
  json_decref(point);
  training_log_close(log);
  const char* line = "{\"key\":\"a\",\"network\":\"n\",\"step\":3,\"loss\":null}\n";
  char twice[256];
  snprintf(twice, sizeof twice, "%s%s", line, line);
  assert_content(twice);
}

static void a_training_that_begins_again_removes_its_own_later_points(void** state) {
  (void)state;
  put(POINT("a", "n", "1") POINT("a", "n", "2") POINT("b", "n", "2") POINT("a", "m", "2") POINT("a", "n", "3"));
  training_log* log = opened();
  assert_int_equal(training_log_rewind(log, "a", "n", 1), DF_OK);
  assert_content(POINT("a", "n", "1") POINT("b", "n", "2") POINT("a", "m", "2"));
  /* the file is a new one, and is appended to */
  json_t* point = json_pack("{s:s,s:s,s:i}", "key", "a", "network", "n", "step", 2);
  assert_int_equal(training_log_add(log, point), DF_OK);
  json_decref(point);
  assert_content(POINT("a", "n", "1") POINT("b", "n", "2") POINT("a", "m", "2") POINT("a", "n", "2"));
  assert_int_equal(training_log_rewind(log, "a", "n", 0), DF_OK);
  assert_content(POINT("b", "n", "2") POINT("a", "m", "2"));
  training_log_close(log);
}

static void a_line_without_an_end_is_cut_off(void** state) {
  (void)state;
  put(POINT("a", "n", "1") "{\"key\":\"a\",\"netw");
  training_log* log = opened();
  assert_int_equal(training_log_rewind(log, "c", "n", 0), DF_OK);
  assert_content(POINT("a", "n", "1"));
  training_log_close(log);
}

static void a_file_of_something_else_is_refused_and_unchanged(void** state) {
  (void)state;
  static const char* const lines[] = {"step,loss\n", "{}\n", "[1]\n", "\n", "{\"key\":\"a\",\"network\":\"n\"}\n",
                                      "{\"key\":1,\"network\":\"n\",\"step\":1}\n",
                                      /* without a newline */
                                      "step,loss", "{}", "{\"key\":\"a\",\"network\":\"n\"}"};
  for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
    char content[256], wanted[256];
    training_log* log = (training_log*)1;
    snprintf(content, sizeof content, "%s%s", POINT("a", "n", "1"), lines[i]);
    snprintf(wanted, sizeof wanted, "%s:2: not a point of a training log; name another file", path);
    put(content);
    assert_int_equal(training_log_open(path, "step", &log), DF_E_FORMAT);
    assert_null(log);
    assert_string_equal(df_error_message(), wanted);
    assert_content(content);
  }
}

/* without waiting for its reader */
static void a_pipe_is_refused(void** state) {
  (void)state;
  training_log* log;
  char pipe[sizeof path + 8];
  snprintf(pipe, sizeof pipe, "%s.pipe", path);
  assert_int_equal(mkfifo(pipe, 0600), 0);
  assert_int_equal(training_log_open(pipe, "step", &log), DF_E_IO);
  assert_non_null(strstr(df_error_message(), "a pipe or socket; name a file for the log"));
  assert_int_equal(unlink(pipe), 0);
}

static void a_second_log_on_one_file_is_refused(void** state) {
  (void)state;
  training_log* other;
  char wanted[256];
  put(POINT("a", "n", "1"));
  training_log* log = opened();
  /* also after the file was made anew */
  for (int i = 0; i < 2; i++) {
    snprintf(wanted, sizeof wanted, "%s: another process logs to it; name another file", path);
    assert_int_equal(training_log_open(path, "step", &other), DF_E_IO);
    assert_string_equal(df_error_message(), wanted);
    assert_int_equal(training_log_rewind(log, "a", "n", 0), DF_OK);
  }
  training_log_close(log);
  training_log_close(opened());
  assert_int_equal(training_log_open("/tmp/no/such/folder/log", "step", &log), DF_E_MISSING);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(points_are_appended_as_lines),
      cmocka_unit_test(a_training_that_begins_again_removes_its_own_later_points),
      cmocka_unit_test(a_line_without_an_end_is_cut_off),
      cmocka_unit_test(a_file_of_something_else_is_refused_and_unchanged),
      cmocka_unit_test(a_pipe_is_refused),
      cmocka_unit_test(a_second_log_on_one_file_is_refused),
  };
  return cmocka_run_group_tests(tests, make_path, remove_path);
}
