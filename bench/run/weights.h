/* weights.h: the weights of a run that is done, for cells that are evaluated in another way and not trained again. */
#ifndef BENCH_RUN_WEIGHTS_H
#define BENCH_RUN_WEIGHTS_H

#include <jansson.h>

#include "dynaflow/flow/method.h"
#include "key.h"
#include "store.h"

typedef struct weights {
  const char* run;    /* as the caller named it; of the caller */
  const char* folder; /* of the run; of the caller */
  store* records;
} weights;

/* Reads the records of a run, whose strings must outlive *out. Errors: those of store_read(). Call weights_close(),
 * also after a failure. */
DF_MUST_CHECK df_status weights_open(const char* run, const char* folder, weights* out);
void weights_close(weights* w); /* zeros are allowed */

/* Sets *record to the last done cell of the run with the cell's method and everything on which weights depend: seed,
 * settings but those of evaluation and sampling, model, demonstrations, versions (record_training_text()). Owned by the
 * run. DF_E_MISSING if there is none, which names what differs in the cell of the same task, method and seed;
 * DF_E_FORMAT if the record is not as it was sealed. */
DF_MUST_CHECK df_status weights_find(const weights* w, const cell_identity* cell, const json_t** record);

/* Loads the weights of that record into an instance of its method. DF_E_MISSING without the file, DF_E_MISMATCH if it
 * is not the recorded one; errors of df_method.load(). */
DF_MUST_CHECK df_status weights_load(const weights* w, const json_t* record, const df_method* method, void* instance);

#endif
