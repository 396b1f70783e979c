/* recording_internal.h: what a df_recording holds. Private. */
#ifndef LIB_DATA_RECORDING_INTERNAL_H
#define LIB_DATA_RECORDING_INTERNAL_H

#include "dynaflow/core/hash.h"
#include "dynaflow/data/recording.h"
#include "dynaflow/data/stored_precision.h"
#include "episodes.h"
#include "labels.h"
#include "layout.h"
#include "stack.h"

/* bytes of what states the duration of a frame */
enum { STATED_BY = 48 };

typedef struct recorded_episode {
  int number; /* among all episodes of the files, before data.select; messages name this one */
  int file;
  char* group;               /* "" for none; owned */
  int frames;                /* >= 2 after recording_select() */
  int padding;               /* rows of NaN after them, which were left out */
  double* raw;               /* [frames][layout->columns] */
  int actions;               /* 0, frames - 1 or frames */
  double* action;            /* [actions][action_columns] */
  double* condition;         /* [nc], or [frames][nc] if they are per frame */
  double stated_dt;          /* s, that the file states outside of the columns; 0: none */
  char stated_by[STATED_BY]; /* name of the array that states it, "the attribute NAME" or "a comment" */
} recorded_episode;

/* what a file calls a column; owned; NULL: it does not say */
typedef struct column_name {
  char *name, *by;        /* by: the array or attribute of names, NULL: its own name */
  char *other, *other_by; /* the same by another list, NULL: there is none */
} column_name;

typedef struct recorded_condition {
  char name[DF_NAME_MAX];
  const char* array; /* that it is from; lives as long as the recording */
  size_t index;      /* column in this array */
} recorded_condition;

/* what data.ends_key is in the files read so far */
typedef struct recorded_ends {
  ends_kind kind; /* ENDS_ARE_NONE: nothing tells */
  int file;       /* the first that tells */
  bool again;     /* a clock begins again, within a file or with the next one */
  double last;    /* number of a clock */
} recorded_ends;

struct df_recording {
  df_layout* layout;
  df_config config;               /* the layout points into it */
  df_recording_column* column;    /* [layout->columns] */
  df_stored_precision* precision; /* [layout->columns] of their raw numbers */
  df_stored_precision* stated;    /* [layout->columns] that the files state; float64: none */
  df_stored_precision action_stated;
  df_stored_precision action_precision, action_shown; /* that they count as rounded to; that they show by themselves */
  char** array;                                       /* [layout->blocks] names of the columns' arrays */
  column_name* name;                                  /* [layout->columns] that the files state */
  column_name* action_name;                           /* [action_columns] */
  int files;
  char** file;
  char sha256[DF_SHA256_TEXT];
  char unchecked[256]; /* model_unchecked of df_dataset */
  int episodes, capacity;
  recorded_episode* episode;
  int action_columns;
  int nc;
  bool condition_per_frame;
  recorded_condition* condition; /* [nc] */
  label_list* labels;            /* [data.conditions] of those that are texts in the first file */
  int unused;
  df_array_info* unused_array; /* names and types are owned */
  recorded_ends ends;
  bool transposed;    /* an array was read as [columns][frames] */
  long padded_frames; /* rows of NaN left out */
  int padded_episodes;
  int notes;
  char** note;
};

/* Reads one of the files, number `index`, and appends its episodes; of the first one also lists what is unused. */
DF_MUST_CHECK df_status recording_read_file(df_recording* recording, const df_system* system, int index);

/* Frees n names and their array, which may be NULL. */
void recording_free_names(int n, column_name* names);

/* Finds the texts of the conditions in all files, before any is read. Errors: those of labels_add(). */
DF_MUST_CHECK df_status recording_find_labels(df_recording* recording);

/* Keeps the episodes of data.select; `path` is for messages. */
DF_MUST_CHECK df_status recording_select(df_recording* recording, const char* path);

/* Finds the precisions of all raw numbers; those of a column that holds none of a state are float64. Frames are finite.
 * DF_E_NOMEM. */
DF_MUST_CHECK df_status recording_find_precisions(df_recording* recording);

/* Sets time [frames] to the times of an episode from a time or frame_duration column, from 0; false: there is none. */
bool recording_column_times(const df_recording* recording, int episode, double* time);
/* the first frame whose time is not after that of the frame before it; 0: times increase */
int recording_time_fault(int frames, const double* time);

/* Refuses `frames` resampled frames of an episode, `bytes` with those of the episodes of its file before it, if they
 * take more memory than the arrays of the file may (io/memory.h): DF_E_CONFIG, which names the file, what makes them so
 * many, a gap of the times or the rate, and what to do; errors of df_file_read_beginning(). `dt`: of an action, s. */
DF_MUST_CHECK df_status recording_check_memory(const df_recording* recording, const df_config* config, int episode,
                                               double dt, double frames, double bytes);

/* the mean duration of a frame of an episode that its file states, s; 0: none */
double recording_stated_duration(const df_recording* recording, int episode);

void recording_free_episode(recorded_episode* e);

/* puts the path before the message of a setting that is in error (DF_E_CONFIG); returns `status` */
df_status recording_name_file(const char* path, df_status status);

/* "%s: array '%s'" of a raw column in an episode, for messages */
void recorded_place(const df_recording* recording, int episode, int column, char text[512]);

/* Adds a note, unless there is an equal one. DF_E_NOMEM. */
DF_MUST_CHECK df_status recording_note(df_recording* recording, const char* format, ...) DF_PRINTF(2, 3);

#endif
