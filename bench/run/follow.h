/* follow.h: a command whose trainings are shared by ranks (dynaflow/flow/ranks.h). Rank 0 runs the command. The others
 * wait until it trains a cell, open the same cell, train it together with rank 0, and wait again. */
#ifndef BENCH_RUN_FOLLOW_H
#define BENCH_RUN_FOLLOW_H

#include "dynaflow/flow/ranks.h"
#include "options.h"
#include "shard.h"

/* Runs lead(arguments, ranks) at rank 0, with NULL if it is alone, and returns its exit code. The other ranks, which
 * were given the same command line, follow it, and return EXIT_DONE. A rank whose cell has another key than that of
 * rank 0 ends the training: its message says so. DF_E_CONFIG if a rank has another shard: it was meant to be a process
 * of its own, and its cells would not run. */
int run_shared(const options* opts, shard part, int (*lead)(void* arguments, df_ranks* ranks), void* arguments);

#endif
