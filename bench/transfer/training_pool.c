#include "training_pool.h"

#include <math.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "list.h"
#include "text.h"

static const struct {
  const char *name, *unit;
} metrics[] = {
#define TRANSFER_METRIC_ROW(metric, name, unit) {name, unit},
    TRANSFER_METRIC_LIST(TRANSFER_METRIC_ROW)
#undef TRANSFER_METRIC_ROW
};

const char* transfer_metric_name(transfer_metric metric) {
  return metrics[metric].name;
}

const char* transfer_metric_unit(transfer_metric metric) {
  return metrics[metric].unit;
}

void training_pool_clear(training_pool* pool) {
  for (int i = 0; i < pool->n_methods; i++) df_free(pool->method[i]);
  for (int i = 0; i < pool->n_trainings; i++) df_free(pool->training[i]);
  df_free(pool->method);
  df_free(pool->training);
  df_free(pool->entry);
  *pool = (training_pool){0};
}

/* the index of a name in a list, to which it is added if it is new */
static int find_or_add(char*** list, int* n, const char* name) {
  for (int i = 0; i < *n; i++) {
    if (strcmp((*list)[i], name) == 0) return i;
  }
  *list = list_grow(*list, *n, sizeof **list);
  (*list)[*n] = format_text("%s", name);
  return (*n)++;
}

int training_pool_method(training_pool* pool, const char* name) {
  return find_or_add(&pool->method, &pool->n_methods, name);
}

int training_pool_training(training_pool* pool, const char* identity) {
  return find_or_add(&pool->training, &pool->n_trainings, identity);
}

static pooled* find_entry(training_pool* pool, int method, int training, int change) {
  for (int i = 0; i < pool->n; i++) {
    pooled* e = &pool->entry[i];
    if (e->method == method && e->training == training && e->change == change) return e;
  }
  pool->entry = list_grow(pool->entry, pool->n, sizeof *pool->entry);
  pool->entry[pool->n] = (pooled){.method = method, .training = training, .change = change};
  return &pool->entry[pool->n++];
}

void training_pool_add(training_pool* pool, int method, int training, int change, transfer_metric metric, int n,
                       const double* values) {
  pooled* e = find_entry(pool, method, training, change);
  for (int i = 0; i < n; i++) {
    if (isnan(values[i])) continue;
    e->sum[metric] += values[i];
    e->n[metric]++;
  }
}

over_trainings training_pool_over(const training_pool* pool, int method, int change, transfer_metric metric) {
  over_trainings out = {.mean = NAN, .smallest = NAN, .largest = NAN};
  double sum = 0;
  for (int i = 0; i < pool->n; i++) {
    const pooled* e = &pool->entry[i];
    if (e->method != method || e->change != change || e->n[metric] == 0) continue;
    const double mean = e->sum[metric] / e->n[metric];
    sum += mean;
    out.smallest = fmin(out.smallest, mean); /* of NaN and a number it is the number */
    out.largest = fmax(out.largest, mean);
    out.trainings++;
    out.trajectories += e->n[metric];
  }
  if (out.trainings > 0) out.mean = sum / out.trainings;
  return out;
}
