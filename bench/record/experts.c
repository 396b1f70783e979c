#include "experts.h"

#include <string.h>

#include "dynaflow/config/config.h"

static bool begins(const char* text, const char* beginning) {
  return strncmp(text, beginning, strlen(beginning)) == 0;
}

bool is_expert(const char* method) {
  return begins(method, EXPERT_PREFIX);
}

bool expert_imitates(const char* name) {
  static const char* const settings[] = {"expert.imitate",  "expert.clips",         "expert.ahead",
                                         "expert.off_clip", "expert_reward.track_", "expert_observe.target"};
  for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
    if (begins(name, settings[i])) return true;
  }
  return false;
}

/* the default of a setting; NULL for a name that is none */
static const char* default_of(const char* name) {
  const df_config_key* keys;
  const int n = df_config_keys(&keys);
  for (int i = 0; i < n; i++) {
    if (strcmp(keys[i].name, name) == 0) return keys[i].default_text;
  }
  return NULL;
}

bool expert_setting(const char* name, const char* value) {
  /* a policy without imitation has the identity of one from before its settings */
  const char* without = expert_imitates(name) ? default_of(name) : NULL;
  if (without) return strcmp(without, value) != 0;
  /* objects are no base; without any, a policy has the identity of one from before they counted */
  if (strcmp(name, "chart.objects") == 0) return value[0] != '\0';
  const bool file = strcmp(name, "system.model") == 0 || begins(name, "system.model_");
  return begins(name, "expert") || begins(name, "action.") || (begins(name, "system.") && !file) ||
         strcmp(name, "eval.feet") == 0 || begins(name, "eval.fall_");
}
