#include "record_model.h"

#include <string.h>

#include "json.h"
#include "text.h"

json_t* model_files_json(const char* list) {
  json_t* files = json_array();
  const char *line = list, *end;
  for (; (end = strchr(line, '\n')); line = end + 1) {
    const char* name = strstr(line, "  ");
    if (!name || name > end) continue;
    json_array_append_new(files, json_pack("{s:s%,s:s%}", "path", name + 2, (size_t)(end - name - 2), "sha256", line,
                                           (size_t)(name - line)));
  }
  return files;
}

/* the identity in a record; `list` receives the text of its files, to be cleared by the caller */
static df_model_identity model_of(const json_t* record, text* list) {
  size_t i;
  json_t* file;
  json_array_foreach(json_object_get(record, "model_files"), i, file) {
    text_add(list, "%s  %s\n", string_of(file, "sha256"), string_of(file, "path"));
  }
  return (df_model_identity){.list = list->n ? text_of(list) : "",
                             .files = string_of(record, "model_sha256"),
                             .compiled = string_of(record, "compiled_sha256"),
                             .mujoco = string_of(json_object_get(record, "provenance"), "mujoco")};
}

df_model_match model_compare(const json_t* record, const df_model_identity* here, char* clause, size_t n) {
  text list = {0};
  const df_model_identity recorded = model_of(record, &list);
  const df_model_match match = df_model_compare(&recorded, here, clause, n);
  text_clear(&list);
  return match;
}

df_model_match model_compare_records(const json_t* reference, const json_t* record, char* clause, size_t n) {
  text list = {0};
  const df_model_identity other = model_of(record, &list);
  const df_model_match match = model_compare(reference, &other, clause, n);
  text_clear(&list);
  return match;
}
