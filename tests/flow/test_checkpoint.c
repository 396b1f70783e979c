/* Checkpoints of a flow. */
#define _GNU_SOURCE /* memmem */
#include "flow_test.h"
#include "test_file.h"

#define FILE_PATH test_file("flow.safetensors")

/* the i-th of the six arrays of statistics: of states, of start states, of actions */
static double* statistics_of(const df_task* task, int i) {
  const df_chart_statistics s = df_chart_get_statistics(task->chart);
  double* const arrays[6] = {s.mean, s.std, s.context_mean, s.context_std, s.action_mean, s.action_std};
  return arrays[i];
}

static size_t statistics_bytes(const df_task* task, int i) {
  return (size_t)(i < 4 ? task->system->ndx : task->system->nu) * sizeof(double);
}

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
  /* the means (0, 2, 4) are also read from the file; scales (1, 3, 5) that are not the task's are refused */
  double kept[6][8];
  for (int i = 0; i < 6; i++) {
    const size_t bytes = statistics_bytes(task, i);
    assert_true(bytes <= sizeof kept[i]);
    memcpy(kept[i], statistics_of(task, i), bytes);
    if (i % 2 == 0) memset(statistics_of(task, i), 0, bytes);
  }
  assert_int_equal(df_flow_load(other, FILE_PATH), DF_OK);
  for (int i = 0; i < 6; i++) assert_memory_equal(kept[i], statistics_of(task, i), statistics_bytes(task, i));
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

  /* another model; the checkpoint is refused before its weights are read */
  df_system *own = task->system, *other_model;
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  assert_int_equal(df_mujoco_system_from_xml("<mujoco><worldbody><body><joint name='j'/><geom size='1'/></body>"
                                             "</worldbody><actuator><motor joint='j'/></actuator></mujoco>",
                                             "other", &cfg, &other_model),
                   DF_OK);
  task->system = other_model;
  assert_int_equal(df_flow_load(flow, FILE_PATH), DF_E_MISMATCH);
  assert_non_null(strstr(df_error_message(), "trained with another model"));
  assert_non_null(strstr(df_error_message(), df_mujoco_identity(own)->compiled));
  task->system = own;
  df_system_free(other_model);
  /* the data, of which these are made in memory and have no hash */
  snprintf(task->data->sha256, sizeof task->data->sha256, "0123");
  assert_int_equal(df_flow_load(flow, FILE_PATH), DF_E_MISMATCH);
  assert_non_null(strstr(df_error_message(), "dynaflow.data_sha256 is , expected 0123"));
  task->data->sha256[0] = '\0';

  const df_method_env env = env_of(task, 1);
  df_flow* other;
  assert_int_equal(df_flow_new(&env, "another", DF_DECODE_ROLLOUT, &other), DF_OK);
  assert_int_equal(df_flow_load(other, FILE_PATH), DF_E_MISMATCH);
  assert_non_null(strstr(df_error_message(), "dynaflow.kind is test, expected another"));
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

/* The identity of a system that is not MuJoCo's is the hash that the task gives, or nothing. */
static void another_systems_own_checkpoint_is_loaded(void** state) {
  (void)state;
  df_task* task = tiny_task_new();
  const df_system_ops *mujoco = task->system->ops, own = *mujoco;
  task->system->ops = &own;
  static const char* const hashes[] = {"", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
  for (int i = 0; i < 2; i++) {
    snprintf(task->model_sha256, sizeof task->model_sha256, "%s", hashes[i]);
    df_flow* flow = new_flow(task, DF_DECODE_ROLLOUT, 1);
    assert_int_equal(df_flow_save(flow, FILE_PATH), DF_OK);
    assert_int_equal(df_flow_load(flow, FILE_PATH), DF_OK);
    /* not with another hash, nor where MuJoCo's model is known */
    memset(task->model_sha256, 'b', 64);
    assert_int_equal(df_flow_load(flow, FILE_PATH), i ? DF_E_MISMATCH : DF_E_FORMAT);
    task->system->ops = mujoco;
    assert_int_not_equal(df_flow_load(flow, FILE_PATH), DF_OK);
    task->system->ops = &own;
    df_flow_free(flow);
  }
  task->system->ops = mujoco;
  df_task_free(task);
  unlink(FILE_PATH);
}

/* a value of the setting that differs from `now` */
static void other_value(const df_config_key* key, const char* now, char value[DF_TEXT_MAX]) {
  const size_t first = strcspn(key->choices, "|");
  if (key->choices[0]) {
    const char* second = key->choices + first + 1;
    const bool is_first = strlen(now) == first && strncmp(now, key->choices, first) == 0;
    snprintf(value, DF_TEXT_MAX, "%.*s", (int)(is_first ? strcspn(second, "|") : first),
             is_first ? second : key->choices);
  } else if (strcmp(key->kind, "TEXT") == 0 || strcmp(key->kind, "NAMES") == 0 || strcmp(key->kind, "ITEMS") == 0) {
    snprintf(value, DF_TEXT_MAX, "else");
  } else {
    snprintf(value, DF_TEXT_MAX, "%.17g", atof(now) == key->low ? key->high : key->low);
  }
}

/* whether weights stay those of a task under another value of the setting: it names what is compared by its hash or in
 * another way, such as the sizes of a policy by those of its tensors, or belongs to training or evaluation */
static bool leaves_weights(const char* name) {
  static const char* const names[] = {"data.file",        "data.url",   "system.model", "system.model_sha256",
                                      "system.model_url", "task.title", "task.version", "task.methods"};
  static const char* const sections[] = {"train.",
                                         "inverse.",
                                         "recover.",
                                         "eval.",
                                         "tracking.",
                                         "projection.",
                                         "trajopt.",
                                         "scale_floor.",
                                         "bc.",
                                         "act_chunk.",
                                         "dap.",
                                         "expert.",
                                         "expert_reward.",
                                         "expert_observe.",
                                         "expert_start.",
                                         "flow.time",
                                         "flow.coupling",
                                         "flow.solver",
                                         "flow.tolerance",
                                         "flow.few_step_share",
                                         "flow.reflow",
                                         "flow.guidance",
                                         "flow.eta",
                                         "flow.clip"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (strcmp(name, names[i]) == 0) return true;
  }
  for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
    if (strncmp(name, sections[i], strlen(sections[i])) == 0) return true;
  }
  return false;
}

static void a_checkpoint_is_refused_under_other_settings_of_its_weights_only(void** state) {
  (void)state;
  df_task* task = tiny_task_new();
  df_flow* flow = new_flow(task, DF_DECODE_ROLLOUT, 1);
  assert_int_equal(df_flow_save(flow, FILE_PATH), DF_OK);
  const df_config kept = task->config;
  const df_config_key* keys;
  const int n = df_config_keys(&keys);
  for (int i = 0; i < n; i++) {
    char value[DF_TEXT_MAX], before[512], after[512];
    df_config_value(&kept, i, before, sizeof before);
    other_value(&keys[i], before, value);
    if (df_config_set(&task->config, keys[i].name, value, "test") != DF_OK) fail_msg("%s", df_error_message());
    df_config_value(&task->config, i, after, sizeof after);
    if (strcmp(before, after) == 0) fail_msg("%s is still %s", keys[i].name, before);
    const df_status status = df_flow_load(flow, FILE_PATH);
    if (status != (leaves_weights(keys[i].name) ? DF_OK : DF_E_MISMATCH))
      fail_msg("%s: %s", keys[i].name, df_status_text(status));
    /* a preset is known by the settings that it sets */
    const char* named = strcmp(keys[i].name, "net.preset") == 0 ? "net.width" : keys[i].name;
    if (status != DF_OK) assert_non_null(strstr(df_error_message(), named));
    task->config = kept;
  }
  df_flow_free(flow);
  df_task_free(task);
  unlink(FILE_PATH);
}

/* renames a setting in the header of the file, as if it was written before there was this setting */
static void forget(const char* setting) {
  char quoted[64], *at, bytes[1 << 16];
  FILE* file = fopen(FILE_PATH, "r+b");
  assert_non_null(file);
  const size_t n = fread(bytes, 1, sizeof bytes, file);
  snprintf(quoted, sizeof quoted, "\"%s\"", setting);
  at = memmem(bytes, n, quoted, strlen(quoted));
  assert_non_null(at);
  assert_int_equal(fseek(file, at + 1 - bytes, SEEK_SET), 0);
  assert_int_equal(fputc('X', file), 'X');
  assert_int_equal(fclose(file), 0);
}

static void a_checkpoint_without_a_newer_setting_has_its_default(void** state) {
  (void)state;
  df_task* task = tiny_task_new();
  const df_config defaults = df_config_default();
  task->config.flow_sigma = defaults.flow_sigma;
  df_flow* flow = new_flow(task, DF_DECODE_ROLLOUT, 1);
  assert_int_equal(df_flow_save(flow, FILE_PATH), DF_OK);
  forget("flow.sigma");
  assert_int_equal(df_flow_load(flow, FILE_PATH), DF_OK);
  task->config.flow_sigma = 0.5 * defaults.flow_sigma;
  assert_int_equal(df_flow_load(flow, FILE_PATH), DF_E_FORMAT);
  assert_non_null(strstr(df_error_message(), "flow.sigma"));
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
  size_t n, m;
  uint64_t at;
  const float bad = NAN;
  assert_int_equal(df_file_read(FILE_PATH, &data, &n), DF_OK);
  *weight = kept + 1;
  assert_int_equal(df_flow_save(flow, FILE_PATH), DF_OK);
  assert_int_equal(df_file_read(FILE_PATH, &other, &m), DF_OK);
  assert_int_equal(m, n);
  memcpy(&at, data, sizeof at); /* the length of the header, which comes after this number */
  at += sizeof at;
  while (data[at] == other[at]) at++;
  memcpy(other + (at - at % sizeof bad), &bad, sizeof bad);
  assert_int_equal(df_file_write(FILE_PATH, other, m), DF_OK);
  forget("dynaflow.weights_sha256"); /* which would be another reason to refuse it */
  assert_int_equal(df_flow_load(flow, FILE_PATH), DF_E_NONFINITE);
  assert_non_null(strstr(df_error_message(), tensors[last].name));
  assert_non_null(strstr(df_error_message(), FILE_PATH));
  df_free(data);
  df_free(other);
  df_flow_free(flow);
  df_task_free(task);
  unlink(FILE_PATH);
}

/* each bit of the tensors counts; a file of a version without checksums is loaded */
static void a_checkpoint_with_another_bit_is_refused(void** state) {
  (void)state;
  df_task* task = tiny_task_new();
  df_flow* flow = new_flow(task, DF_DECODE_ROLLOUT, 1);
  char* data;
  size_t n;
  uint64_t header;
  assert_int_equal(df_flow_save(flow, FILE_PATH), DF_OK);
  assert_int_equal(df_file_read(FILE_PATH, &data, &n), DF_OK);
  memcpy(&header, data, sizeof header);
  const size_t first = sizeof header + (size_t)header, places[] = {first, (first + n) / 2, n - 1};
  for (int i = 0; i < 3; i++) {
    data[places[i]] ^= 2;
    assert_int_equal(df_file_write(FILE_PATH, data, n), DF_OK);
    assert_int_equal(df_flow_load(flow, FILE_PATH), DF_E_FORMAT);
    assert_non_null(strstr(df_error_message(), "damaged"));
    assert_non_null(strstr(df_error_message(), FILE_PATH));
    data[places[i]] ^= 2;
  }
  assert_int_equal(df_file_write(FILE_PATH, data, n), DF_OK);
  assert_int_equal(df_flow_load(flow, FILE_PATH), DF_OK);
  forget("dynaflow.weights_sha256");
  assert_int_equal(df_flow_load(flow, FILE_PATH), DF_OK);
  df_free(data);
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
      cmocka_unit_test(another_systems_own_checkpoint_is_loaded),
      cmocka_unit_test(a_checkpoint_of_another_task_model_or_method_is_refused_by_name),
      cmocka_unit_test(a_checkpoint_is_refused_under_other_settings_of_its_weights_only),
      cmocka_unit_test(a_checkpoint_with_other_scales_is_refused_by_coordinate),
      cmocka_unit_test(a_checkpoint_without_a_newer_setting_has_its_default),
      cmocka_unit_test(weights_that_are_not_finite_are_neither_written_nor_read),
      cmocka_unit_test(a_checkpoint_with_another_bit_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
