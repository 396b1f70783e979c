/* gate_markdown.c: verdicts as Markdown, for the summary of a CI job. */
#include <math.h>
#include <stdio.h>

#include "dynaflow/core/alloc.h"
#include "escape.h"
#include "gate_summary.h"
#include "json.h"
#include "table.h"
#include "text.h"
#include "verdict.h"

static void add_row(const gate_result* g, int at, table* t) {
  const json_t* v = json_array_get(g->verdicts.list, (size_t)at);
  const long long k = json_integer_value(json_object_get(v, "k"));
  char number[32] = "", steps[32] = "";
  if (!isnan(g->origins[at].number)) snprintf(number, sizeof number, "%.4g", g->origins[at].number);
  if (k) snprintf(steps, sizeof steps, "%lld", k);
  text why = {0}, place = {0};
  gate_add_detail(g, at, &why);
  gate_add_place(g, at, NULL, &place);
  table_row(t);
  table_put(t, TABLE_WORDS, string_of(v, "status"));
  table_put(t, TABLE_WORDS, string_of(v, "metric"));
  table_put(t, TABLE_WORDS, string_of(v, "method"));
  table_put(t, 0, steps);
  table_put(t, 0, number);
  table_put(t, TABLE_WORDS, g->origins[at].bound);
  table_put(t, TABLE_WORDS, text_of(&why));
  table_put(t, TABLE_WORDS, text_of(&place));
  table_row_end(t, false);
  text_clear(&why);
  text_clear(&place);
}

static void add_table(const gate_result* g, int n, const int* order, text* out) {
  static const char* const heads[] = {"verdict", "metric", "method", "K", "value", "limit", "why", "where"};
  table t = table_new(TABLE_MARKDOWN, out);
  table_heads(&t, 8, heads, 0xE7);
  for (int i = 0; i < n; i++) add_row(g, order[i], &t);
  table_end(&t);
}

df_status gate_markdown(const gate_result* g, const char* run, const char* path) {
  int n, failed = 0;
  int* order = gate_by_severity(g, &n);
  text out = {0};
  while (failed < n && g->origins[order[failed]].verdict >= GATE_INCONCLUSIVE) failed++;
  text_add(&out, "## dynaflow gate: %s\n\nRun ", gate_outcome(g));
  text_add_markdown(&out, run);
  text_add(&out, ": ");
  gate_add_counts(g, GATE_UNREADABLE, GATE_HELD, &out);
  text_add(&out, "%s.\n\n", n ? "" : "no numbers");
  if (failed) add_table(g, failed, order, &out);
  if (failed < n) {
    text_add(&out, "<details><summary>The other %d numbers</summary>\n\n", n - failed);
    add_table(g, n - failed, order + failed, &out);
    text_add(&out, "</details>\n\n");
  }
  const df_status status = text_append_output(&out, path);
  text_clear(&out);
  df_free(order);
  return status;
}
