/* expert_internal.h: the structure of a df_expert. A window is arrays over actions t = 0..H-1 and robots b = 0..B-1,
 * time first; slices own ranges of robots. */
#ifndef LIB_POLICY_EXPERT_INTERNAL_H
#define LIB_POLICY_EXPERT_INTERNAL_H

#include "dynaflow/nn/net.h"
#include "dynaflow/nn/optimizer.h"
#include "dynaflow/policy/expert.h"

/* the critic's network computes values in this unit */
#define EXPERT_VALUE_UNIT 20.

/* the robots first .. first + count - 1, and the work of the thread that simulates them */
typedef struct expert_slice {
  int first, count;
  df_sim** sim;                              /* [count] */
  int* base;                                 /* [count] the action of the window that is number 0 on the tape */
  df_net_work** actor;                       /* [e->works] activations of every action; PPO: of the last one */
  df_net_work *value, *fit;                  /* of the slow critic on the robots, of the critic on samples */
  df_real *out, *dout, *dobs;                /* [count][nu], [count][nu], [count][observations] */
  double *y, *k, *df, *ubar;                 /* cotangents: [count][ndx], [count][nu], [count][features], [nu] */
  double *noise, *before;                    /* [nu] */
  double* spread;                            /* [nu] standard deviations of the noise in the window */
  df_real *gradient, *fit_gradient, *unused; /* [n_actor], [critic], [critic] parameters */
  df_real *rows, *values, *dvalues;          /* samples of a critic step: [rows][observations], [rows], [rows] */
  double *wanted, fit_loss;                  /* [rows] their targets */
  df_expert_update sums;                     /* sums over its robots */

  /* PPO: the samples of a minibatch, those of a critic step */
  df_net_work* learn;      /* activations of the actor */
  df_real *means, *dmeans; /* [rows][nu] outputs of the actor, and their cotangents */
  double *inverse, *dlog;  /* [nu] 1 / s, cotangents of log s */
  double kl;               /* sum of the divergences of its samples, each divided by the samples of the minibatch */
  long clipped;            /* its samples without a gradient */

  df_status status;
  char failure[512]; /* message of `status` */
} expert_slice;

struct df_expert {
  const df_walk* walk;
  const df_system* system;
  df_expert_cfg cfg;
  uint64_t seed;
  int threads;
  size_t B, H, nx, ndx, nu, nf, no;
  size_t works;   /* activations of the actor that a window keeps: H, PPO: 1 */
  size_t n_actor; /* parameters of the actor: those of its network; PPO: then log s [nu] */
  df_net *actor_net, *critic_net;
  df_real *actor, *critic, *slow; /* parameters; PPO: slow is the critic */
  df_adamw *actor_optimizer, *critic_optimizer;
  double* bias; /* [nu] atanh((home - centre) / half_range) */
  long update;  /* updates done */
  long lost;    /* steps that they left out */
  double cpu;   /* CPU time that they took, s */
  double rate;  /* PPO: the actor's learning rate, if it is adapted */

  /* robots between windows */
  double *x_now, *u_now;    /* [B][nx], [B][nu] state and last action */
  df_walk_order* order_now; /* [B] */
  int64_t* events;          /* [B] starts and orders drawn so far */

  /* the window; that of the last row of `obs` follows the last action */
  df_real* obs;                       /* [H+1][B][no] */
  double *x, *after;                  /* [H][B][nx] before and after the action */
  double *f, *f_after;                /* [H][B][nf] their features */
  double *u, *u_before, *a;           /* [H][B][nu]; a: in [-1, 1] */
  df_walk_order *order, *order_after; /* [H][B] */
  double *reward, *weight;            /* [H][B], [H+1][B] g_t */
  double *value, *target;             /* [H][B] V'(o_t+1), 0 after a fall; G_t */
  unsigned char* done;                /* [H][B] the action ended in a fall, or in a divergence */

  /* PPO, else NULL */
  df_real* mean;                /* [H][B][nu] output of the actor */
  double* eps;                  /* [H][B][nu] standard normal noise */
  double *baseline, *advantage; /* [H][B] V(o_t), and the normalised A_t */
  size_t* shuffled;             /* [H B] rows of the window in the order of an epoch */

  df_real **gradients, **fit_gradients; /* [slices] those of the slices */
  int n_slices;
  expert_slice* slice; /* [n_slices] */
  int fit_rows;        /* samples of a critic step */
};

static inline size_t expert_row(const df_expert* e, size_t t, size_t b) {
  return t * e->B + b;
}

/* ---- expert_robots.c ---- */

/* Draw another order, or a start with its order, of a robot between or in windows. */
void expert_renew(df_expert* e, size_t b);
void expert_restart(df_expert* e, df_sim* sim, size_t b);

/* ---- expert_window.c ---- */

/* The actions of n observations: a [n][nu] in [-1, 1] and u [n][nu]. noise [n][nu] is added before tanh; NULL: none. */
void expert_squash(const df_expert* e, size_t n, const df_real* out, const double* noise, double* a, double* u);

/* Runs the window of a slice and, but for PPO, the adjoint of the actor's loss, which it writes to s->gradient. */
void expert_window(df_expert* e, expert_slice* s);

/* ---- expert_step.c: a step of Adam from the gradients of all slices ---- */

/* DF_E_NONFINITE without a step, if the gradient is not finite; sets out->gradient and out->rate. */
df_status expert_step_actor(df_expert* e, double rate, df_expert_update* out);
/* *loss: the sum of those of the slices */
void expert_step_critic(df_expert* e, double rate, double* loss);

/* ---- expert_critic.c ---- */

/* Writes the target G_t of the window. */
void expert_target(df_expert* e);

/* The gradient of the mean squared error of the first n of s->rows against s->wanted, as a share of that of `all`
 * samples, to s->fit_gradient. */
void expert_regress(const df_expert* e, expert_slice* s, size_t n, size_t all);

/* Fits the critic to the window at a learning rate; *loss is that of the last step. */
void expert_fit(df_expert* e, double rate, double* loss);

/* ---- expert_ppo.c ---- */

/* the learning rates to which that of the actor is adapted */
#define EXPERT_RATE_LEAST 1e-5
#define EXPERT_RATE_MOST  1e-2

/* Writes targets and normalised advantages of the window. */
void expert_advantage(df_expert* e);

/* Writes the order of the samples in an epoch, which is counted over all updates. */
void expert_shuffle(df_expert* e, uint64_t epoch);

/* Writes the gradients of a slice's share of a minibatch of n rows of the window: s->gradient and s->fit_gradient. */
void expert_surrogate(df_expert* e, int slice, size_t n, const size_t* rows);

/* An update of actor and critic after the window; `left`: share of the learning rates that is left. */
df_status expert_ppo(df_expert* e, double left, df_expert_update* out);

/* ---- expert_file.c: the training state; both do nothing without a path, and loading nothing without a file ---- */

df_status expert_state_save(df_expert* e, const df_expert_training* training);
df_status expert_state_load(df_expert* e, const df_expert_training* training);

#endif
