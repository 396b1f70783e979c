#include "list.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "exit_code.h"

void* list_grow(void* list, int n, size_t size) {
  /* the room is the smallest power of two that is not less than n, so the list is full if n is a power of two */
  if (n > 0 && (n & (n - 1)) != 0) return list;
  void* grown = n <= INT_MAX / 2 ? df_alloc(n ? 2 * (size_t)n : 1, size) : NULL;
  if (!grown) {
    fprintf(stderr, "dynaflow: out of memory\n");
    exit(EXIT_INCOMPLETE);
  }
  if (n) memcpy(grown, list, (size_t)n * size);
  df_free(list);
  return grown;
}
