#include "chain.h"

#include <math.h>
#include <string.h>

#include "calls.h"
#include "dynaflow/config/config.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/flow/method.h"
#include "dynaflow/sim/rollout.h"

/* first index of the base samples of chains, beyond those of the windows, so that no two share noise */
static const uint64_t chain_index = UINT64_C(1) << 32;

typedef struct buffers {
  double *planned, *executed;           /* [n][H+1][nx] */
  double *from_planned, *from_executed; /* [n][nx] */
  double* u;                            /* [n][H][nu] */
} buffers;

static df_status make_buffers(const eval_job* job, int n, buffers* b) {
  const size_t nx = (size_t)job->task->system->nx, nu = (size_t)job->task->system->nu;
  const size_t H = (size_t)job->set->H, count = (size_t)n;
  b->planned = df_alloc(count * (H + 1) * nx, sizeof(double));
  b->executed = df_alloc(count * (H + 1) * nx, sizeof(double));
  b->from_planned = df_alloc(count * nx, sizeof(double));
  b->from_executed = df_alloc(count * nx, sizeof(double));
  b->u = df_alloc(count * H * nu, sizeof(double));
  return b->planned && b->executed && b->from_planned && b->from_executed && b->u ? DF_OK : DF_E_NOMEM;
}

static void free_buffers(buffers* b) {
  df_free(b->planned);
  df_free(b->executed);
  df_free(b->from_planned);
  df_free(b->from_executed);
  df_free(b->u);
}

static df_status run_chains(const eval_job* job, int k, chain_kind kind, df_rollout* rollout, buffers* b, chains* c) {
  const size_t nx = (size_t)job->task->system->nx;
  const int H = job->set->H;
  /* all chains start at the first states of the windows */
  memcpy(b->from_planned, job->set->x0, (size_t)c->n * nx * sizeof(double));
  memcpy(b->from_executed, job->set->x0, (size_t)c->n * nx * sizeof(double));
  for (int done = 0, window = 0; done < c->frames; done += H, window++) {
    /* plan a window of every chain, and execute it */
    DF_TRY(eval_go_on(job));
    const df_request request = {.B = c->n,
                                .x0 = b->from_planned,
                                .condition = job->set->condition,
                                .seed = job->seed,
                                .first_index = chain_index + (uint64_t)window * (uint64_t)c->n,
                                .sampler_steps = k};
    DF_TRY(eval_sample(job, &request, b->planned, b->u));
    DF_TRY(df_rollout_run(rollout,
                          &(df_rollout_batch){.B = c->n, .H = H, .x0 = b->from_executed, .u = b->u, .x = b->executed}));

    /* append the executed states, and choose where the next window is planned and executed from */
    const int kept = c->frames - done < H ? c->frames - done : H;
    for (int i = 0; i < c->n; i++) {
      const size_t row = (size_t)i * (size_t)(H + 1);
      double* out = c->x + ((size_t)i * (size_t)(c->frames + 1) + (size_t)done) * nx;
      memcpy(out, b->executed + row * nx, (size_t)(kept + 1) * nx * sizeof(double));
      const double* plan_from = kind == CHAIN_PURE ? b->planned : b->executed;
      memcpy(b->from_planned + (size_t)i * nx, plan_from + (row + (size_t)H) * nx, nx * sizeof(double));
      c->planned_is_executed &= memcmp(b->planned + row * nx, b->executed + row * nx, (size_t)(H + 1) * nx * 8) == 0;
      memcpy(b->from_executed + (size_t)i * nx, b->executed + (row + (size_t)H) * nx, nx * sizeof(double));
    }
  }
  return DF_OK;
}

df_status chains_new(const eval_job* job, int k, chain_kind kind, chains** out) {
  *out = NULL;
  /* number and length of the chains */
  const df_config* config = &job->task->config;
  chains* c = df_alloc(1, sizeof *c);
  if (!c) return DF_E_NOMEM;
  c->n = config->eval_chains < job->set->B ? config->eval_chains : job->set->B;
  c->planned_is_executed = true;
  c->frames = (int)lround(config->eval_chain_seconds / job->task->system->dt);
  c->x = df_alloc((size_t)c->n * (size_t)(c->frames + 1) * (size_t)job->task->system->nx, sizeof(double));

  /* plan and execute them */
  df_rollout_cfg cfg = df_rollout_cfg_default();
  cfg.threads = job->threads;
  df_rollout* rollout = NULL;
  buffers b = {0};
  df_status status = c->x ? df_rollout_new(job->task->system, &cfg, &rollout) : DF_E_NOMEM;
  if (status == DF_OK) status = make_buffers(job, c->n, &b);
  if (status == DF_OK) status = run_chains(job, k, kind, rollout, &b, c);
  free_buffers(&b);
  df_rollout_free(rollout);
  if (status != DF_OK) {
    chains_free(c);
    return status;
  }
  *out = c;
  return DF_OK;
}

void chains_free(chains* c) {
  if (!c) return;
  df_free(c->x);
  df_free(c);
}
