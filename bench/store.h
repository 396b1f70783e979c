/* store.h: the record of a run, <folder>/events.jsonl: one JSON object a line, only ever appended to.
 *
 * What a line holds is results/schema.json. Tables, plots and pages are derived from it and can be deleted. */
#ifndef BENCH_STORE_H
#define BENCH_STORE_H

#include <jansson.h>
#include <stddef.h>

#include "dynaflow/core/status.h"

typedef struct store store;

/* Opens the run for writing; makes the folder and the file when they do not exist. Only one writer at a time: a second
 * one gets DF_E_IO. A last line that a kill left half written is cut off and said so on standard error. DF_E_FORMAT
 * names file and line of anything else that is not a record; nothing is changed then. */
DF_MUST_CHECK df_status store_open(const char* folder, store** out);

/* Opens for reading: takes no lock and changes nothing; a half-written last line is left out. DF_E_MISSING if the run
 * has no events.jsonl. */
DF_MUST_CHECK df_status store_read(const char* folder, store** out);

void store_close(store* s); /* NULL is fine */

/* All records, in order; owned by the store. */
const json_t* store_records(const store* s);
const char* store_path(const store* s); /* of events.jsonl */

/* The latest record of this key with status "done", or NULL; owned by the store. */
const json_t* store_find(const store* s, const char* key);

/* Appends one record with a single write and syncs it; on failure the file is as it was. Keeps a reference. */
DF_MUST_CHECK df_status store_append(store* s, json_t* record);

#endif
