/* unreadable.h: arrays of a recording that import knows by name, but that cannot be read. */
#ifndef BENCH_IMPORT_UNREADABLE_H
#define BENCH_IMPORT_UNREADABLE_H

#include "recognition.h"

/* Refuses a recording in which an array of one of these names is damaged or of a kind that is not read: without it the
 * recording would seem to have none. A name may end with '*': all that begin so. An array of text, null or an empty
 * dataset is none. `key` is the setting that says what to read instead; the user's own leaves the array out. Errors:
 * DF_E_FORMAT, which names file, array, reason and setting. */
DF_MUST_CHECK df_status refuse_unreadable(const recognition* r, const char* key, int n, const char* const* names);

/* Refuses what is named like a frame rate and is no number, with its text: DF_E_FORMAT. */
DF_MUST_CHECK df_status fail_rate_text(const recognition* r, const source_array* a);

#endif
