/* gate_annotate.c: verdicts as annotations of GitHub Actions. */
#include <math.h>
#include <stdio.h>

#include "dynaflow/core/alloc.h"
#include "gate_summary.h"
#include "json.h"
#include "terminal.h"
#include "text.h"
#include "verdict.h"

/* GitHub shows this many errors of a step */
enum { ANNOTATIONS_MAX = 10 };

/* "dynaflow tre K=5: regressed" */
static void add_title(const json_t* v, text* out) {
  const long long k = json_integer_value(json_object_get(v, "k"));
  const char* method = string_of(v, "method");
  text_add(out, "%s%s%s", method, method[0] ? " " : "", string_of(v, "metric"));
  if (k) text_add(out, " K=%lld", k);
  text_add(out, ": %s", string_of(v, "status"));
}

static void annotate_row(const gate_result* g, int at, const char* workspace) {
  const gate_origin* o = &g->origins[at];
  const json_t* v = json_array_get(g->verdicts.list, (size_t)at);
  text title = {0}, message = {0};
  add_title(v, &title);
  if (!isnan(o->number)) text_add(&message, "%.6g, ", o->number);
  if (o->bound[0]) text_add(&message, "wanted %s: ", o->bound);
  gate_add_detail(g, at, &message);
  if (o->file) {
    text_add(&message, " (");
    gate_add_place(g, at, workspace, &message);
    text_add(&message, ")");
  }
  const char* file = o->golden ? o->golden : o->file;
  char* shown = file ? gate_path_from(workspace, file) : NULL;
  print_annotation(stderr, shown, o->golden ? o->golden_line : o->line, text_of(&title), text_of(&message));
  df_free(shown);
  text_clear(&title);
  text_clear(&message);
}

void gate_annotate(const gate_result* g, const char* run, const char* workspace) {
  int n, failed = 0;
  int* order = gate_by_severity(g, &n);
  while (failed < n && g->origins[order[failed]].verdict >= GATE_INCONCLUSIVE) failed++;
  const int shown = failed > ANNOTATIONS_MAX ? ANNOTATIONS_MAX - 1 : failed;
  for (int i = 0; i < shown; i++) annotate_row(g, order[i], workspace);
  if (shown < failed) {
    char* message = format_text("%d more numbers of %s did not pass; the summary lists them", failed - shown, run);
    print_annotation(stderr, NULL, 0, "dynaflow gate", message);
    df_free(message);
  }
  df_free(order);
}
