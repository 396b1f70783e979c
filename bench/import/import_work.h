/* import_work.h: an import while it is going on. */
#ifndef BENCH_IMPORT_IMPORT_WORK_H
#define BENCH_IMPORT_IMPORT_WORK_H

#include "dynaflow/config/search.h"
#include "dynaflow/data/recording.h"
#include "import.h"
#include "model_study.h"
#include "new_folder.h"
#include "source.h"

/* everything that is open; free with close_work() */
typedef struct work {
  const import_cfg* cfg;
  import_result* result;
  settings* found; /* of the result */
  char* name;      /* of the task */
  new_folder folder;
  source files;
  char* model;      /* name of the model file in the folder */
  char* data;       /* path or pattern of the recordings */
  double bytes;     /* size of the copies */
  df_search search; /* the draft of the folder */
  df_config config;
  df_system* own;    /* the model with its own time step; the recording refers to it */
  df_system* system; /* with the options of the task */
  model_study study;
  df_recording* recording;
  df_dataset* dataset;
} work;

/* Makes the system of the settings again, with what admits its model, and what is known of it. Errors: those of
 * settings_config() and df_mujoco_system_new(). */
DF_MUST_CHECK df_status work_make_system(work* w, const char* path);
/* Opens the recording as the settings say. Errors: those of df_recording_open(). */
DF_MUST_CHECK df_status work_open_recording(work* w);
/* The demonstrations as the settings read them now. Errors: those of df_recording_convert(). */
DF_MUST_CHECK df_status work_convert(work* w);
/* DF_E_INTERRUPTED after a signal. */
DF_MUST_CHECK df_status work_check_stop(void);

/* ---- import_actions.c ---- */

/* Replays the recorded actions: puts the physics steps, options and conventions with which the states follow, or leaves
 * the actions out, and reads the recording again. Errors: those of replay_study_run() and of the functions above. */
DF_MUST_CHECK df_status work_check_actions(work* w);

#endif
