/* verify_task.h: what the records of a run share with task, demonstrations and checkpoints, computed again. */
#ifndef BENCH_REPLAY_VERIFY_TASK_H
#define BENCH_REPLAY_VERIFY_TASK_H

#include "finding.h"

/* The check "drawn": draws the held-out windows of every finished record that has windows_sha256 again, from the task
 * and the demonstrations that `context`, the options of the command, finds, under the settings of the record: hash,
 * episode, start and group of each window. With the model of the record, the iterations of its solver (effort) are not
 * above the limit. Where task or demonstrations are missing or others, it warns that they were
 * not drawn, once per reason. */
void verify_drawn(verifier* v, const void* context);

/* The check "weights": the parameters of a training are the elements of the tensors in its checkpoint, without those of
 * the chart and units (chart.*, *_unit, *_std). Checkpoints that are missing are left to the check "checkpoints". */
void verify_weights(verifier* v, const void* context);

#endif
