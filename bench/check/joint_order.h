/* joint_order.h: whether the joints of a recording, positions and velocities alike, are in another order than the
 * model's: the legs of a robot exchanged, or joints sorted by name or by their depth in the tree; or have the opposite
 * sign. */
#ifndef BENCH_CHECK_JOINT_ORDER_H
#define BENCH_CHECK_JOINT_ORDER_H

#include <stdbool.h>

#include "misfit.h"

/* Orders with which the states fit the model better: what is read as joint i of the model is joint to[i], or joint
 * ~to[i] with the opposite sign if to[i] < 0; some joints have another place, or some another sign. */
typedef struct joint_orders {
  bool found;
  bool is_clear;     /* the order as read is wrong, and the best one is the right one, or as good as it; one of signs is
                      * worse in neither half of the states */
  bool by_limits;    /* more than 10 % of the samples are beyond joint limits as read, less than 2 % in the best one */
  int *best, *rival; /* [joints of the model] owned; rival: NULL unless it is about as good as the best */
  double as_read, misfit; /* misfit_of_contact() as read and with it */
  double above;           /* m: the median height of the robot above the floor, without which the states fit as well as
                           * with the best order, which is not found then; 0: they do not */
  double at_floor;        /* misfit_of_contact() without that height */
} joint_orders;

/* Compares the orders. `recorded`: the joints in the order of their columns, as they are read [hinges and slides of the
 * model]; NULL: all, in the model's order. The caller calls joint_orders_clear(), also after a failure. Errors:
 * DF_E_NOMEM, and those of misfit_of(). */
DF_MUST_CHECK df_status joint_order_find(const df_dataset* data, const df_system* system, const double* h,
                                         const int* recorded, const check_cfg* cfg, joint_orders* out);
void joint_orders_clear(joint_orders* o);

/* whether an order [joints of the model] is one of signs */
bool joint_order_reverses(const df_system* system, const int* to);
/* the states of `data` with the joints of an order in their places and with their signs */
void joint_order_apply(const df_system* system, const int* to, df_dataset* data);

#endif
