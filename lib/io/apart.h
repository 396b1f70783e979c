/* apart.h: a reader of a format in a process of its own. Private.
 *
 * For formats whose library does not withstand damaged files: a crash of the child process, or memory beyond the limit
 * of memory.h, is an error that names the file. The child lives until the file is closed, or its parent ends. */
#ifndef LIB_IO_APART_H
#define LIB_IO_APART_H

#include "arrays_format.h"

/* AddressSanitizer hangs where it gets no memory, so that its builds do not bound that of the child */
#if defined(__SANITIZE_ADDRESS__)
#define DF_APART_BOUNDS_MEMORY 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define DF_APART_BOUNDS_MEMORY 0
#endif
#endif
#ifndef DF_APART_BOUNDS_MEMORY
#define DF_APART_BOUNDS_MEMORY 1
#endif

/* The functions of a reader (arrays_format.h) that do their work by those of `inside`, in a child process. What
 * `inside` keeps is in the child's copy of `arrays`; `inside->close` is not called. */
DF_MUST_CHECK df_status df_apart_open(df_arrays* arrays, const df_arrays_reader* inside);
DF_MUST_CHECK df_status df_apart_read(df_arrays* arrays, int i, df_array* out);
DF_MUST_CHECK df_status df_apart_read_text(df_arrays* arrays, int i, char** out);
void df_apart_close(void* state);

#endif
