/* list.h: arrays that grow by one element at a time, so that no list of a run has a capacity. */
#ifndef BENCH_BASE_LIST_H
#define BENCH_BASE_LIST_H

#include <stddef.h>

/* Returns `list`, which holds n elements of `size` bytes, with room for one more; NULL with n = 0 is an empty list.
 * Every element of the list must have been added after a call of this function. The list may move. Out of memory, it
 * ends the program with a message and EXIT_INCOMPLETE, as text_add() does. Free the list with df_free(). */
void* list_grow(void* list, int n, size_t size);

#endif
