/* suggestion.h: suggestions for a misspelt name. */
#ifndef BENCH_BASE_SUGGESTION_H
#define BENCH_BASE_SUGGESTION_H

#include <stddef.h>

/* Writes ", did you mean 'x'?" with df_nearest_word() or, if no name is close, "" to out[size]. Returns `out`. */
const char* suggestion(const char* word, int n, const char* const* names, char* out, size_t size);

#endif
