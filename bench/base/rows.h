/* rows.h: results as tidy rows, printed as one JSON document or as an aligned table. */
#ifndef BENCH_BASE_ROWS_H
#define BENCH_BASE_ROWS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "options.h"

/* One number. Strings may be NULL (null in JSON) and are not copied. A value that is not finite is written as null with
 * the reason in `status`; lo and hi are written as null if they are not finite. */
typedef struct row {
  const char* task;
  const char* method;
  int64_t seed; /* < 0: none */
  const char* profile;
  const char* metric;
  int k; /* sampler steps K; 0: the method has no sampler */
  double value;
  const char* unit;
  int64_t n;          /* number of samples behind the value; 0: not counted */
  double lo, hi;      /* interval */
  const char* status; /* NULL: derived from the value: "ok", "not a number", "infinite" or "minus infinite" */
} row;

/* A row without value, interval and seed; everything else 0 or NULL. */
row row_default(void);

/* The row as a new JSON object. With `in_cell` (rows of a cell's record) task, method, seed and profile are omitted. */
json_t* row_json(const row* r, bool in_cell);

typedef struct rows {
  json_t* list;
} rows;

rows rows_new(void);
void rows_free(rows* r);
void rows_add(rows* r, const row* one);
/* Appends an object with any keys and takes ownership of it. */
void rows_add_object(rows* r, json_t* object);

/* {"schema":1,"rows":[...]} as a new JSON object. */
json_t* rows_document(const rows* r);

/* Prints to standard output: with --json the document, else a table whose columns are the keys in order of first
 * appearance, without empty columns. */
void rows_print(const rows* r, const options* opts);

#endif
