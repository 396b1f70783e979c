/* condition.h: conditions given by name, as "gait=trot,vx=0.8", and how they compare with the training data. */
#ifndef BENCH_TRAJECTORY_CONDITION_H
#define BENCH_TRAJECTORY_CONDITION_H

#include <stdbool.h>

#include "dynaflow/data/task.h"
#include "text.h"

/* A category is a set of conditions <name>.<value> of which exactly one is 1, and the others 0, in every training
 * window, such as gait.trot and gait.pace; it is given as name=value. Any other condition is a number, given by its
 * name or by the part of it after the last dot if no other condition has the same. A number that is not given is 0 if
 * the training windows of the same categories have values on both sides of 0, or 0 itself, else their mean. Writes
 * condition [nc]. DF_E_CONFIG for an unknown or repeated name or value, a category that is not given, or a task without
 * conditions; the message lists the known ones. DF_E_NOMEM. */
DF_MUST_CHECK df_status condition_parse(const df_task* task, const char* words, double* condition);

/* Appends a line for every number that is outside the range of the training windows with the same categories, or one
 * line if there are no such windows. */
void condition_warnings(const df_task* task, const double* condition, text* lines);

/* A marker for each condition [nc]: whether it is a value of a category. A new array; NULL without memory. */
bool* condition_categories(const df_task* task);

/* Whether two conditions [nc] have the same categories. */
bool condition_agrees(const df_task* task, const bool* category, const double* a, const double* b);

/* Appends "gait=trot, command.vx=0.8". */
void condition_describe(const df_task* task, const double* condition, text* out);

/* Appends what can be given: "gait=pace|trot, command.vx (0.2 .. 0.6)". */
void condition_known(const df_task* task, text* out);

#endif
