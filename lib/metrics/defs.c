#include "dynaflow/metrics/defs.h"

#include <stdbool.h>
#include <string.h>

int df_metric_defs(const df_metric_def** defs) {
  static const df_metric_def table[] = {
#define METRIC_ROW(name, unit, better, definition) {#name, unit, better, definition},
      DF_METRIC_LIST(METRIC_ROW)
#undef METRIC_ROW
  };
  *defs = table;
  return (int)(sizeof table / sizeof *table);
}

const df_metric_def* df_metric_find(const char* metric) {
  const df_metric_def *defs, *best = NULL;
  const int n = df_metric_defs(&defs);
  size_t longest = 0;
  for (int i = 0; i < n; i++) {
    const size_t length = strlen(defs[i].name);
    const bool found = strncmp(defs[i].name, metric, length) == 0 && (metric[length] == '\0' || metric[length] == '.');
    if (!found || length <= longest) continue;
    longest = length;
    best = &defs[i];
  }
  return best;
}
