/* plots.h: all figures of a report. */
#ifndef BENCH_PLOTS_H
#define BENCH_PLOTS_H

#include "run_view.h"

enum { FIGURES_MAX = 2 * STEPS_MAX + 3 }; /* per group */

typedef struct figure {
  char* name;    /* plots/<name>.svg */
  char* caption; /* plain text */
} figure;

typedef struct figures {
  int n;
  figure list[GROUPS_MAX * FIGURES_MAX];
  int first[GROUPS_MAX + 1]; /* of each group */
} figures;

/* Writes scripts and data to `folder`/plots and draws them with gnuplot. DF_E_MISSING without gnuplot: scripts and data
 * are written all the same, figures are not drawn. figures_clear it, also after a failure. */
DF_MUST_CHECK df_status plots_write(const run_view* r, const char* folder, figures* out);
void figures_clear(figures* f);

#endif
