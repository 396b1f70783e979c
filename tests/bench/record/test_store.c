/* The records of a run survive a killed process, refuse a second writer, and are never lost by being unreadable. */
#define _GNU_SOURCE
#include "store.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "key.h"

static char folder[64], events[96];
static const shard whole = {0, 0};

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

/* calls `change` for every line that is a record and returns the text with the changed lines, to be freed */
static char* change_records(const char* content, void (*change)(json_t* record)) {
  char* out = calloc(2 * strlen(content) + 1, 200);
  assert_non_null(out);
  size_t n = 0;
  for (const char* end; *content; content = end) {
    end = strchr(content, '\n');
    end = end ? end + 1 : content + strlen(content);
    json_error_t error;
    json_t* record =
        end[-1] == '\n' ? json_loadb(content, (size_t)(end - content), JSON_REJECT_DUPLICATES, &error) : NULL;
    if (json_is_object(record)) {
      change(record);
      char* line = json_dumps(record, JSON_COMPACT | JSON_ENSURE_ASCII);
      n += (size_t)sprintf(out + n, "%s\n", line);
      free(line);
    } else {
      memcpy(out + n, content, (size_t)(end - content));
      n += (size_t)(end - content);
    }
    json_decref(record);
  }
  return out;
}
static void add_seal(json_t* record) {
  if (!json_object_get(record, "record_sha256")) assert_int_equal(record_seal(record), DF_OK);
}
static void remove_seal(json_t* record) {
  json_object_del(record, "record_sha256");
}

/* tests give records without seals: they are added here and removed before a comparison */
static void write_file(const char* name, const char* content) {
  char path[128];
  char* sealed = change_records(content, add_seal);
  snprintf(path, sizeof path, "%s/%s", folder, name);
  assert_int_equal(df_file_write(path, sealed, strlen(sealed)), DF_OK);
  free(sealed);
}
static void write_events(const char* content) {
  write_file("events.jsonl", content);
}

static void assert_file(const char* name, const char* content) {
  char* data;
  char path[128];
  size_t n;
  snprintf(path, sizeof path, "%s/%s", folder, name);
  assert_int_equal(df_file_read(path, &data, &n), DF_OK);
  char *bare = change_records(data, remove_seal), *wanted = change_records(content, remove_seal);
  assert_string_equal(bare, wanted);
  free(bare);
  free(wanted);
  df_free(data);
}
static void assert_events(const char* content) {
  assert_file("events.jsonl", content);
}

static size_t count(const store* s) {
  return json_array_size(store_records(s));
}

#define RECORD(key, status) "{\"schema\":1,\"type\":\"cell\",\"key\":\"" key "\",\"status\":\"" status "\"}\n"

static void append(store* s, const char* key, const char* status) {
  json_t* record = json_pack("{s:i,s:s,s:s,s:s}", "schema", 1, "type", "cell", "key", key, "status", status);
  assert_int_equal(record_seal(record), DF_OK);
  assert_int_equal(store_append(s, record), DF_OK);
  json_decref(record);
}

static void what_was_appended_is_read_again(void** state) {
  (void)state;
  store* s;
  assert_int_equal(store_open(folder, whole, &s), DF_OK);
  append(s, "a", "error");
  append(s, "a", "done");
  append(s, "b", "interrupted");
  assert_non_null(store_find(s, "a"));
  store_close(s);
  assert_events(RECORD("a", "error") RECORD("a", "done") RECORD("b", "interrupted"));
  assert_int_equal(store_open(folder, whole, &s), DF_OK);
  assert_int_equal(count(s), 3);
  assert_string_equal(json_string_value(json_object_get(store_find(s, "a"), "status")), "done");
  assert_null(store_find(s, "b"));
  assert_null(store_find(s, "c"));
  store_close(s);
}

static void a_torn_last_line_is_cut_off_at_every_byte(void** state) {
  (void)state;
  const char first[] = RECORD("a", "done"), last[] = RECORD("b", "done");
  for (size_t kept = 1; kept < strlen(last); kept++) {
    char content[256];
    store* s;
    snprintf(content, sizeof content, "%s%.*s", first, (int)kept, last);
    write_events(content);
    assert_int_equal(store_open(folder, whole, &s), DF_OK);
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
  assert_int_equal(store_open(folder, whole, &s), DF_OK);
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
    assert_int_equal(store_open(folder, whole, &s), DF_E_FORMAT);
    assert_null(s);
    snprintf(where, sizeof where, "%s:2:", events);
    assert_non_null(strstr(df_error_message(), where));
    assert_events(content);
  }
}

static void a_second_writer_is_refused_and_a_reader_is_not(void** state) {
  (void)state;
  store *first, *second;
  assert_int_equal(store_open(folder, whole, &first), DF_OK);
  append(first, "a", "done");
  assert_int_equal(store_open(folder, whole, &second), DF_E_IO);
  assert_non_null(strstr(df_error_message(), "another dynaflow"));
  assert_int_equal(store_read(folder, &second), DF_OK);
  assert_int_equal(count(second), 1);
  store_close(second);
  store_close(first);
  assert_int_equal(store_open(folder, whole, &second), DF_OK);
  store_close(second);
}

static void what_is_no_record_is_not_appended(void** state) {
  (void)state;
  store* s;
  json_t* bad = json_pack("{s:s}", "type", "cell");
  assert_int_equal(store_open(folder, whole, &s), DF_OK);
  assert_int_equal(store_append(s, bad), DF_E_FORMAT);
  assert_events("");
  /* the line that it would have is named */
  append(s, "a", "done");
  append(s, "b", "done");
  assert_int_equal(store_append(s, bad), DF_E_FORMAT);
  assert_non_null(strstr(df_error_message(), "/events.jsonl:3: not a record"));
  json_decref(bad);
  store_close(s);
  assert_events(RECORD("a", "done") RECORD("b", "done"));
}

/* whether the key of a record is among the letters */
static bool is_among(const json_t* record, const void* letters) {
  return strstr(letters, json_string_value(json_object_get(record, "key"))) != NULL;
}

static void what_is_not_removed_keeps_its_bytes_and_order(void** state) {
  (void)state;
  store* s;
  struct stat before, after;
  assert_int_equal(store_open(folder, whole, &s), DF_OK);
  static const char* const keys[] = {"a", "b", "c", "d", "e", "f"};
  for (int i = 0; i < 6; i++) append(s, keys[i], i % 2 ? "interrupted" : "done");
  /* without such records the file stays the same one */
  assert_int_equal(stat(events, &before), 0);
  assert_int_equal(store_remove(s, is_among, "xyz"), DF_OK);
  assert_int_equal(stat(events, &after), 0);
  assert_true(before.st_ino == after.st_ino);
  assert_int_equal(count(s), 6);
  assert_int_equal(store_remove(s, is_among, "acd"), DF_OK);
  assert_events(RECORD("b", "interrupted") RECORD("e", "done") RECORD("f", "interrupted"));
  assert_int_equal(count(s), 3);
  assert_null(store_find(s, "a"));
  assert_non_null(store_find(s, "e"));
  /* the store goes on from there */
  append(s, "g", "done");
  assert_int_equal(store_remove(s, is_among, "f"), DF_OK);
  store_close(s);
  assert_events(RECORD("b", "interrupted") RECORD("e", "done") RECORD("g", "done"));
  assert_int_equal(store_open(folder, whole, &s), DF_OK);
  assert_int_equal(store_remove(s, is_among, "beg"), DF_OK);
  store_close(s);
  assert_events("");
}

static void a_missing_run_is_not_made_by_reading(void** state) {
  (void)state;
  store* s;
  assert_int_equal(store_read(folder, &s), DF_E_MISSING);
  assert_false(df_file_exists(events));
}

/* ---- several files ---- */

static void files_of_shards_are_one_record(void** state) {
  (void)state;
  store *one, *two, *run;
  assert_int_equal(store_open(folder, (shard){1, 2}, &one), DF_OK);
  assert_int_equal(store_open(folder, (shard){2, 2}, &two), DF_OK);
  append(one, "a", "done");
  append(two, "b", "error");
  append(two, "b", "done");
  /* store_refresh() reads what another process has appended */
  assert_null(store_find(one, "b"));
  assert_int_equal(store_refresh(one), DF_OK);
  assert_non_null(store_find(one, "b"));
  append(one, "c", "done");
  assert_int_equal(count(one), 4);
  assert_int_equal(json_array_size(store_own(one)), 2);
  assert_int_equal(store_read(folder, &run), DF_OK);
  assert_int_equal(count(run), 4);
  assert_non_null(store_find(run, "c"));
  assert_null(store_own(run));
  assert_string_equal(store_path(run), folder);
  store_close(run);
  store_close(one);
  store_close(two);
  assert_file("events-1of2.jsonl", RECORD("a", "done") RECORD("c", "done"));
  assert_file("events-2of2.jsonl", RECORD("b", "error") RECORD("b", "done"));
  assert_false(df_file_exists(events));
}

static void a_file_that_comes_later_is_seen(void** state) {
  (void)state;
  store* s;
  assert_int_equal(store_open(folder, whole, &s), DF_OK);
  write_file("events-3of7.jsonl", RECORD("a", "done") "{\"torn");
  write_file("events-7of3.jsonl", RECORD("x", "done"));
  write_file("events-copy.jsonl", RECORD("x", "done"));
  assert_int_equal(store_refresh(s), DF_OK);
  assert_int_equal(count(s), 1);
  /* the line is completed */
  write_file("events-3of7.jsonl", RECORD("a", "done") RECORD("b", "done"));
  assert_int_equal(store_refresh(s), DF_OK);
  assert_int_equal(count(s), 2);
  assert_non_null(store_find(s, "b"));
  assert_null(store_find(s, "x"));
  store_close(s);
}

static void each_file_has_one_writer(void** state) {
  (void)state;
  store *one, *two, *all, *again;
  assert_int_equal(store_open(folder, (shard){1, 2}, &one), DF_OK);
  assert_int_equal(store_open(folder, (shard){2, 2}, &two), DF_OK);
  assert_int_equal(store_open(folder, whole, &all), DF_OK);
  assert_int_equal(store_open(folder, (shard){2, 2}, &again), DF_E_IO);
  assert_non_null(strstr(df_error_message(), "events-2of2.jsonl: another dynaflow"));
  store_close(two);
  assert_int_equal(store_open(folder, (shard){2, 2}, &again), DF_OK);
  store_close(again);
  store_close(one);
  store_close(all);
}

#define AT(when, key) "{\"schema\":1,\"type\":\"cell\",\"key\":\"" key "\",\"started\":\"" when "\"}\n"

/* the keys in the order of store_records() */
static void assert_order(const char* wanted) {
  store* s;
  char keys[32] = "";
  size_t i;
  json_t* record;
  assert_int_equal(store_read(folder, &s), DF_OK);
  json_array_foreach(store_records(s), i, record) {
    strncat(keys, json_string_value(json_object_get(record, "key")), sizeof keys - strlen(keys) - 1);
  }
  assert_string_equal(keys, wanted);
  store_close(s);
}

static void records_stand_in_the_order_of_time_and_of_their_file(void** state) {
  (void)state;
  write_file("events-1of2.jsonl", AT("2026-01-01T00:00:01Z", "a") AT("2026-01-01T00:00:04Z", "d"));
  write_file("events-2of2.jsonl", AT("2026-01-01T00:00:02Z", "b") AT("2026-01-01T00:00:03Z", "c"));
  assert_order("abcd");
  /* equal times: the file of the whole plan first, then by shard */
  write_events(AT("2026-01-01T00:00:02Z", "w") AT("2026-01-01T00:00:09Z", "z"));
  assert_order("awbcdz");
  /* a clock that was set back does not change the order within a file; a record without time has that of the line
   * before */
  write_file("events-2of2.jsonl", AT("2026-01-01T00:00:03Z", "b") AT("2020-01-01T00:00:00Z", "c") RECORD("n", "done")
                                      AT("2026-01-01T00:00:04Z", "e"));
  assert_order("awbcndez");
}

static void a_place_is_told_by_line_and_by_file_where_there_are_several(void** state) {
  (void)state;
  store* s;
  char words[64];
  write_events(AT("2026-01-01T00:00:01Z", "a") AT("2026-01-01T00:00:03Z", "c"));
  assert_int_equal(store_read(folder, &s), DF_OK);
  assert_string_equal(store_where(s, 1, words, sizeof words), "line 2");
  assert_string_equal(store_path(s), events);
  store_close(s);
  write_file("events-2of2.jsonl", AT("2026-01-01T00:00:02Z", "b"));
  assert_int_equal(store_read(folder, &s), DF_OK);
  assert_string_equal(store_where(s, 1, words, sizeof words), "events-2of2.jsonl line 1");
  assert_string_equal(store_where(s, 2, words, sizeof words), "events.jsonl line 2");
  store_close(s);
}

static void other_files_are_named_and_left_alone(void** state) {
  (void)state;
  store* s;
  static const char torn[] = RECORD("a", "done") "{\"torn", bad[] = RECORD("a", "done") "garbage\n" RECORD("b", "done");
  write_file("events-1of2.jsonl", torn);
  assert_int_equal(store_open(folder, (shard){2, 2}, &s), DF_OK);
  assert_int_equal(count(s), 1);
  store_close(s);
  assert_file("events-1of2.jsonl", torn);
  write_file("events-1of2.jsonl", bad);
  write_file("events-2of2.jsonl", torn);
  assert_int_equal(store_open(folder, (shard){2, 2}, &s), DF_E_FORMAT);
  assert_non_null(strstr(df_error_message(), "events-1of2.jsonl:2: not JSON"));
  assert_file("events-1of2.jsonl", bad);
  /* and the incomplete line of the own file is still there */
  assert_file("events-2of2.jsonl", torn);
  assert_int_equal(store_read(folder, &s), DF_E_FORMAT);
}

static void a_record_that_was_changed_is_read_and_not_gone_on_from(void** state) {
  (void)state;
  store* s;
  json_t* record =
      json_pack("{s:i,s:s,s:s,s:s,s:i}", "schema", 1, "type", "cell", "key", "a", "status", "done", "value", 1);
  assert_int_equal(record_seal(record), DF_OK);
  assert_int_equal(store_open(folder, whole, &s), DF_OK);
  assert_int_equal(store_append(s, record), DF_OK);
  store_close(s);
  assert_int_equal(store_open(folder, whole, &s), DF_OK);
  store_close(s);
  json_object_set_new(record, "value", json_integer(2));
  char* line = json_dumps(record, JSON_COMPACT);
  char content[512];
  snprintf(content, sizeof content, "%s%s\n%s", RECORD("b", "done"), line, RECORD("c", "done"));
  free(line);
  json_decref(record);
  write_events(content);
  assert_int_equal(store_open(folder, whole, &s), DF_E_FORMAT);
  assert_non_null(strstr(df_error_message(), "events.jsonl:2: the record was changed"));
  assert_int_equal(store_open(folder, (shard){1, 1}, &s), DF_E_FORMAT);
  assert_events(content);
  assert_int_equal(store_read(folder, &s), DF_OK);
  assert_int_equal(count(s), 3);
  store_close(s);
}

/* a link in place of the record or the lock could lead to any file, whose last line would be cut off */
static void a_link_is_not_written_through(void** state) {
  (void)state;
  static const char* const names[] = {"events.jsonl", "lock"};
  for (int i = 0; i < 2; i++) {
    store* s;
    char link[128];
    snprintf(link, sizeof link, "%s/%s", folder, names[i]);
    write_file("victim", "no record");
    remove(link); /* the lock of the first round */
    assert_int_equal(symlink("victim", link), 0);
    assert_int_equal(store_open(folder, whole, &s), DF_E_IO);
    assert_non_null(strstr(df_error_message(), names[i]));
    assert_non_null(strstr(df_error_message(), "a symbolic link, which is not written to"));
    assert_file("victim", "no record");
    assert_int_equal(unlink(link), 0);
    assert_int_equal(symlink("none", link), 0);
    assert_int_equal(store_open(folder, whole, &s), DF_E_IO);
    snprintf(link, sizeof link, "%s/none", folder);
    assert_false(df_file_exists(link));
    snprintf(link, sizeof link, "%s/%s", folder, names[i]);
    assert_int_equal(unlink(link), 0);
  }
}

/* a file of records that was removed, or replaced by another one, keeps what is written to it from everyone */
static void a_file_that_lost_its_name_takes_no_record(void** state) {
  (void)state;
  store* s;
  json_t* record = json_pack("{s:i,s:s,s:s,s:s}", "schema", 1, "type", "cell", "key", "b", "status", "done");
  assert_int_equal(record_seal(record), DF_OK);
  for (int replaced = 0; replaced < 2; replaced++) {
    assert_int_equal(store_open(folder, whole, &s), DF_OK);
    append(s, "a", "done");
    const size_t n = count(s);
    assert_int_equal(store_refresh(s), DF_OK);
    assert_int_equal(remove(events), 0);
    if (replaced) write_events("");
    assert_int_equal(store_refresh(s), DF_E_IO);
    assert_non_null(strstr(df_error_message(), "events.jsonl: the file was removed or replaced"));
    assert_int_equal(store_append(s, record), DF_E_IO);
    assert_non_null(strstr(df_error_message(), "events.jsonl: the file was removed or replaced"));
    assert_null(store_find(s, "b"));
    assert_int_equal(count(s), n);
    store_close(s);
    remove(events);
  }
  json_decref(record);
}

/* whatever allocation fails, the file has the record if and only if the call succeeded */
static void a_failed_allocation_never_leaves_a_record_behind(void** state) {
  (void)state;
  json_t* record = json_pack("{s:i,s:s,s:s,s:s}", "schema", 1, "type", "cell", "key", "b", "status", "done");
  assert_int_equal(record_seal(record), DF_OK);
  df_status status = DF_E_NOMEM;
  for (size_t nth = 1; status != DF_OK; nth++) {
    store* s;
    write_events(RECORD("a", "done"));
    assert_int_equal(store_open(folder, whole, &s), DF_OK);
    df_alloc_fail_at(nth);
    status = store_append(s, record);
    df_alloc_fail_at(0);
    assert_int_equal(status, status == DF_OK ? DF_OK : DF_E_NOMEM);
    assert_int_equal(count(s), status == DF_OK ? 2 : 1);
    assert_int_equal(store_find(s, "b") != NULL, status == DF_OK);
    store_close(s);
    assert_events(status == DF_OK ? RECORD("a", "done") RECORD("b", "done") : RECORD("a", "done"));
    assert_true(nth < 20);
  }
  json_decref(record);
}

/* a record beyond the file size limit is neither in the file nor in the store */
static void a_record_that_cannot_be_written_is_not_in_the_store(void** state) {
  (void)state;
  store* s;
  struct rlimit kept, small;
  struct stat info;
  json_t* record = json_pack("{s:i,s:s,s:s,s:s}", "schema", 1, "type", "cell", "key", "b", "status", "done");
  assert_int_equal(record_seal(record), DF_OK);
  assert_int_equal(store_open(folder, whole, &s), DF_OK);
  append(s, "first", "interrupted");
  append(s, "a", "done");
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &kept), 0);
  small = kept;
  assert_int_equal(stat(events, &info), 0);
  small.rlim_cur = (rlim_t)info.st_size + 10;
  void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
  const df_status status = store_append(s, record);
  setrlimit(RLIMIT_FSIZE, &kept);
  signal(SIGXFSZ, handler);
  assert_int_equal(status, DF_E_IO);
  assert_int_equal(count(s), 2);
  assert_null(store_find(s, "b"));
  assert_events(RECORD("first", "interrupted") RECORD("a", "done"));
  append(s, "c", "done");
  store_close(s);
  assert_events(RECORD("first", "interrupted") RECORD("a", "done") RECORD("c", "done"));
  json_decref(record);
}

static void a_record_without_a_seal_is_read_and_not_gone_on_from(void** state) {
  (void)state;
  store* s;
  const char content[] = RECORD("a", "done");
  assert_int_equal(df_file_write(events, content, strlen(content)), DF_OK);
  assert_int_equal(store_open(folder, whole, &s), DF_E_FORMAT);
  assert_non_null(
      strstr(df_error_message(), "events.jsonl:1: the record has no record_sha256; the file was not modified"));
  assert_events(content);
  assert_int_equal(store_read(folder, &s), DF_OK);
  assert_int_equal(count(s), 1);
  store_close(s);
}

static void a_key_that_stands_twice_in_a_record_is_refused(void** state) {
  (void)state;
  store* s;
  static const char twice[] = "{\"schema\":1,\"type\":\"cell\",\"key\":\"a\",\"key\":\"b\"}\n";
  char content[256];
  snprintf(content, sizeof content, "%s%s", twice, RECORD("a", "done"));
  write_events(content);
  assert_int_equal(store_read(folder, &s), DF_E_FORMAT);
  assert_non_null(strstr(df_error_message(), "events.jsonl:1:"));
}

static void the_latest_record_of_a_key_is_found_in_the_order_of_time(void** state) {
  (void)state;
  store* s;
#define DONE(when, value) \
  "{\"schema\":1,\"type\":\"cell\",\"key\":\"a\",\"status\":\"done\",\"started\":\"" when "\",\"value\":" #value "}\n"
  write_file("events-1of2.jsonl", DONE("2026-01-01T00:00:05Z", 1));
  write_file("events-2of2.jsonl", DONE("2026-01-01T00:00:02Z", 2) DONE("2026-01-01T00:00:04Z", 3));
  assert_int_equal(store_read(folder, &s), DF_OK);
  assert_int_equal(json_integer_value(json_object_get(store_find(s, "a"), "value")), 1);
  store_close(s);
  write_file("events-2of2.jsonl", DONE("2026-01-01T00:00:02Z", 2) DONE("2026-01-01T00:00:06Z", 3));
  assert_int_equal(store_read(folder, &s), DF_OK);
  assert_int_equal(json_integer_value(json_object_get(store_find(s, "a"), "value")), 3);
  store_close(s);
}

static void a_refresh_reads_only_what_is_new(void** state) {
  (void)state;
  store *writer, *other;
  assert_int_equal(store_open(folder, (shard){1, 2}, &writer), DF_OK);
  assert_int_equal(store_open(folder, (shard){2, 2}, &other), DF_OK);
  for (int i = 1; i <= 3; i++) {
    char key[16];
    snprintf(key, sizeof key, "k%d", i);
    append(writer, key, "done");
    assert_int_equal(store_refresh(other), DF_OK);
    assert_int_equal(store_refresh(other), DF_OK); /* nothing came in between */
    assert_int_equal(count(other), i);
    assert_int_equal(json_array_size(store_own(other)), 0);
    assert_non_null(store_find(other, key));
  }
  store_close(other);
  store_close(writer);
}

static void what_cannot_be_written_leaves_the_file_as_it_was(void** state) {
  (void)state;
  store* s;
  assert_int_equal(store_open(folder, whole, &s), DF_OK);
  append(s, "a", "done");
  json_t* record = json_pack("{s:i,s:s,s:s}", "schema", 2, "type", "cell", "key", "b");
  assert_int_equal(store_append(s, record), DF_E_FORMAT);
  json_decref(record);
  assert_int_equal(count(s), 1);
  append(s, "c", "done");
  assert_int_equal(count(s), 2);
  store_close(s);
  assert_events(RECORD("a", "done") RECORD("c", "done"));
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
      CASE(what_is_not_removed_keeps_its_bytes_and_order),
      CASE(a_missing_run_is_not_made_by_reading),
      CASE(files_of_shards_are_one_record),
      CASE(a_file_that_comes_later_is_seen),
      CASE(each_file_has_one_writer),
      CASE(records_stand_in_the_order_of_time_and_of_their_file),
      CASE(a_place_is_told_by_line_and_by_file_where_there_are_several),
      CASE(other_files_are_named_and_left_alone),
      CASE(a_record_that_was_changed_is_read_and_not_gone_on_from),
      CASE(a_link_is_not_written_through),
      CASE(a_file_that_lost_its_name_takes_no_record),
      CASE(a_failed_allocation_never_leaves_a_record_behind),
      CASE(a_record_that_cannot_be_written_is_not_in_the_store),
      CASE(a_record_without_a_seal_is_read_and_not_gone_on_from),
      CASE(a_key_that_stands_twice_in_a_record_is_refused),
      CASE(the_latest_record_of_a_key_is_found_in_the_order_of_time),
      CASE(a_refresh_reads_only_what_is_new),
      CASE(what_cannot_be_written_leaves_the_file_as_it_was),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
