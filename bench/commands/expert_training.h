/* expert_training.h: dynaflow expert train: a policy in a file, or policies as cells of a run. */
#ifndef BENCH_COMMANDS_EXPERT_TRAINING_H
#define BENCH_COMMANDS_EXPERT_TRAINING_H

#include <stdint.h>

#include "expert_trials.h"
#include "options.h"
#include "rows.h"

/* the arguments of dynaflow expert */
typedef struct expert_arguments {
  options common;
  int action; /* < 0: not given */
  const char *task, *checkpoint, *out, *log;
  int episodes, walks, every;         /* 0: not given */
  double seconds, kick, noise, renew; /* NaN: not given */
} expert_arguments;

/* What a policy is tried on, by the arguments: walks of `seconds` unless --seconds says otherwise, of the first seed.
 */
trials_cfg expert_trials_of(const expert_arguments* a, double seconds);

/* Says on standard error, unless quiet, which walks are not in the errors of velocity and yaw rate: `without` of
 * expert_sum_up(), of `upright` walks of which `cycles` are. */
void expert_note_without(const expert_arguments* a, const text* without, int upright, int cycles);

/* Adds a row of a table; `gait` may be NULL; n: number of samples behind the value, < 0: not counted. */
void expert_add_row(const expert_arguments* a, rows* out, const char* metric, const char* gait, double value,
                    const char* unit, int64_t n);

/* Trains a policy and writes it to --checkpoint. Errors: those of df_expert_train(), expert_checkpoint_write() and
 * training_log_open(). */
DF_MUST_CHECK df_status expert_train_file(const expert_arguments* a, const expert_task* task);

/* Trains and tries a policy per seed as cells of the run in --out, and prints their rows; cells that are done are
 * skipped. Returns the exit code. */
int expert_train_in_run(const expert_arguments* a, const expert_task* task);

#endif
