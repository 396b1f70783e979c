/* csv.h: the numbers and the run times of a run as CSV files. Strings are written by text_add_csv(). */
#ifndef BENCH_REPORT_CSV_H
#define BENCH_REPORT_CSV_H

#include "run_view.h"

/* Writes results.csv to `folder`: one row per number of a done cell, and one row with the status of any other cell.
 * Errors: DF_E_IO, DF_E_NOMEM. */
DF_MUST_CHECK df_status csv_write(const run_view* r, const char* folder);

/* Writes times.csv to `folder`: CPU and wall-clock seconds of the cells. They are in a separate file because all other
 * files of a report are equal to the byte for the same plan, whenever and by however many processes it was run. Errors:
 * DF_E_IO, DF_E_NOMEM. */
DF_MUST_CHECK df_status times_write(const run_view* r, const char* folder);

#endif
