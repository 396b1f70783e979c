/* Policies: training with the same bits on any number of threads and after an interruption, files, walks and scores. */
#include "dynaflow/core/angles.h"
#include "dynaflow/core/hash.h"
#include "dynaflow/nn/blas.h"
#include "expert_internal.h"
#include "test_file.h"
#include "walker.h"

typedef struct fixture {
  df_system* s;
  df_walk* walk;
  df_expert_cfg cfg;
} fixture;

static fixture make(void) {
  fixture f = {.s = walker_system(), .cfg = df_expert_cfg_default()};
  OK(df_blas_open(&(df_blas_cfg){.threads = 4}));
  df_walk_cfg cfg = walker_cfg(f.s);
  cfg.fall_height = .22;
  f.walk = walker_task(f.s, &cfg);
  f.cfg.robots = 6;
  f.cfg.horizon = 5;
  f.cfg.slices = 3;
  f.cfg.updates = 6;
  f.cfg.width = 16;
  f.cfg.fresh = f.cfg.renew = .05;
  return f;
}

static void drop(fixture* f) {
  df_walk_free(f->walk);
  df_system_free(f->s);
}

static df_expert* expert_of(const fixture* f, int threads) {
  df_expert* e;
  OK(df_expert_new(f->walk, &f->cfg, 3, threads, &e));
  return e;
}

/* everything that a later update depends on, as a hash */
static void hash_of(const df_expert* e, char sha[DF_SHA256_TEXT]) {
  const size_t actor = df_net_parameters(e->actor_net), critic = df_net_parameters(e->critic_net);
  const struct {
    const void* data;
    size_t bytes;
  } parts[] = {{e->actor, actor * sizeof(df_real)},
               {e->critic, critic * sizeof(df_real)},
               {e->slow, critic * sizeof(df_real)},
               {e->actor_optimizer->moment2, actor * sizeof(df_real)},
               {e->critic_optimizer->moment1, critic * sizeof(df_real)},
               {e->x_now, e->B * e->nx * sizeof(double)},
               {e->u_now, e->B * e->nu * sizeof(double)},
               {e->events, e->B * sizeof(int64_t)}};
  char all[8 * DF_SHA256_TEXT] = "";
  for (size_t i = 0; i < 8; i++) OK(df_sha256(parts[i].data, parts[i].bytes, all + i * (DF_SHA256_TEXT - 1)));
  OK(df_sha256(all, 8 * (DF_SHA256_TEXT - 1), sha));
}

/* ---- training ---- */

static void a_training_has_the_same_bits_on_any_number_of_threads(void** state) {
  (void)state;
  fixture f = make();
  char first[DF_SHA256_TEXT], other[DF_SHA256_TEXT];
  static const int threads[] = {1, 2, 4};
  for (int i = 0; i < 3; i++) {
    df_expert* e = expert_of(&f, threads[i]);
    char untrained[DF_SHA256_TEXT];
    hash_of(e, untrained);
    OK(df_expert_train(e, &(df_expert_training){0}));
    assert_int_equal(df_expert_get_totals(e).updates, 6);
    hash_of(e, i ? other : first);
    assert_string_not_equal(i ? other : first, untrained);
    if (i) assert_string_equal(first, other);
    df_expert_free(e);
  }
  drop(&f);
}

/* sets its flag after some updates */
typedef struct interruption {
  volatile sig_atomic_t flag;
  int left;
} interruption;

static void count_down(void* context, const df_expert_update* update) {
  interruption* i = context;
  assert_true(update->update >= 1 && isfinite(update->reward));
  if (--i->left == 0) i->flag = 1;
}

static void an_interrupted_training_ends_with_the_bits_of_one_without(void** state) {
  (void)state;
  fixture f = make();
  char whole[DF_SHA256_TEXT], parts[DF_SHA256_TEXT];
  df_expert* e = expert_of(&f, 1);
  OK(df_expert_train(e, &(df_expert_training){0}));
  hash_of(e, whole);
  df_expert_free(e);

  const char* path = test_file("expert.state");
  for (int at = 1; at < 6; at += 2) {
    interruption stop = {.left = at};
    df_expert_training how = {.state_path = path,
                              .identity = "me",
                              .stop = &stop.flag,
                              .save_seconds = 1e9,
                              .report = count_down,
                              .context = &stop};
    (void)remove(path);
    e = expert_of(&f, 1);
    assert_int_equal(df_expert_train(e, &how), DF_E_INTERRUPTED);
    const df_expert_totals part = df_expert_get_totals(e);
    assert_int_equal(part.updates, at);
    assert_true(part.cpu > 0);
    df_expert_free(e);
    stop.flag = 0;
    e = expert_of(&f, 2);
    OK(df_expert_train(e, &how));
    const df_expert_totals all = df_expert_get_totals(e);
    assert_true(all.updates == 6 && all.cpu > part.cpu);
    hash_of(e, parts);
    assert_string_equal(whole, parts);
    df_expert_free(e);
    /* its state has the totals of all parts */
    e = expert_of(&f, 1);
    OK(df_expert_train(e, &how));
    const df_expert_totals again = df_expert_get_totals(e);
    assert_true(again.updates == 6 && again.lost == all.lost && again.cpu == all.cpu);
    df_expert_free(e);
  }

  /* the finished state, in the hands of another training, and damaged */
  e = expert_of(&f, 1);
  assert_int_equal(df_expert_train(e, &(df_expert_training){.state_path = path, .identity = "other"}), DF_E_MISMATCH);
  assert_non_null(strstr(df_error_message(), path));
  assert_non_null(strstr(df_error_message(), "the state of another training (me)"));
  assert_int_equal(df_expert_get_totals(e).updates, 0);
  char* bytes;
  size_t n;
  OK(df_file_read(path, &bytes, &n));
  bytes[n - 9] ^= 4;
  OK(df_file_write(path, bytes, n));
  assert_int_equal(df_expert_train(e, &(df_expert_training){.state_path = path, .identity = "me"}), DF_E_FORMAT);
  assert_non_null(strstr(df_error_message(), "remove it to start over"));
  df_free(bytes);
  df_expert_free(e);
  (void)remove(path);
  drop(&f);
}

/* sixty windows: the mean reward of the last ten is above that of the first by several times the spread of means of
 * ten, about 0.02 */
static void rewards_grow(void* context, const df_expert_update* u) {
  double* sums = context;
  if (u->update <= 10) sums[0] += u->reward / 10;
  if (u->update > 50) sums[1] += u->reward / 10;
}

static void a_training_raises_the_reward(void** state) {
  (void)state;
  static const double weights[DF_REWARD_TERMS] = {.5, .2, .02, .1, .1, .02, .02, .25, .8, .1, .05, .02, .03};
  fixture f = make();
  df_walk_cfg cfg = *df_walk_get_cfg(f.walk);
  for (int g = 0; g < GAITS; g++) memcpy(cfg.gait[g].weight, weights, sizeof weights);
  static const double scales[DF_OBSERVE_TERMS] = {3, 2, .5, 10, 2, .1, 2, 2, 1, 1};
  memcpy(cfg.observe, scales, sizeof scales);
  cfg.fall_height = .15;
  df_walk* first = f.walk;
  f.walk = walker_task(f.s, &cfg);
  df_walk_free(first);
  for (int critic = 0; critic < 2; critic++) {
    double sums[2] = {0};
    f.cfg.updates = 60;
    f.cfg.robots = 16;
    f.cfg.horizon = 12;
    f.cfg.critic = critic;
    f.cfg.width = 64;
    f.cfg.fresh = f.cfg.renew = .004;
    df_expert* e = expert_of(&f, 2);
    OK(df_expert_train(e, &(df_expert_training){.report = rewards_grow, .context = sums}));
    if (!(sums[1] > sums[0] + .15)) fail_msg("reward %g, then %g", sums[0], sums[1]);
    df_expert_free(e);
  }
  drop(&f);
}

static void errors_name_the_field(void** state) {
  (void)state;
  fixture f = make();
  df_expert* e = (df_expert*)(uintptr_t)&f;
  df_expert_cfg cfg = f.cfg;
  cfg.slices = 7;
  assert_int_equal(df_expert_new(f.walk, &cfg, 3, 1, &e), DF_E_CONFIG);
  assert_null(e);
  assert_non_null(strstr(df_error_message(), "slices is 7, must be in 1..6"));
  cfg = f.cfg;
  cfg.gamma = 1.5;
  assert_int_equal(df_expert_new(f.walk, &cfg, 3, 1, &e), DF_E_CONFIG);
  assert_non_null(strstr(df_error_message(), "gamma is 1.5"));
  drop(&f);
}

static void a_failed_allocation_leaks_nothing(void** state) {
  (void)state;
  fixture f = make();
  f.cfg.robots = f.cfg.slices = 1;
  f.cfg.horizon = 1;
  for (size_t n = 1;; n++) {
    df_expert* e = NULL;
    (void)df_alloc_fail_at(n);
    const df_status status = df_expert_new(f.walk, &f.cfg, 3, 1, &e);
    (void)df_alloc_fail_at(0);
    if (status == DF_OK) {
      assert_true(n > 30);
      df_expert_free(e);
      break;
    }
    assert_int_equal(status, DF_E_NOMEM);
    assert_null(e);
  }
  drop(&f);
}

/* ---- files ---- */

static void a_policy_is_read_as_it_was_written(void** state) {
  (void)state;
  fixture f = make();
  const char* path = test_file("expert.safetensors");
  df_expert *e = expert_of(&f, 1), *again;
  OK(df_expert_train(e, &(df_expert_training){0}));
  OK(df_expert_save(e, path, 1, &(df_text_pair){"a", "b"}));
  f.cfg.updates = 0;
  again = expert_of(&f, 1);
  OK(df_expert_load(again, path));
  assert_memory_equal(again->actor, e->actor, df_net_parameters(e->actor_net) * sizeof(df_real));
  assert_memory_equal(again->critic, e->critic, df_net_parameters(e->critic_net) * sizeof(df_real));
  df_expert_free(again);
  f.cfg.width = 17;
  again = expert_of(&f, 1);
  assert_int_equal(df_expert_load(again, path), DF_E_MISMATCH);
  assert_non_null(strstr(df_error_message(), "policy.dense.0.weight"));
  df_expert_free(again);
  e->critic[3] = NAN;
  assert_int_equal(df_expert_save(e, path, 0, NULL), DF_E_NONFINITE);
  df_expert_free(e);
  (void)remove(path);
  drop(&f);
}

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

/* ---- scores ---- */

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
  const struct CMUnitTest tests[] = {cmocka_unit_test(a_training_has_the_same_bits_on_any_number_of_threads),
                                     cmocka_unit_test(an_interrupted_training_ends_with_the_bits_of_one_without),
                                     cmocka_unit_test(a_training_raises_the_reward),
                                     cmocka_unit_test(errors_name_the_field),
                                     cmocka_unit_test(a_failed_allocation_leaks_nothing),
                                     cmocka_unit_test(a_policy_is_read_as_it_was_written),
                                     cmocka_unit_test(a_walk_is_what_policy_and_simulator_make_of_its_start),
                                     cmocka_unit_test(walks_do_not_depend_on_each_other_or_on_threads),
                                     cmocka_unit_test(a_kick_changes_the_velocity_by_its_size),
                                     cmocka_unit_test(scores_measure_what_they_say)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
