/* search.h: the folders in which models and data are looked for. */
#ifndef DYNAFLOW_CONFIG_SEARCH_H
#define DYNAFLOW_CONFIG_SEARCH_H

#include "dynaflow/core/status.h"

enum { DF_SEARCH_MAX = 8 };

/* Folders in the order in which they are searched; the strings belong to whoever fills them in. */
typedef struct df_search {
  int n;
  const char* folder[DF_SEARCH_MAX];
} df_search;

/* The path of `name` in the first folder that holds it, or its base name, in memory of df_alloc; an absolute `name` is
 * taken as it is. DF_E_MISSING lists the folders that were searched. */
DF_API DF_MUST_CHECK df_status df_search_find(const df_search* search, const char* name, char** path);

#endif
