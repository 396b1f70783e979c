#include "dynaflow/metrics/defs.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/config/config.h"

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

/* The unit of a group of coordinates (chart.h) is that of its least standard deviation, a setting, which objects share
 * with the base. */
static const char* unit_of_group(const char* group) {
  const df_config_key* keys;
  const int n = df_config_keys(&keys);
  const bool object = strncmp(group, "object_", strlen("object_")) == 0;
  char name[64];
  snprintf(name, sizeof name, "scale_floor.%s%s", object ? "base_" : "", object ? group + strlen("object_") : group);
  if (strcmp(group, "action") == 0 || strcmp(group, "change") == 0) return NULL; /* no groups of coordinates */
  for (int i = 0; i < n; i++) {
    if (strcmp(keys[i].name, name) == 0) return keys[i].unit;
  }
  return NULL;
}

const char* df_metric_unit(const char* metric) {
  static const char* const by_group[] = {"tre.", "tre_open_loop."};
  for (size_t i = 0; i < sizeof by_group / sizeof *by_group; i++) {
    const size_t length = strlen(by_group[i]);
    if (strncmp(metric, by_group[i], length) == 0) return unit_of_group(metric + length);
  }
  if (strcmp(metric, "command_error.yaw_rate") == 0) return "rad/s";
  if (strcmp(metric, "command_error.position") == 0) return "m";
  if (strcmp(metric, "command_error.heading") == 0) return "rad";
  const df_metric_def* def = df_metric_find(metric);
  return def ? def->unit : NULL;
}
