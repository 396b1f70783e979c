/* suggestion.h: suggestions for a misspelt name. */
#ifndef BENCH_SUGGESTION_H
#define BENCH_SUGGESTION_H

#include <stddef.h>

/* The name nearest to `word` by edit distance, or NULL when none is near enough to be what was meant. */
const char* closest_name(const char* word, int n, const char* const* names);

/* ", did you mean 'x'?" in a buffer of the caller, or "". */
const char* suggestion(const char* word, int n, const char* const* names, char* out, size_t size);

#endif
