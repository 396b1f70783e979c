/* store.h: the records of a run, append-only files with one JSON object per line.
 *
 * A process that runs the whole plan writes <folder>/events.jsonl; the process of shard i of n writes
 * <folder>/events-<i>of<n>.jsonl. Each file has its own lock and therefore one writer. Readers merge all files: a cell
 * that is done in one file is done for all. results/schema.json defines the lines. Tables, plots and pages are derived
 * from the records and can be deleted. */
#ifndef BENCH_RECORD_STORE_H
#define BENCH_RECORD_STORE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "dynaflow/core/status.h"
#include "shard.h"

typedef struct store store;

/* Opens a run for writing the file of a shard; creates folder and file if they do not exist. A file has one writer at a
 * time. An incomplete last line, which a killed process leaves behind, is removed and reported on standard error.
 * Errors: DF_E_IO if another process is writing the file or a file cannot be read or written; DF_E_FORMAT with file and
 * line if any file of the run holds an invalid or changed record (hash differs from record_sha256, which must be
 * there), then no file is changed. On failure *out is NULL. */
DF_MUST_CHECK df_status store_open(const char* folder, shard part, store** out);

/* Opens a run for reading: takes no lock, changes nothing, does not check record_sha256, and skips incomplete last
 * lines. DF_E_MISSING if the run has no file of records; DF_E_FORMAT with file and line for an invalid record. On
 * failure *out is NULL. */
DF_MUST_CHECK df_status store_read(const char* folder, store** out);

/* Closes the files and releases the lock. NULL is allowed. */
void store_close(store* s);

/* The records of all files, ordered by their time "started"; records of one file keep their order, so a later record of
 * a cell is also more recent. Owned by the store. */
const json_t* store_records(const store* s);

/* The path to name in messages: the file opened for writing, else the only file of the run, else its folder. */
const char* store_path(const store* s);

/* Writes the position of record i of store_records(), from 0, to out[n]: "line 3", or "events-1of2.jsonl line 3" if the
 * run has several files. Returns `out`. */
const char* store_where(const store* s, size_t i, char* out, size_t n);

/* The latest record with this key and status "done", or NULL. Owned by the store. */
const json_t* store_find(const store* s, const char* key);

/* Reads the records that other processes have appended to the other files of the run. Errors: those of store_open();
 * DF_E_IO if the file opened for writing was removed or replaced. */
DF_MUST_CHECK df_status store_refresh(store* s);

/* The records of the file opened for writing; NULL if the run was opened for reading. Owned by the store. */
const json_t* store_own(const store* s);

/* Appends one record, sealed by record_seal(), with a single write, syncs it, and keeps a reference. Errors: DF_E_ARG
 * if the run was opened for reading, DF_E_FORMAT if it is no record, DF_E_NOMEM, DF_E_NONFINITE if it cannot be written
 * as JSON, DF_E_IO if it cannot be written; then the file is restored, or the message says that its last line is
 * incomplete, or that the file was removed or replaced. After any error the record is not part of the store. */
DF_MUST_CHECK df_status store_append(store* s, json_t* record);

/* Removes from the file opened for writing the records for which drop() holds, and keeps the bytes of all others. The
 * file is replaced as a whole; without such records it is left as it is. Errors: DF_E_ARG if the run was opened for
 * reading, DF_E_IO, DF_E_NOMEM; then the file has all records, but the store can only be closed. */
DF_MUST_CHECK df_status store_remove(store* s, bool (*drop)(const json_t* record, const void* context),
                                     const void* context);

#endif
