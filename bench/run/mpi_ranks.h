/* mpi_ranks.h: the ranks (dynaflow/flow/ranks.h) that mpirun or srun started, connected by MPI. */
#ifndef BENCH_RUN_MPI_RANKS_H
#define BENCH_RUN_MPI_RANKS_H

#include "dynaflow/flow/ranks.h"

/* Initialises MPI if a launcher started this process; *out is NULL if it is alone, as in a build without MPI. To be
 * called once, after the command line is parsed: argp ends the program. The ranks are static. An error of MPI itself
 * ends all ranks with its message. DF_E_UNSUPPORTED if MPI cannot be called from a program with threads. */
DF_MUST_CHECK df_status mpi_ranks_open(df_ranks** out);

/* Ends MPI; every rank has to call it, also after *out was NULL. */
void mpi_ranks_close(void);

#endif
