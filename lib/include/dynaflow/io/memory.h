/* memory.h: the memory that the arrays of one file may take, for every format that is read. */
#ifndef DYNAFLOW_IO_MEMORY_H
#define DYNAFLOW_IO_MEMORY_H

#include <stddef.h>

#include "dynaflow/core/status.h"

DF_BEGIN_DECLS

/* Limits the memory that the arrays of one file may take when they are read, as doubles or decompressed, whichever is
 * more: `bytes`, or 64 times the size of the file if that is more. A small file can decompress to a thousand times its
 * size, or claim any size, and each byte can become a double; arrays that are stored uncompressed are never refused.
 * The limit holds for the whole process; returns the one before. Errors name size and limit. */
enum { DF_IO_MEMORY = 256 << 20 }; /* the default, in bytes */
DF_API size_t df_io_set_memory(size_t bytes);

/* The name under which users of the program set that limit in MiB, e.g. an environment variable, for the error that it
 * was exceeded; NULL, the default: none. The string is not copied. */
DF_API void df_io_name_memory(const char* name);

/* The bytes that the arrays of a file of `file_size` bytes may take, whether they are read or made of what it holds. */
DF_API size_t df_io_memory_of(size_t file_size);

/* Writes what admits `bytes` to the arrays of a file, e.g. "set DYNAFLOW_ARRAYS_MIB=300", for an error. */
enum { DF_IO_REMEDY = 128 };
DF_API void df_io_memory_remedy(double bytes, char text[DF_IO_REMEDY]);

DF_END_DECLS

#endif
