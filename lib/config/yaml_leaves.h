/* yaml_leaves.h: a YAML task file as a list of dotted keys (private to this room). */
#ifndef DYNAFLOW_DATA_YAML_LEAVES_H
#define DYNAFLOW_DATA_YAML_LEAVES_H

#include <stdbool.h>

#include "dynaflow/core/status.h"

/* one leaf of the file */
typedef struct df_yaml_leaf {
  char* key;     /* "profiles.smoke.train.steps" */
  char* value;   /* a scalar's text, a sequence's items joined by commas; "" for null and for an empty mapping */
  int line;      /* from 1 */
  bool sequence; /* written as a sequence */
  bool empty;    /* null or an empty mapping: may name a section with nothing in it */
} df_yaml_leaf;

typedef struct df_yaml {
  int n, room;
  df_yaml_leaf* leaf; /* in the order of the file */
} df_yaml;

/* Reads and flattens a file. DF_E_MISSING, DF_E_IO; DF_E_FORMAT names file, line and what is wrong with the YAML;
 * DF_E_CONFIG for a key that stands twice. On failure nothing is owned by the caller. */
DF_MUST_CHECK df_status df_yaml_read(const char* path, df_yaml* out);
void df_yaml_clear(df_yaml* yaml);

#endif
