#include "experts.h"

#include <string.h>

static bool begins(const char* text, const char* beginning) {
  return strncmp(text, beginning, strlen(beginning)) == 0;
}

bool is_expert(const char* method) {
  return begins(method, EXPERT_PREFIX);
}

bool expert_setting(const char* name, const char* value) {
  /* objects are no base; without any, a policy has the identity of one from before they counted */
  if (strcmp(name, "chart.objects") == 0) return value[0] != '\0';
  const bool file = strcmp(name, "system.model") == 0 || begins(name, "system.model_");
  return begins(name, "expert") || begins(name, "action.") || (begins(name, "system.") && !file) ||
         strcmp(name, "eval.feet") == 0 || begins(name, "eval.fall_");
}
