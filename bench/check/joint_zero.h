/* joint_zero.h: a joint of a recording whose zero is off by a constant, which looks like an opposite sign or an
 * exchange of joints. */
#ifndef BENCH_CHECK_JOINT_ZERO_H
#define BENCH_CHECK_JOINT_ZERO_H

#include <stdbool.h>

#include "check_cfg.h"
#include "dynaflow/data/dataset.h"
#include "dynaflow/sim/system.h"

typedef enum joint_zero_verdict {
  JOINT_ZERO_WORSE,   /* than the order */
  JOINT_ZERO_UNCLEAR, /* about as good */
  JOINT_ZERO_BETTER
} joint_zero_verdict;

/* The hinge whose positions, less a constant, fit best. */
typedef struct joint_zero {
  joint_zero_verdict verdict;
  int joint;                       /* of the model; -1: no hinge was tried */
  double offset;                   /* of the recorded positions, rad */
  double as_read, misfit, ordered; /* by forces: check_root_residual(), weights; else misfit_of_contact(): as read,
                                    * without the offset, and with the order */
} joint_zero;

/* Compares an order of signs or places [joints of the model] (joint_order.h) with an offset, from -0.5 rad to 0.5 rad,
 * of one hinge that the order changes or of one of its leg, by the sum of the force on what no actuator drives,
 * weights, and misfit_of_contact(). `by_forces`: which of both is reported. An offset that leaves less
 * than 87 % of what the order leaves is better, one that leaves up to 115 % is about as good; either has to leave at
 * most 65 % of what is there as read. Orders that change joints of more than two legs are not compared. `data` is
 * changed meanwhile, and as before at the end. Errors: those of trace_of(), check_root_residual() and
 * misfit_of_poses(). */
DF_MUST_CHECK df_status joint_zero_find(df_dataset* data, const df_system* system, const double* h, const int* order,
                                        bool by_forces, const check_cfg* cfg, joint_zero* out);

/* subtracts the offset of a joint from its positions */
void joint_zero_apply(const joint_zero* z, const df_system* system, df_dataset* data);

#endif
