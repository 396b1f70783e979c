/* The training of a policy, compiled in double precision, against a plain program: the loss of a window by a loop over
 * robots with networks of plain sums, its gradient by differences of that loss, targets of the critic by their
 * definition as a mean of n-step returns. */
#include "dynaflow/nn/blas.h"
#include "expert_internal.h"
#include "plain_network.h"
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
  f.cfg.method = critic ? DF_EXPERT_SHAC : DF_EXPERT_APG;
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
    const uint64_t event_of_noise = ((uint64_t)e->update * H + (uint64_t)t) * B + (uint64_t)b;
    df_rng_normal(5, DF_STREAM_EXPERT_NOISE, event_of_noise, NU, eps);
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
  if (f->cfg.method == DF_EXPERT_SHAC && !fallen) {
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
  f.e->update = 3; /* each window has noise of its own */
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

enum { ROWS = H * B / 4 };

/* the mean squared error of a critic on the samples of critic step `event`, drawn once more */
static double fit_loss(const fixture* f, const df_real* critic, uint64_t event) {
  double sum = 0;
  for (uint32_t i = 0; i < ROWS; i++) {
    const size_t row = df_rng_below(5, DF_STREAM_EXPERT_BATCH, event, i, H * B);
    double v;
    network(f->e->critic_net, critic, f->e->obs + row * f->e->no, 1, &v);
    sum += (v - f->e->target[row] / 20) * (v - f->e->target[row] / 20) / ROWS;
  }
  return sum;
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
  assert_int_equal(f.e->fit_rows, ROWS);
  double norm = 0, *g = df_alloc(n, sizeof *g);
  for (size_t k = 0; k < n; k++) {
    double side[2];
    for (int up = 0; up < 2; up++) {
      const double kept = old[k];
      old[k] += up ? 1e-5 : -1e-5;
      side[up] = fit_loss(&f, old, 0);
      old[k] = kept;
    }
    g[k] = (side[1] - side[0]) / 2e-5;
    norm += g[k] * g[k];
  }
  norm = sqrt(norm);
  CLOSE(loss_of_fit, fit_loss(&f, old, 0), 1e-12);
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

/* Every critic step has samples of its own: in update 3 of two steps each those of steps 6 and 7. The first step is
 * that of another training which makes one step per update and is in update 6. */
static void every_critic_step_has_samples_of_its_own(void** state) {
  (void)state;
  fixture f[2];
  double loss[2];
  for (int i = 0; i < 2; i++) {
    f[i] = make(.1, .97, true);
    double* gradient = df_alloc(df_net_parameters(f[i].e->actor_net), sizeof *gradient);
    run_window(&f[i], gradient);
    df_free(gradient);
    f[i].e->update = i ? 3 : 6;
    f[i].e->cfg.critic_steps = 1 + i;
    expert_fit(f[i].e, .002, &loss[i]);
  }
  CLOSE(loss[1], fit_loss(&f[1], f[0].e->critic, 7), 1e-12);
  assert_true(fabs(loss[1] - fit_loss(&f[1], f[0].e->critic, 6)) > 1e-6);
  drop(&f[0]);
  drop(&f[1]);
}

/* ---- updates ---- */

/* what a training was before an update */
typedef struct watch {
  fixture* f;
  df_real *actor, *critic;
  int64_t events[B];
  int updates, falls, fresh, renewed;
  long lost; /* in all updates */
} watch;

static void remember(watch* w) {
  const df_expert* e = w->f->e;
  memcpy(w->actor, e->actor, df_net_parameters(e->actor_net) * sizeof *w->actor);
  memcpy(w->critic, e->critic, df_net_parameters(e->critic_net) * sizeof *w->critic);
  memcpy(w->events, e->events, sizeof w->events);
}

/* parameters have moved by one step of Adam of these betas and this rate, whose moments are those after it */
static void moved_by(double rate, double beta1, double beta2, const df_adamw* o, const df_real* from,
                     const df_real* to) {
  double most = 0;
  for (size_t k = 0; k < o->n; k++) {
    const double m = o->moment1[k] / (1 - pow(beta1, (double)o->step)),
                 v = o->moment2[k] / (1 - pow(beta2, (double)o->step));
    CLOSE(to[k], from[k] - rate * m / (sqrt(v) + 1e-8), 1e-12);
    most = fmax(most, fabs(to[k] - from[k]));
  }
  assert_true(most > .1 * rate);
}

/* of six updates: rates of 1, 5/6 and 4/6, then of the share 0.5 at which they end */
static void check_rates(void* context, const df_expert_update* u) {
  watch* w = context;
  const df_expert* e = w->f->e;
  const double left = u->update < 4 ? (7 - (double)u->update) / 6 : .5;
  assert_int_equal(u->update, ++w->updates);
  moved_by(.002 * left, .8, .95, e->actor_optimizer, w->actor, e->actor);
  moved_by(.003 * left, .9, .99, e->critic_optimizer, w->critic, e->critic);
  if (u->update == 1) {
    /* the first moments are shares of the gradient, which is clipped to 0.01 */
    double norm = 0;
    for (size_t k = 0; k < e->actor_optimizer->n; k++) norm += pow(e->actor_optimizer->moment1[k] / .2, 2);
    CLOSE(sqrt(norm), .01, 1e-12);
    assert_true(u->gradient > .01);
  }
  remember(w);
}

/* the means of the window, and how robots begin the next one */
static void check_window(void* context, const df_expert_update* u) {
  watch* w = context;
  const fixture* f = w->f;
  const df_expert* e = f->e;
  df_sim* sim;
  OK(df_sim_new(f->s, 0, &sim));
  double reward = 0, error = 0, cost[DF_REWARD_TERMS] = {0};
  int falls = 0;
  for (int row = 0; row < H * B; row++) {
    const double *seen = e->f_after + (size_t)row * e->nf, *u_now = e->u + row * NU, *u_before = e->u_before + row * NU;
    const df_walk_order* order = &e->order_after[row];
    double own[DF_REWARD_TERMS];
    reward += df_walk_reward(f->walk, &(df_walk_step){seen, u_now, u_before, order}, own) / (H * B);
    error += hypot(seen[4] - order->command[0], seen[5] - order->command[1]) / (H * B);
    for (int k = 0; k < DF_REWARD_TERMS; k++) cost[k] += (.1 + .03 * k + .01 * order->gait) * own[k] / (H * B);
    falls += seen[0] < f->walk_cfg.fall_height;
  }
  CLOSE(u->reward, reward, 1e-11);
  CLOSE(u->velocity_error, error, 1e-12);
  for (int k = 0; k < DF_REWARD_TERMS; k++) CLOSE(u->cost[k], cost[k], 1e-11);
  assert_int_equal(u->falls, falls);
  assert_int_equal(u->lost, 0);

  /* with the probabilities 7 x 0.05 each: a fresh start, or another order; both have the next number of their robot */
  for (int b = 0; b < B; b++) {
    double draw, x[NX];
    int64_t events = w->events[b];
    bool fell = false;
    df_walk_order order;
    for (int t = 0; t < H; t++) {
      fell = e->done[t * B + b];
      events += fell;
    }
    df_rng_uniform(5, DF_STREAM_EXPERT_RENEW, (uint64_t)w->updates * B + (uint64_t)b, 1, &draw);
    const uint64_t robot = (uint64_t)b << 32;
    const bool fresh = draw < .35, renewed = !fresh && draw < .7;
    events += fresh || renewed;
    assert_int_equal(e->events[b], events);
    const double *last = e->after + ((H - 1) * B + b) * NX, *u_last = e->u + ((H - 1) * B + b) * NU;
    if (fresh || fell) {
      df_walk_draw_start(f->walk, sim, 5, robot | (uint64_t)(events - (renewed ? 2 : 1)), x);
      last = x;
      u_last = walker_home;
    }
    for (int i = 0; i < NX; i++) CLOSE(e->x_now[b * NX + i], last[i], 0);
    for (int i = 0; i < NU; i++) CLOSE(e->u_now[b * NU + i], u_last[i], 0);
    if (fresh || fell || renewed)
      df_walk_draw_order(f->walk, 5, robot | (uint64_t)(events - 1), &order);
    else
      order = e->order_after[(H - 1) * B + b];
    assert_int_equal(e->order_now[b].gait, order.gait);
    for (int i = 0; i < 3; i++) CLOSE(e->order_now[b].command[i], order.command[i], 0);
    CLOSE(e->order_now[b].phase, order.phase, 0);
    w->fresh += fresh;
    w->renewed += renewed;
  }
  w->falls += falls;
  w->updates++;
  df_sim_free(f->s, sim);
  remember(w);
}

/* a training of six updates, each of which `report` compares with what was before */
static watch train(void (*report)(void*, const df_expert_update*)) {
  fixture f = make(.292, .97, true);
  df_expert_free(f.e);
  f.cfg.updates = 6;
  f.cfg.rate_end = .5;
  f.cfg.critic_rate = .003;
  f.cfg.critic_steps = 1;
  f.cfg.clip = .01;
  f.cfg.fresh = f.cfg.renew = .05;
  OK(df_expert_new(f.walk, &f.cfg, 5, 1, &f.e));
  watch w = {.f = &f,
             .actor = df_alloc(df_net_parameters(f.e->actor_net), sizeof(df_real)),
             .critic = df_alloc(df_net_parameters(f.e->critic_net), sizeof(df_real))};
  remember(&w);
  OK(df_expert_train(f.e, &(df_expert_training){.report = report, .context = &w}));
  assert_int_equal(w.updates, 6);
  w.lost = df_expert_get_totals(f.e).lost;
  df_free(w.actor);
  df_free(w.critic);
  drop(&f);
  return w;
}

static void learning_rates_fall_linearly_to_their_end(void** state) {
  (void)state;
  (void)train(check_rates);
}

static void an_update_tells_its_window_and_renews_robots(void** state) {
  (void)state;
  const watch w = train(check_window);
  assert_true(w.falls > 0 && w.fresh > 0 && w.renewed > 0 && w.fresh + w.renewed < 6 * B);
}

/* before the second of six updates a robot gets a velocity at which the simulator diverges */
static void upset(void* context, const df_expert_update* u) {
  enum { ROBOT = 2 };
  watch* w = context;
  const df_expert* e = w->f->e;
  w->updates++;
  if (u->update == 1) {
    assert_true(e->reward[ROBOT] != 0);
    e->x_now[ROBOT * NX + 19] = 1e12;
    remember(w);
  }
  assert_int_equal(u->lost, u->update == 2);
  if (u->update != 2) return;
  /* its step is left out: it has no reward, and the robot starts afresh after it, with a discount of 1 */
  assert_true(e->done[ROBOT] && e->reward[ROBOT] == 0 && e->value[ROBOT] == 0);
  CLOSE(e->weight[B + ROBOT], 1, 0);
  double reward = 0, error = 0, x[NX];
  int falls = 0;
  for (int row = 0; row < H * B; row++) {
    const double* seen = e->f_after + (size_t)row * e->nf;
    const df_walk_order* order = &e->order_after[row];
    falls += e->done[row];
    reward += e->reward[row] / (H * B);
    if (row != ROBOT) error += hypot(seen[4] - order->command[0], seen[5] - order->command[1]) / (H * B);
  }
  CLOSE(u->reward, reward, 1e-11);
  CLOSE(u->velocity_error, error, 1e-11);
  assert_int_equal(u->falls, falls);
  df_sim* sim;
  OK(df_sim_new(w->f->s, 0, &sim));
  df_walk_draw_start(w->f->walk, sim, 5, (uint64_t)ROBOT << 32 | (uint64_t)w->events[ROBOT], x);
  for (int i = 0; i < NX; i++) CLOSE(e->x[(B + ROBOT) * NX + i], x[i], 0);
  df_sim_free(w->f->s, sim);
}

static void a_step_that_diverges_is_left_out_and_counted(void** state) {
  (void)state;
  const watch w = train(upset);
  assert_int_equal(w.lost, 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(the_gradient_of_a_window_agrees_with_differences),
                                     cmocka_unit_test(the_gradient_reaches_the_value_of_the_last_state),
                                     cmocka_unit_test(no_gradient_flows_back_over_a_fall),
                                     cmocka_unit_test(decay_scales_what_flows_back_per_action),
                                     cmocka_unit_test(targets_are_means_of_n_step_returns),
                                     cmocka_unit_test(a_critic_step_is_adam_on_the_mean_squared_error),
                                     cmocka_unit_test(every_critic_step_has_samples_of_its_own),
                                     cmocka_unit_test(learning_rates_fall_linearly_to_their_end),
                                     cmocka_unit_test(an_update_tells_its_window_and_renews_robots),
                                     cmocka_unit_test(a_step_that_diverges_is_left_out_and_counted)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
