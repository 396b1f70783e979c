/* springs and dampers of joints, limits of ball joints (docs/adjoint.md, section 4) */
#include <math.h>

#include "impedance.h"
#include "record.h"
#include "spatial.h"

/* ---- polynomial laws: force = -x (c0 + c1 y + c2 y^2) ---- */

static double spring_slope(const double c[3], double x) {
  return c[0] + x * (2 * c[1] + 3 * c[2] * x);
}

/* second derivative by the velocity of the damper law, with the sign of a damping: df_damper_slope() differentiated */
static double damper_curvature(const double c[3], double v) {
  return (v > 0 ? 2 : v < 0 ? -2 : 0) * c[1] + 6 * c[2] * v;
}

static void spring_law(const mjModel* m, int joint, double c[3]) {
  c[0] = m->jnt_stiffness[joint];
  for (int p = 0; p < mjNPOLY; p++) c[1 + p] = m->jnt_stiffnesspoly[mjNPOLY * joint + p];
}

/* ---- springs of rotations and positions: force = -x (c0 + c1 |x| + c2 |x|^2) for a vector x ---- */

/* jacobian [3][3] = minus the derivative of the force by x */
static void vector_spring(const double c[3], const double x[3], double jacobian[9]) {
  const double s = sqrt(vec_dot(x, x)), secant = c[0] + s * (c[1] + c[2] * s);
  const double turn = s > 0 ? c[1] / s + 2 * c[2] : 0;
  for (int i = 0; i < 3; i++) {
    for (int j = 0; j < 3; j++) jacobian[3 * i + j] = (i == j ? secant : 0) + turn * x[i] * x[j];
  }
}

/* block [size][size] += a b at row and column `first`; b [3][3], NULL for the identity */
static void add_product(double* block, int size, int first, const double a[9], const double b[9]) {
  for (int i = 0; i < 3; i++) {
    for (int j = 0; j < 3; j++) {
      double sum = b ? 0 : a[3 * i + j];
      for (int k = 0; b && k < 3; k++) sum += a[3 * i + k] * b[3 * k + j];
      block[(first + i) * size + first + j] += sum;
    }
  }
}

static void record_block_spring(const df_mujoco* system, const double* x, int joint, const double c[3],
                                df_record_part* part) {
  const mjModel* m = system->model;
  const df_joint_forces* f = &system->joint_forces;
  const int b = f->block[joint], turn = f->size[b] - 3;
  const double *q = x + m->jnt_qposadr[joint], *rest = m->qpos_spring + m->jnt_qposadr[joint];
  double* block = part->block_stiffness + f->at[b];
  double e[3], law[9], rate[9];
  /* translation of a free joint */
  if (turn > 0) {
    for (int k = 0; k < 3; k++) e[k] = q[k] - rest[k];
    vector_spring(c, e, law);
    add_product(block, f->size[b], 0, law, NULL);
  }
  /* rotation: the rotation vector e from rest follows the dofs by de = Jr(e)^-1 dq */
  mju_subQuat(e, q + turn, rest + turn);
  vector_spring(c, e, law);
  rotation_rate(e, rate);
  add_product(block, f->size[b], turn, law, rate);
}

static void record_springs(const df_mujoco* system, const double* x, df_record_part* part) {
  const mjModel* m = system->model;
  if (!system->joint_forces.sprung) return;
  for (int j = 0; j < m->njnt; j++) {
    double c[3];
    spring_law(m, j, c);
    if (c[0] == 0 && c[1] == 0 && c[2] == 0) continue;
    if (system->joint_forces.block[j] >= 0) {
      record_block_spring(system, x, j, c, part);
    } else {
      const int at = m->jnt_qposadr[j];
      part->stiffness[m->jnt_dofadr[j]] += spring_slope(c, x[at] - m->qpos_spring[at]);
    }
  }
}

void df_record_passive(const df_mujoco* system, const double* x, df_record_part* part) {
  const mjModel* m = system->model;
  const df_joint_forces* f = &system->joint_forces;
  /* dampers, per dof */
  for (int k = 0; k < m->nv; k++) {
    const double *law = f->damping + 3 * k, v = x[m->nq + k];
    part->row_mass[k] = 0;
    part->stiffness[k] = 0;
    part->damping[k] = f->linear ? law[0] : df_damper_slope(law, v);
    if (f->curved) part->implicit_by_velocity[k] = f->damped ? damper_curvature(law, v) : 0;
  }
  /* blocks start at zero; springs are the first to add to them */
  double* const blocks[] = {part->block_stiffness, part->block_damping, part->block_mass};
  for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) mju_zero(blocks[i], f->total);
  record_springs(system, x, part);
}

/* ---- limits of ball joints ---- */

/* The row of a ball limit is J = -e for the rotation vector r = |r| e; its distance is `range - |r|`. The row turns
 * with the joint: dJ = turn dq, turn = -(1 - e e^T) Jr(r)^-1 / |r|. */
static void turning_row(const double* quat, double row[3], double turn[9]) {
  double unit[4], r[3], rate[9];
  mju_copy4(unit, quat);
  mju_normalize4(unit);
  mju_quat2Vel(r, unit, 1);
  rotation_rate(r, rate);
  const double angle = sqrt(vec_dot(r, r));
  for (int k = 0; k < 3; k++) row[k] = -r[k] / angle;
  for (int i = 0; i < 3; i++) {
    for (int j = 0; j < 3; j++) {
      double sum = rate[3 * i + j];
      for (int k = 0; k < 3; k++) sum -= row[i] * row[k] * rate[3 * k + j];
      turn[3 * i + j] = -sum / angle;
    }
  }
}

void df_record_ball_limit(const df_mujoco* system, const mjData* d, const double* x, int row, df_record_part* part) {
  const mjModel* m = system->model;
  const df_joint_forces* f = &system->joint_forces;
  const int joint = d->efc_id[row], at = f->at[f->block[joint]], dof = m->jnt_dofadr[joint];
  const double mass = d->efc_D[row], rate = d->efc_KBIP[4 * row + 1], force = d->efc_force[row];
  const double by_distance = mass * df_distance_gain(d, row) - force * df_mass_gain(d, row);
  /* K = J (D (a + B v)^T turn + stiffness of the limit J^T) - f turn, C = B D J J^T, constraint mass D J J^T */
  double jac[3], turn[9];
  turning_row(x + m->jnt_qposadr[joint], jac, turn);
  for (int j = 0; j < 3; j++) {
    double by_position = by_distance * jac[j];
    for (int k = 0; k < 3; k++) by_position += mass * (d->qacc[dof + k] + rate * x[m->nq + dof + k]) * turn[3 * k + j];
    for (int i = 0; i < 3; i++) {
      part->block_stiffness[at + 3 * i + j] += jac[i] * by_position - force * turn[3 * i + j];
      part->block_damping[at + 3 * i + j] += mass * rate * jac[i] * jac[j];
      part->block_mass[at + 3 * i + j] += mass * jac[i] * jac[j];
    }
  }
}
