/* Motions of a method: what they are compared with. */
#include "motions.h"

#include <math.h>
#include <string.h>

#include "dynaflow/data/dataset.h"
#include "eval_set.h"
#include "methods.h"
#include "tiny_task.h"
#include "unit.h"

enum { NX = 6 };

static motion_row row_of(const eval_job* job, double* x0, double condition) {
  const starts from = {.n = 1, .x0 = x0};
  const uint64_t seed = 1;
  const motion_cfg cfg = {
      .n_seeds = 1, .seeds = &seed, .from = &from, .condition = &condition, .seconds = 8 * 0.02, .k = 1};
  motions* m;
  assert_int_equal(motions_new(job, &cfg, &m), DF_OK);
  const motion_row row = m->row[0];
  motions_free(m);
  return row;
}

/* A motion from a demonstrated state is compared with the demonstration under its condition alone. */
static void a_motion_under_another_command_has_no_tre(void** state) {
  (void)state;
  df_task* task = tiny_task_new();
  const df_window w = task->windows->train[5];
  /* one number per episode, of which there are more than the values of a category */
  for (int e = 0; e < task->data->episodes; e++) task->data->conditions[e] = 0.25 * e;
  const df_method* method = &df_method_random_action;
  const df_method_env env = {.task = task, .seed = 1, .threads = 1};
  eval_set* set;
  void* instance;
  assert_int_equal(eval_set_new(task, 1, &set), DF_OK);
  assert_int_equal(method->create(&env, &instance), DF_OK);
  const eval_job job = {.task = task, .set = set, .method = method, .instance = instance, .seed = 1, .threads = 1};
  double x0[NX];
  memcpy(x0, df_dataset_state(task->data, w.episode, w.start), sizeof x0);
  const double own = 0.25 * w.episode;
  const motion_row same = row_of(&job, x0, own), other = row_of(&job, x0, own + 0.125);
  assert_true(same.demonstration.episode == w.episode && same.demonstration.frame == w.start);
  assert_true(other.demonstration.episode == w.episode && other.demonstration.frame == w.start);
  assert_int_equal(same.tre_actions, 8);
  assert_true(isfinite(same.tre) && same.tre > 0);
  assert_true(isnan(other.tre));
  x0[2] += 1e-3;
  assert_true(isnan(row_of(&job, x0, own).tre));
  method->destroy(instance);
  eval_set_free(set);
  df_task_free(task);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(a_motion_under_another_command_has_no_tre)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
