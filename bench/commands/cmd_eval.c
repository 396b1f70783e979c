/* cmd_eval.c: dynaflow eval TASK --method M --checkpoint FILE: prints the metrics of a checkpoint. */
#include <jansson.h>

#include "cell.h"
#include "checkpoint_command.h"
#include "commands.h"
#include "dynaflow/core/alloc.h"
#include "job.h"
#include "json.h"
#include "notes.h"
#include "rows.h"
#include "text.h"

const struct argp eval_argp =
    CHECKPOINT_ARGP(eval_options,
                    "Computes the metrics of a checkpoint on the task's held-out windows.\n\n"
                    "Reads the checkpoint and the task's model and demonstrations, and prints one row per metric and "
                    "number of sampler steps. Demonstrations that are missing are generated if the task can.\v"
                    "A metric without any finite value is an error. A method that is worse than random actions on the "
                    "same windows is reported on standard error.\n\n" CHECKPOINT_EXIT_CODES);

static void note_other_data(json_t* notes, const char* file, int windows) {
  char* words = format_text(
      "measured on %d windows of %s instead of the task's demonstrations; errors are in units of "
      "the training data",
      windows, file);
  json_array_append_new(notes, json_text(words));
  df_free(words);
}

int cmd_eval(int argc, char** argv) {
  checkpoint_arguments a;
  checkpoint_parse(&eval_argp, false, argc, argv, &a);
  /* evaluate */
  cell c;
  evaluation result = {0};
  df_status status = checkpoint_open(&a, true, &c);
  json_t *diagnostics = NULL, *notes = json_array();
  if (status == DF_OK) status = cell_diagnose(&c, NULL, &diagnostics);
  json_decref(diagnostics);
  if (status == DF_OK) status = cell_evaluate(&c, &result);
  /* print the rows with the fields that identify the cell */
  rows out = rows_new();
  size_t i;
  json_t* metric;
  json_array_foreach(result.rows, i, metric) {
    json_t* one = json_pack("{s:s,s:s,s:I,s:s}", "task", c.config.task_name, "method", a.method->name, "seed",
                            (json_int_t)c.seed, "profile", c.profile);
    json_object_update(one, metric);
    if (a.data_file) json_object_set_new(one, "data_file", json_text(a.data_file));
    if (a.data_file) json_object_set_new(one, "data_sha256", json_string(c.data_sha256));
    rows_add_object(&out, one);
  }
  /* notes on standard error */
  if (status == DF_OK) cell_note_floor(&c, &result, notes);
  if (status == DF_OK && a.data_file) note_other_data(notes, a.data_file, c.set->B);
  if (!a.common.quiet) notes_print(notes, 0, a.task);
  json_decref(notes);
  cell_close(&c);
  if (status == DF_OK) rows_print(&out, &a.common);
  rows_free(&out);
  evaluation_clear(&result);
  return checkpoint_failure(status, &a);
}
