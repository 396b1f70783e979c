/* Checkpoints of a flow. */
#include "flow_test.h"
#include "test_file.h"

#define FILE_PATH test_file("flow.safetensors")

static void a_loaded_checkpoint_samples_the_same_bytes(void** state) {
  (void)state;
  df_task* task = tiny_task_new();
  df_flow *flow = new_flow(task, DF_DECODE_ROLLOUT, 2), *other = new_flow(task, DF_DECODE_ROLLOUT, 2);
  train(flow);
  assert_int_equal(df_flow_save(flow, FILE_PATH), DF_OK);
  double *x, *u, *y, *v;
  sample(flow, task, 2, 1, &x, &u);
  sample(other, task, 2, 1, &y, &v);
  assert_int_not_equal(memcmp(u, v, bytes_u(task)), 0);
  df_free(y);
  df_free(v);
  /* the statistics are also read from the file */
  df_chart_get_statistics(task->chart).mean[0] += 1;
  assert_int_equal(df_flow_load(other, FILE_PATH), DF_OK);
  sample(other, task, 2, 1, &y, &v);
  assert_memory_equal(u, v, bytes_u(task));
  assert_memory_equal(x, y, bytes_x(task));
  df_free(x);
  df_free(u);
  df_free(y);
  df_free(v);
  df_flow_free(flow);
  df_flow_free(other);
  df_task_free(task);
  unlink(FILE_PATH);
}

static void a_checkpoint_of_another_task_model_or_method_is_refused_by_name(void** state) {
  (void)state;
  df_task* task = tiny_task_new();
  df_flow* flow = new_flow(task, DF_DECODE_ROLLOUT, 1);
  assert_int_equal(df_flow_save(flow, FILE_PATH), DF_OK);
  snprintf(task->config.task_name, sizeof task->config.task_name, "giant");
  assert_int_equal(df_flow_load(flow, FILE_PATH), DF_E_MISMATCH);
  assert_non_null(strstr(df_error_message(), "tiny"));
  assert_non_null(strstr(df_error_message(), "giant"));
  assert_non_null(strstr(df_error_message(), FILE_PATH));
  snprintf(task->config.task_name, sizeof task->config.task_name, "tiny");

  task->model_sha256[0] = task->model_sha256[0] == 'a' ? 'b' : 'a';
  assert_int_equal(df_flow_load(flow, FILE_PATH), DF_E_MISMATCH);
  assert_non_null(strstr(df_error_message(), "model_sha256"));
  task->model_sha256[0] = task->model_sha256[0] == 'a' ? 'b' : 'a';

  const df_method_env env = env_of(task, 1);
  df_flow* other;
  assert_int_equal(df_flow_new(&env, "another", DF_DECODE_ROLLOUT, &other), DF_OK);
  assert_int_equal(df_flow_load(other, FILE_PATH), DF_E_MISMATCH);
  df_flow_free(other);

  /* a truncated file is refused */
  char* data;
  size_t n;
  assert_int_equal(df_file_read(FILE_PATH, &data, &n), DF_OK);
  assert_int_equal(df_file_write(FILE_PATH, data, n / 2), DF_OK);
  assert_int_equal(df_flow_load(flow, FILE_PATH), DF_E_FORMAT);
  df_free(data);
  assert_int_equal(df_flow_load(flow, test_file("none")), DF_E_MISSING);
  df_flow_free(flow);
  df_task_free(task);
  unlink(FILE_PATH);
}

static void weights_that_are_not_finite_are_neither_written_nor_read(void** state) {
  (void)state;
  df_task* task = tiny_task_new();
  df_flow* flow = new_flow(task, DF_DECODE_ROLLOUT, 1);
  const df_tensor* tensors;
  const int last = df_net_tensors(flow->net, &tensors) - 1;
  df_real* weight = flow->trainer->average + tensors[last].offset;
  const df_real kept = *weight;
  unlink(FILE_PATH);

  /* nothing is written, and an older file stays */
  *weight = (df_real)NAN;
  assert_int_equal(df_flow_save(flow, FILE_PATH), DF_E_NONFINITE);
  assert_non_null(strstr(df_error_message(), FILE_PATH));
  assert_non_null(strstr(df_error_message(), tensors[last].name));
  assert_false(df_file_exists(FILE_PATH));
  *weight = kept;
  assert_int_equal(df_flow_save(flow, FILE_PATH), DF_OK);
  *weight = (df_real)INFINITY;
  assert_int_equal(df_flow_save(flow, FILE_PATH), DF_E_NONFINITE);
  assert_int_equal(df_flow_load(flow, FILE_PATH), DF_OK);
  assert_true(*weight == kept);

  /* the same for the statistics of the chart */
  double* mean = df_chart_get_statistics(task->chart).mean;
  const double mean_kept = mean[0];
  mean[0] = NAN;
  assert_int_equal(df_flow_save(flow, FILE_PATH), DF_E_NONFINITE);
  assert_non_null(strstr(df_error_message(), "chart.mean"));
  mean[0] = mean_kept;

  /* a file whose last weight is not finite: it is where the file with another last weight differs */
  char *data, *other;
  size_t n, m, at = 0;
  const float bad = NAN;
  assert_int_equal(df_file_read(FILE_PATH, &data, &n), DF_OK);
  *weight = kept + 1;
  assert_int_equal(df_flow_save(flow, FILE_PATH), DF_OK);
  assert_int_equal(df_file_read(FILE_PATH, &other, &m), DF_OK);
  assert_int_equal(m, n);
  while (data[at] == other[at]) at++;
  memcpy(other + (at - at % sizeof bad), &bad, sizeof bad);
  assert_int_equal(df_file_write(FILE_PATH, other, m), DF_OK);
  assert_int_equal(df_flow_load(flow, FILE_PATH), DF_E_NONFINITE);
  assert_non_null(strstr(df_error_message(), tensors[last].name));
  assert_non_null(strstr(df_error_message(), FILE_PATH));
  df_free(data);
  df_free(other);
  df_flow_free(flow);
  df_task_free(task);
  unlink(FILE_PATH);
}

/* a chart whose floors bite: errors in other units would be compared, and weights used in them */
static void a_checkpoint_with_other_scales_is_refused_by_coordinate(void** state) {
  (void)state;
  df_task* task = tiny_task_new();
  df_flow* flow = new_flow(task, DF_DECODE_ROLLOUT, 1);
  assert_int_equal(df_flow_save(flow, FILE_PATH), DF_OK);
  const df_chart_statistics s = df_chart_get_statistics(task->chart);
  struct {
    double* std;
    const char *tensor, *coordinate;
  } cases[] = {{s.std + 2, "chart.std", "hip joint_pos"},
               {s.context_std + 1, "chart.context_std", "z slide_pos"},
               {s.action_std + 1, "chart.action_std", "action 1"}};
  for (int i = 0; i < 3; i++) {
    const double kept = *cases[i].std;
    *cases[i].std = 2 * kept;
    assert_int_equal(df_flow_load(flow, FILE_PATH), DF_E_MISMATCH);
    assert_non_null(strstr(df_error_message(), cases[i].tensor));
    assert_non_null(strstr(df_error_message(), cases[i].coordinate));
    assert_non_null(strstr(df_error_message(), "scale_floor"));
    /* rounding of another compiler is no difference, and the file's value is used */
    *cases[i].std = kept * (1 + 1e-9);
    assert_int_equal(df_flow_load(flow, FILE_PATH), DF_OK);
    assert_true(*cases[i].std == kept);
  }
  /* settings of floors that change no scale do not matter: checkpoints older than these settings do not have them */
  task->config.scale_floor_joint_pos *= 0.5;
  assert_int_equal(df_flow_load(flow, FILE_PATH), DF_OK);
  df_flow_free(flow);
  df_task_free(task);
  unlink(FILE_PATH);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_loaded_checkpoint_samples_the_same_bytes),
      cmocka_unit_test(a_checkpoint_of_another_task_model_or_method_is_refused_by_name),
      cmocka_unit_test(a_checkpoint_with_other_scales_is_refused_by_coordinate),
      cmocka_unit_test(weights_that_are_not_finite_are_neither_written_nor_read),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
