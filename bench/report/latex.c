#include "latex.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "aggregate.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "escape.h"
#include "plot.h"
#include "reference_method.h"
#include "style.h"
#include "table.h"

/* means below this fraction of the largest one of the trained methods are rounding errors */
static const double ROUNDING = 1e-6;

/* "0.123", "$2.8\times10^{-18}$" */
static void add_number(text* out, double v) {
  char number[32];
  table_number(v, number, sizeof number);
  const char* exponent = strchr(number, 'e');
  if (exponent) {
    text_add(out, "$%.*s\\times10^{%d}$", (int)(exponent - number), number, atoi(exponent + 1));
  } else {
    text_add(out, "%s%s%s", v < 0 ? "$" : "", number, v < 0 ? "$" : "");
  }
}

/* the trained methods' best mean of a metric and their largest magnitude */
typedef struct best {
  double value, largest;
  bool none; /* no direction is better, or no value is finite */
} best;

static best find_best(const run_view* r, const run_group* g, const char* metric, int k) {
  const char* better = metric_better(metric);
  best b = {.none = true};
  for (int m = 0; m < g->n_methods && better[0]; m++) {
    const aggregate a = aggregate_of(r, g, g->methods[m], metric, k);
    if (method_is_reference(g->methods[m]) || a.n == 0 || a.failed) continue;
    const bool first = b.none, lower = strcmp(better, "lower") == 0;
    if (first || (lower ? a.mean < b.value : a.mean > b.value)) b.value = a.mean;
    b.largest = fmax(b.largest, fabs(a.mean));
    b.none = false;
  }
  return b;
}

static bool is_best(const best* b, double mean) {
  char own[32], other[32];
  if (b->none) return false;
  if (fabs(mean) < ROUNDING * b->largest && fabs(b->value) < ROUNDING * b->largest) return true;
  table_number(mean, own, sizeof own);
  table_number(b->value, other, sizeof other);
  return strcmp(own, other) == 0;
}

static void add_cell(const aggregate* a, bool bold, text* out) {
  if (a->failed) {
    text_add_latex(out, a->status[0] ? a->status : "not finite");
  } else if (a->n == 0) {
    text_add(out, "--");
  } else {
    text_add(out, "%s", bold ? "\\textbf{" : "");
    add_number(out, a->mean);
    text_add(out, "%s", bold ? "}" : "");
    if (isfinite(a->lo) && isfinite(a->hi)) {
      text_add(out, " {\\scriptsize [");
      add_number(out, a->lo);
      text_add(out, ", ");
      add_number(out, a->hi);
      text_add(out, "]}");
    }
  }
}

static void add_head(const run_view* r, const run_group* g, int k, const char* metric, text* out) {
  const char *better = metric_better(metric), *unit = aggregate_unit(r, g, metric, k);
  char* words = metric_words(metric);
  text_add(out, " & ");
  text_add_latex(out, words);
  text_add(out, " [");
  text_add_latex(out, unit);
  text_add(out, "]%s",
           strcmp(better, "lower") == 0    ? " $\\downarrow$"
           : strcmp(better, "higher") == 0 ? " $\\uparrow$"
                                           : "");
  df_free(words);
}

void latex_table(const run_view* r, const run_group* g, int k, text* out) {
  const char* columns[MAIN_METRICS];
  const int n = table_main_columns(g, columns);
  /* head */
  text_add(out, "%% ");
  text_add_plain(out, g->task);
  text_add(out, "%s, profile ", g->experts ? ", experts" : "");
  text_add_plain(out, g->profile);
  if (k) text_add(out, ", K = %d", k);
  text_add(out,
           ": mean over n seeds, smallest and largest seed (n = 1: 95 %% interval).\n"
           "%% Bold: the best trained method. %d of %d cells.\n\\begin{tabular}{lr",
           g->done, g->cells);
  for (int c = 0; c < n; c++) text_add(out, "r");
  text_add(out, "}\n\\hline\nMethod & $n$");
  for (int c = 0; c < n; c++) add_head(r, g, k, columns[c], out);
  text_add(out, " \\\\\n\\hline\n");
  /* one row per method */
  best of[MAIN_METRICS];
  for (int c = 0; c < n; c++) of[c] = find_best(r, g, columns[c], k);
  for (int m = 0; m < g->n_methods; m++) {
    text_add_latex(out, method_label(g->methods[m]));
    for (int c = 0; c < n; c++) {
      const aggregate a = aggregate_of(r, g, g->methods[m], columns[c], k);
      if (c == 0) text_add(out, " & %d", a.done);
      text_add(out, " & ");
      add_cell(&a, !method_is_reference(g->methods[m]) && is_best(&of[c], a.mean), out);
    }
    text_add(out, " \\\\\n");
  }
  text_add(out, "\\hline\n\\end{tabular}\n");
}

static df_status write_group(const run_view* r, const run_group* g, const char* folder) {
  df_status status = DF_OK;
  for (int j = 0; j < g->n_k && status == DF_OK; j++) {
    text out = {0};
    latex_table(r, g, g->k[j], &out);
    char* path =
        g->k[j] ? format_text("%s/%s-k%d.tex", folder, g->file, g->k[j]) : format_text("%s/%s.tex", folder, g->file);
    status = text_write(&out, path);
    df_free(path);
    text_clear(&out);
  }
  return status;
}

df_status latex_write(const run_view* r, const char* folder) {
  const char* columns[MAIN_METRICS];
  char* latex = df_path_join(folder, "latex");
  df_status status = latex ? df_dir_make(latex) : DF_E_NOMEM;
  for (int i = 0; i < r->n_groups && status == DF_OK; i++) {
    const run_group* g = &r->groups[i];
    if (g->done && table_main_columns(g, columns)) status = write_group(r, g, latex);
  }
  df_free(latex);
  return status;
}
