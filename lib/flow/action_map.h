/* action_map.h: the actions that a network can reach. */
#ifndef LIB_FLOW_ACTION_MAP_H
#define LIB_FLOW_ACTION_MAP_H

#include "dynaflow/data/task.h"

/* Writes centre and half range [nu] of the actions that a network can reach: action.center and action.half_range, else
 * the whole action box. DF_E_CONFIG for a list whose length does not divide nu, and for an actuator without ctrlrange
 * and without these settings. */
df_status action_map_set(const df_task* task, double* center, double* half_range);

#endif
