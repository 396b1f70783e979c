/* record.h: what the files that write the tape share. record_<what>.c each copy one kind of thing out of mjData. */
#ifndef DF_SIM_RECORD_H
#define DF_SIM_RECORD_H

#include "model.h"
#include "tape.h"

/* The arrays of df_step_record that every step has, with their lengths in terms of tape.c's `sizes s`. */
#define DF_RECORD_PARTS(X)             \
  X(velocity, s.nv)                    \
  X(velocity_next, s.nv)               \
  X(acceleration, s.nv)                \
  X(cdof, 6 * s.nv)                    \
  X(inertia, 10 * s.node)              \
  X(mass, s.nC)                        \
  X(factor, s.factor_nC)               \
  X(factor_inverse, s.factor_nv)       \
  X(row_mass, s.nv)                    \
  X(stiffness, s.nv)                   \
  X(damping, s.nv)                     \
  X(gain, s.entry)                     \
  X(implicit_by_velocity, s.curved_nv) \
  X(implicit_by_input, s.curved_entry) \
  X(block_stiffness, s.block)          \
  X(block_damping, s.block)            \
  X(block_mass, s.block)               \
  X(compensation, s.compensation)      \
  X(end_open, s.stage_na)              \
  X(act_open, s.na)                    \
  X(rate_by_act, s.na)                 \
  X(rate_by_ctrl, s.na)

/* the fixed part of a step on the tape; the arrays of df_step_record, to be written */
typedef struct df_record_part {
#define DF_RECORD_MEMBER(name, length) double* name;
  DF_RECORD_PARTS(DF_RECORD_MEMBER)
#undef DF_RECORD_MEMBER
  size_t n; /* doubles in all */
} df_record_part;

/* ---- tape.c ---- */

/* Room for `bytes` more on the tape, NULL without memory. What was handed out before moves. */
unsigned char* df_tape_extend(df_tape* tape, size_t bytes);

/* The fixed part of a recorded step, until the tape grows. */
df_record_part df_tape_part(const df_tape* tape, const df_mujoco* system, int step);

/* ---- record_joint.c ---- */

/* springs and dampers of joints in state x [nx]: sets row_mass, stiffness, damping */
void df_record_passive(const df_mujoco* system, const double* x, df_record_part* part);
/* Records the violated limit `row` of a ball joint. */
void df_record_ball_limit(const df_mujoco* system, const mjData* d, const double* x, int row, df_record_part* part);

/* ---- record_actuator.c ---- */

/* Sets gain and the derivatives of activations, adds to stiffness and damping. x [nx] is the state that the
 * forces were computed from; that in d has moved on. */
void df_record_actuators(const df_mujoco* system, const mjData* d, const double* x, df_record_part* part);

/* Actuators whose slopes are constants (df_plain_actuator): the control that the gain multiplies, whether the force
 * acts or is held at a limit, and whether implicitfast takes its damping implicitly. */
double df_plain_control(const mjModel* m, const mjData* d, int i);
bool df_plain_acts(const mjModel* m, const mjData* d, int i);
bool df_plain_damps(const mjModel* m, const mjData* d, int i);

/* open [na]: 1, or 0 where a step from the activations act [na] at the rate act_dot [na] clamps the activation */
void df_record_act_open(const df_mujoco* system, const double* act, const double* act_dot, double* open);

/* derivatives of an actuator's force f(input, length, velocity); implicitfast takes by_velocity implicitly, and it may
 * depend on the input */
typedef struct df_slopes {
  double by_input, by_length, by_velocity, velocity_by_input;
} df_slopes;

/* the slopes of actuator i as far as its own limits let it push; act [na] is from before the step */
df_slopes df_linearise_actuator(const df_mujoco* system, const mjData* d, const double* act, int i);

/* ---- record_jacobian.c ---- */

/* one row of the constraint Jacobian: `n` values, of the dofs dof[i] in ascending order, of the dofs 0..n-1 if dof is
 * NULL; belongs to mjData */
typedef struct df_jacobian_row {
  const double* value;
  const int* dof;
  int n;
} df_jacobian_row;

df_jacobian_row df_constraint_row(const mjModel* m, const mjData* d, int row);
/* out [n] = the entries at n descending dofs, zero where the row has none */
void df_row_gather(const df_jacobian_row* row, int n, const int* dofs, double* out);

/* ---- record_rows.c: forces along one combination of dofs ---- */

/* dry friction and limits of joints, in `part`; x [nx] is the state at the start of the step */
void df_record_dof_rows(const df_mujoco* system, const mjData* d, const double* x, df_record_part* part);

/* Appends `row` along n descending dofs: its coefficients and, if it bends, the second ones. DF_E_NOMEM if the tape
 * cannot grow. */
df_status df_record_row(df_tape* tape, const df_mujoco* system, const df_row_record* row, const int* dofs,
                        const double* coefficient, const double* second, df_tape_step* step);

/* adds constraint row `row` to a record along the same line: mass, stiffness, damping */
void df_add_constraint_row(const mjData* d, int row, df_row_record* record);

/* ---- record_equality.c ---- */

/* couplings of joints or tendons; x [nx] is the state at the start of the step, where mjData stands at its end */
df_status df_record_equality_rows(df_tape* tape, const df_mujoco* system, const mjData* d, const double* x,
                                  df_tape_step* step);
/* bodies tied by connect or weld */
df_status df_record_ties(df_tape* tape, const df_mujoco* system, const mjData* d, df_tape_step* step);

/* ---- record_tendon.c ---- */

/* Springs, dampers, dry friction, limits and actuators of fixed tendons, as far as these depend on length and velocity;
 * x [nx] is the state at the start of the step. */
df_status df_record_tendons(df_tape* tape, const df_mujoco* system, const mjData* d, const double* x,
                            df_tape_step* step);
/* the gain of an actuator on a tendon, in `part` */
void df_record_tendon_gain(const df_mujoco* system, const mjData* d, const double* x, int actuator,
                           df_record_part* part);
/* the dofs of tendon `id`, descending, in dofs [nv]; returns their number */
int df_tendon_dofs(const mjModel* m, int id, int* dofs);
/* the derivative of its length */
df_jacobian_row df_tendon_row(const mjModel* m, const mjData* d, int id);

/* the constraint law of a row, shared by all kinds of rows */

/* what a unit change of distance does to the force law: the reference acceleration changes by K (imp + imp' x), the
 * constraint mass by its own factor */
static inline double df_distance_gain(const mjData* d, int row) {
  const mjtNum* k = d->efc_KBIP + 4 * row;
  return k[0] * (k[2] + k[3] * (d->efc_pos[row] - d->efc_margin[row]));
}
static inline double df_mass_gain(const mjData* d, int row) {
  const mjtNum* k = d->efc_KBIP + 4 * row;
  return k[3] == 0 ? 0 : k[3] / (k[2] * (1 - k[2]));
}

static inline bool df_row_active(const mjData* d, int row) {
  return d->efc_state[row] == mjCNSTRSTATE_QUADRATIC || d->efc_state[row] == mjCNSTRSTATE_CONE;
}

/* ---- record_contact.c ---- */

/* Appends the contact whose first row is `row`, unless none of its rows is active; returns the row behind it in *next.
 * DF_E_NOMEM if the tape cannot grow. */
df_status df_record_contact(df_tape* tape, const df_mujoco* system, const mjData* d, int row, df_tape_step* step,
                            int* next);

#endif
