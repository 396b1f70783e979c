/* run_folder.h: the folder of a run. */
#ifndef BENCH_ANALYSIS_RUN_FOLDER_H
#define BENCH_ANALYSIS_RUN_FOLDER_H

#include "dynaflow/core/status.h"

/* Sets *folder to the folder of a run: `run` itself if it exists, else results/runs/<run> unless `run` contains a
 * slash. The caller frees it with df_free(). Errors: DF_E_MISSING if neither exists, which lists the runs in
 * results/runs; DF_E_NOMEM. On failure *folder is NULL. */
DF_MUST_CHECK df_status run_folder(const char* run, char** folder);

#endif
