/* table.h: tables, a cell after the other, as Markdown or HTML. */
#ifndef BENCH_TABLE_H
#define BENCH_TABLE_H

#include "run_view.h"
#include "text.h"

typedef enum table_kind { TABLE_MARKDOWN, TABLE_HTML } table_kind;

typedef struct table {
  table_kind kind;
  text* out;
  int column;
  unsigned words; /* which columns hold words, by the head; bit 0 is the first */
} table;

enum {
  TABLE_HEAD = 1,
  TABLE_STACKED = 2, /* in HTML, what stands in brackets goes below, so that many columns fit on a page */
  TABLE_WORDS = 4    /* not a number: stands on the left */
};

table table_new(table_kind kind, text* out); /* and begins; the first row is the head */
void table_end(table* t);

void table_row(table* t);
void table_put(table* t, int flags, const char* value);
void table_row_end(table* t, bool head);

/* A row of heads at once; `words` as in the table. */
void table_heads(table* t, int n, const char* const* heads, unsigned words);

/* "0.123", "2.8e-18": three digits or so */
void table_number(double v, char* out, size_t n);

/* "0.123 [0.110, 0.140]", without brackets where there is no interval, "–" where there is no number */
void table_interval(double value, double lo, double hi, char* out, size_t n);

/* "tre ↓ [std]": a metric as a head, with the better side */
void table_metric_head(const run_view* r, const run_group* g, const char* metric, int k, char* out, size_t n);

/* What stands on every table over a part of the cells. */
void table_partial(const run_group* g, table_kind kind, text* out);

/* The main metrics that the group has, in their fixed order; columns [METRICS_MAX]. */
int table_main_columns(const run_group* g, const char** columns);

#endif
