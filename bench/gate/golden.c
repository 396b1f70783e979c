#define _GNU_SOURCE
#include "golden.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aggregate.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/core/c_locale.h"
#include "dynaflow/core/file.h"
#include "escape.h"
#include "identity.h"
#include "json.h"
#include "list.h"
#include "text.h"

#define COLUMNS "task,method,seed,profile,metric,k,value,unit,n,lo,hi,status"
enum { N_COLUMNS = 12 };

void golden_clear(golden_table* g) {
  df_free(g->path);
  df_free(g->rows);
  json_decref(g->listed);
  *g = (golden_table){0};
}

/* ---- reading ---- */

static const char* const columns[N_COLUMNS] = {"task",  "method", "seed", "profile", "metric", "k",
                                               "value", "unit",   "n",    "lo",      "hi",     "status"};

/* a line of the file, for error messages */
typedef struct place {
  const char* path;
  int line;
} place;

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

static df_status fail_field(const place* at, const char* name, const char* value, const char* what) {
  return df_fail(DF_E_FORMAT, "%s:%d: %s = '%.80s': %s", at->path, at->line, name, value, what);
}

static df_status take_name(const place* at, const char* name, const char* value, char* out, size_t n) {
  if (!value[0]) return fail_field(at, name, value, "expected a name");
  if (strlen(value) >= n) {
    return df_fail(DF_E_FORMAT, "%s:%d: %s = '%.40s...': at most %zu bytes are allowed", at->path, at->line, name,
                   value, n - 1);
  }
  snprintf(out, n, "%s", value);
  return DF_OK;
}

static df_status take_count(const place* at, const char* name, const char* value, int low, int* out) {
  char* end;
  errno = 0;
  const long v = strtol(value, &end, 10);
  if (errno || !isdigit((unsigned char)value[0]) || *end || v < low || v > INT_MAX) {
    return fail_field(at, name, value,
                      low ? "expected an integer from 1 to 2147483647" : "expected an integer from 0 to 2147483647");
  }
  *out = (int)v;
  return DF_OK;
}

/* a number, or NaN for an empty field */
static df_status take_value(const place* at, const char* name, const char* value, double* out) {
  char* end;
  *out = value[0] ? df_read_double(value, &end) : NAN;
  if (!value[0] || (!isspace((unsigned char)value[0]) && *end == '\0' && isfinite(*out))) return DF_OK;
  return fail_field(at, name, value, "expected a finite number, or nothing");
}

static df_status take_head(const place* at, char* line) {
  char* part[N_COLUMNS];
  const int n = split_fields(line, part);
  for (int c = 0; c < N_COLUMNS; c++) {
    if (c < n && strcmp(part[c], columns[c]) == 0) continue;
    bool there = false;
    for (int i = 0; i < n && i < N_COLUMNS; i++) there = there || strcmp(part[i], columns[c]) == 0;
    if (!there) {
      return df_fail(DF_E_FORMAT, "%s:%d: the column '%s' is missing; expected the columns " COLUMNS, at->path,
                     at->line, columns[c]);
    }
    return df_fail(DF_E_FORMAT, "%s:%d: column %d is '%.40s', not '%s'; expected the columns " COLUMNS, at->path,
                   at->line, c + 1, part[c], columns[c]);
  }
  if (n == N_COLUMNS) return DF_OK;
  return df_fail(DF_E_FORMAT, "%s:%d: %d columns; expected the %d columns " COLUMNS, at->path, at->line, n, N_COLUMNS);
}

static df_status take_row(const place* at, char* line, golden_row* row) {
  char* part[N_COLUMNS];
  int seed = 0, count;
  double bound;
  const int n = split_fields(line, part);
  if (n != N_COLUMNS) {
    return df_fail(DF_E_FORMAT, "%s:%d: the row has %d columns, not the %d of " COLUMNS, at->path, at->line, n,
                   N_COLUMNS);
  }
  row->line = at->line;
  DF_TRY(take_name(at, columns[0], part[0], row->task, sizeof row->task));
  DF_TRY(take_name(at, columns[1], part[1], row->method, sizeof row->method));
  DF_TRY(take_count(at, columns[2], part[2], 0, &seed));
  DF_TRY(take_name(at, columns[3], part[3], row->profile, sizeof row->profile));
  DF_TRY(take_name(at, columns[4], part[4], row->metric, sizeof row->metric));
  DF_TRY(take_count(at, columns[5], part[5], 0, &row->k));
  DF_TRY(take_value(at, columns[6], part[6], &row->value));
  if (strlen(part[7]) >= sizeof row->unit) return fail_field(at, columns[7], part[7], "the unit is too long");
  strcpy(row->unit, part[7]);
  DF_TRY(take_count(at, columns[8], part[8], 0, &count));
  DF_TRY(take_value(at, columns[9], part[9], &bound));
  DF_TRY(take_value(at, columns[10], part[10], &bound));
  row->seed = seed;
  if (part[6][0] && strcmp(part[11], "ok") != 0) {
    return fail_field(at, columns[11], part[11], "expected 'ok' beside a value; leave the value empty if it is none");
  }
  if (metric_is_known(row->metric) || strcmp(row->metric, GOLDEN_SECONDS) == 0) return DF_OK;
  return fail_field(at, columns[4], row->metric, "unknown metric, see `dynaflow list metrics`");
}

/* the value of a comment line "# name: value"; NULL if the line has another name */
static const char* value_of(const char* line, const char* name) {
  const size_t n = strlen(name);
  const bool has =
      strncmp(line, "# ", 2) == 0 && strncmp(line + 2, name, n) == 0 && strncmp(line + 2 + n, ": ", 2) == 0;
  return has ? line + n + 4 : NULL;
}

/* "# setting NAME: value" */
static df_status take_setting(const place* at, const char* line, golden_table* g) {
  static const char start[] = "# setting ";
  const char *name = line + sizeof start - 1, *end = strstr(line, ": ");
  if (strncmp(line, start, sizeof start - 1) != 0 || !end || end <= name) return DF_OK;
  char* key = format_text("%.*s", (int)(end - name), name);
  if (!g->listed) g->listed = json_object();
  const bool twice = json_object_get(g->listed, key) != NULL;
  json_object_set_new(g->listed, key, json_text(end + 2));
  const df_status status = twice ? fail_field(at, key, end + 2, "the line appears twice") : DF_OK;
  df_free(key);
  return status;
}

static df_status take_comment(const place* at, const char* line, golden_table* g) {
  const struct {
    const char* name;
    char* text;
    size_t size;
  } texts[] = {{"mujoco", g->mujoco, sizeof g->mujoco},
               {"settings", g->settings, sizeof g->settings},
               {"model", g->model, sizeof g->model},
               {"compiled", g->compiled, sizeof g->compiled},
               {"data", g->data, sizeof g->data},
               {"windows", g->windows, sizeof g->windows},
               {"held_out", g->held_out, sizeof g->held_out}};
  const struct {
    const char* name;
    int* number;
  } versions[] = {{"task_version", &g->task_version}, {"numbers", &g->numbers}};
  static const char twice[] = "the line appears twice";
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    const char* value = value_of(line, texts[i].name);
    if (!value) continue;
    if (texts[i].text[0]) return fail_field(at, texts[i].name, value, twice);
    return take_name(at, texts[i].name, value, texts[i].text, texts[i].size);
  }
  for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++) {
    const char* value = value_of(line, versions[i].name);
    if (!value) continue;
    if (*versions[i].number) return fail_field(at, versions[i].name, value, twice);
    return take_count(at, versions[i].name, value, 1, versions[i].number);
  }
  DF_TRY(take_setting(at, line, g));
  const char* cpu = value_of(line, "cpu");
  if (cpu) snprintf(g->cpu, sizeof g->cpu, "%s", cpu);
  return DF_OK;
}

/* orders rows by what they are the number of */
static int compare_numbers(const golden_row* a, const golden_row* b) {
  int order = a->k != b->k ? (a->k > b->k) - (a->k < b->k) : (a->seed > b->seed) - (a->seed < b->seed);
  if (!order) order = strcmp(a->metric, b->metric);
  if (!order) order = strcmp(a->method, b->method);
  if (!order) order = strcmp(a->task, b->task);
  return order ? order : strcmp(a->profile, b->profile);
}

static int by_number(const void* left, const void* right) {
  const golden_row *a = *(const golden_row*const*)left, *b = *(const golden_row*const*)right;
  const int order = compare_numbers(a, b);
  return order ? order : a->line - b->line;
}

/* refuses a second row of one number: neither is right, nor is their mean */
static df_status check_rows_differ(const golden_table* g) {
  const golden_row** sorted = df_alloc((size_t)g->n, sizeof *sorted);
  const golden_row *first = NULL, *second = NULL;
  if (!sorted) return DF_E_NOMEM;
  for (int i = 0; i < g->n; i++) sorted[i] = &g->rows[i];
  qsort(sorted, (size_t)g->n, sizeof *sorted, by_number);
  for (int i = 1; i < g->n; i++) {
    if (compare_numbers(sorted[i - 1], sorted[i]) != 0 || (second && second->line < sorted[i]->line)) continue;
    first = sorted[i - 1];
    second = sorted[i];
  }
  df_free(sorted);
  if (!second) return DF_OK;
  return df_fail(
      DF_E_FORMAT,
      "%s:%d: the row of %s, %s, seed %lld, profile %s, %s, k %d appears twice, first in line %d; remove one", g->path,
      second->line, second->task, second->method, (long long)second->seed, second->profile, second->metric, second->k,
      first->line);
}

/* accepts LF and CRLF; a comma-separated file of a spreadsheet may have the latter */
static df_status check_line_end(const place* at, char* line) {
  const size_t n = strlen(line);
  if (n && line[n - 1] == '\r') line[n - 1] = '\0';
  if (!strchr(line, '\r')) return DF_OK;
  return df_fail(DF_E_FORMAT, "%s:%d: a carriage return within a line; end lines with LF or CRLF", at->path, at->line);
}

static df_status read_lines(golden_table* g, char* data) {
  bool head = false;
  place at = {.path = g->path};
  char* rest = data;
  for (char* line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n")) {
    at.line++;
    DF_TRY(check_line_end(&at, line));
    if (line[0] == '#') {
      DF_TRY(take_comment(&at, line, g));
    } else if (line[0] && !head) {
      DF_TRY(take_head(&at, line));
      head = true;
    } else if (line[0]) {
      g->rows = list_grow(g->rows, g->n, sizeof *g->rows);
      g->rows[g->n] = (golden_row){0};
      DF_TRY(take_row(&at, line, &g->rows[g->n++]));
    }
  }
  if (!g->numbers) g->numbers = 1;
  const bool of_1 = g->numbers == 1; /* programs that wrote numbers of version 1 did not know the hashes of models */
  const char* lacks = !g->mujoco[0]              ? "the line '# mujoco: ...'"
                      : !g->task_version         ? "the line '# task_version: ...'"
                      : !g->settings[0]          ? "the line '# settings: ...'"
                      : !of_1 && !g->model[0]    ? "the line '# model: ...'"
                      : !of_1 && !g->compiled[0] ? "the line '# compiled: ...'"
                      : !head                    ? "the columns " COLUMNS
                      : g->n == 0                ? "a row after its columns"
                                                 : NULL;
  if (lacks) return df_fail(DF_E_FORMAT, "%s: not a golden table, it lacks %s", g->path, lacks);
  return check_rows_differ(g);
}

/* reads a table from the text `data` [n], which it changes; frees *g's contents on failure */
static df_status parse(const char* path, char* data, size_t n, golden_table* g) {
  static const char mark[] = "\xef\xbb\xbf"; /* the byte-order mark of UTF-8 */
  *g = (golden_table){.path = df_strdup(path)};
  df_status status = g->path ? DF_OK : DF_E_NOMEM;
  if (status == DF_OK && strlen(data) != n) status = df_fail(DF_E_FORMAT, "%s: the file contains a zero byte", path);
  if (status == DF_OK) status = read_lines(g, data + (strncmp(data, mark, strlen(mark)) == 0 ? strlen(mark) : 0));
  if (status != DF_OK) golden_clear(g);
  return status;
}

df_status golden_read(const char* path, golden_table* out) {
  char* data;
  size_t n;
  *out = (golden_table){0};
  DF_TRY(df_file_read(path, &data, &n));
  const df_status status = parse(path, data, n, out);
  df_free(data);
  return status;
}

const golden_row* golden_next(const golden_table* g, const golden_row* last, const char* task, const char* profile,
                              const char* method, const char* metric, int k) {
  for (const golden_row* row = last ? last + 1 : g->rows; row < g->rows + g->n; row++) {
    if (row->k == k && strcmp(row->metric, metric) == 0 && strcmp(row->method, method) == 0 &&
        strcmp(row->task, task) == 0 && strcmp(row->profile, profile) == 0) {
      return row;
    }
  }
  return NULL;
}

/* ---- writing ---- */

df_status golden_settings(const json_t* record, char sum[DF_SHA256_TEXT]) {
  text canonical = {0};
  const char* name;
  json_t* value;
  json_object_foreach(json_object_get(record, "config"), name, value) {
    const char* setting = json_string_value(value);
    if (setting && setting_is_void(name, setting)) continue;
    if (setting_is_shared(name)) text_add(&canonical, "%s %s\n", name, setting ? setting : "");
  }
  const df_status status = df_sha256(text_of(&canonical), canonical.n, sum);
  text_clear(&canonical);
  return status;
}

/* Appends a value that is shown only, as printable text: control characters are replaced by spaces and commas by
 * `comma`. A spreadsheet splits the line at its commas; an apostrophe stands before what it would compute or unquote.
 */
static void add_text(text* out, const char* value, char comma) {
  text plain = {0};
  bool first = true;
  for (const char* p = value; *p; p++) {
    const char c = (unsigned char)*p < 32 ? ' ' : *p == ',' ? comma : *p;
    if (first && strchr("=+-@\"", c)) text_add(&plain, "'");
    first = c == ',' || (first && c == ' ');
    text_add_bytes(&plain, &c, 1);
  }
  text_add_plain(out, text_of(&plain));
  text_clear(&plain);
}

char* golden_shown(const char* value) {
  text shown = {0};
  add_text(&shown, value, ',');
  char* out = format_text("%s", text_of(&shown));
  text_clear(&shown);
  return out;
}

/* a comment line, in which commas are text */
static void add_comment(text* out, const char* key, const char* value) {
  text_add(out, "# %s: ", key);
  add_text(out, value, ',');
  text_add(out, "\n");
}

bool golden_same_cpu(const golden_table* g, const json_t* record) {
  text cpu = {0};
  add_text(&cpu, string_of(json_object_get(record, "provenance"), "cpu"), ',');
  const bool same = g->cpu[0] && strncmp(text_of(&cpu), g->cpu, sizeof g->cpu - 1) == 0;
  text_clear(&cpu);
  return same;
}

/* the shared settings that are not at their defaults */
static void add_settings(text* out, const json_t* config) {
  const df_config_key* keys;
  const int n = df_config_keys(&keys);
  for (int i = 0; i < n; i++) {
    const json_t* value = json_object_get(config, keys[i].name);
    if (!value || !setting_is_shared(keys[i].name) ||
        strcmp(string_of(config, keys[i].name), keys[i].default_text) == 0)
      continue;
    char* key = format_text("setting %s", keys[i].name);
    add_comment(out, key, string_of(config, keys[i].name));
    df_free(key);
  }
}

/* the same, unless an older record lacks the value */
static void add_known(text* out, const char* key, const char* value) {
  if (value[0]) add_comment(out, key, value);
}

/* a table is read by splitting its lines at commas, so names that need quotes, or that a spreadsheet would compute, are
 * refused */
static df_status check_name(const char* what, const char* name) {
  bool fine = !name[0] || !strchr("=+-@#'", name[0]); /* an empty name is refused as golden_read() does */
  for (const char* p = name; *p; p++) fine = fine && (unsigned char)*p >= 32 && *p != ',' && *p != '"' && *p != 127;
  if (fine) return DF_OK;
  return df_fail(
      DF_E_FORMAT,
      "no golden table is written: %s '%s' has a comma, a double quote or a control character, or begins with "
      "one of = + - @ # '; rename it",
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
  add_text(out, string_of(row, "unit"), ' ');
  text_add(out, ",%d", (int)json_integer_value(json_object_get(row, "n")));
  add_number(out, json_object_get(row, "lo"));
  add_number(out, json_object_get(row, "hi"));
  text_add(out, ",");
  add_text(out, string_of(row, "status"), ' ');
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

/* the held-out start states of a group; "" if no record names them, since trajectories of a file may start elsewhere */
static const char* windows_of(const run_view* r, const run_group* g) {
  const char* found = "";
  for (int i = 0; i < r->n_cells && !found[0]; i++) {
    if (r->cells[i].done && run_in_group(g, &r->cells[i])) found = string_of(r->cells[i].record, "windows_sha256");
  }
  return found;
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
  text_add(out, "# numbers: %d\n", identity_numbers(first->record));
  add_known(out, "model", string_of(first->record, "model_sha256"));
  add_known(out, "compiled", string_of(first->record, "compiled_sha256"));
  add_known(out, "data", string_of(first->record, "data_sha256"));
  add_known(out, "held_out", string_of(first->record, "eval_data_sha256"));
  add_known(out, "windows", windows_of(r, g));
  add_settings(out, json_object_get(first->record, "config"));
  add_comment(out, "commit", string_of(provenance, "commit"));
  add_comment(out, "blas", string_of(json_object_get(provenance, "blas"), "kernel"));
  add_comment(out, "cpu", string_of(provenance, "cpu"));
  return DF_OK;
}

/* a table that cannot be read again is not written */
static df_status check_readable(const text* out, const char* path) {
  golden_table again;
  char* copy = df_strdup(text_of(out));
  if (!copy) return DF_E_NOMEM;
  const df_status status = parse(path, copy, out->n, &again);
  df_free(copy);
  if (status == DF_OK) golden_clear(&again);
  return status == DF_E_FORMAT ? df_fail(status, "no golden table is written: %s", df_error_message()) : status;
}

df_status golden_write(const run_view* r, const run_group* g, const char* reason, const char* folder,
                       const char* name) {
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
  if (status == DF_OK) status = check_readable(&out, name);
  if (status == DF_OK) status = df_dir_make(folder);
  if (status == DF_OK) status = df_file_write_below(folder, name, text_of(&out), out.n);
  text_clear(&out);
  return status;
}
