/* expert.h: a policy that is trained by the gradient through the simulator: SHAC, the short-horizon actor-critic (Xu et
 * al., ICLR 2022), and without its critic APG, analytic policy gradients. PPO, proximal policy optimisation (Schulman
 * et al., arXiv 1707.06347), trains the same networks by rewards alone, without a gradient of the simulator.
 *
 * Policy and critic are MLPs with ELU. With observation o, standard normal e and `noise` s, the action is
 *     u = centre + half_range tanh(pi(o) + atanh((home - centre) / half_range) + s e)
 * B robots walk in windows of H actions; every update follows one window.
 *
 * Actor of SHAC and APG. The loss is the mean over robots and actions of the discounted rewards and the value of the
 * window's end,
 *     L = -1/(H B) sum over robots of [ sum_t g_t r_t + g_H V'(o_H) ],   g_0 = 1,   g_(t+1) = gamma g_t,
 * where g is 1 again after a fall, at which the robot starts afresh in mid-window, and V' is 0 if the last action ends
 * in a fall. Its gradient is exact up to `decay`, by which the cotangent of the state is multiplied at every action
 * that it passes back. Nothing flows back over a fresh start.
 *
 * Critic of SHAC. V(o_t) follows the return
 *     G_t = r_t + gamma (1 - fallen_t) [ (1 - lambda) V'(o_(t+1)) + lambda G_(t+1) ],
 * with V'(o_H) in the brackets at the window's end, on `critic_steps` minibatches of a share `critic_share` of the
 * window. V' is a slow copy of V: after every update it moves by `critic_mix` towards it.
 *
 * PPO. The noise s is a vector s_k of trained numbers, which begin at `ppo_noise`, so that the action before tanh is
 *     z ~ N(pi(o) + bias, diag s^2).
 * G_t is that of SHAC with V' = V before the update, so that A_t = G_t - V(o_t) is the generalised advantage estimate
 * (Schulman et al., arXiv 1506.02438); it is shifted and scaled to mean 0 and standard deviation 1 over the window.
 * With the ratio rho of the densities of z after and before the update, in which tanh cancels, the loss is
 *     L = -mean min(rho A, clip(rho, 1 - ppo_clip, 1 + ppo_clip) A) - ppo_entropy sum_k log s_k
 * over a minibatch; V follows G on the same samples by the mean squared error. An update has `ppo_epochs` passes over
 * the window, each in an order of its own in `ppo_minibatches` minibatches. If `ppo_kl` is not 0, the actor's learning
 * rate begins at `rate` and follows the mean divergence KL(before, after) of every minibatch but the first of an
 * update: above 2 ppo_kl it is divided by 1.5, below ppo_kl / 2 multiplied by it, within 1e-5 .. 1e-2. After a step at
 * which the simulator diverges, the robot has fallen, with the reward 0.
 *
 * Between windows a robot starts afresh with probability `fresh` H, and else is told another gait, command and phase
 * with probability `renew` H.
 *
 * Imitation. A walk with clips (walk.h) is learned by the same three methods: the reward tracks the demonstrated frame
 * of every action, and a robot starts on a random frame of a random clip, as in DeepMimic (Peng et al., SIGGRAPH 2018),
 * of which at least a window is left. A robot that has lost its clip has fallen. One that has less than a window left
 * starts afresh between two windows, so that its last value is that of a state within the clip; `renew` is not used.
 *
 * Robots are divided into `slices` micro-batches, each the work of one thread; sums are in a fixed order, and random
 * numbers are functions of seed, update and robot. The result does not depend on the number of threads, nor on whether
 * a training was interrupted. */
#ifndef DYNAFLOW_POLICY_EXPERT_H
#define DYNAFLOW_POLICY_EXPERT_H

#include <signal.h>

#include "dynaflow/io/safetensors.h"
#include "dynaflow/policy/walk.h"

DF_BEGIN_DECLS

typedef enum df_expert_method { DF_EXPERT_SHAC, DF_EXPERT_APG, DF_EXPERT_PPO } df_expert_method;

typedef struct df_expert_cfg {
  df_expert_method method;
  int robots, horizon, slices; /* B, H, micro-batches */
  long updates;                /* 0: the policy as it is, for a checkpoint to be loaded */
  int width, depth;            /* of both networks */
  double gamma, lambda, decay; /* in [0, 1]; decay: SHAC and APG */
  double noise;                /* s of SHAC and APG */
  double rate, critic_rate;    /* learning rates of Adam, which fall linearly to `rate_end` of them */
  double rate_end;
  double clip;      /* bound on the 2-norm of the gradient of the actor; that of the critic is 1 */
  int critic_steps; /* of SHAC, and the next two */
  double critic_share, critic_mix;
  double fresh, renew; /* per action */
  int ppo_epochs, ppo_minibatches;
  double ppo_clip;
  double ppo_kl; /* wanted KL divergence of an update; 0: the actor's learning rate falls linearly */
  double ppo_noise, ppo_entropy;
} df_expert_cfg;

/* SHAC, B 32, H 24, 4 slices, 1000 updates, 2 x 128 wide, gamma 0.97, lambda 0.95, decay 0.97, noise 0.1, rates
 * 0.002, rate_end 0.05, clip 1, 8 critic steps of a share of 0.25, mix 0.4, fresh 0.004, renew 0.005;
 * ppo_epochs 4, ppo_minibatches 4, ppo_clip 0.2, ppo_kl 0.01, ppo_noise 0.2, ppo_entropy 0 */
DF_API df_expert_cfg df_expert_cfg_default(void);

typedef struct df_expert df_expert;

/* Makes a policy with the initial weights of a seed; `walk` must outlive it. The caller frees *out with
 * df_expert_free(); on failure *out is NULL. Errors: DF_E_CONFIG, which names the field, its value and its range;
 * DF_E_BLAS before df_blas_open() has succeeded; DF_E_ARG for a NULL argument or threads < 1; DF_E_NOMEM. */
DF_API DF_MUST_CHECK df_status df_expert_new(const df_walk* walk, const df_expert_cfg* cfg, uint64_t seed, int threads,
                                             df_expert** out);
DF_API void df_expert_free(df_expert* expert); /* NULL is allowed */

/* ---- training ---- */

/* an update of a training; means are over the robots and actions of its window */
typedef struct df_expert_update {
  long update;                  /* from 1 */
  long falls, lost;             /* falls; steps left out because the simulator or an adjoint diverged. PPO leaves none
                                 * out, and counts those that diverged */
  double reward;                /* mean reward */
  double velocity_error;        /* mean size of the horizontal velocity minus the command, m/s */
  double gradient;              /* 2-norm of the actor's gradient before clipping; PPO: in the last step */
  double rate;                  /* learning rate of the actor's last step */
  double critic_loss;           /* loss of the last critic step; NaN without a critic, or without its steps */
  double cost[DF_REWARD_TERMS]; /* mean weighted cost of every reward term */
  double kl;                    /* PPO, else NaN: mean divergence in the last minibatch */
  double clipped;               /* PPO, else NaN: share of the samples of all minibatches without a gradient */
  double std;                   /* PPO, else NaN: mean of s_k after the update */
} df_expert_update;

typedef struct df_expert_training {
  const char* state_path;      /* file of the training state; NULL: none */
  const char* identity;        /* what the state belongs to; may be NULL */
  volatile sig_atomic_t* stop; /* ends the training with DF_E_INTERRUPTED if it is set; may be NULL */
  double save_seconds;         /* wall-clock time between two saves of the state */
  void (*report)(void* context, const df_expert_update* update); /* after every update; may be NULL */
  void* context;
} df_expert_training;

/* Trains until cfg.updates updates are done, from the state in state_path if there is one. That file is written every
 * save_seconds, when the training is interrupted, and at its end; the bytes of the weights are those of a training
 * without interruption. Errors: DF_E_INTERRUPTED; DF_E_SIM if a simulator failed; DF_E_NONFINITE if the weights are no
 * longer finite; DF_E_MISMATCH for the state of another identity, and those of df_safetensors_open() and
 * df_safetensors_write(). */
DF_API DF_MUST_CHECK df_status df_expert_train(df_expert* expert, const df_expert_training* training);

/* what a training has done, in all of its parts: those before an interruption are in its state */
typedef struct df_expert_totals {
  long updates, lost; /* lost: steps left out, as in df_expert_update */
  double cpu;         /* CPU time of the updates, s, without that of reports */
} df_expert_totals;

DF_API df_expert_totals df_expert_get_totals(const df_expert* expert);

/* ---- files ---- */

/* Writes the weights of policy and critic, n string pairs and a checksum of the weights (DF_TENSORS_SUM_KEY) as a
 * safetensors file; reads them again. Errors: those of df_safetensors_write(), df_safetensors_open() and
 * df_safetensors_check_sum(); DF_E_MISMATCH for weights of other shapes, DF_E_NONFINITE for weights that are not
 * finite, which names the tensor. */
DF_API DF_MUST_CHECK df_status df_expert_save(const df_expert* expert, const char* path, int n,
                                              const df_text_pair* metadata);
DF_API DF_MUST_CHECK df_status df_expert_load(df_expert* expert, const char* path);

/* ---- the trained policy ---- */

/* a walk of one robot by the policy; a zeroed struct with the mandatory fields works */
typedef struct df_expert_walk {
  int length;           /* actions, >= 1; mandatory */
  uint64_t seed, event; /* of the start, order and changes: a function of both */
  int gait;             /* < 0: drawn; not read with clips */
  int clip;             /* of a task with clips: followed from its first demonstrated state on, for at most its length;
                         * `renew` is then 0 */
  double noise;         /* standard deviation of noise before tanh, as in training; 0: none */
  double renew;         /* probability per action of another command; the gait stays */
  double kick_seconds;  /* mean time between two kicks; 0: none */
  double kick;          /* change of the horizontal velocity by a kick, m/s, in a random direction */
  double* x;            /* out, [length + 1][nx] states; mandatory */
  double* u;            /* out, [length][nu] actions; mandatory */
  df_walk_order* order; /* out, [length + 1] what the robot is told with every state; mandatory */
  int fell; /* out, the action after which it has fallen, or the simulator diverged; < 0: none. The states after
             * that are NaN, actions and orders 0 */
} df_expert_walk;

/* Runs n walks, which threads share; they do not depend on each other. Errors: DF_E_SIM, DF_E_NOMEM, DF_E_ARG. */
DF_API DF_MUST_CHECK df_status df_expert_run(const df_expert* expert, int n, df_expert_walk* walks, int threads);

/* how well a walk follows its commands and its clock, or its clip: then the demonstrated velocity of every frame takes
 * the place of the command, and a demonstrated foot on the floor that of a foot that stands by the clock */
typedef struct df_walk_score {
  bool fell;
  double velocity_error; /* mean size of (mean horizontal velocity, body frame, over a cycle of the clock - command),
                          * m/s; NaN if it fell or no cycle was measured */
  double yaw_rate_error; /* the same of the yaw rate, rad/s */
  double contact;        /* share of foot-steps on the floor exactly when the clock says so */
} df_walk_score;

/* Scores a walk from action `first` on, in cycles of constant command. A foot is on the floor within 2 mm of
 * foot_height. Errors: DF_E_NOMEM, DF_E_ARG. */
DF_API DF_MUST_CHECK df_status df_walk_judge(const df_walk* walk, const df_expert_walk* made, int first,
                                             df_walk_score* out);

DF_END_DECLS

#endif
