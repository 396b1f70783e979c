#define _GNU_SOURCE
#include "golden.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "escape.h"
#include "json.h"
#include "text.h"

#define COLUMNS "task,method,seed,profile,metric,k,value,unit,n,lo,hi,status"
enum { N_COLUMNS = 12 };

void golden_clear(golden_table* g) {
  df_free(g->path);
  df_free(g->rows);
  *g = (golden_table){0};
}

/* ---- reading ---- */

/* splits a line at its commas, in place; returns the number of fields, of which at most N_COLUMNS are stored */
static int split_fields(char* line, char* part[N_COLUMNS]) {
  int n = 0;
  for (char* at = line; at; n++) {
    if (n < N_COLUMNS) part[n] = at;
    at = strchr(at, ',');
    if (at) *at++ = '\0';
  }
  return n;
}

static bool take_name(char* out, size_t n, const char* value) {
  snprintf(out, n, "%s", value);
  return value[0] && strlen(value) < n;
}

static bool take_count(int* out, const char* value) {
  char* end;
  const long v = strtol(value, &end, 10);
  *out = (int)v;
  return end != value && *end == '\0' && v >= 0 && v <= 2147483647;
}

static bool take_value(double* out, const char* value) {
  char* end;
  *out = value[0] ? strtod(value, &end) : NAN;
  return !value[0] || (end != value && *end == '\0' && isfinite(*out));
}

static bool take_row(golden_row* row, char* line) {
  char* part[N_COLUMNS];
  int seed = 0, n = 0;
  const bool fine = split_fields(line, part) == N_COLUMNS && take_name(row->task, sizeof row->task, part[0]) &&
                    take_name(row->method, sizeof row->method, part[1]) && take_count(&seed, part[2]) &&
                    take_name(row->profile, sizeof row->profile, part[3]) &&
                    take_name(row->metric, sizeof row->metric, part[4]) && take_count(&row->k, part[5]) &&
                    take_value(&row->value, part[6]) && take_count(&n, part[8]);
  row->seed = seed;
  return fine;
}

static void take_comment(golden_table* g, const char* line) {
  static const char mujoco[] = "# mujoco: ", version[] = "# task_version: ", settings[] = "# settings: ";
  if (strncmp(line, mujoco, strlen(mujoco)) == 0) snprintf(g->mujoco, sizeof g->mujoco, "%s", line + strlen(mujoco));
  if (strncmp(line, version, strlen(version)) == 0) g->task_version = atoi(line + strlen(version));
  if (strncmp(line, settings, strlen(settings)) == 0) {
    snprintf(g->settings, sizeof g->settings, "%s", line + strlen(settings));
  }
}

static df_status read_lines(golden_table* g, char* data) {
  size_t lines = 0;
  int line = 0;
  bool head = false;
  for (const char* p = data; *p; p++) lines += *p == '\n';
  g->rows = df_alloc(lines + 1, sizeof *g->rows);
  if (!g->rows) return DF_E_NOMEM;
  char* rest = data;
  for (char* at = strsep(&rest, "\n"); at; at = strsep(&rest, "\n")) {
    line++;
    if (at[0] == '#') {
      take_comment(g, at);
    } else if (at[0] && !head) {
      head = strcmp(at, COLUMNS) == 0;
      if (!head) return df_fail(DF_E_FORMAT, "%s:%d: expected the columns %s", g->path, line, COLUMNS);
    } else if (at[0] && !take_row(&g->rows[g->n++], at)) {
      return df_fail(DF_E_FORMAT, "%s:%d: invalid row, expected " COLUMNS, g->path, line);
    }
  }
  if (!g->mujoco[0] || !g->task_version || !g->settings[0] || g->n == 0) {
    return df_fail(DF_E_FORMAT, "%s: not a golden table: # mujoco, # task_version, # settings or all rows are missing",
                   g->path);
  }
  return DF_OK;
}

df_status golden_read(const char* path, golden_table* out) {
  *out = (golden_table){.path = df_strdup(path)};
  char* data = NULL;
  size_t n;
  df_status status = out->path ? df_file_read(path, &data, &n) : DF_E_NOMEM;
  if (status == DF_OK) status = read_lines(out, data);
  df_free(data);
  if (status != DF_OK) golden_clear(out);
  return status;
}

int golden_find(const golden_table* g, const char* task, const char* profile, const char* method, const char* metric,
                int k, const golden_row* rows[SEED_VALUES_MAX]) {
  int n = 0;
  for (int i = 0; i < g->n && n < SEED_VALUES_MAX; i++) {
    const golden_row* row = &g->rows[i];
    if (row->k == k && strcmp(row->metric, metric) == 0 && strcmp(row->method, method) == 0 &&
        strcmp(row->task, task) == 0 && strcmp(row->profile, profile) == 0) {
      rows[n++] = row;
    }
  }
  return n;
}

/* ---- writing ---- */

df_status golden_settings(const json_t* record, char sum[DF_SHA256_TEXT]) {
  text canonical = {0};
  const char* name;
  json_t* value;
  json_object_foreach(json_object_get(record, "config"), name, value) {
    const char* setting = json_string_value(value);
    if (setting_is_shared(name)) text_add(&canonical, "%s %s\n", name, setting ? setting : "");
  }
  const df_status status = df_sha256(text_of(&canonical), canonical.n, sum);
  text_clear(&canonical);
  return status;
}

/* appends a value that is shown only, with commas and control characters replaced by spaces, and an apostrophe before
 * what a spreadsheet would compute or unquote */
static void add_text(text* out, const char* value) {
  text plain = {0};
  if (value[0] && strchr("=+-@\"", value[0])) text_add(out, "'");
  for (const char* p = value; *p; p++) text_add(&plain, "%c", *p == ',' || (unsigned char)*p < 32 ? ' ' : *p);
  text_add_plain(out, text_of(&plain));
  text_clear(&plain);
}

/* a table is read by splitting its lines at commas, so names that need quotes, or that a spreadsheet would compute, are
 * refused */
static df_status check_name(const char* what, const char* name) {
  bool fine = name[0] && !strchr("=+-@#'", name[0]);
  for (const char* p = name; *p; p++) fine = fine && (unsigned char)*p >= 32 && *p != ',' && *p != '"' && *p != 127;
  if (fine) return DF_OK;
  return df_fail(
      DF_E_CONFIG,
      "%s '%s' cannot be in a golden table: it is empty, has a comma, a double quote or a control character, "
      "or begins with one of = + - @ # '; rename it",
      what, name);
}

static df_status check_names(const run_cell* c) {
  size_t i;
  json_t* row;
  DF_TRY(check_name("task", c->task));
  DF_TRY(check_name("method", c->method));
  DF_TRY(check_name("profile", c->profile));
  json_array_foreach(json_object_get(c->record, "rows"), i, row) DF_TRY(check_name("metric", string_of(row, "metric")));
  return DF_OK;
}

static void add_number(text* out, const json_t* v) {
  text_add(out, ",");
  if (json_is_number(v)) text_add(out, "%.17g", json_number_value(v));
}

static void add_row(const run_cell* c, const json_t* row, text* out) {
  text_add(out, "%s,%s,%lld,%s,%s,%d", c->task, c->method, (long long)c->seed, c->profile, string_of(row, "metric"),
           (int)json_integer_value(json_object_get(row, "k")));
  add_number(out, json_object_get(row, "value"));
  text_add(out, ",");
  add_text(out, string_of(row, "unit"));
  text_add(out, ",%d", (int)json_integer_value(json_object_get(row, "n")));
  add_number(out, json_object_get(row, "lo"));
  add_number(out, json_object_get(row, "hi"));
  text_add(out, ",");
  add_text(out, string_of(row, "status"));
  text_add(out, "\n");
}

static void add_cell(const run_cell* c, text* out) {
  const double seconds = number_of(json_object_get(c->record, GOLDEN_SECONDS));
  size_t i;
  json_t* row;
  json_array_foreach(json_object_get(c->record, "rows"), i, row) add_row(c, row, out);
  if (!(seconds > 0)) return;
  text_add(out, "%s,%s,%lld,%s," GOLDEN_SECONDS ",0,%.3g,s,1,,,ok\n", c->task, c->method, (long long)c->seed,
           c->profile, seconds);
}

static void add_comment(text* out, const char* key, const char* value) {
  text_add(out, "# %s: ", key);
  add_text(out, value);
  text_add(out, "\n");
}

static df_status add_head(const run_view* r, const run_group* g, const char* reason, text* out) {
  char settings[DF_SHA256_TEXT];
  const run_cell* first = run_example(r, g, g->methods[0]);
  if (!first)
    return df_fail(DF_E_MISSING, "%s, profile %s: no cell of method %s is done", g->task, g->profile, g->methods[0]);
  const json_t* provenance = json_object_get(first->record, "provenance");
  DF_TRY(golden_settings(first->record, settings));
  const char* version = string_of(json_object_get(first->record, "config"), "task.version");
  text_add(out, "# accepted with `dynaflow gate RUN --accept --reason ...`: the seeds of %s, profile %s\n", g->task,
           g->profile);
  add_comment(out, "reason", reason);
  add_comment(out, "mujoco", string_of(provenance, "mujoco"));
  add_comment(out, "task_version", version[0] ? version : "1");
  add_comment(out, "settings", settings);
  add_comment(out, "commit", string_of(provenance, "commit"));
  add_comment(out, "blas", string_of(json_object_get(provenance, "blas"), "kernel"));
  add_comment(out, "cpu", string_of(provenance, "cpu"));
  return DF_OK;
}

df_status golden_write(const run_view* r, const run_group* g, const char* reason, const char* path) {
  text out = {0};
  df_status status = add_head(r, g, reason, &out);
  text_add(&out, COLUMNS "\n");
  for (int m = 0; m < g->n_methods; m++) {
    for (int i = 0; i < r->n_cells && status == DF_OK; i++) {
      const run_cell* c = &r->cells[i];
      if (!c->done || !run_in_group(g, c) || strcmp(c->method, g->methods[m]) != 0) continue;
      status = check_names(c);
      add_cell(c, &out);
    }
  }
  char* folder = df_path_folder(path);
  if (status == DF_OK) status = folder ? df_dir_make(folder) : DF_E_NOMEM;
  if (status == DF_OK) status = text_write(&out, path);
  df_free(folder);
  text_clear(&out);
  return status;
}
