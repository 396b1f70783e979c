/* expert_step.c: steps of Adam from the gradients of the slices. */
#include <math.h>

#include "expert_internal.h"

df_status expert_step_actor(df_expert* e, double rate, df_expert_update* out) {
  df_slices_sum(e->n_slices, e->n_actor, e->gradients, e->threads, e->gradients[0]);
  const df_update step = {.rate = rate, .threads = e->threads, .parameters = e->actor};
  out->rate = rate;
  out->gradient = df_adamw_update(e->actor_optimizer, &step, e->gradients[0]);
  if (isfinite(out->gradient)) return DF_OK;
  return df_fail(DF_E_NONFINITE, "update %ld: the gradient of the policy is %g; lower the learning rates", out->update,
                 out->gradient);
}

void expert_step_critic(df_expert* e, double rate, double* loss) {
  df_slices_sum(e->n_slices, df_net_parameters(e->critic_net), e->fit_gradients, e->threads, e->fit_gradients[0]);
  const df_update step = {.rate = rate, .threads = e->threads, .parameters = e->critic};
  (void)df_adamw_update(e->critic_optimizer, &step, e->fit_gradients[0]);
  *loss = 0;
  for (int k = 0; k < e->n_slices; k++) *loss += e->slice[k].fit_loss;
}
