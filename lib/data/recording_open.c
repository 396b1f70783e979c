/* opening a recording: its files, their hash, its columns */
#define _POSIX_C_SOURCE 200809L
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
  char *one = df_strdup(path), **found;
  size_t n;
  if (!one) return DF_E_NOMEM;
  const bool pattern = strpbrk(path, "*?[{") && !df_file_exists(path);
  df_status status = pattern ? DF_OK : add_files(r, 1, &one);
  df_free(one);
  if (!pattern) return status;
  DF_TRY(df_file_glob(path, &found, &n));
  status = add_files(r, (int)n, found);
  df_file_glob_free(found, n);
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

static df_status hash_files(df_recording* r) {
  return r->files == 1 ? df_sha256_file(r->file[0], r->sha256) : hash_several(r);
}

df_status df_recording_hash(const char* path, char sha256[DF_SHA256_TEXT]) {
  DF_REQUIRE_POINTER(path);
  DF_REQUIRE_POINTER(sha256);
  df_recording* r = df_alloc(1, sizeof *r);
  if (!r) return DF_E_NOMEM;
  df_status status = find_files(r, path);
  if (status == DF_OK) status = hash_files(r);
  if (status == DF_OK) memcpy(sha256, r->sha256, sizeof r->sha256);
  df_recording_free(r);
  return status;
}

static df_status check_hash(df_recording* r, const char* path, const char* expected) {
  DF_TRY(hash_files(r));
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
  r->stated = df_alloc((size_t)layout->columns, sizeof *r->stated);
  if (!r->column || !r->array || !r->stated) return DF_E_NOMEM;
  int in_states = 0, in_array = 0;
  for (int b = 0; b < layout->blocks; b++) {
    const layout_block* block = &layout->block[b];
    if (!layout_continues(layout, b)) in_array = 0;
    r->array[b] = df_strdup(block->array ? block->array : r->config.data_states_key);
    if (!r->array[b]) return DF_E_NOMEM;
    for (int c = 0; c < block->width; c++) {
      const layout_column* from = &layout->column[block->first + c];
      df_recording_column* column = &r->column[block->first + c];
      memcpy(column->name, from->name, sizeof column->name);
      column->array = r->array[b];
      column->index = (block->array ? in_array : in_states) + c;
      column->state = layout_is_coordinate(from) ? from->at : -1;
      column->stated_name = column->stated_by = column->other_name = column->other_by = "";
    }
    *(block->array ? &in_array : &in_states) += block->width;
  }
  return DF_OK;
}

/* ---- opening ---- */

/* files that state a frame rate beside files that do not */
static df_status note_rates(df_recording* r) {
  int silent = 0;
  for (int e = 0; e < r->episodes; e++) silent += recording_stated_duration(r, e) == 0;
  if (silent == 0 || silent == r->episodes || r->config.data_rate > 0) return DF_OK;
  return recording_note(r,
                        "the files of %d of %d episodes state no frame rate, as the others do; one frame per action is "
                        "assumed, set data.rate if it is another",
                        silent, r->episodes);
}

/* a clock that counts through cannot tell episodes apart, and none may have been meant */
static df_status note_clock(df_recording* r) {
  const bool counts_through = r->ends.kind == ENDS_ARE_CLOCK && !r->ends.again;
  if (!counts_through) return DF_OK;
  return recording_note(r, "the numbers of data.ends_key = %s never begin again: %s", r->config.data_ends_key,
                        r->files == 1 ? "all frames are one episode" : "the frames of each file are one episode");
}

static df_status open_all(df_recording* r, const char* path, const df_system* system) {
  DF_TRY(recording_name_file(path, layout_new(&r->config, system, &r->layout)));
  DF_TRY(describe_columns(r));
  DF_TRY(find_files(r, path));
  DF_TRY(check_hash(r, path, r->config.data_sha256));
  DF_TRY(recording_find_labels(r));
  for (int i = 0; i < r->files; i++) DF_TRY(recording_read_file(r, system, i));
  DF_TRY(recording_select(r, path));
  DF_TRY(recording_find_precisions(r));
  DF_TRY(note_rates(r));
  DF_TRY(note_clock(r));
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
