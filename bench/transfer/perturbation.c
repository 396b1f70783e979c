#include "perturbation.h"

#include "dynaflow/data/task.h"
#include "dynaflow/sim/mujoco.h"

static const struct {
  const char* name;
  bool time;
} table[] = {
#define PERTURBATION_ROW(kind, name, time) {name, time},
    PERTURBATION_LIST(PERTURBATION_ROW)
#undef PERTURBATION_ROW
};

const char* perturbation_name(perturbation_kind kind) {
  return kind < PERTURBATIONS ? table[kind].name : "none";
}

bool perturbation_is_time(perturbation_kind kind) {
  return kind < PERTURBATIONS && table[kind].time;
}

/* the scale that a perturbation sets; NULL: none */
static double* scale_of(df_mujoco_cfg* cfg, perturbation_kind kind) {
  switch (kind) {
    case PERTURB_MASS:
      return &cfg->mass_scale;
    case PERTURB_FRICTION:
      return &cfg->friction_scale;
    case PERTURB_GAIN:
      return &cfg->gain_scale;
    case PERTURB_DAMPING:
      return &cfg->damping_scale;
    default:
      return NULL;
  }
}

df_status perturbed_system(const df_config* config, const df_search* search, const perturbation* p, df_system** out) {
  char sha256[DF_SHA256_TEXT];
  df_mujoco_cfg cfg = df_task_system_cfg(config);
  cfg.substeps = 1;
  cfg.forward_only = true;
  double* scale = scale_of(&cfg, p->kind);
  if (scale) *scale = p->level;
  return df_task_system_with(config, search, &cfg, out, sha256);
}
