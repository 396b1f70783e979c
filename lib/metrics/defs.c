#include "dynaflow/metrics/defs.h"

int df_metric_defs(const df_metric_def** defs) {
  static const df_metric_def table[] = {
#define METRIC_ROW(name, unit, better, definition) {#name, unit, better, definition},
      DF_METRIC_LIST(METRIC_ROW)
#undef METRIC_ROW
  };
  *defs = table;
  return (int)(sizeof table / sizeof *table);
}
