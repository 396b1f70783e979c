/* record.h: shared by the files that write the tape. Each record_<part>.c copies one kind of force out of mjData into
 * the records of tape.h (docs/adjoint.md, sections 4 to 6).
 *
 * Conventions: x [nx] = [qpos, qvel, act] is the state at the start of the step. The state in mjData has moved on, its
 * forces, Jacobians and kinematics have not. Functions that append to the tape return DF_E_NOMEM if it cannot grow. */
#ifndef LIB_SIM_TAPE_RECORD_H
#define LIB_SIM_TAPE_RECORD_H

#include "model.h"
#include "tape.h"

/* The arrays in the fixed part of every record, in memory order, with their lengths in terms of `sizes s` of
 * record_layout.c. Names and meanings are those of df_step_record. */
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
  X(wrench, 8 * s.site)                \
  X(compensation, s.compensation)      \
  X(end_open, s.stage_na)              \
  X(act_open, s.na)                    \
  X(rate_by_act, s.na)                 \
  X(rate_by_ctrl, s.na)

/* Writable view of the fixed part of a record; the arrays of df_step_record. */
typedef struct df_record_part {
#define DF_RECORD_MEMBER(name, length) double* name;
  DF_RECORD_PARTS(DF_RECORD_MEMBER)
#undef DF_RECORD_MEMBER
  size_t n; /* total length in doubles */
} df_record_part;

/* ---- record_layout.c ---- */

/* Length of the fixed part of a record in doubles. */
size_t df_record_fixed_size(const df_mujoco* system);

/* The fixed part of a record that begins at `base`. */
df_record_part df_record_lay_out(const df_mujoco* system, double* base);

/* The fixed part of record number `step`; valid until the tape is extended. */
df_record_part df_tape_part(const df_tape* tape, const df_mujoco* system, int step);

/* ---- record_joint.c ---- */

/* Springs and dampers of joints in state x. Initialises row_mass, stiffness, damping, implicit_by_velocity and the
 * blocks; must come before all other writers of these. */
void df_record_passive(const df_mujoco* system, const double* x, df_record_part* part);
/* Adds the active constraint row `row`, the limit of a ball joint, to the blocks of that joint. */
void df_record_ball_limit(const df_mujoco* system, const mjData* d, const double* x, int row, df_record_part* part);

/* ---- record_actuator.c ---- */

/* Actuators and activations. Sets gain, implicit_by_input, act_open, rate_by_act and rate_by_ctrl; adds to stiffness,
 * damping and the blocks. */
void df_record_actuators(const df_mujoco* system, const mjData* d, const double* x, df_record_part* part);

/* ---- actuator_slopes.c ---- */

/* Since 4.0 MuJoCo leaves actuators of a joint at its force limit out of the implicit damping, as it always did with
 * actuators at their own force limit. */
enum { DF_OMITTED_AT_JOINT = mjVERSION_HEADER >= 4000000 };

/* The control of actuator i after MuJoCo's clamping; *clamped is true if it lies beyond its range and so does not
 * follow d->ctrl. */
double df_actuator_control(const mjModel* m, const mjData* d, int i, bool* clamped);
/* Whether the actuator forces of a joint are at their limit. */
bool df_joint_saturated(const mjModel* m, const mjData* d, int joint);

/* ---- of actuators with constant slopes (df_plain_actuator) ---- */

/* False if the actuator or its joint is at a force limit, so that the force is constant. */
bool df_plain_acts(const mjModel* m, const mjData* d, int i);
/* Whether implicitfast takes the actuator's damping implicitly; false for other integrators. */
bool df_plain_damps(const mjModel* m, const mjData* d, int i);

/* ---- of all actuators ---- */

/* open [na]: 0 where a step from the activations act [na] at the rates act_dot [na] clamps the activation to its range,
 * 1 elsewhere. */
void df_record_act_open(const df_mujoco* system, const double* act, const double* act_dot, double* open);

/* Derivatives of an actuator's scalar force f(input, length, velocity), and the derivative of by_velocity by the input,
 * needed because implicitfast takes by_velocity implicitly. */
typedef struct df_slopes {
  double by_input, by_length, by_velocity, velocity_by_input;
} df_slopes;

/* The slopes of actuator i; all 0 if it is disabled or at its own force limit. act [na] are the activations at the
 * start of the step. */
df_slopes df_linearise_actuator(const df_mujoco* system, const mjData* d, const double* act, int i);

/* ---- record_jacobian.c ---- */

/* One row of the constraint Jacobian: n values, of the dofs dof[i] in ascending order, or of the dofs 0..n-1 if dof is
 * NULL (dense storage). Points into mjData. */
typedef struct df_jacobian_row {
  const double* value;
  const int* dof;
  int n;
} df_jacobian_row;

df_jacobian_row df_constraint_row(const mjModel* m, const mjData* d, int row);
/* out [n] = the row's entries at the n dofs dofs[i], which are descending; 0 where the row has no entry. */
void df_row_gather(const df_jacobian_row* row, int n, const int* dofs, double* out);

/* ---- record_rows.c: dry friction and limits of joints; records of other rows along one combination of dofs ---- */

/* Adds active dry friction and limits of joints to row_mass, stiffness, damping and the blocks. */
void df_record_dof_rows(const df_mujoco* system, const mjData* d, const double* x, df_record_part* part);

/* Appends a record with the header `row`, dofs [row->ndof] (descending), coefficient [row->ndof] and, only if
 * row->bends, second [row->ndof] (otherwise ignored, may be NULL). Updates step->nrow and step->crosses. */
df_status df_record_row(df_tape* tape, const df_mujoco* system, const df_row_record* row, const int* dofs,
                        const double* coefficient, const double* second, df_tape_step* step);

/* Adds mass, stiffness and damping of constraint row `row` to a record along the same dofs; nothing if the row is not
 * active. */
void df_add_constraint_row(const mjData* d, int row, df_row_record* record);

/* ---- record_equality.c ---- */

/* Appends one df_row_record per equality constraint of joints or tendons. */
df_status df_record_equality_rows(df_tape* tape, const df_mujoco* system, const mjData* d, const double* x,
                                  df_tape_step* step);
/* Appends one df_weld_record per connect or weld equality. */
df_status df_record_welds(df_tape* tape, const df_mujoco* system, const mjData* d, df_tape_step* step);

/* ---- record_tendon.c ---- */

/* Appends one df_row_record per fixed tendon along which a force acts whose derivative by length or velocity is not
 * zero: springs, dampers, dry friction, limits and actuators. */
df_status df_record_tendons(df_tape* tape, const df_mujoco* system, const mjData* d, const double* x,
                            df_tape_step* step);
/* Sets gain and implicit_by_input of an actuator on a fixed tendon. */
void df_record_tendon_gain(const df_mujoco* system, const mjData* d, const double* x, int actuator,
                           df_record_part* part);
/* Writes the dofs of fixed tendon `id`, descending, to dofs [nv]; returns their number. */
int df_tendon_dofs(const mjModel* m, int id, int* dofs);
/* The derivative of the length of tendon `id` by the position. */
df_jacobian_row df_tendon_row(const mjModel* m, const mjData* d, int id);

/* ---- record_contact.c ---- */

/* Appends the contact whose first constraint row is `row`, unless none of its rows is active. Sets *next to the first
 * row after the contact. Updates ncontact, crosses and approximate of step. */
df_status df_record_contact(df_tape* tape, const df_mujoco* system, const mjData* d, int row, df_tape_step* step,
                            int* next);

#endif
