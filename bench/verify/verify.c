#include "verify.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "chains.h"
#include "consistency.h"
#include "contradictions.h"
#include "counts.h"
#include "curves.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "dynaflow/core/hash.h"
#include "dynaflow/metrics/defs.h"
#include "exit_code.h"
#include "experts.h"
#include "files.h"
#include "json.h"
#include "key.h"
#include "provenance.h"
#include "related.h"
#include "rows.h"
#include "schema.h"
#include "store.h"
#include "text.h"
#include "walks.h"

static json_int_t seed_of(const json_t* record) {
  return json_integer_value(json_object_get(record, "seed"));
}

/* position of a record for messages: "line 3", or "events-1of2.jsonl line 3" */
typedef struct where {
  char words[96];
} where;
static where where_is(const verifier* v, size_t line) {
  where w;
  store_where(v->r->source, line - 1, w.words, sizeof w.words);
  return w;
}

/* loops over the records of the run; `line` counts from 1, so for a run with one file it is the line in that file */
#define FOR_RECORDS(v, line, record)                                                    \
  for (size_t line = 1; line <= json_array_size(store_records((v)->r->source)); line++) \
    for (const json_t* record = json_array_get(store_records((v)->r->source), line - 1); record; record = NULL)

/* ---- single records ---- */

static void check_schema(verifier* v) {
  FOR_RECORDS(v, line, record) {
    v->looked++;
    if (schema_check(record) != DF_OK)
      verify_find(v, VERIFY_TAMPERED, record, "%s: %s", where_is(v, line).words, df_error_message());
  }
}

static void check_record(verifier* v) {
  char tomorrow[32];
  iso_time_of(time(NULL) + 24 * 3600, tomorrow);
  FOR_RECORDS(v, line, record) {
    char sum[DF_SHA256_TEXT];
    /* the latest record of a cell is the one that counts */
    if (strcmp(string_of(record, "started"), tomorrow) > 0) {
      verify_find(v, VERIFY_WARNING, record,
                  "%s: written at %s, which is in the future: it counts as newer than all records of other files until "
                  "then",
                  where_is(v, line).words, string_of(record, "started"));
    }
    const char* sealed = string_of(record, "record_sha256");
    v->looked++;
    if (!sealed[0]) {
      verify_find(v, VERIFY_TAMPERED, record, "%s: the record has no record_sha256, so it may have been changed",
                  where_is(v, line).words);
    } else if (record_sum(record, sum) != DF_OK || strcmp(sum, sealed) != 0) {
      verify_find(v, VERIFY_TAMPERED, record, "%s: the record was changed after it was written",
                  where_is(v, line).words);
    }
  }
}

static void check_key(verifier* v) {
  int without = 0;
  FOR_RECORDS(v, line, record) {
    char key[DF_SHA256_TEXT];
    if (!verify_is_cell(record)) continue;
    const df_status status = record_key(record, key);
    without += status == DF_E_MISSING;
    if (status != DF_OK) continue;
    v->looked++;
    if (strcmp(key, string_of(record, "key")) != 0) {
      verify_find(v, VERIFY_TAMPERED, record,
                  "%s: the recorded key %.16s differs from the key of its settings and hashes, %.16s",
                  where_is(v, line).words, string_of(record, "key"), key);
    }
  }
  if (without) {
    verify_find(v, VERIFY_WARNING, NULL, "%d records have no compiled_sha256, so their keys cannot be checked",
                without);
  }
}

/* a finite value from n >= 1 samples with an ordered interval, or a status that says why there is none */
static void check_row(verifier* v, const json_t* record, const json_t* number) {
  const char* metric = string_of(number, "metric");
  const int k = (int)json_integer_value(json_object_get(number, "k"));
  const char* status = string_of(number, "status");
  const double value = number_of(json_object_get(number, "value"));
  const double lo = number_of(json_object_get(number, "lo")), hi = number_of(json_object_get(number, "hi"));
  v->looked++;
  if (!isfinite(value) && (!status[0] || strcmp(status, "ok") == 0)) {
    verify_find(v, VERIFY_FAILED, record, "%s at K = %d: no finite value, and the status gives no reason", metric, k);
  }
  if (isfinite(value) && json_integer_value(json_object_get(number, "n")) < 1) {
    verify_find(v, VERIFY_FAILED, record, "%s at K = %d: a value, but n < 1 samples", metric, k);
  }
  if (lo > hi)
    verify_find(v, VERIFY_FAILED, record, "%s at K = %d: the interval has lo = %g > hi = %g", metric, k, lo, hi);
}

static void check_unit(verifier* v, const json_t* record, const json_t* number) {
  const char *metric = string_of(number, "metric"), *unit = df_metric_unit(metric);
  if (!unit) return; /* of a method of its own */
  v->looked++;
  if (strcmp(unit, string_of(number, "unit")) == 0) return;
  verify_find(v, VERIFY_FAILED, record, "%s at K = %d has the unit '%s', expected '%s'", metric,
              (int)json_integer_value(json_object_get(number, "k")), string_of(number, "unit"), unit);
}

static void for_rows(verifier* v, void (*look)(verifier* v, const json_t* record, const json_t* number)) {
  FOR_RECORDS(v, line, record) {
    if (!verify_is_done(record)) continue;
    size_t i;
    json_t* number;
    json_array_foreach(json_object_get(record, "rows"), i, number) look(v, record, number);
  }
}

static void check_numbers(verifier* v) {
  for_rows(v, check_row);
  FOR_RECORDS(v, line, record) {
    if (verify_is_done(record) && json_array_size(json_object_get(record, "rows")) == 0) {
      verify_find(v, VERIFY_FAILED, record, "%s: the status is 'done', but there are no rows", where_is(v, line).words);
    }
  }
}
static void check_units(verifier* v) {
  for_rows(v, check_unit);
}

/* looks at one file of a record; returns whether it exists */
static bool check_file(verifier* v, const json_t* record, size_t line, const char* name, const char* sha256) {
  char sum[DF_SHA256_TEXT] = "";
  char* path = df_path_join(v->folder, name);
  const df_status status = path ? df_sha256_file(path, sum) : DF_E_NOMEM;
  df_free(path);
  if (status == DF_E_MISSING) return false;
  v->looked++;
  if (status != DF_OK) {
    verify_find(v, VERIFY_INCOMPLETE, record, "%s: %s", where_is(v, line).words, df_error_message());
  } else if (strcmp(sum, sha256) != 0) {
    verify_find(v, VERIFY_TAMPERED, record, "%s: %s has SHA-256 %.16s, but the record has %.16s",
                where_is(v, line).words, name, sum, sha256);
  }
  return true;
}

/* warns of files beside a checkpoint that the record does not list: older records list the checkpoint alone */
static void check_unlisted(verifier* v, const json_t* record, size_t line, const char* checkpoint,
                           const json_t* files) {
  json_t *names, *name, *file;
  size_t i, j;
  if (files_named(v->folder, checkpoint, &names) != DF_OK) return;
  json_array_foreach(names, i, name) {
    const char* found = json_string_value(name);
    bool listed = strcmp(found, checkpoint) == 0;
    json_array_foreach(files, j, file) listed |= strcmp(found, string_of(file, "path")) == 0;
    if (listed) continue;
    verify_find(v, VERIFY_WARNING, record, "%s: %s is not listed in the record and cannot be checked",
                where_is(v, line).words, found);
  }
  json_decref(names);
}

/* A record may be kept without its checkpoint, unless cfg->need_checkpoints; but not with a part of it. */
static void check_checkpoints(verifier* v) {
  FOR_RECORDS(v, line, record) {
    const json_t *training = json_object_get(record, "training"), *files = json_object_get(training, "files");
    const char* checkpoint = string_of(training, "checkpoint");
    if (!verify_is_done(record) || !checkpoint[0]) continue;
    text missing = {0};
    size_t i;
    json_t* file;
    bool any = check_file(v, record, line, checkpoint, string_of(training, "checkpoint_sha256"));
    if (!any) text_add(&missing, "%s", checkpoint);
    json_array_foreach(files, i, file) {
      const char* name = string_of(file, "path");
      if (strcmp(name, checkpoint) == 0) continue;
      if (check_file(v, record, line, name, string_of(file, "sha256"))) {
        any = true;
      } else {
        text_add(&missing, "%s%s", missing.n ? ", " : "", name);
      }
    }
    if (missing.n && (any || v->cfg->need_checkpoints)) {
      verify_find(v, VERIFY_INCOMPLETE, record, "%s: missing: %s", where_is(v, line).words, text_of(&missing));
      v->looked++;
    }
    text_clear(&missing);
    check_unlisted(v, record, line, checkpoint, files);
  }
}

/* the file that `dynaflow score` judged; it may be missing as a checkpoint may */
static void check_trajectories(verifier* v) {
  FOR_RECORDS(v, line, record) {
    const json_t* file = json_object_get(record, "trajectories");
    const char *path = string_of(file, "path"), *sha256 = string_of(file, "sha256");
    if (!verify_is_done(record) || !file) continue;
    if (strcmp(sha256, string_of(record, "plugin_sha256")) != 0) {
      verify_find(v, VERIFY_TAMPERED, record, "%s: trajectories.sha256 is not the plugin_sha256 of the record's key",
                  where_is(v, line).words);
    }
    if (check_file(v, record, line, path, sha256) || !v->cfg->need_checkpoints) continue;
    verify_find(v, VERIFY_INCOMPLETE, record, "%s: missing: %s", where_is(v, line).words, path);
    v->looked++;
  }
}

/* the file of --store-samples, which may be missing as a checkpoint may */
static void check_stored(verifier* v) {
  FOR_RECORDS(v, line, record) {
    const json_t* file = json_object_get(record, "stored_samples");
    const char* path = string_of(file, "path");
    if (!verify_is_done(record) || !file || check_file(v, record, line, path, string_of(file, "sha256"))) continue;
    if (!v->cfg->need_checkpoints) continue;
    verify_find(v, VERIFY_INCOMPLETE, record, "%s: missing: %s", where_is(v, line).words, path);
    v->looked++;
  }
}

static void check_files(verifier* v) {
  check_checkpoints(v);
  check_stored(v);
  check_trajectories(v);
}

/* ---- the plan ---- */

static void check_plan(verifier* v) {
  int plans = 0;
  FOR_RECORDS(v, line, record) plans += !verify_is_cell(record);
  if (!plans) verify_find(v, VERIFY_INCOMPLETE, NULL, "no plan is recorded");
  if (v->r->n_cells == 0) verify_find(v, VERIFY_INCOMPLETE, NULL, "no cell is planned or recorded");
  for (int i = 0; i < v->r->n_cells; i++) {
    const run_cell* c = &v->r->cells[i];
    v->looked++;
    /* profiles with equal settings share a key and a record */
    if (c->done || (c->key[0] && store_find(v->r->source, c->key))) continue;
    json_t* about = json_pack("{s:s,s:s,s:I,s:s}", "task", c->task, "method", c->method, "seed", (json_int_t)c->seed,
                              "profile", c->profile);
    const char* status = c->record ? string_of(c->record, "status") : "not run";
    verify_find(v, strcmp(status, "diverged") == 0 ? VERIFY_FAILED : VERIFY_INCOMPLETE, about, "%s%s%.200s", status,
                c->record ? ": " : "", c->record ? string_of(c->record, "reason") : "");
    json_decref(about);
  }
}

static bool same_cell(const json_t* a, const json_t* b) {
  return strcmp(string_of(a, "task"), string_of(b, "task")) == 0 &&
         strcmp(string_of(a, "method"), string_of(b, "method")) == 0 && seed_of(a) == seed_of(b);
}

static void check_unique(verifier* v) {
  FOR_RECORDS(v, line, record) {
    if (!verify_is_done(record)) continue;
    v->looked++;
    for (size_t before = 1; before < line; before++) {
      const json_t* other = json_array_get(store_records(v->r->source), before - 1);
      if (!verify_is_done(other) || strcmp(string_of(other, "key"), string_of(record, "key")) != 0) continue;
      if (same_cell(other, record)) {
        verify_find(v, VERIFY_FAILED, record, "%s and %s: the same key is recorded as done twice",
                    where_is(v, before).words, where_is(v, line).words);
      } else {
        verify_find(v, VERIFY_TAMPERED, record, "%s and %s: two cells have the same key", where_is(v, before).words,
                    where_is(v, line).words);
      }
      break;
    }
  }
}

/* ---- pairs of cells ---- */

/* calls `look` for every pair of done cells of a group, in the order of the plan; walks of experts are no windows */
static void for_pairs(verifier* v, void (*look)(verifier* v, const run_cell* a, const run_cell* b)) {
  for (int i = 0; i < v->r->n_cells; i++) {
    for (int j = 0; j < i; j++) {
      const run_cell *a = &v->r->cells[j], *b = &v->r->cells[i];
      if (!a->done || !b->done || strcmp(a->task, b->task) != 0 || strcmp(a->profile, b->profile) != 0) continue;
      if (is_expert(a->method) != is_expert(b->method)) continue;
      look(v, a, b);
    }
  }
}

static void compare_windows(verifier* v, const run_cell* a, const run_cell* b) {
  const char *x = string_of(a->record, "windows_sha256"), *y = string_of(b->record, "windows_sha256");
  if (!x[0] || !y[0]) return;
  v->looked++;
  if (strcmp(x, y) == 0) return;
  verify_find(v, VERIFY_FAILED, b->record, "measured on different start states from %s, seed %lld", a->method,
              (long long)a->seed);
}
static void check_windows(verifier* v) {
  for_pairs(v, compare_windows);
}

static void compare_seeds(verifier* v, const run_cell* a, const run_cell* b) {
  if (strcmp(a->method, b->method) != 0) return;
  const verify_method method = v->cfg->method(a->method);
  if (method.ignores_seed || method.sees_demonstration) return;
  /* a file that was judged under several seeds is one seed for every comparison */
  const char *file = string_of(json_object_get(a->record, "trajectories"), "sha256"),
             *other = string_of(json_object_get(b->record, "trajectories"), "sha256");
  if (file[0] && strcmp(file, other) == 0) return;
  v->looked++;
  if (!json_equal(json_object_get(a->record, "rows"), json_object_get(b->record, "rows"))) return;
  if (!method.known && string_of(a->record, "plugin_sha256")[0] && !json_object_get(a->record, "trajectories")) {
    verify_find(v, VERIFY_WARNING, b->record,
                "all numbers are equal to those of seed %lld; load the method with --plugin to check if that is right",
                (long long)a->seed);
    return;
  }
  verify_find(v, VERIFY_FAILED, b->record, "all numbers are equal to those of seed %lld", (long long)a->seed);
}
static void check_seeds(verifier* v) {
  for_pairs(v, compare_seeds);
}

/* the value of a row of tre_open_loop; NaN for other rows */
static double open_loop(const json_t* number) {
  if (strcmp(string_of(number, "metric"), "tre_open_loop") != 0) return NAN;
  return number_of(json_object_get(number, "value"));
}

/* the smallest open-loop error of a reference method in the group of a cell; NaN if there is none */
static double reference_error(const run_view* r, const run_cell* like, const char* method) {
  double least = NAN;
  for (int i = 0; i < r->n_cells; i++) {
    const run_cell* c = &r->cells[i];
    if (!c->done || strcmp(c->method, method) != 0) continue;
    if (strcmp(c->task, like->task) != 0 || strcmp(c->profile, like->profile) != 0) continue;
    size_t j;
    json_t* number;
    json_array_foreach(json_object_get(c->record, "rows"), j, number) least = fmin(least, open_loop(number));
  }
  return least;
}

/* calls `look` with every open-loop error and that of a reference method, if the latter is at most `most` */
static void for_errors(verifier* v, const char* method, double most,
                       void (*look)(verifier*, const run_cell*, double, double)) {
  for (int i = 0; i < v->r->n_cells; i++) {
    const run_cell* c = &v->r->cells[i];
    if (!c->done || strcmp(c->method, method) == 0) continue;
    const double bound = reference_error(v->r, c, method);
    size_t j;
    json_t* number;
    json_array_foreach(json_object_get(c->record, "rows"), j, number) {
      const double value = open_loop(number);
      if (isnan(value) || !(bound <= most)) continue;
      v->looked++;
      look(v, c, value, bound);
    }
  }
}

/* std; actions whose rollout differs more from the recording are not those that made it, e.g. noisy measurements */
static const double REPLAYS = 1e-6;

/* no method can follow a demonstration better than the actions that made it, up to rounding; one that sees it may find
 * actions that undo the rounding of the recorded ones */
static void compare_with_ceiling(verifier* v, const run_cell* c, double value, double bound) {
  if (value >= bound * (1 - 1e-9) - 1e-12 || v->cfg->method(c->method).sees_demonstration) return;
  verify_find(v, VERIFY_FAILED, c->record,
              "tre_open_loop %g is smaller than that of replay_demo, %g: the method has access to the demonstration",
              value, bound);
}
static void check_ceiling(verifier* v) {
  for_errors(v, "replay_demo", REPLAYS, compare_with_ceiling);
}

static void compare_with_floor(verifier* v, const run_cell* c, double value, double bound) {
  if (value <= bound || v->cfg->method(c->method).sees_demonstration) return;
  verify_find(v, VERIFY_WARNING, c->record, "tre_open_loop %g is larger than that of random_action, %g", value, bound);
}
static void check_floor(verifier* v) {
  for_errors(v, "random_action", INFINITY, compare_with_floor);
}

static void check_replays(verifier* v) {
  v->cfg->replays(v, v->cfg->context);
}

static void check_drawn(verifier* v) {
  if (v->cfg->drawn) v->cfg->drawn(v, v->cfg->context);
}

static void check_weights(verifier* v) {
  if (v->cfg->weights) v->cfg->weights(v, v->cfg->context);
}

/* ---- all checks ---- */

/* X(name, function) */
#define CHECK_LIST(X)         \
  X(schema, check_schema)     \
  X(record, check_record)     \
  X(key, check_key)           \
  X(plan, check_plan)         \
  X(planned, check_planned)   \
  X(unique, check_unique)     \
  X(checkpoints, check_files) \
  X(numbers, check_numbers)   \
  X(units, check_units)       \
  X(ranges, check_ranges)     \
  X(counts, check_counts)     \
  X(related, check_related)   \
  X(chains, check_chains)     \
  X(walks, check_walks)       \
  X(samples, check_samples)   \
  X(unshown, check_unshown)   \
  X(training, check_training) \
  X(counters, check_counters) \
  X(curves, check_curves)     \
  X(limits, check_limits)     \
  X(windows, check_windows)   \
  X(identity, check_identity) \
  X(seeds, check_seeds)       \
  X(ceiling, check_ceiling)   \
  X(floor, check_floor)       \
  X(drawn, check_drawn)       \
  X(weights, check_weights)   \
  X(replay, check_replays)

void verify_run(const run_view* r, const char* folder, const verify_cfg* cfg, verification* out) {
  *out = (verification){.found = rows_new()};
  static const struct {
    const char* name;
    void (*make)(verifier* v);
  } checks[] = {
#define CHECK_ROW(name, make) {#name, make},
      CHECK_LIST(CHECK_ROW)
#undef CHECK_ROW
  };
  for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
    verifier v = {.r = r, .folder = folder, .cfg = cfg, .out = out, .check = checks[i].name};
    checks[i].make(&v);
    verify_close(&v);
  }
}

void verification_clear(verification* v) {
  rows_free(&v->found);
}

int verification_exit_code(const verification* v) {
  if (v->count[VERIFY_TAMPERED]) return EXIT_USAGE;
  if (v->count[VERIFY_FAILED]) return EXIT_CHECK_FAILED;
  return v->count[VERIFY_INCOMPLETE] ? EXIT_INCOMPLETE : EXIT_DONE;
}
