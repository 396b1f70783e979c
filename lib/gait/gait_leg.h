/* gait_leg.h: kinematics of a quadruped's leg and small linear algebra for the gait generator.
 *
 * Frames: the body frame has its origin at the trunk, x forward, y left, z up; the heading frame has the same origin,
 * is level and rotated by yaw only. Legs are numbered FR, FL, RR, RL. The joints q [3] of a leg are abduction, hip and
 * knee [rad]. The position of a foot is the centre of its sphere [m]. */
#ifndef LIB_GAIT_GAIT_LEG_H
#define LIB_GAIT_GAIT_LEG_H

#include <stdbool.h>

enum { DF_LEGS = 4, DF_LEG_JOINTS = 3 };

/* the lengths of a robot whose four legs are alike, m */
typedef struct df_leg_geometry {
  double hip_x;  /* from the trunk's origin to the hip, forward */
  double hip_y;  /* from the trunk's origin to the hip, sideways */
  double offset; /* from the abduction axis to the leg's plane */
  double link;   /* length of the thigh, and of the calf up to the foot's centre */
  double foot_radius;
} df_leg_geometry;

int df_leg_front(int leg); /* +1 front, -1 rear */
int df_leg_left(int leg);  /* +1 left, -1 right */

/* Forward kinematics: the foot position in the body frame. */
void df_leg_foot(const df_leg_geometry* geometry, int leg, const double q[3], double foot[3]);

/* The Jacobian d(foot)/d(q) in the body frame, row-major [3][3]. */
void df_leg_jacobian(const df_leg_geometry* geometry, int leg, const double q[3], double jacobian[9]);

/* Inverse kinematics: joints that place the foot at a point of the body frame, with the knee bent backwards. For a
 * point out of reach the knee angle is clamped to its range. */
void df_leg_joints(const df_leg_geometry* geometry, int leg, const double foot[3], double q[3]);

/* The rotation matrix, row-major, of a quaternion (w, x, y, z) of any non-zero norm. */
void df_leg_rotation(const double quaternion[4], double rotation[9]);

void df_leg_rotate(const double rotation[9], const double v[3], double out[3]);      /* out = R v */
void df_leg_rotate_back(const double rotation[9], const double v[3], double out[3]); /* out = R^T v */

/* Solves A x = b by Cholesky factorisation for symmetric positive definite A [n][n] (only its lower triangle is read).
 * A is overwritten, b [n] is replaced by x. */
void df_leg_solve(int n, double* a, double* b);

#endif
