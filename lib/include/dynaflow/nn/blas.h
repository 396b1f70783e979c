/* blas.h: the matrix products, by an OpenBLAS loaded at run time with the kernel set of our choice.
 *
 * OpenBLAS reads its kernel choice when it is loaded, kernels differ by a factor of two in speed and in the bits of
 * their results, and its single-threaded build gives wrong results when two threads call it at once. So the library is
 * loaded once a process, with a named kernel set that is read back, and a build that is unsafe with threads is refused.
 */
#ifndef DYNAFLOW_NN_BLAS_H
#define DYNAFLOW_NN_BLAS_H

#include <stdbool.h>

#include "dynaflow/core/status.h"
#include "dynaflow/nn/real.h"

typedef struct df_blas_cfg {
  const char* library; /* path or name for the loader; NULL: the pthread build of OpenBLAS where distributions put it */
  const char* kernel;  /* e.g. "SkylakeX", "Haswell"; NULL: chosen from the processor (AVX-512, else AVX2, else own) */
  int threads;         /* how many threads will call at once */
} df_blas_cfg;

DF_API df_blas_cfg df_blas_cfg_default(void); /* NULL, NULL, 1 */

/* Loads the library; calls after the first must ask for the same kernel, NULL meaning the processor's own, or give
 * DF_E_BLAS. Other errors: DF_E_BLAS names the library not found, the kernel asked for and the one obtained, or an
 * unsafe build: the serial one with more than one thread, the OpenMP one always, because its results depend on
 * omp_set_num_threads. A refused library is unloaded again. Not to be called concurrently: it sets variables of the
 * environment for the time of the load. */
DF_API DF_MUST_CHECK df_status df_blas_open(const df_blas_cfg* cfg);

typedef struct df_blas_info {
  const char* kernel;   /* as the library names it: part of a result's key */
  const char* config;   /* the library's version and build string */
  bool slower_than_cpu; /* an AVX2 kernel set on a processor with AVX-512: about half the speed */
} df_blas_info;

DF_API const df_blas_info* df_blas_get_info(void); /* NULL before df_blas_open */

#endif
