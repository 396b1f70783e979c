#include "motion.h"

#include <math.h>
#include <string.h>

#include "dynaflow/core/alloc.h"

/* a time this close to that of a frame, in parts of the interval, is that of the frame */
static const double same_time = 1e-6;

void motion_clear(motion* m) {
  df_free(m->x);
  df_free(m->time);
  *m = (motion){0};
}

static double* frame_of(const motion* m, int nx, int t) {
  return m->x + (size_t)t * (size_t)nx;
}

void motion_unwrap(const motion* m, int nx, int i) {
  const double turn = 2 * 3.14159265358979323846;
  for (int t = 1; t < m->frames; t++) {
    double* angle = frame_of(m, nx, t) + i;
    const double turns = round((frame_of(m, nx, t - 1)[i] - *angle) / turn);
    if (turns != 0) *angle += turn * turns;
  }
}

void motion_integrate(const motion* m, int nx, int i, int v, double start, double step) {
  frame_of(m, nx, 0)[i] = start;
  for (int t = 1; t < m->frames; t++) {
    const double *before = frame_of(m, nx, t - 1), T = m->time[t] - m->time[t - 1];
    double* x = frame_of(m, nx, t);
    const double later = (1 + fmin(1, step / T)) / 2;
    x[i] = before[i] + T * ((1 - later) * before[v] + later * x[v]);
  }
}

df_status motion_differentiate(const df_system* system, const model_joints* model, const motion* m, double dt,
                               const bool* missing) {
  double* e = df_alloc((size_t)system->ndx, sizeof *e);
  if (!e) return DF_E_NOMEM;
  for (int t = m->frames - 1; t >= 0; t--) {
    double* v = frame_of(m, model->nx, t) + model->nq;
    if (t > 0) system->ops->difference(system, frame_of(m, model->nx, t - 1), frame_of(m, model->nx, t), e);
    for (int k = 0; k < model->nv; k++) {
      if (missing[k]) v[k] = e[k] / dt; /* e is still that of frame 1 at frame 0 */
    }
  }
  df_free(e);
  return DF_OK;
}

/* ---- another frame rate ---- */

/* the interval i .. i + 1 that holds a time, and where in it, in 0 .. 1; from interval `from` on */
static int find_interval(const motion* m, double time, int from, double* share) {
  int i = from;
  while (i < m->frames - 2 && m->time[i + 1] <= time) i++;
  const double s = (time - m->time[i]) / (m->time[i + 1] - m->time[i]);
  *share = s < same_time ? 0 : s > 1 - same_time ? 1 : s;
  return i;
}

int motion_frame_at(const motion* m, double time, int from) {
  double share;
  const int i = find_interval(m, time, from, &share);
  return share == 1 ? i + 1 : i;
}

/* q and -q are the same orientation; the closer one to the frame before */
static void keep_signs(const model_joints* model, const double* before, double* x) {
  for (int j = 0; j < model->n; j++) {
    if (model->joint[j].kind != DF_JOINT_FREE && model->joint[j].kind != DF_JOINT_BALL) continue;
    const int at = model->joint[j].qpos + (model->joint[j].kind == DF_JOINT_FREE ? 3 : 0);
    double dot = 0;
    for (int i = at; i < at + 4; i++) dot += before[i] * x[i];
    for (int i = at; i < at + 4 && dot < 0; i++) x[i] = -x[i];
  }
}

static void interpolate(const df_system* system, const model_joints* model, const motion* m, double* e, motion* out) {
  const size_t bytes = (size_t)model->nx * sizeof *out->x;
  int i = 0;
  for (int k = 0; k < out->frames; k++) {
    double share, *x = frame_of(out, model->nx, k);
    i = find_interval(m, out->time[k], i, &share);
    const double *a = frame_of(m, model->nx, i), *b = frame_of(m, model->nx, i + 1);
    if (share == 0 || share == 1) {
      memcpy(x, share == 0 ? a : b, bytes);
    } else {
      system->ops->difference(system, a, b, e);
      for (int d = 0; d < system->ndx; d++) e[d] *= share;
      system->ops->integrate(system, a, e, x);
    }
    if (k > 0) keep_signs(model, frame_of(out, model->nx, k - 1), x);
  }
}

double motion_resampled_frames(const motion* m, double dt) {
  return floor((m->time[m->frames - 1] - m->time[0]) / dt + same_time) + 1;
}

df_status motion_resample(const df_system* system, const model_joints* model, const motion* m, double dt, motion* out) {
  const double frames = motion_resampled_frames(m, dt);
  *out = (motion){0};
  if (!(frames <= 1e8)) {
    return df_fail(DF_E_CONFIG, "data.rate: an episode of %.6g s has %.6g frames of %.6g s, more than 1e8",
                   m->time[m->frames - 1] - m->time[0], frames, dt);
  }
  out->frames = (int)frames;
  out->x = df_alloc((size_t)out->frames * (size_t)model->nx, sizeof *out->x);
  out->time = df_alloc((size_t)out->frames, sizeof *out->time);
  double* e = df_alloc((size_t)system->ndx, sizeof *e);
  const bool made = out->x && out->time && e;
  for (int k = 0; k < out->frames && made; k++) out->time[k] = m->time[0] + k * dt;
  if (made) interpolate(system, model, m, e, out);
  df_free(e);
  if (!made) motion_clear(out);
  return made ? DF_OK : DF_E_NOMEM;
}
