/* labels.h: texts as numbers: a column per text, which is 1 where the text is this one and 0 elsewhere. Private. */
#ifndef LIB_DATA_LABELS_H
#define LIB_DATA_LABELS_H

#include "stack.h"

/* the different texts of an array in all files, in the order of strcmp() */
typedef struct label_list {
  int n;
  char** label; /* owned */
} label_list;

enum { LABELS_MAX = 64 };

/* Whether an array of the group ("": none) exists and is of texts. */
bool labels_hold(const array_file* file, const char* group, const char* array);

/* Adds the texts of an array. DF_E_CONFIG for more than LABELS_MAX different ones, DF_E_FORMAT for an empty text or one
 * that a name of a condition cannot end in (a comma, '=', a blank at an end, a control character, too long);
 * DF_E_NOMEM; errors of df_arrays_read_text(). The caller clears the list, also after an error. */
DF_MUST_CHECK df_status labels_add(array_file* file, const char* group, const char* array, label_list* out);
void labels_clear(label_list* labels);

/* Reads an array as a row per text with a column per label. DF_E_FORMAT if it is not of texts; errors as above. The
 * caller clears *out with stack_clear(). */
DF_MUST_CHECK df_status labels_read(array_file* file, const char* group, const char* array, const label_list* labels,
                                    stack* out);

#endif
