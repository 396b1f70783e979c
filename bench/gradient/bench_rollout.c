#include "bench_rollout.h"

#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/clock.h"
#include "dynaflow/sim/mujoco.h"
#include "dynaflow/sim/rollout.h"
#include "dynaflow/stats/statistics.h"

enum { SIDES = 2, REPEATS = 4 }; /* one thread and many threads; copies of each window in one batch */

typedef struct bench {
  const cases* c;
  int B; /* rollouts: REPEATS of each window that does not diverge */
  df_rollout* rollout[SIDES];
  double *x0, *u, *x, *losses, *du; /* of them */
  double* seconds[SIDES][2];        /* [passes] wall time without and with gradient */
} bench;

/* a loss with a gradient at every state; its value is not used */
static double some_loss(void* context, int b, const double* x, double* dx) {
  const size_t n = *(const size_t*)context;
  (void)b;
  (void)x;
  for (size_t i = 0; i < n; i++) dx[i] = 1e-3;
  return 0;
}

static void bench_clear(bench* b) {
  for (int side = 0; side < SIDES; side++) {
    df_rollout_free(b->rollout[side]);
    for (int k = 0; k < 2; k++) df_free(b->seconds[side][k]);
  }
  df_free(b->x0);
  df_free(b->u);
  df_free(b->x);
  df_free(b->losses);
  df_free(b->du);
}

static df_status run_gradients(const df_system* s, const bench* b, df_rollout* rollout, uint8_t* end) {
  size_t n = ((size_t)b->c->H + 1) * (size_t)s->ndx;
  return df_rollout_gradient(rollout, &(df_rollout_batch){.B = b->B, .H = b->c->H, .x0 = b->x0, .u = b->u, .end = end},
                             &(df_rollout_loss){.fn = some_loss, .context = &n, .losses = b->losses, .du = b->du});
}

/* Leaves out the windows of which a rollout or its adjoint diverges: they end early, and would count as fast ones. */
static df_status leave_out_diverging(const df_system* s, bench* b) {
  const size_t H = (size_t)b->c->H, nx = (size_t)s->nx, nu = (size_t)s->nu;
  uint8_t* end = df_alloc((size_t)b->B, sizeof *end);
  if (!end) return DF_E_NOMEM;
  const df_status status = run_gradients(s, b, b->rollout[0], end);
  size_t kept = 0;
  for (size_t i = 0; i < (size_t)b->B && status == DF_OK; i++) {
    if (end[i] != DF_TRAJ_COMPLETE) continue;
    memmove(b->x0 + kept * nx, b->x0 + i * nx, nx * sizeof(double));
    memmove(b->u + kept * H * nu, b->u + i * H * nu, H * nu * sizeof(double));
    kept++;
  }
  df_free(end);
  DF_TRY(status);
  b->B = (int)kept;
  return kept > 0 ? DF_OK : df_fail(DF_E_SIM, "every window diverges: nothing to time");
}

static df_status bench_open(const df_system* s, const cases* c, int passes, int threads, bench* b) {
  /* REPEATS copies of the windows */
  const size_t B = REPEATS * (size_t)c->m, H = (size_t)c->H, nx = (size_t)s->nx, nu = (size_t)s->nu;
  b->c = c;
  b->B = (int)B;
  b->x0 = df_alloc(B * nx, sizeof(double));
  b->u = df_alloc(B * H * nu, sizeof(double));
  b->x = df_alloc(B * (H + 1) * nx, sizeof(double));
  b->losses = df_alloc(B, sizeof(double));
  b->du = df_alloc(B * H * nu, sizeof(double));
  if (!b->x0 || !b->u || !b->x || !b->losses || !b->du) return DF_E_NOMEM;
  for (size_t i = 0; i < B; i++) {
    const size_t w = i % (size_t)c->m;
    memcpy(b->x0 + i * nx, c->x0 + w * nx, nx * sizeof(double));
    memcpy(b->u + i * H * nu, c->u_m + w * H * nu, H * nu * sizeof(double));
  }
  /* a rollout for each number of threads */
  for (int side = 0; side < SIDES; side++) {
    const df_rollout_cfg cfg = {.threads = side == 0 ? 1 : threads, .tape_length = c->H};
    DF_TRY(df_rollout_new(s, &cfg, &b->rollout[side]));
    for (int k = 0; k < 2; k++) {
      b->seconds[side][k] = df_alloc((size_t)passes, sizeof(double));
      if (!b->seconds[side][k]) return DF_E_NOMEM;
    }
  }
  return leave_out_diverging(s, b);
}

static df_status run_pass(const df_system* s, bench* b, int pass) {
  const df_rollout_batch batch = {.B = b->B, .H = b->c->H, .x0 = b->x0, .u = b->u, .x = b->x};
  for (int side = 0; side < SIDES; side++) {
    const double first = df_clock_wall();
    DF_TRY(df_rollout_run(b->rollout[side], &batch));
    const double second = df_clock_wall();
    DF_TRY(run_gradients(s, b, b->rollout[side], NULL));
    b->seconds[side][0][pass] = second - first;
    b->seconds[side][1][pass] = df_clock_wall() - second;
  }
  return DF_OK;
}

double bench_speedup(int passes, const double* one, const double* many, double* scratch) {
  for (int i = 0; i < passes; i++) scratch[i] = one[i] / many[i];
  df_sort(passes, scratch);
  return scratch[passes / 2];
}

double bench_rate(int passes, const double* seconds, double actions, double* scratch) {
  memcpy(scratch, seconds, (size_t)passes * sizeof *scratch);
  df_sort(passes, scratch);
  return actions / scratch[passes / 2];
}

static df_status measure(const df_system* s, const char* name, const cases* c, int passes, int threads, bench* b,
                         rows* out) {
  DF_TRY(bench_open(s, c, passes, threads, b));
  for (int pass = 0; pass < passes; pass++) DF_TRY(run_pass(s, b, pass));
  double* scratch = df_alloc((size_t)passes, sizeof *scratch);
  if (!scratch) return DF_E_NOMEM;
  const double plain = bench_speedup(passes, b->seconds[0][0], b->seconds[1][0], scratch);
  const double gradient = bench_speedup(passes, b->seconds[0][1], b->seconds[1][1], scratch);
  const double rate = bench_rate(passes, b->seconds[1][0], (double)b->B * c->H, scratch);
  rows_add_object(out, json_pack("{s:s,s:i,s:i,s:i,s:i,s:f,s:f,s:f,s:i}", "model", name, "nv",
                                 df_system_is_mujoco(s) ? df_mujoco_nv(s) : s->ndx / 2, "rollouts", b->B, "horizon",
                                 c->H, "threads", threads, "actions_per_s", rate, "speedup", plain, "gradient_speedup",
                                 gradient, "passes", passes));
  df_free(scratch);
  return DF_OK;
}

df_status bench_rollout(const df_system* system, const char* name, const cases* c, int passes, int threads, rows* out) {
  bench b = {0};
  const df_status status = measure(system, name, c, passes, threads, &b, out);
  bench_clear(&b);
  return status;
}
