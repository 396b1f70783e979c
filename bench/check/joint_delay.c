#include "joint_delay.h"

#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/sim/mujoco.h"
#include "misfit.h"

enum { SAMPLE_FRAMES = 4000, SAMPLE_POSES = 400, DELAYS = 2 * JOINT_DELAY_MAX + 1, SHORTEST = 20 };

/* below this share of the misfit of all other delays, a delay is the only one that fits */
static const double CLEAR = 0.77;

/* the base at frame t + JOINT_DELAY_MAX of each episode, with the joints of the frame `delay` later */
static void join(const df_dataset* data, const df_system* system, int delay, df_dataset* out) {
  const df_joint* joints;
  const int n = df_mujoco_joints(system, &joints), nq = df_mujoco_nq(system);
  for (int e = 0; e < out->episodes; e++) {
    for (int t = 0; t <= out->lengths[e]; t++) {
      const double* base = df_dataset_state(data, e, t + JOINT_DELAY_MAX);
      const double* other = df_dataset_state(data, e, t + JOINT_DELAY_MAX + delay);
      double* x = out->states + (out->first[e] + (size_t)t) * (size_t)out->nx;
      memcpy(x, base, (size_t)out->nx * sizeof *x);
      for (int j = 0; j < n; j++) {
        if (joints[j].kind != DF_JOINT_HINGE && joints[j].kind != DF_JOINT_SLIDE) continue;
        x[joints[j].qpos] = other[joints[j].qpos];
        x[nq + joints[j].dof] = other[nq + joints[j].dof];
      }
    }
  }
}

/* whether there is a base, and each episode is long enough */
static bool concerns(const df_dataset* data, const df_system* system) {
  const df_joint* joints;
  const int n = df_mujoco_joints(system, &joints);
  bool base = false;
  for (int j = 0; j < n; j++) base |= joints[j].kind == DF_JOINT_FREE;
  for (int e = 0; e < data->episodes; e++) base &= data->lengths[e] >= 2 * JOINT_DELAY_MAX + SHORTEST;
  return base;
}

/* whether both halves fit better with the delay */
static df_status halves_agree(const df_dataset* data, const df_system* system, const double* h, const check_cfg* cfg,
                              int delay, df_dataset* moved, bool* agree) {
  double now[2], best[2];
  join(data, system, 0, moved);
  DF_TRY(misfit_of_halves(moved, system, h, cfg, now));
  join(data, system, delay, moved);
  DF_TRY(misfit_of_halves(moved, system, h, cfg, best));
  *agree = best[0] < now[0] && best[1] < now[1];
  return DF_OK;
}

static df_status compare(const df_dataset* data, const df_system* system, const double* h, const check_cfg* cfg,
                         df_dataset* moved, joint_delay* out) {
  double contact[DELAYS];
  int best = JOINT_DELAY_MAX;
  bool clear = true;
  for (int k = 0; k < DELAYS; k++) {
    misfit fit;
    join(data, system, k - JOINT_DELAY_MAX, moved);
    DF_TRY(misfit_of_poses(moved, system, h, cfg, &fit));
    contact[k] = misfit_of_contact(&fit);
  }
  for (int k = 0; k < DELAYS; k++) best = contact[k] < contact[best] ? k : best;
  const double now = contact[JOINT_DELAY_MAX], least = contact[best];
  for (int k = 0; k < DELAYS; k++) clear &= k == best || least < CLEAR * contact[k];
  clear &= least < MISFIT_SHARE * now && least < now - MISFIT_LESS;
  if (clear) DF_TRY(halves_agree(data, system, h, cfg, best - JOINT_DELAY_MAX, moved, &clear));
  if (clear) *out = (joint_delay){best - JOINT_DELAY_MAX, now, least};
  return DF_OK;
}

df_status joint_delay_find(const df_dataset* data, const df_system* system, const double* h, const check_cfg* cfg,
                           joint_delay* out) {
  check_cfg some = *cfg;
  df_dataset* moved = NULL;
  *out = (joint_delay){0};
  if (!concerns(data, system)) return DF_OK;
  if (some.frames_max > SAMPLE_FRAMES) some.frames_max = SAMPLE_FRAMES;
  if (some.poses_max > SAMPLE_POSES) some.poses_max = SAMPLE_POSES;
  int* lengths = df_alloc((size_t)data->episodes, sizeof *lengths);
  if (!lengths) return DF_E_NOMEM;
  for (int e = 0; e < data->episodes; e++) lengths[e] = data->lengths[e] - 2 * JOINT_DELAY_MAX;
  const df_dataset_shape shape = {.episodes = data->episodes, .lengths = lengths, .nx = data->nx, .dt = data->dt};
  df_status status = df_dataset_new(&shape, &moved);
  if (status == DF_OK) status = compare(data, system, h, &some, moved, out);
  df_dataset_free(moved);
  df_free(lengths);
  return status;
}
