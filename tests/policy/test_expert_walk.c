/* Policies: their walks and the scores of these. */
#include "dynaflow/core/angles.h"
#include "expert_fixture.h"

/* ---- walks ---- */

enum { LENGTH = 12, WALKS = 5 };
static double walk_x[WALKS][LENGTH + 1][NX], walk_u[WALKS][LENGTH][NU];
static df_walk_order walk_order[WALKS][LENGTH + 1];

static void prepare(df_expert_walk* walks) {
  memset(walk_x, 0, sizeof walk_x);
  for (int i = 0; i < WALKS; i++) {
    walks[i] = (df_expert_walk){.length = LENGTH,
                                .seed = 9,
                                .event = (uint64_t)i,
                                .gait = i % 2 ? 1 : -1,
                                .noise = i == 2 ? .2 : 0,
                                .renew = i == 3 ? .5 : 0,
                                .x = &walk_x[i][0][0],
                                .u = &walk_u[i][0][0],
                                .order = walk_order[i]};
  }
}

/* The states follow from the actions, the actions from the policy, the orders from the clock. */
static void a_walk_is_what_policy_and_simulator_make_of_its_start(void** state) {
  (void)state;
  fixture f = make();
  df_expert* e = expert_of(&f, 1);
  df_expert_walk walks[WALKS];
  prepare(walks);
  for (size_t k = 0; k < df_net_parameters(e->actor_net); k++) e->actor[k] += (df_real)(.01 * (double)(k % 7));
  OK(df_expert_run(e, WALKS, walks, 1));
  df_sim* sim;
  OK(df_sim_new(f.s, 0, &sim));
  for (int i = 0; i < WALKS; i++) {
    const int end = walks[i].fell < 0 ? LENGTH : walks[i].fell + 1;
    double x[NX], view[64], a[NU], u[NU];
    const double* last = walker_home;
    df_real obs[128], out[NU];
    int commands = 0;
    memcpy(x, walk_x[i][0], sizeof x);
    f.s->ops->reset(sim, x);
    for (int t = 0; t < end; t++) {
      const df_walk_order* order = &walk_order[i][t];
      if (i % 2) assert_int_equal(order->gait, 1);
      if (t > 0) {
        CLOSE(order->phase, fmod(walk_order[i][t - 1].phase + .06, 1), 1e-9);
        commands += order->command[0] != walk_order[i][t - 1].command[0];
      }
      df_walk_look(f.walk, sim, x, view);
      df_walk_observe(f.walk, view, last, order, obs);
      df_net_forward(e->actor_net, e->slice[0].actor[0], e->actor, &(df_net_input){.B = 1, .x = obs}, out);
      expert_squash(e, 1, out, NULL, a, u);
      double away = 0;
      for (int k = 0; k < NU; k++) away = fmax(away, fabs(u[k] - walk_u[i][t][k]));
      assert_true(i == 2 ? away > 1e-3 : away == 0);
      assert_int_equal(f.s->ops->step(sim, walk_u[i][t], x), DF_TRAJ_COMPLETE);
      assert_memory_equal(x, walk_x[i][t + 1], sizeof x);
      last = walk_u[i][t];
    }
    assert_true(i == 3 ? commands > 0 : commands == 0);
  }
  df_sim_free(f.s, sim);
  df_expert_free(e);
  drop(&f);
}

static void walks_do_not_depend_on_each_other_or_on_threads(void** state) {
  (void)state;
  fixture f = make();
  df_expert* e = expert_of(&f, 1);
  df_expert_walk walks[WALKS];
  static double kept[WALKS][LENGTH + 1][NX];
  prepare(walks);
  OK(df_expert_run(e, WALKS, walks, 1));
  memcpy(kept, walk_x, sizeof kept);
  prepare(walks);
  OK(df_expert_run(e, WALKS, walks, 4));
  assert_memory_equal(kept, walk_x, sizeof kept);
  prepare(walks);
  OK(df_expert_run(e, 1, walks + 4, 1));
  assert_memory_equal(kept[4], walk_x[4], sizeof kept[4]);
  df_expert_free(e);
  drop(&f);
}

static void a_kick_changes_the_velocity_by_its_size(void** state) {
  (void)state;
  fixture f = make();
  df_expert* e = expert_of(&f, 1);
  df_expert_walk plain[WALKS], kicked[WALKS];
  double first[NX];
  prepare(plain);
  OK(df_expert_run(e, 1, plain, 1));
  memcpy(first, walk_x[0][1], sizeof first);
  prepare(kicked);
  kicked[0].kick = .5;
  kicked[0].kick_seconds = 1e-9; /* before every action but the first */
  OK(df_expert_run(e, 1, kicked, 1));
  CLOSE(hypot(walk_x[0][1][19] - first[19], walk_x[0][1][20] - first[20]), .5, 1e-12);
  for (int i = 0; i < NX; i++) {
    if (i != 19 && i != 20) CLOSE(walk_x[0][1][i], first[i], 0);
  }
  df_expert_free(e);
  drop(&f);
}

/* Start, command, kick and noise of an action, drawn once more: functions of the seed and of the numbers of walk and
 * action. A command and a kick have draws of their own; gait and clock go on when the command changes. */
static void the_changes_of_a_walk_are_its_draws(void** state) {
  (void)state;
  fixture f = make();
  df_expert* e = expert_of(&f, 1);
  df_expert_walk walks[WALKS];
  prepare(walks);
  for (int i = 0; i < WALKS; i++) {
    walks[i].noise = .2;
    walks[i].renew = .4;
    walks[i].kick = .5;
    walks[i].kick_seconds = .02 / .3; /* with probability 0.3 per action of 0.02 s */
  }
  for (size_t k = 0; k < df_net_parameters(e->actor_net); k++) e->actor[k] += (df_real)(.01 * (double)(k % 7));
  OK(df_expert_run(e, WALKS, walks, 2));
  df_sim* sim;
  OK(df_sim_new(f.s, 0, &sim));
  int cases[2][2] = {{0}};
  for (int i = 0; i < WALKS; i++) {
    const uint64_t first = (uint64_t)i << 24;
    const int end = walks[i].fell < 0 ? LENGTH : walks[i].fell + 1;
    double x[NX], view[64], a[NU], u[NU], eps[NU];
    const double* last = walker_home;
    df_real obs[128], out[NU];
    df_walk_order order;
    df_walk_draw_start(f.walk, sim, 9, first, x);
    df_walk_draw_order(f.walk, 9, first, &order);
    if (i % 2) order.gait = 1;
    f.s->ops->reset(sim, x);
    for (int t = 0; t < end; t++) {
      const uint64_t event = first + (uint64_t)t;
      if (t > 0) {
        double draw[3];
        df_rng_uniform(9, DF_STREAM_EXPERT_RENEW, event, 3, draw);
        const bool renewed = draw[0] < .4, kicked = draw[1] < .3;
        cases[renewed][kicked]++;
        df_walk_order other;
        df_walk_draw_order(f.walk, 9, event, &other);
        if (renewed) memcpy(order.command, other.command, sizeof order.command);
        x[19] += kicked ? .5 * cos(2 * DF_PI * draw[2]) : 0;
        x[20] += kicked ? .5 * sin(2 * DF_PI * draw[2]) : 0;
        for (int k = 0; k < NX; k++) CLOSE(walk_x[i][t][k], x[k], k == 19 || k == 20 ? 1e-14 : 0);
        memcpy(x, walk_x[i][t], sizeof x);
        if (kicked) f.s->ops->set_state(sim, x);
      }
      assert_memory_equal(walk_x[i][t], x, sizeof x);
      assert_int_equal(walk_order[i][t].gait, order.gait);
      assert_memory_equal(walk_order[i][t].command, order.command, sizeof order.command);
      CLOSE(walk_order[i][t].phase, order.phase, 1e-9);
      df_walk_look(f.walk, sim, x, view);
      df_walk_observe(f.walk, view, last, &walk_order[i][t], obs);
      df_net_forward(e->actor_net, e->slice[0].actor[0], e->actor, &(df_net_input){.B = 1, .x = obs}, out);
      df_rng_normal(9, DF_STREAM_EXPERT_NOISE, event, NU, eps);
      for (int k = 0; k < NU; k++) eps[k] *= .2;
      expert_squash(e, 1, out, eps, a, u);
      for (int k = 0; k < NU; k++) CLOSE(walk_u[i][t][k], u[k], 1e-12);
      assert_int_equal(f.s->ops->step(sim, walk_u[i][t], x), DF_TRAJ_COMPLETE);
      order.phase = fmod(order.phase + .06, 1);
      last = walk_u[i][t];
    }
  }
  for (int renewed = 0; renewed < 2; renewed++) {
    for (int kicked = 0; kicked < 2; kicked++) assert_true(cases[renewed][kicked] > 0);
  }
  df_sim_free(f.s, sim);
  df_expert_free(e);
  drop(&f);
}

/* Robots that fall at a height which those that drop reach: what comes after is cleared, whatever stood there. */
static void nothing_is_left_after_a_fall(void** state) {
  (void)state;
  fixture f = make();
  df_walk_cfg cfg = *df_walk_get_cfg(f.walk);
  cfg.fall_height = .285;
  df_walk* first = f.walk;
  f.walk = walker_task(f.s, &cfg);
  df_walk_free(first);
  df_expert* e = expert_of(&f, 1);
  df_sim* sim;
  OK(df_sim_new(f.s, 0, &sim));
  df_expert_walk walks[WALKS];
  static const df_walk_order none;
  int falls = 0;
  prepare(walks);
  for (int i = 0; i < WALKS; i++) {
    for (int t = 0; t <= LENGTH; t++) {
      walk_order[i][t] = (df_walk_order){.gait = 7, .command = {7, 7, 7}, .phase = 7};
      for (int k = 0; k < NU && t < LENGTH; k++) walk_u[i][t][k] = 7;
    }
  }
  OK(df_expert_run(e, WALKS, walks, 1));
  for (int i = 0; i < WALKS; i++) {
    const int fell = walks[i].fell, end = fell < 0 ? LENGTH : fell + 1;
    falls += fell >= 0 && fell < LENGTH - 2;
    for (int t = 1; t <= LENGTH; t++) {
      double view[64];
      if (t <= end) {
        df_walk_look(f.walk, sim, walk_x[i][t], view);
        assert_int_equal(view[0] < .285, t - 1 == fell);
      } else {
        for (int k = 0; k < NX; k++) assert_true(isnan(walk_x[i][t][k]));
      }
      for (int k = 0; k < NU && t < LENGTH; k++) assert_int_equal(walk_u[i][t][k] != 0, t < end);
      const df_walk_order* o = &walk_order[i][t];
      if (t >= end && fell >= 0)
        assert_true(o->gait == 0 && memcmp(o->command, none.command, sizeof none.command) == 0 && o->phase == 0);
      else
        assert_true(o->command[0] != 0 && fabs(o->command[0]) <= 1);
    }
  }
  assert_true(falls > 0);
  df_sim_free(f.s, sim);
  df_expert_free(e);
  drop(&f);
}

/* ---- scores ---- */

/* Robots in states and with clocks of many kinds, scored by a plain count: contacts after an action against the clock
 * after it, velocities as means over whole cycles of 17 actions of one command. */
static void scores_are_those_of_a_plain_count(void** state) {
  (void)state;
  enum { T = 60, CYCLE = 17, CYCLES = 3 };
  static const int begin[CYCLES] = {5, 22, 39}; /* the command changes at 39, when a cycle has just ended */
  fixture f = make();
  df_sim* sim;
  OK(df_sim_new(f.s, 0, &sim));
  static double x[T + 1][NX], u[T][NU], view[T + 1][64];
  static df_walk_order order[T + 1];
  for (int t = 0; t <= T; t++) {
    df_walk_draw_start(f.walk, sim, 3, (uint64_t)t, x[t]);
    x[t][2] -= .04;
    df_walk_look(f.walk, sim, x[t], view[t]);
    order[t] = (df_walk_order){.gait = t / 25 % 2, .command = {.2, -.3, .1}, .phase = fmod(.06 * t + .013, 1)};
    if (t >= 39) order[t].command[0] = -.5;
  }
  double velocity = 0, rate = 0;
  int agree = 0, floors = 0;
  for (int c = 0; c < CYCLES; c++) {
    double v[2] = {0}, r = 0;
    for (int t = begin[c]; t < begin[c] + CYCLE; t++) {
      for (int i = 0; i < 2; i++) v[i] += view[t + 1][4 + i] / CYCLE;
      r += view[t + 1][9] / CYCLE;
    }
    velocity += hypot(v[0] - (c < 2 ? .2 : -.5), v[1] + .3) / CYCLES;
    rate += fabs(r - .1) / CYCLES;
  }
  for (int t = 5; t < T; t++) {
    for (int i = 0; i < FEET; i++) {
      const double offset = df_walk_get_cfg(f.walk)->gait[(t + 1) / 25 % 2].offset[i];
      const bool floor = view[t + 1][10 + 2 * NU + i] < .025;
      floors += floor;
      agree += floor == (fmod(.06 * (t + 1) + .013 + offset, 1) < .5);
    }
  }
  if (floors < 55 || floors > 165) fail_msg("%d of 220 feet are on the floor", floors);
  df_expert_walk made = {.length = T, .x = &x[0][0], .u = &u[0][0], .order = order, .fell = -1};
  df_walk_score score;
  OK(df_walk_judge(f.walk, &made, 5, &score));
  CLOSE(score.velocity_error, velocity, 1e-12);
  CLOSE(score.yaw_rate_error, rate, 1e-12);
  CLOSE(score.contact, agree / 220., 1e-12);
  df_sim_free(f.s, sim);
  drop(&f);
}

/* A robot that glides upright at a constant velocity in its own frame, turned by 90 degrees, feet at heights of our
 * choice by the height of its base: all on the floor, or none. */
static void scores_measure_what_they_say(void** state) {
  (void)state;
  enum { T = 60 };
  fixture f = make();
  df_sim* sim;
  OK(df_sim_new(f.s, 0, &sim));
  static double x[T + 1][NX], u[T][NU];
  static df_walk_order order[T + 1];
  double view[64];
  df_walk_draw_start(f.walk, sim, 1, 1, x[0]);
  for (int t = 0; t <= T; t++) {
    if (t) memcpy(x[t], x[0], sizeof x[0]);
    x[t][3] = x[t][6] = sqrt(.5);
    x[t][4] = x[t][5] = 0;
    memset(x[t] + 19, 0, 18 * sizeof(double));
    for (int k = 0; k < NU; k++) x[t][7 + k] = walker_home[k];
    x[t][2] = 0;
    df_walk_look(f.walk, sim, x[t], view);
    x[t][2] = .023 - view[10 + 2 * NU] + (t % 2 ? .001 : .003); /* all four feet are as high as the first */
    /* forward is the world's y: 0.5 m/s, with a swing that a mean over a cycle of 17 actions removes; left is -x */
    x[t][20] = .5 + .2 * sin(2 * DF_PI * t / 17.);
    x[t][19] = -.1;
    x[t][24] = .3;
    order[t] = (df_walk_order){.gait = 0, .command = {.2, -.3, .1}, .phase = .25};
    if (t >= 45) order[t].command[0] = .5;
  }
  df_expert_walk made = {.length = T, .x = &x[0][0], .u = &u[0][0], .order = order, .fell = -1};
  df_walk_score score;
  OK(df_walk_judge(f.walk, &made, 5, &score));
  /* cycles 5..21 and 22..38 are (0.3, 0.4) off; at 39 one begins that is cut, and from 45 on none ends */
  assert_false(score.fell);
  CLOSE(score.velocity_error, .5, 1e-9);
  CLOSE(score.yaw_rate_error, .2, 1e-9);
  /* after actions 5..59: on the floor in odd frames (27 of 55), when two of four feet should stand: half agree always
   */
  CLOSE(score.contact, .5, 1e-12);
  for (int t = 0; t <= T; t++) order[t].phase = .99; /* feet 0 and 3 swing to the end of their cycle, at .99 */
  OK(df_walk_judge(f.walk, &made, 5, &score));
  CLOSE(score.contact, .5, 1e-12);
  made.fell = 30;
  OK(df_walk_judge(f.walk, &made, 5, &score));
  assert_true(score.fell && isnan(score.velocity_error) && isnan(score.contact));

  /* a pronk, whose feet stand together: agreement is the share of frames on the floor */
  df_walk_cfg pronk = *df_walk_get_cfg(f.walk);
  memset(pronk.gait[0].offset, 0, sizeof pronk.gait[0].offset);
  df_walk* together = walker_task(f.s, &pronk);
  for (int t = 0; t <= T; t++) order[t].phase = .25;
  made.fell = -1;
  OK(df_walk_judge(together, &made, 5, &score));
  CLOSE(score.contact, 27 / 55., 1e-12);
  df_walk_free(together);
  df_sim_free(f.s, sim);
  drop(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(a_walk_is_what_policy_and_simulator_make_of_its_start),
                                     cmocka_unit_test(walks_do_not_depend_on_each_other_or_on_threads),
                                     cmocka_unit_test(a_kick_changes_the_velocity_by_its_size),
                                     cmocka_unit_test(the_changes_of_a_walk_are_its_draws),
                                     cmocka_unit_test(nothing_is_left_after_a_fall),
                                     cmocka_unit_test(scores_are_those_of_a_plain_count),
                                     cmocka_unit_test(scores_measure_what_they_say)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
