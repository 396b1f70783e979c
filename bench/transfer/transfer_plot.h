/* transfer_plot.h: the figure of a study: share of upright trajectories against the level of each perturbation. */
#ifndef BENCH_TRANSFER_TRANSFER_PLOT_H
#define BENCH_TRANSFER_TRANSFER_PLOT_H

#include "dynaflow/stats/statistics.h"
#include "perturbation.h"

/* one point of a figure */
typedef struct transfer_point {
  int line; /* index of the file or method whose actions were executed */
  perturbation change;
  df_interval upright; /* share of trajectories that do not fall */
} transfer_point;

/* nothing is owned */
typedef struct transfer_figure {
  const char *task, *band; /* `band`: what lo and hi of the points are */
  int n_lines;
  char* const* names; /* [n_lines] of the lines */
  int n;
  const transfer_point* points; /* [n] */
} transfer_figure;

/* Draws transfer.svg and transfer.pdf into a folder, with a panel for each kind of perturbation and a line for each
 * name. Points of PERTURB_NONE are in every panel: at factor 1, at time 0, and before the first of levels that have
 * names, which are in the order of the points. Errors: those of plot_save(). */
DF_MUST_CHECK df_status transfer_plot(const char* folder, const transfer_figure* figure);

#endif
