#include "dynaflow/core/model_identity.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { DIGITS = DF_SHA256_TEXT - 1, NAME_AT = DIGITS + 2 }; /* "SHA-256  name" */

static const char* known(const char* text) {
  return text ? text : "";
}

static bool equal(const char* a, const char* b) {
  return a[0] && b[0] && strcasecmp(a, b) == 0;
}

/* ---- lists ---- */

typedef struct line {
  const char *sha256, *name;
  int length; /* of the name */
} line;

/* takes the next line of a list; false at its end */
static bool take(const char** rest, line* out) {
  const char* end = strchr(*rest, '\n');
  const size_t n = end ? (size_t)(end - *rest) : strlen(*rest);
  if (n <= NAME_AT) return false;
  *out = (line){*rest, *rest + NAME_AT, (int)(n - NAME_AT)};
  *rest += n + (end != NULL);
  return true;
}

static bool same_name(const line* a, const line* b) {
  return a->length == b->length && memcmp(a->name, b->name, (size_t)a->length) == 0;
}

static bool find(const char* list, const line* wanted, line* out) {
  while (take(&list, out)) {
    if (same_name(out, wanted)) return true;
  }
  return false;
}

/* whether the model file, the first of the list, has this SHA-256 */
static bool starts_with(const char* list, const char* sha256) {
  line first;
  return take(&list, &first) && strlen(sha256) == DIGITS && strncasecmp(first.sha256, sha256, DIGITS) == 0;
}

df_status df_model_files_sha256(const char* list, char sha256[DF_SHA256_TEXT]) {
  DF_REQUIRE_POINTER(list);
  DF_REQUIRE_POINTER(sha256);
  const char* rest = list;
  line only;
  if (!take(&rest, &only)) return df_fail(DF_E_ARG, "df_model_files_sha256: the list names no file");
  if (*rest) return df_sha256(list, strlen(list), sha256);
  snprintf(sha256, DF_SHA256_TEXT, "%.*s", (int)DIGITS, only.sha256);
  return DF_OK;
}

/* ---- what differs ---- */

typedef struct clause {
  char* text;
  size_t n, used;
  int files; /* named so far */
} clause;

static void DF_PRINTF(2, 3) add(clause* c, const char* format, ...) {
  if (c->used + 1 >= c->n) return;
  va_list args;
  va_start(args, format);
  const int n = vsnprintf(c->text + c->used, c->n - c->used, format, args);
  va_end(args);
  if (n > 0) c->used = c->used + (size_t)n < c->n ? c->used + (size_t)n : c->n - 1;
}

static void add_file(clause* c, const line* file, const char* what) {
  enum { NAMED = 4 };
  if (c->files++ < NAMED) add(c, "%s%.*s %s", c->used ? ", " : "", file->length, file->name, what);
  if (c->files == NAMED + 1) add(c, ", ...");
}

static void add_changes(clause* c, const char* recorded, const char* here) {
  line file, other;
  for (const char* rest = here; take(&rest, &file);) {
    if (!find(recorded, &file, &other))
      add_file(c, &file, "is new");
    else if (strncasecmp(file.sha256, other.sha256, DIGITS) != 0)
      add_file(c, &file, "changed");
  }
  for (const char* rest = recorded; take(&rest, &file);) {
    if (!find(here, &file, &other)) add_file(c, &file, "is no longer used");
  }
}

/* names the files of a list after the model file */
static void add_others(clause* c, const char* list) {
  line model, file;
  (void)take(&list, &model);
  while (take(&list, &file)) add_file(c, &file, "may differ");
  add(c, ": the SHA-256 is of %.*s alone", model.length, model.name);
}

df_model_match df_model_compare(const df_model_identity* recorded, const df_model_identity* here, char* text,
                                size_t n) {
  const df_model_identity a = {known(recorded->list), known(recorded->files), known(recorded->compiled),
                               known(recorded->mujoco)};
  const df_model_identity b = {known(here->list), known(here->files), known(here->compiled), known(here->mujoco)};
  clause c = {.text = text, .n = n};
  if (n) text[0] = '\0';
  if (equal(a.compiled, b.compiled)) return DF_MODEL_SAME;
  const bool compiled = a.compiled[0] && b.compiled[0], listed = a.list[0] || b.list[0];
  if (!compiled && (!a.files[0] || !b.files[0])) return DF_MODEL_UNKNOWN;

  /* the same files; without a list on either side all that is known agrees, but the hash may be of the model file
   * alone, so it excuses no compiled model that differs */
  if (equal(a.files, b.files) && (listed || !compiled)) {
    if (!compiled || !a.mujoco[0] || !b.mujoco[0] || strcmp(a.mujoco, b.mujoco) == 0) return DF_MODEL_SAME;
    add(&c, "MuJoCo %s compiles it to another model than MuJoCo %s", b.mujoco, a.mujoco);
    return DF_MODEL_MUJOCO;
  }

  /* the same model file, and nothing known about the others */
  if (!compiled && !a.list[0] && starts_with(b.list, a.files)) {
    add_others(&c, b.list);
    return DF_MODEL_MAIN_FILE;
  }
  if (!compiled && !b.list[0] && starts_with(a.list, b.files)) {
    add_others(&c, a.list);
    return DF_MODEL_MAIN_FILE;
  }

  /* other files */
  if (a.list[0] && b.list[0]) add_changes(&c, a.list, b.list);
  const bool by_files = a.files[0] && b.files[0] && !equal(a.files, b.files);
  if (c.used == 0 && by_files) add(&c, "the model has SHA-256 %s, recorded is %s", b.files, a.files);
  if (c.used == 0) add(&c, "the compiled model has SHA-256 %s, recorded is %s", b.compiled, a.compiled);
  return DF_MODEL_OTHER;
}
