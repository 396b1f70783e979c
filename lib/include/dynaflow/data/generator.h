/* generator.h: the interface of generators of demonstrations. The known ones are in a table
 * (dynaflow/gait/generators.h), as methods are; a task names one with data.generator. */
#ifndef DYNAFLOW_DATA_GENERATOR_H
#define DYNAFLOW_DATA_GENERATOR_H

#include "dynaflow/data/dataset.h"

DF_BEGIN_DECLS

/* attempts at one kind of demonstration, for example a gait, and how many were rejected, for example after a fall */
typedef struct df_attempts {
  char name[DF_NAME_MAX];
  int tried, rejected;
} df_attempts;

/* the attempts of a generator, by kind */
typedef struct df_generation {
  int n;
  df_attempts kind[DF_NAMES_MAX];
} df_generation;

/* What a generator receives besides the system and the settings. In a zeroed struct only `threads` needs a value. */
typedef struct df_generator_env {
  int threads; /* >= 1; mandatory. The result does not depend on it */
  /* Called with `context` and the numbers of episodes done and wanted after every few attempts, by the calling thread;
   * if it returns false the generator ends with DF_E_INTERRUPTED. NULL: not called */
  bool (*progress)(void* context, int done, int wanted);
  void* context;         /* passed to progress; may be NULL */
  df_generation* report; /* out, the attempts of each kind; valid only on success; NULL: not needed */
} df_generator_env;

typedef struct df_generator {
  const char *name, *summary;
  int version; /* raised by hand when the generator makes other data for the same settings: part of their identity */
  bool has_gait_clock; /* whether its gaits follow a clock: at the condition command.frequency, else gait.frequency */

  /* Makes demonstrations according to the settings data.* and gait.*. The caller frees *out with df_dataset_free(). The
   * result is a function of system and settings and does not depend on the number of threads. DF_E_CONFIG for a model
   * or a setting that it does not support. */
  df_status (*make)(const df_system* system, const df_config* config, const df_generator_env* env, df_dataset** out);
} df_generator;

DF_END_DECLS

#endif
