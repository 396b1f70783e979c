/* machine.h: the linear algebra library of this process, and the provenance of what it computes. */
#ifndef BENCH_MACHINE_H
#define BENCH_MACHINE_H

#include <jansson.h>

#include "options.h"

/* Opens BLAS with the kernel of --blas-kernel, else of the environment's OPENBLAS_CORETYPE, else detected ("auto":
 * detected whatever the environment says). Says on standard error when the set is half as fast as the processor. */
DF_MUST_CHECK df_status open_blas(const options* opts);

/* provenance_json() of this process, as a new reference; "blas" is null before open_blas(). */
json_t* machine_provenance(const options* opts);

#endif
