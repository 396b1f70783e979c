/* perturbation.h: changes of a model that stand for the difference between a simulator and a robot. */
#ifndef BENCH_TRANSFER_PERTURBATION_H
#define BENCH_TRANSFER_PERTURBATION_H

#include <stdbool.h>

#include "dynaflow/config/config.h"
#include "dynaflow/config/search.h"
#include "dynaflow/sim/system.h"

/* what the level of a perturbation is */
typedef enum perturbation_level {
  LEVEL_FACTOR, /* a factor; 1 changes nothing */
  LEVEL_TIME,   /* a time in s; 0 changes nothing */
  LEVEL_NAME    /* one of several, which has a name */
} perturbation_level;

/* X(kind, name, what its level is): mass and inertia of every body; sliding, torsional and rolling friction of every
 * contact; gain of every actuator, with the bias that is its negative, of position servos that of the position (kp), of
 * velocity servos that of the velocity (kv); damping of every joint and tendon; time by which every action is late, the
 * first one being held until then; time constant of every contact (softness_scale of df_mujoco_cfg); ratio of
 * frictional to normal impedance of every contact; friction cone; dimensions of every contact; another model of the
 * same robot (other_model.h) */
#define PERTURBATION_LIST(X)                    \
  X(PERTURB_MASS, "mass", LEVEL_FACTOR)         \
  X(PERTURB_FRICTION, "friction", LEVEL_FACTOR) \
  X(PERTURB_GAIN, "gain", LEVEL_FACTOR)         \
  X(PERTURB_DAMPING, "damping", LEVEL_FACTOR)   \
  X(PERTURB_LATENCY, "latency", LEVEL_TIME)     \
  X(PERTURB_SOFTNESS, "softness", LEVEL_FACTOR) \
  X(PERTURB_IMPRATIO, "impratio", LEVEL_FACTOR) \
  X(PERTURB_CONE, "cone", LEVEL_NAME)           \
  X(PERTURB_CONDIM, "condim", LEVEL_NAME)       \
  X(PERTURB_MODEL, "model", LEVEL_NAME)

typedef enum perturbation_kind {
#define PERTURBATION_KIND(kind, name, level) kind,
  PERTURBATION_LIST(PERTURBATION_KIND)
#undef PERTURBATION_KIND
      PERTURBATIONS,
  PERTURB_NONE = PERTURBATIONS
} perturbation_kind;

typedef struct perturbation {
  perturbation_kind kind;
  double level;      /* a factor, or a time in s */
  const char* word;  /* of a kind with names: "pyramidal" or "elliptic", "1", "3", "4" or "6", the path of a model; else
                      * NULL; not owned */
  const char* label; /* what perturbation_distinguish() has set, the end of `word`; else NULL */
} perturbation;

const char* perturbation_name(perturbation_kind kind); /* "none" for PERTURB_NONE */
perturbation_level perturbation_level_of(perturbation_kind kind);
bool perturbation_is_time(perturbation_kind kind);
/* Whether a word names a level of PERTURB_CONE or PERTURB_CONDIM. */
bool perturbation_has_word(perturbation_kind kind, const char* word);
/* "pyramidal or elliptic": the words of PERTURB_CONE or PERTURB_CONDIM. */
const char* perturbation_words(perturbation_kind kind);
/* What tables and figures show of a level that has a name: its word, of a model the name of its file and the folder in
 * which it is, since the files of many models are called scene.xml. */
const char* perturbation_label(const perturbation* p);

/* Sets the labels of models to so many of the last parts of their paths, two at least, that they differ. */
void perturbation_distinguish(int n, perturbation* changes);

/* Why the gains of a model cannot be perturbed, which names the actuator: a new string, NULL if they can. */
char* perturbation_unscaled(const df_system* system);

/* DF_E_CONFIG, which names the option, for a perturbation of dynamics in closed form other than a latency: they have
 * none of the numbers of MuJoCo's model, and MuJoCo's step of another model would be other dynamics. */
DF_MUST_CHECK df_status perturbation_check(const df_config* config, const perturbation* p);

/* Makes the system of a task with a perturbation of its model, which is not PERTURB_MODEL, stepped by physics steps:
 * one action of it is one step. It is never differentiated. Errors: those of perturbation_check(); DF_E_CONFIG for
 * gains that cannot be perturbed and for a softness that MuJoCo does not follow (sim/mujoco.h); those of
 * df_task_system_with(). On failure *out is NULL.
 */
DF_MUST_CHECK df_status perturbed_system(const df_config* config, const df_search* search, const perturbation* p,
                                         df_system** out);

#endif
