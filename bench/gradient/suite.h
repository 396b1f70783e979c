/* suite.h: a file with a list of models whose adjoints are verified and timed together:
 *
 *   states rest=20 motion=60 impact=40       # states of each kind of gradcheck.h; a kind that is not named has none
 *   model gymnasium/hopper mjcf/gymnasium/hopper.xml target=0.4 system.margin_rule=max
 *
 * A `model` line has a unique name; a file, searched for beside the suite, then where tasks search for data; optionally
 * the largest wanted cost of its adjoint, in steps; and system.* settings as of a task. # begins a comment. */
#ifndef BENCH_GRADIENT_SUITE_H
#define BENCH_GRADIENT_SUITE_H

#include "dynaflow/config/config.h"
#include "dynaflow/config/search.h"
#include "dynaflow/gradcheck/gradcheck.h"
#include "options.h"

enum { SUITE_MODELS_MAX = 256, SUITE_SETTINGS_MAX = 8 };

typedef struct suite_model {
  char name[64], file[192];
  double target; /* largest wanted vjp / step; NaN: none */
  int n_set;
  char set[SUITE_SETTINGS_MAX][96]; /* "system.timestep=0.004" */
  int line;                         /* in the file */
} suite_model;

typedef struct suite {
  char* path;
  int states[DF_STATE_KINDS], total; /* number of states of each kind, and their sum */
  int n;
  suite_model* models;
} suite;

/* Reads a suite; release it with suite_clear(). On failure *out is empty: DF_E_CONFIG names file, line and word;
 * DF_E_FORMAT if it is not a text file; errors of df_file_read(); DF_E_NOMEM. */
DF_MUST_CHECK df_status suite_read(const char* path, suite* out);
void suite_clear(suite* s);

/* The search path of the suite's models: --data, the suite's folder and its data/, DYNAFLOW_DATA.
 * Release it with search_clear(). */
void suite_search(const suite* s, const options* opts, df_search* search);

/* The settings of a model of a suite, with --set applied last. DF_E_CONFIG names a wrong setting. */
DF_MUST_CHECK df_status suite_config(const suite_model* model, const options* opts, df_config* config);

/* The settings of a model file without a suite: defaults and --set. DF_E_CONFIG names a wrong setting. */
DF_MUST_CHECK df_status model_config(const char* path, const options* opts, df_config* config);

#endif
