/* search.h: the folders that are searched for models and data. */
#ifndef DYNAFLOW_CONFIG_SEARCH_H
#define DYNAFLOW_CONFIG_SEARCH_H

#include "dynaflow/core/status.h"

DF_BEGIN_DECLS

enum { DF_SEARCH_MAX = 12 };

/* Folders in the order in which they are searched; the strings are owned by the caller. */
typedef struct df_search {
  int n;
  const char* folder[DF_SEARCH_MAX];
} df_search;

/* Finds a file: sets *path to `name`, or its base name, in the first folder that contains it. An absolute name is used
 * as it is. The caller frees *path with df_free(); on failure *path is NULL. Errors: DF_E_MISSING, which lists the
 * searched folders; DF_E_ARG for no name or more than DF_SEARCH_MAX folders; DF_E_NOMEM. */
DF_API DF_MUST_CHECK df_status df_search_find(const df_search* search, const char* name, char** path);

DF_END_DECLS

#endif
