#include "found_reading.h"

#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "find_base.h"
#include "find_rate.h"
#include "import_work.h"
#include "known_layouts.h"
#include "stated_rates.h"

/* a path whose characters mean nothing in a pattern */
static void add_literal(text* out, const char* path) {
  for (; *path; path++) text_add(out, "%s%c", strchr("*?[]{},\\", *path) ? "\\" : "", *path);
}

/* one path, the pattern of the user, or all files in braces: "mocap/{a.csv,b.csv}" */
static char* path_of(const source* files, const char* target) {
  text all = {0};
  char* folder = df_path_folder(files->path[0]);
  if (!folder) return NULL;
  const bool own = !files->skipped[0] && strpbrk(target, "*?[{") && !df_file_exists(target);
  if (files->n == 1) text_add(&all, "%s", files->path[0]);
  if (files->n > 1 && own) text_add(&all, "%s", target);
  for (int i = 0; i < files->n && files->n > 1 && !own; i++) {
    const char* slash = strrchr(files->path[i], '/');
    if (i == 0) add_literal(&all, slash ? folder : "");
    text_add(&all, "%s", i > 0 ? "," : slash && strcmp(folder, "/") != 0 ? "/{" : "{");
    add_literal(&all, slash ? slash + 1 : files->path[i]);
  }
  if (files->n > 1 && !own) text_add(&all, "}");
  df_free(folder);
  char* out = df_strdup(text_of(&all));
  text_clear(&all);
  return out;
}

/* a file of this program, whose arrays are the default of the settings */
static bool is_own(const work* w) {
  const setting *states = settings_find(w->found, "data.states_key"),
                *columns = settings_find(w->found, "data.columns");
  return states && strcmp(states->value, "states") == 0 && !columns;
}

/* The rate and the axes of the base. A recording that cannot be read so, or whose rate is none, is left to the check.
 */
static df_status ask_motion(work* w) {
  df_status status = work_open_recording(w);
  if (status == DF_OK) status = work_find_rate(w);
  if (status == DF_OK) status = work_find_base(w);
  return status == DF_E_NOMEM ? status : DF_OK;
}

/* the settings that the layout implies, and what only the motion tells */
static df_status recognise_files(work* w, found_reading* out) {
  const known_layout* layout;
  DF_TRY(work_make_system(w, w->cfg->model));
  w->own = w->system;
  recognition r = {.files = &w->files, .model = &w->study, .found = w->found};
  const df_status status = recognise(&r, &layout);
  text_add(&w->result->notes, "%s", text_of(&r.notes));
  text_clear(&r.notes);
  DF_TRY(status);
  if (!layout || is_own(w)) return DF_OK;
  out->layout = layout->name;
  text_add(&w->result->notes, "layout: %s (%s)\n", layout->name, layout->about);
  w->base_open = r.base_open;
  return ask_motion(w);
}

/* the rate alone, of files of which the user says what the columns are */
static df_status recognise_rate(work* w) {
  recognition r = {.files = &w->files, .found = w->found};
  df_status status = stated_rates_compare(&r, &(stated_clock){0});
  if (status == DF_OK) status = layout_find_rate(&r);
  text_add(&w->result->notes, "%s", text_of(&r.notes));
  text_clear(&r.notes);
  return status;
}

df_status found_reading_of(const char* target, const char* model, const options* opts, found_reading* out) {
  import_result result = {0};
  const import_cfg cfg = {.n = 1, .sources = &target, .model = model, .opts = opts};
  work w = {.cfg = &cfg, .result = &result, .found = &result.found};
  *out = (found_reading){0};
  for (int i = 0; i < opts->n_set; i++) settings_give(w.found, opts->set[i]);
  const bool given = settings_find(w.found, "data.columns") || settings_find(w.found, "data.states_key");
  df_status status = source_open(1, &target, &w.files);
  if (status == DF_OK) {
    if (w.files.skipped[0]) text_add(&result.notes, "left out: %s\n", w.files.skipped);
    out->path = path_of(&w.files, target);
    w.data = out->path;
    status = out->path ? DF_OK : DF_E_NOMEM;
  }
  if (status == DF_OK) status = given ? recognise_rate(&w) : recognise_files(&w, out);
  work_close_files(&w);
  out->found = result.found;
  out->notes = result.notes;
  return status;
}

void found_reading_clear(found_reading* r) {
  settings_clear(&r->found);
  text_clear(&r->notes);
  df_free(r->path);
  *r = (found_reading){0};
}
