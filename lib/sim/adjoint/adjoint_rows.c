/* Rows along several dofs: their derivatives of w . r, and with those of weld and connect equalities their part of the
 * Hessian (docs/adjoint.md, section 4, "Along several dofs", and section 6). */
#include "adjoint.h"
#include "dynaflow/core/assert.h"

/* ---- the Hessian ---- */

void df_adjoint_add_rows(const df_step_record* record, const df_pattern* p, double* hessian) {
  /* D c c^T of each active row */
  const df_row_record* r = first_row(record);
  for (int i = 0; i < record->nrow; i++, r = next_row(r)) {
    if (r->mass != 0) df_add_block(p, hessian, 1, r->ndof, row_dofs(r), row_coefficient(r), &r->mass);
  }

  /* J^T D J of each weld or connect equality */
  const df_weld_record* t = first_weld(record);
  for (int i = 0; i < record->nweld; i++, t = next_weld(t))
    df_add_block(p, hessian, t->dim, t->ndof, weld_dofs(t), weld_jacobian(t), t->hessian);
}

/* ---- rows ---- */

/* sum of line[i] x[dof i] over the dofs of a row */
static double along(const df_row_record* r, const double* line, const double* x) {
  const int* dofs = row_dofs(r);
  double sum = 0;
  for (int i = 0; i < r->ndof; i++) sum += line[i] * x[dofs[i]];
  return sum;
}

void df_adjoint_rows(const df_step_record* record, df_adjoint* a, double* vbar) {
  const df_row_record* r = first_row(record);
  for (int i = 0; i < record->nrow; i++, r = next_row(r)) {
    const double *c = row_coefficient(r), *b = row_second(r), s = along(r, c, a->w);
    const int* dofs = row_dofs(r);
    /* the mass is a sum of efc_D, which MuJoCo keeps positive; negative damping of a model is in r->damping */
    DF_ASSERT(r->ndof > 0 && r->mass >= 0);
    DF_ASSERT((const unsigned char*)r >= record->rows && (const unsigned char*)next_row(r) <= record->welds);

    /* force along a constant combination c of dofs, s = c . w */
    for (int k = 0; k < r->ndof; k++) {
      a->qbar[dofs[k]] -= s * r->stiffness * c[k];
      vbar[dofs[k]] -= s * r->damping * c[k];
    }

    /* a coupling whose combination c changes by curvature b (b . dq) */
    if (!r->bends) continue;
    const double turn = r->curvature * (s * r->bend_motion - r->bend_force * along(r, b, a->w));
    for (int k = 0; k < r->ndof; k++) a->qbar[dofs[k]] -= turn * b[k];
  }
}
