/* forces along one combination of dofs: dry friction, joint limits, and row records (docs/adjoint.md, section 4) */
#include <string.h>

#include "dynaflow/core/assert.h"
#include "impedance.h"
#include "record.h"

/* ---- rows along one dof ---- */

static void record_dof_row(const df_mujoco* system, const mjData* d, const double* x, int row, df_record_part* part) {
  const mjModel* m = system->model;
  if (!df_row_active(d, row)) return;

  /* a ball joint's limit acts on three dofs */
  const bool limit = d->efc_type[row] == mjCNSTR_LIMIT_JOINT;
  if (limit && m->jnt_type[d->efc_id[row]] == mjJNT_BALL) {
    df_record_ball_limit(system, d, x, row, part);
    return;
  }

  /* any other row acts on one dof with J = 1 or -1, so J^2 drops out */
  const int dof = limit ? m->jnt_dofadr[d->efc_id[row]] : d->efc_id[row];
  DF_ASSERT(dof >= 0 && dof < m->nv);
  const double mass = d->efc_D[row];
  part->row_mass[dof] += mass;
  part->damping[dof] += mass * d->efc_KBIP[4 * row + 1];
  if (limit) part->stiffness[dof] += mass * df_distance_gain(d, row) - d->efc_force[row] * df_mass_gain(d, row);
}

static bool acts_on_a_joint(const mjData* d, int row) {
  return d->efc_type[row] == mjCNSTR_FRICTION_DOF || d->efc_type[row] == mjCNSTR_LIMIT_JOINT;
}

void df_record_dof_rows(const df_mujoco* system, const mjData* d, const double* x, df_record_part* part) {
  for (int row = d->ne; row < d->ne + d->nf + d->nl; row++) {
    if (acts_on_a_joint(d, row)) record_dof_row(system, d, x, row, part);
  }
}

/* ---- rows along several dofs ---- */

df_status df_record_row(df_tape* tape, const df_mujoco* system, const df_row_record* row, const int* dofs,
                        const double* coefficient, const double* second, df_tape_step* step) {
  const size_t n = (size_t)row->ndof, line = n * sizeof(double), bytes = row_bytes(row->bends, row->ndof);
  DF_ASSERT(row->ndof >= 1 && df_descending(row->ndof, dofs, system->tree.nv));
  DF_ASSERT(row->bends == (row->curvature != 0));
  unsigned char* room = df_tape_extend(tape, bytes);
  if (!room) return DF_E_NOMEM;

  /* header, coefficients, second coefficients, dofs */
  memset(room, 0, bytes);
  memcpy(room, row, sizeof *row);
  room += sizeof *row;
  memcpy(room, coefficient, line);
  if (row->bends) memcpy(room += line, second, line);
  memcpy(room + line, dofs, n * sizeof *dofs);
  step->nrow++;
  step->crosses |= !df_tree_is_chain(&system->tree, row->ndof, dofs);
  return DF_OK;
}

void df_add_constraint_row(const mjData* d, int row, df_row_record* record) {
  if (!df_row_active(d, row)) return;
  const double mass = d->efc_D[row];
  const bool friction = d->efc_type[row] == mjCNSTR_FRICTION_DOF || d->efc_type[row] == mjCNSTR_FRICTION_TENDON;
  record->mass += mass;
  record->damping += mass * d->efc_KBIP[4 * row + 1];
  if (!friction) record->stiffness += mass * df_distance_gain(d, row) - d->efc_force[row] * df_mass_gain(d, row);
}
