/* impedance.h: the constraint law of a row and its derivatives, common to contacts, limits, dry friction and equalities
 * (docs/adjoint.md, section 4). MuJoCo leaves stiffness K, damping B, impedance d and its derivative d' of a row in
 * efc_KBIP. */
#ifndef LIB_SIM_TAPE_IMPEDANCE_H
#define LIB_SIM_TAPE_IMPEDANCE_H

#include <mujoco/mujoco.h>
#include <stdbool.h>

/* Derivative of minus the reference acceleration by the distance: K (d + d' x), for the impedance d(x) at distance x
 * from the margin. */
static inline double df_distance_gain(const mjData* d, int row) {
  const mjtNum* k = d->efc_KBIP + 4 * row;
  return k[0] * (k[2] + k[3] * (d->efc_pos[row] - d->efc_margin[row]));
}
/* Derivative of the logarithm of the constraint mass by the distance: d' / (d (1 - d)). */
static inline double df_mass_gain(const mjData* d, int row) {
  const mjtNum* k = d->efc_KBIP + 4 * row;
  return k[3] == 0 ? 0 : k[3] / (k[2] * (1 - k[2]));
}

/* whether the row's force depends on the acceleration: quadratic, or on the elliptic cone */
static inline bool df_row_active(const mjData* d, int row) {
  return d->efc_state[row] == mjCNSTRSTATE_QUADRATIC || d->efc_state[row] == mjCNSTRSTATE_CONE;
}

#endif
