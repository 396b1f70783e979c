/* reading.h: by which settings data.* a recording fits its model best. */
#ifndef BENCH_CHECK_READING_H
#define BENCH_CHECK_READING_H

#include "check_cfg.h"
#include "dynaflow/config/config.h"
#include "dynaflow/data/recording.h"
#include "free_bodies.h"
#include "joint_delay.h"
#include "joint_units.h"
#include "joint_zero.h"
#include "misfit.h"
#include "remedy.h"

enum { READING_SETTINGS_MAX = 8 };

/* Settings that a reading changes. */
typedef struct reading_setting {
  const char* key; /* "data.quaternion"; static */
  remedy fits;     /* data.quaternion: xyzw, with other settings that it needs */
  int shift;       /* places by which the columns of the joints are shifted, which it undoes; 0: none */
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
  df_recording* recording;             /* owned */
  double* stated;                      /* [episodes] s between recorded frames, as the conversion has it; owned */
  double* h;                           /* [episodes] the same with that of an action where it is not plausible; owned */
  df_dataset* data;                    /* one frame per action, for the frames that are recorded; owned */
  bool pressed; /* positions beyond joint limits are those to which the model's actuators press, reachable.h */
  reading_setting righted; /* with which a base that lies is upright, and all else is as it is; key NULL: none */
  char* height;            /* a sentence on a height that explains as much as another order; NULL: none; owned */
  char* unclear;           /* a sentence on orders of joints that fit about equally well; NULL: none; owned */
  /* what no setting says; `data` is as the model has it */
  joint_unit* units; /* [joints of the model] of hinges that are in degrees while others are not; NULL: none; owned */
  free_exchange exchanged;
  joint_delay delay; /* `data` is as recorded */
  joint_zero zero;   /* a joint that is off by a constant, if it is better than every order */
  bool zero_by_forces;
  char* doubtful; /* a sentence on joints that do not fit as read, and of which an order and a zero fit about equally
                   * well; NULL: none; owned */
  int* reversed;  /* an order (joint_order.h) of joints that are recorded reversed or exchanged; NULL: none; owned */
  double reversed_from, reversed_to; /* misfit_of_contact() without and with it, or check_root_residual() */
  bool reversed_by_forces;           /* the latter */
} reading;

/* Finds the reading of the recording in `path` that fits best: tries each convention of quaternions, frames of
 * velocities, units, axes and orders of joints that concerns the model, alone and in pairs, and goes on from the best
 * while one explains a misfit. Frames are those that are recorded, whatever data.rate is; velocities are those
 * that data.velocities says. Errors: those of df_recording_open(), of
 * df_recording_convert() if no reading can be converted, and of misfit_of(). Call reading_clear(), also after a
 * failure. */
DF_MUST_CHECK df_status reading_find(const char* path, const df_config* config, const df_system* system,
                                     const check_cfg* cfg, reading* out);

/* The reading by the settings of `config` as they are. Errors and ownership as reading_find(). */
DF_MUST_CHECK df_status reading_as_it_is(const char* path, const df_config* config, const df_system* system,
                                         const check_cfg* cfg, reading* out);

/* Takes back the last setting of a reading of the recording in `path`, whose task has the settings `config`. Errors:
 * those of reading_find(), and `r` is unchanged then. */
DF_MUST_CHECK df_status reading_take_back(const char* path, const df_config* config, const df_system* system,
                                          const check_cfg* cfg, reading* r);

/* Converts, exchanges, reverses and moves what `r` does in other states of the recording. */
void reading_correct(const reading* r, const df_system* system, df_dataset* data);

/* "FL_hip_joint, FR_hip_joint": the joints that an order of signs reverses */
char* reading_reversed_names(const df_system* system, const int* order);

/* "FL_hip_joint and FR_hip_joint exchanged": what an order of places changes, joints that are read as others */
char* reading_order_words(const df_system* system, const int* order);

/* The part that setting i of a reading brings down most. */
int reading_part(const reading* r, int i);
void reading_clear(reading* r);

#endif
