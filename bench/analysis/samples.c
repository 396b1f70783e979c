#include "samples.h"

#include <string.h>

#include "dynaflow/core/alloc.h"
#include "json.h"
#include "key.h"

void samples_clear(samples* s) {
  df_free(s->sizes);
  df_free(s->values);
  df_free(s->episode);
  *s = (samples){0};
}

static const json_t* find_values(const run_cell* c, const char* metric, int k) {
  size_t i;
  json_t* one;
  json_array_foreach(json_object_get(c->record, "samples"), i, one) {
    if (strcmp(string_of(one, "metric"), metric) == 0 && json_integer_value(json_object_get(one, "k")) == k) {
      return json_object_get(one, "values");
    }
  }
  return NULL;
}

static df_status add_seed(const run_cell* c, const run_cell* first, const char* metric, int k, samples* s) {
  const json_t* list = find_values(c, metric, k);
  const long long seed = (long long)c->seed;
  if (!list) return df_fail(DF_E_MISSING, "%s, seed %lld: the record has no values of %s", c->method, seed, metric);
  if (json_array_size(list) != (size_t)s->n) {
    return df_fail(DF_E_MISMATCH, "%s, seed %lld: %zu values of %s, expected %d", c->method, seed,
                   json_array_size(list), metric, s->n);
  }
  if (strcmp(string_of(c->record, "windows_sha256"), string_of(first->record, "windows_sha256")) != 0) {
    return df_fail(DF_E_MISMATCH, "%s, seed %lld: different start states from seed %lld", c->method, seed,
                   (long long)first->seed);
  }
  double* values = s->values + (size_t)s->seeds * (size_t)s->n;
  for (int i = 0; i < s->n; i++) values[i] = number_of(json_array_get(list, (size_t)i));
  s->sizes[s->seeds++] = s->n;
  return DF_OK;
}

/* the episodes of the values, which belong to the first n windows of the evaluation set; only records of older programs
 * may lack them */
static df_status add_episodes(const run_cell* c, samples* s) {
  const json_t* episode = json_object_get(json_object_get(c->record, "windows"), "episode");
  if (json_array_size(episode) < (size_t)s->n) {
    if (json_integer_value(json_object_get(c->record, "numbers")) < NUMBERS_VERSION) return DF_OK;
    return df_fail(DF_E_MISMATCH, "%s, seed %lld: %d values, but windows.episode has %zu: their episodes are unknown",
                   c->method, (long long)c->seed, s->n, json_array_size(episode));
  }
  s->episode = df_alloc((size_t)s->n, sizeof *s->episode);
  if (!s->episode) return DF_E_NOMEM;
  for (int i = 0; i < s->n; i++) {
    s->episode[i] = (int)json_integer_value(json_array_get(episode, (size_t)i));
    bool seen = false;
    for (int j = 0; j < i && !seen; j++) seen = s->episode[j] == s->episode[i];
    s->episodes += !seen;
  }
  return DF_OK;
}

static df_status build(int n_cells, const run_cell* const* cells, const char* metric, int k, samples* s) {
  const size_t n = n_cells > 0 ? json_array_size(find_values(cells[0], metric, k)) : 0;
  if (n == 0) return df_fail(DF_E_MISSING, "the records have no values of %s", metric);
  s->n = (int)n;
  s->sizes = df_alloc((size_t)n_cells, sizeof *s->sizes);
  s->values = df_alloc((size_t)n_cells * n, sizeof *s->values);
  if (!s->sizes || !s->values) return DF_E_NOMEM;
  for (int i = 0; i < n_cells; i++) DF_TRY(add_seed(cells[i], cells[0], metric, k, s));
  return add_episodes(cells[0], s);
}

df_status samples_new(int n_cells, const run_cell* const* cells, const char* metric, int k, samples* out) {
  *out = (samples){0};
  const df_status status = build(n_cells, cells, metric, k, out);
  if (status != DF_OK) samples_clear(out);
  return status;
}

df_status samples_of_method(const run_view* r, const run_group* g, const char* method, const char* metric, int k,
                            samples* out) {
  const run_cell** cells = df_alloc((size_t)r->n_cells, sizeof *cells);
  int n = 0;
  *out = (samples){0};
  if (!cells) return DF_E_NOMEM;
  for (int i = 0; i < r->n_cells; i++) {
    const run_cell* c = &r->cells[i];
    if (c->done && run_in_group(g, c) && strcmp(c->method, method) == 0) cells[n++] = c;
  }
  df_status status = samples_new(n, cells, metric, k, out);
  if (status == DF_E_MISSING && k != 0) status = samples_new(n, cells, metric, 0, out);
  df_free(cells);
  return status;
}

df_bootstrap_cfg samples_bootstrap(const samples* s, uint64_t seed, int resamples) {
  return (df_bootstrap_cfg){.seed = seed,
                            .resamples = resamples,
                            .level = 0.95,
                            .same_units = true,
                            .cluster = s->episode,
                            .draw_strata = true};
}
