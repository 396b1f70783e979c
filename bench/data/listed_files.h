/* listed_files.h: several files of a task by one name that lists them in braces, as 'clips/{walk,run}.txt'. */
#ifndef BENCH_DATA_LISTED_FILES_H
#define BENCH_DATA_LISTED_FILES_H

#include <stdbool.h>

/* The number of names that a name lists: those between the commas of its only pair of braces. 0: it is no such list,
 * because it has no braces or several pairs, or contains '*', '?' or '[', so that it does not say which files it means.
 */
int listed_count(const char* name);

/* Name i, from 0, of a list with more than i names: 'clips/run.txt' is name 1 of the list above. The caller frees it
 * with df_free(). */
char* listed_name(const char* name, int i);

#endif
