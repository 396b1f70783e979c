/* access to rows of the constraint Jacobian, which MuJoCo stores dense or sparse */
#include "record.h"

df_jacobian_row df_constraint_row(const mjModel* m, const mjData* d, int row) {
  if (!mj_isSparse(m)) return (df_jacobian_row){.value = d->efc_J + (size_t)row * (size_t)m->nv, .n = (int)m->nv};
  const int at = d->efc_J_rowadr[row];
  return (df_jacobian_row){.value = d->efc_J + at, .dof = d->efc_J_colind + at, .n = d->efc_J_rownnz[row]};
}

void df_row_gather(const df_jacobian_row* row, int n, const int* dofs, double* out) {
  if (!row->dof) {
    for (int i = 0; i < n; i++) out[i] = row->value[dofs[i]];
    return;
  }
  /* walk both sorted lists at once: the row ascends, dofs descend */
  int at = row->n - 1;
  for (int i = 0; i < n; i++) {
    while (at >= 0 && row->dof[at] > dofs[i]) at--;
    out[i] = at >= 0 && row->dof[at] == dofs[i] ? row->value[at] : 0;
  }
}
