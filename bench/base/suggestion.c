#include "suggestion.h"

#include <stdio.h>

#include "dynaflow/core/words.h"

const char* suggestion(const char* word, int n, const char* const* names, char* out, size_t size) {
  const char* best = df_nearest_word(word, n, names);
  out[0] = '\0';
  if (best) snprintf(out, size, ", did you mean '%s'?", best);
  return out;
}
