/* The cells of a plan and their order. */
#include "plan.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dynaflow/core/alloc.h"
#include "key.h"
#include "slide_task.h"
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
  static const char* const methods[] = {"dynaflow",        "dynaflow_tracking", "dynaflow_recovered",
                                        "kinematic_fm",    "kinematic_fm_idm",  "kinematic_fm_tracking",
                                        "ddat_projection", "action_fm",         "action_fm_recovered",
                                        "random_action",   "replay_demo",       "trajopt"};
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
  char tasks[PLAN_TASKS_MAX][8];
  for (int i = 0; i < PLAN_TASKS_MAX; i++) {
    snprintf(tasks[i], sizeof tasks[i], "t%d", i);
    cfg.task[i] = tasks[i];
  }
  cfg.method[0] = df_method_by_name("random_action");
  cfg.method[1] = df_method_by_name("dynaflow");
  cfg.method[2] = df_method_by_name("replay_demo");
  assert_int_equal(plan_make(&cfg, &cells), DF_OK);
  assert_int_equal(cells.n, PLAN_CELLS_MAX);
  is_cell(PLAN_CELLS_MAX - 1, tasks[PLAN_TASKS_MAX - 1], "dynaflow", OPTIONS_SEEDS_MAX - 1);
  cfg.n_methods = 3;
  assert_int_equal(plan_make(&cfg, &cells), DF_E_CONFIG);
  assert_string_equal(df_error_message(), "the plan has more than 4096 cells; split it into several runs");
}

/* ---- a method that cannot be created, and trains one network ---- */

static int created;

static df_status create(const df_method_env* env, void** self) {
  created++;
  *self = NULL;
  return df_fail(DF_E_CONFIG, "seed %d does not fit", (int)env->seed);
}

static const df_method broken = {.name = "broken",
                                 .summary = "a method of this test",
                                 .flags = DF_METHOD_TRAINS,
                                 .create = create,
                                 .networks = {"network"}};

/* opens the store with a plan of this method on the slide with seeds 1 to 4 */
static store* record_seeds(options* opts) {
  store* events;
  const char* failed;
  *opts = options_default();
  opts->quiet = true;
  opts->profile = "";
  opts->n_seeds = 4;
  for (int i = 0; i < 4; i++) opts->seeds[i] = (uint64_t)i + 1;
  const plan_cfg cfg = {.opts = opts, .n_tasks = 1, .task = {test_folder()}, .n_methods = 1, .method = {&broken}};
  make_slide_task();
  assert_int_equal(plan_make(&cfg, &cells), DF_OK);
  assert_int_equal(store_open(test_folder(), (shard){0}, &events), DF_OK);
  if (plan_record(&cells, opts, events, &failed) != DF_OK) fail_msg("%s", df_error_message());
  return events;
}

static void each_process_checks_the_first_of_its_own_cells(void** state) {
  (void)state;
  options opts;
  const char* failed;
  store* events = record_seeds(&opts);
  created = 0;
  assert_int_equal(plan_check(&cells, (shard){0}, &opts, events, &failed), DF_E_CONFIG);
  assert_string_equal(df_error_message(), "seed 1 does not fit");
  assert_int_equal(created, 1); /* other seeds fail in the same way */
  /* the first cell of the plan is of the other shard */
  assert_int_equal(plan_check(&cells, (shard){2, 2}, &opts, events, &failed), DF_E_CONFIG);
  assert_string_equal(df_error_message(), "seed 2 does not fit");
  /* or done */
  finish(events, cells.cell[0].key);
  assert_int_equal(plan_check(&cells, (shard){0}, &opts, events, &failed), DF_E_CONFIG);
  assert_string_equal(df_error_message(), "seed 2 does not fit");
  assert_int_equal(plan_check(&cells, (shard){1, 4}, &opts, events, &failed), DF_OK);
  store_close(events);
}

static void shared_networks_are_dropped_when_no_cell_needs_them(void** state) {
  (void)state;
  options opts;
  char shared[256], unfinished[256];
  store* events = record_seeds(&opts);
  finish(events, cells.cell[0].key);
  snprintf(shared, sizeof shared, "%s/training/shared", test_folder());
  snprintf(unfinished, sizeof unfinished, "%s/training/0123456789abcdef", test_folder());
  char* done = shared_network_path(test_folder(), cells.cell[0].training_key, "network");
  char* wanted = shared_network_path(test_folder(), cells.cell[1].training_key, "network");
  char* foreign = shared_network_path(test_folder(), "0123456789abcdef", "network");
  assert_int_equal(df_dir_make(shared), DF_OK);
  assert_int_equal(df_dir_make(unfinished), DF_OK);
  write_text(done, "1");
  write_text(wanted, "2");
  write_text(foreign, "3");
  /* a training that is not finished may need a network that this plan does not know */
  plan_drop_networks(&cells, test_folder(), events);
  assert_true(!df_file_exists(done) && df_file_exists(wanted) && df_file_exists(foreign));
  rmdir(unfinished);
  plan_drop_networks(&cells, test_folder(), events);
  assert_true(df_file_exists(wanted) && !df_file_exists(foreign));
  for (int i = 1; i < 4; i++) finish(events, cells.cell[i].key);
  plan_drop_networks(&cells, test_folder(), events);
  assert_false(df_file_exists(wanted) || df_file_exists(shared));
  df_free(done);
  df_free(wanted);
  df_free(foreign);
  store_close(events);
}

static void a_network_is_wanted_by_the_other_cells_that_are_not_done(void** state) {
  (void)state;
  options opts;
  store* events = record_seeds(&opts);
  const char* key = cells.cell[3].training_key;
  /* each seed has a network of its own */
  assert_false(plan_wants_network(&cells, 3, key, "network", events));
  assert_true(plan_wants_network(&cells, 0, key, "network", events));
  assert_false(plan_wants_network(&cells, 0, key, "another", events));
  finish(events, cells.cell[3].key);
  assert_false(plan_wants_network(&cells, 0, key, "network", events));
  store_close(events);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(cells_are_ordered_by_task_then_seed_then_method),
      cmocka_unit_test(without_methods_those_of_the_task_are_taken),
      cmocka_unit_test(a_plan_holds_its_limit_and_no_more),
      cmocka_unit_test(each_process_checks_the_first_of_its_own_cells),
      cmocka_unit_test(a_network_is_wanted_by_the_other_cells_that_are_not_done),
      cmocka_unit_test(shared_networks_are_dropped_when_no_cell_needs_them),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
