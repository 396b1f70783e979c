/* alloc.h: the one door to the heap, with a hook that lets tests fail the n-th allocation. */
#ifndef DYNAFLOW_CORE_ALLOC_H
#define DYNAFLOW_CORE_ALLOC_H

#include <stddef.h>

#include "dynaflow/core/status.h"

/* Zeroed memory for `count` objects of `size` bytes, aligned to 64 bytes; NULL if it cannot be had, with the failure
 * recorded for df_error_message(). A count of 0 gives a valid pointer. */
DF_API void* df_alloc(size_t count, size_t size);

/* Releases memory of df_alloc or df_strdup; NULL is fine. */
DF_API void df_free(void* memory);

/* A copy of a string, or NULL as df_alloc. */
DF_API char* df_strdup(const char* text);

/* For tests: the n-th allocation from now on fails, once (n >= 1); 0 switches the fault off. Process-wide.
 * Returns how many allocations were made since the last call. */
DF_API size_t df_alloc_fail_at(size_t n);

/* The most bytes that were in use at once since the last call (or the start), as the heap rounds them. Process-wide. */
DF_API size_t df_alloc_peak(void);

#endif
