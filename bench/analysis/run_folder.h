/* run_folder.h: the folder of a run. */
#ifndef BENCH_ANALYSIS_RUN_FOLDER_H
#define BENCH_ANALYSIS_RUN_FOLDER_H

/* The folder of a run: `run` itself if it exists or contains a slash, else results/runs/<run>. NULL if out of memory;
 * free it with df_free(). */
char* run_folder(const char* run);

#endif
