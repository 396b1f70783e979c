#include <math.h>

#include "dynaflow/metrics/metrics.h"
#include "finite.h"

/* motion of a base */
typedef struct base_motion {
  double vx, vy;   /* horizontal velocity in the heading frame, m/s */
  double yaw_rate; /* vertical component of the angular velocity, rad/s */
} base_motion;

/* from its quaternion [4] and its velocity [6], linear in the world frame and angular in that of the body */
static base_motion read_motion(const double* q, const double* v) {
  const double* w = v + 3;
  const double length2 = q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3];

  /* heading: direction of the horizontal projection of the body's x axis; the norm of the quaternion cancels */
  const double heading = atan2(2 * (q[1] * q[2] + q[0] * q[3]), q[0] * q[0] + q[1] * q[1] - q[2] * q[2] - q[3] * q[3]);
  const double c = cos(heading), s = sin(heading);

  /* world z axis in the body frame, times the squared norm of the quaternion */
  const double up_x = 2 * (q[1] * q[3] - q[0] * q[2]), up_y = 2 * (q[2] * q[3] + q[0] * q[1]);
  const double up_z = q[0] * q[0] - q[1] * q[1] - q[2] * q[2] + q[3] * q[3];
  return (base_motion){.vx = c * v[0] + s * v[1],
                       .vy = c * v[1] - s * v[0],
                       .yaw_rate = (up_x * w[0] + up_y * w[1] + up_z * w[2]) / length2};
}

double df_metric_command(int frames, int nx, const df_base* base, const double* x, const double command[3],
                         double* wz_error) {
  /* NaN without frames */
  if (wz_error) *wz_error = NAN;
  if (frames < 1) return NAN;

  double velocity = 0, yaw = 0;
  for (int t = 0; t < frames; t++) {
    const double* row = x + (size_t)t * (size_t)nx;
    const bool usable = all_finite((size_t)nx, row);
    const base_motion motion = read_motion(row + base->position + 3, row + base->velocity);
    velocity += usable ? hypot(motion.vx - command[0], motion.vy - command[1]) : INFINITY;
    yaw += usable && isfinite(motion.yaw_rate) ? fabs(motion.yaw_rate - command[2]) : INFINITY;
  }
  if (wz_error) *wz_error = yaw / frames;
  return velocity / frames;
}
