/* toy_study.h: trains variants of flow matching on clouds of the plane, and measures and draws what they learned. */
#ifndef BENCH_TOY_TOY_STUDY_H
#define BENCH_TOY_TOY_STUDY_H

#include "clouds.h"
#include "options.h"
#include "rows.h"

/* a training: the settings that differ from those of toy_config() */
typedef struct toy_variant {
  const char* name;    /* letters, digits and _ */
  const char* summary; /* one line */
  const char* settings[5][2];
  int n_settings;
  bool conditional; /* one network for all clouds, told by a condition which; guidance is measured with three weights */
} toy_variant;

/* Sets *list to the variants, a static array, and returns their number. */
int toy_variants(const toy_variant** list);

enum { TOY_VARIANTS_MAX = 32 };
typedef struct toy_cfg {
  const options* opts; /* --set, the seed, threads */
  int n_clouds, n_variants;
  cloud clouds[CLOUDS];
  const toy_variant* variants[TOY_VARIANTS_MAX];
  int points;      /* training points of each cloud */
  int samples;     /* points that are sampled and compared, 16 or more */
  const char* out; /* folder for the figures; NULL: none */
} toy_cfg;

/* Trains and measures every variant on every cloud; adds a row for each to `out`, with null for what is not defined:
 * - cloud, variant, guidance (of conditional variants);
 * - train_cpu_s: CPU seconds of the training; of a conditional variant, for all its clouds;
 * - floor: the sliced Wasserstein distance between two sets of fresh points of the cloud itself;
 * - euler_1 and so on: that between sampled and fresh points, by solver and steps K; with Euler only for networks that
 *   are made for few steps, and by as many steps of DDIM for diffusions;
 * - evaluations: network evaluations per point of the solver `adaptive`;
 * - nll, entropy: the mean of -log p of fresh points, by the flow and by the density of the cloud;
 * - field_error: the RMS difference of the velocity to the closed form, over the RMS of that; GAUSSIAN without
 *   coupling, reflow and guidance;
 * - mean_error, covariance_error: the largest differences of the moments of the points of rk4_5, of euler_4 of
 *   networks that are made for few steps, or of euler_20 of diffusions; GAUSSIAN.
 *
 * With `out`, draws toy2d-<variant>: a row of panels for each cloud; not of diffusions and
 * consistency models, which have no field.
 * Errors: DF_E_CONFIG for a --set; those of training, sampling and plot_save(); DF_E_INTERRUPTED. */
DF_MUST_CHECK df_status toy_study_run(const toy_cfg* cfg, rows* out);

#endif
