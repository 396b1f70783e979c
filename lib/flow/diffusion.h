/* diffusion.h: the path of a diffusion: noise in discrete steps (Ho et al. 2020), and the sampler steps of DDIM (Song
 * et al. 2021). docs/flow-matching.md derives the formulas.
 *
 * Step n of T, n = T first, is the flow time t = (T - n) / T. With the share kept_n of the variance of the data,
 *     X^t = sqrt(kept_n) X^1 + sqrt(1 - kept_n) X^0,     kept_0 = 1 > kept_1 > ... > kept_T > 0. */
#ifndef LIB_FLOW_DIFFUSION_H
#define LIB_FLOW_DIFFUSION_H

#include <stdbool.h>
#include <stddef.h>

#include "variant.h"

/* Writes kept [T+1], T >= 2, the product of 1 - noise_n. No noise_n exceeds 0.999.
 *   cosine  kept_n = f(n) / f(0) with f(n) = cos^2((n/T + 0.008) / 1.008 pi/2) (Nichol & Dhariwal 2021)
 *   else    noise_n grows evenly from 0.1/T to 20/T, for T = 1000 from 0.0001 to 0.02 (Ho et al. 2020) */
void diffusion_schedule(bool cosine, int T, double* kept);

/* The flow time before step i of K sampler steps, i = 0 .. K-1, K <= T: that of
 *   n = T - floor(i T / K)             of a network that predicts X^1: the first step begins with noise alone
 *   n = 1 + floor((K - 1 - i) T / K)   of one that predicts noise, from which no X^1 follows there; the steps of DDIM's
 *                                      authors, the last of them before the data. Both are the same for K = T. */
double diffusion_time(const flow_variant* v, int K, int i);

/* The X^1 that follows from a predicted noise at x, within v->clip. */
static inline double diffusion_end(const flow_variant* v, double t, double x, double noise) {
  const double end = (x - variant_base_share(v, t) * v->sigma * noise) / variant_end_share(v, t);
  return v->clip > 0 ? fmin(fmax(end, -v->clip), v->clip) : end;
}

/* One step of DDIM from flow time t to `next` > t: moves x [n] with the prediction `end` [n] of X^1, and with `fresh`
 * standard normal noise [n], which is not read if v->eta is 0. */
void diffusion_step(const flow_variant* v, double t, double next, size_t n, const double* end, const double* fresh,
                    double* x);

/* DF_E_CONFIG, for a method that diffuses, if a setting only fits straight lines, or there are more sampler steps than
 * steps of noise; for one that does not, if it is to predict noise; if a simulator is to make X^1 of noise. */
df_status diffusion_check(const df_config* config, const char* method, bool diffuses, bool simulates);

#endif
