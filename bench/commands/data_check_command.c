#include "data_check_command.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "action_names.h"
#include "action_scale.h"
#include "column_ranges.h"
#include "data_check.h"
#include "data_path.h"
#include "dynaflow/config/config.h"
#include "dynaflow/config/search.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "dynaflow/core/hash.h"
#include "dynaflow/data/dataset.h"
#include "dynaflow/data/recording.h"
#include "dynaflow/data/task.h"
#include "dynaflow/io/arrays.h"
#include "dynaflow/sim/system.h"
#include "excerpt.h"
#include "exit_code.h"
#include "found_reading.h"
#include "held_out.h"
#include "json.h"
#include "known_layouts.h"
#include "lookup.h"
#include "progress.h"
#include "propose.h"
#include "replay_hypotheses.h"
#include "replay_settings.h"
#include "replay_study.h"
#include "rows.h"
#include "suite.h"
#include "terminal.h"
#include "text.h"
#include "unknown_rate.h"

/* ---- what is checked ---- */

/* owns its parts */
typedef struct checked {
  const char* name;
  df_config config;
  df_search search;
  df_system* system;
  df_dataset* data;
  char* path;
} checked;

static void checked_clear(checked* c) {
  df_dataset_free(c->data);
  df_system_free(c->system);
  df_free(c->path);
  search_clear(&c->search);
}

static void print_notes(const char* name, const text* notes) {
  for (const char* rest = text_of(notes); *rest;) {
    const size_t n = strcspn(rest, "\n");
    print_line(stderr, "dynaflow: %s: %.*s", name, (int)n, rest);
    rest += n + (rest[n] == '\n');
  }
}

/* takes the settings data.* of a layout that import knows; of a file of this program, the rate that it states by a name
 * that only import knows */
static df_status apply_layout(const found_reading* r, df_config* config) {
  for (int i = 0; i < r->found.n; i++) {
    const setting* s = &r->found.list[i];
    const bool takes = r->layout ? strncmp(s->key, "data.", 5) == 0 : strcmp(s->key, "data.rate") == 0;
    if (takes) DF_TRY(df_config_set(config, s->key, s->value, "data check"));
  }
  return DF_OK;
}

/* settings for files of no task, and these files as one path or pattern: windows do not matter */
static df_status file_config(const char* file, const data_check_arguments* a, const options* opts, const char* name,
                             df_config* config, char** path) {
  found_reading r = {0};
  if (!df_file_exists(file) && !is_file_pattern(file)) return df_fail(DF_E_MISSING, "%s: file not found", file);
  if (!df_file_exists(a->model)) return df_fail(DF_E_MISSING, "model file %s not found", a->model);
  DF_TRY(model_config(a->model, opts, config));
  df_status status = found_reading_of(file, a->model, opts, &r);
  if (status == DF_OK) status = apply_layout(&r, config);
  if (status == DF_OK && !opts->quiet) print_notes(name, &r.notes);
  *path = r.path;
  r.path = NULL;
  found_reading_clear(&r);
  DF_TRY(status);
  config->data_sha256[0] = '\0';
  config->window_horizon = 1;
  config->window_first = 0;
  return DF_OK;
}

static df_status open_checked(const char* target, const data_check_arguments* a, const options* opts, checked* c) {
  char model_sha256[DF_SHA256_TEXT];
  *c = (checked){.name = target};
  if (a->model && strrchr(target, '/') && strrchr(target, '/')[1]) c->name = strrchr(target, '/') + 1;
  if (a->model) {
    DF_TRY(file_config(target, a, opts, c->name, &c->config, &c->path));
    c->search.folder[0] = df_strdup("");
    c->search.n = c->search.folder[0] ? 1 : 0;
  } else {
    DF_TRY(resolve_task(target, NULL, NULL, opts, &c->config, &c->search));
    c->name = c->config.task_name;
  }
  /* no gradient is needed */
  const df_mujoco_cfg cfg = replay_cfg(&c->config, false);
  DF_TRY(df_task_system_with(&c->config, &c->search, &cfg, &c->system, model_sha256));
  return c->path ? DF_OK : task_data_path(&c->config, &c->search, opts, true, &c->path);
}

/* Whether the first of the files has the array of actions, outside of groups or in the first one. Several arrays, or a
 * pattern, are those of a layout that was recognised, or of the user: reading them tells what is missing. */
static bool has_actions(const checked* c, const df_recording* states) {
  df_arrays* arrays = NULL;
  if (strpbrk(c->config.data_actions_key, "*+")) return true;
  const char* pattern = c->config.data_episodes_key;
  const size_t group = strcspn(pattern, "*?[");
  bool found = df_arrays_open(df_recording_file(states, 0), &arrays) != DF_OK;
  for (int i = 0; arrays && i < df_arrays_count(arrays) && !found; i++) {
    const char* name = df_arrays_info(arrays, i)->name;
    const size_t n = strlen(name), own = strlen(c->config.data_actions_key);
    const bool ends = n >= own && strcmp(name + n - own, c->config.data_actions_key) == 0;
    found = ends && (n == own || (name[n - own - 1] == '/' && group < n && strncmp(name, pattern, group) == 0));
  }
  df_arrays_close(arrays);
  return found;
}

/* A file without an array of actions is read as states only, which is a finding of its own. */
static df_status drop_missing_actions(checked* c, data_findings* out) {
  df_recording* opened = NULL;
  df_config states = c->config;
  if (!c->config.data_actions_key[0]) return DF_OK;
  states.data_actions_key[0] = '\0';
  DF_TRY(df_recording_open(c->path, &states, c->system, &opened));
  const bool has = has_actions(c, opened);
  df_recording_free(opened);
  if (has) return DF_OK;
  data_finding* one = data_findings_add(out, DATA_CHECK_ACTIONS, NULL, 0, NAN, "");
  data_finding_judge(one, CHECK_WARN, "there is no array '%s': only states are checked", c->config.data_actions_key);
  data_finding_fits(one, "data.actions_key", "");
  c->config = states;
  return DF_OK;
}

static bool is_set(const options* opts, const char* key) {
  const size_t n = strlen(key);
  for (int i = 0; i < opts->n_set; i++) {
    if (strncmp(opts->set[i], key, n) == 0 && opts->set[i][n] == '=') return true;
  }
  return false;
}

/* Whether the first of the files has the array of states, in the groups of episodes or outside; true of one that cannot
 * be opened. */
static bool has_states(const checked* c) {
  df_arrays* arrays = NULL;
  char** files;
  size_t n_files;
  const char* key = c->config.data_states_key;
  const size_t own = strlen(key);
  bool found = df_file_glob(c->path, &files, &n_files) != DF_OK || df_arrays_open(files[0], &arrays) != DF_OK;
  for (int i = 0; arrays && i < df_arrays_count(arrays) && !found; i++) {
    const char* name = df_arrays_info(arrays, i)->name;
    const size_t n = strlen(name);
    found = n >= own && strcmp(name + n - own, key) == 0 && (n == own || name[n - own - 1] == '/');
  }
  df_arrays_close(arrays);
  df_file_glob_free(files, n_files);
  return found;
}

/* Adds to the error of a file without the array of states that its columns can be described, or recognised by import.
 */
static df_status teach_columns(const checked* c, const options* opts, df_status status) {
  char* first = format_text("%s", df_error_message()); /* looking at the file may replace it */
  const bool teach = !is_set(opts, "data.columns") && !has_states(c);
  const df_status out =
      df_fail(status, "%s%s", first,
              teach ? ". Say what the columns are, --set data.states_key=ARRAY --set data.columns=BLOCK,... "
                      "(docs/recordings.md), or import the file: dynaflow data import FILE --model MODEL --out FOLDER "
                      "recognises common layouts"
                    : "");
  df_free(first);
  return out;
}

/* the rate of the settings, else of the files, Hz; 0: unknown */
static df_status find_rate(const checked* c, double* rate) {
  df_recording* opened = NULL;
  df_config states = c->config;
  *rate = c->config.data_rate;
  if (*rate > 0) return DF_OK;
  states.data_actions_key[0] = '\0';
  DF_TRY(df_recording_open(c->path, &states, c->system, &opened));
  *rate = df_recording_rate(opened);
  df_recording_free(opened);
  return DF_OK;
}

/* An action of a file of no task takes a frame of the stated rate: divides it as import does, unless a setting says how
 * many steps it has. */
static df_status settle_steps(checked* c, const options* opts) {
  char model_sha256[DF_SHA256_TEXT];
  double rate;
  if (!c->config.data_actions_key[0] || is_set(opts, "system.substeps")) return DF_OK;
  DF_TRY(find_rate(c, &rate));
  if (rate <= 0 || 1 / rate > DF_SUBSTEPS_MAX * df_mujoco_timestep(c->system)) return DF_OK;
  const action_steps steps = steps_of_action(1 / rate, df_mujoco_timestep(c->system));
  if (steps.substeps == df_mujoco_substeps(c->system) && steps.timestep == df_mujoco_timestep(c->system)) return DF_OK;
  c->config.system_substeps = steps.substeps;
  c->config.system_timestep = steps.timestep;
  const df_mujoco_cfg cfg = replay_cfg(&c->config, false);
  df_system_free(c->system);
  c->system = NULL;
  return df_task_system_with(&c->config, &c->search, &cfg, &c->system, model_sha256);
}

/* A file of no task that states no rate was checked with a rate of the model's that nobody said. */
static df_status judge_rate(const checked* c, const options* opts, data_findings* out) {
  df_recording* opened;
  if (is_set(opts, "system.timestep") || is_set(opts, "system.substeps")) return DF_OK;
  DF_TRY(df_recording_open(c->path, &c->config, c->system, &opened));
  if (rate_is_unknown(opened, &c->config, c->system)) unknown_rate_judge(opened, c->system->dt, out);
  df_recording_free(opened);
  return DF_OK;
}

/* The checks of the states. A number that is not finite may end any of the steps that open the file. */
static df_status check_states(checked* c, bool is_file, const options* opts, data_findings* out) {
  check_cfg thorough = check_thorough;
  thorough.step = df_mujoco_timestep(c->system);
  df_status status = is_file ? drop_missing_actions(c, out) : DF_OK;
  if (status == DF_OK && is_file) status = settle_steps(c, opts);
  if (status == DF_OK) status = data_check_recording(c->path, &c->config, c->system, &thorough, out, &c->data);
  if (status == DF_OK && is_file) status = judge_rate(c, opts, out);
  status = data_check_finite(status, out);
  return is_file && status == DF_E_FORMAT ? teach_columns(c, opts, status) : status;
}

/* ---- what is held out ---- */

/* Whether held-out episodes repeat those of the training: of a task by its windows, as a training reads them; of a
 * file, of which it is not known what will be held out, whether episodes repeat others. Demonstrations that are wrong
 * or that have no windows are not looked at: a training refuses them. */
static df_status check_copies(const checked* c, bool is_file, data_findings* out) {
  df_dataset* data = NULL;
  df_windows* windows = NULL;
  if (!c->data || data_findings_count(out, CHECK_WRONG)) return DF_OK;
  df_status status = is_file ? DF_OK : df_dataset_read(c->path, &c->config, c->system, &data);
  if (status == DF_OK && !is_file) status = df_windows_new(data, &c->config, &windows);
  if (status != DF_OK) {
    df_dataset_free(data);
    return status == DF_E_NOMEM ? status : DF_OK;
  }
  const held_out_input in = {
      .data = is_file ? c->data : data, .windows = windows, .config = &c->config, .system = c->system};
  status = check_held_out(&in, out);
  df_windows_free(windows);
  df_dataset_free(data);
  return status;
}

/* ---- the verdict of a replay ---- */

enum { REPLAYED = 2000 }; /* actions at most, in whole episodes, at least one */

/* some episodes, evenly spread, as a dataset of their own */
static df_status some_episodes(const df_dataset* data, df_dataset** out) {
  const int wanted = REPLAYED / data->length > 1 ? REPLAYED / data->length : 1;
  const int n = wanted < data->episodes ? wanted : data->episodes;
  excerpt_part* parts = df_alloc((size_t)n, sizeof *parts);
  if (!parts) return DF_E_NOMEM;
  for (int i = 0; i < n; i++) {
    const int episode = (int)((long)i * data->episodes / n);
    parts[i] = (excerpt_part){episode, 0, data->lengths[episode]};
  }
  const df_status status = excerpt_new(data, n, parts, out);
  df_free(parts);
  return status;
}

/* Actions that do not lead to the states may be of another model. States that are read as those of other joints are
 * wrong, whatever is trained on them. */
static check_verdict verdict_of(const replay_study* s) {
  if (s->reading.states) return CHECK_WRONG;
  return replay_verdict_exit(s->verdict) == EXIT_DONE ? CHECK_OK : CHECK_WARN;
}

/* what only the solver options of the model's file reproduce: training does not see it as it was recorded */
static void add_gap(const replay_study* s, data_findings* out) {
  char* warning = replay_study_warning(s);
  if (!warning) return;
  data_finding* one = data_findings_add(out, DATA_CHECK_REPLAY, "training", replay_study_gap(s).largest,
                                        REPLAY_GAP_LARGE, "share of motion");
  data_finding_judge(one, CHECK_WARN, "%s", warning);
  df_free(warning);
}

/* the settings with which the states follow, else in words what is different */
static void say_what_fits(const checked* c, const replay_study* s, remedy* out) {
  const hypothesis* h = replay_study_alternative(s);
  const df_mujoco_cfg now = replay_cfg(&c->config, false);
  if (!replay_study_would_fit(s)) return;
  if (h && !s->reading.words && alternative_as_settings(h, &c->config, &now, c->system, c->data->spare_actions, out))
    return;
  remedy_say(out, "%s", replay_study_would_fit(s));
}

/* Adds the verdict of `dynaflow replay` on some episodes, if there are actions and the states are right: as they are
 * now, no model could follow. */
static df_status check_replay(const checked* c, const options* opts, data_findings* out) {
  if (!c->data || !c->data->actions || data_findings_count(out, CHECK_WRONG)) return DF_OK;
  replay_study study = {0};
  df_dataset* some = NULL;
  char* scaled = NULL;
  options quiet = *opts;
  quiet.quiet = opts->quiet || !progress_on_terminal();
  df_status status = some_episodes(c->data, &some);
  if (status == DF_OK) {
    const replay_input in = {.config = &c->config,
                             .search = &c->search,
                             .data = some,
                             .system = c->system,
                             .limits = {NAN, NAN, NAN},
                             .opts = &quiet};
    status = replay_study_run(&in, &study);
    const bool lost = status == DF_OK && study.verdict == REPLAY_ANOTHER_MODEL;
    if (lost) status = action_scale_explain(&in, &study.r, &scaled);
  }
  if (status == DF_OK) {
    const double error = replay_error(&study.evidence);
    const check_verdict verdict = verdict_of(&study);
    const bool decides = (error <= 1) == (verdict == CHECK_OK);
    char* reason = replay_study_reason(&study);
    data_finding* one = data_findings_add(out, DATA_CHECK_REPLAY, NULL, error, decides ? 1 : NAN, "error / limit");
    data_finding_judge(one, verdict, "%s: %s", replay_verdict_text(study.verdict), reason);
    say_what_fits(c, &study, &one->would_fit);
    if (scaled) {
      data_finding_judge(one, verdict,
                         "%s: the recorded actions are not actuator controls: with a scale and an offset per actuator, "
                         "fitted to the recorded states, the recording follows",
                         replay_verdict_text(REPLAY_ANOTHER_CONVENTION));
      remedy_say(&one->would_fit, "%s", scaled);
    }
    df_free(reason);
    add_gap(&study, out);
  }
  df_free(scaled);
  replay_study_clear(&study);
  df_dataset_free(some);
  return status;
}

/* ---- output ---- */

static void add_finding(const data_finding* f, const char* task, bool json, rows* out) {
  char* fits = remedy_text(&f->would_fit);
  json_t* one =
      json_pack("{s:s,s:s,s:s,s:s,s:o,s:o,s:s,s:o}", "task", task, "column", f->column, "check",
                data_check_name(f->check), "verdict", check_verdict_text(f->verdict), "value", json_number(f->value),
                "limit", json_number(f->limit), "unit", f->unit, "would_fit", fits[0] ? json_text(fits) : json_null());
  df_free(fits);
  if (json) json_object_set_new(one, "reason", json_text(f->reason));
  rows_add_object(out, one);
}

static df_status add_columns(const checked* c, bool json, rows* out) {
  column_range* list;
  int n;
  DF_TRY(column_ranges(c->data, c->system, &list, &n));
  for (int i = 0; i < n; i++) {
    const column_range* r = &list[i];
    char drawn[3 * COLUMN_BINS + 1];
    column_histogram(r, drawn);
    json_t* one =
        json_pack("{s:s,s:s,s:s,s:s,s:f,s:f,s:f,s:f,s:s}", "task", c->name, "column", r->name, "check", "range",
                  "verdict", "ok", "min", r->min, "mean", r->mean, "max", r->max, "std", r->std, "unit", r->unit);
    json_t* bins = json_array();
    for (int b = 0; b < COLUMN_BINS; b++) json_array_append_new(bins, json_integer((json_int_t)r->bins[b]));
    json_object_set_new(one, "histogram", json ? json_incref(bins) : json_string(drawn));
    json_decref(bins);
    rows_add_object(out, one);
  }
  df_free(list);
  return DF_OK;
}

static void print_reasons(const checked* c, const data_findings* found, bool quiet) {
  for (int i = 0; i < found->n; i++) {
    const data_finding* f = &found->list[i];
    const bool told = f->check == DATA_CHECK_EXAMINED || f->check == DATA_CHECK_FRAME_INTERVAL;
    const bool shown = f->verdict != CHECK_OK || (told && f->reason && f->reason[0]);
    if (!shown || (quiet && f->verdict != CHECK_WRONG)) continue;
    char* fits = remedy_text(&f->would_fit);
    print_line(stderr, "dynaflow: %s: %s: %s%s%s: %s%s%s", c->name, check_verdict_text(f->verdict),
               data_check_name(f->check), f->column[0] ? ", " : "", f->column, f->reason,
               fits[0] ? "; would fit: " : "", fits);
    df_free(fits);
  }
}

/* whether the array is the number from which data.rate was taken */
static bool is_rate(const checked* c, const char* name) {
  df_arrays* arrays;
  df_array value;
  if (!(c->config.data_rate > 0) || !layout_names_rate(name) || df_arrays_open(c->path, &arrays) != DF_OK) return false;
  bool same = false;
  if (df_arrays_read(arrays, name, &value) == DF_OK) {
    same = value.count == 1 && value.values[0] == c->config.data_rate;
    df_array_clear(&value);
  }
  df_arrays_close(arrays);
  return same;
}

/* the arrays, and columns of a table, that nothing uses; without attributes, which `data info` lists */
static df_status print_unused(const checked* c, bool quiet) {
  const df_array_info* list;
  df_recording* opened;
  unused_names names = {0};
  if (quiet || !c->data) return DF_OK;
  DF_TRY(df_recording_open(c->path, &c->config, c->system, &opened));
  const int n = df_recording_unused(opened, &list);
  for (int i = 0; i < n; i++) {
    if (strchr(list[i].name, '@') || is_rate(c, list[i].name)) continue;
    unused_names_add(&names, c->system, list[i].name);
  }
  for (int k = 0; k < UNUSED_KINDS; k++) {
    text line = {0};
    unused_names_line(&names, k, "arrays or columns", &line);
    if (line.n) print_line(stderr, "dynaflow: %s: %s", c->name, text_of(&line));
    text_clear(&line);
  }
  for (int i = 0; i < df_recording_notes(opened); i++)
    print_line(stderr, "dynaflow: %s: %s", c->name, df_recording_note(opened, i));
  unused_names_clear(&names);
  df_recording_free(opened);
  return DF_OK;
}

static df_status print_findings(const checked* c, const data_check_arguments* a, const options* opts,
                                const data_findings* found) {
  rows out = rows_new();
  for (int i = 0; i < found->n; i++) add_finding(&found->list[i], c->name, opts->json, &out);
  df_status status = DF_OK;
  if (a->columns && !opts->json) {
    rows_print(&out, opts);
    rows_free(&out);
    out = rows_new();
  }
  if (a->columns && c->data) status = add_columns(c, opts->json, &out);
  rows_print(&out, opts);
  print_reasons(c, found, opts->quiet);
  rows_free(&out);
  return status == DF_OK ? print_unused(c, opts->quiet) : status;
}

int data_check_command(const char* target, const data_check_arguments* a, const options* opts) {
  checked c;
  data_findings found = {0};
  df_status status = open_checked(target, a, opts, &c);
  if (status == DF_OK) status = check_states(&c, a->model != NULL, opts, &found);
  if (status == DF_OK) status = check_replay(&c, opts, &found);
  if (status == DF_OK) status = check_copies(&c, a->model != NULL, &found);
  if (status == DF_OK) status = print_findings(&c, a, opts, &found);
  int code = data_findings_count(&found, CHECK_WRONG) ? EXIT_CHECK_FAILED : EXIT_DONE;
  if (status != DF_OK) code = a->model ? report_failure(status) : report_task_failure(status, target);
  data_findings_clear(&found);
  checked_clear(&c);
  return code;
}
