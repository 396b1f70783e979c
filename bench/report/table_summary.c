/* table_summary.c: interquartile means and comparisons as tables. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "aggregate.h"
#include "compare.h"
#include "dynaflow/stats/statistics.h"
#include "run_view.h"
#include "style.h"
#include "summary.h"
#include "table.h"
#include "tables.h"
#include "text.h"

static bool any_iqm(const summary* s, const run_group* g, const char* metric, int k) {
  for (int m = 0; m < g->n_methods; m++) {
    if (summary_find(s, g, g->methods[m], metric, k)) return true;
  }
  return false;
}

void table_iqm(const run_view* r, const summary* s, const run_group* g, int k, table_kind kind, text* out) {
  /* columns with at least one value */
  const char* columns[MAIN_METRICS];
  char cell[160];
  int n = 0;
  for (int i = 0, all = table_main_columns(g, columns); i < all; i++) {
    if (any_iqm(s, g, columns[i], k)) columns[n++] = columns[i];
  }
  /* head */
  table_partial(g, kind, out);
  table t = table_new(kind, out);
  table_row(&t);
  table_put(&t, TABLE_HEAD | TABLE_WORDS, "interquartile mean");
  for (int c = 0; c < n; c++) {
    table_metric_head(r, g, columns[c], k, cell, sizeof cell);
    table_put(&t, TABLE_HEAD | TABLE_STACKED, cell);
  }
  table_row_end(&t, true);
  /* one row per method */
  for (int m = 0; m < g->n_methods; m++) {
    table_row(&t);
    table_put(&t, TABLE_WORDS, method_label(g->methods[m]));
    for (int c = 0; c < n; c++) {
      const summary_row* one = summary_find(s, g, g->methods[m], columns[c], k);
      table_interval(one ? one->iqm.mean : NAN, one ? one->iqm.lo : NAN, one ? one->iqm.hi : NAN, cell, sizeof cell);
      table_put(&t, TABLE_STACKED, cell);
    }
    table_row_end(&t, false);
  }
  table_end(&t);
}

/* ---- the first method against each other one ---- */

static bool any_comparison(const summary* s, const run_group* g, const char* metric, int k) {
  for (int m = 1; m < g->n_methods; m++) {
    if (summary_compared(s, g, g->methods[m], metric, k)) return true;
  }
  return false;
}

/* "0.83+ [0.79, 0.87]"; + marks a win of the first method, − one of the other */
static void improvement_text(const comparison* c, char* out, size_t n) {
  snprintf(out, n, "–");
  if (!c || !isfinite(c->improvement.mean)) return;
  const char* mark = c->winner == 'a' ? "+" : c->winner == 'b' ? "−" : "";
  const df_interval* i = &c->improvement;
  if (isfinite(i->lo) && isfinite(i->hi)) {
    snprintf(out, n, "%.2f%s [%.2f, %.2f]", i->mean, mark, i->lo, i->hi);
  } else {
    snprintf(out, n, "%.2f%s", i->mean, mark);
  }
}

void table_against(const run_view* r, const summary* s, const run_group* g, int k, table_kind kind, text* out) {
  const char* columns[MAIN_METRICS];
  char cell[160];
  int n = 0;
  (void)r;
  /* columns with at least one comparison */
  for (int i = 0, all = table_main_columns(g, columns); i < all; i++) {
    if (any_comparison(s, g, columns[i], k)) columns[n++] = columns[i];
  }
  if (n == 0) return;
  /* head */
  table_partial(g, kind, out);
  table t = table_new(kind, out);
  table_row(&t);
  snprintf(cell, sizeof cell, "P(%s is better than)", method_label(g->methods[0]));
  table_put(&t, TABLE_HEAD | TABLE_WORDS, cell);
  for (int c = 0; c < n; c++) table_put(&t, TABLE_HEAD, columns[c]);
  table_row_end(&t, true);
  /* one row per other method */
  for (int m = 1; m < g->n_methods; m++) {
    table_row(&t);
    table_put(&t, TABLE_WORDS, method_label(g->methods[m]));
    for (int c = 0; c < n; c++) {
      improvement_text(summary_compared(s, g, g->methods[m], columns[c], k), cell, sizeof cell);
      table_put(&t, TABLE_STACKED, cell);
    }
    table_row_end(&t, false);
  }
  table_end(&t);
}

static void p_text(double p, char* out, size_t n) {
  snprintf(out, n, isnan(p) ? "–" : "%.2g", p);
}

static void comparison_row(table* t, const comparison* c) {
  char cell[200];
  table_row(t);
  table_put(t, TABLE_WORDS, c->metric);
  snprintf(cell, sizeof cell, "%d", c->k);
  table_put(t, 0, c->k ? cell : "–");
  table_put(t, TABLE_WORDS, method_label(c->method_b));
  const df_interval* d = &c->paired.difference;
  table_interval(d->mean, d->lo, d->hi, cell, sizeof cell);
  table_put(t, 0, cell);
  table_put(t, TABLE_WORDS, c->unit);
  improvement_text(c, cell, sizeof cell);
  table_put(t, 0, cell);
  p_text(c->p, cell, sizeof cell);
  table_put(t, 0, cell);
  p_text(c->p_holm, cell, sizeof cell);
  table_put(t, 0, cell);
  table_put(t, TABLE_WORDS,
            c->winner == 'a'   ? method_label(c->method_a)
            : c->winner == 'b' ? method_label(c->method_b)
            : c->reason        ? c->reason
                               : "");
  table_row_end(t, false);
}

void table_comparisons(const summary* s, const run_group* g, table_kind kind, text* out) {
  char difference[96];
  snprintf(difference, sizeof difference, "%s − method", method_label(g->methods[0]));
  const char* const heads[] = {"metric",    "K", "method",   difference,     "unit",
                               "P(better)", "p", "p (Holm)", "better method"};
  table_partial(g, kind, out);
  table t = table_new(kind, out);
  table_heads(&t, 9, heads, 1u << 0 | 1u << 2 | 1u << 4 | 1u << 8);
  for (int i = 0; i < s->against.n; i++) {
    const comparison* c = &s->against.list[i];
    if (run_group_has(g, c->task, c->profile, c->method_a)) comparison_row(&t, c);
  }
  table_end(&t);
}

void summary_note(const run_view* r, const summary* s, const run_group* g, text* out) {
  if (!summary_has(s, g)) {
    text_add(out,
             "Interquartile means, performance profiles and probabilities of improvement need at least %d seeds of a "
             "method with per-window values in the records; no method here has them.",
             s->min_seeds);
    return;
  }
  text_add(
      out,
      "The interquartile mean is the mean of the middle half of the values of all seeds and windows; it is not given "
      "for falls. P: probability that %s on one start state is better than the other method on an independently "
      "drawn one, with the same seed. + marks a win of %s, − one of the other method: p (Holm) < 0.05, adjusted for "
      "the %d tests of this report (copies of a metric count once, comparisons without a possible winner not at all), "
      "all seeds agreeing on the sign, and at least %d seeds. 95 %% intervals, not adjusted, are Student's, of shares "
      "Wilson's with Student's point, with one degree of freedom less than there are seeds or test episodes, whichever "
      "are fewer; their standard errors are from 2000 bootstrap resamples (generator seed 1) of seeds",
      method_label(g->methods[0]), method_label(g->methods[0]), s->against.tests, s->min_seeds);
  text_add(out, summary_knows_episodes(r, g) == 1
                    ? " and test episodes with all their windows."
                    : " and test windows. The records do not say which windows belong to one episode, so intervals "
                      "may be too narrow.");
}
