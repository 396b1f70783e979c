#include "methods.h"

#include <stdbool.h>
#include <string.h>

static const df_method* all[METHODS_KNOWN_MAX] = {
    &df_method_dynaflow,
    &df_method_dynaflow_tracking,
    &df_method_dynaflow_recovered,
    &df_method_dynaflow_tracking_recovered,
    &df_method_kinematic_fm,
    &df_method_kinematic_fm_idm,
    &df_method_kinematic_fm_inverse,
    &df_method_kinematic_fm_tracking,
    &df_method_kinematic_diffusion,
    &df_method_ddat_projection,
    &df_method_ddat_trained,
    &df_method_ddat_states_actions,
    &df_method_action_fm,
    &df_method_action_fm_recovered,
    &df_method_action_diffusion,
    &df_method_bc,
    &df_method_act_chunk,
    &df_method_dap,
    &df_method_random_action,
    &df_method_replay_demo,
    &df_method_demo_states,
    &df_method_trajopt,
};

int df_methods(const df_method* const** methods) {
  int n = 0;
  while (n < METHODS_KNOWN_MAX && all[n]) n++;
  *methods = all;
  return n;
}

const df_method* df_method_by_name(const char* name) {
  const df_method* const* methods;
  const int n = df_methods(&methods);
  for (int i = 0; i < n; i++) {
    if (strcmp(methods[i]->name, name) == 0) return methods[i];
  }
  return NULL;
}

/* names are used in comma-separated lists, in file names and in keys, so only simple characters are allowed */
static df_status check_name(const char* name) {
  static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
  if (!name || !name[0]) return df_fail(DF_E_CONFIG, "a method has no name");
  if (name[strspn(name, letters)] || strlen(name) >= DF_NAME_MAX) {
    return df_fail(DF_E_CONFIG, "method '%.64s': a name must consist of letters, digits and _, at most %d of them",
                   name, DF_NAME_MAX - 1);
  }
  /* those of the cells of `dynaflow expert`, which a run tells from methods by them */
  static const char experts[] = "expert_";
  if (strncmp(name, experts, sizeof experts - 1) == 0)
    return df_fail(DF_E_CONFIG, "method '%s': names that begin with %s are those of `dynaflow expert`", name, experts);
  return DF_OK;
}

df_status df_method_register(const df_method* method) {
  DF_TRY(check_name(method->name));
  if (df_method_by_name(method->name)) {
    return df_fail(DF_E_CONFIG, "method '%s' is already registered", method->name);
  }

  /* every member that the flags require must be set */
  const struct {
    const char* member;
    bool missing;
  } needs[] = {{"summary", !method->summary},
               {"create", !method->create},
               {"destroy", !method->destroy},
               {"sample", !method->sample},
               {"train", (method->flags & DF_METHOD_TRAINS) && !method->train},
               {"save", (method->flags & DF_METHOD_TRAINS) && !method->save},
               {"load", (method->flags & DF_METHOD_TRAINS) && !method->load}};
  for (size_t i = 0; i < sizeof needs / sizeof needs[0]; i++) {
    if (needs[i].missing) return df_fail(DF_E_CONFIG, "method '%s' has no %s", method->name, needs[i].member);
  }

  /* append to the table */
  const df_method* const* methods;
  const int n = df_methods(&methods);
  if (n == METHODS_KNOWN_MAX) return df_fail(DF_E_CONFIG, "more than %d methods", METHODS_KNOWN_MAX);
  all[n] = method;
  return DF_OK;
}
