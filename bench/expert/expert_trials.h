/* expert_trials.h: walks of a policy: how well they follow gaits and commands, and as demonstrations. */
#ifndef BENCH_EXPERT_EXPERT_TRIALS_H
#define BENCH_EXPERT_EXPERT_TRIALS_H

#include "dynaflow/data/dataset.h"
#include "dynaflow/data/generator.h"
#include "dynaflow/stats/statistics.h"
#include "expert_task.h"

/* what is tried: every gait in turn */
typedef struct trials_cfg {
  int walks;      /* >= 1 */
  double seconds; /* of a walk; an imitation ends with its clip at the latest */
  uint64_t seed;
  double renew_seconds;      /* mean time between two commands; 0: one per walk */
  double kick, kick_seconds; /* as in df_expert_walk */
  double noise;              /* on actions, as in df_expert_walk */
  int threads;
} trials_cfg;

/* results of one gait, or of all; NaN without a walk to measure */
typedef struct trials_score {
  int walks, falls;
  df_interval fall_rate; /* share of the walks that fell */
  int cycles;            /* walks that did not fall and have a whole cycle of the clock with one command, */
  double velocity_error, yaw_rate_error; /* whose means these are */
  int contacts;                          /* walks that did not fall and are longer than what is left out, */
  double contact;                        /* whose mean this is */
} trials_score;

/* how one walk was judged */
typedef struct trials_walk {
  df_walk_score score;
  double reward;                /* mean over its actions, up to that after which it fell; NaN if it has none */
  double cost[DF_REWARD_TERMS]; /* the same of the weighted costs: reward = expert.alive - their sum */
} trials_walk;

/* walks of a policy, all arrays owned */
typedef struct expert_walks {
  int n, length;        /* walks; actions of each */
  df_expert_walk* walk; /* [n]; their arrays are parts of x, u and order, which follow each other */
  double *x, *u;
  df_walk_order* order;
  trials_walk* judged;         /* [n] */
  char starts[DF_SHA256_TEXT]; /* of the states and orders that the walks begin with, to 1e-6; no policy changes them */
} expert_walks;

/* Runs walks of a policy, every gait in turn, and of an imitation with the clips of the gait in turn that are not
 * shorter than a walk, and judges each by itself. Scores leave out the first 1.5 s, in which a
 * robot reaches its command; rewards do not. Errors: those of df_expert_run() and df_walk_judge(); DF_E_CONFIG for
 * walks that are too short. Call expert_walks_clear(), also after a failure. */
DF_MUST_CHECK df_status expert_walk(const expert_task* task, const df_expert* expert, const trials_cfg* cfg,
                                    expert_walks* out);
void expert_walks_clear(expert_walks* w);

/* Writes walks as an npz file: states [n][length + 1][nx], NaN after a fall, actions [n][length][nu], and of every
 * state the gait (number in expert.gaits), command [3] and phase of the clock; fell [n], the action after which a robot
 * fell, or -1; dt, feet and gaits. Errors: those of df_npz_write(). */
DF_MUST_CHECK df_status expert_walks_write(const char* path, const expert_task* task, const expert_walks* w);

/* Sums walks up: score [gaits] of every gait, *all of all of them. Appends to `without` the numbers of the upright
 * walks without a whole cycle, from 0 and with their gaits, as "3 (bound), 7 (pronk)". */
void expert_sum_up(const expert_task* task, const expert_walks* w, trials_score* score, trials_score* all,
                   text* without);

/* expert_walk() and expert_sum_up(). */
DF_MUST_CHECK df_status expert_try(const expert_task* task, const df_expert* expert, const trials_cfg* cfg,
                                   trials_score* score, trials_score* all, text* without);

/* Collects the walks of an imitation along its first clips, at most `episodes` per gait, as demonstrations: those
 * without a fall, with the conditions of the clips. Errors: DF_E_CONFIG, which names the gait, if none of its clips is
 * as long as a walk, or none is followed to its end;
 * otherwise as expert_collect(), which calls it. */
DF_MUST_CHECK df_status expert_collect_clips(const expert_task* task, const df_expert* expert, const trials_cfg* cfg,
                                             int episodes, void (*progress)(void* context, int done), void* context,
                                             df_generation* report, df_dataset** out);

/* The walks that expert_collect() keeps, or, of an imitation, runs along clips: `progress` is told these numbers. */
int expert_count_collected(const expert_task* task, const trials_cfg* cfg, int episodes);

/* Collects `episodes` walks per gait without a fall as demonstrations: states, actions, and per frame the gait,
 * one-hot, and the command. cfg->walks is not read. `report` tells how many were rejected. The caller frees *out.
 * Errors: DF_E_CONFIG, which names the gait, if more than 20 attempts per wanted episode fall; those of
 * df_expert_run(). */
DF_MUST_CHECK df_status expert_collect(const expert_task* task, const df_expert* expert, const trials_cfg* cfg,
                                       int episodes, void (*progress)(void* context, int done), void* context,
                                       df_generation* report, df_dataset** out);

#endif
