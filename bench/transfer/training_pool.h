/* training_pool.h: the results of a study by trainings: what the trajectories of one training give on average, and how
 * that differs between trainings of one method. */
#ifndef BENCH_TRANSFER_TRAINING_POOL_H
#define BENCH_TRANSFER_TRAINING_POOL_H

#include "transfer.h"

/* X(metric, name, unit) */
#define TRANSFER_METRIC_LIST(X)                     \
  X(TRANSFER_FALL_RATE, "fall_rate", "share")       \
  X(TRANSFER_SURVIVAL, "survival", "s")             \
  X(TRANSFER_COMMAND_ERROR, "command_error", "m/s") \
  X(TRANSFER_DEVIATION, "deviation", "std")         \
  X(TRANSFER_CLIPPED, "clipped", "share")           \
  X(TRANSFER_LIFTED, "lifted", "m")

typedef enum transfer_metric {
#define TRANSFER_METRIC_ENTRY(metric, name, unit) metric,
  TRANSFER_METRIC_LIST(TRANSFER_METRIC_ENTRY)
#undef TRANSFER_METRIC_ENTRY
      TRANSFER_METRICS
} transfer_metric;

const char* transfer_metric_name(transfer_metric metric);
const char* transfer_metric_unit(transfer_metric metric);

/* sums over the trajectories of one training with one perturbation */
typedef struct pooled {
  int method, training, change;
  double sum[TRANSFER_METRICS];
  int n[TRANSFER_METRICS]; /* trajectories that have a value */
} pooled;

/* {0} is empty; training_pool_clear() */
typedef struct training_pool {
  int n_methods, n_trainings, n;
  char** method;   /* [n_methods] */
  char** training; /* [n_trainings] what identifies the training */
  pooled* entry;   /* [n] */
} training_pool;
void training_pool_clear(training_pool* pool);

/* The index of a method, or of a training, which is added if it is new. */
int training_pool_method(training_pool* pool, const char* name);
int training_pool_training(training_pool* pool, const char* identity);

/* Adds n values, NaN of trajectories without one, of a training of a method with perturbation number `change`. */
void training_pool_add(training_pool* pool, int method, int training, int change, transfer_metric metric, int n,
                       const double* values);

/* a metric of a method with a perturbation, over its trainings */
typedef struct over_trainings {
  int trainings, trajectories;    /* that have a value */
  double mean, smallest, largest; /* of the means of the trainings, each of which counts once; NaN without one */
} over_trainings;
over_trainings training_pool_over(const training_pool* pool, int method, int change, transfer_metric metric);

#endif
