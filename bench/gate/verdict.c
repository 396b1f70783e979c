#include "verdict.h"

static const struct {
  const char* name;
  int exit_code;
} verdicts[GATE_VERDICTS] = {
#define GATE_ROW(code, name, exit_code) {name, exit_code},
    GATE_VERDICT_LIST(GATE_ROW)
#undef GATE_ROW
};

const char* gate_verdict_name(gate_verdict v) {
  return verdicts[v].name;
}

int gate_exit_code(const gate_result* g) {
  for (int v = GATE_VERDICTS - 1; v > GATE_ADVISORY; v--) {
    if (g->count[v]) return verdicts[v].exit_code;
  }
  return g->count[GATE_HELD] + g->count[GATE_IMPROVED] ? EXIT_DONE : EXIT_INCOMPLETE;
}

void gate_clear(gate_result* g) {
  rows_free(&g->verdicts);
}

void gate_add_row(gate_result* g, gate_verdict v, row* r, const char* limit, const char* detail) {
  r->status = gate_verdict_name(v);
  json_t* o = row_json(r, false);
  json_object_set_new(o, "limit", json_string(limit));
  json_object_set_new(o, "detail", json_string(detail));
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
