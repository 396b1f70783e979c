/* record.h: what the files that write the tape share. record_<what>.c each copy one kind of thing out of mjData. */
#ifndef DF_SIM_RECORD_H
#define DF_SIM_RECORD_H

#include "mujoco_internal.h"

/* the fixed part of a step on the tape; the arrays of df_step_record, to be written */
typedef struct df_record_part {
  double *velocity, *velocity_next, *acceleration, *cdof, *inertia, *mass, *row_mass, *stiffness, *damping, *implicit,
      *gain;
  size_t n; /* doubles in all */
} df_record_part;

/* ---- tape.c ---- */

/* Room for `bytes` more on the tape, NULL without memory. What was handed out before moves. */
unsigned char* df_tape_extend(df_tape* tape, size_t bytes);

/* ---- record_actuator.c ---- */

/* springs and dampers of joints: sets row_mass, stiffness, damping, implicit */
void df_record_passive(const mjModel* m, df_record_part* part);
/* sets gain, adds to stiffness, damping, implicit */
void df_record_actuators(const mjModel* m, const mjData* d, df_record_part* part);

/* ---- record_rows.c: constraint rows that act on one dof each ---- */

/* Records the dry friction and limits that MuJoCo puts first, in `part`; returns the first row behind them. */
int df_record_dof_rows(const mjModel* m, const mjData* d, df_record_part* part);

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
