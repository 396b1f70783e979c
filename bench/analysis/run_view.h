/* run_view.h: the view of a run that tables, figures and verdicts share: the cells of its plan with their latest
 * records, in groups of cells that are compared with each other. Everything is derived from the records. Cells are in
 * the order of the plan, whichever file or process recorded them. */
#ifndef BENCH_ANALYSIS_RUN_VIEW_H
#define BENCH_ANALYSIS_RUN_VIEW_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "store.h"
#include "text.h"

/* One cell of the plan with its latest record. Strings, and the record unless it has rows that are left out, belong to
 * the store. */
typedef struct run_cell {
  const char *task, *method, *profile;
  int64_t seed;
  const char* key;      /* from the latest plan that contains the cell, records with another key are ignored; "": any */
  const json_t* record; /* NULL: none yet. A done record is kept over a later one that is not done. Rows of metrics that
                           the task does not define (metric_needs.h) are left out */
  json_t* own;          /* `record` without such rows, owned by the run_view; NULL: the store's is as it should be */
  bool done;            /* the status of `record` is "done" */
} run_cell;

/* The cells of one task and profile, either experts (experts.h) or other methods, which are compared with each other.
 * The arrays hold as many entries as the records have; the run_view owns them. */
typedef struct run_group {
  const char *task, *profile;
  bool experts;
  const char* file; /* of "<task>-<profile>", of experts with "-experts", by file_name_of(); owned by the run_view */
  int n_methods;
  const char** methods;
  int n_k; /* the numbers of sampler steps K in the records, ascending; {0} if no method has a sampler */
  int* k;
  int n_metrics; /* in order of first appearance */
  const char** metrics;
  int cells, done; /* numbers of planned and of done cells */
} run_group;

typedef struct run_view {
  store* source;
  char* name; /* last component of the folder's path */
  int n_cells;
  run_cell* cells;
  int n_groups;
  run_group* groups; /* [n_groups], owned */
} run_view;

/* Reads the record files of a run. Errors: those of store_read(); DF_E_NOMEM. Call run_view_clear(), also after a
 * failure. */
DF_MUST_CHECK df_status run_view_new(const char* folder, run_view* out);
void run_view_clear(run_view* r);

/* Appends the comma-separated names of what the done cells of the group do not have in common (identity.h): shared
 * settings, also those that some of the records lack, model, start states, ..., so that their numbers are not
 * comparable. Appends nothing if there are none. */
void run_differences(const run_view* r, const run_group* g, text* out);

/* The record of the first done cell of a group, which belongs to the view, or NULL. */
const json_t* run_first_record(const run_view* r, const run_group* g);

/* Whether two groups are of one task and their first done cells have everything in common that run_differences() names,
 * so that their numbers are comparable. False if one of them has no done cell. */
bool run_groups_compare(const run_view* r, const run_group* a, const run_group* b);

/* Whether a cell belongs to a group, and whether one of this task, profile and method does. */
bool run_in_group(const run_group* g, const run_cell* c);
bool run_group_has(const run_group* g, const char* task, const char* profile, const char* method);

/* Appends the planned cells that are not done, with their status: "cart full dap seed 3 (not run), ...". `g` and
 * `method` select cells and are then not repeated in the text; NULL: all. Names the first 8, then the number of the
 * others. Returns the number of all. */
int run_missing(const run_view* r, const run_group* g, const char* method, text* out);

/* The first done cell of a method (lowest seed), or NULL. */
const run_cell* run_example(const run_view* r, const run_group* g, const char* method);

#endif
