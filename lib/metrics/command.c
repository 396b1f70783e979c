#include <math.h>

#include "dynaflow/metrics/metrics.h"
#include "finite.h"

/* motion of a base */
typedef struct base_motion {
  double vx, vy;   /* horizontal velocity in the heading frame, m/s */
  double yaw_rate; /* vertical component of the angular velocity, rad/s */
} base_motion;

/* Direction of the horizontal projection of the body's x axis, rad; the norm of the quaternion [4] cancels. */
static double heading_of(const double* q) {
  return atan2(2 * (q[1] * q[2] + q[0] * q[3]), q[0] * q[0] + q[1] * q[1] - q[2] * q[2] - q[3] * q[3]);
}

/* from its quaternion [4] and its velocity [6], linear in the world frame and angular in that of the body */
static base_motion read_motion(const double* q, const double* v) {
  const double* w = v + 3;
  const double length2 = q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3];
  const double heading = heading_of(q), c = cos(heading), s = sin(heading);

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

double df_metric_command_path(int frames, int nx, const df_base* base, const double* x, double dt,
                              const double command[3], double* heading_error) {
  /* NaN without a frame after the first */
  if (heading_error) *heading_error = NAN;
  if (frames < 1) return NAN;

  const double *from = x + base->position, *to = from + (size_t)frames * (size_t)nx;
  const bool usable = all_finite(7, from) && all_finite(7, to);
  const double start = heading_of(from + 3), turned = command[2] * frames * dt;
  if (heading_error)
    *heading_error = usable ? fabs(remainder(heading_of(to + 3) - start - turned, 2 * acos(-1))) : INFINITY;

  /* The heading turns at a constant rate, so that the path is an arc: time times the velocity turned by half of the
   * angle, times sin(angle / 2) / (angle / 2). The world's displacement, in the first heading, should be its chord. */
  const double half = turned / 2, length = frames * dt * (fabs(half) > 1e-9 ? sin(half) / half : 1);
  const double along = length * (cos(half) * command[0] - sin(half) * command[1]);
  const double aside = length * (sin(half) * command[0] + cos(half) * command[1]);
  const double dx = to[0] - from[0], dy = to[1] - from[1], c = cos(start), s = sin(start);
  return usable ? hypot(c * dx + s * dy - along, c * dy - s * dx - aside) : INFINITY;
}
