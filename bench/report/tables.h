/* tables.h: the tables of a report as Markdown or HTML, and the file tables.md. All functions append to `out`. */
#ifndef BENCH_REPORT_TABLES_H
#define BENCH_REPORT_TABLES_H

#include "run_view.h"
#include "summary.h"
#include "table.h"
#include "text.h"

/* The main metrics at one K, one row per method; all metrics at all K, one column per method; all cells of the run with
 * their status; the provenance of the records. */
void table_main(const run_view* r, const run_group* g, int k, table_kind kind, text* out);

/* The main metrics of experts, a row per method and gait; nothing for other groups. */
void table_gaits(const run_view* r, const run_group* g, table_kind kind, text* out);

/* The same with the metrics of the windows as a set, and with those that need no demonstration (plausibility.h), a
 * table each; none for metrics that the group lacks. */
void table_side(const run_view* r, const run_group* g, int k, table_kind kind, text* out);
void table_all(const run_view* r, const run_group* g, table_kind kind, text* out);
void table_cells(const run_view* r, table_kind kind, text* out);
void table_provenance(const run_view* r, table_kind kind, text* out);

/* Appends what the numbers of a group were measured on, where it is not the held-out windows of its own profile
 * (eval.profile, eval.chain_commands), and whose weights they are of (`dynaflow run --weights`); nothing otherwise. */
void measured_note(const run_view* r, const run_group* g, text* out);

/* The note above the tables of a group: whether it is comparable and complete, and what numbers and brackets mean. The
 * tables of an incomplete group also have a warning of their own, see table_partial(). */
void group_note(const run_view* r, const run_group* g, text* out);

/* Calls put(out, line) for every note (notes.h) on a done cell of the group, as "<method>, seed <seed>: <note>". */
void for_notes(const run_view* r, const run_group* g, void (*put)(text* out, const char* line), text* out);

/* ---- table_diagnostics.c: what the methods of a group measured of themselves (docs/dap.md); nothing without it ----
 */

/* Conditions without which scores do not say what they seem to say; errors of estimates against flow time. */
void table_gates(const run_view* r, const run_group* g, table_kind kind, text* out);
void table_curves(const run_view* r, const run_group* g, table_kind kind, text* out);
bool has_diagnostics(const run_view* r, const run_group* g);

/* Writes tables.md to `folder`. Errors: DF_E_IO, DF_E_NOMEM. */
DF_MUST_CHECK df_status tables_write(const run_view* r, const summary* s, const char* folder);

/* ---- table_summary.c ---- */

/* Interquartile means at one K; probabilities that the first method is better than each other one at one K; all
 * comparisons of a group; the note that explains them or says why there are none. */
void table_iqm(const run_view* r, const summary* s, const run_group* g, int k, table_kind kind, text* out);
void table_against(const run_view* r, const summary* s, const run_group* g, int k, table_kind kind, text* out);
void table_comparisons(const summary* s, const run_group* g, table_kind kind, text* out);
void summary_note(const run_view* r, const summary* s, const run_group* g, text* out);

#endif
