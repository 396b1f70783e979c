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
  df_net_work** actor;                       /* [H] activations of every action */
  df_net_work *value, *fit;                  /* of the slow critic on the robots, of the critic on samples */
  df_real *out, *dout, *dobs;                /* [count][nu], [count][nu], [count][observations] */
  double *y, *k, *df, *ubar;                 /* cotangents: [count][ndx], [count][nu], [count][features], [nu] */
  double *noise, *before;                    /* [nu] */
  df_real *gradient, *fit_gradient, *unused; /* [actor], [critic], [critic] parameters */
  df_real *rows, *values, *dvalues;          /* samples of a critic step: [rows][observations], [rows], [rows] */
  double *wanted, fit_loss;                  /* [rows] their targets */
  df_expert_update sums;                     /* sums over its robots */
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
  df_net *actor_net, *critic_net;
  df_real *actor, *critic, *slow; /* parameters */
  df_adamw *actor_optimizer, *critic_optimizer;
  double* bias; /* [nu] atanh((home - centre) / half_range) */
  long update;  /* updates done */
  long lost;    /* steps that they left out */
  double cpu;   /* CPU time that they took, s */

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

/* Runs the window of a slice and the adjoint of the actor's loss, which it adds to s->gradient. */
void expert_window(df_expert* e, expert_slice* s);

/* ---- expert_critic.c ---- */

/* Fits the critic to the window at a learning rate; *loss is that of the last step. */
void expert_fit(df_expert* e, double rate, double* loss);

/* ---- expert_file.c: the training state; both do nothing without a path, and loading nothing without a file ---- */

df_status expert_state_save(df_expert* e, const df_expert_training* training);
df_status expert_state_load(df_expert* e, const df_expert_training* training);

#endif
