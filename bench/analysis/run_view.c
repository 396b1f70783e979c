#include "run_view.h"

#include <stdlib.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "escape.h"
#include "experts.h"
#include "identity.h"
#include "json.h"
#include "list.h"
#include "metric_needs.h"
#include "record_model.h"

/* ---- cells: plans and records ---- */

static run_cell* find_cell(run_view* r, const char* task, const char* method, const char* profile, int64_t seed) {
  for (int i = 0; i < r->n_cells; i++) {
    run_cell* c = &r->cells[i];
    if (c->seed == seed && !strcmp(c->task, task) && !strcmp(c->method, method) && !strcmp(c->profile, profile))
      return c;
  }
  return NULL;
}

static run_cell* add_cell(run_view* r, const json_t* from, const char* profile) {
  const char *task = string_of(from, "task"), *method = string_of(from, "method");
  const int64_t seed = json_integer_value(json_object_get(from, "seed"));
  run_cell* c = find_cell(r, task, method, profile, seed);
  if (c) return c;
  r->cells[r->n_cells] = (run_cell){.task = task, .method = method, .profile = profile, .seed = seed, .key = ""};
  return &r->cells[r->n_cells++];
}

/* a later plan may contain the same cell with other settings; the latest plan determines the key */
static void add_plan(run_view* r, const json_t* record) {
  size_t i;
  json_t* planned;
  json_array_foreach(json_object_get(record, "cells"), i, planned) {
    add_cell(r, planned, string_of(record, "profile"))->key = string_of(planned, "key");
  }
}

static void set_record(run_cell* c, const json_t* record) {
  if (c->key[0] && strcmp(c->key, string_of(record, "key")) != 0) return;
  const bool done = strcmp(string_of(record, "status"), "done") == 0;
  if (c->done && !done) return;
  c->record = record;
  c->done = done;
}

/* profiles with equal settings have equal keys and share the record of a cell */
static void add_record(run_view* r, const json_t* record) {
  set_record(add_cell(r, record, string_of(record, "profile")), record);
  for (int i = 0; i < r->n_cells; i++) {
    if (r->cells[i].key[0] && strcmp(r->cells[i].key, string_of(record, "key")) == 0) set_record(&r->cells[i], record);
  }
}

/* upper bound of the number of cells */
static size_t max_cells(const json_t* records) {
  size_t n = 0, i;
  json_t* record;
  json_array_foreach(records, i, record) {
    n += 1 + json_array_size(json_object_get(record, "cells"));
  }
  return n;
}

/* Programs before the rule wrote numbers that were not measured, e.g. a fall rate of 0 where no fall is defined. They
 * are left out here, so that no table, figure, comparison or verdict shows them. */
static void drop_undefined(run_cell* c) {
  json_t *defined = json_array(), *row;
  const json_t* rows = json_object_get(c->record, "rows");
  size_t i;
  json_array_foreach(rows, i, row) {
    if (!metric_needs(c->record, string_of(row, "metric"))) json_array_append(defined, row);
  }
  if (c->done && json_array_size(defined) < json_array_size(rows)) {
    c->own = json_copy((json_t*)(uintptr_t)c->record);
    json_object_set(c->own, "rows", defined);
    c->record = c->own;
  }
  json_decref(defined);
}

/* ---- groups ---- */

/* adds the names of the shared settings of `config` that `other` lacks or sets to another value to the object `names`
 */
static void add_differences(json_t* config, const json_t* other, json_t* names) {
  const char* name;
  json_t* value;
  json_object_foreach(config, name, value) {
    const json_t* theirs = json_object_get(other, name);
    if (!setting_is_shared(name) || setting_is_sum(name) || json_equal(value, theirs)) continue;
    if (!theirs && setting_is_void(name, string_of(config, name))) continue;
    json_object_set_new(names, name, json_true());
  }
}

/* adds the name "model" with what differs if two records are of different models */
static void add_model(const json_t* reference, const json_t* record, json_t* names) {
  char clause[256];
  if (model_compare_records(reference, record, clause, sizeof clause) < DF_MODEL_MUJOCO) return;
  char* name = format_text("model (%s)", clause);
  json_object_set_new(names, name, json_true());
  df_free(name);
}

/* adds the names of what else two records do not have in common */
static void add_identities(const json_t* reference, const json_t* record, json_t* names) {
  add_model(reference, record, names);
  for (int i = 0; i < IDENTITIES; i++) {
    if (i == IDENTITY_MODEL || i == IDENTITY_SETTINGS) continue; /* named in detail */
    char* clause = identity_difference((identity)i, reference, record);
    if (clause) json_object_set_new(names, identity_name((identity)i), json_true());
    df_free(clause);
  }
}

/* adds the names of the shared settings in which a record differs from the first one, and of all else */
static void add_record_differences(const json_t* first, const json_t* other, json_t* names) {
  json_t *of_first = json_object_get(first, "config"), *of_other = json_object_get(other, "config");
  add_differences(of_other, of_first, names);
  add_differences(of_first, of_other, names);
  add_identities(first, other, names);
}

const json_t* run_first_record(const run_view* r, const run_group* g) {
  for (int i = 0; i < r->n_cells; i++) {
    if (r->cells[i].done && run_in_group(g, &r->cells[i])) return r->cells[i].record;
  }
  return NULL;
}

bool run_groups_compare(const run_view* r, const run_group* a, const run_group* b) {
  const json_t *of_a = run_first_record(r, a), *of_b = run_first_record(r, b);
  if (strcmp(a->task, b->task) != 0 || a->experts != b->experts || !of_a || !of_b) return false;
  json_t* names = json_object();
  add_record_differences(of_a, of_b, names);
  const bool equal = json_object_size(names) == 0;
  json_decref(names);
  return equal;
}

void run_differences(const run_view* r, const run_group* g, text* out) {
  const json_t* reference = run_first_record(r, g);
  json_t* names = json_object();
  for (int i = 0; i < r->n_cells; i++) {
    const run_cell* c = &r->cells[i];
    if (run_in_group(g, c) && c->done) add_record_differences(reference, c->record, names);
  }
  const char *name, *separator = "";
  json_t* value;
  json_object_foreach(names, name, value) {
    text_add(out, "%s%s", separator, name);
    separator = ", ";
  }
  json_decref(names);
}

bool run_group_has(const run_group* g, const char* task, const char* profile, const char* method) {
  return strcmp(g->task, task) == 0 && strcmp(g->profile, profile) == 0 && g->experts == is_expert(method);
}

bool run_in_group(const run_group* g, const run_cell* c) {
  return run_group_has(g, c->task, c->profile, c->method);
}

static void add_missing(const run_cell* c, const run_group* g, const char* method, text* out) {
  const char* status = c->record ? string_of(c->record, "status") : "not run";
  if (!g) text_add(out, "%s %s ", c->task, c->profile);
  if (!method) text_add(out, "%s ", c->method);
  text_add(out, "seed %lld (%s)", (long long)c->seed, status);
}

int run_missing(const run_view* r, const run_group* g, const char* method, text* out) {
  enum { NAMED = 8 };
  int n = 0;
  for (int i = 0; i < r->n_cells; i++) {
    const run_cell* c = &r->cells[i];
    if (c->done || (g && !run_in_group(g, c)) || (method && strcmp(c->method, method) != 0)) continue;
    if (n++ >= NAMED) continue;
    if (n > 1) text_add(out, ", ");
    add_missing(c, g, method, out);
  }
  if (n > NAMED) text_add(out, " and %d more", n - NAMED);
  return n;
}

static void add_name(const char*** names, int* n, const char* name) {
  for (int i = 0; i < *n; i++) {
    if (strcmp((*names)[i], name) == 0) return;
  }
  *names = list_grow(*names, *n, sizeof **names);
  (*names)[(*n)++] = name;
}

static void add_steps(run_group* g, int k) {
  int at = 0;
  while (at < g->n_k && g->k[at] < k) at++;
  if (k < 1 || (at < g->n_k && g->k[at] == k)) return;
  g->k = list_grow(g->k, g->n_k, sizeof *g->k);
  memmove(g->k + at + 1, g->k + at, (size_t)(g->n_k - at) * sizeof g->k[0]);
  g->k[at] = k;
  g->n_k++;
}

/* the file name of a group that is new; "a-b" with profile "c" and "a" with profile "b-c" do not share one */
static char* group_file(const run_view* r, const run_cell* c) {
  const char* end = is_expert(c->method) ? "-experts" : "";
  char* name = format_text("%s-%s%s", c->task, c->profile, end);
  char* file = file_name_of(name);
  df_free(name);
  for (int i = 0; i < r->n_groups; i++) {
    if (strcmp(r->groups[i].file, file) != 0) continue;
    df_free(file);
    name = format_text("%s/%s%s", c->task, c->profile, end);
    file = file_name_of(name);
    df_free(name);
    break;
  }
  return file;
}

static run_group* group_of(run_view* r, const run_cell* c) {
  for (int i = 0; i < r->n_groups; i++) {
    if (run_in_group(&r->groups[i], c)) return &r->groups[i];
  }
  char* file = group_file(r, c);
  r->groups = list_grow(r->groups, r->n_groups, sizeof *r->groups);
  r->groups[r->n_groups] =
      (run_group){.task = c->task, .profile = c->profile, .experts = is_expert(c->method), .file = file};
  return &r->groups[r->n_groups++];
}

static void find_groups(run_view* r) {
  for (int i = 0; i < r->n_cells; i++) {
    const run_cell* c = &r->cells[i];
    run_group* g = group_of(r, c);
    g->cells++;
    g->done += c->done;
    add_name(&g->methods, &g->n_methods, c->method);
    size_t j;
    json_t* row;
    json_array_foreach(json_object_get(c->record, "rows"), j, row) {
      if (!c->done) break;
      add_name(&g->metrics, &g->n_metrics, string_of(row, "metric"));
      add_steps(g, (int)json_integer_value(json_object_get(row, "k")));
    }
  }
  for (int i = 0; i < r->n_groups; i++) {
    run_group* g = &r->groups[i];
    if (g->n_k > 0) continue;
    g->k = list_grow(g->k, 0, sizeof *g->k);
    g->k[g->n_k++] = 0;
  }
}

/* the last component of a path, with or without slashes at its end */
static char* last_component(const char* folder) {
  size_t end = strlen(folder);
  while (end > 1 && folder[end - 1] == '/') end--;
  size_t start = end;
  while (start > 0 && folder[start - 1] != '/') start--;
  return format_text("%.*s", (int)(end - start), folder + start);
}

df_status run_view_new(const char* folder, run_view* out) {
  *out = (run_view){0};
  DF_TRY(store_read(folder, &out->source));
  const json_t* records = store_records(out->source);
  out->name = last_component(folder);
  out->cells = df_alloc(max_cells(records), sizeof *out->cells);
  if (!out->cells) {
    run_view_clear(out);
    return DF_E_NOMEM;
  }
  size_t i;
  json_t* record;
  json_array_foreach(records, i, record) {
    if (strcmp(string_of(record, "type"), "plan") == 0) add_plan(out, record);
  }
  json_array_foreach(records, i, record) {
    if (strcmp(string_of(record, "type"), "cell") == 0) add_record(out, record);
  }
  for (int k = 0; k < out->n_cells; k++) drop_undefined(&out->cells[k]);
  find_groups(out);
  return DF_OK;
}

void run_view_clear(run_view* r) {
  for (int i = 0; i < r->n_groups; i++) {
    run_group* g = &r->groups[i];
    df_free((void*)(uintptr_t)g->file);
    df_free(g->methods);
    df_free(g->k);
    df_free(g->metrics);
  }
  for (int i = 0; i < r->n_cells; i++) json_decref(r->cells[i].own);
  df_free(r->groups);
  df_free(r->cells);
  df_free(r->name);
  store_close(r->source);
  *r = (run_view){0};
}

const run_cell* run_example(const run_view* r, const run_group* g, const char* method) {
  const run_cell* best = NULL;
  for (int i = 0; i < r->n_cells; i++) {
    const run_cell* c = &r->cells[i];
    if (!c->done || !run_in_group(g, c) || strcmp(c->method, method) != 0) continue;
    if (!best || c->seed < best->seed) best = c;
  }
  return best;
}
