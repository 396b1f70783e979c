/* AdamW, clipping, averaging and sums of gradients, compared with scalar code of the formulas. */
#include "dynaflow/nn/optimizer.h"

#include "nn_support.h"

static df_net* small_net(void) {
  df_net_cfg cfg = df_net_cfg_default();
  cfg.tokens = 3, cfg.in = 2, cfg.out = 2, cfg.cond = 3, cfg.width = 8, cfg.depth = 1, cfg.skip_hidden = 5;
  df_net* net = NULL;
  assert_int_equal(df_net_new(&cfg, &net), DF_OK);
  return net;
}

static bool decays(const df_net* net, size_t i) {
  const df_tensor* tensors;
  const int n = df_net_tensors(net, &tensors);
  for (int k = 0; k < n; k++) {
    if (i >= tensors[k].offset && i < tensors[k].offset + tensors[k].count) return tensors[k].decay;
  }
  fail_msg("parameter %zu belongs to no tensor", i);
  return false;
}

/* one update with a rate of 0.1 and without average; returns the norm */
static double update_once(df_adamw* o, const df_real* g, df_real* p) {
  return df_adamw_update(o, &(df_update){.rate = .1, .threads = 1, .parameters = p}, g);
}

static void updates_agree_with_the_scalar_formula(void** state) {
  (void)state;
  df_net* net = small_net();
  const size_t n = df_net_parameters(net);
  df_adamw_cfg cfg = {.beta1 = .8, .beta2 = .95, .epsilon = 1e-6, .weight_decay = .1, .clip = 2};
  df_adamw* o = NULL;
  assert_int_equal(df_adamw_new(net, &cfg, &o), DF_OK);
  df_real* p = random_reals(1, n, 1);
  double *right = df_alloc(n, sizeof *right), *m = df_alloc(n, sizeof *m), *v = df_alloc(n, sizeof *v);
  for (size_t i = 0; i < n; i++) right[i] = (double)p[i];

  for (int step = 1; step <= 5; step++) {
    df_real* g = random_reals(10 + (uint64_t)step, n, step == 2 ? 1e-3 : 1); /* step 2 is below the bound */
    double norm = 0;
    for (size_t i = 0; i < n; i++) norm += (double)g[i] * (double)g[i];
    norm = sqrt(norm);
    assert_true((norm > 2) == (step != 2));
    const double rate = .01 * step,
                 returned = df_adamw_update(o, &(df_update){.rate = rate, .threads = 1, .parameters = p}, g);
    assert_below(fabs(returned / norm - 1), 1e-12, "norm"); /* sums in double, in a different order */
    for (size_t i = 0; i < n; i++) {
      const double x = (double)g[i] * (norm > 2 ? 2 / norm : 1);
      m[i] = .8 * m[i] + .2 * x;
      v[i] = .95 * v[i] + .05 * x * x;
      const double direction = m[i] / (1 - pow(.8, step)) / (sqrt(v[i] / (1 - pow(.95, step))) + 1e-6);
      right[i] -= rate * (direction + (decays(net, i) ? .1 * right[i] : 0));
    }
    df_free(g);
  }
  assert_int_equal(o->step, 5);
  for (size_t i = 0; i < n; i++) {
    /* five updates of size up to .1 in single precision: some rounding errors of 6e-8 of numbers up to 4 */
    assert_below(fabs((double)p[i] - right[i]), 3e-6, "parameter");
  }
  df_free(p);
  df_free(right);
  df_free(m);
  df_free(v);
  df_adamw_free(o);
  df_net_free(net);
}

static void only_matrices_decay(void** state) {
  (void)state;
  df_net* net = small_net();
  const df_tensor* tensors;
  const int n = df_net_tensors(net, &tensors);
  for (int k = 0; k < n; k++) {
    const bool matrix = strstr(tensors[k].name, "weight") != NULL;
    if (tensors[k].decay != matrix) fail_msg("%s: decay is %d", tensors[k].name, tensors[k].decay);
  }
  df_net_free(net);
}

static void a_nonfinite_gradient_leaves_everything_as_it_was(void** state) {
  (void)state;
  df_net* net = small_net();
  const size_t n = df_net_parameters(net);
  const df_adamw_cfg cfg = df_adamw_cfg_default();
  df_adamw* o = NULL;
  assert_int_equal(df_adamw_new(net, &cfg, &o), DF_OK);
  df_real *p = random_reals(1, n, 1), *g = random_reals(2, n, 1);
  (void)update_once(o, g, p);
  df_real *p0 = copy_reals(n, p), *m0 = copy_reals(n, o->moment1), *v0 = copy_reals(n, o->moment2);
  const df_real bad[] = {(df_real)NAN, (df_real)INFINITY, -(df_real)INFINITY};
  for (size_t i = 0; i < COUNT(bad); i++) {
    for (size_t at = 0; at < n; at += n - 1) {
      const df_real kept = g[at];
      g[at] = bad[i];
      assert_true(!isfinite(update_once(o, g, p)));
      g[at] = kept;
    }
  }
  assert_memory_equal(p, p0, n * sizeof *p);
  assert_memory_equal(o->moment1, m0, n * sizeof *p);
  assert_memory_equal(o->moment2, v0, n * sizeof *p);
  assert_int_equal(o->step, 1);
  (void)update_once(o, g, p); /* a finite gradient does change them */
  assert_memory_not_equal(p, p0, n * sizeof *p);
  df_real* const all[] = {p, g, p0, m0, v0};
  for (size_t i = 0; i < COUNT(all); i++) df_free(all[i]);
  df_adamw_free(o);
  df_net_free(net);
}

/* the average follows the new parameters; a weight of 1 leaves it, and one that equals the parameters stays */
static void averages_follow_the_formula(void** state) {
  (void)state;
  df_net* net = small_net();
  const size_t n = df_net_parameters(net);
  const df_adamw_cfg cfg = df_adamw_cfg_default();
  df_adamw* o = NULL;
  assert_int_equal(df_adamw_new(net, &cfg, &o), DF_OK);
  df_real *p = random_reals(1, n, 1), *g = random_reals(2, n, 1), *a = random_reals(3, n, 1),
          *before = copy_reals(n, a);
  df_update u = {.rate = .1, .ema = .9, .threads = 1, .parameters = p, .average = a};
  (void)df_adamw_update(o, &u, g);
  for (size_t i = 0; i < n; i++) {
    assert_below(fabs((double)a[i] - (.9 * (double)before[i] + .1 * (double)p[i])), 1e-6, "average");
  }
  memcpy(a, p, n * sizeof *a);
  u.rate = 0;
  (void)df_adamw_update(o, &u, g);
  assert_memory_equal(a, p, n * sizeof *a);
  g[0] = (df_real)NAN;
  memcpy(a, before, n * sizeof *a);
  (void)df_adamw_update(o, &u, g);
  assert_memory_equal(a, before, n * sizeof *a);
  df_real* const all[] = {p, g, a, before};
  for (size_t i = 0; i < COUNT(all); i++) df_free(all[i]);
  df_adamw_free(o);
  df_net_free(net);
}

/* an optimizer of `extra` parameters more than those of the net; more than one block of the loops */
static df_adamw* optimizer_of(const df_net* net, size_t extra) {
  df_adamw_cfg cfg = df_adamw_cfg_default();
  df_adamw* o = NULL;
  cfg.extra = extra;
  assert_int_equal(df_adamw_new(net, &cfg, &o), DF_OK);
  return o;
}

static void updates_do_not_depend_on_threads(void** state) {
  (void)state;
  df_net* net = small_net();
  const size_t extra = 30000, n = df_net_parameters(net) + extra;
  df_real *right = NULL, *average = NULL, *g = random_reals(5, n, 1);
  double norm = 0;
  for (int threads = 1; threads <= 4; threads++) {
    df_adamw* o = optimizer_of(net, extra);
    df_real *p = random_reals(1, n, 1), *a = random_reals(2, n, 1);
    const df_update u = {.rate = .1, .ema = .9, .threads = threads, .parameters = p, .average = a};
    const double got = df_adamw_update(o, &u, g);
    if (threads == 1) right = p, average = a, norm = got;
    assert_memory_equal(p, right, n * sizeof *p);
    assert_memory_equal(a, average, n * sizeof *a);
    assert_true(got == norm);
    if (threads > 1) df_free(p), df_free(a);
    df_adamw_free(o);
  }
  df_real* const all[] = {right, average, g};
  for (size_t i = 0; i < COUNT(all); i++) df_free(all[i]);
  df_net_free(net);
}

/* the sum of the parts of the next test in the order of a binary tree: neighbours first, then their sums, ... */
static void tree_sum(int slices, size_t n, df_real* out) {
  df_real* parts[9];
  for (int s = 0; s < slices; s++) parts[s] = random_reals((uint64_t)s, n, 1);
  for (int gap = 1; gap < slices; gap *= 2) {
    for (int s = 0; s + gap < slices; s += 2 * gap) {
      for (size_t i = 0; i < n; i++) parts[s][i] += parts[s + gap][i];
    }
  }
  memcpy(out, parts[0], n * sizeof *out);
  for (int s = 0; s < slices; s++) df_free(parts[s]);
}

static void sums_over_slices_do_not_depend_on_threads(void** state) {
  (void)state;
  static const size_t sizes[] = {1, 7, 4096, 4097, 30001};
  for (size_t q = 0; q < COUNT(sizes); q++) {
    for (int slices = 1; slices <= 9; slices++) {
      const size_t n = sizes[q];
      df_real *first = zero_reals(n), *parts[9];
      double* right = df_alloc(n, sizeof *right);
      for (int threads = 1; threads <= 4; threads++) {
        for (int s = 0; s < slices; s++) parts[s] = random_reals((uint64_t)s, n, 1);
        df_real* last = copy_reals(n, parts[slices - 1]);
        memset(right, 0, n * sizeof *right);
        for (int s = 0; s < slices; s++) {
          for (size_t i = 0; i < n; i++) right[i] += (double)parts[s][i];
        }
        df_real* out = threads % 2 ? zero_reals(n) : parts[0];
        df_slices_sum(slices, n, parts, threads, out);
        if (threads == 1) tree_sum(slices, n, first);
        assert_memory_equal(first, out, n * sizeof *out);
        /* four successive additions of numbers up to 10, each with a rounding error of 6e-8 */
        for (size_t i = 0; i < n; i++) assert_below(fabs((double)out[i] - right[i]), 3e-6, "sum");
        if (out != parts[0] || slices > 1) assert_memory_equal(last, parts[slices - 1], n * sizeof *last);
        df_free(last);
        if (out != parts[0]) df_free(out);
        for (int s = 0; s < slices; s++) df_free(parts[s]);
      }
      df_free(first);
      df_free(right);
    }
  }
}

static void norms_are_exact_where_they_can_be(void** state) {
  (void)state;
  df_net* net = small_net();
  for (size_t extra = 0; extra <= 9000; extra += 1 + extra / 3) {
    const size_t n = df_net_parameters(net) + extra;
    df_adamw* o = optimizer_of(net, extra);
    df_real *x = zero_reals(n), *p = zero_reals(n);
    for (size_t i = 0; i < n; i++) x[i] = i % 2 ? 3 : -4;
    assert_true(update_once(o, x, p) == sqrt((double)(9 * (n / 2) + 16 * (n - n / 2))));
    memset(x, 0, n * sizeof *x);
    assert_true(update_once(o, x, p) == 0);
    x[n - 1] = (df_real)1e30; /* its square is beyond the range of float */
    assert_below(fabs(update_once(o, x, p) / 1e30 - 1), 1e-7, "large number");
    df_free(x);
    df_free(p);
    df_adamw_free(o);
  }
  df_net_free(net);
}

static void bad_settings_are_named(void** state) {
  (void)state;
  df_net* net = small_net();
  const struct {
    df_adamw_cfg cfg;
    const char* text;
  } bad[] = {{{1, .9, 0, 0, 0, 0}, "beta1 is 1"},
             {{.9, -1, 0, 0, 0, 0}, "beta2 is -1"},
             {{.9, .9, NAN, 0, 0, 0}, "epsilon is nan"},
             {{.9, .9, 0, -.5, 0, 0}, "weight_decay is -0.5"},
             {{.9, .9, 0, 0, -3, 0}, "clip is -3"}};
  for (size_t i = 0; i < COUNT(bad); i++) {
    df_adamw* o = (df_adamw*)net;
    assert_int_equal(df_adamw_new(net, &bad[i].cfg, &o), DF_E_CONFIG);
    assert_null(o);
    if (!strstr(df_error_message(), bad[i].text)) fail_msg("%s", df_error_message());
  }
  df_net_free(net);
}

static void a_failed_allocation_leaves_nothing_behind(void** state) {
  (void)state;
  df_net* net = small_net();
  const df_adamw_cfg cfg = df_adamw_cfg_default();
  size_t n = 1;
  for (df_status status = DF_E_NOMEM; status != DF_OK; n++) {
    df_adamw* o = (df_adamw*)net;
    (void)df_alloc_fail_at(n);
    status = df_adamw_new(net, &cfg, &o);
    (void)df_alloc_fail_at(0);
    assert_true(status == DF_OK ? o != NULL : status == DF_E_NOMEM && o == NULL);
    df_adamw_free(o);
  }
  assert_true(n > 4);
  df_net_free(net);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(updates_agree_with_the_scalar_formula),
      cmocka_unit_test(only_matrices_decay),
      cmocka_unit_test(a_nonfinite_gradient_leaves_everything_as_it_was),
      cmocka_unit_test(averages_follow_the_formula),
      cmocka_unit_test(updates_do_not_depend_on_threads),
      cmocka_unit_test(sums_over_slices_do_not_depend_on_threads),
      cmocka_unit_test(norms_are_exact_where_they_can_be),
      cmocka_unit_test(bad_settings_are_named),
      cmocka_unit_test(a_failed_allocation_leaves_nothing_behind),
  };
  return cmocka_run_group_tests(tests, open_blas, NULL);
}
