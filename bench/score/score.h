/* score.h: trajectories of a file in the place of a method: a cell whose samples are given (bench/run/cell.h). */
#ifndef BENCH_SCORE_SCORE_H
#define BENCH_SCORE_SCORE_H

#include "cell.h"
#include "store.h"

typedef struct score score;

/* Registers the file as a method of this name, so that a cell with it can be opened; its arrays are read by
 * score_run(). One file per process. DF_E_CONFIG if the name is registered already or not one of a method;
 * DF_E_MISSING, DF_E_IO. On failure *out is NULL. Free it with score_free() after the cell. */
DF_MUST_CHECK df_status score_new(const char* path, const char* name, score** out);
void score_free(score* s); /* NULL is allowed */
const df_method* score_method(const score* s);

/* Whether the file fits the task, before anything is recorded. DF_E_MISMATCH, DF_E_FORMAT and DF_E_NONFINITE name the
 * file, the array and what is expected; errors of cell_open() and cell_load(). */
DF_MUST_CHECK df_status score_check(score* s, const char* task, const options* opts);

/* Judges the trajectories as the samples of the opened cell and appends its record, as cell_run(), and copies the file
 * to <folder>/trajectories. If a trajectory starts in every held-out window, under its condition, the first H actions
 * of these trajectories are compared with the demonstrations, as the samples of a method are. Otherwise all
 * trajectories are cut into windows of H actions, which are measured without demonstrations. A note of the record says
 * which. Errors: those of cell_run(), and of reading and writing the file. */
DF_MUST_CHECK df_status score_run(score* s, cell* c, const char* folder, store* events, cell_end* end);

#endif
