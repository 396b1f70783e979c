#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "arrays_format.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "sniff.h"

enum { MOST_DEPTH = 32 };

/* ---- one value as an array ---- */

typedef enum kind { INTEGER = 1, REAL = 2, BOOLEAN = 4, TEXT = 8, NOTHING = 16 } kind;

/* a pass over the elements of nested lists, in order */
typedef struct walk {
  int rank;
  size_t shape[DF_NPZ_MAX_RANK];
  unsigned kinds;                /* those found */
  double* out;                   /* receives the elements; NULL: only look */
  size_t index[DF_NPZ_MAX_RANK]; /* of the entry that is visited; where the pass ends early, of the one at fault */
  int depth;                     /* of the entry at fault */
  char fault[80];                /* what it is, e.g. "has 60 values, the first has 61"; "" if there is no fault */
} walk;

static const char* const kind_names[] = {
    [INTEGER] = "a number", [REAL] = "a number", [BOOLEAN] = "a truth value", [TEXT] = "text", [NOTHING] = "null"};

static kind kind_of(const json_t* value) {
  if (json_is_integer(value)) return INTEGER;
  if (json_is_real(value)) return REAL;
  if (json_is_boolean(value)) return BOOLEAN;
  return json_is_string(value) ? TEXT : NOTHING;
}

static bool fits(kind a, unsigned kinds) {
  const unsigned numbers = INTEGER | REAL;
  return kinds == 0 || (kinds & a) || ((a & numbers) && (kinds & numbers));
}

static bool visit_leaf(walk* w, const json_t* value) {
  if (json_is_array(value)) {
    snprintf(w->fault, sizeof w->fault, "is a list, the first is not");
    return false;
  }
  const kind k = kind_of(value);
  if (!fits(k, w->kinds)) {
    snprintf(w->fault, sizeof w->fault, "is %s, the first is %s", kind_names[k], kind_names[w->kinds & (0 - w->kinds)]);
    return false;
  }
  w->kinds |= k;
  if (!w->out) return true;
  const json_int_t most = (json_int_t)1 << 53;
  if (k == INTEGER && (json_integer_value(value) > most || json_integer_value(value) < -most)) {
    snprintf(w->fault, sizeof w->fault, "is an integer beyond 2^53, not exact as a double");
    return false;
  }
  *w->out++ = k == BOOLEAN ? (double)json_is_true(value) : json_number_value(value);
  return true;
}

/* visits an entry at this depth and those in it; false at the first that does not fit */
static bool visit(walk* w, const json_t* value, int depth) {
  w->depth = depth;
  if (depth == w->rank) return visit_leaf(w, value);
  if (!json_is_array(value)) {
    snprintf(w->fault, sizeof w->fault, "is no list, the first is one");
    return false;
  }
  const size_t n = json_array_size(value);
  if (n != w->shape[depth]) {
    snprintf(w->fault, sizeof w->fault, "has %zu values, the first has %zu", n, w->shape[depth]);
    return false;
  }
  for (size_t i = 0; i < n; i++) {
    w->index[depth] = i;
    if (!visit(w, json_array_get(value, i), depth + 1)) return false;
  }
  w->depth = depth;
  return true;
}

/* the shape of a value, as that of its first entries, and whether all others have it */
static walk examine(const json_t* value) {
  walk w = {0};
  const json_t* at = value;
  for (; json_is_array(at) && w.rank < DF_NPZ_MAX_RANK; at = json_array_get(at, 0)) {
    w.shape[w.rank++] = json_array_size(at);
  }
  if (json_is_array(at)) {
    snprintf(w.fault, sizeof w.fault, "has more than %d dimensions", DF_NPZ_MAX_RANK);
  } else {
    visit(&w, value, 0);
  }
  return w;
}

static const char* type_of(const walk* w) {
  if (w->fault[0]) return "ragged list";
  if (w->kinds & NOTHING) return "null";
  if (w->kinds & TEXT) return "text";
  if (w->kinds & BOOLEAN) return "bool";
  return w->kinds == INTEGER ? "int64" : "float64";
}

/* the error for an entry that does not fit the others: "row 3" or "entry [3][0]" */
static df_status fail_entry(const df_arrays* arrays, const char* name, const walk* w) {
  char at[DF_NPZ_MAX_RANK * 24] = "";
  size_t n = 0;
  for (int i = 0; i < w->depth; i++) n += (size_t)snprintf(at + n, sizeof at - n, "[%zu]", w->index[i]);
  if (w->depth == 1) snprintf(at, sizeof at, " %zu", w->index[0]);
  return df_fail(DF_E_FORMAT, "%s: array '%s': %s%s%s %s; an array needs rows of one length and elements of one type",
                 arrays->path, name,
                 w->depth == 1 ? "row"
                 : w->depth    ? "entry "
                               : "the value",
                 at, "", w->fault);
}

/* ---- all values of a file ---- */

static bool contains_object(const json_t* list) {
  for (size_t i = 0; i < json_array_size(list); i++) {
    if (json_is_object(json_array_get(list, i))) return true;
  }
  return false;
}

static df_status list_value(df_arrays* arrays, const char* parent, const char* key, json_t* value, int depth);

/* lists the members of an object, or the entries of a list that contains objects */
static df_status list_members(df_arrays* arrays, const char* name, json_t* value, int depth) {
  if (depth > MOST_DEPTH) {
    return df_fail(DF_E_FORMAT, "%s: '%s': objects more than %d deep", arrays->path, name, MOST_DEPTH);
  }
  const char* key;
  json_t* member;
  json_object_foreach(value, key, member) DF_TRY(list_value(arrays, name, key, member, depth));
  for (size_t i = 0; i < json_array_size(value); i++) {
    char number[24];
    snprintf(number, sizeof number, "%zu", i);
    DF_TRY(list_value(arrays, name, number, json_array_get(value, i), depth));
  }
  return DF_OK;
}

static df_status list_value(df_arrays* arrays, const char* parent, const char* key, json_t* value, int depth) {
  char name[DF_ARRAYS_NAME];
  DF_TRY(df_arrays_join(arrays, parent, '/', key, name));
  if (json_is_object(value) || contains_object(value)) return list_members(arrays, name, value, depth + 1);
  const walk w = examine(value);
  const bool numeric = !w.fault[0] && !(w.kinds & (TEXT | NOTHING));
  DF_TRY(df_arrays_add(arrays, name, w.fault[0] ? 0 : w.rank, w.shape, type_of(&w), numeric));
  arrays->item[arrays->count - 1].own = value;
  return DF_OK;
}

/* counts the memory of jansson's values, at least: each element, and each list and object with its first places */
static df_status charge_tree(df_arrays* arrays, const char* text, size_t n) {
  size_t bytes = 0, charged = 0;
  for (size_t i = 0; i < n; i++) {
    bytes += text[i] == ',' ? 56 : text[i] == ':' ? 96 : text[i] == '[' ? 128 : text[i] == '{' ? 224 : 0;
  }
  return df_charge_array(&arrays->charge, "(all)", &charged, bytes);
}

static df_status parse(const char* path, const char* text, size_t n, json_t** root) {
  const size_t mark = df_byte_order_mark(text, n);
  json_error_t error;
  *root = json_loadb(text + mark, n - mark, JSON_REJECT_DUPLICATES, &error);
  if (*root) return DF_OK;
  return df_fail(json_error_code(&error) == json_error_out_of_memory ? DF_E_NOMEM : DF_E_FORMAT,
                 "%s: line %d, column %d: not valid JSON: %s", path, error.line, error.column, error.text);
}

static df_status open_json(df_arrays* arrays) {
  char* text;
  size_t n;
  json_t* root = NULL;
  DF_TRY(df_file_read(arrays->path, &text, &n));
  df_status status = charge_tree(arrays, text, n);
  if (status == DF_OK) status = parse(arrays->path, text, n, &root);
  df_free(text);
  DF_TRY(status);
  arrays->state = root;
  if (json_is_array(root) && !contains_object(root)) return list_value(arrays, "", "table", root, 0);
  return list_members(arrays, "", root, 0);
}

static df_status read_json(df_arrays* arrays, int i, df_array* out) {
  const df_array_info* info = &arrays->item[i].info;
  const json_t* value = arrays->item[i].own;
  walk w = examine(value);
  if (w.fault[0]) return fail_entry(arrays, info->name, &w);
  if (!info->numeric) {
    return df_fail(DF_E_FORMAT, "%s: array '%s': expected numbers, found %s", arrays->path, info->name, info->type);
  }
  size_t count = 1;
  for (int k = 0; k < w.rank; k++) count *= w.shape[k];
  DF_TRY(df_charge_array(&arrays->charge, info->name, &arrays->item[i].charged, count * sizeof(double)));
  double* values = df_alloc(count, sizeof *values);
  if (!values) return DF_E_NOMEM;
  w.out = values;
  if (!visit(&w, value, 0)) {
    df_free(values);
    return fail_entry(arrays, info->name, &w);
  }
  *out = (df_array){.rank = w.rank, .count = count, .values = values};
  memcpy(out->shape, w.shape, sizeof out->shape);
  return DF_OK;
}

static df_status read_json_text(df_arrays* arrays, int i, char** out) {
  const df_array_info* info = &arrays->item[i].info;
  const json_t* value = arrays->item[i].own;
  if (strcmp(info->type, "text") != 0 || info->rank > 1) return df_arrays_fail_text(arrays, i);
  if (info->rank == 0) return (*out = df_strdup(json_string_value(value))) ? DF_OK : DF_E_NOMEM;

  /* a list: one line per string */
  size_t n = 1;
  for (size_t k = 0; k < json_array_size(value); k++) n += json_string_length(json_array_get(value, k)) + 1;
  char* text = df_alloc(n, 1);
  if (!text) return DF_E_NOMEM;
  n = 0;
  for (size_t k = 0; k < json_array_size(value); k++) {
    const json_t* entry = json_array_get(value, k);
    if (strchr(json_string_value(entry), '\n')) {
      df_free(text);
      return df_fail(DF_E_FORMAT, "%s: array '%s': text %zu contains a line break", arrays->path, info->name, k);
    }
    if (k > 0) text[n++] = '\n';
    memcpy(text + n, json_string_value(entry), json_string_length(entry));
    n += json_string_length(entry);
  }
  *out = text;
  return DF_OK;
}

static void close_json(void* state) {
  json_decref(state);
}

const df_arrays_reader df_arrays_json = {
    .open = open_json, .read = read_json, .read_text = read_json_text, .close = close_json};
