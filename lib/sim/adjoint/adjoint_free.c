/* Free bodies that carry no further joint, under implicitfast (docs/adjoint.md, section 4).
 *
 * MuJoCo adds to the implicit damping of such a body the derivative C of its centrifugal and gyroscopic forces by the
 * velocity. C is not symmetric, but couples only the body's own six dofs, so these are solved separately. */
#include <math.h>

#include "adjoint.h"
#include "spatial.h"

enum { SIX = 6 };

typedef struct free_body {
  int dof;
  const double* axes;    /* [3][6] motion axes of the rotational dofs */
  const double* inertia; /* [10] about the origin of the tree, its centre of mass */
  double mass;
  double spin[3]; /* angular velocity, world */
  double arm[3];  /* from the joint's position to the centre of mass, world */
} free_body;

/* out = sum x_k e_k over the axes of rotation e_k */
static void along_axes(const free_body* b, const double x[3], double out[3]) {
  out[0] = out[1] = out[2] = 0;
  for (int k = 0; k < 3; k++) vec_add_scaled(out, b->axes + 6 * k, x[k]);
}

static free_body get_body(const df_mujoco* system, const df_step_record* r, int i) {
  const df_joint_forces* f = &system->joint_forces;
  const int dof = f->rigid_dof[i], node = system->tree.body_node[f->rigid_body[i]];
  free_body b = {.dof = dof, .axes = r->cdof + 6 * (dof + 3), .inertia = r->inertia + 10 * node};
  b.mass = b.inertia[9];
  along_axes(&b, r->velocity + dof + 3, b.spin);

  /* the linear part of an axis e is e x arm, and the sum of (e x arm) x e over the three axes is 2 arm */
  for (int k = 0; k < 3; k++) {
    double part[3];
    vec_cross(part, b.axes + 6 * k + 3, b.axes + 6 * k);
    vec_add_scaled(b.arm, part, 0.5);
  }
  return b;
}

/* out = I x, with the rotational part of the inertia */
static void inertia_times(const free_body* b, const double x[3], double out[3]) {
  const double* i = b->inertia;
  out[0] = i[0] * x[0] + i[3] * x[1] + i[4] * x[2];
  out[1] = i[3] * x[0] + i[1] * x[1] + i[5] * x[2];
  out[2] = i[4] * x[0] + i[5] * x[1] + i[2] * x[2];
}

/* For an angular velocity W the force at the centre of mass is m W x (W x r), and the couple is W x I W, both quadratic
 * in W. These are twice their symmetric bilinear forms: out = Y(x, y) and out = T(x, y) of section 4. */
static void twice_force(const free_body* b, const double x[3], const double y[3], double out[3]) {
  double inner[3], outer[3];
  vec_cross(inner, y, b->arm);
  vec_cross(out, x, inner);
  vec_cross(inner, x, b->arm);
  vec_cross(outer, y, inner);
  for (int k = 0; k < 3; k++) out[k] = b->mass * (out[k] + outer[k]);
}
static void twice_couple(const free_body* b, const double x[3], const double y[3], double out[3]) {
  double momentum[3], other[3];
  inertia_times(b, y, momentum);
  vec_cross(out, x, momentum);
  inertia_times(b, x, momentum);
  vec_cross(other, y, momentum);
  for (int k = 0; k < 3; k++) out[k] += other[k];
}

/* ---- the implicit solve ---- */

/* a += scale C */
static void add_derivative(const free_body* b, double scale, double a[SIX][SIX]) {
  for (int j = 0; j < 3; j++) {
    /* derivative of force and couple at the joint by the rate of axis j */
    double force[3], couple[3], moment[3];
    twice_force(b, b->spin, b->axes + 6 * j, force);
    twice_couple(b, b->spin, b->axes + 6 * j, couple);
    vec_cross(moment, b->arm, force);
    vec_add_scaled(couple, moment, 1);

    /* column 3 + j: the force along the world's axes, the couple along the axes of rotation */
    for (int i = 0; i < 3; i++) {
      a[i][3 + j] += scale * force[i];
      a[3 + i][3 + j] += scale * vec_dot(b->axes + 6 * i, couple);
    }
  }
}

/* x = a^-1 x by Gaussian elimination with partial pivoting; overwrites a */
static void solve(double a[SIX][SIX], double* x) {
  for (int k = 0; k < SIX; k++) {
    /* swap the row of the largest pivot with row k */
    int pivot = k;
    for (int i = k + 1; i < SIX; i++) {
      if (fabs(a[i][k]) > fabs(a[pivot][k])) pivot = i;
    }
    for (int j = 0; j < SIX; j++) {
      const double kept = a[k][j];
      a[k][j] = a[pivot][j];
      a[pivot][j] = kept;
    }
    const double kept = x[k];
    x[k] = x[pivot];
    x[pivot] = kept;

    /* eliminate the column below */
    for (int i = k + 1; i < SIX; i++) {
      const double l = a[i][k] / a[k][k];
      for (int j = k; j < SIX; j++) a[i][j] -= l * a[k][j];
      x[i] -= l * x[k];
    }
  }

  /* back substitution */
  for (int k = SIX - 1; k >= 0; k--) {
    for (int j = k + 1; j < SIX; j++) x[k] -= a[k][j] * x[j];
    x[k] /= a[k][k];
  }
}

/* Sets a, which must be zero, to M + h B of the body without C. */
static void implicit_mass(const df_mujoco* system, const df_step_record* r, int dof, double a[SIX][SIX]) {
  const mjModel* m = system->model;
  const df_joint_forces* f = &system->joint_forces;
  const double h = m->opt.timestep;

  /* M, and the dampers of single dofs */
  for (int k = 0; k < SIX; k++) {
    const int first = m->M_rowadr[dof + k];
    for (int i = first; i < first + m->M_rownnz[dof + k]; i++) {
      const int j = m->M_colind[i] - dof;
      a[k][j] = a[j][k] = r->mass[i];
    }
    a[k][k] += h * df_damper_slope(f->damping + 3 * (dof + k), r->velocity[dof + k]);
  }

  /* the block of actuators and dampers of the whole joint */
  for (int b = 0; b < f->nblock; b++) {
    if (f->dof[b] != dof) continue;
    for (int k = 0; k < SIX * SIX; k++) a[k / SIX][k % SIX] += h * r->block_damping[f->at[b] + k];
  }
}

void df_adjoint_solve_free(const df_mujoco* system, const df_step_record* r, df_adjoint* a) {
  const double h = system->model->opt.timestep;
  for (int i = 0; i < system->joint_forces.nrigid; i++) {
    const free_body b = get_body(system, r, i);
    double matrix[SIX][SIX] = {{0}}, transposed[SIX][SIX];

    /* M + h B with C */
    implicit_mass(system, r, b.dof, matrix);
    add_derivative(&b, h, matrix);

    /* the adjoint solves with the transpose: g = (M + h B)^-T h lam */
    for (int k = 0; k < SIX * SIX; k++) transposed[k / SIX][k % SIX] = matrix[k % SIX][k / SIX];
    for (int k = 0; k < SIX; k++) a->g[b.dof + k] = h * a->lam[b.dof + k];
    solve(transposed, a->g + b.dof);
  }
}

/* ---- derivatives of -g^T C(q, v) (v' - v) through C ---- */

void df_adjoint_turn_free(const df_mujoco* system, const df_step_record* r, df_adjoint* a, double* vbar) {
  for (int i = 0; i < system->joint_forces.nrigid; i++) {
    const free_body b = get_body(system, r, i);
    const double* g = a->g + b.dof;
    double turn[3], change[3], u[3], p[3], t[3], sum[3], inner[3];

    /* angular parts of g and of v' - v, in the world */
    along_axes(&b, g + 3, turn);
    for (int k = 0; k < 3; k++) u[k] = r->velocity_next[b.dof + 3 + k] - r->velocity[b.dof + 3 + k];
    along_axes(&b, u, change);

    /* p is m times the velocity that g gives the centre of mass */
    vec_cross(p, turn, b.arm);
    for (int k = 0; k < 3; k++) p[k] = b.mass * (p[k] + g[k]);

    /* by the angular velocity W, in which g . C u is linear: W . sum, with U = change and G = turn. First the force,
     * p . (U x (W x r)) + p . (W x (U x r)) */
    vec_cross(inner, p, change);
    vec_cross(sum, b.arm, inner);
    vec_cross(inner, change, b.arm);
    vec_cross(t, inner, p);
    vec_add_scaled(sum, t, 1);

    /* the couple, G . (W x I U) + G . (U x I W) */
    inertia_times(&b, change, inner);
    vec_cross(t, inner, turn);
    vec_add_scaled(sum, t, 1);
    vec_cross(inner, turn, change);
    inertia_times(&b, inner, t);
    vec_add_scaled(sum, t, 1);
    for (int k = 0; k < 3; k++) vbar[b.dof + 3 + k] -= vec_dot(b.axes + 6 * k, sum);

    /* by the rotation: everything turns with the body except the linear part of g, which is a covector in the world */
    twice_force(&b, b.spin, change, t);
    vec_cross(sum, t, g);
    for (int k = 0; k < 3; k++) a->qbar[b.dof + 3 + k] -= vec_dot(b.axes + 6 * k, sum);
  }
}
