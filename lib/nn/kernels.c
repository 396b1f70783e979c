#include "kernels.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* vectors are passed to inlined functions only, so the calling convention that this warns about does not matter */
#pragma GCC diagnostic ignored "-Wpsabi"

/* a vector of eight numbers, in which all sums are accumulated */
typedef df_real lanes __attribute__((vector_size(DF_LANES * sizeof(df_real))));
#ifdef DF_REAL_DOUBLE
typedef int64_t lanes_mask __attribute__((vector_size(sizeof(lanes))));
#else
typedef int32_t lanes_mask __attribute__((vector_size(sizeof(lanes))));
#endif
typedef double lanes_double __attribute__((vector_size(DF_LANES * sizeof(double))));

#define JOIN_(a, b) a##_##b
#define JOIN(a, b)  JOIN_(a, b)
#define NAME(f)     JOIN(f, VARIANT)
#define KERNEL      static TARGET
#define INLINE      static inline __attribute__((always_inline)) TARGET

/* function attributes instead of target_clones, which lower vector types before the clones are made */
#define VARIANT base
#define TARGET
#include "kernels_loops.h"
#undef VARIANT
#undef TARGET

#if defined(__x86_64__)
#define VARIANT avx2
#define TARGET  __attribute__((target("avx2")))
#include "kernels_loops.h"
#undef VARIANT
#undef TARGET

#define VARIANT avx512
#define TARGET  __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl")))
#include "kernels_loops.h"
#undef VARIANT
#undef TARGET
#endif

/* whether this processor can run a set (0 base, 1 AVX2, 2 AVX-512) */
static bool runs(int set) {
#if defined(__x86_64__)
  if (set == 1) return __builtin_cpu_supports("avx2");
  if (set == 2) {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  }
#endif
  return set == 0;
}

const df_kernels* df_kernels_at(int i) {
  static const df_kernels* const sets[] = {
    &kernels_base,
#if defined(__x86_64__)
    &kernels_avx2,
    &kernels_avx512,
#endif
  };
  return i >= 0 && i < (int)(sizeof sets / sizeof *sets) && runs(i) ? sets[i] : NULL;
}

const df_kernels* df_kernels_best(void) {
  const df_kernels* best = df_kernels_at(0);
  for (int i = 1; df_kernels_at(i); i++) best = df_kernels_at(i);
  return best;
}
