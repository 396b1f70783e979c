/* scattered.h: the adjoint against centred differences at states scattered about the initial one, and along rollouts
 * from them. */
#ifndef TESTS_SIM_SCATTERED_H
#define TESTS_SIM_SCATTERED_H

#include "models.h"

/* Why these bounds: a centred difference at 1e-6 of a function of size 1 carries a rounding error near 1e-10 and,
 * through stiff constraints, a truncation error up to 1e-8 typically and 1e-5 in a rare state. */
static const double MEDIAN = 1e-8, P99 = 1e-5;
/* a rollout loss is differenced as a whole; errors of single steps add up */
static const double ROLLOUT = 1e-6;

/* n states about the initial one, positions (m, rad) and velocities by `spread`, and actions in [-1, 1] */
static inline motion scattered(const df_system* s, int n, double spread, uint64_t seed) {
  motion m = {
      .n = n, .x = df_alloc((size_t)(n * s->nx), sizeof(double)), .u = df_alloc((size_t)(n * s->nu), sizeof(double))};
  double* x0 = df_alloc((size_t)s->nx, sizeof *x0);
  double* e = df_alloc((size_t)s->ndx, sizeof *e);
  df_mujoco_initial_state(s, x0);
  for (int i = 0; i < n; i++) {
    df_rng_normal(seed, DF_STREAM_TEST, (uint64_t)i, (size_t)s->ndx, e);
    for (int k = 0; k < s->ndx; k++) e[k] *= spread;
    s->ops->integrate(s, x0, e, m.x + i * s->nx);
    double* u = m.u + i * s->nu;
    df_rng_uniform(seed + 1, DF_STREAM_TEST, (uint64_t)i, (size_t)s->nu, u);
    for (int k = 0; k < s->nu; k++) u[k] = 2 * u[k] - 1;
  }
  df_free(x0);
  df_free(e);
  return m;
}

static inline void check_scattered_steps(const df_system* s, const char* name, double spread) {
  enum { N = 60 };
  motion m = scattered(s, N, spread, 3);
  df_gradcheck_point p[N];
  OK(df_gradcheck_run(s, &(df_gradcheck_cfg){.seed = 5, .threads = 2},
                      &(df_gradcheck_states){.n = N, .x = m.x, .u = m.u}, p));
  const summary q = sum_up(N, p);
  print_message("%s, spread %g: %d smooth, %d kinks, median %.1e, p99 %.1e, worst %.1e\n", name, spread, q.smooth,
                q.kinks, q.median, q.p99, q.worst);
  /* kinks are rare: most of the states must speak */
  assert_true(q.smooth >= N * 8 / 10);
  assert_true(q.median <= MEDIAN);
  assert_true(q.p99 <= P99);
  motion_free(&m);
}

/* rollouts of 16 actions towards the start of the next one */
static inline void check_scattered_rollouts(const df_system* s, const char* name, double spread) {
  enum { R = 5, H = 16 };
  const size_t nx = (size_t)s->nx;
  motion starts = scattered(s, R, spread, 7), actions = scattered(s, R * H, spread, 9);
  double* target = df_alloc(R * (H + 1) * nx, sizeof *target);
  for (size_t b = 0; b < R; b++) {
    for (size_t t = 0; t <= H; t++)
      memcpy(target + (b * (H + 1) + t) * nx, starts.x + (b + 1) % R * nx, nx * sizeof *target);
  }
  check_rollout_gradients(s, R, H, starts.x, actions.u, target, ROLLOUT, name);
  df_free(target);
  motion_free(&starts);
  motion_free(&actions);
}

/* near the initial state and far from it */
static inline void check_text(const char* name, const char* xml, double near, double far) {
  df_system* s = model_text(xml, 2);
  check_scattered_steps(s, name, near);
  check_scattered_steps(s, name, far);
  check_scattered_rollouts(s, name, near);
  df_system_free(s);
}

/* a model of the data sets along motions under random actions */
static inline void check_file(const char* file, int least_smooth) {
  enum { N = 40 };
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  cfg.approximate_contacts = true;
  df_system* s;
  OK(df_mujoco_system_new(data_path(file), &cfg, &s));
  motion m = random_motion(s, N, 60, 5, 1, 0, 11);
  df_gradcheck_point p[N];
  OK(df_gradcheck_run(s, &(df_gradcheck_cfg){.seed = 5, .threads = 2},
                      &(df_gradcheck_states){.n = N, .x = m.x, .u = m.u}, p));
  const summary q = sum_up(N, p);
  print_message("%s: %d smooth, %d kinks, %d approximate, median %.1e, p99 %.1e\n", file, q.smooth, q.kinks,
                q.approximate, q.median, q.p99);
  assert_true(q.smooth >= least_smooth);
  assert_true(q.median <= MEDIAN);
  assert_true(q.p99 <= P99);
  motion_free(&m);
  df_system_free(s);
}

#endif
