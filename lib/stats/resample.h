/* resample.h: drawing bootstrap resamples with strata, units and clusters as described at df_bootstrap_cfg. */
#ifndef LIB_STATS_RESAMPLE_H
#define LIB_STATS_RESAMPLE_H

#include "dynaflow/stats/statistics.h"

/* the clusters of the units of a stratum; a unit is an index in a stratum */
typedef struct df_clusters {
  int n;      /* number of clusters, ordered by their first unit */
  int* begin; /* [n+1] cluster i has the units unit[begin[i]] .. unit[begin[i+1]-1] */
  int* unit;  /* [units] */
} df_clusters;

/* Builds the clusters from labels [units], or one per unit if `cluster` is NULL. On failure *out is empty. Errors:
 * DF_E_NOMEM. */
DF_MUST_CHECK df_status df_clusters_new(int units, const int* cluster, df_clusters* out);
void df_clusters_clear(df_clusters* c); /* a zeroed struct is allowed */

typedef struct df_resampler {
  const df_bootstrap_cfg* cfg;
  int n_strata, total;  /* total: number of values */
  int room;             /* capacity: the most values that a resample can contain */
  int largest;          /* size of the largest stratum */
  const int* sizes;     /* [n_strata] */
  int* first;           /* [n_strata] index of the first value of each stratum */
  bool clustered;       /* whether units are drawn in clusters, else one by one */
  df_clusters clusters; /* of the units of one stratum */
  int* drawn;           /* [room] drawn units of one stratum */

  /* the last resample: its p-th stratum is stratum[p], with the values index[begin[p]] .. index[begin[p+1]-1] */
  int* stratum; /* [n_strata] */
  int* begin;   /* [n_strata+1] */
  int* index;   /* [room] */
} df_resampler;

/* Checks cfg and strata and allocates a resampler; sizes and cfg must outlive it. The caller calls
 * df_resampler_clear(), also after a failure. Errors: DF_E_ARG, which names the fault, DF_E_NOMEM. */
DF_MUST_CHECK df_status df_resampler_new(const df_bootstrap_cfg* cfg, int n_strata, const int* sizes,
                                         df_resampler* out);
void df_resampler_clear(df_resampler* s);

/* The smallest number of things that a resample draws (m of statistics.h); 1: resamples cannot differ, and there is no
 * interval. */
int df_resampler_draws(const df_resampler* s);

/* The smaller of two such numbers, of which those below 2 do not count. */
int df_fewer_draws(int a, int b);

/* Draws resample r. `offset` separates the random numbers of the two sides of a comparison without same_units. */
void df_resampler_draw(df_resampler* s, int r, int offset);

/* Sets the interval about out->mean from the estimates [cfg->resamples] of resamples that draw m >= 2 things, and
 * returns the standard error. */
double df_set_interval(const df_bootstrap_cfg* cfg, int m, const double* estimates, df_interval* out);

/* Wilson's interval for a share p of `size` values, which need not be an integer, with the point z of the normal
 * distribution, or t of Student's; the bounds 0 and 1 are exact, where rounding would leave about 1e-17 */
void df_set_wilson(double p, double size, double point, df_interval* out);

/* the number of values that are not finite */
int df_count_failures(int n, const double* values);

/* Returns the indices [n] that sort the values ascending, stable, NaN last. The caller frees them with df_free(); NULL
 * if memory is short. */
int* df_ascending(int n, const double* values);

#endif
