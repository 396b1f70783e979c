/* joint_sign.h: whether joints of a recording, positions and velocities alike, have the opposite sign within their
 * limits, by the forces that the motion needs. */
#ifndef BENCH_CHECK_JOINT_SIGN_H
#define BENCH_CHECK_JOINT_SIGN_H

#include "check_cfg.h"
#include "check_parts.h"

typedef struct joint_signs {
  int* best; /* an order of signs, or of two joints exchanged (joint_order.h), with which the motion needs less force;
              * NULL: none; owned */
  bool is_clear; /* it is the right one; else it cannot be told whether it is, or another one, or the order as read */
  int* exchange; /* unless it is clear: two joints exchanged with which the motion needs no more force than right data,
                  * and the misfit falls to 75 %; NULL: none; owned */
  double as_read, residual; /* check_root_residual() without and with it */
  double floor;             /* check_residual_floor() */
} joint_signs;

/* Reverses each hinge and slide, and the same joint of any set of legs, exchanges the same joint of two legs, and two
 * whole legs, which count if they leave less than 65 % of what any of the others leaves, and compares the forces on
 * what no actuator drives. An order is right if it leaves less than 65 % of the residual and at most 0.75 weights, less
 * than hovering needs, does not add to misfit_of_contact(), every other one, single joints of its set among them,
 * leaves more than 1.15 times of it, both halves of the states agree, the residual falls in most episodes and rises in
 * at most a tenth, and what it leaves out is well above what rounding of the states makes up. Where frames are several
 * physics steps, the residual as read has to be 1.33 times the floor, orders that leave less than the floor are
 * compared by the misfit, and that has to fall to 75 %. `data` is changed meanwhile, and as before at the end. Errors:
 * DF_E_NOMEM, and those of trace_of(), check_root_residual() and misfit_of_poses(). */
DF_MUST_CHECK df_status joint_sign_find(df_dataset* data, const df_system* system, const double* h,
                                        const check_cfg* cfg, joint_signs* out);

#endif
