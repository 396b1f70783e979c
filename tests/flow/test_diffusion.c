/* Diffusions: noise schedules, sampler steps with the ideal denoiser of Gaussian data against closed forms, what is
 * refused, and that trainings and samples have the same bytes. */
#include "diffusion.h"

#include <signal.h>

#include "flow_test.h"
#include "near.h"
#include "test_file.h"

static const double PI = 3.14159265358979323846;

/* ---- schedules ---- */

static void the_linear_schedule_is_that_of_ho_et_al(void** state) {
  (void)state;
  static double kept[1001];
  diffusion_schedule(false, 1000, kept);
  assert_true(kept[0] == 1);
  assert_near(kept[1], 1 - 1e-4, 1e-15);
  assert_near(kept[1000] / kept[999], 1 - 0.02, 1e-12);
  /* the product as published implementations print it */
  assert_near(kept[1000], 4.0358e-05, 1e-9);
  /* noise of 20/T would be all of it */
  diffusion_schedule(false, 10, kept);
  assert_near(kept[10] / kept[9], 0.001, 1e-15);
}

static void the_cosine_schedule_is_that_of_nichol_and_dhariwal(void** state) {
  (void)state;
  static double kept[1001];
  for (int T = 2; T <= 1000; T = T * 3 + 1) {
    diffusion_schedule(true, T, kept);
    for (int n = 0; n < T; n++) {
      const double c = cos((n / (double)T + 0.008) / 1.008 * PI / 2) / cos(0.008 / 1.008 * PI / 2);
      assert_near(kept[n], c * c, 1e-12 * c * c);
    }
    assert_near(kept[T], 0.001 * kept[T - 1], 1e-18);
  }
}

static void flow_times_of_a_diffusion_are_its_steps_of_noise(void** state) {
  (void)state;
  enum { T = 7, N = 7000 };
  double kept[T + 1], draw;
  diffusion_schedule(true, T, kept);
  df_config c = df_config_default();
  c.flow_diffusion_steps = T;
  flow_variant v = variant_of(&c);
  v.kept = kept;
  int seen[T + 1] = {0};
  for (int i = 0; i < N; i++) {
    const double t = variant_time(&v, 3, (uint64_t)i);
    const int n = variant_noise_steps(&v, t);
    df_rng_uniform(3, DF_STREAM_FLOW_TIME, (uint64_t)i, 1, &draw);
    assert_int_equal(n, T - (int)(draw * T));
    assert_near(t, 1 - n / (double)T, 1e-15);
    seen[n]++;
  }
  /* no step of noise is left out, and the data themselves are; 1000 of each, with a deviation of 29 */
  assert_int_equal(seen[0], 0);
  for (int n = 1; n <= T; n++) assert_in_range(seen[n], 850, 1150);
  /* a law whose largest times round to 1 still has noise */
  assert_int_equal(df_config_set(&c, "flow.time", "logit_normal", "test"), DF_OK);
  assert_int_equal(df_config_set(&c, "flow.time_normal", "10,10", "test"), DF_OK);
  v = variant_of(&c);
  v.kept = kept;
  for (int i = 0; i < N; i++) assert_true(variant_noise_steps(&v, variant_time(&v, 3, (uint64_t)i)) >= 1);
}

/* of a network that predicts data and of one that predicts noise */
static void sampler_steps_are_spread_over_the_steps_of_noise(void** state) {
  (void)state;
  static const struct {
    int T, K, of_data[8], of_noise[8];
  } cases[] = {{7, 1, {7}, {1}},
               {7, 3, {7, 5, 3}, {5, 3, 1}},
               {7, 7, {7, 6, 5, 4, 3, 2, 1}, {7, 6, 5, 4, 3, 2, 1}},
               {100, 4, {100, 75, 50, 25}, {76, 51, 26, 1}},
               {1000, 2, {1000, 500}, {501, 1}}};
  df_config c = df_config_default();
  for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
    for (int noise = 0; noise < 2; noise++) {
      c.flow_diffusion_steps = cases[k].T;
      flow_variant v = variant_of(&c);
      v.prediction = noise ? FLOW_PREDICT_NOISE : FLOW_PREDICT_X1;
      for (int i = 0; i < cases[k].K; i++) {
        const int n = variant_noise_steps(&v, diffusion_time(&v, cases[k].K, i));
        assert_int_equal(n, noise ? cases[k].of_noise[i] : cases[k].of_data[i]);
      }
    }
  }
}

/* ---- sampler steps, for Gaussian data of which the ideal denoiser is known ---- */

/* a diffusion of T steps, and data of the mean m and the deviation s in one dimension */
typedef struct gaussian {
  flow_variant v;
  double kept[1001], m, s;
} gaussian;

static void set_gaussian(gaussian* g, bool cosine, int T, double eta, double sigma, double m, double s) {
  df_config c = df_config_default();
  c.flow_diffusion_steps = T;
  c.flow_eta = eta;
  c.flow_sigma = sigma;
  g->v = variant_of(&c);
  diffusion_schedule(cosine, T, g->kept);
  g->v.kept = g->kept;
  g->m = m;
  g->s = s;
}

/* E[X^1 | X^t = x]; X^1 and X^t are jointly normal */
static double ideal(const gaussian* g, double t, double x) {
  const double kept = g->kept[g->v.steps - (int)lround(t * g->v.steps)], data = sqrt(kept);
  const double variance = kept * g->s * g->s + (1 - kept) * g->v.sigma * g->v.sigma;
  return g->m + data * g->s * g->s / variance * (x - data * g->m);
}

/* where K deterministic steps lead x */
static double follow(const gaussian* g, int K, double x) {
  for (int i = 0; i + 1 < K; i++) {
    const double t = diffusion_time(&g->v, K, i), end = ideal(g, t, x);
    diffusion_step(&g->v, t, diffusion_time(&g->v, K, i + 1), 1, &end, NULL, &x);
  }
  return ideal(g, diffusion_time(&g->v, K, K - 1), x);
}

/* of data and noise of unit variance every step of DDIM is a factor cos(a' - a) with sqrt(kept) = cos a */
static void ddim_shrinks_unit_gaussians_by_cosines(void** state) {
  (void)state;
  static gaussian g;
  for (int k = 0; k < 12; k++) {
    const int T = k % 2 ? 40 : 100, K = (int[]){1, 3, 20, 40, 7, 33}[k / 2];
    set_gaussian(&g, k % 3 != 0, T, 0, 1, 0, 1);
    double factor = 1;
    for (int i = 0; i < K; i++) {
      const double from = acos(sqrt(g.kept[T - i * T / K])), to = acos(sqrt(g.kept[T - (i + 1) * T / K]));
      factor *= cos(to - from);
    }
    assert_near(follow(&g, K, 1.7), 1.7 * factor, 1e-12);
    assert_near(follow(&g, K, -0.4), -0.4 * factor, 1e-12);
  }
}

/* The paths of the limit of many steps keep their quantile: x - sqrt(kept) m is proportional to the deviation of X^t.
 * DDIM is a method of order 1: twice the steps, half the error. */
static void ddim_maps_the_moments_of_noise_to_those_of_data(void** state) {
  (void)state;
  static gaussian g;
  for (int k = 0; k < 4; k++) {
    const double m = k % 2 ? -0.7 : 1.3, s = k / 2 ? 0.25 : 1.6, sigma = k ? 1 : 0.8;
    set_gaussian(&g, k != 3, 1000, 0, sigma, m, s);
    const double last = g.kept[1000], spread = sqrt(last * s * s + (1 - last) * sigma * sigma);
    double error[2] = {0};
    for (int fine = 0; fine < 2; fine++) {
      /* linear in x: two points give what becomes of mean and deviation */
      const double at_0 = follow(&g, fine ? 1000 : 500, 0), at_1 = follow(&g, fine ? 1000 : 500, 1);
      const double exact_0 = m - s / spread * sqrt(last) * m, exact_1 = exact_0 + s / spread;
      assert_near(at_0, exact_0, fine ? 0.004 : 0.008);
      assert_near(at_1 - at_0, exact_1 - exact_0, fine ? 0.004 : 0.008);
      error[fine] = (at_1 - at_0) / (exact_1 - exact_0) - 1;
    }
    assert_in_range((int)(100 * error[0] / error[1]), 180, 220);
  }
}

/* the posterior of Ho et al. 2020, eq. 7, written with the noise of a step */
static void full_fresh_noise_is_ancestral_sampling(void** state) {
  (void)state;
  static gaussian g;
  enum { T = 50 };
  set_gaussian(&g, true, T, 1, 0.9, 0, 1);
  for (int n = T; n >= 2; n--) {
    const double noise = 1 - g.kept[n] / g.kept[n - 1], end = 0.3, fresh = -1.1;
    double x = 0.8;
    const double mean = sqrt(g.kept[n - 1]) * noise / (1 - g.kept[n]) * end +
                        sqrt(1 - noise) * (1 - g.kept[n - 1]) / (1 - g.kept[n]) * x;
    const double variance = (1 - g.kept[n - 1]) / (1 - g.kept[n]) * noise;
    diffusion_step(&g.v, (T - n) / (double)T, (T - n + 1) / (double)T, 1, &end, &fresh, &x);
    assert_near(x, mean + sqrt(variance) * 0.9 * fresh, 1e-12);
  }
}

static void data_that_follow_from_noise_are_limited(void** state) {
  (void)state;
  static gaussian g;
  set_gaussian(&g, true, 10, 0, 0.5, 0, 1);
  for (int n = 1; n <= 10; n++) {
    const double t = 1 - n / 10.0, x = sqrt(g.kept[n]) * 0.7 + sqrt(1 - g.kept[n]) * 0.5 * -1.2;
    assert_near(diffusion_end(&g.v, t, x, -1.2), 0.7, 1e-10);
  }
  g.v.clip = 2;
  assert_true(diffusion_end(&g.v, 0, 1, -1) == 2 && diffusion_end(&g.v, 0, -1, 1) == -2);
  g.v.clip = 0;
  assert_true(diffusion_end(&g.v, 0, 1, -1) > 100);
}

/* ---- what is refused ---- */

static df_config diffusion_config(void) {
  df_config c = tiny_config();
  c.train_push = 0;
  c.train_slices = 2;
  c.flow_diffusion_steps = 8;
  c.flow_eta = 0.5;
  assert_int_equal(df_config_set(&c, "flow.path", "diffusion", "test"), DF_OK);
  return c;
}

static void what_only_fits_straight_lines_is_refused(void** state) {
  (void)state;
  static const struct {
    df_decoder decoder;
    const char *key, *value, *text;
  } cases[] = {
      {DF_DECODE_ACTIONS, "flow.prediction", "velocity", "flow.prediction = velocity: test follows a diffusion"},
      {DF_DECODE_ROLLOUT, "flow.prediction", "noise", "flow.prediction = noise: the network of test outputs actions"},
      {DF_DECODE_STATES, "flow.few_step", "shortcut", "flow.few_step = shortcut: test follows a diffusion"},
      {DF_DECODE_STATES, "flow.coupling", "transport", "flow.coupling = transport: test follows a diffusion"},
      {DF_DECODE_STATES, "flow.solver", "midpoint", "flow.solver = midpoint: test follows a diffusion"},
      {DF_DECODE_STATES, "flow.sigma_min", "0.1", "flow.sigma_min = 0.1: test follows a diffusion"},
      {DF_DECODE_STATES, "flow.reflow_from", "0.5", "flow.reflow_from = 0.5: test follows a diffusion"},
      {DF_DECODE_STATES, "eval.sampler_steps", "8,9", "eval.sampler_steps has 9, more than flow.diffusion_steps = 8"},
      {DF_DECODE_STATES, "eval.sampler_steps", "9,8", "eval.sampler_steps has 9, more than flow.diffusion_steps = 8"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    df_config c = diffusion_config();
    assert_int_equal(df_config_set(&c, cases[i].key, cases[i].value, "test"), DF_OK);
    df_task* task = tiny_task_with(&c);
    const df_method_env env = env_of(task, 1);
    df_flow* flow;
    assert_int_equal(df_flow_new(&env, "test", cases[i].decoder, &flow), DF_E_CONFIG);
    if (!strstr(df_error_message(), cases[i].text)) fail_msg("%s: %s", cases[i].key, df_error_message());
    df_task_free(task);
  }
}

static void a_line_predicts_no_noise_and_a_diffusion_follows_no_line(void** state) {
  (void)state;
  df_config c = tiny_config();
  df_flow* flow;
  assert_int_equal(df_config_set(&c, "flow.prediction", "noise", "test"), DF_OK);
  df_task* task = tiny_task_with(&c);
  const df_method_env env = env_of(task, 1);
  assert_int_equal(df_flow_new(&env, "test", DF_DECODE_STATES, &flow), DF_E_CONFIG);
  assert_non_null(strstr(df_error_message(), "flow.prediction = noise: the path of test begins with noise alone"));
  assert_int_equal(df_flow_new_diffusion(&env, "test", DF_DECODE_STATES, &flow), DF_OK);
  assert_true(flow->kept && flow_variant_of(flow).prediction == FLOW_PREDICT_NOISE);
  df_flow_free(flow);
  assert_int_equal(df_config_set(&task->config, "flow.path", "linear", "test"), DF_OK);
  assert_int_equal(df_flow_new_diffusion(&env, "test", DF_DECODE_STATES, &flow), DF_E_CONFIG);
  assert_non_null(strstr(df_error_message(), "flow.path = linear: the method test is a diffusion; use auto"));
  df_task_free(task);
}

/* ---- flows ---- */

static void a_failed_allocation_leaks_nothing(void** state) {
  (void)state;
  df_task* task = tiny_task_new();
  const df_method_env env = env_of(task, 1);
  df_status status = DF_E_NOMEM;
  for (size_t n = 1; status != DF_OK; n++) {
    df_flow* flow;
    df_alloc_fail_at(n);
    status = df_flow_new_diffusion(&env, "test", DF_DECODE_STATES, &flow);
    df_alloc_fail_at(0);
    if (status == DF_OK) assert_true(n > 10);
    if (status != DF_OK) assert_int_equal(status, DF_E_NOMEM);
    if (status != DF_OK) assert_null(flow);
    df_flow_free(flow);
  }
  df_task_free(task);
}

static void more_steps_than_noise_and_velocities_are_refused(void** state) {
  (void)state;
  const df_config c = diffusion_config();
  df_task* task = tiny_task_with(&c);
  df_flow* flow = new_flow(task, DF_DECODE_STATES, 1);
  double x[9 * 16], u[16], velocity[512];
  const double* x0 = df_dataset_state(task->data, 0, 0);
  const double condition = 0;
  const df_request r = {.B = 1, .x0 = x0, .condition = &condition, .seed = 1, .sampler_steps = 9};
  assert_int_equal(df_flow_sample(flow, &r, x, u), DF_E_ARG);
  assert_non_null(strstr(df_error_message(), "sampler_steps = 9: a diffusion of 8 steps"));
  const df_flow_points points = {.B = 1, .x0 = x0, .condition = &condition, .z = x, .t = 0.5};
  assert_int_equal(df_flow_velocity(flow, &points, velocity, NULL), DF_E_ARG);
  assert_non_null(strstr(df_error_message(), "a diffusion (flow.path)"));
  df_flow_free(flow);
  df_task_free(task);
}

/* trains on `threads` threads, in two parts with a stop after step 3 if `resumes`, and samples by 3 steps */
typedef struct stopping {
  volatile sig_atomic_t stop;
  long at;
} stopping;

static void stop_at(void* context, const df_progress* at) {
  stopping* s = context;
  if (at->step == s->at) s->stop = 1;
}

static df_flow* trained(df_task* task, df_decoder decoder, int threads, bool resumes) {
  static df_training_log log;
  stopping s = {.at = resumes ? 3 : -1};
  df_method_env env = env_of(task, threads);
  df_flow* flow = NULL;
  env.progress = stop_at;
  env.progress_context = &s;
  env.stop = &s.stop;
  env.state_folder = resumes ? test_folder() : NULL;
  env.state_every = 1e9;
  for (int part = 0; part < 1 + resumes; part++) {
    df_flow_free(flow);
    s.stop = 0;
    if (part == 1) s.at = -1;
    assert_int_equal(df_flow_new(&env, "test", decoder, &flow), DF_OK);
    assert_int_equal(df_flow_train(flow, &log), resumes && part == 0 ? DF_E_INTERRUPTED : DF_OK);
  }
  if (resumes) unlink(test_file("test.state"));
  return flow;
}

static void threads_and_interruptions_change_no_byte(void** state) {
  (void)state;
  static const df_decoder decoders[] = {DF_DECODE_STATES, DF_DECODE_ACTIONS, DF_DECODE_ROLLOUT};
  for (int k = 0; k < 3; k++) {
    df_config c = diffusion_config();
    if (k == 1) assert_int_equal(df_config_set(&c, "flow.prediction", "noise", "test"), DF_OK);
    df_task* task = tiny_task_with(&c);
    double *x[3], *u[3];
    for (int i = 0; i < 3; i++) {
      df_flow* flow = trained(task, decoders[k], 1 + i % 2, i == 2);
      sample(flow, task, 3, 9, &x[i], &u[i]);
      df_flow_free(flow);
    }
    for (int i = 1; i < 3; i++) {
      assert_memory_equal(x[i], x[0], bytes_x(task));
      if (k > 0) assert_memory_equal(u[i], u[0], bytes_u(task));
    }
    for (int i = 0; i < 3; i++) {
      df_free(x[i]);
      df_free(u[i]);
    }
    df_task_free(task);
  }
}

static void fresh_noise_changes_samples_and_depends_on_the_window_only(void** state) {
  (void)state;
  const df_config c = diffusion_config();
  df_task* task = tiny_task_with(&c);
  df_flow* flow = trained(task, DF_DECODE_ACTIONS, 1, false);
  double *x[2], *u[2];
  for (int i = 0; i < 2; i++) {
    task->config.flow_eta = i;
    sample(flow, task, 4, 9, &x[i], &u[i]);
  }
  const size_t nx = (size_t)task->system->nx, H = (size_t)task->windows->horizon, nu = (size_t)task->system->nu;
  assert_memory_not_equal(u[0], u[1], bytes_u(task));
  /* one step has none of it */
  double alone_x[9 * 16], alone_u[8 * 2];
  for (int b = 0; b < B; b += 4) {
    const df_window w = task->windows->test[b * 5 % task->windows->n_test];
    const df_request r = {.B = 1,
                          .x0 = x[1] + (size_t)b * (H + 1) * nx,
                          .condition = df_dataset_condition(task->data, w.episode, w.start),
                          .seed = 9,
                          .first_index = (uint64_t)b,
                          .sampler_steps = 4};
    assert_int_equal(df_flow_sample(flow, &r, alone_x, alone_u), DF_OK);
    /* products of other sizes round differently */
    for (size_t k = 0; k < H * nu; k++) assert_near(alone_u[k], u[1][(size_t)b * H * nu + k], 1e-4);
  }
  for (int i = 0; i < 2; i++) {
    df_free(x[i]);
    df_free(u[i]);
  }
  df_flow_free(flow);
  df_task_free(task);
}

/* the simulator makes the data that a step goes towards, so what is returned is a rollout */
static void returned_actions_of_a_simulating_decoder_replay(void** state) {
  (void)state;
  const df_config c = diffusion_config();
  df_task* task = tiny_task_with(&c);
  df_flow* flow = trained(task, DF_DECODE_ROLLOUT, 1, false);
  const size_t nx = (size_t)task->system->nx, H = (size_t)task->windows->horizon, nu = (size_t)task->system->nu;
  double *x, *u, again[9 * 16];
  df_sim* sim;
  assert_int_equal(df_sim_new(task->system, 0, &sim), DF_OK);
  sample(flow, task, 3, 9, &x, &u);
  for (size_t b = 0; b < B; b++) {
    const double* window = x + b * (H + 1) * nx;
    assert_int_equal(df_trajectory_run(task->system, sim, (int)H, window, u + b * H * nu, again), DF_TRAJ_COMPLETE);
    assert_memory_equal(again, window, (H + 1) * nx * sizeof *x);
  }
  df_free(x);
  df_free(u);
  df_sim_free(task->system, sim);
  df_flow_free(flow);
  df_task_free(task);
}

/* counts projections, and puts the states on the start state */
typedef struct stay {
  int calls, H;
  size_t nx;
} stay;

static void project(void* context, int thread, double* x, double* u) {
  stay* s = context;
  (void)thread;
  s->calls++;
  for (int t = 1; t <= s->H; t++) memcpy(x + (size_t)t * s->nx, x, s->nx * sizeof *x);
  u[0] = 0;
}

static void steps_lead_towards_projected_data(void** state) {
  (void)state;
  df_config c = diffusion_config();
  c.flow_eta = 0;
  df_task* task = tiny_task_with(&c);
  df_flow* flow = trained(task, DF_DECODE_STATES, 1, false);
  const size_t nx = (size_t)task->system->nx;
  stay s = {.H = task->windows->horizon, .nx = nx};
  double x[9 * 16], u[8 * 2];
  const double condition = 0;
  const df_request r = {
      .B = 1, .x0 = df_dataset_state(task->data, 0, 0), .condition = &condition, .seed = 1, .sampler_steps = 4};
  /* flow times 0, 1/4, 1/2, 3/4; the last step is always projected */
  for (int k = 0; k < 3; k++) {
    const df_flow_projection p = {.project = project, .context = &s, .from = (double[]){0, 0.5, 1}[k]};
    static const int wanted[] = {4, 2, 1};
    s.calls = 0;
    assert_int_equal(df_flow_sample_projected(flow, &r, &p, x, u), DF_OK);
    assert_int_equal(s.calls, wanted[k]);
    for (int t = 1; t <= s.H; t++) assert_memory_equal(x + (size_t)t * nx, x, nx * sizeof *x);
  }
  /* the point before the last step, with the projected data and the noise that belongs to it, by hand */
  const flow_variant v = flow_variant_of(flow);
  const int n = s.H * flow->nz;
  double z[512], end[512], still[9 * 16];
  for (int t = 0; t <= s.H; t++) memcpy(still + (size_t)t * nx, r.x0, nx * sizeof *still);
  for (int t = 0; t < s.H; t++) df_chart_encode(task->chart, r.x0, still + (size_t)(t + 1) * nx, end + t * flow->nz);
  df_rng_normal(1, DF_STREAM_SAMPLE_NOISE, 0, (size_t)n, z);
  for (int k = 0; k < n; k++) z[k] *= v.sigma;
  for (int step = 0; step < 3; step++) {
    const double now = flow->kept[8 - 2 * step], next = flow->kept[6 - 2 * step];
    for (int k = 0; k < n; k++)
      z[k] = sqrt(next) * end[k] + sqrt(1 - next) * (z[k] - sqrt(now) * end[k]) / sqrt(1 - now);
  }
  const df_flow_projection p = {.project = project, .context = &s, .from = 0};
  assert_int_equal(df_flow_sample_projected(flow, &r, &p, x, u), DF_OK);
  for (int k = 0; k < n; k++) assert_near(flow->worker[0].state[k], z[k], 1e-9);
  df_flow_free(flow);
  df_task_free(task);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_linear_schedule_is_that_of_ho_et_al),
      cmocka_unit_test(the_cosine_schedule_is_that_of_nichol_and_dhariwal),
      cmocka_unit_test(flow_times_of_a_diffusion_are_its_steps_of_noise),
      cmocka_unit_test(sampler_steps_are_spread_over_the_steps_of_noise),
      cmocka_unit_test(ddim_shrinks_unit_gaussians_by_cosines),
      cmocka_unit_test(ddim_maps_the_moments_of_noise_to_those_of_data),
      cmocka_unit_test(full_fresh_noise_is_ancestral_sampling),
      cmocka_unit_test(data_that_follow_from_noise_are_limited),
      cmocka_unit_test(what_only_fits_straight_lines_is_refused),
      cmocka_unit_test(a_line_predicts_no_noise_and_a_diffusion_follows_no_line),
      cmocka_unit_test(a_failed_allocation_leaks_nothing),
      cmocka_unit_test(more_steps_than_noise_and_velocities_are_refused),
      cmocka_unit_test(threads_and_interruptions_change_no_byte),
      cmocka_unit_test(fresh_noise_changes_samples_and_depends_on_the_window_only),
      cmocka_unit_test(returned_actions_of_a_simulating_decoder_replay),
      cmocka_unit_test(steps_lead_towards_projected_data),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
