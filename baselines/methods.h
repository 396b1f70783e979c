/* methods.h: every method of the suite, by the same door (dynaflow/flow/method.h). */
#ifndef BASELINES_METHODS_H
#define BASELINES_METHODS_H

#include "dynaflow/flow/method.h"

extern const df_method df_method_dynaflow;
extern const df_method df_method_dynaflow_tracking;
extern const df_method df_method_kinematic_fm;
extern const df_method df_method_kinematic_fm_idm;
extern const df_method df_method_action_fm;
extern const df_method df_method_random_action;
extern const df_method df_method_replay_demo;

/* All of them, in the order of tables; the count is returned. */
int df_methods(const df_method* const** methods);

/* NULL if there is none of this name. */
const df_method* df_method_by_name(const char* name);

#endif
