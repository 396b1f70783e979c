/* words.h: edit distance of two words, for suggestions in error messages. */
#ifndef DYNAFLOW_CORE_WORDS_H
#define DYNAFLOW_CORE_WORDS_H

#include <stddef.h>

#include "dynaflow/core/status.h"

DF_BEGIN_DECLS

enum { DF_WORD_MAX = 80 };

/* Returns the Levenshtein distance, in bytes, of two words of at most DF_WORD_MAX bytes; DF_WORD_MAX + 1 if one is
 * longer. Neither may be NULL. */
DF_API size_t df_edit_distance(const char* a, const char* b);

DF_END_DECLS

#endif
