#include "data_test.h"
#include "dynaflow/data/task.h"
#include "shared_data.h"
#include "task_models.h"

/* a heavier cart */
static const char other_cart_xml[] =
    "<mujoco><option timestep='.01'/><worldbody><body><joint name='rail' type='slide' axis='1 0 0'/>"
    "<geom size='.1' mass='2' contype='0' conaffinity='0'/>"
    "<body><joint name='pole' axis='0 1 0'/><geom size='.05' mass='.1' pos='0 0 .3' contype='0' "
    "conaffinity='0'/></body>"
    "</body></worldbody><actuator><motor joint='rail'/></actuator></mujoco>";

static char model_path[160];
static df_config config;
static df_search search;
static df_system* cart;

/* a folder with a model and its demonstrations */
static int setup(void** state) {
  if (scratch_make(state) != 0) return -1;
  snprintf(model_path, sizeof model_path, "%s/cart.xml", scratch_folder);
  assert_ok(df_file_write(model_path, cart_xml, strlen(cart_xml)));
  config = df_config_default();
  strcpy(config.task_name, "cart");
  strcpy(config.system_model, "cart.xml");
  config.window_horizon = 4;
  config.split_test_every = 2;
  search = (df_search){.n = 2, .folder = {"/nonexistent", scratch_folder}};
  cart = make_system(cart_xml);
  df_dataset* data;
  df_system* recorded;
  assert_ok(df_dataset_new(&(df_dataset_shape){.episodes = 4, .length = 8, .nx = 4, .nu = 1, .dt = 0.01}, &data));
  df_rng_normal(1, DF_STREAM_TEST, 0, 4 * 9 * 4, data->states);
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  assert_ok(df_mujoco_system_new(model_path, &cfg, &recorded));
  assert_ok(df_dataset_write(scratch_path, data, df_mujoco_identity(recorded)));
  df_system_free(recorded);
  df_dataset_free(data);
  return 0;
}

static int teardown(void** state) {
  df_system_free(cart);
  unlink(model_path);
  return scratch_remove(state);
}

static void a_task_is_put_together(void** state) {
  (void)state;
  df_task* task;
  char hash[DF_SHA256_TEXT];
  assert_ok(df_sha256_file(model_path, hash));
  strcpy(config.system_model_sha256, hash);
  assert_ok(df_task_new(&config, &search, scratch_path, &task));
  assert_string_equal(task->model_sha256, hash);
  assert_int_equal(task->system->nx, 4);
  assert_int_equal(task->data->episodes, 4);
  assert_int_equal(task->windows->n_train, 2 * 5);
  assert_int_equal(df_chart_size(task->chart), 4);
  assert_true(df_chart_std(task->chart)[0] != 1);
  df_task_free(task);
  df_task_free(NULL);
}

static void settings_reach_the_simulator(void** state) {
  (void)state;
  df_system* system;
  char hash[DF_SHA256_TEXT];
  config.system_timestep = 0.004;
  config.system_substeps = 5;
  assert_ok(df_task_system(&config, &search, &system, hash));
  assert_close(system->dt, 0.02, 1e-15);
  assert_close(df_mujoco_timestep(system), 0.004, 0);
  assert_int_equal(df_mujoco_substeps(system), 5);
  df_system_free(system);
}

/* the fingerprint of the system of the task's model under its settings */
static void fingerprint(char sha256[DF_SHA256_TEXT]) {
  df_system* system;
  char hash[DF_SHA256_TEXT];
  assert_ok(df_task_system(&config, &search, &system, hash));
  assert_ok(df_mujoco_fingerprint(system, sha256));
  df_system_free(system);
}

/* each option of a simulator against the setting that sets it alone */
static void every_setting_reaches_its_option(void** state) {
  (void)state;
  static const char model[] =
      "<mujoco><option integrator='implicit' solver='PGS'/><worldbody><body><joint name='a'/>"
      "<geom size='.1' margin='0.02'/></body><geom size='.1' margin='0.02'/></worldbody><actuator><motor joint='a'/>"
      "</actuator></mujoco>";
  static const struct {
    const char *key, *value;
    df_mujoco_cfg option;
  } rows[] = {{"system.timestep", "0.003", {.timestep = 0.003}},
              {"system.integrator", "Euler", {.integrator = DF_INTEGRATOR_EULER}},
              {"system.integrator", "RK4", {.integrator = DF_INTEGRATOR_RK4}},
              {"system.solver", "CG", {.solver = DF_SOLVER_CG}},
              {"system.iterations", "77", {.iterations = 77}},
              {"system.tolerance", "1e-5", {.tolerance = 1e-5}},
              {"system.margin_rule", "max", {.margin_rule = DF_MARGIN_MAX}},
              {"system.margin_rule", "none", {.margin_rule = DF_MARGIN_NONE}}};
  char own[DF_SHA256_TEXT], direct[DF_SHA256_TEXT], first[DF_SHA256_TEXT];
  assert_ok(df_file_write(model_path, model, strlen(model)));
  const df_config kept = config;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    const df_mujoco_cfg* o = &rows[i].option;
    df_mujoco_cfg cfg = df_mujoco_cfg_default();
    df_system* system;
    /* exact gradients need another integrator and solver than those of the model */
    cfg.timestep = o->timestep;
    cfg.integrator = o->integrator ? o->integrator : DF_INTEGRATOR_IMPLICITFAST;
    cfg.solver = o->solver ? o->solver : DF_SOLVER_NEWTON;
    cfg.iterations = o->iterations ? o->iterations : 100;
    cfg.tolerance = o->tolerance;
    cfg.margin_rule = o->margin_rule;
    assert_ok(df_mujoco_system_from_xml(model, "cart.xml", &cfg, &system));
    assert_ok(df_mujoco_fingerprint(system, direct));
    df_system_free(system);

    config = kept;
    assert_ok(df_config_set(&config, "system.integrator", "implicitfast", "test"));
    assert_ok(df_config_set(&config, "system.solver", "Newton", "test"));
    if (i == 0) fingerprint(first);
    assert_ok(df_config_set(&config, rows[i].key, rows[i].value, "test"));
    fingerprint(own);
    if (strcmp(own, direct) != 0) fail_msg("%s = %s does not reach the simulator", rows[i].key, rows[i].value);
    if (strcmp(own, first) == 0) fail_msg("%s = %s changes nothing", rows[i].key, rows[i].value);
  }
}

/* models with a contact that is found by iteration, and with a muscle */
static void what_has_no_exact_gradient_is_admitted_by_its_setting(void** state) {
  (void)state;
  static const char* const models[2] = {
      "<mujoco><worldbody><geom type='ellipsoid' size='.1 .2 .3'/><body pos='0 0 .5'><joint name='a' type='slide'/>"
      "<geom type='ellipsoid' size='.1 .2 .3'/></body></worldbody><actuator><motor joint='a'/></actuator></mujoco>",
      "<mujoco><worldbody><body><joint name='a' range='-1 1'/><geom size='.1'/></body></worldbody>"
      "<actuator><muscle joint='a' lengthrange='0.1 1'/></actuator></mujoco>"};
  static const char* const settings[2][2] = {{"system.contacts", "approximate"}, {"system.gradient", "differences"}};
  static const bool refused[2][3] = {{true, false, false}, {true, true, false}}; /* without a setting, and with each */
  const df_config kept = config;
  for (int model = 0; model < 2; model++) {
    assert_ok(df_file_write(model_path, models[model], strlen(models[model])));
    for (int setting = -1; setting < 2; setting++) {
      df_system* system;
      char hash[DF_SHA256_TEXT];
      config = kept;
      if (setting >= 0) assert_ok(df_config_set(&config, settings[setting][0], settings[setting][1], "test"));
      const df_status status = df_task_system(&config, &search, &system, hash);
      assert_int_equal(status, refused[model][setting + 1] ? DF_E_UNSUPPORTED : DF_OK);
      df_system_free(system);
    }
  }
}

static void another_model_file_is_refused_with_both_hashes(void** state) {
  (void)state;
  df_system* system;
  char hash[DF_SHA256_TEXT], found[DF_SHA256_TEXT];
  assert_ok(df_sha256_file(model_path, found));
  memset(config.system_model_sha256, 'a', 64);
  assert_int_equal(df_task_system(&config, &search, &system, hash), DF_E_MISMATCH);
  assert_says(model_path, found, config.system_model_sha256);
  assert_null(system);
}

static void demonstrations_of_another_model_are_refused(void** state) {
  (void)state;
  df_task* task;
  FILE* file = fopen(model_path, "a"); /* the same model in another file */
  assert_non_null(file);
  fputs("<!-- changed -->", file);
  fclose(file);
  assert_ok(df_task_new(&config, &search, scratch_path, &task));
  df_task_free(task);
  assert_ok(df_file_write(model_path, other_cart_xml, strlen(other_cart_xml)));
  assert_int_equal(df_task_new(&config, &search, scratch_path, &task), DF_E_MISMATCH);
  assert_says(scratch_path, "recorded with another model: cart.xml changed");
  assert_null(task);
}

/* a model whose body is in an included file; hashes of the model file alone cover it only in part */
static void a_hash_of_the_model_file_alone_leaves_the_others_open(void** state) {
  (void)state;
  static const char scene[] = "<mujoco><include file='body.xml'/></mujoco>";
  char body_path[160], scene_hash[DF_SHA256_TEXT], note[512];
  df_task* task;
  snprintf(body_path, sizeof body_path, "%s/body.xml", scratch_folder);
  assert_ok(df_file_write(body_path, cart_xml, strlen(cart_xml)));
  assert_ok(df_file_write(model_path, scene, strlen(scene)));
  assert_ok(df_sha256(scene, strlen(scene), scene_hash));

  /* of the setting */
  strcpy(config.system_model_sha256, scene_hash);
  assert_ok(df_task_new(&config, &search, scratch_path, &task)); /* compiled as what was recorded */
  assert_string_equal(task->data->model_unchecked, "");
  df_task_unchecked(&config, task->system, task->data, note, sizeof note);
  assert_non_null(strstr(note, "system.model_sha256: body.xml may differ: the SHA-256 is of cart.xml alone"));
  assert_non_null(strstr(note, task->model_sha256));
  strcpy(config.system_model_sha256, task->model_sha256);
  assert_string_equal(df_task_unchecked(&config, task->system, task->data, note, sizeof note), "");

  /* of the demonstrations */
  assert_ok(df_dataset_write(scratch_path, task->data, &(df_model_identity){.files = scene_hash}));
  df_task_free(task);
  assert_ok(df_task_new(&config, &search, scratch_path, &task));
  assert_string_equal(
      df_task_unchecked(&config, task->system, task->data, note, sizeof note),
      "the demonstrations may be of another model: body.xml may differ: the SHA-256 is of cart.xml alone");
  df_task_free(task);

  /* the hash of all files notices the included one */
  assert_ok(df_file_write(body_path, other_cart_xml, strlen(other_cart_xml)));
  assert_int_equal(df_task_new(&config, &search, scratch_path, &task), DF_E_MISMATCH);
  assert_says("system.model_sha256 is", config.system_model_sha256);
  unlink(body_path);
}

static void what_is_missing_is_named_with_where_it_was_looked_for(void** state) {
  (void)state;
  df_system* system;
  df_task* task;
  char* path;
  char hash[DF_SHA256_TEXT];
  assert_int_equal(df_search_find(&search, "none.xml", &path), DF_E_MISSING);
  assert_says("none.xml", "/nonexistent", scratch_folder);
  assert_null(path);
  assert_int_equal(df_search_find(&search, "/nonexistent/none.xml", &path), DF_E_MISSING);
  assert_says("/nonexistent/none.xml");
  assert_int_equal(df_search_find(&(df_search){0}, "none.xml", &path), DF_E_MISSING);
  assert_says("none.xml");
  assert_int_equal(df_task_new(&config, &search, "/nonexistent/data.npz", &task), DF_E_MISSING);
  assert_says("/nonexistent/data.npz");
  config.system_model[0] = '\0';
  assert_int_equal(df_task_system(&config, &search, &system, hash), DF_E_CONFIG);
  assert_says("system.model", "cart");
}

static void a_file_is_found_by_its_path_or_its_base_name(void** state) {
  (void)state;
  char* path;
  static const char* const names[] = {"cart.xml", "models/cart.xml", "./cart.xml"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    assert_ok(df_search_find(&search, names[i], &path));
    assert_non_null(strstr(path, scratch_folder));
    assert_true(df_file_exists(path));
    df_free(path);
  }
  assert_ok(df_search_find(&(df_search){0}, model_path, &path));
  assert_string_equal(path, model_path);
  df_free(path);
}

static void a_failed_allocation_leaks_nothing(void** state) {
  (void)state;
  df_status status = DF_E_NOMEM;
  for (size_t n = 1; status != DF_OK; n++) {
    assert_true(n < 500);
    df_task* task;
    df_alloc_fail_at(n);
    status = df_task_new(&config, &search, scratch_path, &task);
    df_alloc_fail_at(0);
    if (status != DF_OK && status != DF_E_NOMEM) fail_msg("allocation %zu: %d %s", n, status, df_error_message());
    assert_true((task != NULL) == (status == DF_OK));
    df_task_free(task);
  }
}

/* the recorded Hopper demonstrations and the model with which they were recorded */
static void the_recorded_hopper_makes_a_task(void** state) {
  (void)state;
  char data_path[512], models[512];
  snprintf(data_path, sizeof data_path, "%s/ddat/Hopper_10trajs_300steps.npz", shared_data_folder());
  snprintf(models, sizeof models, "%s/mjcf/gymnasium", shared_data_folder());
  if (!df_file_exists(data_path) || !df_file_exists(models)) skip_without_data("Hopper demonstrations");
  static const char* const settings[][2] = {
      {"system.model", "hopper.xml"},
      {"system.timestep", "0.008"},
      {"system.integrator", "Euler"},
      {"system.margin_rule", "max"},
      {"data.states_key", "Trajs"},
      {"data.actions_key", "Actions"},
      {"chart.relative", "rootx"},
      {"window.horizon", "16"},
      {"data.sha256", "9446ce61b7b46781500440ef2650ee07343e742a8152dee891f6f24cd993dd55"}};
  df_config hopper = df_config_default();
  for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
    assert_ok(df_config_set(&hopper, settings[i][0], settings[i][1], "test"));
  }
  df_task* task;
  assert_ok(df_task_new(&hopper, &(df_search){.n = 1, .folder = {models}}, data_path, &task));
  assert_int_equal(task->data->episodes, 10);
  assert_int_equal(task->data->length, 299);
  assert_int_equal(task->system->nx, 12);
  assert_int_equal(task->windows->n_test, 299 - 16 + 1);
  assert_int_equal(task->windows->n_train, 9 * (299 - 16 + 1));
  for (int k = 0; k < 12; k++) assert_true(df_chart_std(task->chart)[k] > 0.01 && df_chart_std(task->chart)[k] < 20);
  df_task_free(task);
}

static void a_timestep_that_is_too_short_is_named(void** state) {
  (void)state;
  df_config short_steps = config;
  df_system* system;
  char sha256[DF_SHA256_TEXT];
  short_steps.system_timestep = 1e-300;
  assert_int_equal(df_task_system(&short_steps, &search, &system, sha256), DF_E_CONFIG);
  assert_null(system);
  assert_non_null(strstr(df_error_message(), "task 'cart': system.timestep 1e-300 s: a physics step lasts 1e-07 s"));
}

int main(void) {
#define WITH_FILES(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
  const struct CMUnitTest tests[] = {
      WITH_FILES(a_task_is_put_together),
      WITH_FILES(settings_reach_the_simulator),
      WITH_FILES(every_setting_reaches_its_option),
      WITH_FILES(what_has_no_exact_gradient_is_admitted_by_its_setting),
      WITH_FILES(another_model_file_is_refused_with_both_hashes),
      WITH_FILES(demonstrations_of_another_model_are_refused),
      WITH_FILES(a_hash_of_the_model_file_alone_leaves_the_others_open),
      WITH_FILES(what_is_missing_is_named_with_where_it_was_looked_for),
      WITH_FILES(a_file_is_found_by_its_path_or_its_base_name),
      WITH_FILES(a_failed_allocation_leaks_nothing),
      cmocka_unit_test(the_recorded_hopper_makes_a_task),
      cmocka_unit_test(a_timestep_that_is_too_short_is_named),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
