/* Conditions by name: categories, numbers, what is not given, and the range of the training data. */
#include "condition.h"

#include <stdio.h>
#include <string.h>

#include "dynaflow/data/dataset.h"
#include "unit.h"

/* two gaits with their own ranges of vx, which is never negative when galloping; a load that is never 0, and a wind
 * that is always negative when galloping */
static const char* const names[] = {"gait.walk", "gait.gallop", "command.vx", "load.front", "load.rear", "wind.rear"};
static const double rows[4][6] = {
    {1, 0, -0.5, 2, 0.25, 0}, {1, 0, 1.5, 4, 0.75, 0}, {0, 1, 3, 2, 0.5, -2}, {0, 1, 5, 2, 0.5, -1}};
static df_window train[4];

static df_task task_of_four(void) {
  static df_windows windows = {.train = train, .n_train = 4};
  df_dataset* data;
  assert_int_equal(df_dataset_new(&(df_dataset_shape){.episodes = 4, .length = 1, .nx = 1, .nc = 6, .dt = 1}, &data),
                   DF_OK);
  for (int i = 0; i < 6; i++) assert_int_equal(df_dataset_name_condition(data, i, names[i]), DF_OK);
  memcpy(data->conditions, rows, sizeof rows);
  for (int e = 0; e < 4; e++) train[e] = (df_window){.episode = e};
  df_task task = {.data = data, .windows = &windows};
  strcpy(task.config.task_name, "horse");
  return task;
}

static void check(const df_task* task, const char* words, const double wanted[6]) {
  double c[6];
  assert_int_equal(condition_parse(task, words, c), DF_OK);
  for (int i = 0; i < 6; i++) assert_true(c[i] == wanted[i]);
}

static void what_is_not_given_is_0_if_the_data_contain_it_else_their_mean(void** state) {
  (void)state;
  df_task task = task_of_four();
  /* load.front and load.rear are numbers: they are not one of each other */
  check(&task, "gait=walk", (double[]){1, 0, 0, 3, 0.5, 0});
  check(&task, "gait=gallop", (double[]){0, 1, 4, 2, 0.5, -1.5});
  check(&task, "vx=-2, gait=gallop,load.rear=9", (double[]){0, 1, -2, 2, 9, -1.5});
  check(&task, "gait=gallop,vx=-0.25,wind.rear=1e-3,front=.5", (double[]){0, 1, -0.25, 0.5, 0.5, 1e-3});
  df_dataset_free(task.data);
}

static void a_task_may_have_one_condition_and_not_none(void** state) {
  (void)state;
  for (int nc = 1; nc >= 0; nc--) {
    static df_windows windows = {.train = train, .n_train = 1};
    df_task task = {.windows = &windows};
    double c[1] = {9};
    assert_int_equal(
        df_dataset_new(&(df_dataset_shape){.episodes = 1, .length = 1, .nx = 1, .nc = nc, .dt = 1}, &task.data), DF_OK);
    if (nc) assert_int_equal(df_dataset_name_condition(task.data, 0, "command.vx"), DF_OK);
    train[0] = (df_window){.episode = 0};
    strcpy(task.config.task_name, "horse");
    assert_int_equal(condition_parse(&task, "vx=0.5", c), nc ? DF_OK : DF_E_CONFIG);
    assert_true(c[0] == (nc ? 0.5 : 9));
    if (!nc) assert_string_equal(df_error_message(), "--condition vx=0.5: task horse has no conditions");
    df_dataset_free(task.data);
  }
}

/* the category that is set, and every number */
static void a_condition_is_described_by_name(void** state) {
  (void)state;
  df_task task = task_of_four();
  static const char* const words[] = {"gait=walk, command.vx=1.5, load.front=4, load.rear=0.75, wind.rear=0",
                                      "gait=gallop, command.vx=3, load.front=2, load.rear=0.5, wind.rear=-2"};
  for (int i = 0; i < 2; i++) {
    text out = {0};
    condition_describe(&task, rows[1 + i], &out);
    assert_string_equal(text_of(&out), words[i]);
    text_clear(&out);
  }
  df_dataset_free(task.data);
}

static void unknown_names_and_values_are_errors_that_list_the_known_ones(void** state) {
  (void)state;
  df_task task = task_of_four();
  static const char known[] =
      "; task horse has gait=walk|gallop, command.vx (-0.5 .. 5), load.front (2 .. 4), load.rear (0.25 .. 0.75), "
      "wind.rear (-2 .. 0)";
  static const struct {
    const char *words, *what;
  } bad[] = {{"gait=trot", "unknown value in 'gait=trot'"},
             {"speed=1", "unknown or ambiguous name in 'speed=1'"},
             {"rear=1", "unknown or ambiguous name in 'rear=1'"},
             {"gait.walk=1", "unknown or ambiguous name in 'gait.walk=1'"},
             {"gait=walk,vx", "NAME=VALUE is expected instead of 'vx'"},
             {"gait=walk,vx=1m", "a finite number is expected in 'vx=1m'"},
             {"gait=walk,vx=1/2", "a finite number is expected in 'vx=1/2'"},
             {"gait=walk,vx=inf", "a finite number is expected in 'vx=inf'"},
             {"gait=walk,gait=walk", "given twice: 'gait=walk'"},
             {"vx=1,command.vx=1", "given twice: 'command.vx=1'"},
             {"vx=1", "no value is given for 'gait.walk'"}};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    char wanted[512];
    double c[6] = {0};
    snprintf(wanted, sizeof wanted, "--condition %s: %s%s", bad[i].words, bad[i].what, known);
    assert_int_equal(condition_parse(&task, bad[i].words, c), DF_E_CONFIG);
    assert_string_equal(df_error_message(), wanted);
  }
  df_dataset_free(task.data);
}

static void values_beyond_those_of_their_category_are_reported(void** state) {
  (void)state;
  df_task task = task_of_four();
  text lines = {0};
  condition_warnings(&task, (double[]){1, 0, 1.5, 4, 0.75, 0}, &lines);
  assert_string_equal(text_of(&lines), "");
  condition_warnings(&task, (double[]){1, 0, 4, 4, 0.75, 0}, &lines);
  assert_string_equal(text_of(&lines),
                      "command.vx = 4 is outside the training data, which have -0.5 .. 1.5 in these categories\n");
  text_clear(&lines);
  condition_warnings(&task, (double[]){0, 1, 4, 2, 0.5, -2.25}, &lines);
  assert_string_equal(text_of(&lines),
                      "wind.rear = -2.25 is outside the training data, which have -2 .. -1 in these categories\n");
  text_clear(&lines);
  condition_describe(&task, (double[]){0, 1, 4, 2, 0.5, -1.25}, &lines);
  assert_string_equal(text_of(&lines), "gait=gallop, command.vx=4, load.front=2, load.rear=0.5, wind.rear=-1.25");
  text_clear(&lines);
  df_dataset_free(task.data);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_not_given_is_0_if_the_data_contain_it_else_their_mean),
      cmocka_unit_test(a_task_may_have_one_condition_and_not_none),
      cmocka_unit_test(a_condition_is_described_by_name),
      cmocka_unit_test(unknown_names_and_values_are_errors_that_list_the_known_ones),
      cmocka_unit_test(values_beyond_those_of_their_category_are_reported),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
