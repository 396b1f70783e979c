/* cmd_verify.c: dynaflow verify RUN: checks that the records are complete, unaltered and consistent. */
#include <stdio.h>

#include "commands.h"
#include "dynaflow/core/alloc.h"
#include "exit_code.h"
#include "finding.h"
#include "options.h"
#include "rows.h"
#include "run_argument.h"
#include "run_view.h"
#include "store.h"
#include "terminal.h"
#include "verify.h"
#include "verify_replay.h"

static error_t parse(int key, char* value, struct argp_state* state) {
  (void)value;
  if (key != ARGP_KEY_INIT) return ARGP_ERR_UNKNOWN;
  state->child_inputs[0] = state->input;
  return 0;
}

static const struct argp_child children[] = {RUN_ARGUMENT_CHILD, {0}};
const struct argp verify_argp = {
    .parser = parse,
    .args_doc = "RUN",
    .doc =
        "Checks that the records of a run are complete, unaltered and consistent.\n\n"
        "Reads the records of RUN, of all its shards, and the checkpoints; changes nothing. Checks that every record "
        "obeys results/schema.json, is unaltered, and has the key of its settings and hashes; that every cell of the "
        "plan is done exactly once; that numbers are finite or give the reason why not, and are the means of their "
        "samples; that related numbers do not contradict each other (counts, related, chains, curves); that all "
        "methods were measured on the same start states, data, model and settings; that no method is "
        "better than the replayed demonstration; that no two seeds have the same numbers; that the held-out windows "
        "are "
        "those that the task draws from its demonstrations (drawn) and checkpoints have as many parameters as recorded "
        "(weights); and that recorded actions, simulated again under the task's model, reproduce the recorded states. "
        "Names the rows of which the record has no single values, so that nothing shows them (unshown). RUN is a "
        "folder, or the name of a folder under results/runs.\v"
        "Exits with 0 when all checks pass (warnings allowed), 1 when numbers contradict each other, 2 when a record "
        "cannot be read or was altered, 3 when something is missing. If several apply, the order of precedence is 2, "
        "1, 3.",
    .children = children};

int cmd_verify(int argc, char** argv) {
  run_argument a = run_argument_default(1);
  options_parse(&verify_argp, argc, argv, &a);
  run_view r;
  char* folder;
  const df_status status = run_argument_open(&a, 0, &folder, &r);
  int code = report_failure(status);
  if (status == DF_OK) {
    verification v;
    const verify_cfg cfg = verify_with_simulator(&a.common, true);
    verify_run(&r, folder, &cfg, &v);
    rows_print(&v.found, &a.common);
    code = verification_exit_code(&v);
    if (code != EXIT_DONE && !a.common.quiet) {
      print_line(stderr, "dynaflow: %s: %d tampered, %d failed, %d incomplete", store_path(r.source),
                 v.count[VERIFY_TAMPERED], v.count[VERIFY_FAILED], v.count[VERIFY_INCOMPLETE]);
    }
    verification_clear(&v);
  }
  run_view_clear(&r);
  df_free(folder);
  return code;
}
