/* named_columns.h: names and units of the columns of states and actions: in files of trajectories and on the command
 * line. */
#ifndef BENCH_TRAJECTORY_NAMED_COLUMNS_H
#define BENCH_TRAJECTORY_NAMED_COLUMNS_H

#include "dynaflow/data/task.h"

/* Names have no comma. States: the base of the robot (df_robot_base()) has root_pos.x, root_quat.w, root_linvel.x and
 * root_angvel.x, other free and ball joints <joint>_pos.x and so on, a hinge or slide <joint> and <joint>_vel,
 * activation i act.<i>; a joint without a name is joint<i>. Actions: the actuator's name, or action<i>. */
typedef struct columns {
  int n_states, n_actions;
  char **state, **action; /* [n_states], [n_actions]; owned */
  const char** unit;      /* [n_states], "m", "rad", "m/s", "rad/s" or "" */
} columns;

/* Call columns_clear(), also after a failure: DF_E_NOMEM. */
DF_MUST_CHECK df_status columns_new(const df_task* task, columns* out);
void columns_clear(columns* c);

#endif
