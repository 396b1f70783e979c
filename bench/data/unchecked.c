#include "unchecked.h"

#include <stdio.h>
#include <string.h>

#include "dynaflow/data/task.h"
#include "terminal.h"

void warn_unchecked(const df_config* config, const df_system* system, const df_dataset* data, const options* opts) {
  static char last_target[256];
  char text[512];
  if (opts->quiet || strcmp(last_target, config->task_name) == 0) return;
  if (df_task_unchecked(config, system, data, text, sizeof text)[0] == '\0') return;
  snprintf(last_target, sizeof last_target, "%s", config->task_name);
  print_line(stderr, "dynaflow: warning: %s: %s", config->task_name, text);
}
