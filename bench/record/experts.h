/* experts.h: policies of `dynaflow expert` as methods of a run. Their names are "expert_" and the choice of
 * expert.method: "expert_shac", "expert_apg", "expert_ppo"; of imitation "expert_imitate_shac", and so on. They are
 * compared on no demonstrations, so that their records say
 * what they were tried on ("trials") in the place of data. */
#ifndef BENCH_RECORD_EXPERTS_H
#define BENCH_RECORD_EXPERTS_H

#include <stdbool.h>

#define EXPERT_PREFIX "expert_"

/* Whether a method of a run is a policy of `dynaflow expert`. */
bool is_expert(const char* method);

/* Whether a setting is one of imitation, which is newer than other experts: expert.imitate, expert.clips,
 * expert.ahead, expert.off_clip, expert_reward.track_*, expert_observe.target. */
bool expert_imitates(const char* name);

/* Whether the training of such a policy, and what it is, depends on a setting: the names of files do not count, nor do
 * the settings of imitation with their defaults. */
bool expert_setting(const char* name, const char* value);

#endif
