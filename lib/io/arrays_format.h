/* arrays_format.h: what a format of recordings provides, and what it is given (arrays.h). Private. */
#ifndef LIB_IO_ARRAYS_FORMAT_H
#define LIB_IO_ARRAYS_FORMAT_H

#include "charge.h"
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

/* bytes of the longest name of an array, with its end */
enum { DF_ARRAYS_NAME = 1024 };

/* an array, the memory of its strings, and what its reader keeps: where it is, and the memory counted for it */
typedef struct df_arrays_item {
  df_array_info info;
  char* text;
  const void* own;
  size_t charged;
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
  df_charge charge;
  size_t charged_names;
  df_arrays_item* item; /* [count] */
  int count, capacity;
  struct df_arrays_named* sorted; /* [count] by name */
};

/* Adds an array as the last; copies name and type. DF_E_FORMAT if there are too many, or if their names take too much
 * memory, DF_E_NOMEM. */
DF_MUST_CHECK df_status df_arrays_add(df_arrays* arrays, const char* name, int rank, const size_t* shape,
                                      const char* type, bool numeric);

/* Writes parent, separator and name, or `name` alone if parent is "" and the separator is not '@'. DF_E_FORMAT if that
 * is too long. */
DF_MUST_CHECK df_status df_arrays_join(const df_arrays* arrays, const char* parent, char separator, const char* name,
                                       char out[DF_ARRAYS_NAME]);

/* Multiplies the shape of array i. DF_E_FORMAT if elements of `size` bytes are more than there can be. */
DF_MUST_CHECK df_status df_arrays_elements(const df_arrays* arrays, int i, size_t size, size_t* count);

/* DF_E_FORMAT: text was asked for and array i is something else; the message names file and array. */
DF_MUST_CHECK df_status df_arrays_fail_text(const df_arrays* arrays, int i);

extern const df_arrays_reader df_arrays_npz, df_arrays_hdf5, df_arrays_json, df_arrays_table;

#endif
