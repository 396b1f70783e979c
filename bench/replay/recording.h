/* recording.h: demonstrations as a recording to compare a model with, read as they are or under an assumption about how
 * they were written. */
#ifndef BENCH_REPLAY_RECORDING_H
#define BENCH_REPLAY_RECORDING_H

#include "dynaflow/data/dataset.h"
#include "dynaflow/data/stored_precision.h"
#include "dynaflow/sim/mujoco.h"
#include "dynaflow/sim/system.h"

/* parts of a tangent vector: [dq (nv), dv (nv), da (na)] */
enum { POSITION, VELOCITY, ACTIVATION, KINDS };

/* largest number of state coordinates: a quaternion has one more than its tangent */
enum { RECORDING_NX_MAX = 2 * DF_NDX_MAX };

/* X(flag, text): assumptions about the file, which may be combined */
#define RECORDING_READINGS(X)                                                                     \
  X(READ_ACTIONS_LATER, "the actions are stored one row too early: row t - 1 acts from frame t")  \
  X(READ_ACTIONS_EARLIER, "the actions are stored one row too late: row t + 1 acts from frame t") \
  X(READ_DEGREES, "hinge angles are in degrees")                                                  \
  X(READ_DEGREES_PER_SECOND, "hinge angles and velocities are in degrees")                        \
  X(READ_WRAPPED, "hinge angles are wrapped to one turn")                                         \
  X(READ_XYZW, "quaternions are in the order x, y, z, w")                                         \
  X(READ_WORLD_SPIN, "angular velocities of free joints are in the world frame")                  \
  X(READ_POSITIONS_ONLY, "the velocities do not belong to the positions")

enum recording_bit {
#define RECORDING_BIT(flag, text) flag##_BIT,
  RECORDING_READINGS(RECORDING_BIT)
#undef RECORDING_BIT
      RECORDING_BITS
};
enum recording_reading {
#define RECORDING_FLAG(flag, text) flag = 1 << flag##_BIT,
  RECORDING_READINGS(RECORDING_FLAG)
#undef RECORDING_FLAG
};

/* The text of the assumption of one bit. */
const char* recording_reading_text(int bit);

typedef struct recording {
  const df_dataset* data;
  const df_system* system; /* of any options: it only gives the coordinates */
  const df_joint* joints;  /* of the system */
  int njoint, nq, nv;
  int from[KINDS + 1];      /* first index of each kind in a tangent */
  double dt;                /* duration of an action, s */
  unsigned reading;         /* flags */
  bool derived[DF_NDX_MAX]; /* tangent coordinates that the file does not hold (df_dataset): they have no errors */
  bool differenced;         /* velocities are among them */
  df_stored_precision stored[KINDS]; /* the coarsest of positions, velocities, activations that the file holds */
  df_stored_precision action;        /* of the actions; float64: they are exact */
} recording;

/* A recording read as it is. Data and system, a MuJoCo model, must outlive it; the data must have actions. Errors:
 * DF_E_CONFIG (more than DF_NDX_MAX tangent coordinates). */
DF_MUST_CHECK df_status recording_of(const df_dataset* data, const df_system* system, recording* out);

/* *out = the data with states, actions and rounding of its own, to read them otherwise: free them with
 * recording_free_data(), also after a failure. DF_E_NOMEM. */
DF_MUST_CHECK df_status recording_copy_data(const recording* r, df_dataset* out);
void recording_free_data(df_dataset* data);

/* The kind of tangent coordinate i; its name: that of its joint, or "dof 3" if that is unnamed, "activation 0". */
int recording_kind(const recording* r, int i);
void recording_name(const recording* r, int i, char name[64]);

/* The actions from `first` to before `last` of an episode can be compared. */
int recording_first(const recording* r);
int recording_last(const recording* r, int episode);
int recording_length(const recording* r, int episode); /* the number of these actions; may be 0 */

/* The number of these actions in the episodes before `episode`, and of all if it is the number of episodes. */
size_t recording_before(const recording* r, int episode);
/* The episode and frame of one of them, by its number among all. */
void recording_place(const recording* r, size_t at, int* episode, int* frame);

/* x [nx] = a recorded state; an action [nu] acts from frame t to t + 1. */
void recording_state(const recording* r, int episode, int t, double* x);
const double* recording_action(const recording* r, int episode, int t);

/* e [ndx] = the recorded state x (-) the computed state y; 0 for coordinates that the file does not hold. */
void recording_error(const recording* r, const double* y, const double* x, double* e);

/* What 1 of tangent coordinate i in the file is as it is read: angles in degrees are smaller so, and so are all their
 * errors. */
double recording_unit(const recording* r, int i);

/* Whether the file holds coordinates of the kind. */
bool recording_compares(const recording* r, int kind);

/* Sets e [ndx] to the largest rounding error of each tangent coordinate of the recorded state x, in the units in which
 * it is read: the rounding of the numbers in the file, carried through the reading. */
void recording_rounding(const recording* r, const double* x, double* e);

/* The largest rounding error of an action of control i with this value, 0 if r->action is float64. */
double recording_action_rounding(const recording* r, int i, double value);

/* Takes the actions as rounded when they were stored, to the precision that their numbers show. Returns whether this
 * changes anything. */
bool recording_round_actions(recording* r);

/* Sets the entries of e [ndx] that are turns of quaternions to those that the rounding of their own four numbers makes,
 * 2 q^-1 dq, of which it adds the squares. recording_rounding() takes all four as close to 1, but the lean of an
 * upright body is stored in numbers near 0, whose rounding is far smaller. */
void recording_small_turns(const recording* r, const double* x, double* e);

/* Changes the length of each quaternion of the state x by random [njoint], in -1 .. 1, times what MuJoCo leaves without
 * normalizing it. A rounded recording hides this length, which decides where an upright cylinder touches the floor. */
void recording_scale_quaternions(const recording* r, const double* random, double* x);

/* scale[kind]: largest magnitude; motion[kind]: largest change over one action. Errors: DF_E_NOMEM. */
DF_MUST_CHECK df_status recording_extent(const recording* r, double scale[KINDS], double motion[KINDS]);

#endif
