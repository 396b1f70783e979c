#include "hinge_turn.h"

#include <math.h>
#include <string.h>

#include "rotation.h"

static const double PI = 3.14159265358979323846;

/* cosines of axes that count as perpendicular; and of b, below which a and c cannot be told apart */
static const double PERPENDICULAR = 1e-6, GIMBAL = 1e-7;

static double dot(const double a[3], const double b[3]) {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

bool hinge_turn_set_axes(hinge_turn* turn, double axis[3][3]) {
  for (int i = 0; i < 3; i++) {
    if (fabs(dot(axis[i], axis[(i + 1) % 3])) > PERPENDICULAR) return false;
  }
  const double *a = axis[0], *b = axis[1];
  const double third[3] = {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
  memcpy(turn->axis[0], a, sizeof turn->axis[0]);
  memcpy(turn->axis[1], b, sizeof turn->axis[1]);
  memcpy(turn->axis[2], third, sizeof turn->axis[2]);
  turn->handedness = dot(third, axis[2]) > 0 ? 1 : -1;
  return true;
}

/* moves each angle by full turns to the one nearest to that before; returns the sum of the squared steps */
static double approach(const double before[3], double angle[3]) {
  double sum = 0;
  for (int i = 0; i < 3; i++) {
    angle[i] += 2 * PI * round((before[i] - angle[i]) / (2 * PI));
    sum += (angle[i] - before[i]) * (angle[i] - before[i]);
  }
  return sum;
}

/* the angles a, b, c of the turn q by the hinges */
static void split(const hinge_turn* turn, const double q[4], const double* before, double angle[3]) {
  double R[3][3];
  for (int j = 0; j < 3; j++) {
    double turned[3];
    df_quat_rotate(q, turn->axis[j], turned);
    for (int i = 0; i < 3; i++) R[i][j] = dot(turn->axis[i], turned);
  }
  const double cos_b = hypot(R[0][0], R[0][1]);
  angle[1] = atan2(R[0][2], cos_b);
  if (cos_b > GIMBAL) {
    angle[0] = atan2(-R[1][2], R[2][2]);
    angle[2] = atan2(-R[0][1], R[0][0]);
  } else {
    const double side = R[0][2] > 0 ? 1 : -1;
    angle[0] = before ? before[0] : 0;
    angle[2] = atan2(R[1][0], R[1][1]) - side * angle[0];
  }
  angle[2] *= turn->handedness;
  if (!before) return;

  double other[3] = {angle[0] + PI, PI - angle[1], angle[2] + PI};
  if (approach(before, other) < approach(before, angle)) memcpy(angle, other, sizeof other);
}

void hinge_turn_angles(const hinge_turn* turn, const double q[4], const double* before, double angle[3]) {
  const double back[4] = {turn->own[0], -turn->own[1], -turn->own[2], -turn->own[3]};
  double turned[4], last[3];
  df_quat_product(back, q, turned);
  for (int i = 0; i < 3 && before; i++) last[i] = before[i] - turn->ref[i];
  split(turn, turned, before ? last : NULL, angle);
  for (int i = 0; i < 3; i++) angle[i] += turn->ref[i];
}
