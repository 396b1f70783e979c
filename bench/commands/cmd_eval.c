/* cmd_eval.c: dynaflow eval TASK --method M --checkpoint FILE: prints the metrics of a checkpoint. */
#include "cell.h"
#include "checkpoint_command.h"
#include "exit_code.h"
#include "job.h"
#include "rows.h"

int cmd_eval(int argc, char** argv) {
  checkpoint_arguments a;
  checkpoint_parse(argc, argv,
                   "Computes the metrics of a checkpoint on the task's held-out windows.\n\n"
                   "Reads the checkpoint and the task's model and demonstrations, and prints one row per metric and "
                   "number of sampler steps. Demonstrations that are missing are generated if the task can.\v"
                   "Exits with 0 when done, 2 on bad input or when a model or data file is missing, 3 when BLAS, or "
                   "its kernel, is not available or memory is exhausted, 130 when interrupted.",
                   false, &a);
  /* evaluate */
  cell c;
  evaluation result = {0};
  df_status status = checkpoint_open(&a, true, &c);
  if (status == DF_OK) status = cell_evaluate(&c, &result);
  /* print the rows with the fields that identify the cell */
  rows out = rows_new();
  size_t i;
  json_t* metric;
  json_array_foreach(result.rows, i, metric) {
    json_t* one = json_pack("{s:s,s:s,s:I,s:s}", "task", c.config.task_name, "method", a.method->name, "seed",
                            (json_int_t)c.seed, "profile", c.profile);
    json_object_update(one, metric);
    rows_add_object(&out, one);
  }
  cell_close(&c);
  if (status == DF_OK) rows_print(&out, &a.common);
  rows_free(&out);
  evaluation_clear(&result);
  return status == DF_OK ? EXIT_DONE : report_task_failure(status, a.task);
}
