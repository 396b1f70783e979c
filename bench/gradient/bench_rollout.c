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
  df_rollout* rollout[SIDES];
  double *x0, *u, *x, *losses, *du; /* of B = REPEATS * m windows */
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

static df_status bench_open(const df_system* s, const cases* c, int passes, int threads, bench* b) {
  /* REPEATS copies of the windows */
  const size_t B = REPEATS * (size_t)c->m, H = (size_t)c->H, nx = (size_t)s->nx, nu = (size_t)s->nu;
  b->c = c;
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
  return DF_OK;
}

static df_status run_pass(const df_system* s, bench* b, int pass) {
  const int B = REPEATS * b->c->m, H = b->c->H;
  size_t n = ((size_t)H + 1) * (size_t)s->ndx;
  for (int side = 0; side < SIDES; side++) {
    const double first = df_clock_wall();
    DF_TRY(df_rollout_run(b->rollout[side], &(df_rollout_batch){.B = B, .H = H, .x0 = b->x0, .u = b->u, .x = b->x}));
    const double second = df_clock_wall();
    DF_TRY(df_rollout_gradient(b->rollout[side], &(df_rollout_batch){.B = B, .H = H, .x0 = b->x0, .u = b->u},
                               &(df_rollout_loss){.fn = some_loss, .context = &n, .losses = b->losses, .du = b->du}));
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

static df_status measure(const df_system* s, const char* name, const cases* c, int passes, int threads, bench* b,
                         rows* out) {
  DF_TRY(bench_open(s, c, passes, threads, b));
  for (int pass = 0; pass < passes; pass++) DF_TRY(run_pass(s, b, pass));
  double* scratch = df_alloc((size_t)passes, sizeof *scratch);
  if (!scratch) return DF_E_NOMEM;
  const double plain = bench_speedup(passes, b->seconds[0][0], b->seconds[1][0], scratch);
  const double gradient = bench_speedup(passes, b->seconds[0][1], b->seconds[1][1], scratch);
  memcpy(scratch, b->seconds[1][0], (size_t)passes * sizeof *scratch);
  df_sort(passes, scratch);
  const double actions = (double)REPEATS * c->m * c->H;
  rows_add_object(out, json_pack("{s:s,s:i,s:i,s:i,s:i,s:f,s:f,s:f,s:i}", "model", name, "nv",
                                 df_system_is_mujoco(s) ? df_mujoco_nv(s) : s->ndx / 2, "rollouts", REPEATS * c->m,
                                 "horizon", c->H, "threads", threads, "actions_per_s", actions / scratch[passes / 2],
                                 "speedup", plain, "gradient_speedup", gradient, "passes", passes));
  df_free(scratch);
  return DF_OK;
}

df_status bench_rollout(const df_system* system, const char* name, const cases* c, int passes, int threads, rows* out) {
  bench b = {0};
  const df_status status = measure(system, name, c, passes, threads, &b, out);
  bench_clear(&b);
  return status;
}
