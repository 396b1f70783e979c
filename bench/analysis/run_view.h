/* run_view.h: a run as its tables, figures and verdicts see it: the cells of its plan with their latest records, in
 * groups that are compared. Everything is derived from the run's records; cells keep the order of the plan, whichever
 * file or process recorded them. */
#ifndef BENCH_RUN_VIEW_H
#define BENCH_RUN_VIEW_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "store.h"
#include "text.h"

enum { GROUPS_MAX = 32, METHODS_MAX = 24, STEPS_MAX = 16, SEED_VALUES_MAX = 64, METRICS_MAX = 96 };

/* One cell of the plan with its latest record; `record` is NULL before there is one. */
typedef struct run_cell {
  const char *task, *method, *profile;
  int64_t seed;
  const char* key; /* from the latest plan that names the cell: records of other settings are ignored; "": any */
  const json_t* record;
  bool done;
} run_cell;

/* The cells of one task and profile: what is compared with each other. */
typedef struct run_group {
  const char *task, *profile;
  const char* file; /* prefix of the group's file names; owned by the run_view */
  int n_methods;
  const char* methods[METHODS_MAX];
  int n_k; /* numbers of sampler steps K that occur, ascending; {0} where no method has any */
  int k[STEPS_MAX];
  int n_metrics; /* in order of appearance */
  const char* metrics[METRICS_MAX];
  int cells, done;
} run_group;

typedef struct run_view {
  store* source;
  char* name; /* last part of the folder's path */
  int n_cells;
  run_cell* cells;
  int n_groups;
  run_group groups[GROUPS_MAX];
} run_view;

/* Reads a run's folder, the record files of all shards. DF_E_MISSING without a record file; DF_E_FORMAT as
 * store_read(). run_view_clear it, also after a failure. */
DF_MUST_CHECK df_status run_view_new(const char* folder, run_view* out);
void run_view_clear(run_view* r);

/* Appends the names, separated by commas, of task, data and evaluation settings in which done cells of the group
 * differ: such numbers do not compare. Appends nothing if there are none. */
void run_differences(const run_view* r, const run_group* g, text* out);

/* Whether every method of a comparison must have the same value of a setting, given by name ("eval.windows"). */
bool setting_is_shared(const char* name);

bool run_in_group(const run_group* g, const run_cell* c);

/* Appends which cells are planned and not done, with the reason: "go1_gaits full dap seed 3 (not run), ...". `g` and
 * `method` narrow it down and are then not repeated; NULL: all. Returns how many there are; the first 8 are named. */
int run_missing(const run_view* r, const run_group* g, const char* method, text* out);

/* The first done cell of a method (lowest seed), or NULL. */
const run_cell* run_example(const run_view* r, const run_group* g, const char* method);

#endif
