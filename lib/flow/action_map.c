#include "dynaflow/flow/action_map.h"

#include <math.h>

df_status df_action_map(const df_config* c, const df_system* system, double* center, double* half_range) {
  /* a list that is shorter than nu is repeated */
  const df_list* lists[2] = {&c->action_center, &c->action_half_range};
  for (int k = 0; k < 2; k++) {
    if (lists[k]->n > 0 && system->nu % lists[k]->n != 0) {
      return df_fail(DF_E_CONFIG,
                     "task %s: action.%s has %d values; the number of actuators (%d) must be a multiple of it",
                     c->task_name, k ? "half_range" : "center", lists[k]->n, system->nu);
    }
  }

  /* centre and half range of every action */
  for (int i = 0; i < system->nu; i++) {
    const bool bounded = isfinite(system->u_lo[i]) && isfinite(system->u_hi[i]);
    if (!bounded && (c->action_center.n == 0 || c->action_half_range.n == 0)) {
      return df_fail(DF_E_CONFIG, "task %s: actuator %d has no ctrlrange: set action.center and action.half_range",
                     c->task_name, i);
    }
    center[i] =
        c->action_center.n ? c->action_center.v[i % c->action_center.n] : 0.5 * (system->u_lo[i] + system->u_hi[i]);
    half_range[i] = c->action_half_range.n ? c->action_half_range.v[i % c->action_half_range.n]
                                           : 0.5 * (system->u_hi[i] - system->u_lo[i]);
  }
  return DF_OK;
}
