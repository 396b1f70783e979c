#include "table.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "aggregate.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/metrics/defs.h"
#include "escape.h"

table table_new(table_kind kind, text* out) {
  if (kind == TABLE_HTML) text_add(out, "<div class=\"wide\"><table>\n<thead>");
  return (table){.kind = kind, .out = out};
}

void table_end(table* t) {
  text_add(t->out, t->kind == TABLE_HTML ? "</tbody></table></div>\n" : "\n");
}

void table_row(table* t) {
  t->column = 0;
  text_add(t->out, t->kind == TABLE_HTML ? "<tr>" : "|");
}

/* allows line breaks in long metric names after _ and . */
static void add_html(text* out, bool head, const char* value, size_t n) {
  for (size_t i = 0; i < n;) {
    size_t part = head ? strcspn(value + i, "_.") + 1 : n;
    if (part > n - i) part = n - i;
    text_add_html_bytes(out, value + i, part);
    i += part;
    if (head && (value[i - 1] == '_' || value[i - 1] == '.')) text_add(out, "<wbr>");
  }
}

/* `title` is shown when one points at the cell of a page; NULL: nothing */
static void put_titled(table* t, int flags, const char* value, const char* title) {
  const bool head = flags & TABLE_HEAD, words = flags & TABLE_WORDS;
  const char *tag = head ? "th" : "td", *bracket = flags & TABLE_STACKED ? strstr(value, " [") : NULL;
  if (words && t->column < 32) t->words |= 1u << t->column;
  if (t->kind == TABLE_HTML) {
    text_add(t->out, "<%s%s", tag, words ? " class=\"w\"" : "");
    if (title) {
      text_add(t->out, " title=\"");
      text_add_html(t->out, title);
      text_add(t->out, "\"");
    }
    text_add(t->out, ">");
    add_html(t->out, head, value, bracket ? (size_t)(bracket - value) : strlen(value));
    if (bracket) {
      text_add(t->out, "<br><small>");
      text_add_html(t->out, bracket + 1);
      text_add(t->out, "</small>");
    }
    text_add(t->out, "</%s>", tag);
  } else {
    text_add(t->out, " ");
    text_add_markdown(t->out, value);
    text_add(t->out, " |");
  }
  t->column++;
}

void table_put(table* t, int flags, const char* value) {
  put_titled(t, flags, value, NULL);
}

void table_put_metric(table* t, int flags, const char* value, const char* metric) {
  const df_metric_def* definition = df_metric_find(metric);
  put_titled(t, flags, value, definition ? definition->definition : NULL);
}

void table_row_end(table* t, bool head) {
  /* in HTML the head is a thead, which browsers repeat on every printed page */
  text_add(t->out, t->kind != TABLE_HTML ? "\n" : head ? "</tr></thead>\n<tbody>" : "</tr>\n");
  if (!head || t->kind == TABLE_HTML) return;
  text_add(t->out, "|");
  for (int i = 0; i < t->column; i++) text_add(t->out, i < 32 && (t->words >> i & 1) ? " --- |" : " ---: |");
  text_add(t->out, "\n");
}

void table_heads(table* t, int n, const char* const* heads, unsigned words) {
  table_row(t);
  for (int i = 0; i < n; i++) table_put(t, TABLE_HEAD | (words >> i & 1 ? TABLE_WORDS : 0), heads[i]);
  table_row_end(t, true);
}

void table_number(double v, char* out, size_t n) {
  if (v == 0) {
    snprintf(out, n, "0");
  } else if (fabs(v) < 1e-3) {
    snprintf(out, n, "%.1e", v);
  } else {
    snprintf(out, n, "%.*f", fabs(v) >= 100 ? 0 : fabs(v) >= 10 ? 1 : fabs(v) >= 1 ? 2 : 3, v);
  }
}

void table_interval(double value, double lo, double hi, char* out, size_t n) {
  char middle[32], low[32], high[32];
  if (!isfinite(value)) {
    snprintf(out, n, "–");
    return;
  }
  table_number(value, middle, sizeof middle);
  table_number(lo, low, sizeof low);
  table_number(hi, high, sizeof high);
  if (isfinite(lo) && isfinite(hi)) {
    snprintf(out, n, "%s [%s, %s]", middle, low, high);
  } else {
    snprintf(out, n, "%s", middle);
  }
}

void table_metric_head(const run_view* r, const run_group* g, const char* metric, int k, char* out, size_t n) {
  const char *better = metric_better(metric), *unit = aggregate_unit(r, g, metric, k);
  const char* arrow = strcmp(better, "lower") == 0 ? "\u00a0↓" : strcmp(better, "higher") == 0 ? "\u00a0↑" : "";
  snprintf(out, n, "%s%s [%s]", metric, arrow, unit);
}

void table_partial(const run_group* g, table_kind kind, text* out) {
  if (g->done == g->cells) return;
  text_add(
      out,
      kind == TABLE_HTML ? "<p><strong>Partial: %d of %d cells.</strong></p>\n" : "**Partial: %d of %d cells.**\n\n",
      g->done, g->cells);
}

int table_main_columns(const run_group* g, const char* columns[MAIN_METRICS]) {
  static const char* const of_experts[] = {"fall_rate", "velocity_error", "yaw_rate_error", "contact_agreement",
                                           "reward"};
  if (g->experts) return table_columns(g, 5, of_experts, columns);
  int n = 0;
  for (int place = 0; place < MAIN_METRICS; place++) {
    for (int i = 0; i < g->n_metrics; i++) {
      if (metric_column(g->metrics[i]) == place) columns[n++] = g->metrics[i];
    }
  }
  return n;
}

int table_columns(const run_group* g, int n, const char* const* metrics, const char** columns) {
  int found = 0;
  for (int place = 0; place < n; place++) {
    for (int i = 0; i < g->n_metrics; i++) {
      if (strcmp(g->metrics[i], metrics[place]) == 0) columns[found++] = g->metrics[i];
    }
  }
  return found;
}

/* whether a metric of the group, or a part of one, has this definition */
static bool is_used(const run_group* g, const df_metric_def* definition) {
  for (int i = 0; i < g->n_metrics; i++) {
    if (df_metric_find(g->metrics[i]) == definition) return true;
  }
  return false;
}

void table_definitions(const run_group* g, table_kind kind, text* out) {
  const df_metric_def* defs;
  const int n = df_metric_defs(&defs);
  if (kind == TABLE_HTML) text_add(out, "<details><summary>Definitions of the metrics</summary>\n<ul>\n");
  for (int i = 0; i < n; i++) {
    if (!is_used(g, &defs[i])) continue;
    char* line = format_text("%s (%s%s%s%s): %s.", defs[i].name, defs[i].unit, defs[i].better[0] ? ", " : "",
                             defs[i].better, defs[i].better[0] ? " is better" : "", defs[i].definition);
    if (kind == TABLE_HTML) {
      text_add(out, "<li>");
      text_add_html(out, line);
      text_add(out, "</li>\n");
    } else {
      text_add(out, "- ");
      text_add_markdown(out, line);
      text_add(out, "\n");
    }
    df_free(line);
  }
  text_add(out, kind == TABLE_HTML ? "</ul></details>\n" : "\n");
}
