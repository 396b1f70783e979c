/* gate_compares.c: checks that a run is comparable with the tolerances and the golden table. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/config/config.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/core/hash.h"
#include "dynaflow/core/model_identity.h"
#include "expect.h"
#include "experts.h"
#include "gate_group.h"
#include "golden.h"
#include "golden_difference.h"
#include "identity.h"
#include "json.h"
#include "list.h"
#include "record_model.h"
#include "run_view.h"
#include "text.h"
#include "verdict.h"

/* what cells differ in: identical differences of several cells are reported once */
typedef struct difference {
  const char* what;
  char* detail;         /* owned */
  const run_cell* cell; /* the first one; NULL: the group as a whole */
  int cells;
} difference;

typedef struct comparison {
  gate_group* h;
  int n;
  difference* list; /* owned */
} comparison;

static void differ(comparison* all, const run_cell* c, const char* what, const char* format, ...) DF_PRINTF(4, 5);
static void differ(comparison* all, const run_cell* c, const char* what, const char* format, ...) {
  text detail = {0};
  va_list list;
  va_start(list, format);
  text_add_list(&detail, format, list);
  va_end(list);
  difference* same = NULL;
  for (int i = 0; i < all->n && !same; i++) {
    difference* one = &all->list[i];
    if (strcmp(one->what, what) == 0 && strcmp(one->detail, text_of(&detail)) == 0) same = one;
  }
  if (same) {
    same->cells++;
  } else {
    all->list = list_grow(all->list, all->n, sizeof *all->list);
    all->list[all->n++] =
        (difference){.what = what, .detail = format_text("%s", text_of(&detail)), .cell = c, .cells = 1};
  }
  text_clear(&detail);
}

/* a row per difference, with its first cell and the number of the others; releases the list */
static void report(comparison* all) {
  const gate_group* h = all->h;
  for (int i = 0; i < all->n; i++) {
    difference* one = &all->list[i];
    text detail = {0};
    if (one->cell) text_add(&detail, "%s, seed %lld", one->cell->method, (long long)one->cell->seed);
    if (one->cells > 1) text_add(&detail, ", and %d more cell%s", one->cells - 1, one->cells > 2 ? "s" : "");
    text_add(&detail, "%s%s", one->cell ? ": " : "", one->detail);
    gate_add(h->out, GATE_NOT_COMPARABLE, h->g->task, h->g->profile, one->what, text_of(&detail));
    gate_locate(h->out, h->expect.path, 0, "");
    text_clear(&detail);
    df_free(one->detail);
  }
  df_free(all->list);
}

static bool same_version(const char* a, const char* b) {
  int x[2], y[2];
  return version_parts(a, x) && version_parts(b, y) && x[0] == y[0] && x[1] == y[1];
}

static const char* mujoco_of(const json_t* record) {
  return string_of(json_object_get(record, "provenance"), "mujoco");
}

static int task_version(const json_t* record) {
  const char* version = string_of(json_object_get(record, "config"), "task.version");
  int v = 1;
  if (version[0] && sscanf(version, "%d", &v) != 1) v = 0;
  return v;
}

/* Whether the task file decides a setting: those that all methods share, and those of an expert, whose training is
 * short or long by them, but not which of the methods it is. */
static bool is_of_task(const run_cell* c, const char* name) {
  if (setting_is_sum(name)) return false;
  const bool of_expert = is_expert(c->method) && strncmp(name, "expert", 6) == 0 && strcmp(name, "expert.method") != 0;
  return setting_is_shared(name) || of_expert;
}

/* compares these settings of a record with those that the task file gives for its profile and method */
static void compare_settings(comparison* all, const run_cell* c, const char* task_file) {
  df_config config;
  if (df_config_load(task_file, c->profile, c->method, 0, NULL, &config) != DF_OK) {
    differ(all, c, "settings", "%s", df_error_message());
    return;
  }
  const df_config_key* keys;
  const int n = df_config_keys(&keys);
  for (int i = 0; i < n; i++) {
    char value[DF_VALUE_MAX];
    const char* own = json_string_value(json_object_get(json_object_get(c->record, "config"), keys[i].name));
    if (!own || !is_of_task(c, keys[i].name)) continue;
    df_config_value(&config, i, value, sizeof value);
    if (strcmp(own, value) == 0) continue;
    differ(all, c, "settings", "%s is '%.80s', but %s sets '%.80s'", keys[i].name, own, task_file, value);
    return;
  }
}

/* Whether demonstrations that differ from those of the table may be the same up to rounding: they were generated, from
 * settings, model and MuJoCo that are compared by themselves, on another processor. */
static bool is_generated_elsewhere(const golden_table* golden, const run_cell* c) {
  const char* source = string_of(json_object_get(c->record, "config"), "data.source");
  return strcmp(source, "generator") == 0 && !golden_same_cpu(golden, c->record);
}

static bool has_other_training_data(const golden_table* golden, const run_cell* c) {
  return golden->data[0] && strcmp(string_of(c->record, "data_sha256"), golden->data) != 0;
}

static bool has_other_held_out(const golden_table* golden, const run_cell* c) {
  return strcmp(string_of(c->record, "eval_data_sha256"), golden->held_out) != 0;
}

static bool has_other_data(const golden_table* golden, const run_cell* c) {
  return has_other_training_data(golden, c) || has_other_held_out(golden, c);
}

/* held-out start states, those of other demonstrations are others; windows of a file of trajectories may be its own */
static void compare_windows(comparison* all, const run_cell* c) {
  const golden_table* golden = &all->h->golden;
  const char* windows = string_of(c->record, "windows_sha256");
  if (has_other_data(golden, c) || !golden->windows[0] || strcmp(windows, golden->windows) == 0) return;
  if (!windows[0] && json_object_get(c->record, "trajectories")) return;
  differ(all, c, "golden", "other start states than those of %s (windows_sha256 %.12s, not %.12s)", golden->path,
         windows[0] ? windows : "unknown", golden->windows);
}

static void compare_data(comparison* all, const run_cell* c) {
  const golden_table* golden = &all->h->golden;
  if (!has_other_training_data(golden, c) || is_generated_elsewhere(golden, c)) return;
  differ(all, c, "golden", "other demonstrations than those of %s (data_sha256 %.12s, not %.12s)", golden->path,
         string_of(c->record, "data_sha256"), golden->data);
}

static void compare_held_out(comparison* all, const run_cell* c) {
  const golden_table* golden = &all->h->golden;
  const char* own = string_of(c->record, "eval_data_sha256");
  if (!has_other_held_out(golden, c) || is_generated_elsewhere(golden, c)) return;
  differ(all, c, "golden", "other demonstrations of eval.profile than those of %s (eval_data_sha256 %.12s, not %.12s)",
         golden->path, own[0] ? own : "none", golden->held_out[0] ? golden->held_out : "none");
}

/* versions of MuJoCo are compared by themselves */
static void compare_model(comparison* all, const run_cell* c) {
  const golden_table* golden = &all->h->golden;
  char clause[256];
  const df_model_identity model = {.files = golden->model, .compiled = golden->compiled};
  if (model_compare(c->record, &model, clause, sizeof clause) != DF_MODEL_OTHER) return;
  differ(all, c, "golden", "another model than that of %s (%.16s, not %.16s)", golden->path,
         string_of(c->record, "model_sha256"), golden->model);
}

static void compare_mujoco(comparison* all, const run_cell* c) {
  const golden_table* golden = &all->h->golden;
  const char* own = mujoco_of(c->record);
  if (!same_version(own, golden->mujoco))
    differ(all, c, "golden", "simulated with MuJoCo %s, but %s with %s", own, golden->path, golden->mujoco);
}

static void compare_numbers(comparison* all, const run_cell* c) {
  const golden_table* golden = &all->h->golden;
  const int numbers = identity_numbers(c->record);
  if (numbers == golden->numbers) return;
  differ(all, c, "golden", "numbers of version %d, but %s has numbers of version %d; accept new ones", numbers,
         golden->path, golden->numbers);
}

static void compare_task_version(comparison* all, const run_cell* c) {
  const golden_table* golden = &all->h->golden;
  const int own = task_version(c->record);
  if (own != golden->task_version)
    differ(all, c, "golden", "version %d of the task, but %s is of version %d", own, golden->path,
           golden->task_version);
}

static void compare_shared_settings(comparison* all, const run_cell* c) {
  const golden_table* golden = &all->h->golden;
  df_status status;
  char* words = golden_difference(golden, c->record, &status);
  if (words || status != DF_OK)
    differ(all, c, "golden", "other settings than those of %s: %s", golden->path, words ? words : df_error_message());
  df_free(words);
}

static void compare_golden(comparison* all, const run_cell* c, identity which) {
  switch (which) {
    case IDENTITY_WINDOWS:
      compare_windows(all, c);
      return;
    case IDENTITY_DATA:
      compare_data(all, c);
      return;
    case IDENTITY_HELD_OUT:
      compare_held_out(all, c);
      return;
    case IDENTITY_MODEL:
      compare_model(all, c);
      return;
    case IDENTITY_MUJOCO:
      compare_mujoco(all, c);
      return;
    case IDENTITY_NUMBERS:
      compare_numbers(all, c);
      return;
    case IDENTITY_TASK_VERSION:
      compare_task_version(all, c);
      return;
    case IDENTITY_SETTINGS:
      compare_shared_settings(all, c);
      return;
    case IDENTITIES:
      return;
  }
}

static void compare_cell(comparison* all, const run_cell* c, const char* task_file) {
  const char* mujoco = mujoco_of(c->record);
  const int version = task_version(c->record);
  const expectations* expect = &all->h->expect;
  if (!same_version(mujoco, expect->mujoco)) {
    differ(all, c, "mujoco", "simulated with MuJoCo %s, but %s is for %s", mujoco, expect->path, expect->mujoco);
  }
  if (version != expect->task_version) {
    differ(all, c, "task_version", "version %d of the task, but %s is for version %d", version, expect->path,
           expect->task_version);
  }
  compare_settings(all, c, task_file);
  for (int i = 0; i < IDENTITIES && all->h->has_golden; i++) compare_golden(all, c, (identity)i);
}

bool gate_compares(gate_group* h, const char* task_file) {
  comparison all = {.h = h};
  text differences = {0};
  run_differences(h->r, h->g, &differences);
  if (differences.n) differ(&all, NULL, "settings", "the cells differ in %s", text_of(&differences));
  text_clear(&differences);
  for (int i = 0; i < h->r->n_cells; i++) {
    const run_cell* c = &h->r->cells[i];
    if (c->done && run_in_group(h->g, c)) compare_cell(&all, c, task_file);
  }
  report(&all);
  return all.n == 0;
}

/* the first done cell of the group with a value of this field; NULL: none has one */
static const run_cell* cell_with(const gate_group* h, const char* field) {
  for (int i = 0; i < h->r->n_cells; i++) {
    const run_cell* c = &h->r->cells[i];
    if (c->done && run_in_group(h->g, c) && string_of(c->record, field)[0]) return c;
  }
  return NULL;
}

static void advise(gate_group* h, const char* kind, const text* detail) {
  gate_add(h->out, GATE_ADVISORY, h->g->task, h->g->profile, "golden", text_of(detail));
  gate_locate(h->out, h->golden.path, 0, kind);
}

void gate_advise_table(gate_group* h) {
  const struct {
    const char *line, *own, *field, *what;
  } lines[] = {{"data", h->golden.data, "data_sha256", "demonstrations"},
               {"windows", h->golden.windows, "windows_sha256", "start states"}};
  text absent = {0}, names = {0}, detail = {0};
  for (size_t i = 0; i < sizeof lines / sizeof lines[0] && h->has_golden; i++) {
    const run_cell* c = lines[i].own[0] ? NULL : cell_with(h, lines[i].field);
    if (c) {
      text_add(&names, "%s%s", names.n ? " and " : "", lines[i].what);
      text_add(&absent, "%s'# %s: %s'", absent.n ? " and " : "", lines[i].line, string_of(c->record, lines[i].field));
    }
  }
  if (absent.n) {
    text_add(
        &detail,
        "%s does not say of which %s its numbers are, so those of the run are not compared with them; accept a new "
        "table, or, if they are those of this run, add the line%s %s",
        h->golden.path, text_of(&names), strstr(text_of(&absent), " and ") ? "s" : "", text_of(&absent));
    advise(h, GATE_OLD_TABLE, &detail);
  }
  text_clear(&absent);
  text_clear(&names);
  text_clear(&detail);
  const run_cell* c = cell_with(h, "data_sha256");
  if (!h->has_golden || !c || !h->golden.data[0]) return;
  if (strcmp(string_of(c->record, "data_sha256"), h->golden.data) == 0) return;
  text_add(&detail,
           "the generated demonstrations are not bit by bit those of %s, which was made on another processor, so that "
           "windows and numbers differ by rounding at least",
           h->golden.path);
  advise(h, GATE_OTHER_BITS, &detail);
  text_clear(&detail);
}
