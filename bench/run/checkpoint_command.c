#define _GNU_SOURCE
#include "checkpoint_command.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "dynaflow/io/safetensors.h"
#include "exit_code.h"
#include "machine.h"
#include "methods.h"
#include "text.h"

enum {
  KEY_X0 = 0x700,
  KEY_CONDITION,
  KEY_SECONDS,
  KEY_REPLAN,
  KEY_CSV,
  KEY_DATA_FILE,
  KEY_NO_CHECK,
  KEY_RESUME,
  KEY_LOG
};

/* the name of the method that wrote a checkpoint; NULL if it cannot be read, or names none that is known */
static const char* method_of_checkpoint(const char* path) {
  df_safetensors* file;
  if (!path || df_safetensors_open(path, &file) != DF_OK) return NULL;
  const char* kind = df_safetensors_metadata(file, "dynaflow.kind");
  const df_method* method = kind ? df_method_by_name(kind) : NULL;
  df_safetensors_close(file);
  return method ? method->name : NULL;
}

/* the options of motions and those of windows exclude each other */
static void check_motion(const checkpoint_arguments* a, struct argp_state* state) {
  const char* needs = a->x0 ? "--x0" : a->condition ? "--condition" : a->replan ? "--replan" : a->csv ? "--csv" : NULL;
  if (needs && a->seconds == 0) argp_error(state, "%s is only for motions: give their length with --seconds S", needs);
  if (a->windows && a->seconds > 0) argp_error(state, "--windows and --seconds cannot be combined");
}

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
    case KEY_LOG:
      a->log = parse_text(state, "--log", value);
      return 0;
    case KEY_RESUME:
      a->resume = true;
      return 0;
    case 'e':
      a->save_every = parse_number(state, "--save-every", value, 0, 1e9);
      return 0;
    case 'n':
      a->windows = (int)parse_integer(state, "--windows", value, 1, 1000000);
      return 0;
    case KEY_X0:
      a->x0 = parse_text(state, "--x0", value);
      return 0;
    case KEY_CONDITION:
      a->condition = parse_text(state, "--condition", value);
      return 0;
    case KEY_SECONDS:
      a->seconds = parse_number(state, "--seconds", value, 1e-9, 1e9);
      return 0;
    case KEY_REPLAN:
      a->replan = (int)parse_integer(state, "--replan", value, 1, 1000000);
      return 0;
    case KEY_DATA_FILE:
      a->data_file = parse_text(state, "--data-file", value);
      return 0;
    case KEY_CSV:
      a->csv = parse_text(state, "--csv", value);
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
      if (!a->method_name && !a->writes) a->method_name = method_of_checkpoint(a->checkpoint);
      if (!a->method_name) argp_error(state, "missing option --method M (see 'dynaflow list methods')");
      a->method = df_method_by_name(a->method_name);
      if (!a->method) argp_error(state, "unknown method '%s' (see 'dynaflow list methods')", a->method_name);
      if ((a->method->flags & DF_METHOD_TRAINS) && !a->checkpoint)
        argp_error(state, "missing option --checkpoint FILE");
      if (!a->writes && a->checkpoint && !(a->method->flags & DF_METHOD_TRAINS))
        argp_error(state, "--checkpoint: %s has no weights; remove this option", a->method->name);
      if (a->steps && !(a->method->flags & DF_METHOD_SAMPLES))
        argp_error(state, "--steps: %s has no sampler; remove this option", a->method->name);
      check_motion(a, state);
      if (a->save_every >= 0 && !a->resume) argp_error(state, "--save-every is only for --resume");
      if (a->seconds == 0) expect_one_seed(&a->common, state);
      return 0;
    default:
      return ARGP_ERR_UNKNOWN;
  }
}

const struct argp_child checkpoint_children[] = {OPTIONS_CHILD, {0}};
#define METHOD_OPTION                                                                                            \
  {                                                                                                              \
    "method", 'm', "M", 0,                                                                                       \
        "method (see 'dynaflow list methods'); default: that of the checkpoint, required where there is none", 0 \
  }
#define CHECKPOINT_OPTION \
  { "checkpoint", 'c', "FILE", 0, "weights (safetensors), required for methods that train", 0 }
static const char data_file_help[] =
    "demonstrations of the same layout instead of the task's, on which the method need not have been trained";
const struct argp_option eval_options[] = {
    METHOD_OPTION, CHECKPOINT_OPTION, {"data-file", KEY_DATA_FILE, "FILE", 0, data_file_help, 0}, {0}};
const struct argp_option train_options[] = {
    METHOD_OPTION,
    CHECKPOINT_OPTION,
    {"no-data-check", KEY_NO_CHECK, NULL, 0,
     "train also with demonstrations in which `dynaflow data check` finds what makes training wrong", 0},
    {"log", KEY_LOG, "FILE.jsonl", 0, "append the points of the training to FILE.jsonl, one JSON object per line", 0},
    {"resume", KEY_RESUME, NULL, 0,
     "save the training state in training/ beside FILE, and continue from one that is there", 0},
    {"save-every", 'e', "S", 0, "with --resume: save the training state every S seconds (default: 30)", 0},
    {0}};
const struct argp_option sample_options[] = {
    METHOD_OPTION,
    CHECKPOINT_OPTION,
    {"data-file", KEY_DATA_FILE, "FILE", 0, data_file_help, 0},
    {"out", 'o', "FILE", 0, "npz file to write (default: <task>-<method>.npz)", 0},
    {"windows", 'n', "N", 0, "number of held-out windows to start from (default: eval.windows)", 0},
    {"steps", 'k', "K", 0, "Euler steps of the sampler (default: the last of eval.sampler_steps)", 0},
    {"k", 'k', "K", OPTION_ALIAS, NULL, 0},
    {"seconds", KEY_SECONDS, "S", 0, "sample motions of S seconds, one per start state and --seed, instead of windows",
     0},
    {"x0", KEY_X0, "START", 0,
     "start of motions: FILE.npz (the first frames of `states`), FILE.npz:INDEX, a keyframe of the model, or "
     "NAME=VALUE,... in the typical start state of the demonstrations (default: that state)",
     0},
    {"condition", KEY_CONDITION, "NAME=VALUE,..", 0,
     "condition of motions, e.g. gait=trot,vx=0.8 (default: the conditions in FILE.npz)", 0},
    {"replan", KEY_REPLAN, "N", 0, "replan from the executed state after every N actions (default: open loop)", 0},
    {"csv", KEY_CSV, "FILE", 0, "also write motions as CSV, with names and units of columns", 0},
    {0}};

void checkpoint_parse(const struct argp* parser, bool writes, int argc, char** argv, checkpoint_arguments* a) {
  *a = (checkpoint_arguments){.common = options_default(), .writes = writes, .save_every = -1};
  options_parse(parser, argc, argv, a);
}

/* replaces the task's demonstrations by those of --data-file, as --set does */
static df_status choose_data(checkpoint_arguments* a) {
  options* o = &a->common;
  char path[PATH_MAX];
  if (!a->data_file) return DF_OK;
  DF_TRY(df_file_check(a->data_file));
  if (!realpath(a->data_file, path)) return df_fail(DF_E_IO, "%s: %s", a->data_file, strerror(errno));
  if (o->n_set + 3 > OPTIONS_SET_MAX) {
    return df_fail(DF_E_CONFIG, "--data-file needs 3 of the %d settings of --set", OPTIONS_SET_MAX);
  }
  snprintf(a->data_setting, sizeof a->data_setting, "data.file=%s", path);
  o->set[o->n_set++] = "data.source=npz";
  o->set[o->n_set++] = "data.sha256=";
  o->set[o->n_set++] = a->data_setting;
  return DF_OK;
}

/* whether a checkpoint is of this task, but its network or its windows have another size */
static bool has_other_size(const char* path, const df_config* config) {
  static const char* const sizes[] = {"net.", "window."};
  df_safetensors* file;
  if (df_safetensors_open(path, &file) != DF_OK) return false;
  const char* task = df_safetensors_metadata(file, "task.name");
  const df_config_key* keys;
  const int n = df_config_keys(&keys);
  bool other = false;
  for (int i = 0; i < n && task && strcmp(task, config->task_name) == 0; i++) {
    char value[DF_VALUE_MAX];
    const char* stored = df_safetensors_metadata(file, keys[i].name);
    df_config_value(config, i, value, sizeof value);
    for (size_t k = 0; k < 2 && stored; k++) {
      other = other || (strncmp(keys[i].name, sizes[k], strlen(sizes[k])) == 0 && strcmp(stored, value) != 0);
    }
  }
  df_safetensors_close(file);
  return other;
}

/* Weights fit the settings under which they were trained, of which a profile may set some. */
static df_status load_weights(const checkpoint_arguments* a, cell* c) {
  df_status status = a->method->load(c->instance, a->checkpoint);
  if (status != DF_E_MISMATCH) return status;
  char* message = format_text("%s", df_error_message());
  if (has_other_size(a->checkpoint, &c->task->config))
    status =
        df_fail(status,
                "%s in the profile %s: give the --profile and --set with which the checkpoint was trained, such as "
                "--profile smoke",
                message, a->common.profile);
  else
    status = df_fail(status, "%s", message);
  df_free(message);
  return status;
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
  DF_TRY(choose_data(a));
  DF_TRY(open_blas(&a->common));
  DF_TRY(cell_open(c, a->task, a->method, a->common.seeds[0], &a->common));
  if (a->data_file && c->config.eval_profile[0]) {
    return df_fail(DF_E_CONFIG,
                   "--data-file %s and eval.profile = %s both say what is measured: leave the option out, or set "
                   "eval.profile=",
                   a->data_file, c->config.eval_profile);
  }
  DF_TRY(cell_load(c));
  c->task->other_data = a->data_file != NULL;
  if (load) {
    a->stage = CHECKPOINT_WEIGHTS;
    DF_TRY(cell_create(c));
    if (reads) DF_TRY(load_weights(a, c));
  }
  a->stage = CHECKPOINT_OPEN;
  return DF_OK;
}

int checkpoint_failure(df_status status, const checkpoint_arguments* a) {
  if (status == DF_OK) return EXIT_DONE;
  const int code = a->stage == CHECKPOINT_TASK ? report_task_failure(status, a->task) : report_failure(status);
  return status == DF_E_NONFINITE && a->stage == CHECKPOINT_OPEN ? EXIT_INCOMPLETE : code;
}
