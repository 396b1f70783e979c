/* trajectory_file.h: reads files of trajectories, of `dynaflow sample` or of any other program. docs/running.md
 * describes the layout. */
#ifndef BENCH_TRAJECTORY_TRAJECTORY_FILE_H
#define BENCH_TRAJECTORY_TRAJECTORY_FILE_H

#include <jansson.h>

#include "dynaflow/core/hash.h"
#include "dynaflow/data/task.h"
#include "dynaflow/io/npz.h"

typedef struct trajectories {
  int n, length;      /* trajectories, and actions of each */
  double* states;     /* [n][length+1][nx] */
  double* actions;    /* [n][length][nu]; NULL: states only */
  double* conditions; /* [n][nc]; NULL: unknown */
  char* doubt;        /* why its model may differ from the task's although the files are the same; NULL: it does not */
  char* origin;       /* which other task or version of MuJoCo the file names; NULL: none */
  char* norms;        /* which quaternions were normalised; NULL: none */
  json_t* provenance; /* {key: text} of the texts in the file that say where it comes from */
  char sha256[DF_SHA256_TEXT];
} trajectories;

/* Reads an npz file and checks it against a task. `states` [n][length+1][nx] is required; `actions`, `conditions` with
 * `condition_names`, `dt`, the hashes of the model and the system.* lines of `settings` (as `dynaflow sample` writes
 * them, "key value") are checked if they are there. Values of states and actions may
 * be NaN, those of start states and conditions may not; quaternions have norms as states_check_norms() admits. Errors
 * name the file, the array and what is expected: DF_E_FORMAT, DF_E_MISMATCH, DF_E_NONFINITE, DF_E_MISSING, DF_E_IO,
 * DF_E_NOMEM. On failure *out is NULL. */
DF_MUST_CHECK df_status trajectories_read(const char* path, const df_task* task, trajectories** out);
void trajectories_free(trajectories* t); /* NULL is allowed */

/* Reads the conditions [n][nc] of a file with n trajectories; *out is NULL if it has none. Errors as above. */
DF_MUST_CHECK df_status trajectory_conditions(const char* path, df_npz* npz, const df_task* task, size_t n,
                                              double** out);

/* The names of the conditions of a task, separated by commas: the text `condition_names`. A new string. */
char* condition_names(const df_task* task);

/* "[4][17][2]" in `out`, which is returned */
const char* shape_text(int rank, const size_t* shape, char out[128]);

#endif
