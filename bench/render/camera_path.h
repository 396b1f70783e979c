/* camera_path.h: a camera that follows a motion smoothly. */
#ifndef BENCH_RENDER_CAMERA_PATH_H
#define BENCH_RENDER_CAMERA_PATH_H

#include "show_arguments.h"
#include "stage.h"

/* What the camera looks at in every state: a point as far above the root body as the middle of the robot's height is in
 * the first state. The points and the headings of the root body are smoothed over time: each is the value of a line
 * fitted to the states around it, weighted by a Gaussian kernel of CAMERA_SMOOTHING seconds, cut at three of these. */
typedef struct camera_path {
  int n;
  double* at;      /* [n][4]: x, y, z [m], heading [rad]; owned */
  double distance; /* of the camera, m; set by the caller */
} camera_path;

#define CAMERA_SMOOTHING 0.25

/* Follows the motion x [n][nx], dt seconds per state. DF_E_NOMEM. Call camera_path_clear(), also after a failure. */
DF_MUST_CHECK df_status camera_path_new(stage* s, int n, int nx, const double* x, double dt, camera_path* out);
void camera_path_clear(camera_path* p);

/* The smallest distance at which all views show the whole robot in all states x [n][nx], m. */
double camera_distance(const camera_path* p, stage* s, int nx, const double* x, const show_arguments* a);

/* The camera of state i. Seen from the side, the robot faces right; from the front, it faces the camera; from above, it
 * faces right; three-quarter is between side and front. */
camera camera_at(const camera_path* p, int i, view v);

#endif
