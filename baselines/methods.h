/* methods.h: every method of the suite, by the same door (dynaflow/flow/method.h). */
#ifndef BASELINES_METHODS_H
#define BASELINES_METHODS_H

#include "dynaflow/core/hash.h"
#include "dynaflow/flow/method.h"

enum { METHODS_KNOWN_MAX = 32 };

extern const df_method df_method_dynaflow;
extern const df_method df_method_dynaflow_tracking;
extern const df_method df_method_kinematic_fm;
extern const df_method df_method_kinematic_fm_idm;
extern const df_method df_method_action_fm;
extern const df_method df_method_random_action;
extern const df_method df_method_replay_demo;

/* All of them, in the order of tables, registered ones last; the count, at most METHODS_KNOWN_MAX, is returned. */
int df_methods(const df_method* const** methods);

/* NULL if there is none of this name. */
const df_method* df_method_by_name(const char* name);

/* Adds a method, which must outlive its use. DF_E_CONFIG if the name is taken or is not of letters, digits and _, or if
 * the table lacks a function that its flags promise. Not for use while other threads look methods up. */
DF_MUST_CHECK df_status df_method_register(const df_method* method);

/* Loads a shared object (dynaflow/flow/method.h, "methods from outside") and registers its method; it stays loaded.
 * Errors name the file and the symbol. */
DF_MUST_CHECK df_status df_method_load(const char* path);

/* SHA-256 of the file that a method was loaded from; "" for the program's own. */
const char* df_method_file_sha256(const df_method* method);

#endif
