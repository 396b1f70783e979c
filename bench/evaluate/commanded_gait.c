#include "commanded_gait.h"

#include <string.h>

#include "dynaflow/gait/generators.h"

/* the gait that a one-hot condition commands, or -1 */
static int gait_of(const df_dataset* data, const double* condition) {
  for (int i = 0; condition && i < data->nc; i++) {
    if (strncmp(data->condition_name[i], "gait.", 5) == 0 && condition[i] > 0.5) {
      return df_gait_by_name(data->condition_name[i] + 5);
    }
  }
  return -1;
}

/* fills `leg` by the names of the feet; false if there is no foot, or one is not named FR, FL, RR or RL */
static bool find_legs_of_feet(const df_config* config, int* leg) {
  static const char* const legs[] = {"FR", "FL", "RR", "RL"};
  for (int k = 0; k < config->eval_feet.n; k++) {
    leg[k] = -1;
    for (int i = 0; i < 4; i++) {
      if (strcmp(config->eval_feet.v[k], legs[i]) == 0) leg[k] = i;
    }
    if (leg[k] < 0) return false;
  }
  return config->eval_feet.n > 0;
}

/* frequency of the clock of the gaits: a condition, or a setting, Hz */
static double clock_frequency(const df_task* task, const double* condition) {
  for (int i = 0; i < task->data->nc; i++) {
    if (strcmp(task->data->condition_name[i], "command.frequency") == 0) return condition[i];
  }
  return task->config.gait_frequency.v[0];
}

/* whether the commanded gait has the foot on the ground at this phase; callback of df_metric_gait_phase() */
static bool stands(void* context, int foot, double phase) {
  const commanded_gait* gait = context;
  return df_gait_stance(gait->gait, gait->leg[foot], phase);
}

bool commanded_gait_find(const df_task* task, const double* condition, commanded_gait* out) {
  const df_generator* generator = df_generator_by_name(task->config.data_generator);
  const int gait = gait_of(task->data, condition);
  if (!generator || !generator->has_gait_clock || gait < 0) return false;
  if (!find_legs_of_feet(&task->config, out->leg)) return false;
  out->gait = (df_gait)gait;
  out->clock = (df_gait_clock){
      .dt = task->system->dt, .frequency = clock_frequency(task, condition), .stance = stands, .context = out};
  return true;
}
