/* stack.h: arrays of a file side by side, as frames of episodes. Private. */
#ifndef LIB_DATA_STACK_H
#define LIB_DATA_STACK_H

#include <stdbool.h>
#include <stddef.h>

#include "dynaflow/io/arrays.h"
#include "layout.h"

enum { STACK_NAME = 512 }; /* bytes of the name of an array, with its end */

/* The arrays of text of a file that something looks for in each of its groups, in the order of the file. A file may
 * have as many groups as arrays, so that to look through all arrays for each of them would take the square of their
 * number. */
typedef struct text_list {
  bool made;
  int n;
  int* at; /* [n] */
} text_list;

/* a file and which of its arrays were used */
typedef struct array_file {
  const char* path;
  df_arrays* arrays;
  bool* used;         /* [df_arrays_count()] */
  text_list lists;    /* those named like lists of names */
  text_list env_args; /* those named env_args */
} array_file;

df_status array_file_open(const char* path, array_file* out);
void array_file_close(array_file* file);

/* Makes the list of the file's arrays of text whose names are kept, unless it is made. Errors: DF_E_NOMEM. */
df_status text_list_make(const df_arrays* arrays, bool (*keeps)(const char* name), text_list* list);

/* The index of an array `name` of the group ("": none), of an attribute "@name" of the group, or of the group itself if
 * `name` is ""; -1: there is none. `full` receives the whole name. */
int array_file_find(const array_file* file, const char* group, const char* name, char full[STACK_NAME]);
/* Whether there is one; marks it as used. */
bool array_file_has(array_file* file, const char* group, const char* name, char full[STACK_NAME]);

typedef struct stack_request {
  const char* key; /* the setting that asks for it, for messages */
  const char* group;
  const char* expression;  /* an array, or several as A+B+C; '*' stands for the names of `star` */
  const joint_order* star; /* NULL: '*' stands for any text, and a part for all arrays that fit, in the file's order */
  int width;               /* columns that are expected; 0: any number */
  bool numbers;            /* true and false are refused */
  /* arrays named for these columns: if there is one for each, or width is 0, they may be [episodes][frames] */
  bool named;
} stack_request;

/* the columns of one array after the other; row-major [episodes][frames][columns] */
typedef struct stack {
  bool listed; /* the arrays list episodes; else they are the frames of one, or of several without borders */
  bool transposed;
  size_t episodes, frames, columns;
  size_t arrays;              /* number of them */
  df_array_rounding rounding; /* of the first array that has one */
  double* values;
  char shape[128];          /* of the first array, e.g. "[3,7,4]" */
  char name[STACK_NAME];    /* of the first array */
  char (*part)[STACK_NAME]; /* [arrays] names of the arrays, without the group */
} stack;

/* Reads arrays of shape [episodes][frames][columns], [frames][columns], for single columns [frames] or, if
 * they are named, [episodes][frames]; [columns][frames] where only this has `width` columns. The caller clears *out.
 * Errors name file, setting, arrays and shapes: DF_E_MISMATCH for arrays that do not fit together, DF_E_FORMAT if no
 * array fits a '*', DF_E_CONFIG for truth values in the place of numbers; those of df_arrays_read(). */
DF_MUST_CHECK df_status stack_read(array_file* file, const stack_request* request, stack* out);
void stack_clear(stack* s);

#endif
