/* action_map.h: the actions that a network can reach. */
#ifndef DYNAFLOW_FLOW_ACTION_MAP_H
#define DYNAFLOW_FLOW_ACTION_MAP_H

#include "dynaflow/config/config.h"
#include "dynaflow/sim/system.h"

DF_BEGIN_DECLS

/* Writes centre and half range [nu] of the actions that a network can reach: action.center and action.half_range, else
 * the whole action box. DF_E_CONFIG for a list whose length does not divide nu, and for an actuator without ctrlrange
 * and without these settings. */
DF_API DF_MUST_CHECK df_status df_action_map(const df_config* config, const df_system* system, double* center,
                                             double* half_range);

DF_END_DECLS

#endif
