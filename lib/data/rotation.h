/* rotation.h: unit quaternions (w, x, y, z) and rotation vectors (private to this room).
 *
 * Formulas as in Sola, Deray, Atchuthan, "A micro Lie theory for state estimation in robotics", 2018, section on SO(3).
 */
#ifndef DYNAFLOW_DATA_ROTATION_H
#define DYNAFLOW_DATA_ROTATION_H

/* q = a b; q may be neither a nor b */
void df_quat_product(const double a[4], const double b[4], double q[4]);
/* q / |q|; the unit quaternion where |q| is 0 */
void df_quat_normalise(const double q[4], double out[4]);
/* The rotation vector [rad] of a unit quaternion, |phi| <= pi; q and -q give the same one. */
void df_quat_log(const double q[4], double phi[3]);
/* The unit quaternion of a rotation vector [rad]. */
void df_quat_exp(const double phi[3], double q[4]);
/* w = Jr(phi)^-T v: the inverse right Jacobian of exp, transposed. A right perturbation R <- R exp(d) moves log(R) by
 * Jr^-1 d to first order, so this takes a cotangent of log(R) to one of d. */
void df_so3_log_vjp(const double phi[3], const double v[3], double w[3]);

#endif
