#define _POSIX_C_SOURCE 200809L
#include "labels.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/core/alloc.h"

/* the info of an array of the group; NULL: there is none */
static const df_array_info* info_of(const array_file* file, const char* group, const char* array) {
  char full[STACK_NAME];
  const int i = array_file_find(file, group, array, full);
  return i >= 0 ? df_arrays_info(file->arrays, i) : NULL;
}

bool labels_hold(const array_file* file, const char* group, const char* array) {
  const df_array_info* info = info_of(file, group, array);
  return info && !info->numeric && strcmp(info->type, "text") == 0;
}

/* the place of a label, or where it belongs: ~place */
static int find(const label_list* labels, const char* text) {
  int low = 0, high = labels->n;
  while (low < high) {
    const int middle = (low + high) / 2, order = strcmp(text, labels->label[middle]);
    if (order == 0) return middle;
    if (order < 0) high = middle;
    if (order > 0) low = middle + 1;
  }
  return ~low;
}

static bool is_name(const char* text) {
  const size_t n = strlen(text);
  if (n == 0 || n >= DF_NAME_MAX || text[0] == ' ' || text[n - 1] == ' ') return false;
  for (const char* at = text; *at; at++) {
    if (*at == ',' || *at == '=' || iscntrl((unsigned char)*at)) return false;
  }
  return true;
}

static df_status insert(const char* path, const char* array, const char* text, label_list* labels) {
  const int found = find(labels, text);
  if (found >= 0) return DF_OK;
  if (!is_name(text)) {
    return df_fail(DF_E_FORMAT,
                   "%s: array '%s' has the text '%s', which cannot name a condition: expected 1 to %d characters "
                   "without commas, '=', control characters, and blanks at the ends",
                   path, array, text, DF_NAME_MAX - 1);
  }
  if (labels->n == LABELS_MAX) {
    return df_fail(DF_E_CONFIG,
                   "%s: data.conditions: array '%s' has more than %d different texts: a condition is a choice among a "
                   "few; write numbers instead",
                   path, array, LABELS_MAX);
  }
  if (!labels->label) labels->label = df_alloc(LABELS_MAX, sizeof *labels->label);
  char* own = labels->label ? df_strdup(text) : NULL;
  if (!own) return DF_E_NOMEM;
  const int place = ~found;
  memmove(labels->label + place + 1, labels->label + place, (size_t)(labels->n - place) * sizeof *labels->label);
  labels->label[place] = own;
  labels->n++;
  return DF_OK;
}

void labels_clear(label_list* labels) {
  for (int i = 0; i < labels->n; i++) df_free(labels->label[i]);
  df_free(labels->label);
  *labels = (label_list){0};
}

/* the texts of an array as lines; marks it as used */
static df_status read_lines(array_file* file, const char* group, const char* array, char full[STACK_NAME],
                            char** lines) {
  if (array_file_has(file, group, array, full)) return df_arrays_read_text(file->arrays, full, lines);
  return df_fail(DF_E_FORMAT, "%s: data.conditions: no array '%s'", file->path, full);
}

/* cuts the first line off; NULL after the last one */
static char* next_line(char** rest) {
  char* line = *rest;
  char* end = line ? strchr(line, '\n') : NULL;
  *rest = end ? end + 1 : NULL;
  if (end) *end = '\0';
  return line;
}

df_status labels_add(array_file* file, const char* group, const char* array, label_list* out) {
  char full[STACK_NAME], *lines;
  DF_TRY(read_lines(file, group, array, full, &lines));
  df_status status = DF_OK;
  char *rest = lines, *line;
  while (status == DF_OK && (line = next_line(&rest)) != NULL) status = insert(file->path, full, line, out);
  df_free(lines);
  return status;
}

/* a row per line */
static df_status fill(char* lines, const label_list* labels, stack* out) {
  size_t rows = 1;
  for (const char* at = lines; *at; at++) rows += *at == '\n';
  out->episodes = out->arrays = 1;
  out->frames = rows;
  out->columns = (size_t)labels->n;
  out->values = df_alloc(rows * out->columns, sizeof *out->values);
  if (!out->values) return DF_E_NOMEM;
  char *rest = lines, *line;
  for (size_t t = 0; (line = next_line(&rest)) != NULL; t++) {
    const int found = find(labels, line);
    /* labels_add() has seen all texts; the file changed in between */
    if (found < 0) return df_fail(DF_E_FORMAT, "the text '%s' was not there before", line);
    out->values[t * out->columns + (size_t)found] = 1;
  }
  snprintf(out->shape, sizeof out->shape, "[%zu]", rows);
  return DF_OK;
}

df_status labels_read(array_file* file, const char* group, const char* array, const label_list* labels, stack* out) {
  char *lines = NULL, full[512];
  *out = (stack){0};
  if (!labels_hold(file, group, array)) {
    return df_fail(DF_E_FORMAT,
                   "%s%s%s: data.conditions: array '%s' is missing or does not hold text, as it does in other "
                   "files or groups",
                   file->path, group[0] ? ": group " : "", group, array);
  }
  DF_TRY(read_lines(file, group, array, full, &lines));
  snprintf(out->name, sizeof out->name, "%s", full);
  df_status status = fill(lines, labels, out);
  if (status != DF_OK) stack_clear(out);
  df_free(lines);
  return status;
}
