#include "inexact.h"

#include <stdio.h>
#include <string.h>

#include "dynaflow/sim/adjoint.h"
#include "terminal.h"

void warn_inexact(const char* target, const df_system* system, const options* opts) {
  static char last_target[256];
  char text[16384]; /* holds one element of every name of a feature */
  if (opts->quiet || strcmp(last_target, target) == 0) return;
  if (df_mujoco_inexact_features(system, text, sizeof text)[0] == '\0') return;
  snprintf(last_target, sizeof last_target, "%s", target);
  print_line(stderr, "dynaflow: %s: the gradient is not exact: %s", target, text);
}
