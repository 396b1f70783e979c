/* Training samples and sampling of the variants, against their formulas, one window at a time. */
#include <signal.h>

#include "flow_test.h"
#include "near.h"
#include "test_file.h"

static df_config config_of(int n, const char* const (*pairs)[2]) {
  df_config c = tiny_config();
  c.train_push = 0;
  c.train_slices = 2; /* micro-batches of 6 */
  for (int i = 0; i < n; i++) assert_int_equal(df_config_set(&c, pairs[i][0], pairs[i][1], "test"), DF_OK);
  return c;
}
#define CONFIG(...)                                                                       \
  config_of(sizeof((const char* const[][2]){__VA_ARGS__}) / sizeof(const char* const[2]), \
            (const char* const[][2]){__VA_ARGS__})

enum { ROWS = 6, MOST = 8 * 8 };

/* the draws of sample i of step 0: window, X^1 of normalised actions, X^0 / sigma */
static df_window window_of(const df_flow* flow, int i) {
  const df_windows* w = flow->env.task->windows;
  return w->train[df_rng_below(flow->env.seed, DF_STREAM_BATCH, (uint64_t)i, 0, (uint64_t)w->n_train)];
}

static void draws_of(const df_flow* flow, int i, double* end, double* noise) {
  const df_task* task = flow->env.task;
  const df_window w = window_of(flow, i);
  const df_chart_statistics s = df_chart_get_statistics(task->chart);
  for (int k = 0; k < flow->H * flow->nu; k++) {
    const int a = k % flow->nu;
    end[k] = (df_dataset_action(task->data, w.episode, w.start + k / flow->nu)[a] - s.action_mean[a]) / s.action_std[a];
  }
  df_rng_normal(flow->env.seed, DF_STREAM_FLOW_NOISE, (uint64_t)i, (size_t)(flow->H * flow->nu), noise);
}

/* Computes the first micro-batch of step 0 with the parameters after a training, and the draws of a seed (0: of the
 * training); loss [ROWS] */
static df_flow* slice_of_seed(df_task* task, df_decoder decoder, uint64_t seed, double* loss) {
  df_flow* flow = new_flow(task, decoder, 1);
  train(flow);
  if (seed) flow->env.seed = seed;
  assert_int_equal(flow->slice, ROWS);
  df_real* gradient = df_alloc(flow->trainer->n, sizeof *gradient);
  flow_train_slice(flow, 0, 0, 0, ROWS, flow->trainer->parameters, gradient, loss);
  df_free(gradient);
  return flow;
}

static df_flow* first_slice(df_task* task, df_decoder decoder, double* loss) {
  return slice_of_seed(task, decoder, 0, loss);
}

static void a_velocity_is_trained_on_the_slope_of_the_path(void** state) {
  (void)state;
  const df_config c = CONFIG({"flow.prediction", "velocity"}, {"flow.sigma_min", "0.2"}, {"flow.sigma", "0.8"},
                             {"flow.time", "logit_normal"});
  df_task* task = tiny_task_with(&c);
  double loss[ROWS], end[MOST], noise[MOST], normal;
  df_flow* flow = first_slice(task, DF_DECODE_ACTIONS, loss);
  const flow_worker* w = &flow->worker[0];
  const int n = flow->H * flow->nu;
  for (int i = 0; i < ROWS; i++) {
    draws_of(flow, i, end, noise);
    df_rng_normal(flow->env.seed, DF_STREAM_FLOW_TIME, (uint64_t)i, 1, &normal);
    const double t = 1 / (1 + exp(-normal));
    double sum = 0;
    assert_near((double)w->t[i], t, 1e-7);
    for (int k = 0; k < n; k++) {
      assert_near((double)w->x_t[i * n + k], (1 - 0.8 * t) * 0.8 * noise[k] + t * end[k], 1e-5);
      sum += pow((double)w->out[i * n + k] - (end[k] - 0.8 * 0.8 * noise[k]), 2);
    }
    assert_near(loss[i], sum / n, 1e-5 * sum / n);
  }
  df_flow_free(flow);
  df_task_free(task);
}

/* ---- coupling ---- */

static double pair_cost(const df_flow* flow, int i, int j, double weight) {
  const flow_worker* w = &flow->worker[0];
  double end[MOST], noise[MOST], ignored[MOST], sum = 0;
  draws_of(flow, i, ignored, noise);
  draws_of(flow, j, end, ignored);
  for (int k = 0; k < flow->H * flow->nu; k++) sum += pow(0.8 * noise[k] - end[k], 2);
  for (int k = 0; k < flow->cond; k++)
    sum += weight * pow((double)w->cond[i * flow->cond + k] - (double)w->cond[j * flow->cond + k], 2);
  return sum;
}

static double least(int n, const double* cost, int row, unsigned used) {
  double best = row == n ? 0 : INFINITY;
  for (int j = 0; j < n && row < n; j++) {
    if (!(used >> j & 1)) best = fmin(best, cost[row * n + j] + least(n, cost, row + 1, used | 1u << j));
  }
  return best;
}

/* the base sample of row j as the path has it: one of those that were drawn */
static int base_of(const df_flow* flow, int j) {
  const flow_worker* w = &flow->worker[0];
  const int n = flow->H * flow->nu;
  for (int i = 0; i < ROWS; i++) {
    double end[MOST], noise[MOST], ignored[MOST], apart = 0;
    draws_of(flow, i, ignored, noise);
    draws_of(flow, j, end, ignored);
    const double t = (double)w->t[j];
    for (int k = 0; k < n; k++)
      apart = fmax(apart, fabs((double)w->x_t[j * n + k] - ((1 - t) * 0.8 * noise[k] + t * end[k])));
    if (apart < 1e-5) return i;
  }
  fail_msg("row %d has a base sample that was not drawn", j);
  return -1;
}

static void base_samples_are_coupled_at_the_least_cost(void** state) {
  (void)state;
  static const char* const weights[] = {"0", "0.02", "1e9"};
  for (int k = 0; k < 3; k++) {
    const df_config c =
        CONFIG({"flow.coupling", "transport"}, {"flow.coupling_condition", weights[k]}, {"flow.sigma", "0.8"});
    df_task* task = tiny_task_with(&c);
    double loss[ROWS], cost[ROWS * ROWS], sum = 0;
    df_flow* flow = first_slice(task, DF_DECODE_ACTIONS, loss);
    unsigned used = 0;
    int moved = 0, strange = 0;
    for (int i = 0; i < ROWS * ROWS; i++) cost[i] = pair_cost(flow, i / ROWS, i % ROWS, atof(weights[k]));
    for (int j = 0; j < ROWS; j++) {
      const int i = base_of(flow, j);
      assert_false(used >> i & 1);
      used |= 1u << i;
      sum += cost[i * ROWS + j];
      moved += i != j;
      strange += pair_cost(flow, i, j, 1) > pair_cost(flow, i, j, 0);
    }
    /* conditions, which include the start state, outweigh everything in the last case */
    if (!(k == 2 ? strange == 0 : moved > 0 && strange > 0))
      fail_msg("weight %s: %d moved, %d strange", weights[k], moved, strange);
    assert_near(sum, least(ROWS, cost, 0, 0), 1e-5 * sum);
    df_flow_free(flow);
    df_task_free(task);
  }
}

/* ---- conditions ---- */

static void a_share_of_the_samples_is_without_its_condition(void** state) {
  (void)state;
  const df_config c =
      CONFIG({"flow.condition_dropout", "0.3"}, {"train.batch", "400"}, {"train.slices", "1"}, {"train.steps", "1"});
  df_task* task = tiny_task_with(&c);
  for (int e = 0; e < task->data->episodes; e++) task->data->conditions[e] = 2;
  df_flow* flow = new_flow(task, DF_DECODE_ACTIONS, 1);
  train(flow);
  assert_int_equal(flow->cond, flow->nz + 2);
  const flow_worker* w = &flow->worker[0];
  int unknown = 0;
  for (int i = 0; i < 400; i++) {
    const df_real* cond = w->cond + i * flow->cond + flow->nz;
    double draw;
    df_rng_uniform(flow->env.seed, DF_STREAM_CONDITION, (uint64_t)i, 1, &draw);
    assert_true(draw < 0.3 ? cond[0] == 0 && cond[1] == 0 : cond[0] == 2 && cond[1] == 1);
    unknown += cond[1] == 0;
  }
  assert_true(unknown > 90 && unknown < 150);
  df_flow_free(flow);
  df_task_free(task);
}

/* ---- sampling ---- */

/* the network's output at one point, with guidance */
static void output_at(df_flow* flow, const double* x0, const double* condition, double t, const double* z,
                      double* out) {
  const int n = flow->H * flow->in;
  const double guidance = flow_config(flow)->flow_guidance;
  df_real in[MOST], cond[32], time = (df_real)t, y[2][MOST];
  for (int k = 0; k < n; k++) in[k] = (df_real)z[k];
  flow_condition(flow, x0, condition, cond);
  for (int known = 1; known >= 0; known--) {
    if (!known) cond[flow->nz] = cond[flow->cond - 1] = 0;
    df_net_forward(flow->net, flow->worker[0].net, flow->trainer->average,
                   &(df_net_input){.B = 1, .x = in, .c = cond, .t = &time}, y[known]);
  }
  for (int k = 0; k < n; k++)
    out[k] = guidance == 1 ? (double)y[1][k] : (double)y[0][k] + guidance * ((double)y[1][k] - (double)y[0][k]);
}

static void slope_at(df_flow* flow, const double* x0, const double* condition, double t, const double* z, double* v) {
  const double left = flow_config(flow)->flow_sigma_min;
  output_at(flow, x0, condition, t, z, v);
  if (strcmp(flow_config(flow)->flow_prediction, "velocity") == 0) return;
  for (int k = 0; k < flow->H * flow->in; k++) v[k] = (v[k] - (1 - left) * z[k]) / (1 - (1 - left) * t);
}

/* z += h times the slope of a step of the solver, by its tableau */
static void step_by_hand(df_flow* flow, const double* x0, const double* c, double t, double h, double* z) {
  const char* solver = flow_config(flow)->flow_solver;
  const int n = flow->H * flow->in;
  double v[4][MOST], stage[MOST];
  slope_at(flow, x0, c, t, z, v[0]);
  if (strcmp(solver, "midpoint") == 0) {
    for (int k = 0; k < n; k++) stage[k] = z[k] + h / 2 * v[0][k];
    slope_at(flow, x0, c, t + h / 2, stage, v[1]);
    for (int k = 0; k < n; k++) z[k] += h * v[1][k];
    return;
  }
  if (strcmp(solver, "rk4") == 0) {
    for (int s = 1; s < 4; s++) {
      const double place = s == 3 ? 1 : 0.5;
      for (int k = 0; k < n; k++) stage[k] = z[k] + place * h * v[s - 1][k];
      slope_at(flow, x0, c, t + place * h, stage, v[s]);
    }
    for (int k = 0; k < n; k++) z[k] += h / 6 * (v[0][k] + 2 * v[1][k] + 2 * v[2][k] + v[3][k]);
    return;
  }
  for (int k = 0; k < n; k++) z[k] += h * v[0][k];
}

static void compare_with_steps_by_hand(const df_config* config, int steps, bool arrives) {
  df_task* task = tiny_task_with(config);
  for (int e = 0; e < task->data->episodes; e++) task->data->conditions[e] = 0.3 * e - 1;
  df_flow* flow = new_flow(task, DF_DECODE_ACTIONS, 1);
  train(flow);
  const int n = flow->H * flow->nu;
  const size_t nx = (size_t)task->system->nx;
  double *x, *u;
  sample(flow, task, steps, 9, &x, &u);
  for (int b = 0; b < B; b++) {
    const df_window w = task->windows->test[b * 5 % task->windows->n_test];
    const double *x0 = x + (size_t)b * (size_t)(flow->H + 1) * nx,
                 *c = df_dataset_condition(task->data, w.episode, w.start);
    double z[MOST], end[MOST], expected[MOST];
    df_rng_normal(9, DF_STREAM_SAMPLE_NOISE, (uint64_t)b, (size_t)n, z);
    for (int k = 0; k < n; k++) z[k] *= config->flow_sigma;
    for (int step = 0; step < (arrives ? steps : steps - 1); step++)
      step_by_hand(flow, x0, c, (double)step / steps, 1.0 / steps, z);
    if (!arrives) {
      const double t = 1 - 1.0 / steps, left = config->flow_sigma_min;
      slope_at(flow, x0, c, t, z, end);
      for (int k = 0; k < n; k++) z[k] = (1 - (1 - left) * t) * end[k] + (1 - left) * z[k];
    }
    flow_unnormalise_actions(flow, z, expected);
    for (int k = 0; k < n; k++) assert_near(u[b * n + k], expected[k], 1e-5);
  }
  df_free(x);
  df_free(u);
  df_flow_free(flow);
  df_task_free(task);
}

static void samples_follow_the_solver_that_is_set(void** state) {
  (void)state;
  static const char* const solvers[] = {"euler", "midpoint", "rk4"};
  for (int s = 0; s < 3; s++) {
    for (int steps = 1; steps <= 3; steps += 2) {
      const df_config ends = CONFIG({"flow.solver", solvers[s]}, {"flow.sigma_min", "0.1"}, {"flow.sigma", "0.7"});
      compare_with_steps_by_hand(&ends, steps, false);
      const df_config slopes = CONFIG({"flow.solver", solvers[s]}, {"flow.prediction", "velocity"});
      compare_with_steps_by_hand(&slopes, steps, s > 0);
      /* a path that keeps a part of its base sample is followed to its end by every solver */
      const df_config kept = CONFIG({"flow.solver", solvers[s]}, {"flow.prediction", "velocity"},
                                    {"flow.sigma_min", "0.3"}, {"flow.sigma", "0.7"});
      compare_with_steps_by_hand(&kept, steps, true);
    }
  }
}

static void guidance_extrapolates_from_the_unconditional_output(void** state) {
  (void)state;
  static const char* const guidance[] = {"0", "1", "1.7"};
  for (int g = 0; g < 3; g++) {
    const df_config c = CONFIG({"flow.guidance", guidance[g]}, {"flow.condition_dropout", "0.5"});
    compare_with_steps_by_hand(&c, 2, false);
  }
}

/* the adaptive solver ends where many short steps end */
static void the_adaptive_solver_ends_where_short_steps_end(void** state) {
  (void)state;
  const df_config c = CONFIG({"flow.solver", "rk4"}, {"flow.prediction", "velocity"});
  df_task* task = tiny_task_with(&c);
  df_flow* flow = new_flow(task, DF_DECODE_ACTIONS, 1);
  train(flow);
  double *x, *u, *y, *v;
  sample(flow, task, 50, 4, &x, &u);
  const long before = df_flow_evaluations(flow);
  assert_int_equal(before, 50 * 4 * B);
  assert_int_equal(df_config_set(&task->config, "flow.solver", "adaptive", "test"), DF_OK);
  assert_int_equal(df_config_set(&task->config, "flow.tolerance", "1e-4", "test"), DF_OK);
  sample(flow, task, 2, 4, &y, &v);
  assert_true(df_flow_evaluations(flow) > before && df_flow_evaluations(flow) < 2 * before);
  for (size_t k = 0; k < bytes_u(task) / sizeof *u; k++) assert_near(v[k], u[k], 1e-3);
  df_free(x);
  df_free(u);
  df_free(y);
  df_free(v);
  df_flow_free(flow);
  df_task_free(task);
}

/* ---- the velocity field ---- */

static void the_field_and_its_divergence_are_those_of_the_network(void** state) {
  (void)state;
  const df_config configs[] = {
      CONFIG({"flow.prediction", "velocity"}, {"flow.condition_dropout", "0.3"}, {"flow.guidance", "1.5"}),
      CONFIG({"flow.sigma_min", "0.1"}, {"net.kind", "mlp"}), CONFIG({"net.kind", "unet"})};
  for (int i = 0; i < 3; i++) {
    enum { POINTS = 8 };
    df_task* task = tiny_task_with(&configs[i]);
    df_flow* flow = new_flow(task, DF_DECODE_ACTIONS, 2);
    train(flow);
    const int n = flow->H * flow->nu;
    const size_t nx = (size_t)task->system->nx;
    double x0[POINTS * 16], c[POINTS], z[POINTS * MOST], v[POINTS * MOST], divergence[POINTS], expected[MOST];
    df_rng_normal(3, DF_STREAM_TEST, 0, (size_t)(POINTS * n), z);
    for (int b = 0; b < POINTS; b++) {
      memcpy(x0 + (size_t)b * nx, df_dataset_state(task->data, b, 0), nx * sizeof *x0);
      c[b] = b % 2;
    }
    const df_flow_points points = {.B = POINTS, .x0 = x0, .condition = c, .z = z, .t = 0.35};
    assert_int_equal(df_flow_velocity(flow, &points, v, divergence), DF_OK);
    for (int b = 0; b < POINTS; b++) {
      double sum = 0;
      slope_at(flow, x0 + (size_t)b * nx, c + b, 0.35, z + b * n, expected);
      for (int k = 0; k < n; k++) assert_near(v[b * n + k], expected[k], 1e-5);
      for (int k = 0; k < n; k++) {
        const double h = 1e-2, kept = z[b * n + k];
        z[b * n + k] = kept + h;
        slope_at(flow, x0 + (size_t)b * nx, c + b, 0.35, z + b * n, expected);
        sum += expected[k] / (2 * h);
        z[b * n + k] = kept - h;
        slope_at(flow, x0 + (size_t)b * nx, c + b, 0.35, z + b * n, expected);
        sum -= expected[k] / (2 * h);
        z[b * n + k] = kept;
      }
      /* differences in single precision, and their third order */
      assert_near(divergence[b], sum, 5e-3 * (1 + fabs(sum)));
    }
    df_flow_free(flow);
    df_task_free(task);
  }
}

static void a_field_that_is_not_defined_is_refused(void** state) {
  (void)state;
  const df_config c = CONFIG({"flow.prediction", "x1"});
  df_task* task = tiny_task_with(&c);
  double z[MOST * 4] = {0}, v[MOST * 4], divergence, condition = 0;
  df_flow_points p = {.B = 1, .x0 = df_dataset_state(task->data, 0, 0), .condition = &condition, .z = z, .t = 1};
  df_flow* flow = new_flow(task, DF_DECODE_ACTIONS, 1);
  assert_int_equal(df_flow_velocity(flow, &p, v, NULL), DF_E_ARG);
  p.t = 0.999;
  assert_int_equal(df_flow_velocity(flow, &p, v, &divergence), DF_OK);
  p.t = -0.1;
  assert_int_equal(df_flow_velocity(flow, &p, v, NULL), DF_E_ARG);
  p.t = 0.5;
  p.condition = NULL;
  assert_int_equal(df_flow_velocity(flow, &p, v, NULL), DF_E_ARG);
  p.condition = &condition;
  p.z = NULL;
  assert_int_equal(df_flow_velocity(flow, &p, v, NULL), DF_E_ARG);
  p.z = z;
  task->config.flow_guidance = 2;
  assert_int_equal(df_flow_velocity(flow, &p, v, NULL), DF_E_ARG);
  task->config.flow_guidance = 1;
  df_flow_free(flow);
  flow = new_flow(task, DF_DECODE_ROLLOUT, 1);
  assert_int_equal(df_flow_velocity(flow, &p, v, NULL), DF_OK);
  assert_int_equal(df_flow_velocity(flow, &p, v, &divergence), DF_E_ARG);
  df_flow_free(flow);
  df_task_free(task);
}

/* every decoder with every solver: the actions that are returned lead to the states that are */
static void simulated_samples_replay_with_every_solver(void** state) {
  (void)state;
  static const char* const solvers[] = {"euler", "midpoint", "rk4", "adaptive"};
  for (int s = 0; s < 4; s++) {
    const df_config c = CONFIG({"flow.solver", solvers[s]});
    df_task* task = tiny_task_with(&c);
    const size_t H = (size_t)task->windows->horizon, nx = (size_t)task->system->nx, nu = (size_t)task->system->nu;
    df_sim* sim;
    assert_int_equal(df_sim_new(task->system, 0, &sim), DF_OK);
    for (int d = DF_DECODE_ACTIONS; d <= DF_DECODE_TRACKING; d++) {
      df_flow* flow = new_flow(task, (df_decoder)d, 1);
      train(flow);
      double *x, *u, again[9 * 16];
      sample(flow, task, 3, 9, &x, &u);
      for (size_t b = 0; b < B; b++) {
        const double* window = x + b * (H + 1) * nx;
        assert_int_equal(df_trajectory_run(task->system, sim, (int)H, window, u + b * H * nu, again), DF_TRAJ_COMPLETE);
        assert_memory_equal(again, window, (H + 1) * nx * sizeof *again);
      }
      df_free(x);
      df_free(u);
      df_flow_free(flow);
    }
    df_sim_free(task->system, sim);
    df_task_free(task);
  }
}

/* ---- few steps ---- */

/* the network's output for row i of the first micro-batch, moved by `step` along `slope`, with a span */
static void spanned(df_flow* flow, const df_real* parameters, int i, const double* x, double t, double span,
                    double* out) {
  const int n = flow->H * flow->nu;
  df_real in[MOST], cond[32], y[MOST], time = (df_real)t;
  df_net_work* work;
  for (int k = 0; k < n; k++) in[k] = (df_real)x[k];
  memcpy(cond, flow->worker[0].cond + i * flow->cond, (size_t)flow->cond * sizeof *cond);
  cond[flow->cond - 1] = (df_real)span;
  assert_int_equal(df_net_work_new(flow->net, 1, &work), DF_OK);
  df_net_forward(flow->net, work, parameters, &(df_net_input){.B = 1, .x = in, .c = cond, .t = &time}, y);
  df_net_work_free(work);
  for (int k = 0; k < n; k++) out[k] = (double)y[k];
}

/* the target of row i by the definition of its kind */
static void few_step_target(df_flow* flow, const char* kind, const double* x, double t, double span,
                            const double* slope, int i, double* target) {
  const df_real* p = flow->trainer->parameters;
  const int n = flow->H * flow->nu;
  double y[2][MOST], moved[MOST];
  memcpy(target, slope, (size_t)n * sizeof *target);
  if (strcmp(kind, "shortcut") == 0 && span > 0) {
    const double half = span / 2, told = half < 1.0 / 64 ? 0 : half;
    spanned(flow, p, i, x, t, told, y[0]);
    for (int k = 0; k < n; k++) moved[k] = x[k] + half * y[0][k];
    spanned(flow, p, i, moved, t + half, told, y[1]);
    for (int k = 0; k < n; k++) target[k] = (y[0][k] + y[1][k]) / 2;
  } else if (strcmp(kind, "mean_flow") == 0) {
    const double h = 1e-3;
    for (int s = 0; s < 2; s++) {
      for (int k = 0; k < n; k++) moved[k] = x[k] + (s ? -h : h) * slope[k];
      spanned(flow, p, i, moved, t + (s ? -h : h), span - (s ? -h : h), y[s]);
    }
    for (int k = 0; k < n; k++) target[k] += span * (y[0][k] - y[1][k]) / (2 * h);
  } else if (strcmp(kind, "consistency") == 0) {
    const double h = 1.0 / 32;
    for (int k = 0; k < n; k++) moved[k] = x[k] + h * slope[k];
    spanned(flow, p, i, moved, t + h, fmax(0, 1 - t - h), y[0]);
    for (int k = 0; k < n; k++) target[k] = (moved[k] + fmax(0, 1 - t - h) * y[0][k] - x[k]) / (1 - t);
  }
}

/* a seed that draws the shortest of the spans 1, 1/2, ... 2^-6 for one of the rows */
static uint64_t seed_of_shortest_span(void) {
  for (uint64_t seed = 1;; seed++) {
    for (int i = 0; i < ROWS; i++) {
      double draw[3];
      df_rng_uniform(seed, DF_STREAM_SPAN, (uint64_t)i, 3, draw);
      if (draw[0] < 0.7 && draw[1] * 7 > 6) return seed;
    }
  }
}

static void steps_are_trained_on_what_the_network_implies(void** state) {
  (void)state;
  static const char* const kinds[] = {"shortcut", "mean_flow", "consistency"};
  for (int kind = 0; kind < 3; kind++) {
    const df_config c = CONFIG({"flow.prediction", "velocity"}, {"flow.few_step", kinds[kind]},
                               {"flow.few_step_share", kind < 2 ? "0.7" : "0.5"});
    df_task* task = tiny_task_with(&c);
    double loss[ROWS];
    df_flow* flow = slice_of_seed(task, DF_DECODE_ACTIONS, kind == 0 ? seed_of_shortest_span() : 0, loss);
    const flow_worker* w = &flow->worker[0];
    const int n = flow->H * flow->nu;
    int spans = 0, shortest = 0; /* the network is told that half of a shortest span is 0 */
    assert_int_equal(flow->cond, flow->nz + 2);
    for (int i = 0; i < ROWS; i++) {
      double end[MOST], noise[MOST], x[MOST], slope[MOST], target[MOST], draw[3], sum = 0;
      const double t = w->time[i], span = (double)w->cond[(i + 1) * flow->cond - 1];
      draws_of(flow, i, end, noise);
      df_rng_uniform(flow->env.seed, DF_STREAM_SPAN, (uint64_t)i, 3, draw);
      assert_true(t >= 0 && t < 1 && span >= 0 && t + span < 1 + 1e-6);
      assert_true((span > 0) == (kind == 2 || draw[0] < 0.7));
      if (kind == 0 && span > 0) assert_near(t / span, floor(t / span + 1e-9), 1e-9);
      if (kind == 2) assert_near(t + span, 1, 1e-7);
      spans += span > 0;
      shortest += span > 0 && span < 2.0 / 64;
      for (int k = 0; k < n; k++) {
        x[k] = (1 - t) * noise[k] + t * end[k];
        slope[k] = end[k] - noise[k];
        assert_near((double)w->x_t[i * n + k], x[k], 1e-5);
      }
      few_step_target(flow, kinds[kind], x, t, span, slope, i, target);
      for (int k = 0; k < n; k++) {
        /* the derivatives of mean flows are differences here */
        assert_near(w->target[i * n + k], target[k], (kind == 1 ? 2e-3 : 2e-6) * (1 + fabs(target[k])));
        sum += pow((double)w->out[i * n + k] - w->target[i * n + k], 2) / n;
      }
      assert_near(loss[i], sum, 1e-5 * sum);
    }
    assert_true(spans > 0 && (kind == 2 || spans < ROWS) && (kind != 0 || shortest > 0));
    df_flow_free(flow);
    df_task_free(task);
  }
}

/* a sample is a sum of mean velocities over its steps; a consistency model returns to the path with new noise */
static void few_steps_follow_mean_velocities(void** state) {
  (void)state;
  static const char* const kinds[] = {"shortcut", "consistency", "consistency"};
  for (int kind = 0; kind < 3; kind++) {
    const df_config c = CONFIG({"flow.prediction", "velocity"}, {"flow.few_step", kinds[kind]},
                               {"flow.sigma_min", kind == 2 ? "0.4" : "0"});
    const double left = c.flow_sigma_min;
    df_task* task = tiny_task_with(&c);
    df_flow* flow = new_flow(task, DF_DECODE_ACTIONS, 1);
    train(flow);
    const int n = flow->H * flow->nu;
    const size_t nx = (size_t)task->system->nx;
    for (int K = 1; K <= 3; K++) {
      double *x, *u;
      sample(flow, task, K, 9, &x, &u);
      for (int b = 0; b < B; b++) {
        const df_window window = task->windows->test[b * 5 % task->windows->n_test];
        double z[MOST], y[MOST], expected[MOST], noise[MOST];
        flow_condition(flow, x + (size_t)b * (size_t)(flow->H + 1) * nx,
                       df_dataset_condition(task->data, window.episode, window.start), flow->worker[0].cond);
        df_rng_normal(9, DF_STREAM_SAMPLE_NOISE, (uint64_t)b, (size_t)n, z);
        for (int step = 0; step < K; step++) {
          const double t = (double)step / K, next = (step + 1.0) / K, span = kind ? 1 - t : 1.0 / K;
          spanned(flow, flow->trainer->average, 0, z, t, span, y);
          /* the last point of the path is left X^0 + X^1, this one (1 - (1 - left) t) X^0 + t X^1 */
          double last[MOST];
          for (int k = 0; k < n; k++) last[k] = z[k] + span * y[k];
          df_rng_normal(9, DF_STREAM_RENEWED_NOISE, (uint64_t)b << 10 | (uint64_t)step, (size_t)n, noise);
          for (int k = 0; k < n; k++) {
            const double share = 1 - (1 - left) * t, base = (z[k] - t * last[k]) / (share - left * t);
            z[k] = last[k];
            if (kind && step + 1 < K) z[k] = (1 - (1 - left) * next) * noise[k] + next * (last[k] - left * base);
          }
        }
        flow_unnormalise_actions(flow, z, expected);
        for (int k = 0; k < n; k++) assert_near(u[b * n + k], expected[k], 1e-5);
      }
      df_free(x);
      df_free(u);
    }
    assert_int_equal(df_config_set(&task->config, "flow.solver", "rk4", "test"), DF_OK);
    double x0[16] = {0}, condition = 0, x[9 * 16], u[16];
    const df_request r = {.B = 1, .x0 = x0, .condition = &condition, .sampler_steps = 1};
    assert_int_equal(df_flow_sample(flow, &r, x, u), DF_E_ARG);
    df_flow_free(flow);
    df_task_free(task);
  }
}

/* ---- reflow ---- */

static void reflow_learns_the_ends_of_the_flows_own_paths(void** state) {
  (void)state;
  static const char* const predictions[] = {"x1", "velocity", "velocity"};
  for (int kind = 0; kind < 3; kind++) {
    const df_config c =
        CONFIG({"flow.prediction", predictions[kind]}, {"flow.reflow_from", "0.5"}, {"flow.reflow_steps", "3"},
               {"train.steps", "4"}, {"flow.sigma_min", kind == 2 ? "0.3" : "0"}, {"flow.sigma", "0.8"});
    const double left = c.flow_sigma_min;
    df_task* task = tiny_task_with(&c);
    double loss[ROWS];
    df_flow* flow = new_flow(task, DF_DECODE_ACTIONS, 1);
    train(flow);
    /* the teacher is the average after two of the four steps */
    df_config half = c;
    half.train_steps = 2;
    half.train_decay_from = half.flow_reflow_from = 1;
    df_task* first = tiny_task_with(&half);
    df_flow* other = new_flow(first, DF_DECODE_ACTIONS, 1);
    train(other);
    assert_memory_equal(flow->teacher, other->trainer->average, flow->trainer->n * sizeof(df_real));
    df_flow_free(other);
    df_task_free(first);

    /* targets before and after */
    const int n = flow->H * flow->nu;
    df_real* gradient = df_alloc(flow->trainer->n, sizeof *gradient);
    for (long step = 1; step <= 2; step++) {
      flow_train_slice(flow, 0, step, 0, ROWS, flow->trainer->parameters, gradient, loss);
      const flow_worker* w = &flow->worker[0];
      for (int i = 0; i < ROWS; i++) {
        const uint64_t index = (uint64_t)step * 12 + (uint64_t)i;
        double z[MOST], noise[MOST], v[MOST], end[MOST], t;
        df_real in[MOST], y[MOST], time;
        df_net_work* work;
        df_rng_normal(flow->env.seed, DF_STREAM_FLOW_NOISE, index, (size_t)n, noise);
        df_rng_uniform(flow->env.seed, DF_STREAM_FLOW_TIME, index, 1, &t);
        for (int j = 0; j < n; j++) noise[j] *= 0.8; /* flow.sigma */
        memcpy(z, noise, sizeof z);
        assert_int_equal(df_net_work_new(flow->net, 1, &work), DF_OK);
        /* three midpoint steps, the last of which jumps to the end where that is what the network predicts */
        for (int k = 0; k < 3; k++) {
          for (int stage = 0; stage < 2; stage++) {
            const bool jumps = kind == 0 && k == 2;
            const double at = (k + 0.5 * stage) / 3;
            double x[MOST];
            for (int j = 0; j < n; j++) x[j] = z[j] + (stage ? v[j] / 6 : 0);
            for (int j = 0; j < n; j++) in[j] = (df_real)x[j];
            time = (df_real)at;
            df_net_forward(flow->net, work, flow->teacher,
                           &(df_net_input){.B = 1, .x = in, .c = w->cond + i * flow->cond, .t = &time}, y);
            for (int j = 0; j < n; j++) v[j] = kind ? (double)y[j] : ((double)y[j] - x[j]) / (1 - at);
            if (jumps) {
              for (int j = 0; j < n; j++) z[j] = (double)y[j];
              break;
            }
          }
          for (int j = 0; j < n && !(kind == 0 && k == 2); j++) z[j] += v[j] / 3;
        }
        df_net_work_free(work);
        double apart = 0;
        for (int j = 0; j < n; j++) {
          /* the end of the path has a share of the base sample */
          end[j] = ((double)w->x_t[i * n + j] - (1 - (1 - left) * t) * noise[j]) / t + left * noise[j];
          apart = fmax(apart, t * fabs(end[j] - z[j]));
        }
        /* before, the path ends at the demonstration */
        if ((apart < 1e-4) != (step == 2))
          fail_msg("%s, step %ld, row %d: %g apart", predictions[kind], step, i, apart);
      }
    }
    df_free(gradient);
    df_flow_free(flow);
    df_task_free(task);
  }
}

static volatile sig_atomic_t stop;

static void stop_after(void* context, const df_progress* at) {
  stop = at->step == *(const long*)context;
}

/* a training that is interrupted while it learns the flow's own paths goes on with the same teacher */
static void reflow_resumes_to_the_same_bits(void** state) {
  (void)state;
  const df_config c = CONFIG({"flow.prediction", "velocity"}, {"flow.reflow_from", "0.5"}, {"train.steps", "6"});
  df_task* task = tiny_task_with(&c);
  df_flow* whole = new_flow(task, DF_DECODE_ACTIONS, 1);
  train(whole);
  for (long at = 3; at <= 4; at++) { /* just before the first step with a teacher, and after it */
    df_flow* parts = NULL;
    df_training_log log;
    for (int part = 0; part < 2; part++) {
      const df_method_env env = {.task = task,
                                 .seed = 3,
                                 .threads = 1,
                                 .progress = part ? NULL : stop_after,
                                 .progress_context = &at,
                                 .stop = &stop,
                                 .state_folder = test_folder(),
                                 .state_every = 1e9};
      stop = 0;
      df_flow_free(parts);
      assert_int_equal(df_flow_new(&env, "test", DF_DECODE_ACTIONS, &parts), DF_OK);
      assert_int_equal(df_flow_train(parts, &log), part ? DF_OK : DF_E_INTERRUPTED);
    }
    assert_memory_equal(parts->trainer->average, whole->trainer->average, whole->trainer->n * sizeof(df_real));
    df_flow_free(parts);
    unlink(test_file("test.state"));
  }
  df_flow_free(whole);
  df_task_free(task);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_velocity_is_trained_on_the_slope_of_the_path),
      cmocka_unit_test(base_samples_are_coupled_at_the_least_cost),
      cmocka_unit_test(a_share_of_the_samples_is_without_its_condition),
      cmocka_unit_test(samples_follow_the_solver_that_is_set),
      cmocka_unit_test(guidance_extrapolates_from_the_unconditional_output),
      cmocka_unit_test(the_adaptive_solver_ends_where_short_steps_end),
      cmocka_unit_test(the_field_and_its_divergence_are_those_of_the_network),
      cmocka_unit_test(a_field_that_is_not_defined_is_refused),
      cmocka_unit_test(simulated_samples_replay_with_every_solver),
      cmocka_unit_test(steps_are_trained_on_what_the_network_implies),
      cmocka_unit_test(few_steps_follow_mean_velocities),
      cmocka_unit_test(reflow_learns_the_ends_of_the_flows_own_paths),
      cmocka_unit_test(reflow_resumes_to_the_same_bits),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
