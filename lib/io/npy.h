/* npy.h: parsing and formatting of one array in NumPy's .npy format, in memory. Private. */
#ifndef LIB_IO_NPY_H
#define LIB_IO_NPY_H

#include <stdbool.h>

#include "dynaflow/io/npz.h"

/* bytes of the longest header that is read, which is numpy's default, too, and of what precedes it */
enum { DF_NPY_MAX_HEADER = 10000, DF_NPY_MAX_PREAMBLE = 12 };

/* a parsed header with a pointer to the elements */
typedef struct df_npy {
  char kind;        /* 'f' 'i' 'u' 'b' 'U'; 0: elements of any other type */
  char descr[32];   /* as in the file, "" for a structured dtype */
  char type[32];    /* "float32", "text", "object (pickled)", "structured", ..., else as `descr` */
  size_t item;      /* bytes per element */
  size_t character; /* of text: bytes per character, 4 (UTF-32) or 1 (ASCII) */
  bool big_endian;
  bool fortran;
  int rank;
  size_t shape[DF_NPZ_MAX_RANK];
  size_t count;              /* product of the shape */
  const unsigned char* data; /* count * item bytes inside the parsed buffer, not owned */
} df_npy;

/* Parses the header of an array, of which n bytes are there; sets all but `count`. Errors are DF_E_FORMAT and name
 * `path` and `key`. */
DF_MUST_CHECK df_status df_npy_header(const unsigned char* bytes, size_t n, const char* path, const char* key,
                                      df_npy* out);

/* Parses an array of n bytes, whose type must be one that can be read. Errors are DF_E_FORMAT and name `path` and
 * `key`. */
DF_MUST_CHECK df_status df_npy_parse(const unsigned char* bytes, size_t n, const char* path, const char* key,
                                     df_npy* out);

/* Converts the elements to doubles, row-major; the caller releases *out with df_array_clear(). DF_E_FORMAT for text and
 * for an integer beyond 2^53 in magnitude, DF_E_NOMEM. */
DF_MUST_CHECK df_status df_npy_values(const df_npy* npy, const char* path, const char* key, df_array* out);

/* Converts a 0-dimensional array of text to UTF-8, or a 1-dimensional one to lines separated by line breaks; the caller
 * frees *out. DF_E_FORMAT for any other array, for code points outside Unicode, bytes that are not ASCII and a line
 * break inside an element, DF_E_NOMEM. */
DF_MUST_CHECK df_status df_npy_text(const df_npy* npy, const char* path, const char* key, char** out);

/* Formats one entry as an .npy file of *n bytes; the caller frees *bytes. `path` names the archive in errors: DF_E_ARG
 * (df_npz_write lists the cases), DF_E_NOMEM. */
DF_MUST_CHECK df_status df_npy_format(const df_npz_entry* entry, const char* path, unsigned char** bytes, size_t* n);

#endif
