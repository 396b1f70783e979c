/* suggestion.h: suggestions for a misspelt name. */
#ifndef BENCH_BASE_SUGGESTION_H
#define BENCH_BASE_SUGGESTION_H

#include <stddef.h>

/* The name with the smallest edit distance to `word`; NULL if that exceeds a third of its length (2 for words of fewer
 * than 6 letters). Points into `names`. */
const char* closest_name(const char* word, int n, const char* const* names);

/* Writes ", did you mean 'x'?" or, if no name is close, "" to out[size]. Returns `out`. */
const char* suggestion(const char* word, int n, const char* const* names, char* out, size_t size);

#endif
