#include "data_test.h"
#include "dynaflow/config/config.h"

static void put_yaml(const char* text) {
  scratch_put(text, strlen(text));
}

static df_status load(const char* text, const char* profile, const char* method, df_config* out) {
  put_yaml(text);
  return df_config_load(scratch_path, profile, method, 0, NULL, out);
}

static void every_default_is_valid_and_reads_back_as_itself(void** state) {
  (void)state;
  const df_config_key* keys;
  const int n = df_config_keys(&keys);
  assert_true(n > 50);
  const df_config base = df_config_default();
  for (int i = 0; i < n; i++) {
    df_config config = base;
    char text[DF_VALUE_MAX], again[DF_VALUE_MAX];
    assert_ok(df_config_set(&config, keys[i].name, keys[i].default_text, "test"));
    assert_memory_equal(&config, &base, sizeof config);
    df_config_value(&config, i, text, sizeof text);
    assert_ok(df_config_set(&config, keys[i].name, text, "test"));
    df_config_value(&config, i, again, sizeof again);
    assert_string_equal(text, again);
    assert_true(strlen(keys[i].help) > 0);
  }
  assert_int_equal(base.train_steps, 1200);
  assert_true(base.train_rate == 0.003);
  assert_string_equal(base.net_kind, "dit");
  assert_int_equal(base.data_gaits.n, 4);
  assert_string_equal(base.data_gaits.v[3], "pronk");
  assert_int_equal(base.eval_sampler_steps.n, 2);
  assert_true(base.eval_sampler_steps.v[1] == 5);
}

static void every_key_stands_once_in_the_table(void** state) {
  (void)state;
  const df_config_key* keys;
  const int n = df_config_keys(&keys);
  for (int i = 0; i < n; i++) {
    for (int j = 0; j < i; j++) assert_string_not_equal(keys[i].name, keys[j].name);
  }
}

static const char layered[] =
    "task:\n"
    "  name: hop\n"
    "  methods: [a, b]\n"
    "train: {steps: 10, batch: 10, rate: 0.1, clip: 10, ema: 0.1}\n"
    "methods:\n"
    "  a:\n"
    "    train: {batch: 20, rate: 0.2, clip: 20, ema: 0.2}\n"
    "  b: {train.batch: 99}\n"
    "profiles:\n"
    "  smoke:\n"
    "    train: {rate: 0.3, clip: 30, ema: 0.3}\n"
    "    methods:\n"
    "      a:\n"
    "        train: {clip: 40, ema: 0.4}\n"
    "  full: {}\n"
    "  bare:\n";

static void later_layers_win(void** state) {
  (void)state;
  df_config c;
  put_yaml(layered);
  const char* const set[] = {"train.ema=0.6", "train.ema=0.5"};
  assert_ok(df_config_load(scratch_path, "smoke", "a", 2, set, &c));
  assert_string_equal(c.task_name, "hop");
  assert_int_equal(c.task_methods.n, 2);
  assert_int_equal(c.train_slices, 8); /* default */
  assert_int_equal(c.train_steps, 10);
  assert_int_equal(c.train_batch, 20);
  assert_true(c.train_rate == 0.3);
  assert_true(c.train_clip == 40);
  assert_true(c.train_ema == 0.5);
}

/* ---- presets of the network ---- */

static void a_preset_sets_the_network_and_keys_of_its_source_win(void** state) {
  (void)state;
  df_config config, base = df_config_default();
  /* base is what the defaults are */
  df_config preset = base;
  assert_ok(df_config_set(&preset, "net.preset", "base", "test"));
  assert_string_equal(preset.net_preset, "base");
  memcpy(preset.net_preset, base.net_preset, sizeof base.net_preset);
  assert_memory_equal(&preset, &base, sizeof base);

  /* the order within a source does not matter */
  put_yaml(
      "task: {name: hop}\nnet: {depth: 5, preset: jax_seed, heads: 8}\nprofiles: {p: {net.width: 32}, q: {net.preset: "
      "small}}\n");
  assert_ok(df_config_load(scratch_path, "full", "", 0, NULL, &config));
  assert_int_equal(config.net_width, 384);
  assert_int_equal(config.net_depth, 5);
  assert_int_equal(config.net_heads, 8);
  assert_int_equal(config.net_skip_hidden, 0);

  /* a later source wins, whether it gives a key or a preset */
  assert_ok(df_config_load(scratch_path, "p", "", 0, NULL, &config));
  assert_int_equal(config.net_width, 32);
  assert_int_equal(config.net_depth, 5);
  assert_ok(df_config_load(scratch_path, "q", "", 0, NULL, &config));
  assert_int_equal(config.net_width, 64);
  assert_int_equal(config.net_depth, 2);
  const char* const overrides[] = {"net.depth=4", "net.kind=mlp", "net.preset=jax_seed"};
  assert_ok(df_config_load(scratch_path, "q", "", 3, overrides, &config));
  assert_int_equal(config.net_width, 384);
  assert_int_equal(config.net_depth, 4);
  assert_string_equal(config.net_kind, "mlp");

  const char* const unknown[] = {"net.preset=huge"};
  assert_int_equal(df_config_load(scratch_path, "q", "", 1, unknown, &config), DF_E_CONFIG);
  assert_string_equal(df_error_message(), "--set: net.preset = 'huge': not one of none|small|base|jax_seed");
}

static void profile_and_method_are_each_optional(void** state) {
  (void)state;
  df_config c;
  assert_ok(load(layered, NULL, NULL, &c));
  assert_int_equal(c.train_batch, 10);
  assert_ok(load(layered, "", "b", &c));
  assert_int_equal(c.train_batch, 99);
  assert_ok(load(layered, "smoke", "", &c));
  assert_true(c.train_clip == 30);
  assert_ok(load(layered, "smoke", "unmentioned", &c));
  assert_true(c.train_clip == 30);
  assert_ok(load(layered, "full", "a", &c));
  assert_true(c.train_clip == 20);
  assert_ok(load(layered, "bare", "a", &c));
  assert_true(c.train_clip == 20);
}

static void sequences_become_lists_and_names(void** state) {
  (void)state;
  df_config c;
  assert_ok(
      load("task.name: t\naction:\n  center: [0, -0.9, 1.8e-1]\n  half_range: 1\neval.feet: [FR, FL]\n"
           "chart.relative: []\ndata.gaits: trot , pace\n",
           NULL, NULL, &c));
  assert_int_equal(c.action_center.n, 3);
  assert_true(c.action_center.v[1] == -0.9 && c.action_center.v[2] == 0.18);
  assert_int_equal(c.action_half_range.n, 1);
  assert_int_equal(c.eval_feet.n, 2);
  assert_string_equal(c.eval_feet.v[1], "FL");
  assert_int_equal(c.chart_relative.n, 0);
  assert_string_equal(c.data_gaits.v[1], "pace");
}

static void what_is_wrong_is_refused_with_place_key_and_value(void** state) {
  (void)state;
  static const struct {
    const char* yaml;
    df_status status;
    const char* says[5];
  } cases[] = {
      {"task.name: t\ntrian.steps: 5\n", DF_E_CONFIG, {":2", "trian.steps", "'5'", "did you mean train.steps?"}},
      {"task.name: t\ntrain:\n  stesp: 5\n", DF_E_CONFIG, {":3", "train.stesp", "did you mean train.steps?"}},
      {"task.name: t\nsubsteps: 5\n", DF_E_CONFIG, {":2", "'substeps'", "did you mean system.substeps?"}},
      {"task.name: t\nfoo: 5\n", DF_E_CONFIG, {":2", "unknown key 'foo' (value '5')", "(value '5')"}},
      {"task.name: ../../t\n", DF_E_CONFIG, {":1", "task.name", "'../../t'", "without '/'"}},
      {"task.name: t\ntrain.steps: many\n", DF_E_CONFIG, {":2", "train.steps", "'many'", "whole number"}},
      {"task.name: t\ntrain.steps: 1.5\n", DF_E_CONFIG, {":2", "train.steps", "'1.5'"}},
      {"task.name: t\ntrain.steps: 0\n", DF_E_CONFIG, {":2: train.steps = '0': not in 1 .. 100000000"}},
      {"task.name: t\ntrain.steps: 99999999999999999999\n", DF_E_CONFIG, {":2", "train.steps", "1 .. 100000000"}},
      {"task.name: t\ntrain.steps:\n", DF_E_CONFIG, {":2", "train.steps", "''"}},
      {"task.name: t\nsystem.timestep: 2\n", DF_E_CONFIG, {":2: system.timestep = '2': not in 0 .. 1 s"}},
      {"task.name: t\nsystem.timestep: nan\n", DF_E_CONFIG, {":2", "system.timestep", "'nan'", "finite"}},
      {"task.name: t\nsystem.timestep: 1e999\n", DF_E_CONFIG, {":2", "system.timestep", "'1e999'", "finite"}},
      {"task.name: t\nsystem.timestep: 1e-400\n", DF_E_CONFIG, {":2", "system.timestep", "'1e-400'", "close to 0"}},
      {"task.name: t\nsystem.timestep: 0.01s\n", DF_E_CONFIG, {":2", "system.timestep", "'0.01s'", "number"}},
      {"task.name: t\nsystem.timestep: 0x1p-7\n", DF_E_CONFIG, {":2", "system.timestep", "'0x1p-7'", "number"}},
      {"task.name: t\nsystem.integrator: RK3\n", DF_E_CONFIG, {":2", "'RK3'", "model|Euler|implicitfast|RK4"}},
      {"task.name: t\nsystem.integrator: Eul\n", DF_E_CONFIG, {":2", "'Eul'"}},
      {"task.name: t\naction.center: [1, two]\n", DF_E_CONFIG, {":2", "action.center", "'1,two'"}},
      {"task.name: t\naction.half_range: [1, -2]\n", DF_E_CONFIG, {":2", "action.half_range", "0 .. 1000000"}},
      {"task.name: t\naction.center: 1,,2\n", DF_E_CONFIG, {":2", "action.center", "'1,,2'"}},
      {"task.name: t\ndata.gaits: [trot, trot]\n", DF_E_CONFIG, {":2", "data.gaits", "twice"}},
      {"task.name: t\ndata.gaits: ['a,b']\n", DF_E_CONFIG, {":2", "data.gaits", "a,b", "comma"}},
      {"task.name: t\ndata.gaits: [[a]]\n", DF_E_CONFIG, {":2", "data.gaits", "sequence"}},
      {"task.name: t\ntrain.steps: [1]\n", DF_E_CONFIG, {":2", "train.steps", "'1'", "sequence"}},
      {"task.name: t\ntrain.rate: [0.1]\n", DF_E_CONFIG, {":2", "train.rate", "'0.1'", "sequence"}},
      {"task.name: t\nnet.kind: [dit]\n", DF_E_CONFIG, {":2", "net.kind", "'dit'", "sequence"}},
      {"task.name: t\ntrain.steps: {a: 1}\n", DF_E_CONFIG, {":2", "train.steps.a"}},
      {"task.name: t\ntrain: 5\n", DF_E_CONFIG, {":2", "'train'", "'5'"}},
      {"task.name: t\ntask.name: u\n", DF_E_CONFIG, {":2", "task.name", "twice", "line 1"}},
      {"task.name: t\ntrain: {steps: 1}\ntrain.steps: 1\n", DF_E_CONFIG, {":3", "train.steps", "twice", "line 2"}},
      {"task.name: t\ntrain: {steps: 1}\ntrain: {batch: 1}\n", DF_E_CONFIG, {":3", "'train'", "twice", "line 2"}},
      {"task.name: t\nprofiles:\n  p:\n    train.stps: 1\n", DF_E_CONFIG, {":4", "train.stps", "train.steps?"}},
      {"task.name: t\nprofiles.p.methods.m.net.width: 1\n", DF_E_CONFIG, {":2", "net.width", "'1'", "4 .. 4096"}},
      {"task.name: t\nmethods:\n  m:\n    net.kind: cnn\n", DF_E_CONFIG, {":4", "net.kind", "'cnn'", "dit|mlp"}},
      {"task.name: t\nmethods.m.profiles.p.train.steps: 1\n", DF_E_CONFIG, {":2", "profiles.p.train.steps"}},
      {"task.title: t\n", DF_E_CONFIG, {"task.name", "missing"}},
      {"task.name: ''\n", DF_E_CONFIG, {"task.name", "missing"}},
      {"task: {name: t, methods: [a, bee]}\nmethods.be.train.steps: 5\n",
       DF_E_CONFIG,
       {":2", "'methods.be.train.steps': method 'be' is not among task.methods: a, bee"}},
      {"methods.m.task.name: t\n", DF_E_CONFIG, {"task.name", "missing"}},
      {"task.name: t\ntask.title: \"a\\nb\"\n", DF_E_CONFIG, {":2", "task.title", "control"}},
      {"task.name: [\n", DF_E_FORMAT, {":2"}},
      {"task.name: t\n  bad: indent\n", DF_E_FORMAT, {":2"}},
      {"- a\n- b\n", DF_E_FORMAT, {"mapping"}},
      {"", DF_E_FORMAT, {"mapping"}},
      {"task.name: t\n---\ntask.name: u\n", DF_E_FORMAT, {"second document"}},
      {"task.name: t\ntrain: &a {x: *a}\n", DF_E_FORMAT, {":2"}},
      {"a: {a: {a: {a: {a: {a: {a: {a: {a: 1}}}}}}}}\n", DF_E_FORMAT, {":1", "too deep"}},
      {"task.name: t\n? [a]\n: b\n", DF_E_FORMAT, {"key"}},
      {"task.name: t\n'': b\n", DF_E_FORMAT, {":2", "empty key"}},
      {"task.name: \"t\\0u\"\n", DF_E_FORMAT, {":1", "zero byte"}},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    df_config c;
    memset(&c, 0x55, sizeof c);
    const df_config before = c;
    const df_status status = load(cases[i].yaml, NULL, NULL, &c);
    if (status != cases[i].status) fail_msg("status %d for: %s (%s)", status, cases[i].yaml, df_error_message());
    assert_says(scratch_path);
    for (int k = 0; k < 5 && cases[i].says[k]; k++) assert_says(cases[i].says[k]);
    assert_memory_equal(&c, &before, sizeof c);
  }
}

static void a_file_that_is_not_there_is_missing_by_name(void** state) {
  (void)state;
  df_config c;
  assert_int_equal(df_config_load(scratch_path, NULL, NULL, 0, NULL, &c), DF_E_MISSING);
  assert_says(scratch_path);
}

static void an_unknown_profile_is_named_with_those_there_are(void** state) {
  (void)state;
  df_config c;
  assert_int_equal(load(layered, "fast", NULL, &c), DF_E_CONFIG);
  assert_says(scratch_path, "'fast'", "smoke, bare, full");
  assert_int_equal(load("task.name: t\n", "fast", NULL, &c), DF_E_CONFIG);
  assert_says("known profiles: full");
}

static void a_far_key_is_not_suggested(void** state) {
  (void)state;
  df_config c = df_config_default();
  assert_int_equal(df_config_set(&c, "foo", "1", "--set"), DF_E_CONFIG);
  assert_string_equal(df_error_message(), "--set: unknown key 'foo' (value '1')");
  assert_int_equal(df_config_set(&c, "train.step", "1", "--set"), DF_E_CONFIG);
  assert_string_equal(df_error_message(), "--set: unknown key 'train.step' (value '1'); did you mean train.steps?");
}

static void overrides_are_checked_like_the_file(void** state) {
  (void)state;
  static const struct {
    const char *set, *says;
  } cases[] = {{"train.steps", "key=value"},
               {"=5", "key=value"},
               {"train.stepz=5", "train.steps?"},
               {"train.steps=0", "1 .. 100000000"},
               {"train.steps= 5x", "' 5x'"}};
  df_config c;
  put_yaml(layered);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    assert_int_equal(df_config_load(scratch_path, NULL, NULL, 1, &cases[i].set, &c), DF_E_CONFIG);
    assert_says("--set", cases[i].says);
  }
  const char* const title = "task.title=a=b, c";
  assert_ok(df_config_load(scratch_path, NULL, NULL, 1, &title, &c));
  assert_string_equal(c.task_title, "a=b, c");
}

/* unlike names, items may be repeated, and have room for names of arrays */
static void items_are_kept_in_order_and_may_be_repeated(void** state) {
  (void)state;
  df_config c = df_config_default();
  char item[DF_ITEM_MAX + 1], text[256];
  assert_ok(df_config_set(&c, "data.columns", " skip:2,\tqpos@a+b \t,skip:2\t", "test"));
  assert_int_equal(c.data_columns.n, 3);
  assert_string_equal(c.data_columns.v[1], "qpos@a+b");
  const df_config_key* keys;
  const int n = df_config_keys(&keys);
  for (int i = 0; i < n; i++) {
    if (strcmp(keys[i].name, "data.columns") == 0) df_config_value(&c, i, text, sizeof text);
  }
  assert_string_equal(text, "skip:2,qpos@a+b,skip:2");
  /* brackets, as in a task file */
  assert_ok(df_config_set(&c, "data.columns", "[qpos, qvel]", "test"));
  assert_int_equal(c.data_columns.n, 2);
  assert_string_equal(c.data_columns.v[0], "qpos");
  assert_string_equal(c.data_columns.v[1], "qvel");
  assert_ok(df_config_set(&c, "task.methods", "[dynaflow,bc]", "test"));
  assert_int_equal(c.task_methods.n, 2);
  assert_ok(df_config_set(&c, "data.action_scale", "[0.5, 2]", "test"));
  assert_true(c.data_action_scale.n == 2 && c.data_action_scale.v[1] == 2);
  assert_ok(df_config_set(&c, "data.actuators", "[]", "test"));
  assert_int_equal(c.data_actuators.n, 0);
  assert_int_equal(df_config_set(&c, "data.columns", "[[qpos]]", "test"), DF_OK); /* an unknown block, named later */
  assert_string_equal(c.data_columns.v[0], "[qpos]");
  memset(item, 'x', DF_ITEM_MAX);
  item[DF_ITEM_MAX] = '\0';
  assert_int_equal(df_config_set(&c, "data.columns", item, "test"), DF_E_CONFIG);
  assert_says("data.columns",
              "the item 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...' has 1024 characters, more than 1023");
  /* wherever it stands in the list */
  static const char* const lists[] = {"a,bc,%s", "%s,ab,c", "a,%s,bc,d"};
  for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
    char list[DF_ITEM_MAX + 16];
    snprintf(list, sizeof list, lists[i], item);
    assert_int_equal(df_config_set(&c, "data.columns", list, "test"), DF_E_CONFIG);
    assert_says("data.columns",
                "the item 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...' has 1024 characters, more than 1023");
  }
  item[DF_ITEM_MAX - 1] = '\0';
  assert_ok(df_config_set(&c, "data.columns", item, "test"));
  assert_int_equal(df_config_set(&c, "data.columns", "qpos,,qvel", "test"), DF_E_CONFIG);
  assert_says("an empty item");
  char many[2 * DF_ITEMS_MAX + 3] = "a";
  for (int i = 1; i < DF_ITEMS_MAX; i++) strcat(many, ",a");
  assert_ok(df_config_set(&c, "data.columns", many, "test"));
  strcat(many, ",a");
  assert_int_equal(df_config_set(&c, "data.columns", many, "test"), DF_E_CONFIG);
  assert_says("too many items");
}

static void too_long_values_are_refused_not_cut(void** state) {
  (void)state;
  df_config c = df_config_default();
  char text[DF_TEXT_MAX + 1];
  memset(text, 'x', DF_TEXT_MAX);
  text[DF_TEXT_MAX] = '\0';
  assert_int_equal(df_config_set(&c, "task.title", text, "test"), DF_E_CONFIG);
  assert_int_equal(df_config_set(&c, "data.gaits", text, "test"), DF_E_CONFIG);
  text[DF_TEXT_MAX - 1] = '\0';
  assert_ok(df_config_set(&c, "task.title", text, "test"));
  text[DF_NAME_MAX - 1] = '\0';
  assert_ok(df_config_set(&c, "data.gaits", text, "test"));
  text[DF_NAME_MAX - 1] = 'x';
  text[DF_NAME_MAX] = '\0';
  assert_int_equal(df_config_set(&c, "data.gaits", text, "test"), DF_E_CONFIG);

  char list[512] = "1";
  for (int i = 1; i < DF_LIST_MAX; i++) strcat(list, ",1");
  assert_ok(df_config_set(&c, "action.center", list, "test"));
  assert_int_equal(c.action_center.n, DF_LIST_MAX);
  strcat(list, ",1");
  assert_int_equal(df_config_set(&c, "action.center", list, "test"), DF_E_CONFIG);
  char names[1024] = "n0";
  for (int i = 1; i < DF_NAMES_MAX; i++) snprintf(names + strlen(names), sizeof names - strlen(names), ",n%d", i);
  assert_ok(df_config_set(&c, "data.gaits", names, "test"));
  assert_int_equal(c.data_gaits.n, DF_NAMES_MAX);
  strcat(names, ",n");
  assert_int_equal(df_config_set(&c, "data.gaits", names, "test"), DF_E_CONFIG);
}

static void a_preset_is_all_settings_of_its_network(void** state) {
  (void)state;
  static const struct {
    const char* name;
    int width, depth, heads, ratio, skip;
  } presets[] = {{"small", 64, 2, 4, 4, 128}, {"base", 96, 3, 4, 4, 256}, {"jax_seed", 384, 3, 6, 4, 0}};
  for (size_t i = 0; i < sizeof presets / sizeof *presets; i++) {
    df_config c = df_config_default();
    assert_ok(df_config_set(&c, "net.kind", "mlp", "test"));
    assert_ok(df_config_set(&c, "net.position_std", "2", "test"));
    assert_ok(df_config_set(&c, "net.preset", presets[i].name, "test"));
    assert_string_equal(c.net_kind, "dit");
    assert_true(c.net_width == presets[i].width && c.net_depth == presets[i].depth && c.net_heads == presets[i].heads);
    assert_true(c.net_mlp_ratio == presets[i].ratio && c.net_skip_hidden == presets[i].skip);
    assert_true(c.net_position_std == 0.7);
  }
}

/* what is not part of a training: how it is evaluated, other methods and experts, and how it is sampled */
static void some_settings_change_no_training(void** state) {
  (void)state;
  static const struct {
    const char* key;
    bool trains;
  } cases[] = {{"eval.windows", false},   {"tracking.steps", false}, {"projection.steps", false},
               {"trajopt.steps", false},  {"expert.updates", false}, {"flow.solver", false},
               {"flow.tolerance", false}, {"flow.guidance", false},  {"flow.eta", false},
               {"flow.clip", false},      {"flow.path", true},       {"flow.prediction", true},
               {"flow.sigma", true},      {"train.steps", true},     {"net.width", true},
               {"inverse.steps", true},   {"evaluation", true},      {"data.path", true}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    if (df_config_trains(cases[i].key) != cases[i].trains) fail_msg("%s", cases[i].key);
  }
}

static void note_change(void* context, const char* profile, const char* key, const char* value) {
  char* all = context;
  snprintf(all + strlen(all), 400 - strlen(all), "%s|%s|%s\n", profile, key, value);
}

/* the changes of the profiles in the order of the file, and nothing else of it */
static void profiles_are_told_with_what_they_change(void** state) {
  (void)state;
  char all[400] = "";
  put_yaml(layered);
  assert_ok(df_config_profiles(scratch_path, note_change, all));
  assert_string_equal(all,
                      "smoke|train.rate|0.3\nsmoke|train.clip|30\nsmoke|train.ema|0.3\n"
                      "smoke|methods.a.train.clip|40\nsmoke|methods.a.train.ema|0.4\nfull||\nbare||\n");
  all[0] = '\0';
  put_yaml("task.name: t\ntrain.steps: 5\n");
  assert_ok(df_config_profiles(scratch_path, note_change, all));
  assert_string_equal(all, "full||\n");
}

/* canonical text is part of result keys: the shortest text that reads back exactly */
static void numbers_have_their_shortest_exact_text(void** state) {
  (void)state;
  static const struct {
    const char *value, *text;
  } cases[] = {
      {"0.1", "0.1"},  {"0.10", "0.1"},   {"1e-1", "0.1"}, {"0.30000000000000004", "0.30000000000000004"},
      {"-0", "0"},     {"1e5", "100000"}, {"+3", "3"},     {"0.333333333333333314829616256247", "0.3333333333333333"},
      {"-1.5", "-1.5"}};
  const df_config_key* keys;
  const int n = df_config_keys(&keys);
  int row = 0;
  while (row < n && strcmp(keys[row].name, "action.center") != 0) row++;
  df_config c = df_config_default();
  char text[64];
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    assert_ok(df_config_set(&c, "action.center", cases[i].value, "test"));
    df_config_value(&c, row, text, sizeof text);
    assert_string_equal(text, cases[i].text);
  }
  double u[200];
  df_rng_normal(1, DF_STREAM_TEST, 0, 200, u);
  for (int i = 0; i < 200; i++) {
    c.action_center = (df_list){.n = 1, .v = {ldexp(u[i], (i - 100) / 6)}};
    const double wanted = c.action_center.v[0];
    df_config_value(&c, row, text, sizeof text);
    assert_ok(df_config_set(&c, "action.center", text, "test"));
    assert_true(c.action_center.v[0] == wanted);
  }
  c.action_center = (df_list){.n = 3, .v = {1, 2, 3}};
  df_config_value(&c, row, text, 4); /* truncated and terminated */
  assert_string_equal(text, "1,2");
  df_config_value(&c, -1, text, sizeof text);
  assert_string_equal(text, "");
}

/* every file has the profile "full", if only to leave the settings as they are */
static void full_needs_no_profiles(void** state) {
  (void)state;
  df_config c;
  assert_ok(load("task.name: t\ntrain.steps: 7\n", "full", NULL, &c));
  assert_int_equal(c.train_steps, 7);
  assert_int_equal(load("task.name: t\n", "smoke", NULL, &c), DF_E_CONFIG);
  assert_non_null(strstr(df_error_message(), "no profile 'smoke'; known profiles: full"));
  assert_ok(load("task.name: t\ntrain.steps: 7\nprofiles.p.train.steps: 3\n", "full", NULL, &c));
  assert_int_equal(c.train_steps, 7);
  assert_int_equal(load("task.name: t\nprofiles.p.train.steps: 3\n", "q", NULL, &c), DF_E_CONFIG);
  assert_non_null(strstr(df_error_message(), "no profile 'q'; known profiles: p, full"));
}

/* of many profiles the first are named, and the others counted: 32 of 15 characters with a comma each fill the list */
static void many_profiles_are_counted(void** state) {
  (void)state;
  enum { PROFILES = 2000 };
  df_config c;
  char *text = malloc(PROFILES * 64), *at = text + sprintf(text, "task.name: t\nprofiles.full.train.steps: 3\n");
  for (int i = 0; i < PROFILES; i++) at += sprintf(at, "profiles.p%012d.train.steps: 3\n", i);
  assert_int_equal(load(text, "q", NULL, &c), DF_E_CONFIG);
  assert_non_null(strstr(df_error_message(), "no profile 'q'; known profiles: p000000000000, p000000000001, "));
  assert_non_null(strstr(df_error_message(), "p000000000032, p000000000033, full, and 1966 more"));
  free(text);
}

/* the tasks of the project, with each of their profiles and methods */
static void the_tasks_of_the_project_are_valid(void** state) {
  (void)state;
  static const char* const names[] = {"hopper", "go1_gaits"};
  static const char* const profiles[] = {NULL, "smoke", "full", "full_cpu"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    char path[64];
    snprintf(path, sizeof path, "tasks/%s/task.yaml", names[i]);
    for (size_t p = 0; p < sizeof profiles / sizeof *profiles; p++) {
      df_config c;
      assert_ok(df_config_load(path, profiles[p], NULL, 0, NULL, &c));
      assert_string_equal(c.task_name, names[i]);
      for (int m = 0; m < c.task_methods.n; m++) {
        df_config of_method;
        assert_ok(df_config_load(path, profiles[p], c.task_methods.v[m], 0, NULL, &of_method));
      }
    }
  }
}

static void no_truncated_or_flipped_file_is_a_fault(void** state) {
  (void)state;
  char text[sizeof layered];
  df_config c;
  for (size_t n = 0; n < sizeof layered - 1; n += 3) {
    memcpy(text, layered, sizeof text);
    text[n] = '\0';
    (void)(load(text, "smoke", "a", &c) == DF_OK);
  }
  for (size_t at = 0; at < sizeof layered - 1; at++) {
    memcpy(text, layered, sizeof text);
    text[at] = (char)(text[at] ^ (1 << (at % 7)));
    (void)(load(text, "smoke", "a", &c) == DF_OK);
  }
}

static void a_failed_allocation_leaks_nothing(void** state) {
  (void)state;
  put_yaml(layered);
  df_status status = DF_E_NOMEM;
  for (size_t n = 1; status != DF_OK; n++) {
    assert_true(n < 200);
    df_config c;
    df_alloc_fail_at(n);
    status = df_config_load(scratch_path, "smoke", "a", 0, NULL, &c);
    df_alloc_fail_at(0);
    assert_true(status == DF_OK || status == DF_E_NOMEM);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_default_is_valid_and_reads_back_as_itself),
      cmocka_unit_test(every_key_stands_once_in_the_table),
      IN_SCRATCH(later_layers_win),
      IN_SCRATCH(a_preset_sets_the_network_and_keys_of_its_source_win),
      IN_SCRATCH(profile_and_method_are_each_optional),
      IN_SCRATCH(sequences_become_lists_and_names),
      cmocka_unit_test(a_preset_is_all_settings_of_its_network),
      cmocka_unit_test(some_settings_change_no_training),
      IN_SCRATCH(profiles_are_told_with_what_they_change),
      IN_SCRATCH(what_is_wrong_is_refused_with_place_key_and_value),
      IN_SCRATCH(a_file_that_is_not_there_is_missing_by_name),
      IN_SCRATCH(an_unknown_profile_is_named_with_those_there_are),
      IN_SCRATCH(full_needs_no_profiles),
      IN_SCRATCH(many_profiles_are_counted),
      cmocka_unit_test(a_far_key_is_not_suggested),
      IN_SCRATCH(overrides_are_checked_like_the_file),
      cmocka_unit_test(items_are_kept_in_order_and_may_be_repeated),
      cmocka_unit_test(too_long_values_are_refused_not_cut),
      cmocka_unit_test(numbers_have_their_shortest_exact_text),
      cmocka_unit_test(the_tasks_of_the_project_are_valid),
      IN_SCRATCH(no_truncated_or_flipped_file_is_a_fault),
      IN_SCRATCH(a_failed_allocation_leaks_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
