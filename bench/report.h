/* report.h: a run as its report sees it. Everything comes from the run's records and can be drawn again; cells stand in
 * the order of the plan, whichever file or process recorded them. */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "store.h"
#include "text.h"

enum { GROUPS_MAX = 32, METHODS_MAX = 24, STEPS_MAX = 16, SEED_VALUES_MAX = 64, METRICS_MAX = 96 };

/* one cell of the plan; the latest record of it, or NULL where there is none yet */
typedef struct report_cell {
  const char *task, *method, *profile;
  int64_t seed;
  const char* key; /* of the latest plan that names the cell: records of other settings are not shown; "": any */
  const json_t* record;
  bool done;
} report_cell;

/* what is compared with each other: the cells of one task and profile */
typedef struct report_group {
  const char *task, *profile;
  const char* file; /* start of the names of its files, in memory of the report */
  int n_methods;
  const char* methods[METHODS_MAX];
  int n_k; /* sampler steps K met, ascending; {0} where no method has any */
  int k[STEPS_MAX];
  int n_metrics; /* in order of appearance */
  const char* metrics[METRICS_MAX];
  int cells, done;
} report_group;

typedef struct report {
  store* source;
  char* name;
  int n_cells;
  report_cell* cells;
  int n_groups;
  report_group groups[GROUPS_MAX];
} report;

/* Reads a run's folder, the files of all shards. DF_E_MISSING without a file of records. */
DF_MUST_CHECK df_status report_new(const char* folder, report* out);
void report_clear(report* r);

/* Names, separated by commas, of settings of task, data and evaluation in which done cells of the group differ: such
 * numbers do not compare. Empty if there are none. */
void report_differences(const report* r, const report_group* g, text* out);

/* Whether every method of a comparison must have the same value of a setting, by its name as in "eval.windows". */
bool report_shared_setting(const char* name);

bool report_in_group(const report_group* g, const report_cell* c);

/* Appends which cells are planned and not done, with the reason: "go1_gaits full dap seed 3 (not run), ...". `g` and
 * `method` narrow it down and are then not repeated; NULL: all. Returns how many there are; the first 8 are named. */
int report_missing(const report* r, const report_group* g, const char* method, text* out);

/* The first done cell of a method (lowest seed), or NULL. */
const report_cell* report_example(const report* r, const report_group* g, const char* method);

/* one number of a method, over seeds */
typedef struct aggregate {
  int n;               /* seeds with a finite value */
  int failed;          /* seeds with a value that is not finite */
  int planned, done;   /* cells of the method */
  int k;               /* sampler steps of the rows it is made of; 0: the method has none */
  double mean, lo, hi; /* n >= 2: smallest and largest seed; n == 1: the record's own 95 % interval, NaN if none */
  double values[SEED_VALUES_MAX];
  const char* unit;
  const char* status; /* of the last value that is not finite */
} aggregate;

/* metric at K sampler steps, or without K where the method has none; n == failed == 0 where it is not measured */
aggregate report_aggregate(const report* r, const report_group* g, const char* method, const char* metric, int k);

/* whether a metric is one of the main columns, and its place among them, or -1 */
int report_main_metric(const char* metric);

/* "lower", "higher" or "" */
const char* metric_better(const char* metric);

/* the name by which people call a method, and its colour 0xRRGGBB, the same in every figure */
const char* method_label(const char* method);
unsigned method_colour(const char* method);
int method_dash(const char* method); /* gnuplot's dash type: tells lines apart that lie on each other */

/* number of a JSON value, NaN for null and what is no number */
double number_of(const json_t* v);
const char* string_of(const json_t* object, const char* key); /* "" if there is none */

/* ---- tables.c ---- */

typedef enum table_kind { TABLE_MARKDOWN, TABLE_HTML } table_kind;

/* the main metrics, a table for each K; all metrics; the cells with their state; what made them */
void table_main(const report* r, const report_group* g, int k, table_kind kind, text* out);
void table_all(const report* r, const report_group* g, table_kind kind, text* out);
void table_cells(const report* r, table_kind kind, text* out);
void table_provenance(const report* r, table_kind kind, text* out);

/* "3 of 6 cells done; an interval is ...", the note above a group's tables; an incomplete group's stand under a line of
 * their own that says so */
void group_note(const report* r, const report_group* g, text* out);

struct summary;                                                                                     /* summary.h */
DF_MUST_CHECK df_status tables_write(const report* r, const struct summary* s, const char* folder); /* tables.md */
DF_MUST_CHECK df_status csv_write(const report* r, const char* folder);                             /* results.csv */

/* times.csv: wall and CPU seconds of the cells. Apart, because all other files of a report are the same bytes for the
 * same plan, however often and by how many processes it was run. */
DF_MUST_CHECK df_status times_write(const report* r, const char* folder);

/* ---- plots.c, plot_motion.c ---- */

enum { FIGURES_MAX = 2 * STEPS_MAX + 3 };

typedef struct figure {
  char* name;    /* plots/<name>.svg */
  char* caption; /* plain text */
} figure;

typedef struct figures {
  int n;
  figure list[GROUPS_MAX * FIGURES_MAX];
  int first[GROUPS_MAX + 1]; /* of each group */
} figures;

/* Writes scripts and data to `folder`/plots and draws them with gnuplot. DF_E_MISSING when there is no gnuplot: scripts
 * and data are there then, pictures are not. */
DF_MUST_CHECK df_status plots_write(const report* r, const char* folder, figures* out);
void figures_clear(figures* f);

/* a figure in the making; a plot_* function returns false when the group has nothing for it */
typedef struct plot {
  text script, data, caption;
  const char* name;
} plot;
bool plot_training(const report* r, const report_group* g, plot* p);
bool plot_metrics(const report* r, const report_group* g, int k, plot* p);
DF_MUST_CHECK df_status plot_profiles(const report* r, const report_group* g, int k, plot* p, bool* there);
bool plot_examples(const report* r, const report_group* g, plot* p);
bool plot_strip(const report* r, const report_group* g, plot* p);

/* the first lines of every script: terminal, fonts, axes */
void plot_begin(plot* p, int width, int height);

/* Writes <folder>/<name>.dat and .gp and draws .svg. DF_E_MISSING when there is no gnuplot: the other two are there. */
DF_MUST_CHECK df_status plot_save(const char* folder, const plot* p);
void plot_clear(plot* p);

/* a text between double quotes as gnuplot reads it */
void plot_quoted(text* script, const char* plain);

/* ---- html.c ---- */

DF_MUST_CHECK df_status html_write(const report* r, const struct summary* s, const figures* f, const char* folder);

#endif
