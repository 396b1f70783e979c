/* foot_contacts.h: feet that stand on the floor otherwise than those of the other legs, as a joint that is recorded
 * with the opposite sign or another zero makes them. */
#ifndef BENCH_CHECK_FOOT_CONTACTS_H
#define BENCH_CHECK_FOOT_CONTACTS_H

#include <stddef.h>

#include "data_finding.h"
#include "trace.h"

/* Counts, over up to 300 of poses_max pairs of frames, how often each geom that has twins on other legs (twin_geoms.h)
 * stands on what cannot move, while no other part of the robot lies on it: no deeper in it and no faster than they are
 * while they touch it. A geom that stands less than three quarters as often as each of its twins, or is deeper in the
 * floor, has a row `foot contacts` if reversing one hinge of its leg, or adding a constant from 0.1 to 0.5 rad, makes
 * it stand like them, a third more often than recorded; the row warns and names the joint. A leg that is held up is not
 * taken for one: it has to move as they do. Errors: those of df_sim_new(), DF_E_NOMEM. */
DF_MUST_CHECK df_status check_foot_contacts(const trace* m, size_t poses_max, data_findings* out);

#endif
