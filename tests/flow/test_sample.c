/* Sampling: what the network is told, and the Euler steps. */
#include "flow_test.h"

static void the_seed_changes_the_sample(void** state) {
  (void)state;
  df_task* task = tiny_task_new();
  df_flow* flow = new_flow(task, DF_DECODE_ROLLOUT, 1);
  train(flow);
  double *x, *u, *y, *v;
  sample(flow, task, 2, 1, &x, &u);
  sample(flow, task, 2, 2, &y, &v);
  assert_int_not_equal(memcmp(u, v, bytes_u(task)), 0);
  df_free(x);
  df_free(u);
  df_free(y);
  df_free(v);
  df_flow_free(flow);
  df_task_free(task);
}

static void the_condition_holds_no_future(void** state) {
  (void)state;
  df_task* task = tiny_task_new();
  df_flow* flow = new_flow(task, DF_DECODE_ROLLOUT, 1);
  train(flow);
  double *x, *u, *y, *v;
  sample(flow, task, 2, 1, &x, &u);
  /* changes every state of the data except the start states of the requested windows */
  const size_t nx = (size_t)task->system->nx;
  for (int e = 0; e < task->data->episodes; e++) {
    for (int t = 0; t <= task->data->length; t++) {
      bool is_start = false;
      for (int b = 0; b < B; b++) {
        const df_window w = task->windows->test[b * 5 % task->windows->n_test];
        is_start |= w.episode == e && w.start == t;
      }
      double* row = task->data->states + ((size_t)e * (size_t)(task->data->length + 1) + (size_t)t) * nx;
      for (size_t i = 0; !is_start && i < nx; i++) row[i] += 0.1;
    }
  }
  sample(flow, task, 2, 1, &y, &v);
  assert_memory_equal(u, v, bytes_u(task));
  df_free(x);
  df_free(u);
  df_free(y);
  df_free(v);
  df_flow_free(flow);
  df_task_free(task);
}

/* Xhat^1 of `count` windows from sample `first` on, by hand: noise of (seed, index), K Euler steps of eq. 5, z
 * [count][H][nz] */
static void euler_by_hand(df_flow* flow, const df_task* task, const double* x, int first, int count, int steps,
                          double* z) {
  const int n = flow->H * flow->nz;
  df_real in[64 * 16], cond[64 * 4], t[16], out[64 * 16];
  double state[64 * 16];
  for (int b = 0; b < count; b++) {
    const df_window w = task->windows->test[(first + b) * 5 % task->windows->n_test];
    df_rng_normal(9, DF_STREAM_SAMPLE_NOISE, (uint64_t)(first + b), (size_t)n, state + b * n);
    for (int k = 0; k < n; k++) state[b * n + k] *= 0.5;
    flow_condition(flow, x + (size_t)(first + b) * (size_t)(flow->H + 1) * (size_t)flow->nx,
                   df_dataset_condition(task->data, w.episode, w.start), cond + b * flow->cond);
  }
  for (int step = 0; step < steps; step++) {
    for (int k = 0; k < count * n; k++) in[k] = (df_real)state[k];
    for (int b = 0; b < count; b++) t[b] = (df_real)((double)step / steps);
    df_net_forward(flow->net, flow->worker[0].net, flow->trainer->average,
                   &(df_net_input){.B = count, .x = in, .c = cond, .t = t}, out);
    for (int k = 0; k < count * n; k++) {
      z[k] = (double)out[k];
      state[k] += (z[k] - state[k]) / (1 - (double)step / steps) / steps;
    }
  }
}

static void sampling_is_euler_steps_from_training_noise(void** state) {
  (void)state;
  df_config config = tiny_config();
  config.flow_sigma = 0.5;
  df_task* task = tiny_task_with(&config);
  for (int e = 0; e < task->data->episodes; e++) task->data->conditions[e] = 0.3 * e - 1;
  df_flow* flow = new_flow(task, DF_DECODE_STATES, 1);
  train(flow);
  const size_t nx = (size_t)task->system->nx;
  for (int steps = 1; steps <= 3; steps += 2) {
    double *x, *u, z[64 * 16], expected[64];
    sample(flow, task, steps, 9, &x, &u);
    /* all chunks, the last of which is not full: each window has its own noise and condition */
    assert_true(B > 2 * flow->slice && B % flow->slice);
    for (int first = 0; first < B; first += flow->slice) {
      const int count = B - first < flow->slice ? B - first : flow->slice;
      euler_by_hand(flow, task, x, first, count, steps, z);
      for (int b = 0; b < count; b++) {
        const double* window = x + (size_t)(first + b) * (size_t)(flow->H + 1) * nx;
        df_chart_decode(task->chart, window, z + b * flow->H * flow->nz, expected);
        /* the same sums in the same order, up to one rounding of the scaled noise */
        for (size_t i = 0; i < nx; i++) assert_true(fabs(expected[i] - window[nx + i]) < 1e-6);
      }
    }
    df_free(x);
    df_free(u);
  }
  df_flow_free(flow);
  df_task_free(task);
}

/* ---- projected samples ---- */

/* A projection that leaves its marks: it halves the distance of the first coordinate of every state to that of x[0],
 * and writes the number of projections of the window so far as its actions. */
static int projections;

static void halve(void* context, int thread, double* x, double* u) {
  const df_task* task = context;
  const size_t nx = (size_t)task->system->nx, nu = (size_t)task->system->nu, H = (size_t)task->windows->horizon;
  assert_int_equal(thread, 0);
  projections++;
  for (size_t t = 1; t <= H; t++) x[t * nx] = 0.5 * (x[t * nx] + x[0]);
  for (size_t k = 0; k < H * nu; k++) u[k] = projections;
}

/* the same in flow coordinates: the first is that coordinate relative to x[0] over its std */
static void halve_by_hand(const df_flow* flow, const df_task* task, const df_chart_statistics* s, double* z) {
  assert_int_equal(task->windows->horizon, flow->H);
  for (int t = 0; t < flow->H; t++) {
    const double raw = z[t * flow->nz] * s->std[0] + s->mean[0];
    z[t * flow->nz] = (0.5 * raw - s->mean[0]) / s->std[0];
  }
}

static void a_projected_sample_follows_the_velocity_of_what_is_projected(void** state) {
  (void)state;
  enum { STEPS = 4 };
  df_task* task = tiny_task_new();
  df_flow* flow = new_flow(task, DF_DECODE_STATES, 1);
  train(flow);
  const size_t nx = (size_t)task->system->nx;
  const df_chart_statistics s = df_chart_get_statistics(task->chart);
  const df_window w = task->windows->test[0];
  const double *x0 = df_dataset_state(task->data, w.episode, w.start),
               *c = df_dataset_condition(task->data, w.episode, 0);
  /* from which of the flow times 0, 1/4, 1/2, 3/4 on, and how many steps that are */
  static const struct {
    double from;
    int projected;
  } cases[] = {{0, 4}, {0.25, 3}, {0.3, 2}, {0.75, 1}, {1, 1}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    double x[9 * 16], u[16], path[8 * 16], z[8 * 16], expected[16];
    df_real in[8 * 16], cond[64], out[8 * 16], t;
    const df_request r = {.B = 1, .x0 = x0, .condition = c, .seed = 5, .first_index = 2, .sampler_steps = STEPS};
    const df_flow_projection p = {.project = halve, .context = task, .from = cases[i].from};
    projections = 0;
    assert_int_equal(df_flow_sample_projected(flow, &r, &p, x, u), DF_OK);
    assert_int_equal(projections, cases[i].projected);
    assert_true(u[0] == projections && u[15] == projections);

    /* Euler steps by hand */
    const int n = flow->H * flow->nz;
    df_rng_normal(5, DF_STREAM_SAMPLE_NOISE, 2, (size_t)n, path);
    flow_condition(flow, x0, c, cond);
    for (int step = 0; step < STEPS; step++) {
      for (int k = 0; k < n; k++) in[k] = (df_real)path[k];
      t = (df_real)step / STEPS;
      df_net_forward(flow->net, flow->worker[0].net, flow->trainer->average,
                     &(df_net_input){.B = 1, .x = in, .c = cond, .t = &t}, out);
      for (int k = 0; k < n; k++) z[k] = (double)out[k];
      if ((double)step / STEPS >= cases[i].from || step + 1 == STEPS) halve_by_hand(flow, task, &s, z);
      for (int k = 0; k < n; k++) path[k] += (z[k] - path[k]) / (STEPS - step);
    }
    for (int frame = 0; frame < flow->H; frame++) {
      df_chart_decode(task->chart, x0, z + frame * flow->nz, expected);
      for (size_t j = 0; j < nx; j++) assert_true(fabs(expected[j] - x[(size_t)(frame + 1) * nx + j]) < 1e-6);
    }
  }
  df_flow_free(flow);
  df_task_free(task);
}

static void only_states_are_projected(void** state) {
  (void)state;
  df_task* task = tiny_task_new();
  df_flow* flow = new_flow(task, DF_DECODE_ACTIONS, 1);
  double x[9 * 16], u[16];
  const double c = 0;
  const df_flow_projection p = {.project = halve, .context = task};
  const df_request r = {
      .B = 1, .x0 = df_dataset_state(task->data, 0, 0), .condition = &c, .seed = 5, .sampler_steps = 1};
  assert_int_equal(df_flow_sample_projected(flow, &r, &p, x, u), DF_E_ARG);
  assert_int_equal(df_flow_sample_projected(flow, &r, NULL, x, u), DF_E_ARG);
  df_flow_free(flow);
  df_task_free(task);
}

/* a system whose rollouts diverge while `diverging` is above 0; each of these steps counts it down */
static const df_system_ops* real_ops;
static int diverging;

static df_traj_end step_or_diverge(df_sim* sim, const double* u, double* x1) {
  if (diverging == 0) return real_ops->step(sim, u, x1);
  diverging--;
  for (int i = 0; i < 6; i++) x1[i] = NAN;
  return DF_TRAJ_DIVERGED;
}

static void a_window_whose_path_diverged_has_no_states(void** state) {
  (void)state;
  df_task* task = tiny_task_new();
  assert_int_equal(task->system->nx, 6);
  df_system_ops ops = *task->system->ops;
  real_ops = task->system->ops;
  ops.step = step_or_diverge;
  df_flow* flow = new_flow(task, DF_DECODE_ROLLOUT, 1);
  train(flow);
  task->system->ops = &ops;
  const size_t nx = 6, frames = (size_t)task->windows->horizon + 1;
  for (int steps = 1; steps <= 2; steps++) {
    double *x, *u;
    /* the first rollouts are those of the first step of the first chunk: these windows diverge there, and in the second
     * step no more */
    diverging = flow->slice;
    sample(flow, task, steps, 5, &x, &u);
    assert_int_equal(diverging, 0);
    for (size_t b = 0; b < B; b++) {
      for (size_t i = 0; i < frames * nx; i++) {
        const bool lost = b < (size_t)flow->slice && i >= nx;
        assert_int_equal(isfinite(x[b * frames * nx + i]) != 0, !lost);
      }
    }
    df_free(x);
    df_free(u);
  }
  task->system->ops = real_ops;
  df_flow_free(flow);
  df_task_free(task);
}

/* for every decoder and number of windows, from the first call on */
static void sampling_allocates_nothing(void** state) {
  (void)state;
  df_task* task = tiny_task_new();
  const size_t nx = (size_t)task->system->nx, frames = (size_t)task->windows->horizon + 1;
  double *x = df_alloc(B * frames * nx, sizeof *x), *u = df_alloc(B * frames * (size_t)task->system->nu, sizeof *u);
  double *x0 = df_alloc(B * nx, sizeof *x0), c[B] = {0};
  for (int b = 0; b < B; b++) memcpy(x0 + (size_t)b * nx, df_dataset_state(task->data, 0, b), nx * sizeof *x0);
  for (int d = DF_DECODE_STATES; d <= DF_DECODE_TRACKING; d++) {
    df_flow* flow = new_flow(task, (df_decoder)d, 1);
    (void)df_alloc_fail_at(0); /* counts from here */
    for (int windows = 1; windows <= B; windows += B - 1) {
      const df_request r = {.B = windows, .x0 = x0, .condition = c, .seed = 1, .sampler_steps = 2};
      assert_int_equal(df_flow_sample(flow, &r, x, u), DF_OK);
    }
    assert_int_equal(df_alloc_fail_at(0), 0);
    df_flow_free(flow);
  }
  df_free(x);
  df_free(u);
  df_free(x0);
  df_task_free(task);
}

/* the gradients of all micro-batches, most of the memory of a training, are made when it begins */
static void a_flow_that_only_samples_has_no_gradients(void** state) {
  (void)state;
  df_task* task = tiny_task_new();
  df_flow* flow = new_flow(task, DF_DECODE_ROLLOUT, 1);
  for (int s = 0; s < flow->trainer->cfg.slices; s++) assert_null(flow->trainer->gradient[s]);
  train(flow);
  for (int s = 0; s < flow->trainer->cfg.slices; s++) assert_non_null(flow->trainer->gradient[s]);
  df_flow_free(flow);
  df_task_free(task);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_seed_changes_the_sample),
      cmocka_unit_test(the_condition_holds_no_future),
      cmocka_unit_test(sampling_is_euler_steps_from_training_noise),
      cmocka_unit_test(a_projected_sample_follows_the_velocity_of_what_is_projected),
      cmocka_unit_test(only_states_are_projected),
      cmocka_unit_test(a_window_whose_path_diverged_has_no_states),
      cmocka_unit_test(sampling_allocates_nothing),
      cmocka_unit_test(a_flow_that_only_samples_has_no_gradients),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
