/* time_alignment.h: whether a motion keeps the style of another one: the distance of joints and of the feet's paths
 * after the best alignment in time.
 *
 * A motion that is early or late, or faster here and slower there, is far from its demonstration frame by frame (TRE)
 * and may still be the same movement. Dynamic time warping (Sakoe & Chiba, IEEE Trans. ASSP 26, 1978) aligns the two
 * first. a[0..n-1] and b[0..n-1] are the generated and the demonstrated frames, DF_ALIGNMENT_PARTS of which lie in
 * every interval between two states: joints and feet are interpolated linearly there, because time warps are often
 * shorter than the interval. A warping path p[0..K-1] of pairs (i, j) begins at (0, 0), ends at (n-1, n-1) and takes
 * steps (1, 0), (0, 1) and (1, 1) (their symmetric step pattern with slope constraint P = 0), within the band
 * |i - j| <= r (their adjustment window). A pair counts with the weight w = 2 if a step (1, 1) led to it, and for
 * (0, 0), else with 1. The weights of every path have the sum 2 n, by which the distance is normalised, so that no path
 * is preferred for its length:
 *   joints = sqrt(min over paths of sum w |qa[i] - qb[j]|^2 / (2 n nj))   [rad]
 * with the angles q [nj] of the hinges of the robot that an actuator drives; angles are not taken modulo 2 pi. On the
 * path of this minimum (of equal costs: the step (1, 1), then (1, 0)),
 *   feet  = sqrt(sum w |fa[i] - fb[j]|^2 / (2 n nf))   [m]
 *   shift = sum w |i - j| / (2 n) dt / DF_ALIGNMENT_PARTS   [s]
 * with the centres f [nf][3] of the feet relative to the origin of the base, in a frame that has the base's heading
 * (the direction of its x axis on the ground) and a vertical z axis. The feet have the alignment of the joints, so that
 * `feet` says where the feet are when the joints are as demonstrated; with one of their own it would hide feet that are
 * early for their leg's joints. */
#ifndef DYNAFLOW_METRICS_TIME_ALIGNMENT_H
#define DYNAFLOW_METRICS_TIME_ALIGNMENT_H

#include "dynaflow/config/config.h"
#include "dynaflow/metrics/metrics.h"

DF_BEGIN_DECLS

/* into how many parts an interval between two states is divided */
#define DF_ALIGNMENT_PARTS 4

typedef struct df_alignment_cfg {
  double band; /* largest shift in time, s, >= 0; the band is r = floor(DF_ALIGNMENT_PARTS band / dt + 1e-9) */
  int n_feet;
  const int* feet;         /* [n_feet] geoms; none: `feet` is undefined */
  const df_names* objects; /* joints of objects (robot_base.h), which do not count; NULL: none */
  const int* frames;       /* [B] only the first frames of a window count, 0 .. H+1 of them; NULL: all */
} df_alignment_cfg;

/* Writes joints, feet and shift [B] of the states of `made` against x_demo [B][H+1][nx]; made->u is not read and may be
 * NULL. feet and shift may be NULL. A value is NaN if it is not defined: all three for a model without an actuated
 * hinge of the robot and for a window without frames, `feet` also without feet or without a base (robot_base.h). A
 * window with a state, on either side, that is not finite or exceeds 1e6 has +inf for every other value. Errors:
 * DF_E_ARG for a NULL argument, a size < 1, a band < 0 or not finite, a system that is not a MuJoCo model, or a
 * negative foot; DF_E_NOMEM; those of df_sim_new(). */
DF_API DF_MUST_CHECK df_status df_metric_alignment(const df_system* system, const df_alignment_cfg* cfg,
                                                   const df_trajectories* made, const double* x_demo, int threads,
                                                   double* joints, double* feet, double* shift);

DF_END_DECLS

#endif
