/* change.h: the change of state over a few actions, in the coordinates of the chart. */
#ifndef LIB_FLOW_CHANGE_H
#define LIB_FLOW_CHANGE_H

#include "dynaflow/data/task.h"
#include "dynaflow/nn/real.h"

enum { STATE_CHANGE_MAX = 512 }; /* the most chart coordinates */

/* Writes the change from x [nx] to `next` [nx], delta [nz], in chart coordinates relative to x. */
void state_change(const df_chart* chart, const double* x, const double* next, double* delta);

/* Writes the unit of changes, unit [nz]: the root mean square of the changes over `actions` actions of every training
 * window, from frame k mod `frames` of window k on, at least scale_floor.change. */
void state_change_unit(const df_task* task, int actions, int frames, df_real* unit);

#endif
