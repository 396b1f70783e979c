/* store.h: the record of a run, one JSON object a line, only ever appended to.
 *
 * <folder>/events.jsonl is written by a process that runs the whole plan, <folder>/events-<i>of<n>.jsonl by the one
 * that runs shard i of n; each has its own lock and so one writer. Whoever reads, reads all of them as one record: what
 * is done in one file is done for all. What a line holds is results/schema.json. Tables, plots and pages are derived
 * from it and can be deleted. */
#ifndef BENCH_STORE_H
#define BENCH_STORE_H

#include <jansson.h>
#include <stddef.h>

#include "dynaflow/core/status.h"
#include "shard.h"

typedef struct store store;

/* Opens the run for writing a shard's file; makes the folder and the file when they do not exist. Only one writer a
 * file at a time: a second one gets DF_E_IO. A last line that a kill left half written is cut off and said so on
 * standard error. DF_E_FORMAT names file and line of anything else, in any file of the run, that is not a record as it
 * was written; nothing is changed then. */
DF_MUST_CHECK df_status store_open(const char* folder, shard part, store** out);

/* Opens for reading: takes no lock and changes nothing; half-written last lines are left out. DF_E_MISSING if the run
 * has no file of records. */
DF_MUST_CHECK df_status store_read(const char* folder, store** out);

void store_close(store* s); /* NULL is fine */

/* All records of all files, in the order in which they were begun; those of a file stay in its order, so a later record
 * is a later word. Owned by the store. */
const json_t* store_records(const store* s);

/* For messages: the file that is written, else the only one there is, else the folder. */
const char* store_path(const store* s);

/* Where the i-th record stands: "line 3", and which file when there are several. Returns `out`. */
const char* store_where(const store* s, size_t i, char* out, size_t n);

/* The latest record of this key with status "done", or NULL; owned by the store. */
const json_t* store_find(const store* s, const char* key);

/* Reads what other processes appended to other files of the run since. */
DF_MUST_CHECK df_status store_refresh(store* s);

/* The records of the file that is written; NULL when reading. */
const json_t* store_own(const store* s);

/* Appends one record with a single write and syncs it; on failure the file is as it was. Keeps a reference. */
DF_MUST_CHECK df_status store_append(store* s, json_t* record);

#endif
