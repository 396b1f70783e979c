#include "verdict.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/clock.h"
#include "json.h"
#include "list.h"
#include "text.h"

static const struct {
  const char* name;
  int exit_code;
} verdicts[GATE_VERDICTS] = {
#define GATE_ROW(code, name, exit_code) {name, exit_code},
    GATE_VERDICT_LIST(GATE_ROW)
#undef GATE_ROW
};

bool gate_is_notice(const char* kind) {
  static const char* const notices[] = {GATE_NEW_METRICS, GATE_OLD_TABLE, GATE_OTHER_BITS};
  bool found = false;
  for (size_t i = 0; i < sizeof notices / sizeof notices[0]; i++) found = found || strcmp(kind, notices[i]) == 0;
  return found;
}

const char* gate_verdict_name(gate_verdict v) {
  return verdicts[v].name;
}

int gate_exit_code(const gate_result* g) {
  for (int v = GATE_VERDICTS - 1; v > GATE_ADVISORY; v--) {
    if (g->count[v]) return verdicts[v].exit_code;
  }
  return g->count[GATE_HELD] + g->count[GATE_IMPROVED] ? EXIT_DONE : EXIT_INCOMPLETE;
}

static int count_rows(const gate_result* g) {
  return (int)json_array_size(g->verdicts.list);
}

void gate_clear(gate_result* g) {
  for (int i = 0; i < count_rows(g); i++) {
    df_free(g->origins[i].file);
    df_free(g->origins[i].golden);
  }
  df_free(g->origins);
  rows_free(&g->verdicts);
  *g = (gate_result){0};
}

void gate_start_clock(gate_result* g) {
  g->clock = df_clock_wall();
}

/* appends the origin of a new row */
static void add_origin(gate_result* g, gate_verdict v) {
  const int n = count_rows(g);
  g->origins = list_grow(g->origins, n, sizeof *g->origins);
  const double now = df_clock_wall();
  g->origins[n] = (gate_origin){.verdict = v, .kind = "", .number = NAN, .seconds = g->clock > 0 ? now - g->clock : 0};
  g->clock = now;
}

void gate_locate(gate_result* g, const char* file, int line, const char* kind) {
  gate_origin* last = &g->origins[count_rows(g) - 1];
  df_free(last->file);
  last->file = file ? format_text("%s", file) : NULL;
  last->line = line;
  last->kind = kind;
}

void gate_locate_golden(gate_result* g, const char* file, int line) {
  gate_origin* last = &g->origins[count_rows(g) - 1];
  df_free(last->golden);
  last->golden = format_text("%s", file);
  last->golden_line = line;
}

void gate_measure(gate_result* g, const char* bound, double number, double excess) {
  gate_origin* last = &g->origins[count_rows(g) - 1];
  snprintf(last->bound, sizeof last->bound, "%s", bound);
  last->number = number;
  last->excess = excess;
}

void gate_add_row(gate_result* g, gate_verdict v, row* r, const char* limit, const char* detail) {
  r->status = gate_verdict_name(v);
  json_t* o = row_json(r, false);
  json_object_set_new(o, "limit", json_text(limit));
  json_object_set_new(o, "detail", json_text(detail));
  add_origin(g, v);
  rows_add_object(&g->verdicts, o);
  g->count[v]++;
}

void gate_add(gate_result* g, gate_verdict v, const char* task, const char* profile, const char* what,
              const char* detail) {
  row r = row_default();
  r.task = task;
  r.profile = profile;
  r.metric = what;
  gate_add_row(g, v, &r, "", detail);
}

/* ---- order and counts ---- */

typedef struct ranked {
  const gate_origin* origin;
  int row;
} ranked;

static int by_severity(const void* left, const void* right) {
  const ranked *a = left, *b = right;
  if (a->origin->verdict != b->origin->verdict) return a->origin->verdict > b->origin->verdict ? -1 : 1;
  if (a->origin->excess != b->origin->excess) return a->origin->excess > b->origin->excess ? -1 : 1;
  return a->row - b->row;
}

int* gate_by_severity(const gate_result* g, int* n) {
  int* order = NULL;
  ranked* list = NULL;
  *n = count_rows(g);
  for (int i = 0; i < *n; i++) {
    list = list_grow(list, i, sizeof *list);
    list[i] = (ranked){.origin = &g->origins[i], .row = i};
  }
  if (*n) qsort(list, (size_t)*n, sizeof *list, by_severity);
  for (int i = 0; i < *n; i++) {
    order = list_grow(order, i, sizeof *order);
    order[i] = list[i].row;
  }
  df_free(list);
  return order;
}

const char* gate_outcome(const gate_result* g) {
  for (int v = GATE_VERDICTS - 1; v > GATE_ADVISORY; v--) {
    if (g->count[v]) return verdicts[v].name;
  }
  return gate_exit_code(g) == EXIT_DONE ? verdicts[GATE_HELD].name : "nothing checked";
}

void gate_add_counts(const gate_result* g, gate_verdict first, gate_verdict last, text* out) {
  bool any = false;
  for (int v = (int)first; v >= (int)last; v--) {
    if (!g->count[v]) continue;
    text_add(out, "%s%d %s", any ? ", " : "", g->count[v], verdicts[v].name);
    any = true;
  }
}
