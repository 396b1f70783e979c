/* joint_delay.h: whether the columns of the joints of a recording, positions and velocities alike, are of an earlier or
 * a later frame than those of the base: two sources that were joined without a common clock. */
#ifndef BENCH_CHECK_JOINT_DELAY_H
#define BENCH_CHECK_JOINT_DELAY_H

#include "check_cfg.h"
#include "dynaflow/config/config.h"
#include "dynaflow/data/dataset.h"
#include "dynaflow/sim/system.h"

enum { JOINT_DELAY_MAX = 5 }; /* frames */

typedef struct joint_delay {
  int frames;             /* by which the joints are late (> 0) or early (< 0); 0: they are not */
  int episodes;           /* that are long enough, of which this is */
  double as_read, misfit; /* misfit_of_contact() as read and without the delay */
} joint_delay;

/* Compares how the poses fit joint limits and floor with the joints of up to JOINT_DELAY_MAX frames later and earlier:
 * feet that stand slide with any other delay than the right one. A delay is wrong if another one leaves at most 70 % of
 * the misfit, if all others leave at least 1.3 times as much, and if both halves of the states agree. None of a
 * robot without a free base (robot_base.h; `objects`: chart.objects; NULL: none), whose joints have no feet that would
 * tell it. Episodes of fewer than 30 actions are left out. Errors: those of
 * misfit_of_poses(), DF_E_NOMEM. */
DF_MUST_CHECK df_status joint_delay_find(const df_dataset* data, const df_system* system, const df_names* objects,
                                         const double* h, const check_cfg* cfg, joint_delay* out);

#endif
