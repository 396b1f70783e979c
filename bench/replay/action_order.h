/* action_order.h: whether the columns of recorded actions are in another order than the actuators of the model, or in
 * another unit of angles. */
#ifndef BENCH_REPLAY_ACTION_ORDER_H
#define BENCH_REPLAY_ACTION_ORDER_H

#include "dynaflow/config/config.h"
#include "recording.h"

typedef struct action_order {
  int* column; /* [nu] actuator i needs what is read as the action of actuator column[i]; NULL: no such order; owned */
  double as_is, best; /* median errors of one action, tangent norm, in both orders */
} action_order;

/* Searches the actions that some recorded states need (df_metric_sae_min()), and finds to which recorded actions each
 * actuator's are closest, each used once. The order is another one if the recorded states follow from it ten times as
 * closely. This is a candidate: the sample need not speak for the recording. Errors: DF_E_NOMEM, those of
 * df_sim_new(). */
DF_MUST_CHECK df_status action_order_find(const recording* r, const df_system* system, int threads, action_order* out);
void action_order_clear(action_order* o);

/* Whether the actions are in degrees where the model has radians, or the other way round: *factor = what the actions
 * are to be multiplied by, with which the recorded states follow a hundred times as closely; 0: neither. This is a
 * candidate: every factor near these is as close. as_is, best:
 * median errors of one action, tangent norm. Errors: DF_E_NOMEM, those of df_sim_new(). */
DF_MUST_CHECK df_status action_unit_find(const recording* r, const df_system* system, int threads, double* factor,
                                         double* as_is, double* best);

/* *out = the data of the recording with actions that are read otherwise: actuator i has the actions that are read as
 * those of actuator column[i] (NULL: its own), times `factor`, and their rounding. Only actions and rounding are its
 * own: free them with actions_clear(), also after a failure. Errors: DF_E_NOMEM. */
DF_MUST_CHECK df_status actions_read_otherwise(const recording* r, const int* column, double factor, df_dataset* out);
void actions_clear(df_dataset* data);

/* The value of data.action_scale of `config` with actions multiplied by `factor`, in memory of df_alloc(); "" if no one
 * number says it. */
char* action_unit_setting(double factor, const df_config* config);

/* The value of data.actuators of `config` with this order, in memory of df_alloc(); "" if no setting says it: actuators
 * without a name, or with scales or offsets of their own. */
char* action_order_setting(const action_order* o, const df_config* config, const df_system* system);

#endif
