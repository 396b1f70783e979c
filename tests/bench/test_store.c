/* The record of a run survives kills, refuses a second writer, and never loses what it cannot read. */
#define _GNU_SOURCE
#include "store.h"

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

static char folder[64], events[96];

static int set_up(void** state) {
  (void)state;
  snprintf(folder, sizeof folder, "/tmp/dynaflow-store-XXXXXX");
  if (!mkdtemp(folder)) return -1;
  snprintf(events, sizeof events, "%s/events.jsonl", folder);
  return 0;
}

static int tear_down(void** state) {
  (void)state;
  char command[128];
  snprintf(command, sizeof command, "rm -rf '%s'", folder);
  return system(command);
}

static void write_events(const char* content) {
  assert_int_equal(df_file_write(events, content, strlen(content)), DF_OK);
}

static void assert_events(const char* content) {
  char* data;
  size_t n;
  assert_int_equal(df_file_read(events, &data, &n), DF_OK);
  assert_string_equal(data, content);
  df_free(data);
}

static size_t count(const store* s) {
  return json_array_size(store_records(s));
}

#define RECORD(key, status) "{\"schema\":1,\"type\":\"cell\",\"key\":\"" key "\",\"status\":\"" status "\"}\n"

static void append(store* s, const char* key, const char* status) {
  json_t* record = json_pack("{s:i,s:s,s:s,s:s}", "schema", 1, "type", "cell", "key", key, "status", status);
  assert_int_equal(store_append(s, record), DF_OK);
  json_decref(record);
}

static void what_was_appended_is_read_again(void** state) {
  (void)state;
  store* s;
  assert_int_equal(store_open(folder, &s), DF_OK);
  append(s, "a", "error");
  append(s, "a", "done");
  append(s, "b", "interrupted");
  assert_non_null(store_find(s, "a"));
  store_close(s);
  assert_events(RECORD("a", "error") RECORD("a", "done") RECORD("b", "interrupted"));
  assert_int_equal(store_open(folder, &s), DF_OK);
  assert_int_equal(count(s), 3);
  assert_string_equal(json_string_value(json_object_get(store_find(s, "a"), "status")), "done");
  assert_null(store_find(s, "b"));
  assert_null(store_find(s, "c"));
  store_close(s);
}

static void a_torn_last_line_is_cut_off_at_every_byte(void** state) {
  (void)state;
  const char whole[] = RECORD("a", "done"), last[] = RECORD("b", "done");
  for (size_t kept = 1; kept < strlen(last); kept++) {
    char content[256];
    store* s;
    snprintf(content, sizeof content, "%s%.*s", whole, (int)kept, last);
    write_events(content);
    assert_int_equal(store_open(folder, &s), DF_OK);
    assert_int_equal(count(s), 1);
    append(s, "b", "done");
    store_close(s);
    assert_events(RECORD("a", "done") RECORD("b", "done"));
  }
}

static void a_torn_line_whose_end_reached_the_disk_is_cut_off(void** state) {
  (void)state;
  store* s;
  write_events(RECORD("a", "done") "{\"schema\":1,\"type\":\"ce\", done\"}\n");
  assert_int_equal(store_open(folder, &s), DF_OK);
  store_close(s);
  assert_events(RECORD("a", "done"));
}

static void reading_changes_nothing(void** state) {
  (void)state;
  store* s;
  write_events(RECORD("a", "done") "{\"sch");
  assert_int_equal(store_read(folder, &s), DF_OK);
  assert_int_equal(count(s), 1);
  json_t* record = json_object();
  assert_int_equal(store_append(s, record), DF_E_ARG);
  json_decref(record);
  store_close(s);
  assert_events(RECORD("a", "done") "{\"sch");
}

static void garbage_in_the_middle_is_named_by_line_and_left_alone(void** state) {
  (void)state;
  static const char* const garbage[] = {"not json\n",
                                        "\n",
                                        "[1,2]\n",
                                        "{\"schema\":1}\n",
                                        "{\"schema\":2,\"type\":\"cell\"}\n",
                                        "{\"schema\":1,\"type\":\"c\"} {}\n"};
  for (size_t i = 0; i < sizeof garbage / sizeof garbage[0]; i++) {
    char content[512], where[128];
    store* s;
    snprintf(content, sizeof content, "%s%s%s{\"torn", RECORD("a", "done"), garbage[i], RECORD("b", "done"));
    write_events(content);
    assert_int_equal(store_open(folder, &s), DF_E_FORMAT);
    assert_null(s);
    snprintf(where, sizeof where, "%s:2:", events);
    assert_non_null(strstr(df_error_message(), where));
    assert_events(content);
  }
}

static void a_second_writer_is_refused_and_a_reader_is_not(void** state) {
  (void)state;
  store *first, *second;
  assert_int_equal(store_open(folder, &first), DF_OK);
  append(first, "a", "done");
  assert_int_equal(store_open(folder, &second), DF_E_IO);
  assert_non_null(strstr(df_error_message(), "another dynaflow"));
  assert_int_equal(store_read(folder, &second), DF_OK);
  assert_int_equal(count(second), 1);
  store_close(second);
  store_close(first);
  assert_int_equal(store_open(folder, &second), DF_OK);
  store_close(second);
}

static void what_is_no_record_is_not_appended(void** state) {
  (void)state;
  store* s;
  json_t* bad = json_pack("{s:s}", "type", "cell");
  assert_int_equal(store_open(folder, &s), DF_OK);
  assert_int_equal(store_append(s, bad), DF_E_FORMAT);
  json_decref(bad);
  store_close(s);
  assert_events("");
}

static void a_missing_run_is_not_made_by_reading(void** state) {
  (void)state;
  store* s;
  assert_int_equal(store_read(folder, &s), DF_E_MISSING);
  assert_false(df_file_exists(events));
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(what_was_appended_is_read_again),
      CASE(a_torn_last_line_is_cut_off_at_every_byte),
      CASE(a_torn_line_whose_end_reached_the_disk_is_cut_off),
      CASE(reading_changes_nothing),
      CASE(garbage_in_the_middle_is_named_by_line_and_left_alone),
      CASE(a_second_writer_is_refused_and_a_reader_is_not),
      CASE(what_is_no_record_is_not_appended),
      CASE(a_missing_run_is_not_made_by_reading),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
