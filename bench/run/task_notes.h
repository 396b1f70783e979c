/* task_notes.h: notes (notes.h) on a task that are known before training. */
#ifndef BENCH_RUN_TASK_NOTES_H
#define BENCH_RUN_TASK_NOTES_H

#include <jansson.h>

#include "dynaflow/data/chart.h"
#include "text.h"

/* Appends a note for the states, the start states and the actions of which standard deviations are below their floors
 * (df_chart_floored()), with the names of the coordinates; a start state is not named if the state is. Nothing if none
 * are. */
void note_scales(json_t* notes, const df_chart* chart);

/* Appends "std 4.5e-07 rad, floor 0.01 by scale_floor.joint_pos" to `out`. */
void floored_text(text* out, const df_floored* floored);

#endif
