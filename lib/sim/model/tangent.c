#include <math.h>

#include "model.h"
#include "spatial.h"

/* ---- differences of states: docs/adjoint.md, section 2, and system.h for the tangent coordinates ---- */

void df_mujoco_difference(const df_system* system, const double* xa, const double* xb, double* e) {
  const mjModel* m = as_mujoco(system)->model;
  const int nq = (int)m->nq, nv = (int)m->nv, plain = nv + (int)m->na;
  mj_differentiatePos(m, e, 1.0, xa, xb);
  for (int i = 0; i < plain; i++) e[nv + i] = xb[nq + i] - xa[nq + i];
}

void df_mujoco_integrate(const df_system* system, const double* xa, const double* e, double* xb) {
  const mjModel* m = as_mujoco(system)->model;
  const int nq = (int)m->nq, nv = (int)m->nv, plain = nv + (int)m->na;
  if (xb != xa) mju_copy(xb, xa, nq);
  for (int i = 0; i < plain; i++) xb[nq + i] = xa[nq + i] + e[nv + i];
  mj_integratePos(m, xb, e, 1.0);
}

int df_rotation_dof(const mjModel* m, int joint) {
  switch (m->jnt_type[joint]) {
    case mjJNT_FREE:
      return m->jnt_dofadr[joint] + 3;
    case mjJNT_BALL:
      return m->jnt_dofadr[joint];
    default:
      return -1;
  }
}

void df_mujoco_difference_vjp(const df_system* system, const double* xa, const double* xb, const double* y,
                              double* dxb) {
  const mjModel* m = as_mujoco(system)->model;
  if (dxb != y) mju_copy(dxb, y, system->ndx);

  /* rotation vectors of the difference */
  double e[MAX_NV + 1];
  mj_differentiatePos(m, e, 1.0, xa, xb);

  /* A right perturbation of xb by d changes the rotation vector e by Jr(e)^-1 d with Jr(e)^-1 = 1 + [e]/2 + c [e]^2.
   * All other coordinates have the identity. */
  for (int j = 0; j < m->njnt; j++) {
    const int a = df_rotation_dof(m, j);
    if (a < 0) continue;
    const double *r = e + a, c = rotation_rate_coefficient(r);
    double ry[3], rry[3];
    vec_cross(ry, r, dxb + a);
    vec_cross(rry, r, ry);
    vec_add_scaled(dxb + a, ry, -0.5);
    vec_add_scaled(dxb + a, rry, c);
  }
}

/* ---- the position update of a step ---- */

/* q' = q exp(h v): qbar = exp([h v]) y, lam += h Jr(h v)^T y. With r = h v, exp([r]) = 1 + a [r] + b [r]^2 and
 * Jr(r)^T = 1 + b [r] + c [r]^2. */
static void rotation_vjp(const double v[3], double h, const double y[3], double qbar[3], double lam[3]) {
  const double r[3] = {h * v[0], h * v[1], h * v[2]}, angle2 = vec_dot(r, r), angle = sqrt(angle2);

  /* series below 1e-3 rad, where the quotients tend to 0/0 */
  double a = 1 - angle2 / 6, b = 0.5 - angle2 / 24, c = 1.0 / 6 - angle2 / 120;
  if (angle >= 1e-3) {
    a = sin(angle) / angle;
    b = (1 - cos(angle)) / angle2;
    c = (angle - sin(angle)) / (angle2 * angle);
  }

  double ry[3], rry[3];
  vec_cross(ry, r, y);
  vec_cross(rry, r, ry);
  for (int k = 0; k < 3; k++) {
    qbar[k] = y[k] + a * ry[k] + b * rry[k];
    lam[k] += h * (y[k] + b * ry[k] + c * rry[k]);
  }
}

void df_mujoco_position_vjp(const mjModel* m, const double* v_next, const double* yq, double* qbar, double* lam) {
  const double h = m->opt.timestep;
  const int nv = (int)m->nv;
  for (int i = 0; i < nv;) {
    const int joint = m->dof_jntid[i], rotation = df_rotation_dof(m, joint);
    if (i == rotation) {
      rotation_vjp(v_next + i, h, yq + i, qbar + i, lam + i);
      i += 3;
    } else {
      qbar[i] = yq[i];
      lam[i] += h * yq[i];
      i++;
    }
  }
}
