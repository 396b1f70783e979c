#include "methods.h"

#include <string.h>

static const df_method* const all[] = {
    &df_method_dynaflow,  &df_method_dynaflow_tracking, &df_method_kinematic_fm, &df_method_kinematic_fm_idm,
    &df_method_action_fm, &df_method_random_action,     &df_method_replay_demo,
};

int df_methods(const df_method* const** methods) {
  *methods = all;
  return (int)(sizeof all / sizeof all[0]);
}

const df_method* df_method_by_name(const char* name) {
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
    if (strcmp(all[i]->name, name) == 0) return all[i];
  }
  return NULL;
}
