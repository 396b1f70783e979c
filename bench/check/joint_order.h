/* joint_order.h: whether the joints of a recording, positions and velocities alike, are in another order than the
 * model's: the legs of a robot exchanged, or joints sorted by name or by their depth in the tree. */
#ifndef BENCH_CHECK_JOINT_ORDER_H
#define BENCH_CHECK_JOINT_ORDER_H

#include "misfit.h"

/* Sets *key to the setting of the order with which the states fit the model better, "data.legs" or "data.joints", and
 * *value to its value, for df_free(); NULL both if there is none. Errors: DF_E_NOMEM, and those of misfit_of(). */
DF_MUST_CHECK df_status joint_order_find(const df_dataset* data, const df_system* system, double h,
                                         const check_cfg* cfg, char** key, char** value);

#endif
