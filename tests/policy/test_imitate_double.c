/* Imitation, compiled in double precision: demonstrated features against MuJoCo, every term of the reward against a
 * formula of its own and differences, targets, starts and ends, and the gradient of a window along clips, over robots
 * that lose them, against differences of a plain program. */
#include <mujoco/mujoco.h>

#include "dynaflow/nn/blas.h"
#include "expert_internal.h"
#include "plain_network.h"
#include "walker.h"

enum { CLIPS = 3, LONG = 14, B = 5, H = 7, NF = 10 + 2 * NU + 7 * FEET };
static const int lengths[CLIPS] = {9, LONG, 8};

typedef struct fixture {
  df_system* s;
  df_sim* sim;
  df_walk_cfg cfg;
  df_walk_clip clip[CLIPS];
  double states[CLIPS][(LONG + 1) * NX];
  df_walk* walk;
} fixture;

/* clips of robots that stand up to noise about the home posture: states that need not follow from each other */
static fixture* make(void) {
  fixture* f = df_alloc(1, sizeof *f);
  f->s = walker_system();
  OK(df_sim_new(f->s, 0, &f->sim));
  f->cfg = walker_cfg(f->s);
  df_walk* plain = walker_task(f->s, &f->cfg);
  for (int i = 0; i < CLIPS; i++) {
    for (int t = 0; t <= lengths[i]; t++)
      df_walk_draw_start(plain, f->sim, 21, (uint64_t)(100 * i + t), f->states[i] + (size_t)t * NX);
    f->clip[i] = (df_walk_clip){i % GAITS, lengths[i], f->states[i]};
  }
  df_walk_free(plain);
  f->cfg.n_clips = CLIPS;
  f->cfg.clip = f->clip;
  f->cfg.tail = H;
  f->cfg.n_ahead = 2;
  f->cfg.ahead[0] = 1;
  f->cfg.ahead[1] = 4;
  f->walk = walker_task(f->s, &f->cfg);
  assert_int_equal(df_walk_features(f->walk), NF);
  return f;
}

static void drop(fixture* f) {
  df_walk_free(f->walk);
  df_sim_free(f->s, f->sim);
  df_system_free(f->s);
  df_free(f);
}

/* a tilted, moving robot away from its home posture */
static void random_state(const fixture* f, uint64_t event, double* x) {
  double start[NX], e[NDX];
  df_mujoco_initial_state(f->s, start);
  df_rng_normal(1, DF_STREAM_TEST, event, NDX, e);
  f->s->ops->integrate(f->s, start, e, x);
}

/* ---- features ---- */

static void feet_are_seen_from_the_body(void** state) {
  (void)state;
  static const char* const feet[FEET] = {"FR", "FL", "RR", "RL"};
  fixture* f = make();
  char xml[8192], error[256];
  snprintf(xml, sizeof xml, QUADRUPED, "", "", "ctrlrange='-3 3'", "");
  mjVFS vfs;
  mj_defaultVFS(&vfs);
  mj_addBufferVFS(&vfs, "q.xml", xml, (int)strlen(xml));
  mjModel* m = mj_loadXML("q.xml", &vfs, error, sizeof error);
  if (!m) fail_msg("%s", error);
  mj_deleteVFS(&vfs);
  mjData* d = mj_makeData(m);
  const int base = mj_name2id(m, mjOBJ_BODY, "base");
  for (uint64_t event = 0; event < 4; event++) {
    double x[NX], view[NF];
    mjtNum away[3], seen[3];
    random_state(f, event, x);
    df_walk_look(f->walk, f->sim, x, view);
    mju_copy(d->qpos, x, (int)m->nq);
    mj_forward(m, d);
    for (int i = 0; i < FEET; i++) {
      mju_sub3(away, d->geom_xpos + 3 * mj_name2id(m, mjOBJ_GEOM, feet[i]), d->xpos + 3 * base);
      mju_mulMatTVec3(seen, d->xmat + 9 * base, away);
      for (int k = 0; k < 3; k++) CLOSE(view[NF - 3 * FEET + 3 * i + k], seen[k], 1e-13);
    }
  }
  mj_deleteData(d);
  mj_deleteModel(m);
  drop(f);
}

static double pairing(const fixture* f, const double* x, const double* y) {
  double view[NF], sum = 0;
  df_walk_look(f->walk, f->sim, x, view);
  for (int i = 0; i < NF; i++) sum += y[i] * view[i];
  return sum;
}

static void the_gradient_of_features_agrees_with_differences(void** state) {
  (void)state;
  static const double STEP = 1e-5;
  fixture* f = make();
  double x[NX], view[NF], y[NF], dx[NDX] = {0};
  random_state(f, 9, x);
  df_rng_normal(2, DF_STREAM_TEST, 0, NF, y);
  df_walk_look(f->walk, f->sim, x, view);
  df_walk_look_vjp(f->walk, f->sim, x, view, y, dx);
  for (int k = 0; k < NDX; k++) {
    double e[NDX] = {0}, at[NX], side[2];
    for (int up = 0; up < 2; up++) {
      e[k] = up ? STEP : -STEP;
      f->s->ops->integrate(f->s, x, e, at);
      side[up] = pairing(f, at, y);
    }
    CLOSE(dx[k], (side[1] - side[0]) / (2 * STEP), 3e-8);
  }
  drop(f);
}

/* ---- rewards ---- */

static double arch(double s) {
  return sqrt(1 + s) - 1;
}

/* mean over n groups of features of h(|difference|^2 / width^2), from place `at` on */
static double apart(const double* f, const double* g, int at, int n, int each, double width) {
  double sum = 0;
  for (int i = 0; i < n; i++) {
    double square = 0;
    for (int k = 0; k < each; k++)
      square += (f[at + i * each + k] - g[at + i * each + k]) * (f[at + i * each + k] - g[at + i * each + k]);
    sum += arch(square / (width * width));
  }
  return sum / n;
}

/* the cost of a term, written down once more from the table of walk.h */
static double naive_cost(int term, const double* f, const double* g, const double* u, const double* before) {
  double sum = 0;
  switch (term) {
    case DF_REWARD_action_change:
      for (int k = 0; k < NU; k++) sum += (u[k] - before[k]) * (u[k] - before[k]) / .04 / NU;
      return sum;
    case DF_REWARD_track_joints:
      return apart(f, g, 10, NU, 1, .2);
    case DF_REWARD_track_joint_velocity:
      return apart(f, g, 10 + NU, NU, 1, 4);
    case DF_REWARD_track_height:
      return apart(f, g, 0, 1, 1, .03);
    case DF_REWARD_track_tilt:
      return apart(f, g, 1, 1, 3, .1);
    case DF_REWARD_track_velocity:
      return apart(f, g, 4, 1, 3, .2);
    case DF_REWARD_track_rate:
      return apart(f, g, 7, 1, 3, 1);
    case DF_REWARD_track_feet:
      return apart(f, g, NF - 3 * FEET, FEET, 3, .03);
    default:
      return 0;
  }
}

/* features near those of frame 3 of clip 1, and actions */
typedef struct sample {
  double f[NF], g[NF], u[NU], before[NU];
  df_walk_order order;
} sample;

static sample random_sample(const fixture* f, uint64_t event) {
  sample s;
  double x[NX];
  df_walk_enter_clip(f->walk, 1, 3, &s.order, x);
  assert_memory_equal(x, f->states[1] + (size_t)3 * NX, sizeof x);
  df_walk_look(f->walk, f->sim, x, s.g);
  df_rng_normal(3, DF_STREAM_TEST, 3 * event, NF, s.f);
  df_rng_normal(3, DF_STREAM_TEST, 3 * event + 1, NU, s.u);
  df_rng_normal(3, DF_STREAM_TEST, 3 * event + 2, NU, s.before);
  for (int i = 0; i < NF; i++) s.f[i] = s.g[i] + .1 * s.f[i];
  return s;
}

static void every_cost_is_that_of_its_formula(void** state) {
  (void)state;
  fixture* w = make();
  for (uint64_t event = 0; event < 6; event++) {
    const sample s = random_sample(w, event);
    double cost[DF_REWARD_TERMS], expected = 2;
    const double reward = df_walk_reward(w->walk, &(df_walk_step){s.f, s.u, s.before, &s.order}, cost);
    for (int i = 0; i < DF_REWARD_TERMS; i++) {
      const double naive = naive_cost(i, s.f, s.g, s.u, s.before);
      assert_int_equal(df_walk_has_reward(w->walk, (df_reward_term)i), naive != 0);
      if (!(fabs(cost[i] - naive) <= 1e-12 * (1 + naive)))
        fail_msg("%s: %.17g, expected %.17g", df_reward_term_at((df_reward_term)i)->name, cost[i], naive);
      expected -= (.1 + .03 * i + .01 * s.order.gait) * naive;
    }
    CLOSE(reward, expected, 1e-11);
  }
  drop(w);
}

/* the derivative along a random direction, of one term, compared with a centred difference of step 1e-6 */
static void every_term_agrees_with_differences(void** state) {
  (void)state;
  static const double STEP = 1e-6;
  fixture* w = make();
  for (int term = 0; term < DF_REWARD_TERMS; term++) {
    if (!df_walk_has_reward(w->walk, (df_reward_term)term)) continue;
    df_walk_cfg cfg = w->cfg;
    for (int g = 0; g < GAITS; g++) {
      memset(cfg.gait[g].weight, 0, sizeof cfg.gait[g].weight);
      cfg.gait[g].weight[term] = .7;
    }
    df_walk* one = walker_task(w->s, &cfg);
    const sample s = random_sample(w, 7);
    double d[NF + 2 * NU], df[NF] = {0}, du[NU] = {0}, before[NU] = {0}, cost[DF_REWARD_TERMS], side[2], formed = 0;
    df_rng_normal(4, DF_STREAM_TEST, (uint64_t)term, NF + 2 * NU, d);
    df_walk_reward_vjp(one, &(df_walk_step){s.f, s.u, s.before, &s.order}, 1.5, df, du, before);
    for (int i = 0; i < NF; i++) formed += d[i] * df[i];
    for (int k = 0; k < NU; k++) formed += d[NF + k] * du[k] + d[NF + NU + k] * before[k];
    for (int up = 0; up < 2; up++) {
      sample at = s;
      const double h = up ? STEP : -STEP;
      for (int i = 0; i < NF; i++) at.f[i] += h * d[i];
      for (int k = 0; k < NU; k++) at.u[k] += h * d[NF + k], at.before[k] += h * d[NF + NU + k];
      side[up] = 1.5 * df_walk_reward(one, &(df_walk_step){at.f, at.u, at.before, &at.order}, cost);
    }
    const double measured = (side[1] - side[0]) / (2 * STEP);
    if (!(fabs(formed - measured) <= 1e-6 * (1 + fabs(measured))) || formed == 0)
      fail_msg("%s: %.10g, differences %.10g", df_reward_term_at((df_reward_term)term)->name, formed, measured);
    df_walk_free(one);
  }
  /* a term of another task has no gradient: all weights of clips are 0 */
  df_walk_cfg cfg = w->cfg;
  for (int g = 0; g < GAITS; g++) {
    for (int i = 0; i < DF_REWARD_TERMS; i++)
      cfg.gait[g].weight[i] = df_walk_has_reward(w->walk, (df_reward_term)i) ? 0 : 1;
  }
  df_walk* none = walker_task(w->s, &cfg);
  const sample s = random_sample(w, 8);
  double df[NF] = {0}, du[NU] = {0}, before[NU] = {0};
  df_walk_reward_vjp(none, &(df_walk_step){s.f, s.u, s.before, &s.order}, 1.5, df, du, before);
  for (int i = 0; i < NF; i++) CLOSE(df[i], 0, 0);
  df_walk_free(none);
  drop(w);
}

/* ---- observations ---- */

static int add_frame(const fixture* w, const double* g, int gait, double scale, double* expected) {
  int n = 0;
  for (int i = 0; i < 3; i++) expected[n++] = scale * .5 * g[1 + i];
  for (int i = 0; i < 3; i++) expected[n++] = scale * .75 * g[4 + i];
  for (int i = 0; i < 3; i++) expected[n++] = scale * g[7 + i];
  expected[n++] = scale * 1.25 * (g[0] - w->cfg.gait[gait].height);
  for (int k = 0; k < NU; k++) expected[n++] = scale * 1.5 * (g[10 + k] - walker_home[k]);
  for (int k = 0; k < NU; k++) expected[n++] = scale * 1.75 * g[10 + NU + k];
  return n;
}

/* at frame 6 of 9 the frame 4 ahead is the last one */
static void targets_are_the_frames_ahead(void** state) {
  (void)state;
  fixture* w = make();
  df_walk_order order;
  double view[NF], g[NF], x[NX], last[NU], expected[256];
  df_real o[256];
  for (int frame = 0; frame < 7; frame += 6) {
    int n = 0;
    df_walk_enter_clip(w->walk, 0, frame, &order, NULL);
    random_state(w, 3, x);
    df_walk_look(w->walk, w->sim, x, view);
    df_rng_normal(5, DF_STREAM_TEST, 0, NU, last);
    n += add_frame(w, view, 0, 1, expected + n);
    for (int k = 0; k < NU; k++) expected[n++] = 2 * (last[k] - walker_home[k]);
    expected[n++] = 2.75; /* the gait; no command and no clock */
    expected[n++] = 0;
    for (int i = 0; i < 2; i++) {
      const int at = frame + w->cfg.ahead[i] > 9 ? 9 : frame + w->cfg.ahead[i];
      df_walk_look(w->walk, w->sim, w->states[0] + (size_t)at * NX, g);
      n += add_frame(w, g, 0, 3, expected + n);
    }
    assert_int_equal(df_walk_observations(w->walk), n);
    df_walk_observe(w->walk, view, last, &order, o);
    for (int i = 0; i < n; i++) CLOSE((double)o[i], expected[i], 1e-12);
  }
  drop(w);
}

/* ---- clips, starts, ends ---- */

static void orders_leave_a_window_of_their_clip(void** state) {
  (void)state;
  fixture* w = make();
  int seen[CLIPS][LONG + 1] = {{0}};
  for (uint64_t event = 0; event < 2000; event++) {
    df_walk_order o, again;
    double g[NF];
    df_walk_draw_order(w->walk, 7, event, &o);
    df_walk_draw_order(w->walk, 7, event, &again);
    assert_true(o.clip == again.clip && o.frame == again.frame);
    assert_true(o.clip >= 0 && o.clip < CLIPS && o.frame >= 0 && o.frame <= lengths[o.clip] - H);
    assert_int_equal(o.gait, o.clip % GAITS);
    assert_int_equal(df_walk_left(w->walk, &o), lengths[o.clip] - o.frame);
    seen[o.clip][o.frame]++;
    if (event % 100) continue;
    df_walk_look(w->walk, w->sim, w->states[o.clip] + (size_t)o.frame * NX, g);
    assert_memory_equal(df_walk_demonstrated(w->walk, &o), g, sizeof g);
    assert_true(o.command[0] == g[4] && o.command[1] == g[5] && o.command[2] == g[9] && o.phase == 0);
  }
  /* every frame of every clip: 667 draws each over 3, 8 and 2 frames, within 6 standard deviations */
  for (int i = 0; i < CLIPS; i++) {
    const double frames = lengths[i] - H + 1, mean = 2000. / CLIPS / frames;
    for (int t = 0; t < (int)frames; t++) CLOSE(seen[i][t], mean, 6 * sqrt(mean));
  }
  df_walk_order o;
  df_walk_enter_clip(w->walk, 2, 6, &o, NULL);
  for (int t = 7; t < 11; t++) {
    df_walk_tick(w->walk, &o);
    assert_int_equal(o.frame, t < 8 ? t : 8);
    assert_true(o.clip == 2 && o.gait == 0);
    CLOSE(o.command[0], df_walk_demonstrated(w->walk, &o)[4], 0);
  }
  drop(w);
}

static void a_start_is_a_demonstrated_state_and_its_draws(void** state) {
  (void)state;
  fixture* w = make();
  double x[NX], u[NU], view[NF], uniform[2 + NU], normal[8 + NU];
  int raised = 0;
  for (uint64_t event = 0; event < 8; event++) {
    df_walk_order o;
    df_walk_draw_order(w->walk, 7, event, &o);
    df_walk_draw_start(w->walk, w->sim, 7, event, x);
    df_rng_uniform(7, DF_STREAM_WALK_START, event, 2 + NU, uniform);
    df_rng_normal(7, DF_STREAM_WALK_START_NOISE, event, 8 + NU, normal);
    const double *of = w->states[o.clip] + (size_t)o.frame * NX, *g = df_walk_demonstrated(w->walk, &o);
    for (int i = 0; i < 7; i++) {
      if (i != 2) CLOSE(x[i], of[i], 0);
    }
    for (int k = 0; k < NU; k++) {
      CLOSE(x[7 + k], of[7 + k] + .125 * (2 * uniform[2 + k] - 1), 1e-15);
      CLOSE(x[25 + k], of[25 + k] + .5 * normal[8 + k], 1e-14);
    }
    for (int i = 0; i < 3; i++) {
      CLOSE(x[19 + i], of[19 + i] + (i == 2 ? .05 : .2) * normal[2 + i], 1e-15);
      CLOSE(x[22 + i], of[22 + i] + .25 * normal[5 + i], 1e-15);
    }
    /* raised by what the noise of the joints lowers its lowest foot */
    double lowest = 1, before = 1;
    df_walk_look(w->walk, w->sim, x, view);
    for (int i = 0; i < FEET; i++) lowest = fmin(lowest, view[10 + 2 * NU + i]);
    for (int i = 0; i < FEET; i++) before = fmin(before, g[10 + 2 * NU + i]);
    assert_true(lowest >= before - 1e-12 && x[2] >= of[2]);
    if (x[2] > of[2]) CLOSE(lowest, before, 1e-12);
    raised += x[2] > of[2];
    /* the action before it is its posture, within the box */
    x[7 + 3] = 9;
    df_walk_first_action(w->walk, x, u);
    for (int k = 0; k < NU; k++)
      CLOSE(u[k],
            k == 3 ? .6 : fmin(fmax(x[7 + k], walker_centre[k] - walker_half[k]), walker_centre[k] + walker_half[k]),
            1e-15);
  }
  assert_true(raised > 0 && raised < 8);
  drop(w);
}

static void a_robot_loses_its_clip_by_height_or_a_foot(void** state) {
  (void)state;
  fixture* w = make();
  df_walk_cfg cfg = w->cfg;
  cfg.off_clip = .05;
  df_walk* strict = walker_task(w->s, &cfg);
  df_walk_order o;
  df_walk_enter_clip(strict, 1, 5, &o, NULL);
  for (int place = 0; place < 4; place++) {
    for (int sign = -1; sign <= 1; sign += 2) {
      for (int more = 0; more < 2; more++) {
        double f[NF];
        memcpy(f, df_walk_demonstrated(strict, &o), sizeof f);
        const double far = sign * (more ? .0501 : .0499);
        if (place == 0) f[0] += far;
        if (place == 1) f[NF - 1] += far;
        if (place == 2) f[NF - 3 * FEET] += .6 * far, f[NF - 3 * FEET + 1] += .8 * far;
        if (place == 3) f[10] += 5 * far; /* joints are not looked at */
        assert_int_equal(df_walk_ended(strict, f, &o), more && place < 3);
        assert_false(df_walk_ended(w->walk, f, &o)); /* off_clip 0: never */
      }
    }
  }
  double low[NF];
  memcpy(low, df_walk_demonstrated(w->walk, &o), sizeof low);
  low[0] = .1;
  assert_true(df_walk_ended(w->walk, low, &o)); /* fallen */
  df_walk_free(strict);
  drop(w);
}

/* ---- the gradient of a window ---- */

static df_expert* expert_of(fixture* w, double off_clip, int threads, df_expert_method method) {
  OK(df_blas_open(&(df_blas_cfg){.kernel = "naive", .threads = 4}));
  df_walk_free(w->walk);
  w->cfg.off_clip = off_clip;
  w->walk = walker_task(w->s, &w->cfg);
  df_expert_cfg cfg = df_expert_cfg_default();
  cfg.method = method;
  cfg.robots = B;
  cfg.horizon = H;
  cfg.slices = 2;
  cfg.width = 9;
  cfg.decay = 1;
  cfg.updates = 6;
  cfg.ppo_minibatches = 2;
  df_expert* e;
  OK(df_expert_new(w->walk, &cfg, 5, threads, &e));
  return e;
}

/* one robot's share of the loss of the window, and how many times it has lost its clip */
static double robot_loss(const fixture* w, const df_expert* e, int b, const double* x0, const df_walk_order* first,
                         const double* u0, int64_t event, int* lost) {
  df_sim* sim;
  OK(df_sim_new(w->s, 0, &sim));
  double x[NX], u[NU], last[NU], view[NF], out[NU], obs[256], eps[NU], cost[DF_REWARD_TERMS], sum = 0, g = 1, value;
  df_walk_order order = *first;
  bool ended = false;
  memcpy(x, x0, sizeof x);
  memcpy(last, u0, sizeof last);
  w->s->ops->reset(sim, x);
  for (int t = 0; t < H; t++) {
    df_walk_look(w->walk, sim, x, view);
    df_walk_observe(w->walk, view, last, &order, obs);
    network(e->actor_net, e->actor, obs, NU, out);
    df_rng_normal(5, DF_STREAM_EXPERT_NOISE, ((uint64_t)e->update * H + (uint64_t)t) * B + (uint64_t)b, NU, eps);
    for (int k = 0; k < NU; k++) {
      const double rest = (walker_home[k] - walker_centre[k]) / walker_half[k];
      u[k] = walker_centre[k] + walker_half[k] * tanh(out[k] + .5 * log((1 + rest) / (1 - rest)) + .1 * eps[k]);
    }
    assert_int_equal(w->s->ops->step(sim, u, x), DF_TRAJ_COMPLETE);
    df_walk_enter_clip(w->walk, order.clip, order.frame + 1, &order, NULL);
    df_walk_look(w->walk, sim, x, view);
    sum += g * df_walk_reward(w->walk, &(df_walk_step){view, u, last, &order}, cost);
    g *= .97;
    memcpy(last, u, sizeof last);
    ended = df_walk_ended(w->walk, view, &order);
    if (!ended) continue;
    ++*lost;
    g = 1;
    const uint64_t number = (uint64_t)b << 32 | (uint64_t)event++;
    df_walk_draw_start(w->walk, sim, 5, number, x);
    df_walk_draw_order(w->walk, 5, number, &order);
    df_walk_first_action(w->walk, x, last);
    w->s->ops->set_state(sim, x);
  }
  df_walk_look(w->walk, sim, x, view);
  df_walk_observe(w->walk, view, last, &order, obs);
  network(e->critic_net, e->slow, obs, 1, &value);
  if (!ended) sum += g * 20 * value;
  df_sim_free(w->s, sim);
  return -sum / (H * B);
}

static void the_gradient_of_a_window_agrees_with_differences(void** state) {
  (void)state;
  enum { DIRECTIONS = 10, MAY_MISS = 2 };
  static const double STEP = 1e-6;
  fixture* w = make();
  df_expert* e = expert_of(w, .06, 1, DF_EXPERT_SHAC);
  const size_t n = df_net_parameters(e->actor_net), critic = df_net_parameters(e->critic_net);
  double *gradient = df_alloc(n, sizeof *gradient), *d = df_alloc(n + critic, sizeof *d),
         *kept = df_alloc(n, sizeof *kept);
  double x[B][NX], u[B][NU];
  df_walk_order order[B];
  int64_t events[B];
  int lost = 0, missed = 0;
  df_rng_normal(11, DF_STREAM_TEST, 0, n + critic, d);
  for (size_t k = 0; k < n; k++) e->actor[k] += .05 * d[k];
  for (size_t k = 0; k < critic; k++) e->slow[k] += .05 * d[n + k];
  memcpy(kept, e->actor, n * sizeof *kept);
  memcpy(x, e->x_now, sizeof x);
  memcpy(u, e->u_now, sizeof u);
  memcpy(order, e->order_now, sizeof order);
  memcpy(events, e->events, sizeof events);
  double same = 0, first = 0;
  for (int b = 0; b < B; b++) first += robot_loss(w, e, b, x[b], &order[b], u[b], events[b], &lost);
  for (int i = 0; i < e->n_slices; i++) {
    expert_window(e, &e->slice[i]);
    OK(e->slice[i].status);
    for (size_t k = 0; k < n; k++) gradient[k] += e->slice[i].gradient[k];
  }
  for (int i = 0; i < H * B; i++) same -= e->weight[i] * e->reward[i] / (H * B);
  for (int b = 0; b < B; b++) same -= e->weight[H * B + b] * e->value[(H - 1) * B + b] / (H * B);
  CLOSE(same, first, 1e-9);
  if (lost < 2 || lost > B * H - 2) fail_msg("%d robots are lost", lost);
  for (int i = 0; i < DIRECTIONS; i++) {
    double formed = 0, side[2] = {0};
    df_rng_normal(12, DF_STREAM_TEST, (uint64_t)i, n, d);
    for (size_t k = 0; k < n; k++) formed += gradient[k] * d[k];
    for (int up = 0; up < 2; up++) {
      int others = 0;
      for (size_t k = 0; k < n; k++) e->actor[k] = kept[k] + (up ? STEP : -STEP) * d[k];
      for (int b = 0; b < B; b++) side[up] += robot_loss(w, e, b, x[b], &order[b], u[b], events[b], &others);
      assert_int_equal(others, lost);
    }
    const double measured = (side[1] - side[0]) / (2 * STEP);
    if (fabs(measured - formed) <= 1e-5 * (fabs(measured) + .01)) continue;
    print_message("direction %d: %.9g, differences %.9g\n", i, formed, measured);
    missed++;
  }
  if (missed > MAY_MISS) fail_msg("%d of %d directions do not agree", missed, DIRECTIONS);
  df_free(gradient);
  df_free(d);
  df_free(kept);
  df_expert_free(e);
  drop(w);
}

/* ---- trainings ---- */

static volatile sig_atomic_t stop;

/* every window begins where the clip has one more left */
static void within_clips(void* context, const df_expert_update* u) {
  const df_expert* e = context;
  for (int b = 0; b < B; b++) assert_true(df_walk_left(e->walk, &e->order_now[b]) >= H);
  assert_true(isfinite(u->reward));
  stop = u->update == 2;
}

static void threads_and_interruptions_change_no_bit(void** state) {
  (void)state;
  static const char path[] = "build/test_imitate.state";
  for (int method = 0; method < 3; method++) {
    fixture* w = make();
    df_expert* e[2] = {expert_of(w, .1, 1, (df_expert_method)method), NULL};
    OK(df_expert_train(e[0], &(df_expert_training){.report = within_clips, .context = e[0]}));
    OK(df_expert_new(w->walk, &e[0]->cfg, 5, 2, &e[1]));
    remove(path);
    df_expert_training parts = {
        .state_path = path, .stop = &stop, .report = within_clips, .context = e[1], .save_seconds = 1e9};
    stop = 0;
    assert_int_equal(df_expert_train(e[1], &parts), DF_E_INTERRUPTED);
    df_expert_free(e[1]);
    OK(df_expert_new(w->walk, &e[0]->cfg, 5, 2, &e[1]));
    stop = 0;
    parts.context = e[1];
    OK(df_expert_train(e[1], &parts));
    assert_memory_equal(e[0]->actor, e[1]->actor, e[0]->n_actor * sizeof(df_real));
    for (int b = 0; b < B; b++) {
      assert_int_equal(e[0]->order_now[b].frame, e[1]->order_now[b].frame);
      assert_int_equal(e[0]->order_now[b].clip, e[1]->order_now[b].clip);
    }
    remove(path);
    for (int i = 0; i < 2; i++) df_expert_free(e[i]);
    drop(w);
  }
}

/* ---- walks ---- */

/* a cycle of the clock of 50 / 3 Hz is 3 actions */
static void walks_begin_on_their_clip_and_are_judged_against_it(void** state) {
  (void)state;
  fixture* w = make();
  w->cfg.frequency = 50 / 3.;
  df_expert* e = expert_of(w, 0, 1, DF_EXPERT_SHAC);
  enum { LENGTH = 9 };
  double x[(LENGTH + 1) * NX], u[LENGTH * NU], f[NF], sum[3] = {0}, velocity = 0, rate = 0;
  df_walk_order order[LENGTH + 1];
  df_expert_walk walk = {.length = LENGTH, .clip = 1, .x = x, .u = u, .order = order};
  OK(df_expert_run(e, 1, &walk, 1));
  assert_memory_equal(x, w->states[1], NX * sizeof *x);
  assert_int_equal(walk.fell, -1);
  int agree = 0;
  for (int t = 0; t <= LENGTH; t++) assert_true(order[t].frame == t && order[t].clip == 1 && order[t].gait == 1);
  for (int t = 1; t <= LENGTH; t++) {
    double g[NF];
    df_walk_look(w->walk, w->sim, x + (size_t)t * NX, f);
    df_walk_look(w->walk, w->sim, w->states[1] + (size_t)t * NX, g);
    for (int i = 0; i < 2; i++) sum[i] += (f[4 + i] - g[4 + i]) / 3;
    sum[2] += (f[9] - g[9]) / 3;
    if (t % 3 == 0) {
      velocity += sqrt(sum[0] * sum[0] + sum[1] * sum[1]) / 3;
      rate += fabs(sum[2]) / 3;
      memset(sum, 0, sizeof sum);
    }
    for (int i = 0; i < FEET; i++) agree += (f[10 + 2 * NU + i] < .025) == (g[10 + 2 * NU + i] < .025);
  }
  df_walk_score score;
  OK(df_walk_judge(w->walk, &walk, 0, &score));
  CLOSE(score.velocity_error, velocity, 1e-12);
  CLOSE(score.yaw_rate_error, rate, 1e-12);
  CLOSE(score.contact, agree / (double)(LENGTH * FEET), 1e-12);
  assert_true(velocity > 0 && agree > 0 && agree < LENGTH * FEET);
  walk.clip = 2; /* of 8 actions */
  assert_int_equal(df_expert_run(e, 1, &walk, 1), DF_E_ARG);
  walk.clip = CLIPS;
  assert_int_equal(df_expert_run(e, 1, &walk, 1), DF_E_ARG);
  walk.clip = 1;
  walk.renew = .1;
  assert_int_equal(df_expert_run(e, 1, &walk, 1), DF_E_ARG);
  df_expert_free(e);
  drop(w);
}

static void errors_name_what_is_wrong(void** state) {
  (void)state;
  fixture* w = make();
  df_walk* walk;
  static double wrong[(LONG + 1) * NX];
  df_walk_clip clips[CLIPS];
  df_walk_cfg cfg;
#define REFUSES(words)                                                                                          \
  do {                                                                                                          \
    assert_int_equal(df_walk_new(w->s, &cfg, &walk), DF_E_CONFIG);                                              \
    if (!strstr(df_error_message(), words)) fail_msg("\"%s\" does not have \"%s\"", df_error_message(), words); \
    cfg = w->cfg;                                                                                               \
    memcpy(clips, w->clip, sizeof clips);                                                                       \
    cfg.clip = clips;                                                                                           \
  } while (0)
  cfg = w->cfg;
  cfg.tail = 0;
  REFUSES("tail is 0, must be >= 1");
  cfg.tail = 9;
  REFUSES("clip 2 has 8 actions, must have at least `tail`, 9");
  cfg.off_clip = -1;
  REFUSES("off_clip is -1, must be in 0..1000");
  cfg.n_ahead = DF_WALK_AHEAD_MAX + 1;
  REFUSES("n_ahead is 17, must be in 0..16");
  cfg.ahead[1] = 0;
  REFUSES("ahead[1] is 0, must be >= 1");
  clips[1].gait = GAITS;
  REFUSES("clip 1 has gait 2, must be in 0..1");
  memcpy(wrong, w->states[1], sizeof wrong);
  wrong[2 * NX + 5] = NAN;
  clips[1].states = wrong;
  REFUSES("coordinate 5 of frame 2 of clip 1 is nan");
  df_expert* e = expert_of(w, 0, 1, DF_EXPERT_SHAC);
  df_expert_cfg more = e->cfg;
  df_expert* other;
  more.horizon = H + 1;
  assert_int_equal(df_expert_new(w->walk, &more, 5, 1, &other), DF_E_CONFIG);
  assert_non_null(strstr(df_error_message(), "horizon is 8, must be at most 7"));
  df_expert_free(e);
  drop(w);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(feet_are_seen_from_the_body),
                                     cmocka_unit_test(the_gradient_of_features_agrees_with_differences),
                                     cmocka_unit_test(every_cost_is_that_of_its_formula),
                                     cmocka_unit_test(every_term_agrees_with_differences),
                                     cmocka_unit_test(targets_are_the_frames_ahead),
                                     cmocka_unit_test(orders_leave_a_window_of_their_clip),
                                     cmocka_unit_test(a_start_is_a_demonstrated_state_and_its_draws),
                                     cmocka_unit_test(a_robot_loses_its_clip_by_height_or_a_foot),
                                     cmocka_unit_test(the_gradient_of_a_window_agrees_with_differences),
                                     cmocka_unit_test(threads_and_interruptions_change_no_bit),
                                     cmocka_unit_test(walks_begin_on_their_clip_and_are_judged_against_it),
                                     cmocka_unit_test(errors_name_what_is_wrong)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
