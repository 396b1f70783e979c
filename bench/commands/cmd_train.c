/* cmd_train.c: dynaflow train TASK --method M --checkpoint FILE: trains one method and writes its weights. */
#define _XOPEN_SOURCE 700
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "cell.h"
#include "checked_data.h"
#include "checkpoint_command.h"
#include "commands.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "dynaflow/flow/method.h"
#include "dynaflow/sim/system.h"
#include "exit_code.h"
#include "follow.h"
#include "json.h"
#include "notes.h"
#include "rows.h"
#include "stop.h"
#include "terminal.h"
#include "text.h"
#include "training_log.h"

static void add_notes(const df_training_log* log, json_t* notes) {
  int first = 0; /* the point after a horizon curriculum */
  while (log->whole_from > 0 && first < log->n && log->step[first] <= log->whole_from) first++;
  note_loss(notes, log->name, log->n - first, log->loss + first);
  note_skipped(notes, log->name, log->steps, log->skipped);
}

static void print_notes(int n, const df_training_log* logs, const checkpoint_arguments* a) {
  json_t* notes = json_array();
  for (int i = 0; i < n; i++) add_notes(&logs[i], notes);
  if (!a->common.quiet) notes_print(notes, 0, a->task);
  json_decref(notes);
}

/* the validation loss of the weights that are kept; NaN if there is none */
static double validation_loss(const df_training_log* log) {
  for (int i = 0; i < log->n_validation; i++) {
    if (log->validation_step[i] == log->kept) return log->validation_loss[i];
  }
  return NAN;
}

/* prints one row per network, with the notes on the task and on its loss */
static void print_rows(int n, const df_training_log* logs, const checkpoint_arguments* a, json_t* task_notes) {
  rows out = rows_new();
  for (int i = 0; i < n; i++) {
    const df_training_log* log = &logs[i];
    json_t* notes = json_copy(task_notes);
    add_notes(log, notes);
    json_t* line = json_pack(
        "{s:s,s:s,s:I,s:s,s:s,s:s,s:I,s:I,s:o,s:f,s:I,s:I,s:{s:I,s:I,s:I},s:o}", "task", a->task, "method",
        a->method->name, "seed", (json_int_t)a->common.seeds[0], "profile", a->common.profile, "network", log->name,
        "checkpoint", a->checkpoint, "steps", (json_int_t)log->steps, "parameters", (json_int_t)log->parameters, "loss",
        json_number(log->n ? log->loss[log->n - 1] : NAN), "cpu_s", log->cpu_s, "diverged", (json_int_t)log->diverged,
        "skipped", (json_int_t)log->skipped, "adjoints", "steps", (json_int_t)log->adjoints.steps, "approximate",
        (json_int_t)log->adjoints.approximate, "differenced", (json_int_t)log->adjoints.differenced, "notes", notes);
    if (!isnan(log->residual)) {
      json_object_set_new(line, "residual", json_real(log->residual));
      json_object_set_new(line, "residual_share", json_number(log->residual_share));
    }
    if (log->n_validation) {
      json_object_set_new(line, "validation_loss", json_number(validation_loss(log)));
      json_object_set_new(line, "kept", json_integer(log->kept));
    }
    rows_add_object(&out, line);
  }
  rows_print(&out, &a->common);
  rows_free(&out);
}

const struct argp train_argp =
    CHECKPOINT_ARGP(train_options,
                    "Trains one method on one task and writes a checkpoint.\n\n"
                    "Reads the task's model and demonstrations, which are generated if they are missing and the task "
                    "can. Writes FILE when training ends; kinematic_fm_idm also writes FILE.inverse, dap "
                    "FILE.dynamics. An interrupted training writes no FILE. With --resume, the same command continues "
                    "it; without, it starts "
                    "again.\v"
                    "A training whose last loss, or the gradient of every step, is not finite writes nothing. A loss "
                    "that rises, or ends above its start, is reported on standard error.\n\n" CHECKPOINT_EXIT_CODES);

/* Trains with the state in <folder>/training/, as `run` keeps it in the folder of a run; it is removed once the weights
 * are written. */
static df_status train_resumed(cell* c, const char* folder, df_training_log* logs, int* n) {
  bool claimed;
  DF_TRY(cell_claim(c, folder, &claimed));
  char* state = cell_state_folder(c, folder);
  df_status status = claimed ? DF_OK : df_fail(DF_E_IO, "%s: locked by another process, which trains with it", state);
  if (status == DF_OK) status = cell_train(c, state, logs, n);
  if (status == DF_OK) status = c->method->save(c->instance, c->checkpoint);
  if (status == DF_OK) cell_forget_training(c, folder);
  df_free(state);
  return status;
}

static df_status train_and_save(cell* c, const checkpoint_arguments* a, df_training_log* logs, int* n) {
  c->checkpoint = a->checkpoint;
  if (a->save_every >= 0) c->save_every = a->save_every;
  if (!a->resume) {
    DF_TRY(cell_train(c, NULL, logs, n));
    return a->method->save(c->instance, a->checkpoint);
  }
  char* folder = df_path_folder(a->checkpoint);
  const df_status status = folder ? train_resumed(c, folder, logs, n) : DF_E_NOMEM;
  df_free(folder);
  return status;
}

/* trains at rank 0 */
static int lead(void* arguments, df_ranks* ranks) {
  checkpoint_arguments a = *(const checkpoint_arguments*)arguments;
  if (!(a.method->flags & DF_METHOD_TRAINS)) {
    return report_failure(df_fail(DF_E_CONFIG, "method %s has nothing to train", a.method->name));
  }
  /* train and save */
  stop_in_order();
  cell c;
  static df_training_log logs[DF_LOGS_MAX];
  int n = 0;
  training_log* log = NULL;
  df_status status = expect_two_files("--checkpoint", a.checkpoint, "--log", a.log);
  if (status == DF_OK) status = text_prepare_output(a.checkpoint);
  if (status == DF_OK && a.log) status = training_log_open(a.log, "step", &log);
  if (status != DF_OK) return report_failure(status);
  json_t* notes = json_array();
  status = checkpoint_open(&a, false, &c);
  c.log = log;
  c.ranks = ranks;
  if (status == DF_OK && !a.no_data_check) status = check_cell_data(&c);
  if (status == DF_OK) cell_note_task(&c, notes);
  if (status == DF_OK) status = train_and_save(&c, &a, logs, &n);
  cell_close(&c);
  training_log_close(log);
  if (status != DF_OK) {
    json_decref(notes);
    return checkpoint_failure(status, &a);
  }
  print_notes(n, logs, &a);
  if (a.common.json) print_rows(n, logs, &a, notes);
  json_decref(notes);
  if (a.common.json) return EXIT_DONE;
  /* print a summary of each network */
  for (int i = 0; i < n && !a.common.quiet; i++) {
    print_line(stdout,
               "%s: %ld steps, %zu parameters, last loss %.4f, %.1f CPU s, %ld windows diverged, %ld steps skipped",
               logs[i].name, logs[i].steps, logs[i].parameters, logs[i].n ? logs[i].loss[logs[i].n - 1] : 0.0,
               logs[i].cpu_s, logs[i].diverged, logs[i].skipped);
    if (logs[i].n_validation) {
      print_line(stdout, "%s: validation loss %.4f on %d windows, of the weights that are kept, of step %ld",
                 logs[i].name, validation_loss(&logs[i]), logs[i].validation_windows, logs[i].kept);
    }
    const df_gradient_count* n_adjoints = &logs[i].adjoints;
    if (n_adjoints->approximate || n_adjoints->differenced) {
      print_line(stdout, "%s: adjoints of %ld simulated actions: %ld approximate, %ld by finite differences",
                 logs[i].name, n_adjoints->steps, n_adjoints->approximate, n_adjoints->differenced);
    }
  }
  return EXIT_DONE;
}

int cmd_train(int argc, char** argv) {
  checkpoint_arguments a;
  checkpoint_parse(&train_argp, true, argc, argv, &a);
  return run_shared(&a.common, (shard){0}, lead, &a);
}
