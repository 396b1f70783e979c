/* foot_legs.h: of which leg each foot of a quadruped is, by the places of the feet. */
#ifndef BENCH_EXPERT_FOOT_LEGS_H
#define BENCH_EXPERT_FOOT_LEGS_H

#include "dynaflow/config/config.h"
#include "dynaflow/sim/system.h"

enum { FOOT_LEGS = 4 };

/* leg[k] = the leg of foot k of eval.feet: 0 FR, 1 FL, 2 RR, 3 RL, as df_gait_offsets() counts them. The robot is posed
 * with its base level and the joints of its actuators at home [nu]; of the feet in the frame of the base, x forward and
 * y left, the two with the largest x are those in front, and of each pair the one with the larger y is the left one.
 * Errors: DF_E_CONFIG if there are not four feet, for a foot that the model lacks, and for feet that are less than 1 mm
 * apart where they must be told apart; those of df_sim_new(). The system must have a base (df_robot_base()). */
DF_MUST_CHECK df_status foot_legs(const df_config* config, const df_system* system, const double* home,
                                  int leg[FOOT_LEGS]);

#endif
