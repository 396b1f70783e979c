/* The cells of a plan and their order. */
#include "plan.h"

#include <stdlib.h>
#include <string.h>

#include "unit.h"

static plan cells;

/* that cell i is of this task, method and seed */
static void is_cell(int i, const char* task, const char* method, uint64_t seed) {
  assert_string_equal(cells.cell[i].task, task);
  assert_string_equal(cells.cell[i].method->name, method);
  assert_int_equal(cells.cell[i].seed, seed);
}

static void cells_are_ordered_by_task_then_seed_then_method(void** state) {
  (void)state;
  options opts = options_default();
  opts.n_seeds = 2;
  opts.seeds[0] = 7;
  opts.seeds[1] = 3;
  const df_method *a = df_method_by_name("random_action"), *b = df_method_by_name("dynaflow");
  /* a method that is given again counts once, wherever it is given */
  const plan_cfg cfg = {
      .opts = &opts, .n_tasks = 2, .task = {"one", "two"}, .n_methods = 6, .method = {a, a, b, b, a, b}};
  assert_int_equal(plan_make(&cfg, &cells), DF_OK);
  assert_int_equal(cells.n, 8);
  for (int task = 0; task < 2; task++) {
    for (int s = 0; s < 2; s++) {
      is_cell(4 * task + 2 * s, cfg.task[task], "random_action", opts.seeds[s]);
      is_cell(4 * task + 2 * s + 1, cfg.task[task], "dynaflow", opts.seeds[s]);
    }
  }
}

static void without_methods_those_of_the_task_are_taken(void** state) {
  (void)state;
  options opts = options_default();
  opts.tasks = "tasks";
  const plan_cfg cfg = {.opts = &opts, .n_tasks = 1, .task = {"go1_gaits"}};
  assert_int_equal(plan_make(&cfg, &cells), DF_OK);
  static const char* const methods[] = {"dynaflow",  "dynaflow_tracking", "kinematic_fm", "kinematic_fm_idm",
                                        "action_fm", "random_action",     "replay_demo"};
  assert_int_equal(cells.n, sizeof methods / sizeof *methods);
  for (int i = 0; i < cells.n; i++) is_cell(i, "go1_gaits", methods[i], 1);
  const plan_cfg unknown = {.opts = &opts, .n_tasks = 1, .task = {"go1_gait"}};
  assert_int_equal(plan_make(&unknown, &cells), DF_E_CONFIG);
  assert_non_null(strstr(df_error_message(), "unknown task 'go1_gait', did you mean 'go1_gaits'?"));
  assert_int_equal(cells.n, 0);
}

static void a_plan_holds_its_limit_and_no_more(void** state) {
  (void)state;
  options opts = options_default();
  opts.n_seeds = OPTIONS_SEEDS_MAX;
  for (int i = 0; i < OPTIONS_SEEDS_MAX; i++) opts.seeds[i] = (uint64_t)i;
  plan_cfg cfg = {.opts = &opts, .n_tasks = PLAN_TASKS_MAX, .n_methods = 2};
  for (int i = 0; i < PLAN_TASKS_MAX; i++) cfg.task[i] = "t";
  cfg.method[0] = df_method_by_name("random_action");
  cfg.method[1] = df_method_by_name("dynaflow");
  cfg.method[2] = df_method_by_name("replay_demo");
  assert_int_equal(plan_make(&cfg, &cells), DF_OK);
  assert_int_equal(cells.n, PLAN_CELLS_MAX);
  is_cell(PLAN_CELLS_MAX - 1, "t", "dynaflow", OPTIONS_SEEDS_MAX - 1);
  cfg.n_methods = 3;
  assert_int_equal(plan_make(&cfg, &cells), DF_E_CONFIG);
  assert_string_equal(df_error_message(), "the plan has more than 4096 cells; split it into several runs");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(cells_are_ordered_by_task_then_seed_then_method),
      cmocka_unit_test(without_methods_those_of_the_task_are_taken),
      cmocka_unit_test(a_plan_holds_its_limit_and_no_more),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
