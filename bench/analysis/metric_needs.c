#include "metric_needs.h"

#include <stdbool.h>
#include <string.h>

#include "experts.h"
#include "json.h"

const char* metric_needs(const json_t* record, const char* metric) {
  /* a metric, and the settings of which one must differ from `unset` */
  static const struct {
    const char *metric, *settings[2], *unset, *words;
  } needs[] = {
      {"fall_rate", {"eval.fall_height", "eval.fall_tilt"}, "0", "eval.fall_height or eval.fall_tilt"},
      {"survival", {"eval.fall_height", "eval.fall_tilt"}, "0", "eval.fall_height or eval.fall_tilt"},
      {"fall_rate", {"eval.chains", NULL}, "0", "eval.chains"},
      {"survival", {"eval.chains", NULL}, "0", "eval.chains"},
      {"sae_min", {"eval.sae_windows", NULL}, "0", "eval.sae_windows"},
      {"diversity", {"eval.sae_windows", NULL}, "0", "eval.sae_windows"},
      {"goal_distance", {"eval.goal_joints", NULL}, "", "eval.goal_joints"},
      {"goal_reached", {"eval.goal_joints", NULL}, "", "eval.goal_joints"},
      {"goal_distance", {"eval.chains", NULL}, "0", "eval.chains"},
      {"goal_reached", {"eval.chains", NULL}, "0", "eval.chains"},
      {"gait_agreement", {"eval.feet", NULL}, "", "eval.feet"},
      {"slip", {"eval.feet", NULL}, "", "eval.feet"},
      {"style_joints", {"eval.style_band", NULL}, "0", "eval.style_band"},
      {"style_feet", {"eval.style_band", NULL}, "0", "eval.style_band"},
      {"style_feet", {"eval.feet", NULL}, "", "eval.feet"},
      {"style_shift", {"eval.style_band", NULL}, "0", "eval.style_band"},
      {"gait_phase", {"data.generator", NULL}, "", "data.generator"},
      {"velocity_limit", {"eval.velocity_limit", NULL}, "", "eval.velocity_limit"},
  };
  const json_t* config = json_object_get(record, "config");
  for (size_t i = 0; i < sizeof needs / sizeof needs[0]; i++) {
    const size_t n = strlen(needs[i].metric);
    if (strncmp(metric, needs[i].metric, n) != 0 || (metric[n] != '\0' && metric[n] != '.')) continue;
    /* the walks of an expert are no chains of windows, and its feet are never missing */
    if (is_expert(string_of(record, "method")) && strncmp(needs[i].settings[0], "eval.fall_", 10) != 0) continue;
    bool unset = true;
    for (int k = 0; k < 2 && needs[i].settings[k]; k++) {
      const char* value = json_string_value(json_object_get(config, needs[i].settings[k]));
      unset &= value && strcmp(value, needs[i].unset) == 0;
    }
    if (unset) return needs[i].words;
  }
  return NULL;
}
