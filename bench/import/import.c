#define _GNU_SOURCE
#include "import.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "action_names.h"
#include "column_names.h"
#include "data_check.h"
#include "dynaflow/config/config.h"
#include "dynaflow/config/search.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/core/clock.h"
#include "dynaflow/core/file.h"
#include "dynaflow/data/recording.h"
#include "dynaflow/data/task.h"
#include "escape.h"
#include "find_base.h"
#include "find_rate.h"
#include "import_actions.h"
#include "import_conditions.h"
#include "import_text.h"
#include "known_layouts.h"
#include "model_copy.h"
#include "name_proof.h"
#include "propose.h"
#include "stop.h"
#include "task_growth.h"
#include "write_limits.h"

/* how often the recording is read again with what its check proposes */
enum { MOST_CORRECTIONS = 4 };

static void close_work(work* w) {
  work_close_files(w);
  new_folder_discard(&w->folder);
  df_free(w->name);
  df_free(w->model);
  df_free(w->data);
}

/* ---- the name ---- */

/* the last part of the path, without slashes at its end */
static df_status find_name(work* w) {
  size_t n = strlen(w->cfg->out);
  while (n > 1 && w->cfg->out[n - 1] == '/') n--;
  size_t at = n;
  while (at > 0 && w->cfg->out[at - 1] != '/') at--;
  w->name = format_text("%.*s", (int)(n - at), w->cfg->out + at);
  if (is_file_name(w->name)) return DF_OK;
  return df_fail(
      DF_E_CONFIG,
      "--out %s: the folder's name is that of the task: letters, digits, _ and, after the first character, -",
      w->cfg->out);
}

/* ---- model ---- */

static df_status open_model(work* w) {
  settings_put(w->found, "system.model", w->cfg->model);
  DF_TRY(work_make_system(w, w->cfg->model));
  w->own = w->system;
  if (w->system->nu == 0) {
    return df_fail(DF_E_CONFIG, "%s: the model has no actuators, so that there is nothing to learn: add an <actuator>",
                   w->cfg->model);
  }
  DF_TRY(copy_model(&w->folder, w->cfg->model, df_mujoco_identity(w->system), &w->result->notes, &w->model));
  settings_put(w->found, "system.model", w->model);
  settings_put_why(w->found, "system.model_sha256", df_mujoco_identity(w->system)->files,
                   "of the model's files; empty it to change them");
  return DF_OK;
}

/* ---- recordings ---- */

/* the part of a name after the last dot, with it; "" */
static const char* extension_of(const char* path) {
  const char* slash = strrchr(path, '/');
  const char* dot = strrchr(slash ? slash : path, '.');
  return dot && dot != path ? dot : "";
}

/* a name without characters that a pattern or a shell reads */
static char* clean_name(const char* path) {
  const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path, *dot = extension_of(name);
  char* stem = format_text("%.*s", (int)(strlen(name) - strlen(dot)), name);
  char* clean = file_name_of(stem);
  char* out = format_text("%s%s", clean, is_file_name(dot[0] ? dot + 1 : "x") ? dot : "");
  df_free(stem);
  df_free(clean);
  return out;
}

static df_status copy_recordings(work* w) {
  const char* extension = extension_of(w->files.path[0]);
  bool same = true;
  char* single = NULL;
  for (int i = 0; i < w->files.n; i++) {
    char* clean = clean_name(w->files.path[i]);
    char* to = format_text("data/%s", clean);
    char* whole = df_path_join(w->folder.draft, to);
    df_status status = whole ? DF_OK : DF_E_NOMEM;
    if (whole && df_file_exists(whole))
      status =
          df_fail(DF_E_CONFIG, "%s: another recording is named %s, too: import them one after the other, or rename it",
                  w->files.path[i], clean);
    if (status == DF_OK) status = new_folder_copy(&w->folder, w->files.path[i], to, &w->bytes);
    same &= strcmp(extension_of(w->files.path[i]), extension) == 0;
    if (i == 0) single = format_text("%s", to);
    df_free(clean);
    df_free(to);
    df_free(whole);
    if (status != DF_OK) {
      df_free(single);
      return status;
    }
  }
  char* pattern = w->files.n == 1 ? format_text("%s", single) : format_text("data/*%s", same ? extension : "");
  w->data = df_path_join(w->folder.draft, pattern);
  settings_put_why(w->found, "data.file", pattern, "%d file%s, %.3g MB, copied", w->files.n, w->files.n == 1 ? "" : "s",
                   w->bytes * 1e-6);
  df_free(single);
  df_free(pattern);
  return w->data ? DF_OK : DF_E_NOMEM;
}

/* one file, or one pattern, by its absolute path */
static df_status refer_to_recordings(work* w) {
  const char* word = w->cfg->n == 1 ? w->cfg->sources[0] : w->files.path[0];
  if (w->files.n > 1 && (w->cfg->n > 1 || w->files.skipped[0] || !strpbrk(word, "*?["))) {
    return df_fail(DF_E_CONFIG,
                   "--reference: %d files can only be named by one pattern, in quotes, such as '%s/*%s'; without "
                   "--reference they are copied",
                   w->files.n, "FOLDER", extension_of(w->files.path[0]));
  }
  char* folder = df_path_folder(word);
  char* whole = folder ? realpath(folder, NULL) : NULL;
  const char* slash = strrchr(word, '/');
  if (!whole) {
    df_free(folder);
    return df_fail(DF_E_MISSING, "%s: no such folder", word);
  }
  w->data = format_text("%s/%s", whole, slash ? slash + 1 : word);
  settings_put_why(w->found, "data.file", w->data, "%d file%s, not copied", w->files.n, w->files.n == 1 ? "" : "s");
  free(whole);
  df_free(folder);
  return DF_OK;
}

static df_status open_source(work* w) {
  DF_TRY(source_open(w->cfg->n, w->cfg->sources, &w->files));
  settings_put(w->found, "data.source", "file");
  DF_TRY(w->cfg->reference ? refer_to_recordings(w) : copy_recordings(w));
  if (w->files.skipped[0]) text_add(&w->result->notes, "left out: %s\n", w->files.skipped);
  recognition r = {.files = &w->files, .model = &w->study, .found = w->found};
  const known_layout* layout;
  const df_status status = recognise(&r, &layout);
  text_add(&w->result->notes, "%s", text_of(&r.notes));
  if (status == DF_OK && layout) text_add(&w->result->notes, "layout: %s (%s)\n", layout->name, layout->about);
  text_clear(&r.notes);
  w->rate_assumed = r.rate_assumed;
  w->clock = r.clock;
  w->base_open = r.base_open;
  return status;
}

/* Says that the rate of LAFAN1 is assumed of a table that states none, and asks for the rate if its quaternions turn
 * out not to be LAFAN1's: then it is another table. */
static df_status judge_assumed_rate(const work* w) {
  const setting *rate = settings_find(w->found, "data.rate"), *order = settings_find(w->found, "data.quaternion");
  if (!w->rate_assumed || !rate || rate->given || strcmp(rate->value, "30") != 0) return DF_OK;
  if (order && strcmp(order->value, "xyzw") != 0)
    return df_fail(DF_E_CONFIG,
                   "%s: the file states no frame rate, and its quaternions are %s, so that it is not one of LAFAN1, "
                   "whose frames are 30 Hz: give the rate by --set data.rate=HZ",
                   w->files.path[0], order->value);
  text_add(&w->result->notes,
           "the file states no frame rate: 30 Hz, that of LAFAN1, is assumed; --set data.rate=HZ says otherwise\n");
  return DF_OK;
}

/* ---- the check of the recording ---- */

/* Puts the settings that would fit and that the user left open. Returns how many. */
static int put_remedy(work* w, const data_finding* f) {
  int n = 0;
  for (int i = 0; i < f->would_fit.n; i++) {
    const char *key = f->would_fit.list[i].key, *value = f->would_fit.list[i].value;
    const setting* old = settings_find(w->found, key);
    if (old && (old->given || old->kept || strcmp(old->value, value) == 0)) continue;
    settings_put_why(w->found, key, value, "data check: %s", f->reason);
    if (strcmp(key, "data.select") == 0)
      text_add(&w->result->notes, "episodes are left out, data.select = %s: %s%s%s: %s\n", value,
               data_check_name(f->check), f->column[0] ? ", " : "", f->column, f->reason);
    if (strcmp(key, "data.position_offset") == 0)
      text_add(&w->result->notes, "positions are moved, data.position_offset = %s: %s\n", value, f->reason);
    if (f->check == DATA_CHECK_FRAME_RATE && strcmp(key, "data.rate") == 0)
      text_add(&w->result->notes, "the frame rate is taken to be %s Hz, not %.6g Hz: %s\n", value, 1 / w->dataset->dt,
               f->reason);
    if (strcmp(key, "data.velocities") == 0)
      text_add(&w->result->notes, "the recorded velocities are not used, data.velocities = %s: %s%s%s: %s\n", value,
               data_check_name(f->check), f->column[0] ? ", " : "", f->column, f->reason);
    n++;
  }
  return n;
}

/* whether a finding is about velocities of a recording that has none */
static bool is_inapplicable(const work* w, const data_finding* f) {
  return data_check_is_of_velocity(f->check) && !work_has_velocities(w);
}

/* A recording that floats or sinks is put on the floor, also if that is only a warning; one with actions comes from a
 * simulator, and is where it was. Another place or scale of the positions is no remedy while velocities do not tell how
 * long a frame takes: with a wrong rate they seem to need one. */
static bool is_remedied(const work* w, const data_finding* f, bool follow) {
  if (is_inapplicable(w, f)) return false;
  /* a factor by least squares, to which a single wrong velocity matters */
  if (follow && (f->check == DATA_CHECK_VELOCITY_SCALE || f->check == DATA_CHECK_FRAME_RATE)) return false;
  const bool moved = remedy_value(&f->would_fit, "data.position_offset") != NULL;
  const bool scaled = remedy_value(&f->would_fit, "data.position_scale") != NULL;
  if (!w->timed && work_has_velocities(w) && (moved || scaled)) return false;
  return f->verdict == CHECK_WRONG || (f->verdict == CHECK_WARN && moved && !w->dataset->actions);
}

/* ---- the names of the columns ---- */

/* puts the order of actuators that names of joints tell, unless the recorded actions contradict it */
static df_status follow_driven(work* w, int* changed) {
  df_config config;
  bool refuted;
  if (settings_find(w->found, "data.actuators")) return DF_OK;
  DF_TRY(work_reading_config(w, &config));
  remedy fits = column_names_of_driven(w->recording, &config, w->system);
  const char* value = remedy_value(&fits, "data.actuators");
  df_status status = DF_OK;
  if (value) status = name_proof_refutes(w->data, &config, w->system, &check_thorough, &fits, &refuted);
  if (value && status == DF_OK && refuted) {
    text_add(&w->result->notes,
             "the actions are not in the order of the joints that the file names: the recorded states follow from them "
             "in the order of the model\n");
  } else if (value && status == DF_OK) {
    settings_put_why(w->found, "data.actuators", value,
                     "the actions are taken to be in the order of the joints that the file names");
    ++*changed;
  }
  remedy_clear(&fits);
  return status;
}

/* Reads each column as what the file calls it, before anything is looked for by numbers, unless recorded actions
 * contradict it. */
static df_status follow_names(work* w) {
  column_names names;
  df_config config;
  int changed = 0;
  DF_TRY(work_settle_steps(w, false));
  DF_TRY(work_reading_config(w, &config));
  df_status status = column_names_find(w->recording, &config, w->system, &names);
  if (status == DF_OK) status = name_proof_weigh(w->data, &config, w->system, &check_thorough, &names);
  for (int i = 0; i < names.found.n && status == DF_OK; i++) {
    const data_finding* f = &names.found.list[i];
    const int n = f->verdict == CHECK_WRONG ? put_remedy(w, f) : 0;
    if (n) text_add(&w->result->notes, "names of columns are followed, %s: %s\n", f->column, f->reason);
    changed += n;
  }
  column_names_clear(&names);
  if (status == DF_OK && changed) status = work_open_recording(w);
  changed = 0;
  if (status == DF_OK) status = follow_driven(w, &changed);
  return status == DF_OK && changed ? work_open_recording(w) : status;
}

/* ---- faults ---- */

static df_status find_faults(work* w, data_findings* found) {
  df_config config;
  data_findings_clear(found);
  DF_TRY(work_reading_config(w, &config));
  /* the system's step has been changed to one that divides a frame of the stated rate */
  check_cfg thorough = check_thorough;
  thorough.step = df_mujoco_timestep(w->own);
  return data_check_recording(w->data, &config, w->system, &thorough, found, NULL);
}

/* Positions that have been moved, and the root residual before. */
typedef struct move {
  bool made, refused; /* the last settings moved them; that strains the motion, and is not done again */
  double residual;
  data_check check; /* of the finding */
} move;

/* Says what a move did to the force that the motion needs, or takes it back if it needs clearly more. *back: it was. */
static void judge_move(work* w, const data_findings* found, move* m, bool* back) {
  const double after = data_check_residual(found);
  *back = m->made && data_check_strains(m->residual, m->check, found);
  if (*back) settings_drop(w->found, "data.position_offset");
  if (m->made && isfinite(after))
    text_add(&w->result->notes, "%sthe root residual is %.2g weights as recorded, %.2g moved\n",
             *back ? "positions stay where they were recorded: " : "", m->residual, after);
  m->refused |= *back;
  m->made = false;
}

/* reads the recording again under the settings that its check proposes, until it proposes none */
static df_status correct(work* w, data_findings* found) {
  move moved = {0};
  for (int round = 0; round < MOST_CORRECTIONS; round++) {
    int changed = 0;
    bool follow, back;
    DF_TRY(stop_check());
    work_says(w, round ? "checking the recording again, as corrected" : "checking the recording");
    DF_TRY(work_convert(w));
    DF_TRY(work_velocities_follow(w, &follow));
    DF_TRY(find_faults(w, found));
    judge_move(w, found, &moved, &back);
    changed += back;
    for (int i = 0; i < found->n && changed == 0; i++) {
      const data_finding* f = &found->list[i];
      const bool moves = remedy_value(&f->would_fit, "data.position_offset") != NULL;
      if (!is_remedied(w, f, follow) || (moves && moved.refused)) continue;
      changed += put_remedy(w, f);
      if (moves && changed) moved = (move){.made = true, .residual = data_check_residual(found), .check = f->check};
    }
    if (changed == 0) return DF_OK;
    DF_TRY(work_open_recording(w));
    DF_TRY(work_settle_steps(w, false));
  }
  return DF_OK;
}

static void note_faults(work* w, const data_findings* found) {
  for (int i = 0; i < found->n; i++) {
    const data_finding* f = &found->list[i];
    if (f->verdict == CHECK_OK || is_inapplicable(w, f)) continue;
    char* fits = remedy_text(&f->would_fit);
    w->result->wrong += f->verdict == CHECK_WRONG;
    text_add(&w->result->notes, "data check: %s: %s%s%s: %s%s%s\n", check_verdict_text(f->verdict),
             data_check_name(f->check), f->column[0] ? ", " : "", f->column, f->reason, fits[0] ? "; would fit: " : "",
             fits);
    df_free(fits);
  }
}

/* Refuses a recording whose velocities contradict the stated rate, but do not show which one is right, unless the user
 * gave the rate: a guess could be wrong, and all that follows from it. */
static df_status judge_rate(const work* w, const data_findings* found) {
  const setting* given = settings_find(w->found, "data.rate");
  for (int i = 0; i < found->n && !(given && given->given); i++) {
    const data_finding* f = &found->list[i];
    bool follow;
    if (f->check != DATA_CHECK_FRAME_RATE || f->verdict != CHECK_WRONG || is_inapplicable(w, f)) continue;
    DF_TRY(work_velocities_follow(w, &follow));
    if (follow) return DF_OK;
    return df_fail(DF_E_CONFIG, "%s: %s (--set data.rate=HZ)", w->files.path[0], f->reason);
  }
  return DF_OK;
}

/* checks states, then actions; if these are not used, what holds for recordings without */
static df_status check_recording(work* w) {
  data_findings found = {0};
  df_status status = correct(w, &found);
  const bool actions = status == DF_OK && w->dataset->actions;
  if (actions) work_says(w, "replaying recorded actions");
  if (actions) status = work_check_actions(w);
  if (status == DF_OK && actions && !w->dataset->actions) status = correct(w, &found);
  /* the actions may have told another rate */
  else if (status == DF_OK && actions && data_findings_count(&found, CHECK_WRONG))
    status = find_faults(w, &found);
  if (status == DF_OK) status = judge_rate(w, &found);
  if (status == DF_OK) status = work_judge_untimed(w);
  if (status == DF_OK) note_faults(w, &found);
  data_findings_clear(&found);
  return status;
}

/* ---- the folder ---- */

static df_status write_task_file(const work* w) {
  text out = {0}, title = {0};
  text_add(&title, "%s: imported by `dynaflow data import`; edit what you know better.", w->name);
  settings_yaml(w->found, text_of(&title), &out);
  const df_status status = df_file_write_below(w->folder.draft, "task.yaml", text_of(&out), out.n);
  text_clear(&out);
  text_clear(&title);
  return status;
}

static df_status write_readme(const work* w) {
  text out = {0};
  df_status status = import_readme(w->name, &w->files, w->dataset, &w->study, &out);
  if (status == DF_OK) status = df_file_write_below(w->folder.draft, "README.md", text_of(&out), out.n);
  text_clear(&out);
  return status;
}

static bool is_kept(const work* w, const char* name) {
  for (int i = 0; i < w->folder.kept.n; i++) {
    if (strcmp(w->folder.kept.list[i], name) == 0) return true;
  }
  return false;
}

/* expect.yaml with the limits of physics, unless the folder that is replaced has one of the user */
static df_status write_expectations(const work* w) {
  static const char* const profiles[] = {"smoke", "full"};
  const bool follows = w->dataset->actions && w->result->wrong == 0;
  text out = {0}, bands = {0};
  char* file = df_path_join(w->folder.draft, "task.yaml");
  df_status status = file ? DF_OK : DF_E_NOMEM;
  df_config config;
  for (size_t i = 0; i < sizeof profiles / sizeof *profiles && status == DF_OK; i++) {
    status = df_config_load(file, profiles[i], "dynaflow", 0, NULL, &config);
    if (status == DF_OK) add_limits(&config, profiles[i], follows, &bands);
  }
  if (status == DF_OK && bands.n && !is_kept(w, "expect.yaml")) {
    const char* version = df_mujoco_identity(w->system)->mujoco;
    const char* minor = strchr(version, '.');
    const size_t n = minor ? (size_t)(minor - version) + 1 + strspn(minor + 1, "0123456789") : strlen(version);
    text_add(&out,
             "# The tolerances with which `dynaflow gate` compares a run of this task (docs/ci.md). They follow from "
             "the\n# definitions of the metrics, not from measured numbers. Add your own, each with its reason.\n\n"
             "task_version: %d\nmujoco: %.*s\n\nbands:\n%s",
             (int)config.task_version, (int)n, version, text_of(&bands));
    status = df_file_write_below(w->folder.draft, "expect.yaml", text_of(&out), out.n);
  }
  text_clear(&out);
  text_clear(&bands);
  df_free(file);
  return status;
}

/* the task of the folder as `run` would open it */
static df_status open_task(const work* w, const char* profile, df_task** out) {
  df_config config;
  char* file = df_path_join(w->folder.draft, "task.yaml");
  *out = NULL;
  df_status status = file ? df_config_load(file, profile, "dynaflow", 0, NULL, &config) : DF_E_NOMEM;
  df_free(file);
  return status == DF_OK ? df_task_new(&config, &w->search, w->data, out) : status;
}

/* ---- growth of the gradient ---- */

/* a window is not made shorter than this by the growth of the gradient */
enum { SHORTEST = 8 };

/* Puts horizon, decay and rate by the growth of the gradient: first a shorter horizon, then the decay. *again: the
 * horizon changed, and has to be measured. */
static void follow_growth(work* w, const task_growth* g, bool* again) {
  *again = false;
  if (g->windows == 0 || g->state.verdict == DF_GROWTH_FINE) return;
  const int least = g->H < SHORTEST ? g->H : SHORTEST;
  const int horizon = g->advice.horizon > least ? g->advice.horizon : least;
  if (horizon < g->H) {
    settings_put_number_why(w->found, "window.horizon", horizon,
                            "over %d actions the gradient grows by a factor of %.3g (docs/training.md)", g->H,
                            g->state.amplification);
    *again = true;
    return;
  }
  if (!isnan(g->advice.cotangent_decay))
    settings_put_number_why(w->found, "train.cotangent_decay", g->advice.cotangent_decay,
                            "the gradient grows by a factor of %.3g over the window (docs/training.md)",
                            g->state.amplification);
  if (!isnan(g->advice.rate) && g->advice.rate != g->settings.rate)
    settings_put_number_why(w->found, "train.rate", g->advice.rate, "lower because of this growth");
}

/* what `run` measures before a training and warns about; of a model that is too expensive for that, one window */
static df_status measure_growth(const df_task* task, task_growth* out) {
  DF_TRY(task_growth_measure(task, &growth_quick, out));
  return out->windows > 0 ? DF_OK : task_growth_measure(task, &growth_thorough, out);
}

static df_status follow_gradient(work* w) {
  bool again = true;
  for (int round = 0; round < 3 && again; round++) {
    df_task* task = NULL;
    task_growth growth = {0};
    DF_TRY(stop_check());
    work_says(w, "measuring the growth of the gradient");
    DF_TRY(write_task_file(w));
    df_status status = open_task(w, "full", &task);
    if (status == DF_OK) status = measure_growth(task, &growth);
    if (status == DF_OK) follow_growth(w, &growth, &again);
    task_growth_clear(&growth);
    df_task_free(task);
    DF_TRY(status);
  }
  return propose_profiles(
      &(proposal){.model = &w->study, .data = w->dataset, .found = w->found, .notes = &w->result->notes});
}

/* ---- errors ---- */

/* replaces every `from` in the text */
static void replace_all(text* t, const char* from, const char* to) {
  text out = {0};
  const char* at = text_of(t);
  for (const char* next; (next = strstr(at, from)); at = next + strlen(from)) {
    text_add_bytes(&out, at, (size_t)(next - at));
    text_add(&out, "%s", to);
  }
  text_add(&out, "%s", at);
  text_clear(t);
  *t = out;
}

/* In a message, replaces a copy by the file that was copied, and other files of the draft by those of the folder that
 * is to be written. */
static void name_sources(const work* w, df_status status, const char* draft, text* message) {
  /* a copy that cannot be written is no fault of the file */
  for (int i = 0; i < w->files.n && status != DF_E_IO; i++) {
    char* clean = clean_name(w->files.path[i]);
    char* copy = format_text("%s/data/%s", draft, clean);
    replace_all(message, copy, w->files.path[i]);
    df_free(clean);
    df_free(copy);
  }
  replace_all(message, draft, w->cfg->out);
}

static df_status fail_by_source(const work* w, df_status status) {
  text message = {0};
  text_add(&message, "%s", df_error_message());
  if (w->folder.draft) name_sources(w, status, w->folder.draft, &message);
  const df_status out = df_fail(status, "%s", text_of(&message));
  text_clear(&message);
  return out;
}

/* ---- the whole ---- */

static void give_settings(work* w) {
  for (int i = 0; i < w->cfg->opts->n_set; i++) settings_give(w->found, w->cfg->opts->set[i]);
  settings_put(w->found, "task.name", w->name);
  text title = {0};
  text_add(&title, "%s, imported", w->name);
  settings_put(w->found, "task.title", text_of(&title));
  text_clear(&title);
}

/* what the solver needs for an exact gradient: docs/adjoint.md */
static void settle_solver(work* w) {
  settings_put_number_why(w->found, "system.iterations", 100, "the gradient is that of a converged solution");
  if (!w->dataset->actions)
    settings_put_why(w->found, "system.tolerance", "1e-12", "a window then replays to rounding");
}

/* arrays, and attributes of the groups of episodes */
static void note_unused(work* w) {
  const df_array_info* list;
  const int n = df_recording_unused(w->recording, &list);
  const bool table = strcmp(df_arrays_format(w->files.arrays), "CSV") == 0;
  unused_names names = {0};
  for (int i = 0; i < n; i++) {
    const char* name = source_name_in_group(&w->files, list[i].name);
    if (name[0] == '@' ? name == list[i].name : strchr(name, '@') != NULL) continue;
    if (w->clock && strcmp(name, w->clock->name) == 0) continue;
    unused_names_add(&names, w->own, list[i].name);
  }
  for (int k = 0; k < UNUSED_KINDS; k++) {
    text line = {0};
    unused_names_line(&names, k, table ? "columns" : "arrays", &line);
    if (line.n) text_add(&w->result->notes, "%s\n", text_of(&line));
    text_clear(&line);
  }
  unused_names_clear(&names);
  for (int i = 0; i < df_recording_notes(w->recording); i++)
    text_add(&w->result->notes, "%s\n", df_recording_note(w->recording, i));
}

/* the rate of a comment or an attribute, whose words may be of something else, or of the controller of robomimic */
static void note_rate(work* w) {
  const char* by = df_recording_rate_source(w->recording);
  const bool comment = strcmp(by, "a comment") == 0, attribute = strncmp(by, "the attribute ", 14) == 0;
  const bool control = strncmp(by, "control_freq", 12) == 0;
  if ((comment || attribute || control) && !settings_find(w->found, "data.rate"))
    text_add(&w->result->notes, "frame rate: %.6g Hz, by %s%s; --set data.rate=HZ says otherwise\n",
             df_recording_rate(w->recording), by, control ? "" : " of the file");
}

static df_status read_all(work* w) {
  DF_TRY(open_model(w));
  DF_TRY(open_source(w));
  work_says(w, "reading the recording");
  DF_TRY(work_open_recording(w));
  work_says(w, "comparing the names of its columns with those of the model");
  DF_TRY(follow_names(w));
  settings_put_why(w->found, "data.sha256", df_recording_sha256(w->recording), "of the recordings");
  work_says(w, "looking for the frame rate, the base and conditions");
  DF_TRY(work_find_rate(w));
  note_rate(w);
  DF_TRY(work_find_base(w));
  DF_TRY(work_find_conditions(w));
  DF_TRY(check_recording(w));
  DF_TRY(judge_assumed_rate(w));
  if (!w->dataset->actions) {
    DF_TRY(work_settle_steps(w, true));
    DF_TRY(work_convert(w));
  }
  settle_solver(w);
  note_unused(w);
  return work_make_system(w, w->cfg->model);
}

static df_status write_all(work* w) {
  df_task* task;
  const proposal p = {.model = &w->study, .data = w->dataset, .found = w->found, .notes = &w->result->notes};
  DF_TRY(propose_task(&p));
  DF_TRY(follow_gradient(w));
  work_says(w, "writing the task");
  DF_TRY(write_task_file(w));
  DF_TRY(open_task(w, "smoke", &task));
  df_task_free(task);
  DF_TRY(write_readme(w));
  DF_TRY(write_expectations(w));
  DF_TRY(stop_check());
  DF_TRY(import_list_write(w->folder.draft));
  return new_folder_finish(&w->folder, &w->result->notes, &w->result->renamed);
}

df_status import_task(const import_cfg* cfg, import_result* out) {
  *out = (import_result){0};
  work w = {.cfg = cfg, .result = out, .found = &out->found, .folder = {.lock = -1}, .started = df_clock_wall()};
  stop_in_order();
  df_status status = find_name(&w);
  if (status == DF_OK) status = new_folder_begin(cfg->out, cfg->force, &w.folder);
  if (status == DF_OK) {
    w.search = (df_search){.n = 1, .folder = {w.folder.draft}};
    give_settings(&w);
    status = read_all(&w);
  }
  if (status == DF_OK) name_sources(&w, DF_OK, w.folder.draft, &out->notes);
  if (status == DF_OK) status = write_all(&w);
  out->imported = status == DF_OK;
  if (status == DF_E_INTERRUPTED)
    status = df_fail(status, "interrupted; no folder was written");
  else if (status != DF_OK && status != DF_E_NOMEM)
    status = fail_by_source(&w, status);
  close_work(&w);
  return status;
}

void import_clear(import_result* r) {
  settings_clear(&r->found);
  text_clear(&r->notes);
  text_clear(&r->renamed);
  *r = (import_result){0};
}
