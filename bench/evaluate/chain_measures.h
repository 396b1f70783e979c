/* chain_measures.h: metrics of long motions: falls, goals of objects, and how well upright chains follow command and
 * gait. */
#ifndef BENCH_EVALUATE_CHAIN_MEASURES_H
#define BENCH_EVALUATE_CHAIN_MEASURES_H

#include <stdbool.h>

#include "job.h"

/* Adds to *out the rows and samples of a method's chains at k sampler steps, recorded as shown_k, and replaces
 * out->strip. Does nothing for a method without actions, for one that sees the demonstration (it has no actions beyond
 * its window), and if eval.chains or eval.chain_seconds asks for no chain, or for longer ones than are given. Errors as
 * chains_new(). */
DF_MUST_CHECK df_status chain_measures(const eval_job* job, int k, int shown_k, evaluation* out);

/* how a chain follows its command: df_metric_command() over its frames 1.., df_metric_command_path() from frame 0 */
typedef struct command_errors {
  double velocity, yaw_rate; /* m/s, rad/s */
  double position, heading;  /* at the end, m and rad */
} command_errors;

/* Sets the command errors of a chain x [frames+1][nx] under a condition [nc]. Returns false, and sets nothing, if the
 * task has no velocity command, the robot no base (df_robot_base()), or `condition` is NULL. */
bool chain_command(const df_task* task, const double* condition, int frames, const double* x, command_errors* out);

#endif
