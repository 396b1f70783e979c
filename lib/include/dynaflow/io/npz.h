/* npz.h: NumPy archives. Reads .npz (stored or deflated) and .npy in little-endian f4, f8, i1..i8, u1..u8 and bool,
 * C or Fortran order, format versions 1 to 3; writes what numpy.load opens without pickle. */
#ifndef DYNAFLOW_DATA_NPZ_H
#define DYNAFLOW_DATA_NPZ_H

#include <stdbool.h>
#include <stddef.h>

#include "dynaflow/core/status.h"

enum { DF_NPZ_MAX_RANK = 8 };

typedef struct df_array {
  int rank;
  size_t shape[DF_NPZ_MAX_RANK];
  size_t count;   /* product of the shape */
  double* values; /* row-major, converted to double; owned by the array */
} df_array;

typedef struct df_npz df_npz;

/* Opens an archive; a .npy file counts as one with a single array, named as the file. The file is held in memory.
 * Errors name the path: DF_E_MISSING, DF_E_IO, DF_E_FORMAT (not a zip, truncated, a key twice). */
DF_API DF_MUST_CHECK df_status df_npz_open(const char* path, df_npz** out);
DF_API void df_npz_close(df_npz* npz);
DF_API int df_npz_count(const df_npz* npz);
DF_API const char* df_npz_key(const df_npz* npz, int i); /* without ".npy"; owned by npz */

/* Reads one array. DF_E_FORMAT names path, key and what is wrong (missing key, with the keys there are; dtype; shape;
 * truncation). Non-finite values are passed on: whether they are wrong is the caller's to say. */
DF_API DF_MUST_CHECK df_status df_npz_read(df_npz* npz, const char* key, df_array* out);
/* The single string of a 0-dimensional unicode array, as UTF-8 in memory of df_alloc; errors as df_npz_read. */
DF_API DF_MUST_CHECK df_status df_npz_read_text(df_npz* npz, const char* key, char** out);
DF_API bool df_npz_has(const df_npz* npz, const char* key);
DF_API void df_array_clear(df_array* array); /* frees the values and zeroes the struct */

typedef enum df_npz_kind { DF_NPZ_F64, DF_NPZ_F32, DF_NPZ_TEXT } df_npz_kind;

/* one array to write; TEXT is a single string, stored as a 0-dimensional unicode array */
typedef struct df_npz_entry {
  const char* key;
  df_npz_kind kind;
  int rank;
  size_t shape[DF_NPZ_MAX_RANK];
  const double* values; /* F64 and F32 (converted) */
  const char* text;     /* TEXT */
} df_npz_entry;

/* Writes an archive, atomically (file.h) and with the same bytes for the same content. */
DF_API DF_MUST_CHECK df_status df_npz_write(const char* path, int n, const df_npz_entry* entries);

#endif
