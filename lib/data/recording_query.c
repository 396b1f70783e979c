/* what a recording holds: queries, messages about it, its end */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "recording_internal.h"

/* ---- messages ---- */

df_status recording_name_file(const char* path, df_status status) {
  return status == DF_E_CONFIG ? df_fail(status, "%s: %s", path, df_error_message()) : status;
}

void recorded_place(const df_recording* recording, int episode, int column, char text[512]) {
  const recorded_episode* e = &recording->episode[episode];
  snprintf(text, 512, "%s: array '%s%s%s'", recording->file[e->file], e->group, e->group[0] ? "/" : "",
           recording->column[column].array);
}

df_status recording_note(df_recording* recording, const char* format, ...) {
  char text[2048]; /* a message of two names of arrays */
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  const size_t n = (size_t)recording->notes;
  for (size_t i = 0; i < n; i++) {
    if (strcmp(recording->note[i], text) == 0) return DF_OK;
  }
  char** more = df_alloc(n + 1, sizeof *more);
  char* copy = df_strdup(text);
  if (!more || !copy) {
    df_free(more);
    df_free(copy);
    return DF_E_NOMEM;
  }
  if (n > 0) memcpy(more, recording->note, n * sizeof *more);
  more[n] = copy;
  df_free(recording->note);
  recording->note = more;
  recording->notes++;
  return DF_OK;
}

/* ---- the end ---- */

static void free_texts(int n, char** texts) {
  for (int i = 0; texts && i < n; i++) df_free(texts[i]);
}

void recording_free_episode(recorded_episode* e) {
  df_free(e->group);
  df_free(e->raw);
  df_free(e->action);
  df_free(e->condition);
}

void recording_free_names(int n, column_name* names) {
  for (int i = 0; names && i < n; i++) {
    df_free(names[i].name);
    df_free(names[i].by);
    df_free(names[i].other);
    df_free(names[i].other_by);
  }
  df_free(names);
}

void df_recording_free(df_recording* r) {
  if (!r) return;
  recording_free_names(r->layout ? r->layout->columns : 0, r->name);
  recording_free_names(r->action_columns, r->action_name);
  free_texts(r->layout ? r->layout->blocks : 0, r->array);
  free_texts(r->files, r->file);
  free_texts(r->notes, r->note);
  df_free(r->note);
  for (int e = 0; e < r->episodes; e++) recording_free_episode(&r->episode[e]);
  for (int i = 0; i < r->unused; i++) df_free((char*)(uintptr_t)r->unused_array[i].name);
  layout_free(r->layout);
  df_free(r->column);
  df_free(r->precision);
  df_free(r->stated);
  df_free(r->array);
  df_free(r->file);
  df_free(r->episode);
  df_free(r->condition);
  for (int k = 0; r->labels && k < r->config.data_conditions.n; k++) labels_clear(&r->labels[k]);
  df_free(r->labels);
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

const char* df_recording_action_name(const df_recording* recording, int column, const char** stated_by) {
  const column_name* one = recording->action_name ? &recording->action_name[column] : NULL;
  if (stated_by) *stated_by = one && one->by ? one->by : "";
  return one && one->name ? one->name : "";
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
