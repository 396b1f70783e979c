/* cmd_gate.c: dynaflow gate RUN: did the physics hold? */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "gate.h"

enum { KEY_AGAINST = 0x500, KEY_ACCEPT, KEY_REASON, KEY_JUNIT };

typedef struct arguments {
  options common;
  const char *run, *against, *reason, *junit;
  bool accept;
} arguments;

static error_t end_of_arguments(struct argp_state* state, const arguments* a) {
  if (!a->run) argp_error(state, "a run's folder is needed");
  if (a->accept && (!a->reason || strspn(a->reason, " \t\n") == strlen(a->reason))) {
    argp_error(state, "--accept needs --reason: why the new numbers are right");
  }
  if (a->reason && !a->accept) argp_error(state, "--reason is for --accept");
  return 0;
}

static error_t parse(int key, char* value, struct argp_state* state) {
  arguments* a = state->input;
  switch (key) {
    case ARGP_KEY_INIT:
      state->child_inputs[0] = &a->common;
      return 0;
    case KEY_AGAINST:
      a->against = value;
      return 0;
    case KEY_ACCEPT:
      a->accept = true;
      return 0;
    case KEY_REASON:
      a->reason = value;
      return 0;
    case KEY_JUNIT:
      a->junit = value;
      return 0;
    case ARGP_KEY_ARG:
      if (a->run) argp_error(state, "more than one run");
      a->run = value;
      return 0;
    case ARGP_KEY_END:
      return end_of_arguments(state, a);
    default:
      return ARGP_ERR_UNKNOWN;
  }
}

static const struct argp_option option_table[] = {
    {"against", KEY_AGAINST, "GOLDEN", 0, "golden table (.csv) or folder of them (default: results/golden)", 0},
    {"accept", KEY_ACCEPT, 0, 0, "write the golden tables from this run instead of judging it", 0},
    {"reason", KEY_REASON, "TEXT", 0, "why the new numbers are right; stands in the tables' head", 0},
    {"junit", KEY_JUNIT, "FILE", 0, "also write the verdicts as JUnit XML", 0},
    {0}};
static const struct argp_child children[] = {OPTIONS_CHILD, {0}};
static const struct argp parser = {
    .options = option_table,
    .parser = parse,
    .args_doc = "RUN",
    .doc =
        "Verifies a run, then holds it to the bands of its tasks' expect.yaml: limits that follow from physics, and "
        "tolerances to golden tables, of numbers and of effort. One verdict a band: held, improved, regressed, "
        "inconclusive (the interval straddles the limit, or too few seeds), missing.\vExits with 0 when all held or "
        "improved, 1 when one regressed, 2 when a record, a band or a table "
        "cannot be read or a record is not as it was written, 3 when something is missing, 4 when it is inconclusive, "
        "5 when the run does not compare (another MuJoCo, version of the task or settings of its evaluation).",
    .children = children};

static df_status judge(const arguments* a, const char* folder, gate_result* out) {
  *out = (gate_result){.verdicts = rows_new()};
  report r = {0};
  df_status status = report_new(folder, &r);
  if (status == DF_E_MISSING && df_file_exists(folder)) {
    /* a folder in which nothing was recorded is an empty run, not a slip of the pen */
    gate_add(out, GATE_MISSING, NULL, NULL, "verify.plan", df_error_message());
    return DF_OK;
  }
  if (status != DF_OK) return status;
  gate_clear(out);
  status = a->accept ? gate_accept(&r, folder, &a->common, a->against, a->reason, out)
                     : gate_run(&r, folder, &a->common, a->against, out);
  report_clear(&r);
  return status;
}

int cmd_gate(int argc, char** argv) {
  arguments a = {.common = options_default()};
  argp_parse(&parser, argc, argv, 0, NULL, &a);
  gate_result g = {0};
  char* folder = run_folder(a.run);
  df_status status = folder ? judge(&a, folder, &g) : DF_E_NOMEM;
  int code = report_failure(status);
  if (status != DF_OK && g.verdicts.list) {
    gate_add(&g, GATE_UNREADABLE, NULL, NULL, "gate", df_error_message());
  } else if (status == DF_OK) {
    rows_print(&g.verdicts, &a.common);
    code = gate_exit_code(&g);
    if (code != EXIT_DONE && !a.common.quiet) {
      fprintf(stderr,
              "dynaflow: %s: %d regressed, %d missing, %d inconclusive, %d not comparable, %d unreadable; %d held, %d "
              "improved\n",
              folder, g.count[GATE_REGRESSED], g.count[GATE_MISSING], g.count[GATE_INCONCLUSIVE],
              g.count[GATE_NOT_COMPARABLE], g.count[GATE_UNREADABLE], g.count[GATE_HELD], g.count[GATE_IMPROVED]);
    }
  }
  if (a.junit && g.verdicts.list) {
    status = gate_junit(&g, a.run, a.junit);
    if (status != DF_OK) code = report_failure(status);
  }
  gate_clear(&g);
  df_free(folder);
  return code;
}
