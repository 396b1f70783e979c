/* fma_peak.h: the peak of this processor in multiply-add operations, measured. */
#ifndef BENCH_SPEED_FMA_PEAK_H
#define BENCH_SPEED_FMA_PEAK_H

/* Runs independent float multiply-adds in registers, with the widest vectors of this processor, for about `seconds` of
 * CPU time of the calling thread, and returns floating-point operations per second of CPU time, two per multiply-add:
 * the best of 3 parts. A processor without fused operations multiplies and adds. */
double fma_peak(double seconds);

/* "avx512", "avx2" (with FMA) or "base": the vectors that fma_peak() uses */
const char* fma_peak_vectors(void);

#endif
