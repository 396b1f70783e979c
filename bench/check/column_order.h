/* column_order.h: the settings with which each column of a recording is read as the joint that it is called. */
#ifndef BENCH_CHECK_COLUMN_ORDER_H
#define BENCH_CHECK_COLUMN_ORDER_H

#include "column_comparison.h"
#include "remedy.h"

/* data.joints and data.velocity_joints, else data.legs, else data.columns; what none of them says is said in words. The
 * caller clears the remedy. */
remedy column_order_settle(const column_comparison* c);

#endif
