/* data_check_command.h: dynaflow data check TASK|FILE. */
#ifndef BENCH_COMMANDS_DATA_CHECK_COMMAND_H
#define BENCH_COMMANDS_DATA_CHECK_COMMAND_H

#include <stdbool.h>

#include "options.h"

typedef struct data_check_arguments {
  const char* model; /* --model: the target is a file of this model; NULL: it is a task */
  bool columns;      /* --columns */
} data_check_arguments;

/* Checks the demonstrations of a task, or a file, and prints what it found. Returns the exit code. */
int data_check_command(const char* target, const data_check_arguments* a, const options* opts);

#endif
