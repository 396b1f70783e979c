/* What the benchmarks measure of a method whose steps are known: their number, their products, and their CPU time. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench_gemm.h"
#include "bench_scaling.h"
#include "child.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/core/clock.h"
#include "dynaflow/nn/blas.h"
#include "json.h"
#include "near.h"
#include "slide_task.h"

/* ---- the method ---- */

enum { STEPS_MAX = 16, M = 16, N = 12, K = 20 };
typedef struct times {
  double wall, cpu;
} times;

static times now(void) {
  return (times){.wall = df_clock_wall(), .cpu = df_clock_cpu()};
}

/* what the method does, and the clocks before and after the calls of its progress */
static struct {
  int simulated_until;   /* steps that simulate windows, 4 in each */
  bool other_on_threads; /* the weights depend on the number of threads */
  df_method_env env;
  int trainings;
  times before[2][STEPS_MAX + 1], after[2][STEPS_MAX + 1]; /* of the last training on 1 and 2 threads, by step */
} known;

static df_status create(const df_method_env* env, void** self) {
  known.env = *env;
  *self = &known;
  return DF_OK;
}

static void destroy(void* self) {
  (void)self;
}

static void burn(double seconds) {
  const double begin = df_clock_thread();
  while (df_clock_thread() - begin < seconds) continue;
}

/* n products of M x K and K x N, and in even steps one of N x M and M x M, of which the first factor is transposed */
static void multiply(int n, bool even) {
  static float a[M * K], b[K * M], c[M * M];
  for (int i = 0; i < n; i++) df_gemm(DF_AS_IS, DF_AS_IS, M, N, K, 1, a, K, b, N, 0, c, N);
  if (even) df_gemm(DF_TRANSPOSED, DF_AS_IS, N, M, M, 1, a, N, b, M, 0, c, M);
}

/* Step s has s products and 2 s ms of CPU time, and the first one 20 ms more. Another network is trained first. */
static df_status train(void* self, df_training_log* logs, int* n) {
  const df_method_env* env = &known.env;
  const long steps = env->task->config.train_steps;
  const double x0[2] = {0.1, 0}, u[HORIZON] = {0.5, 0.25, 0};
  (void)self;
  *n = 0;
  (void)logs;
  assert_true(steps <= STEPS_MAX);
  known.trainings++;
  for (long s = 1; s <= steps; s++) {
    const df_progress at = {.network = "other", .step = s, .steps = steps};
    multiply(1, true);
    env->progress(env->progress_context, &at);
  }
  for (long s = 1; s <= steps; s++) {
    const df_progress at = {.network = "known", .step = s, .steps = steps};
    multiply((int)s, s % 2 == 0);
    burn(2e-3 * (double)s + (s == 1 ? 0.02 : 0));
    for (int i = 0; i < 4 && s <= known.simulated_until && env->simulated; i++)
      env->simulated(env->simulated_context, i, x0, u);
    const int at_threads = env->threads > 1;
    known.before[at_threads][s] = now();
    env->progress(env->progress_context, &at);
    known.after[at_threads][s] = now();
    if (env->stop && *env->stop) return df_fail(DF_E_INTERRUPTED, "stopped");
  }
  return DF_OK;
}

static df_status save(const void* self, const char* path) {
  (void)self;
  return df_file_write(path, known.other_on_threads && known.env.threads > 1 ? "others" : "weight", 6);
}

static const df_method method = {.name = "known",
                                 .summary = "a method of this test",
                                 .flags = DF_METHOD_TRAINS,
                                 .create = create,
                                 .destroy = destroy,
                                 .train = train,
                                 .save = save,
                                 .networks = {"known"}};

static double field(const json_t* one, const char* name) {
  return number_of(json_object_get(one, name));
}

/* a benchmark of the method; the caller frees the rows */
static rows bench(df_status (*benchmark)(const speed_cfg*, rows*), int threads, int passes, const char* kernel,
                  df_status wanted) {
  options opts = options_default();
  opts.quiet = true;
  opts.threads = threads;
  opts.profile = "";
  opts.blas_kernel = kernel;
  const speed_cfg cfg = {.task = test_folder(), .method = &method, .passes = passes, .opts = &opts};
  rows out = rows_new();
  make_slide_task();
  const df_status status = benchmark(&cfg, &out);
  if (status == DF_E_BLAS) {
    rows_free(&out);
    skip_because("%s", df_error_message());
  }
  if (status != wanted) fail_msg("%d: %s", (int)status, df_error_message());
  return out;
}

/* ---- gemm ---- */

/* the work of a child: the CPU time of a product with plain loops, the least of some */
static df_status time_plain(child* to, void* context) {
  df_blas_cfg blas = df_blas_cfg_default();
  double best = INFINITY;
  (void)context;
  blas.kernel = "naive";
  DF_TRY(df_blas_open(&blas));
  for (int i = 0; i < 20; i++) {
    const double begin = df_clock_thread();
    multiply(100, false);
    best = fmin(best, (df_clock_thread() - begin) / 100);
  }
  return child_write(to, &best, sizeof best);
}

/* The second step has two products of one shape and one of another. */
static void products_are_those_of_a_step_and_seconds_those_of_one_product(void** state) {
  (void)state;
  rows out = bench(bench_gemm, 1, 1, "naive", DF_OK);
  void* best;
  size_t n;
  assert_int_equal(child_run(time_plain, NULL, &best, &n), DF_OK);
  assert_int_equal(json_array_size(out.list), 3);
  const json_t *first = json_array_get(out.list, 0), *second = json_array_get(out.list, 1);
  const json_t* all = json_array_get(out.list, 2);
  assert_string_equal(string_of(first, "product"), "NN 16 x 12 x 20");
  assert_string_equal(string_of(second, "product"), "TN 12 x 16 x 16");
  assert_true(field(first, "per_step") == 2 && field(second, "per_step") == 1 && field(all, "per_step") == 1);
  const double mflop[] = {2e-6 * M * N * K, 2e-6 * N * M * M};
  assert_near(field(first, "mflop"), mflop[0], 1e-15);
  assert_near(field(second, "mflop"), mflop[1], 1e-15);
  assert_near(field(all, "mflop"), 2 * mflop[0] + mflop[1], 1e-15);
  const double seconds = 2 * mflop[0] / field(first, "gflop_per_s") + mflop[1] / field(second, "gflop_per_s");
  assert_near(field(all, "gflop_per_s"), (2 * mflop[0] + mflop[1]) / seconds, 1e-9 * field(all, "gflop_per_s"));
  /* of some microseconds, as this test measures it; clocks and caches are no factor of 8 */
  const double rate = 1e-3 * mflop[0] / *(const double*)best;
  if (!(field(first, "gflop_per_s") > rate / 8 && field(first, "gflop_per_s") < rate * 8))
    fail_msg("%g GFLOP/s, wanted %g", field(first, "gflop_per_s"), rate);
  const double peak = field(first, "gflop_per_s") / field(first, "of_peak");
  assert_near(field(second, "of_peak"), field(second, "gflop_per_s") / peak, 1e-9);
  df_free(best);
  rows_free(&out);
}

/* ---- scaling ---- */

/* the time of a step lies between those that the calls of the first and the last step leave */
static void check_time(double ms, double first, double from, double to, double last) {
  const double least = 1e3 * (to - from) / 5, most = 1e3 * (last - first) / 5;
  if (!(ms >= least && ms <= most)) fail_msg("%g ms, wanted %g to %g", ms, least, most);
}

static void a_step_of_scaling_is_a_fifth_of_the_five_after_the_first(void** state) {
  (void)state;
  for (int other = 0; other < 2; other++) {
    memset(&known, 0, sizeof known);
    known.other_on_threads = other;
    rows out = bench(bench_scaling, 2, 1, NULL, other ? DF_E_MISMATCH : DF_OK);
    assert_int_equal(json_array_size(out.list), 2);
    assert_int_equal(known.trainings, 2);
    for (int i = 0; i < 2; i++) {
      const json_t* one = json_array_get(out.list, (size_t)i);
      const times *before = known.before[i], *after = known.after[i];
      assert_true(field(one, "threads") == i + 1 && field(one, "passes") == 1);
      check_time(field(one, "step_ms"), before[1].wall, after[1].wall, before[6].wall, after[6].wall);
      check_time(field(one, "cpu_ms"), before[1].cpu, after[1].cpu, before[6].cpu, after[6].cpu);
      const double speedup = field(json_array_get(out.list, 0), "step_ms") / field(one, "step_ms");
      assert_near(field(one, "speedup"), speedup, 1e-9);
      assert_near(field(one, "efficiency"), speedup / (i + 1), 1e-9);
      assert_true(json_is_true(json_object_get(one, "same_bytes")) == !(other && i));
    }
    rows_free(&out);
  }
}

/* ---- train ---- */

static const json_t* row_of(const rows* r, const char* quantity) {
  size_t i;
  json_t* one;
  json_array_foreach(r->list, i, one) if (strcmp(string_of(one, "quantity"), quantity) == 0) return one;
  return NULL;
}

/* The third to the fifth step are measured, and not what is measured between them: 3 to 5 products and 6 to 10 ms. */
static void the_steps_after_two_are_measured_each_for_itself(void** state) {
  (void)state;
  memset(&known, 0, sizeof known);
  known.simulated_until = STEPS_MAX;
  rows out = bench(bench_train, 1, 3, NULL, DF_OK);
  const json_t *work = row_of(&out, "matrix products"), *step = row_of(&out, "step");
  assert_true(work && step && row_of(&out, "simulation"));
  assert_true(field(work, "steps") == 3);
  /* in GFLOP: the fourth step has one product more of the other kind */
  const double products[] = {3 * 2e-9 * M * N * K, 4 * 2e-9 * M * N * K + 2e-9 * N * M * M, 5 * 2e-9 * M * N * K};
  assert_true(products[0] < products[1] && products[1] < products[2]);
  assert_near(field(work, "value"), products[1], 1e-15);
  assert_near(field(work, "low"), (products[0] + products[1]) / 2, 1e-15);
  assert_near(field(work, "high"), (products[1] + products[2]) / 2, 1e-15);
  /* in us; the steps grow, so that the fourth is the median */
  const double used = 1e6 * (known.before[0][4].cpu - known.after[0][3].cpu);
  if (!(field(step, "value") >= used && field(step, "value") < used + 2e3))
    fail_msg("%g us, wanted %g", field(step, "value"), used);
  assert_true(used >= 8e3);
  rows_free(&out);
}

/* windows that only the first two steps simulate are not simulated again after the others */
static void rollouts_are_those_of_the_step_alone(void** state) {
  (void)state;
  static const char* const quantities[] = {"simulation", "tape", "adjoint", "step / simulation"};
  for (int until = 2; until <= 5; until += 3) {
    memset(&known, 0, sizeof known);
    known.simulated_until = until;
    rows out = bench(bench_train, 1, 3, NULL, DF_OK);
    for (int i = 0; i < 4; i++) assert_true((row_of(&out, quantities[i]) != NULL) == (until == 5));
    rows_free(&out);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      /* first: children need a process with one thread */
      cmocka_unit_test(products_are_those_of_a_step_and_seconds_those_of_one_product),
      cmocka_unit_test(a_step_of_scaling_is_a_fifth_of_the_five_after_the_first),
      cmocka_unit_test(the_steps_after_two_are_measured_each_for_itself),
      cmocka_unit_test(rollouts_are_those_of_the_step_alone),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
