/* check_cfg.h: how much of a recording is looked at. */
#ifndef BENCH_CHECK_CHECK_CFG_H
#define BENCH_CHECK_CHECK_CFG_H

#include <stdbool.h>
#include <stddef.h>

/* Longer recordings are sampled: trace_of(). */
typedef struct check_cfg {
  size_t frames_max; /* frames whose positions and velocities are compared */
  size_t poses_max;  /* poses that are compared with the floor */
  bool orders;       /* try other orders of legs and joints, which takes some seconds */
  bool named;        /* the file names all joints, so that they are in no other order */
  double step;       /* s, the physics step of the model as it is, if that of the system divides an action; 0: the
                      * system's */
} check_cfg;

#endif
