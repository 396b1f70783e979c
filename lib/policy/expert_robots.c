/* expert_robots.c: fresh starts and orders of the robots of a training. */
#include "expert_internal.h"

void expert_renew(df_expert* e, size_t b) {
  const uint64_t event = (uint64_t)b << 32 | (uint64_t)e->events[b]++;
  df_walk_draw_order(e->walk, e->seed, event, &e->order_now[b]);
}

void expert_restart(df_expert* e, df_sim* sim, size_t b) {
  const uint64_t event = (uint64_t)b << 32 | (uint64_t)e->events[b];
  df_walk_draw_start(e->walk, sim, e->seed, event, e->x_now + b * e->nx);
  df_walk_first_action(e->walk, e->x_now + b * e->nx, e->u_now + b * e->nu);
  expert_renew(e, b);
}
