#include "report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/metrics/metrics.h"

const char* string_of(const json_t* object, const char* key) {
  const char* s = json_string_value(json_object_get(object, key));
  return s ? s : "";
}

double number_of(const json_t* v) {
  return json_is_number(v) ? json_number_value(v) : NAN;
}

/* ---- cells: what was planned and what is recorded ---- */

static report_cell* find_cell(report* r, const char* task, const char* method, const char* profile, int64_t seed) {
  for (int i = 0; i < r->n_cells; i++) {
    report_cell* c = &r->cells[i];
    if (c->seed == seed && !strcmp(c->task, task) && !strcmp(c->method, method) && !strcmp(c->profile, profile))
      return c;
  }
  return NULL;
}

static report_cell* add_cell(report* r, const json_t* from, const char* profile) {
  const char *task = string_of(from, "task"), *method = string_of(from, "method");
  const int64_t seed = json_integer_value(json_object_get(from, "seed"));
  report_cell* c = find_cell(r, task, method, profile, seed);
  if (c) return c;
  r->cells[r->n_cells] = (report_cell){.task = task, .method = method, .profile = profile, .seed = seed, .key = ""};
  return &r->cells[r->n_cells++];
}

/* a later plan may ask for the same cell with other settings: then that is what is shown */
static void add_plan(report* r, const json_t* record) {
  size_t i;
  json_t* planned;
  json_array_foreach(json_object_get(record, "cells"), i, planned) {
    add_cell(r, planned, string_of(record, "profile"))->key = string_of(planned, "key");
  }
}

static void set_record(report_cell* c, const json_t* record) {
  if (c->key[0] && strcmp(c->key, string_of(record, "key")) != 0) return;
  const bool done = strcmp(string_of(record, "status"), "done") == 0;
  if (c->done && !done) return;
  c->record = record;
  c->done = done;
}

/* profiles that set the same share keys, and so share the record of a cell that was run once */
static void add_record(report* r, const json_t* record) {
  set_record(add_cell(r, record, string_of(record, "profile")), record);
  for (int i = 0; i < r->n_cells; i++) {
    if (r->cells[i].key[0] && strcmp(r->cells[i].key, string_of(record, "key")) == 0) set_record(&r->cells[i], record);
  }
}

static size_t most_cells(const json_t* records) {
  size_t n = 0, i;
  json_t* record;
  json_array_foreach(records, i, record) {
    n += 1 + json_array_size(json_object_get(record, "cells"));
  }
  return n;
}

/* ---- groups ---- */

/* what a method is and how it is trained is its own; where files come from changes no number */
bool report_shared_setting(const char* name) {
  if (strcmp(name, "system.model_url") == 0 || strcmp(name, "data.url") == 0) return false;
  static const char* const sections[] = {"system.", "data.", "window.", "split.", "chart.", "eval."};
  for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++) {
    if (strncmp(name, sections[i], strlen(sections[i])) == 0) return true;
  }
  return false;
}

void report_differences(const report* r, const report_group* g, text* out) {
  const json_t* first = NULL;
  for (int i = 0; i < r->n_cells; i++) {
    const report_cell* c = &r->cells[i];
    if (!report_in_group(g, c) || !c->done) continue;
    json_t* config = json_object_get(c->record, "config");
    if (!first) first = config;
    const char* name;
    json_t* value;
    json_object_foreach(config, name, value) {
      if (!report_shared_setting(name) || json_equal(value, json_object_get(first, name))) continue;
      if (strstr(text_of(out), name)) continue;
      text_add(out, "%s%s", out->n ? ", " : "", name);
    }
  }
}

bool report_in_group(const report_group* g, const report_cell* c) {
  return strcmp(g->task, c->task) == 0 && strcmp(g->profile, c->profile) == 0;
}

static void add_missing(const report_cell* c, const report_group* g, const char* method, text* out) {
  const char* status = c->record ? string_of(c->record, "status") : "not run";
  if (!g) text_add(out, "%s %s ", c->task, c->profile);
  if (!method) text_add(out, "%s ", c->method);
  text_add(out, "seed %lld (%s)", (long long)c->seed, status);
}

int report_missing(const report* r, const report_group* g, const char* method, text* out) {
  enum { NAMED = 8 };
  int n = 0;
  for (int i = 0; i < r->n_cells; i++) {
    const report_cell* c = &r->cells[i];
    if (c->done || (g && !report_in_group(g, c)) || (method && strcmp(c->method, method) != 0)) continue;
    if (n++ >= NAMED) continue;
    if (n > 1) text_add(out, ", ");
    add_missing(c, g, method, out);
  }
  if (n > NAMED) text_add(out, " and %d more", n - NAMED);
  return n;
}

static void add_name(const char** names, int* n, int max, const char* name) {
  for (int i = 0; i < *n; i++) {
    if (strcmp(names[i], name) == 0) return;
  }
  if (*n < max) names[(*n)++] = name;
}

static void add_steps(report_group* g, int k) {
  int at = 0;
  while (at < g->n_k && g->k[at] < k) at++;
  if (k < 1 || (at < g->n_k && g->k[at] == k) || g->n_k == STEPS_MAX) return;
  memmove(g->k + at + 1, g->k + at, (size_t)(g->n_k - at) * sizeof g->k[0]);
  g->k[at] = k;
  g->n_k++;
}

static report_group* group_of(report* r, const report_cell* c) {
  for (int i = 0; i < r->n_groups; i++) {
    if (report_in_group(&r->groups[i], c)) return &r->groups[i];
  }
  if (r->n_groups == GROUPS_MAX) return NULL;
  char* file = format_text("%s-%s", c->task, c->profile);
  /* a task's name becomes part of a file's */
  for (char* p = file; *p; p++) {
    if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-", *p)) *p = '_';
  }
  r->groups[r->n_groups] = (report_group){.task = c->task, .profile = c->profile, .file = file};
  return &r->groups[r->n_groups++];
}

static void find_groups(report* r) {
  for (int i = 0; i < r->n_cells; i++) {
    const report_cell* c = &r->cells[i];
    report_group* g = group_of(r, c);
    if (!g) continue;
    g->cells++;
    g->done += c->done;
    add_name(g->methods, &g->n_methods, METHODS_MAX, c->method);
    size_t j;
    json_t* row;
    json_array_foreach(json_object_get(c->record, "rows"), j, row) {
      if (!c->done) break;
      add_name(g->metrics, &g->n_metrics, METRICS_MAX, string_of(row, "metric"));
      add_steps(g, (int)json_integer_value(json_object_get(row, "k")));
    }
  }
  for (int i = 0; i < r->n_groups; i++) {
    if (r->groups[i].n_k == 0) r->groups[i].n_k = 1;
  }
}

/* the last part of a folder's path, however it ends */
static char* last_part(const char* folder) {
  size_t end = strlen(folder);
  while (end > 1 && folder[end - 1] == '/') end--;
  size_t start = end;
  while (start > 0 && folder[start - 1] != '/') start--;
  return format_text("%.*s", (int)(end - start), folder + start);
}

df_status report_new(const char* folder, report* out) {
  *out = (report){0};
  DF_TRY(store_read(folder, &out->source));
  const json_t* records = store_records(out->source);
  out->name = last_part(folder);
  out->cells = df_alloc(most_cells(records), sizeof *out->cells);
  if (!out->cells) {
    report_clear(out);
    return DF_E_NOMEM;
  }
  size_t i;
  json_t* record;
  json_array_foreach(records, i, record) {
    if (strcmp(string_of(record, "type"), "plan") == 0) add_plan(out, record);
  }
  json_array_foreach(records, i, record) {
    if (strcmp(string_of(record, "type"), "cell") == 0) add_record(out, record);
  }
  find_groups(out);
  return DF_OK;
}

void report_clear(report* r) {
  for (int i = 0; i < r->n_groups; i++) df_free((void*)(uintptr_t)r->groups[i].file);
  df_free(r->cells);
  df_free(r->name);
  store_close(r->source);
  *r = (report){0};
}

const report_cell* report_example(const report* r, const report_group* g, const char* method) {
  const report_cell* best = NULL;
  for (int i = 0; i < r->n_cells; i++) {
    const report_cell* c = &r->cells[i];
    if (!c->done || !report_in_group(g, c) || strcmp(c->method, method) != 0) continue;
    if (!best || c->seed < best->seed) best = c;
  }
  return best;
}

/* ---- numbers over seeds ---- */

static const json_t* find_row(const json_t* record, const char* metric, int k) {
  const json_t* without = NULL;
  size_t i;
  json_t* row;
  json_array_foreach(json_object_get(record, "rows"), i, row) {
    if (strcmp(string_of(row, "metric"), metric) != 0) continue;
    const json_int_t own = json_integer_value(json_object_get(row, "k"));
    if (own == k) return row;
    if (own == 0) without = row;
  }
  return without;
}

static void take_row(aggregate* a, const json_t* row) {
  const double value = number_of(json_object_get(row, "value"));
  const json_t* unit = json_object_get(row, "unit");
  a->k = (int)json_integer_value(json_object_get(row, "k"));
  if (json_is_string(unit)) a->unit = json_string_value(unit);
  if (!isfinite(value)) {
    a->failed++;
    a->status = string_of(row, "status");
    return;
  }
  if (a->n == SEED_VALUES_MAX) return;
  a->values[a->n++] = value;
  a->lo = number_of(json_object_get(row, "lo"));
  a->hi = number_of(json_object_get(row, "hi"));
}

aggregate report_aggregate(const report* r, const report_group* g, const char* method, const char* metric, int k) {
  aggregate a = {.mean = NAN, .lo = NAN, .hi = NAN, .unit = "", .status = ""};
  for (int i = 0; i < r->n_cells; i++) {
    const report_cell* c = &r->cells[i];
    if (!report_in_group(g, c) || strcmp(c->method, method) != 0) continue;
    a.planned++;
    a.done += c->done;
    const json_t* row = c->done ? find_row(c->record, metric, k) : NULL;
    if (row) take_row(&a, row);
  }
  if (a.n == 0) return a;
  double sum = 0, lo = INFINITY, hi = -INFINITY;
  for (int i = 0; i < a.n; i++) {
    sum += a.values[i];
    lo = fmin(lo, a.values[i]);
    hi = fmax(hi, a.values[i]);
  }
  a.mean = sum / a.n;
  if (a.n > 1) {
    a.lo = lo;
    a.hi = hi;
  }
  return a;
}

int report_main_metric(const char* metric) {
  static const char* const columns[] = {
      "tre",      "tre_open_loop",  "sae_own",    "sae_min",       "fall_rate",
      "survival", "gait_agreement", "gait_phase", "command_error", "command_error.yaw_rate"};
  for (int i = 0; i < (int)(sizeof columns / sizeof columns[0]); i++) {
    if (strcmp(metric, columns[i]) == 0) return i;
  }
  return -1;
}

const char* metric_better(const char* metric) {
  const df_metric_def* defs;
  const int n = df_metric_defs(&defs);
  /* tre.joint_pos is as tre is */
  const size_t length = strcspn(metric, ".");
  for (int i = 0; i < n; i++) {
    if (strlen(defs[i].name) == length && strncmp(defs[i].name, metric, length) == 0) return defs[i].better;
  }
  return "";
}

/* ---- names and colours of methods: Okabe and Ito's palette, told apart by the colour-blind ---- */

static const struct {
  const char *name, *label;
  unsigned colour;
  int dash;
} known[] = {
    {"dynaflow", "DynaFlow", 0x0072B2, 1},
    {"dynaflow_tracking", "DynaFlow + tracking", 0x56B4E9, 1},
    {"kinematic_fm", "Kinematic FM", 0xE69F00, 1},
    {"kinematic_fm_idm", "Kinematic FM + IDM", 0xD55E00, 2},
    {"action_fm", "Action FM", 0x009E73, 1},
    {"dap", "DAP", 0xCC79A7, 4},
    {"ddat_projection", "DDAT projection", 0x882255, 5},
    {"random_action", "Random actions", 0x8C8C8C, 3},
    {"hold", "Hold", 0xB0B0B0, 3},
    {"replay_demo", "Replayed demonstration", 0x333333, 3},
};
enum { N_KNOWN = sizeof known / sizeof known[0] };

const char* method_label(const char* method) {
  for (int i = 0; i < N_KNOWN; i++) {
    if (strcmp(method, known[i].name) == 0) return known[i].label;
  }
  return method;
}

unsigned method_colour(const char* method) {
  static const unsigned others[] = {0x661100, 0x117733, 0x332288, 0x999933, 0xAA4499, 0x44AA99};
  unsigned hash = 5381;
  for (int i = 0; i < N_KNOWN; i++) {
    if (strcmp(method, known[i].name) == 0) return known[i].colour;
  }
  for (const char* p = method; *p; p++) hash = hash * 33 + (unsigned char)*p;
  return others[hash % (sizeof others / sizeof others[0])];
}

int method_dash(const char* method) {
  for (int i = 0; i < N_KNOWN; i++) {
    if (strcmp(method, known[i].name) == 0) return known[i].dash;
  }
  return 1;
}
