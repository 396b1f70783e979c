/* goal.h: how far an object is from the goal that a condition commands. */
#ifndef DYNAFLOW_METRICS_GOAL_H
#define DYNAFLOW_METRICS_GOAL_H

#include "dynaflow/config/config.h"
#include "dynaflow/data/dataset.h"
#include "dynaflow/sim/system.h"

DF_BEGIN_DECLS

/* which coordinates of a state are the place of the object, and which conditions are its goal */
typedef struct df_goal {
  int n;            /* coordinates, 1 .. 3; 0: no goal is commanded */
  int position[3];  /* index in x of each, m */
  int condition[3]; /* index of its goal among the conditions, m in the world frame or along the slide */
  double tolerance; /* the goal is reached nearer than this, m */
} df_goal;

/* Finds them by config's eval.goal_joints and eval.goal_conditions: one free joint, of whose place in the world x, y
 * and z are taken in this order, as many as there are conditions; or as many slides as conditions, each with the
 * condition at its place in the list. Sets out->n = 0 if both are empty. Errors, which name the setting and the value:
 * DF_E_CONFIG if one of them is empty, for joints that the model lacks, that are neither slides nor one free joint or
 * that are not as many as the conditions, for conditions that the data lack, for more than 3 conditions and for a
 * system that is not a MuJoCo model; DF_E_ARG for a NULL argument. On failure out->n is 0. */
DF_API DF_MUST_CHECK df_status df_goal_find(const df_system* system, const df_dataset* data, const df_config* config,
                                            df_goal* out);

/* The distance [m] between the object in state x [nx] and the goal in condition [nc]: the 2-norm of the differences.
 * +inf if a coordinate of the place is not finite. `goal` must have a coordinate. */
DF_API double df_goal_distance(const df_goal* goal, const double* x, const double* condition);

DF_END_DECLS

#endif
