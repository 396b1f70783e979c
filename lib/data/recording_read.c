/* reading a file of a recording: its episodes with their raw frames, actions and conditions */
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/model_identity.h"
#include "episodes.h"
#include "model_keys.h"
#include "recording_reader.h"

/* ---- sources ---- */

/* the blocks without an array of their own are columns of one array, as are successive ones that name the same array */
static df_status list_sources(reader* rd) {
  const df_layout* layout = rd->r->layout;
  rd->source = df_alloc((size_t)layout->blocks + 1, sizeof *rd->source);
  if (!rd->source) return DF_E_NOMEM;
  int states = -1;
  for (int b = 0; b < layout->blocks; b++) {
    const layout_block* block = &layout->block[b];
    const int k = layout_continues(layout, b) ? rd->sources - 1 : block->array || states < 0 ? rd->sources++ : states;
    source* s = &rd->source[k];
    if (!block->array) states = k;
    if (!s->column) s->column = df_alloc((size_t)layout->columns, sizeof *s->column);
    if (!s->column) return DF_E_NOMEM;
    s->request = (stack_request){.key = block->array ? "data.columns" : "data.states_key",
                                 .group = rd->group,
                                 .expression = block->array ? block->array : rd->r->config.data_states_key,
                                 .star = block->array ? block->star : NULL,
                                 .width = s->request.width,
                                 .numbers = true,
                                 .named = block->array != NULL};
    for (int c = 0; c < block->width; c++) s->column[s->request.width++] = block->first + c;
  }
  return DF_OK;
}

static bool is_default(const df_layout* layout) {
  return layout->blocks == 1 && strcmp(layout->block[0].text, "state") == 0;
}

/* the text of the block that ends after column `n` of a source, for messages */
static const char* block_at(const reader* rd, const source* s, size_t n) {
  return rd->r->layout->block[rd->r->layout->column[s->column[n]].block].text;
}

static df_status check_columns(const reader* rd, const source* s) {
  const size_t has = s->read.columns, width = (size_t)s->request.width;
  const char* path = rd->file->path;
  if (has == width) return DF_OK;
  if (is_default(rd->r->layout)) {
    return df_fail(DF_E_MISMATCH,
                   "%s: array '%s' has shape %s, expected [episodes][frames][nx = %zu]; describe other columns in "
                   "data.columns",
                   path, s->read.name, s->read.shape, width);
  }
  if (has > width) {
    return df_fail(DF_E_MISMATCH,
                   "%s: data.columns describe %zu columns, array '%s' has %zu: %zu columns from index %zu on are not "
                   "described; add skip:%zu",
                   path, width, s->read.name, has, has - width, width, has - width);
  }
  return df_fail(DF_E_MISMATCH,
                 "%s: data.columns describe %zu columns, array '%s' has %zu: block '%s' goes beyond its end", path,
                 width, s->read.name, has, block_at(rd, s, has));
}

/* how a file states that an array was rounded, as the precision of its numbers */
static df_stored_precision stated_precision(df_array_rounding rounding) {
  static const df_stored_kind kinds[] = {
      [DF_ARRAY_PLAIN] = DF_STORED_FLOAT64, [DF_ARRAY_STEPS] = DF_STORED_STEPS, [DF_ARRAY_BITS] = DF_STORED_BITS};
  return (df_stored_precision){kinds[rounding.kind], rounding.n};
}

/* of several files the coarsest one counts */
static void note_precision(df_array_rounding rounding, df_stored_precision* out) {
  const df_stored_precision p = stated_precision(rounding);
  if (rounding.kind && df_stored_precision_error(p, 1) > df_stored_precision_error(*out, 1)) *out = p;
}

static df_status read_states(reader* rd) {
  for (int k = 0; k < rd->sources; k++) {
    source* s = &rd->source[k];
    char full[512];
    /* a group that is itself an array is the array of states */
    if (rd->group[0] && array_file_has(rd->file, rd->group, "", full)) s->request.expression = "";
    DF_TRY(stack_read(rd->file, &s->request, &s->read));
    DF_TRY(check_columns(rd, s));
    for (int c = 0; c < s->request.width; c++) note_precision(s->read.rounding, &rd->r->stated[s->column[c]]);
    const stack *a = &rd->source[0].read, *b = &s->read;
    if (a->episodes != b->episodes || a->frames != b->frames) {
      return df_fail(DF_E_MISMATCH, "%s: array '%s' has shape %s, but '%s' has %s: other numbers of frames",
                     rd->file->path, b->name, b->shape, a->name, a->shape);
    }
    if (b->transposed && (rd->first == 0 || !rd->r->transposed)) {
      rd->r->transposed = true;
      DF_TRY(recording_note(rd->r, "array '%s' of shape %s is read as [columns][frames]", b->name, b->shape));
    }
  }
  const stack* s = &rd->source[0].read;
  if (s->episodes > 0 && s->frames > 0 && s->episodes * s->frames <= INT_MAX) return DF_OK;
  return df_fail(DF_E_MISMATCH,
                 "%s: array '%s' has shape %s: expected at least one episode and frame, at most %d in all",
                 rd->file->path, s->name, s->shape, INT_MAX);
}

/* ---- actions ---- */

static int action_columns(const reader* rd, const df_system* system) {
  return rd->r->config.data_actuators.n > 0 ? rd->r->config.data_actuators.n : system->nu;
}

/* data.ends_key, or the array `episode_ends` that df_dataset_write() writes; NULL: the arrays say themselves */
static const char* ends_key(const reader* rd) {
  const char* key = rd->r->config.data_ends_key;
  char full[512];
  if (key[0]) return key;
  return !rd->source[0].read.listed && array_file_has(rd->file, rd->group, "episode_ends", full) ? "episode_ends"
                                                                                                 : NULL;
}

/* the error for an array that lists episodes beside data.ends_key, or for the latter if it cannot be read */
static df_status fail_listed(const reader* rd, const stack* listed) {
  const stack_request request = {.key = "data.ends_key", .group = rd->group, .expression = ends_key(rd)};
  stack ends;
  DF_TRY(stack_read(rd->file, &request, &ends));
  stack_clear(&ends);
  return df_fail(DF_E_MISMATCH, "%s: data.ends_key: array '%s' of shape %s lists episodes already", rd->file->path,
                 listed->name, listed->shape);
}

static df_status check_actions(const reader* rd, int columns) {
  const stack *a = &rd->actions, *s = &rd->source[0].read;
  const bool rows = a->frames == s->frames || a->frames + 1 == s->frames;
  const bool alike = a->episodes == s->episodes && a->listed == s->listed && rows;
  const bool fits = ends_key(rd) ? !a->listed : alike;
  if (fits && a->columns == (size_t)columns) return DF_OK;
  if (ends_key(rd) && a->listed) return fail_listed(rd, a);
  char episodes[32] = "";
  if (s->listed) snprintf(episodes, sizeof episodes, "[%zu]", s->episodes);
  return df_fail(DF_E_MISMATCH, "%s: array '%s' has shape %s, expected %s[%zu or %zu][nu = %d] ('%s' has %s)",
                 rd->file->path, a->name, a->shape, episodes, s->frames - 1, s->frames, columns, s->name, s->shape);
}

static df_status read_actions(reader* rd, const df_system* system) {
  const char* key = rd->r->config.data_actions_key;
  const int columns = action_columns(rd, system);
  if (*key == '\0') return DF_OK;
  const stack_request request = {.key = "data.actions_key", .group = rd->group, .expression = key, .width = columns};
  const df_status status = stack_read(rd->file, &request, &rd->actions);
  char full[512];
  if (status == DF_E_FORMAT && !array_file_has(rd->file, rd->group, key, full)) {
    return df_fail(status, "%s; if they are data of states only, set data.actions_key: \"\"", df_error_message());
  }
  if (status != DF_OK) return status;
  rd->r->action_columns = columns;
  note_precision(rd->actions.rounding, &rd->r->action_stated);
  return check_actions(rd, columns);
}

/* ---- episodes ---- */

static ends_rows ends_of(const reader* rd) {
  const char* rows = rd->r->config.data_ends_rows;
  return strcmp(rows, "frames") == 0 ? ENDS_FRAMES : strcmp(rows, "actions") == 0 ? ENDS_ACTIONS : ENDS_AUTO;
}

/* Compares the kind of numbers of this file with those before it: what could be flags or an index of the episode in one
 * file is the same in all. */
static df_status compare_kinds(reader* rd, const stack* array) {
  recorded_ends* seen = &rd->r->ends;
  const ends_kind kind = rd->spans.kind;
  if (kind == ENDS_ARE_NONE) return DF_OK;
  if (seen->kind != ENDS_ARE_NONE && seen->kind != kind) {
    return df_fail(DF_E_MISMATCH,
                   "%s: data.ends_key: array '%s' looks like %s, but in %s like %s; if each file is an episode, set "
                   "data.ends_key: \"\"",
                   rd->file->path, array->name, ends_kind_text(kind), rd->r->file[seen->file],
                   ends_kind_text(seen->kind));
  }
  if (kind == ENDS_ARE_CLOCK) {
    seen->again = seen->again || rd->spans.n > 1 || (seen->kind == kind && array->values[0] <= seen->last);
    seen->last = array->values[array->episodes * array->frames - 1];
  }
  if (seen->kind == ENDS_ARE_NONE) seen->file = rd->index;
  seen->kind = kind;
  return DF_OK;
}

static df_status cut_at_ends(reader* rd, const char* key) {
  const stack* s = &rd->source[0].read;
  if (s->episodes > 1) return fail_listed(rd, s);
  stack ends;
  stack_request request = {.key = "data.ends_key", .group = rd->group, .expression = key};
  DF_TRY(stack_read(rd->file, &request, &ends));
  /* rows [1][ends] are columns */
  if (ends.episodes * ends.frames == 1 && ends.columns > ends.arrays) {
    stack_clear(&ends);
    request.named = true;
    DF_TRY(stack_read(rd->file, &request, &ends));
  }
  /* of several arrays any one ends the episode */
  const size_t rows = ends.episodes * ends.frames;
  for (size_t t = 0; t < rows && ends.columns > 1; t++) {
    double any = 0;
    for (size_t c = 0; c < ends.columns; c++) any = fmax(any, ends.values[t * ends.columns + c]);
    ends.values[t] = any;
  }
  const stack* a = &rd->actions;
  const size_t frames = s->episodes * s->frames, actions = a->values ? a->episodes * a->frames : 0;
  const span_request cut = {.path = rd->file->path,
                            .key = ends.name,
                            .states = s->name,
                            .ends = ends.values,
                            .count = rows,
                            .rows = frames,
                            .actions = actions,
                            .ends_of = ends_of(rd),
                            .complete = !rd->r->config.data_ends_key[0] && ends_of(rd) != ENDS_ACTIONS};
  df_status status = spans_cut(&cut, &rd->spans);
  if (status == DF_OK) status = compare_kinds(rd, &ends);
  stack_clear(&ends);
  if (status == DF_OK && rd->spans.assumed) {
    status = recording_note(rd->r,
                            "the row numbers of array '%s' are taken to count frames; if they count actions, one fewer "
                            "per episode, set data.ends_rows: actions",
                            key);
  }
  const size_t n = (size_t)rd->spans.n;
  if (status != DF_OK || actions == 0 || actions == frames || actions + n == frames) return status;
  return df_fail(DF_E_MISMATCH, "%s: array '%s' has shape %s, expected [%zu or %zu][nu = %d]: '%s' gives %zu episodes",
                 rd->file->path, a->name, a->shape, frames - n, frames, rd->r->action_columns, key, n);
}

static df_status find_spans(reader* rd) {
  const stack *s = &rd->source[0].read, *a = &rd->actions;
  if (ends_key(rd)) return cut_at_ends(rd, ends_key(rd));
  rd->spans.n = (int)s->episodes;
  span* spans = rd->spans.span = df_alloc(s->episodes, sizeof *spans);
  if (!spans) return DF_E_NOMEM;
  for (size_t e = 0; e < s->episodes; e++) {
    spans[e] = (span){.frame = e * s->frames, .frames = s->frames};
    if (a->values) spans[e].action = e * a->frames, spans[e].actions = a->frames;
  }
  return DF_OK;
}

/* whether all described numbers of a raw frame are NaN */
static bool is_padding(const df_layout* layout, const double* raw) {
  int described = 0;
  for (int i = 0; i < layout->columns; i++) {
    if (layout->column[i].role == COLUMN_SKIP) continue;
    if (!isnan(raw[i])) return false;
    described++;
  }
  return described > 0;
}

/* leaves out the rows of NaN at the end of an episode, and the actions after it */
static void leave_out_padding(df_recording* r, recorded_episode* e) {
  const int all = e->frames, spare = e->actions == e->frames;
  while (e->frames > 0 && is_padding(r->layout, e->raw + (size_t)(e->frames - 1) * (size_t)r->layout->columns)) {
    e->frames--;
  }
  if (e->frames == all) return;
  e->padding = all - e->frames;
  r->padded_frames += e->padding;
  r->padded_episodes++;
  if (e->actions == 0) return;
  e->actions = e->frames - 1 + spare;
  if (e->frames == 0) e->actions = 0;
  if (spare && e->actions > 0 && isnan(e->action[(size_t)(e->actions - 1) * (size_t)r->action_columns])) e->actions--;
}

static df_status grow(df_recording* r) {
  if (r->episodes < r->capacity) return DF_OK;
  const int capacity = r->capacity > 0 ? 2 * r->capacity : 16;
  recorded_episode* more = df_alloc((size_t)capacity, sizeof *more);
  if (!more) return DF_E_NOMEM;
  if (r->episodes > 0) memcpy(more, r->episode, (size_t)r->episodes * sizeof *more);
  df_free(r->episode);
  r->episode = more;
  r->capacity = capacity;
  return DF_OK;
}

static df_status add_episode(reader* rd, const span* s) {
  df_recording* r = rd->r;
  DF_TRY(grow(r));
  recorded_episode* e = &r->episode[r->episodes++];
  *e = (recorded_episode){
      .number = r->episodes - 1, .file = rd->index, .frames = (int)s->frames, .actions = (int)s->actions};
  e->group = df_strdup(rd->group);
  const size_t columns = (size_t)r->layout->columns, nu = (size_t)r->action_columns;
  e->raw = df_alloc(s->frames * columns, sizeof *e->raw);
  e->action = df_alloc(s->actions * nu, sizeof *e->action);
  if (!e->group || !e->raw || !e->action) return DF_E_NOMEM;

  /* the columns of every source at their places in the raw frames */
  for (int k = 0; k < rd->sources; k++) {
    const source* from = &rd->source[k];
    const size_t width = (size_t)from->request.width;
    for (size_t t = 0; t < s->frames; t++) {
      for (size_t c = 0; c < width; c++) {
        e->raw[t * columns + (size_t)from->column[c]] = from->read.values[(s->frame + t) * width + c];
      }
    }
  }
  if (s->actions > 0) memcpy(e->action, rd->actions.values + s->action * nu, s->actions * nu * sizeof *e->action);
  leave_out_padding(r, e);
  return DF_OK;
}

/* ---- a group, a file ---- */

static df_status read_group(reader* rd, const df_system* system) {
  rd->first = rd->r->episodes;
  DF_TRY(list_sources(rd));
  DF_TRY(read_states(rd));
  DF_TRY(read_actions(rd, system));
  DF_TRY(reader_names(rd));
  DF_TRY(find_spans(rd));
  for (int e = 0; e < rd->spans.n; e++) DF_TRY(add_episode(rd, &rd->spans.span[e]));
  DF_TRY(reader_conditions(rd));
  return reader_duration(rd);
}

static void clear_group(reader* rd) {
  for (int k = 0; k < rd->sources; k++) {
    df_free(rd->source[k].column);
    stack_clear(&rd->source[k].read);
  }
  df_free(rd->source);
  stack_clear(&rd->actions);
  df_free(rd->spans.span);
}

/* ---- the model ---- */

/* sets *text to a text that may be missing: NULL */
static df_status read_optional(array_file* file, const char* key, char** text) {
  char full[512];
  *text = NULL;
  return array_file_has(file, "", key, full) ? df_arrays_read_text(file->arrays, full, text) : DF_OK;
}

/* A recording of other files under another MuJoCo is refused; of the same files, it is a recording of the model by that
 * MuJoCo, which a replay judges. */
static df_status check_model(df_recording* r, array_file* file, const df_system* system) {
  const df_model_identity* here = df_mujoco_identity(system);
  char* text[MODEL_KEYS] = {0};
  if (!here) return DF_OK;
  df_status status = DF_OK;
  for (int i = 0; i < MODEL_KEYS && status == DF_OK; i++) status = read_optional(file, model_keys[i], &text[i]);
  if (status == DF_OK) {
    char clause[sizeof r->unchecked] = "";
    const df_model_identity recorded = {text[MODEL_LIST], text[MODEL_FILES], text[MODEL_COMPILED], text[MODEL_MUJOCO]};
    const df_model_match match = df_model_compare(&recorded, here, clause, sizeof clause);
    if (match == DF_MODEL_OTHER) {
      status = df_fail(DF_E_MISMATCH, "%s: recorded with another model: %s", file->path, clause);
    }
    if (match == DF_MODEL_MAIN_FILE) memcpy(r->unchecked, clause, sizeof clause);
  }
  for (int i = 0; i < MODEL_KEYS; i++) df_free(text[i]);
  return status;
}

/* ---- what is unused ---- */

/* whether an array or an attribute is one of a group ("": none is) */
static bool is_within(const char* name, const char* group) {
  const size_t n = strlen(group);
  return n > 0 && strncmp(name, group, n) == 0 && (name[n] == '/' || name[n] == '@');
}

/* whether one of the names that are joined by '+' or follow '@' is "table" */
static bool names_table(const char* text) {
  static const char name[] = "table";
  for (const char* at = text; *at;) {
    const size_t n = strcspn(at, "+@");
    if (n == sizeof name - 1 && strncmp(at, name, n) == 0) return true;
    at += n + (at[n] != '\0');
  }
  return false;
}

/* Whether something reads the whole table of text: the actions, the ends of episodes or a condition. */
static bool reads_table(const df_config* config) {
  bool found = names_table(config->data_actions_key) || names_table(config->data_ends_key);
  for (int k = 0; k < config->data_conditions.n; k++) found = found || names_table(config->data_conditions.v[k]);
  return found;
}

/* whether data.columns read column `index` of the table of text, other than by skip */
static bool is_read_of_table(const df_recording* r, int index) {
  for (int c = 0; c < r->layout->columns; c++) {
    if (r->column[c].index == index && names_table(r->column[c].array) && r->layout->column[c].role != COLUMN_SKIP)
      return true;
  }
  return false;
}

/* whether array i of a table of text, which is listed after the whole table and the columns before it, is read as a
 * part of the table; what the table states beside its columns is */
static bool is_part_of_table(const df_recording* r, const array_file* file, int i) {
  const char* const* names;
  const int columns = df_arrays_columns(file->arrays, "table", &names);
  return i == 0 || i > columns || reads_table(&r->config) || is_read_of_table(r, i - 1);
}

/* whether an array is in the first group of episodes, or in none; a table of text is also listed by its columns */
static bool is_mentioned(const df_recording* r, const array_file* file, int i, const group_list* groups) {
  const df_array_info* info = df_arrays_info(file->arrays, i);
  const char* first = groups->name[0];
  const bool csv = strcmp(df_arrays_format(file->arrays), "CSV") == 0;
  if (csv && file->used[0] && is_part_of_table(r, file, i)) return false;
  if (csv && strcmp(info->name, "table") == 0) return false;
  if (is_within(info->name, first)) return true;
  /* the group of an array is one of the beginnings of its name, or all of it */
  for (const char* at = info->name; first[0]; at++) {
    if (strchr("/@", *at) && groups_hold(groups, info->name, (size_t)(at - info->name))) return false;
    if (!*at) break;
  }
  return true;
}

/* whether an array is of texts that may tell episodes apart: several, or one per group or file */
static bool is_of_texts(const df_recording* r, const df_array_info* info, const group_list* groups) {
  if (strcmp(info->type, "text") != 0) return false;
  return (info->rank > 0 && info->shape[0] > 1) || r->files > 1 || is_within(info->name, groups->name[0]);
}

static df_status list_unused(df_recording* r, const array_file* file, const group_list* groups) {
  const int n = df_arrays_count(file->arrays);
  r->unused_array = df_alloc((size_t)n, sizeof *r->unused_array);
  if (!r->unused_array) return DF_E_NOMEM;
  for (int i = 0; i < n; i++) {
    const df_array_info* info = df_arrays_info(file->arrays, i);
    const bool texts = is_of_texts(r, info, groups);
    if (file->used[i] || !(info->numeric || texts) || !is_mentioned(r, file, i, groups)) continue;
    df_array_info* copy = &r->unused_array[r->unused];
    *copy = *info;
    copy->name = df_strdup(info->name);
    copy->type = texts ? "text" : "";
    if (!copy->name) return DF_E_NOMEM;
    r->unused++;
  }
  return DF_OK;
}

static df_status read_opened(df_recording* r, const df_system* system, int index, array_file* file,
                             const group_list* groups) {
  DF_TRY(check_model(r, file, system));
  for (int g = 0; g < groups->n; g++) {
    reader rd = {.r = r, .file = file, .index = index, .group = groups->name[g]};
    const df_status status = read_group(&rd, system);
    clear_group(&rd);
    if (status != DF_OK) return status;
  }
  return index == 0 ? list_unused(r, file, groups) : DF_OK;
}

df_status recording_read_file(df_recording* r, const df_system* system, int index) {
  array_file file;
  group_list groups = {0};
  DF_TRY(array_file_open(r->file[index], &file));
  df_status status = groups_find(&file, r->config.data_episodes_key, &groups);
  if (status == DF_OK) status = read_opened(r, system, index, &file, &groups);
  groups_clear(&groups);
  array_file_close(&file);
  return status;
}

/* ---- selection ---- */

static df_status check_conditions(const df_recording* r, const recorded_episode* e) {
  const size_t nc = (size_t)r->nc, n = r->condition_per_frame ? (size_t)e->frames * nc : nc;
  for (size_t i = 0; i < n; i++) {
    if (isfinite(e->condition[i])) continue;
    const recorded_condition* c = &r->condition[i % nc];
    char frame[48] = "";
    if (r->condition_per_frame) snprintf(frame, sizeof frame, ", frame %zu", i / nc);
    return df_fail(DF_E_NONFINITE, "%s: array '%s%s%s' is %g at episode %d%s, index %zu ('%s')", r->file[e->file],
                   e->group, e->group[0] ? "/" : "", c->array, e->condition[i], e->number, frame, c->index, c->name);
  }
  return DF_OK;
}

static df_status check_episode(const df_recording* r, int episode) {
  const recorded_episode* e = &r->episode[episode];
  char place[512];
  const double* raw = e->raw;
  if (e->frames < 2) {
    char padding[64] = "";
    if (e->padding)
      snprintf(padding, sizeof padding, " before %d row%s of NaN", e->padding, e->padding == 1 ? "" : "s");
    recorded_place(r, episode, 0, place);
    return df_fail(DF_E_MISMATCH,
                   "%s: episode %d has %d frame%s%s, at least 2 are needed; data.select leaves episodes out, and "
                   "data.ends_key says where they end",
                   place, e->number, e->frames, e->frames == 1 ? "" : "s", padding);
  }
  for (int t = 0; t < e->frames; t++) {
    for (int i = 0; i < r->layout->columns; i++, raw++) {
      if (isfinite(*raw) || r->layout->column[i].role == COLUMN_SKIP) continue;
      recorded_place(r, episode, i, place);
      return df_fail(DF_E_NONFINITE, "%s is %g at episode %d, frame %d, index %d", place, *raw, e->number, t,
                     r->column[i].index);
    }
  }
  return check_conditions(r, e);
}

df_status recording_select(df_recording* r, const char* path) {
  bool* selected = df_alloc((size_t)r->episodes, sizeof *selected);
  if (!selected) return DF_E_NOMEM;
  df_status status = select_episodes(&r->config.data_select, r->episodes, selected);
  status = recording_name_file(path, status);
  for (int e = 0; e < r->episodes && status == DF_OK; e++) {
    if (selected[e]) status = check_episode(r, e);
  }
  int kept = 0;
  for (int e = 0; e < r->episodes && status == DF_OK; e++) {
    if (selected[e]) {
      r->episode[kept++] = r->episode[e];
    } else {
      recording_free_episode(&r->episode[e]);
    }
  }
  if (status == DF_OK) r->episodes = kept;
  df_free(selected);
  return status;
}
