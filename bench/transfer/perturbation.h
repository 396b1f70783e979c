/* perturbation.h: changes of a model that stand for the difference between a simulator and a robot. */
#ifndef BENCH_TRANSFER_PERTURBATION_H
#define BENCH_TRANSFER_PERTURBATION_H

#include <stdbool.h>

#include "dynaflow/config/config.h"
#include "dynaflow/config/search.h"
#include "dynaflow/sim/system.h"

/* X(kind, name, whether its level is a time in s instead of a factor): mass and inertia of every body; sliding,
 * torsional and rolling friction of every contact; gain of every actuator, with the bias that is its negative, of
 * position servos that of the position (kp), of velocity servos that of the velocity (kv); damping of every joint and
 * tendon; time by which every action is late, the first one being held until then */
#define PERTURBATION_LIST(X)             \
  X(PERTURB_MASS, "mass", false)         \
  X(PERTURB_FRICTION, "friction", false) \
  X(PERTURB_GAIN, "gain", false)         \
  X(PERTURB_DAMPING, "damping", false)   \
  X(PERTURB_LATENCY, "latency", true)

typedef enum perturbation_kind {
#define PERTURBATION_KIND(kind, name, time) kind,
  PERTURBATION_LIST(PERTURBATION_KIND)
#undef PERTURBATION_KIND
      PERTURBATIONS,
  PERTURB_NONE = PERTURBATIONS
} perturbation_kind;

typedef struct perturbation {
  perturbation_kind kind;
  double level; /* a factor, or a time in s; nothing changes at a factor of 1 and a time of 0 */
} perturbation;

const char* perturbation_name(perturbation_kind kind); /* "none" for PERTURB_NONE */
bool perturbation_is_time(perturbation_kind kind);

/* Why the gains of a model cannot be perturbed, which names the actuator: a new string, NULL if they can. */
char* perturbation_unscaled(const df_system* system);

/* Makes the system of a task with a perturbation of its model, stepped by physics steps: one action of it is one step.
 * It is never differentiated. Errors: DF_E_CONFIG for gains that cannot be perturbed; those of df_task_system_with().
 * On failure *out is NULL. */
DF_MUST_CHECK df_status perturbed_system(const df_config* config, const df_search* search, const perturbation* p,
                                         df_system** out);

#endif
