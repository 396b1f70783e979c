#include "joint_delay.h"

#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/data/robot_base.h"
#include "dynaflow/sim/mujoco.h"
#include "misfit.h"

enum { SAMPLE_FRAMES = 4000, SAMPLE_POSES = 400, DELAYS = 2 * JOINT_DELAY_MAX + 1, SHORTEST = 20 };

/* below this share of the misfit of all other delays, a delay is the only one that fits */
static const double CLEAR = 0.77;

/* the episodes that are long enough */
typedef struct sample {
  const df_dataset* data;
  const df_system* system;
  const check_cfg* cfg;
  int n;
  int *episode, *lengths; /* [n] of the data; without the frames that a delay leaves out */
  double* h;              /* [n] s between frames */
  df_dataset* moved;      /* [n] with the joints of another frame */
} sample;

/* the base at frame t + JOINT_DELAY_MAX of each episode, with the joints of the frame `delay` later */
static void join(const sample* s, int delay) {
  const df_joint* joints;
  const int n = df_mujoco_joints(s->system, &joints), nq = df_mujoco_nq(s->system);
  df_dataset* out = s->moved;
  for (int i = 0; i < s->n; i++) {
    for (int t = 0; t <= out->lengths[i]; t++) {
      const double* base = df_dataset_state(s->data, s->episode[i], t + JOINT_DELAY_MAX);
      const double* other = df_dataset_state(s->data, s->episode[i], t + JOINT_DELAY_MAX + delay);
      double* x = out->states + (out->first[i] + (size_t)t) * (size_t)out->nx;
      memcpy(x, base, (size_t)out->nx * sizeof *x);
      for (int j = 0; j < n; j++) {
        if (joints[j].kind != DF_JOINT_HINGE && joints[j].kind != DF_JOINT_SLIDE) continue;
        x[joints[j].qpos] = other[joints[j].qpos];
        x[nq + joints[j].dof] = other[nq + joints[j].dof];
      }
    }
  }
}

/* whether the motion needs no more force with the delay: joints of another frame than the base push it otherwise */
static df_status forces_agree(const sample* s, int delay, bool* agree) {
  double residual[2];
  for (int k = 0; k < 2; k++) {
    trace m;
    join(s, k ? delay : 0);
    df_status status = trace_of(s->moved, s->system, s->h, s->cfg->frames_max, &m);
    if (status == DF_OK) status = check_root_residual(&m, s->cfg->poses_max, &residual[k]);
    trace_clear(&m);
    DF_TRY(status);
  }
  *agree = !(residual[1] > residual[0]);
  return DF_OK;
}

/* whether both halves fit better with the delay */
static df_status halves_agree(const sample* s, int delay, bool* agree) {
  double now[2], best[2];
  join(s, 0);
  DF_TRY(misfit_of_halves(s->moved, s->system, s->h, s->cfg, now));
  join(s, delay);
  DF_TRY(misfit_of_halves(s->moved, s->system, s->h, s->cfg, best));
  *agree = best[0] < now[0] && best[1] < now[1];
  return DF_OK;
}

static df_status compare(const sample* s, joint_delay* out) {
  double contact[DELAYS];
  int best = JOINT_DELAY_MAX;
  bool clear = true;
  for (int k = 0; k < DELAYS; k++) {
    misfit fit;
    join(s, k - JOINT_DELAY_MAX);
    DF_TRY(misfit_of_poses(s->moved, s->system, s->h, s->cfg, &fit));
    contact[k] = misfit_of_contact(&fit);
  }
  for (int k = 0; k < DELAYS; k++) best = contact[k] < contact[best] ? k : best;
  const double now = contact[JOINT_DELAY_MAX], least = contact[best];
  for (int k = 0; k < DELAYS; k++) clear &= k == best || least < CLEAR * contact[k];
  clear &= least < MISFIT_SHARE * now && least < now - MISFIT_LESS;
  if (clear) DF_TRY(halves_agree(s, best - JOINT_DELAY_MAX, &clear));
  if (clear) DF_TRY(forces_agree(s, best - JOINT_DELAY_MAX, &clear));
  if (clear) *out = (joint_delay){best - JOINT_DELAY_MAX, s->n, now, least};
  return DF_OK;
}

/* lists the episodes that are long enough */
static void choose(sample* s, const double* h) {
  for (int e = 0; e < s->data->episodes; e++) {
    if (s->data->lengths[e] < 2 * JOINT_DELAY_MAX + SHORTEST) continue;
    s->episode[s->n] = e;
    s->lengths[s->n] = s->data->lengths[e] - 2 * JOINT_DELAY_MAX;
    s->h[s->n++] = h[e];
  }
}

static df_status look(sample* s, joint_delay* out) {
  const df_dataset_shape shape = {.episodes = s->n, .lengths = s->lengths, .nx = s->data->nx, .dt = s->data->dt};
  if (s->n == 0) return DF_OK;
  DF_TRY(df_dataset_new(&shape, &s->moved));
  return compare(s, out);
}

df_status joint_delay_find(const df_dataset* data, const df_system* system, const df_names* objects, const double* h,
                           const check_cfg* cfg, joint_delay* out) {
  const size_t episodes = (size_t)data->episodes;
  check_cfg some = *cfg;
  sample s = {.data = data, .system = system, .cfg = &some};
  *out = (joint_delay){0};
  if (df_robot_base(system, objects).joint < 0) return DF_OK;
  if (some.frames_max > SAMPLE_FRAMES) some.frames_max = SAMPLE_FRAMES;
  if (some.poses_max > SAMPLE_POSES) some.poses_max = SAMPLE_POSES;
  s.episode = df_alloc(2 * episodes, sizeof *s.episode);
  s.h = df_alloc(episodes, sizeof *s.h);
  df_status status = s.episode && s.h ? DF_OK : DF_E_NOMEM;
  if (status == DF_OK) {
    s.lengths = s.episode + episodes;
    choose(&s, h);
    status = look(&s, out);
  }
  df_dataset_free(s.moved);
  df_free(s.episode);
  df_free(s.h);
  return status;
}
