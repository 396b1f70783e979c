/* reading the conditions of a recording: numbers and texts, per episode or per frame */
#include <stdio.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "recording_reader.h"

/* an array of conditions: a row per episode, or per frame of all episodes */
typedef struct condition_array {
  const char* array; /* its name, or several */
  stack read;
  bool per_frame;
  bool fits_both; /* per frame and per episode */
  size_t columns;
  char name[DF_NAME_MAX];   /* of the conditions, "": condition_names has them */
  const label_list* labels; /* of an array of texts; NULL: of numbers */
} condition_array;

/* NAME@ARRAY or ARRAY; the name of an array is its last part */
static df_status split_condition(const char* path, const char* item, condition_array* c) {
  const char* at = strchr(item, '@');
  const char* slash = strrchr(item, '/');
  const char* name = at ? item : slash ? slash + 1 : item;
  const size_t n = at ? (size_t)(at - item) : strlen(name);
  c->array = at ? at + 1 : item;
  if (n == 0 || n >= DF_NAME_MAX || !*c->array) {
    return df_fail(DF_E_CONFIG,
                   "%s: data.conditions: '%s': expected ARRAY or NAME@ARRAY, with a name of at most %d characters",
                   path, item, DF_NAME_MAX - 1);
  }
  snprintf(c->name, sizeof c->name, "%.*s", (int)n, name);
  return DF_OK;
}

/* ---- texts ---- */

/* adds the texts of one file to those of the items of data.conditions */
static df_status add_labels(df_recording* r, array_file* file, const group_list* groups) {
  const df_items* items = &r->config.data_conditions;
  for (int k = 0; k < items->n; k++) {
    condition_array c = {0};
    DF_TRY(split_condition(file->path, items->v[k], &c));
    for (int g = 0; g < groups->n; g++) {
      if (labels_hold(file, groups->name[g], c.array))
        DF_TRY(labels_add(file, groups->name[g], c.array, &r->labels[k]));
    }
  }
  return DF_OK;
}

static df_status add_labels_of_file(df_recording* r, int index) {
  array_file file;
  group_list groups = {0};
  DF_TRY(array_file_open(r->file[index], &file));
  df_status status = groups_find(&file, r->config.data_episodes_key, &groups);
  if (status == DF_OK) status = add_labels(r, &file, &groups);
  groups_clear(&groups);
  array_file_close(&file);
  return status;
}

df_status recording_find_labels(df_recording* r) {
  const int n = r->config.data_conditions.n;
  r->labels = df_alloc((size_t)n, sizeof *r->labels);
  if (!r->labels) return DF_E_NOMEM;
  bool any = n > 0;
  /* if the first file has none, all are numbers */
  for (int i = 0; i < r->files && any; i++) {
    DF_TRY(add_labels_of_file(r, i));
    any = false;
    for (int k = 0; k < n; k++) any = any || r->labels[k].n > 0;
  }
  return DF_OK;
}

/* ---- shapes ---- */

/* how the shape of an array fits the episodes of a group */
typedef struct condition_fit {
  bool rows;    /* a row per frame */
  bool grid;    /* [episodes][frames] of a single condition */
  bool episode; /* a row per episode */
  bool vector;  /* the conditions of the only episode */
} condition_fit;

static condition_fit fit_condition(const reader* rd, const stack* a, bool labels) {
  const stack* s = &rd->source[0].read;
  const size_t episodes = (size_t)rd->spans.n;
  const bool alike = a->episodes == s->episodes && a->frames == s->frames;
  return (condition_fit){
      .rows = a->listed ? alike : a->frames == s->episodes * s->frames,
      .grid = !labels && !a->listed && a->frames == s->episodes && a->columns == a->arrays * s->frames,
      .episode = !a->listed && a->frames == episodes,
      .vector = !labels && !a->listed && episodes == 1 && a->columns == 1};
}

static df_status fail_condition(const reader* rd, const stack* a) {
  const stack* s = &rd->source[0].read;
  return df_fail(DF_E_MISMATCH,
                 "%s: array '%s' has shape %s, expected [%d][conditions], or a row for each of %zu frames ('%s' has "
                 "shape %s)",
                 rd->file->path, a->name, a->shape, rd->spans.n, s->episodes * s->frames, s->name, s->shape);
}

/* Decides between a row per frame and per episode. Of the array `conditions` the number of its names confirms it. */
static df_status decide_condition(reader* rd, condition_array* c, const condition_fit* fit) {
  const stack* a = &c->read;
  const char* per = rd->r->config.data_conditions_per;
  const bool frame = fit->rows || fit->grid, episode = fit->episode || fit->vector;
  const bool own = !c->name[0], unset = strcmp(per, "auto") == 0;
  if (!frame && !episode) return fail_condition(rd, a);
  c->fits_both = frame && episode;
  if (c->fits_both && unset && !own && fit->grid) {
    return df_fail(DF_E_CONFIG,
                   "%s: array '%s' of shape %s may hold %zu condition%s per frame or %zu conditions per episode; set "
                   "data.conditions_per: frame or episode",
                   rd->file->path, a->name, a->shape, a->arrays, a->arrays > 1 ? "s" : "", a->columns);
  }
  if (c->fits_both && unset && !own) {
    DF_TRY(recording_note(rd->r,
                          "array '%s' is read as a condition per frame; if it holds the conditions of the episode, set "
                          "data.conditions_per: episode",
                          c->array));
  }
  const bool by_episode = strcmp(per, "episode") == 0 || (unset && own && fit->grid);
  c->per_frame = frame && !(c->fits_both && by_episode);
  return DF_OK;
}

static df_status read_condition(reader* rd, condition_array* c) {
  const char* key = c->name[0] ? "data.conditions" : c->array;
  stack_request request = {.key = key, .group = rd->group, .expression = c->array};
  DF_TRY(c->labels ? labels_read(rd->file, rd->group, c->array, c->labels, &c->read)
                   : stack_read(rd->file, &request, &c->read));
  const condition_fit fit = fit_condition(rd, &c->read, c->labels != NULL);
  DF_TRY(decide_condition(rd, c, &fit));
  if (c->per_frame && fit.grid) {
    request.named = true;
    stack_clear(&c->read);
    DF_TRY(stack_read(rd->file, &request, &c->read));
  }
  c->columns = c->per_frame || fit.episode ? c->read.columns : c->read.frames;
  return DF_OK;
}

/* splits condition_names at its commas, or, an array of texts, at the ends of lines that part these */
static df_status split_names(const char* path, const char* text, size_t nc, recorded_condition* out) {
  size_t n = 0;
  for (const char* at = text; at; n++) {
    const size_t length = strcspn(at, ",\n");
    if (n >= nc || length == 0 || length >= DF_NAME_MAX) {
      return df_fail(DF_E_FORMAT, "%s: condition_names '%s': expected %zu names of 1 to %d characters", path, text, nc,
                     DF_NAME_MAX - 1);
    }
    snprintf(out[n].name, DF_NAME_MAX, "%.*s", (int)length, at);
    for (size_t i = 0; i < n; i++) {
      if (strcmp(out[i].name, out[n].name) != 0) continue;
      return df_fail(DF_E_FORMAT, "%s: condition_names '%s': conditions %zu and %zu are both named '%s'", path, text, i,
                     n, out[n].name);
    }
    at = at[length] ? at + length + 1 : NULL;
  }
  if (n == nc) return DF_OK;
  return df_fail(DF_E_FORMAT, "%s: condition_names '%s': %zu names for %zu conditions", path, text, n, nc);
}

static df_status read_condition_names(reader* rd, size_t nc, recorded_condition* out) {
  char full[512], *text;
  if (!array_file_has(rd->file, rd->group, "condition_names", full)) snprintf(full, sizeof full, "condition_names");
  DF_TRY(df_arrays_read_text(rd->file->arrays, full, &text));
  const df_status status = split_names(rd->file->path, text, nc, out);
  df_free(text);
  return status;
}

static df_status name_conditions(reader* rd, const condition_array* list, int n, size_t nc, recorded_condition* out) {
  for (int k = 0; k < n; k++) {
    for (size_t c = 0; c < list[k].columns; c++, out++) {
      char name[2 * DF_NAME_MAX + 24];
      if (list[k].labels) {
        snprintf(name, sizeof name, "%s.%s", list[k].name, list[k].labels->label[c]);
      } else {
        snprintf(name, sizeof name, list[k].columns > 1 ? "%s.%zu" : "%s", list[k].name, c);
      }
      if (strlen(name) >= DF_NAME_MAX) {
        return df_fail(DF_E_CONFIG, "%s: data.conditions: the name '%s' has more than %d characters", rd->file->path,
                       name, DF_NAME_MAX - 1);
      }
      memcpy(out->name, name, strlen(name) + 1);
      out->array = list[k].array;
      out->index = c;
    }
  }
  return list[0].name[0] ? DF_OK : read_condition_names(rd, nc, out - nc);
}

/* compares with those of the first episode, which may be of another file or group */
static df_status compare_conditions(const reader* rd, const recorded_condition* own) {
  const df_recording* r = rd->r;
  for (int i = 0; i < r->nc; i++) {
    if (strcmp(own[i].name, r->condition[i].name) == 0) continue;
    const char *group = rd->group, *first = r->episode[0].group;
    return df_fail(DF_E_MISMATCH,
                   "%s%s%s: condition %d is '%s', but '%s' in %s%s%s; all files and groups need the same conditions in "
                   "the same order",
                   rd->file->path, group[0] ? ": " : "", group, i, own[i].name, r->condition[i].name,
                   r->file[r->episode[0].file], first[0] ? ": " : "", first);
  }
  return DF_OK;
}

/* the conditions of the first episode, or of another group, which has to have the same */
static df_status set_names(reader* rd, const condition_array* list, int n) {
  df_recording* r = rd->r;
  recorded_condition* own = df_alloc((size_t)r->nc, sizeof *own);
  if (!own) return DF_E_NOMEM;
  df_status status = name_conditions(rd, list, n, (size_t)r->nc, own);
  if (status == DF_OK && r->condition) status = compare_conditions(rd, own);
  if (status == DF_OK && !r->condition) {
    r->condition = own;
    return DF_OK;
  }
  df_free(own);
  return status;
}

/* row `t` of episode `e` of the group, side by side */
static void copy_conditions(const reader* rd, const condition_array* list, int n, int e, size_t t, double* out) {
  for (int k = 0; k < n; k++) {
    const condition_array* c = &list[k];
    const size_t row = c->per_frame ? rd->spans.span[e].frame + t : (size_t)e;
    memcpy(out, c->read.values + row * c->columns, c->columns * sizeof *out);
    out += c->columns;
  }
}

static df_status set_conditions(reader* rd, const condition_array* list, int n) {
  df_recording* r = rd->r;
  for (int e = 0; e < rd->spans.n; e++) {
    recorded_episode* episode = &r->episode[rd->first + e];
    const size_t rows = r->condition_per_frame ? (size_t)episode->frames : 1, nc = (size_t)r->nc;
    episode->condition = df_alloc(rows * nc, sizeof *episode->condition);
    if (!episode->condition) return DF_E_NOMEM;
    for (size_t t = 0; t < rows; t++) copy_conditions(rd, list, n, e, t, episode->condition + t * nc);
  }
  return DF_OK;
}

static df_status use_conditions(reader* rd, condition_array* list, int n) {
  size_t nc = 0;
  bool per_frame = false, fits_both = false;
  for (int k = 0; k < n; k++) {
    nc += list[k].columns;
    per_frame = per_frame || list[k].per_frame;
    fits_both = fits_both || list[k].fits_both;
  }
  df_recording* r = rd->r;
  if (rd->first == 0) {
    r->nc = (int)nc;
    r->condition_per_frame = per_frame;
  }
  if (r->nc != (int)nc || r->condition_per_frame != per_frame) {
    return df_fail(DF_E_MISMATCH, "%s: episode %d has %zu conditions%s, but the first one %d%s%s", rd->file->path,
                   rd->first, nc, per_frame ? " per frame" : "", r->nc, r->condition_per_frame ? " per frame" : "",
                   fits_both ? "; set data.conditions_per" : "");
  }
  if (nc == 0) return DF_OK;
  DF_TRY(set_names(rd, list, n));
  return set_conditions(rd, list, n);
}

df_status reader_conditions(reader* rd) {
  const df_items* items = &rd->r->config.data_conditions;
  char full[512];
  const bool own = items->n == 0 && array_file_has(rd->file, rd->group, "conditions", full);
  const int n = own ? 1 : items->n;
  condition_array* list = df_alloc((size_t)n, sizeof *list);
  if (!list) return DF_E_NOMEM;
  df_status status = DF_OK;
  for (int k = 0; k < n && status == DF_OK; k++) {
    list[k].array = "conditions";
    if (!own) status = split_condition(rd->file->path, items->v[k], &list[k]);
    if (!own && rd->r->labels[k].n > 0) list[k].labels = &rd->r->labels[k];
    if (status == DF_OK) status = read_condition(rd, &list[k]);
  }
  if (status == DF_OK) status = use_conditions(rd, list, n);
  for (int k = 0; k < n; k++) stack_clear(&list[k].read);
  df_free(list);
  return status;
}
