/* checkpoint_command.h: the arguments that train, sample and eval share: one task, one method, one checkpoint. */
#ifndef BENCH_RUN_CHECKPOINT_COMMAND_H
#define BENCH_RUN_CHECKPOINT_COMMAND_H

#include "cell.h"
#include "dynaflow/flow/method.h"
#include "options.h"

/* how far a command on a checkpoint came */
typedef enum checkpoint_stage {
  CHECKPOINT_TASK,    /* opens the task: its model or data may be missing */
  CHECKPOINT_WEIGHTS, /* reads the checkpoint */
  CHECKPOINT_OPEN     /* trains, samples or evaluates */
} checkpoint_stage;

typedef struct checkpoint_arguments {
  options common;
  const char* task;
  const char* method_name;
  const df_method* method;
  bool writes;                /* train: the checkpoint is written, so that it names no method */
  const char* checkpoint;     /* train writes it, sample and eval read it; NULL only for methods that do not train */
  const char* out;            /* sample: the npz file, or NULL */
  bool no_data_check;         /* train: do not check the demonstrations */
  const char* log;            /* train: file for the points of the training; or NULL */
  bool resume;                /* train: save the training state, and continue from one that is there */
  double save_every;          /* train: seconds between two saved states; < 0: the default */
  const char* data_file;      /* sample and eval: other demonstrations than those of the task; or NULL */
  char data_setting[4200];    /* the setting that chooses them */
  int windows;                /* sample: number of windows; 0: eval.windows */
  int steps;                  /* sample: sampler steps K; 0: the last of eval.sampler_steps */
  const char *x0, *condition; /* sample: of a motion, or NULL */
  const char* csv;            /* sample: the CSV file, or NULL */
  double seconds;             /* sample: length of a motion; 0: windows */
  int replan;                 /* sample: actions executed of each window; 0: open loop */
  checkpoint_stage stage;     /* set by checkpoint_open() */
} checkpoint_arguments;

/* The parser of "TASK --method M --checkpoint FILE", a parser of argp for checkpoint_arguments; the options that it
 * knows in train, eval and sample; and the children of such a command: the common options. */
error_t checkpoint_argument(int key, char* value, struct argp_state* state);
extern const struct argp_option train_options[], eval_options[], sample_options[];
extern const struct argp_child checkpoint_children[];
#define CHECKPOINT_ARGP(option_table, text)                                                                        \
  {                                                                                                                \
    .options = (option_table), .parser = checkpoint_argument, .args_doc = "TASK", .children = checkpoint_children, \
    .doc = (text)                                                                                                  \
  }

/* Parses the arguments of such a command. One that does not write the checkpoint (`writes`) needs no --method: the
 * checkpoint names it. Wrong usage ends the program with exit code 2. */
void checkpoint_parse(const struct argp* parser, bool writes, int argc, char** argv, checkpoint_arguments* a);

/* Opens BLAS and the cell and loads the task. If `load` (sample and eval), also creates the instance and loads the
 * checkpoint, which methods that do not train do not need. Call cell_close() also after a failure. */
DF_MUST_CHECK df_status checkpoint_open(checkpoint_arguments* a, bool load, cell* c);

/* Reports the failure of a command on a checkpoint and returns its exit code: that of exit_code_of(), but
 * EXIT_INCOMPLETE for DF_E_NONFINITE at CHECKPOINT_OPEN: the command computed losses, weights or measures that are not
 * finite, for which `dynaflow run` has the same code; before, the input is at fault. If a file of the task is missing,
 * the message says how to fetch it. DF_OK: EXIT_DONE, without a message. */
int checkpoint_failure(df_status status, const checkpoint_arguments* a);

/* the end of the texts of --help */
#define CHECKPOINT_EXIT_CODES                                                                                      \
  "Exits with 0 when done, 2 on bad input, 3 when a file is missing, when training or evaluation gives no finite " \
  "number, when BLAS, or its kernel, is not available or memory is exhausted, 130 when interrupted."

#endif
