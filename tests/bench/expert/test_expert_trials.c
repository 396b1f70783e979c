/* Walks of a policy: scores and demonstrations against walks that are run and judged one by one. The policy is not
 * trained; kicks make some of its robots fall. */
#include "expert_trials.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dynaflow/io/safetensors.h"
#include "dynaflow/nn/blas.h"
#include "dynaflow/sim/mujoco.h"
#include "near.h"
#include "test_file.h"
#include "unit.h"

#define OK(call)                                                                           \
  do {                                                                                     \
    const df_status status_ = (call);                                                      \
    if (status_ != DF_OK) fail_msg("%s: %s", df_status_text(status_), df_error_message()); \
  } while (0)

enum { WALKS = 12, GAITS = 4, NX = 37, NU = 12, LENGTH = 110, SHORT = 40 };
static const double DT = 0.02;

static expert_task task;
static df_expert* expert;

static int make(void** state) {
  (void)state;
  df_config config;
  const df_search search = {.n = 1, .folder = {"tasks/go1_gaits"}};
  OK(df_blas_open(&(df_blas_cfg){.threads = 1}));
  OK(df_config_load("tasks/go1_gaits/task.yaml", NULL, NULL, 0, NULL, &config));
  OK(df_config_set(&config, "expert.width", "8", "test"));
  OK(df_config_set(&config, "expert.robots", "4", "test"));
  OK(df_config_set(&config, "expert.slices", "2", "test"));
  OK(df_config_set(&config, "eval.fall_height", "0.2", "test"));
  OK(df_config_set(&config, "eval.fall_tilt", "0", "test"));
  OK(expert_task_make(&config, &search, NULL, &task));
  OK(df_expert_new(task.walk, &task.cfg, 3, 1, &expert));
  assert_int_equal(df_walk_get_cfg(task.walk)->n_gaits, GAITS);
  return 0;
}

static int drop(void** state) {
  (void)state;
  df_expert_free(expert);
  expert_task_clear(&task);
  return 0;
}

/* a walk by itself, with arrays for LENGTH actions */
typedef struct alone {
  df_expert_walk walk;
  double x[(LENGTH + 1) * NX], u[LENGTH * NU];
  df_walk_order order[LENGTH + 1];
} alone;

static void run_alone(alone* a, const df_expert_walk* like, int gait, uint64_t event) {
  a->walk = *like;
  a->walk.gait = gait;
  a->walk.event = event;
  a->walk.x = a->x;
  a->walk.u = a->u;
  a->walk.order = a->order;
  OK(df_expert_run(expert, 1, &a->walk, 1));
}

/* means over the walks that did not fall, of what is measured after 1.5 s */
static void scores_are_means_of_walks_that_stand(void** state) {
  (void)state;
  const trials_cfg cfg = {.walks = WALKS,
                          .seconds = LENGTH * DT,
                          .seed = 5,
                          .renew_seconds = 0.7,
                          .kick = 1,
                          .kick_seconds = 1,
                          .threads = 1};
  const df_expert_walk like = {.length = LENGTH, .seed = 5, .renew = DT / 0.7, .kick = 1, .kick_seconds = 1};
  trials_score score[GAITS], all;
  alone* a = calloc(1, sizeof *a);
  double sum[GAITS + 1][3] = {{0}};
  int falls[GAITS + 1] = {0};
  text without = {0};
  OK(expert_try(&task, expert, &cfg, score, &all, &without));
  text_clear(&without);
  for (int i = 0; i < WALKS; i++) {
    df_walk_score one;
    run_alone(a, &like, i % GAITS, (uint64_t)i);
    OK(df_walk_judge(task.walk, &a->walk, 75, &one));
    assert_true(one.fell == (a->walk.fell >= 0));
    const int of[] = {i % GAITS, GAITS};
    for (int j = 0; j < 2; j++) {
      const int g = of[j];
      falls[g] += one.fell;
      if (one.fell) continue;
      sum[g][0] += one.velocity_error;
      sum[g][1] += one.yaw_rate_error;
      sum[g][2] += one.contact;
    }
  }
  assert_true(falls[GAITS] > 0 && falls[GAITS] < WALKS); /* some fall and some do not */
  for (int g = 0; g <= GAITS; g++) {
    const trials_score* s = g < GAITS ? &score[g] : &all;
    const double found[] = {s->velocity_error, s->yaw_rate_error, s->contact};
    assert_int_equal(s->walks, g < GAITS ? WALKS / GAITS : WALKS);
    assert_int_equal(s->falls, falls[g]);
    assert_near(s->fall_rate.mean, falls[g] / (double)s->walks, 1e-15);
    for (int i = 0; i < 3; i++) {
      if (falls[g] == s->walks) assert_true(isnan(found[i]));
      if (falls[g] < s->walks) assert_near(found[i], sum[g][i] / (s->walks - falls[g]), 1e-12);
    }
  }
  free(a);
}

/* rewards of single walks, up to a fall, are those of their states, actions and commands */
static void rewards_are_those_of_the_steps(void** state) {
  (void)state;
  const trials_cfg cfg = {.walks = WALKS,
                          .seconds = LENGTH * DT,
                          .seed = 5,
                          .renew_seconds = 0.3,
                          .kick = 1,
                          .kick_seconds = 1,
                          .threads = 1};
  const df_walk_cfg* walk = df_walk_get_cfg(task.walk);
  expert_walks w, other;
  double* f = calloc((size_t)df_walk_features(task.walk), sizeof *f);
  df_sim* sim;
  OK(df_sim_new(task.system, 0, &sim));
  OK(expert_walk(&task, expert, &cfg, &w));
  for (int i = 0; i < WALKS; i++) {
    const df_expert_walk* made = &w.walk[i];
    const int n = made->fell < 0 ? LENGTH : made->fell + 1;
    double sum = 0, cost[DF_REWARD_TERMS], costs = 0, slip = 0;
    for (int t = 0; t < n; t++) {
      df_walk_order order = made->order[t];
      order.phase = fmod(order.phase + walk->frequency * DT, 1);
      df_walk_look(task.walk, sim, made->x + (t + 1) * NX, f);
      const df_walk_step step = {f, made->u + t * NU, t ? made->u + (t - 1) * NU : walk->home, &order};
      sum += df_walk_reward(task.walk, &step, cost);
      slip += walk->gait[order.gait].weight[DF_REWARD_foot_slip] * cost[DF_REWARD_foot_slip];
    }
    for (int k = 0; k < DF_REWARD_TERMS; k++) costs += w.judged[i].cost[k];
    assert_near(w.judged[i].reward, sum / n, 1e-9);
    assert_near(w.judged[i].cost[DF_REWARD_foot_slip], slip / n, 1e-9);
    assert_near(walk->alive - costs, w.judged[i].reward, 1e-9);
  }
  /* starts are those of the seed, whatever happens later; another seed has others */
  trials_cfg changed = cfg;
  changed.kick = 0;
  OK(expert_walk(&task, expert, &changed, &other));
  assert_string_equal(other.starts, w.starts);
  expert_walks_clear(&other);
  changed.seed = 6;
  OK(expert_walk(&task, expert, &changed, &other));
  assert_string_not_equal(other.starts, w.starts);
  expert_walks_clear(&other);
  expert_walks_clear(&w);
  df_sim_free(task.system, sim);
  free(f);
}

/* episode e of a gait is the e-th walk that stands, of attempts that are numbered within the gait */
static void demonstrations_are_the_walks_that_stand(void** state) {
  (void)state;
  enum { EPISODES = 2 };
  const trials_cfg cfg = {.seconds = SHORT * DT,
                          .seed = 9,
                          .renew_seconds = 0.3,
                          .kick = 1,
                          .kick_seconds = 0.5,
                          .noise = 0.05,
                          .threads = 1};
  const df_expert_walk like = {
      .length = SHORT, .seed = 9, .renew = DT / 0.3, .kick = 1, .kick_seconds = 0.5, .noise = 0.05};
  df_generation report;
  df_dataset* data;
  alone* a = calloc(1, sizeof *a);
  OK(expert_collect(&task, expert, &cfg, EPISODES, NULL, NULL, &report, &data));
  assert_true(data->episodes == GAITS * EPISODES && report.n == GAITS && data->nc == GAITS + 3);
  int changes = 0;
  for (int g = 0; g < GAITS; g++) {
    int kept = 0, tried = 0;
    while (kept < EPISODES) {
      run_alone(a, &like, g, (uint64_t)g << 32 | (uint64_t)tried++);
      if (a->walk.fell >= 0) continue;
      const int e = g * EPISODES + kept++;
      assert_memory_equal(df_dataset_state(data, e, 0), a->x, (SHORT + 1) * NX * sizeof(double));
      assert_memory_equal(df_dataset_action(data, e, 0), a->u, SHORT * NU * sizeof(double));
      for (int t = 0; t <= SHORT; t++) {
        const df_walk_order* order = &a->order[t < SHORT ? t : SHORT - 1];
        const double* c = df_dataset_condition(data, e, t);
        for (int i = 0; i < GAITS; i++) assert_true(c[i] == (i == g));
        assert_memory_equal(c + GAITS, order->command, 3 * sizeof *c);
        changes += t > 0 && c[GAITS] != df_dataset_condition(data, e, t - 1)[GAITS];
      }
    }
    assert_string_equal(report.kind[g].name, task.config.expert_gaits.v[g]);
    assert_int_equal(report.kind[g].tried - report.kind[g].rejected >= EPISODES, 1);
    assert_int_equal(report.kind[g].rejected, tried - EPISODES);
  }
  /* every 0.3 s on average, in 6.4 s: 21 +- 4.5 */
  assert_true(changes >= 8 && changes <= 36);
  df_dataset_free(data);
  free(a);
}

/* what a policy is of: its task, its seed, and the updates that it has had */
static void a_checkpoint_tells_seed_and_updates(void** state) {
  (void)state;
  static const char* const wanted[][2] = {{"dynaflow.expert", "1"},
                                          {"task.name", "go1_gaits"},
                                          {"dynaflow.seed", "7"},
                                          {"dynaflow.updates", "0"},
                                          {"expert.width", "8"}};
  const char* path = test_file("policy.safetensors");
  df_safetensors* file;
  OK(expert_checkpoint_write(&task, expert, 7, path));
  OK(df_safetensors_open(path, &file));
  for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
    const char* found = df_safetensors_metadata(file, wanted[i][0]);
    if (!found || strcmp(found, wanted[i][1]) != 0) fail_msg("%s is %s", wanted[i][0], found ? found : "missing");
  }
  assert_string_equal(df_safetensors_metadata(file, "dynaflow.mujoco"), df_mujoco_version());
  assert_string_equal(df_safetensors_metadata(file, "dynaflow.compiled_sha256"),
                      df_mujoco_identity(task.system)->compiled);
  df_safetensors_close(file);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_checkpoint_tells_seed_and_updates), cmocka_unit_test(scores_are_means_of_walks_that_stand),
      cmocka_unit_test(rewards_are_those_of_the_steps), cmocka_unit_test(demonstrations_are_the_walks_that_stand)};
  return cmocka_run_group_tests(tests, make, drop);
}
