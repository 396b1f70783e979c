#include "rotation.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

void df_quat_product(const double a[4], const double b[4], double q[4]) {
  q[0] = a[0] * b[0] - a[1] * b[1] - a[2] * b[2] - a[3] * b[3];
  q[1] = a[0] * b[1] + a[1] * b[0] + a[2] * b[3] - a[3] * b[2];
  q[2] = a[0] * b[2] - a[1] * b[3] + a[2] * b[0] + a[3] * b[1];
  q[3] = a[0] * b[3] + a[1] * b[2] - a[2] * b[1] + a[3] * b[0];
}

void df_quat_normalise(const double q[4], double out[4]) {
  const double norm = sqrt(q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3]);
  for (int i = 0; i < 4; i++) out[i] = norm > 0 ? q[i] / norm : (double)(i == 0);
}

void df_quat_log(const double q[4], double phi[3]) {
  /* of q and -q use the one with w > 0; at a half turn (w = 0) the one whose first non-zero entry is positive */
  int lead = 0;
  while (lead < 3 && q[lead] == 0) lead++;
  const double sign = q[lead] < 0 ? -1 : 1;
  const double w = sign * q[0];
  const double s = sqrt(q[1] * q[1] + q[2] * q[2] + q[3] * q[3]);

  /* factor = angle / s; for s/w below 1e-4 by the series of 2 atan(s/w) / s, whose next term is below 1e-17 */
  const double r = w > 0 ? s / w : HUGE_VAL;
  const double factor = r < 1e-4 ? 2 / w * (1 - r * r / 3) : 2 * atan2(s, w) / s;
  for (int i = 0; i < 3; i++) phi[i] = sign * factor * q[i + 1];
}

void df_quat_exp(const double phi[3], double q[4]) {
  const double squared = phi[0] * phi[0] + phi[1] * phi[1] + phi[2] * phi[2];
  const double angle = sqrt(squared);
  q[0] = cos(angle / 2);
  const double factor = angle < 1e-4 ? 0.5 - squared / 48 : sin(angle / 2) / angle;
  for (int i = 0; i < 3; i++) q[i + 1] = factor * phi[i];
}

static void cross(const double a[3], const double b[3], double c[3]) {
  c[0] = a[1] * b[2] - a[2] * b[1];
  c[1] = a[2] * b[0] - a[0] * b[2];
  c[2] = a[0] * b[1] - a[1] * b[0];
}

/* v + 2 w (r x v) + 2 r x (r x v) with q = (w, r) */
void df_quat_rotate(const double q[4], const double v[3], double out[3]) {
  double once[3], twice[3];
  cross(q + 1, v, once);
  cross(q + 1, once, twice);
  for (int i = 0; i < 3; i++) out[i] = v[i] + 2 * (q[0] * once[i] + twice[i]);
}

void df_quat_rotate_back(const double q[4], const double v[3], double out[3]) {
  const double back[4] = {q[0], -q[1], -q[2], -q[3]};
  df_quat_rotate(back, v, out);
}

void df_quat_euler(const char axes[3], const double angles[3], double q[4]) {
  const bool intrinsic = axes[0] < 'a';
  double sum[4] = {1, 0, 0, 0};
  for (int i = 0; i < 3; i++) {
    double phi[3] = {0}, one[4], next[4];
    phi[axes[i] - (intrinsic ? 'X' : 'x')] = angles[i];
    df_quat_exp(phi, one);
    df_quat_product(intrinsic ? sum : one, intrinsic ? one : sum, next);
    memcpy(sum, next, sizeof sum);
  }
  memcpy(q, sum, sizeof sum);
}

void df_so3_log_vjp(const double phi[3], const double v[3], double w[3]) {
  /* Jr^-1 = I + [phi]/2 + k [phi]^2 with a = |phi|, k = (1 - (a/2) cot(a/2)) / a^2; the transpose has -[phi]/2.
   * Small angles use the series of k */
  const double squared = phi[0] * phi[0] + phi[1] * phi[1] + phi[2] * phi[2];
  const double half = sqrt(squared) / 2;
  const double k = squared < 1e-4 ? 1.0 / 12 + squared / 720 + squared * squared / 30240
                                  : (1 - half * cos(half) / sin(half)) / squared;
  double once[3], twice[3];
  cross(phi, v, once);
  cross(phi, once, twice);
  for (int i = 0; i < 3; i++) w[i] = v[i] - once[i] / 2 + k * twice[i];
}
