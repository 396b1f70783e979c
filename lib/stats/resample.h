/* resample.h: drawing bootstrap resamples with strata, units and clusters as described at df_bootstrap_cfg. */
#ifndef LIB_STATS_RESAMPLE_H
#define LIB_STATS_RESAMPLE_H

#include "dynaflow/stats/statistics.h"

/* the clusters of the units of a stratum; a unit is an index in a stratum */
typedef struct df_clusters {
  int n;            /* number of clusters, ordered by group, then by their first unit */
  int* begin;       /* [n+1] cluster i has the units unit[begin[i]] .. unit[begin[i+1]-1] */
  int* unit;        /* [units] */
  int* group_begin; /* [n] first cluster of the group of a cluster */
  int* group_size;  /* [n] number of clusters in the group of a cluster */
} df_clusters;

/* Builds the clusters from labels [units]; `cluster` and `group` may be NULL, as in df_bootstrap_cfg. On failure *out
 * is empty. Errors: DF_E_ARG if a cluster is in two groups, DF_E_NOMEM. */
DF_MUST_CHECK df_status df_clusters_new(int units, const int* cluster, const int* group, df_clusters* out);
void df_clusters_clear(df_clusters* c); /* a zeroed struct is allowed */

/* whether some group has at least two clusters, so that two draws can differ */
bool df_clusters_vary(const df_clusters* c);

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

/* whether two resamples can differ; if not, there is no interval */
bool df_resampler_varies(const df_resampler* s);

/* Draws resample r. `offset` separates the random numbers of the two sides of a comparison without same_units. */
void df_resampler_draw(df_resampler* s, int r, int offset);

/* Sets lo and hi to the ends of the middle cfg->level of estimates [cfg->resamples]. Sorts the estimates. */
void df_set_interval(const df_bootstrap_cfg* cfg, double* estimates, df_interval* out);

/* the number of values that are not finite */
int df_count_failures(int n, const double* values);

/* Returns the indices [n] that sort the values ascending, stable, NaN last. The caller frees them with df_free(); NULL
 * if memory is short. */
int* df_ascending(int n, const double* values);

#endif
