/* expert_critic.c: targets of the critic, and its fit to them. */
#include <math.h>
#include <string.h>

#include "dynaflow/core/rng.h"
#include "expert_internal.h"

/* from the last action to the first */
void expert_target(df_expert* e) {
  const double gamma = e->cfg.gamma, lambda = e->cfg.lambda;
  for (size_t t = e->H; t-- > 0;) {
    for (size_t b = 0; b < e->B; b++) {
      const size_t row = expert_row(e, t, b);
      double next = e->value[row];
      if (t + 1 < e->H) next = (1 - lambda) * next + lambda * e->target[row + e->B];
      e->target[row] = e->reward[row] + (e->done[row] ? 0 : gamma * next);
    }
  }
}

/* the samples of a slice in critic step `event`: their number */
static size_t gather(df_expert* e, const expert_slice* s, int slice, uint64_t event, double* wanted) {
  const size_t all = (size_t)e->fit_rows, n = (size_t)e->n_slices;
  const size_t from = (size_t)slice * all / n, end = ((size_t)slice + 1) * all / n;
  for (size_t i = from; i < end; i++) {
    const size_t row = df_rng_below(e->seed, DF_STREAM_EXPERT_BATCH, event, (uint32_t)i, e->H * e->B);
    memcpy(s->rows + (i - from) * e->no, e->obs + row * e->no, e->no * sizeof(df_real));
    wanted[i - from] = e->target[row] / EXPERT_VALUE_UNIT;
  }
  return end - from;
}

void expert_regress(const df_expert* e, expert_slice* s, size_t n, size_t all) {
  memset(s->fit_gradient, 0, df_net_parameters(e->critic_net) * sizeof *s->fit_gradient);
  s->fit_loss = 0;
  if (n == 0) return;
  df_net_forward(e->critic_net, s->fit, e->critic, &(df_net_input){.B = (int)n, .x = s->rows}, s->values);
  for (size_t i = 0; i < n; i++) {
    const double error = (double)s->values[i] - s->wanted[i];
    s->fit_loss += error * error / (double)all;
    s->dvalues[i] = (df_real)(2 * error / (double)all);
  }
  df_net_backward(e->critic_net, s->fit, e->critic, s->dvalues, s->fit_gradient, NULL);
}

static void fit_slice(df_expert* e, int slice, uint64_t event) {
  expert_slice* s = &e->slice[slice];
  expert_regress(e, s, gather(e, s, slice, event, s->wanted), (size_t)e->fit_rows);
}

void expert_fit(df_expert* e, double rate, double* loss) {
  const size_t n = df_net_parameters(e->critic_net);
  expert_target(e);
  for (int i = 0; i < e->cfg.critic_steps; i++) {
    const uint64_t event = (uint64_t)e->update * (uint64_t)e->cfg.critic_steps + (uint64_t)i;
#pragma omp parallel for num_threads(e->threads) schedule(static) if (e->threads > 1)
    for (int k = 0; k < e->n_slices; k++) fit_slice(e, k, event);
    expert_step_critic(e, rate, loss);
  }

  /* the slow copy follows */
  const df_real mix = (df_real)e->cfg.critic_mix;
  for (size_t i = 0; i < n; i++) e->slow[i] += mix * (e->critic[i] - e->slow[i]);
}
