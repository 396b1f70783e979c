/* PPO, compiled in double precision, against a plain program: advantages by sums of temporal differences, the clipped
 * surrogate by its definition, gradients by differences and by loops over layers, and whole updates. */
#include "dynaflow/nn/blas.h"
#include "expert_internal.h"
#include "plain_network.h"
#include "walker.h"

enum { B = 5, H = 7, N = B * H, EPOCHS = 2, PARTS = 3, SEED = 5 };

static const double GAMMA = .97, LAMBDA = .9, CLIP = .2, ENTROPY = .01;

typedef struct fixture {
  df_system* s;
  df_walk_cfg walk_cfg;
  df_walk* walk;
  df_expert_cfg cfg;
  df_expert* e;
} fixture;

/* robots that drop fall within the window */
static fixture make(double wanted_kl) {
  fixture f = {.s = walker_system(), .cfg = df_expert_cfg_default()};
  OK(df_blas_open(&(df_blas_cfg){.kernel = "naive", .threads = 4}));
  f.walk_cfg = walker_cfg(f.s);
  f.walk_cfg.fall_height = .305;
  f.walk = walker_task(f.s, &f.walk_cfg);
  f.cfg.method = DF_EXPERT_PPO;
  f.cfg.robots = B;
  f.cfg.horizon = H;
  f.cfg.slices = 2;
  f.cfg.updates = 6;
  f.cfg.width = 9;
  f.cfg.lambda = LAMBDA;
  f.cfg.ppo_epochs = EPOCHS;
  f.cfg.ppo_minibatches = PARTS;
  f.cfg.ppo_kl = wanted_kl;
  f.cfg.ppo_entropy = ENTROPY;
  f.cfg.ppo_noise = .3;
  OK(df_expert_new(f.walk, &f.cfg, SEED, 1, &f.e));
  return f;
}

static void drop(fixture* f) {
  df_expert_free(f->e);
  df_walk_free(f->walk);
  df_system_free(f->s);
}

static size_t actor_net(const df_expert* e) {
  return df_net_parameters(e->actor_net);
}

/* last layers begin at 0, and all actions have the same noise, which would hide mistakes */
static void disturb(df_expert* e, double size, uint64_t number) {
  df_real* const nets[] = {e->actor, e->critic};
  const size_t sizes[] = {e->n_actor, df_net_parameters(e->critic_net)};
  for (uint64_t i = 0; i < 2; i++) {
    double* more = df_alloc(sizes[i], sizeof *more);
    df_rng_normal(11, DF_STREAM_TEST, 2 * number + i, sizes[i], more);
    for (size_t k = 0; k < sizes[i]; k++) nets[i][k] += size * more[k];
    df_free(more);
  }
  memcpy(e->slow, e->critic, sizes[1] * sizeof *e->slow);
}

static void run_window(df_expert* e) {
  for (int i = 0; i < e->n_slices; i++) {
    expert_window(e, &e->slice[i]);
    OK(e->slice[i].status);
  }
}

/* ---- the plain program ---- */

static double value_of(const df_expert* e, const df_real* critic, int t, int b) {
  double v;
  network(e->critic_net, critic, e->obs + (size_t)(t * B + b) * e->no, 1, &v);
  return 20 * v;
}

/* advantages as sums of (gamma lambda)^l delta_(t+l), up to a fall, and their returns */
static void plain_advantages(const df_expert* e, const df_real* critic, double* advantage, double* returns) {
  double mean = 0, square = 0;
  for (int t = 0; t < H; t++) {
    for (int b = 0; b < B; b++) {
      double sum = 0, share = 1;
      for (int l = t; l < H; l++, share *= GAMMA * LAMBDA) {
        const bool fell = e->done[l * B + b];
        const double next = fell ? 0 : value_of(e, critic, l + 1, b);
        sum += share * (e->reward[l * B + b] + GAMMA * next - value_of(e, critic, l, b));
        if (fell) break;
      }
      advantage[t * B + b] = sum;
      returns[t * B + b] = sum + value_of(e, critic, t, b);
      mean += sum / N;
      square += sum * sum / N;
    }
  }
  for (int i = 0; i < N; i++) advantage[i] = (advantage[i] - mean) / sqrt(square - mean * mean);
}

/* what is minimised over n rows by actor parameters, with its gradient, if it is not NULL; `before`: those of the
 * window */
typedef struct surrogate {
  double loss, kl;
  int clipped;
} surrogate;

static surrogate plain_surrogate(const df_expert* e, const df_real* actor, const df_real* before,
                                 const double* advantage, int n, const size_t* rows, double* gradient) {
  const size_t nets = actor_net(e);
  surrogate s = {0};
  for (int i = 0; i < n; i++) {
    const size_t row = rows[i];
    const double* seen = e->obs + row * e->no;
    double eps[NU], old[NU], mean[NU], log_now = 0, log_old = 0, slope[NU], slope_log[NU];
    df_rng_normal(SEED, DF_STREAM_EXPERT_NOISE, (uint64_t)e->update * N + row, NU, eps);
    network(e->actor_net, before, seen, NU, old);
    network(e->actor_net, actor, seen, NU, mean);
    for (int k = 0; k < NU; k++) {
      const double s_old = exp(before[nets + (size_t)k]), s_now = exp(actor[nets + (size_t)k]);
      const double z = old[k] + s_old * eps[k];
      log_old -= log(s_old) + pow((z - old[k]) / s_old, 2) / 2;
      log_now -= log(s_now) + pow((z - mean[k]) / s_now, 2) / 2;
      s.kl += (log(s_now / s_old) + (s_old * s_old + pow(old[k] - mean[k], 2)) / (2 * s_now * s_now) - .5) / n;
      slope[k] = (z - mean[k]) / (s_now * s_now);
      slope_log[k] = pow((z - mean[k]) / s_now, 2) - 1;
    }
    const double rho = exp(log_now - log_old), free = rho * advantage[row];
    const double bounded = fmin(fmax(rho, 1 - CLIP), 1 + CLIP) * advantage[row];
    s.loss -= fmin(free, bounded) / n;
    s.clipped += bounded < free;
    for (int k = 0; k < NU; k++) s.loss -= ENTROPY * actor[nets + (size_t)k] / n;
    if (!gradient) continue;
    for (int k = 0; k < NU; k++) {
      slope[k] *= bounded < free ? 0 : -free / n;
      gradient[nets + (size_t)k] += (bounded < free ? 0 : -free / n) * slope_log[k] - ENTROPY / n;
    }
    network_with_vjp(e->actor_net, actor, seen, NU, mean, slope, gradient);
  }
  return s;
}

static double plain_critic(const df_expert* e, const df_real* critic, const double* returns, int n, const size_t* rows,
                           double* gradient) {
  double loss = 0, v;
  for (int i = 0; i < n; i++) {
    const double* seen = e->obs + rows[i] * e->no;
    network(e->critic_net, critic, seen, 1, &v);
    const double error = v - returns[rows[i]] / 20, slope = 2 * error / n;
    loss += error * error / n;
    if (gradient) network_with_vjp(e->critic_net, critic, seen, 1, &v, &slope, gradient);
  }
  return loss;
}

/* ---- the window ---- */

static void a_window_keeps_noise_means_and_values(void** state) {
  (void)state;
  fixture f = make(.01);
  df_expert* e = f.e;
  disturb(e, .1, 0);
  run_window(e);
  int falls = 0;
  for (int t = 0; t < H; t++) {
    for (int b = 0; b < B; b++) {
      const size_t row = (size_t)(t * B + b);
      double eps[NU], mean[NU];
      df_rng_normal(SEED, DF_STREAM_EXPERT_NOISE, row, NU, eps);
      network(e->actor_net, e->actor, e->obs + row * e->no, NU, mean);
      for (int k = 0; k < NU; k++) {
        const double rest = (walker_home[k] - walker_centre[k]) / walker_half[k];
        const double z = mean[k] + .5 * log((1 + rest) / (1 - rest)) + exp(e->actor[actor_net(e) + (size_t)k]) * eps[k];
        CLOSE(e->u[row * NU + (size_t)k], walker_centre[k] + walker_half[k] * tanh(z), 1e-12);
        CLOSE(e->mean[row * NU + (size_t)k], mean[k], 1e-12);
        CLOSE(e->eps[row * NU + (size_t)k], eps[k], 0);
      }
      CLOSE(e->baseline[row], value_of(e, e->critic, t, b), 1e-11);
      CLOSE(e->value[row], e->done[row] ? 0 : value_of(e, e->critic, t + 1, b), 1e-11);
      falls += e->done[row];
    }
  }
  if (falls < 2 || falls > N - 2) fail_msg("%d falls", falls);
  drop(&f);
}

static void advantages_are_sums_of_temporal_differences(void** state) {
  (void)state;
  fixture f = make(.01);
  double advantage[N], returns[N];
  disturb(f.e, .1, 0);
  run_window(f.e);
  plain_advantages(f.e, f.e->critic, advantage, returns);
  expert_advantage(f.e);
  for (int i = 0; i < N; i++) {
    CLOSE(f.e->target[i], returns[i], 1e-10);
    CLOSE(f.e->advantage[i], advantage[i], 1e-7); /* 1e-8 is added to the standard deviation */
  }
  drop(&f);
}

/* ---- minibatches ---- */

static void an_epoch_has_every_sample_once_in_an_order_of_its_own(void** state) {
  (void)state;
  enum { MANY = 2000 };
  fixture f = make(.01);
  double place[N] = {0};
  size_t first[N], drawn[N];
  for (uint64_t epoch = 0; epoch < MANY; epoch++) {
    bool seen[N] = {false};
    expert_shuffle(f.e, epoch);
    for (int i = 0; i < N; i++) {
      assert_true(f.e->shuffled[i] < N && !seen[f.e->shuffled[i]]);
      seen[f.e->shuffled[i]] = true;
      place[f.e->shuffled[i]] += (double)i / MANY;
    }
    if (epoch == 0) memcpy(first, f.e->shuffled, sizeof first);
    if (epoch == 1) assert_memory_not_equal(first, f.e->shuffled, sizeof first);
  }
  /* mean places of 0 .. 34 have the standard deviation 10.1 / sqrt(2000) = 0.23 */
  for (int i = 0; i < N; i++) CLOSE(place[i], 17, 1.2);

  /* the permutation is a function of the seed and the epoch: cards that are drawn from the rest, from the last place on
   */
  expert_shuffle(f.e, 7);
  for (size_t i = 0; i < N; i++) drawn[i] = i;
  for (size_t left = N; left > 1; left--) {
    const size_t at = df_rng_below(SEED, DF_STREAM_EXPERT_SHUFFLE, 7, (uint32_t)(left - 1), left), card = drawn[at];
    drawn[at] = drawn[left - 1];
    drawn[left - 1] = card;
  }
  assert_memory_equal(drawn, f.e->shuffled, sizeof drawn);
  drop(&f);
}

/* the gradients of a minibatch, as sums over the slices */
static surrogate formed_surrogate(df_expert* e, int n, const size_t* rows, double* gradient, double* fit_gradient) {
  surrogate s = {0};
  memset(gradient, 0, e->n_actor * sizeof *gradient);
  memset(fit_gradient, 0, df_net_parameters(e->critic_net) * sizeof *fit_gradient);
  for (int i = 0; i < e->n_slices; i++) {
    expert_surrogate(e, i, (size_t)n, rows);
    for (size_t k = 0; k < e->n_actor; k++) gradient[k] += e->slice[i].gradient[k];
    for (size_t k = 0; k < df_net_parameters(e->critic_net); k++) fit_gradient[k] += e->slice[i].fit_gradient[k];
    s.kl += e->slice[i].kl;
    s.clipped += (int)e->slice[i].clipped;
  }
  return s;
}

static void the_first_minibatch_has_the_ratio_1_and_no_divergence(void** state) {
  (void)state;
  fixture f = make(.01);
  df_expert* e = f.e;
  disturb(e, .1, 0);
  run_window(e);
  expert_advantage(e);
  expert_shuffle(e, 0);
  for (int i = 0; i < 2; i++) {
    expert_slice* s = &e->slice[i];
    expert_surrogate(e, i, 12, e->shuffled);
    assert_true(fabs(s->kl) < 1e-14 && s->clipped == 0);
    /* the score of a Gaussian: eps / s */
    for (size_t j = 0; j < 6; j++) {
      const size_t row = e->shuffled[(size_t)i * 6 + j];
      for (size_t k = 0; k < NU; k++) {
        const double score = e->eps[row * NU + k] / exp(e->actor[actor_net(e) + k]);
        CLOSE(s->dmeans[j * NU + k], -e->advantage[row] * score / 12, 1e-12);
      }
    }
  }
  drop(&f);
}

static void the_gradient_of_a_minibatch_agrees_with_differences(void** state) {
  (void)state;
  enum { DIRECTIONS = 12, ROWS = 12 };
  static const double STEP = 1e-6;
  fixture f = make(.01);
  df_expert* e = f.e;
  const size_t n = e->n_actor, m = df_net_parameters(e->critic_net), nets = actor_net(e);
  double *gradient = df_alloc(n, sizeof *gradient), *d = df_alloc(n + m, sizeof *d), *fit = df_alloc(m, sizeof *fit);
  df_real *before = df_alloc(n, sizeof *before), *moved = df_alloc(n + m, sizeof *moved);
  double advantage[N], returns[N];
  disturb(e, .1, 0);
  memcpy(before, e->actor, n * sizeof *before);
  run_window(e);
  expert_advantage(e);
  expert_shuffle(e, 3);
  plain_advantages(e, e->critic, advantage, returns);
  disturb(e, .01, 1);
  const surrogate formed = formed_surrogate(e, ROWS, e->shuffled, gradient, fit);
  const surrogate plain = plain_surrogate(e, e->actor, before, advantage, ROWS, e->shuffled, NULL);
  CLOSE(formed.kl, plain.kl, 1e-12);
  assert_int_equal(formed.clipped, plain.clipped);
  if (plain.clipped < 3 || plain.clipped > ROWS - 3) fail_msg("%d samples are clipped", plain.clipped);

  /* random directions, and every log s alone */
  for (int i = 0; i < DIRECTIONS + NU; i++) {
    double along = 0, along_fit = 0, side[2], fit_side[2];
    memset(d, 0, (n + m) * sizeof *d);
    if (i < DIRECTIONS)
      df_rng_normal(12, DF_STREAM_TEST, (uint64_t)i, n + m, d);
    else
      d[nets + (size_t)(i - DIRECTIONS)] = 1;
    for (size_t k = 0; k < n; k++) along += gradient[k] * d[k];
    for (size_t k = 0; k < m; k++) along_fit += fit[k] * d[n + k];
    for (int up = 0; up < 2; up++) {
      const double h = up ? STEP : -STEP;
      for (size_t k = 0; k < n; k++) moved[k] = e->actor[k] + h * d[k];
      for (size_t k = 0; k < m; k++) moved[n + k] = e->critic[k] + h * d[n + k];
      side[up] = plain_surrogate(e, moved, before, advantage, ROWS, e->shuffled, NULL).loss;
      fit_side[up] = plain_critic(e, moved + n, returns, ROWS, e->shuffled, NULL);
    }
    /* the advantages agree to 1e-8 / their standard deviation */
    CLOSE(along, (side[1] - side[0]) / (2 * STEP), 1e-6 * (1 + fabs(along)));
    CLOSE(along_fit, (fit_side[1] - fit_side[0]) / (2 * STEP), 1e-7 * (1 + fabs(along_fit)));
  }
  df_free(gradient);
  df_free(d);
  df_free(fit);
  df_free(before);
  df_free(moved);
  drop(&f);
}

/* Samples of which the first action's z is half or one and a half standard deviations 0.3 from the new mean, one from
 * the old: rho = exp((1 - 0.25) / 2) = 1.4550 or exp((1 - 2.25) / 2) = 0.5353. The other actions are at both means. */
static void clipped_samples_have_no_gradient(void** state) {
  (void)state;
  fixture f = make(.01);
  df_expert* e = f.e;
  static const double now[4] = {.5, .5, 1.5, 1.5}, advantage[4] = {1, -1, 1, -1};
  static const double dmean[4] = {0, .60624642, -.66907679, 0};
  static const double dlog[4] = {0, -.27281089, -.16726920, 0}, dlog_others[4] = {0, -.36374785, .13381536, 0};
  static const bool clipped[4] = {true, false, false, true};
  run_window(e);
  memset(e->mean, 0, N * NU * sizeof *e->mean);
  memset(e->eps, 0, N * NU * sizeof *e->eps);
  for (size_t i = 0; i < 4; i++) {
    e->eps[i * NU] = 1;
    e->mean[i * NU] = .3 * (now[i] - 1);
    e->advantage[i] = advantage[i];
  }
  for (int i = 0; i < 2; i++) {
    const expert_slice* s = &e->slice[i];
    const size_t rows[4] = {0, 1, 2, 3}, first = (size_t)i * 2;
    double log_s[2] = {0};
    int count = 0;
    expert_surrogate(e, i, 4, rows);
    for (size_t j = 0; j < 2; j++) {
      CLOSE(s->dmeans[j * NU], dmean[first + j], 1e-8);
      for (size_t k = 1; k < NU; k++) CLOSE(s->dmeans[j * NU + k], 0, 0);
      log_s[0] += dlog[first + j] - ENTROPY / 4;
      log_s[1] += dlog_others[first + j] - ENTROPY / 4;
      count += clipped[first + j];
    }
    assert_int_equal(s->clipped, count);
    CLOSE(s->kl, 2 * .125 / 4, 1e-12);
    CLOSE(s->gradient[actor_net(e)], log_s[0], 1e-8);
    CLOSE(s->gradient[actor_net(e) + 5], log_s[1], 1e-8);
  }
  drop(&f);
}

/* ---- updates ---- */

/* a plain Adam with clipping by the norm */
typedef struct adam {
  size_t n;
  double beta2, clip, norm;
  int step;
  double *p, *m, *v, *g;
} adam;

static adam adam_of(size_t n, double beta2, const df_real* p) {
  adam a = {.n = n,
            .beta2 = beta2,
            .clip = 1,
            .p = df_alloc(n, sizeof(double)),
            .m = df_alloc(n, sizeof(double)),
            .v = df_alloc(n, sizeof(double)),
            .g = df_alloc(n, sizeof(double))};
  memcpy(a.p, p, n * sizeof *p);
  return a;
}

static void adam_clear(adam* a) {
  df_free(a->p);
  df_free(a->m);
  df_free(a->v);
  df_free(a->g);
}

static void adam_step(adam* a, double rate) {
  a->norm = 0;
  for (size_t k = 0; k < a->n; k++) a->norm += a->g[k] * a->g[k];
  a->norm = sqrt(a->norm);
  a->step++;
  for (size_t k = 0; k < a->n; k++) {
    const double g = a->g[k] * (a->norm > a->clip ? a->clip / a->norm : 1);
    a->m[k] = .9 * a->m[k] + .1 * g;
    a->v[k] = a->beta2 * a->v[k] + (1 - a->beta2) * g * g;
    const double m = a->m[k] / (1 - pow(.9, a->step)), v = a->v[k] / (1 - pow(a->beta2, a->step));
    a->p[k] -= rate * m / (sqrt(v) + 1e-8);
  }
  memset(a->g, 0, a->n * sizeof *a->g);
}

typedef struct plain_training {
  df_expert* e;
  adam actor, critic;
  double wanted_kl, rate;
  int updates, raised, lowered, falls, clipped, lost;
} plain_training;

/* an update of the plain program after the window of the training, which has made the same */
static void compare_update(void* context, const df_expert_update* u) {
  plain_training* p = context;
  df_expert* e = p->e;
  double advantage[N], returns[N], linear = 1 - p->updates / 6., std = 0, loss = 0, used = 0;
  int clipped = 0;
  surrogate s = {0};
  df_real* before = df_alloc(p->actor.n, sizeof *before);
  memcpy(before, p->actor.p, p->actor.n * sizeof *before);
  /* events of the noise count updates, of which the training has now made one more */
  e->update--;
  assert_int_equal(e->update, p->updates);
  plain_advantages(e, p->critic.p, advantage, returns);
  for (int epoch = 0; epoch < EPOCHS; epoch++) {
    size_t order[N];
    expert_shuffle(e, (uint64_t)(p->updates * EPOCHS + epoch));
    memcpy(order, e->shuffled, sizeof order);
    for (int part = 0; part < PARTS; part++) {
      const int from = part * N / PARTS, n = (part + 1) * N / PARTS - from;
      s = plain_surrogate(e, p->actor.p, before, advantage, n, order + from, p->actor.g);
      loss = plain_critic(e, p->critic.p, returns, n, order + from, p->critic.g);
      clipped += s.clipped;
      if (epoch + part > 0 && s.kl > 2 * p->wanted_kl) p->rate /= 1.5, p->lowered++;
      if (epoch + part > 0 && s.kl < p->wanted_kl / 2) p->rate *= 1.5, p->raised++;
      used = p->wanted_kl > 0 ? p->rate : .002 * linear;
      adam_step(&p->actor, used);
      adam_step(&p->critic, .002 * linear);
    }
  }
  e->update++;

  /* weights, log s, and what is told of the update */
  for (size_t k = 0; k < p->actor.n; k++) CLOSE(e->actor[k], p->actor.p[k], 1e-8);
  for (size_t k = 0; k < p->critic.n; k++) {
    CLOSE(e->critic[k], p->critic.p[k], 1e-9);
    CLOSE(e->slow[k], e->critic[k], 0);
  }
  for (size_t k = 0; k < NU; k++) std += exp(p->actor.p[actor_net(e) + k]) / NU;
  assert_int_equal(e->actor_optimizer->step, p->actor.step);
  assert_int_equal(u->update, ++p->updates);
  CLOSE(u->rate, used, 1e-12);
  CLOSE(u->kl, s.kl, 1e-8);
  CLOSE(u->clipped, clipped / (double)(EPOCHS * N), 1e-12);
  CLOSE(u->std, std, 1e-8);
  CLOSE(u->gradient, p->actor.norm, 1e-6);
  CLOSE(u->critic_loss, loss, 1e-8);
  p->clipped += clipped;
  p->falls += (int)u->falls;
  df_free(before);
}

static plain_training train(double wanted_kl) {
  fixture f = make(wanted_kl);
  plain_training p = {.e = f.e, .wanted_kl = wanted_kl, .rate = .002};
  disturb(f.e, .1, 0);
  p.actor = adam_of(f.e->n_actor, .999, f.e->actor);
  p.critic = adam_of(df_net_parameters(f.e->critic_net), .99, f.e->critic);
  OK(df_expert_train(f.e, &(df_expert_training){.report = compare_update, .context = &p}));
  assert_int_equal(p.updates, 6);
  adam_clear(&p.actor);
  adam_clear(&p.critic);
  drop(&f);
  return p;
}

static void updates_are_those_of_a_plain_program(void** state) {
  (void)state;
  const plain_training p = train(.01);
  if (!(p.raised && p.lowered && p.clipped && p.falls))
    fail_msg("%d raised, %d lowered, %d clipped, %d falls", p.raised, p.lowered, p.clipped, p.falls);
}

static void without_a_wanted_divergence_the_rate_falls_linearly(void** state) {
  (void)state;
  (void)train(0);
}

static void keep_rate(void* context, const df_expert_update* u) {
  *(double*)context = u->rate;
}

/* 1.5^8 = 26 would leave them in the first two updates */
static void the_learning_rate_stays_in_its_bounds(void** state) {
  (void)state;
  static const double wanted[2] = {10, 1e-9}, start[2] = {.004, 3e-5}, bound[2] = {.01, 1e-5};
  for (int i = 0; i < 2; i++) {
    fixture f = make(wanted[i]);
    double rate;
    f.e->rate = start[i];
    f.e->cfg.updates = 2;
    OK(df_expert_train(f.e, &(df_expert_training){.report = keep_rate, .context = &rate}));
    CLOSE(rate, bound[i], 0);
    drop(&f);
  }
}

/* before the second update a robot gets a velocity at which the simulator diverges: a fall without a reward */
static void upset(void* context, const df_expert_update* u) {
  enum { ROBOT = 2 };
  plain_training* p = context;
  df_expert* e = p->e;
  p->updates++;
  p->lost += (int)u->lost;
  if (u->update == 1) e->x_now[ROBOT * NX + 19] = 1e12;
  if (u->update != 2) return;
  assert_int_equal(u->lost, 1);
  assert_true(e->done[ROBOT] && e->reward[ROBOT] == 0 && e->value[ROBOT] == 0);
  assert_true(isfinite(u->gradient) && isfinite(u->critic_loss) && isfinite(u->reward));
}

static void a_divergence_is_a_fall_without_a_reward(void** state) {
  (void)state;
  fixture f = make(.01);
  plain_training p = {.e = f.e};
  OK(df_expert_train(f.e, &(df_expert_training){.report = upset, .context = &p}));
  assert_true(p.updates == 6 && p.lost == 1);
  assert_int_equal(df_expert_get_totals(f.e).lost, 1);
  drop(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(a_window_keeps_noise_means_and_values),
                                     cmocka_unit_test(advantages_are_sums_of_temporal_differences),
                                     cmocka_unit_test(an_epoch_has_every_sample_once_in_an_order_of_its_own),
                                     cmocka_unit_test(the_first_minibatch_has_the_ratio_1_and_no_divergence),
                                     cmocka_unit_test(the_gradient_of_a_minibatch_agrees_with_differences),
                                     cmocka_unit_test(clipped_samples_have_no_gradient),
                                     cmocka_unit_test(updates_are_those_of_a_plain_program),
                                     cmocka_unit_test(without_a_wanted_divergence_the_rate_falls_linearly),
                                     cmocka_unit_test(the_learning_rate_stays_in_its_bounds),
                                     cmocka_unit_test(a_divergence_is_a_fall_without_a_reward)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
