/* gait_leg.h: kinematics of a Go1 leg and the small vector algebra that the gait demonstrator needs.
 *
 * Frames: body (origin of the trunk, x forward, y left, z up) and heading (the same origin, level, turned by yaw only).
 * Legs are FR FL RR RL; a leg's joints are abduction, hip, knee [rad]; feet are the centres of the foot spheres. */
#ifndef DYNAFLOW_DATA_GAIT_LEG_H
#define DYNAFLOW_DATA_GAIT_LEG_H

#include <stdbool.h>

enum { DF_LEGS = 4, DF_LEG_JOINTS = 3 };

/* the Go1's lengths, m */
#define DF_LEG_HIP_X       0.1881  /* hip from the trunk's origin, forward */
#define DF_LEG_HIP_Y       0.04675 /* and sideways */
#define DF_LEG_OFFSET      0.08    /* from the abduction axis to the leg's plane */
#define DF_LEG_LINK        0.213   /* thigh; the calf to the foot's centre is as long */
#define DF_LEG_FOOT_RADIUS 0.023

int df_leg_front(int leg); /* +1 front, -1 rear */
int df_leg_left(int leg);  /* +1 left, -1 right */

/* Foot in the body frame. */
void df_leg_foot(int leg, const double q[3], double foot[3]);

/* d(foot)/d(q), row-major [3][3]. */
void df_leg_jacobian(int leg, const double q[3], double jacobian[9]);

/* Joints that put the foot at a point of the body frame, the knee bent backwards. A point out of reach gives the
 * nearest stretch or bend that the knee's range leaves. */
void df_leg_joints(int leg, const double foot[3], double q[3]);

/* Rotation matrix, row-major, of a quaternion (w, x, y, z) of any norm. */
void df_leg_rotation(const double quaternion[4], double rotation[9]);

void df_leg_rotate(const double rotation[9], const double v[3], double out[3]);      /* out = R v */
void df_leg_rotate_back(const double rotation[9], const double v[3], double out[3]); /* out = R^T v */

/* Solves A x = b for symmetric positive definite A [n][n], n <= 12, by Cholesky in place; b becomes x. */
void df_leg_solve(int n, double* a, double* b);

#endif
