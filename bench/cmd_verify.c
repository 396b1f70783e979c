/* cmd_verify.c: dynaflow verify RUN: is the record complete, whole and consistent? */
#include <stdio.h>

#include "commands.h"
#include "dynaflow/core/alloc.h"
#include "options.h"
#include "verify.h"

typedef struct arguments {
  options common;
  const char* run;
} arguments;

static error_t parse(int key, char* value, struct argp_state* state) {
  arguments* a = state->input;
  switch (key) {
    case ARGP_KEY_INIT:
      state->child_inputs[0] = &a->common;
      return 0;
    case ARGP_KEY_ARG:
      if (a->run) argp_error(state, "more than one run");
      a->run = value;
      return 0;
    case ARGP_KEY_END:
      if (!a->run) argp_error(state, "a run's folder is needed");
      return 0;
    default:
      return ARGP_ERR_UNKNOWN;
  }
}

static const struct argp_child children[] = {OPTIONS_CHILD, {0}};
static const struct argp parser = {
    .parser = parse,
    .args_doc = "RUN",
    .doc =
        "Checks the records of RUN, of all its shards, and the checkpoints beside them, and changes nothing: every "
        "record obeys results/schema.json, is as it was written, and its settings and hashes give its key; every cell "
        "of the plan "
        "is "
        "done, once; numbers are finite or say why not; all methods were measured on the same start states; no method "
        "beats the replayed demonstration; no two seeds are the same; recorded actions, simulated again under the "
        "task's model, lead to the recorded states. RUN is a folder, or the name of one under "
        "results/runs.\vExits with 1 when numbers contradict each other, 2 when a record cannot be read or is not as "
        "it "
        "was written, 3 when something is missing.",
    .children = children};

int cmd_verify(int argc, char** argv) {
  arguments a = {.common = options_default()};
  argp_parse(&parser, argc, argv, 0, NULL, &a);
  report r = {0};
  char* folder = run_folder(a.run);
  const df_status status = folder ? report_new(folder, &r) : DF_E_NOMEM;
  int code = report_failure(status);
  if (status == DF_OK) {
    verification v;
    verify_run(&r, folder, &a.common, true, &v);
    rows_print(&v.found, &a.common);
    code = verification_exit_code(&v);
    if (code != EXIT_DONE && !a.common.quiet) {
      fprintf(stderr, "dynaflow: %s: %d tampered, %d failed, %d incomplete\n", store_path(r.source),
              v.count[VERIFY_TAMPERED], v.count[VERIFY_FAILED], v.count[VERIFY_INCOMPLETE]);
    }
    verification_clear(&v);
  }
  report_clear(&r);
  df_free(folder);
  return code;
}
