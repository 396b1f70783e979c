/* one_record.h: checks of a run with one record. */
#ifndef TESTS_SUPPORT_ONE_RECORD_H
#define TESTS_SUPPORT_ONE_RECORD_H

#include <math.h>

#include "finding.h"
#include "json.h"
#include "rows.h"
#include "whole_record.h"

static json_t* record;

/* a record that nothing contradicts: 2 windows, its number tre_open_loop at K = 1 */
static inline void begin(void) {
  begin_records();
  record = add_whole("a", 1, 0.5);
}

static inline void set_setting(const char* name, const char* value) {
  set_text(json_object_get(record, "config"), name, value);
}

static inline json_t* add_number(const char* metric, const char* unit, int k, double value) {
  json_t* one = add_row(record, metric, k, value, NAN, NAN);
  set_text(one, "unit", unit);
  json_object_set_new(one, "n", json_integer(2));
  return one;
}

/* the only finding of a check has this outcome and these words; "": there is none */
static inline void finds_as(verify_outcome outcome, void (*check)(verifier*), const char* words) {
  run_view r;
  verification out = {.found = rows_new()};
  open_run(&r);
  verifier v = {.r = &r, .folder = folder, .out = &out, .check = "check"};
  check(&v);
  assert_true(v.looked > 0);
  const char* detail = string_of(json_array_get(out.found.list, 0), "detail");
  if (strcmp(detail, words) != 0) fail_msg("'%s', wanted '%s'", detail, words);
  assert_int_equal(out.count[outcome], words[0] ? 1 : 0);
  assert_int_equal(json_array_size(out.found.list), words[0] ? 1 : 0);
  rows_free(&out.found);
  close_run(&r);
}

static inline void finds(void (*check)(verifier*), const char* words) {
  finds_as(VERIFY_FAILED, check, words);
}

/* gives the record n windows of these episodes */
static inline void set_windows(int n, const int* episode) {
  json_t* windows = json_object_get(record, "windows");
  static const char* const names[] = {"episode", "start", "group"};
  for (int i = 0; i < 3; i++) {
    json_t* list = json_array();
    for (int b = 0; b < n; b++) json_array_append_new(list, json_integer(i == 0 ? episode[b] : i == 1 ? b : 0));
    json_object_set_new(windows, names[i], list);
  }
}

/* the record becomes one of a file of trajectories */
static inline void set_trajectories(void) {
  json_object_set_new(record, "trajectories",
                      json_pack("{s:s,s:s,s:s,s:i,s:i,s:{}}", "path", "trajectories/a.npz", "sha256", WHOLE_SUM,
                                "source", "a.npz", "n", 2, "length", 4, "provenance"));
}

#endif
