/* tables.h: the tables of a report, and its machine-readable files. */
#ifndef BENCH_TABLES_H
#define BENCH_TABLES_H

#include "run_view.h"
#include "summary.h"
#include "table.h"
#include "text.h"

/* the main metrics at one K; all metrics; the cells with their state; the provenance of the records */
void table_main(const run_view* r, const run_group* g, int k, table_kind kind, text* out);
void table_all(const run_view* r, const run_group* g, table_kind kind, text* out);
void table_cells(const run_view* r, table_kind kind, text* out);
void table_provenance(const run_view* r, table_kind kind, text* out);

/* The note above a group's tables: "3 of 6 cells done; an interval is ...". In an incomplete group every table also has
 * a line of its own that says so. */
void group_note(const run_view* r, const run_group* g, text* out);

/* Writes tables.md. */
DF_MUST_CHECK df_status tables_write(const run_view* r, const summary* s, const char* folder);

/* ---- table_summary.c ---- */

/* interquartile means at one K; each method against the first; all comparisons of a group; what they mean */
void table_iqm(const run_view* r, const summary* s, const run_group* g, int k, table_kind kind, text* out);
void table_against(const run_view* r, const summary* s, const run_group* g, int k, table_kind kind, text* out);
void table_comparisons(const summary* s, const run_group* g, table_kind kind, text* out);
void summary_note(const run_view* r, const summary* s, const run_group* g, text* out);

#endif
