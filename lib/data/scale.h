/* scale.h: the least standard deviation of every coordinate and action, from the settings scale_floor.*. */
#ifndef LIB_DATA_SCALE_H
#define LIB_DATA_SCALE_H

#include "dynaflow/data/chart.h"

/* the groups of coordinates: identifier, name, unit, and the setting scale_floor.* that holds for it */
#define CHART_GROUPS(X)                             \
  X(BASE_POS, base_pos, "m", base_pos)              \
  X(BASE_ROT, base_rot, "rad", base_rot)            \
  X(JOINT_POS, joint_pos, "rad", joint_pos)         \
  X(SLIDE_POS, slide_pos, "m", slide_pos)           \
  X(BASE_VEL, base_vel, "m/s", base_vel)            \
  X(BASE_ANGVEL, base_angvel, "rad/s", base_angvel) \
  X(JOINT_VEL, joint_vel, "rad/s", joint_vel)       \
  X(SLIDE_VEL, slide_vel, "m/s", slide_vel)         \
  X(ACTIVATION, activation, "", activation)         \
  X(OBJECT_POS, object_pos, "m", base_pos)          \
  X(OBJECT_ROT, object_rot, "rad", base_rot)        \
  X(OBJECT_VEL, object_vel, "m/s", base_vel)        \
  X(OBJECT_ANGVEL, object_angvel, "rad/s", base_angvel)

/* one coordinate of a chart, or one action */
typedef struct scale_channel {
  char name[96];       /* "<joint> <group>[ <component>]", "activation <i>", "action <i>" */
  const char* group;   /* one of CHART_GROUPS; NULL: an action */
  const char* setting; /* the setting that gives the floor, e.g. "scale_floor.joint_pos" */
  const char* unit;
  double floor; /* > 0, in `unit` */
  bool origin;  /* 0 in the first state by definition: it has no scale there; set by the chart */
} scale_channel;

/* Fills channels [ndx + nu] of a MuJoCo system: its coordinates in the order of the tangent, then its actions. `groups`
 * [n], of CHART_GROUPS, must cover all coordinates and outlive the channels. */
void scale_channels(const df_system* system, const df_config* config, int n, const df_chart_group* groups,
                    scale_channel* channels);

#endif
