/* robot_file.h: motions for a program that replays them on a robot: targets with time stamps and joint names, written
 * only if the limits of the robot hold. */
#ifndef BENCH_TRANSFER_ROBOT_FILE_H
#define BENCH_TRANSFER_ROBOT_FILE_H

#include <jansson.h>

#include "dynaflow/metrics/metrics.h"
#include "text.h"
#include "transfer.h"

/* Checks the motion of trajectory i of `made`, which are the actions of `in` executed in the model as it is, and
 * appends a line for each limit that does not hold, with value and time furthest beyond it, and how often: the robot
 * falls or has no states; a hinge or slide is outside its range, or faster than eval.velocity_limit, by more than
 * DF_RANGE_TOLERANCE of the width; a servo or motor asks for more than its limit of force when it gets a new target.
 * Returns how many lines. targets: actions clamped to the control range, which is what the model executes force asked
 * for: gain * target
 * - stiffness * position - damping * velocity at the frame of the target; of an actuator on one joint by a fixed gain
 * (df_actuator); others, and those without a limit, are not checked */
int robot_file_check(const transfer_input* in, const df_fall_rule* rule, const transfer* made, int i, text* lines);

/* Appends, in one line, what the model and the settings give no limit for: "" if all three are known for all joints. */
void robot_file_unchecked(const df_task* task, text* line);

/* Writes DIR/NAME.npz with all trajectories and DIR/NAME-<i>.csv with trajectory i; `name` is a file name
 * (is_file_name()). docs/running.md lists arrays and columns; `provenance` are texts of the file of the actions, of
 * which method and checkpoint_sha256 are copied. On failure these files are removed. Errors: those of df_npz_write()
 * and text_write(); DF_E_NOMEM. */
DF_MUST_CHECK df_status robot_file_write(const transfer_input* in, const transfer* made, const json_t* provenance,
                                         const char* folder, const char* name);

#endif
