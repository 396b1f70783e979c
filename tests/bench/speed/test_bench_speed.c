/* What the benchmarks of training, products, samples and scaling compute from their measurements. */
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "bench_gemm.h"
#include "bench_sample.h"
#include "bench_scaling.h"
#include "child.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/core/clock.h"
#include "dynaflow/nn/blas.h"
#include "fma_peak.h"
#include "json.h"
#include "methods.h"
#include "unit.h"

/* ---- train ---- */

static const step_times step = {.simulated = 6,
                                .adjoint = 2,
                                .forward = 1,
                                .backward = 3,
                                .optimizer = 0.5,
                                .data = 0.25,
                                .cpu = 13,
                                .wall = 7,
                                .bare = 5,
                                .flops = 80,
                                .peak = 40};

static void the_parts_of_a_step_add_up_to_its_time(void** state) {
  (void)state;
  double q[STEP_QUANTITIES], sum = 0;
  step_quantities(&step, q);
  for (int i = 0; i < STEP_CPU; i++) sum += q[i];
  assert_true(sum == q[STEP_CPU] && q[STEP_CPU] == 13);
  assert_true(q[STEP_SIMULATION] == 5 && q[STEP_TAPE] == 1 && q[STEP_WAITING] == 0.25);
  assert_true(q[STEP_RATIO] == 13.0 / 5);
  /* 80 operations in 4 s of network, of 40 per second */
  assert_true(q[STEP_RATE] == 20 && q[STEP_PEAK_SHARE] == 0.5);
}

static void a_method_without_a_simulator_has_no_ratio(void** state) {
  (void)state;
  step_times none = step;
  double q[STEP_QUANTITIES];
  none.simulated = none.adjoint = 0;
  none.bare = NAN;
  step_quantities(&none, q);
  assert_true(isnan(q[STEP_SIMULATION]) && isnan(q[STEP_TAPE]) && isnan(q[STEP_ADJOINT]) && isnan(q[STEP_RATIO]));
  assert_true(q[STEP_WAITING] == 8.25);
}

static const speed_cfg cfg = {.task = "my_task", .method = &df_method_dynaflow, .passes = 2};

static double field(const rows* r, size_t i, const char* name) {
  return number_of(json_object_get(json_array_get(r->list, i), name));
}

static void rows_have_medians_and_shares(void** state) {
  (void)state;
  double storage[STEP_QUANTITIES][3];
  double* values[STEP_QUANTITIES];
  for (int q = 0; q < STEP_QUANTITIES; q++) {
    values[q] = storage[q];
    for (int i = 0; i < 3; i++) storage[q][i] = (q + 1) * 1e-6 * (i + 1);
  }
  for (int i = 0; i < 3; i++) storage[STEP_TAPE][i] = NAN;
  rows out = rows_new();
  bench_train_rows(&cfg, 3, values, &out);
  assert_int_equal(json_array_size(out.list), STEP_QUANTITIES - 1); /* not of the tape, which has no value */
  assert_string_equal(string_of(json_array_get(out.list, 1), "quantity"), "adjoint");
  assert_true(fabs(field(&out, 1, "value") - 6) < 1e-9); /* in us */
  assert_true(fabs(field(&out, 1, "share") - 3.0 / 9) < 1e-9);
  assert_true(fabs(field(&out, 1, "low") - 4.5) < 1e-9 && fabs(field(&out, 1, "high") - 7.5) < 1e-9);
  assert_true(isnan(field(&out, STEP_WALL - 1, "share")));
  rows_free(&out);
}

/* ---- gemm ---- */

static void products_of_one_shape_are_counted_together(void** state) {
  (void)state;
  step_products* list = NULL;
  int n = 0;
  const df_gemm_shape a = {DF_AS_IS, DF_TRANSPOSED, 2, 3, 4, 4, 4, 3};
  df_gemm_shape b = a, c = a;
  b.ldc = 8;
  c.op_b = DF_AS_IS;
  list = count_shape(list, &n, &a);
  list = count_shape(list, &n, &b);
  list = count_shape(list, &n, &c);
  assert_int_equal(n, 2);
  assert_true(list[0].count == 2 && list[0].shape.ldc == 3);
  assert_true(list[1].count == 1 && list[1].shape.op_b == DF_AS_IS);
  assert_true(shape_flops(&a) == 48);
  df_free(list);
}

/* no product is faster than the peak; the margin is for clocks that change between the two, and the best of some peaks
 * counts, as of the products, since other processes slow either down */
static void the_peak_is_above_the_rate_of_a_product(void** state) {
  (void)state;
  enum { N = 256, CALLS = 8 };
  df_blas_cfg blas = df_blas_cfg_default();
  if (df_blas_open(&blas) != DF_OK) skip_because("%s", df_error_message());
  float* x = df_alloc((size_t)3 * N * N, sizeof *x);
  double best = INFINITY;
  for (int i = 0; i < CALLS; i++) {
    const double begin = df_clock_thread();
    df_gemm(DF_AS_IS, DF_AS_IS, N, N, N, 1, x, N, x + N * N, N, 0, x + 2 * N * N, N);
    best = fmin(best, df_clock_thread() - begin);
  }
  const double rate = 2.0 * N * N * N / best;
  double peak = fma_peak(0.02);
  for (int i = 0; i < CALLS && !(rate < 1.2 * peak); i++) peak = fmax(peak, fma_peak(0.02));
  df_free(x);
  if (!(rate < 1.2 * peak)) fail_msg("a product runs at %g, the peak is %g", rate, peak);
  assert_true(peak < 64 * 8e9); /* two units of 16 lanes at 8 GHz */
}

/* ---- sample ---- */

static void latencies_are_values_that_were_measured(void** state) {
  (void)state;
  double values[200];
  for (int i = 0; i < 200; i++) values[i] = 200 - i;
  const latency l = latency_of(200, values);
  assert_true(l.p50 == 100 && l.p90 == 180 && l.p99 == 198 && l.most == 200);
  double one[] = {7};
  assert_true(latency_of(1, one).p50 == 7 && latency_of(1, one).p99 == 7);
}

/* ---- scaling ---- */

/* in every pass its own ratio; CPU times are of no use for it */
static void the_speedup_is_the_median_of_the_ratios_of_passes(void** state) {
  (void)state;
  double wall[] = {4, 6, 9, 2, 4, 3, 1, 4, 4}, cpu[] = {3, 5, 10, 4, 6, 8, 16, 2, 7};
  double kept[2][9];
  bool same[] = {true, false, true};
  const scaling_times t = {.threads = 3, .passes = 3, .wall = wall, .cpu = cpu, .same = same};
  memcpy(kept[0], wall, sizeof wall);
  memcpy(kept[1], cpu, sizeof cpu);
  rows out = rows_new();
  assert_int_equal(bench_scaling_rows(&cfg, &t, &out), DF_OK);
  assert_int_equal(json_array_size(out.list), 3);
  /* medians of the passes; ratios 2, 1.5, 3 and 4, 1.5, 2.25, whose quartiles lie half way between */
  static const struct {
    double step_ms, cpu_ms, speedup, low, high;
  } wanted[] = {{6000, 5000, 1, 1, 1}, {3000, 6000, 2, 1.75, 2.5}, {4000, 7000, 2.25, 1.875, 3.125}};
  for (size_t i = 0; i < 3; i++) {
    assert_true(field(&out, i, "threads") == (double)i + 1 && field(&out, i, "passes") == 3);
    assert_true(field(&out, i, "step_ms") == wanted[i].step_ms && field(&out, i, "cpu_ms") == wanted[i].cpu_ms);
    assert_true(field(&out, i, "speedup") == wanted[i].speedup);
    assert_true(field(&out, i, "efficiency") == wanted[i].speedup / ((double)i + 1));
    assert_true(field(&out, i, "low") == wanted[i].low && field(&out, i, "high") == wanted[i].high);
    assert_true(json_is_true(json_object_get(json_array_get(out.list, i), "same_bytes")) == same[i]);
  }
  assert_memory_equal(wall, kept[0], sizeof wall);
  assert_memory_equal(cpu, kept[1], sizeof cpu);
  rows_free(&out);
}

/* ---- child ---- */

/* writes so many bytes, more than a pipe holds */
static df_status write_many(child* c, void* context) {
  for (int i = 0; i < *(const int*)context; i++) {
    const unsigned char byte = (unsigned char)i;
    DF_TRY(child_write(c, &byte, 1));
  }
  return DF_OK;
}

static df_status fail_after_bytes(child* c, void* context) {
  DF_TRY(child_write(c, "half", 4));
  return df_fail(DF_E_BLAS, "no %s", (const char*)context);
}

static df_status die(child* c, void* context) {
  (void)c;
  (void)context;
  signal(SIGSEGV, SIG_DFL);
  raise(SIGSEGV);
  return DF_OK;
}

static void the_bytes_of_a_child_arrive(void** state) {
  (void)state;
  int n = 200000;
  void* bytes;
  size_t got;
  assert_int_equal(child_run(write_many, &n, &bytes, &got), DF_OK);
  assert_int_equal(got, n);
  for (int i = 0; i < n; i++) assert_int_equal(((unsigned char*)bytes)[i], (unsigned char)i);
  df_free(bytes);
}

static void a_failure_of_a_child_is_one_of_the_call(void** state) {
  (void)state;
  char word[] = "kernel";
  void* bytes = word;
  size_t got;
  assert_int_equal(child_run(fail_after_bytes, word, &bytes, &got), DF_E_BLAS);
  assert_string_equal(df_error_message(), "no kernel");
  assert_null(bytes);
  assert_int_equal(child_run(die, NULL, &bytes, &got), DF_E_IO);
  assert_string_equal(df_error_message(), "the child process ended by signal 11");
  assert_null(bytes);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      /* first: children need a process with one thread */
      cmocka_unit_test(the_bytes_of_a_child_arrive),
      cmocka_unit_test(a_failure_of_a_child_is_one_of_the_call),
      cmocka_unit_test(the_parts_of_a_step_add_up_to_its_time),
      cmocka_unit_test(a_method_without_a_simulator_has_no_ratio),
      cmocka_unit_test(rows_have_medians_and_shares),
      cmocka_unit_test(products_of_one_shape_are_counted_together),
      cmocka_unit_test(the_peak_is_above_the_rate_of_a_product),
      cmocka_unit_test(latencies_are_values_that_were_measured),
      cmocka_unit_test(the_speedup_is_the_median_of_the_ratios_of_passes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
