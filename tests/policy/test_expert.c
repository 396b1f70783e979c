/* Policies: training with the same bits on any number of threads and after an interruption, and files. */
#include "dynaflow/core/hash.h"
#include "expert_fixture.h"
#include "test_file.h"

/* everything that a later update depends on, as a hash */
static void hash_of(const df_expert* e, char sha[DF_SHA256_TEXT]) {
  const size_t actor = e->n_actor, critic = df_net_parameters(e->critic_net);
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
               {e->events, e->B * sizeof(int64_t)},
               {&e->rate, sizeof e->rate}};
  enum { PARTS = sizeof parts / sizeof *parts };
  char all[PARTS * DF_SHA256_TEXT] = "";
  for (size_t i = 0; i < PARTS; i++) OK(df_sha256(parts[i].data, parts[i].bytes, all + i * (DF_SHA256_TEXT - 1)));
  OK(df_sha256(all, PARTS * (DF_SHA256_TEXT - 1), sha));
}

/* ---- training ---- */

static void same_bits(df_expert_method method) {
  fixture f = make();
  f.cfg.method = method;
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

static void a_training_has_the_same_bits_on_any_number_of_threads(void** state) {
  (void)state;
  same_bits(DF_EXPERT_SHAC);
}

static void a_training_by_ppo_has_the_same_bits_on_any_number_of_threads(void** state) {
  (void)state;
  same_bits(DF_EXPERT_PPO);
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

static void interrupted(df_expert_method method) {
  fixture f = make();
  f.cfg.method = method;
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

static void an_interrupted_training_ends_with_the_bits_of_one_without(void** state) {
  (void)state;
  interrupted(DF_EXPERT_SHAC);
}

static void an_interrupted_training_by_ppo_ends_with_the_bits_of_one_without(void** state) {
  (void)state;
  interrupted(DF_EXPERT_PPO);
}

/* whole states, of which PPO does not believe a number */
static void a_state_of_ppo_with_another_number_is_refused(void** state) {
  (void)state;
  fixture f = make();
  f.cfg.method = DF_EXPERT_PPO;
  const char* path = test_file("ppo.state");
  const df_expert_training how = {.state_path = path};
  static const char* const words[] = {"it has the learning rate 0.02", "it has the learning rate nan",
                                      "the noise of action 3 has the logarithm inf",
                                      "it counts 95 steps of the policy in 6 updates"};
  for (int i = 0; i < 4; i++) {
    (void)remove(path);
    df_expert *e = expert_of(&f, 1), *again = expert_of(&f, 1);
    OK(df_expert_train(e, &(df_expert_training){0}));
    if (i < 2) e->rate = i ? NAN : .02;
    if (i == 2) e->actor[df_net_parameters(e->actor_net) + 3] = INFINITY;
    if (i == 3) e->actor_optimizer->step--;
    OK(expert_state_save(e, &how));
    assert_int_equal(df_expert_train(again, &how), DF_E_FORMAT);
    if (!strstr(df_error_message(), words[i]) || !strstr(df_error_message(), "remove it to start over"))
      fail_msg("%s", df_error_message());
    df_expert_free(e);
    df_expert_free(again);
  }
  /* nor is a state of another method one of its own */
  df_expert* e = expert_of(&f, 1);
  OK(expert_state_save(e, &how));
  df_expert_free(e);
  f.cfg.method = DF_EXPERT_SHAC;
  e = expert_of(&f, 1);
  assert_int_equal(df_expert_train(e, &how), DF_E_FORMAT);
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
  for (int method = 0; method < 3; method++) {
    double sums[2] = {0};
    f.cfg.updates = 60;
    f.cfg.robots = 16;
    f.cfg.horizon = 12;
    f.cfg.method = (df_expert_method)method;
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

  /* of PPO; others do not adapt their rates, and have no minibatches */
  for (int i = 0; i < 2; i++) {
    static const char* const words[2] = {"ppo_minibatches is 31, but robots x horizon are 30 samples per window",
                                         "rate is 0.02, must be in 1e-05..0.01, where it is adapted to ppo_kl"};
    cfg = f.cfg;
    cfg.ppo_minibatches = i ? 30 : 31;
    cfg.rate = i ? .02 : .002;
    OK(df_expert_new(f.walk, &cfg, 3, 1, &e));
    df_expert_free(e);
    cfg.method = DF_EXPERT_PPO;
    assert_int_equal(df_expert_new(f.walk, &cfg, 3, 1, &e), DF_E_CONFIG);
    if (!strstr(df_error_message(), words[i])) fail_msg("%s", df_error_message());
    cfg.ppo_minibatches = 30;
    cfg.ppo_kl = 0;
    OK(df_expert_new(f.walk, &cfg, 3, 1, &e));
    df_expert_free(e);
    cfg.ppo_clip = 0;
    assert_int_equal(df_expert_new(f.walk, &cfg, 3, 1, &e), DF_E_CONFIG);
    assert_non_null(strstr(df_error_message(), "ppo_clip is 0, must be in 1e-06..1"));
  }
  drop(&f);
}

static void fail_allocations(df_expert_method method) {
  fixture f = make();
  f.cfg.method = method;
  f.cfg.ppo_minibatches = 1;
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

static void a_failed_allocation_leaks_nothing(void** state) {
  (void)state;
  fail_allocations(DF_EXPERT_SHAC);
  fail_allocations(DF_EXPERT_PPO);
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

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(a_training_has_the_same_bits_on_any_number_of_threads),
                                     cmocka_unit_test(a_training_by_ppo_has_the_same_bits_on_any_number_of_threads),
                                     cmocka_unit_test(an_interrupted_training_ends_with_the_bits_of_one_without),
                                     cmocka_unit_test(an_interrupted_training_by_ppo_ends_with_the_bits_of_one_without),
                                     cmocka_unit_test(a_state_of_ppo_with_another_number_is_refused),
                                     cmocka_unit_test(a_training_raises_the_reward),
                                     cmocka_unit_test(errors_name_the_field),
                                     cmocka_unit_test(a_failed_allocation_leaks_nothing),
                                     cmocka_unit_test(a_policy_is_read_as_it_was_written)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
