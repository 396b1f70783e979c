/* table_diagnostics.c: what methods measured of themselves: gates, and errors against flow time. */
#include <math.h>
#include <stdio.h>

#include "dynaflow/core/alloc.h"
#include "json.h"
#include "style.h"
#include "tables.h"

/* the list `field` of the diagnostics of a cell; NULL if it is not a result of the group */
static const json_t* list_of(const run_view* r, const run_group* g, int cell, const char* field) {
  const run_cell* c = &r->cells[cell];
  if (!c->done || !run_in_group(g, c)) return NULL;
  return json_object_get(json_object_get(c->record, "diagnostics"), field);
}

static void put_cell(table* t, const run_cell* c) {
  char seed[32];
  snprintf(seed, sizeof seed, "%lld", (long long)c->seed);
  table_put(t, TABLE_WORDS, method_label(c->method));
  table_put(t, 0, seed);
}

static void put_number(table* t, const json_t* object, const char* field) {
  char cell[64];
  table_interval(number_of(json_object_get(object, field)), NAN, NAN, cell, sizeof cell);
  table_put(t, 0, cell);
}

static void put_numbers(table* t, const json_t* numbers) {
  text all = {0};
  size_t i;
  json_t* v;
  json_array_foreach(numbers, i, v) {
    char cell[64];
    table_interval(number_of(v), NAN, NAN, cell, sizeof cell);
    text_add(&all, "%s%s", i ? ", " : "", cell);
  }
  table_put(t, TABLE_WORDS, text_of(&all));
  text_clear(&all);
}

static void put_gate(table* t, const run_cell* c, const json_t* gate) {
  table_row(t);
  put_cell(t, c);
  table_put(t, TABLE_WORDS, string_of(gate, "name"));
  put_number(t, gate, "value");
  put_number(t, gate, "reference");
  table_put(t, TABLE_WORDS, string_of(gate, "unit"));
  table_put(t, TABLE_WORDS, json_is_true(json_object_get(gate, "passed")) ? "passed" : "failed");
  table_row_end(t, false);
}

static void put_curve(table* t, const run_cell* c, const json_t* curve) {
  table_row(t);
  put_cell(t, c);
  table_put(t, TABLE_WORDS, string_of(curve, "name"));
  table_put(t, TABLE_WORDS, string_of(curve, "unit"));
  put_numbers(t, json_object_get(curve, "flow_time"));
  put_numbers(t, json_object_get(curve, "value"));
  put_number(t, curve, "reference");
  table_put(t, TABLE_WORDS, string_of(curve, "reference_name"));
  table_row_end(t, false);
}

/* one table of all entries of `field`; nothing if there are none */
static void put_table(const run_view* r, const run_group* g, const char* field, int n, const char* const* heads,
                      unsigned words, void (*put)(table*, const run_cell*, const json_t*), table_kind kind, text* out) {
  table t;
  bool begun = false;
  for (int i = 0; i < r->n_cells; i++) {
    size_t j;
    json_t* one;
    json_array_foreach(list_of(r, g, i, field), j, one) {
      if (!begun) {
        t = table_new(kind, out);
        table_heads(&t, n, heads, words);
        begun = true;
      }
      put(&t, &r->cells[i], one);
    }
  }
  if (begun) table_end(&t);
}

void table_gates(const run_view* r, const run_group* g, table_kind kind, text* out) {
  static const char* const heads[] = {"method", "seed", "gate", "error", "reference", "unit", "verdict"};
  put_table(r, g, "gates", 7, heads, 1u << 0 | 1u << 2 | 1u << 5 | 1u << 6, put_gate, kind, out);
}

void table_curves(const run_view* r, const run_group* g, table_kind kind, text* out) {
  static const char* const heads[] = {"method",    "seed",  "estimate",  "unit",
                                      "flow time", "error", "reference", "reference is"};
  put_table(r, g, "curves", 8, heads, 1u << 0 | 1u << 2 | 1u << 3 | 1u << 4 | 1u << 5 | 1u << 7, put_curve, kind, out);
}

bool has_diagnostics(const run_view* r, const run_group* g) {
  for (int i = 0; i < r->n_cells; i++) {
    if (json_array_size(list_of(r, g, i, "gates")) + json_array_size(list_of(r, g, i, "curves")) > 0) return true;
  }
  return false;
}
