/* step.h: the adjoint of one physics step, from its records on the tape. */
#ifndef LIB_SIM_ADJOINT_STEP_H
#define LIB_SIM_ADJOINT_STEP_H

#include "model.h"
#include "tape.h"

/* Size of the scratch memory in doubles, and its initialisation. */
size_t df_adjoint_work_size(const df_mujoco* system);
void df_adjoint_prepare(const df_mujoco* system, double* work);

/* The adjoints of the physics step whose records begin at `first` on the tape, for `rows` cotangents of its end: from y
 * [rows][2 nv + na] to xbar [rows][2 nv + na] (may be y); adds to ubar [rows][nu] and, unless it is NULL, to pbar
 * [nparameter], which takes one row only. All rows share one factorization; each has the bits that it has alone. */
void df_adjoint_step(const df_mujoco* system, const df_tape* tape, int first, double* work, int rows, const double* y,
                     double* xbar, double* ubar, double* pbar);

/* Scratch memory in doubles that pbar needs behind its nparameter entries. */
size_t df_parameter_work_size(const df_mujoco* system);

#endif
