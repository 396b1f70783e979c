/* source.h: the files of a recording that is imported, and the arrays in them. */
#ifndef BENCH_IMPORT_SOURCE_H
#define BENCH_IMPORT_SOURCE_H

#include <stdbool.h>

#include "dynaflow/io/arrays.h"

/* an array of an episode's group, or outside of all groups */
typedef struct source_array {
  char* name; /* without the group */
  const df_array_info* info;
} source_array;

typedef struct source {
  int n;
  char** path;       /* [n] sorted by name */
  df_arrays* arrays; /* of the first file */
  char* episodes;    /* pattern of the groups that are an episode each, e.g. "data/demo_*"; "": none */
  char* group;       /* the first of them, with a slash at its end; "" */
  int n_arrays;
  source_array* list; /* of the first group and outside of all groups */
  char* skipped;      /* files of a folder that were left out, with the reason of the first; "" */
} source;

/* Opens what the user named: files, patterns as of a shell, and folders, of which all files are taken that hold arrays
 * like those of the first one. Call source_close() also after a failure. Errors: DF_E_MISSING (nothing fits, or no file
 * of a folder is a recording), DF_E_CONFIG (a file is named twice), those of df_arrays_open(), which name the file. */
DF_MUST_CHECK df_status source_open(int n, const char* const* words, source* out);
void source_close(source* s);

/* The first of the arrays `names` (n of them) that is numeric, else the first that is one of them in other capitals
 * and longer than a letter; NULL if there is none. */
const source_array* source_find(const source* s, int n, const char* const* names);
const source_array* source_array_named(const source* s, const char* name);
/* The part of an array's name after the group of an episode, "@name" for an attribute of it; the whole name of one
 * outside of all groups. */
const char* source_name_in_group(const source* s, const char* array);
/* The size of the last axis, 1 for an array with one axis or none. */
int source_columns(const source_array* a);

/* Reads an array of the first file as doubles. Errors: those of df_arrays_read(). */
DF_MUST_CHECK df_status source_read(const source* s, const source_array* a, df_array* out);

#endif
