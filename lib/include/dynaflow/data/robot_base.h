/* robot_base.h: which free joint is the base of the robot. Everything that speaks of a base means this one: the heading
 * of the chart, falls, velocity commands, the columns root_* of recordings and trajectories, and the import. */
#ifndef DYNAFLOW_DATA_ROBOT_BASE_H
#define DYNAFLOW_DATA_ROBOT_BASE_H

#include <stdbool.h>

#include "dynaflow/config/config.h"
#include "dynaflow/sim/system.h"

DF_BEGIN_DECLS

/* where the base is in a state; all -1: the robot has none */
typedef struct df_base {
  int joint;    /* index of its free joint (df_mujoco_joints()) */
  int position; /* index in x of its position [3], m; its quaternion [4] follows */
  int velocity; /* index in x of its linear velocity [3], m/s, world frame; its angular velocity [3], rad/s, body
                 * frame, follows */
} df_base;

/* Whether joint number `joint` is of an object, not of the robot: it is in `objects` (chart.objects; NULL: none), or it
 * is free and the model has actuators, of which none acts on its body or on what hangs on it (df_mujoco_is_driven()).
 * The system must be a MuJoCo model. */
DF_API bool df_joint_is_of_object(const df_system* system, const df_names* objects, int joint);

/* The base of the robot: the first free joint that is not of an object. None for a robot that is fixed to the world or
 * moves along slides and hinges, and for a system that is not a MuJoCo model. */
DF_API df_base df_robot_base(const df_system* system, const df_names* objects);

/* own[body], body < df_mujoco_body_count(): whether it is of the robot: of the kinematic trees with a free joint that
 * is not of an object or, without one, of any. Bodies fixed to the world are not. The system must be a MuJoCo model. */
DF_API void df_robot_bodies(const df_system* system, const df_names* objects, bool* own);

DF_END_DECLS

#endif
