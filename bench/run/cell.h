/* cell.h: one cell of a plan: one method on one task with one seed, from settings to a record. */
#ifndef BENCH_CELL_H
#define BENCH_CELL_H

#include <stdbool.h>

#include "dynaflow/config/config.h"
#include "dynaflow/config/search.h"
#include "dynaflow/core/hash.h"
#include "dynaflow/data/task.h"
#include "dynaflow/flow/method.h"
#include "job.h"
#include "options.h"
#include "outcome.h"
#include "stop.h"
#include "store.h"

/* A method set up on its task: everything that training, sampling and evaluation need. */
typedef struct cell {
  const options* opts;
  const df_method* method;
  uint64_t seed;
  double save_every;  /* s between two states of a training that can be taken up again */
  stop_limits limits; /* of cell_run */
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
  char* claim;    /* lock file of cell_claim; NULL: not claimed */
  int claim_fd;
} cell;

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

typedef struct cell_end {
  cell_outcome outcome;
  df_status status; /* what failed */
  char reason[512]; /* "" when done */
} cell_end;

/* Loads, trains and evaluates the cell within its limits and appends its record, however it ended, to the store; the
 * checkpoint goes to <folder>/checkpoints/. Fails only when the record could not be written. */
DF_MUST_CHECK df_status cell_run(cell* c, const char* folder, store* events, cell_end* end);

/* ---- cell_state.c: the folder in which an unfinished training waits to be taken up again ---- */

/* <folder>/training/<start of the key>, in memory of df_alloc. */
char* cell_state_folder(const cell* c, const char* folder);

/* Takes the cell for this process, so that no other one works at it in the same folder at the same time; cell_release,
 * or cell_close, gives it back. *taken is false when another process has it. */
DF_MUST_CHECK df_status cell_claim(cell* c, const char* folder, bool* taken);
void cell_release(cell* c);

/* Removes what a training left there, unless another process has the cell: nothing needs it once the cell is recorded
 * as done. */
void cell_forget_training(cell* c, const char* folder);

#endif
