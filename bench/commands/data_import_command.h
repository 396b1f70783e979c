/* data_import_command.h: dynaflow data import SOURCE... --model M.xml --out DIR. */
#ifndef BENCH_COMMANDS_DATA_IMPORT_COMMAND_H
#define BENCH_COMMANDS_DATA_IMPORT_COMMAND_H

#include <stdbool.h>

#include "options.h"

typedef struct data_import_arguments {
  int n;
  const char** sources; /* [n] of argv; the list is owned */
  const char *out, *name;
  bool force, reference;
} data_import_arguments;

/* Writes the task folder and prints what was found and the next commands. Returns the exit code. */
int data_import_command(const data_import_arguments* a, const char* model, const options* opts);

#endif
