#include "summary.h"

#include <string.h>

#include "aggregate.h"
#include "dynaflow/core/alloc.h"
#include "samples.h"

enum { RESAMPLES = 2000 };
static const uint64_t SEED = 1;

void summary_clear(summary* s) {
  df_free(s->list);
  compare_clear(&s->against);
  *s = (summary){0};
}

/* adds the interquartile mean at one K; the samples of a method without sampler are found at every K */
static df_status add_row(const run_view* r, const run_group* g, const char* method, const char* metric, int k,
                         summary* s) {
  samples values;
  df_status status = samples_of_method(r, g, method, metric, k, &values);
  if (status == DF_E_MISSING || status == DF_E_MISMATCH) return DF_OK;
  if (status == DF_OK && values.seeds >= s->min_seeds) {
    const df_bootstrap_cfg cfg = samples_bootstrap(&values, SEED, RESAMPLES);
    summary_row one = {.group = g, .method = method, .metric = metric, .k = k};
    const df_strata strata = {.n = values.seeds, .sizes = values.sizes, .values = values.values};
    const bool shares = strcmp(aggregate_unit(r, g, metric, k), "share") == 0;
    status = shares ? df_bootstrap_share_interval(&cfg, DF_ESTIMATE_IQM, &strata, &one.iqm) : DF_E_ARG;
    /* values beyond 0 to 1 are no shares, which verify says */
    if (status == DF_E_ARG) status = df_bootstrap_interval(&cfg, DF_ESTIMATE_IQM, &strata, &one.iqm);
    if (status == DF_OK) s->list[s->n++] = one;
  }
  samples_clear(&values);
  return status;
}

/* fall_rate has no interquartile mean: the IQM of binary values is meaningless */
static bool has_iqm(const char* metric) {
  return metric_column(metric) >= 0 && strcmp(metric, "fall_rate") != 0;
}

static df_status add_group(const run_view* r, const run_group* g, summary* s) {
  for (int m = 0; m < g->n_methods; m++) {
    for (int i = 0; i < g->n_metrics; i++) {
      for (int k = 0; k < g->n_k && has_iqm(g->metrics[i]); k++) {
        DF_TRY(add_row(r, g, g->methods[m], g->metrics[i], g->k[k], s));
      }
    }
  }
  return DF_OK;
}

static df_status build(const run_view* r, summary* s) {
  size_t max_rows = 0;
  for (int i = 0; i < r->n_groups; i++) {
    const run_group* g = &r->groups[i];
    max_rows += (size_t)g->n_methods * (size_t)g->n_metrics * (size_t)g->n_k;
  }
  s->list = df_alloc(max_rows, sizeof *s->list);
  if (!s->list) return DF_E_NOMEM;
  for (int i = 0; i < r->n_groups; i++) DF_TRY(add_group(r, &r->groups[i], s));
  const compare_cfg cfg = compare_cfg_default();
  return s->n ? compare_all(&cfg, r, NULL, &s->against) : DF_OK;
}

df_status summary_new(const run_view* r, summary* out) {
  *out = (summary){.min_seeds = compare_cfg_default().min_seeds};
  const df_status status = build(r, out);
  if (status != DF_OK) summary_clear(out);
  return status;
}

const summary_row* summary_find(const summary* s, const run_group* g, const char* method, const char* metric, int k) {
  for (int i = 0; i < s->n; i++) {
    const summary_row* one = &s->list[i];
    if (one->group == g && one->k == k && !strcmp(one->method, method) && !strcmp(one->metric, metric)) return one;
  }
  return NULL;
}

static bool is_of(const comparison* c, const run_group* g) {
  return run_group_has(g, c->task, c->profile, c->method_a);
}

const comparison* summary_compared(const summary* s, const run_group* g, const char* method, const char* metric,
                                   int k) {
  for (int i = 0; i < s->against.n; i++) {
    const comparison* c = &s->against.list[i];
    /* comparisons of two methods without sampler have K = 0 */
    if (is_of(c, g) && (c->k == k || c->k == 0) && !strcmp(c->method_b, method) && !strcmp(c->metric, metric)) return c;
  }
  return NULL;
}

bool summary_has(const summary* s, const run_group* g) {
  for (int i = 0; i < s->n; i++) {
    if (s->list[i].group == g) return true;
  }
  return false;
}

int summary_knows_episodes(const run_view* r, const run_group* g) {
  int knows = -1;
  for (int i = 0; i < r->n_cells; i++) {
    const run_cell* c = &r->cells[i];
    if (!c->done || !run_in_group(g, c)) continue;
    if (!json_object_get(c->record, "windows")) return 0;
    knows = 1;
  }
  return knows;
}
