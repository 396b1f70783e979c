/* import.h: a task folder from recordings and a model: `dynaflow data import`. */
#ifndef BENCH_IMPORT_IMPORT_H
#define BENCH_IMPORT_IMPORT_H

#include "import_work.h"

/* Recognises the recording, checks it, chooses the settings of the task, and writes the folder: task.yaml, the model
 * with its files, the recordings, expect.yaml, README.md. On failure no folder is left behind. Errors: those of
 * recognise(), df_recording_open(), df_recording_convert(), propose_task(), df_task_new(); DF_E_CONFIG for a folder
 * that exists or whose name is none of a task; DF_E_INTERRUPTED. */
DF_MUST_CHECK df_status import_task(const import_cfg* cfg, import_result* out);
void import_clear(import_result* r);

#endif
