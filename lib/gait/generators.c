#include "dynaflow/gait/generators.h"

#include <string.h>

#include "dynaflow/gait/detour.h"
#include "dynaflow/gait/gait.h"
#include "dynaflow/gait/push.h"

int df_generators(const df_generator* const** generators) {
  static const df_generator* const table[] = {&df_generator_quadruped_gaits, &df_generator_detours,
                                              &df_generator_box_pushes};
  *generators = table;
  return (int)(sizeof table / sizeof table[0]);
}

const df_generator* df_generator_by_name(const char* name) {
  const df_generator* const* all;
  const int n = df_generators(&all);
  for (int i = 0; i < n; i++) {
    if (strcmp(all[i]->name, name) == 0) return all[i];
  }
  return NULL;
}
