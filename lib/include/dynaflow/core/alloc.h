/* alloc.h: heap allocation for the whole library, with a hook that lets tests fail the n-th allocation. */
#ifndef DYNAFLOW_CORE_ALLOC_H
#define DYNAFLOW_CORE_ALLOC_H

#include <stddef.h>

#include "dynaflow/core/status.h"

DF_BEGIN_DECLS

/* Allocates zeroed memory for `count` objects of `size` bytes each, aligned to 64 bytes. The caller releases it with
 * df_free(). Returns NULL when memory is short or count * size overflows, with the reason in df_error_message(). A
 * request for 0 bytes returns a valid pointer. */
DF_API void* df_alloc(size_t count, size_t size);

/* Releases memory from df_alloc() or df_strdup(). NULL is allowed. */
DF_API void df_free(void* memory);

/* Copies a zero-terminated string (not NULL) into memory from df_alloc(). Returns NULL when memory is short. */
DF_API char* df_strdup(const char* text);

/* For tests: makes the n-th allocation from now on fail, once (n >= 1); n = 0 turns the fault off. Process-wide.
 * Returns the number of allocations attempted since the previous call. */
DF_API size_t df_alloc_fail_at(size_t n);

/* Returns the peak number of bytes in use since the previous call (or since program start), including the rounding of
 * the heap. Process-wide. */
DF_API size_t df_alloc_peak(void);

DF_END_DECLS

#endif
