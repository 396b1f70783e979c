/* detour.h: a generator of demonstrations with two modes: a puck that passes a pit on its left or on its right.
 *
 * An expert drives a puck along x towards a pit at the origin and passes it on one side, which is drawn by a fair coin
 * and does not depend on the state. Until the detour begins, DF_DETOUR_BEGIN before the pit, state and action say
 * nothing of the side: the action is a random variable with two modes given the state, and their mean leads into the
 * pit. */
#ifndef DYNAFLOW_GAIT_DETOUR_H
#define DYNAFLOW_GAIT_DETOUR_H

#include "dynaflow/data/generator.h"

DF_BEGIN_DECLS

/* the expert, m and m/s */
#define DF_DETOUR_BEGIN  0.5  /* the detour takes place in |x| < this */
#define DF_DETOUR_BESIDE 0.2  /* the puck is beside the pit in |x| < this */
#define DF_DETOUR_WIDTH  0.25 /* its offset there */
#define DF_DETOUR_SPEED  0.8  /* along x where there is no offset; less beside the pit by DF_DETOUR_SLOWER */
#define DF_DETOUR_SLOWER 0.2
#define DF_DETOUR_START  0.9 /* the puck starts at -this, +- DF_DETOUR_SPREAD */
#define DF_DETOUR_SPREAD 0.1 /* in x; a fifth of it in y */

/* The offset of the path at x [m] and, in *slope and *curvature, its first two derivatives by x: DF_DETOUR_WIDTH beside
 * the pit, 0 outside of the detour, and half a cosine between. */
DF_API double df_detour_path(double x, double* slope, double* curvature);

/* Generates data.episodes episodes of data.seconds. The lateral velocity at the start is drawn uniformly from +-
 * data.command_vy; side and start are functions of (data.seed, number of the attempt), whatever env->threads is.
 * Attempts in which the puck sinks by more than 0.02 m are rejected, and env->report counts them by side. There are no
 * conditions. The caller frees *out with df_dataset_free(); on failure *out is NULL. Errors: DF_E_CONFIG for a model
 * other than three slide joints named x, y and z with a motor on x and y, for values of data.* out of range and if more
 * than 50 attempts per wanted episode are rejected; DF_E_INTERRUPTED if env->progress returned false; DF_E_SIM;
 * DF_E_ARG; DF_E_NOMEM. */
DF_API DF_MUST_CHECK df_status df_detour_demonstrate(const df_system* system, const df_config* config,
                                                     const df_generator_env* env, df_dataset** out);

/* df_detour_demonstrate() as a row of the table of generators: "detours". */
extern DF_API const df_generator df_generator_detours;

DF_END_DECLS

#endif
