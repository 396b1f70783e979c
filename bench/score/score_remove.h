/* score_remove.h: takes judged files out of a run again. */
#ifndef BENCH_SCORE_SCORE_REMOVE_H
#define BENCH_SCORE_SCORE_REMOVE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "dynaflow/core/status.h"

typedef struct score_choice {
  const char *task, *method;
  const char* profile;  /* NULL: all */
  const uint64_t* seed; /* NULL: all */
} score_choice;

/* Removes the records of judged files from the run in `folder`, the plans of nothing else, and the copies of the files;
 * everything else in the folder stays as it is. *removed: an array of objects with task, method, seed, profile and key,
 * one per record, which the caller releases with json_decref(). Errors: DF_E_MISSING if there is no run or no such
 * record, which names those that there are; DF_E_CONFIG if the records are those of a method of the suite; those of
 * store_open() and store_remove(). On failure *removed is NULL. */
DF_MUST_CHECK df_status score_remove(const char* folder, const score_choice* choice, json_t** removed);

/* Sets *profile to the only profile of the run in `folder`, which the caller frees with df_free(); NULL if there is no
 * run. Errors: DF_E_CONFIG if it has several, which the message names; those of store_read(). */
DF_MUST_CHECK df_status score_profile_of(const char* folder, char** profile);

#endif
