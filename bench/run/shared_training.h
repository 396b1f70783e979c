/* shared_training.h: a command whose trainings are shared by ranks (dynaflow/flow/ranks.h). Rank 0 runs the command.
 * The others wait until it trains a cell, open the same cell, train it together with rank 0, and wait again. */
#ifndef BENCH_RUN_SHARED_TRAINING_H
#define BENCH_RUN_SHARED_TRAINING_H

#include "cell.h"

/* Runs lead(arguments, ranks) at rank 0, with NULL if it is alone, and returns its exit code. The other ranks, which
 * were given the same command line, follow it, and return EXIT_DONE. */
int run_shared(const options* opts, int (*lead)(void* arguments, df_ranks* ranks), void* arguments);

/* At rank 0, before a training: the others open the cell, which is loaded here. DF_E_MISMATCH if a rank has another key
 * for it; other errors of cell_open() and cell_load() at any rank. Does nothing without c->ranks. */
DF_MUST_CHECK df_status share_cell(const cell* c);

/* Makes the instance of a method and trains it with env->ranks, at every rank; a failure at one is the result at all.
 * Arguments as those of df_method. */
DF_MUST_CHECK df_status create_shared(const df_method* method, const df_method_env* env, void** self);
DF_MUST_CHECK df_status train_shared(const df_method* method, df_ranks* ranks, void* self, df_training_log* logs,
                                     int* n_logs);

#endif
