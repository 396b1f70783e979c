/* yaml_leaves.h: reads a YAML task file into a list of dotted keys with text values. Private. */
#ifndef LIB_CONFIG_YAML_LEAVES_H
#define LIB_CONFIG_YAML_LEAVES_H

#include <stdbool.h>

#include "dynaflow/core/status.h"

/* one scalar, sequence or empty mapping of the file */
typedef struct df_yaml_leaf {
  char* key;     /* "profiles.smoke.train.steps" */
  char* value;   /* text of a scalar, items of a sequence joined by commas; "" for null and for an empty mapping */
  int line;      /* line number, from 1 */
  bool sequence; /* whether it is a sequence */
  bool empty;    /* null or an empty mapping: may be a section without keys */
} df_yaml_leaf;

typedef struct df_yaml {
  int n, room;        /* leaves in use and allocated */
  df_yaml_leaf* leaf; /* [n] in file order */
} df_yaml;

/* Reads a file; the caller releases *out with df_yaml_clear(). On failure *out is empty. Errors: DF_E_MISSING, DF_E_IO,
 * DF_E_NOMEM; DF_E_FORMAT for malformed or unsupported YAML (names file, line and fault); DF_E_CONFIG for a repeated
 * key, an unsuitable sequence item or a sequence that is too long. */
DF_MUST_CHECK df_status df_yaml_read(const char* path, df_yaml* out);
void df_yaml_clear(df_yaml* yaml);

#endif
