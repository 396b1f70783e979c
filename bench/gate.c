#include "gate.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"

static const struct {
  const char* name;
  int exit_code;
} verdicts[GATE_VERDICTS] = {
#define GATE_ROW(code, name, exit_code) {name, exit_code},
    GATE_VERDICT_LIST(GATE_ROW)
#undef GATE_ROW
};

const char* gate_verdict_name(gate_verdict v) {
  return verdicts[v].name;
}

int gate_exit_code(const gate_result* g) {
  for (int v = GATE_VERDICTS - 1; v > GATE_ADVISORY; v--) {
    if (g->count[v]) return verdicts[v].exit_code;
  }
  return g->count[GATE_HELD] + g->count[GATE_IMPROVED] ? EXIT_DONE : EXIT_INCOMPLETE;
}

void gate_clear(gate_result* g) {
  rows_free(&g->verdicts);
}

/* ---- rows of verdicts ---- */

static void add_row(gate_result* g, gate_verdict v, row* r, const char* limit, const char* detail) {
  r->status = gate_verdict_name(v);
  json_t* o = row_json(r, false);
  json_object_set_new(o, "limit", json_string(limit));
  json_object_set_new(o, "detail", json_string(detail));
  rows_add_object(&g->verdicts, o);
  g->count[v]++;
}

void gate_add(gate_result* g, gate_verdict v, const char* task, const char* profile, const char* what,
              const char* detail) {
  row r = row_default();
  r.task = task;
  r.profile = profile;
  r.metric = what;
  add_row(g, v, &r, "", detail);
}

/* what verification found, as verdicts */
static void take_verification(const report* r, const char* folder, gate_result* out) {
  static const struct {
    verify_outcome found;
    gate_verdict verdict;
  } meaning[] = {
      {VERIFY_INCOMPLETE, GATE_MISSING}, {VERIFY_FAILED, GATE_REGRESSED}, {VERIFY_TAMPERED, GATE_UNREADABLE}};
  verification v;
  verify_run(r, folder, false, &v);
  size_t i;
  json_t* found;
  json_array_foreach(v.found.list, i, found) {
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
      add_row(out, meaning[m].verdict, &one, "", string_of(found, "detail"));
    }
  }
  verification_clear(&v);
}

/* ---- does the run compare? ---- */

/* a group of a run, and what it is held to */
typedef struct held {
  const report* r;
  const report_group* g;
  expectations expect;
  golden_table golden;
  bool has_golden;
  gate_result* out;
} held;

static void held_clear(held* h) {
  expect_clear(&h->expect);
  if (h->has_golden) golden_clear(&h->golden);
}

static void differ(held* h, const char* what, const char* format, ...) DF_PRINTF(3, 4);
static void differ(held* h, const char* what, const char* format, ...) {
  char detail[400];
  va_list list;
  va_start(list, format);
  vsnprintf(detail, sizeof detail, format, list);
  va_end(list);
  gate_add(h->out, GATE_NOT_COMPARABLE, h->g->task, h->g->profile, what, detail);
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

/* settings of a record that its task file, as it stands today, does not give for this profile and method */
static void compare_settings(held* h, const report_cell* c, const char* task_file) {
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
    if (!own || !report_shared_setting(keys[i].name)) continue;
    df_config_value(&config, i, value, sizeof value);
    if (strcmp(own, value) == 0) continue;
    differ(h, "settings", "%s, seed %lld: %s is '%.80s', %s says '%.80s'", c->method, (long long)c->seed, keys[i].name,
           own, task_file, value);
    return;
  }
}

static void compare_cell(held* h, const report_cell* c, const char* task_file) {
  const char* mujoco = string_of(json_object_get(c->record, "provenance"), "mujoco");
  const int version = task_version(c->record);
  if (!same_version(mujoco, h->expect.mujoco)) {
    differ(h, "mujoco", "%s, seed %lld: made with MuJoCo %s, %s is about %s", c->method, (long long)c->seed, mujoco,
           h->expect.path, h->expect.mujoco);
  }
  if (version != h->expect.task_version) {
    differ(h, "task_version", "%s, seed %lld: version %d of the task, %s is about %d", c->method, (long long)c->seed,
           version, h->expect.path, h->expect.task_version);
  }
  compare_settings(h, c, task_file);
  if (!h->has_golden) return;
  char settings[DF_SHA256_TEXT];
  if (!same_version(mujoco, h->golden.mujoco) || version != h->golden.task_version) {
    differ(h, "golden", "%s is of MuJoCo %s and version %d of the task", h->golden.path, h->golden.mujoco,
           h->golden.task_version);
  }
  if (golden_settings(c->record, settings) != DF_OK || strcmp(settings, h->golden.settings) != 0) {
    differ(h, "golden", "%s, seed %lld: other settings of system, data, windows or evaluation than %s", c->method,
           (long long)c->seed, h->golden.path);
  }
}

/* whether the group's numbers mean what the bands mean; if not, rows say why */
static bool compares(held* h, const char* task_file) {
  const int before = h->out->count[GATE_NOT_COMPARABLE];
  text differences = {0};
  report_differences(h->r, h->g, &differences);
  if (differences.n) differ(h, "settings", "cells differ in %s", text_of(&differences));
  text_clear(&differences);
  for (int i = 0; i < h->r->n_cells; i++) {
    const report_cell* c = &h->r->cells[i];
    if (c->done && report_in_group(h->g, c)) compare_cell(h, c, task_file);
  }
  return h->out->count[GATE_NOT_COMPARABLE] == before;
}

/* ---- bands ---- */

/* An absolute limit holds for every seed: the worst one is compared. */
static gate_verdict judge_limit(const band* b, const row* r) {
  const bool holds = b->kind == BAND_AT_MOST ? r->hi <= b->bound : r->lo >= b->bound;
  return holds ? GATE_HELD : GATE_REGRESSED;
}

static gate_verdict judge_relative(const band* b, const row* r, const golden_row* golden) {
  const double tolerance = b->bound * fabs(golden->value) + b->absolute;
  const double change = r->value - golden->value;
  const char* better = metric_better(b->metric);
  if (fabs(change) <= tolerance) return GATE_HELD;
  if (strcmp(better, "lower") == 0 && change < 0) return GATE_IMPROVED;
  if (strcmp(better, "higher") == 0 && change > 0) return GATE_IMPROVED;
  return GATE_REGRESSED;
}

static void limit_text(const band* b, const golden_row* golden, char* out, size_t n) {
  const int used = snprintf(out, n, "%s %.6g%s",
                            b->kind == BAND_AT_MOST    ? "<="
                            : b->kind == BAND_AT_LEAST ? ">="
                                                       : "+-",
                            b->kind == BAND_RELATIVE ? 100 * b->bound : b->bound, b->kind == BAND_RELATIVE ? " %" : "");
  if (golden) snprintf(out + used, n - (size_t)used, " of %.6g", golden->value);
}

/* the mean over seeds, with the smallest and the largest seed for an interval */
static row measured_row(const band* b, const report_group* g, const aggregate* a) {
  row r = row_default();
  r.task = g->task;
  r.profile = g->profile;
  r.method = b->method;
  r.metric = b->metric;
  r.k = b->k;
  r.unit = a->unit;
  r.n = a->n;
  if (a->failed == 0) r.value = a->mean;
  for (int i = 0; i < a->n; i++) {
    r.lo = fmin(r.lo, a->values[i]);
    r.hi = fmax(r.hi, a->values[i]);
  }
  return r;
}

static gate_verdict judge(const held* h, const band* b, const aggregate* a, const row* r, const golden_row* golden,
                          char* detail, size_t n) {
  snprintf(detail, n, "%s", b->reason);
  if (a->n + a->failed == 0 || a->k != b->k) {
    snprintf(detail, n, "the run has no such number (%s:%d)", h->expect.path, b->line);
    return GATE_MISSING;
  }
  if (a->failed) {
    snprintf(detail, n, "%d of %d seeds: %s", a->failed, a->failed + a->n, a->status);
    return GATE_REGRESSED;
  }
  if (b->kind == BAND_RELATIVE && (!golden || isnan(golden->value))) {
    snprintf(detail, n, "%s%s", h->has_golden ? h->golden.path : "no golden table",
             h->has_golden ? " has no such number" : "; see --accept");
    return GATE_MISSING;
  }
  if (a->n < b->seeds) {
    snprintf(detail, n, "%d seeds, at least %d are needed (%s:%d)", a->n, b->seeds, h->expect.path, b->line);
    return GATE_INCONCLUSIVE;
  }
  return b->kind == BAND_RELATIVE ? judge_relative(b, r, golden) : judge_limit(b, r);
}

static void hold_to(held* h, const band* b) {
  const aggregate a = report_aggregate(h->r, h->g, b->method, b->metric, b->k);
  const golden_row* golden = h->has_golden && b->kind == BAND_RELATIVE
                                 ? golden_find(&h->golden, h->g->task, h->g->profile, b->method, b->metric, b->k)
                                 : NULL;
  char limit[96], detail[REASON_MAX + 96];
  row r = measured_row(b, h->g, &a);
  const gate_verdict v = judge(h, b, &a, &r, golden, detail, sizeof detail);
  limit_text(b, golden, limit, sizeof limit);
  /* why a band is there matters where it does not hold */
  if (v == GATE_HELD || v == GATE_IMPROVED) detail[0] = '\0';
  add_row(h->out, v, &r, limit, detail);
}

/* how long training took, beside the golden table's; for people, never a verdict */
static void advise(held* h) {
  for (int m = 0; m < h->g->n_methods && h->has_golden; m++) {
    const char* method = h->g->methods[m];
    const golden_row* golden = golden_find(&h->golden, h->g->task, h->g->profile, method, GOLDEN_SECONDS, 0);
    int seeds;
    const double seconds = golden_seconds(h->r, h->g, method, &seeds);
    if (!golden || !seeds || !(golden->value > 0)) continue;
    char limit[64], detail[64];
    row r = row_default();
    r.task = h->g->task;
    r.profile = h->g->profile;
    r.method = method;
    r.metric = GOLDEN_SECONDS;
    r.unit = "s";
    r.value = seconds;
    r.n = seeds;
    snprintf(limit, sizeof limit, "was %.3g", golden->value);
    snprintf(detail, sizeof detail, "%+.0f %%", 100 * (seconds / golden->value - 1));
    add_row(h->out, GATE_ADVISORY, &r, limit, detail);
  }
}

/* ---- groups ---- */

/* a file is the table, a folder holds one a task and profile */
static char* golden_path(const char* against, const report_group* g) {
  char name[256];
  const size_t n = against ? strlen(against) : 0;
  if (n > 4 && strcmp(against + n - 4, ".csv") == 0) return df_strdup(against);
  snprintf(name, sizeof name, "%.200s.csv", g->file);
  return df_path_join(against ? against : "results/golden", name);
}

static df_status find_golden(held* h, const char* against) {
  char* path = golden_path(against, h->g);
  df_status status = path ? golden_read(path, &h->golden) : DF_E_NOMEM;
  df_free(path);
  h->has_golden = status == DF_OK;
  const size_t n = against ? strlen(against) : 0;
  const bool named = n > 4 && strcmp(against + n - 4, ".csv") == 0;
  return status == DF_E_MISSING && !named ? DF_OK : status;
}

/* the task's expect.yaml and task.yaml; without a task or a file, a row says so and *task_file stays NULL */
static df_status find_expectations(held* h, const options* opts, char** task_file) {
  char* folder = NULL;
  *task_file = NULL;
  if (task_folder(opts, h->g->task, &folder) != DF_OK) {
    gate_add(h->out, GATE_MISSING, h->g->task, h->g->profile, "expect", df_error_message());
    return DF_OK;
  }
  char* path = df_path_join(folder, "expect.yaml");
  df_status status = path ? expect_read(path, &h->expect) : DF_E_NOMEM;
  if (status == DF_OK) *task_file = df_path_join(folder, "task.yaml");
  if (status == DF_E_MISSING) {
    gate_add(h->out, GATE_MISSING, h->g->task, h->g->profile, "expect", df_error_message());
    status = DF_OK;
  }
  df_free(path);
  df_free(folder);
  return status;
}

static df_status hold_group(held* h, const options* opts, const char* against) {
  char* task_file;
  DF_TRY(find_expectations(h, opts, &task_file));
  if (!task_file) return DF_OK;
  df_status status = find_golden(h, against);
  int bands = 0;
  if (status == DF_OK && compares(h, task_file)) {
    for (int i = 0; i < h->expect.n; i++) {
      const band* b = &h->expect.bands[i];
      if (strcmp(b->profile, h->g->profile) != 0) continue;
      hold_to(h, b);
      bands++;
    }
    advise(h);
    if (!bands) {
      char detail[300];
      snprintf(detail, sizeof detail, "%.200s has no band for profile %.40s", h->expect.path, h->g->profile);
      gate_add(h->out, GATE_MISSING, h->g->task, h->g->profile, "bands", detail);
    }
  }
  df_free(task_file);
  return status;
}

df_status gate_run(const report* r, const char* folder, const options* opts, const char* against, gate_result* out) {
  *out = (gate_result){.verdicts = rows_new()};
  take_verification(r, folder, out);
  /* numbers of a record that is not as it was written are not looked at */
  df_status status = DF_OK;
  for (int i = 0; i < r->n_groups && status == DF_OK && !out->count[GATE_UNREADABLE]; i++) {
    held h = {.r = r, .g = &r->groups[i], .out = out};
    status = hold_group(&h, opts, against);
    held_clear(&h);
  }
  return status;
}

/* ---- accepting ---- */

static df_status accept_group(held* h, const options* opts, const char* folder, const char* reason, bool write) {
  char* task_file;
  DF_TRY(find_expectations(h, opts, &task_file));
  if (!task_file) return DF_OK;
  df_status status = DF_OK;
  if (compares(h, task_file) && write) {
    char* path = golden_path(folder, h->g);
    status = path ? golden_write(h->r, h->g, reason, path) : DF_E_NOMEM;
    if (status == DF_OK) gate_add(h->out, GATE_HELD, h->g->task, h->g->profile, "accepted", path);
    df_free(path);
  }
  df_free(task_file);
  return status;
}

df_status gate_accept(const report* r, const char* folder, const options* opts, const char* golden_folder,
                      const char* reason, gate_result* out) {
  *out = (gate_result){.verdicts = rows_new()};
  take_verification(r, folder, out);
  df_status status = DF_OK;
  /* every group is looked at before one is written */
  for (int write = 0; write < 2; write++) {
    for (int i = 0; i < r->n_groups && status == DF_OK; i++) {
      held h = {.r = r, .g = &r->groups[i], .out = out};
      status = accept_group(&h, opts, golden_folder, reason, write);
      held_clear(&h);
    }
    for (int v = GATE_INCONCLUSIVE; v < GATE_VERDICTS; v++) {
      if (out->count[v]) return status;
    }
  }
  return status;
}

/* ---- JUnit ---- */

static bool is_verdict(const json_t* verdict, gate_verdict v) {
  return strcmp(string_of(verdict, "status"), gate_verdict_name(v)) == 0;
}

static void add_case(const json_t* verdict, text* out) {
  text_add(out, "  <testcase classname=\"");
  text_add_html(out, string_of(verdict, "task"));
  text_add(out, ".");
  text_add_html(out, string_of(verdict, "profile"));
  text_add(out, "\" name=\"");
  text_add_html(out, string_of(verdict, "method"));
  text_add(out, "%s", string_of(verdict, "method")[0] ? " " : "");
  text_add_html(out, string_of(verdict, "metric"));
  const json_int_t k = json_integer_value(json_object_get(verdict, "k"));
  if (k) text_add(out, " K=%lld", (long long)k);
  const bool fine =
      is_verdict(verdict, GATE_HELD) || is_verdict(verdict, GATE_IMPROVED) || is_verdict(verdict, GATE_ADVISORY);
  if (fine) {
    text_add(out, "\"/>\n");
    return;
  }
  const char* tag = is_verdict(verdict, GATE_REGRESSED) || is_verdict(verdict, GATE_INCONCLUSIVE) ? "failure" : "error";
  text_add(out, "\">\n    <%s type=\"%s\" message=\"", tag, string_of(verdict, "status"));
  const json_t* value = json_object_get(verdict, "value");
  if (json_is_number(value)) text_add(out, "%.6g, ", json_number_value(value));
  text_add_html(out, string_of(verdict, "limit"));
  text_add(out, "%s", string_of(verdict, "limit")[0] ? ": " : "");
  text_add_html(out, string_of(verdict, "detail"));
  text_add(out, "\"/>\n  </testcase>\n");
}

df_status gate_junit(const gate_result* g, const char* run, const char* path) {
  text out = {0};
  int tests = 0;
  for (int v = 0; v < GATE_VERDICTS; v++) tests += g->count[v];
  const int failures = g->count[GATE_REGRESSED] + g->count[GATE_INCONCLUSIVE];
  const int errors = g->count[GATE_MISSING] + g->count[GATE_NOT_COMPARABLE] + g->count[GATE_UNREADABLE];
  text_add(&out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"dynaflow gate ");
  text_add_html(&out, run);
  text_add(&out, "\" tests=\"%d\" failures=\"%d\" errors=\"%d\">\n", tests, failures, errors);
  size_t i;
  json_t* verdict;
  json_array_foreach(g->verdicts.list, i, verdict) add_case(verdict, &out);
  text_add(&out, "</testsuite>\n");
  const df_status status = text_write(&out, path);
  text_clear(&out);
  return status;
}
