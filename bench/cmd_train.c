/* cmd_train.c: dynaflow train TASK --method M --checkpoint FILE */
#include <stdio.h>

#include "checkpoint_command.h"
#include "commands.h"
#include "failure.h"

int cmd_train(int argc, char** argv) {
  checkpoint_arguments a;
  checkpoint_parse(argc, argv, "Trains one method on one task and writes a checkpoint.", false, &a);
  if (!(a.method->flags & DF_METHOD_TRAINS)) {
    return report_failure(df_fail(DF_E_CONFIG, "method %s has nothing to train", a.method->name));
  }
  cell_catch_signals();
  cell c;
  static df_training_log logs[DF_LOGS_MAX];
  int n = 0;
  df_status status = checkpoint_open(&a, false, &c);
  if (status == DF_OK) status = cell_train(&c, logs, &n);
  if (status == DF_OK) status = a.method->save(c.instance, a.checkpoint);
  cell_close(&c);
  if (status != DF_OK) return report_task_failure(status, a.task);
  for (int i = 0; i < n && !a.common.quiet; i++) {
    printf("%s: %ld steps, %zu parameters, last loss %.4f, %.1f CPU s, %ld windows diverged, %ld steps skipped\n",
           logs[i].name, logs[i].steps, logs[i].parameters, logs[i].n ? logs[i].loss[logs[i].n - 1] : 0.0, logs[i].cpu_s,
           logs[i].diverged, logs[i].skipped);
  }
  return EXIT_DONE;
}
