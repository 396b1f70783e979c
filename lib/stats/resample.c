#include "resample.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/rng.h"

enum { MOST_RESAMPLES = 1000000, MOST_VALUES = 100000000 };

/* ---- clusters ---- */

void df_clusters_clear(df_clusters* c) {
  df_free(c->begin);
  df_free(c->unit);
  df_free(c->group_begin);
  df_free(c->group_size);
  *c = (df_clusters){0};
}

bool df_clusters_vary(const df_clusters* c) {
  for (int i = 0; i < c->n; i++) {
    if (c->group_size[i] > 1) return true;
  }
  return false;
}

/* a unit, and the first units with the same group label and the same cluster label */
typedef struct member {
  int unit, first_group, first_cluster;
} member;

static int compare_members(const void* a, const void* b) {
  const member *x = a, *y = b;
  if (x->first_group != y->first_group) return x->first_group < y->first_group ? -1 : 1;
  if (x->first_cluster != y->first_cluster) return x->first_cluster < y->first_cluster ? -1 : 1;
  return (x->unit > y->unit) - (x->unit < y->unit);
}

typedef struct labelled {
  int label, unit;
} labelled;

static int compare_labels(const void* a, const void* b) {
  const labelled *x = a, *y = b;
  if (x->label != y->label) return x->label < y->label ? -1 : 1;
  return (x->unit > y->unit) - (x->unit < y->unit);
}

/* first [units]: for every unit, the first unit with the same label */
static df_status find_firsts(int units, const int* labels, int* first) {
  labelled* l = df_alloc((size_t)units, sizeof *l);
  if (!l) return DF_E_NOMEM;
  for (int i = 0; i < units; i++) l[i] = (labelled){labels[i], i};
  qsort(l, (size_t)units, sizeof *l, compare_labels);
  for (int i = 0, from = 0; i < units; i++) {
    if (l[i].label != l[from].label) from = i;
    first[l[i].unit] = l[from].unit;
  }
  df_free(l);
  return DF_OK;
}

/* m [units]: the units sorted by group, cluster and index */
static df_status order_members(int units, const int* cluster, const int* group, member* m) {
  int* first = df_alloc(2 * (size_t)units, sizeof *first);
  if (!first) return DF_E_NOMEM;

  /* label each unit by the first unit of its cluster and of its group */
  int *of_cluster = first, *of_group = first + units;
  for (int i = 0; i < units; i++) of_cluster[i] = i;
  df_status status = cluster ? find_firsts(units, cluster, of_cluster) : DF_OK;
  if (status == DF_OK && group) status = find_firsts(units, group, of_group);

  /* all units of a cluster must be in the same group */
  for (int i = 0; status == DF_OK && i < units; i++) {
    m[i] = (member){i, of_group[i], of_cluster[i]};
    if (of_group[i] == of_group[of_cluster[i]]) continue;
    status = df_fail(DF_E_ARG, "cluster %d is in groups %d and %d", cluster[i], group[of_cluster[i]], group[i]);
  }
  df_free(first);
  if (status == DF_OK) qsort(m, (size_t)units, sizeof *m, compare_members);
  return status;
}

/* fills the cluster arrays from the sorted units */
static void fill_clusters(int units, const member* m, df_clusters* out) {
  int group_from = 0;
  for (int i = 0; i < units; i++) {
    const bool new_group = i > 0 && m[i].first_group != m[i - 1].first_group;
    out->unit[i] = m[i].unit;
    if (i > 0 && m[i].first_cluster == m[i - 1].first_cluster) continue;
    if (new_group) group_from = out->n;
    out->begin[out->n] = i;
    out->group_begin[out->n] = group_from;
    out->n++;
  }
  out->begin[out->n] = units;

  /* count the clusters of each group at its first cluster, then copy the count to all */
  for (int i = 0; i < out->n; i++) out->group_size[out->group_begin[i]]++;
  for (int i = 0; i < out->n; i++) out->group_size[i] = out->group_size[out->group_begin[i]];
}

df_status df_clusters_new(int units, const int* cluster, const int* group, df_clusters* out) {
  *out = (df_clusters){0};
  member* m = df_alloc((size_t)units, sizeof *m);
  out->begin = df_alloc((size_t)units + 1, sizeof *out->begin);
  out->unit = df_alloc((size_t)units, sizeof *out->unit);
  out->group_begin = df_alloc((size_t)units, sizeof *out->group_begin);
  out->group_size = df_alloc((size_t)units, sizeof *out->group_size);
  const bool room = m && out->begin && out->unit && out->group_begin && out->group_size;
  const df_status status = room ? order_members(units, cluster, group, m) : DF_E_NOMEM;
  if (status == DF_OK) fill_clusters(units, m, out);
  df_free(m);
  if (status != DF_OK) df_clusters_clear(out);
  return status;
}

/* the most units that a draw can contain: for every cluster, the size of the largest cluster in its group */
static long most_units(const df_clusters* c) {
  long sum = 0;
  for (int i = 0; i < c->n; i++) {
    long largest = 0;
    for (int j = c->group_begin[i]; j < c->group_begin[i] + c->group_size[i]; j++) {
      if (c->begin[j + 1] - c->begin[j] > largest) largest = c->begin[j + 1] - c->begin[j];
    }
    sum += largest;
  }
  return sum;
}

/* ---- resamples ---- */

df_bootstrap_cfg df_bootstrap_cfg_default(void) {
  return (df_bootstrap_cfg){.seed = 1, .resamples = 2000, .level = 0.95};
}

static df_status check_cfg(const df_bootstrap_cfg* cfg) {
  DF_REQUIRE(cfg, "bootstrap: cfg is NULL");
  DF_REQUIRE(cfg->resamples >= 1 && cfg->resamples <= MOST_RESAMPLES, "bootstrap: resamples = %d: not in 1 .. %d",
             cfg->resamples, MOST_RESAMPLES);
  DF_REQUIRE(cfg->level > 0 && cfg->level < 1, "bootstrap: level = %g: must be between 0 and 1", cfg->level);
  return DF_OK;
}

static df_status check_strata(const df_bootstrap_cfg* cfg, int n_strata, const int* sizes, int* total) {
  DF_REQUIRE(n_strata >= 1 && sizes, "%d strata: must be at least 1, and sizes not NULL", n_strata);
  long sum = 0;
  for (int s = 0; s < n_strata; s++) {
    DF_REQUIRE(sizes[s] >= 1, "stratum %d has %d values", s, sizes[s]);
    DF_REQUIRE(!cfg->same_units || sizes[s] == sizes[0],
               "stratum %d has %d values, stratum 0 has %d: same_units needs equal sizes", s, sizes[s], sizes[0]);
    sum += sizes[s];
  }
  DF_REQUIRE(sum <= MOST_VALUES, "%ld values, at most %d", sum, MOST_VALUES);
  DF_REQUIRE(n_strata == 1 || cfg->same_units || (!cfg->cluster && !cfg->group),
             "clusters in %d strata need same_units", n_strata);
  *total = (int)sum;
  return DF_OK;
}

void df_resampler_clear(df_resampler* s) {
  df_free(s->first);
  df_free(s->stratum);
  df_free(s->begin);
  df_free(s->index);
  df_free(s->drawn);
  df_clusters_clear(&s->clusters);
  *s = (df_resampler){0};
}

/* the most values that a resample can contain */
static long most_values(const df_resampler* s) {
  if (s->clustered) return s->n_strata * most_units(&s->clusters);
  return s->cfg->draw_strata ? (long)s->n_strata * s->largest : s->total;
}

df_status df_resampler_new(const df_bootstrap_cfg* cfg, int n_strata, const int* sizes, df_resampler* out) {
  *out = (df_resampler){.cfg = cfg, .n_strata = n_strata, .sizes = sizes};
  DF_TRY(check_cfg(cfg));
  DF_TRY(check_strata(cfg, n_strata, sizes, &out->total));

  /* clusters and the capacity of a resample */
  out->clustered = cfg->cluster || cfg->group;
  if (out->clustered) DF_TRY(df_clusters_new(sizes[0], cfg->cluster, cfg->group, &out->clusters));
  for (int i = 0; i < n_strata; i++) {
    if (sizes[i] > out->largest) out->largest = sizes[i];
  }
  const long room = most_values(out);
  DF_REQUIRE(room <= MOST_VALUES, "resamples of up to %ld values, at most %d", room, MOST_VALUES);

  /* arrays */
  out->room = (int)room;
  out->first = df_alloc((size_t)n_strata, sizeof *out->first);
  out->stratum = df_alloc((size_t)n_strata, sizeof *out->stratum);
  out->begin = df_alloc((size_t)n_strata + 1, sizeof *out->begin);
  out->index = df_alloc((size_t)room, sizeof *out->index);
  out->drawn = df_alloc((size_t)room, sizeof *out->drawn);
  if (!out->first || !out->stratum || !out->begin || !out->index || !out->drawn) return DF_E_NOMEM;
  for (int i = 1; i < n_strata; i++) out->first[i] = out->first[i - 1] + sizes[i - 1];
  return DF_OK;
}

bool df_resampler_varies(const df_resampler* s) {
  if (s->cfg->draw_strata && s->n_strata > 1) return true;
  if (s->clustered) return df_clusters_vary(&s->clusters);
  for (int i = 0; i < s->n_strata; i++) {
    if (s->sizes[i] > 1) return true;
  }
  return false;
}

/* a random integer in [0, n) for resample r */
static int below(const df_resampler* s, int r, uint32_t lane, int n) {
  return (int)df_rng_below(s->cfg->seed, DF_STREAM_BOOTSTRAP, (uint64_t)r, lane, (uint64_t)n);
}

/* draws units of one stratum into `drawn` and returns their number; `lane` is the first random lane to use */
static int draw_units(df_resampler* s, int r, uint32_t lane, int size) {
  if (!s->clustered) {
    for (int i = 0; i < size; i++) s->drawn[i] = below(s, r, lane + (uint32_t)i, size);
    return size;
  }
  const df_clusters* c = &s->clusters;
  int n = 0;
  for (int i = 0; i < c->n; i++) {
    const int j = c->group_begin[i] + below(s, r, lane + (uint32_t)i, c->group_size[i]);
    const int size_j = c->begin[j + 1] - c->begin[j];
    memcpy(s->drawn + n, c->unit + c->begin[j], (size_t)size_j * sizeof *s->drawn);
    n += size_j;
  }
  return n;
}

void df_resampler_draw(df_resampler* s, int r, int offset) {
  const bool same = s->cfg->same_units;
  int n = 0, at = 0;
  for (int p = 0; p < s->n_strata; p++) {
    const int first = s->cfg->draw_strata ? p * s->largest : s->first[p];
    /* strata use lanes from the upper end, units from the lower end */
    const int stratum = s->cfg->draw_strata ? below(s, r, UINT32_MAX - (uint32_t)p, s->n_strata) : p;
    const uint32_t lane = same ? 0 : (uint32_t)(offset + first);
    if (!same || p == 0) n = draw_units(s, r, lane, s->sizes[stratum]);
    s->stratum[p] = stratum;
    s->begin[p] = at;
    for (int i = 0; i < n; i++) s->index[at++] = s->first[stratum] + s->drawn[i];
  }
  s->begin[s->n_strata] = at;
}

/* ---- helpers of the estimates ---- */

void df_set_interval(const df_bootstrap_cfg* cfg, double* estimates, df_interval* out) {
  df_sort(cfg->resamples, estimates);
  out->lo = df_quantile(cfg->resamples, estimates, 0.5 * (1 - cfg->level));
  out->hi = df_quantile(cfg->resamples, estimates, 0.5 * (1 + cfg->level));
}

int df_count_failures(int n, const double* values) {
  int failed = 0;
  for (int i = 0; i < n; i++) failed += !isfinite(values[i]);
  return failed;
}
