/* bench_train.h: a training step by parts. */
#ifndef BENCH_SPEED_BENCH_TRAIN_H
#define BENCH_SPEED_BENCH_TRAIN_H

#include <stdbool.h>

#include "dynaflow/config/config.h"
#include "dynaflow/flow/method.h"
#include "options.h"
#include "rows.h"

typedef struct speed_cfg {
  const char* task;
  const df_method* method;
  const char* checkpoint; /* weights for bench_sample(); NULL: initial ones */
  int passes;             /* measurements of each kind */
  const options* opts;
} speed_cfg;

/* what is measured of a step: X(name, text of the row, unit, factor to that unit) */
#define STEP_LIST(X)                                                                                   \
  X(SIMULATION, "simulation", "us", 1e6) /* the rollouts of the step by mj_step alone */               \
  X(TAPE, "tape", "us", 1e6)             /* what recording and the feedback of tracking add to that */ \
  X(ADJOINT, "adjoint", "us", 1e6)                                                                     \
  X(FORWARD, "network forward", "us", 1e6)                                                             \
  X(BACKWARD, "network backward", "us", 1e6)                                                           \
  X(OPTIMIZER, "optimizer", "us", 1e6)                                                                 \
  X(DATA, "data and losses", "us", 1e6)                                                                \
  X(WAITING, "waiting", "us", 1e6)                                                                     \
  X(CPU, "step", "us", 1e6) /* CPU time of all threads: the sum of the above */                        \
  X(WALL, "step, wall time", "us", 1e6)                                                                \
  X(RATIO, "step / simulation", "", 1)                                                                 \
  X(WORK, "matrix products", "GFLOP", 1e-9)                                                            \
  X(RATE, "matrix products / network time", "GFLOP/s", 1e-9)                                           \
  X(PEAK, "multiply-add peak of a core", "GFLOP/s", 1e-9)                                              \
  X(PEAK_SHARE, "network / peak", "", 1)

typedef enum step_quantity {
#define STEP_ENUM(name, text, unit, factor) STEP_##name,
  STEP_LIST(STEP_ENUM)
#undef STEP_ENUM
      STEP_QUANTITIES
} step_quantity;

/* one step and what was run after it, in CPU seconds of all threads; simulated: of the step with its tape, bare: of the
 * same rollouts alone, NaN for a method without a simulator */
typedef struct step_times {
  double simulated, adjoint, forward, backward, optimizer, data, cpu, wall, bare;
  double flops, peak;
} step_times;

/* Writes the quantities of a step to out [STEP_QUANTITIES], NaN for those that the method does not have. */
void step_quantities(const step_times* t, double* out);

/* Adds a row per quantity: the median over steps, the quartiles, and the share of the step. values [STEP_QUANTITIES]
 * [n] will be sorted. */
void bench_train_rows(const speed_cfg* cfg, int n, double* const* values, rows* out);

/* Trains the measured network of the method from its initial weights for a few steps; after each step, the rollouts
 * that it simulated are simulated again without tape, and the peak is measured. Adds the rows. Errors of cell_open(),
 * cell_load() and the training; DF_E_NOMEM. Warns of a busy machine and of outliers. */
DF_MUST_CHECK df_status bench_train(const speed_cfg* cfg, rows* out);

#endif
