/* schema.h: whether a record is what results/schema.json says it is. The same rules, for machines without a validator.
 */
#ifndef BENCH_SCHEMA_H
#define BENCH_SCHEMA_H

#include <jansson.h>

#include "dynaflow/core/status.h"

/* DF_E_FORMAT names the first field that is missing or not of its kind, as in "rows[3].unit: a text is expected". */
DF_MUST_CHECK df_status schema_check(const json_t* record);

#endif
