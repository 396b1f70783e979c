#include "free_bodies.h"

#include <math.h>

#include "dynaflow/data/robot_base.h"

enum { SAMPLE_FRAMES = 4000, SAMPLE_POSES = 400 };

static void exchange(double* a, double* b, int n) {
  for (int i = 0; i < n; i++) {
    const double v = a[i];
    a[i] = b[i];
    b[i] = v;
  }
}

void free_bodies_exchange(const df_system* system, const free_exchange* e, df_dataset* data) {
  const df_joint* joints;
  df_mujoco_joints(system, &joints);
  const df_joint *a = &joints[e->base], *b = &joints[e->other];
  for (size_t f = 0; f < data->first[data->episodes]; f++) {
    double *x = data->states + f * (size_t)data->nx, *v = x + df_mujoco_nq(system);
    exchange(x + a->qpos, x + b->qpos, 7);
    exchange(v + a->dof, v + b->dof, 6);
  }
}

static df_status measure(const df_dataset* data, const df_system* system, const double* h, const check_cfg* cfg,
                         double* misfit_of_both) {
  misfit m;
  DF_TRY(misfit_of_poses(data, system, h, cfg, &m));
  *misfit_of_both = misfit_of_contact(&m);
  return DF_OK;
}

df_status free_bodies_find(df_dataset* data, const df_system* system, const df_names* objects, const double* h,
                           const check_cfg* cfg, free_exchange* out) {
  const check_cfg sample = {.frames_max = cfg->frames_max < SAMPLE_FRAMES ? cfg->frames_max : SAMPLE_FRAMES,
                            .poses_max = cfg->poses_max < SAMPLE_POSES ? cfg->poses_max : SAMPLE_POSES};
  const df_joint* joints;
  const int n = df_mujoco_joints(system, &joints);
  *out = (free_exchange){.base = df_robot_base(system, objects).joint};
  for (int j = 0; j < n && out->base >= 0; j++) {
    double sum = 0;
    const free_exchange tried = {.base = out->base, .other = j};
    if (joints[j].kind != DF_JOINT_FREE || j == out->base) continue;
    if (!(out->as_read > 0)) {
      DF_TRY(measure(data, system, h, &sample, &out->as_read));
      out->misfit = out->as_read;
    }
    free_bodies_exchange(system, &tried, data);
    const df_status status = measure(data, system, h, &sample, &sum);
    free_bodies_exchange(system, &tried, data);
    DF_TRY(status);
    if (sum >= MISFIT_SHARE * out->as_read || sum >= out->as_read - MISFIT_LESS || sum >= out->misfit) continue;
    out->found = true;
    out->other = j;
    out->misfit = sum;
  }
  return DF_OK;
}
