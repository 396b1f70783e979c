/* import.h: a task folder from recordings and a model: `dynaflow data import`. */
#ifndef BENCH_IMPORT_IMPORT_H
#define BENCH_IMPORT_IMPORT_H

#include <stdbool.h>

#include "options.h"
#include "settings.h"

typedef struct import_cfg {
  int n;
  const char* const* sources; /* [n] files, patterns and folders */
  const char* model;          /* MJCF file */
  const char* out;            /* folder to write; its name is that of the task */
  bool force;                 /* replaces a task at `out` */
  bool reference;             /* the recordings stay where they are, and the task names their path */
  const options* opts;        /* --set: what cannot be guessed, or should not be */
} import_cfg;

/* what was found; free with import_clear() */
typedef struct import_result {
  settings found; /* of the task file */
  text notes;     /* lines: what was not found, left out or matched */
  bool imported;  /* the folder was written */
} import_result;

/* Recognises the recording, checks it, chooses the settings of the task, and writes the folder: task.yaml, the model
 * with its files, the recordings, README.md. On failure no folder is left behind. Errors: those of recognise(),
 * df_recording_open(), df_recording_convert(), propose_task(), df_task_new(); DF_E_CONFIG for a folder that exists or
 * whose name is none of a task; DF_E_INTERRUPTED. */
DF_MUST_CHECK df_status import_task(const import_cfg* cfg, import_result* out);
void import_clear(import_result* r);

#endif
