/* arrays.h: the named arrays of a recording, whatever the format of its file: npz, npy, HDF5, JSON, or a table of text
 * (CSV). The content of the file decides the format, not its name. What the arrays mean is not decided here. */
#ifndef DYNAFLOW_IO_ARRAYS_H
#define DYNAFLOW_IO_ARRAYS_H

#include <stdbool.h>
#include <stddef.h>

#include "dynaflow/core/status.h"
#include "dynaflow/io/npz.h"

DF_BEGIN_DECLS

typedef struct df_arrays df_arrays;

/* How a file has rounded the floating-point numbers of an array, coarser than their type tells. */
typedef enum df_array_rounding_kind {
  DF_ARRAY_PLAIN, /* it has not */
  DF_ARRAY_STEPS, /* HDF5's scaleoffset filter: to steps of 10^-n, counted from the least number of each chunk */
  DF_ARRAY_BITS   /* a type of n significant bits, as HDF5's nbit filter packs */
} df_array_rounding_kind;

typedef struct df_array_rounding {
  df_array_rounding_kind kind;
  int n;
} df_array_rounding;

/* the text of a table whose comments state two frame rates: "50 Hz in line 1, but 0.01 s per frame in line 3" */
#define DF_ARRAYS_RATES "contradicting rates"

/* One array of a file. Names per format:
 *   npz, npy  the key; of a lone npy file the file name without ".npy"
 *   HDF5      the path without the leading '/', e.g. "data/demo_0/obs/qpos"; an attribute is "path@attribute", one of
 *             the root "@attribute"
 *   JSON      the key, e.g. "Frames" [rows][columns] or "FrameDuration" []; a member of an object inside is
 *             "key/member", an object of a list "key/0"; a list that is the whole file is "table"
 *   CSV       "table" [rows][columns], and, if there is a header line, one array [rows] per column name; "fps" or "dt"
 *             [] if a comment before the numbers states a rate: "# frame rate: 50", "# 50 Hz", "# dt = 0.02";
 * DF_ARRAYS_RATES if two comments state different ones */
typedef struct df_array_info {
  const char* name;
  int rank;
  size_t shape[DF_NPZ_MAX_RANK];
  const char* type; /* "float32", "int64", "bool", "text", or what it is: "object (pickled)", "ragged list", ... */
  bool numeric;     /* df_arrays_read() can read it; else the error of df_arrays_read() says why not and what to do */
  df_array_rounding rounding;
} df_array_info;

/* Opens a file and lists its arrays; the caller releases *out with df_arrays_close(); on failure *out is NULL. An array
 * that cannot be read is listed, too, and does not prevent reading the others. Errors name the path, and say what the
 * file is where it is none of these formats (a Git LFS pointer, an HTML page, a pickle, Parquet, a compressed file,
 * ...) and what to do: DF_E_MISSING, DF_E_IO, DF_E_FORMAT (also a damaged file, and text that is no table, with line
 * and column), DF_E_NOMEM; DF_E_ARG for a NULL argument. Calls on HDF5 files must not run on several threads at once.
 */
DF_API DF_MUST_CHECK df_status df_arrays_open(const char* path, df_arrays** out);
DF_API void df_arrays_close(df_arrays* arrays); /* NULL is allowed */

DF_API const char* df_arrays_format(const df_arrays* arrays); /* "npz" "npy" "HDF5" "JSON" "CSV" */
DF_API const char* df_arrays_path(const df_arrays* arrays);   /* as given to df_arrays_open(); owned by arrays */

/* Number of arrays, and array i in the order of the file (HDF5: by name). The info and its strings are owned by
 * `arrays`; NULL if i is out of range. */
DF_API int df_arrays_count(const df_arrays* arrays);
DF_API const df_array_info* df_arrays_info(const df_arrays* arrays, int i);
DF_API int df_arrays_find(const df_arrays* arrays, const char* name); /* the index of this name, -1: none */

/* Reads one array as doubles, row-major; true is 1. The caller releases it with df_array_clear(). DF_E_FORMAT names
 * path, array and fault: no such array (with the arrays of the file), an array that is not numeric (what it is and what
 * to do; a ragged list with the row and its length), more memory than is admitted (memory.h), truncation, an
 * integer beyond 2^53 (not exact as a double). Non-finite values are not an error. DF_E_ARG for a NULL argument,
 * DF_E_NOMEM. On failure *out is zeroed. */
DF_API DF_MUST_CHECK df_status df_arrays_read(df_arrays* arrays, const char* name, df_array* out);

/* Reads text as UTF-8: a single string, or a list of strings as lines separated by line breaks (no line break at the
 * end). The caller frees *out with df_free(); on failure *out is NULL. Errors as for df_arrays_read(); also DF_E_FORMAT
 * for a string in a list that contains a line break. */
DF_API DF_MUST_CHECK df_status df_arrays_read_text(df_arrays* arrays, const char* name, char** out);

/* The names along the last axis of an array: the header line of a CSV file for "table". Returns their number, 0 if
 * there are none, which are all formats but CSV, and sets *names to them (to NULL if 0). Owned by `arrays`. */
DF_API int df_arrays_columns(const df_arrays* arrays, const char* name, const char* const** names);

DF_END_DECLS

#endif
