/* problem.h: a network with inputs and outputs, and the configurations that the network tests use. */
#ifndef TESTS_NN_PROBLEM_H
#define TESTS_NN_PROBLEM_H

#include "nn_support.h"

/* kind, tokens, in, out, cond, flow_time, width, depth, heads, mlp_ratio, skip_hidden, position_std, activation; edge
 * sizes too */
static const df_net_cfg cases[] = {
    {DF_NET_DIT, 5, 3, 2, 4, true, 8, 2, 2, 2, 6, .7, DF_ACTIVATION_SILU},
    {DF_NET_DIT, 1, 1, 1, 1, true, 1, 1, 1, 1, 1, .7, DF_ACTIVATION_SILU},
    {DF_NET_DIT, 9, 5, 3, 7, false, 15, 1, 3, 3, 0, .7, DF_ACTIVATION_SILU},
    {DF_NET_DIT, 17, 4, 6, 3, true, 12, 3, 4, 4, 9, .5, DF_ACTIVATION_SILU},
    {DF_NET_MLP, 1, 3, 2, 0, false, 7, 1, 0, 0, 0, 0, DF_ACTIVATION_SILU},
    {DF_NET_MLP, 4, 3, 2, 5, true, 9, 3, 0, 0, 0, 0, DF_ACTIVATION_SILU},
    {DF_NET_MLP, 3, 1, 1, 0, true, 16, 2, 0, 0, 0, 0, DF_ACTIVATION_SILU},
    {DF_NET_UNET, 5, 3, 2, 4, true, 4, 2, 2, 0, 0, 0, DF_ACTIVATION_SILU},
    {DF_NET_UNET, 1, 1, 1, 1, true, 6, 1, 1, 0, 0, 0, DF_ACTIVATION_SILU},
    {DF_NET_UNET, 9, 2, 3, 2, false, 6, 3, 3, 0, 0, 0, DF_ACTIVATION_SILU},
    {DF_NET_UNET, 16, 4, 4, 3, true, 4, 3, 1, 0, 0, 0, DF_ACTIVATION_SILU},
    {DF_NET_MLP, 1, 6, 3, 0, false, 11, 2, 0, 0, 0, 0, DF_ACTIVATION_ELU},
};

typedef struct problem {
  df_net* net;
  df_net_work* work;
  int B;
  size_t n, nx, nc, ny;
  df_real *p, *x, *c, *t, *y, *dy, *dp, *dx; /* dy: weights of the differentiated scalar, a weighted sum of y */
} problem;

static inline problem make_problem(const df_net_cfg* cfg, int B) {
  problem q = {.B = B};
  assert_int_equal(df_net_new(cfg, &q.net), DF_OK);
  assert_int_equal(df_net_work_new(q.net, B, &q.work), DF_OK);
  const size_t BT = (size_t)B * (size_t)cfg->tokens;
  q.n = df_net_parameters(q.net);
  q.nx = BT * (size_t)cfg->in;
  q.ny = BT * (size_t)cfg->out;
  q.nc = (size_t)B * (size_t)cfg->cond;
  /* all parameters non-zero, since zero gates would disable the blocks; smaller where more terms are summed */
  q.p = random_reals(1, q.n, cfg->width > 32 ? .1 : .4);
  q.x = random_reals(2, q.nx, 1);
  q.c = random_reals(3, q.nc, 1);
  q.t = random_reals(4, (size_t)B, .3);
  q.y = zero_reals(q.ny);
  q.dy = random_reals(5, q.ny, 1);
  q.dp = zero_reals(q.n);
  q.dx = zero_reals(q.nx);
  return q;
}

static inline void drop_problem(problem* q) {
  df_real* const arrays[] = {q->p, q->x, q->c, q->t, q->y, q->dy, q->dp, q->dx};
  for (size_t i = 0; i < COUNT(arrays); i++) df_free(arrays[i]);
  df_net_work_free(q->work);
  df_net_free(q->net);
}

static inline void run_forward(problem* q) {
  df_net_forward(q->net, q->work, q->p, &(df_net_input){.B = q->B, .x = q->x, .c = q->c, .t = q->t}, q->y);
}

static inline void run_both(problem* q) {
  run_forward(q);
  df_net_backward(q->net, q->work, q->p, q->dy, q->dp, q->dx);
}

#endif
