/* arrays_format.h: what a format of recordings provides, and what it is given (arrays.h). Private. */
#ifndef LIB_IO_ARRAYS_FORMAT_H
#define LIB_IO_ARRAYS_FORMAT_H

#include "dynaflow/io/arrays.h"

/* A reader of one format. `open` lists the arrays by df_arrays_add() and may set arrays->state, which `close` frees,
 * also after a failed `open`; `close` is given a state that is not NULL. `read` and `read_text` are given the index of
 * an array. `read` is called for numeric arrays and for others, for which it returns the error that says why they are
 * not. `columns` may be NULL. */
typedef struct df_arrays_reader {
  df_status (*open)(df_arrays* arrays);
  df_status (*read)(df_arrays* arrays, int i, df_array* out);
  df_status (*read_text)(df_arrays* arrays, int i, char** out);
  int (*columns)(const df_arrays* arrays, int i, const char* const** names);
  void (*close)(void* state);
} df_arrays_reader;

/* an array, and the memory of its strings */
typedef struct df_arrays_item {
  df_array_info info;
  char* text;
} df_arrays_item;

/* an array and its index, to sort and to find by name */
struct df_arrays_named {
  const char* name;
  int i;
};

struct df_arrays {
  char* path;
  const char* format;
  const df_arrays_reader* reader;
  void* state;
  df_arrays_item* item; /* [count] */
  int count, capacity;
  struct df_arrays_named* sorted; /* [count] by name */
};

/* Adds an array; copies name and type. DF_E_FORMAT if there are too many, DF_E_NOMEM. */
DF_MUST_CHECK df_status df_arrays_add(df_arrays* arrays, const char* name, int rank, const size_t* shape,
                                      const char* type, bool numeric);

extern const df_arrays_reader df_arrays_npz, df_arrays_json;

#endif
