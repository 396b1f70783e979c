/* motion_space.h: frames of demonstrations as points, in which motions that repeat each other are near. */
#ifndef BENCH_CHECK_MOTION_SPACE_H
#define BENCH_CHECK_MOTION_SPACE_H

#include "dynaflow/config/config.h"
#include "dynaflow/data/chart.h"
#include "dynaflow/data/dataset.h"
#include "dynaflow/sim/system.h"

/* A point is the state as the network receives it, relative to itself (df_chart_context()), without place and heading.
 * Each coordinate is divided by its standard deviation. One that varies by less than 2000 roundings of its stored
 * numbers, or 16 of any other coordinate, is constant and left out: its changes may be those of roundings. */
typedef struct motion_space {
  const df_dataset* data;
  df_chart* chart;
  int nz;
  double* scale;    /* [nz] 1 / standard deviation, 0 of a coordinate that is constant */
  int varying;      /* coordinates that are not */
  double mean_way;  /* distance of a frame and the next one, the mean over the demonstrations */
  double rounding;  /* distance that four roundings of the stored numbers make at most */
  double *x, *z[3]; /* [nx] and [nz], for its own use */
} motion_space;

/* `data` must outlive it. Call motion_space_clear() also after a failure. Errors: those of df_chart_new(), DF_E_NOMEM.
 */
DF_MUST_CHECK df_status motion_space_of(const df_dataset* data, const df_system* system, const df_config* config,
                                        motion_space* out);
void motion_space_clear(motion_space* m);

/* sets z [nz] to the point of a frame */
void motion_space_describe(const motion_space* m, int episode, int frame, double* z);
/* the distance of z from 0 */
double motion_space_size(const motion_space* m, const double* z);
/* from p to the line between a and b; *share in 0 .. 1 is where */
double motion_space_line_distance(const motion_space* m, const double* a, const double* b, const double* p,
                                  double* share);
/* The distance of a frame, whose point is z, from the next one, of the last frame from the one before; sets other [nz]
 * to its point. */
double motion_space_way(const motion_space* m, int episode, int frame, const double* z, double* other);

#endif
