/* gate_detail.c: the words that summaries and annotations share. */
#define _GNU_SOURCE
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "gate_summary.h"
#include "json.h"
#include "text.h"
#include "verdict.h"

void gate_add_detail(const gate_result* g, int at, text* out) {
  const json_t* v = json_array_get(g->verdicts.list, (size_t)at);
  const char *limit = string_of(v, "limit"), *detail = string_of(v, "detail");
  const double lo = number_of(json_object_get(v, "lo")), hi = number_of(json_object_get(v, "hi"));
  const long long n = json_integer_value(json_object_get(v, "n"));
  const json_t* seed = json_object_get(v, "seed");
  if (string_of(v, "task")[0]) text_add(out, "%s, profile %s", string_of(v, "task"), string_of(v, "profile"));
  if (json_is_integer(seed)) text_add(out, ", seed %lld", (long long)json_integer_value(seed));
  if (limit[0]) text_add(out, ", limit %s", limit);
  if (lo < hi) text_add(out, ", interval [%.4g, %.4g]", lo, hi);
  if (n > 0) text_add(out, ", %lld seed%s", n, n == 1 ? "" : "s");
  if (detail[0]) text_add(out, "%s%s", out->n ? ": " : "", detail);
}

char* gate_path_from(const char* folder, const char* path) {
  char *resolved = realpath(path, NULL), *root = realpath(folder ? folder : ".", NULL);
  const size_t n = root ? strlen(root) : 0;
  const bool inside = resolved && n > 1 && strncmp(resolved, root, n) == 0 && resolved[n] == '/';
  char* shown = format_text("%s", inside ? resolved + n + 1 : resolved ? resolved : path);
  free(resolved);
  free(root);
  return shown;
}

void gate_add_place(const gate_result* g, int at, const char* folder, text* out) {
  const gate_origin* o = &g->origins[at];
  const char* const files[2] = {o->file, o->golden};
  const int lines[2] = {o->line, o->golden_line};
  bool any = false;
  for (int i = 0; i < 2; i++) {
    if (!files[i]) continue;
    char* shown = gate_path_from(folder, files[i]);
    text_add(out, "%s%s", any ? ", " : "", shown);
    if (lines[i]) text_add(out, ":%d", lines[i]);
    df_free(shown);
    any = true;
  }
}
