/* table.h: writes tables as Markdown or HTML, cell by cell. */
#ifndef BENCH_REPORT_TABLE_H
#define BENCH_REPORT_TABLE_H

#include "aggregate.h"
#include "run_view.h"
#include "text.h"

typedef enum table_kind { TABLE_MARKDOWN, TABLE_HTML } table_kind;

typedef struct table {
  table_kind kind;
  text* out;
  int column;
  unsigned words; /* bit i: column i holds text; set by the head */
} table;

enum {
  TABLE_HEAD = 1,
  TABLE_STACKED = 2, /* in HTML, text in brackets goes to a second line, so that more columns fit on a page */
  TABLE_WORDS = 4    /* text, aligned to the left; without it a number, aligned to the right */
};

/* Begins a table that is appended to `out`; the first row must be the head. */
table table_new(table_kind kind, text* out);
void table_end(table* t);

/* A row: table_row(), one table_put() per cell, table_row_end(). `value` is escaped for the kind of table. */
void table_row(table* t);
void table_put(table* t, int flags, const char* value);
/* The same for a cell that names a metric: in HTML its definition is shown when one points at it. */
void table_put_metric(table* t, int flags, const char* value, const char* metric);
void table_row_end(table* t, bool head);

/* The complete head row with n columns; bit i of `words`: column i holds text. */
void table_heads(table* t, int n, const char* const* heads, unsigned words);

/* Formats a number with about three significant digits: "0.123", "2.8e-18". */
void table_number(double v, char* out, size_t n);

/* Formats "0.123 [0.110, 0.140]"; without brackets if lo or hi is not finite; "–" if the value is not finite. */
void table_interval(double value, double lo, double hi, char* out, size_t n);

/* Formats the head of a metric's column with its better direction and unit: "tre ↓ [std]". */
void table_metric_head(const run_view* r, const run_group* g, const char* metric, int k, char* out, size_t n);

/* Appends the warning "Partial: ..." if the group is not complete; it precedes every table of the group. */
void table_partial(const run_group* g, table_kind kind, text* out);

/* The main metrics of the group, in the order of metric_column(); of experts, those of their walks. Returns their
 * number. */
int table_main_columns(const run_group* g, const char* columns[MAIN_METRICS]);

/* Of n metrics, those of the group, in their order, to columns [n]. Returns their number. */
int table_columns(const run_group* g, int n, const char* const* metrics, const char** columns);

/* The definitions of all metrics of the group, as a list. */
void table_definitions(const run_group* g, table_kind kind, text* out);

#endif
