#include "find_base.h"

#include <math.h>
#include <stdlib.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/data/dataset.h"
#include "dynaflow/stats/statistics.h"

/* the height of the base above the lowest origin of a body of the robot in state x */
static double reach_of(const model_study* m, df_sim* sim, const double* x, double* position) {
  const int base = model_base(m), n = df_mujoco_body_count(m->system);
  double lowest = INFINITY;
  df_mujoco_pose(sim, x);
  df_mujoco_body_positions(sim, position);
  for (int i = 1; i < n; i++) {
    if (!model_is_of_object(m, i)) lowest = fmin(lowest, position[3 * i + 2]);
  }
  return position[3 * base + 2] - lowest;
}

/* *reach: the median of it over all frames of the demonstrations as they are read now */
static df_status median_reach(const work* w, double* reach) {
  const df_dataset* d = w->dataset;
  size_t frames = 0, n = 0;
  for (int e = 0; e < d->episodes; e++) frames += (size_t)d->lengths[e] + 1;
  double* all = df_alloc(frames, sizeof *all);
  double* position = df_alloc(3 * (size_t)df_mujoco_body_count(w->system), sizeof *position);
  df_sim* sim = NULL;
  df_status status = all && position ? df_sim_new(w->system, 0, &sim) : DF_E_NOMEM;
  for (int e = 0; e < d->episodes && status == DF_OK; e++) {
    for (int t = 0; t <= d->lengths[e]; t++) all[n++] = reach_of(&w->study, sim, df_dataset_state(d, e, t), position);
  }
  if (status == DF_OK) df_sort((int)n, all);
  if (status == DF_OK) *reach = all[n / 2];
  df_sim_free(w->system, sim);
  df_free(position);
  df_free(all);
  return status;
}

static df_status read_with(work* w, const char* rotation, const char* why, double* reach) {
  settings_put_why(w->found, "data.base_rotation", rotation, "%s", why);
  DF_TRY(work_open_recording(w));
  DF_TRY(work_convert(w));
  return median_reach(w, reach);
}

df_status work_find_base(work* w) {
  static const double CLEARLY = 1.05;
  static const char SAME[] = "1,0,0,0", TURNED[] = "0.7071067811865476,-0.7071067811865476,0,0";
  static const char Y_UP[] = "the recorded base and the model's have their y axis up";
  static const char Z_UP[] = "the recorded base has its y axis up, the model's its z axis";
  double y_up, z_up;
  if (!w->base_open || settings_find(w->found, "data.base_rotation")) return DF_OK;
  DF_TRY(read_with(w, SAME, Y_UP, &y_up));
  DF_TRY(read_with(w, TURNED, Z_UP, &z_up));
  const bool is_y = y_up > CLEARLY * z_up;
  if (is_y) DF_TRY(read_with(w, SAME, Y_UP, &y_up));
  settings_keep(w->found, "data.base_rotation");
  text_add(
      &w->result->notes,
      "the %s axis of the model's base is taken to point up: the base is %.3g m above the lowest body then, %.3g m "
      "otherwise (median of the frames); --set data.base_rotation=W,X,Y,Z says otherwise\n",
      is_y ? "y" : "z", is_y ? y_up : z_up, is_y ? z_up : y_up);
  if (!is_y)
    text_add(&w->result->notes,
             "orientations of joints are turned with the base: the bodies at these joints are taken to have its axes "
             "where all joints are 0, so that a body with a quat or euler of its own is turned wrongly\n");
  return DF_OK;
}
