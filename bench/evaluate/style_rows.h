/* style_rows.h: rows of the metrics of style after alignment in time (time_alignment.h). */
#ifndef BENCH_EVALUATE_STYLE_ROWS_H
#define BENCH_EVALUATE_STYLE_ROWS_H

#include <stdbool.h>

#include "chain.h"
#include "job.h"

/* Appends style_joints, style_feet and style_shift of the windows x [set->B][H+1][nx], with their samples, as far as
 * they are defined: none without demonstrations or if eval.style_band is 0. Errors: those of df_metric_alignment();
 * DF_E_NOMEM. */
DF_MUST_CHECK df_status style_rows_of_windows(const eval_job* job, int k, const double* x, evaluation* out);

/* The same, named .chain and without samples, of the executed states of the chains for which upright [c->n] says so:
 * chain i against the episode of window i from the window's start on, as long as the shorter one of both. */
DF_MUST_CHECK df_status style_rows_of_chains(const eval_job* job, int k, const chains* c, const bool* upright,
                                             evaluation* out);

#endif
