/* launcher.h: what the program that started this one, mpirun or srun, has told it. A build without MPI (`make MPI=1` is
 * one with it) knows no launcher. */
#ifndef BENCH_BASE_LAUNCHER_H
#define BENCH_BASE_LAUNCHER_H

#include <stdbool.h>

/* Whether a launcher has started this process as one of its ranks. */
bool launcher_is_known(void);

/* The number of this process among the ranks; 0 without a launcher. */
int launcher_rank(void);

/* Sends what this process prints to /dev/null, so that only rank 0 prints. */
void launcher_silence(void);

#endif
