/* rows.h: results as tidy rows: one JSON document for programs, one aligned table for people. */
#ifndef BENCH_ROWS_H
#define BENCH_ROWS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "options.h"

/* One number. Texts may be NULL (null in JSON). A value that is not finite is written as null, with the reason in
 * `status`; lo and hi are null where they are not finite. */
typedef struct row {
  const char* task;
  const char* method;
  int64_t seed; /* -1: none */
  const char* profile;
  const char* metric;
  int k; /* sampler steps; 0: none */
  double value;
  const char* unit;
  int64_t n; /* values behind the number; 0: not counted */
  double lo, hi;
  const char* status; /* NULL: "ok", or why the value is not finite */
} row;

/* no value, no interval, no seed */
row row_default(void);

/* The row as a new JSON object. In a cell's record (`in_cell`) task, method, seed and profile are left out. */
json_t* row_json(const row* r, bool in_cell);

typedef struct rows {
  json_t* list;
} rows;

rows rows_new(void);
void rows_free(rows* r);
void rows_add(rows* r, const row* one);
void rows_add_object(rows* r, json_t* object); /* takes the reference; any keys, for rows that are not numbers */

/* {"schema":1,"rows":[...]}, as a new reference */
json_t* rows_document(const rows* r);

/* To standard output: the document with --json, else a table of the columns in which something stands. */
void rows_print(const rows* r, const options* opts);

#endif
