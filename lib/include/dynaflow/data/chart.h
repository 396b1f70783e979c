/* chart.h: state <-> flow coordinates.
 *
 * Simulation runs in the world frame; only what a network sees, its targets and errors are canonical. A window's states
 * are described from its first state x0, in nz = ndx numbers each:
 *   free joint   position relative to x0 in x and y, absolute in z, turned into the heading (yaw) of x0 [m]; rotation
 *                vector of the orientation relative to the heading of x0 [rad]; linear velocity turned into that
 *                heading [m/s]; angular velocity as it is, in the body's frame [rad/s]
 *   ball joint   rotation vector [rad] and angular velocity
 *   slide, hinge as they are; those named in chart.relative relative to x0
 *   activations  as they are
 * The heading (yaw) of x0 is the twist of its first free joint about the vertical, cos and sin of half of it being w
 * and z of the quaternion over their norm; all free joints are seen from the place and heading of that one. Upside down
 * the heading is undefined and 0 is taken. A decoded quaternion has the sign that is nearer to x0's.
 *
 * A state is normalised, z = (raw - mean) / std, with statistics over training windows only. x and y (and vx and vy)
 * share one mean 0 and one std, so that the error does not depend on heading. A channel that never changes gets std 1.
 *
 * (Rotation vectors are the tangent at the heading: no unnormalised quaternion is interpolated, and q and -q are one.)
 */
#ifndef DYNAFLOW_DATA_CHART_H
#define DYNAFLOW_DATA_CHART_H

#include "dynaflow/data/dataset.h"

typedef struct df_chart_group {
  char name[24]; /* base_pos base_rot joint_pos slide_pos base_vel base_angvel joint_vel slide_vel activation */
  char unit[12]; /* m rad m/s rad/s */
  int n;
  int channel[DF_LIST_MAX];
} df_chart_group;

typedef struct df_chart df_chart;

/* The chart of a MuJoCo system, with mean 0 and std 1. DF_E_CONFIG names a joint of chart.relative that the model
 * lacks, or that is neither slide nor hinge. */
DF_API DF_MUST_CHECK df_status df_chart_new(const df_system* system, const df_config* config, df_chart** out);
DF_API void df_chart_free(df_chart* chart);
DF_API int df_chart_size(const df_chart* chart); /* nz */
DF_API int df_chart_groups(const df_chart* chart, const df_chart_group** groups);

/* Statistics from the training windows: of frames 1..H (for z), of frame 0 (for the context), and of actions if there
 * are any. */
DF_API DF_MUST_CHECK df_status df_chart_fit(df_chart* chart, const df_dataset* data, const df_windows* windows);

/* The statistics, as flat arrays owned by the chart, for checkpoints: mean and std [nz], context mean and std [nz],
 * action mean and std [nu]. Writable. */
typedef struct df_chart_statistics {
  double *mean, *std, *context_mean, *context_std, *action_mean, *action_std;
} df_chart_statistics;
DF_API df_chart_statistics df_chart_get_statistics(df_chart* chart);
DF_API const double* df_chart_std(const df_chart* chart); /* [nz] */

/* z [nz] of state x [nx] as seen from x0 [nx]. */
DF_API void df_chart_encode(const df_chart* chart, const double* x0, const double* x, double* z);
/* The state x [nx], world frame, that encodes to z. */
DF_API void df_chart_decode(const df_chart* chart, const double* x0, const double* z, double* x);
/* xbar [ndx] = (dz/dx)^T zbar at x, in the system's tangent coordinates (system.h). */
DF_API void df_chart_encode_vjp(const df_chart* chart, const double* x0, const double* x, const double* zbar,
                                double* xbar);
/* What a network is told of x0 [nx]: its own description from itself, normalised, [nz]. Only x0 enters. */
DF_API void df_chart_context(const df_chart* chart, const double* x0, double* context);

#endif
