/* test_methods.c: the same conformance test for every method. */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/rng.h"
#include "methods.h"
#include "near.h"
#include "test_file.h"
#include "tiny_task.h"
#include "unit.h"

enum { B = 6 };
#define FILE_PATH test_file("method.safetensors")

typedef struct asked {
  df_task* task;
  double x0[B * 16], condition[B], actions[B * 8 * 2], demo[B * 9 * 16];
} asked;

static void ask(asked* a) {
  a->task = tiny_task_new();
  const size_t nx = (size_t)a->task->system->nx;
  for (size_t b = 0; b < B; b++) {
    const df_window w = a->task->windows->test[b * 7 % (size_t)a->task->windows->n_test];
    const double* x = df_dataset_state(a->task->data, w.episode, w.start);
    memcpy(a->x0 + b * nx, x, nx * sizeof *x);
    memcpy(a->demo + b * 9 * nx, x, 9 * nx * sizeof *x);
    memcpy(a->actions + b * 16, df_dataset_action(a->task->data, w.episode, w.start), 16 * sizeof *x);
    a->condition[b] = df_dataset_condition(a->task->data, w.episode, w.start)[0];
  }
}

static df_status sample(const df_method* method, void* self, const asked* a, uint64_t seed, double* x, double* u) {
  const df_request r = {.B = B,
                        .x0 = a->x0,
                        .condition = a->condition,
                        .demonstrated_actions = (method->flags & DF_METHOD_SEES_DEMONSTRATION) ? a->actions : NULL,
                        .demonstrated_states = (method->flags & DF_METHOD_SEES_DEMONSTRATION) ? a->demo : NULL,
                        .seed = seed,
                        .sampler_steps = 2};
  return method->sample(self, &r, x, u);
}

static void* instance(const df_method* method, const asked* a, uint64_t seed) {
  const df_method_env env = {.task = a->task, .seed = seed, .threads = 2};
  void* self = NULL;
  assert_int_equal(method->create(&env, &self), DF_OK);
  assert_non_null(self);
  return self;
}

static void train(const df_method* method, void* self) {
  static df_training_log logs[DF_LOGS_MAX];
  int n = 0;
  if (!(method->flags & DF_METHOD_TRAINS)) return;
  assert_int_equal(method->train(self, logs, &n), DF_OK);
  assert_in_range(n, 1, DF_LOGS_MAX);
  for (int i = 0; i < n; i++) assert_true(logs[i].n > 0 && isfinite(logs[i].loss[logs[i].n - 1]));
  /* a method that names its networks names all of them */
  for (int i = 0; i < DF_LOGS_MAX && method->networks[0]; i++) {
    assert_int_equal(method->networks[i] != NULL, i < n);
    if (i < n) assert_string_equal(method->networks[i], logs[i].name);
  }
}

static void every_method_trains_saves_loads_and_samples_the_same_bytes(void** state) {
  (void)state;
  asked a;
  ask(&a);
  const df_method* const* methods;
  const int n = df_methods(&methods);
  const size_t nx = (size_t)a.task->system->nx, x_bytes = B * 9 * nx * sizeof(double),
               u_bytes = B * 16 * sizeof(double);
  assert_true(n >= 6);
  for (int i = 0; i < n; i++) {
    const df_method* m = methods[i];
    double x[B * 9 * 16] = {0}, u[B * 16] = {0}, x2[B * 9 * 16] = {0}, u2[B * 16] = {0};
    void *self = instance(m, &a, 1), *other = instance(m, &a, 1);
    train(m, self);
    assert_int_equal(sample(m, self, &a, 1, x, u), DF_OK);

    /* the requested start states, and all arrays filled with finite numbers */
    for (size_t b = 0; b < B; b++) assert_memory_equal(x + b * 9 * nx, a.x0 + b * nx, nx * sizeof(double));
    for (size_t k = 0; k < B * 9 * nx; k++) assert_true(isfinite(x[k]));
    for (size_t k = 0; k < B * 16; k++) assert_true(fabs(u[k]) <= 1);

    /* the same request again, and a saved and loaded instance, give the same bytes */
    assert_int_equal(sample(m, self, &a, 1, x2, u2), DF_OK);
    assert_memory_equal(x, x2, x_bytes);
    if (m->flags & DF_METHOD_TRAINS) {
      assert_int_equal(m->save(self, FILE_PATH), DF_OK);
      assert_int_equal(m->load(other, FILE_PATH), DF_OK);
      assert_int_equal(sample(m, other, &a, 1, x2, u2), DF_OK);
      assert_memory_equal(x, x2, x_bytes);
      assert_memory_equal(u, u2, u_bytes);
    }

    /* another seed gives another sample, except for methods that replay, use no random numbers, or predict */
    const bool predicts = (m->flags & DF_METHOD_TRAINS) && !(m->flags & DF_METHOD_SAMPLES);
    assert_int_equal(sample(m, self, &a, 2, x2, u2), DF_OK);
    const int same = memcmp(x, x2, x_bytes) == 0;
    assert_int_equal(same, predicts || (m->flags & (DF_METHOD_SEES_DEMONSTRATION | DF_METHOD_IGNORES_SEED)) ? 1 : 0);
    m->destroy(self);
    m->destroy(other);
    m->destroy(NULL);
  }
  unlink(FILE_PATH);
  for (int i = 0; i < 2; i++) {
    char second[256];
    snprintf(second, sizeof second, "%s.%s", FILE_PATH, i ? "dynamics" : "inverse");
    unlink(second);
  }
  df_task_free(a.task);
}

static void demonstrated_states_are_returned_as_they_are(void** state) {
  (void)state;
  asked a;
  ask(&a);
  const size_t n = B * 9 * (size_t)a.task->system->nx;
  double x[B * 9 * 16], u[B * 16];
  void* self = instance(&df_method_demo_states, &a, 1);
  assert_int_equal(sample(&df_method_demo_states, self, &a, 1, x, u), DF_OK);
  assert_memory_equal(x, a.demo, n * sizeof *x);
  df_method_demo_states.destroy(self);
  df_task_free(a.task);
}

static void replay_is_the_ceiling_and_random_the_floor(void** state) {
  (void)state;
  asked a;
  ask(&a);
  const size_t nx = (size_t)a.task->system->nx;
  double x[B * 9 * 16], u[B * 16], worst_replay = 0, mean_random = 0;
  void* self = instance(&df_method_replay_demo, &a, 1);
  assert_int_equal(sample(&df_method_replay_demo, self, &a, 1, x, u), DF_OK);
  for (size_t k = 0; k < B * 9 * nx; k++) worst_replay = fmax(worst_replay, fabs(x[k] - a.demo[k]));
  df_method_replay_demo.destroy(self);
  /* windows start from a cleared warm start: the solver's tolerance of 1e-8 over 16 physics steps */
  assert_true(worst_replay < 1e-5);

  self = instance(&df_method_random_action, &a, 1);
  assert_int_equal(sample(&df_method_random_action, self, &a, 1, x, u), DF_OK);
  for (size_t k = 0; k < B * 9 * nx; k++) mean_random += fabs(x[k] - a.demo[k]) / (double)(B * 9 * nx);
  df_method_random_action.destroy(self);
  assert_true(mean_random > 1e-2);
  df_task_free(a.task);
}

static void random_actions_fill_the_reach_of_the_learned_ones(void** state) {
  (void)state;
  /* actions 0 and 1: the box is [-1, 1], which cuts the range of one off */
  static const double center[2] = {0.1, -0.5}, half[2] = {0.3, 0.8}, lo[2] = {-0.2, -1}, hi[2] = {0.4, 0.3};
  asked a;
  ask(&a);
  for (int k = 0; k < 2; k++) {
    df_list* list = k ? &a.task->config.action_half_range : &a.task->config.action_center;
    *list = (df_list){.n = 2, .v = {k ? half[0] : center[0], k ? half[1] : center[1]}};
  }
  double x[B * 9 * 16], u[B * 16], draw[16];
  void* self = instance(&df_method_random_action, &a, 1);
  const df_request r = {.B = B, .x0 = a.x0, .condition = a.condition, .seed = 5, .first_index = 3, .sampler_steps = 1};
  assert_int_equal(df_method_random_action.sample(self, &r, x, u), DF_OK);
  for (int b = 0; b < B; b++) {
    df_rng_uniform(5, DF_STREAM_ACTION, (uint64_t)(3 + b), 16, draw);
    for (int k = 0; k < 16; k++) assert_near(u[b * 16 + k], lo[k % 2] + (hi[k % 2] - lo[k % 2]) * draw[k], 1e-15);
  }
  df_method_random_action.destroy(self);
  df_task_free(a.task);
}

static void methods_are_found_by_name_and_have_one_line(void** state) {
  (void)state;
  const df_method* const* methods;
  const int n = df_methods(&methods);
  for (int i = 0; i < n; i++) {
    assert_ptr_equal(df_method_by_name(methods[i]->name), methods[i]);
    assert_true(strlen(methods[i]->summary) > 10 && !strchr(methods[i]->summary, '\n'));
  }
  assert_null(df_method_by_name("nonesuch"));
}

static df_status nothing(const df_method_env* env, void** self) {
  (void)env;
  *self = NULL;
  return DF_OK;
}

static void what_is_no_method_is_not_registered(void** state) {
  (void)state;
  const df_method* const* methods;
  const int n = df_methods(&methods);
  const df_method good = {.name = "a_test",
                          .summary = "a method of this test",
                          .create = nothing,
                          .destroy = df_method_random_action.destroy,
                          .sample = df_method_random_action.sample};
  static const char* const names[] = {NULL, "", "two words", "a/b", "dynaflow", "new\nline", "expert_mine"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    df_method bad = good;
    bad.name = names[i];
    assert_int_equal(df_method_register(&bad), DF_E_CONFIG);
  }
  df_method without[5] = {good, good, good, good, good};
  without[0].summary = NULL;
  without[1].create = NULL;
  without[2].destroy = NULL;
  without[3].sample = NULL;
  without[4].flags = DF_METHOD_TRAINS;
  for (int i = 0; i < 5; i++) assert_int_equal(df_method_register(&without[i]), DF_E_CONFIG);
  assert_int_equal(df_methods(&methods), n);
  assert_int_equal(df_method_load("/no/such/plugin.so"), DF_E_MISSING);
  assert_string_equal(df_method_file_sha256(&df_method_dynaflow), "");
}

/* DYNAFLOW_PLUGIN names a plugin whose method must pass the same test */
/* What a window gets depends on its start state, condition, demonstrated actions and index alone: each window of a
 * request is that of a request for it alone. Networks round products of other sizes differently. */
static void a_window_does_not_depend_on_the_others(void** state) {
  (void)state;
  asked a;
  ask(&a);
  for (int b = 0; b < B; b++) a.condition[b] = 0.4 * b - 1;
  const df_method* const* methods;
  const int n = df_methods(&methods);
  const size_t nx = (size_t)a.task->system->nx;
  for (int i = 0; i < n; i++) {
    const df_method* m = methods[i];
    const bool sees = (m->flags & DF_METHOD_SEES_DEMONSTRATION) != 0;
    void* self = instance(m, &a, 1);
    train(m, self);
    double x[B * 9 * 16] = {0}, u[B * 16] = {0}, x1[9 * 16], u1[16] = {0};
    df_request r = {.B = B,
                    .x0 = a.x0,
                    .condition = a.condition,
                    .demonstrated_actions = sees ? a.actions : NULL,
                    .demonstrated_states = sees ? a.demo : NULL,
                    .seed = 1,
                    .first_index = 7,
                    .sampler_steps = 2};
    assert_int_equal(m->sample(self, &r, x, u), DF_OK);
    double least = INFINITY;
    for (size_t b = 0; b < B; b++) {
      r.B = 1;
      r.x0 = a.x0 + b * nx;
      r.condition = a.condition + b;
      r.demonstrated_actions = sees ? a.actions + b * 16 : NULL;
      r.demonstrated_states = sees ? a.demo + b * 9 * nx : NULL;
      r.first_index = 7 + b;
      assert_int_equal(m->sample(self, &r, x1, u1), DF_OK);
      const size_t other = (b + 1) % B;
      double away = 0;
      for (size_t k = 0; k < 9 * nx; k++) {
        assert_true(fabs(x[b * 9 * nx + k] - x1[k]) < 1e-4);
        away = fmax(away, fabs(x[b * 9 * nx + k] - x[other * 9 * nx + k]));
      }
      for (size_t k = 0; k < 16; k++) {
        assert_true(fabs(u[b * 16 + k] - u1[k]) < 1e-4);
        away = fmax(away, fabs(u[b * 16 + k] - u[other * 16 + k]));
      }
      least = fmin(least, away);
    }
    /* the case distinguishes the windows; a method may give them all one action, but not one motion */
    assert_true(least > 1e-3);
    m->destroy(self);
  }
  df_task_free(a.task);
}

int main(void) {
  const char* plugin = getenv("DYNAFLOW_PLUGIN");
  if (plugin && df_method_load(plugin) != DF_OK) {
    fprintf(stderr, "%s\n", df_error_message());
    return 2;
  }
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_method_trains_saves_loads_and_samples_the_same_bytes),
      cmocka_unit_test(a_window_does_not_depend_on_the_others),
      cmocka_unit_test(demonstrated_states_are_returned_as_they_are),
      cmocka_unit_test(replay_is_the_ceiling_and_random_the_floor),
      cmocka_unit_test(random_actions_fill_the_reach_of_the_learned_ones),
      cmocka_unit_test(methods_are_found_by_name_and_have_one_line),
      cmocka_unit_test(what_is_no_method_is_not_registered),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
