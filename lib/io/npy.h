/* npy.h: parsing and formatting of one array in NumPy's .npy format, in memory. Private. */
#ifndef LIB_IO_NPY_H
#define LIB_IO_NPY_H

#include <stdbool.h>

#include "dynaflow/io/npz.h"

/* a parsed header with a pointer to the elements */
typedef struct df_npy {
  char kind;   /* 'f' 'i' 'u' 'b' 'U' */
  size_t item; /* bytes per element */
  bool fortran;
  int rank;
  size_t shape[DF_NPZ_MAX_RANK];
  size_t count;              /* product of the shape */
  const unsigned char* data; /* count * item bytes inside the parsed buffer, not owned */
} df_npy;

/* Parses an array of n bytes. Errors are DF_E_FORMAT and name `path` and `key`. */
DF_MUST_CHECK df_status df_npy_parse(const unsigned char* bytes, size_t n, const char* path, const char* key,
                                     df_npy* out);

/* Converts the elements to doubles, row-major; the caller releases *out with df_array_clear(). DF_E_FORMAT for text and
 * for an integer beyond 2^53 in magnitude, DF_E_NOMEM. */
DF_MUST_CHECK df_status df_npy_values(const df_npy* npy, const char* path, const char* key, df_array* out);

/* Converts a 0-dimensional unicode array to UTF-8; the caller frees *out. DF_E_FORMAT for any other array and for code
 * points outside Unicode, DF_E_NOMEM. */
DF_MUST_CHECK df_status df_npy_text(const df_npy* npy, const char* path, const char* key, char** out);

/* Formats one entry as an .npy file of *n bytes; the caller frees *bytes. `path` names the archive in errors: DF_E_ARG
 * (df_npz_write lists the cases), DF_E_NOMEM. */
DF_MUST_CHECK df_status df_npy_format(const df_npz_entry* entry, const char* path, unsigned char** bytes, size_t* n);

#endif
