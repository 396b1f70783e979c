#include "dynaflow/data/quaternion_norm.h"

#include <math.h>

/* Norms of quaternions that were interpolated entry by entry. Between two of norm 1 that are at most 90 degrees apart
 * as vectors, as q or -q always is, the norm is at least cos 45 degrees, and the direction is a rotation between both;
 * a smaller one is between q and about -q, which says nothing. Splines overshoot as far. */
static const double least_norm = 0.70710678118654752440, most_norm = 2 - 0.70710678118654752440;

/* tolerance on | |q| - 1 | of a recorded quaternion */
static const double quat_tolerance = 0.05;

df_norm_kind df_quaternion_norm_kind(double norm) {
  if (fabs(norm - 1) < quat_tolerance) return DF_NORM_ONE;
  return norm >= least_norm && norm <= most_norm ? DF_NORM_OFF : DF_NORM_NONE;
}
