#include "stack.h"

#include <stdio.h>
#include <string.h>

#include "dynaflow/core/alloc.h"

/* ---- files ---- */

df_status array_file_open(const char* path, array_file* out) {
  *out = (array_file){.path = path};
  DF_TRY(df_arrays_open(path, &out->arrays));
  out->used = df_alloc((size_t)df_arrays_count(out->arrays), sizeof *out->used);
  if (out->used) return DF_OK;
  array_file_close(out);
  return DF_E_NOMEM;
}

void array_file_close(array_file* file) {
  df_arrays_close(file->arrays);
  df_free(file->used);
  df_free(file->lists.at);
  df_free(file->env_args.at);
  *file = (array_file){0};
}

df_status text_list_make(const df_arrays* arrays, bool (*keeps)(const char* name), text_list* list) {
  const int n = df_arrays_count(arrays);
  if (list->made) return DF_OK;
  list->at = df_alloc((size_t)n, sizeof *list->at);
  if (!list->at) return DF_E_NOMEM;
  for (int i = 0; i < n; i++) {
    const df_array_info* info = df_arrays_info(arrays, i);
    if (!info->numeric && strcmp(info->type, "text") == 0 && keeps(info->name)) list->at[list->n++] = i;
  }
  list->made = true;
  return DF_OK;
}

int array_file_find(const array_file* file, const char* group, const char* name, char full[STACK_NAME]) {
  const bool folder = group[0] && name[0] && name[0] != '@';
  const int n = snprintf(full, STACK_NAME, "%s%s%s", group, folder ? "/" : "", name);
  return n < STACK_NAME ? df_arrays_find(file->arrays, full) : -1;
}

bool array_file_has(array_file* file, const char* group, const char* name, char full[STACK_NAME]) {
  const int i = array_file_find(file, group, name, full);
  if (i >= 0) file->used[i] = true;
  return i >= 0;
}

/* ---- the names of an expression ---- */

typedef struct name_list {
  int n;
  char (*name)[STACK_NAME];
} name_list;

static df_status add_name(const stack_request* r, const char* part, size_t n, const char* star, name_list* list) {
  const char* at = star ? memchr(part, '*', n) : NULL;
  const size_t before = at ? (size_t)(at - part) : n, after = at ? n - before - 1 : 0;
  const int length = snprintf(list->name[list->n], STACK_NAME, "%.*s%s%.*s", (int)before, part, at ? star : "",
                              (int)after, at ? at + 1 : "");
  if (length >= STACK_NAME) return df_fail(DF_E_CONFIG, "%s: '%s': a name is too long", r->key, r->expression);
  list->n++;
  return DF_OK;
}

/* the name of an array within the group if it a part of n characters with one '*'; else NULL */
static const char* fitting_name(const array_file* file, const stack_request* r, int array, const char* part, size_t n) {
  const char *name = df_arrays_info(file->arrays, array)->name, *star = memchr(part, '*', n);
  const size_t group = strlen(r->group), before = (size_t)(star - part), after = n - before - 1;
  if (group > 0 && (strncmp(name, r->group, group) != 0 || name[group] != '/')) return NULL;
  name += group > 0 ? group + 1 : 0;
  const size_t length = strlen(name);
  const bool fits = length >= before + after && strncmp(name, part, before) == 0 &&
                    strncmp(name + length - after, star + 1, after) == 0;
  return fits ? name : NULL;
}

/* adds the arrays of numbers that fit a part with '*', in the order of the file */
static df_status add_fitting(array_file* file, const stack_request* r, const char* part, size_t n, name_list* list) {
  const int before = list->n;
  for (int i = 0; i < df_arrays_count(file->arrays); i++) {
    const char* name = df_arrays_info(file->arrays, i)->numeric ? fitting_name(file, r, i, part, n) : NULL;
    if (name) DF_TRY(add_name(r, name, strlen(name), NULL, list));
  }
  if (list->n > before) return DF_OK;
  return df_fail(DF_E_FORMAT, "%s: %s: '%s': no array fits '%.*s'", file->path, r->key, r->expression, (int)n, part);
}

/* all parts A+B; a part with '*' is one array per joint, or, where there are no joints, the arrays that fit */
static df_status list_names(array_file* file, const stack_request* r, name_list* list) {
  char full[STACK_NAME];
  size_t room = 1;
  for (const char* p = r->expression; *p; p++) room += *p == '+';
  /* names are long, and most expressions are one name */
  const size_t fitting = strchr(r->expression, '*') ? (size_t)df_arrays_count(file->arrays) : 0;
  const size_t each = r->star ? (size_t)r->star->n : fitting;
  list->name = df_alloc(room + each * room, sizeof *list->name);
  if (!list->name) return DF_E_NOMEM;
  const bool whole = array_file_has(file, r->group, r->expression, full);
  for (const char* p = r->expression; p;) {
    const size_t n = whole ? strlen(p) : strcspn(p, "+");
    const bool star = !whole && memchr(p, '*', n);
    if (star && !r->star) DF_TRY(add_fitting(file, r, p, n, list));
    if (!star) DF_TRY(add_name(r, p, n, NULL, list));
    for (int k = 0; star && r->star && k < r->star->n; k++) DF_TRY(add_name(r, p, n, r->star->recorded[k], list));
    p = p[n] == '+' ? p + n + 1 : NULL;
  }
  return DF_OK;
}

/* ---- shapes ---- */

static void shape_text(const df_array* a, char out[128]) {
  size_t n = (size_t)snprintf(out, 128, "[");
  for (int i = 0; i < a->rank && n < 100; i++) {
    n += (size_t)snprintf(out + n, 128 - n, "%s%zu", i > 0 ? "," : "", a->shape[i]);
  }
  snprintf(out + n, 128 - n, "]");
}

/* how an array is frames; `single`: it is one column */
static bool read_shape(const df_array* a, bool single, int width, stack* out) {
  const size_t* n = a->shape;
  switch (a->rank) {
    case 0:
    case 1:
      *out = (stack){.episodes = 1, .frames = a->rank ? n[0] : 1, .columns = 1};
      return true;
    case 2:
      if (single && n[1] != 1) {
        *out = (stack){.listed = true, .episodes = n[0], .frames = n[1], .columns = 1};
      } else if (width > 1 && n[1] != (size_t)width && n[0] == (size_t)width) {
        *out = (stack){.transposed = true, .episodes = 1, .frames = n[1], .columns = n[0]};
      } else {
        *out = (stack){.episodes = 1, .frames = n[0], .columns = n[1]};
      }
      return true;
    case 3:
      *out = (stack){.listed = true, .episodes = n[0], .frames = n[1], .columns = n[2]};
      return true;
    default:
      return false;
  }
}

static df_status check_part(const array_file* file, const stack_request* r, const char* name, const df_array* a,
                            bool known, const stack* first, const stack* part) {
  char shape[128];
  shape_text(a, shape);
  if (!known) {
    return df_fail(DF_E_MISMATCH,
                   "%s: %s: array '%s' has shape %s, expected [episodes][frames][columns] or [frames]"
                   "[columns]",
                   file->path, r->key, name, shape);
  }
  if (first->episodes == part->episodes && first->frames == part->frames) return DF_OK;
  return df_fail(DF_E_MISMATCH, "%s: %s: array '%s' has shape %s, but '%s' has %s: other numbers of frames", file->path,
                 r->key, name, shape, first->name, first->shape);
}

/* ---- reading ---- */

/* the columns of an array as columns `at` .. of the stack */
static void copy_columns(const df_array* a, const stack* part, size_t at, stack* out) {
  const size_t rows = part->episodes * part->frames, n = part->columns;
  for (size_t t = 0; t < rows; t++) {
    for (size_t c = 0; c < n; c++) {
      out->values[t * out->columns + at + c] = part->transposed ? a->values[c * rows + t] : a->values[t * n + c];
    }
  }
}

static df_status read_arrays(array_file* file, const stack_request* r, const name_list* list, df_array* arrays,
                             stack* parts, stack* out) {
  char full[STACK_NAME];
  const bool single = r->named && (r->width == list->n || r->width == 0);
  size_t columns = 0;
  for (int k = 0; k < list->n; k++) {
    (void)array_file_has(file, r->group, list->name[k], full);
    const df_array_info* info = df_arrays_info(file->arrays, df_arrays_find(file->arrays, full));
    if (r->numbers && info && strcmp(info->type, "bool") == 0) {
      return df_fail(DF_E_CONFIG, "%s: %s: array '%s' holds true and false, and positions and velocities are numbers",
                     file->path, r->key, full);
    }
    DF_TRY(df_arrays_read(file->arrays, full, &arrays[k]));
    const bool known = read_shape(&arrays[k], single, list->n == 1 ? r->width : 0, &parts[k]);
    const df_array_rounding rounding = k > 0 && out->rounding.kind ? out->rounding : info->rounding;
    if (k == 0) {
      *out = parts[0];
      shape_text(&arrays[0], out->shape);
      memcpy(out->name, full, sizeof full);
    }
    out->rounding = rounding;
    DF_TRY(check_part(file, r, full, &arrays[k], known, out, &parts[k]));
    columns += parts[k].columns;
  }
  out->columns = columns;
  out->arrays = (size_t)list->n;
  if (list->n == 1 && !out->transposed) {
    out->values = arrays[0].values;
    arrays[0].values = NULL;
    return DF_OK;
  }
  out->values = df_alloc(out->episodes * out->frames * columns, sizeof *out->values);
  if (!out->values) return DF_E_NOMEM;
  size_t at = 0;
  for (int k = 0; k < list->n; at += parts[k++].columns) copy_columns(&arrays[k], &parts[k], at, out);
  return DF_OK;
}

df_status stack_read(array_file* file, const stack_request* request, stack* out) {
  name_list list = {0};
  *out = (stack){0};
  df_status status = list_names(file, request, &list);
  df_array* arrays = status == DF_OK ? df_alloc((size_t)list.n, sizeof *arrays) : NULL;
  stack* parts = arrays ? df_alloc((size_t)list.n, sizeof *parts) : NULL;
  if (status == DF_OK) status = parts ? read_arrays(file, request, &list, arrays, parts, out) : DF_E_NOMEM;
  for (int k = 0; k < list.n && arrays; k++) df_array_clear(&arrays[k]);
  df_free(parts);
  df_free(arrays);
  out->part = list.name;
  if (status != DF_OK) stack_clear(out);
  return status;
}

void stack_clear(stack* s) {
  df_free(s->values);
  df_free(s->part);
  s->values = NULL;
  s->part = NULL;
}
