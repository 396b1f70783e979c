/* cell.h: one cell of a plan: one method on one task with one seed, from settings to a record. */
#ifndef BENCH_CELL_H
#define BENCH_CELL_H

#include <signal.h>

#include "evaluate.h"
#include "key.h"
#include "methods.h"
#include "options.h"
#include "store.h"

/* A method set up on its task: everything that training, sampling and evaluation need. */
typedef struct cell {
  const options* opts;
  const df_method* method;
  uint64_t seed;
  double save_every; /* s between two states of a training that can be taken up again */
  char profile[DF_NAME_MAX];
  df_config config;
  df_search search;
  char* data_path;                      /* of the demonstrations */
  char model_sha256[DF_SHA256_TEXT];    /* of the model's file */
  char compiled_sha256[DF_SHA256_TEXT]; /* of what it compiles to, included files and all: this one is in the key */
  char data_sha256[DF_SHA256_TEXT];
  char key[DF_SHA256_TEXT];
  df_task* task;  /* NULL until cell_load */
  eval_set* set;  /* held-out windows; NULL until cell_load */
  void* instance; /* NULL until cell_create or cell_train */
} cell;

/* set by SIGINT and SIGTERM once cell_catch_signals() was called; training stops soon after */
extern volatile sig_atomic_t cell_stop;
void cell_catch_signals(void);

/* Resolves the settings, finds or generates the demonstrations and computes the key, without reading the data.
 * cell_close it, also after a failure. */
DF_MUST_CHECK df_status cell_open(cell* c, const char* task, const df_method* method, uint64_t seed,
                                  const options* opts);
void cell_close(cell* c);

/* Reads model and data and draws the held-out windows. */
DF_MUST_CHECK df_status cell_load(cell* c);

/* Makes the method's instance; the task must be loaded, as for all that follows. */
DF_MUST_CHECK df_status cell_create(cell* c);

/* Trains the instance with a progress bar; with a state folder (may be NULL) it takes up what is there. */
DF_MUST_CHECK df_status cell_train(cell* c, const char* state_folder, df_training_log* logs, int* n_logs);

/* Evaluates the instance under the protocol of evaluate.h. */
DF_MUST_CHECK df_status cell_evaluate(cell* c, evaluation* out);

/* Loads, trains and evaluates the cell and appends its record to the store, with status done, error or interrupted; the
 * checkpoint goes to <folder>/checkpoints/. Returns what happened; a failure is recorded, too. */
DF_MUST_CHECK df_status cell_run(cell* c, const char* folder, store* events);

/* Removes what an unfinished training left in the run's folder: nothing needs it once the cell is recorded as done. */
void cell_forget_training(const cell* c, const char* folder);

#endif
