/* rotation.h: unit quaternions (w, x, y, z) and rotation vectors [rad]. Private.
 *
 * The formulas are those of Sola, Deray, Atchuthan, "A micro Lie theory for state estimation in robotics", 2018,
 * section on SO(3). */
#ifndef LIB_DATA_ROTATION_H
#define LIB_DATA_ROTATION_H

/* Writes the product q = a b. q must not alias a or b. */
void df_quat_product(const double a[4], const double b[4], double q[4]);
/* Writes q / |q|, or the identity (1, 0, 0, 0) if |q| is 0. */
void df_quat_normalise(const double q[4], double out[4]);
/* Writes the rotation vector of a unit quaternion, |phi| <= pi. q and -q give the same vector. */
void df_quat_log(const double q[4], double phi[3]);
/* Writes the unit quaternion of a rotation vector. */
void df_quat_exp(const double phi[3], double q[4]);
/* Writes the vector R(q) v, or R(q)^T v; out may alias v. */
void df_quat_rotate(const double q[4], const double v[3], double out[3]);
void df_quat_rotate_back(const double q[4], const double v[3], double out[3]);
/* Writes the unit quaternion of Euler angles [rad]. `axes` has three of the letters x, y, z, in the order of the
 * angles, as in SciPy: in lower case rotations about fixed axes (extrinsic), in upper case about rotating ones
 * (intrinsic). */
void df_quat_euler(const char axes[3], const double angles[3], double q[4]);
/* Writes w = Jr(phi)^-T v, where Jr is the right Jacobian of exp. The right perturbation R <- R exp(d) changes log(R)
 * by Jr^-1 d to first order, so this maps a cotangent v of log(R) to a cotangent w of d. w must not alias v. */
void df_so3_log_vjp(const double phi[3], const double v[3], double w[3]);

#endif
