/* data_check.h: the checks of a recording, with or without actions: what is wrong, and what it would be right as. */
#ifndef BENCH_CHECK_DATA_CHECK_H
#define BENCH_CHECK_DATA_CHECK_H

#include "data_finding.h"
#include "dynaflow/data/dataset.h"
#include "dynaflow/sim/system.h"

/* how much of a recording is looked at; longer ones are sampled by whole episodes */
typedef struct check_cfg {
  size_t frames_max; /* frames whose positions and velocities are compared */
  size_t poses_max;  /* poses that are compared with the floor */
} check_cfg;
extern const check_cfg check_thorough; /* 100000 and 2000 */
extern const check_cfg check_quick;    /* 10000 and 100: before a training */

/* Adds the findings of all checks of the states as they are. `system` is a MuJoCo model; `h`: s between frames. Errors:
 * those of motion_of() and df_sim_new(). */
DF_MUST_CHECK df_status data_check_states(const df_dataset* data, const df_system* system, double h,
                                          const check_cfg* cfg, data_findings* out);

#endif
