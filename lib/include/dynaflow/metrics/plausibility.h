/* plausibility.h: whether a motion is physically plausible, judged without a demonstration: forces that nothing
 * provides, penetration, sliding feet, broken limits, jerk, power. docs/metrics.md has the formulas and their sources.
 */
#ifndef DYNAFLOW_METRICS_PLAUSIBILITY_H
#define DYNAFLOW_METRICS_PLAUSIBILITY_H

#include <stdbool.h>

#include "dynaflow/config/config.h"
#include "dynaflow/metrics/metrics.h"

DF_BEGIN_DECLS

/* X(name, metric of defs.h, largest): the values of a window; `largest`: those of several windows are summed up by
 * their maximum, not by their mean */
#define DF_PLAUSIBILITY_LIST(X)                         \
  X(ROOT_RESIDUAL, "root_residual", false)              \
  X(ROOT_TORQUE, "root_residual.torque", false)         \
  X(ROOT_SHARE, "root_residual.share", false)           \
  X(PENETRATION, "penetration", false)                  \
  X(PENETRATION_WORST, "penetration.worst", true)       \
  X(PENETRATION_SHARE, "penetration.share", false)      \
  X(SELF_COLLISION, "self_collision", false)            \
  X(SELF_COLLISION_WORST, "self_collision.worst", true) \
  X(SLIP, "slip", false)                                \
  X(JOINT_LIMIT, "joint_limit", false)                  \
  X(JOINT_LIMIT_WORST, "joint_limit.worst", true)       \
  X(VELOCITY_LIMIT, "velocity_limit", false)            \
  X(VELOCITY_LIMIT_WORST, "velocity_limit.worst", true) \
  X(TORQUE_LIMIT, "torque_limit", false)                \
  X(TORQUE_LIMIT_WORST, "torque_limit.worst", true)     \
  X(JERK, "jerk", false)                                \
  X(POWER, "power", false)                              \
  X(POWER_TRANSPORT, "power.transport", false)

#define DF_PLAUSIBILITY_INDEX(name, metric, largest) DF_PLAUSIBLE_##name,
typedef enum df_plausible { DF_PLAUSIBILITY_LIST(DF_PLAUSIBILITY_INDEX) DF_PLAUSIBLE_VALUES } df_plausible;
#undef DF_PLAUSIBILITY_INDEX

typedef struct df_plausible_def {
  const char* metric;
  bool largest;
} df_plausible_def;
/* The row of DF_PLAUSIBILITY_LIST of a value. */
DF_API df_plausible_def df_plausible_define(df_plausible value);

/* a number is beyond its range if it is so by more than this, in widths of the range: rounding and the solver's
 * tolerance put the torque of a saturated motor to either side of its limit */
#define DF_RANGE_TOLERANCE 1e-6
/* motions whose centre of mass travels less, m, have no power.transport */
#define DF_TRANSPORT_LEAST 0.1

/* What the model does not say. A zeroed one is allowed. */
typedef struct df_plausibility_cfg {
  int n_feet;
  const int* feet;               /* [n_feet] geoms whose sliding is measured; none: slip is undefined */
  const df_list* velocity_limit; /* of the actuated hinges and slides, in their order; short lists repeat; NULL or
                                  * empty: velocity_limit is undefined */
  const df_names* objects; /* joints of objects (robot_base.h): forces, weight and way are those of the robot; NULL:
                            * free ones that nothing drives only */
  const int* frames;       /* [B] only the first frames of a window count, 0 .. H+1 of them; NULL: all */
} df_plausibility_cfg;

/* Writes values [DF_PLAUSIBLE_VALUES][B] of the states of `made`; its u is not read and may be NULL. A value is NaN if
 * it is not defined: for the model (no limited joints; all but jerk with dynamics in closed form, df_dynamics), the
 * settings (no feet), or the window (too few frames, too short a way). A window with a state that is not finite or
 * exceeds 1e6, or whose accelerations overflow, has +inf for every other value. Errors: DF_E_ARG for a NULL argument, a
 * size < 1, a system that is not a MuJoCo model, or a negative foot; DF_E_SIM, with the first window and the frame at
 * which MuJoCo raises an error; DF_E_NOMEM; those of df_sim_new(). */
DF_API DF_MUST_CHECK df_status df_metric_plausibility(const df_system* system, const df_plausibility_cfg* cfg,
                                                      const df_trajectories* made, int threads, double* values);

DF_END_DECLS

#endif
