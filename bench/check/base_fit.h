/* base_fit.h: what makes the position of a free base, and its heading, change otherwise than its velocities say. */
#ifndef BENCH_CHECK_BASE_FIT_H
#define BENCH_CHECK_BASE_FIT_H

#include "data_finding.h"
#include "trace.h"

/* With the change d per second of the position, the velocity v and the orientation R, d - v is (s - 1) v with a factor
 * s of all axes, of the horizontal ones or of the vertical one; the time derivative of R r, if the positions are of
 * another point of the base than the velocities; or a constant, which velocity_offset.c judges. */
typedef enum base_cause {
  BASE_NO_CAUSE,
  BASE_SCALE,
  BASE_PLANE,
  BASE_VERTICAL,
  BASE_POINT,
  BASE_OFFSET,
  BASE_CAUSES
} base_cause;

typedef struct base_fit {
  base_cause cause;   /* never BASE_OFFSET */
  double value[3];    /* s, in value[0]; r in the frame of the base, m */
  double axis[3];     /* unit vector in the frame of the base along which r is not known, and is 0, since the base
                       * turns about it alone; 0 if there is none */
  double doubt;       /* standard error of s, or of the length of r */
  double as_is, left; /* relative error of the velocities without and with it */
  double drift, drift_doubt; /* of the heading, rad/s, and its standard error; NAN: none is known */
  double drift_left;         /* relative error of the velocities of the rotation with it */
  bool of_object;            /* it is that of an object, since the robot has no base */
} base_fit;

/* Least squares over the comparable pairs of frames, for the base of pose_base(). The cause is the one that leaves
 * least, at most 75 % of the error as it is (a point: 40 %) and 90 % of what a cause of another kind leaves. It is at
 * least 2 %, 2 cm or 0.02 rad/s and ten standard errors (jackknife over eighths of the pairs), right lags that fit
 * about as well agree on it to 50 %, and it lowers the error in both halves and in 75 % of the episodes. A factor is
 * that of steady velocities, too, to 50 %. A drift of the heading is fitted together with a factor of its rate, is at
 * least 0.4 standard deviations of what is left, and agrees to 50 % with the mean rate by which the heading gains on
 * the velocities over all pairs. Nothing is found with fewer than 60 pairs, of a factor beyond 0.5 to 2, without a free
 * body and of velocities that are differences.
 *
 * Of a robot without a base, pose_base() is an object, which may be carried by joints whose servos settle within a
 * frame, and then follows its velocities as badly as they do: a factor counts beyond 0.65 to 1.55, as that of a joint
 * over spans does, and anything else if the velocities of the object are off by twice as much as those of any joint. */
base_fit base_fit_of(const trace* m);

/* By how much the heading turns more than the velocities say, rad/s, over all pairs: the least of the right lags,
 * whether it is a drift or not. NAN without a free base or comparable pairs. */
double base_fit_drift(const trace* m);

/* whether the cause leaves clearly less of the error of a group than `error`, what another explanation leaves */
bool base_fit_explains(const base_fit* f, int group, double error);

/* Adds the findings, of groups with nothing wrong among the findings from `before` on. */
void base_fit_report(const base_fit* f, const trace* m, int before, data_findings* out);

#endif
