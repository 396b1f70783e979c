/* csv.h: the numbers of a run as CSV files. */
#ifndef BENCH_CSV_H
#define BENCH_CSV_H

#include "run_view.h"

/* Writes results.csv: a row per metric, seed and cell. */
DF_MUST_CHECK df_status csv_write(const run_view* r, const char* folder);

/* Writes times.csv: wall and CPU seconds of the cells. They have a file of their own because every other file of a
 * report has the same bytes for the same plan, however often and by how many processes it was run. */
DF_MUST_CHECK df_status times_write(const run_view* r, const char* folder);

#endif
