#include "diagnostics.h"

#include "dynaflow/core/alloc.h"
#include "json.h"
#include "text.h"

static json_t* gate_json(const df_gate* g) {
  return json_pack("{s:o,s:o,s:o,s:o,s:b,s:o}", "name", json_text(g->name), "unit", json_text(g->unit), "value",
                   json_number(g->value), "reference", json_number(g->reference), "passed", g->passed ? 1 : 0,
                   "sentence", json_text(g->sentence));
}

static json_t* curve_json(const df_diagnostic_curve* c) {
  json_t *flow_time = json_array(), *value = json_array();
  for (int i = 0; i < c->n; i++) {
    json_array_append_new(flow_time, json_number(c->flow_time[i]));
    json_array_append_new(value, json_number(c->value[i]));
  }
  return json_pack("{s:o,s:o,s:o,s:o,s:o,s:o}", "name", json_text(c->name), "unit", json_text(c->unit), "flow_time",
                   flow_time, "value", value, "reference", json_number(c->reference), "reference_name",
                   json_text(c->reference_name));
}

/* plugins may count anything */
static df_status check(const df_method* method, const df_diagnostics* d) {
  bool fits = d->n_gates >= 0 && d->n_gates <= DF_GATES_MAX && d->n_curves >= 0 && d->n_curves <= DF_CURVES_MAX;
  for (int i = 0; fits && i < d->n_curves; i++) fits = d->curve[i].n >= 0 && d->curve[i].n <= DF_CURVE_POINTS;
  if (fits) return DF_OK;
  return df_fail(DF_E_ARG, "method %s: diagnose returned more than %d gates, %d curves or %d points of a curve",
                 method->name, DF_GATES_MAX, DF_CURVES_MAX, DF_CURVE_POINTS);
}

df_status diagnose(const df_method* method, void* instance, json_t** out) {
  *out = NULL;
  if (!method->diagnose) return DF_OK;
  df_diagnostics* d = df_alloc(1, sizeof *d);
  if (!d) return DF_E_NOMEM;
  df_status status = method->diagnose(instance, d);
  if (status == DF_OK) status = check(method, d);
  if (status == DF_OK && d->n_gates + d->n_curves > 0) {
    json_t *gates = json_array(), *curves = json_array();
    for (int i = 0; i < d->n_gates; i++) json_array_append_new(gates, gate_json(&d->gate[i]));
    for (int i = 0; i < d->n_curves; i++) json_array_append_new(curves, curve_json(&d->curve[i]));
    *out = json_pack("{s:o,s:o}", "gates", gates, "curves", curves);
  }
  df_free(d);
  return status;
}

char* gate_words(const json_t* gate) {
  const bool passed = json_is_true(json_object_get(gate, "passed"));
  return format_text("gate %s: %s (%.3g, reference %.3g, %s)%s%s", string_of(gate, "name"),
                     passed ? "passed" : "FAILED", number_of(json_object_get(gate, "value")),
                     number_of(json_object_get(gate, "reference")), string_of(gate, "unit"), passed ? "" : ": ",
                     passed ? "" : string_of(gate, "sentence"));
}

void note_gates(json_t* notes, const json_t* diagnostics) {
  size_t i;
  json_t* gate;
  json_array_foreach(json_object_get(diagnostics, "gates"), i, gate) {
    if (json_is_true(json_object_get(gate, "passed"))) continue;
    char* words = gate_words(gate);
    json_array_append_new(notes, json_text(words));
    df_free(words);
  }
}
