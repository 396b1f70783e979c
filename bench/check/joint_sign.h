/* joint_sign.h: whether joints of a recording, positions and velocities alike, have the opposite sign within their
 * limits, by the forces that the motion needs. */
#ifndef BENCH_CHECK_JOINT_SIGN_H
#define BENCH_CHECK_JOINT_SIGN_H

#include "check_cfg.h"
#include "check_parts.h"

typedef struct joint_signs {
  int* best; /* an order of signs (joint_order.h) with which the motion needs less force; NULL: none; owned */
  double as_read, residual; /* check_root_residual() without and with it */
} joint_signs;

/* Reverses each hinge and slide, and the same joint of any set of legs, and compares the forces on what no actuator
 * drives. A sign is wrong if its reversal leaves less than 65 % of the residual and at most 0.75 weights, less than
 * hovering needs, does not add to the misfit of joint limits, floor and slip, every other one leaves more than 1.15
 * times of it, both halves of the states agree, and what it leaves out is well above what rounding of the states makes
 * up. `data` is changed meanwhile, and as before at the end. Errors: DF_E_NOMEM, and those of trace_of(),
 * check_root_residual() and misfit_of_poses(). */
DF_MUST_CHECK df_status joint_sign_find(df_dataset* data, const df_system* system, const double* h,
                                        const check_cfg* cfg, joint_signs* out);

#endif
