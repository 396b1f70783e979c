/* Any bytes as a task.yaml: refused, or read; every value then has a text that sets the same value again. */
#include <string.h>

#include "dynaflow/config/config.h"
#include "fuzz_input.h"

static void read_back(const df_config* config) {
  static df_config again;
  const df_config_key* keys;
  const int n = df_config_keys(&keys);
  again = df_config_default();
  for (int i = 0; i < n; i++) {
    static char text[1 << 16], second[1 << 16];
    df_config_value(config, i, text, sizeof text);
    FUZZ_REQUIRE(df_config_set(&again, keys[i].name, text, "fuzz") == DF_OK);
    df_config_value(&again, i, second, sizeof second);
    FUZZ_REQUIRE(strcmp(text, second) == 0);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static df_config config;
  const char* path = fuzz_file(data, size);
  const char* const overrides[] = {"train.steps=7"};
  if (df_config_load(path, "", "", 0, NULL, &config) == DF_OK) read_back(&config);
  if (df_config_load(path, "smoke", "dynaflow", 1, overrides, &config) == DF_OK) read_back(&config);
  return 0;
}
