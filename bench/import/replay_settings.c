#include "replay_settings.h"

#include <string.h>

/* iterations of the model's own limit that training admits */
enum { LEAST_ITERATIONS = 50 };

static const char* const why = "found by replaying the recorded actions";

static void put(settings* s, const char* key, const char* value) {
  settings_put_why(s, key, value, "%s", why);
}

static bool put_options(settings* s, const df_mujoco_cfg* h, const df_mujoco_cfg* now) {
  static const char* const integrators[] = {"model", "Euler", "implicitfast", "RK4"};
  static const char* const margin_rules[] = {"sum", "max", "none"};
  static const char* const solvers[] = {"model", "Newton", "CG"};
  if (h->timestep > 0 && h->timestep != now->timestep)
    settings_put_number_why(s, "system.timestep", h->timestep, "%s", why);
  if (h->substeps != now->substeps) settings_put_number_why(s, "system.substeps", h->substeps, "%s", why);
  if (h->integrator != now->integrator) put(s, "system.integrator", integrators[h->integrator]);
  if (h->solver != now->solver) put(s, "system.solver", solvers[h->solver]);
  if (h->margin_rule != now->margin_rule) put(s, "system.margin_rule", margin_rules[h->margin_rule]);
  if (h->iterations != now->iterations && h->iterations >= LEAST_ITERATIONS)
    settings_put_number_why(s, "system.iterations", h->iterations, "%s", why);
  const bool few = h->iterations != now->iterations && h->iterations < LEAST_ITERATIONS;
  return !few && h->ls_iterations == now->ls_iterations && h->islands == now->islands;
}

/* Puts the shift of the action rows, which is relative to the one set now; false if no setting says it. */
static bool put_action_time(settings* s, unsigned reading, bool spare_actions) {
  static const char key[] = "data.action_time";
  const setting* set = settings_find(s, key);
  const bool before = set && strcmp(set->value, "before") == 0;
  if (!(reading & (READ_ACTIONS_LATER | READ_ACTIONS_EARLIER))) return true;
  /* row t + 1 acts from frame t: it led to state t + 1 */
  if (reading & READ_ACTIONS_EARLIER && !before && spare_actions) {
    put(s, key, "before");
    return true;
  }
  if (reading & READ_ACTIONS_LATER && before) {
    settings_drop(s, key);
    return true;
  }
  return false;
}

/* whether the actuators are those of the model */
static bool same_actuators(const df_mujoco_cfg* h, const df_mujoco_cfg* now) {
  return h->gain_scale == now->gain_scale && h->kv_scale == now->kv_scale && h->gear_scale == now->gear_scale &&
         h->scaled_control == now->scaled_control;
}

bool put_alternative(settings* s, const hypothesis* h, const df_mujoco_cfg* now, bool spare_actions, bool* usable) {
  if (h->reading & READ_DEGREES_PER_SECOND) put(s, "data.angles", "deg");
  if (h->reading & READ_XYZW) put(s, "data.quaternion", "xyzw");
  if (h->reading & READ_WORLD_SPIN) put(s, "data.angular_velocity", "world");
  if (h->reading & READ_POSITIONS_ONLY) put(s, "data.velocities", "differences");
  const bool shifted = put_action_time(s, h->reading, spare_actions);
  *usable = shifted && same_actuators(&h->cfg, now);
  return put_options(s, &h->cfg, now) && *usable && !(h->reading & (READ_DEGREES | READ_WRAPPED));
}
