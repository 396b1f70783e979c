/* plan.h: what a run sets out to do: tasks x methods x seeds, a cell each. */
#ifndef BENCH_PLAN_H
#define BENCH_PLAN_H

#include "cell.h"
#include "dynaflow/flow/method.h"
#include "methods.h"
#include "options.h"
#include "store.h"

enum { PLAN_TASKS_MAX = 32, PLAN_CELLS_MAX = 4096 };

typedef struct planned_cell {
  const char* task;
  const df_method* method;
  uint64_t seed;
} planned_cell;

typedef struct plan {
  int n;
  planned_cell cell[PLAN_CELLS_MAX];
} plan;

/* what is asked for */
typedef struct plan_cfg {
  const options* opts; /* seeds, profile, settings */
  int n_tasks;
  const char* task[PLAN_TASKS_MAX];
  int n_methods; /* 0: those that each task names */
  const df_method* method[METHODS_KNOWN_MAX];
} plan_cfg;

/* The cells, tasks first, then seeds, then methods: the order of everything that is shown of the run. */
DF_MUST_CHECK df_status plan_make(const plan_cfg* cfg, plan* out);

/* Writes what is about to be done, all of it even where a process runs a shard, unless it stands there already: so it
 * is known of every folder how much is missing. Every cell is opened for its key, so bad settings, models and data are
 * found before the first one trains; *failed_task is the one at fault. */
DF_MUST_CHECK df_status plan_record(const plan* p, const options* opts, store* events, const char** failed_task);

#endif
