/* walker.h: a quadruped with a walking task, for the tests of policies. */
#ifndef TESTS_POLICY_WALKER_H
#define TESTS_POLICY_WALKER_H

#include "dynaflow/policy/walk.h"
#include "models.h"

enum { NU = 12, NX = 37, NDX = 36, FEET = 4, GAITS = 2 };

static const double walker_home[NU] = {-.1, .9, -1.8, .1, .9, -1.8, -.1, .9, -1.8, .1, .9, -1.8};
static const double walker_centre[NU] = {0, .9, -1.8, 0, .9, -1.8, 0, .9, -1.8, 0, .9, -1.8};
static const double walker_half[NU] = {.6, 1, .9, .6, 1, .9, .6, 1, .9, .6, 1, .9};

/* two gaits with other heights and weights; all terms of observation and reward are in use */
static inline df_walk_cfg walker_cfg(const df_system* system) {
  static const char* const feet[FEET] = {"FR", "FL", "RR", "RL"};
  static const double offsets[GAITS][FEET] = {{0, .5, .5, 0}, {.5, .5, 0, 0}};
  df_walk_cfg cfg = {.n_feet = FEET,
                     .n_gaits = GAITS,
                     .alive = 2,
                     .foot_height = .023,
                     .frequency = 3,
                     .duty = .5,
                     .swing_height = .07,
                     .command = {1, .4, .8},
                     .fall_height = .15,
                     .fall_tilt = 1.0471975511965976,
                     .home = walker_home,
                     .centre = walker_centre,
                     .half_range = walker_half};
  for (int i = 0; i < FEET; i++) cfg.foot[i] = df_mujoco_point(system, DF_POINT_GEOM, feet[i]);
  for (int g = 0; g < GAITS; g++) {
    memcpy(cfg.gait[g].offset, offsets[g], sizeof offsets[g]);
    cfg.gait[g].height = .29 - .03 * g;
    for (int i = 0; i < DF_REWARD_TERMS; i++) cfg.gait[g].weight[i] = .1 + .03 * i + .01 * g;
  }
  for (int i = 0; i < DF_OBSERVE_TERMS; i++) cfg.observe[i] = .5 + .25 * i;
  const double start[DF_START_TERMS] = {.04, .125, .02, .2, .25, .5};
  memcpy(cfg.start, start, sizeof start);
  return cfg;
}

static inline df_system* walker_system(void) {
  return quadruped("", "", "ctrlrange='-3 3'", "", 5);
}

static inline df_walk* walker_task(const df_system* system, const df_walk_cfg* cfg) {
  df_walk* walk;
  OK(df_walk_new(system, cfg, &walk));
  return walk;
}

#endif
