/* plots.h: all figures of a report. */
#ifndef BENCH_REPORT_PLOTS_H
#define BENCH_REPORT_PLOTS_H

#include "run_view.h"

typedef struct figure {
  char* name;    /* plots/<name>.svg */
  char* caption; /* plain text, not HTML */
} figure;

typedef struct figures {
  int n;
  figure* list; /* [n], owned */
  int* first;   /* figures of group i: first[i] .. first[i + 1] - 1; owned; NULL before plots_write() */
} figures;

/* Writes scripts and data of all figures to `folder`/plots and draws them with gnuplot. *out must be {0}. DF_E_MISSING
 * if gnuplot is not installed or does not draw a figure: script and data of all figures are then written, and *out has
 * those that are drawn. DF_E_IO if a file cannot be written; DF_E_NOMEM. Call figures_clear(), also after a failure. */
DF_MUST_CHECK df_status plots_write(const run_view* r, const char* folder, figures* out);
void figures_clear(figures* f);

#endif
