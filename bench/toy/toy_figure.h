/* toy_figure.h: the figure of a variant: for each cloud a row with its points, the learned velocity field at three flow
 * times, sampled paths, and the points where they end. All panels show normalised actions. */
#ifndef BENCH_TOY_TOY_FIGURE_H
#define BENCH_TOY_TOY_FIGURE_H

#include "clouds.h"
#include "dynaflow/flow/flow.h"
#include "plot.h"

typedef struct toy_figure {
  const char* variant; /* its name; not owned */
  int rows;            /* clouds that will be added */
  int added;
  text data, panels;
} toy_figure;

/* Adds the row of a cloud: the field is that of df_flow_velocity(), and the paths are 20 midpoint steps of it, the last
 * one to flow time 0.999. `condition` is NULL without conditions. Errors: those of df_flow_velocity(); DF_E_NOMEM. */
DF_MUST_CHECK df_status toy_figure_add(toy_figure* f, cloud c, df_flow* flow, const df_task* task,
                                       const double* condition, uint64_t seed);

/* Writes toy2d-<variant> to the folder. Errors: those of plot_save(). */
DF_MUST_CHECK df_status toy_figure_save(toy_figure* f, const char* folder);
void toy_figure_clear(toy_figure* f);

#endif
