#include "shown.h"

#include <math.h>
#include <string.h>

#include "data_path.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "dynaflow/io/npz.h"
#include "escape.h"
#include "lookup.h"
#include "run_folder.h"
#include "shown_run.h"
#include "start.h"
#include "text.h"
#include "trajectory_file.h"

/* profile NULL: that of the options */
static df_status open_task(shown* s, const char* task, const char* profile, const options* opts) {
  char* data = NULL;
  DF_TRY(resolve_task(task, profile, NULL, opts, &s->config, &s->search));
  df_status status = task_data_path(&s->config, &s->search, opts, true, &data);
  if (status == DF_OK) status = df_task_new(&s->config, &s->search, data, &s->own);
  df_free(data);
  s->task = s->own;
  return status == DF_OK ? shown_prepare(s) : status;
}

/* ---- demonstrations ---- */

static int episode_group(const shown* s, const void* context, int i) {
  (void)context;
  return df_dataset_group(s->task->data, i);
}

static df_status add_episode(shown* s, const show_arguments* a, const void* context, int i) {
  (void)context;
  const df_dataset* data = s->task->data;
  const int first = a->from >= 0 ? shown_states(s, a->from) : s->config.window_first;
  char* title = format_text("demonstration %d", i);
  const motion_source from = {.title = title,
                              .condition = df_dataset_condition(data, i, first < data->lengths[i] ? first : 0),
                              .n = data->lengths[i] + 1,
                              .x = df_dataset_state(data, i, 0),
                              .u = df_dataset_action(data, i, 0),
                              .demonstration = {i, 0},
                              .demonstrated = true};
  const df_status status = shown_add(s, a, &from);
  df_free(title);
  return status;
}

static df_status shown_task(shown* s, const show_arguments* a) {
  DF_TRY(open_task(s, a->source, NULL, &a->common));
  s->name = file_name_of(s->config.task_name);
  s->strip_states = s->task->windows->horizon + 1;
  const shown_choice from = {
      .what = "episodes", .n = s->task->data->episodes, .group = episode_group, .add = add_episode};
  return shown_choose(s, a, &from);
}

/* ---- a file of trajectories ---- */

/* whether the trajectory begins in this state of a demonstration */
static bool begins_in(const shown* s, const double* x, const nearest* found) {
  if (found->episode < 0) return false;
  const double* y = df_dataset_state(s->task->data, found->episode, found->frame);
  for (int i = 0; i < s->task->system->nx; i++) {
    if (!(fabs(x[i] - y[i]) <= 1e-9)) return false;
  }
  return true;
}

static df_status add_trajectory(shown* s, const show_arguments* a, const void* context, int i) {
  const trajectories* in_file = context;
  const size_t k = (size_t)i, length = (size_t)in_file->length, nx = (size_t)s->task->system->nx;
  const size_t nu = (size_t)s->task->system->nu, nc = (size_t)s->task->data->nc;
  const double* x = in_file->states + k * (length + 1) * nx;
  const double* condition = in_file->conditions ? in_file->conditions + k * nc : NULL;
  nearest found;
  DF_TRY(nearest_demonstration(s->task, x, condition, &found));
  char* title = format_text("%s, trajectory %d", s->name, i);
  const motion_source from = {.title = title,
                              .condition = condition,
                              .n = in_file->length + 1,
                              .x = x,
                              .u = in_file->actions ? in_file->actions + k * length * nu : NULL,
                              .demonstration = {begins_in(s, x, &found) ? found.episode : -1, found.frame}};
  const df_status status = shown_add(s, a, &from);
  df_free(title);
  return status;
}

/* the task and the profile that the file names; NULL if it names none. The caller frees them */
static df_status origin_of(const char* path, char** task, char** profile) {
  df_npz* npz;
  DF_TRY(df_npz_open(path, &npz));
  df_status status = df_npz_has(npz, "task") ? df_npz_read_text(npz, "task", task) : DF_OK;
  if (status == DF_OK && df_npz_has(npz, "profile")) status = df_npz_read_text(npz, "profile", profile);
  df_npz_close(npz);
  return status;
}

/* opens the task of --task or of the file, with --profile or that of the file */
static df_status open_task_of_file(shown* s, const show_arguments* a) {
  char *task = NULL, *profile = NULL;
  df_status status = origin_of(a->source, &task, &profile);
  if (status == DF_OK && !a->task && !task) {
    status = df_fail(DF_E_CONFIG, "%s names no task: give --task TASK", a->source);
  }
  if (status == DF_OK) {
    const bool own = a->task || a->common.has_profile;
    status = open_task(s, a->task ? a->task : task, own ? NULL : profile, &a->common);
  }
  df_free(task);
  df_free(profile);
  return status;
}

/* the name of a file without folder and .npz, of harmless characters */
static char* stem_of(const char* path) {
  const char* slash = strrchr(path, '/');
  const char* base = slash ? slash + 1 : path;
  char* stem = format_text("%.*s", (int)(strlen(base) - strlen(".npz")), base);
  char* out = file_name_of(stem);
  df_free(stem);
  return out;
}

static df_status shown_file(shown* s, const show_arguments* a) {
  trajectories* t = NULL;
  s->name = stem_of(a->source);
  df_status status = open_task_of_file(s, a);
  if (status == DF_OK) status = trajectories_read(a->source, s->task, &t);
  if (status == DF_OK) {
    const shown_choice from = {.what = "trajectories", .n = t->n, .context = t, .add = add_trajectory};
    status = shown_choose(s, a, &from);
  }
  trajectories_free(t);
  return status;
}

/* ---- which source ---- */

static bool is_npz(const char* source) {
  const size_t n = strlen(source);
  return n > 4 && strcmp(source + n - 4, ".npz") == 0;
}

/* whether a folder is one of a task */
static bool is_task_folder(const char* folder) {
  char* file = df_path_join(folder, "task.yaml");
  const bool found = file && df_file_exists(file);
  df_free(file);
  return found;
}

static df_status refuse_method(const show_arguments* a, const char* what) {
  return df_fail(DF_E_CONFIG, "--method is only for a run, but '%s' is %s; remove it", a->source, what);
}

/* a file by its ending, a task by its name or its task.yaml, else a run */
static df_status find_motions(shown* s, const show_arguments* a) {
  char* folder = NULL;
  if (is_npz(a->source)) return a->method ? refuse_method(a, "a file of trajectories") : shown_file(s, a);
  if (a->task) return df_fail(DF_E_CONFIG, "--task is only for a file of trajectories (.npz), not for '%s'", a->source);
  df_status status = run_folder(a->source, &folder);
  const bool run = status == DF_OK && !is_task_folder(folder);
  if (run)
    status = shown_run(s, a, folder);
  else
    status = a->method ? refuse_method(a, "a task, whose demonstrations are shown") : shown_task(s, a);
  df_free(folder);
  return status;
}

df_status shown_new(const show_arguments* a, shown** out) {
  *out = df_alloc(1, sizeof **out);
  return *out ? find_motions(*out, a) : DF_E_NOMEM;
}

static void motion_clear(shown_motion* m) {
  df_free(m->title);
  df_free(m->condition);
  df_free(m->x);
  df_free(m->touch);
  df_free(m->ghost);
}

void shown_free(shown* s) {
  if (!s) return;
  for (int i = 0; i < s->n; i++) motion_clear(&s->list[i]);
  df_free(s->list);
  df_free(s->name);
  df_free(s->folder);
  df_free(s->model_path);
  df_task_free(s->own);
  search_clear(&s->search);
  cell_close(&s->source);
  df_free(s);
}
