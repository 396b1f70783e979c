/* recording_reader.h: reading one group of one file of a recording. Private. */
#ifndef LIB_DATA_RECORDING_READER_H
#define LIB_DATA_RECORDING_READER_H

#include "episodes.h"
#include "recording_internal.h"

/* arrays that fill columns of the raw frames, side by side */
typedef struct source {
  stack_request request;
  int* column; /* [request.width] */
  stack read;
} source;

/* reading one group of one file */
typedef struct reader {
  df_recording* r;
  array_file* file;
  int index; /* of the file */
  const char* group;
  source* source; /* [sources] */
  int sources;
  stack actions;
  span_list spans; /* the episodes */
  int first;       /* index of the first of them in the recording */
} reader;

/* Reads the conditions of data.conditions, or of the array `conditions`, into the episodes from `first` on; of the
 * first group also sets the recording's names. Errors name file, array and shapes: DF_E_MISMATCH, DF_E_CONFIG,
 * DF_E_FORMAT, DF_E_NOMEM. */
DF_MUST_CHECK df_status reader_conditions(reader* rd);

/* Finds what the file calls the columns of states and actions, which have been read; of the first group sets the
 * recording's names. DF_E_MISMATCH for another group or file with the names in another order, whose columns would be
 * exchanged; DF_E_NOMEM; errors of df_arrays_read_text(). */
DF_MUST_CHECK df_status reader_names(reader* rd);

/* Sets how long a frame of the episodes from `first` on lasts, as the file states it outside of data.columns: an array
 * or an attribute of one number, a comment of a table, control_freq of the attribute env_args (robomimic). Errors name
 * the file and both places: DF_E_CONFIG for two statements that contradict each other, unless data.rate or a column of
 * times tells, and for one that contradicts such a column, of which steps of a simulator are only noted; DF_E_FORMAT
 * for a number that is no rate; DF_E_NOMEM. */
DF_MUST_CHECK df_status reader_duration(reader* rd);

#endif
