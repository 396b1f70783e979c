#include "failure.h"

#include <stdio.h>
#include <string.h>

int exit_code_of(df_status status) {
  switch (status) {
    case DF_OK:
      return EXIT_DONE;
    case DF_E_INTERRUPTED:
      return EXIT_INTERRUPTED;
    /* not the user's input: what was asked for could not be completed here */
    case DF_E_NOMEM:
    case DF_E_BLAS:
      return EXIT_INCOMPLETE;
    default:
      return EXIT_USAGE;
  }
}

int report_failure(df_status status) {
  const char* detail = df_error_message();
  if (status == DF_OK) return EXIT_DONE;
  fprintf(stderr, "dynaflow: %s\n", detail[0] ? detail : df_status_text(status));
  return exit_code_of(status);
}

int report_task_failure(df_status status, const char* task) {
  const int code = report_failure(status);
  if (status == DF_E_MISSING) fprintf(stderr, "dynaflow: to get it: dynaflow data fetch %s\n", task);
  return code;
}

static size_t least(size_t a, size_t b) {
  return a < b ? a : b;
}

/* Levenshtein distance of words up to 63 letters */
static size_t distance(const char* a, const char* b) {
  enum { LONGEST = 64 };
  const size_t n = strlen(a), m = strlen(b);
  if (n >= LONGEST || m >= LONGEST) return LONGEST;
  size_t row[LONGEST];
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

const char* closest_name(const char* word, int n, const char* const* names) {
  const char* best = NULL;
  size_t best_distance = 1 + (strlen(word) < 6 ? 2 : strlen(word) / 3);
  for (int i = 0; i < n; i++) {
    const size_t d = distance(word, names[i]);
    if (d < best_distance) {
      best_distance = d;
      best = names[i];
    }
  }
  return best;
}

const char* suggestion(const char* word, int n, const char* const* names, char* out, unsigned long size) {
  const char* best = closest_name(word, n, names);
  out[0] = '\0';
  if (best) snprintf(out, size, ", did you mean '%s'?", best);
  return out;
}
