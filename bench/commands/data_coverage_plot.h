/* data_coverage_plot.h: the figure beside a data card: which conditions the demonstrations of each gait cover. */
#ifndef BENCH_COMMANDS_DATA_COVERAGE_PLOT_H
#define BENCH_COMMANDS_DATA_COVERAGE_PLOT_H

#include "dynaflow/data/dataset.h"

/* Draws NAME-coverage.svg beside the file of demonstrations NAME.npz, with its script and data: a panel per condition
 * that is no gait, with the share of each gait's frames per tenth of the range. Draws nothing without such conditions.
 * Errors: those of plot_save(). */
DF_MUST_CHECK df_status data_coverage_plot(const char* path, const df_dataset* data);

#endif
