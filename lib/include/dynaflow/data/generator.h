/* generator.h: a generator of demonstrations. Generators enter by a table (dynaflow/gait/generators.h), as methods do;
 * a task names one by data.generator. */
#ifndef DYNAFLOW_DATA_GENERATOR_H
#define DYNAFLOW_DATA_GENERATOR_H

#include "dynaflow/data/dataset.h"

DF_BEGIN_DECLS

/* Attempts of one kind of demonstration (a gait, say): how many were made, and how many rejected, e.g. after a fall. */
typedef struct df_attempts {
  char name[DF_NAME_MAX];
  int tried, rejected;
} df_attempts;

typedef struct df_generation {
  int n;
  df_attempts kind[DF_NAMES_MAX];
} df_generation;

/* What a generator is given beside the system and the settings; all but `threads` may be NULL. */
typedef struct df_generator_env {
  int threads; /* >= 1 */
  /* Called with episodes done and wanted after every few attempts, from one thread at a time; when it returns false the
   * generator ends with DF_E_INTERRUPTED. */
  bool (*progress)(void* context, int done, int wanted);
  void* context;
  df_generation* report; /* out */
} df_generator_env;

typedef struct df_generator {
  const char *name, *summary;
  int version; /* raised by hand when the generator changes what it makes: part of the identity of its data */

  /* Demonstrations as the settings data.* say, in memory of the caller (df_dataset_free). The result is a function of
   * system and settings, whatever the number of threads. DF_E_CONFIG for a model or a setting it cannot serve. */
  df_status (*make)(const df_system* system, const df_config* config, const df_generator_env* env, df_dataset** out);
} df_generator;

DF_END_DECLS

#endif
