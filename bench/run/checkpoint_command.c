#include "checkpoint_command.h"

#include <string.h>

#include "dynaflow/core/file.h"
#include "exit_code.h"
#include "machine.h"
#include "methods.h"

enum { KEY_NO_CHECK = 0x600 };

error_t checkpoint_argument(int key, char* value, struct argp_state* state) {
  checkpoint_arguments* a = state->input;
  switch (key) {
    case ARGP_KEY_INIT:
      state->child_inputs[0] = &a->common;
      return 0;
    case 'm':
      a->method_name = parse_text(state, "--method", value);
      return 0;
    case 'c':
      a->checkpoint = parse_text(state, "--checkpoint", value);
      return 0;
    case 'o':
      a->out = parse_text(state, "--out", value);
      return 0;
    case KEY_NO_CHECK:
      a->no_data_check = true;
      return 0;
    case 'n':
      a->windows = (int)parse_integer(state, "--windows", value, 1, 1000000);
      return 0;
    case 'k':
      a->steps = (int)parse_integer(state, "--steps", value, 1, 1000);
      return 0;
    case ARGP_KEY_ARG:
      if (a->task) argp_error(state, "unexpected argument '%s': one task is expected", value);
      a->task = value;
      return 0;
    case ARGP_KEY_END:
      if (!a->task) argp_error(state, "missing argument TASK (see 'dynaflow list tasks')");
      if (!a->method_name) argp_error(state, "missing option --method M (see 'dynaflow list methods')");
      a->method = df_method_by_name(a->method_name);
      if (!a->method) argp_error(state, "unknown method '%s' (see 'dynaflow list methods')", a->method_name);
      if ((a->method->flags & DF_METHOD_TRAINS) && !a->checkpoint)
        argp_error(state, "missing option --checkpoint FILE");
      expect_one_seed(&a->common, state);
      return 0;
    default:
      return ARGP_ERR_UNKNOWN;
  }
}

const struct argp_child checkpoint_children[] = {OPTIONS_CHILD, {0}};
#define METHOD_OPTION \
  { "method", 'm', "M", 0, "method, required (see 'dynaflow list methods')", 0 }
#define CHECKPOINT_OPTION \
  { "checkpoint", 'c', "FILE", 0, "weights (safetensors), required for methods that train", 0 }
const struct argp_option checkpoint_options[] = {METHOD_OPTION, CHECKPOINT_OPTION, {0}};
const struct argp_option train_options[] = {
    METHOD_OPTION,
    CHECKPOINT_OPTION,
    {"no-data-check", KEY_NO_CHECK, NULL, 0,
     "train also with demonstrations in which `dynaflow data check` finds what makes training wrong", 0},
    {0}};
const struct argp_option sample_options[] = {
    METHOD_OPTION,
    CHECKPOINT_OPTION,
    {"out", 'o', "FILE", 0, "npz file to write (default: <task>-<method>.npz)", 0},
    {"windows", 'n', "N", 0, "number of held-out windows to start from (default: eval.windows)", 0},
    {"steps", 'k', "K", 0, "Euler steps of the sampler (default: the last of eval.sampler_steps)", 0},
    {0}};

void checkpoint_parse(const struct argp* parser, int argc, char** argv, checkpoint_arguments* a) {
  *a = (checkpoint_arguments){.common = options_default()};
  options_parse(parser, argc, argv, a);
}

df_status checkpoint_open(checkpoint_arguments* a, bool load, cell* c) {
  *c = (cell){0};
  /* before demonstrations are generated, which may take minutes */
  const bool reads = load && (a->method->flags & DF_METHOD_TRAINS);
  a->stage = CHECKPOINT_WEIGHTS;
  if (reads && !df_file_exists(a->checkpoint)) {
    return df_fail(DF_E_MISSING, "%s: No such file; name a checkpoint that `dynaflow train` wrote", a->checkpoint);
  }
  a->stage = CHECKPOINT_TASK;
  DF_TRY(open_blas(&a->common));
  DF_TRY(cell_open(c, a->task, a->method, a->common.seeds[0], &a->common));
  DF_TRY(cell_load(c));
  if (load) {
    a->stage = CHECKPOINT_WEIGHTS;
    DF_TRY(cell_create(c));
    if (reads) DF_TRY(a->method->load(c->instance, a->checkpoint));
  }
  a->stage = CHECKPOINT_OPEN;
  return DF_OK;
}

int checkpoint_failure(df_status status, const checkpoint_arguments* a) {
  if (status == DF_OK) return EXIT_DONE;
  const int code = a->stage == CHECKPOINT_TASK ? report_task_failure(status, a->task) : report_failure(status);
  return status == DF_E_NONFINITE && a->stage == CHECKPOINT_OPEN ? EXIT_INCOMPLETE : code;
}
