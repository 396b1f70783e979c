/* What every function of the library that makes an object does with NULL arguments. The tests of the baselines are
 * linked with all rooms. */
#include <stdint.h>
#include <string.h>

#include "dynaflow/dynaflow.h"
#include "unit.h"

/* a pointer that no function may follow; outputs start from it to show that they are set */
static void* const nowhere = (void*)(uintptr_t)8;

/* that `call` fails with DF_E_ARG and the message `text` */
#define REFUSES(call, text)                        \
  do {                                             \
    assert_int_equal(call, DF_E_ARG);              \
    assert_string_equal(df_error_message(), text); \
  } while (0)
/* the same for a call that has `out`, which becomes NULL */
#define REFUSES_OUT(type, call, text) \
  do {                                \
    type* out = nowhere;              \
    REFUSES(call, text);              \
    assert_null(out);                 \
  } while (0)

static void a_null_output_is_refused(void** state) {
  (void)state;
  char sha256[DF_SHA256_TEXT];
  int n;
  REFUSES(df_file_read(NULL, NULL, NULL), "df_file_read: data is NULL");
  REFUSES(df_search_find(NULL, NULL, NULL), "df_search_find: path is NULL");
  REFUSES(df_chart_new(NULL, NULL, NULL), "df_chart_new: out is NULL");
  REFUSES(df_dataset_new(NULL, NULL), "df_dataset_new: out is NULL");
  REFUSES(df_dataset_read(NULL, NULL, NULL, NULL), "df_dataset_read: out is NULL");
  REFUSES(df_windows_new(NULL, NULL, NULL), "df_windows_new: out is NULL");
  REFUSES(df_task_system(NULL, NULL, NULL, sha256), "df_task_system: out is NULL");
  REFUSES(df_task_new(NULL, NULL, NULL, NULL), "df_task_new: out is NULL");
  REFUSES(df_flow_new(NULL, NULL, DF_DECODE_ROLLOUT, NULL), "df_flow_new: out is NULL");
  REFUSES(df_flow_new_diffusion(NULL, NULL, DF_DECODE_STATES, NULL), "df_flow_new_diffusion: out is NULL");
  REFUSES(df_inverse_new(NULL, DF_INVERSE_DEMONSTRATED, NULL), "df_inverse_new: out is NULL");
  REFUSES(df_gait_demonstrate(NULL, NULL, NULL, NULL), "df_gait_demonstrate: out is NULL");
  REFUSES(df_npz_open(NULL, NULL), "df_npz_open: out is NULL");
  REFUSES(df_npz_read(NULL, NULL, NULL), "df_npz_read: out is NULL");
  REFUSES(df_npz_read_text(NULL, NULL, NULL), "df_npz_read_text: out is NULL");
  REFUSES(df_safetensors_open(NULL, NULL), "df_safetensors_open: out is NULL");
  REFUSES(df_fall_rule_new(NULL, NULL, NULL), "df_fall_rule_new: out is NULL");
  REFUSES(df_net_new(NULL, NULL), "df_net_new: out is NULL");
  REFUSES(df_net_work_new(NULL, 1, NULL), "df_net_work_new: out is NULL");
  REFUSES(df_adamw_new(NULL, NULL, NULL), "df_adamw_new: out is NULL");
  REFUSES(df_mujoco_inspect(NULL, NULL, NULL, &n), "df_mujoco_inspect: features is NULL");
  REFUSES(df_mujoco_system_new(NULL, NULL, NULL), "df_mujoco_system_new: out is NULL");
  REFUSES(df_mujoco_system_from_xml(NULL, NULL, NULL, NULL), "df_mujoco_system_from_xml: out is NULL");
  REFUSES(df_rollout_new(NULL, NULL, NULL), "df_rollout_new: out is NULL");
  REFUSES(df_sim_new(NULL, 0, NULL), "df_sim_new: out is NULL");
}

static void after_a_null_input_the_output_is_null(void** state) {
  (void)state;
  char sha256[DF_SHA256_TEXT];
  int n = 7;
  size_t size;
  const df_config config = df_config_default();
  REFUSES_OUT(char, df_file_read(NULL, &out, &size), "df_file_read: path is NULL");
  REFUSES_OUT(char, df_search_find(NULL, "x", &out), "df_search_find: search is NULL");
  REFUSES_OUT(char, df_search_find(&(df_search){.n = 0}, NULL, &out), "df_search_find: name is NULL");
  REFUSES_OUT(char, df_search_find(&(df_search){.n = 0}, "", &out), "df_search_find: name is empty");
  REFUSES_OUT(df_chart, df_chart_new(NULL, &config, &out), "df_chart_new: system is NULL");
  REFUSES_OUT(df_dataset, df_dataset_new(NULL, &out), "df_dataset_new: shape is NULL");
  REFUSES_OUT(df_dataset, df_dataset_read(NULL, &config, NULL, &out), "df_dataset_read: path is NULL");
  REFUSES_OUT(df_windows, df_windows_new(NULL, &config, &out), "df_windows_new: data is NULL");
  REFUSES_OUT(df_system, df_task_system(NULL, NULL, &out, sha256), "df_task_system: config is NULL");
  REFUSES_OUT(df_system, df_task_system(&config, &(df_search){.n = 0}, &out, NULL),
              "df_task_system: model_sha256 is NULL");
  REFUSES_OUT(df_task, df_task_new(&config, NULL, "x", &out), "df_task_new: search is NULL");
  REFUSES_OUT(df_flow, df_flow_new(NULL, "x", DF_DECODE_ROLLOUT, &out), "df_flow_new: env is NULL");
  REFUSES_OUT(df_flow, df_flow_new(&(df_method_env){.threads = 1}, "x", DF_DECODE_ROLLOUT, &out),
              "df_flow_new: env.task is NULL");
  REFUSES_OUT(df_flow, df_flow_new(&(df_method_env){.threads = 1}, NULL, DF_DECODE_ROLLOUT, &out),
              "df_flow_new: name is NULL");
  REFUSES_OUT(df_flow, df_flow_new_diffusion(NULL, "x", DF_DECODE_STATES, &out), "df_flow_new_diffusion: env is NULL");
  REFUSES_OUT(df_flow, df_flow_new_diffusion(&(df_method_env){.threads = 1}, "x", DF_DECODE_STATES, &out),
              "df_flow_new_diffusion: env.task is NULL");
  REFUSES_OUT(df_flow, df_flow_new_diffusion(&(df_method_env){.threads = 1}, NULL, DF_DECODE_STATES, &out),
              "df_flow_new_diffusion: name is NULL");
  REFUSES_OUT(df_inverse, df_inverse_new(&(df_method_env){.task = nowhere}, DF_INVERSE_DEMONSTRATED, &out),
              "df_inverse_new: env.threads is 0, must be at least 1");
  REFUSES_OUT(df_dataset, df_gait_demonstrate(NULL, &config, NULL, &out), "df_gait_demonstrate: system is NULL");
  REFUSES_OUT(df_npz, df_npz_open(NULL, &out), "df_npz_open: path is NULL");
  REFUSES_OUT(char, df_npz_read_text(NULL, "x", &out), "df_npz_read_text: npz is NULL");
  REFUSES_OUT(df_safetensors, df_safetensors_open(NULL, &out), "df_safetensors_open: path is NULL");
  REFUSES_OUT(df_net, df_net_new(NULL, &out), "df_net_new: cfg is NULL");
  REFUSES_OUT(df_net_work, df_net_work_new(NULL, 1, &out), "df_net_work_new: net is NULL");
  REFUSES_OUT(df_adamw, df_adamw_new(NULL, NULL, &out), "df_adamw_new: net is NULL");
  REFUSES_OUT(df_feature, df_mujoco_inspect(NULL, NULL, &out, &n), "df_mujoco_inspect: path is NULL");
  assert_int_equal(n, 0);
  REFUSES_OUT(df_feature, df_mujoco_inspect("x", NULL, &out, NULL), "df_mujoco_inspect: n is NULL");
  REFUSES_OUT(df_system, df_mujoco_system_new("x", NULL, &out), "df_mujoco_system_new: cfg is NULL");
  REFUSES_OUT(df_system, df_mujoco_system_from_xml("x", NULL, NULL, &out), "df_mujoco_system_from_xml: name is NULL");
  REFUSES_OUT(df_rollout, df_rollout_new(NULL, NULL, &out), "df_rollout_new: system is NULL");
  REFUSES_OUT(df_sim, df_sim_new(NULL, 0, &out), "df_sim_new: system is NULL");
  df_fall_rule rule = {.height = 3};
  REFUSES(df_fall_rule_new(NULL, &config, &rule), "df_fall_rule_new: system is NULL");
  assert_int_equal(rule.quat_at, -1);
  assert_true(rule.height == 0);
}

static void functions_on_objects_name_the_null_argument(void** state) {
  (void)state;
  df_config config = df_config_default();
  df_training_log log;
  REFUSES(df_config_set(&config, "train.steps", NULL, "x"), "df_config_set: value is NULL");
  REFUSES(df_config_load("x", NULL, NULL, 1, NULL, &config), "df_config_load: overrides is NULL");
  REFUSES(df_config_load("x", NULL, NULL, 0, NULL, NULL), "df_config_load: out is NULL");
  REFUSES(df_chart_fit(NULL, NULL, NULL), "df_chart_fit: chart is NULL");
  REFUSES(df_flow_train(NULL, &log), "df_flow_train: flow is NULL");
  REFUSES(df_flow_save(NULL, "x"), "df_flow_save: flow is NULL");
  REFUSES(df_flow_load(nowhere, NULL), "df_flow_load: path is NULL");
  REFUSES(df_flow_sample(nowhere, &(df_request){.B = 1, .sampler_steps = 1}, NULL, NULL),
          "df_flow_sample: request.x0 is NULL");
  REFUSES(df_inverse_train(NULL, &log), "df_inverse_train: inverse is NULL");
  REFUSES(df_metric_tre(NULL, 1, NULL, NULL, NULL, NULL), "df_metric_tre: chart is NULL");
  REFUSES(df_holm(2, NULL, NULL, NULL), "df_holm: p is NULL");
  REFUSES(df_rollout_run(NULL, NULL), "df_rollout_run: rollout is NULL");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_null_output_is_refused),
      cmocka_unit_test(after_a_null_input_the_output_is_null),
      cmocka_unit_test(functions_on_objects_name_the_null_argument),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
