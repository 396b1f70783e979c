/* cmd_gate.c: dynaflow gate RUN: checks a run against the tolerances and golden tables of its tasks. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "exit_code.h"
#include "gate.h"
#include "gate_summary.h"
#include "options.h"
#include "rows.h"
#include "run_argument.h"
#include "run_view.h"
#include "terminal.h"
#include "text.h"
#include "verdict.h"
#include "verify_replay.h"

enum { KEY_AGAINST = 0x500, KEY_ACCEPT, KEY_REASON, KEY_JUNIT, KEY_MARKDOWN, KEY_ANNOTATIONS, KEY_VERBOSE };

typedef struct arguments {
  run_argument runs;
  const char *against, *reason, *junit, *markdown;
  bool accept, annotations, verbose;
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
      a->junit = parse_output(state, "--junit", value);
      return 0;
    case KEY_MARKDOWN:
      a->markdown = parse_output(state, "--markdown", value);
      return 0;
    case KEY_ANNOTATIONS:
      a->annotations = true;
      return 0;
    case KEY_VERBOSE:
      a->verbose = true;
      return 0;
    case ARGP_KEY_END:
      return end_of_arguments(state, a);
    default:
      return ARGP_ERR_UNKNOWN;
  }
}

static const struct argp_option option_table[] = {
    {"against", KEY_AGAINST, "GOLDEN", 0,
     "golden table (.csv), or a folder of golden tables; --accept writes there (default: the folder golden in the "
     "task's folder)",
     0},
    {"accept", KEY_ACCEPT, 0, 0, "write the golden tables from this run instead of checking it; needs --reason", 0},
    {"reason", KEY_REASON, "TEXT", 0, "why the new numbers are right; written to the head of the tables", 0},
    {"junit", KEY_JUNIT, "FILE", 0, "also write the verdicts to FILE as JUnit XML", 0},
    {"markdown", KEY_MARKDOWN, "FILE", 0, "also append the verdicts to FILE as Markdown, e.g. to $GITHUB_STEP_SUMMARY",
     0},
    {"annotations", KEY_ANNOTATIONS, 0, 0,
     "print annotations for GitHub Actions to standard error; the default where GITHUB_ACTIONS is true", 0},
    {"verbose", KEY_VERBOSE, 0, 0, "also print every verdict with all its columns, in a wide table", 0},
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
        "tolerances relative to golden tables (the folder golden of the task's folder), for metrics and for work "
        "counters. There is one verdict per tolerance: held, improved, regressed, inconclusive (the interval straddles "
        "the limit, or there are too few seeds) or missing. Prints the verdict, what did not pass, the worst first, "
        "and the counts of the rest, in 80 columns. RUN is a folder, or the name of a folder under results/runs.\v"
        "Exits with 0 when all tolerances held or improved, 1 when one regressed, 2 when a record, tolerance or table "
        "cannot be read or a record was altered, 3 when something is missing, 4 when a verdict is inconclusive, 5 when "
        "the run is not comparable (other MuJoCo version, task version, model, data, start states, version of numbers "
        "or "
        "settings). If several apply, the order of precedence is 2, 5, 1, 3, 4.",
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

/* prints the verdicts in the way that was asked for */
static void print_verdicts(const arguments* a, const char* folder, const gate_result* g) {
  const options* opts = &a->runs.common;
  if (!opts->json) {
    gate_print_summary(g, folder, a->accept);
    if (a->verbose) rows_print(&g->verdicts, opts);
    return;
  }
  rows_print(&g->verdicts, opts);
  if (gate_exit_code(g) == EXIT_DONE || opts->quiet) return;
  text counts = {0};
  gate_add_counts(g, GATE_UNREADABLE, GATE_HELD, &counts);
  print_line(stderr, "dynaflow: %s: %s", folder, text_of(&counts));
  text_clear(&counts);
}

/* writes the files that were asked for; a CI job must not take a missing folder of one for a missing number */
static int write_files(const arguments* a, const gate_result* g, int code) {
  df_status status = a->junit ? gate_junit(g, a->runs.run[0], a->junit) : DF_OK;
  if (status != DF_OK) {
    (void)report_failure(status);
    code = EXIT_USAGE;
  }
  status = a->markdown ? gate_markdown(g, a->runs.run[0], a->markdown) : DF_OK;
  if (status != DF_OK) {
    (void)report_failure(status);
    code = EXIT_USAGE;
  }
  return code;
}

int cmd_gate(int argc, char** argv) {
  arguments a = {.runs = run_argument_default(1)};
  const char* actions = getenv("GITHUB_ACTIONS");
  a.annotations = actions && strcmp(actions, "true") == 0;
  options_parse(&gate_argp, argc, argv, &a);
  const df_status files = expect_two_files("--junit", a.junit, "--markdown", a.markdown);
  if (files != DF_OK) return report_failure(files);
  /* check */
  gate_result g = {0};
  char* folder = NULL;
  const df_status status = judge(&a, &folder, &g);
  int code = report_failure(status);
  if (status != DF_OK && g.verdicts.list) {
    gate_add(&g, GATE_UNREADABLE, NULL, NULL, "gate", df_error_message());
  } else if (status == DF_OK) {
    print_verdicts(&a, folder, &g);
    code = gate_exit_code(&g);
  }
  /* annotations and files, also if the run could not be read */
  if (a.annotations && g.verdicts.list) gate_annotate(&g, a.runs.run[0], getenv("GITHUB_WORKSPACE"));
  if (g.verdicts.list) code = write_files(&a, &g, code);
  gate_clear(&g);
  df_free(folder);
  return code;
}
