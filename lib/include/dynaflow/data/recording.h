/* recording.h: recorded motions as their files hold them, and their conversion to demonstrations (dataset.h).
 *
 * The settings data.* of a task say what the columns of a recording are, and by which conventions to read them
 * (docs/recordings.md). df_recording_open() reads the files and needs the settings that say where things are:
 *   data.states_key, actions_key, columns, joints, velocity_joints, legs, episodes_key, ends_key, ends_rows, select,
 *   conditions, conditions_per, actuators, sha256
 * df_recording_convert() applies the conventions, and may be called again with other values of:
 *   data.quaternion, euler, linear_velocity, angular_velocity, angles, position_scale, up, base_rotation,
 *   position_offset, rate, velocities, root_xy, action_time, action_scale, action_offset,
 *   action_precision
 * df_dataset_read() is the two, one after the other. */
#ifndef DYNAFLOW_DATA_RECORDING_H
#define DYNAFLOW_DATA_RECORDING_H

#include <stdbool.h>
#include <stddef.h>

#include "dynaflow/config/config.h"
#include "dynaflow/core/hash.h"
#include "dynaflow/data/dataset.h"
#include "dynaflow/io/arrays.h"
#include "dynaflow/sim/system.h"

DF_BEGIN_DECLS

typedef struct df_recording df_recording;

/* Reads the file `path`, or, if it is a pattern such as "mocap/trot*.txt" and no file has this name, all files that fit
 * it, in the order of their names. The caller frees *out with df_recording_free(); on failure *out is NULL. Errors name
 * file, key, array, episode and index:
 *   DF_E_CONFIG     data.columns and the settings beside it are malformed, or do not fit the model or the arrays; row
 *                   numbers of episodes that may count frames or actions, and conditions that may be per frame or per
 *                   episode, without the setting that decides (data.ends_rows, data.conditions_per)
 *   DF_E_MISMATCH   arrays of different lengths; files that differ from data.sha256 (if set); another model than the
 *                   system's (DF_MODEL_OTHER); files or groups with other conditions than the first
 *   DF_E_NONFINITE  a number that is not finite; rows of NaN after the end of an episode are padding and left out
 *   DF_E_FORMAT     a missing array, and the errors of df_arrays_open() and df_arrays_read()
 *   DF_E_MISSING, DF_E_IO, DF_E_NOMEM; DF_E_ARG for a NULL argument */
DF_API DF_MUST_CHECK df_status df_recording_open(const char* path, const df_config* config, const df_system* system,
                                                 df_recording** out);
DF_API void df_recording_free(df_recording* recording); /* NULL is allowed */

/* Converts a recording to states and actions of the system, one frame per action. `system` is that of
 * df_recording_open(), or of the same model. The conventions are those of MuJoCo: the linear velocity of a free joint
 * is that of the body's origin in the world frame, its angular velocity is in the frame of the body; quaternions are
 * w, x, y, z. Missing velocities are v[t+1] = (q[t+1] (-) q[t]) / dt, as semi-implicit Euler integrates them, and
 * v[0] = v[1]. Frames at another rate are interpolated: orientations along the shortest rotation (slerp), everything
 * else linearly; actions are held or thinned out. With the default settings and one frame per action the recorded bits
 * are kept. The caller frees *out with df_dataset_free(); on failure *out is NULL. Errors:
 *   DF_E_CONFIG     a setting that is malformed or that the recording or the model does not admit; coordinates of the
 *                   state that the recording does not give, by name; actions at a rate to which they cannot be held or
 *                   thinned out
 *   DF_E_MISMATCH   no episode is long enough for a window; recorded actions whose file states another duration of a
 *                   frame than the system's, while data.rate is 0
 *   DF_E_FORMAT     a quaternion whose norm differs from 1 by 5 % or more; times that do not increase
 *   DF_E_NONFINITE  an action, or a coordinate after the conversion, that is not finite
 *   DF_E_NOMEM; DF_E_ARG for a NULL argument */
DF_API DF_MUST_CHECK df_status df_recording_convert(const df_recording* recording, const df_config* config,
                                                    const df_system* system, df_dataset** out);

/* Writes the SHA-256 of the file `path`, or of the files that fit it as a pattern, as df_recording_sha256() has it,
 * without reading what is in them. Errors: DF_E_MISSING, DF_E_IO, DF_E_NOMEM; DF_E_ARG for a NULL argument. */
DF_API DF_MUST_CHECK df_status df_recording_hash(const char* path, char sha256[DF_SHA256_TEXT]);

/* ---- what was read; strings and arrays are owned by the recording ---- */

DF_API int df_recording_files(const df_recording* recording);
DF_API const char* df_recording_file(const df_recording* recording, int i); /* path */
/* SHA-256 of the file; of several files that of the lines "<SHA-256>  <file name>\n" in their order */
DF_API const char* df_recording_sha256(const df_recording* recording);

DF_API int df_recording_episodes(const df_recording* recording);
DF_API int df_recording_frames(const df_recording* recording, int episode);
DF_API int df_recording_episode_file(const df_recording* recording, int episode); /* index of its file */

/* a column of the raw frames: the blocks of data.columns one after the other, with those that are skipped */
typedef struct df_recording_column {
  char name[80];     /* "root_pos.0", "joints.FR_hip_joint", "state.12", "skip.3": block, then joint or index */
  const char* array; /* array that it is from, without the group of the episode, e.g. "Frames" */
  int index;         /* column in this array */
  int state;         /* index in x of the coordinate that it holds, before conversion; -1: none */
  /* what the file calls it: its name in a header line, the name of its own array, or its entry in an array or attribute
   * of names, such as joint_names; "": the file does not say */
  const char* stated_name;
  const char* stated_by; /* the array or attribute of names; "": the column's own name */
  /* the same by another array or attribute of names that is as near, such as dof_names beside joint_names; "": none */
  const char *other_name, *other_by;
} df_recording_column;
DF_API int df_recording_columns(const df_recording* recording);
DF_API const df_recording_column* df_recording_column_at(const df_recording* recording, int i);
/* a raw frame [columns] */
DF_API const double* df_recording_frame(const df_recording* recording, int episode, int frame);

/* number of recorded actions of an episode: 0, frames - 1 or frames; and one of them [action columns] */
DF_API int df_recording_action_columns(const df_recording* recording); /* 0 without actions */
DF_API int df_recording_actions(const df_recording* recording, int episode);
/* stated_name and stated_by of an action column. Where the file names joints alone, as many as there are columns, these
 * are their names; *stated_by may be NULL */
DF_API const char* df_recording_action_name(const df_recording* recording, int column, const char** stated_by);
DF_API const double* df_recording_action(const df_recording* recording, int episode, int i);

/* Of n increments of a clock: the mean of those above 0 without gaps, which are more than 1.5 times the mean of the
 * others. 0: none is a gap, or more than a quarter of them would be, so that the mean of all says as much. The k-th is
 * step[k * stride] or, `difference`, step[(k + 1) * stride] - step[k * stride]. */
DF_API double df_step_without_gaps(size_t n, const double* step, size_t stride, bool difference);

/* the frame rate that the files state, Hz: from dt, FrameDuration, an attribute of them, or a time or frame_duration
 * column, without gaps; the mean over all frames of the episodes whose file states one; 0: none does */
DF_API double df_recording_rate(const df_recording* recording);

/* what states that rate in the first file that does: "times" or "durations" of a column, the name of an array such as
 * "fps", "the attribute fps", "a comment" of a table, or "control_freq of data@env_args", also where times agree with
 * it; "": nothing does. Owned by the recording. */
DF_API const char* df_recording_rate_source(const df_recording* recording);

/* The k-th name, from 0 on, by which a number states the rate or the duration of a frame; NULL: there are no more.
 * *array: of an array or an attribute; else only of an attribute, since arrays of this name may be columns. */
DF_API const char* df_recording_rate_name(int k, bool* array);

/* the mean duration of the frames of an episode as df_recording_convert() takes it, s: by data.rate of `config`, else
 * as its file states it, without gaps (df_step_without_gaps()), else that of an action of the system */
DF_API double df_recording_frame_duration(const df_recording* recording, const df_config* config,
                                          const df_system* system, int episode);

/* By a time or frame_duration column: *gap = the longest time between two successive frames of an episode, the first of
 * which is *frame, and *usual = the median one, s; 0 without such a column. Errors: DF_E_NOMEM. */
DF_API DF_MUST_CHECK df_status df_recording_gap(const df_recording* recording, int episode, double* gap, double* usual,
                                                int* frame);

/* By the same columns: *frame = the first frame of an episode whose time is not after that of the frame before it, and
 * at[] = these two times, from the first frame on, s, the earlier frame first; *frame = 0 if times increase or there
 * are none. Errors: DF_E_NOMEM. */
DF_API DF_MUST_CHECK df_status df_recording_time_order(const df_recording* recording, int episode, int* frame,
                                                       double at[2]);

/* Sets *list to the arrays of the first file that no setting uses, of numbers, with several texts, or with one per
 * group or file, in the first episode's group and outside of groups; returns their number. Columns of a table with a
 * header are arrays; one that only skip of data.columns covers is unused. */
DF_API int df_recording_unused(const df_recording* recording, const df_array_info** list);

/* what was done that the settings do not say, one sentence each: padding left out, arrays read transposed, readings
 * that the shapes of arrays do not decide */
DF_API int df_recording_notes(const df_recording* recording);
DF_API const char* df_recording_note(const df_recording* recording, int i);

DF_END_DECLS

#endif
