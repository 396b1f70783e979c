/* gait.h: a gait demonstrator for the Go1: 50 Hz joint position targets from virtual-model stance forces and Raibert
 * foot placement, for trot, pace, bound and pronk at 3 Hz and duty .5. It is the source of the go1_gaits
 * demonstrations; a learner sees its states and commands, never its internals. */
#ifndef DYNAFLOW_DATA_GAIT_H
#define DYNAFLOW_DATA_GAIT_H

#include "dynaflow/data/dataset.h"
#include "dynaflow/data/generator.h"
#include "dynaflow/sim/mujoco.h"

typedef enum df_gait { DF_GAIT_TROT, DF_GAIT_PACE, DF_GAIT_BOUND, DF_GAIT_PRONK, DF_GAIT_COUNT } df_gait;

DF_API const char* df_gait_name(df_gait gait);
DF_API int df_gait_by_name(const char* name); /* -1 if there is none */

/* Whether foot `leg` (0 FR, 1 FL, 2 RR, 3 RL) stands at phase [cycles] of the gait's clock. */
DF_API bool df_gait_stance(df_gait gait, int leg, double phase);

enum { DF_GAIT_SETTLE_FRAMES = 25 };   /* actions during which the robot stands before its clock starts */
DF_API double df_gait_frequency(void); /* Hz */

typedef struct df_gait_report {
  int tried[DF_GAIT_COUNT], fallen[DF_GAIT_COUNT];
} df_gait_report;

/* Demonstrations as config's data.* keys say: data.episodes upright ones of each gait, falls rejected and counted in
 * `report` (may be NULL). Conditions are a one-hot gait and the command vx, vy [m/s], yaw rate [rad/s]; gaits follow
 * one another. Commands, start poses and phases are functions of (data.seed, gait, attempt), so the result depends
 * neither on threads nor on rejections before. DF_E_CONFIG for a model that is not a 12-joint Go1 or an unknown gait
 * name. `progress` (may be NULL) is called with episodes done and wanted after every few attempts, from one thread at
 * a time; when it returns false the call ends with DF_E_INTERRUPTED. */
DF_API DF_MUST_CHECK df_status df_gait_demonstrate(const df_system* system, const df_config* config, int threads,
                                                   bool (*progress)(void*, int, int), void* context,
                                                   df_gait_report* report, df_dataset** out);

/* df_gait_demonstrate() as a row of the table of generators: "quadruped_gaits". */
extern DF_API const df_generator df_generator_quadruped_gaits;

#endif
