/* plan.h: the plan of a run: one cell per task, method and seed. */
#ifndef BENCH_RUN_PLAN_H
#define BENCH_RUN_PLAN_H

#include <stdbool.h>

#include "cell.h"
#include "dynaflow/core/hash.h"
#include "dynaflow/flow/method.h"
#include "methods.h"
#include "options.h"
#include "shard.h"
#include "store.h"

enum { PLAN_TASKS_MAX = 32, PLAN_CELLS_MAX = 4096 };

typedef struct planned_cell {
  const char* task; /* name or path, as given */
  const df_method* method;
  uint64_t seed;
  char key[DF_SHA256_TEXT], training_key[DF_SHA256_TEXT]; /* of the cell (cell.h); set by plan_keys() */
} planned_cell;

typedef struct plan {
  int n;
  planned_cell cell[PLAN_CELLS_MAX];
  const weights* weights; /* taken instead of training (weights.h); of the caller; NULL: none */
  bool check_data;        /* plan_check() checks the demonstrations of each task that a method trains on */
} plan;

/* the arguments that define a plan */
typedef struct plan_cfg {
  const options* opts; /* seeds, profile, --set */
  int n_tasks;
  const char* task[PLAN_TASKS_MAX];
  int n_methods; /* 0: task.methods of each task */
  const df_method* method[METHODS_KNOWN_MAX];
} plan_cfg;

/* Makes the cells, ordered by task, then seed, then method, which is also the order of reports. A task or method given
 * twice counts once. DF_E_CONFIG for a task without methods, an unknown method, or more than PLAN_CELLS_MAX cells. */
DF_MUST_CHECK df_status plan_make(const plan_cfg* cfg, plan* out);

/* Opens every cell of the whole plan, also if this process runs only a shard, for its key. So bad settings, models and
 * data are found before the first training, and two task files of one name (DF_E_CONFIG), and weights that a cell would
 * take but that p->weights lacks (DF_E_MISSING). *cells is a new reference for plan_append(); NULL on failure, when
 * *failed_task is the task at fault, or NULL if it is the weights. DF_E_INTERRUPTED once stop_flag is set. */
DF_MUST_CHECK df_status plan_keys(plan* p, const options* opts, const store* events, const char** failed_task,
                                  json_t** cells);

/* Appends a plan of these cells, objects with task, method, seed and key, unless the last recorded plan is the same; so
 * every folder shows which cells are missing. Call it after plan_check(), so that a refused plan is not recorded.
 * `cells` stays the caller's. Errors: those of store_append(). */
DF_MUST_CHECK df_status plan_append(const char* profile, json_t* cells, store* events);

/* plan_keys() and plan_append(). Errors of both. */
DF_MUST_CHECK df_status plan_record(plan* p, const options* opts, store* events, const char** failed_task);

/* cell_open() of cell i, after plan_keys(). DF_E_MISMATCH if its key is no longer the planned one, because its model,
 * data or settings have changed: its record would not be one of the plan. */
DF_MUST_CHECK df_status plan_open(const plan* p, int i, const options* opts, cell* c);

/* Whether cell i is of this shard and not done. */
bool plan_has_to_run(const plan* p, int i, shard part, const store* events);

/* Loads and creates a cell of each task and method that this process has to run and that is not done. If none of a task
 * can be created, because of a setting or its data, that is found here, before the first cell: the error is that of the
 * task's first cell, and *failed_task the task. If some cannot, a warning names their methods. DF_E_INTERRUPTED once
 * stop_flag is set. */
DF_MUST_CHECK df_status plan_check(const plan* p, shard part, const options* opts, const store* events,
                                   const char** failed_task);

/* ---- networks that several cells train (cell.h); after plan_keys() ---- */

/* The index of the network among those that the method names (df_method.networks); -1 if it is not among them. */
int plan_network(const df_method* method, const char* network);

/* Whether a cell of the plan other than `but` (-1: any) that is not done trains this network. */
bool plan_wants_network(const plan* p, int but, const char* training_key, const char* network, const store* events);

/* Removes the shared networks in the run's folder that no cell of the plan wants any more. Those that no cell of the
 * plan trains, of other settings or another plan, are kept as long as the folder has an unfinished training. */
void plan_drop_networks(const plan* p, const char* folder, const store* events);

#endif
