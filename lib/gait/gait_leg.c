#include "gait_leg.h"

#include <math.h>

/* range of the knee, short of the singular stretched leg: largest angle [rad] and smallest cosine of the bend */
static const double KNEE_STRETCHED = -0.9;
static const double KNEE_COS_MIN = -0.95;

int df_leg_front(int leg) {
  return leg < 2 ? 1 : -1;
}
int df_leg_left(int leg) {
  return leg % 2 ? 1 : -1;
}

void df_leg_foot(const df_leg_geometry* geometry, int leg, const double q[3], double foot[3]) {
  const double x = -geometry->link * (sin(q[1]) + sin(q[1] + q[2]));
  const double y = df_leg_left(leg) * geometry->offset;
  const double z = -geometry->link * (cos(q[1]) + cos(q[1] + q[2]));
  const double c = cos(q[0]), s = sin(q[0]);

  foot[0] = df_leg_front(leg) * geometry->hip_x + x;
  foot[1] = df_leg_left(leg) * geometry->hip_y + c * y - s * z;
  foot[2] = s * y + c * z;
}

void df_leg_jacobian(const df_leg_geometry* geometry, int leg, const double q[3], double jacobian[9]) {
  const double y = df_leg_left(leg) * geometry->offset;
  const double z = -geometry->link * (cos(q[1]) + cos(q[1] + q[2]));
  const double c = cos(q[0]), s = sin(q[0]);

  /* derivatives of x and z in the leg's plane with respect to hip and knee */
  const double x_hip = z, z_hip = geometry->link * (sin(q[1]) + sin(q[1] + q[2]));
  const double x_knee = -geometry->link * cos(q[1] + q[2]), z_knee = geometry->link * sin(q[1] + q[2]);

  const double rows[9] = {0,
                          x_hip,
                          x_knee, /**/
                          -s * y - c * z,
                          -s * z_hip,
                          -s * z_knee, /**/
                          c * y - s * z,
                          c * z_hip,
                          c * z_knee};
  for (int i = 0; i < 9; i++) jacobian[i] = rows[i];
}

void df_leg_joints(const df_leg_geometry* geometry, int leg, const double foot[3], double q[3]) {
  const double x = foot[0] - df_leg_front(leg) * geometry->hip_x;
  const double y = foot[1] - df_leg_left(leg) * geometry->hip_y, z = foot[2];
  const double offset = df_leg_left(leg) * geometry->offset;

  /* abduction: the leg's plane is at distance `offset` from the abduction axis */
  const double drop = sqrt(fmax(y * y + z * z - offset * offset, 1e-4));
  q[0] = atan2(y, -z) - atan2(offset, drop);

  /* knee by the law of cosines, then the hip */
  const double link2 = geometry->link * geometry->link;
  const double bend = (x * x + drop * drop - 2 * link2) / (2 * link2);
  q[2] = fmin(-acos(fmin(fmax(bend, KNEE_COS_MIN), 1)), KNEE_STRETCHED);
  q[1] = atan2(-x, drop) - atan2(sin(q[2]), 1 + cos(q[2]));
}

void df_leg_rotation(const double quaternion[4], double rotation[9]) {
  const double *q = quaternion, n = q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3];
  const double w = q[0], x = q[1], y = q[2], z = q[3], k = 2 / n;
  const double rows[9] = {1 - k * (y * y + z * z), k * (x * y - w * z),     k * (x * z + w * y),
                          k * (x * y + w * z),     1 - k * (x * x + z * z), k * (y * z - w * x),
                          k * (x * z - w * y),     k * (y * z + w * x),     1 - k * (x * x + y * y)};
  for (int i = 0; i < 9; i++) rotation[i] = rows[i];
}

void df_leg_rotate(const double rotation[9], const double v[3], double out[3]) {
  for (int i = 0; i < 3; i++) {
    out[i] = rotation[3 * i] * v[0] + rotation[3 * i + 1] * v[1] + rotation[3 * i + 2] * v[2];
  }
}

void df_leg_rotate_back(const double rotation[9], const double v[3], double out[3]) {
  for (int i = 0; i < 3; i++) out[i] = rotation[i] * v[0] + rotation[3 + i] * v[1] + rotation[6 + i] * v[2];
}

void df_leg_solve(int n, double* a, double* b) {
  /* factor A = L L^T, L replaces the lower triangle */
  for (int j = 0; j < n; j++) {
    for (int i = j; i < n; i++) {
      double sum = a[i * n + j];
      for (int k = 0; k < j; k++) sum -= a[i * n + k] * a[j * n + k];
      a[i * n + j] = i == j ? sqrt(sum) : sum / a[j * n + j];
    }
  }

  /* forward and back substitution */
  for (int i = 0; i < n; i++) {
    for (int k = 0; k < i; k++) b[i] -= a[i * n + k] * b[k];
    b[i] /= a[i * n + i];
  }
  for (int i = n - 1; i >= 0; i--) {
    for (int k = i + 1; k < n; k++) b[i] -= a[k * n + i] * b[k];
    b[i] /= a[i * n + i];
  }
}
