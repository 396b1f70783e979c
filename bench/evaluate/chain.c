#include "chain.h"

#include <string.h>

#include "calls.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/flow/method.h"
#include "dynaflow/sim/rollout.h"

typedef struct buffers {
  double *planned, *executed;           /* [n][H+1][nx] */
  double *from_planned, *from_executed; /* [n][nx] */
  double* u;                            /* [n][H][nu] */
  double* condition;                    /* [n][nc], of the present window; NULL if they are held */
} buffers;

const double* chain_condition(const chain_cfg* cfg, size_t nc, int i, int frame) {
  if (!cfg->data) return cfg->condition ? cfg->condition + (size_t)i * nc : NULL;
  const df_window from = cfg->window[i];
  const int at = from.start + frame / cfg->every * cfg->every, last = cfg->data->lengths[from.episode];
  return df_dataset_condition(cfg->data, from.episode, at < last ? at : last);
}

static df_status make_buffers(const eval_job* job, const chain_cfg* cfg, int n, buffers* b) {
  const size_t nx = (size_t)job->task->system->nx, nu = (size_t)job->task->system->nu;
  const size_t H = (size_t)job->task->windows->horizon, count = (size_t)n;
  b->planned = df_alloc(count * (H + 1) * nx, sizeof(double));
  b->executed = df_alloc(count * (H + 1) * nx, sizeof(double));
  b->from_planned = df_alloc(count * nx, sizeof(double));
  b->from_executed = df_alloc(count * nx, sizeof(double));
  b->u = df_alloc(count * H * nu, sizeof(double));
  const size_t nc = (size_t)job->task->data->nc;
  if (cfg->data && nc && !(b->condition = df_alloc(count * nc, sizeof(double)))) return DF_E_NOMEM;
  return b->planned && b->executed && b->from_planned && b->from_executed && b->u ? DF_OK : DF_E_NOMEM;
}

static void free_buffers(buffers* b) {
  df_free(b->planned);
  df_free(b->executed);
  df_free(b->from_planned);
  df_free(b->from_executed);
  df_free(b->u);
  df_free(b->condition);
}

/* appends the first `kept` actions of window row i to chain i, and moves the states from which it goes on */
static void append(const eval_job* job, const chain_cfg* cfg, int i, int done, int kept, buffers* b, chains* c) {
  const size_t nx = (size_t)job->task->system->nx, nu = (size_t)job->task->system->nu;
  const size_t H = (size_t)job->task->windows->horizon, row = (size_t)i * (H + 1);
  const size_t at = (size_t)i * (size_t)(c->frames + 1) + (size_t)done, n = (size_t)(kept + 1) * nx;
  memcpy(c->x + at * nx, b->executed + row * nx, n * sizeof(double));
  if (c->claimed) memcpy(c->claimed + at * nx, b->planned + row * nx, n * sizeof(double));
  if (c->u) {
    memcpy(c->u + ((size_t)i * (size_t)c->frames + (size_t)done) * nu, b->u + (size_t)i * H * nu,
           (size_t)kept * nu * sizeof(double));
  }
  c->planned_is_executed &= memcmp(b->planned + row * nx, b->executed + row * nx, n * sizeof(double)) == 0;
  const size_t last = row + (size_t)cfg->every;
  const double* plan_from = cfg->kind == CHAIN_PURE ? b->planned : b->executed;
  memcpy(b->from_planned + (size_t)i * nx, plan_from + last * nx, nx * sizeof(double));
  memcpy(b->from_executed + (size_t)i * nx, b->executed + last * nx, nx * sizeof(double));
}

static df_status run_chains(const eval_job* job, const chain_cfg* cfg, df_rollout* rollout, buffers* b, chains* c) {
  const size_t nx = (size_t)job->task->system->nx, nc = (size_t)job->task->data->nc;
  const int H = job->task->windows->horizon;
  memcpy(b->from_planned, cfg->x0, (size_t)c->n * nx * sizeof(double));
  memcpy(b->from_executed, cfg->x0, (size_t)c->n * nx * sizeof(double));
  for (int done = 0, window = 0; done < c->frames; done += cfg->every, window++) {
    /* plan a window of every chain, and execute it */
    DF_TRY(eval_go_on(job));
    for (int i = 0; b->condition && i < c->n; i++) {
      memcpy(b->condition + (size_t)i * nc, chain_condition(cfg, nc, i, done), nc * sizeof(double));
    }
    const df_request request = {.B = c->n,
                                .x0 = b->from_planned,
                                .condition = b->condition ? b->condition : cfg->condition,
                                .seed = job->seed,
                                .first_index = CHAIN_INDEX + (uint64_t)window * (uint64_t)c->n,
                                .sampler_steps = cfg->k};
    DF_TRY(eval_sample(job, &request, b->planned, b->u));
    if (rollout) {
      DF_TRY(df_rollout_run(
          rollout, &(df_rollout_batch){.B = c->n, .H = H, .x0 = b->from_executed, .u = b->u, .x = b->executed}));
    } else {
      memcpy(b->executed, b->planned, (size_t)c->n * (size_t)(H + 1) * nx * sizeof(double));
    }
    const int kept = c->frames - done < cfg->every ? c->frames - done : cfg->every;
    for (int i = 0; i < c->n; i++) append(job, cfg, i, done, kept, b, c);
  }
  return DF_OK;
}

static df_status make_chains(const eval_job* job, const chain_cfg* cfg, bool acts, chains* c) {
  const size_t nx = (size_t)job->task->system->nx, nu = (size_t)job->task->system->nu;
  const size_t n = (size_t)cfg->n, frames = (size_t)cfg->frames;
  *c = (chains){.n = cfg->n, .frames = cfg->frames, .planned_is_executed = true};
  c->x = df_alloc(n * (frames + 1) * nx, sizeof(double));
  if (acts && !(c->u = df_alloc(n * frames * nu, sizeof(double)))) return DF_E_NOMEM;
  if (cfg->kind == CHAIN_PURE && !(c->claimed = df_alloc(n * (frames + 1) * nx, sizeof(double)))) return DF_E_NOMEM;
  return c->x ? DF_OK : DF_E_NOMEM;
}

df_status chains_new(const eval_job* job, const chain_cfg* cfg, chains** out) {
  *out = NULL;
  const bool acts = (job->method->flags & DF_METHOD_RETURNS_ACTIONS) != 0;
  chains* c = df_alloc(1, sizeof *c);
  if (!c) return DF_E_NOMEM;
  df_rollout_cfg rollout_cfg = df_rollout_cfg_default();
  rollout_cfg.threads = job->threads;
  df_rollout* rollout = NULL;
  buffers b = {0};
  df_status status = make_chains(job, cfg, acts, c);
  if (status == DF_OK && acts) status = df_rollout_new(job->task->system, &rollout_cfg, &rollout);
  if (status == DF_OK) status = make_buffers(job, cfg, c->n, &b);
  if (status == DF_OK) status = run_chains(job, cfg, rollout, &b, c);
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
  df_free(c->u);
  df_free(c->claimed);
  df_free(c);
}
