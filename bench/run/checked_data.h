/* checked_data.h: the check of a task's demonstrations before a training (data_check.h). */
#ifndef BENCH_RUN_CHECKED_DATA_H
#define BENCH_RUN_CHECKED_DATA_H

#include "cell.h"

/* Checks the demonstrations of a loaded cell, in a few seconds at most. Warnings are printed in one line, unless
 * --quiet. Nothing is done for a method that does not train. Errors: DF_E_MISMATCH if something is wrong that makes
 * training wrong: the message says what, and names `dynaflow data check` and --no-data-check; those of
 * data_check_states(). */
DF_MUST_CHECK df_status check_cell_data(const cell* c);

#endif
