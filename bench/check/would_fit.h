/* would_fit.h: settings data.* with which states would be right, as values for a task file: composed with the settings
 * by which the states were read. */
#ifndef BENCH_CHECK_WOULD_FIT_H
#define BENCH_CHECK_WOULD_FIT_H

#include <stdbool.h>

#include "dynaflow/config/config.h"
#include "dynaflow/data/recording.h"
#include "dynaflow/sim/system.h"
#include "remedy.h"

/* How states were read. */
typedef struct fit_source {
  const df_recording* recording;
  const df_config* config;
} fit_source;

/* The functions below return settings, none if there are no such ones or if it is not known how the states were read
 * (NULLs). Out of memory, they end the program as text_add() does. */

/* The settings with which what is read as joint i of the model, positions and velocities, is joint to[i] [joints of the
 * model]; and the same of velocities alone. Columns of the blocks state, qpos and qvel, which have no order of joints,
 * are named one by one. None if that is not possible: columns of several free joints, of ball joints or activations,
 * and joints without a name. */
remedy fit_joints(const fit_source* s, const df_system* system, const int* to);
remedy fit_velocity_joints(const fit_source* s, const df_system* system, const int* to);

/* The joints in the order of their columns, for df_free(); NULL if they are not all hinges and slides of the model,
 * each once. */
int* fit_recorded_joints(const fit_source* s, const df_system* system);

/* data.position_offset with `rise` added to its z; data.position_scale times `factor` */
remedy fit_rise(const fit_source* s, double rise);
remedy fit_scale(const fit_source* s, double factor);

/* "column 3 of array 'states'": where coordinate `state` of x, or control k of the actions, is recorded; "" unless it
 * is known */
char* fit_column(const fit_source* s, int state);
char* fit_action_column(const fit_source* s, const df_system* system, int k);

/* "3, 7-9": the episodes e of n for which chosen[e] */
char* fit_episodes(int n, const bool* chosen);

/* data.select without the episodes for which drop[e], of those that were read */
remedy fit_select(const fit_source* s, const bool* drop);

#endif
