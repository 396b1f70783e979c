/* dataset.h: demonstrations (episodes of states with optional actions and conditions) and the windows cut from them. */
#ifndef DYNAFLOW_DATA_DATASET_H
#define DYNAFLOW_DATA_DATASET_H

#include "dynaflow/config/config.h"
#include "dynaflow/core/hash.h"
#include "dynaflow/core/model_identity.h"
#include "dynaflow/data/stored_precision.h"
#include "dynaflow/io/npz.h"
#include "dynaflow/sim/system.h"

DF_BEGIN_DECLS

/* Two durations of a frame are the same if they differ by at most this share: the rounding of single precision. */
#define DF_SAME_DURATION 1e-7

/* Quaternions whose norm differed from 1 by more than 5 %, and that were normalised: what interpolation of the entries
 * leaves. */
typedef struct df_quaternion_norms {
  size_t n;                  /* how many; 0: the others are meaningless */
  int episode, frame, joint; /* of the one whose norm is furthest from 1: among all episodes, recorded frames, joints */
  double norm;
} df_quaternion_norms;

/* Episodes of any length, one after the other. The dataset owns its arrays, which are row-major:
 *   states [sum of (lengths + 1)][nx]   actions [sum of lengths][nu] or NULL
 *   conditions [episodes][nc], or [sum of (lengths + 1)][nc] if they are per frame, or NULL
 * Of equal lengths this is states [episodes][length+1][nx] and actions [episodes][length][nu]. States and actions are
 * in the units of the system (system.h). */
typedef struct df_dataset {
  int episodes;
  int length;          /* actions of the longest episode */
  const int* lengths;  /* [episodes] actions of each episode, >= 1 */
  const size_t* first; /* [episodes+1] row in `states` of the first state of each episode, and the number of rows */
  int nx, nu, nc;      /* nu is 0 without actions, nc is 0 without conditions */
  double dt;           /* duration of an action, s */
  double* states;
  double* actions;
  double* conditions;
  bool condition_per_frame;
  const char* const* condition_name; /* [nc], e.g. "gait.trot", "command.vx"; see df_dataset_name_condition() */
  char sha256[DF_SHA256_TEXT];       /* of the file it was read from; "" if generated */
  bool spare_actions;                /* the file has one action per episode more, which is not used */
  int resampled;                     /* episodes whose recorded frames are at another rate: interpolated to dt */
  char model_unchecked[256];         /* what of the model could not be compared (DF_MODEL_MAIN_FILE): a clause, or "" */
  bool* derived;                     /* [nx] coordinates that the file does not hold: positions integrated from
                                      * velocities, and velocities that are differences of positions */
  df_rounding* rounding;             /* [nx + nu] how the coordinates of the states and then the actions were stored;
                                      * exact, in their own units, if the data are not from a file. Actions count as
                                      * rounded if they have the precision of the velocities, or else positions */
  df_stored_precision action_precision; /* that the recorded numbers of the actions show by themselves */
  df_quaternion_norms norms;
  struct df_dataset_memory* memory; /* of the const arrays */
} df_dataset;

/* Reads recorded files according to config's data.* keys and converts them to states and actions of the system:
 * df_recording_open() and df_recording_convert() (recording.h), one after the other. `path` is a file of any format of
 * arrays.h, or a pattern for several. With the default settings a file has the layout of df_dataset_write():
 *   states [episodes][frames][nx]   actions [episodes][frames - 1 or frames][nu]; an episode ends before the frames at
 *                                   its end whose states are all NaN
 *   states [F][nx]                  actions [F - episodes or F][nu], and `episode_ends` [episodes]: the frames of all
 *                                   episodes one after the other, and the row after the last frame of each episode
 * It may contain `conditions` [episodes][nc], or per frame [episodes][frames][nc] or [all frames][nc],
 * `condition_names` (one comma-separated string, required with conditions), `dt`, and the model it was recorded with,
 * as text: `model_sha256` (`files` of df_model_identity, or the SHA-256 of the model file alone), `model_files` (its
 * `list`), `compiled_sha256` and `mujoco`. An action after the last frame of an episode is not used. Quaternions
 * are normalised; of those whose norm differs from 1 by more than 5 % `norms` tells. States without actions whose file
 * states another frame rate than the system's are interpolated (`resampled`). The caller frees *out with
 * df_dataset_free(); on failure *out is NULL.
 * Errors name the path, the key and the offending value with its index; they are those of the two functions:
 *   DF_E_MISMATCH   wrong shapes; all episodes too short for one window, or one of fewer than 2 frames; a file that
 *                   differs from data.sha256 (if set); recorded actions whose file states another duration of a frame
 *                   than the system's, while data.rate is 0; another model than the system's (DF_MODEL_OTHER)
 *   DF_E_NONFINITE  a number that is not finite
 *   DF_E_FORMAT     a malformed file or array, a missing array, a quaternion whose norm is below 0.707 or above
 *                   1.293, or one of more than half of an episode whose norms are further from 1 than 5 %
 *   DF_E_CONFIG     settings that do not fit the model or the arrays
 *   DF_E_MISSING, DF_E_IO, DF_E_NOMEM; DF_E_ARG for a NULL argument */
DF_API DF_MUST_CHECK df_status df_dataset_read(const char* path, const df_config* config, const df_system* system,
                                               df_dataset** out);

/* Writes an npz file that df_dataset_read can read, atomically (file.h), with the keys states, dt and, where present,
 * actions, conditions, condition_names and those of the model (NULL: none); episodes of different length are written
 * in the second layout. Errors: DF_E_ARG (NULL path or data, a condition without a name), DF_E_IO, DF_E_MISSING,
 * DF_E_NOMEM. */
DF_API DF_MUST_CHECK df_status df_dataset_write(const char* path, const df_dataset* data,
                                                const df_model_identity* model);

/* Fills `entries` with what is known of a model, under the keys that df_dataset_read() compares; returns their number.
 * The texts stay owned by `model`. */
enum { DF_MODEL_ENTRIES = 4 };
/* The key of such a text, in the order of the members of df_model_identity; NULL unless 0 <= i < DF_MODEL_ENTRIES. */
DF_API const char* df_dataset_model_key(int i);
DF_API int df_dataset_model_entries(const df_model_identity* model, df_npz_entry entries[DF_MODEL_ENTRIES]);

/* the sizes of a dataset */
typedef struct df_dataset_shape {
  int episodes;             /* number of episodes, >= 1; mandatory */
  int length;               /* actions per episode, >= 1; mandatory without lengths */
  const int* lengths;       /* [episodes] actions of each episode, each >= 1; NULL: `length` for all */
  int nx;                   /* state coordinates, >= 1; mandatory */
  int nu;                   /* action coordinates; 0: without actions */
  int nc;                   /* condition features; 0: without conditions */
  bool condition_per_frame; /* a condition for every frame instead of one per episode */
  double dt;                /* duration of an action, s, > 0; mandatory */
} df_dataset_shape;

/* Makes a dataset of zeros with unnamed conditions, which the caller frees with df_dataset_free(). Errors: DF_E_ARG for
 * a NULL argument and for sizes or dt out of range, DF_E_NOMEM; *out is then NULL. */
DF_API DF_MUST_CHECK df_status df_dataset_new(const df_dataset_shape* shape, df_dataset** out);
DF_API void df_dataset_free(df_dataset* data); /* NULL is allowed */

/* Sets the name of condition i to a copy of `name`. Errors: DF_E_ARG for a NULL argument, i outside 0 .. nc - 1, and a
 * name that is empty, contains a comma or has DF_NAME_MAX or more characters. */
DF_API DF_MUST_CHECK df_status df_dataset_name_condition(df_dataset* data, int i, const char* name);

/* Pointers into the arrays: a state [nx] of a frame in 0 .. lengths[episode], an action [nu] of a frame in
 * 0 .. lengths[episode] - 1, the condition [nc] of a frame, or of its episode. Indices are not checked. */
DF_API const double* df_dataset_state(const df_dataset* data, int episode, int frame);
DF_API const double* df_dataset_action(const df_dataset* data, int episode, int frame);    /* NULL without actions */
DF_API const double* df_dataset_condition(const df_dataset* data, int episode, int frame); /* NULL if nc == 0 */

/* The row of the action of a frame among those of all episodes, whether there are actions or not: that of the
 * transition from the frame to the next one. */
DF_API size_t df_dataset_action_row(const df_dataset* data, int episode, int frame);

/* The number of actions of all episodes. */
DF_API size_t df_dataset_actions(const df_dataset* data);

/* Returns the group of an episode. Groups are gaits: the group is the index of the largest of the conditions named
 * "gait.*" of the episode's first frame, the first of equal ones, and 0 for every episode if there are none. An episode
 * is in one group even if its gait changes, because splits and intervals take episodes as units. */
DF_API int df_dataset_group(const df_dataset* data, int episode);

/* Returns the gait of a group, NAME of its condition "gait.NAME"; NULL if the groups are no gaits. It belongs to
 * `data`. */
DF_API const char* df_dataset_group_gait(const df_dataset* data, int group);

/* ---- windows ---- */

typedef struct df_window {
  int episode;
  int start; /* frame of x_0; the window consists of the frames start .. start + horizon */
} df_window;

typedef enum df_side { DF_SIDE_NONE, DF_SIDE_TRAIN, DF_SIDE_TEST, DF_SIDE_VALIDATION } df_side;

/* Training, test and validation windows. No frame is in windows of two sides. */
typedef struct df_windows {
  int horizon;
  int n_train, n_test, n_validation;
  df_window* train;
  df_window* test;
  df_window* validation; /* NULL if n_validation == 0 */
  int unused_episodes;   /* episodes without a window: too short for one, or for one on one side */
  unsigned char* side;   /* [sum of (lengths + 1)] the df_side of each frame */
  int* ahead;            /* [sum of (lengths + 1)] how many frames of its episode, from it on, are on its side */
} df_windows;

/* Lists the windows of a dataset: in each episode those that start at the frames window.first, window.first +
 * window.stride and so on, up to window.last or the last that fits, as far as they are on one side.
 *   split.by: episode  Every split.test_every-th episode of each group is held out, so every group is tested; episodes
 *                      too short for a window are not counted. Which these are depends only on the order of episodes.
 *   split.by: time     Every episode is cut in blocks of split.block frames, of which the last may be shorter, or, if
 *                      that is 0, in split.test_every blocks: block k of T frames begins at frame floor(k T /
 *                      test_every). Every split.test_every-th block of all episodes is held out. The split.gap frames
 *                      before and after a held-out block are on no side.
 * With split.validation_every = n > 0, every n-th of the episodes of each group, or of the blocks, that are not held
 * out for the test is held out for validation by the same rules; gaps of test blocks go before validation blocks. The
 * caller frees *out with df_windows_free(); on failure *out is NULL. Errors: DF_E_CONFIG if a group has fewer episodes
 * than test_every, if window.first, last and horizon do not fit the longest episode, if there is no training, no test
 * or, with validation_every > 0, no validation window, of any group, or for more than 2e9 windows; DF_E_ARG for a NULL
 * argument or test_every < 2; DF_E_NOMEM. */
DF_API DF_MUST_CHECK df_status df_windows_new(const df_dataset* data, const df_config* config, df_windows** out);
DF_API void df_windows_free(df_windows* windows); /* NULL is allowed */

/* Takes the training windows away but for those of the first n episodes of each group that have any; the frames of the
 * others are then on no side. Test and validation windows stay as they are, so that trainings on 1, 2 or all episodes
 * are measured on the same windows, and a smaller choice is part of a larger one. Errors, without a change: DF_E_CONFIG
 * if a group has fewer such episodes; DF_E_ARG for a NULL argument or n < 1; DF_E_NOMEM. */
DF_API DF_MUST_CHECK df_status df_windows_keep_episodes(df_windows* windows, const df_dataset* data, int n);

/* Whether all frames of a window of windows->horizon actions exist and are of the training side. Any w is allowed. */
DF_API bool df_windows_trains(const df_windows* windows, const df_dataset* data, df_window w);

DF_END_DECLS

#endif
