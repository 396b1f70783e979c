/* records.h: the records of a run, built field by field and written to a folder of their own; run_file.h has the
 * folder.
 */
#ifndef TESTS_SUPPORT_RECORDS_H
#define TESTS_SUPPORT_RECORDS_H

#include <jansson.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "key.h"
#include "run_file.h"
#include "run_view.h"

/* an array of records, written in this order */
static json_t* records;

static inline void begin_records(void) {
  json_decref(records);
  records = json_array();
}

static inline json_t* number_or_null(double v) {
  return isfinite(v) ? json_real(v) : json_null();
}

static inline void set_text(json_t* object, const char* name, const char* value) {
  assert_int_equal(json_object_set_new(object, name, json_string(value)), 0);
}

/* a done cell of task "t" and profile "p" without rows; owned by `records` */
static inline json_t* add_cell(const char* method, int seed) {
  json_t* cell = json_pack("{s:i,s:s,s:s,s:s,s:s,s:i,s:s,s:s,s:[],s:[],s:{},s:{}}", "schema", 1, "type", "cell", "task",
                           "t", "profile", "p", "method", method, "seed", seed, "status", "done", "reason", "", "rows",
                           "samples", "config", "provenance");
  assert_non_null(cell);
  json_array_append_new(records, cell);
  return cell;
}

static inline json_t* add_row(json_t* cell, const char* metric, int k, double value, double lo, double hi) {
  json_t* one = json_pack("{s:s,s:i,s:o,s:s,s:i,s:o,s:o,s:s}", "metric", metric, "k", k, "value", number_or_null(value),
                          "unit", "std", "n", 4, "lo", number_or_null(lo), "hi", number_or_null(hi), "status",
                          isfinite(value) ? "ok" : "why");
  assert_non_null(one);
  json_array_append_new(json_object_get(cell, "rows"), one);
  return one;
}

/* a value without an interval */
static inline void add_value(json_t* cell, const char* metric, int k, double value) {
  add_row(cell, metric, k, value, NAN, NAN);
}

static inline void add_samples(json_t* cell, const char* metric, int k, int n, const double* values) {
  json_t* list = json_array();
  for (int i = 0; i < n; i++) json_array_append_new(list, number_or_null(values[i]));
  json_array_append_new(json_object_get(cell, "samples"),
                        json_pack("{s:s,s:i,s:o}", "metric", metric, "k", k, "values", list));
}

/* the plan of a profile, without cells */
static inline json_t* add_plan(const char* profile) {
  json_t* plan = json_pack("{s:i,s:s,s:s,s:[]}", "schema", 1, "type", "plan", "profile", profile, "cells");
  json_array_append_new(records, plan);
  return plan;
}

/* a cell of task "t"; key NULL: none */
static inline void add_planned(json_t* plan, const char* method, int seed, const char* key) {
  json_t* cell = json_pack("{s:s,s:s,s:i}", "task", "t", "method", method, "seed", seed);
  if (key) set_text(cell, "key", key);
  json_array_append_new(json_object_get(plan, "cells"), cell);
}

/* whether record_lines() seals plans; cells are sealed by the test, if at all */
static bool plans_are_sealed = true;

/* the records as lines of text, to be freed */
static inline char* record_lines(void) {
  size_t n = 0, i;
  char* out = strdup("");
  json_t* record;
  json_array_foreach(records, i, record) {
    const bool plan = strcmp(json_string_value(json_object_get(record, "type")), "plan") == 0;
    if (plan && plans_are_sealed) assert_int_equal(record_seal(record), DF_OK);
    char* line = json_dumps(record, JSON_COMPACT | JSON_REAL_PRECISION(17));
    assert_non_null(line);
    out = realloc(out, n + strlen(line) + 2);
    assert_non_null(out);
    n += (size_t)sprintf(out + n, "%s\n", line);
    free(line);
  }
  return out;
}

/* writes the records, forgets them and opens the run in `folder`; close_run() it */
static inline void open_run(run_view* out) {
  char* lines = record_lines();
  make_run(lines);
  free(lines);
  json_decref(records);
  records = NULL;
  assert_int_equal(run_view_new(folder, out), DF_OK);
}

static inline void close_run(run_view* r) {
  run_view_clear(r);
  remove_run();
}

#endif
