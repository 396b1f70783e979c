/* toy_measures.h: how near a learned cloud is to the right one. */
#ifndef BENCH_TOY_TOY_MEASURES_H
#define BENCH_TOY_TOY_MEASURES_H

#include "dynaflow/flow/flow.h"
#include "toy_task.h"

/* The sliced 2-Wasserstein distance of two clouds of n points each [n][2]: the root of the mean, over 64 directions
 * that divide a half turn evenly, of the mean squared difference of the sorted projections (Bonneel et al. 2015). NaN
 * if a point is not finite. DF_E_NOMEM. */
DF_MUST_CHECK df_status toy_sliced_wasserstein(int n, const double* a, const double* b, double* distance);

/* The mean of -log p over n points [n][2], in nats, where p is the density that a flow gives the cloud with this
 * condition (NULL: none): from flow time 1 back to 0 by `steps` steps of RK4,
 *     log p(x^1) = log N(x^0; 0, sigma^2 I) - integral of div v(x^t, t) dt - log |d(point)/d(x^1)|
 * The velocity must be defined at flow time 1. Errors: those of df_flow_velocity(). */
DF_MUST_CHECK df_status toy_nll(df_flow* flow, const df_task* task, const double* condition, int n,
                                const double* points, int steps, double* nll);

/* The path from N(0, sigma^2 I) to the Gaussian cloud in closed form, in the normalised actions of a task: with
 * a = 1 - (1-s) t and the mean m and covariance C of the cloud there,
 *     X^t ~ N(t m, a^2 sigma^2 I + t^2 C) = N(t m, S)
 *     v(x, t) = m + (t C - (1-s) a sigma^2 I) S^-1 (x - t m) */
typedef struct toy_gaussian {
  double mean[2], covariance[2][2], sigma, sigma_min;
} toy_gaussian;
toy_gaussian toy_gaussian_of(const df_task* task);
void toy_gaussian_velocity(const toy_gaussian* g, double t, const double x[2], double v[2]);
/* a point of the path: a function of seed and index */
void toy_gaussian_point(const toy_gaussian* g, double t, uint64_t seed, uint64_t index, double x[2]);

#endif
