/* joint_legs.h: the joints of a model that can be recorded in another order, and which of them are legs. */
#ifndef BENCH_CHECK_JOINT_LEGS_H
#define BENCH_CHECK_JOINT_LEGS_H

#include <stdbool.h>

#include "dynaflow/core/status.h"
#include "dynaflow/sim/mujoco.h"
#include "dynaflow/sim/system.h"
#include "text.h"

enum { LEGS_MAX = 6 };

/* The hinges and slides of a model, in its order; and the legs of its robot: the most runs of two or more joints with
 * the same names but for the prefix before the first '_', of which none hangs on another, as a neck does on a chest. */
typedef struct chain {
  const df_joint** joint; /* [n]; owned */
  int* index;             /* [n] among the joints of the model; owned */
  bool* own;              /* [n] of the robot (robot_base.h), not of an object or a cart beside it; owned */
  int n;
  int legs, per_leg;         /* 0: none */
  int leg_of[LEGS_MAX];      /* first joint of each leg; the others follow */
  char prefix[LEGS_MAX][48]; /* "FL" */
} chain;

/* The caller calls chain_clear(), also after a failure. Errors: DF_E_NOMEM. */
DF_MUST_CHECK df_status chain_of(const df_system* system, chain* out);
void chain_clear(chain* c);

/* Appends the value of data.legs, "FL,FR", with which joints are in the order[n] (joints of the model); false if there
 * is none: legs that are not whole, or joints of no leg. */
bool joint_legs_of(const df_system* system, int n, const int* order, text* out);

#endif
