/* gate_compares.c: checks that a run is comparable with the tolerances and the golden table. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/config/config.h"
#include "dynaflow/core/hash.h"
#include "dynaflow/core/model_identity.h"
#include "expect.h"
#include "gate_group.h"
#include "golden.h"
#include "json.h"
#include "record_model.h"
#include "run_view.h"
#include "text.h"
#include "verdict.h"

static void differ(held* h, const char* what, const char* format, ...) DF_PRINTF(3, 4);
static void differ(held* h, const char* what, const char* format, ...) {
  text detail = {0};
  va_list list;
  va_start(list, format);
  text_add_list(&detail, format, list);
  va_end(list);
  gate_add(h->out, GATE_NOT_COMPARABLE, h->g->task, h->g->profile, what, text_of(&detail));
  gate_locate(h->out, h->expect.path, 0, "");
  text_clear(&detail);
}

static bool same_version(const char* a, const char* b) {
  int x[2], y[2];
  return version_parts(a, x) && version_parts(b, y) && x[0] == y[0] && x[1] == y[1];
}

static int task_version(const json_t* record) {
  const char* version = string_of(json_object_get(record, "config"), "task.version");
  int v = 1;
  if (version[0] && sscanf(version, "%d", &v) != 1) v = 0;
  return v;
}

/* compares the shared settings of a record with those that the task file gives for its profile and method */
static void compare_settings(held* h, const run_cell* c, const char* task_file) {
  df_config config;
  if (df_config_load(task_file, c->profile, c->method, 0, NULL, &config) != DF_OK) {
    differ(h, "settings", "%s", df_error_message());
    return;
  }
  const df_config_key* keys;
  const int n = df_config_keys(&keys);
  for (int i = 0; i < n; i++) {
    char value[4096];
    const char* own = json_string_value(json_object_get(json_object_get(c->record, "config"), keys[i].name));
    if (!own || !setting_is_shared(keys[i].name)) continue;
    df_config_value(&config, i, value, sizeof value);
    if (strcmp(own, value) == 0) continue;
    differ(h, "settings", "%s, seed %lld: %s is '%.80s', but %s sets '%.80s'", c->method, (long long)c->seed,
           keys[i].name, own, task_file, value);
    return;
  }
}

static void compare_cell(held* h, const run_cell* c, const char* task_file) {
  const char* mujoco = string_of(json_object_get(c->record, "provenance"), "mujoco");
  const int version = task_version(c->record);
  if (!same_version(mujoco, h->expect.mujoco)) {
    differ(h, "mujoco", "%s, seed %lld: simulated with MuJoCo %s, but %s is for %s", c->method, (long long)c->seed,
           mujoco, h->expect.path, h->expect.mujoco);
  }
  if (version != h->expect.task_version) {
    differ(h, "task_version", "%s, seed %lld: version %d of the task, but %s is for version %d", c->method,
           (long long)c->seed, version, h->expect.path, h->expect.task_version);
  }
  compare_settings(h, c, task_file);
  if (!h->has_golden) return;
  char settings[DF_SHA256_TEXT];
  if (!same_version(mujoco, h->golden.mujoco) || version != h->golden.task_version) {
    differ(h, "golden", "%s was made with MuJoCo %s and version %d of the task", h->golden.path, h->golden.mujoco,
           h->golden.task_version);
  }
  if (golden_settings(c->record, settings) != DF_OK || strcmp(settings, h->golden.settings) != 0) {
    differ(h, "golden", "%s, seed %lld: settings of system, data, window, split, chart or eval differ from those of %s",
           c->method, (long long)c->seed, h->golden.path);
  }
  const int numbers = golden_numbers(c->record);
  if (numbers != h->golden.numbers) {
    differ(h, "golden", "%s, seed %lld: numbers of version %d, but %s has numbers of version %d; accept new ones",
           c->method, (long long)c->seed, numbers, h->golden.path, h->golden.numbers);
  }
  /* versions of MuJoCo are compared above */
  char clause[256];
  const df_model_identity golden = {.files = h->golden.model, .compiled = h->golden.compiled};
  if (model_compare(c->record, &golden, clause, sizeof clause) == DF_MODEL_OTHER) {
    differ(h, "golden", "%s, seed %lld: another model than that of %s (%.16s, not %.16s)", c->method,
           (long long)c->seed, h->golden.path, string_of(c->record, "model_sha256"), h->golden.model);
  }
}

bool gate_compares(held* h, const char* task_file) {
  const int before = h->out->count[GATE_NOT_COMPARABLE];
  text differences = {0};
  run_differences(h->r, h->g, &differences);
  if (differences.n) differ(h, "settings", "the cells differ in %s", text_of(&differences));
  text_clear(&differences);
  for (int i = 0; i < h->r->n_cells; i++) {
    const run_cell* c = &h->r->cells[i];
    if (c->done && run_in_group(h->g, c)) compare_cell(h, c, task_file);
  }
  return h->out->count[GATE_NOT_COMPARABLE] == before;
}
