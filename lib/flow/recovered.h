/* recovered.h: actions recovered from the states of the demonstrations, and the dynamics linearised about them.
 *
 * A transition of episode e from frame t to t + 1 has the index df_dataset_action_row(data, e, t) in all arrays. */
#ifndef LIB_FLOW_RECOVERED_H
#define LIB_FLOW_RECOVERED_H

#include "flow_internal.h"

/* which windows contain a transition; those of training and validation have no frame in common */
enum { RECOVERED_NOT, RECOVERED_TRAINING, RECOVERED_VALIDATION };

typedef struct flow_recovered {
  double* u;                 /* [transitions][nu] recovered actions, in the action box */
  unsigned char* known;      /* [transitions] RECOVERED_... */
  double *mean, *std;        /* [nu] of the recovered actions; a std is at least scale_floor.action half ranges */
  double* unit;              /* [nu] of their error in the loss of a regressed sample */
  double residual;           /* RMS error of the simulated next state, std, over every RESIDUAL_EVERY-th transition */
  double constant;           /* the same with the mean action in every transition: what actions matter at all */
  double worst;              /* the largest error of recovered actions, std */
  int64_t* linear_at;        /* [transitions] row of A, B and r; -1: not linearised. NULL: none is */
  float *A, *B, *r;          /* [rows][ndx][ndx], [rows][ndx][nu], [rows][ndx] */
  df_window* linear_windows; /* [n_linear] training windows all of whose transitions are linearised */
  int n_linear;
} flow_recovered;

void flow_recovered_free(flow_recovered* recovered); /* NULL is allowed */

/* linear.c: ROLLOUT: linearises the transitions of a share recover.linear_episodes of the training episodes about the
 * recovered actions:
 *
 *     dx[t+1] = A dx[t] + B (u[t] - u_rec[t]) + r
 *     dx[t] = x[t] (-) x_demonstrated[t]
 *     r = f(x_demonstrated[t], u_rec[t]) (-) x_demonstrated[t+1]
 *
 * A and B are those of df_sim_jacobian(). A transition that diverges is not linearised. DF_E_CONFIG for more than
 * 2 GiB of A, B and r; DF_E_INTERRUPTED after env.stop was set; DF_E_SIM, DF_E_NOMEM. */
df_status flow_linearise(df_flow* flow, flow_recovered* recovered);

/* Whether all transitions of a window are linearised; any window of the dataset is allowed. */
bool flow_is_linear(const df_flow* flow, df_window w);

/* Writes to x0 [nx] the state `from` [nx], moved to the place and heading of the demonstrated state `at` [nx]. */
void flow_move_to(const df_flow* flow, const double* from, const double* at, double* x0);

/* The rollout of the actions of out [H][out] by the linearised dynamics of window w from x0 [nx], a state near the
 * first of the window; writes the states w->x [H+1][nx]. */
void flow_linear_rollout(const df_flow* flow, flow_worker* work, df_window w, const double* x0, const df_real* out);

/* Its adjoint: from the cotangents work->d_x [H+1][ndx] of the states, the cotangents of out, times `scale`, to d_out
 * [H][out]. dx is small, so the tangents at x and at the demonstrated state are taken as equal. */
void flow_linear_vjp(const df_flow* flow, flow_worker* work, df_window w, const df_real* out, double scale,
                     df_real* d_out);

#endif
