/* checkpoint_command.h: what train, sample and eval share: one task, one method, one checkpoint. */
#ifndef BENCH_CHECKPOINT_COMMAND_H
#define BENCH_CHECKPOINT_COMMAND_H

#include "cell.h"
#include "dynaflow/flow/method.h"
#include "options.h"

typedef struct checkpoint_arguments {
  options common;
  const char* task;
  const char* method_name;
  const df_method* method;
  const char* checkpoint; /* train writes it, sample and eval read it */
  const char* out;        /* sample: the npz */
  int windows;            /* sample: how many */
  int steps;              /* sample: K */
} checkpoint_arguments;

/* Parses "TASK --method M --checkpoint FILE" and the common options; ends the program on wrong usage. */
void checkpoint_parse(int argc, char** argv, const char* doc, bool samples, checkpoint_arguments* a);

/* Opens the cell and, for sample and eval, creates the instance and loads the checkpoint (methods that do not train
 * need none). */
DF_MUST_CHECK df_status checkpoint_open(const checkpoint_arguments* a, bool load, cell* c);

#endif
