/* sniff.h: what a file is, by its first bytes. Private. */
#ifndef LIB_IO_SNIFF_H
#define LIB_IO_SNIFF_H

#include <stdbool.h>
#include <stddef.h>

#include "dynaflow/core/status.h"

/* bytes that df_sniff() wants to see, fewer only if the file is shorter */
enum { DF_SNIFF_BYTES = 4096 };

typedef enum df_sniffed {
  DF_SNIFFED_NPY,
  DF_SNIFFED_ZIP,
  DF_SNIFFED_HDF5,
  DF_SNIFFED_JSON,
  DF_SNIFFED_TABLE
} df_sniffed;

/* Finds the format of a file from its first n bytes. DF_E_FORMAT names the path, says what the file is, if that is
 * known and none of these, and what to do. */
DF_MUST_CHECK df_status df_sniff(const char* path, const char* bytes, size_t n, df_sniffed* out);

/* Returns the number of bytes of a UTF-8 byte order mark at the beginning, 3 or 0. */
size_t df_byte_order_mark(const char* bytes, size_t n);

#endif
