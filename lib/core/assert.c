#include "dynaflow/core/assert.h"

#ifdef DF_DEBUG
#include <stdio.h>
#include <stdlib.h>

void df_assert_failed(const char* condition, const char* file, int line) {
  fprintf(stderr, "%s:%d: assertion failed: %s\n", file, line, condition);
  abort();
}
#else
/* ISO C forbids an empty file */
typedef int df_no_assertions;
#endif
