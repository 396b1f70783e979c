/* column_comparison.h: the joints that columns of a recording are read as, and those that their names say they are. */
#ifndef BENCH_CHECK_COLUMN_COMPARISON_H
#define BENCH_CHECK_COLUMN_COMPARISON_H

#include <stdbool.h>

#include "dynaflow/config/config.h"
#include "dynaflow/data/recording.h"
#include "dynaflow/sim/mujoco.h"
#include "dynaflow/sim/system.h"

/* columns of the positions, or velocities, of hinges and slides that have a name */
typedef struct named_columns {
  int n;
  int* column;       /* [n] of the recording */
  int* joint;        /* [n] of the model, as which it is read */
  int* is;           /* [n] the joint of this name, -1: none */
  const char** name; /* [n] */
  int all;           /* columns of joints, also without a name */
  int matched, wrong;
} named_columns;

typedef struct column_comparison {
  const df_recording* recording;
  const df_config* config;
  const df_system* system;
  const df_joint* joints;
  int n_joints;
  const char** joint_name; /* [n_joints], "" for a free or a ball joint */
  bool other;              /* by the other list of names, where there is one */
  named_columns position, velocity;
} column_comparison;

/* Compares the columns of a recording, read with `config`; by the other list of names if `other`, where the file has
 * two. The arguments must outlive `out`. Errors: DF_E_NOMEM. The caller calls column_comparison_clear(), also after a
 * failure. */
DF_MUST_CHECK df_status column_comparison_of(const df_recording* recording, const df_config* config,
                                             const df_system* system, bool other, column_comparison* out);
void column_comparison_clear(column_comparison* c);

/* Whether a joint has one coordinate: a hinge or a slide. */
bool column_is_single(const df_joint* joint);

/* The hinge or slide whose position, or velocity, is x[state]; -1: none. */
int column_joint(const column_comparison* c, int state, bool velocity);

/* Whether what is read as these joints is the same joints, in any order. */
bool columns_are_whole(const column_comparison* c, const named_columns* list);

/* Whether a setting says of each column what it is. The list is not empty. */
bool columns_are_told(const column_comparison* c, const named_columns* list);

/* Whether the names are of the bodies that the joints move. The list is not empty. */
bool columns_are_bodies(const column_comparison* c, const named_columns* list);

#endif
