#include "shown_run.h"

#include <math.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "escape.h"
#include "json.h"
#include "lookup.h"
#include "machine.h"
#include "methods.h"
#include "motions.h"
#include "run_view.h"
#include "text.h"

/* ---- the cell ---- */

static const char* checkpoint_of(const run_cell* c) {
  return string_of(json_object_get(c->record, "training"), "checkpoint");
}

static bool is_wanted(const run_cell* c, const show_arguments* a) {
  if (!c->done || !checkpoint_of(c)[0]) return false;
  if (a->method && strcmp(c->method, a->method) != 0) return false;
  if (a->common.has_profile && strcmp(c->profile, a->common.profile) != 0) return false;
  return !a->common.has_seeds || c->seed == (int64_t)a->common.seeds[0];
}

static df_status find_cell(const run_view* r, const show_arguments* a, const char* folder, const run_cell** out) {
  for (int i = 0; i < r->n_cells; i++) {
    *out = &r->cells[i];
    if (is_wanted(*out, a)) return DF_OK;
  }
  text wanted = {0};
  if (a->method) text_add(&wanted, " of method %s", a->method);
  if (a->common.has_seeds) text_add(&wanted, " with seed %llu", (unsigned long long)a->common.seeds[0]);
  if (a->common.has_profile) text_add(&wanted, " in profile %s", a->common.profile);
  const df_status status = df_fail(DF_E_MISSING, "%s: no finished cell%s has a checkpoint", folder, text_of(&wanted));
  text_clear(&wanted);
  return status;
}

/* Appends the settings of the record that differ from those of the task and profile, as --set does; the strings are
 * new, and kept in `memory`. */
static df_status take_settings(options* o, const run_cell* c, const df_config* config, text* memory) {
  const df_config_key* keys;
  const int n = df_config_keys(&keys);
  const json_t* recorded = json_object_get(c->record, "config");
  char value[DF_VALUE_MAX];
  size_t begin[OPTIONS_SET_MAX];
  int count = 0;
  for (int i = 0; i < n; i++) {
    const char* of_record = json_string_value(json_object_get(recorded, keys[i].name));
    df_config_value(config, i, value, sizeof value);
    if (!of_record || strcmp(of_record, value) == 0) continue;
    if (o->n_set + count == OPTIONS_SET_MAX) {
      return df_fail(DF_E_CONFIG, "the run differs from task %s in more than %d settings", c->task, OPTIONS_SET_MAX);
    }
    begin[count++] = memory->n;
    text_add(memory, "%s=%s", keys[i].name, of_record);
    text_add_bytes(memory, "", 1);
  }
  for (int i = 0; i < count; i++) o->set[o->n_set++] = memory->data + begin[i];
  return DF_OK;
}

/* opens the cell with the settings of its record and loads its weights; `o` must outlive it */
static df_status open_cell(shown* s, const run_cell* c, const char* folder, options* o, text* memory) {
  const df_method* method = df_method_by_name(c->method);
  if (!method) return df_fail(DF_E_CONFIG, "%s: method %s is not known; give its --plugin", folder, c->method);
  o->profile = c->profile;
  DF_TRY(resolve_task(c->task, c->profile, c->method, o, &s->config, &s->search));
  DF_TRY(take_settings(o, c, &s->config, memory));
  DF_TRY(open_blas(o));
  DF_TRY(cell_open(&s->source, c->task, method, (uint64_t)c->seed, o));
  DF_TRY(cell_load(&s->source));
  DF_TRY(cell_create(&s->source));
  char* path = df_path_join(folder, checkpoint_of(c));
  const df_status status = path ? method->load(s->source.instance, path) : DF_E_NOMEM;
  df_free(path);
  s->task = s->source.measured;
  s->config = s->source.config;
  return status;
}

/* ---- motions from held-out windows ---- */

static int window_group(const shown* s, const void* context, int b) {
  (void)context;
  return s->source.set->group[b];
}

static df_status plan(const shown* s, const show_arguments* a, int b, motions** out) {
  const cell* c = &s->source;
  const size_t at = (size_t)b;
  const starts from = {.n = 1, .x0 = c->set->x0 + at * (size_t)c->task->system->nx};
  const df_list* steps = &c->config.eval_sampler_steps;
  const double asked = a->seconds > 0 ? a->seconds + (a->from > 0 ? a->from : 0) : c->config.eval_chain_seconds;
  const motion_cfg cfg = {.n_seeds = 1,
                          .seeds = &c->seed,
                          .from = &from,
                          .condition = c->set->condition ? c->set->condition + at * (size_t)c->task->data->nc : NULL,
                          .seconds = asked,
                          .k = steps->n ? (int)lround(steps->v[steps->n - 1]) : 1};
  const eval_job job = {
      .task = c->measured, .set = c->set, .method = c->method, .instance = c->instance, .threads = a->common.threads};
  return motions_new(&job, &cfg, out);
}

static df_status add_window(shown* s, const show_arguments* a, const void* context, int b) {
  (void)context;
  const cell* c = &s->source;
  motions* m = NULL;
  DF_TRY(plan(s, a, b, &m));
  char* title = format_text("%s, seed %llu", c->method->name, (unsigned long long)c->seed);
  const motion_source from = {.title = title,
                              .condition = m->condition,
                              .n = m->length + 1,
                              .x = m->x,
                              .u = m->u,
                              .demonstration = c->set->window[b]};
  const df_status status = shown_add(s, a, &from);
  df_free(title);
  motions_free(m);
  return status;
}

static df_status show_cell(shown* s, const show_arguments* a, const run_view* r, const char* folder) {
  const run_cell* c = NULL;
  DF_TRY(find_cell(r, a, folder, &c));
  options opts = a->common;
  text memory = {0};
  df_status status = open_cell(s, c, folder, &opts, &memory);
  if (status == DF_OK) status = shown_prepare(s);
  if (status == DF_OK) {
    char* name = format_text("%s-%s-%s", c->task, c->profile, c->method);
    s->name = file_name_of(name);
    df_free(name);
    s->folder = format_text("%s/report/plots", folder);
    const shown_choice from = {
        .what = "held-out windows", .n = s->source.set->B, .group = window_group, .add = add_window};
    status = shown_choose(s, a, &from);
  }
  s->source.opts = NULL; /* they end here */
  text_clear(&memory);
  return status;
}

df_status shown_run(shown* s, const show_arguments* a, const char* folder) {
  run_view r;
  df_status status = run_view_new(folder, &r);
  if (status == DF_OK) status = show_cell(s, a, &r, folder);
  run_view_clear(&r);
  return status;
}
