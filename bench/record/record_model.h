/* record_model.h: the model that a record belongs to (dynaflow/core/model_identity.h). */
#ifndef BENCH_RECORD_RECORD_MODEL_H
#define BENCH_RECORD_RECORD_MODEL_H

#include <jansson.h>

#include "dynaflow/core/model_identity.h"

/* The files of a model as the record's "model_files": [{"path", "sha256"}, ...]. */
json_t* model_files_json(const char* list);

/* df_model_compare() of the model of a record with that of another record, or with a model here. */
df_model_match model_compare(const json_t* record, const df_model_identity* here, char* clause, size_t n);
df_model_match model_compare_records(const json_t* reference, const json_t* record, char* clause, size_t n);

#endif
