/* words.h: edit distance of two words, and the name that a misspelt one may stand for: suggestions in error messages.
 */
#ifndef DYNAFLOW_CORE_WORDS_H
#define DYNAFLOW_CORE_WORDS_H

#include <stddef.h>

#include "dynaflow/core/status.h"

DF_BEGIN_DECLS

enum { DF_WORD_MAX = 80 };

/* Returns the Levenshtein distance, in bytes, of two words of at most DF_WORD_MAX bytes; DF_WORD_MAX + 1 if one is
 * longer. Neither may be NULL. */
DF_API size_t df_edit_distance(const char* a, const char* b);

/* The largest distance at which a name is suggested for `word`: a third of its length, 2 for fewer than 6 letters, and
 * less than its length, so that at least one letter agrees. */
DF_API size_t df_word_reach(const char* word);

/* The first of names [n] with the smallest distance to `word`; NULL if that exceeds df_word_reach(word). */
DF_API const char* df_nearest_word(const char* word, int n, const char* const* names);

DF_END_DECLS

#endif
