/* All networks in single precision: comparison with the reference implementation, equal bits, and life cycle. */
#include <omp.h>

#include "naive.h"
#include "problem.h"

/* the size used in training, in addition to the small cases */
static const df_net_cfg trained = {DF_NET_DIT, 16, 36, 12, 45, true, 64, 3, 4, 4, 64, .7, DF_ACTIVATION_SILU};

/* a few hundred successive rounding errors of 6e-8, amplified by narrow layer norms: measured 1e-6 to 5e-6 */
static const double FLOAT_LIMIT = 3e-5;

static void check_forward(const df_net_cfg* cfg, int B) {
  problem q = make_problem(cfg, B);
  double* y = df_alloc(q.ny, sizeof *y);
  naive_net(q.net, q.p, B, q.x, q.c, q.t, y);
  run_forward(&q);
  double worst = 0, size = 0;
  for (size_t i = 0; i < q.ny; i++) {
    worst = fmax(worst, fabs((double)q.y[i] - y[i]));
    size = fmax(size, fabs(y[i]));
  }
  assert_below(worst / size, FLOAT_LIMIT, "single against naive double");
  df_free(y);
  drop_problem(&q);
}

static void float_networks_agree_with_the_naive_double_ones(void** state) {
  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    for (int B = 1; B <= 5; B += 2) check_forward(&cases[i], B);
  }
  check_forward(&trained, 8);
}

/* the weighted sum of the reference network's outputs, with the parameters moved by `step` along `direction` */
static double naive_value(problem* q, const df_real* direction, double step, double* moved_by, double* y) {
  df_real* p = copy_reals(q->n, q->p);
  for (size_t i = 0; i < q->n; i++) {
    p[i] = (df_real)((double)p[i] + step * (double)direction[i]);
    moved_by[i] = (double)p[i] - (double)q->p[i];
  }
  naive_net(q->net, p, q->B, q->x, q->c, q->t, y);
  double sum = 0;
  for (size_t i = 0; i < q->ny; i++) sum += y[i] * (double)q->dy[i];
  df_free(p);
  return sum;
}

static void float_gradients_agree_with_differences_of_the_double_networks(void** state) {
  (void)state;
  for (size_t c = 0; c <= COUNT(cases); c++) {
    problem q = make_problem(c < COUNT(cases) ? &cases[c] : &trained, 3);
    run_both(&q);
    df_real* direction = random_reals(50, q.n, 1);
    double *y = df_alloc(q.ny, sizeof *y), *above = df_alloc(q.n, sizeof *above), *below = df_alloc(q.n, sizeof *below);
    const double h = 1e-4; /* the moved parameters are rounded to single precision, so the actual step is measured */
    const double change = naive_value(&q, direction, h, above, y) - naive_value(&q, direction, -h, below, y);
    double formed = 0, size = 0;
    for (size_t i = 0; i < q.n; i++) {
      formed += (double)q.dp[i] * (above[i] - below[i]);
      size += (double)q.dp[i] * (double)q.dp[i] * (above[i] - below[i]) * (above[i] - below[i]);
    }
    /* single precision: 1e-5 of the norm; finite differences along a long direction: h^2 f3 up to 3e-4 */
    assert_below(fabs(change - formed) / sqrt(size), 1e-3, "gradient");
    df_free(direction);
    df_free(y);
    df_free(above);
    df_free(below);
    drop_problem(&q);
  }
}

static void the_dit_gives_exactly_zero_at_the_start(void** state) {
  (void)state;
  problem q = make_problem(&trained, 4);
  df_net_init(q.net, 3, q.p);
  run_both(&q);
  for (size_t i = 0; i < q.ny; i++) assert_true(q.y[i] == 0);
  /* but the last layers have a gradient, otherwise training could not change the output */
  assert_true(dot(q.n, q.dp, q.dp) > 1e-3);
  drop_problem(&q);
}

static void starts_have_the_spread_they_should(void** state) {
  (void)state;
  problem q = make_problem(&trained, 1);
  df_net_init(q.net, 3, q.p);
  const df_tensor* tensors;
  const int n = df_net_tensors(q.net, &tensors);
  int glorot = 0, zero = 0;
  for (int k = 0; k < n; k++) {
    const df_tensor* t = &tensors[k];
    const double std = sqrt(dot(t->count, q.p + t->offset, q.p + t->offset) / (double)t->count);
    if (strcmp(t->name, "embed.position") == 0) {
      assert_below(fabs(std - .7), .05, t->name); /* sines of low frequency do not complete a period */
    } else if (std == 0) {
      zero++;
      assert_true(!t->decay || strstr(t->name, "adaln") || strstr(t->name, "last") || strstr(t->name, "skip.1"));
    } else {
      glorot++;
      const bool shared = strstr(t->name, "qkv") || strstr(t->name, "condition.");
      const double right = sqrt(2. / (double)(t->shape[0] + t->shape[1]));
      if (!shared) assert_below(fabs(std / right - 1), .1, t->name); /* for some thousand draws */
    }
  }
  assert_true(glorot >= 4 * 3 + 4 && zero > 0);
  drop_problem(&q);
}

/* the first value of number j of a DiT's tensor k: zero for biases, adaLN and last layers; uniform within
 * sqrt(6 / (inputs + outputs)) for matrices, of which queries, keys and values are three, and the inputs of the
 * condition path one; sines and cosines of 0.008 to 0.3 cycles per frame for the position */
static double start_of(const df_net_cfg* cfg, const df_tensor* t, int k, size_t j) {
  const int d = cfg->width;
  if (strcmp(t->name, "embed.position") == 0) {
    const int frame = (int)j / d, feature = (int)j % d, pairs = (d + 1) / 2;
    const double angle = 2 * acos(-1) * .008 * pow(.3 / .008, pairs > 1 ? (feature / 2) / (pairs - 1.) : 0) * frame;
    return sqrt(2) * cfg->position_std * (feature % 2 ? cos(angle) : sin(angle));
  }
  if (t->rank == 1 || strstr(t->name, "adaln") || strstr(t->name, "last") || strstr(t->name, "skip.1")) return 0;
  size_t outputs = t->shape[0], inputs = t->shape[1];
  if (strstr(t->name, "qkv")) outputs /= 3;
  if (strcmp(t->name, "condition.weight") == 0) inputs += DF_TIME_FEATURES;
  if (strcmp(t->name, "condition.time.weight") == 0) inputs += (size_t)cfg->cond;
  double draw[256];
  df_rng_uniform(3, DF_STREAM_NET_INIT, (uint64_t)k << 32 | j / 256, 256, draw);
  return sqrt(6. / (double)(inputs + outputs)) * (2 * draw[j % 256] - 1);
}

static void starts_are_those_of_the_header(void** state) {
  (void)state;
  df_net_cfg narrow = trained;
  narrow.width = 2, narrow.heads = 1; /* one pair of sine and cosine */
  const df_net_cfg* const cfgs[2] = {&trained, &narrow};
  for (int c = 0; c < 2; c++) {
    problem q = make_problem(cfgs[c], 1);
    df_net_init(q.net, 3, q.p);
    const df_tensor* tensors;
    const int n = df_net_tensors(q.net, &tensors);
    for (int k = 0; k < n; k++) {
      /* every number near the ends of a tensor and of its first draws */
      for (size_t j = 0; j < tensors[k].count; j += j < 300 || j + 60 > tensors[k].count ? 1 : 50) {
        const double right = start_of(cfgs[c], &tensors[k], k, j);
        /* rounding to float */
        if (!(fabs((double)q.p[tensors[k].offset + j] - right) <= 1e-7)) fail_msg("%s %zu", tensors[k].name, j);
      }
    }
    drop_problem(&q);
  }
}

/* a convolution over `taps` frames is a matrix of as many times the inputs and, for the spread, outputs; modulation and
 * last layer are zero */
static void the_unet_starts_with_the_spread_of_its_convolutions(void** state) {
  (void)state;
  static const df_net_cfg cfg = {DF_NET_UNET, 8, 12, 6, 5, true, 32, 2, 4, 0, 0, 0, DF_ACTIVATION_SILU};
  problem q = make_problem(&cfg, 1);
  df_net_init(q.net, 3, q.p);
  const df_tensor* tensors;
  const int n = df_net_tensors(q.net, &tensors);
  int convolutions = 0, films = 0;
  for (int k = 0; k < n; k++) {
    const df_tensor* t = &tensors[k];
    const int taps = strstr(t->name, "conv") ? 5 : strstr(t->name, "halve") || strstr(t->name, "double") ? 3 : 0;
    const bool film = strstr(t->name, "film");
    double largest = 0;
    for (size_t j = 0; j < t->count; j++) largest = fmax(largest, fabs((double)q.p[t->offset + j]));
    films += film;
    if (t->rank == 1 || film || strstr(t->name, "last")) {
      assert_true(largest == 0);
    } else if (taps) {
      const double limit = sqrt(6. / (double)(t->shape[1] + (size_t)taps * t->shape[0]));
      assert_below(1 - largest / limit, 0.01, t->name); /* of more than thousand uniform draws */
      convolutions++;
    }
  }
  assert_int_equal(convolutions, 2 * 5 + 2);
  assert_int_equal(films, 2 * 5);
  drop_problem(&q);
}

/* whatever its weights, an MLP gives zero at the start, and its last layer has a gradient */
static void the_mlp_gives_exactly_zero_at_the_start(void** state) {
  (void)state;
  for (size_t c = 0; c < COUNT(cases); c++) {
    if (cases[c].kind != DF_NET_MLP) continue;
    problem q = make_problem(&cases[c], 4);
    df_net_init(q.net, 3, q.p);
    run_both(&q);
    for (size_t i = 0; i < q.ny; i++) assert_true(q.y[i] == 0);
    assert_true(dot(q.n, q.dp, q.dp) > 1e-6);
    drop_problem(&q);
  }
}

static void the_seed_decides_the_start(void** state) {
  (void)state;
  problem q = make_problem(&trained, 1);
  df_real* other = zero_reals(q.n);
  df_net_init(q.net, 3, q.p);
  df_net_init(q.net, 3, other);
  assert_memory_equal(q.p, other, q.n * sizeof *other);
  df_net_init(q.net, 4, other);
  assert_memory_not_equal(q.p, other, q.n * sizeof *other);
  df_free(other);
  drop_problem(&q);
}

static void repeated_calls_give_the_same_bits(void** state) {
  (void)state;
  for (size_t c = 0; c <= COUNT(cases); c++) {
    problem q = make_problem(c < COUNT(cases) ? &cases[c] : &trained, 5);
    run_both(&q);
    df_real *y = copy_reals(q.ny, q.y), *dp = copy_reals(q.n, q.dp), *dx = copy_reals(q.nx, q.dx);
    /* a smaller batch in between must have no effect */
    df_net_forward(q.net, q.work, q.p, &(df_net_input){.B = 2, .x = q.x, .c = q.c, .t = q.t}, q.y);
    df_net_backward(q.net, q.work, q.p, q.dy, q.dp, q.dx);
    memset(q.dp, 0, q.n * sizeof *q.dp);
    run_both(&q);
    assert_memory_equal(y, q.y, q.ny * sizeof *y);
    assert_memory_equal(dp, q.dp, q.n * sizeof *dp);
    assert_memory_equal(dx, q.dx, q.nx * sizeof *dx);
    df_free(y);
    df_free(dp);
    df_free(dx);
    drop_problem(&q);
  }
}

static void threads_do_not_change_bits(void** state) {
  (void)state;
  enum { SLICES = 8 };
  problem q[SLICES];
  df_real *y[SLICES], *dp[SLICES];
  for (int s = 0; s < SLICES; s++) {
    q[s] = make_problem(&trained, 8);
    q[s].x[0] = (df_real)s;
    run_both(&q[s]);
    y[s] = copy_reals(q[s].ny, q[s].y);
    dp[s] = copy_reals(q[s].n, q[s].dp);
  }
  for (int threads = 1; threads <= 4; threads *= 2) {
    for (int repeat = 0; repeat < 5; repeat++) {
#pragma omp parallel for schedule(dynamic) num_threads(threads)
      for (int s = 0; s < SLICES; s++) {
        memset(q[s].dp, 0, q[s].n * sizeof *q[s].dp);
        run_both(&q[s]);
      }
      for (int s = 0; s < SLICES; s++) {
        assert_memory_equal(y[s], q[s].y, q[s].ny * sizeof *y[s]);
        assert_memory_equal(dp[s], q[s].dp, q[s].n * sizeof *dp[s]);
      }
    }
  }
  assert_memory_not_equal(y[0], y[1],
                          q[0].ny * sizeof *y[0]); /* micro-batches differ, otherwise nothing was compared */
  for (int s = 0; s < SLICES; s++) {
    df_free(y[s]);
    df_free(dp[s]);
    drop_problem(&q[s]);
  }
}

static void a_sample_does_not_depend_on_its_neighbours(void** state) {
  (void)state;
  for (size_t c = 0; c <= COUNT(cases); c++) {
    enum { B = 4, KEPT = 2 };
    problem q = make_problem(c < COUNT(cases) ? &cases[c] : &trained, B);
    const size_t nx = q.nx / B, nc = q.nc / B, ny = q.ny / B;
    run_both(&q);
    df_real *y = copy_reals(q.ny, q.y), *dx = copy_reals(q.nx, q.dx);
    for (size_t b = 0; b < B; b++) {
      if (b == KEPT) continue;
      for (size_t i = 0; i < nx; i++) q.x[b * nx + i] *= -3;
      for (size_t i = 0; i < nc; i++) q.c[b * nc + i] += 2;
      for (size_t i = 0; i < ny; i++) q.dy[b * ny + i] *= 5;
      q.t[b] += (df_real).5;
    }
    run_both(&q);
    assert_memory_equal(y + KEPT * ny, q.y + KEPT * ny, ny * sizeof *y);
    assert_memory_equal(dx + KEPT * nx, q.dx + KEPT * nx, nx * sizeof *dx);
    assert_memory_not_equal(y, q.y, ny * sizeof *y);
    df_free(y);
    df_free(dx);
    drop_problem(&q);
  }
}

static void an_unwanted_dx_changes_nothing_else(void** state) {
  (void)state;
  problem q = make_problem(&cases[0], 3);
  run_both(&q);
  df_real* dp = copy_reals(q.n, q.dp);
  memset(q.dp, 0, q.n * sizeof *q.dp);
  run_forward(&q);
  df_net_backward(q.net, q.work, q.p, q.dy, q.dp, NULL);
  assert_memory_equal(dp, q.dp, q.n * sizeof *dp);
  df_free(dp);
  drop_problem(&q);
}

static void tensors_cover_the_parameters_once(void** state) {
  (void)state;
  for (size_t c = 0; c < COUNT(cases); c++) {
    df_net* net = NULL;
    assert_int_equal(df_net_new(&cases[c], &net), DF_OK);
    const df_tensor* t;
    const int n = df_net_tensors(net, &t);
    size_t next = 0;
    for (int k = 0; k < n; k++) {
      assert_int_equal(t[k].offset, next);
      assert_int_equal(t[k].count, t[k].shape[0] * t[k].shape[1]);
      assert_true(t[k].rank == 2 || (t[k].rank == 1 && t[k].shape[1] == 1));
      for (int j = 0; j < k; j++) assert_string_not_equal(t[j].name, t[k].name);
      next += t[k].count;
    }
    assert_int_equal(next, df_net_parameters(net));
    df_net_free(net);
  }
}

static void bad_configurations_name_field_and_value(void** state) {
  (void)state;
#define BAD(field, value, message)                                                \
  {                                                                               \
    df_net_cfg cfg = cases[0];                                                    \
    cfg.field = value;                                                            \
    df_net* net = (df_net*)&cfg;                                                  \
    assert_int_equal(df_net_new(&cfg, &net), DF_E_CONFIG);                        \
    assert_null(net);                                                             \
    if (!strstr(df_error_message(), message)) fail_msg("%s", df_error_message()); \
  }
  BAD(kind, (df_net_kind)7, "kind is 7");
  BAD(tokens, 0, "tokens is 0");
  BAD(in, -1, "in is -1");
  BAD(out, 0, "out is 0");
  BAD(cond, 0, "cond is 0");
  BAD(width, 0, "width is 0");
  BAD(depth, 0, "depth is 0");
  BAD(heads, 3, "heads is 3, must divide width 8");
  BAD(mlp_ratio, 0, "mlp_ratio is 0");
  BAD(skip_hidden, -2, "skip_hidden is -2");
  BAD(position_std, NAN, "position_std is nan");
  BAD(activation, DF_ACTIVATION_ELU, "activation is 1, must be in 0..0");
#undef BAD
  df_net_cfg unet = cases[7];
  df_net* none = (df_net*)&unet;
  unet.heads = 3;
  assert_int_equal(df_net_new(&unet, &none), DF_E_CONFIG);
  assert_string_equal(df_error_message(), "network: heads is 3, must divide width 4");
  unet = cases[7], unet.depth = 9;
  assert_int_equal(df_net_new(&unet, &none), DF_E_CONFIG);
  assert_string_equal(df_error_message(), "network: depth is 9, must be in 1..8");
  unet.width = 256, unet.depth = 8;
  assert_int_equal(df_net_new(&unet, &none), DF_E_CONFIG);
  assert_string_equal(df_error_message(),
                      "network: width 256 doubled at each of depth 8 levels gives more than 16384 channels");
  df_net* net = NULL;
  df_net_work* work = NULL;
  assert_int_equal(df_net_new(&cases[0], &net), DF_OK);
  assert_int_equal(df_net_work_new(net, 0, &work), DF_E_ARG);
  assert_non_null(strstr(df_error_message(), "batch is 0"));
  df_net_free(net);
}

static void a_failed_allocation_leaves_nothing_behind(void** state) {
  (void)state;
  for (size_t c = 0; c < COUNT(cases); c++) {
    size_t n = 1;
    for (df_status status = DF_E_NOMEM; status != DF_OK; n++) {
      df_net* net = (df_net*)&n;
      df_net_work* work = NULL;
      (void)df_alloc_fail_at(n);
      status = df_net_new(&cases[c], &net);
      if (status == DF_OK) status = df_net_work_new(net, 2, &work);
      (void)df_alloc_fail_at(0);
      assert_true(status == DF_OK || status == DF_E_NOMEM);
      assert_true((work != NULL) == (status == DF_OK));
      df_net_work_free(work);
      df_net_free(net);
    }
    assert_true(n > 6);
  }
}

static void passes_allocate_nothing(void** state) {
  (void)state;
  for (size_t c = 0; c < COUNT(cases); c++) {
    problem q = make_problem(&cases[c], 2);
    (void)df_alloc_fail_at(0);
    run_both(&q);
    assert_int_equal(df_alloc_fail_at(0), 0);
    drop_problem(&q);
  }
}

/* net.h states them; tests of training set their own */
static void the_defaults_are_those_of_the_header(void** state) {
  (void)state;
  const df_net_cfg cfg = df_net_cfg_default();
  assert_int_equal(cfg.kind, DF_NET_DIT);
  assert_true(cfg.flow_time);
  assert_int_equal(cfg.width, 96);
  assert_int_equal(cfg.depth, 3);
  assert_int_equal(cfg.heads, 4);
  assert_int_equal(cfg.mlp_ratio, 4);
  assert_int_equal(cfg.skip_hidden, 256);
  assert_true(cfg.position_std == 0.7);
  assert_int_equal(cfg.activation, DF_ACTIVATION_SILU);
  assert_true(cfg.tokens == 0 && cfg.in == 0 && cfg.out == 0 && cfg.cond == 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_defaults_are_those_of_the_header),
      cmocka_unit_test(float_networks_agree_with_the_naive_double_ones),
      cmocka_unit_test(float_gradients_agree_with_differences_of_the_double_networks),
      cmocka_unit_test(the_dit_gives_exactly_zero_at_the_start),
      cmocka_unit_test(the_mlp_gives_exactly_zero_at_the_start),
      cmocka_unit_test(starts_have_the_spread_they_should),
      cmocka_unit_test(starts_are_those_of_the_header),
      cmocka_unit_test(the_unet_starts_with_the_spread_of_its_convolutions),
      cmocka_unit_test(the_seed_decides_the_start),
      cmocka_unit_test(repeated_calls_give_the_same_bits),
      cmocka_unit_test(threads_do_not_change_bits),
      cmocka_unit_test(a_sample_does_not_depend_on_its_neighbours),
      cmocka_unit_test(an_unwanted_dx_changes_nothing_else),
      cmocka_unit_test(tensors_cover_the_parameters_once),
      cmocka_unit_test(bad_configurations_name_field_and_value),
      cmocka_unit_test(a_failed_allocation_leaves_nothing_behind),
      cmocka_unit_test(passes_allocate_nothing),
  };
  return cmocka_run_group_tests(tests, open_blas, NULL);
}
