/* bench_gemm.h: the matrix products of a training step, on each back end. */
#ifndef BENCH_SPEED_BENCH_GEMM_H
#define BENCH_SPEED_BENCH_GEMM_H

#include "bench_train.h"
#include "dynaflow/nn/gemm.h"

/* the products of one size and kind in a training step; the distances of their rows are those of the first one */
typedef struct step_products {
  df_gemm_shape shape;
  long count;
} step_products;

/* Adds one product to the list of n elements, which grows. */
step_products* count_shape(step_products* list, int* n, const df_gemm_shape* shape);

/* floating-point operations of one product */
double shape_flops(const df_gemm_shape* shape);

/* Computes the products of one training step of the method on one thread, with each of the kernel sets of OpenBLAS that
 * this processor and library run (--blas-kernel names one), and with plain loops; back ends take turns, each in a
 * process of its own. Adds a row per back end and shape, and one per back end for all products of a step. Errors of
 * cell_open(), cell_load(), training and child_run(). */
DF_MUST_CHECK df_status bench_gemm(const speed_cfg* cfg, rows* out);

#endif
