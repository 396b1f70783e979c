/* quaternion_norm.h: which norms quaternions of recordings and trajectories may have (docs/recordings.md,
 * "Conventions"). */
#ifndef DYNAFLOW_DATA_QUATERNION_NORM_H
#define DYNAFLOW_DATA_QUATERNION_NORM_H

#include "dynaflow/core/status.h"

DF_BEGIN_DECLS

typedef enum df_norm_kind {
  DF_NORM_ONE, /* 1 to 5 %: recorders may add noise */
  DF_NORM_OFF, /* 0.707 to 1.293, as the interpolation of entries leaves it: the direction is a rotation */
  DF_NORM_NONE /* the direction says nothing; also NaN */
} df_norm_kind;
DF_API df_norm_kind df_quaternion_norm_kind(double norm);

/* Of the frames of an episode: more than these are not what interpolation left, but no quaternions. */
#define DF_NORM_MOST_OFF 0.5

DF_END_DECLS

#endif
