/* suite.h: a list of models whose adjoints are verified and timed together, a line each:
 *
 *   states rest=20 motion=60 impact=40       # how many of each kind of gradcheck.h; 0 where a kind is not named
 *   model gymnasium/hopper mjcf/gymnasium/hopper.xml target=0.4 system.margin_scale=0.5
 *
 * A model has a name, a file that is looked for beside the suite, then where tasks look for data, the most that its
 * adjoint should cost (of a step; may be left out), and settings as of a task. # begins a remark. */
#ifndef BENCH_SUITE_H
#define BENCH_SUITE_H

#include "dynaflow/config/config.h"
#include "dynaflow/config/search.h"
#include "dynaflow/gradcheck/gradcheck.h"
#include "options.h"

enum { SUITE_MODELS_MAX = 256, SUITE_SETTINGS_MAX = 8 };

typedef struct suite_model {
  char name[64], file[192];
  double target; /* of vjp / step; NaN: none */
  int n_set;
  char set[SUITE_SETTINGS_MAX][96]; /* "system.timestep=0.004" */
  int line;
} suite_model;

typedef struct suite {
  char* path;
  int states[DF_STATE_KINDS], total; /* states of each kind, and of all */
  int n;
  suite_model* models;
} suite;

/* DF_E_MISSING, or DF_E_CONFIG with file, line and word. On failure nothing is owned by the caller. */
DF_MUST_CHECK df_status suite_read(const char* path, suite* out);
void suite_clear(suite* s);

/* Folders that hold the suite's models. */
void suite_search(const suite* s, const options* opts, df_search* search);

/* The settings of one of its models, those of --set last. */
DF_MUST_CHECK df_status suite_config(const suite_model* model, const options* opts, df_config* config);

/* The settings of a model file without a suite: --set alone. */
DF_MUST_CHECK df_status model_config(const char* path, const options* opts, df_config* config);

#endif
