#include "replay_settings.h"

#include <math.h>
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

/* the number of few decimals, or the reciprocal of one, that a factor is to its accuracy */
static double plain_factor(double factor) {
  static const double SAME = 1e-6;
  for (double unit = 1; unit <= 1e4; unit *= 10) {
    const double direct = round(factor * unit) / unit, inverse = unit / round(unit / factor);
    if (fabs(direct / factor - 1) < SAME) return direct;
    if (fabs(inverse / factor - 1) < SAME) return inverse;
  }
  return factor;
}

bool gains_of(const hypothesis* h, const df_mujoco_cfg* now, int nu, double* scale) {
  const double gain = h->cfg.gain_scale > 0 ? h->cfg.gain_scale : 1,
               gear = h->cfg.gear_scale != 0 ? h->cfg.gear_scale : 1;
  const double factor = plain_factor(gain * gear);
  for (int k = 0; k < nu; k++) scale[k] = h->cfg.scaled_control > 0 && h->cfg.scaled_control - 1 != k ? 1 : factor;
  return factor != 1 && h->cfg.kv_scale == now->kv_scale;
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

/* puts the scale of the actions that stronger motors are; false: the alternative's actuators are none */
static bool put_gains(settings* s, const hypothesis* h, const df_config* config, const df_mujoco_cfg* now,
                      const df_system* system) {
  double scale[DF_LIST_MAX];
  text value = {0};
  if (same_actuators(&h->cfg, now)) return true;
  const bool set = config->data_action_scale.n > 0 || config->data_action_offset.n > 0;
  if (set || system->nu > DF_LIST_MAX || !gains_of(h, now, system->nu, scale)) return false;
  bool motors = true, same = true;
  for (int k = 0; k < system->nu; k++) {
    motors = motors && (scale[k] == 1 || df_mujoco_actuator_at(system, k).stiffness == 0);
    same = same && scale[k] == scale[0];
  }
  for (int k = 0; k < (same ? 1 : system->nu); k++) {
    if (k) text_add(&value, ",");
    add_number(&value, scale[k]);
  }
  if (motors) put(s, "data.action_scale", text_of(&value));
  text_clear(&value);
  return motors;
}

bool alternative_as_settings(const hypothesis* h, const df_config* config, const df_mujoco_cfg* now,
                             const df_system* system, bool spare_actions, remedy* out) {
  static const char action_time[] = "data.action_time";
  settings found = {0};
  hypothesis rest = *h;
  bool usable;
  if (strcmp(config->data_action_time, "before") == 0) put(&found, action_time, "before");
  bool all = put_gains(&found, h, config, now, system);
  rest.cfg.gain_scale = now->gain_scale;
  rest.cfg.gear_scale = now->gear_scale;
  rest.cfg.scaled_control = now->scaled_control;
  all = put_alternative(&found, &rest, now, spare_actions, &usable) && all;
  /* the one that the task has is no remedy, and without it the other one is */
  const setting* time = settings_find(&found, action_time);
  if (!time && strcmp(config->data_action_time, "before") == 0) remedy_set(out, action_time, "after");
  for (int i = 0; i < found.n && all; i++) {
    const setting* one = &found.list[i];
    if (strcmp(one->key, action_time) != 0 || strcmp(config->data_action_time, one->value) != 0)
      remedy_set(out, one->key, "%s", one->value);
  }
  settings_clear(&found);
  if (!all) remedy_clear(out);
  return all && out->n > 0;
}
