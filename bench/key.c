#include "key.h"

#include <stdbool.h>
#include <string.h>

/* what may change without changing a number */
static bool counts(const char* name, key_scope scope) {
  static const char* const silent[] = {"task.title", "task.methods", "system.model_url", "data.url"};
  for (size_t i = 0; i < sizeof silent / sizeof silent[0]; i++) {
    if (strcmp(name, silent[i]) == 0) return false;
  }
  return scope == KEY_CELL || strncmp(name, "eval.", 5) != 0;
}

void cell_key_text(const cell_identity* id, key_scope scope, text* out) {
  /* the longest list: DF_LIST_MAX numbers of 25 letters, or DF_NAMES_MAX names */
  char value[4096];
  const df_config_key* keys;
  const int n = df_config_keys(&keys);
  for (int i = 0; i < n; i++) {
    if (!counts(keys[i].name, scope)) continue;
    df_config_value(id->config, i, value, sizeof value);
    text_add(out, "%s %s\n", keys[i].name, value);
  }
  text_add(out, "method %s\nseed %llu\n", id->method, (unsigned long long)id->seed);
  text_add(out, "model %s\ndata %s\n", id->model_sha256, id->data_sha256);
  text_add(out, "mujoco %s\nblas %s\n", id->mujoco_version, id->blas_kernel);
  text_add(out, "numbers %d\nscope %s\n", NUMBERS_VERSION, scope == KEY_CELL ? "cell" : "training");
}

df_status cell_key(const cell_identity* id, key_scope scope, char key[DF_SHA256_TEXT]) {
  text canonical = {0};
  cell_key_text(id, scope, &canonical);
  const df_status status = df_sha256(text_of(&canonical), canonical.n, key);
  text_clear(&canonical);
  return status;
}
