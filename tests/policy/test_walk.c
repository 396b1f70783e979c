/* The task of a walking robot: features against MuJoCo, every term against a formula of its own, every gradient
 * against differences. */
#include <mujoco/mujoco.h>

#include "dynaflow/core/angles.h"
#include "walker.h"

typedef struct fixture {
  df_system* s;
  df_sim* sim;
  df_walk_cfg cfg;
  df_walk* walk;
  int nf;
} fixture;

static fixture make(void) {
  fixture f = {.s = walker_system()};
  OK(df_sim_new(f.s, 0, &f.sim));
  f.cfg = walker_cfg(f.s);
  f.walk = walker_task(f.s, &f.cfg);
  f.nf = df_walk_features(f.walk);
  assert_int_equal(f.nf, 10 + 2 * NU + 4 * FEET);
  return f;
}

static void drop(fixture* f) {
  df_walk_free(f->walk);
  df_sim_free(f->s, f->sim);
  df_system_free(f->s);
}

/* a tilted, moving robot away from its home posture */
static void random_state(const fixture* f, uint64_t event, double* x) {
  double start[NX], e[NDX];
  df_mujoco_initial_state(f->s, start);
  df_rng_normal(1, DF_STREAM_TEST, event, NDX, e);
  f->s->ops->integrate(f->s, start, e, x);
}

/* ---- features ---- */

static void features_are_those_of_mujoco(void** state) {
  (void)state;
  static const char* const feet[FEET] = {"FR", "FL", "RR", "RL"};
  fixture f = make();
  char xml[8192], error[256];
  snprintf(xml, sizeof xml, QUADRUPED, "", "", "ctrlrange='-3 3'", "");
  mjVFS vfs;
  mj_defaultVFS(&vfs);
  mj_addBufferVFS(&vfs, "q.xml", xml, (int)strlen(xml));
  mjModel* m = mj_loadXML("q.xml", &vfs, error, sizeof error);
  if (!m) fail_msg("%s", error);
  mj_deleteVFS(&vfs);
  mjData* d = mj_makeData(m);
  for (uint64_t event = 0; event < 4; event++) {
    double x[NX], view[64];
    mjtNum motion6[6];
    random_state(&f, event, x);
    df_walk_look(f.walk, f.sim, x, view);
    mju_copy(d->qpos, x, (int)m->nq);
    mju_copy(d->qvel, x + m->nq, (int)m->nv);
    mj_forward(m, d);
    const int base = mj_name2id(m, mjOBJ_BODY, "base");
    mj_objectVelocity(m, d, mjOBJ_XBODY, base, motion6, 1);
    CLOSE(view[0], d->xpos[3 * base + 2], 1e-14);
    for (int i = 0; i < 3; i++) {
      CLOSE(view[1 + i], d->xmat[9 * base + 6 + i], 1e-13);
      CLOSE(view[4 + i], motion6[3 + i], 1e-13);
      CLOSE(view[7 + i], motion6[i], 1e-13);
    }
    for (int k = 0; k < NU; k++) {
      CLOSE(view[10 + k], x[7 + k], 0);
      CLOSE(view[10 + NU + k], x[19 + 6 + k], 0);
    }
    for (int i = 0; i < FEET; i++) {
      const int geom = mj_name2id(m, mjOBJ_GEOM, feet[i]);
      mj_objectVelocity(m, d, mjOBJ_GEOM, geom, motion6, 0);
      CLOSE(view[10 + 2 * NU + i], d->geom_xpos[3 * geom + 2], 1e-13);
      for (int k = 0; k < 3; k++) CLOSE(view[10 + 2 * NU + FEET + 3 * i + k], motion6[3 + k], 1e-12);
    }
  }
  mj_deleteData(d);
  mj_deleteModel(m);
  drop(&f);
}

static double pairing(const fixture* f, const double* x, const double* y) {
  double view[64], sum = 0;
  df_walk_look(f->walk, f->sim, x, view);
  for (int i = 0; i < f->nf; i++) sum += y[i] * view[i];
  return sum;
}

/* centred differences of step 1e-5: errors of 1e-10 times third derivatives of order 10 */
static void the_gradient_of_features_agrees_with_differences(void** state) {
  (void)state;
  static const double STEP = 1e-5;
  fixture f = make();
  double x[NX], view[64], y[64], dx[NDX] = {0};
  random_state(&f, 9, x);
  df_rng_normal(2, DF_STREAM_TEST, 0, (size_t)f.nf, y);
  df_walk_look(f.walk, f.sim, x, view);
  dx[4] = 3; /* it is added to */
  df_walk_look_vjp(f.walk, f.sim, x, view, y, dx);
  for (int k = 0; k < NDX; k++) {
    double e[NDX] = {0}, at[NX], side[2];
    for (int up = 0; up < 2; up++) {
      e[k] = up ? STEP : -STEP;
      f.s->ops->integrate(f.s, x, e, at);
      side[up] = pairing(&f, at, y);
    }
    CLOSE(dx[k], (side[1] - side[0]) / (2 * STEP) + (k == 4 ? 3 : 0), 2e-8);
  }
  drop(&f);
}

/* ---- rewards ---- */

static double arch(double s) {
  return sqrt(1 + s) - 1;
}
static double square(double a) {
  return a * a;
}

/* the cost of one term, written down once more from the table of walk.h */
static double naive_cost(const fixture* w, df_reward_term term, const double* f, const double* u, const double* before,
                         const df_walk_order* o) {
  const double *q = f + 10, *dq = f + 10 + NU, *h = f + 10 + 2 * NU, *v = h + FEET;
  double sum = 0;
  switch (term) {
    case DF_REWARD_velocity:
      return arch((square(f[4] - o->command[0]) + square(f[5] - o->command[1])) / .04);
    case DF_REWARD_yaw_rate:
      return arch(square(f[9] - o->command[2]) / .16);
    case DF_REWARD_vertical:
      return arch(square(f[6]) / .04);
    case DF_REWARD_roll:
      return arch(square(f[2]) / .01);
    case DF_REWARD_pitch:
      return arch(square(f[1]) / .01);
    case DF_REWARD_roll_rate:
      return arch(square(f[7]));
    case DF_REWARD_pitch_rate:
      return arch(square(f[8]));
    case DF_REWARD_height:
      return arch(square(f[0] - (o->gait ? .26 : .29)) / .0009);
    case DF_REWARD_foot_height:
      for (int i = 0; i < FEET; i++) {
        const double phase = fmod(o->phase + w->cfg.gait[o->gait].offset[i], 1);
        sum += arch(square(h[i] - .023 - (phase > .5 ? .07 * sin(2 * DF_PI * (phase - .5)) : 0)) / .0009) / FEET;
      }
      return sum;
    case DF_REWARD_foot_slip:
      for (int i = 0; i < FEET; i++) {
        const double phase = fmod(o->phase + w->cfg.gait[o->gait].offset[i], 1);
        if (phase < .5)
          sum += sqrt(sin(2 * DF_PI * phase)) * arch((square(v[3 * i]) + square(v[3 * i + 1])) / .04) / FEET;
      }
      return sum;
    case DF_REWARD_action_change:
      for (int k = 0; k < NU; k++) sum += square(u[k] - before[k]) / .04 / NU;
      return sum;
    case DF_REWARD_joint_velocity:
      for (int k = 0; k < NU; k++) sum += square(dq[k]) / 25 / NU;
      return sum;
    default:
      if (term != DF_REWARD_posture) return 0; /* of clips, which this task has not */
      for (int k = 0; k < NU; k++) sum += square(q[k] - walker_home[k]) / .04 / NU;
      return sum;
  }
}

/* features, actions and order of a step; the features need not be those of a state */
typedef struct sample {
  double f[64], u[NU], before[NU];
  df_walk_order order;
} sample;

static sample random_sample(uint64_t event) {
  sample s = {.order = {.gait = (int)event % GAITS}};
  double draw[4];
  df_rng_normal(3, DF_STREAM_TEST, 4 * event, 64, s.f);
  df_rng_normal(3, DF_STREAM_TEST, 4 * event + 1, NU, s.u);
  df_rng_normal(3, DF_STREAM_TEST, 4 * event + 2, NU, s.before);
  df_rng_uniform(3, DF_STREAM_TEST, 4 * event + 3, 4, draw);
  for (int i = 0; i < 64; i++) s.f[i] *= .1;
  for (int i = 0; i < 3; i++) s.order.command[i] = draw[i] - .5;
  s.order.phase = draw[3];
  return s;
}

static df_walk_step step_of(const sample* s) {
  return (df_walk_step){s->f, s->u, s->before, &s->order};
}

static void every_cost_is_that_of_its_formula(void** state) {
  (void)state;
  fixture w = make();
  for (uint64_t event = 0; event < 6; event++) {
    const sample s = random_sample(event);
    const df_walk_step step = step_of(&s);
    double cost[DF_REWARD_TERMS], expected = 2;
    const double reward = df_walk_reward(w.walk, &step, cost);
    for (int i = 0; i < DF_REWARD_TERMS; i++) {
      const double naive = naive_cost(&w, (df_reward_term)i, s.f, s.u, s.before, &s.order);
      if (!(fabs(cost[i] - naive) <= 1e-12 * (1 + naive)))
        fail_msg("%s: %.17g, expected %.17g", df_reward_term_at((df_reward_term)i)->name, cost[i], naive);
      expected -= (.1 + .03 * i + .01 * s.order.gait) * naive;
    }
    CLOSE(reward, expected, 1e-11);
  }
  drop(&w);
}

/* the derivative along a random direction, of one term, compared with a centred difference of step 1e-5 */
static void every_reward_term_agrees_with_differences(void** state) {
  (void)state;
  static const double STEP = 1e-5;
  fixture w = make();
  for (int term = 0; term <= DF_REWARD_posture; term++) {
    df_walk_cfg cfg = w.cfg;
    for (int g = 0; g < GAITS; g++) {
      memset(cfg.gait[g].weight, 0, sizeof cfg.gait[g].weight);
      cfg.gait[g].weight[term] = .7;
    }
    df_walk* one = walker_task(w.s, &cfg);
    for (uint64_t event = 0; event < 4; event++) {
      const sample s = random_sample(event);
      const df_walk_step step = step_of(&s);
      double d[64 + 2 * NU], df[64] = {0}, du[NU] = {0}, before[NU] = {0}, cost[DF_REWARD_TERMS], side[2], formed = 0;
      df_rng_normal(4, DF_STREAM_TEST, event, 64 + 2 * NU, d);
      df_walk_reward_vjp(one, &step, 1.5, df, du, before);
      for (int i = 0; i < 64; i++) formed += d[i] * df[i];
      for (int k = 0; k < NU; k++) formed += d[64 + k] * du[k] + d[64 + NU + k] * before[k];
      for (int up = 0; up < 2; up++) {
        sample moved = s;
        const double h = up ? STEP : -STEP;
        for (int i = 0; i < 64; i++) moved.f[i] += h * d[i];
        for (int k = 0; k < NU; k++) moved.u[k] += h * d[64 + k], moved.before[k] += h * d[64 + NU + k];
        const df_walk_step at = step_of(&moved);
        side[up] = 1.5 * df_walk_reward(one, &at, cost);
      }
      const double measured = (side[1] - side[0]) / (2 * STEP);
      if (!(fabs(formed - measured) <= 1e-6 * (1 + fabs(measured))) || formed == 0)
        fail_msg("%s: %.10g, differences %.10g", df_reward_term_at((df_reward_term)term)->name, formed, measured);
    }
    df_walk_free(one);
  }
  /* what is there already is added to */
  const sample s = random_sample(5);
  const df_walk_step step = step_of(&s);
  double df[2][64] = {{0}}, du[2][NU] = {{0}}, before[2][NU] = {{0}};
  for (int i = 0; i < 64; i++) df[1][i] = i;
  for (int k = 0; k < NU; k++) du[1][k] = 2 + k, before[1][k] = -3 - k;
  for (int k = 0; k < 2; k++) df_walk_reward_vjp(w.walk, &step, 1.5, df[k], du[k], before[k]);
  for (int i = 0; i < 64; i++) CLOSE(df[1][i], df[0][i] + i, 1e-12);
  for (int k = 0; k < NU; k++) {
    CLOSE(du[1][k], du[0][k] + 2 + k, 1e-12);
    CLOSE(before[1][k], before[0][k] - 3 - k, 1e-12);
    assert_true(du[0][k] != 0 && before[0][k] != 0);
  }
  drop(&w);
}

/* ---- observations ---- */

static void observations_are_weighted_quantities_in_their_order(void** state) {
  (void)state;
  fixture w = make();
  const sample s = random_sample(1);
  df_real o[128], expected[128];
  int n = 0;
#define ADD(weight, value) expected[n++] = (df_real)((weight) * (value))
  for (int i = 0; i < 3; i++) ADD(.5, s.f[1 + i]);
  for (int i = 0; i < 3; i++) ADD(.75, s.f[4 + i]);
  for (int i = 0; i < 3; i++) ADD(1, s.f[7 + i]);
  ADD(1.25, s.f[0] - .26);
  for (int k = 0; k < NU; k++) ADD(1.5, s.f[10 + k] - walker_home[k]);
  for (int k = 0; k < NU; k++) ADD(1.75, s.f[10 + NU + k]);
  for (int k = 0; k < NU; k++) ADD(2, s.before[k] - walker_home[k]);
  for (int i = 0; i < 3; i++) ADD(2.25, s.order.command[i]);
  for (int i = 0; i < FEET; i++) {
    const double angle = 2 * DF_PI * (s.order.phase + w.cfg.gait[1].offset[i]);
    ADD(2.5, sin(angle));
    ADD(2.5, cos(angle));
  }
  ADD(2.75, 0);
  ADD(2.75, 1);
#undef ADD
  assert_int_equal(df_walk_observations(w.walk), n);
  df_walk_observe(w.walk, s.f, s.before, &s.order, o);
  for (int i = 0; i < n; i++) CLOSE((double)o[i], (double)expected[i], 1e-6);

  /* a term of weight 0 is left out */
  df_walk_cfg cfg = w.cfg;
  cfg.observe[DF_OBSERVE_velocity] = cfg.observe[DF_OBSERVE_gait] = 0;
  df_walk* without = walker_task(w.s, &cfg);
  assert_int_equal(df_walk_observations(without), n - 5);
  df_walk_observe(without, s.f, s.before, &s.order, o);
  for (int i = 0; i < n - 5; i++) CLOSE((double)o[i], (double)expected[i < 3 ? i : i + 3], 1e-6);
  df_walk_free(without);
  drop(&w);
}

/* observations are linear in features and last action: a difference of step 1 is exact up to the rounding of floats */
static void the_gradient_of_observations_is_their_transpose(void** state) {
  (void)state;
  fixture w = make();
  const sample s = random_sample(2);
  const int n = df_walk_observations(w.walk);
  df_real o[128], moved[128], y[128];
  double draw[128], df[64] = {0}, before[NU] = {0};
  df_rng_normal(5, DF_STREAM_TEST, 0, (size_t)n, draw);
  for (int i = 0; i < n; i++) y[i] = (df_real)draw[i];
  df_walk_observe(w.walk, s.f, s.before, &s.order, o);
  df_walk_observe_vjp(w.walk, y, df, before);
  for (int k = 0; k < w.nf + NU; k++) {
    sample at = s;
    double sum = 0;
    if (k < w.nf) at.f[k] += 1;
    if (k >= w.nf) at.before[k - w.nf] += 1;
    df_walk_observe(w.walk, at.f, at.before, &at.order, moved);
    for (int i = 0; i < n; i++) sum += (double)y[i] * ((double)moved[i] - (double)o[i]);
    CLOSE(k < w.nf ? df[k] : before[k - w.nf], sum, 1e-5);
  }
  drop(&w);
}

/* ---- clocks, starts, falls ---- */

static void feet_stand_in_the_first_half_of_their_cycle(void** state) {
  (void)state;
  fixture w = make();
  df_walk_order order = {.gait = 1, .phase = .4};
  static const bool stands[2][FEET] = {{false, false, true, true}, {true, true, false, false}};
  for (int late = 0; late < 2; late++) {
    order.phase = late ? .95 : .4;
    for (int i = 0; i < FEET; i++) assert_int_equal(df_walk_stands(w.walk, &order, i), stands[late][i]);
  }
  df_walk_tick(w.walk, &order); /* by 3 Hz for 0.02 s */
  CLOSE(order.phase, .01, 1e-12);
  drop(&w);
}

static void starts_stand_on_the_floor_within_their_noise(void** state) {
  (void)state;
  enum { DRAWS = 400 };
  fixture w = make();
  double x[NX], again[NX], view[64], joint = 0, tilt2 = 0, velocity2 = 0, cosine = 0, sine = 0;
  for (uint64_t event = 0; event < DRAWS; event++) {
    df_walk_draw_start(w.walk, w.sim, 7, event, x);
    df_walk_draw_start(w.walk, w.sim, 7, event, again);
    assert_memory_equal(x, again, sizeof x);
    df_walk_look(w.walk, w.sim, x, view);
    double lowest = 1;
    for (int i = 0; i < FEET; i++) lowest = fmin(lowest, view[10 + 2 * NU + i]);
    assert_true(lowest >= .023 - 1e-12 && lowest <= .043);
    for (int k = 0; k < NU; k++) joint = fmax(joint, fabs(view[10 + k] - walker_home[k]));
    tilt2 += (square(view[1]) + square(view[2])) / (2 * DRAWS);
    velocity2 += (square(x[19]) + square(x[20])) / (2 * DRAWS);
    const double heading = atan2(2 * (x[3] * x[6] + x[4] * x[5]), 1 - 2 * (square(x[5]) + square(x[6])));
    cosine += cos(heading) / DRAWS;
    sine += sin(heading) / DRAWS;
  }
  /* 800 normal numbers have a standard deviation within 5 standard errors of 2.5 %; 400 headings a mean of 0 +- 0.035
   */
  assert_true(joint > .12 && joint <= .125);
  CLOSE(sqrt(tilt2), .04, .005);
  CLOSE(sqrt(velocity2), .2, .025);
  assert_true(hypot(cosine, sine) < .25);
  drop(&w);
}

static void orders_fill_their_ranges(void** state) {
  (void)state;
  enum { DRAWS = 2000 };
  fixture w = make();
  double most[3] = {0}, mean = 0;
  int second = 0;
  for (uint64_t event = 0; event < DRAWS; event++) {
    df_walk_order o, again;
    df_walk_draw_order(w.walk, 7, event, &o);
    df_walk_draw_order(w.walk, 7, event, &again);
    assert_true(o.gait == again.gait && o.phase == again.phase && o.command[1] == again.command[1]);
    assert_true(o.phase >= 0 && o.phase < 1 && o.gait >= 0 && o.gait < GAITS);
    for (int i = 0; i < 3; i++) {
      assert_true(fabs(o.command[i]) <= w.cfg.command[i]);
      most[i] = fmax(most[i], fabs(o.command[i]));
    }
    second += o.gait;
    mean += o.command[0] / DRAWS;
  }
  for (int i = 0; i < 3; i++) assert_true(most[i] > .99 * w.cfg.command[i]);
  assert_true(abs(second - DRAWS / 2) < 120); /* 5 standard deviations */
  CLOSE(mean, 0, 5 * .577 / sqrt(DRAWS));
  drop(&w);
}

/* The attitude is that of MuJoCo for a heading, then a pitch, then a roll, each about the axis that is left by the
 * turns before. The uniform draws are heading, drop and one per joint, the normal ones pitch, roll, the velocities of
 * the base and one per joint. */
static void a_start_is_made_of_its_draws(void** state) {
  (void)state;
  static const mjtNum axes[3][3] = {{0, 0, 1}, {0, 1, 0}, {1, 0, 0}};
  fixture w = make();
  double first[NX], x[NX], view[64], uniform[2 + NU], normal[8 + NU];
  df_mujoco_initial_state(w.s, first);
  for (uint64_t event = 0; event < 8; event++) {
    df_walk_draw_start(w.walk, w.sim, 7, event, x);
    df_rng_uniform(7, DF_STREAM_WALK_START, event, 2 + NU, uniform);
    df_rng_normal(7, DF_STREAM_WALK_START_NOISE, event, 8 + NU, normal);
    const double angle[3] = {2 * DF_PI * uniform[0], .04 * normal[0], .04 * normal[1]};
    mjtNum q[4] = {1, 0, 0, 0}, turn[4];
    for (int i = 0; i < 3; i++) {
      const mjtNum before[4] = {q[0], q[1], q[2], q[3]};
      mju_axisAngle2Quat(turn, axes[i], angle[i]);
      mju_mulQuat(q, before, turn);
    }
    for (int i = 0; i < 4; i++) CLOSE(x[3 + i], q[i], 1e-14);
    for (int i = 0; i < 2; i++) CLOSE(x[i], first[i], 0);
    for (int i = 0; i < 3; i++) {
      CLOSE(x[19 + i], (i == 2 ? .05 : .2) * normal[2 + i], 1e-15);
      CLOSE(x[22 + i], .25 * normal[5 + i], 1e-15);
    }
    for (int k = 0; k < NU; k++) {
      CLOSE(x[7 + k], walker_home[k] + .125 * (2 * uniform[2 + k] - 1), 1e-15);
      CLOSE(x[25 + k], .5 * normal[8 + k], 1e-15);
    }
    df_walk_look(w.walk, w.sim, x, view);
    double lowest = 1;
    for (int i = 0; i < FEET; i++) lowest = fmin(lowest, view[10 + 2 * NU + i]);
    CLOSE(lowest, .023 + .02 * uniform[1], 1e-13);
  }
  drop(&w);
}

/* command and phase are the four uniform draws, each of its own */
static void an_order_is_made_of_its_draws(void** state) {
  (void)state;
  fixture w = make();
  for (uint64_t event = 0; event < 20; event++) {
    df_walk_order o;
    double uniform[4];
    df_walk_draw_order(w.walk, 7, event, &o);
    df_rng_uniform(7, DF_STREAM_WALK_ORDER, event, 4, uniform);
    CLOSE(o.command[0], -1 + 2 * uniform[0], 1e-15);
    CLOSE(o.command[1], -.4 + .8 * uniform[1], 1e-15);
    CLOSE(o.command[2], -.8 + 1.6 * uniform[2], 1e-15);
    CLOSE(o.phase, uniform[3], 0);
    assert_int_equal(o.gait, df_rng_below(7, DF_STREAM_WALK_ORDER, event, 2, GAITS));
  }
  drop(&w);
}

static void a_robot_has_fallen_below_a_height_or_beyond_a_tilt(void** state) {
  (void)state;
  fixture w = make();
  double view[64] = {0};
  static const struct {
    double height, tilt;
    bool fallen;
  } cases[] = {{.16, 0, false}, {.14, 0, true}, {.3, 59, false}, {.3, 61, true}, {.3, 180, true}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    view[0] = cases[i].height;
    view[1] = sin(cases[i].tilt * DF_PI / 180);
    view[3] = cos(cases[i].tilt * DF_PI / 180);
    assert_int_equal(df_walk_fallen(w.walk, view), cases[i].fallen);
  }
  drop(&w);
}

/* ---- other models ---- */

static void refuses(const df_system* s, const df_walk_cfg* cfg, const char* words) {
  df_walk* walk = (df_walk*)(uintptr_t)cfg;
  assert_int_equal(df_walk_new(s, cfg, &walk), DF_E_CONFIG);
  assert_null(walk);
  if (!strstr(df_error_message(), words)) fail_msg("\"%s\" does not have \"%s\"", df_error_message(), words);
}

enum { BALL_NQ = 7, BALL_NV = 6, SERVOS = 720 };

/* the quadruped with a text after the first `mark` of its model */
static df_system* quadruped_with(const char* mark, const char* more) {
  static char xml[8192], whole[200000];
  snprintf(xml, sizeof xml, QUADRUPED, "", "", "ctrlrange='-3 3'", "");
  const char* at = strstr(xml, mark);
  if (!at) fail_msg("the model has no %s", mark);
  const size_t head = (size_t)(at - xml) + strlen(mark);
  snprintf(whole, sizeof whole, "%.*s%s%s", (int)head, xml, more, xml + head);
  return model_text(whole, 5);
}

/* a ball whose joint comes before that of the robot moves every place of the state, and changes nothing that is seen */
static void a_free_object_before_the_robot_is_no_base(void** state) {
  (void)state;
  enum { MORE_NX = NX + BALL_NQ + BALL_NV, MORE_NDX = NDX + 2 * BALL_NV };
  fixture w = make();
  df_sim* sim;
  df_system* s =
      quadruped_with("<worldbody>", "<body pos='3 3 .5'><freejoint name='ball'/><geom size='.1' mass='.2'/></body>");
  df_walk_cfg cfg = walker_cfg(s);
  cfg.base = 2;
  refuses(s, &cfg, "base is 2, must be the index of a free joint");
  cfg.base = 1;
  df_walk* walk = walker_task(s, &cfg);
  OK(df_sim_new(s, 0, &sim));
  for (uint64_t event = 0; event < 4; event++) {
    double x[NX], more[MORE_NX], view[64], other[64], d[64], dx[NDX] = {0}, dmore[MORE_NDX] = {0};
    /* starts */
    df_walk_draw_start(w.walk, w.sim, 7, event, x);
    df_walk_draw_start(walk, sim, 7, event, more);
    CLOSE(more[0], 3, 0);
    for (int i = 0; i < 19; i++) CLOSE(more[BALL_NQ + i], x[i], 1e-12);
    for (int i = 0; i < 18; i++) CLOSE(more[BALL_NQ + 19 + BALL_NV + i], x[19 + i], 1e-12);
    /* features and their gradient */
    df_walk_look(w.walk, w.sim, x, view);
    df_walk_look(walk, sim, more, other);
    df_rng_normal(8, DF_STREAM_TEST, event, (size_t)w.nf, d);
    df_walk_look_vjp(w.walk, w.sim, x, view, d, dx);
    df_walk_look_vjp(walk, sim, more, other, d, dmore);
    for (int i = 0; i < w.nf; i++) CLOSE(other[i], view[i], 1e-12);
    for (int i = 0; i < BALL_NV; i++) assert_true(dmore[i] == 0 && dmore[BALL_NV + 18 + i] == 0);
    for (int i = 0; i < 18; i++) {
      CLOSE(dmore[BALL_NV + i], dx[i], 1e-11);
      CLOSE(dmore[2 * BALL_NV + 18 + i], dx[18 + i], 1e-11);
    }
  }
  df_sim_free(s, sim);
  df_walk_free(walk);
  df_system_free(s);
  drop(&w);
}

/* more servos than joints: 60 per joint, of which the last one's home posture is the start */
static void starts_have_a_draw_for_every_action(void** state) {
  (void)state;
  static char text[SERVOS * 80];
  static double home[SERVOS + NU], half[SERVOS + NU], uniform[2 + SERVOS + NU];
  fixture w = make();
  size_t n = 0;
  for (int i = 0; i < SERVOS; i++) {
    const df_actuator a = df_mujoco_actuator_at(w.s, i % NU);
    const df_joint* joints;
    df_mujoco_joints(w.s, &joints);
    n += (size_t)snprintf(text + n, sizeof text - n, "<position joint='%s' kp='1'/>", joints[a.joint].name);
  }
  df_system* s = quadruped_with("<actuator>", text);
  assert_int_equal(s->nu, SERVOS + NU);
  df_walk_cfg cfg = walker_cfg(s);
  for (int i = 0; i < SERVOS + NU; i++) home[i] = walker_home[i % NU], half[i] = 3;
  cfg.home = cfg.centre = home;
  cfg.half_range = half;
  df_walk* walk = walker_task(s, &cfg);
  df_sim* sim;
  OK(df_sim_new(s, 0, &sim));
  double x[NX];
  df_walk_draw_start(walk, sim, 7, 1, x);
  df_rng_uniform(7, DF_STREAM_WALK_START, 1, 2 + SERVOS + NU, uniform);
  for (int k = 0; k < NU; k++) CLOSE(x[7 + k], walker_home[k] + .125 * (2 * uniform[2 + SERVOS + k] - 1), 1e-15);
  df_sim_free(s, sim);
  df_walk_free(walk);
  df_system_free(s);
  drop(&w);
}

/* ---- errors ---- */

static void errors_name_what_is_wrong(void** state) {
  (void)state;
  fixture w = make();
  /* its numbers are copies of those that were given */
  const df_walk_cfg* own = df_walk_get_cfg(w.walk);
  assert_memory_equal(own->home, walker_home, NU * sizeof(double));
  assert_memory_equal(own->centre, walker_centre, NU * sizeof(double));
  assert_memory_equal(own->half_range, walker_half, NU * sizeof(double));
  assert_true(own->home != walker_home && own->centre != walker_centre && own->half_range != walker_half);
  static const double off[NU] = {.6};
  df_walk_cfg cfg = w.cfg;
  cfg.home = off;
  refuses(w.s, &cfg, "home[0] is 0.6, must be inside the range of actions, 0 +- 0.6");
  cfg = w.cfg;
  cfg.gait[1].weight[3] = NAN;
  refuses(w.s, &cfg, "weight 3 of the reward is nan");
  cfg = w.cfg;
  cfg.n_feet = 0;
  refuses(w.s, &cfg, "n_feet is 0");
  /* each number outside its range */
  const struct {
    double *number, wrong;
    const char* says;
  } numbers[] = {{&cfg.alive, 2e6, "alive is 2e+06, must be in -1e+06..1e+06"},
                 {&cfg.foot_height, 2e3, "foot_height is 2000, must be in -1000..1000"},
                 {&cfg.frequency, -1, "frequency is -1, must be in 0..1000"},
                 {&cfg.duty, 1, "duty is 1, must be in 0.01..0.99"},
                 {&cfg.swing_height, -.1, "swing_height is -0.1, must be in 0..1000"},
                 {&cfg.fall_height, -2e3, "fall_height is -2000, must be in -1000..1000"},
                 {&cfg.fall_tilt, 4, "fall_tilt is 4, must be in 0..3.1416"},
                 {&cfg.command[0], -1, "command is -1, must be in 0..1000"},
                 {&cfg.command[1], 2e3, "command is 2000, must be in 0..1000"},
                 {&cfg.command[2], INFINITY, "command is inf, must be in 0..1000"},
                 {&cfg.gait[1].height, NAN, "height of a gait is nan, must be in -1000..1000"},
                 {&cfg.observe[1], -1, "weight 1 of the observation is -1, must be in 0..1e6"},
                 {&cfg.start[2], 2e6, "weight 2 of the start is 2e+06, must be in 0..1e6"}};
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    cfg = w.cfg;
    *numbers[i].number = numbers[i].wrong;
    refuses(w.s, &cfg, numbers[i].says);
  }
  cfg = w.cfg;
  memset(cfg.observe, 0, sizeof cfg.observe);
  refuses(w.s, &cfg, "every weight of the observation is 0");
  df_system* hopper = planar_hopper("", 1);
  refuses(hopper, &w.cfg, "base is 0, must be the index of a free joint of the model");
  df_system_free(hopper);
  df_system* motors = model_text(
      "<mujoco><worldbody><body><freejoint/><geom size='.1'/><body><joint name='j'/><geom size='.1' pos='.2 0 0'/>"
      "</body></body></worldbody><actuator><motor name='a' joint='j'/></actuator></mujoco>",
      1);
  refuses(motors, &w.cfg, "actuator 'a' (control 0) is not a position servo");
  df_system_free(motors);
  drop(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(features_are_those_of_mujoco),
                                     cmocka_unit_test(the_gradient_of_features_agrees_with_differences),
                                     cmocka_unit_test(every_cost_is_that_of_its_formula),
                                     cmocka_unit_test(every_reward_term_agrees_with_differences),
                                     cmocka_unit_test(observations_are_weighted_quantities_in_their_order),
                                     cmocka_unit_test(the_gradient_of_observations_is_their_transpose),
                                     cmocka_unit_test(feet_stand_in_the_first_half_of_their_cycle),
                                     cmocka_unit_test(starts_stand_on_the_floor_within_their_noise),
                                     cmocka_unit_test(orders_fill_their_ranges),
                                     cmocka_unit_test(a_start_is_made_of_its_draws),
                                     cmocka_unit_test(an_order_is_made_of_its_draws),
                                     cmocka_unit_test(a_robot_has_fallen_below_a_height_or_beyond_a_tilt),
                                     cmocka_unit_test(a_free_object_before_the_robot_is_no_base),
                                     cmocka_unit_test(starts_have_a_draw_for_every_action),
                                     cmocka_unit_test(errors_name_what_is_wrong)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
