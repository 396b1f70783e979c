#include "perturbation.h"

#include "dynaflow/core/alloc.h"
#include "dynaflow/data/task.h"
#include "dynaflow/sim/mujoco.h"
#include "text.h"

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

char* perturbation_unscaled(const df_system* system) {
  const int control = df_mujoco_unscaled_gain(system);
  if (control < 0) return NULL;
  const char* name = df_mujoco_actuator_at(system, control).name;
  char* of = name[0] ? format_text("actuator '%s'", name) : format_text("the actuator of control %d", control);
  char* out = format_text(
      "no factor scales the strength of %s: it is a DC motor, or a plugin or callback computes its force", of);
  df_free(of);
  return out;
}

static df_status refuse_unscaled(const df_system* system) {
  char* unscaled = perturbation_unscaled(system);
  if (!unscaled) return DF_OK;
  const df_status status = df_fail(DF_E_CONFIG, "--gain: %s; leave out --gain and name other perturbations", unscaled);
  df_free(unscaled);
  return status;
}

df_status perturbed_system(const df_config* config, const df_search* search, const perturbation* p, df_system** out) {
  char sha256[DF_SHA256_TEXT];
  df_mujoco_cfg cfg = df_task_system_cfg(config);
  cfg.substeps = 1;
  cfg.forward_only = true;
  double* scale = scale_of(&cfg, p->kind);
  if (scale && cfg.dynamics != DF_DYNAMICS_MUJOCO)
    return df_fail(
        DF_E_CONFIG,
        "--%s: system.dynamics = %s has none of the numbers of MuJoCo's model that are scaled; name --latency "
        "alone",
        perturbation_name(p->kind), config->system_dynamics);
  if (scale) *scale = p->level;
  DF_TRY(df_task_system_with(config, search, &cfg, out, sha256));
  const df_status status = p->kind == PERTURB_GAIN ? refuse_unscaled(*out) : DF_OK;
  if (status == DF_OK) return DF_OK;
  df_system_free(*out);
  *out = NULL;
  return status;
}
