/* recorded_motion.h: the states of a recording as positions that change and velocities that should follow: how well the
 * recorded velocities explain the change of the positions from frame to frame. */
#ifndef BENCH_CHECK_RECORDED_MOTION_H
#define BENCH_CHECK_RECORDED_MOTION_H

#include <stdbool.h>
#include <stddef.h>

#include "dynaflow/data/dataset.h"
#include "dynaflow/sim/mujoco.h"
#include "dynaflow/sim/system.h"

/* X(group, name, unit of the change per second): dofs of one kind, which share mistakes */
#define MOTION_GROUPS(X)                              \
  X(BASE_POSITION, "base position", "m/s")            \
  X(BASE_ROTATION, "base and ball rotation", "rad/s") \
  X(HINGES, "hinge joints", "rad/s")                  \
  X(SLIDES, "slide joints", "m/s")
enum motion_group {
#define MOTION_GROUP(group, name, unit) GROUP_##group,
  MOTION_GROUPS(MOTION_GROUP)
#undef MOTION_GROUP
      GROUPS
};
const char* motion_group_name(int group);
const char* motion_group_unit(int group);

/* Which velocities the change from frame t to t + 1 is compared with: the mean of those of frames t + first and
 * t + last. A right recording has one of LAG_EXPLICIT (explicit Euler, forward differences), LAG_MEAN (several physics
 * steps per frame) and LAG_SEMI_IMPLICIT (semi-implicit Euler, backward differences); the others mean that velocities
 * and positions are of different frames. LAG_CENTRAL compares central differences with the velocity of frame t. */
enum motion_lag {
  LAG_EARLY,
  LAG_EARLY_MEAN,
  LAG_EXPLICIT,
  LAG_MEAN,
  LAG_SEMI_IMPLICIT,
  LAG_LATE_MEAN,
  LAG_LATE,
  LAG_CENTRAL,
  LAGS
};
/* whether a right recording may have it */
bool motion_lag_is_right(int lag);
/* frames by which the velocities are late (> 0) or early; 0 for those of a right recording */
double motion_lag_shift(int lag);

/* The pairs of successive frames that are looked at. Data and system must outlive it. */
typedef struct motion {
  const df_dataset* data;
  const df_system* system; /* a MuJoCo model */
  const df_joint* joints;
  int njoint, nq, nv;
  double h;             /* s between frames */
  int* group;           /* [nv] motion_group of each dof */
  size_t n;             /* pairs, in order of time */
  int *episode, *frame; /* [n] the pair is frame, frame + 1 */
  double* rate;         /* [n][nv] change of position per second */
  bool* jump;           /* [n] the positions jump (motion_jumps()) */
} motion;

/* Takes every k-th episode so that about `frames_max` frames are looked at; a longer episode is cut. `h`: s between
 * frames. The caller calls motion_clear(), also after a failure. Errors: DF_E_CONFIG (more than DF_NDX_MAX tangent
 * coordinates), DF_E_NOMEM. */
DF_MUST_CHECK df_status motion_of(const df_dataset* data, const df_system* system, double h, size_t frames_max,
                                  motion* out);
void motion_clear(motion* m);

/* velocity of dof i at frame `frame` of the pair's episode */
double motion_velocity(const motion* m, size_t pair, int frame, int i);
/* whether all lags can be compared at the pair: the frames before and after it are there, and it does not jump */
bool motion_comparable(const motion* m, size_t pair);
/* the change per second and the velocity that a lag compares, of dof i */
double motion_change(const motion* m, size_t pair, int lag, int i);
double motion_predicted(const motion* m, size_t pair, int lag, int i);

/* How well velocities explain the change of positions, over a set of dofs. Errors are RMS, as shares of the RMS change;
 * 0: exactly, 1: no better than velocity 0. */
typedef struct motion_fit {
  size_t n;             /* pairs compared */
  double change, speed; /* RMS change per second; RMS recorded velocity */
  double error[LAGS];   /* with the velocities as they are */
  double slope[LAGS];   /* change = slope * velocity, by least squares */
  double fitted[LAGS];  /* the error with that slope */
} motion_fit;

/* The fit of those dofs for which choose(m, i, context) holds, in the episode `episode` (-1: all). */
typedef bool motion_choice(const motion* m, int i, const void* context);
motion_fit motion_fit_of(const motion* m, int episode, motion_choice* choose, const void* context);
/* of the dofs of one group */
motion_fit motion_fit_group(const motion* m, int episode, int group);
/* of dof i with the velocities of dof j */
motion_fit motion_fit_pair(const motion* m, int i, int j);

/* the smallest error of the right lags, of the others, and of all with their slopes, and which lag has it */
double motion_error(const motion_fit* f, int* lag);
double motion_shifted_error(const motion_fit* f, int* lag);
double motion_fitted_error(const motion_fit* f, int* lag);

#endif
