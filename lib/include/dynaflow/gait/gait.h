/* gait.h: a generator of gait demonstrations for the Go1.
 *
 * A controller computes joint position targets at 50 Hz from virtual-model stance forces and Raibert foot placement
 * (Raibert 1986), for trot, pace, bound and pronk at a step frequency of 3 Hz and a duty factor of 0.5. It generates
 * the demonstrations of the task go1_gaits. A learner sees the states, actions and commands, not the controller's
 * internals. */
#ifndef DYNAFLOW_GAIT_GAIT_H
#define DYNAFLOW_GAIT_GAIT_H

#include "dynaflow/data/dataset.h"
#include "dynaflow/data/generator.h"
#include "dynaflow/sim/mujoco.h"

DF_BEGIN_DECLS

typedef enum df_gait { DF_GAIT_TROT, DF_GAIT_PACE, DF_GAIT_BOUND, DF_GAIT_PRONK, DF_GAIT_COUNT } df_gait;

DF_API const char* df_gait_name(df_gait gait); /* "trot" ...; "" for DF_GAIT_COUNT and above */
DF_API int df_gait_by_name(const char* name);  /* the df_gait, or -1 for an unknown name */

/* Whether leg `leg` (0 FR, 1 FL, 2 RR, 3 RL) is in stance at phase [cycles] of the gait's clock. */
DF_API bool df_gait_stance(df_gait gait, int leg, double phase);

enum { DF_GAIT_SETTLE_FRAMES = 25 }; /* actions during which the robot stands before the gait's clock acts */

/* Generates demonstrations according to config's data.* keys: data.episodes episodes of each gait, one gait after the
 * other. Attempts in which the robot falls are rejected; env->report has a line per gait, in the order of df_gait. The
 * conditions are the gait, one-hot, and the command: vx, vy [m/s] and yaw rate [rad/s]. Command, start pose and phase
 * are functions of (data.seed, gait, number of the attempt), so the result depends neither on env->threads nor on
 * earlier rejections. The caller frees *out with df_dataset_free(); on failure *out is NULL.
 * Errors: DF_E_CONFIG for a model other than a 12-joint Go1 with actions of 0.02 s, an unknown or repeated gait name, a
 * value of data.* out of range, or too many falls (more than 50 attempts per wanted episode); DF_E_INTERRUPTED if
 * env->progress returned false; DF_E_SIM if the simulator fails; DF_E_ARG for a NULL argument or threads < 1;
 * DF_E_NOMEM. */
DF_API DF_MUST_CHECK df_status df_gait_demonstrate(const df_system* system, const df_config* config,
                                                   const df_generator_env* env, df_dataset** out);

/* df_gait_demonstrate() as a row of the table of generators: "quadruped_gaits". */
extern DF_API const df_generator df_generator_quadruped_gaits;

DF_END_DECLS

#endif
