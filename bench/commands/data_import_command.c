#include "data_import_command.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "escape.h"
#include "exit_code.h"
#include "import.h"
#include "json.h"
#include "rows.h"
#include "terminal.h"
#include "text.h"

/* of a value in the table; the task file has all of it */
enum { SHOWN = 64 };

/* a row per setting; in a table only those with a reason */
static void print_settings(const import_result* r, const options* opts) {
  rows out = rows_new();
  for (int i = 0; i < r->found.n; i++) {
    const setting* s = &r->found.list[i];
    if (!opts->json && !s->why[0]) continue;
    const bool cut = !opts->json && strlen(s->value) > SHOWN;
    char* value = cut ? format_text("%.*s...", SHOWN - 3, s->value) : format_text("%s", s->value);
    rows_add_object(&out, json_pack("{s:o,s:o,s:o}", "key", json_text(s->key), "value", json_text(value), "why",
                                    json_text(s->why)));
    df_free(value);
  }
  rows_print(&out, opts);
  rows_free(&out);
}

static void print_notes(const text* notes) {
  const char* rest = text_of(notes);
  while (*rest) {
    const size_t n = strcspn(rest, "\n");
    print_line(stderr, "dynaflow: %.*s", (int)n, rest);
    rest += n + (rest[n] == '\n');
  }
}

static void print_next(const char* folder, bool actions) {
  print_line(stdout, "written to %s; next:", folder);
  print_line(stdout, "  dynaflow data check %s", folder);
  if (actions) print_line(stdout, "  dynaflow replay %s", folder);
  print_line(stdout, "  dynaflow run %s --profile smoke", folder);
}

/* as data check: what is wrong is not corrected yet */
static int fail_check(const import_result* r, const char* folder) {
  print_line(stderr, "dynaflow: %s was written, but data check finds %d thing%s wrong in the recording as it is read",
             folder, r->wrong, r->wrong == 1 ? "" : "s");
  return EXIT_CHECK_FAILED;
}

int data_import_command(const data_import_arguments* a, const char* model, const options* opts) {
  char* name = a->name ? file_name_of(a->name) : NULL;
  char* folder = name ? format_text("tasks/%s", name) : NULL;
  const import_cfg cfg = {.n = a->n,
                          .sources = a->sources,
                          .model = model,
                          .out = a->out ? a->out : folder,
                          .force = a->force,
                          .reference = a->reference,
                          .opts = opts};
  import_result result;
  const df_status status = import_task(&cfg, &result);
  if (!opts->quiet || status != DF_OK) print_notes(&result.notes);
  print_notes(&result.renamed);
  int code = report_failure(status);
  if (status == DF_OK) {
    const setting* actions = settings_find(&result.found, "data.actions_key");
    print_settings(&result, opts);
    if (!opts->json) print_next(cfg.out, actions && actions->value[0]);
    if (result.wrong) code = fail_check(&result, cfg.out);
  }
  import_clear(&result);
  df_free(name);
  df_free(folder);
  return code;
}
