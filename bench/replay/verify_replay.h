/* verify_replay.h: what verification needs of the simulator and of the methods. */
#ifndef BENCH_VERIFY_REPLAY_H
#define BENCH_VERIFY_REPLAY_H

#include "finding.h"
#include "options.h"

/* Everything verification is given, with recorded actions simulated again under the tasks and models that `opts` finds.
 * `opts` must outlive the result. */
verify_cfg verify_with_simulator(const options* opts, bool need_checkpoints);

#endif
