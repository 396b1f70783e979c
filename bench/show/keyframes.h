/* keyframes.h: motions as keyframes of a model file, which MuJoCo's program `simulate` opens. */
#ifndef BENCH_SHOW_KEYFRAMES_H
#define BENCH_SHOW_KEYFRAMES_H

#include "shown.h"

/* Writes a model file that includes the model of the task by its absolute path and has one keyframe per state of every
 * motion, or per a->every states: key "0:12" is state 12 of motion 0, with its time. Prints what it wrote. Errors:
 * those of df_mujoco_asset_folders() and text_write_output(). */
DF_MUST_CHECK df_status keyframes_write(const shown* s, const show_arguments* a);

#endif
