/* The training of a policy, compiled in double precision, against a plain program: the loss of a window by a loop over
 * robots with networks of plain sums, its gradient by differences of that loss, targets of the critic by their
 * definition as a mean of n-step returns. */
#include "dynaflow/nn/blas.h"
#include "expert_internal.h"
#include "walker.h"

enum { B = 5, H = 7 };

typedef struct fixture {
  df_system* s;
  df_walk_cfg walk_cfg;
  df_walk* walk;
  df_expert_cfg cfg;
  df_expert* e;
} fixture;

/* falls below a height that robots which drop reach within the window */
static fixture make_with(int horizon, double fall_height, double decay, bool critic) {
  fixture f = {.s = walker_system(), .cfg = df_expert_cfg_default()};
  OK(df_blas_open(&(df_blas_cfg){.kernel = "naive", .threads = 4}));
  f.walk_cfg = walker_cfg(f.s);
  f.walk_cfg.fall_height = fall_height;
  f.walk = walker_task(f.s, &f.walk_cfg);
  f.cfg.robots = B;
  f.cfg.horizon = horizon;
  f.cfg.slices = 2;
  f.cfg.width = 9;
  f.cfg.decay = decay;
  f.cfg.critic = critic;
  OK(df_expert_new(f.walk, &f.cfg, 5, 1, &f.e));
  /* last layers begin at 0, which would hide gradients */
  df_real* const nets[] = {f.e->actor, f.e->slow};
  const size_t sizes[] = {df_net_parameters(f.e->actor_net), df_net_parameters(f.e->critic_net)};
  for (int i = 0; i < 2; i++) {
    double* more = df_alloc(sizes[i], sizeof *more);
    df_rng_normal(11, DF_STREAM_TEST, (uint64_t)i, sizes[i], more);
    for (size_t k = 0; k < sizes[i]; k++) nets[i][k] += .05 * more[k];
    df_free(more);
  }
  return f;
}

static fixture make(double fall_height, double decay, bool critic) {
  return make_with(H, fall_height, decay, critic);
}

static void drop(fixture* f) {
  df_expert_free(f->e);
  df_walk_free(f->walk);
  df_system_free(f->s);
}

/* ---- the plain program ---- */

static const df_real* tensor(const df_net* net, const df_real* p, const char* name) {
  const df_tensor* list;
  const int n = df_net_tensors(net, &list);
  for (int i = 0; i < n; i++) {
    if (strcmp(list[i].name, name) == 0) return p + list[i].offset;
  }
  fail_msg("no tensor %s", name);
  return NULL;
}

static void layer(const df_net* net, const df_real* p, const char* name, int in, int out, const double* x, double* y) {
  char full[64];
  snprintf(full, sizeof full, "%s.weight", name);
  const df_real* w = tensor(net, p, full);
  snprintf(full, sizeof full, "%s.bias", name);
  const df_real* b = tensor(net, p, full);
  for (int o = 0; o < out; o++) {
    y[o] = b[o];
    for (int i = 0; i < in; i++) y[o] += w[o * in + i] * x[i];
  }
}

static void network(const df_net* net, const df_real* p, const double* x, int out, double* y) {
  double a[32], b[32];
  const df_net_cfg* cfg = df_net_get_cfg(net);
  layer(net, p, "dense.0", cfg->in, cfg->width, x, a);
  for (int i = 0; i < cfg->width; i++) a[i] = a[i] > 0 ? a[i] : exp(a[i]) - 1;
  layer(net, p, "dense.1", cfg->width, cfg->width, a, b);
  for (int i = 0; i < cfg->width; i++) b[i] = b[i] > 0 ? b[i] : exp(b[i]) - 1;
  layer(net, p, "last", cfg->width, out, b, y);
}

/* what all robots are before the window, which changes it */
typedef struct robots {
  double x[B][NX], u[B][NU];
  df_walk_order order[B];
  int64_t events[B];
} robots;

static robots before(const fixture* f) {
  robots r;
  memcpy(r.x, f->e->x_now, sizeof r.x);
  memcpy(r.u, f->e->u_now, sizeof r.u);
  memcpy(r.order, f->e->order_now, sizeof r.order);
  memcpy(r.events, f->e->events, sizeof r.events);
  return r;
}

/* one robot's share of the loss; falls[0] is added to */
static double robot_loss(const fixture* f, const robots* all, int b, int* falls) {
  const df_expert* e = f->e;
  df_sim* sim;
  OK(df_sim_new(f->s, 0, &sim));
  double x[NX], u[NU], last[NU], view[64], out[NU], obs[128], eps[NU], cost[DF_REWARD_TERMS], sum = 0, g = 1;
  df_walk_order order = all->order[b];
  int64_t event = all->events[b];
  memcpy(x, all->x[b], sizeof x);
  memcpy(last, all->u[b], sizeof last);
  f->s->ops->reset(sim, x);
  bool fallen = false;
  for (int t = 0; t < H; t++) {
    df_walk_look(f->walk, sim, x, view);
    df_walk_observe(f->walk, view, last, &order, obs);
    network(e->actor_net, e->actor, obs, NU, out);
    df_rng_normal(5, DF_STREAM_EXPERT_NOISE, (uint64_t)t * B + (uint64_t)b, NU, eps);
    for (int k = 0; k < NU; k++) {
      const double rest = (walker_home[k] - walker_centre[k]) / walker_half[k];
      u[k] = walker_centre[k] + walker_half[k] * tanh(out[k] + .5 * log((1 + rest) / (1 - rest)) + .1 * eps[k]);
    }
    assert_int_equal(f->s->ops->step(sim, u, x), DF_TRAJ_COMPLETE);
    order.phase = fmod(order.phase + .06, 1);
    df_walk_look(f->walk, sim, x, view);
    sum += g * df_walk_reward(f->walk, &(df_walk_step){view, u, last, &order}, cost);
    g *= .97;
    memcpy(last, u, sizeof last);
    fallen = view[0] < f->walk_cfg.fall_height;
    if (!fallen) continue;
    ++*falls;
    g = 1;
    const uint64_t number = (uint64_t)b << 32 | (uint64_t)event++;
    df_walk_draw_start(f->walk, sim, 5, number, x);
    df_walk_draw_order(f->walk, 5, number, &order);
    memcpy(last, walker_home, sizeof last);
    f->s->ops->set_state(sim, x);
  }
  if (f->cfg.critic && !fallen) {
    double value;
    df_walk_look(f->walk, sim, x, view);
    df_walk_observe(f->walk, view, last, &order, obs);
    network(e->critic_net, e->slow, obs, 1, &value);
    sum += g * 20 * value;
  }
  df_sim_free(f->s, sim);
  return -sum / (H * B);
}

static double loss(const fixture* f, const robots* all, int* falls) {
  double sum = 0;
  for (int b = 0; b < B; b++) sum += robot_loss(f, all, b, falls);
  return sum;
}

/* ---- the gradient of the window ---- */

static void run_window(fixture* f, double* gradient) {
  const size_t n = df_net_parameters(f->e->actor_net);
  memset(gradient, 0, n * sizeof *gradient);
  for (int i = 0; i < f->e->n_slices; i++) {
    expert_window(f->e, &f->e->slice[i]);
    OK(f->e->slice[i].status);
    assert_int_equal(f->e->slice[i].sums.lost, 0);
    for (size_t k = 0; k < n; k++) gradient[k] += f->e->slice[i].gradient[k];
  }
}

/* Compares derivatives along random directions with five-point differences. Kinks of contacts lie some 1e-4 apart in
 * this unit, so that steps of 2e-6 rarely meet one; a few directions may. */
static void compare(double fall_height, bool critic, int falls_least, int falls_most) {
  enum { DIRECTIONS = 12, MAY_MISS = 2 };
  static const double STEP = 1e-6;
  fixture f = make(fall_height, 1, critic);
  const size_t n = df_net_parameters(f.e->actor_net);
  double *gradient = df_alloc(n, sizeof *gradient), *d = df_alloc(n, sizeof *d), *kept = df_alloc(n, sizeof *kept);
  const robots all = before(&f);
  int falls = 0, missed = 0;
  memcpy(kept, f.e->actor, n * sizeof *kept);
  const double first = loss(&f, &all, &falls);
  run_window(&f, gradient);
  /* the loss itself, from the rewards of the window */
  double same = 0;
  for (int t = 0; t < H; t++) {
    for (int b = 0; b < B; b++) same -= f.e->weight[t * B + b] * f.e->reward[t * B + b] / (H * B);
  }
  for (int b = 0; critic && b < B; b++) same -= f.e->weight[H * B + b] * f.e->value[(H - 1) * B + b] / (H * B);
  CLOSE(same, first, 1e-9);
  if (falls < falls_least || falls > falls_most) fail_msg("%d falls, wanted %d..%d", falls, falls_least, falls_most);
  for (int i = 0; i < DIRECTIONS; i++) {
    double formed = 0, side[2];
    df_rng_normal(12, DF_STREAM_TEST, (uint64_t)i, n, d);
    for (size_t k = 0; k < n; k++) formed += gradient[k] * d[k];
    for (int up = 0; up < 2; up++) {
      for (size_t k = 0; k < n; k++) f.e->actor[k] = kept[k] + (up ? STEP : -STEP) * d[k];
      int others = 0;
      side[up] = loss(&f, &all, &others);
      assert_int_equal(others, falls);
    }
    const double measured = (side[1] - side[0]) / (2 * STEP);
    if (!(fabs(measured - formed) <= 1e-5 * (fabs(measured) + .01))) {
      print_message("direction %d: %.9g, differences %.9g\n", i, formed, measured);
      missed++;
    }
  }
  if (missed > MAY_MISS) fail_msg("%d of %d directions do not agree", missed, DIRECTIONS);
  df_free(gradient);
  df_free(d);
  df_free(kept);
  drop(&f);
}

static void the_gradient_of_a_window_agrees_with_differences(void** state) {
  (void)state;
  compare(.1, false, 0, 0);
}

static void the_gradient_reaches_the_value_of_the_last_state(void** state) {
  (void)state;
  compare(.1, true, 0, 0);
}

static void no_gradient_flows_back_over_a_fall(void** state) {
  (void)state;
  compare(.292, true, 2, B * H - 2);
}

/* In a window of two actions the cotangent of the state passes one of them, so that the gradient is linear in the
 * decay. At decay 1 it is that of the loss. */
static void decay_scales_what_flows_back_per_action(void** state) {
  (void)state;
  double along[3];
  for (int i = 0; i < 3; i++) {
    fixture f = make_with(2, .1, i / 2., false);
    const size_t n = df_net_parameters(f.e->actor_net);
    double *gradient = df_alloc(n, sizeof *gradient), *d = df_alloc(n, sizeof *d);
    df_rng_normal(13, DF_STREAM_TEST, 0, n, d);
    run_window(&f, gradient);
    along[i] = 0;
    for (size_t k = 0; k < n; k++) along[i] += gradient[k] * d[k];
    df_free(gradient);
    df_free(d);
    drop(&f);
  }
  assert_true(fabs(along[2] - along[0]) > 1e-3 * fabs(along[2]));
  CLOSE(along[1], (along[0] + along[2]) / 2, 1e-12);
}

/* ---- the critic ---- */

/* G_t = (1 - lambda) sum_n lambda^(n-1) R_n + lambda^(N-1) R_N, R_n the n-step return; N steps are left in the window,
 * or up to a fall, after which the value is 0 */
static void targets_are_means_of_n_step_returns(void** state) {
  (void)state;
  fixture f = make(.292, .97, true);
  double loss_of_fit, *gradient = df_alloc(df_net_parameters(f.e->actor_net), sizeof *gradient);
  run_window(&f, gradient);
  df_free(gradient);
  int falls = 0;
  df_real* const critic = df_alloc(df_net_parameters(f.e->critic_net), sizeof *critic);
  memcpy(critic, f.e->slow, df_net_parameters(f.e->critic_net) * sizeof *critic);
  expert_fit(f.e, .002, &loss_of_fit);
  for (int b = 0; b < B; b++) {
    for (int t = 0; t < H; t++) {
      double sum = 0, rewards = 0, discount = 1, share = 1;
      for (int n = 1; t + n <= H; n++) {
        const int at = (t + n - 1) * B + b;
        const bool fell = f.e->done[at], last = fell || t + n == H;
        falls += fell;
        rewards += discount * f.e->reward[at];
        discount *= .97;
        const double n_step = rewards + (fell ? 0 : discount * f.e->value[at]);
        sum += share * (last ? 1 : 1 - .95) * n_step;
        share *= .95;
        if (last) break;
      }
      CLOSE(f.e->target[t * B + b], sum, 1e-10);
    }
  }
  assert_true(falls > 0);
  /* values are those of the slow critic, in its unit, of what is seen after the action */
  for (int b = 0; b < B; b++) {
    double value;
    network(f.e->critic_net, critic, f.e->obs + (size_t)(3 * B + b) * f.e->no, 1, &value);
    CLOSE(f.e->value[2 * B + b], f.e->done[2 * B + b] ? 0 : 20 * value, 1e-10);
  }
  df_free(critic);
  drop(&f);
}

/* the samples drawn once more, a step of Adam written out, and the copy that follows */
static void a_critic_step_is_adam_on_the_mean_squared_error(void** state) {
  (void)state;
  fixture f = make(.1, .97, true);
  f.e->cfg.critic_steps = 1;
  const size_t n = df_net_parameters(f.e->critic_net);
  double loss_of_fit, *gradient = df_alloc(df_net_parameters(f.e->actor_net), sizeof *gradient);
  run_window(&f, gradient);
  double *old = df_alloc(n, sizeof *old), *slow = df_alloc(n, sizeof *slow);
  memcpy(old, f.e->critic, n * sizeof *old);
  memcpy(slow, f.e->slow, n * sizeof *slow);
  expert_fit(f.e, .002, &loss_of_fit);

  /* the gradient along each parameter by differences of the loss on the samples */
  enum { ROWS = H * B / 4 };
  assert_int_equal(f.e->fit_rows, ROWS);
  double norm = 0, *g = df_alloc(n, sizeof *g);
  for (size_t k = 0; k < n; k++) {
    double side[2];
    for (int up = 0; up < 2; up++) {
      const double kept = old[k];
      old[k] += up ? 1e-5 : -1e-5;
      side[up] = 0;
      for (uint32_t i = 0; i < ROWS; i++) {
        const size_t row = df_rng_below(5, DF_STREAM_EXPERT_BATCH, 0, i, H * B);
        double v;
        network(f.e->critic_net, old, f.e->obs + row * f.e->no, 1, &v);
        side[up] += (v - f.e->target[row] / 20) * (v - f.e->target[row] / 20) / ROWS;
      }
      old[k] = kept;
    }
    g[k] = (side[1] - side[0]) / 2e-5;
    norm += g[k] * g[k];
  }
  norm = sqrt(norm);
  for (size_t k = 0; k < n; k++) {
    /* the first step of Adam is the rate in the direction of the gradient's sign; entries near 0 depend on epsilon */
    const double clipped = norm > 1 ? g[k] / norm : g[k];
    if (fabs(clipped) < 1e-5) continue;
    CLOSE(f.e->critic[k], old[k] - .002 * clipped / (fabs(clipped) + 1e-8), 2e-5);
    CLOSE(f.e->slow[k], slow[k] + .4 * (f.e->critic[k] - slow[k]), 1e-12);
  }
  df_free(gradient);
  df_free(old);
  df_free(slow);
  df_free(g);
  drop(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(the_gradient_of_a_window_agrees_with_differences),
                                     cmocka_unit_test(the_gradient_reaches_the_value_of_the_last_state),
                                     cmocka_unit_test(no_gradient_flows_back_over_a_fall),
                                     cmocka_unit_test(decay_scales_what_flows_back_per_action),
                                     cmocka_unit_test(targets_are_means_of_n_step_returns),
                                     cmocka_unit_test(a_critic_step_is_adam_on_the_mean_squared_error)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
