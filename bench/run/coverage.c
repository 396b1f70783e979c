#include "coverage.h"

#include <stdio.h>
#include <string.h>

#include "dynaflow/sim/adjoint.h"

void warn_inexact(const char* target, const df_system* system, const options* opts) {
  static char told[256];
  char text[1024];
  if (opts->quiet || strcmp(told, target) == 0) return;
  if (df_mujoco_inexact_features(system, text, sizeof text)[0] == '\0') return;
  snprintf(told, sizeof told, "%s", target);
  fprintf(stderr, "dynaflow: %s: the gradient is not exact: %s\n", target, text);
}
