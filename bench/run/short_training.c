#include "short_training.h"

#include <math.h>
#include <stdio.h>

static void shorten_recovery(df_config* c) {
  enum { ROUNDS = 3, STEPS = SHORT_RECOVERY / ROUNDS };
  c->recover_pool = (int)ceil((double)c->recover_pool * STEPS / c->recover_steps);
  c->recover_steps = STEPS;
  c->recover_rounds = ROUNDS;
  c->recover_residual_limit = 1e6;
  c->recover_simulated *= 1 - c->recover_regressed;
  c->recover_regressed = 0;
  c->recover_linear = 0;
}

void shorten_training(df_config* c, int train, int inverse) {
  enum { RANDOM_EPISODES = 16 };
  c->train_steps = train;
  c->inverse_steps = inverse;
  c->train_warmup = 0;
  c->train_horizon_from = 0;
  c->train_validate_every = 0;
  snprintf(c->train_keep, sizeof c->train_keep, "last");
  shorten_recovery(c);
  c->dap_steps = SHORT_DYNAMICS;
  if (c->dap_random_episodes > RANDOM_EPISODES) c->dap_random_episodes = RANDOM_EPISODES;
}
