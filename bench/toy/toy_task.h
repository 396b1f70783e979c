/* toy_task.h: a task whose demonstrated actions are the points of clouds: a point mass in the plane that is told one
 * action of two numbers. Flows over actions (DF_DECODE_ACTIONS) learn the clouds with the code that learns robots. */
#ifndef BENCH_TOY_TOY_TASK_H
#define BENCH_TOY_TOY_TASK_H

#include "clouds.h"
#include "dynaflow/data/task.h"

/* The settings of the toy: an MLP of three layers of 128, 4000 steps of 256 points in two micro-batches. */
df_config toy_config(void);

/* Makes the task of `points` points of each of n clouds. With more than one, a condition per cloud says which. The
 * caller frees *out with df_task_free(); on failure *out is NULL. Errors: those of df_dataset_new(), df_windows_new(),
 * df_chart_new() and df_mujoco_system_from_xml(). */
DF_MUST_CHECK df_status toy_task_new(const df_config* config, int n, const cloud* clouds, int points, uint64_t seed,
                                     df_task** out);

/* Points of a cloud that are not in a task of the same seed: index 0 .. 2^20 - 1 of set `set`. */
void toy_fresh_point(cloud c, uint64_t seed, int set, int index, double point[2]);

/* the state x0 [4] and the condition [n] of cloud number k of n */
enum { TOY_NX = 4 };
void toy_state(double x0[TOY_NX]);
void toy_condition(int n, int k, double* condition);

/* points [count][2] from and to the normalised actions of the task's chart */
void toy_normalise(const df_task* task, int count, const double* points, double* z);
void toy_denormalise(const df_task* task, int count, const double* z, double* points);

#endif
