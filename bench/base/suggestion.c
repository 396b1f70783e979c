#include "suggestion.h"

#include <stdio.h>
#include <string.h>

#include "dynaflow/core/words.h"

const char* closest_name(const char* word, int n, const char* const* names) {
  const char* best = NULL;
  size_t best_distance = 1 + (strlen(word) < 6 ? 2 : strlen(word) / 3);
  for (int i = 0; i < n; i++) {
    const size_t d = df_edit_distance(word, names[i]);
    if (d < best_distance) {
      best_distance = d;
      best = names[i];
    }
  }
  return best;
}

const char* suggestion(const char* word, int n, const char* const* names, char* out, size_t size) {
  const char* best = closest_name(word, n, names);
  out[0] = '\0';
  if (best) snprintf(out, size, ", did you mean '%s'?", best);
  return out;
}
