/* episode_distance.h: how far an episode, or all of them together, is from what is right by a check: by which number a
 * mistake of one episode and one of all are told apart. */
#ifndef BENCH_CHECK_EPISODE_DISTANCE_H
#define BENCH_CHECK_EPISODE_DISTANCE_H

#include "data_finding.h"
#include "trace.h"

/* The number of a row of all episodes and its distance from what is right, of a check and the column of its row. */
typedef struct episode_distance {
  bool measured;   /* the check has such a distance */
  double value;    /* in the unit of the row; NAN: unknown */
  double distance; /* >= 0; of a factor, the logarithm; of a base point, the error; NAN: unknown */
} episode_distance;

/* Of the pairs of `m`, whose findings are `found`. */
episode_distance episode_distance_of(const trace* m, const data_findings* found, data_check check, const char* column);

/* The groups of dofs that a row of velocities is of, a bit (1 << group) each; 0 of other rows. Without a column, rows
 * of order and sign are of hinges and slides, others of all groups. */
unsigned episode_groups_of(const trace* m, data_check check, const char* column);

/* Whether a row is of hinges and slides, or of all that moves; not one of free or ball joints, of one of them ("base
 * rotation of trunk"), their coordinates or their heading. */
bool episode_row_is_of_joints(const trace* m, data_check check, const char* column);

/* The place of a column among those of the model: groups before dofs; -1: neither. */
int episode_place_of(const trace* m, const char* column);

#endif
