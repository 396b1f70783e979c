#include "generating_setting.h"

#include <string.h>

bool setting_generates(const df_config_key* key, const char* value) {
  const char* name = key->name;
  static const char* const silent[] = {"data.file", "data.sha256", "data.url", "system.model_url",
                                       "system.model_sha256"};
  for (size_t i = 0; i < sizeof silent / sizeof silent[0]; i++) {
    if (strcmp(name, silent[i]) == 0) return false;
  }
  if (strncmp(name, "gait.", 5) == 0) return strcmp(value, key->default_text) != 0;
  return strncmp(name, "data.", 5) == 0 || (strncmp(name, "system.", 7) == 0 && strcmp(name, "system.model") != 0);
}
