#include "dynaflow/core/words.h"

#include <string.h>

static size_t least(size_t a, size_t b) {
  return a < b ? a : b;
}

size_t df_edit_distance(const char* a, const char* b) {
  const size_t n = strlen(a), m = strlen(b);
  if (n > DF_WORD_MAX || m > DF_WORD_MAX) return DF_WORD_MAX + 1;

  /* row i of the table of distances between prefixes, one row at a time */
  size_t row[DF_WORD_MAX + 1];
  for (size_t j = 0; j <= m; j++) row[j] = j;
  for (size_t i = 1; i <= n; i++) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= m; j++) {
      const size_t changed = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = least(changed, 1 + least(row[j], row[j - 1]));
    }
  }
  return row[m];
}

size_t df_word_reach(const char* word) {
  const size_t n = strlen(word), reach = n < 6 ? 2 : n / 3;
  return least(reach, n > 0 ? n - 1 : 0);
}

const char* df_nearest_word(const char* word, int n, const char* const* names) {
  const char* best = NULL;
  size_t smallest = df_word_reach(word) + 1;
  for (int i = 0; i < n; i++) {
    const size_t distance = df_edit_distance(word, names[i]);
    if (distance >= smallest) continue;
    smallest = distance;
    best = names[i];
  }
  return best;
}
