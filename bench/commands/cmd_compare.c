/* cmd_compare.c: dynaflow compare RUN_A RUN_B, or RUN --method A,B */
#include <stdio.h>
#include <string.h>

#include "compare.h"
#include "compare_print.h"
#include "dynaflow/config/config.h"
#include "dynaflow/core/alloc.h"
#include "exit_code.h"
#include "options.h"
#include "run_argument.h"
#include "run_view.h"
#include "store.h"
#include "suggestion.h"

typedef struct arguments {
  run_argument runs;
  compare_cfg cfg;
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
  if (!a->method[0][0] || (comma && (!comma[1] || strchr(comma + 1, ',')))) {
    argp_error(state, "--method %s: one method or two, as in dynaflow,action_fm", value);
  }
}

static void check_arguments(const arguments* a, struct argp_state* state) {
  /* without a run the parser of RUN says so */
  if (a->runs.n == 1 && !a->method[1]) argp_error(state, "one run: --method A,B says which methods of it to compare");
  if (a->runs.n == 1 && strcmp(a->method[0], a->method[1]) == 0) {
    argp_error(state, "--method: %s is compared with itself", a->method[0]);
  }
}

static error_t parse(int key, char* value, struct argp_state* state) {
  arguments* a = state->input;
  switch (key) {
    case ARGP_KEY_INIT:
      state->child_inputs[0] = &a->runs;
      return 0;
    case 'm':
      take_methods(a, value, state);
      return 0;
    case 'n':
      a->cfg.min_seeds = (int)parse_integer(state, "--min-seeds", value, 1, SEED_VALUES_MAX);
      return 0;
    case 'b':
      a->cfg.seed = (uint64_t)parse_integer(state, "--bootstrap-seed", value, 0, 2147483647);
      return 0;
    case 'p':
      a->cfg.partial = true;
      return 0;
    case ARGP_KEY_END:
      check_arguments(a, state);
      return 0;
    default:
      return ARGP_ERR_UNKNOWN;
  }
}

static const struct argp_option own_options[] = {
    {"method", 'm', "A[,B]", 0, "of one run: A against B; of two: A of the first against A, or B, of the second", 0},
    {"min-seeds", 'n', "N", 0, "fewer seeds name no winner (default: 3)", 0},
    {"bootstrap-seed", 'b', "N", 0, "seed of the resamples (default: 1)", 0},
    {"partial", 'p', NULL, 0, "show what there is of unfinished runs; no winner is named", 0},
    {0}};
static const struct argp_child children[] = {RUN_ARGUMENT_CHILD, {0}};
static const struct argp parser = {
    .options = own_options,
    .parser = parse,
    .args_doc = "RUN_A RUN_B\nRUN --method A,B",
    .doc =
        "Compares runs, or methods of a run, on the same start states: paired differences with 95 % intervals "
        "over seeds and test episodes, probability of improvement, exact McNemar test of falls. RUN is a folder, or "
        "the name of one under "
        "results/runs.\vExits with 3 when cells or values are missing, 4 when the seeds differ, are too few or values "
        "are not finite, 5 when the sides were not measured on the same start states, model, data and settings.",
    .children = children};

/* a method that no task of the run has is a slip */
static df_status check_method(const run_view* r, const char* method) {
  const char* names[METHODS_MAX];
  char hint[96];
  int n = 0;
  for (int g = 0; method && g < r->n_groups; g++) {
    for (int i = 0; i < r->groups[g].n_methods; i++) {
      if (strcmp(r->groups[g].methods[i], method) == 0) return DF_OK;
      if (n < METHODS_MAX) names[n++] = r->groups[g].methods[i];
    }
  }
  if (!method) return DF_OK;
  return df_fail(DF_E_ARG, "%s has no method '%s'%s", store_path(r->source), method,
                 suggestion(method, n, names, hint, sizeof hint));
}

static df_status open_run(const arguments* a, int i, const char* method, run_view* out) {
  char* folder;
  df_status status = run_argument_open(&a->runs, i, &folder, out);
  df_free(folder);
  DF_TRY(status);
  if (out->n_cells == 0) return df_fail(DF_E_FORMAT, "%s: no cell is recorded", store_path(out->source));
  return check_method(out, method);
}

int cmd_compare(int argc, char** argv) {
  arguments a = {.runs = run_argument_default(2), .cfg = compare_cfg_default()};
  argp_parse(&parser, argc, argv, 0, NULL, &a);
  run_view left = {0}, right = {0};
  comparisons c = {0};
  const char* method_b = a.method[1] ? a.method[1] : a.method[0];
  df_status status = open_run(&a, 0, a.method[0], &left);
  if (status == DF_OK) status = open_run(&a, a.runs.n - 1, method_b, &right);
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
