/* npy.h: one array in NumPy's .npy layout, in memory (private to this room). */
#ifndef DYNAFLOW_DATA_NPY_H
#define DYNAFLOW_DATA_NPY_H

#include <stdbool.h>

#include "dynaflow/io/npz.h"

/* a parsed header, and where the elements stand */
typedef struct df_npy {
  char kind;   /* 'f' 'i' 'u' 'b' 'U' */
  size_t item; /* bytes an element */
  bool fortran;
  int rank;
  size_t shape[DF_NPZ_MAX_RANK];
  size_t count;
  const unsigned char* data; /* count * item bytes, inside the buffer that was parsed */
} df_npy;

/* Parses n bytes; `path` and `key` name them in errors (DF_E_FORMAT). */
DF_MUST_CHECK df_status df_npy_parse(const unsigned char* bytes, size_t n, const char* path, const char* key,
                                     df_npy* out);

/* The elements as doubles, row-major. */
DF_MUST_CHECK df_status df_npy_values(const df_npy* npy, const char* path, const char* key, df_array* out);

/* The single string of a 0-dimensional unicode array as UTF-8 in memory of df_alloc. */
DF_MUST_CHECK df_status df_npy_text(const df_npy* npy, const char* path, const char* key, char** out);

/* The bytes of one entry in memory of df_alloc; `path` names the archive in errors. */
DF_MUST_CHECK df_status df_npy_format(const df_npz_entry* entry, const char* path, unsigned char** bytes, size_t* n);

#endif
