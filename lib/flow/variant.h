/* variant.h: the variants of flow matching that the settings flow.* choose: path, prediction, flow times, coupling,
 * guidance. docs/flow-matching.md derives the formulas. */
#ifndef LIB_FLOW_VARIANT_H
#define LIB_FLOW_VARIANT_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#include "dynaflow/config/config.h"

/* what the network's output is: the end of the path, its velocity, or X^0 / sigma */
typedef enum flow_prediction { FLOW_PREDICT_X1, FLOW_PREDICT_VELOCITY, FLOW_PREDICT_NOISE } flow_prediction;

/* distributions of the flow times of training */
typedef enum flow_time_law {
  FLOW_TIME_POWER,       /* u^power of uniform u */
  FLOW_TIME_BETA,        /* Beta(alpha, beta) */
  FLOW_TIME_LOGIT_NORMAL /* 1 / (1 + exp(-n)) of normal n */
} flow_time_law;

/* what a network that is told the span of a step outputs: the mean velocity over the span, learned by ... */
typedef enum flow_few_step {
  FLOW_ANY_STEP,   /* it is told no span */
  FLOW_SHORTCUT,   /* two steps of half the span (Frans et al. 2024) */
  FLOW_MEAN,       /* the derivative of the mean velocity along the path (Geng et al. 2025) */
  FLOW_CONSISTENCY /* the end of the path from a point further on; every span ends at 1 (Song et al. 2023) */
} flow_few_step;

typedef enum flow_solver { FLOW_EULER, FLOW_MIDPOINT, FLOW_RK4, FLOW_ADAPTIVE } flow_solver;

typedef struct flow_variant {
  flow_prediction prediction;
  double sigma;     /* standard deviation of the base sample */
  double sigma_min; /* s: what is left of the base sample at flow time 1, as a share */
  flow_time_law law;
  double power;     /* FLOW_TIME_POWER */
  double shape[2];  /* alpha, beta; FLOW_TIME_BETA */
  double normal[2]; /* mean and standard deviation of the logit; FLOW_TIME_LOGIT_NORMAL */
  bool transport;   /* base samples are coupled to targets by optimal transport within a micro-batch */
  double cost;      /* weight of the squared distance of conditions in the cost of that transport */
  double dropout;   /* share of the training samples without their condition */
  flow_few_step few_step;
  double span_share;  /* share of the samples that learn a span above 0 */
  double reflow_from; /* share of the steps; 1: never */
  int reflow_steps;
  double guidance; /* w of out = unconditional + w (conditional - unconditional) */
  flow_solver solver;
  double tolerance; /* FLOW_ADAPTIVE */
  /* of a diffusion (diffusion.h) */
  const double* kept; /* [steps+1] share of the variance of the data after n steps of noise; NULL: straight lines */
  int steps;          /* T */
  double eta;         /* share of fresh noise in a sampler step */
  double clip;        /* largest magnitude of X^1 that follows from predicted noise; 0: any */
} flow_variant;

/* The variant of the settings, which variant_check() has found good, along straight lines. */
flow_variant variant_of(const df_config* config);

/* DF_E_CONFIG for settings that do not fit together, a method or a task: a velocity or reflow of a decoder that
 * simulates; reflow from the first step on, reflow of a consistency model and shortcuts in all samples, where nothing
 * trains the velocity that is needed; flow times of a consistency model; flow.few_step without a velocity, with
 * guidance or with another solver than Euler's; guidance without flow.condition_dropout; dropout without conditions (nc
 * = 0); a list that is not two numbers, or a spread that is not positive; transport within micro-batches of one sample.
 */
df_status variant_check(const df_config* config, const char* method, bool simulates, int nc, int slice);

/* DF_E_CONFIG for a method that has its own sampler, if a variant other than that of flow times is set. */
df_status variant_check_times_only(const df_config* config, const char* method);

/* ---- path: X^t = (1 - (1-s) t) X^0 + t X^1, velocity X^1 - (1-s) X^0, or a diffusion ---- */

/* how many of its steps of noise the flow time t of a diffusion stands for */
static inline int variant_noise_steps(const flow_variant* v, double t) {
  return v->steps - (int)lround(t * v->steps);
}

/* the share of X^0 in X^t */
static inline double variant_base_share(const flow_variant* v, double t) {
  return v->kept ? sqrt(1 - v->kept[variant_noise_steps(v, t)]) : 1 - (1 - v->sigma_min) * t;
}

/* the share of X^1 in X^t */
static inline double variant_end_share(const flow_variant* v, double t) {
  return v->kept ? sqrt(v->kept[variant_noise_steps(v, t)]) : t;
}

/* the velocity at x on a path that ends at X^1 = end: (end - (1-s) x) / (1 - (1-s) t) */
static inline double variant_velocity(const flow_variant* v, double t, double x, double end) {
  return (end - (1 - v->sigma_min) * x) / variant_base_share(v, t);
}

/* the X^1 of a path through x with this velocity: the inverse of variant_velocity() */
static inline double variant_end(const flow_variant* v, double t, double x, double velocity) {
  return variant_base_share(v, t) * velocity + (1 - v->sigma_min) * x;
}

/* The X^1 of the path through x at t < 1 whose last point, which has the share s of X^0, is `last` = s X^0 + X^1. */
static inline double variant_clean(const flow_variant* v, double t, double x, double last) {
  return last + v->sigma_min * (t * last - x) / (1 - t);
}

/* ---- flow times ---- */

/* The flow time of a training sample: a function of seed and index, in [0, 1]; of a diffusion rounded down to a step of
 * noise. */
double variant_time(const flow_variant* v, uint64_t seed, uint64_t index);

/* The share of Beta(a, b) below x, and the x below which a share p lies; a, b > 0. By the continued fraction 8.17.22 of
 * the NIST Digital Library of Mathematical Functions, and by Newton's method within a bracket. */
double variant_beta_share(double a, double b, double x);
double variant_beta_quantile(double a, double b, double p);

/* ---- coupling (coupling.c) ---- */

/* The assignment of rows to columns of least total cost: column[i] in 0 .. n-1 for each row i of cost [n][n]; exact, by
 * shortest augmenting paths, in O(n^3). Equal costs are decided by the order of rows and columns. `work` has room for
 * coupling_work(n) doubles. */
void coupling_assign(int n, const double* cost, int* column, double* work);
static inline size_t coupling_work(int n) {
  return 5 * ((size_t)n + 1);
}

#endif
