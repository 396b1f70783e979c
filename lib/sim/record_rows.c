/* dry friction and joint limits (docs/adjoint.md, section 4) */
#include "record.h"

/* dry friction and limits act on one dof each, J = +-1, so J^2 drops out */
static void record_dof_row(const mjModel* m, const mjData* d, int row, df_record_part* part) {
  if (!df_row_active(d, row)) return;
  const bool limit = d->efc_type[row] == mjCNSTR_LIMIT_JOINT;
  const int dof = limit ? m->jnt_dofadr[d->efc_id[row]] : d->efc_id[row];
  const double mass = d->efc_D[row];
  part->row_mass[dof] += mass;
  part->damping[dof] += mass * d->efc_KBIP[4 * row + 1];
  if (limit) part->stiffness[dof] += mass * df_distance_gain(d, row) - d->efc_force[row] * df_mass_gain(d, row);
}

int df_record_dof_rows(const mjModel* m, const mjData* d, df_record_part* part) {
  int row = 0;
  while (row < d->nefc && (d->efc_type[row] == mjCNSTR_FRICTION_DOF || d->efc_type[row] == mjCNSTR_LIMIT_JOINT))
    record_dof_row(m, d, row++, part);
  return row;
}
