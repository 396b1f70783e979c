/* verify_replay.h: connects verification (bench/verify) to the simulator and the table of methods. */
#ifndef BENCH_REPLAY_VERIFY_REPLAY_H
#define BENCH_REPLAY_VERIFY_REPLAY_H

#include "finding.h"
#include "options.h"

/* The configuration of verify_run() that simulates recorded actions again, under the tasks and models that `opts`
 * finds. `need_checkpoints`: a missing checkpoint is a finding. `opts` must outlive the result. */
verify_cfg verify_with_simulator(const options* opts, bool need_checkpoints);

#endif
