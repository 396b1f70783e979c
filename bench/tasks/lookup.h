/* lookup.h: where tasks and their files are: task folders by name, search paths for models and data. */
#ifndef BENCH_LOOKUP_H
#define BENCH_LOOKUP_H

#include "dynaflow/config/config.h"
#include "dynaflow/config/search.h"
#include "options.h"

/* Folders that hold tasks, in the order they are looked at: --tasks, or ./tasks, ../tasks beside the program's folder,
 * ../share/dynaflow/tasks beside it. Names of existing ones in memory of df_alloc; at most 3; returns how many. */
int task_roots(const options* opts, char* roots[3]);

/* Names of all tasks (folders with a task.yaml), sorted, each in memory of df_alloc; returns how many. */
int task_names(const options* opts, int max, char** names);

/* The folder of a task given by name or by the path of its folder. DF_E_CONFIG names the tasks there are. */
DF_MUST_CHECK df_status task_folder(const options* opts, const char* name, char** folder);

/* Loads a task's configuration for a profile (NULL: --profile's) and method (NULL or "": none) with --set applied, and
 * fills the search path for its model and data: --data, the task's folder, its data/ folder, DYNAFLOW_DATA,
 * ../shared/data. The path's strings belong to `search`: search_clear it, also after a failure. */
DF_MUST_CHECK df_status resolve_task(const char* name, const char* profile, const char* method, const options* opts,
                                     df_config* config, df_search* search);
void search_clear(df_search* search);

/* The search path alone, for files that belong to `folder`: --data, the folder, its data/ folder, DYNAFLOW_DATA,
 * ../shared/data. search_clear it. */
void data_search(const options* opts, const char* folder, df_search* search);

#endif
