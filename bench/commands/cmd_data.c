/* cmd_data.c: dynaflow data info|make|fetch|check TASK: describes, generates, downloads or checks a task's model and
 * demonstrations; dynaflow data import SOURCE... makes a task of recordings. */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "commands.h"
#include "data_check_command.h"
#include "data_coverage_plot.h"
#include "data_import_command.h"
#include "data_path.h"
#include "dynaflow/config/config.h"
#include "dynaflow/config/search.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "dynaflow/core/hash.h"
#include "dynaflow/core/model_identity.h"
#include "dynaflow/data/chart.h"
#include "dynaflow/data/dataset.h"
#include "dynaflow/data/recording.h"
#include "dynaflow/data/task.h"
#include "dynaflow/sim/mujoco.h"
#include "dynaflow/sim/system.h"
#include "exit_code.h"
#include "json.h"
#include "list.h"
#include "listed_files.h"
#include "lookup.h"
#include "options.h"
#include "record_model.h"
#include "rows.h"
#include "suggestion.h"
#include "task_notes.h"
#include "terminal.h"
#include "text.h"
#include "unchecked.h"

enum {
  KEY_UNVERIFIED = 0x700,
  KEY_HTTP,
  KEY_FILE,
  KEY_MODEL,
  KEY_COLUMNS,
  KEY_OUT,
  KEY_NAME,
  KEY_FORCE,
  KEY_REFERENCE
};

typedef struct arguments {
  options common;
  fetch_cfg allowed;
  const char* action;
  const char* task;
  data_check_arguments check;
  data_import_arguments import;
  bool to_make; /* the demonstrations are missing, but can be generated */
} arguments;

/* the words after "import" */
static void add_source(data_import_arguments* a, const char* word) {
  a->sources = list_grow(a->sources, a->n, sizeof *a->sources);
  a->sources[a->n++] = word;
}

static void set_action(arguments* a, const char* word, struct argp_state* state) {
  static const char* const actions[] = {"info", "make", "fetch", "check", "import"};
  enum { ACTIONS = sizeof actions / sizeof *actions };
  char hint[96];
  for (int i = 0; i < ACTIONS; i++) {
    if (strcmp(word, actions[i]) == 0) a->action = actions[i];
  }
  if (a->action) return;
  argp_error(state, "unknown action '%s'%s (choose info, make, fetch, check or import)", word,
             suggestion(word, ACTIONS, actions, hint, sizeof hint));
}

/* the words and options that the action takes */
static void check_arguments(const arguments* a, struct argp_state* state) {
  const bool check = a->action && strcmp(a->action, "check") == 0,
             import = a->action && strcmp(a->action, "import") == 0;
  if (import) {
    if (a->import.n == 0) argp_error(state, "missing argument: import needs a file, a pattern or a folder");
    if (!a->check.model) argp_error(state, "import needs --model M.xml, the MuJoCo model of the recording");
    if (!a->import.out && !a->import.name)
      argp_error(state, "import needs --out FOLDER, or --name NAME for tasks/NAME");
    if (a->import.out && a->import.name) argp_error(state, "--out and --name cannot be combined");
  } else if (!a->task) {
    argp_error(state, "missing argument: info, make, fetch or check, and a task; or import, and recordings");
  }
  if (strcmp(a->action, "fetch") != 0 && (a->allowed.unverified || a->allowed.http || a->allowed.file))
    argp_error(state, "--allow-unverified, --allow-http and --allow-file are options of 'data fetch'");
  if (!check && !import && (a->check.model || a->check.columns))
    argp_error(state, "--model and --columns are options of 'data check'");
  if (import && a->check.columns) argp_error(state, "--columns is an option of 'data check'");
  if (!import && (a->import.out || a->import.name || a->import.force || a->import.reference))
    argp_error(state, "--out, --name, --force and --reference are options of 'data import'");
}

static error_t parse(int key, char* value, struct argp_state* state) {
  arguments* a = state->input;
  switch (key) {
    case ARGP_KEY_INIT:
      state->child_inputs[0] = &a->common;
      return 0;
    case KEY_UNVERIFIED:
      a->allowed.unverified = true;
      return 0;
    case KEY_HTTP:
      a->allowed.http = true;
      return 0;
    case KEY_FILE:
      a->allowed.file = true;
      return 0;
    case KEY_MODEL:
      a->check.model = parse_text(state, "--model", value);
      return 0;
    case KEY_COLUMNS:
      a->check.columns = true;
      return 0;
    case KEY_OUT:
      a->import.out = parse_text(state, "--out", value);
      return 0;
    case KEY_NAME:
      a->import.name = parse_text(state, "--name", value);
      return 0;
    case KEY_FORCE:
      a->import.force = true;
      return 0;
    case KEY_REFERENCE:
      a->import.reference = true;
      return 0;
    case ARGP_KEY_ARG:
      if (state->arg_num == 0) {
        set_action(a, value, state);
      } else if (strcmp(a->action, "import") == 0) {
        add_source(&a->import, value);
      } else if (state->arg_num == 1) {
        a->task = value;
      } else {
        argp_error(state, "unexpected argument '%s': one task is expected", value);
      }
      return 0;
    case ARGP_KEY_END:
      check_arguments(a, state);
      return 0;
    default:
      return ARGP_ERR_UNKNOWN;
  }
}

static const struct argp_child children[] = {OPTIONS_CHILD, {0}};
static const struct argp_option own_options[] = {
    {"allow-unverified", KEY_UNVERIFIED, 0, 0, "fetch: accept files for which the task gives no SHA-256", 0},
    {"allow-http", KEY_HTTP, 0, 0, "fetch: accept http: URLs, which are not encrypted", 0},
    {"allow-file", KEY_FILE, 0, 0, "fetch: accept file: URLs, which copy a file of this machine", 0},
    {"model", KEY_MODEL, "M.xml", 0, "import: the model of the recordings; check: of a FILE that belongs to no task",
     0},
    {"columns", KEY_COLUMNS, 0, 0, "check: also print range, mean, spread and histogram of every coordinate", 0},
    {"out", KEY_OUT, "DIR", 0, "import: the folder to write; its name is that of the task", 0},
    {"name", KEY_NAME, "NAME", 0,
     "import: write tasks/NAME, with other characters than letters, digits, _ and - replaced", 0},
    {"force", KEY_FORCE, 0, 0, "import: replace the task that is in the folder", 0},
    {"reference", KEY_REFERENCE, 0, 0, "import: name the path of the recordings instead of copying them", 0},
    {0}};
const struct argp data_argp = {
    .options = own_options,
    .parser = parse,
    .args_doc = "info|make|fetch|check TASK\ncheck FILE --model M.xml\nimport SOURCE... --model M.xml --out DIR",
    .doc =
        "Describes, generates, downloads or checks the model and demonstrations of a task, or makes a task of "
        "recordings.\n\n"
        "info prints sizes, hashes and sources. make generates demonstrations, if the "
        "task has a generator. fetch downloads recorded files by their URL, https "
        "only, and checks their SHA-256. Files are written below the first --data "
        "folder, else in the task's data/ folder, or, where that cannot be written, in the user's data folder "
        "(~/.local/share/dynaflow), and nowhere else. check examines recorded states, and actions if there are any: "
        "what is wrong with them, and with which setting they would be right (docs/data-check.md). import recognises "
        "recordings (files, patterns in quotes, folders) by their arrays and the model, checks them, and writes a "
        "complete task folder: task.yaml, in which each setting has its reason, model, recordings, expect.yaml, "
        "README.md; "
        "--set key=value says what it cannot find (docs/add-a-task.md).\v"
        "Exits with 0 when done, 1 when a check finds something that makes training wrong, 2 on bad input or when a "
        "file cannot be downloaded, 3 when a file is missing, 130 when interrupted.",
    .children = children};

/* adds a row with a text */
static void add_text(rows* out, const char* task, const char* what, const char* value, const char* unit) {
  rows_add_object(out, json_pack("{s:s,s:s,s:s,s:s}", "task", task, "what", what, "value", value, "unit", unit));
}

/* adds a row with a number, as an integer if it is one */
static void add_number(rows* out, const char* task, const char* what, double value, const char* unit) {
  json_t* number = value == (double)(long)value ? json_integer((long)value) : json_real(value);
  rows_add_object(out, json_pack("{s:s,s:s,s:o,s:s}", "task", task, "what", what, "value", number, "unit", unit));
}

/* ---- info ---- */

static void add_lengths(rows* out, const char* task, const df_dataset* data) {
  int shortest = data->length;
  for (int e = 0; e < data->episodes; e++) shortest = data->lengths[e] < shortest ? data->lengths[e] : shortest;
  if (shortest == data->length) {
    add_number(out, task, "episode length", data->length, "actions");
    return;
  }
  add_number(out, task, "shortest episode", shortest, "actions");
  add_number(out, task, "longest episode", data->length, "actions");
  add_number(out, task, "all episodes", (double)df_dataset_actions(data), "actions");
}

/* the rates of recorded frames that are not those of the actions */
static void add_rates(rows* out, const df_config* config, const df_system* system, const df_recording* recording,
                      const df_dataset* data) {
  if (data->resampled == 0) return;
  double low = INFINITY, high = 0;
  for (int e = 0; e < data->episodes; e++) {
    const double rate = 1 / df_recording_frame_duration(recording, config, system, e);
    low = fmin(low, rate);
    high = fmax(high, rate);
  }
  char* rates = high > low * 1.0001 ? format_text("%.5g to %.5g Hz", low, high) : format_text("%.5g Hz", low);
  char* value = format_text("%s, resampled to %.5g Hz", rates, 1 / data->dt);
  char* unit = format_text("%d of %d episodes", data->resampled, data->episodes);
  add_text(out, config->task_name, "frame rate", value, unit);
  df_free(unit);
  df_free(value);
  df_free(rates);
}

static void describe(rows* out, const df_config* config, const df_system* system, const df_dataset* data,
                     const df_windows* windows) {
  const char* t = config->task_name;
  add_text(out, t, "data sha256", data->sha256, "");
  add_number(out, t, "episodes", data->episodes, "");
  add_lengths(out, t, data);
  add_number(out, t, "duration of an action", data->dt, "s");
  add_number(out, t, "total duration", (double)df_dataset_actions(data) * data->dt, "s");
  add_number(out, t, "state size nx", data->nx, "");
  add_number(out, t, "action size nu", system->nu, data->actions ? "" : "of the model; the data have states only");
  if (data->spare_actions) add_text(out, t, "recorded actions", "the last one of each episode is not used", "");
  add_number(out, t, "condition size nc", data->nc, data->condition_per_frame ? "per frame" : "");
  text names = {0};
  for (int i = 0; i < data->nc; i++) text_add(&names, "%s%s", i ? ", " : "", data->condition_name[i]);
  if (names.n) add_text(out, t, "conditions", text_of(&names), "");
  text_clear(&names);
  add_number(out, t, "window", windows->horizon, "actions");
  add_number(out, t, "training windows", windows->n_train, "");
  add_number(out, t, "test windows", windows->n_test,
             strcmp(config->split_by, "time") == 0 ? "of held-out blocks" : "of held-out episodes");
  if (windows->n_validation) add_number(out, t, "validation windows", windows->n_validation, "");
  if (windows->unused_episodes) {
    add_number(out, t, "episodes without a window", windows->unused_episodes, "too short: not used");
  }
}

static void point_to_licences(rows* out, const char* task, const options* opts) {
  static const char* const files[] = {"README.md", "LICENSE"};
  char* folder = NULL;
  if (task_folder(opts, task, &folder) != DF_OK) return;
  for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
    char* path = df_path_join(folder, files[i]);
    if (path && df_file_exists(path)) add_text(out, task, i == 0 ? "origin and licence" : "licence", path, "");
    df_free(path);
  }
  df_free(folder);
}

/* the identity of the model; its files one by one if there are several */
static void describe_model(rows* out, const char* task, const df_model_identity* model) {
  json_t *files = model_files_json(model->list), *file;
  size_t i;
  const size_t n = json_array_size(files);
  char unit[32] = "";
  if (n > 1) snprintf(unit, sizeof unit, "of %zu files", n);
  add_text(out, task, "model sha256", model->files, unit);
  json_array_foreach(files, i, file) {
    if (n > 1) add_text(out, task, "model file", string_of(file, "path"), string_of(file, "sha256"));
  }
  add_text(out, task, "compiled model sha256", model->compiled, "");
  json_decref(files);
}

/* names the standard deviations that are below their floors */
static df_status add_floored(rows* out, const df_config* config, const df_system* system, const df_dataset* data,
                             const df_windows* windows) {
  static const char* const subjects[] = {[DF_SCALED_STATE] = "state scaled by its floor",
                                         [DF_SCALED_START] = "start state scaled by its floor",
                                         [DF_SCALED_ACTION] = "action scaled by its floor"};
  df_chart* chart;
  const df_floored* list;
  DF_TRY(df_chart_new(system, config, &chart));
  const df_status status = df_chart_fit(chart, data, windows);
  const int n = df_chart_floored(chart, &list);
  for (int i = 0; i < n; i++) {
    text note = {0};
    floored_text(&note, &list[i]);
    add_text(out, config->task_name, subjects[list[i].what], list[i].name, text_of(&note));
    text_clear(&note);
  }
  df_chart_free(chart);
  return status;
}

/* what was read beside the demonstrations: the files of a pattern, arrays that nothing uses */
static void describe_recording(rows* out, const char* task, const df_recording* recording) {
  const df_array_info* list;
  const int files = df_recording_files(recording), n = df_recording_unused(recording, &list);
  if (files > 1) add_number(out, task, "files", files, "");
  for (int i = 0; i < df_recording_notes(recording); i++) {
    add_text(out, task, "note", df_recording_note(recording, i), "");
  }
  for (int i = 0; i < n; i++) {
    text shape = {0};
    for (int k = 0; k < list[i].rank; k++) text_add(&shape, "%s%zu", k ? "," : "", list[i].shape[k]);
    char* value = format_text("%s [%s]", list[i].name, text_of(&shape));
    add_text(out, task, "array that nothing uses", value, "");
    df_free(value);
    text_clear(&shape);
  }
}

static df_status read_recording(rows* out, const char* path, const df_config* config, const df_system* system,
                                df_dataset** data) {
  df_recording* recording;
  DF_TRY(df_recording_open(path, config, system, &recording));
  const df_status status = df_recording_convert(recording, config, system, data);
  if (status == DF_OK) {
    describe_recording(out, config->task_name, recording);
    add_rates(out, config, system, recording, *data);
  }
  df_recording_free(recording);
  return status;
}

static df_status info(arguments* a, const df_config* config, const df_search* search, rows* out) {
  df_system* system = NULL;
  df_dataset* data = NULL;
  df_windows* windows = NULL;
  char* path = NULL;
  char model_sha256[DF_SHA256_TEXT];
  /* model; its gradient is not needed here */
  df_mujoco_cfg cfg = df_task_system_cfg(config);
  df_status status = df_task_system_with(config, search, &cfg, &system, model_sha256);
  if (status == DF_E_UNSUPPORTED) {
    if (!a->common.quiet) print_line(stderr, "dynaflow: warning: not ready for training: %s", df_error_message());
    cfg.finite_differences = true;
    status = df_task_system_with(config, search, &cfg, &system, model_sha256);
  }
  if (status == DF_OK) {
    add_text(out, config->task_name, "title", config->task_title, "");
    add_text(out, config->task_name, "model", config->system_model, "");
    describe_model(out, config->task_name, df_mujoco_identity(system));
    status = task_data_path(config, search, &a->common, false, &path);
    a->to_make = status == DF_E_MISSING && strcmp(config->data_source, "generator") == 0;
  }
  /* demonstrations and windows */
  if (status == DF_OK) {
    add_text(out, config->task_name, "data", path, "");
    status = read_recording(out, path, config, system, &data);
  }
  if (status == DF_OK) status = df_windows_new(data, config, &windows);
  if (status == DF_OK) {
    warn_unchecked(config, system, data, &a->common);
    describe(out, config, system, data, windows);
    status = add_floored(out, config, system, data, windows);
  }
  if (status == DF_OK && config->train_episodes > 0) {
    status = df_windows_keep_episodes(windows, data, config->train_episodes);
    if (status == DF_OK) add_number(out, config->task_name, "trained on", windows->n_train, "windows (train.episodes)");
  }
  if (status == DF_OK) {
    point_to_licences(out, a->task, &a->common);
  }
  df_windows_free(windows);
  df_dataset_free(data);
  df_system_free(system);
  df_free(path);
  return status;
}

/* ---- make ---- */

/* draws what the demonstrations cover; without gnuplot, or where the folder is only read, this is a warning */
static df_status draw_coverage(const arguments* a, const df_config* config, const df_search* search, const char* path) {
  df_system* system;
  df_dataset* data = NULL;
  char model_sha256[DF_SHA256_TEXT];
  DF_TRY(df_task_system(config, search, &system, model_sha256));
  df_status status = df_dataset_read(path, config, system, &data);
  if (status == DF_OK) status = data_coverage_plot(path, data);
  df_dataset_free(data);
  df_system_free(system);
  if (status != DF_E_MISSING && status != DF_E_IO) return status;
  if (!a->common.quiet) print_line(stderr, "dynaflow: warning: the coverage is not drawn: %s", df_error_message());
  return DF_OK;
}

static df_status make(const arguments* a, const df_config* config, const df_search* search, rows* out) {
  char* path = NULL;
  char hash[DF_SHA256_TEXT];
  if (strcmp(config->data_source, "generator") != 0) {
    return df_fail(
        DF_E_CONFIG,
        "task %s: data.source is %s: recorded demonstrations cannot be generated; run: dynaflow data fetch %s",
        config->task_name, config->data_source, a->task);
  }
  df_status status = task_data_path(config, search, &a->common, true, &path);
  if (status == DF_OK) status = task_data_restore_card(config, search, &a->common, path);
  if (status == DF_OK) status = df_sha256_file(path, hash);
  if (status == DF_OK) status = draw_coverage(a, config, search, path);
  if (status == DF_OK) {
    add_text(out, config->task_name, "data", path, "");
    add_text(out, config->task_name, "data sha256", hash, "");
  }
  df_free(path);
  return status;
}

/* ---- fetch ---- */

/* Checks the hash that the task gives, where `hash` is of the one file at `path`. That of a model may cover all files
 * of the model, which are known only when it is compiled. */
static df_status check_hash(const df_config* config, const df_search* search, const fetch_item* item, const char* path,
                            const char* hash) {
  if (fetch_accepts(item, hash)) return DF_OK;
  if (!item->several) {
    return df_fail(DF_E_MISMATCH, "%s: SHA-256 is %s, the task expects %s; replace the file", path, hash, item->sha256);
  }
  df_system* system = NULL;
  char files[DF_SHA256_TEXT];
  const df_status status = df_task_system(config, search, &system, files);
  df_system_free(system);
  return status;
}

static df_status check_present(const df_config* config, const df_search* search, const fetch_item* item,
                               const char* present) {
  char hash[DF_SHA256_TEXT];
  DF_TRY(df_sha256_file(present, hash));
  return check_hash(config, search, item, present, hash);
}

/* downloads the task's model or data unless it is found; checks its hash if the task gives one */
static df_status fetch_one(const arguments* a, const df_config* config, const df_search* search, const fetch_item* item,
                           rows* out) {
  const char *what = item->key, *name = item->name, *sha256 = item->sha256;
  char hash[DF_SHA256_TEXT];
  char *present = NULL, *folder = NULL, *path = NULL;
  /* a file that is present is only checked */
  if (df_search_find(search, name, &present) == DF_OK) {
    df_status status = check_present(config, search, item, present);
    if (status == DF_OK) add_text(out, config->task_name, what, present, "already present");
    df_free(present);
    return status;
  }
  /* download it */
  if (!item->url[0]) {
    return df_fail(DF_E_MISSING,
                   "task %s: no URL for %s '%s'; put the file into a folder and name the folder with --data",
                   config->task_name, what, name);
  }
  df_status status = writable_data_folder(search, &a->common, &folder);
  if (status == DF_OK) status = fetch_file(item, &a->allowed, folder, &a->common, hash);
  if (status == DF_OK) path = df_path_join(folder, name);
  if (status == DF_OK && !path) status = DF_E_NOMEM;
  if (status == DF_OK) {
    status = check_hash(config, search, item, path, hash);
    if (status != DF_OK) {
      (void)remove(path);
      status = df_fail(
          status,
          "%s: SHA-256 is %s, the task wants %s, which is not that of all model files either: %s; it was not kept",
          item->url, hash, sha256, df_error_message());
    }
  }
  if (status == DF_OK) {
    add_text(out, config->task_name, what, path, "fetched");
    add_text(out, config->task_name, "sha256", hash,
             !sha256[0]                      ? "not given in the task"
             : strcasecmp(hash, sha256) == 0 ? "as expected"
                                             : "the hash of all model files is as expected");
  }
  df_free(path);
  df_free(folder);
  return status;
}

/* files that fit a pattern are only looked for; they are checked when they are read */
static df_status check_several(const df_config* config, const df_search* search, const arguments* a, rows* out) {
  char* path;
  df_status status = task_data_path(config, search, &a->common, false, &path);
  if (status == DF_OK) add_text(out, config->task_name, "data", path, "already present");
  if (status == DF_E_MISSING) {
    status = df_fail(status,
                     "task %s: data.file '%s' is a pattern for several files, which `data fetch` cannot download; put "
                     "them into a folder and name the folder with --data",
                     config->task_name, config->data_file);
  }
  df_free(path);
  return status;
}

/* The files of a list that are missing in `folder` are downloaded into it, and `fetched` says which. */
static df_status download_listed(const arguments* a, const df_config* config, const char* folder, bool* fetched) {
  df_status status = DF_OK;
  for (int i = 0; i < listed_count(config->data_file) && status == DF_OK; i++) {
    char hash[DF_SHA256_TEXT];
    char *name = listed_name(config->data_file, i), *url = listed_name(config->data_url, i);
    char* path = df_path_join(folder, name);
    const fetch_item item = {.several = true, .key = "data", .name = name, .url = url, .sha256 = config->data_sha256};
    if (!path) status = DF_E_NOMEM;
    if (path && !df_file_exists(path)) {
      status = fetch_file(&item, &a->allowed, folder, &a->common, hash);
      fetched[i] = status == DF_OK;
    }
    df_free(path);
    df_free(url);
    df_free(name);
  }
  return status;
}

/* removes the files of a list that were downloaded */
static void remove_listed(const df_config* config, const char* folder, const bool* fetched) {
  for (int i = 0; i < listed_count(config->data_file); i++) {
    char* name = listed_name(config->data_file, i);
    char* file = fetched[i] ? df_path_join(folder, name) : NULL;
    if (file) (void)remove(file);
    df_free(file);
    df_free(name);
  }
}

/* checks the files that will be read together against data.sha256 */
static df_status check_listed(const df_config* config, const char* path, rows* out, const char* how) {
  char hash[DF_SHA256_TEXT];
  DF_TRY(df_recording_hash(path, hash));
  if (config->data_sha256[0] && strcasecmp(hash, config->data_sha256) != 0) {
    return df_fail(DF_E_MISMATCH, "%s: SHA-256 of its files is %s, the task expects %s%s", path, hash,
                   config->data_sha256, strcmp(how, "fetched") == 0 ? "; they were not kept" : "; replace the files");
  }
  add_text(out, config->task_name, "data", path, how);
  add_text(out, config->task_name, "sha256", hash, config->data_sha256[0] ? "as expected" : "not given in the task");
  return DF_OK;
}

/* whether every file of a list is found */
static bool are_present(const df_config* config, const df_search* search) {
  bool all = true;
  for (int i = 0; i < listed_count(config->data_file) && all; i++) {
    char *name = listed_name(config->data_file, i), *path = NULL;
    all = df_search_find(search, name, &path) == DF_OK;
    df_free(path);
    df_free(name);
  }
  return all;
}

/* Downloads the files that data.file lists in braces, from the URLs that data.url lists in the same order, unless all
 * of them are found. Their common hash is known when all are there. */
static df_status fetch_listed(const arguments* a, const df_config* config, const df_search* search, rows* out) {
  char *folder = NULL, *path = NULL;
  if (are_present(config, search)) {
    DF_TRY(task_data_path(config, search, &a->common, false, &path));
    const df_status status = check_listed(config, path, out, "already present");
    df_free(path);
    return status;
  }
  bool* fetched = df_alloc((size_t)listed_count(config->data_file), sizeof *fetched);
  df_status status = fetched ? writable_data_folder(search, &a->common, &folder) : DF_E_NOMEM;
  if (status == DF_OK) status = download_listed(a, config, folder, fetched);
  if (status == DF_OK) path = df_path_join(folder, config->data_file);
  if (status == DF_OK) status = path ? check_listed(config, path, out, "fetched") : DF_E_NOMEM;
  if (status != DF_OK && folder) remove_listed(config, folder, fetched);
  df_free(fetched);
  df_free(folder);
  df_free(path);
  return status;
}

static df_status fetch(const arguments* a, const df_config* config, const df_search* search, rows* out) {
  const fetch_item model = {.key = "model",
                            .name = config->system_model,
                            .url = config->system_model_url,
                            .sha256 = config->system_model_sha256,
                            .several = true};
  const fetch_item data = {
      .key = "data", .name = config->data_file, .url = config->data_url, .sha256 = config->data_sha256};
  DF_TRY(fetch_one(a, config, search, &model, out));
  if (strcmp(config->data_source, "generator") == 0) {
    add_text(out, config->task_name, "data", "generated", "dynaflow data make");
    return DF_OK;
  }
  const int listed = listed_count(config->data_file);
  if (listed > 0 && listed == listed_count(config->data_url)) return fetch_listed(a, config, search, out);
  if (is_file_pattern(config->data_file)) return check_several(config, search, a, out);
  return fetch_one(a, config, search, &data, out);
}

int cmd_data(int argc, char** argv) {
  arguments a = {.common = options_default()};
  df_config config;
  df_search search;
  options_parse(&data_argp, argc, argv, &a);
  if (strcmp(a.action, "check") == 0) return data_check_command(a.task, &a.check, &a.common);
  if (strcmp(a.action, "import") == 0) {
    const int imported = data_import_command(&a.import, a.check.model, &a.common);
    df_free(a.import.sources);
    return imported;
  }
  rows out = rows_new();
  df_status status = resolve_task(a.task, NULL, NULL, &a.common, &config, &search);
  if (status == DF_OK && strcmp(a.action, "info") == 0) status = info(&a, &config, &search, &out);
  if (status == DF_OK && strcmp(a.action, "make") == 0) status = make(&a, &config, &search, &out);
  if (status == DF_OK && strcmp(a.action, "fetch") == 0) status = fetch(&a, &config, &search, &out);
  int code = EXIT_DONE;
  if (status == DF_OK) {
    rows_print(&out, &a.common);
  } else {
    /* the hint of report_task_failure() to fetch would not help after a failed fetch, nor for what is generated */
    const bool fetches = strcmp(a.action, "fetch") != 0 && !a.to_make;
    code = fetches ? report_task_failure(status, a.task) : report_failure(status);
    if (a.to_make) print_line(stderr, "dynaflow: to generate the demonstrations, run: dynaflow data make %s", a.task);
  }
  rows_free(&out);
  search_clear(&search);
  return code;
}
