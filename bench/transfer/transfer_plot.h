/* transfer_plot.h: the figure of a study: share of upright trajectories against the level of each perturbation. */
#ifndef BENCH_TRANSFER_TRANSFER_PLOT_H
#define BENCH_TRANSFER_TRANSFER_PLOT_H

#include "dynaflow/stats/statistics.h"
#include "perturbation.h"

/* one point of a figure */
typedef struct transfer_point {
  int file; /* index of the file whose actions were executed */
  perturbation change;
  df_interval upright; /* share of trajectories that do not fall */
} transfer_point;

/* Draws transfer.svg and transfer.pdf into a folder, with a panel for each kind of perturbation and a line for each of
 * n_files files of these names, from n points. Points of PERTURB_NONE are in every panel, at factor 1 or time 0.
 * Errors: those of plot_save(). */
DF_MUST_CHECK df_status transfer_plot(const char* folder, const char* task, int n_files, char* const* names, int n,
                                      const transfer_point* points);

#endif
