#include "cases.h"

#include <math.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/rng.h"
#include "dynaflow/sim/rollout.h"

df_status cases_new(const df_system* s, int n, int m, int H, cases* c) {
  const size_t nx = (size_t)s->nx, nu = (size_t)s->nu, N = (size_t)n, M = (size_t)m, T = (size_t)H;
  *c = (cases){.n = n, .m = m, .H = H};
  c->x = df_alloc(N * nx, sizeof(double));
  c->u = df_alloc(N * nu, sizeof(double));
  c->kind = df_alloc(N, sizeof *c->kind);
  c->x0 = df_alloc(M * nx, sizeof(double));
  c->u_m = df_alloc(M * T * nu, sizeof(double));
  c->x_target = df_alloc(M * (T + 1) * nx, sizeof(double));
  c->weight = df_alloc((size_t)s->ndx, sizeof(double));
  if (!c->x || !c->u || !c->kind || !c->x0 || !c->u_m || !c->x_target || !c->weight) return DF_E_NOMEM;
  for (int i = 0; i < s->ndx; i++) c->weight[i] = 1;
  return DF_OK;
}

void cases_clear(cases* c) {
  df_free(c->x);
  df_free(c->u);
  df_free(c->kind);
  df_free(c->x0);
  df_free(c->u_m);
  df_free(c->x_target);
  df_free(c->weight);
  *c = (cases){0};
}

/* half the range of the action box, or 1 if it is unbounded */
static double half_range(const df_system* s, int i) {
  const double half = (s->u_hi[i] - s->u_lo[i]) / 2;
  return isfinite(half) ? half : 1;
}

static double clamp(const df_system* s, int i, double u) {
  return fmin(fmax(u, s->u_lo[i]), s->u_hi[i]);
}

/* ---- from demonstrations ---- */

/* the recorded action, or the middle of the action box if actions are not recorded */
static void copy_action(const df_system* s, const df_dataset* d, int episode, int t, double* u) {
  const double* recorded = df_dataset_action(d, episode, t);
  for (int i = 0; i < s->nu; i++) {
    const double middle = (s->u_hi[i] + s->u_lo[i]) / 2;
    u[i] = recorded ? recorded[i] : isfinite(middle) ? middle : 0;
  }
}

/* The episode and frame of number `at` of all frames that have `ahead` more actions. */
static void find_frame(const df_dataset* d, int ahead, long at, int* episode, int* t) {
  for (*episode = 0; *episode < d->episodes - 1; (*episode)++) {
    const int own = d->lengths[*episode] - ahead + 1;
    if (at < own) break;
    if (own > 0) at -= own;
  }
  *t = (int)at;
}

/* the number of these frames */
static double count_frames(const df_dataset* d, int ahead) {
  double n = 0;
  for (int e = 0; e < d->episodes; e++) n += fmax(d->lengths[e] - ahead + 1, 0);
  return n;
}

void cases_from_data(const df_system* s, const df_dataset* d, uint64_t seed, cases* c) {
  const size_t nx = (size_t)s->nx, nu = (size_t)s->nu, T = (size_t)c->H;
  /* states, evenly spread over all recorded steps */
  int episode, t;
  const double steps = count_frames(d, 1);
  for (int k = 0; k < c->n; k++) {
    find_frame(d, 1, (long)(steps * (k + 0.5) / c->n), &episode, &t);
    memcpy(c->x + (size_t)k * nx, df_dataset_state(d, episode, t), nx * sizeof(double));
    copy_action(s, d, episode, t, c->u + (size_t)k * nu);
    c->kind[k] = DF_STATE_KINDS;
  }
  /* rollouts, evenly spread over all windows of H actions */
  const double starts = count_frames(d, c->H);
  for (int k = 0; k < c->m; k++) {
    int t0;
    find_frame(d, c->H, (long)(starts * (k + 0.5) / c->m), &episode, &t0);
    memcpy(c->x0 + (size_t)k * nx, df_dataset_state(d, episode, t0), nx * sizeof(double));
    memcpy(c->x_target + (size_t)k * (T + 1) * nx, df_dataset_state(d, episode, t0), (T + 1) * nx * sizeof(double));
    double* u = c->u_m + (size_t)k * T * nu;
    df_rng_normal(seed, DF_STREAM_ACTION, (uint64_t)k, T * nu, u);
    for (size_t i = 0; i < T * nu; i++) {
      const int j = (int)(i % nu);
      double now[DF_NDX_MAX];
      copy_action(s, d, episode, t0 + (int)(i / nu), now);
      u[i] = clamp(s, j, now[j] + 0.1 * half_range(s, j) * u[i]);
    }
  }
}

/* ---- generated ---- */

void cases_split(int n, int states[DF_STATE_KINDS]) {
  int left = n;
  for (int k = 0; k < DF_STATE_KINDS; k++) {
    states[k] = k == DF_STATE_IMPACT ? n / 6 : n / 10;
    left -= states[k];
  }
  states[DF_STATE_MOTION] += left;
}

df_status cases_draw(const df_system* s, const int states[DF_STATE_KINDS], uint64_t seed, cases* c) {
  const size_t nx = (size_t)s->nx, nu = (size_t)s->nu;
  int n = 0;
  for (int kind = 0; kind < DF_STATE_KINDS; kind++) {
    int found = 0;
    const int wanted = states[kind] < c->n - n ? states[kind] : c->n - n;
    DF_TRY(df_gradcheck_draw(s, &(df_state_draw){.kind = (df_state_kind)kind, .n = wanted, .seed = seed},
                             c->x + (size_t)n * nx, c->u + (size_t)n * nu, &found));
    memset(c->kind + n, kind, (size_t)found);
    n += found;
  }
  c->n = n;
  return n > 0 ? DF_OK : df_fail(DF_E_SIM, "every motion from the initial state diverges");
}

static void random_action(const df_system* s, uint64_t seed, uint64_t draw, double* u) {
  df_rng_uniform(seed, DF_STREAM_ACTION, draw, (size_t)s->nu, u);
  for (int i = 0; i < s->nu; i++) {
    const double middle = isfinite(s->u_lo[i] + s->u_hi[i]) ? (s->u_lo[i] + s->u_hi[i]) / 2 : 0;
    u[i] = clamp(s, i, middle + half_range(s, i) * (2 * u[i] - 1));
  }
}

df_status cases_draw_rollouts(const df_system* s, uint64_t seed, int threads, cases* c) {
  const size_t nx = (size_t)s->nx, nu = (size_t)s->nu, T = (size_t)c->H;
  /* start states and random actions */
  if (c->m == 0) return DF_OK;
  for (int k = 0; k < c->m; k++) {
    memcpy(c->x0 + (size_t)k * nx, c->x + (size_t)((long)k * c->n / c->m) * nx, nx * sizeof(double));
    for (size_t t = 0; t < T; t++) {
      random_action(s, seed + 1, (uint64_t)k * T + t, c->u_m + ((size_t)k * T + t) * nu);
    }
  }
  /* the states that these actions lead to are the targets */
  df_rollout* rollout = NULL;
  df_rollout_cfg cfg = df_rollout_cfg_default();
  cfg.threads = threads;
  DF_TRY(df_rollout_new(s, &cfg, &rollout));
  df_status status =
      df_rollout_run(rollout, &(df_rollout_batch){.B = c->m, .H = c->H, .x0 = c->x0, .u = c->u_m, .x = c->x_target});
  /* a rollout at which the simulator fails has targets of NaN: the check counts it */
  if (status == DF_E_SIM) status = DF_OK;
  df_rollout_free(rollout);
  /* move the actions away from the minimum of the loss */
  for (size_t i = 0; i < (size_t)c->m * T * nu; i++) {
    const int j = (int)(i % nu);
    double shift;
    df_rng_normal(seed + 2, DF_STREAM_ACTION, i, 1, &shift);
    c->u_m[i] = clamp(s, j, c->u_m[i] + 0.1 * half_range(s, j) * shift);
  }
  return status;
}
