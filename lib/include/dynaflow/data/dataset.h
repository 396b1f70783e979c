/* dataset.h: demonstrations: episodes of states, with actions and conditions where there are any. */
#ifndef DYNAFLOW_DATA_DATASET_H
#define DYNAFLOW_DATA_DATASET_H

#include "dynaflow/config/config.h"
#include "dynaflow/core/hash.h"
#include "dynaflow/sim/system.h"

/* Episodes of equal length, row-major:
 *   states [episodes][length+1][nx]   actions [episodes][length][nu] or NULL   conditions [episodes][nc] or NULL */
typedef struct df_dataset {
  int episodes;
  int length;     /* actions an episode */
  int nx, nu, nc; /* nu is 0 without actions */
  double dt;      /* s, one action */
  double* states;
  double* actions;
  double* conditions;
  char condition_name[DF_NAMES_MAX][DF_NAME_MAX]; /* [nc], e.g. "gait.trot", "command.vx" */
  char sha256[DF_SHA256_TEXT];                    /* of the file it was read from */
} df_dataset;

/* Reads an npz as config's data.* keys say and checks it against the system: shapes, finite numbers, at least one whole
 * window. Files recorded elsewhere need states and actions only; ours also hold `conditions`, `condition_names` (one
 * comma-separated string) and `dt`. Errors name path, key, and the offending value with its index. A given
 * data.sha256 must match, and so must `dt` and, if both are given, `model_sha256` with system.model_sha256
 * (DF_E_MISMATCH). Unit quaternions are normalised when off by less than 5 %, else refused. */
DF_API DF_MUST_CHECK df_status df_dataset_read(const char* path, const df_config* config, const df_system* system,
                                               df_dataset** out);

/* Writes the npz that df_dataset_read reads, with keys states, actions, conditions, condition_names, dt, model_sha256.
 */
DF_API DF_MUST_CHECK df_status df_dataset_write(const char* path, const df_dataset* data, const char* model_sha256);

/* An empty dataset with its arrays allocated; nu = 0: no actions, nc = 0: no conditions. */
DF_API DF_MUST_CHECK df_status df_dataset_new(int episodes, int length, int nx, int nu, int nc, double dt,
                                              df_dataset** out);
DF_API void df_dataset_free(df_dataset* data);

/* pointers into the arrays */
DF_API const double* df_dataset_state(const df_dataset* data, int episode, int frame);
DF_API const double* df_dataset_action(const df_dataset* data, int episode, int frame); /* NULL without actions */
DF_API const double* df_dataset_condition(const df_dataset* data, int episode);         /* NULL if nc == 0 */

/* The group of an episode is its gait, the largest of the conditions named "gait.*"; without those all are of group 0.
 * From 0, below DF_NAMES_MAX. */
DF_API int df_dataset_group(const df_dataset* data, int episode);

/* ---- windows ---- */

typedef struct df_window {
  int episode;
  int start; /* frame of x_0; the window's frames are start .. start + horizon */
} df_window;

/* Windows of whole training and whole test episodes: no episode has windows on both sides. */
typedef struct df_windows {
  int horizon;
  int n_train, n_test;
  df_window* train;
  df_window* test;
} df_windows;

/* Every split.test_every-th episode of each group is held out, so that each is tested: which those are depends on the
 * order of episodes and on nothing else. DF_E_CONFIG when a group has fewer episodes than test_every, or when
 * window.first, last and horizon do not fit the episodes. */
DF_API DF_MUST_CHECK df_status df_windows_new(const df_dataset* data, const df_config* config, df_windows** out);
DF_API void df_windows_free(df_windows* windows);

#endif
