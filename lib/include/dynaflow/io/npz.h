/* npz.h: NumPy archives. Reads .npz (stored or deflated) and .npy files with elements of type f2, f4, f8, i1..i8,
 * u1..u8 or bool, in either byte order, in C or Fortran order, format versions 1 to 3. Writes .npz files that
 * numpy.load opens without pickle. */
#ifndef DYNAFLOW_IO_NPZ_H
#define DYNAFLOW_IO_NPZ_H

#include <stdbool.h>
#include <stddef.h>

#include "dynaflow/core/status.h"

DF_BEGIN_DECLS

enum { DF_NPZ_MAX_RANK = 8 };

typedef struct df_array {
  int rank;
  size_t shape[DF_NPZ_MAX_RANK];
  size_t count;   /* product of the shape */
  double* values; /* row-major, converted to double; owned by the array */
} df_array;

typedef struct df_npz df_npz;

/* Opens an archive and keeps the whole file in memory. A .npy file is treated as an archive of one array, whose key is
 * the file name without ".npy". The caller releases *out with df_npz_close(); on failure *out is NULL. Errors name the
 * path: DF_E_MISSING, DF_E_IO, DF_E_FORMAT (not a zip archive, truncated, a key twice, also as "a" and "a.npy"),
 * DF_E_NOMEM; DF_E_ARG for a NULL path. */
DF_API DF_MUST_CHECK df_status df_npz_open(const char* path, df_npz** out);
DF_API void df_npz_close(df_npz* npz);                   /* NULL is allowed */
DF_API int df_npz_count(const df_npz* npz);              /* number of arrays */
DF_API const char* df_npz_key(const df_npz* npz, int i); /* without ".npy"; owned by npz; NULL if i is out of range */

/* Reads one array; the caller releases it with df_array_clear(). DF_E_FORMAT names path, key and the fault: a missing
 * key (with the keys of the archive), more memory than df_io_set_memory() admits, an unsupported dtype, a malformed
 * shape, truncation, an integer beyond 2^53 (not exact as a double). Non-finite values are not an error. DF_E_ARG for a
 * NULL argument, DF_E_NOMEM. On failure *out is zeroed. */
DF_API DF_MUST_CHECK df_status df_npz_read(df_npz* npz, const char* key, df_array* out);
/* Reads the string of a 0-dimensional array of text as UTF-8, or those of a 1-dimensional one as lines separated by
 * line breaks. The caller frees *out with df_free(); on failure *out is NULL. Errors as for df_npz_read. */
DF_API DF_MUST_CHECK df_status df_npz_read_text(df_npz* npz, const char* key, char** out);
DF_API bool df_npz_has(const df_npz* npz, const char* key); /* whether the archive has an array of this name */
DF_API void df_array_clear(df_array* array);                /* frees the values and zeroes the struct */

typedef enum df_npz_kind { DF_NPZ_F64, DF_NPZ_F32, DF_NPZ_TEXT } df_npz_kind;

/* one array to write. A TEXT entry is one string, stored as a 0-dimensional unicode array; its rank is ignored. */
typedef struct df_npz_entry {
  const char* key;
  df_npz_kind kind;
  int rank;
  size_t shape[DF_NPZ_MAX_RANK];
  const double* values; /* for F64, and for F32, which rounds them to single precision */
  const char* text;     /* for TEXT: UTF-8 */
} df_npz_entry;

/* Writes an archive of n >= 1 arrays atomically (file.h). The same content always gives the same bytes. Errors name
 * path and key: DF_E_ARG (no name, a name twice, rank or shape out of range, NULL values, text that is not UTF-8),
 * DF_E_IO, DF_E_MISSING, DF_E_NOMEM. */
DF_API DF_MUST_CHECK df_status df_npz_write(const char* path, int n, const df_npz_entry* entries);

DF_END_DECLS

#endif
