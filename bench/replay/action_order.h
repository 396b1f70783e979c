/* action_order.h: whether the columns of recorded actions are in another order than the actuators of the model. */
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
 * closely. Errors: DF_E_NOMEM, those of df_sim_new(). */
DF_MUST_CHECK df_status action_order_find(const recording* r, const df_system* system, int threads, action_order* out);
void action_order_clear(action_order* o);

/* The value of data.actuators of `config` with this order, in memory of df_alloc(); "" if no setting says it: actuators
 * without a name, or with scales or offsets of their own. */
char* action_order_setting(const action_order* o, const df_config* config, const df_system* system);

#endif
