/* machine.h: opens the BLAS library of this process, and describes the machine for records. */
#ifndef BENCH_RUN_MACHINE_H
#define BENCH_RUN_MACHINE_H

#include <jansson.h>

#include "options.h"

/* Opens BLAS with the kernel of --blas-kernel, else of the environment variable OPENBLAS_CORETYPE, else detected;
 * --blas-kernel auto detects it and ignores the environment variable. Warns on standard error, unless --quiet, if the
 * kernel is slower than the processor allows. DF_E_BLAS as df_blas_open(). */
DF_MUST_CHECK df_status open_blas(const options* opts);

/* provenance_json() of this process as a new reference; its "blas" is null before open_blas(). */
json_t* machine_provenance(const options* opts);

#endif
