#include "column_ranges.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/sim/mujoco.h"

/* ---- names ---- */

static void name_column(column_range* c, const char* joint, const char* what, const char* unit) {
  snprintf(c->name, sizeof c->name, "%.56s%s", joint, what);
  c->unit = unit;
}

static void name_joint(const df_joint* joint, int index, int nq, column_range* list) {
  static const char *const place[] = {" x", " y", " z"}, *const turn[] = {" quat w", " quat x", " quat y", " quat z"};
  static const char *const speed[] = {" vx", " vy", " vz"}, *const spin[] = {" wx", " wy", " wz"};
  char name[80];
  snprintf(name, sizeof name, "joint %d", index);
  if (joint->name[0]) snprintf(name, sizeof name, "%.56s", joint->name);
  column_range *q = list + joint->qpos, *v = list + nq + joint->dof;
  const bool free = joint->kind == DF_JOINT_FREE;
  if (free || joint->kind == DF_JOINT_BALL) {
    for (int k = 0; k < 3 && free; k++) name_column(q++, name, place[k], "m");
    for (int k = 0; k < 3 && free; k++) name_column(v++, name, speed[k], "m/s");
    for (int k = 0; k < 4; k++) name_column(q++, name, turn[k], "");
    for (int k = 0; k < 3; k++) name_column(v++, name, spin[k], "rad/s");
    return;
  }
  const bool hinge = joint->kind == DF_JOINT_HINGE;
  name_column(q, name, "", hinge ? "rad" : "m");
  name_column(v, name, " velocity", hinge ? "rad/s" : "m/s");
}

static void name_all(const df_system* system, int nx, int nu, column_range* list) {
  const df_joint* joints;
  const int n = df_mujoco_joints(system, &joints), nq = df_mujoco_nq(system), nv = df_mujoco_nv(system);
  for (int j = 0; j < n; j++) name_joint(&joints[j], j, nq, list);
  for (int i = nq + nv; i < nx; i++) {
    snprintf(list[i].name, sizeof list[i].name, "activation %d", i - nq - nv);
    list[i].unit = "";
  }
  for (int i = 0; i < nu; i++) {
    snprintf(list[nx + i].name, sizeof list[nx + i].name, "action %d", i);
    list[nx + i].unit = "";
  }
}

/* ---- numbers ---- */

/* the value of column i at a frame; NAN: an action after the last frame */
static double value_of(const df_dataset* data, int episode, int t, int i) {
  if (i < data->nx) return df_dataset_state(data, episode, t)[i];
  return t < data->lengths[episode] ? df_dataset_action(data, episode, t)[i - data->nx] : NAN;
}

static void measure(const df_dataset* data, int i, column_range* c) {
  double sum = 0, square = 0;
  size_t n = 0;
  /* range and mean */
  c->min = INFINITY;
  c->max = -INFINITY;
  for (int e = 0; e < data->episodes; e++) {
    for (int t = 0; t <= data->lengths[e]; t++) {
      const double x = value_of(data, e, t, i);
      if (isnan(x)) continue;
      c->min = fmin(c->min, x);
      c->max = fmax(c->max, x);
      sum += x;
      n++;
    }
  }
  c->mean = sum / (double)n;
  /* spread and histogram */
  for (int e = 0; e < data->episodes; e++) {
    for (int t = 0; t <= data->lengths[e]; t++) {
      const double x = value_of(data, e, t, i);
      if (isnan(x)) continue;
      square += (x - c->mean) * (x - c->mean);
      const double share = c->max > c->min ? (x - c->min) / (c->max - c->min) : 0;
      c->bins[(int)fmin(COLUMN_BINS - 1, share * COLUMN_BINS)]++;
    }
  }
  c->std = sqrt(square / (double)n);
}

df_status column_ranges(const df_dataset* data, const df_system* system, column_range** out, int* n) {
  *n = data->nx + (data->actions ? data->nu : 0);
  *out = df_alloc((size_t)*n, sizeof **out);
  if (!*out) return DF_E_NOMEM;
  name_all(system, data->nx, *n - data->nx, *out);
  for (int i = 0; i < *n; i++) measure(data, i, &(*out)[i]);
  return DF_OK;
}

void column_histogram(const column_range* c, char out[3 * COLUMN_BINS + 1]) {
  static const char* const heights[] = {"\u2581", "\u2582", "\u2583", "\u2584", "\u2585", "\u2586", "\u2587", "\u2588"};
  size_t most = 1;
  char* at = out;
  for (int i = 0; i < COLUMN_BINS; i++) most = c->bins[i] > most ? c->bins[i] : most;
  for (int i = 0; i < COLUMN_BINS; i++) {
    if (c->bins[i] == 0) {
      *at++ = ' ';
      continue;
    }
    memcpy(at, heights[c->bins[i] * 7 / most], 3);
    at += 3;
  }
  *at = '\0';
}
