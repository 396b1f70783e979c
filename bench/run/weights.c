#include "weights.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "dynaflow/core/hash.h"
#include "json.h"
#include "key.h"
#include "outcome.h"
#include "text.h"

df_status weights_open(const char* run, const char* folder, weights* out) {
  *out = (weights){.run = run, .folder = folder};
  return store_read(folder, &out->records);
}

void weights_close(weights* w) {
  store_close(w->records);
  *w = (weights){0};
}

static const char* checkpoint_of(const json_t* record) {
  return string_of(json_object_get(record, "training"), "checkpoint");
}

/* whether the record is of a done cell of the method that has weights */
static bool has_weights(const json_t* record, const char* method) {
  return strcmp(string_of(record, "type"), "cell") == 0 &&
         strcmp(string_of(record, "status"), cell_outcome_word(CELL_DONE)) == 0 &&
         strcmp(string_of(record, "method"), method) == 0 && checkpoint_of(record)[0];
}

/* ---- what differs ---- */

/* the one of several lines "<name> <value>" that has the name of `line`; its length in *n. NULL: none */
static const char* line_of(const char* lines, const char* line, size_t* n) {
  const size_t name = strcspn(line, " ") + 1;
  for (const char* at = lines; *at; at += strcspn(at, "\n") + 1) {
    *n = strcspn(at, "\n");
    if (strncmp(at, line, name) == 0) return at;
  }
  return NULL;
}

/* appends what the first line with another value says here and there; false if all lines are equal */
static bool add_difference(const char* here, const char* there, text* out) {
  for (const char* line = here; *line; line += strcspn(line, "\n") + 1) {
    size_t m;
    const size_t n = strcspn(line, "\n"), name = strcspn(line, " ");
    const char* other = line_of(there, line, &m);
    if (other && n == m && strncmp(line, other, n) == 0) continue;
    text_add(out, "%.*s is ", (int)name, line);
    if (other) {
      text_add(out, "%.*s there", (int)(m - name - 1), other + name + 1);
    } else {
      text_add(out, "not among its settings");
    }
    text_add(out, ", %.*s here", (int)(n - name - 1), line + name + 1);
    return true;
  }
  return false;
}

/* the reason why no record fits: the difference from the last one of the same task, method and seed */
static df_status refuse(const weights* w, const cell_identity* cell, const text* wanted, const json_t* nearest) {
  text there = {0}, what = {0};
  if (nearest && record_training_text(nearest, &there) != DF_OK) {
    text_add(&what, "%s", df_error_message());
  } else if (nearest && !add_difference(text_of(wanted), text_of(&there), &what)) {
    (void)add_difference(text_of(&there), text_of(wanted), &what);
  }
  const df_status status =
      nearest ? df_fail(DF_E_MISSING,
                        "%s has no weights of %s %s seed %" PRIu64
                        " that were trained in the same way: %s; train them with `dynaflow run`, or change the setting",
                        w->run, cell->config->task_name, cell->method, cell->seed, text_of(&what))
              : df_fail(DF_E_MISSING,
                        "%s has no weights of %s %s seed %" PRIu64
                        ": train them with `dynaflow run`, or choose others with --method and --seed",
                        w->run, cell->config->task_name, cell->method, cell->seed);
  text_clear(&what);
  text_clear(&there);
  return status;
}

/* ---- the cell ---- */

/* DF_E_FORMAT for a record that was changed after it was written */
static df_status check_record(const weights* w, const json_t* record) {
  char sum[DF_SHA256_TEXT], key[DF_SHA256_TEXT];
  DF_TRY(record_sum(record, sum));
  DF_TRY(record_key(record, key));
  if (strcmp(sum, string_of(record, "record_sha256")) == 0 && strcmp(key, string_of(record, "key")) == 0) return DF_OK;
  return df_fail(DF_E_FORMAT,
                 "%s: the record of %s %s seed %lld was changed after it was written, so its weights are not taken; "
                 "`dynaflow verify` says what differs",
                 w->run, string_of(record, "task"), string_of(record, "method"),
                 (long long)json_integer_value(json_object_get(record, "seed")));
}

df_status weights_find(const weights* w, const cell_identity* cell, const json_t** record) {
  const json_t *records = store_records(w->records), *nearest = NULL;
  text wanted = {0};
  size_t i;
  json_t* one;
  *record = NULL;
  cell_identity training = *cell;
  training.method = ""; /* as in record_training_text() */
  cell_key_text(&training, KEY_TRAINING, &wanted);
  json_array_foreach(records, i, one) {
    text there = {0};
    if (!has_weights(one, cell->method)) continue;
    if (record_training_text(one, &there) == DF_OK && strcmp(text_of(&there), text_of(&wanted)) == 0) *record = one;
    text_clear(&there);
    const bool same_seed = (uint64_t)json_integer_value(json_object_get(one, "seed")) == cell->seed;
    if (same_seed && strcmp(string_of(one, "task"), cell->config->task_name) == 0) nearest = one;
  }
  const df_status status = *record ? check_record(w, *record) : refuse(w, cell, &wanted, nearest);
  text_clear(&wanted);
  return status;
}

/* DF_E_MISMATCH if a file of the run is not the recorded one */
static df_status check_file(const weights* w, const char* name, const char* recorded) {
  char sum[DF_SHA256_TEXT];
  char* path = df_path_join(w->folder, name);
  df_status status = path ? DF_OK : DF_E_NOMEM;
  if (status == DF_OK && !df_file_exists(path)) {
    status = df_fail(DF_E_MISSING, "%s: No such file: the run was kept without its weights; train them again", path);
  }
  if (status == DF_OK) status = df_sha256_file(path, sum);
  if (status == DF_OK && strcmp(sum, recorded) != 0) {
    status = df_fail(DF_E_MISMATCH, "%s: SHA-256 is %.16s, but its record has %.16s: the file was changed", path, sum,
                     recorded);
  }
  df_free(path);
  return status;
}

/* the checkpoint, and all files that the method wrote beside it */
static df_status check_files(const weights* w, const json_t* record) {
  const json_t* training = json_object_get(record, "training");
  size_t i;
  json_t* file;
  DF_TRY(check_file(w, checkpoint_of(record), string_of(training, "checkpoint_sha256")));
  json_array_foreach(json_object_get(training, "files"), i, file) {
    DF_TRY(check_file(w, string_of(file, "path"), string_of(file, "sha256")));
  }
  return DF_OK;
}

df_status weights_load(const weights* w, const json_t* record, const df_method* method, void* instance) {
  DF_TRY(check_files(w, record));
  char* path = df_path_join(w->folder, checkpoint_of(record));
  const df_status status = path ? method->load(instance, path) : DF_E_NOMEM;
  df_free(path);
  return status;
}
