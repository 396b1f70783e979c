/* expert_fixture.h: a small training of the quadruped of walker.h. */
#ifndef TESTS_POLICY_EXPERT_FIXTURE_H
#define TESTS_POLICY_EXPERT_FIXTURE_H

#include "dynaflow/nn/blas.h"
#include "expert_internal.h"
#include "walker.h"

typedef struct fixture {
  df_system* s;
  df_walk* walk;
  df_expert_cfg cfg;
} fixture;

static inline fixture make(void) {
  fixture f = {.s = walker_system(), .cfg = df_expert_cfg_default()};
  OK(df_blas_open(&(df_blas_cfg){.threads = 4}));
  df_walk_cfg cfg = walker_cfg(f.s);
  cfg.fall_height = .22;
  f.walk = walker_task(f.s, &cfg);
  f.cfg.robots = 6;
  f.cfg.horizon = 5;
  f.cfg.slices = 3;
  f.cfg.updates = 6;
  f.cfg.width = 16;
  f.cfg.fresh = f.cfg.renew = .05;
  return f;
}

static inline void drop(fixture* f) {
  df_walk_free(f->walk);
  df_system_free(f->s);
}

static inline df_expert* expert_of(const fixture* f, int threads) {
  df_expert* e;
  OK(df_expert_new(f->walk, &f->cfg, 3, threads, &e));
  return e;
}

#endif
