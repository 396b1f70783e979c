#include "rows.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "escape.h"
#include "json.h"
#include "list.h"
#include "terminal.h"
#include "text.h"

row row_default(void) {
  return (row){.seed = -1, .value = NAN, .lo = NAN, .hi = NAN};
}

static json_t* text_or_null(const char* s) {
  return s ? json_text(s) : json_null();
}
static const char* status_of(const row* r) {
  if (r->status) return r->status;
  if (isfinite(r->value)) return "ok";
  return isnan(r->value) ? "not a number" : r->value > 0 ? "infinite" : "minus infinite";
}

json_t* row_json(const row* r, bool in_cell) {
  json_t* o = json_object();
  if (!in_cell) {
    json_object_set_new(o, "task", text_or_null(r->task));
    json_object_set_new(o, "method", text_or_null(r->method));
    json_object_set_new(o, "seed", r->seed < 0 ? json_null() : json_integer(r->seed));
    json_object_set_new(o, "profile", text_or_null(r->profile));
  }
  json_object_set_new(o, "metric", text_or_null(r->metric));
  json_object_set_new(o, "k", json_integer(r->k));
  json_object_set_new(o, "value", json_number(r->value));
  json_object_set_new(o, "unit", text_or_null(r->unit));
  json_object_set_new(o, "n", json_integer(r->n));
  json_object_set_new(o, "lo", json_number(r->lo));
  json_object_set_new(o, "hi", json_number(r->hi));
  json_object_set_new(o, "status", json_text(status_of(r)));
  return o;
}

rows rows_new(void) {
  return (rows){.list = json_array()};
}

void rows_free(rows* r) {
  json_decref(r->list);
  r->list = NULL;
}

void rows_add(rows* r, const row* one) {
  json_array_append_new(r->list, row_json(one, false));
}
void rows_add_object(rows* r, json_t* object) {
  json_array_append_new(r->list, object);
}

json_t* rows_document(const rows* r) {
  return json_pack("{s:i,s:O}", "schema", 1, "rows", r->list);
}

/* ---- the text table ---- */

/* replaces `out` by what the terminal shows of a value: escaped here, so that columns have its width */
static void cell_text(const char* column, const json_t* v, text* out) {
  text_clear(out);
  if (json_is_string(v)) text_add_plain(out, json_string_value(v));
  /* k = 0 and n = 0 mean "not applicable" */
  const bool counts = strcmp(column, "k") == 0 || strcmp(column, "n") == 0;
  if (json_is_integer(v) && !(counts && json_integer_value(v) == 0)) {
    text_add(out, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
  }
  if (json_is_real(v)) text_add(out, "%.6g", json_real_value(v));
  if (json_is_boolean(v)) text_add(out, "%s", json_is_true(v) ? "yes" : "no");
}

typedef struct column {
  const char* name;
  int width;
  bool right;
  bool used; /* some row has a non-empty value */
} column;

/* the columns as a new list; df_free() it */
static column* find_columns(const json_t* list, int* n_columns) {
  column* columns = NULL;
  int n = 0;
  text cell = {0};
  size_t i;
  json_t* object;
  json_array_foreach(list, i, object) {
    const char* key;
    json_t* v;
    json_object_foreach(object, key, v) {
      int c = 0;
      while (c < n && strcmp(columns[c].name, key) != 0) c++;
      if (c == n) {
        columns = list_grow(columns, n, sizeof *columns);
        columns[n++] = (column){.name = key, .width = text_width(key)};
      }
      cell_text(key, v, &cell);
      const int width = text_width(text_of(&cell));
      if (width) columns[c].used = true;
      if (json_is_number(v)) columns[c].right = true;
      if (width > columns[c].width) columns[c].width = width;
    }
  }
  text_clear(&cell);
  *n_columns = n;
  return columns;
}

static void add_cell(text* line, const column* c, const char* cell, bool last) {
  const int pad = c->width > text_width(cell) ? c->width - text_width(cell) : 0;
  if (line->n) text_add(line, "  ");
  if (c->right) text_add(line, "%*s", pad, "");
  text_add(line, "%s", cell);
  if (!c->right && !last) text_add(line, "%*s", pad, "");
}

static void print_row(text* line) {
  while (line->n && line->data[line->n - 1] == ' ') line->data[--line->n] = '\0';
  print_line(stdout, "%s", text_of(line));
  text_clear(line);
}

static void print_table(const json_t* list) {
  int n, last = -1;
  column* columns = find_columns(list, &n);
  for (int c = 0; c < n; c++) {
    if (columns[c].used) last = c;
  }
  text line = {0}, cell = {0};
  for (int c = 0; c < n; c++) {
    if (columns[c].used) add_cell(&line, &columns[c], columns[c].name, c == last);
  }
  if (last >= 0) print_row(&line);
  size_t i;
  json_t* object;
  json_array_foreach(list, i, object) {
    for (int c = 0; c < n; c++) {
      cell_text(columns[c].name, json_object_get(object, columns[c].name), &cell);
      if (columns[c].used) add_cell(&line, &columns[c], text_of(&cell), c == last);
    }
    print_row(&line);
  }
  text_clear(&cell);
  df_free(columns);
}

void rows_print(const rows* r, const options* opts) {
  if (!opts->json) {
    print_table(r->list);
    return;
  }
  json_t* document = rows_document(r);
  char* shown = json_dumps(document, JSON_INDENT(1) | JSON_ENSURE_ASCII);
  json_decref(document);
  print_json(shown ? shown : "");
  free(shown);
}
