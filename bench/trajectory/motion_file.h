/* motion_file.h: motions as an npz file that says how to replay it, and as CSV. */
#ifndef BENCH_TRAJECTORY_MOTION_FILE_H
#define BENCH_TRAJECTORY_MOTION_FILE_H

#include "cell.h"
#include "motions.h"

/* what made the motions; strings are owned by the caller */
typedef struct motion_origin {
  const char* x0;         /* of the command line, or NULL */
  const char* checkpoint; /* path, or NULL */
  const char* data_file;  /* demonstrations other than the task's, or NULL */
  int k;
} motion_origin;

/* Writes states, actions, conditions and what docs/running.md lists. Errors: those of df_npz_write() and of hashing the
 * checkpoint; DF_E_NOMEM. */
DF_MUST_CHECK df_status motions_write_npz(const motions* m, const cell* c, const motion_origin* origin,
                                          const char* path);

/* Writes one line per trajectory and frame, with a header of column names and units; the last frame has no action.
 * Errors: those of text_write_output(). */
DF_MUST_CHECK df_status motions_write_csv(const motions* m, const cell* c, const char* path);

/* The text `settings` of a file: every setting as a line "key value". A new string. */
char* settings_text(const df_config* config);

#endif
