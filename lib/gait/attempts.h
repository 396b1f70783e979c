/* attempts.h: demonstrations of generators that make one attempt after the other in the simulator, and keep those that
 * succeed. Private. */
#ifndef LIB_GAIT_ATTEMPTS_H
#define LIB_GAIT_ATTEMPTS_H

#include <stdbool.h>

#include "dynaflow/data/dataset.h"
#include "dynaflow/data/generator.h"

typedef struct attempts_cfg {
  const char* name;     /* of the generator, for messages */
  const char* rejected; /* what rejected attempts did, with the setting to blame: "ended in the pit (data.x = 1)" */
  int nx, nu, nc;       /* sizes of a state, an action and a condition */
  const char* const* condition; /* [nc] names; NULL if nc is 0 */
  int kinds;
  const char* const* kind; /* [kinds] names of what is counted apart */
  int report_every;        /* attempts between two calls of env->progress */

  /* Makes attempt `number` of `length` actions: x [length+1][nx], u [length][nu], condition [nc], and its kind. Returns
   * whether it succeeded; *end says how the simulation ended. An attempt is a function of settings and number. */
  bool (*attempt)(const df_system* system, df_sim* sim, const df_config* config, int number, int length, double* x,
                  double* u, double* condition, int* kind, df_traj_end* end);
} attempts_cfg;

/* Fills data.episodes episodes of data.seconds, as df_generator.make. Errors: DF_E_CONFIG for a duration that is not 1
 * to 1000000 actions, or if 50 times as many attempts as episodes do not suffice; DF_E_INTERRUPTED; DF_E_SIM; those of
 * df_dataset_new(). */
df_status attempts_make(const df_system* system, const df_config* config, const df_generator_env* env,
                        const attempts_cfg* cfg, df_dataset** out);

#endif
