/* cmd_compare.c: dynaflow compare RUN_A RUN_B, or RUN --method A,B: paired differences on the same start states. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "compare.h"
#include "compare_print.h"
#include "dynaflow/config/config.h"
#include "dynaflow/core/alloc.h"
#include "exit_code.h"
#include "list.h"
#include "options.h"
#include "run_argument.h"
#include "run_view.h"
#include "store.h"
#include "suggestion.h"

typedef struct arguments {
  run_argument runs;
  compare_cfg cfg;
  bool reference;
  char methods[2 * DF_NAME_MAX]; /* "A,B", cut at the comma */
  const char* method[2];
} arguments;

static void take_methods(arguments* a, const char* value, struct argp_state* state) {
  if (strlen(value) >= sizeof a->methods) argp_error(state, "--method %s: too long", value);
  snprintf(a->methods, sizeof a->methods, "%s", value);
  char* comma = strchr(a->methods, ',');
  if (comma) *comma = '\0';
  a->method[0] = a->methods;
  a->method[1] = comma ? comma + 1 : NULL;
  if (comma && strchr(comma + 1, ',')) {
    argp_error(state, "--method %s: expected one or two methods, e.g. dynaflow,action_fm", value);
  }
}

static void check_arguments(const arguments* a, struct argp_state* state) {
  /* the parser of RUN reports that there is no run */
  if (a->reference) {
    if (a->runs.n > 1)
      argp_error(state, "--reference: the second run is that of the reference records; remove %s", a->runs.run[1]);
    return;
  }
  if (a->runs.n == 1 && !a->method[1]) argp_error(state, "with one run, --method A,B or --reference is required");
  if (a->runs.n == 1 && strcmp(a->method[0], a->method[1]) == 0) {
    argp_error(state, "--method: cannot compare %s with itself", a->method[0]);
  }
}

static error_t parse(int key, char* value, struct argp_state* state) {
  arguments* a = state->input;
  switch (key) {
    case ARGP_KEY_INIT:
      state->child_inputs[0] = &a->runs;
      return 0;
    case 'm':
      take_methods(a, parse_list(state, "--method", value), state);
      return 0;
    case 'n':
      a->cfg.min_seeds = (int)parse_integer(state, "--min-seeds", value, 1, INT32_MAX);
      return 0;
    case 'b':
      a->cfg.seed = (uint64_t)parse_integer(state, "--bootstrap-seed", value, 0, 2147483647);
      return 0;
    case 'd':
      a->cfg.wanted = parse_number(state, "--difference", value, 1e-300, 1e300);
      return 0;
    case 'p':
      a->cfg.partial = true;
      return 0;
    case 'r':
      a->reference = a->cfg.rivals = true;
      return 0;
    case ARGP_KEY_END:
      check_arguments(a, state);
      return 0;
    default:
      return ARGP_ERR_UNKNOWN;
  }
}

static const struct argp_option own_options[] = {
    {"method", 'm', "A[,B]", 0,
     "one run: compare A with B; two runs: compare A of the first with A, or B, of the second", 0},
    {"min-seeds", 'n', "N", 0, "least number of seeds to name a winner (default: 3)", 0},
    {"bootstrap-seed", 'b', "N", 0, "seed of the bootstrap resamples (default: 1)", 0},
    {"difference", 'd', "D", 0,
     "also print how many seeds would find a difference of D, in the unit of each metric, on these episodes", 0},
    {"partial", 'p', NULL, 0, "compare the finished cells of unfinished runs; no winner is named", 0},
    {"reference", 'r', NULL, 0,
     "compare with the reference records of the same task and profile: each method with itself, one that they lack "
     "with "
     "all of them",
     0},
    {0}};
static const struct argp_child children[] = {RUN_ARGUMENT_CHILD, {0}};
const struct argp compare_argp = {
    .options = own_options,
    .parser = parse,
    .args_doc = "RUN_A RUN_B\nRUN --method A,B\nRUN --reference",
    .doc =
        "Compares two runs, or two methods of a run, on the same start states.\n\n"
        "Prints paired differences with 95 % intervals over seeds and test episodes, probabilities of improvement, and "
        "exact tests over test episodes. RUN is a folder, or the name of a folder under results/runs. Writes nothing.\v"
        "Exits with 0 when everything could be compared, 2 on bad input, 3 when a run, cells or values are missing, 4 "
        "when the seeds differ, seeds or test episodes are too few (3 and 6), or values are not finite, 5 when the "
        "sides were not measured on the same "
        "start states, model, data and settings. If several apply, the order of precedence is 5, 3, 4.",
    .children = children};

/* DF_E_ARG, with a suggestion, for a method that no task of the run has; NULL is accepted */
static df_status check_method(const run_view* r, const char* method) {
  const char** names = NULL;
  char hint[96];
  int n = 0;
  bool known = !method;
  for (int g = 0; !known && g < r->n_groups; g++) {
    for (int i = 0; i < r->groups[g].n_methods; i++) {
      names = list_grow(names, n, sizeof *names);
      names[n++] = r->groups[g].methods[i];
      if (strcmp(names[n - 1], method) == 0) known = true;
    }
  }
  df_status status = DF_OK;
  if (!known) {
    status = df_fail(DF_E_ARG, "%s has no method '%s'%s", store_path(r->source), method,
                     suggestion(method, n, names, hint, sizeof hint));
  }
  df_free(names);
  return status;
}

/* opens run i; `first`, which is open, has the reference records that are asked for, or is NULL */
static df_status open_run(const arguments* a, int i, const run_view* first, const char* method, run_view* out) {
  char* folder;
  df_status status =
      first ? run_argument_open_reference(first, &folder, out) : run_argument_open(&a->runs, i, &folder, out);
  df_free(folder);
  DF_TRY(status);
  if (out->n_cells == 0) return df_fail(DF_E_FORMAT, "%s: no cell is recorded yet", store_path(out->source));
  return check_method(out, method);
}

int cmd_compare(int argc, char** argv) {
  arguments a = {.runs = run_argument_default(2), .cfg = compare_cfg_default()};
  options_parse(&compare_argp, argc, argv, &a);
  run_view left = {0}, right = {0};
  comparisons c = {0};
  const char* method_b = a.method[1] ? a.method[1] : a.method[0];
  df_status status = open_run(&a, 0, NULL, a.method[0], &left);
  if (status == DF_OK) status = open_run(&a, a.runs.n - 1, a.reference ? &left : NULL, method_b, &right);
  if (status == DF_OK) {
    status = compare_new(&a.cfg, (compare_side){&left, a.method[0]}, (compare_side){&right, method_b}, &c);
  }
  int code = report_failure(status);
  if (status == DF_OK) {
    compare_print(&c, &a.runs.common);
    code = compare_exit_code(&c);
  }
  compare_clear(&c);
  run_view_clear(&left);
  run_view_clear(&right);
  return code;
}
