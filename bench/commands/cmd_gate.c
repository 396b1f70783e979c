/* cmd_gate.c: dynaflow gate RUN: checks a run against the tolerances and golden tables of its tasks. */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "exit_code.h"
#include "gate.h"
#include "options.h"
#include "rows.h"
#include "run_argument.h"
#include "run_view.h"
#include "terminal.h"
#include "verdict.h"
#include "verify_replay.h"

enum { KEY_AGAINST = 0x500, KEY_ACCEPT, KEY_REASON, KEY_JUNIT };

typedef struct arguments {
  run_argument runs;
  const char *against, *reason, *junit;
  bool accept;
} arguments;

static error_t end_of_arguments(struct argp_state* state, const arguments* a) {
  if (a->accept && (!a->reason || strspn(a->reason, " \t\n") == strlen(a->reason))) {
    argp_error(state, "--accept needs --reason: why the new numbers are right");
  }
  if (a->reason && !a->accept) argp_error(state, "--reason is only valid with --accept");
  return 0;
}

static error_t parse(int key, char* value, struct argp_state* state) {
  arguments* a = state->input;
  switch (key) {
    case ARGP_KEY_INIT:
      state->child_inputs[0] = &a->runs;
      return 0;
    case KEY_AGAINST:
      a->against = parse_text(state, "--against", value);
      return 0;
    case KEY_ACCEPT:
      a->accept = true;
      return 0;
    case KEY_REASON:
      a->reason = value;
      return 0;
    case KEY_JUNIT:
      a->junit = parse_text(state, "--junit", value);
      return 0;
    case ARGP_KEY_END:
      return end_of_arguments(state, a);
    default:
      return ARGP_ERR_UNKNOWN;
  }
}

static const struct argp_option option_table[] = {
    {"against", KEY_AGAINST, "GOLDEN", 0,
     "golden table (.csv), or a folder of golden tables; --accept writes there (default: results/golden)", 0},
    {"accept", KEY_ACCEPT, 0, 0, "write the golden tables from this run instead of checking it; needs --reason", 0},
    {"reason", KEY_REASON, "TEXT", 0, "why the new numbers are right; written to the head of the tables", 0},
    {"junit", KEY_JUNIT, "FILE", 0, "also write the verdicts to FILE as JUnit XML", 0},
    {0}};
static const struct argp_child children[] = {RUN_ARGUMENT_CHILD, {0}};
const struct argp gate_argp = {
    .options = option_table,
    .parser = parse,
    .args_doc = "RUN",
    .doc =
        "Checks a run against the tolerances and golden tables of its tasks.\n\n"
        "Verifies the records of RUN as `dynaflow verify` does, except that checkpoints may be missing. Then checks "
        "the tolerances in the tolerances file (expect.yaml) of each task: limits that follow from physics, and "
        "tolerances relative to golden tables, for metrics and for work counters. Prints one verdict per tolerance: "
        "held, improved, regressed, inconclusive (the interval straddles the limit, or there are too few seeds) or "
        "missing. RUN is a folder, or the name of a folder under results/runs.\v"
        "Exits with 0 when all tolerances held or improved, 1 when one regressed, 2 when a record, tolerance or table "
        "cannot be read or a record was altered, 3 when something is missing, 4 when a verdict is inconclusive, 5 when "
        "the run is not comparable (other MuJoCo version, task version or evaluation settings). If several apply, the "
        "order of precedence is 2, 5, 1, 3, 4.",
    .children = children};

/* Checks the run, or accepts its numbers. *folder is set, and out->verdicts exists, also after a failure. */
static df_status judge(const arguments* a, char** folder, gate_result* out) {
  *out = (gate_result){.verdicts = rows_new()};
  run_view r;
  df_status status = run_argument_open(&a->runs, 0, folder, &r);
  if (status == DF_E_MISSING && df_file_exists(*folder)) {
    /* an existing folder without records is an empty run, not a misspelt name */
    gate_add(out, GATE_MISSING, NULL, NULL, "verify.plan", df_error_message());
    return DF_OK;
  }
  if (status != DF_OK) return status;
  gate_clear(out);
  const gate_cfg cfg = {.opts = &a->runs.common, .verify = verify_with_simulator(&a->runs.common, false)};
  status = a->accept ? gate_accept(&r, *folder, &cfg, a->against, a->reason, out)
                     : gate_run(&r, *folder, &cfg, a->against, out);
  run_view_clear(&r);
  return status;
}

int cmd_gate(int argc, char** argv) {
  arguments a = {.runs = run_argument_default(1)};
  options_parse(&gate_argp, argc, argv, &a);
  /* check */
  gate_result g = {0};
  char* folder = NULL;
  df_status status = judge(&a, &folder, &g);
  /* print the verdicts, and count them on standard error if not all held */
  int code = report_failure(status);
  if (status != DF_OK && g.verdicts.list) {
    gate_add(&g, GATE_UNREADABLE, NULL, NULL, "gate", df_error_message());
  } else if (status == DF_OK) {
    rows_print(&g.verdicts, &a.runs.common);
    code = gate_exit_code(&g);
    if (code != EXIT_DONE && !a.runs.common.quiet) {
      print_line(
          stderr,
          "dynaflow: %s: %d regressed, %d missing, %d inconclusive, %d not comparable, %d unreadable; %d held, %d "
          "improved",
          folder, g.count[GATE_REGRESSED], g.count[GATE_MISSING], g.count[GATE_INCONCLUSIVE],
          g.count[GATE_NOT_COMPARABLE], g.count[GATE_UNREADABLE], g.count[GATE_HELD], g.count[GATE_IMPROVED]);
    }
  }
  /* write the JUnit file, also if the run could not be read */
  if (a.junit && g.verdicts.list) {
    status = gate_junit(&g, a.runs.run[0], a.junit);
    /* a CI job must not take a missing folder of FILE for a missing number */
    if (status != DF_OK) {
      (void)report_failure(status);
      code = EXIT_USAGE;
    }
  }
  gate_clear(&g);
  df_free(folder);
  return code;
}
