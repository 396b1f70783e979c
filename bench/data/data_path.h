/* data_path.h: the file of a task's demonstrations: found, generated or fetched. */
#ifndef BENCH_DATA_DATA_PATH_H
#define BENCH_DATA_DATA_PATH_H

#include <stdbool.h>

#include "dynaflow/config/config.h"
#include "dynaflow/config/search.h"
#include "dynaflow/core/hash.h"
#include "options.h"

/* Sets *path to the file of a task's demonstrations; the caller frees it with df_free(). Recorded data (data.source
 * file) are searched for: DF_E_MISSING lists the searched folders. If data.file is a pattern and no file's name, *path
 * is the pattern in the first folder that has files that fit it, as df_dataset_read() takes it. Generated data
 * (data.source generator) are cached in a file whose name contains a hash of model, MuJoCo version and settings; if
 * that file does not exist, it is generated if `make_if_missing`, with its card (data_card.h), else DF_E_MISSING. */
DF_MUST_CHECK df_status task_data_path(const df_config* config, const df_search* search, const options* opts,
                                       bool make_if_missing, char** path);

/* Writes the card of generated demonstrations at `path` if it is missing, as after a kill between file and card: the
 * demonstrations are made again for the attempts that it lists. Does nothing where the folder cannot be written.
 * Errors: those of the generator, df_dataset_read() and data_card_write(). */
DF_MUST_CHECK df_status task_data_restore_card(const df_config* config, const df_search* search, const options* opts,
                                               const char* path);

/* Whether a name contains '*', '?' or '[', so that it may stand for several files. */
bool is_file_pattern(const char* name);

/* The folder that generated or fetched files go to, in memory of df_alloc: the first --data; else the data/ folder of
 * the task (the search path's own), else user_data_folder(), whichever this user may write to first; $DYNAFLOW_DATA is
 * only read. DF_E_IO if there is none, or if that of the task is a symbolic link, which could lead anywhere; the
 * messages name --data. */
DF_MUST_CHECK df_status writable_data_folder(const df_search* search, const options* opts, char** folder);

/* Whether files can be created in `folder`, or, if it does not exist, in its nearest existing parent. */
bool can_write(const char* folder);

/* What a user admits beyond https: URLs with a SHA-256. */
typedef struct fetch_cfg {
  bool unverified; /* --allow-unverified: files without a SHA-256 */
  bool http;       /* --allow-http: http: URLs */
  bool file;       /* --allow-file: file: URLs, which need no SHA-256 */
} fetch_cfg;

/* A file to fetch, as a task describes it. Nothing of it is trusted. */
typedef struct fetch_item {
  const char* key;    /* "model" or "data", for messages */
  const char* name;   /* path below the data folder */
  const char* url;    /* "": there is none */
  const char* sha256; /* "": not given; in upper or lower case */
  bool several;       /* `sha256` may be of several files, of which this is one */
} fetch_item;

/* Whether a file with the SHA-256 `hash` is the one that the task describes, also if the task gives no SHA-256. */
bool fetch_accepts(const fetch_item* item, const char* hash);

/* Gets a file and writes it to `folder`/`name`, and nowhere else (df_file_write_below). Errors, before anything is
 * transferred: DF_E_CONFIG for a URL that `cfg` does not admit or without a SHA-256, and for a name that is not below
 * the folder; the message names the option that admits it. Later: DF_E_IO names url and reason, DF_E_MISMATCH both
 * hashes; nothing was written then. `got` receives the hash. A file of an item with `several` is written with any hash:
 * if fetch_accepts() refuses it, the caller checks the files together, and removes it if they are others. */
DF_MUST_CHECK df_status fetch_file(const fetch_item* item, const fetch_cfg* cfg, const char* folder,
                                   const options* opts, char got[DF_SHA256_TEXT]);

#endif
