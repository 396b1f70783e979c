/* spatial.h: three-dimensional vectors and spatial (Plücker) vectors in MuJoCo's order, rotation first: a motion is
 * (angular, linear), a force is (couple, force). Outputs must not overlap inputs unless a function says so. */
#ifndef LIB_SIM_ALGEBRA_SPATIAL_H
#define LIB_SIM_ALGEBRA_SPATIAL_H

#include <math.h>
#include <string.h>

/* Squared sine of an angle of 1e-6 rad between the axis of a cylinder or capsule and the normal of a plane. Below it
 * the axis counts as upright. Contact points of the cylinder and contact tangents of the capsule follow the direction
 * in which the axis leans, whose derivative is inversely proportional to the lean: below this angle it multiplies the
 * residual that the solver leaves in the forces, some 1e-9 of them, to an error of 1e-3 and more (contact_motion.c,
 * record_contact.c; docs/adjoint.md, section 5). MuJoCo itself stops to follow it at 1e-15. */
static const double UPRIGHT_SINE2 = 1e-12;

static inline double vec_dot(const double a[3], const double b[3]) {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

/* out = a x b */
static inline void vec_cross(double out[3], const double a[3], const double b[3]) {
  out[0] = a[1] * b[2] - a[2] * b[1];
  out[1] = a[2] * b[0] - a[0] * b[2];
  out[2] = a[0] * b[1] - a[1] * b[0];
}

/* out += s a */
static inline void vec_add_scaled(double out[3], const double a[3], double s) {
  for (int k = 0; k < 3; k++) out[k] += s * a[k];
}

/* The squared sine of the angle between two unit vectors, as |a - (a . b) b|^2 for a small angle (below 1e-4 rad),
 * where 1 - (a . b)^2 has lost its digits. */
static inline double vec_sine2(const double a[3], const double b[3]) {
  const double cosine = vec_dot(a, b), sine2 = 1 - cosine * cosine;
  if (sine2 >= 1e-8) return sine2;
  double across[3] = {a[0], a[1], a[2]};
  vec_add_scaled(across, b, -cosine);
  return vec_dot(across, across);
}

/* The coefficient c of Jr(r)^-1 = 1 + [r]/2 + c [r]^2, which maps a right perturbation (body frame) of the rotation to
 * the change of its rotation vector r. Below |r| = 0.01 a series replaces the quotient 0/0. rk4.c evaluates the same
 * coefficient in MuJoCo's way, since its steps must have the bits of mj_step. */
static inline double rotation_rate_coefficient(const double r[3]) {
  const double angle2 = vec_dot(r, r), angle = sqrt(angle2);
  return angle < 1e-2 ? 1.0 / 12 + angle2 / 720 : 1 / angle2 - cos(angle / 2) / (2 * angle * sin(angle / 2));
}

/* out = Jr(r)^-1, row-major */
static inline void rotation_rate(const double r[3], double out[9]) {
  const double c = rotation_rate_coefficient(r), angle2 = vec_dot(r, r);
  const double half[9] = {0, -0.5 * r[2], 0.5 * r[1], 0.5 * r[2], 0, -0.5 * r[0], -0.5 * r[1], 0.5 * r[0], 0};
  for (int i = 0; i < 3; i++) {
    for (int j = 0; j < 3; j++) out[3 * i + j] = half[3 * i + j] + c * r[i] * r[j] + (i == j ? 1 - c * angle2 : 0);
  }
}

/* ---- spatial vectors, written out: at -O2 compilers do not unroll loops of six, which costs a third of the adjoint's
 * time ---- */

static inline void sp_zero(double out[6]) {
  out[0] = out[1] = out[2] = out[3] = out[4] = out[5] = 0;
}

static inline void sp_copy(double out[6], const double a[6]) {
  memcpy(out, a, 6 * sizeof *out);
}

static inline void sp_add(double out[6], const double a[6]) {
  out[0] += a[0];
  out[1] += a[1];
  out[2] += a[2];
  out[3] += a[3];
  out[4] += a[4];
  out[5] += a[5];
}

static inline void sp_sub(double out[6], const double a[6]) {
  out[0] -= a[0];
  out[1] -= a[1];
  out[2] -= a[2];
  out[3] -= a[3];
  out[4] -= a[4];
  out[5] -= a[5];
}

static inline void sp_add_scaled(double out[6], const double a[6], double s) {
  out[0] += s * a[0];
  out[1] += s * a[1];
  out[2] += s * a[2];
  out[3] += s * a[3];
  out[4] += s * a[4];
  out[5] += s * a[5];
}

static inline double sp_dot(const double a[6], const double b[6]) {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2] + a[3] * b[3] + a[4] * b[4] + a[5] * b[5];
}

/* out = a x b, the rate of motion b when it is carried by motion a; out must not be a or b */
static inline void sp_cross_motion(double out[6], const double a[6], const double b[6]) {
  out[0] = a[1] * b[2] - a[2] * b[1];
  out[1] = a[2] * b[0] - a[0] * b[2];
  out[2] = a[0] * b[1] - a[1] * b[0];
  out[3] = a[1] * b[5] - a[2] * b[4] + a[4] * b[2] - a[5] * b[1];
  out[4] = a[2] * b[3] - a[0] * b[5] + a[5] * b[0] - a[3] * b[2];
  out[5] = a[0] * b[4] - a[1] * b[3] + a[3] * b[1] - a[4] * b[0];
}

/* out = a x* f, the rate of force f when it is carried by motion a; out must not be a or f */
static inline void sp_cross_force(double out[6], const double a[6], const double f[6]) {
  out[0] = a[1] * f[2] - a[2] * f[1] + a[4] * f[5] - a[5] * f[4];
  out[1] = a[2] * f[0] - a[0] * f[2] + a[5] * f[3] - a[3] * f[5];
  out[2] = a[0] * f[1] - a[1] * f[0] + a[3] * f[4] - a[4] * f[3];
  out[3] = a[1] * f[5] - a[2] * f[4];
  out[4] = a[2] * f[3] - a[0] * f[5];
  out[5] = a[0] * f[4] - a[1] * f[3];
}

/* out = I m, for an inertia in the layout of mjData.cinert: Ixx Iyy Izz Ixy Ixz Iyz, mass times offset (3), mass */
static inline void sp_inertia_times(double out[6], const double inertia[10], const double m[6]) {
  const double* i = inertia;
  out[0] = i[0] * m[0] + i[3] * m[1] + i[4] * m[2] - i[8] * m[4] + i[7] * m[5];
  out[1] = i[3] * m[0] + i[1] * m[1] + i[5] * m[2] + i[8] * m[3] - i[6] * m[5];
  out[2] = i[4] * m[0] + i[5] * m[1] + i[2] * m[2] - i[7] * m[3] + i[6] * m[4];
  out[3] = i[8] * m[1] - i[7] * m[2] + i[9] * m[3];
  out[4] = i[6] * m[2] - i[8] * m[0] + i[9] * m[4];
  out[5] = i[7] * m[0] - i[6] * m[1] + i[9] * m[5];
}

#endif
