#define _POSIX_C_SOURCE 200809L
#include "dynaflow/data/recording.h"

#include <glob.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "recording_internal.h"

/* ---- the files ---- */

static df_status add_files(df_recording* r, int n, char* const* paths) {
  r->file = df_alloc((size_t)n, sizeof *r->file);
  if (!r->file) return DF_E_NOMEM;
  for (; r->files < n; r->files++) {
    r->file[r->files] = df_strdup(paths[r->files]);
    if (!r->file[r->files]) return DF_E_NOMEM;
  }
  return DF_OK;
}

/* the path, or if there is no such file, those that fit it as a pattern */
static df_status find_files(df_recording* r, const char* path) {
  char* one = df_strdup(path);
  if (!one) return DF_E_NOMEM;
  const bool pattern = strpbrk(path, "*?[") && !df_file_exists(path);
  df_status status = pattern ? DF_OK : add_files(r, 1, &one);
  df_free(one);
  if (!pattern) return status;
  glob_t found;
  const int code = glob(path, 0, NULL, &found);
  if (code == 0) status = add_files(r, (int)found.gl_pathc, found.gl_pathv);
  if (code == GLOB_NOMATCH) status = df_fail(DF_E_MISSING, "%s: no file fits this pattern", path);
  if (code != 0 && code != GLOB_NOMATCH) status = df_fail(DF_E_IO, "%s: its folder cannot be read", path);
  globfree(&found);
  return status;
}

static df_status hash_several(df_recording* r) {
  size_t room = 1;
  for (int i = 0; i < r->files; i++) room += strlen(r->file[i]) + DF_SHA256_TEXT + 4;
  char *lines = df_alloc(room, 1), one[DF_SHA256_TEXT];
  if (!lines) return DF_E_NOMEM;
  size_t n = 0;
  df_status status = DF_OK;
  for (int i = 0; i < r->files && status == DF_OK; i++) {
    const char* slash = strrchr(r->file[i], '/');
    status = df_sha256_file(r->file[i], one);
    n += (size_t)snprintf(lines + n, room - n, "%s  %s\n", one, slash ? slash + 1 : r->file[i]);
  }
  if (status == DF_OK) status = df_sha256(lines, n, r->sha256);
  df_free(lines);
  return status;
}

static df_status check_hash(df_recording* r, const char* path, const char* expected) {
  DF_TRY(r->files == 1 ? df_sha256_file(r->file[0], r->sha256) : hash_several(r));
  if (*expected == '\0' || strcasecmp(expected, r->sha256) == 0) return DF_OK;
  char several[48] = "";
  if (r->files > 1) snprintf(several, sizeof several, " of its %d files", r->files);
  return df_fail(DF_E_MISMATCH, "%s: SHA-256%s is %s, but data.sha256 is %s", path, several, r->sha256, expected);
}

/* ---- columns ---- */

static df_status describe_columns(df_recording* r) {
  const df_layout* layout = r->layout;
  r->column = df_alloc((size_t)layout->columns, sizeof *r->column);
  r->array = df_alloc((size_t)layout->blocks, sizeof *r->array);
  if (!r->column || !r->array) return DF_E_NOMEM;
  int in_states = 0;
  for (int b = 0; b < layout->blocks; b++) {
    const layout_block* block = &layout->block[b];
    r->array[b] = df_strdup(block->array ? block->array : r->config.data_states_key);
    if (!r->array[b]) return DF_E_NOMEM;
    for (int c = 0; c < block->width; c++) {
      const layout_column* from = &layout->column[block->first + c];
      df_recording_column* column = &r->column[block->first + c];
      memcpy(column->name, from->name, sizeof column->name);
      column->array = r->array[b];
      column->index = block->array ? c : in_states + c;
      column->state = from->role == COLUMN_STATE || from->role == COLUMN_COS ? from->at : -1;
    }
    if (!block->array) in_states += block->width;
  }
  return DF_OK;
}

void recording_place(const df_recording* recording, int episode, int column, char text[512]) {
  const recorded_episode* e = &recording->episode[episode];
  snprintf(text, 512, "%s: array '%s%s%s'", recording->file[e->file], e->group, e->group[0] ? "/" : "",
           recording->column[column].array);
}

df_status recording_note(df_recording* recording, const char* format, ...) {
  char text[512];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  if (recording->notes == (int)(sizeof recording->note / sizeof *recording->note)) return DF_OK;
  char* copy = df_strdup(text);
  if (!copy) return DF_E_NOMEM;
  recording->note[recording->notes++] = copy;
  return DF_OK;
}

/* ---- life cycle ---- */

static df_status open_all(df_recording* r, const char* path, const df_system* system) {
  DF_TRY(layout_new(&r->config, system, &r->layout));
  DF_TRY(describe_columns(r));
  DF_TRY(find_files(r, path));
  DF_TRY(check_hash(r, path, r->config.data_sha256));
  for (int i = 0; i < r->files; i++) DF_TRY(recording_read_file(r, system, i));
  DF_TRY(recording_select(r, path));
  if (r->padded_frames > 0) {
    DF_TRY(recording_note(r, "%ld rows of NaN at the ends of %d episodes are left out as padding", r->padded_frames,
                          r->padded_episodes));
  }
  return DF_OK;
}

df_status df_recording_open(const char* path, const df_config* config, const df_system* system, df_recording** out) {
  DF_REQUIRE_OUT(out);
  DF_REQUIRE_POINTER(path);
  DF_REQUIRE_POINTER(config);
  DF_REQUIRE_POINTER(system);
  df_recording* r = df_alloc(1, sizeof *r);
  if (!r) return DF_E_NOMEM;
  r->config = *config;
  const df_status status = open_all(r, path, system);
  if (status != DF_OK) {
    df_recording_free(r);
    return status;
  }
  *out = r;
  return DF_OK;
}

static void free_texts(int n, char** texts) {
  for (int i = 0; texts && i < n; i++) df_free(texts[i]);
}

void recording_free_episode(recorded_episode* e) {
  df_free(e->group);
  df_free(e->raw);
  df_free(e->action);
  df_free(e->condition);
}

void df_recording_free(df_recording* r) {
  if (!r) return;
  free_texts(r->layout ? r->layout->blocks : 0, r->array);
  free_texts(r->files, r->file);
  free_texts(r->notes, r->note);
  for (int e = 0; e < r->episodes; e++) recording_free_episode(&r->episode[e]);
  for (int i = 0; i < r->unused; i++) df_free((char*)(uintptr_t)r->unused_array[i].name);
  layout_free(r->layout);
  df_free(r->column);
  df_free(r->array);
  df_free(r->file);
  df_free(r->episode);
  df_free(r->condition_name);
  df_free(r->unused_array);
  df_free(r);
}

/* ---- queries ---- */

int df_recording_files(const df_recording* recording) {
  return recording->files;
}

const char* df_recording_file(const df_recording* recording, int i) {
  return recording->file[i];
}

const char* df_recording_sha256(const df_recording* recording) {
  return recording->sha256;
}

int df_recording_episodes(const df_recording* recording) {
  return recording->episodes;
}

int df_recording_frames(const df_recording* recording, int episode) {
  return recording->episode[episode].frames;
}

int df_recording_episode_file(const df_recording* recording, int episode) {
  return recording->episode[episode].file;
}

int df_recording_columns(const df_recording* recording) {
  return recording->layout->columns;
}

const df_recording_column* df_recording_column_at(const df_recording* recording, int i) {
  return &recording->column[i];
}

const double* df_recording_frame(const df_recording* recording, int episode, int frame) {
  return recording->episode[episode].raw + (size_t)frame * (size_t)recording->layout->columns;
}

int df_recording_action_columns(const df_recording* recording) {
  return recording->action_columns;
}

int df_recording_actions(const df_recording* recording, int episode) {
  return recording->episode[episode].actions;
}

const double* df_recording_action(const df_recording* recording, int episode, int i) {
  return recording->episode[episode].action + (size_t)i * (size_t)recording->action_columns;
}

int df_recording_unused(const df_recording* recording, const df_array_info** list) {
  *list = recording->unused_array;
  return recording->unused;
}

int df_recording_notes(const df_recording* recording) {
  return recording->notes;
}

const char* df_recording_note(const df_recording* recording, int i) {
  return recording->note[i];
}
