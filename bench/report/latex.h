/* latex.h: the main tables of a run as LaTeX, to be \input into a paper. */
#ifndef BENCH_REPORT_LATEX_H
#define BENCH_REPORT_LATEX_H

#include "run_view.h"
#include "text.h"

/* Appends a tabular of the main metrics of a group at one K: one row per method with the number n of its seeds, and
 * mean, smallest and largest seed of each metric (with one seed the 95 % interval of its record), as in tables.md. The
 * best trained method of a metric is bold, and so are others whose mean has the same digits or is at rounding level as
 * the best one's is. It needs no LaTeX package. */
void latex_table(const run_view* r, const run_group* g, int k, text* out);

/* Writes latex/<group>.tex, or one latex/<group>-k<K>.tex per K, to `folder`. Errors: DF_E_IO, DF_E_NOMEM. */
DF_MUST_CHECK df_status latex_write(const run_view* r, const char* folder);

#endif
