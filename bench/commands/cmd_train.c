/* cmd_train.c: dynaflow train TASK --method M --checkpoint FILE: trains one method and writes its weights. */
#include <stdio.h>

#include "cell.h"
#include "checkpoint_command.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "dynaflow/flow/method.h"
#include "dynaflow/sim/system.h"
#include "exit_code.h"
#include "stop.h"
#include "terminal.h"

/* creates the checkpoint's folder and tries to write there, so that a bad path is found before hours of training */
static df_status prepare(const char* path) {
  char* folder = df_path_folder(path);
  if (!folder) return DF_E_NOMEM;
  df_status status = df_dir_make(folder);
  df_free(folder);
  DF_TRY(status);
  if (df_file_exists(path)) return DF_OK;
  DF_TRY(df_file_write(path, "", 0));
  remove(path);
  return DF_OK;
}

int cmd_train(int argc, char** argv) {
  checkpoint_arguments a;
  checkpoint_parse(argc, argv,
                   "Trains one method on one task and writes a checkpoint.\n\n"
                   "Reads the task's model and demonstrations, which are generated if they are missing and the task "
                   "can. Writes FILE when training ends; kinematic_fm_idm also writes FILE.inverse. An interrupted "
                   "training writes nothing; `dynaflow run` resumes, this command starts again.\v"
                   "Exits with 0 when done, 2 on bad input or when a model or data file is missing, 3 when BLAS, or "
                   "its kernel, is not available or memory is exhausted, 130 when interrupted.",
                   false, &a);
  if (!(a.method->flags & DF_METHOD_TRAINS)) {
    return report_failure(df_fail(DF_E_CONFIG, "method %s has nothing to train", a.method->name));
  }
  /* train and save */
  stop_in_order();
  cell c;
  static df_training_log logs[DF_LOGS_MAX];
  int n = 0;
  df_status status = prepare(a.checkpoint);
  if (status != DF_OK) return report_failure(status);
  status = checkpoint_open(&a, false, &c);
  if (status == DF_OK) status = cell_train(&c, NULL, logs, &n);
  if (status == DF_OK) status = a.method->save(c.instance, a.checkpoint);
  cell_close(&c);
  if (status != DF_OK) return report_task_failure(status, a.task);
  /* print a summary of each network */
  for (int i = 0; i < n && !a.common.quiet; i++) {
    print_line(stdout,
               "%s: %ld steps, %zu parameters, last loss %.4f, %.1f CPU s, %ld windows diverged, %ld steps skipped",
               logs[i].name, logs[i].steps, logs[i].parameters, logs[i].n ? logs[i].loss[logs[i].n - 1] : 0.0,
               logs[i].cpu_s, logs[i].diverged, logs[i].skipped);
    const df_gradient_count* n_adjoints = &logs[i].adjoints;
    if (n_adjoints->approximate || n_adjoints->differenced) {
      print_line(stdout, "%s: adjoints of %ld simulated actions: %ld approximate, %ld by finite differences",
                 logs[i].name, n_adjoints->steps, n_adjoints->approximate, n_adjoints->differenced);
    }
  }
  return EXIT_DONE;
}
