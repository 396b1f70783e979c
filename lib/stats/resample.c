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
  *c = (df_clusters){0};
}

typedef struct labelled {
  int label, unit;
} labelled;

static int compare_labels(const void* a, const void* b) {
  const labelled *x = a, *y = b;
  if (x->label != y->label) return x->label < y->label ? -1 : 1;
  return (x->unit > y->unit) - (x->unit < y->unit);
}

/* replaces the label of every unit by the first unit with the same one, and sorts by it */
static void sort_by_first(int units, labelled* l) {
  qsort(l, (size_t)units, sizeof *l, compare_labels);
  for (int i = 0, from = 0, label = l[0].label; i < units; i++) {
    if (l[i].label != label) from = i;
    label = l[i].label;
    l[i].label = l[from].unit;
  }
  qsort(l, (size_t)units, sizeof *l, compare_labels);
}

df_status df_clusters_new(int units, const int* cluster, df_clusters* out) {
  *out = (df_clusters){0};
  labelled* l = df_alloc((size_t)units, sizeof *l);
  out->begin = df_alloc((size_t)units + 1, sizeof *out->begin);
  out->unit = df_alloc((size_t)units, sizeof *out->unit);
  if (!l || !out->begin || !out->unit) {
    df_free(l);
    df_clusters_clear(out);
    return DF_E_NOMEM;
  }
  for (int i = 0; i < units; i++) l[i] = (labelled){cluster ? cluster[i] : i, i};
  sort_by_first(units, l);
  for (int i = 0; i < units; i++) {
    out->unit[i] = l[i].unit;
    if (i == 0 || l[i].label != l[i - 1].label) out->begin[out->n++] = i;
  }
  out->begin[out->n] = units;
  df_free(l);
  return DF_OK;
}

/* the most units that a draw can contain */
static long most_units(const df_clusters* c) {
  long largest = 0;
  for (int i = 0; i < c->n; i++) {
    if (c->begin[i + 1] - c->begin[i] > largest) largest = c->begin[i + 1] - c->begin[i];
  }
  return largest * c->n;
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
  DF_REQUIRE(n_strata == 1 || cfg->same_units || !cfg->cluster, "clusters in %d strata need same_units", n_strata);
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
  out->clustered = cfg->cluster != NULL;
  if (out->clustered) DF_TRY(df_clusters_new(sizes[0], cfg->cluster, &out->clusters));
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

int df_fewer_draws(int a, int b) {
  if (a < 2 || b < 2) return a < 2 ? b : a;
  return a < b ? a : b;
}

int df_resampler_draws(const df_resampler* s) {
  int m = s->cfg->draw_strata ? s->n_strata : 1;
  if (s->clustered) return df_fewer_draws(m, s->clusters.n);
  for (int i = 0; i < s->n_strata; i++) m = df_fewer_draws(m, s->sizes[i]);
  return m;
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
    const int j = below(s, r, lane + (uint32_t)i, c->n);
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

double df_set_interval(const df_bootstrap_cfg* cfg, int m, const double* estimates, df_interval* out) {
  double mean = 0, square = 0;
  /* deviations from the estimate itself, so that equal estimates have no spread by rounding */
  for (int r = 0; r < cfg->resamples; r++) mean += estimates[r] - out->mean;
  mean /= cfg->resamples;
  for (int r = 0; r < cfg->resamples; r++) square += pow(estimates[r] - out->mean - mean, 2);
  const double error = sqrt(square / cfg->resamples * m / (m - 1));
  const double half = df_student_point(cfg->level, m - 1) * error;
  out->lo = out->mean - half;
  out->hi = out->mean + half;
  return error;
}

int df_count_failures(int n, const double* values) {
  int failed = 0;
  for (int i = 0; i < n; i++) failed += !isfinite(values[i]);
  return failed;
}
