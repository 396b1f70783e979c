#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "report.h"

/* ---- one row after the other, as Markdown or HTML ---- */

typedef struct table {
  table_kind kind;
  text* out;
  int column;
} table;

/* what stands on every table over a part of the cells */
static void add_partial(const report_group* g, table_kind kind, text* out) {
  if (g->done == g->cells) return;
  text_add(
      out,
      kind == TABLE_HTML ? "<p><strong>Partial: %d of %d cells.</strong></p>\n" : "**Partial: %d of %d cells.**\n\n",
      g->done, g->cells);
}

static void table_begin(table* t) {
  if (t->kind == TABLE_HTML) text_add(t->out, "<div class=\"wide\"><table>\n");
}

static void row_begin(table* t) {
  t->column = 0;
  text_add(t->out, t->kind == TABLE_HTML ? "<tr>" : "|");
}

static void put(table* t, bool head, const char* value) {
  if (t->kind == TABLE_HTML) {
    const char* tag = head ? "th" : "td";
    text_add(t->out, "<%s>", tag);
    text_add_html(t->out, value);
    text_add(t->out, "</%s>", tag);
  } else {
    text_add(t->out, " %s |", value);
  }
  t->column++;
}

/* in a wide HTML table, what stands in brackets goes below, so that all columns fit on a page */
static void put_stacked(table* t, bool head, const char* value) {
  const char* bracket = strstr(value, " [");
  const char* tag = head ? "th" : "td";
  if (t->kind != TABLE_HTML || !bracket) {
    put(t, head, value);
    return;
  }
  char first[160];
  snprintf(first, sizeof first, "%.*s", (int)(bracket - value), value);
  text_add(t->out, "<%s>", tag);
  text_add_html(t->out, first);
  text_add(t->out, "<br><small>");
  text_add_html(t->out, bracket + 1);
  text_add(t->out, "</small></%s>", tag);
  t->column++;
}

static void row_end(table* t, bool head) {
  text_add(t->out, t->kind == TABLE_HTML ? "</tr>\n" : "\n");
  if (!head || t->kind == TABLE_HTML) return;
  text_add(t->out, "|");
  for (int i = 0; i < t->column; i++) text_add(t->out, i == 0 ? " --- |" : " ---: |");
  text_add(t->out, "\n");
}

static void table_end(table* t) {
  text_add(t->out, t->kind == TABLE_HTML ? "</table></div>\n" : "\n");
}

/* ---- cells ---- */

static void number_text(double v, char* out, size_t n) {
  if (v == 0) {
    snprintf(out, n, "0");
  } else if (fabs(v) < 1e-3) {
    snprintf(out, n, "%.1e", v);
  } else {
    snprintf(out, n, "%.*f", fabs(v) >= 100 ? 0 : fabs(v) >= 10 ? 1 : fabs(v) >= 1 ? 2 : 3, v);
  }
}

/* "0.123 [0.110, 0.140]", or why there is no number */
static void aggregate_text(const aggregate* a, char* out, size_t n) {
  char mean[32], lo[32], hi[32];
  if (a->failed) {
    snprintf(out, n, "%.60s (%d of %d)", a->status[0] ? a->status : "not finite", a->failed, a->failed + a->n);
  } else if (a->n == 0) {
    snprintf(out, n, "–");
  } else {
    number_text(a->mean, mean, sizeof mean);
    number_text(a->lo, lo, sizeof lo);
    number_text(a->hi, hi, sizeof hi);
    if (isfinite(a->lo) && isfinite(a->hi)) {
      snprintf(out, n, "%s [%s, %s]", mean, lo, hi);
    } else {
      snprintf(out, n, "%s", mean);
    }
  }
}

static const char* unit_of(const report* r, const report_group* g, const char* metric, int k) {
  for (int m = 0; m < g->n_methods; m++) {
    const aggregate a = report_aggregate(r, g, g->methods[m], metric, k);
    if (a.unit[0]) return a.unit;
  }
  return "";
}

static const char* arrow(const char* metric) {
  const char* better = metric_better(metric);
  return strcmp(better, "lower") == 0 ? " ↓" : strcmp(better, "higher") == 0 ? " ↑" : "";
}

static void seeds_text(const report* r, const report_group* g, const char* method, char* out, size_t n) {
  int done = 0, planned = 0;
  for (int i = 0; i < r->n_cells; i++) {
    if (!report_in_group(g, &r->cells[i]) || strcmp(r->cells[i].method, method) != 0) continue;
    planned++;
    done += r->cells[i].done;
  }
  if (done == planned) {
    snprintf(out, n, "%d", done);
  } else {
    snprintf(out, n, "%d of %d", done, planned);
  }
}

/* the main metrics that the group has, in their fixed order */
static int main_columns(const report_group* g, const char** columns) {
  int n = 0;
  for (int place = 0; place < METRICS_MAX; place++) {
    for (int i = 0; i < g->n_metrics; i++) {
      if (report_main_metric(g->metrics[i]) == place) columns[n++] = g->metrics[i];
    }
  }
  return n;
}

void table_main(const report* r, const report_group* g, int k, table_kind kind, text* out) {
  table t = {.kind = kind, .out = out};
  const char* columns[METRICS_MAX];
  char cell[160];
  const int n = main_columns(g, columns);
  add_partial(g, kind, out);
  table_begin(&t);
  row_begin(&t);
  put(&t, true, "method");
  put(&t, true, "seeds");
  for (int c = 0; c < n; c++) {
    snprintf(cell, sizeof cell, "%s%s [%s]", columns[c], arrow(columns[c]), unit_of(r, g, columns[c], k));
    put_stacked(&t, true, cell);
  }
  row_end(&t, true);
  for (int m = 0; m < g->n_methods; m++) {
    row_begin(&t);
    put(&t, false, method_label(g->methods[m]));
    seeds_text(r, g, g->methods[m], cell, sizeof cell);
    put(&t, false, cell);
    for (int c = 0; c < n; c++) {
      const aggregate a = report_aggregate(r, g, g->methods[m], columns[c], k);
      aggregate_text(&a, cell, sizeof cell);
      put_stacked(&t, false, cell);
    }
    row_end(&t, false);
  }
  table_end(&t);
}

void table_all(const report* r, const report_group* g, table_kind kind, text* out) {
  static const char* const heads[] = {"metric", "K", "method", "value", "unit", "seeds"};
  table t = {.kind = kind, .out = out};
  char cell[160];
  add_partial(g, kind, out);
  table_begin(&t);
  row_begin(&t);
  for (int i = 0; i < 6; i++) put(&t, true, heads[i]);
  row_end(&t, true);
  for (int i = 0; i < g->n_metrics; i++) {
    for (int j = 0; j < g->n_k; j++) {
      for (int m = 0; m < g->n_methods; m++) {
        const aggregate a = report_aggregate(r, g, g->methods[m], g->metrics[i], g->k[j]);
        /* what does not depend on K stands once */
        if (a.n + a.failed == 0 || (a.k != g->k[j] && j > 0)) continue;
        row_begin(&t);
        put(&t, false, g->metrics[i]);
        snprintf(cell, sizeof cell, "%d", a.k);
        put(&t, false, a.k ? cell : "–");
        put(&t, false, method_label(g->methods[m]));
        aggregate_text(&a, cell, sizeof cell);
        put(&t, false, cell);
        put(&t, false, a.unit);
        seeds_text(r, g, g->methods[m], cell, sizeof cell);
        put(&t, false, cell);
        row_end(&t, false);
      }
    }
  }
  table_end(&t);
}

static void put_number(table* t, const json_t* v, const char* format) {
  char cell[64];
  snprintf(cell, sizeof cell, format, number_of(v));
  put(t, false, json_is_number(v) ? cell : "–");
}

void table_cells(const report* r, table_kind kind, text* out) {
  /* no times: see times_write */
  static const char* const heads[] = {"task",       "profile", "method",     "seed",  "state",
                                      "parameters", "key",     "checkpoint", "reason"};
  table t = {.kind = kind, .out = out};
  char cell[160];
  table_begin(&t);
  row_begin(&t);
  for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) put(&t, true, heads[i]);
  row_end(&t, true);
  for (int i = 0; i < r->n_cells; i++) {
    const report_cell* c = &r->cells[i];
    const json_t* training = json_object_get(c->record, "training");
    row_begin(&t);
    put(&t, false, c->task);
    put(&t, false, c->profile);
    put(&t, false, method_label(c->method));
    snprintf(cell, sizeof cell, "%lld", (long long)c->seed);
    put(&t, false, cell);
    put(&t, false, c->record ? string_of(c->record, "status") : "not run");
    put_number(&t, json_object_get(training, "parameters"), "%.0f");
    snprintf(cell, sizeof cell, "%.12s", string_of(c->record, "key"));
    put(&t, false, cell);
    snprintf(cell, sizeof cell, "%.12s", string_of(training, "checkpoint_sha256"));
    put(&t, false, cell);
    put(&t, false, string_of(c->record, "reason"));
    row_end(&t, false);
  }
  table_end(&t);
}

/* what made the cells, each distinct value once */
static void put_distinct(table* t, const report* r, const char* head, const char* key, const char* part) {
  text values = {0};
  for (int i = 0; i < r->n_cells; i++) {
    const json_t* from = json_object_get(r->cells[i].record, "provenance");
    if (part) from = json_object_get(from, part);
    const json_t* v = json_object_get(from, key);
    char shown[256] = "";
    if (json_is_string(v)) snprintf(shown, sizeof shown, "%s", json_string_value(v));
    if (json_is_boolean(v)) snprintf(shown, sizeof shown, "%s", json_is_true(v) ? "yes" : "no");
    if (json_is_integer(v)) snprintf(shown, sizeof shown, "%lld", (long long)json_integer_value(v));
    if (!shown[0] || strstr(text_of(&values), shown)) continue;
    text_add(&values, "%s%s", values.n ? "; " : "", shown);
  }
  row_begin(t);
  put(t, false, head);
  put(t, false, values.n ? text_of(&values) : "–");
  row_end(t, false);
  text_clear(&values);
}

void table_provenance(const report* r, table_kind kind, text* out) {
  static const struct {
    const char *head, *key, *part;
  } lines[] = {{"dynaflow", "dynaflow", NULL}, {"commit", "commit", NULL},         {"modified since", "dirty", NULL},
               {"MuJoCo", "mujoco", NULL},     {"BLAS kernels", "kernel", "blas"}, {"BLAS", "config", "blas"},
               {"compiler", "compiler", NULL}, {"flags", "flags", NULL},           {"processor", "cpu", NULL},
               {"cores", "cores", NULL},       {"threads", "threads", NULL},       {"libc", "libc", "libraries"}};
  table t = {.kind = kind, .out = out};
  table_begin(&t);
  row_begin(&t);
  put(&t, true, "what");
  put(&t, true, "value");
  row_end(&t, true);
  for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
    put_distinct(&t, r, lines[i].head, lines[i].key, lines[i].part);
  }
  table_end(&t);
}

void group_note(const report* r, const report_group* g, text* out) {
  text different = {0};
  report_differences(r, g, &different);
  if (different.n) text_add(out, "Not comparable: the cells differ in %s. ", text_of(&different));
  text_clear(&different);
  text_add(out, "%d of %d cells done.%s ", g->done, g->cells,
           g->done < g->cells ? " The set is incomplete: means are over the seeds that are done." : "");
  text_add(
      out,
      "A number is the mean over seeds with the smallest and the largest seed in brackets; over one seed, the 95 %% "
      "interval over test windows. command_error and gait_phase are over the chains that stay up. Arrows point to the "
      "better side.");
}

/* ---- files ---- */

df_status tables_write(const report* r, const char* folder) {
  text out = {0};
  text_add(&out, "# Run %s\n\n", r->name);
  for (int i = 0; i < r->n_groups; i++) {
    const report_group* g = &r->groups[i];
    text_add(&out, "## %s (profile %s)\n\n", g->task, g->profile);
    group_note(r, g, &out);
    text_add(&out, "\n\n");
    for (int j = 0; j < g->n_k && g->done; j++) {
      if (g->k[j]) text_add(&out, "### K = %d sampler step%s\n\n", g->k[j], g->k[j] == 1 ? "" : "s");
      table_main(r, g, g->k[j], TABLE_MARKDOWN, &out);
    }
    if (g->done) {
      text_add(&out, "### All metrics\n\n");
      table_all(r, g, TABLE_MARKDOWN, &out);
    }
  }
  text_add(&out, "## Cells\n\n");
  table_cells(r, TABLE_MARKDOWN, &out);
  text_add(&out, "## Made by\n\n");
  table_provenance(r, TABLE_MARKDOWN, &out);
  char* path = df_path_join(folder, "tables.md");
  const df_status status = path ? text_write(&out, path) : DF_E_NOMEM;
  df_free(path);
  text_clear(&out);
  return status;
}

static void csv_text(text* out, const char* value) {
  if (!strpbrk(value, ",\"\n")) {
    text_add(out, "%s", value);
    return;
  }
  text_add(out, "\"");
  for (const char* p = value; *p; p++) text_add(out, *p == '"' ? "\"\"" : "%c", *p);
  text_add(out, "\"");
}

static void csv_number(text* out, const json_t* v) {
  text_add(out, ",");
  if (json_is_number(v)) text_add(out, "%.17g", json_number_value(v));
}

static void csv_row(text* out, const report_cell* c, const json_t* row) {
  csv_text(out, c->task);
  text_add(out, ",");
  csv_text(out, c->method);
  text_add(out, ",%lld,", (long long)c->seed);
  csv_text(out, c->profile);
  text_add(out, ",");
  csv_text(out, string_of(row, "metric"));
  text_add(out, ",%lld", (long long)json_integer_value(json_object_get(row, "k")));
  csv_number(out, json_object_get(row, "value"));
  text_add(out, ",");
  csv_text(out, string_of(row, "unit"));
  csv_number(out, json_object_get(row, "n"));
  csv_number(out, json_object_get(row, "lo"));
  csv_number(out, json_object_get(row, "hi"));
  text_add(out, ",");
  /* a cell that did not end well has no numbers to be taken for results */
  csv_text(out, c->done ? string_of(row, "status") : c->record ? string_of(c->record, "status") : "not run");
  text_add(out, "\n");
}

df_status csv_write(const report* r, const char* folder) {
  text out = {0};
  text_add(&out, "task,method,seed,profile,metric,k,value,unit,n,lo,hi,status\n");
  for (int i = 0; i < r->n_cells; i++) {
    const report_cell* c = &r->cells[i];
    const json_t* list = json_object_get(c->record, "rows");
    size_t j;
    json_t* row;
    if (!c->done || json_array_size(list) == 0) csv_row(&out, c, NULL);
    json_array_foreach(list, j, row) {
      if (c->done) csv_row(&out, c, row);
    }
  }
  char* path = df_path_join(folder, "results.csv");
  const df_status status = path ? text_write(&out, path) : DF_E_NOMEM;
  df_free(path);
  text_clear(&out);
  return status;
}

df_status times_write(const report* r, const char* folder) {
  static const char* const columns[] = {"train_cpu_s", "cpu_s", "wall_s"};
  text out = {0};
  text_add(&out, "task,method,seed,profile,status,train_cpu_s,cpu_s,wall_s\n");
  for (int i = 0; i < r->n_cells; i++) {
    const report_cell* c = &r->cells[i];
    csv_text(&out, c->task);
    text_add(&out, ",");
    csv_text(&out, c->method);
    text_add(&out, ",%lld,", (long long)c->seed);
    csv_text(&out, c->profile);
    text_add(&out, ",%s", c->record ? string_of(c->record, "status") : "not run");
    for (size_t j = 0; j < sizeof columns / sizeof columns[0]; j++) {
      csv_number(&out, json_object_get(c->record, columns[j]));
    }
    text_add(&out, "\n");
  }
  char* path = df_path_join(folder, "times.csv");
  const df_status status = path ? text_write(&out, path) : DF_E_NOMEM;
  df_free(path);
  text_clear(&out);
  return status;
}
