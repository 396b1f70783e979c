/* run_folder.h: where a run is. */
#ifndef BENCH_RUN_FOLDER_H
#define BENCH_RUN_FOLDER_H

/* The folder of a run given as a path or as the name of one under results/runs, in memory of df_alloc. */
char* run_folder(const char* run);

#endif
