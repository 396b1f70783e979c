/* reading.h: by which settings data.* a recording fits its model best. */
#ifndef BENCH_CHECK_READING_H
#define BENCH_CHECK_READING_H

#include "check_cfg.h"
#include "dynaflow/config/config.h"
#include "dynaflow/data/recording.h"
#include "misfit.h"

enum { READING_SETTINGS_MAX = 8 };

/* A setting that a reading changes. */
typedef struct reading_setting {
  const char* key; /* "data.quaternion"; static */
  char* value;     /* "xyzw"; owned */
} reading_setting;

/* Settings that differ from those of a task, in the order in which they were found, and the states read with all of
 * them. */
typedef struct reading {
  int n;
  reading_setting setting[READING_SETTINGS_MAX];
  misfit before[READING_SETTINGS_MAX]; /* without setting i and those found with or after it */
  misfit after[READING_SETTINGS_MAX];  /* with it, and with those found together with it */
  misfit now;                          /* with all of them */
  df_config config;                    /* the task's with the settings */
  double h;                            /* s between recorded frames, as task or file state */
  df_dataset* data;                    /* owned */
} reading;

/* Finds the reading of the recording in `path` that fits best: tries each convention of quaternions, frames of
 * velocities, units, axes and orders of joints that concerns the model, alone and in pairs, and goes on from the best
 * while one explains a misfit. Frames are those that are recorded, whatever data.rate is; velocities are those
 * that data.velocities says. Errors: those of df_recording_open(), of
 * df_recording_convert() if no reading can be converted, and of misfit_of(). Call reading_clear(), also after a
 * failure. */
DF_MUST_CHECK df_status reading_find(const char* path, const df_config* config, const df_system* system,
                                     const check_cfg* cfg, reading* out);

/* The value of data.columns with which columns of the default, `state`, are named one by one, so that settings of
 * joints apply to them; NULL if data.columns is another already, and if the model has more than one free joint or one
 * that is not its first, ball joints or activations. Static. */
const char* reading_columns(const df_config* config, const df_system* system);
/* Whether settings of joints can apply: with data.columns as it is, or with reading_columns(). */
bool reading_has_joints(const df_config* config, const df_system* system);

/* The part that setting i of a reading brings down most. */
int reading_part(const reading* r, int i);
void reading_clear(reading* r);

#endif
