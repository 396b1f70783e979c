/* lookup.h: finds task folders by name and builds the search path for models and data. */
#ifndef BENCH_TASKS_LOOKUP_H
#define BENCH_TASKS_LOOKUP_H

#include "dynaflow/config/config.h"
#include "dynaflow/config/search.h"
#include "options.h"

/* The folder of the running program; NULL if it cannot be found. Free it with df_free(). */
char* program_folder(void);

/* The folders that contain task folders, in search order: --tasks alone if given, else those of ./tasks,
 * <program folder>/../tasks and <program folder>/../share/dynaflow/tasks that exist. Returns their number, at most 3;
 * free each string with df_free(). */
int task_roots(const options* opts, char* roots[3]);

/* DF_E_CONFIG if --tasks names no folder. */
DF_MUST_CHECK df_status check_tasks_option(const options* opts);

/* The sorted names of the tasks (folders with a task.yaml) in those folders, as a new list. Returns their number; free
 * the list with task_names_free(). */
int task_names(const options* opts, char*** names);
void task_names_free(int n, char** names);

/* The folder of a task, given by its name or by the path of its folder. DF_E_CONFIG lists the available tasks. Free
 * *folder with df_free(); it is NULL on failure. Errors also of check_tasks_option(). */
DF_MUST_CHECK df_status task_folder(const options* opts, const char* name, char** folder);

/* Loads the configuration of a task for a profile (NULL: that of --profile) and a method (NULL or "": none), with --set
 * applied, and fills `search` as data_search() does. Errors: those of task_folder() and df_config_load(). Call
 * search_clear() on `search`, also after a failure. */
DF_MUST_CHECK df_status resolve_task(const char* name, const char* profile, const char* method, const options* opts,
                                     df_config* config, df_search* search);
void search_clear(df_search* search); /* frees the strings of `search` */

/* the folders of a search path beside those of --data */
_Static_assert(OPTIONS_DATA_MAX + 4 <= DF_SEARCH_MAX, "a search path must hold every folder of data_search()");

/* The search path for models and data of a task folder: the --data folders, `folder`, `folder`/data, $DYNAFLOW_DATA,
 * user_data_folder(). `folder` may be NULL, and the user's folder is then left out. Call search_clear() on `search`. */
void data_search(const options* opts, const char* folder, df_search* search);

/* The user's own folder for the data of a task: $XDG_DATA_HOME/dynaflow/<name>, or ~/.local/share/dynaflow/<name>, with
 * the name of the task's folder. NULL if neither variable is an absolute path, or without memory. Free it with
 * df_free(). */
char* user_data_folder(const char* folder);

#endif
