/* experts.h: policies of `dynaflow expert` as methods of a run. Their names are "expert_" and the choice of
 * expert.method: "expert_shac", "expert_apg", "expert_ppo". They have no demonstrations, so that their records say
 * what they were tried on ("trials") in the place of data. */
#ifndef BENCH_RECORD_EXPERTS_H
#define BENCH_RECORD_EXPERTS_H

#include <stdbool.h>

#define EXPERT_PREFIX "expert_"

/* Whether a method of a run is a policy of `dynaflow expert`. */
bool is_expert(const char* method);

/* Whether the training of such a policy, and what it is, depends on a setting: the names of files do not count. */
bool expert_setting(const char* name, const char* value);

#endif
