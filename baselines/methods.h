/* methods.h: the methods of the suite, which have the interface of dynaflow/flow/method.h, and the plugin registry. */
#ifndef BASELINES_METHODS_H
#define BASELINES_METHODS_H

#include "dynaflow/core/hash.h"
#include "dynaflow/flow/method.h"

enum { METHODS_KNOWN_MAX = 32 }; /* the most methods, including plugins */

extern const df_method df_method_dynaflow;
extern const df_method df_method_dynaflow_tracking;
extern const df_method df_method_dynaflow_recovered;
extern const df_method df_method_dynaflow_tracking_recovered;
extern const df_method df_method_kinematic_fm;
extern const df_method df_method_kinematic_fm_idm;
extern const df_method df_method_kinematic_fm_inverse;
extern const df_method df_method_kinematic_fm_tracking;
extern const df_method df_method_kinematic_diffusion;
extern const df_method df_method_ddat_projection;
extern const df_method df_method_ddat_trained;
extern const df_method df_method_ddat_states_actions;
extern const df_method df_method_action_fm;
extern const df_method df_method_action_fm_recovered;
extern const df_method df_method_action_diffusion;
extern const df_method df_method_bc;
extern const df_method df_method_act_chunk;
extern const df_method df_method_dap;
extern const df_method df_method_random_action;
extern const df_method df_method_replay_demo;
extern const df_method df_method_demo_states;
extern const df_method df_method_trajopt;

/* Sets *methods to all methods, in the order of tables with registered ones last, and returns their number, at most
 * METHODS_KNOWN_MAX. The array is static. */
int df_methods(const df_method* const** methods);

/* Returns the method of this name, NULL if there is none. */
const df_method* df_method_by_name(const char* name);

/* Registers a method, which is not copied and must stay valid. DF_E_CONFIG if the name is already registered or has
 * characters other than letters, digits and _, or begins with expert_, if a function required by its flags is missing,
 * or if there are already METHODS_KNOWN_MAX methods. Must not be called while other threads look methods up. */
DF_MUST_CHECK df_status df_method_register(const df_method* method);

/* Loads a plugin (dynaflow/flow/method.h) and registers its method; the shared object stays loaded. Errors name the
 * file and the symbol: DF_E_CONFIG for an unsuitable file or method, DF_E_MISSING, DF_E_IO, DF_E_NOMEM. */
DF_MUST_CHECK df_status df_method_load(const char* path);

/* Registers a method that returns what a file holds, of this SHA-256, as df_method_register() does. */
DF_MUST_CHECK df_status df_method_register_file(const df_method* method, const char* sha256);

/* Returns the SHA-256 of the file that a method comes from, a plugin or given trajectories; "" for a method of the
 * program. */
const char* df_method_file_sha256(const df_method* method);

#endif
