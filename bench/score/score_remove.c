#include "score_remove.h"

#include <string.h>
#include <unistd.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "json.h"
#include "store.h"
#include "text.h"

/* ---- which records ---- */

/* whether a record, or a cell of a plan of this profile, is one of those chosen */
static bool is_chosen(const score_choice* choice, const json_t* cell, const char* profile) {
  return strcmp(string_of(cell, "task"), choice->task) == 0 && strcmp(string_of(cell, "method"), choice->method) == 0 &&
         (!choice->profile || strcmp(profile, choice->profile) == 0) &&
         (!choice->seed || json_integer_value(json_object_get(cell, "seed")) == (json_int_t)*choice->seed);
}

static bool is_cell(const json_t* record) {
  return strcmp(string_of(record, "type"), "cell") == 0;
}

/* of store_remove(): chosen records, and plans of chosen cells alone */
static bool drop(const json_t* record, const void* context) {
  const char* profile = string_of(record, "profile");
  if (is_cell(record)) return is_chosen(context, record, profile);
  const json_t* cells = json_object_get(record, "cells");
  bool all = json_array_size(cells) > 0;
  size_t i;
  json_t* cell;
  json_array_foreach(cells, i, cell) all = all && is_chosen(context, cell, profile);
  return all;
}

/* "mine, other": the names of judged files */
static void add_judged(const json_t* records, text* out) {
  json_t* names = json_object();
  size_t i;
  json_t* record;
  json_array_foreach(records, i, record) {
    const char* name = string_of(record, "method");
    if (!json_object_get(record, "trajectories") || json_object_get(names, name)) continue;
    text_add(out, "%s%s", out->n ? ", " : "", name);
    json_object_set_new(names, name, json_true());
  }
  json_decref(names);
}

static df_status fail_none(const char* folder, const score_choice* choice, const json_t* records) {
  text judged = {0};
  add_judged(records, &judged);
  const df_status status = df_fail(DF_E_MISSING, "%s: no judged file '%s' of task %s%s%s; judged files: %s", folder,
                                   choice->method, choice->task, choice->profile ? ", profile " : "",
                                   choice->profile ? choice->profile : "", judged.n ? text_of(&judged) : "none");
  text_clear(&judged);
  return status;
}

/* lists the chosen records */
static df_status choose(const char* folder, const score_choice* choice, const json_t* records, json_t* out) {
  size_t i;
  json_t* record;
  json_array_foreach(records, i, record) {
    if (!is_cell(record) || !is_chosen(choice, record, string_of(record, "profile"))) continue;
    if (!json_object_get(record, "trajectories"))
      return df_fail(DF_E_CONFIG, "%s: '%s' is a method that was run, not a judged file: only judged files are removed",
                     folder, choice->method);
    json_array_append_new(
        out, json_pack("{s:O,s:O,s:O,s:O,s:O}", "task", json_object_get(record, "task"), "method",
                       json_object_get(record, "method"), "seed", json_object_get(record, "seed"), "profile",
                       json_object_get(record, "profile"), "key", json_object_get(record, "key")));
  }
  return json_array_size(out) ? DF_OK : fail_none(folder, choice, records);
}

/* ---- what is removed ---- */

/* the copies of files that no record names any more */
static void remove_copies(const char* folder, const store* events, const json_t* removed) {
  size_t i;
  json_t* one;
  json_array_foreach(removed, i, one) {
    const char* key = string_of(one, "key");
    if (store_find(events, key)) continue;
    char* name = format_text("%s/trajectories/%.16s.npz", folder, key);
    (void)unlink(name);
    df_free(name);
  }
}

static df_status check_run(const char* folder) {
  char* path = df_path_join(folder, "events.jsonl");
  const bool there = path && df_file_exists(path);
  df_free(path);
  return there ? DF_OK : df_fail(DF_E_MISSING, "%s: no run with judged files (no events.jsonl)", folder);
}

df_status score_remove(const char* folder, const score_choice* choice, json_t** removed) {
  store* events;
  *removed = NULL;
  DF_TRY(check_run(folder));
  DF_TRY(store_open(folder, (shard){0, 0}, &events));
  json_t* list = json_array();
  df_status status = choose(folder, choice, store_own(events), list);
  if (status == DF_OK) status = store_remove(events, drop, choice);
  if (status == DF_OK) {
    remove_copies(folder, events, list);
    *removed = list;
  } else {
    json_decref(list);
  }
  store_close(events);
  return status;
}

/* ---- the profile of a run ---- */

df_status score_profile_of(const char* folder, char** profile) {
  store* events;
  text names = {0};
  size_t i, n = 0;
  json_t* record;
  *profile = NULL;
  if (check_run(folder) != DF_OK) return DF_OK;
  DF_TRY(store_read(folder, &events));
  json_t* seen = json_object();
  json_array_foreach(store_records(events), i, record) {
    const char* name = string_of(record, "profile");
    if (!name[0] || json_object_get(seen, name)) continue;
    text_add(&names, "%s%s", n++ ? ", " : "", name);
    json_object_set_new(seen, name, json_true());
  }
  df_status status = DF_OK;
  if (n == 1)
    *profile = format_text("%s", text_of(&names));
  else if (n > 1)
    status =
        df_fail(DF_E_CONFIG, "%s: the run has the profiles %s: say which one by --profile", folder, text_of(&names));
  json_decref(seen);
  text_clear(&names);
  store_close(events);
  return status;
}
