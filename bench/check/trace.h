/* trace.h: the states of a recording as positions that change and velocities that should follow: how well the
 * recorded velocities explain the change of the positions from frame to frame. */
#ifndef BENCH_CHECK_TRACE_H
#define BENCH_CHECK_TRACE_H

#include <stdbool.h>
#include <stddef.h>

#include "dynaflow/data/dataset.h"
#include "dynaflow/sim/mujoco.h"
#include "dynaflow/sim/system.h"
#include "would_fit.h"

/* X(group, name, unit of the change per second): dofs of one kind, which share mistakes. The base and ball joints may
 * be recorded by different conventions. Objects, the other free joints, are of the groups of the base. */
#define TRACE_GROUPS(X)                      \
  X(BASE_POSITION, "base position", "m/s")   \
  X(BASE_ROTATION, "base rotation", "rad/s") \
  X(BALLS, "ball joints", "rad/s")           \
  X(HINGES, "hinge joints", "rad/s")         \
  X(SLIDES, "slide joints", "m/s")
enum trace_group {
#define TRACE_GROUP(group, name, unit) GROUP_##group,
  TRACE_GROUPS(TRACE_GROUP)
#undef TRACE_GROUP
      GROUPS
};
/* "base position"; "object position" if the robot has no base, so that all free joints are of objects */
const char* trace_group_name(bool based, int group);
/* the column of a heading that drifts: "base heading" or "object heading" */
const char* trace_heading_name(bool based);
const char* trace_group_unit(int group);

/* Which velocities the change from frame t to t + 1 is compared with. A right recording has one of LAG_EXPLICIT, those
 * of frame t (explicit Euler, forward differences), LAG_SEMI_IMPLICIT, of t + 1 (semi-implicit Euler, backward
 * differences), LAG_MEAN, their mean, LAG_CUBIC, the integral of a cubic through the four frames around (several
 * physics steps per frame), and LAG_CENTRAL, which compares central differences with the velocity of frame t. The
 * others are those of a frame earlier or later, and their means: velocities and positions are of different frames. */
enum trace_lag {
  LAG_EARLY,
  LAG_EARLY_MEAN,
  LAG_EXPLICIT,
  LAG_MEAN,
  LAG_CUBIC,
  LAG_SEMI_IMPLICIT,
  LAG_LATE_MEAN,
  LAG_LATE,
  LAG_CENTRAL,
  LAGS
};
/* whether a right recording may have it */
bool trace_lag_is_right(int lag);
/* frames by which the velocities are late (> 0) or early; 0 for those of a right recording */
int trace_lag_shift(int lag);

/* A velocity that stands out from those of the frames around it and from the changes of the positions. */
typedef struct trace_spike {
  int episode, frame, dof;
  double limit; /* magnitude beyond which it counts */
} trace_spike;

/* The pairs of successive frames that are looked at. Data and system must outlive it. */
typedef struct trace {
  const df_dataset* data;
  const df_system* system; /* a MuJoCo model */
  const df_joint* joints;
  int njoint, nq, nv;
  const double* h;      /* [episodes] s between frames */
  double step;          /* s, the physics step of the model as it is, of which frames are a whole number */
  fit_source source;    /* how the states were read; NULLs: unknown */
  int* group;           /* [nv] trace_group of each dof */
  size_t n;             /* pairs, in order of time */
  int *episode, *frame; /* [n] the pair is frame, frame + 1 */
  double* rate;         /* [n][nv] change of position per second */
  double* quantum;      /* [nv] smallest change other than 0 between two frames, m or rad: the step of a recording whose
                         * positions are rounded; 0 for a dof that never changes */
  bool* jump;           /* [n] the positions jump */
  bool* spoiled;        /* [n] a velocity in or beside the pair is a spike */
  trace_spike* spike;   /* [spikes] in order of time */
  int spikes;
} trace;

/* Takes every k-th episode so that about `frames_max` frames are looked at; of episodes that are too long, or of fewer
 * than eight, stretches of 1000 frames or more, evenly spread from the first to the last frame. `h` [episodes]: s
 * between frames, which must outlive the trace. The caller calls trace_clear(), also after a failure. Errors:
 * DF_E_CONFIG (more than DF_NDX_MAX tangent coordinates), DF_E_NOMEM. */
DF_MUST_CHECK df_status trace_of(const df_dataset* data, const df_system* system, const double* h, size_t frames_max,
                                 trace* out);
void trace_clear(trace* m);
/* what the recording calls objects (chart.objects); NULL: nothing is known */
const df_names* trace_objects(const trace* m);
/* whether the robot has a free base (robot_base.h) */
bool trace_has_base(const trace* m);
/* The pairs [from, to). It refers to `m`, and is not cleared. */
trace trace_part(const trace* m, size_t from, size_t to);
/* the end of the pairs of the episode to which pair `from` belongs */
size_t trace_episode_end(const trace* m, size_t from);
/* Half 0 or 1 of the pairs, divided between two episodes if there are several. It refers to `m`, and is not cleared. */
trace trace_half(const trace* m, int half);

/* whether the next pair of the list begins where this one ends: stretches of episodes may lie between */
bool trace_continues(const trace* m, size_t pair);
/* velocity of dof i at frame `frame` of the pair's episode */
double trace_velocity(const trace* m, size_t pair, int frame, int i);
/* whether all lags can be compared at the pair: the frames before and after it are there, and nothing jumps */
bool trace_comparable(const trace* m, size_t pair);
/* the change per second and the velocity that a lag compares, of dof i */
double trace_change(const trace* m, size_t pair, int lag, int i);
double trace_predicted(const trace* m, size_t pair, int lag, int i);

/* How well velocities explain the change of positions, over a set of dofs. Errors are RMS, as shares of the RMS change;
 * 0: exactly, 1: no better than velocity 0. */
typedef struct trace_fit {
  size_t n;             /* pairs compared */
  double change, speed; /* RMS change per second; RMS recorded velocity */
  double error[LAGS];   /* with the velocities as they are */
  double slope[LAGS];   /* change = slope * velocity, by least squares; 0 instead of a negative one */
  double fitted[LAGS];  /* the error with that slope */
} trace_fit;

/* The share of the pairs of [from, to) whose change the velocities explain to a quarter, with a slope; without pairs
 * that change by less than a tenth of `change`, a speed. `group` -1: all dofs that belong to any group. 0 without
 * pairs. */
double trace_share_explained(const trace* m, size_t from, size_t to, int group, int lag, double slope, double change);

/* of all dofs at the pairs [from, to); of the dofs of one group at all pairs */
trace_fit trace_fit_all(const trace* m, size_t from, size_t to);
trace_fit trace_fit_group(const trace* m, int group);
/* Makes *out the trace with only the dofs of joint j in its groups, in memory `group` [nv] that must outlive it; it
 * must not be cleared. */
void trace_of_joint(const trace* m, int j, int* group, trace* out);
/* The mocap body that holds what joint j moves, or the tree that it is of (df_mujoco_mocap_holder()); -1: none. Its
 * pose, which is not in a recording, is mostly set once per frame of several physics steps: what it holds settles
 * within the frame, so that its velocities at frames tell neither how long the frame is nor their unit. */
int trace_mocap_of(const trace* m, int j);
/* Makes *out the trace with only the dofs in its groups that mocap bodies hold, or only the others, in memory `group`
 * as of trace_of_joint(). Returns the first such mocap body; -1: none. */
int trace_of_held(const trace* m, bool held, int* group, trace* out);
/* of dof i with the velocities of dof j */
trace_fit trace_fit_pair(const trace* m, int i, int j);

/* Whether the changes of a group follow one another smoothly, as those of a motion do and those of noise do not: the
 * correlation of successive ones is above 0.5. */
bool trace_is_smooth(const trace* m, int group);

/* The share of the pairs at which the velocities of a group are further from its change than velocities of zero. */
double trace_contradicted(const trace* m, int group);

/* How far, in m or rad, the coordinate of the group that moves furthest within a stretch of pairs gets from where it is
 * at its other end: the largest range of its summed changes. */
double trace_extent(const trace* m, int group);

/* What moves by less in a whole recording, m or rad, rests: it rocks on its contacts by amounts that are those of the
 * solver, and its velocities at frames have nothing to do with them. */
#define TRACE_REST 1e-3
/* Whether the group moves by less than that in the stretches of the pairs, and velocities do not say more of a frame:
 * nothing of it tells how positions and velocities were recorded. */
bool trace_rests(const trace* m, int group);
/* Makes *out the trace without the groups that rest, in memory `group` as of trace_of_joint(). */
void trace_of_moving(const trace* m, int* group, trace* out);

/* Whether an angle of a hinge is beyond one turn, as angles in degrees are: smaller ones are radians. */
bool trace_exceeds_turn(const df_dataset* data, const df_system* system);
/* The same of a hinge whose range it is beyond, too: wheels turn as far as they like. */
bool trace_exceeds_turn_and_range(const df_dataset* data, const df_system* system);

/* The median acceleration of the base's position, by second differences, m/s^2; 0 without a free joint. */
double trace_acceleration(const trace* m);

/* The slope of the changes of a group over spans of ten frames, to which velocities that change within a frame do not
 * matter; NAN without such spans. */
double trace_long_slope(const trace* m, int group);

/* The pairs of [from, to) over which the velocities of a group (-1: of all dofs) are steady: they change by less than
 * 0.3 of their mean. Where a contact, a limit or a controller acts within a frame they are not, and do not tell how
 * far the positions move. */
typedef struct trace_steady {
  double slope; /* of the changes; NAN with fewer than ten such pairs */
  double share; /* of the squares of the velocities, that of these pairs; NAN without velocities */
} trace_steady;
trace_steady trace_steady_of(const trace* m, size_t from, size_t to, int group);

/* the smallest error of the right lags, of the others, and of all with their slopes, and which lag has it */
double trace_error(const trace_fit* f, int* lag);
double trace_shifted_error(const trace_fit* f, int* lag);
double trace_fitted_error(const trace_fit* f, int* lag);

#endif
