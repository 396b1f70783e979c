#include "perturbation.h"

#include <stdlib.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/data/task.h"
#include "dynaflow/sim/mujoco.h"
#include "text.h"

static const struct {
  const char* name;
  perturbation_level level;
} table[] = {
#define PERTURBATION_ROW(kind, name, level) {name, level},
    PERTURBATION_LIST(PERTURBATION_ROW)
#undef PERTURBATION_ROW
};

static const char* const cones[] = {"pyramidal", "elliptic"};
static const char* const condims[] = {"1", "3", "4", "6"};

const char* perturbation_name(perturbation_kind kind) {
  return kind < PERTURBATIONS ? table[kind].name : "none";
}

perturbation_level perturbation_level_of(perturbation_kind kind) {
  return kind < PERTURBATIONS ? table[kind].level : LEVEL_FACTOR;
}

bool perturbation_is_time(perturbation_kind kind) {
  return perturbation_level_of(kind) == LEVEL_TIME;
}

bool perturbation_has_word(perturbation_kind kind, const char* word) {
  const char* const* words = kind == PERTURB_CONE ? cones : condims;
  const int n = kind == PERTURB_CONE ? 2 : 4;
  for (int i = 0; i < n; i++) {
    if (strcmp(words[i], word) == 0) return true;
  }
  return false;
}

const char* perturbation_words(perturbation_kind kind) {
  return kind == PERTURB_CONE ? "pyramidal or elliptic" : "1, 3, 4 or 6";
}

/* the last `parts` parts of a path */
static const char* tail_of(const char* path, int parts) {
  const char* at = path + strlen(path);
  for (int n = 0; at > path; at--) {
    if (at[-1] == '/' && ++n == parts) break;
  }
  return at;
}

void perturbation_distinguish(int n, perturbation* changes) {
  for (int i = 0; i < n; i++) {
    if (changes[i].kind != PERTURB_MODEL) continue;
    int parts = 2;
    for (int k = 0; k < n; k++) {
      if (changes[k].kind != PERTURB_MODEL || strcmp(changes[i].word, changes[k].word) == 0) continue;
      while (tail_of(changes[i].word, parts) > changes[i].word &&
             strcmp(tail_of(changes[i].word, parts), tail_of(changes[k].word, parts)) == 0)
        parts++;
    }
    changes[i].label = tail_of(changes[i].word, parts);
  }
}

const char* perturbation_label(const perturbation* p) {
  if (p->label) return p->label;
  const char* slash = p->kind == PERTURB_MODEL ? strrchr(p->word, '/') : NULL;
  if (!slash) return p->word;
  while (slash > p->word && slash[-1] != '/') slash--;
  return slash;
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
    case PERTURB_SOFTNESS:
      return &cfg->softness_scale;
    case PERTURB_IMPRATIO:
      return &cfg->impratio_scale;
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

df_status perturbation_check(const df_config* config, const perturbation* p) {
  const df_mujoco_cfg cfg = df_task_system_cfg(config);
  if (cfg.dynamics == DF_DYNAMICS_MUJOCO || p->kind == PERTURB_NONE || p->kind == PERTURB_LATENCY) return DF_OK;
  if (p->kind == PERTURB_MODEL)
    return df_fail(DF_E_CONFIG,
                   "--model %s: MuJoCo's step of a model is not system.dynamics = %s, which takes its numbers from no "
                   "model; name --latency alone",
                   p->word, config->system_dynamics);
  return df_fail(
      DF_E_CONFIG,
      "--%s: system.dynamics = %s has none of the numbers of MuJoCo's model that are %s; name --latency alone",
      perturbation_name(p->kind), config->system_dynamics,
      perturbation_level_of(p->kind) == LEVEL_NAME ? "replaced" : "scaled");
}

df_status perturbed_system(const df_config* config, const df_search* search, const perturbation* p, df_system** out) {
  char sha256[DF_SHA256_TEXT];
  df_mujoco_cfg cfg = df_task_system_cfg(config);
  cfg.substeps = 1;
  cfg.forward_only = true;
  double* scale = scale_of(&cfg, p->kind);
  DF_TRY(perturbation_check(config, p));
  if (scale) *scale = p->level;
  if (p->kind == PERTURB_CONE) cfg.cone = strcmp(p->word, cones[0]) == 0 ? DF_CONE_PYRAMIDAL : DF_CONE_ELLIPTIC;
  if (p->kind == PERTURB_CONDIM) cfg.condim = (int)strtol(p->word, NULL, 10);
  DF_TRY(df_task_system_with(config, search, &cfg, out, sha256));
  const df_status status = p->kind == PERTURB_GAIN ? refuse_unscaled(*out) : DF_OK;
  if (status == DF_OK) return DF_OK;
  df_system_free(*out);
  *out = NULL;
  return status;
}
