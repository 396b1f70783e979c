/* data_path.h: the file of a task's demonstrations: found, generated or fetched. */
#ifndef BENCH_DATA_DATA_PATH_H
#define BENCH_DATA_DATA_PATH_H

#include <stdbool.h>

#include "dynaflow/config/config.h"
#include "dynaflow/config/search.h"
#include "dynaflow/core/hash.h"
#include "options.h"

/* The file of a task's demonstrations, in memory of df_alloc. Recorded data (data.source npz) are searched for:
 * DF_E_MISSING lists where. Generated ones (data.source generator) lie in a cache file named after
 * everything that generates them; when it is not there it is generated first if `make_if_missing`, else DF_E_MISSING.
 */
DF_MUST_CHECK df_status task_data_path(const df_config* config, const df_search* search, const options* opts,
                                       bool make_if_missing, char** path);

/* The folder that generated or fetched files go to: the first --data, else the data/ folder of the task (the search
 * path's own), in memory of df_alloc. */
char* writable_data_folder(const df_search* search, const options* opts);

/* Gets `url` and writes it to `path` if its SHA-256 is `sha256` ("": not checked; it is printed then).
 * DF_E_IO names url and reason, DF_E_MISMATCH both hashes. `got` receives the hash. */
DF_MUST_CHECK df_status fetch_file(const char* url, const char* path, const char* sha256, const options* opts,
                                   char got[DF_SHA256_TEXT]);

#endif
