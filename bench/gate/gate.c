#include "gate.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/config/config.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "expect.h"
#include "gate_group.h"
#include "golden.h"
#include "json.h"
#include "lookup.h"
#include "rows.h"
#include "store.h"
#include "text.h"
#include "verify.h"

/* turns the findings of verification into verdicts */
static void take_verification(const run_view* r, const char* folder, const verify_cfg* cfg, gate_result* out) {
  static const struct {
    verify_outcome found;
    gate_verdict verdict;
  } meaning[] = {
      {VERIFY_INCOMPLETE, GATE_MISSING}, {VERIFY_FAILED, GATE_REGRESSED}, {VERIFY_TAMPERED, GATE_UNREADABLE}};
  verification v;
  verify_run(r, folder, cfg, &v);
  size_t i;
  json_t* found;
  json_array_foreach(v.found.list, i, found) {
    /* gate_compares() says of the cells of a group that they are not comparable */
    if (strcmp(string_of(found, "check"), "identity") == 0) continue;
    for (size_t m = 0; m < sizeof meaning / sizeof meaning[0]; m++) {
      if (strcmp(string_of(found, "status"), verify_outcome_name(meaning[m].found)) != 0) continue;
      row one = row_default();
      char what[64];
      snprintf(what, sizeof what, "verify.%s", string_of(found, "check"));
      one.task = json_string_value(json_object_get(found, "task"));
      one.method = json_string_value(json_object_get(found, "method"));
      one.profile = json_string_value(json_object_get(found, "profile"));
      if (one.task) one.seed = json_integer_value(json_object_get(found, "seed"));
      one.metric = what;
      gate_add_row(out, meaning[m].verdict, &one, "", string_of(found, "detail"));
      gate_locate(out, store_path(r->source), 0, "");
    }
  }
  verification_clear(&v);
}

/* ---- groups ---- */

/* golden tables of a task are in this folder of the task's folder */
#define GOLDEN_FOLDER "golden"

static void gate_group_clear(gate_group* h) {
  expect_clear(&h->expect);
  if (h->has_golden) golden_clear(&h->golden);
  df_free(h->golden_folder);
  df_free(h->golden_name);
}

static bool is_table(const char* against) {
  const size_t n = against ? strlen(against) : 0;
  return n > 4 && strcmp(against + n - 4, ".csv") == 0;
}

/* says where the golden table is: `against` itself if it is a .csv file, else the table of the group in that folder, or
 * beside the task in `task` */
static df_status place_golden(gate_group* h, const char* against, const char* task) {
  if (is_table(against)) {
    const char* slash = strrchr(against, '/');
    h->golden_folder = df_path_folder(against);
    h->golden_name = df_strdup(slash ? slash + 1 : against);
  } else {
    h->golden_folder = df_strdup(against ? against : task);
    h->golden_name = format_text("%s%s.csv", against ? "" : GOLDEN_FOLDER "/", h->g->file);
  }
  return h->golden_folder && h->golden_name ? DF_OK : DF_E_NOMEM;
}

static bool is_of(const golden_row* one, const run_group* g) {
  return run_group_has(g, one->task, one->profile, one->method);
}

/* refuses rows that would never be compared: the table of a group has rows of this group only, a table that was named
 * has rows of groups of the run */
static df_status check_rows_belong(const gate_group* h, bool named) {
  for (int i = 0; i < h->golden.n; i++) {
    const golden_row* one = &h->golden.rows[i];
    bool belongs = is_of(one, h->g);
    for (int j = 0; named && !belongs && j < h->r->n_groups; j++) belongs = is_of(one, &h->r->groups[j]);
    if (belongs) continue;
    return df_fail(DF_E_FORMAT, "%s:%d: a row of task %s, profile %s, which %s; remove it", h->golden.path, one->line,
                   one->task, one->profile, named ? "the run does not have" : "has another table");
  }
  return DF_OK;
}

static df_status find_golden(gate_group* h, const char* against) {
  char* path = df_path_join(h->golden_folder, h->golden_name);
  const df_status status = path ? golden_read(path, &h->golden) : DF_E_NOMEM;
  df_free(path);
  h->has_golden = status == DF_OK;
  if (status == DF_E_MISSING && !is_table(against)) return DF_OK;
  return status == DF_OK ? check_rows_belong(h, is_table(against)) : status;
}

/* DF_E_MISSING if --against names a folder that is not there, with which no number would be compared */
static df_status check_against(const char* against) {
  if (!against || is_table(against)) return DF_OK;
  if (!df_file_exists(against))
    return df_fail(DF_E_MISSING, "--against %s: no such folder; name a golden table (.csv) or a folder of them",
                   against);
  return DF_OK;
}

/* the profile that every task has */
static const char ALWAYS[] = "full";

/* the profiles of a task file, separated by commas, and whether one of them is `wanted` */
typedef struct profile_search {
  const char* wanted;
  bool found;
  text names;
} profile_search;

static void see_profile(void* context, const char* profile, const char* key, const char* value) {
  profile_search* s = context;
  const size_t n = strlen(profile);
  (void)key;
  (void)value;
  s->found = s->found || strcmp(profile, s->wanted) == 0;
  /* the settings of a profile follow each other */
  const char* last = s->names.n >= n ? text_of(&s->names) + s->names.n - n : "";
  if (strcmp(last, profile) == 0 || strcmp(profile, ALWAYS) == 0) return;
  text_add(&s->names, ", %s", profile);
}

/* DF_E_CONFIG if the task has no such profile, whose limit would never be checked. A task file that cannot be read is
 * told by gate_compares(). */
static df_status check_profile(const gate_group* h, const char* task_file, const char* profile, int line) {
  profile_search s = {.wanted = profile, .found = strcmp(profile, ALWAYS) == 0};
  text_add(&s.names, "%s", ALWAYS);
  const df_status status = df_config_profiles(task_file, see_profile, &s);
  const df_status found =
      status != DF_OK || s.found
          ? DF_OK
          : df_fail(DF_E_CONFIG,
                    "%s:%d: profile = '%s': %s has no such profile, so the limit would never be checked; "
                    "it has %s",
                    h->expect.path, line, profile, task_file, text_of(&s.names));
  text_clear(&s.names);
  return found;
}

static df_status check_profiles(const gate_group* h, const char* task_file) {
  for (int i = 0; i < h->expect.n; i++) {
    DF_TRY(check_profile(h, task_file, h->expect.bands[i].profile, h->expect.bands[i].line));
  }
  for (int i = 0; i < h->expect.n_effort; i++) {
    DF_TRY(check_profile(h, task_file, h->expect.effort[i].profile, h->expect.effort[i].line));
  }
  return DF_OK;
}

/* Reads expect.yaml, and finds task.yaml and the place of the golden table. If the task or expect.yaml is missing, adds
 * a verdict and leaves *task_file NULL. */
static df_status find_expectations(gate_group* h, const options* opts, const char* against, char** task_file) {
  char* folder = NULL;
  *task_file = NULL;
  if (task_folder(opts, h->g->task, &folder) != DF_OK) {
    gate_add(h->out, GATE_MISSING, h->g->task, h->g->profile, "expect", df_error_message());
    return DF_OK;
  }
  char* path = df_path_join(folder, "expect.yaml");
  df_status status = path ? expect_read(path, &h->expect) : DF_E_NOMEM;
  if (status == DF_OK) status = place_golden(h, against, folder);
  char* file = status == DF_OK ? df_path_join(folder, "task.yaml") : NULL;
  if (status == DF_OK) status = file ? check_profiles(h, file) : DF_E_NOMEM;
  if (status == DF_OK) {
    *task_file = file;
  } else {
    df_free(file);
  }
  if (status == DF_E_MISSING) {
    char* detail = format_text("%s; a gate needs limits: write this file (see docs/ci.md and docs/examples/pendulum)",
                               df_error_message());
    gate_add(h->out, GATE_MISSING, h->g->task, h->g->profile, "expect", detail);
    df_free(detail);
    status = DF_OK;
  }
  df_free(path);
  df_free(folder);
  return status;
}

static df_status judge_group(gate_group* h, const options* opts, const char* against) {
  char* task_file;
  DF_TRY(find_expectations(h, opts, against, &task_file));
  if (!task_file) return DF_OK;
  const df_status status = find_golden(h, against);
  if (status == DF_OK && gate_compares(h, task_file)) {
    const int bands = gate_judge_bands(h);
    gate_judge_methods(h);
    gate_judge_table(h);
    gate_advise_time(h);
    gate_advise_new(h);
    gate_advise_table(h);
    if (!bands) {
      char* detail = format_text("%s has no tolerance for profile %s, add one", h->expect.path, h->g->profile);
      gate_add(h->out, GATE_MISSING, h->g->task, h->g->profile, "bands", detail);
      gate_locate(h->out, h->expect.path, 0, "");
      df_free(detail);
    }
  }
  df_free(task_file);
  return status;
}

df_status gate_run(const run_view* r, const char* folder, const gate_cfg* cfg, const char* against, gate_result* out) {
  *out = (gate_result){.verdicts = rows_new()};
  gate_start_clock(out);
  take_verification(r, folder, &cfg->verify, out);
  /* numbers of changed records are not judged */
  df_status status = DF_OK;
  const bool changed = out->count[GATE_UNREADABLE] > 0;
  if (!changed) status = check_against(against);
  for (int i = 0; i < r->n_groups && status == DF_OK && !changed; i++) {
    gate_group h = {.r = r, .g = &r->groups[i], .out = out};
    status = judge_group(&h, cfg->opts, against);
    gate_group_clear(&h);
  }
  return status;
}

/* ---- accepting ---- */

/* writes the golden table of a group */
static df_status write_golden(gate_group* h, const char* against, const char* reason) {
  df_status status = golden_write(h->r, h->g, reason, h->golden_folder, h->golden_name);
  if (status == DF_E_IO && !against) {
    status = df_fail(status, "%s; name a folder of your own with --against", df_error_message());
  }
  if (status != DF_OK) return status;
  char* path = df_path_join(h->golden_folder, h->golden_name);
  gate_add(h->out, GATE_HELD, h->g->task, h->g->profile, "accepted", path ? path : h->golden_name);
  gate_advise_spread(h);
  df_free(path);
  return DF_OK;
}

static df_status accept_group(gate_group* h, const options* opts, const char* against, const char* reason, bool write) {
  char* task_file;
  DF_TRY(find_expectations(h, opts, against, &task_file));
  if (!task_file) return DF_OK;
  df_status status = DF_OK;
  if (gate_compares(h, task_file) && write) status = write_golden(h, against, reason);
  df_free(task_file);
  return status;
}

df_status gate_accept(const run_view* r, const char* folder, const gate_cfg* cfg, const char* against,
                      const char* reason, gate_result* out) {
  *out = (gate_result){.verdicts = rows_new()};
  gate_start_clock(out);
  take_verification(r, folder, &cfg->verify, out);
  df_status status = DF_OK;
  /* check all groups before writing the first table */
  for (int write = 0; write < 2; write++) {
    for (int i = 0; i < r->n_groups && status == DF_OK; i++) {
      gate_group h = {.r = r, .g = &r->groups[i], .out = out};
      status = accept_group(&h, cfg->opts, against, reason, write);
      gate_group_clear(&h);
    }
    for (int v = GATE_INCONCLUSIVE; v < GATE_VERDICTS; v++) {
      if (out->count[v]) return status;
    }
  }
  return status;
}
