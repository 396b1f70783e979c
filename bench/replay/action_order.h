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
 * closely. This is a candidate: the sample need not speak for the recording. Errors: DF_E_NOMEM,
 * DF_E_INTERRUPTED (stop.h), those of df_sim_new(). */
DF_MUST_CHECK df_status action_order_find(const recording* r, const df_system* system, int threads, action_order* out);
void action_order_clear(action_order* o);

/* Another unit of the actions: control = scale * recorded + offset. */
typedef struct action_unit {
  const char* words;                              /* "the actions are in degrees"; NULL: no other unit */
  double scale[DF_LIST_MAX], offset[DF_LIST_MAX]; /* [nu] */
  double as_is, best;                             /* median errors of one action, tangent norm, in both units */
} action_unit;

/* Tries units that actions are stored in, exactly: degrees, of all actuators or of those that do not act on slides,
 * radians where the model has degrees, factors of 100 and 1000 either way, shares of the control ranges from -1 or 0 to
 * 1. out->words != NULL: the recorded states follow a hundred times as closely from the one that comes closest. This is
 * a candidate: every factor near these is as close. None is tried for more than DF_LIST_MAX actuators. Errors:
 * DF_E_NOMEM, those of df_sim_new(). */
DF_MUST_CHECK df_status action_unit_find(const recording* r, const df_system* system, int threads, action_unit* out);

/* *out = the data of the recording with actions that are read otherwise: actuator i has the actions that are read as
 * those of actuator column[i] (NULL: its own), in another unit (NULL: as they are), and their rounding. Only actions
 * and rounding are its own: free them with actions_clear(), also after a failure. Errors: DF_E_NOMEM. */
DF_MUST_CHECK df_status actions_read_otherwise(const recording* r, const int* column, const action_unit* unit,
                                               df_dataset* out);
void actions_clear(df_dataset* data);

/* "data.action_scale = 0.01745329252", with ", data.action_offset = 1,2" if there are offsets: the settings of `config`
 * with nu actions in another unit, in memory of df_alloc(). */
char* action_unit_setting(const action_unit* unit, const df_config* config, int nu);

/* The value of data.actuators of `config` with this order, in memory of df_alloc(); "" if no setting says it: actuators
 * without a name, or with scales or offsets of their own. */
char* action_order_setting(const action_order* o, const df_config* config, const df_system* system);

#endif
