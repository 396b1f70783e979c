/* blas.h: matrix products by OpenBLAS, which is loaded at run time with a chosen kernel set.
 *
 * OpenBLAS selects its kernels when it is loaded. Kernel sets differ in speed by a factor of two and in the bits of
 * their results, and the single-threaded build gives wrong results when two threads call it at once. Therefore the
 * library is loaded once per process with a named kernel set, the kernel in use is read back and compared, and builds
 * that are unsafe with threads are refused. */
#ifndef DYNAFLOW_NN_BLAS_H
#define DYNAFLOW_NN_BLAS_H

#include <stdbool.h>

#include "dynaflow/core/status.h"
#include "dynaflow/nn/real.h"

DF_BEGIN_DECLS

typedef struct df_blas_cfg {
  const char* library; /* path or name for dlopen; NULL: the pthread build of OpenBLAS in the usual places */
  const char* kernel;  /* kernel set, e.g. "Haswell"; NULL: SkylakeX with AVX-512, else Haswell with AVX2, else the
                        * library's own choice. "naive": plain loops without a library, for comparison: a hundred
                        * times slower, `library` is not read. "bf16": factors of large products are rounded to
                        * bfloat16, sums are in float; oneDNN computes them, and OpenBLAS with the default kernel set
                        * the small ones. Needs AVX-512 BF16 and libdnnl.so.3 or .2 where dlopen finds it */
  int threads;         /* number of threads that may call at once, >= 1 */
} df_blas_cfg;

DF_API df_blas_cfg df_blas_cfg_default(void); /* NULL, NULL, 1 */

/* Loads the library. Must succeed before networks are made; not to be called concurrently, since it sets environment
 * variables while it loads. A refused library is unloaded again. Errors:
 *   DF_E_BLAS   the library is not found or is not OpenBLAS with 32-bit integers and the C interface; it runs another
 *               kernel set than requested; it is an unsafe build: the single-threaded build with threads > 1, or the
 *               OpenMP build, whose results depend on omp_set_num_threads; or bf16 is requested, and the processor or
 *               oneDNN lacks it. After a successful call also for another library or kernel set than the loaded one
 *               (with kernel NULL: another than the processor's default)
 *   DF_E_ARG    cfg is NULL, threads < 1 or an empty kernel name
 *   DF_E_NOMEM  also if the address space has no room for the buffers of the library, 128 MiB per thread, and 256 MiB
 * for the rest of the program: the library would wait for ever for them */
DF_API DF_MUST_CHECK df_status df_blas_open(const df_blas_cfg* cfg);

typedef struct df_blas_info {
  const char* kernel;   /* kernel set in use, as the library names it, "naive" or "bf16+<set>"; part of a key */
  const char* config;   /* the library's version and build string; "plain loops" */
  bool slower_than_cpu; /* the processor has AVX-512 but the kernel set does not use it: about half the speed */
} df_blas_info;

/* Describes the loaded library (static memory); NULL before df_blas_open has succeeded. */
DF_API const df_blas_info* df_blas_get_info(void);

DF_END_DECLS

#endif
