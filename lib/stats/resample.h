/* resample.h: which values a resample holds: strata, units and clusters as df_bootstrap_cfg describes them. */
#ifndef DYNAFLOW_METRICS_RESAMPLE_H
#define DYNAFLOW_METRICS_RESAMPLE_H

#include "dynaflow/stats/statistics.h"

/* which units belong together; a unit is a place in a stratum */
typedef struct df_clusters {
  int n;            /* clusters, ordered by group, then by their first unit */
  int* begin;       /* [n+1] of each cluster's units in `unit` */
  int* unit;        /* [units] */
  int* group_begin; /* [n] first cluster of a cluster's group */
  int* group_size;  /* [n] clusters in a cluster's group */
} df_clusters;

/* `cluster` and `group` may be NULL, as in df_bootstrap_cfg. DF_E_ARG where a cluster is in two groups. */
DF_MUST_CHECK df_status df_clusters_new(int units, const int* cluster, const int* group, df_clusters* out);
void df_clusters_clear(df_clusters* c); /* a zeroed one is fine */

/* whether a group has two clusters: something can be drawn in two ways */
bool df_clusters_vary(const df_clusters* c);

typedef struct df_resampler {
  const df_bootstrap_cfg* cfg;
  int n_strata, total, room;
  int largest;          /* stratum */
  const int* sizes;     /* [n_strata] */
  int* first;           /* [n_strata] of each stratum's values among all */
  bool clustered;       /* units are drawn by `clusters`, else one by one */
  df_clusters clusters; /* of one stratum's units */
  int* drawn;           /* [room] units of one stratum, before they become values */

  /* the last resample: place p of it holds stratum[p], values index[begin[p]] .. index[begin[p+1]-1] */
  int* stratum; /* [n_strata] */
  int* begin;   /* [n_strata+1] */
  int* index;   /* [room] */
} df_resampler;

/* Checks cfg and strata and names what is wrong; sizes and cfg must outlive it. df_resampler_clear it, also after a
 * failure. */
DF_MUST_CHECK df_status df_resampler_new(const df_bootstrap_cfg* cfg, int n_strata, const int* sizes,
                                         df_resampler* out);
void df_resampler_clear(df_resampler* s);

/* whether two resamples can differ: else there is no interval */
bool df_resampler_varies(const df_resampler* s);

/* Draws resample r. `offset` keeps draws of one side apart from those of another, where units are not the same. */
void df_resampler_draw(df_resampler* s, int r, int offset);

/* The interval of estimates [cfg->resamples], which it sorts: their middle cfg->level. */
void df_set_interval(const df_bootstrap_cfg* cfg, double* estimates, df_interval* out);

/* how many values are not finite */
int df_count_failures(int n, const double* values);

/* [n] indices of values in ascending order, equal ones in theirs; NULL without memory */
int* df_ascending(int n, const double* values);

#endif
