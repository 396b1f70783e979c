/* schema.h: checks a record against the rules of results/schema.json, without a JSON Schema validator. */
#ifndef BENCH_RECORD_SCHEMA_H
#define BENCH_RECORD_SCHEMA_H

#include <jansson.h>

#include "dynaflow/core/status.h"

/* DF_E_FORMAT names the first field that is missing or has the wrong type, e.g. "rows[3].n: expected an integer >= 0".
 */
DF_MUST_CHECK df_status schema_check(const json_t* record);

#endif
