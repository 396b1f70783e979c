/* cell.h: one cell of a plan: one method on one task with one seed, from its settings to its record.
 *
 * Order of use: cell_open, cell_load, then cell_create or cell_train, then cell_evaluate; or cell_open and cell_run,
 * which does all the rest. cell_close releases the cell at any point. */
#ifndef BENCH_RUN_CELL_H
#define BENCH_RUN_CELL_H

#include <jansson.h>
#include <stdbool.h>

#include "dynaflow/config/config.h"
#include "dynaflow/config/search.h"
#include "dynaflow/core/hash.h"
#include "dynaflow/data/task.h"
#include "dynaflow/flow/method.h"
#include "dynaflow/flow/ranks.h"
#include "eval_data.h"
#include "eval_set.h"
#include "job.h"
#include "options.h"
#include "outcome.h"
#include "stop.h"
#include "store.h"
#include "training_log.h"
#include "weights.h"

struct cell;

/* samples that are given instead of those of a trained method (bench/score) */
typedef struct cell_given {
  /* Called by cell_load() with the held-out windows in c->set, which it may replace; sets `motion` and `record`, and
   * appends to `notes`. */
  df_status (*attach)(struct cell* c, struct cell_given* given);
  eval_given motion; /* chains that can be measured */
  json_t* record;    /* "trajectories" of the record; owned */
  json_t* notes;     /* array of notes for the record; owned */
} cell_given;

/* A method on its task, with everything that training, sampling and evaluation need. */
typedef struct cell {
  const options* opts; /* of the caller; must outlive the cell */
  const df_method* method;
  uint64_t seed;
  const char* argument;     /* the task as given to cell_open(); of the caller */
  df_ranks* ranks;          /* those that train with this process (follow.h); of the caller; NULL: it is alone */
  double save_every;        /* seconds between two saved training states, from which training can resume */
  const char* checkpoint;   /* the file that cell_run() or the caller writes the weights to: copies are named after it
                               (monitor.h); NULL: no copies */
  const char* event_folder; /* of the files for TensorBoard, set by cell_run(); NULL: none */
  stop_limits limits;       /* of cell_run(); all 0: none */
  bool store_samples;       /* cell_run() also writes cell_samples_path() (calls.h) */
  training_log* log;        /* receives the points of the training; of the caller; NULL: none */
  cell_given* given;        /* NULL: the method samples */
  const weights* weights;   /* cell_run() takes those of this run instead of training; of the caller; NULL: none */
  eval_calls* calls;        /* receives the calls of cell_evaluate(); NULL: they are not kept */
  char profile[DF_NAME_MAX];
  df_config config;
  df_search search;
  char* data_path;                      /* file of the demonstrations */
  char* model_list;                     /* of the model that cell_open() compiled: members of df_model_identity */
  char model_sha256[DF_SHA256_TEXT];    /* `files` */
  char compiled_sha256[DF_SHA256_TEXT]; /* `compiled`, part of the key */
  char data_sha256[DF_SHA256_TEXT];
  char key[DF_SHA256_TEXT];
  char training_key[DF_SHA256_TEXT]; /* KEY_TRAINING without the method: with its name, identifies a trained network */
  bool shared[DF_LOGS_MAX];          /* whether a cell that is not done trains the method's network i, too */
  char name[160];                    /* "my_task dynaflow seed 1", for messages */
  char position[32];                 /* "cell 2 of 7: " in a plan, "" elsewhere; for messages */
  df_task* task;                     /* NULL until cell_load() */
  eval_data eval_data;               /* of eval.profile; zeros without */
  const df_task* measured;           /* whose held-out windows are measured: `task`, or that of eval_data; NULL until
                                        cell_load() */
  eval_set* set;                     /* held-out windows; NULL until cell_load() */
  void* instance;                    /* of the method; NULL until cell_create() or cell_train() */
  const json_t* task_notes;          /* of cell_note_task(), not owned; NULL before */
  size_t n_task_notes;               /* how many of the notes of the record are known, and printed, before training */
  char* claim;                       /* path of the lock file of cell_claim(); NULL: not claimed */
  int claim_fd;
} cell;

/* Resolves the settings of `task` (name or path) for the method, finds or generates the demonstrations, compiles the
 * model and computes the key; the demonstrations are hashed, not parsed. Errors of resolve_task(), task_data_path(),
 * df_task_system(). c->name is set, and cell_close() must be called, also after a failure. */
DF_MUST_CHECK df_status cell_open(cell* c, const char* task, const df_method* method, uint64_t seed,
                                  const options* opts);
/* Releases everything that the cell owns, including its claim. A zeroed cell is allowed. */
void cell_close(cell* c);

/* The record of the weights that the cell takes from a run instead of training: weights_find(). */
DF_MUST_CHECK df_status cell_find_weights(const cell* c, const weights* from, const json_t** record);

/* Reads model and data, also those of eval.profile, and draws the held-out windows. DF_E_CONFIG if the method needs
 * actions and the data have none, or if a setting of the evaluation does not fit the model; DF_E_MISMATCH if model or
 * data have changed since cell_open(); other errors of df_task_new(), eval_data_load() and eval_set_new(). */
DF_MUST_CHECK df_status cell_load(cell* c);

/* Creates the method's instance, untrained. Requires cell_load(), as do the functions below. */
DF_MUST_CHECK df_status cell_create(cell* c);

/* Creates and trains the instance, with a monitor (monitor.h); for a method without training the same as cell_create().
 * `state_folder` (may be NULL) is an existing folder in which the training state is saved every c->save_every seconds;
 * a state found there is resumed. logs [DF_LOGS_MAX] receives one log per trained network, *n_logs their number.
 * DF_E_INTERRUPTED once stop_flag is set; DF_E_NONFINITE if the last loss, or the gradient of every step, is not
 * finite; other errors of the method. */
DF_MUST_CHECK df_status cell_train(cell* c, const char* state_folder, df_training_log* logs, int* n_logs);

/* Measures the instance's diagnostics (diagnostics.h), if it has any, and prints the verdict of each gate on standard
 * error, unless quiet; appends a note for each gate that failed to `notes` (NULL: none). *out is a new reference, NULL
 * without diagnostics. To be called before cell_evaluate(). Errors: those of diagnose(). */
DF_MUST_CHECK df_status cell_diagnose(const cell* c, json_t* notes, json_t** out);

/* Evaluates the instance by the protocol of evaluate.h; errors and ownership of *out as there. Also DF_E_NONFINITE if a
 * metric has no finite value; *out then holds the results, too. */
DF_MUST_CHECK df_status cell_evaluate(cell* c, evaluation* out);

/* Appends the notes on the task of a method that trains (task_notes.h, task_growth.h) to the empty array `notes`, which
 * must outlive the training: cell_train() prints them on standard error. Requires cell_load(). */
void cell_note_task(cell* c, json_t* notes);

/* Appends a note (notes.h) to the array `notes` for every number of sampler steps with which the method is worse than
 * random actions. */
void cell_note_floor(const cell* c, const evaluation* result, json_t* notes);

typedef struct cell_end {
  cell_outcome outcome;
  df_status status; /* of the step that failed; DF_OK when done */
  char reason[512]; /* why the cell is not done; "" when done or when a signal interrupted it without a message */
} cell_end;

/* Loads, trains, or takes the weights of c->weights, and evaluates an opened cell within its limits and appends its
 * record to the store, however the cell ended, which *end describes. Weights are written to <folder>/checkpoints/,
 * training states to cell_state_folder(). Fails only if the record cannot be made or written. */
DF_MUST_CHECK df_status cell_run(cell* c, const char* folder, store* events, cell_end* end);

/* the clocks when a cell began */
typedef struct cell_start {
  double wall, cpu; /* df_clock_wall(), df_clock_cpu() */
} cell_start;

/* Completes the record of a cell by how it ended, seals it and appends it to the store. Errors: those of record_seal()
 * and store_append(). */
DF_MUST_CHECK df_status cell_store(json_t* record, const cell_start* start, const stop_limits* limits,
                                   const cell_end* end, store* events);

/* Every setting as text, the "config" of a record; a new reference. */
json_t* cell_config(const df_config* config);

/* <folder>/samples/<first 16 digits of the key>.npz; the caller releases it with df_free(). */
char* cell_samples_path(const cell* c, const char* folder);

/* ---- cell_state.c: the folder of the saved training states of an unfinished cell, and its lock ---- */

/* <folder>/training/<first 16 digits of the key>; the caller releases it with df_free(). NULL without memory. */
char* cell_state_folder(const cell* c, const char* folder);

/* Locks the cell, so that no other process works on it in the same folder at the same time. *taken is false if another
 * process holds the lock. DF_E_IO if the lock file cannot be opened or locked, DF_E_NOMEM. cell_release() or
 * cell_close() unlocks it; both do nothing for a cell that is not claimed. */
DF_MUST_CHECK df_status cell_claim(cell* c, const char* folder, bool* taken);
void cell_release(cell* c);

/* Removes the saved training states, which are not needed once the cell is recorded as done; that of a network with
 * c->shared is moved to shared_network_path(). Does nothing if another process has claimed the cell. On return this
 * process may hold the claim. */
void cell_forget_training(cell* c, const char* folder);

/* ---- networks that several methods train (df_method.networks) ----
 *
 * The state at the end of a training holds weights and log. Another cell of the run that trains the same network
 * continues from it, at its end, and therefore ends with the same bytes as by training. */

/* The file of a shared network, <first 16 digits of the training key>-<network>.state, and its path in
 * <folder>/training/shared/. New strings. */
char* shared_network_file(const char* training_key, const char* network);
char* shared_network_path(const char* folder, const char* training_key, const char* network);

/* Links the shared states of the method's networks into `state_folder`, unless it has a state of the network. */
void cell_take_networks(const cell* c, const char* folder, const char* state_folder);

/* Whether the network's state in `state_folder` was taken from another cell and no step was added to it since. */
bool network_is_taken(const char* state_folder, const char* network);

/* Notes that a step of the network was computed here. */
void network_is_trained(const char* state_folder, const char* network);

#endif
