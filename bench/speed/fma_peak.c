#include "fma_peak.h"

#include <math.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "dynaflow/core/clock.h"

/* independent sums: at least latency times throughput of a multiply-add, at most the number of vector registers */
enum { SUMS = 12 };
#define EACH(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11)

/* the loop for vectors of `lanes` floats: `rounds` times SUMS multiply-adds; the empty asm statement makes the compiler
 * compute each of them */
#define FMA_LOOP(name, attributes, lanes, multiply_add)                              \
  typedef float vector_##name __attribute__((vector_size((lanes) * sizeof(float)))); \
  attributes static double name(long rounds) {                                       \
    vector_##name sum[SUMS] = {{0}}, zero = {0};                                     \
    const vector_##name factor = zero + 0.5f, term = zero + 1.0f;                    \
    for (long r = 0; r < rounds; r++) {                                              \
      EACH(multiply_add)                                                             \
      EACH(KEEP)                                                                     \
    }                                                                                \
    return 2.0 * SUMS * (lanes) * (double)rounds;                                    \
  }
#define KEEP(i) __asm__ volatile("" : "+x"(sum[i]));

#if defined(__x86_64__)
#define FUSED_512(i) sum[i] = (vector_avx512)_mm512_fmadd_ps((__m512)sum[i], (__m512)factor, (__m512)term);
#define FUSED_256(i) sum[i] = (vector_avx2)_mm256_fmadd_ps((__m256)sum[i], (__m256)factor, (__m256)term);
#define SEPARATE(i)  sum[i] = sum[i] * factor + term;
FMA_LOOP(avx512, __attribute__((target("avx512f"))), 16, FUSED_512)
FMA_LOOP(avx2, __attribute__((target("avx2,fma"))), 8, FUSED_256)
FMA_LOOP(base, , 4, SEPARATE)
#else
static double base(long rounds) {
  volatile float sum = 0;
  for (long r = 0; r < rounds; r++) sum = sum * 0.5f + 1.0f;
  return 2.0 * (double)rounds;
}
#endif

typedef struct loop {
  const char* name;
  double (*run)(long rounds); /* returns the number of operations */
} loop;

static loop widest(void) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) return (loop){"avx512", avx512};
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return (loop){"avx2", avx2};
#endif
  return (loop){"base", base};
}

const char* fma_peak_vectors(void) {
  return widest().name;
}

double fma_peak(double seconds) {
  enum { PARTS = 3, ROUNDS = 20000 };
  const loop l = widest();
  double best = 0;
  for (int part = 0; part < PARTS; part++) {
    const double begin = df_clock_thread();
    double now, work = 0;
    do {
      work += l.run(ROUNDS);
      now = df_clock_thread();
    } while (now - begin < seconds / PARTS);
    best = fmax(best, work / (now - begin));
  }
  return best;
}
