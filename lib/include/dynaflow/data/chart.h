/* chart.h: conversion between states and flow coordinates.
 *
 * Simulation uses the world frame. Network inputs, targets and errors use the flow coordinates z of a window, which
 * describe each state x relative to the window's first state x0 by nz = ndx numbers:
 *   free joint    position: x and y relative to x0 and rotated into the heading (yaw) of x0, z absolute [m];
 *                 orientation relative to the heading of x0, as a rotation vector [rad];
 *                 linear velocity rotated into that heading [m/s]; angular velocity, body frame, unchanged [rad/s]
 *   ball joint    orientation as a rotation vector [rad]; angular velocity, unchanged [rad/s]
 *   slide, hinge  position and velocity, unchanged; positions of joints in chart.relative are relative to x0
 *   activations   unchanged
 * The order is that of the system's tangent (system.h).
 *
 * Joints in chart.objects belong to objects, not to the robot. Their channels form groups of their own, object_*. The
 * heading of x0 is the twist of the robot's base (robot_base.h) about the vertical: for the quaternion (w, x, y, z),
 * cos(yaw/2) = w / sqrt(w^2 + z^2) and sin(yaw/2) = z / sqrt(w^2 + z^2). All free joints use the position and heading
 * of the base, or those of the world if there is none. If w = z = 0 (upside down) the heading is undefined and 0 is
 * used. A decoded quaternion has the sign that is closer to the quaternion in x0.
 *
 * Coordinates are normalised, z = (raw - mean) / std, with statistics of the training windows only. x and y of a free
 * joint of the robot share mean 0 and one std, and so do vx and vy, so that errors do not depend on the heading. A std
 * is at least the floor of its kind (settings scale_floor.*; docs/training.md): a coordinate that varies less is scaled
 * by the floor. The coordinates of x0 that are 0 by definition have std 1.
 *
 * Orientations are rotation vectors (tangent vectors at the heading), so quaternions are never interpolated and q and
 * -q have the same coordinates. */
#ifndef DYNAFLOW_DATA_CHART_H
#define DYNAFLOW_DATA_CHART_H

#include "dynaflow/data/dataset.h"

DF_BEGIN_DECLS

enum { DF_CHART_GROUP_MAX = 1024 }; /* as many as a differentiable system has tangent coordinates */

/* channels of one physical quantity, for errors in physical units */
typedef struct df_chart_group {
  char name[24]; /* base_pos base_rot joint_pos slide_pos base_vel base_angvel joint_vel slide_vel activation; of
                  * objects: object_pos object_rot object_vel object_angvel */
  char unit[12]; /* m rad m/s rad/s; "" for activations */
  int n;
  int channel[DF_CHART_GROUP_MAX]; /* [n] indices in z */
} df_chart_group;

typedef struct df_chart df_chart;

/* Makes the chart of a MuJoCo system, with mean 0 and std 1. The chart does not keep pointers to its arguments. The
 * caller frees *out with df_chart_free(); on failure *out is NULL. Errors: DF_E_CONFIG for a joint of chart.objects
 * or chart.relative that the model lacks, one of chart.relative that is neither slide nor hinge, and for a group of
 * more than DF_CHART_GROUP_MAX channels; DF_E_ARG for a NULL argument or another kind of system; DF_E_NOMEM. */
DF_API DF_MUST_CHECK df_status df_chart_new(const df_system* system, const df_config* config, df_chart** out);
DF_API void df_chart_free(df_chart* chart);      /* NULL is allowed */
DF_API int df_chart_size(const df_chart* chart); /* nz */

/* Sets *groups to the groups that have channels, owned by the chart, and returns their number. */
DF_API int df_chart_groups(const df_chart* chart, const df_chart_group** groups);

/* Computes the statistics from the training windows: of frames 1..H for z, of frame 0 for the context, and of the
 * actions if the data have any. Errors: DF_E_ARG for a NULL argument, data of another nx or nu, or no training windows;
 * DF_E_NOMEM. The statistics are unchanged on failure. */
DF_API DF_MUST_CHECK df_status df_chart_fit(df_chart* chart, const df_dataset* data, const df_windows* windows);

/* The statistics, for checkpoints: mean and std [nz], context mean and std [nz], action mean and std [nu]. The arrays
 * are owned by the chart and may be written. */
typedef struct df_chart_statistics {
  double *mean, *std, *context_mean, *context_std, *action_mean, *action_std;
} df_chart_statistics;
DF_API df_chart_statistics df_chart_get_statistics(df_chart* chart);
DF_API const double* df_chart_std(const df_chart* chart); /* [nz] */

/* what a standard deviation belongs to: the states of frames 1..H, the first state (context), the actions */
typedef enum df_scaled { DF_SCALED_STATE, DF_SCALED_START, DF_SCALED_ACTION } df_scaled;

/* a standard deviation of the training windows that is below its floor; the strings are owned by the chart */
typedef struct df_floored {
  df_scaled what;
  const char* name;    /* coordinate: "<joint> <group>" and, for free and ball joints, x, y or z; or "action <i>" */
  const char* setting; /* the setting with the floor, e.g. "scale_floor.joint_pos" */
  const char* unit;
  double measured, used; /* the standard deviation, and the floor that replaces it */
} df_floored;

/* Sets *list to the standard deviations that df_chart_fit() raised to their floors, owned by the chart and valid until
 * the next fit, and returns their number. */
DF_API int df_chart_floored(const df_chart* chart, const df_floored** list);
/* The name of coordinate i in 0 .. nz - 1, as in df_floored; owned by the chart. */
DF_API const char* df_chart_channel_name(const df_chart* chart, int i);

/* Returns the unit of action i in 0 .. nu - 1, > 0: action.half_range, else half the width of the action box, else 1.
 */
DF_API double df_action_half_range(const df_config* config, const df_system* system, int i);

/* Writes z [nz], the normalised flow coordinates of state x [nx] relative to x0 [nx]. */
DF_API void df_chart_encode(const df_chart* chart, const double* x0, const double* x, double* z);
/* Writes the state x [nx], world frame, whose flow coordinates relative to x0 [nx] are z [nz]. */
DF_API void df_chart_decode(const df_chart* chart, const double* x0, const double* z, double* x);
/* The adjoint of df_chart_encode in x: xbar [ndx] = (dz/dx)^T zbar, from the cotangent zbar [nz] of z to the cotangent
 * of x in the system's tangent coordinates (system.h). x0 is constant. xbar is overwritten. */
DF_API void df_chart_encode_vjp(const df_chart* chart, const double* x0, const double* x, const double* zbar,
                                double* xbar);
/* Writes the part of the network's condition that describes x0 [nx]: context [nz], the flow coordinates of x0 relative
 * to itself, normalised by the context statistics. It depends on x0 only. */
DF_API void df_chart_context(const df_chart* chart, const double* x0, double* context);

DF_END_DECLS

#endif
