/* golden_difference.h: in which settings a record differs from those of a golden table. */
#ifndef BENCH_GATE_GOLDEN_DIFFERENCE_H
#define BENCH_GATE_GOLDEN_DIFFERENCE_H

#include "golden.h"

/* NULL: the shared settings (setting_is_shared()) of the record are those of the table. The sums that only check files,
 * system.model_sha256 and data.sha256, may be empty or that of the table, since model and demonstrations are compared
 * by themselves. Otherwise what differs, a new string for df_free(): the settings with both values, if the table lists
 * its settings. Of a table that only has their hash, the one setting with which, at its default or absent, the record
 * has this hash; if there is none, the sections that the hash is of. *status: DF_E_NOMEM, or DF_OK. */
char* golden_difference(const golden_table* g, const json_t* record, df_status* status);

#endif
