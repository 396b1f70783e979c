/* expert_record.h: the training of a policy as a cell of a run: its key, its files and what its record has. The record
 * is that of any method (results/schema.json), with walks in the place of windows. */
#ifndef BENCH_EXPERT_EXPERT_RECORD_H
#define BENCH_EXPERT_EXPERT_RECORD_H

#include <jansson.h>

#include "expert_trials.h"
#include "options.h"

/* seed of the walks of all cells, so that every policy starts in the same states under the same commands */
enum { EXPERT_WALKS_SEED = 0 };

typedef struct expert_cell {
  const expert_task* task; /* of the caller, as opts */
  const options* opts;
  uint64_t seed;
  trials_cfg cfg;           /* what the policy is tried on */
  char method[DF_NAME_MAX]; /* experts.h */
  char trials[256];         /* cfg as text, and of an imitation the hash of its clips; part of the key */
  char key[DF_SHA256_TEXT];
  char name[160];   /* "my_task SHAC seed 1", for messages */
  char* state;      /* folder of the training's state and log, which are needed until the record is written; owned */
  char* checkpoint; /* path of the weights; owned */
} expert_cell;

/* Fills *out for a run in `folder`; cfg->seed is EXPERT_WALKS_SEED. Errors: those of cell_key(). Call
 * expert_cell_clear(), also after a failure. */
DF_MUST_CHECK df_status expert_cell_open(const expert_task* task, const options* opts, uint64_t seed,
                                         const trials_cfg* cfg, const char* folder, expert_cell* out);
void expert_cell_clear(expert_cell* c);

/* The cell as one of a plan (plan_append()); a new reference. */
json_t* expert_cell_planned(const expert_cell* c);

/* The path of the training's state and that of its log (training_log.h); new strings. */
char* expert_cell_state(const expert_cell* c);
char* expert_cell_log(const expert_cell* c);

/* Removes both, and their folder if it is empty. */
void expert_cell_forget(const expert_cell* c);

/* A record that begins now, with task, settings, model and machine; a new reference. */
json_t* expert_record_new(const expert_cell* c);

/* Adds the training: checkpoint, which it writes below `folder`, work and learning curve, which it reads from the log.
 * DF_E_FORMAT if the log lacks an update, as after a crash of the machine; it is removed with the state, so that the
 * next attempt trains anew. Other errors: those of expert_checkpoint_write(). */
DF_MUST_CHECK df_status expert_record_training(const expert_cell* c, const df_expert* expert, const char* folder,
                                               json_t* record);

/* Adds the walks of the policy: rows of all of them and per gait, and their values. Errors: those of expert_walk() and
 * statistics.h; DF_E_NONFINITE if no walk has a finite reward. */
DF_MUST_CHECK df_status expert_record_walks(const expert_cell* c, const df_expert* expert, json_t* record);

#endif
