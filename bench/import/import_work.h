/* import_work.h: an import while it is going on. */
#ifndef BENCH_IMPORT_IMPORT_WORK_H
#define BENCH_IMPORT_IMPORT_WORK_H

#include <stdbool.h>

#include "dynaflow/config/search.h"
#include "dynaflow/data/recording.h"
#include "model_study.h"
#include "new_folder.h"
#include "options.h"
#include "settings.h"
#include "source.h"

typedef struct import_cfg {
  int n;
  const char* const* sources; /* [n] files, patterns and folders */
  const char* model;          /* MJCF file */
  const char* out;            /* folder to write; its name is that of the task */
  bool force;                 /* replaces a task at `out` */
  bool reference;             /* the recordings stay where they are, and the task names their path */
  const options* opts;        /* --set: what cannot be guessed, or should not be */
} import_cfg;

/* what was found; free with import_clear() */
typedef struct import_result {
  settings found; /* of the task file */
  text notes;     /* lines: what was not found, left out or matched */
  text renamed;   /* lines: files of the user that have another name now */
  int wrong;      /* findings of the check of the recording with verdict wrong, which are in the notes */
  bool imported;  /* the folder was written */
} import_result;

/* everything that is open; free with close_work() */
typedef struct work {
  const import_cfg* cfg;
  import_result* result;
  settings* found; /* of the result */
  char* name;      /* of the task */
  new_folder folder;
  source files;
  char* model;               /* name of the model file in the folder */
  char* data;                /* path or pattern of the recordings */
  double bytes;              /* size of the copies */
  bool base_open;            /* work_find_base() has to tell which axis of the model's base points up */
  bool rate_assumed;         /* data.rate is that of LAFAN1, by the layout alone */
  const source_array* clock; /* that gave data.rate; NULL: none */
  double started;            /* df_clock_wall() */
  bool timed;                /* how long a frame takes is stated, or shown by the velocities */
  df_search search;          /* the draft of the folder */
  df_config config;
  df_system* own;    /* the model with its own time step; the recording refers to it */
  df_system* system; /* with the options of the task */
  model_study study;
  df_recording* recording;
  df_dataset* dataset;
} work;

/* Says on standard error what the import does next, with the seconds so far, if it takes long: after 5 s, or if the
 * recording has more than 1000 arrays. Nothing with --quiet. */
void work_says(const work* w, const char* what);

/* Makes the system of the settings again, with what admits its model, and what is known of it. Errors: those of
 * settings_config() and df_mujoco_system_new(). */
DF_MUST_CHECK df_status work_make_system(work* w, const char* path);
/* The settings with which demonstrations are read: windows do not matter yet. Errors: those of settings_config(). */
DF_MUST_CHECK df_status work_reading_config(const work* w, df_config* config);
/* Opens the recording as the settings say. Errors: those of df_recording_open(). */
DF_MUST_CHECK df_status work_open_recording(work* w);

/* Frees the dataset, the recording, the systems and the files of `w`; the rest of it is left. */
void work_close_files(work* w);
/* The demonstrations as the settings read them now. Errors: those of df_recording_convert(). */
DF_MUST_CHECK df_status work_convert(work* w);

#endif
