#include "tables.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "aggregate.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "escape.h"
#include "json.h"
#include "list.h"
#include "style.h"

/* puts "0.123 [0.110, 0.140]", or why there is no number, with the number of such seeds */
static void put_aggregate(table* t, const aggregate* a) {
  if (a->failed) {
    char* why = format_text("%s (%d of %d)", a->status[0] ? a->status : "not finite", a->failed, a->failed + a->n);
    table_put(t, TABLE_STACKED, why);
    df_free(why);
  } else {
    char cell[160];
    table_interval(a->n ? a->mean : NAN, a->lo, a->hi, cell, sizeof cell);
    table_put(t, TABLE_STACKED, cell);
  }
}

static void seeds_text(const run_view* r, const run_group* g, const char* method, char* out, size_t n) {
  int done = 0, planned = 0;
  for (int i = 0; i < r->n_cells; i++) {
    if (!run_in_group(g, &r->cells[i]) || strcmp(r->cells[i].method, method) != 0) continue;
    planned++;
    done += r->cells[i].done;
  }
  if (done == planned) {
    snprintf(out, n, "%d", done);
  } else {
    snprintf(out, n, "%d of %d", done, planned);
  }
}

/* one row per method, one column per metric */
static void put_columns(const run_view* r, const run_group* g, int k, table_kind kind, int n,
                        const char* const* columns, text* out) {
  /* head */
  char cell[160];
  table_partial(g, kind, out);
  table t = table_new(kind, out);
  table_row(&t);
  table_put(&t, TABLE_HEAD | TABLE_WORDS, "method");
  table_put(&t, TABLE_HEAD, "seeds");
  for (int c = 0; c < n; c++) {
    table_metric_head(r, g, columns[c], k, cell, sizeof cell);
    table_put_metric(&t, TABLE_HEAD | TABLE_STACKED, cell, columns[c]);
  }
  table_row_end(&t, true);
  /* rows */
  for (int m = 0; m < g->n_methods; m++) {
    table_row(&t);
    table_put(&t, TABLE_WORDS, method_label(g->methods[m]));
    seeds_text(r, g, g->methods[m], cell, sizeof cell);
    table_put(&t, 0, cell);
    for (int c = 0; c < n; c++) {
      const aggregate a = aggregate_of(r, g, g->methods[m], columns[c], k);
      put_aggregate(&t, &a);
    }
    table_row_end(&t, false);
  }
  table_end(&t);
}

void table_main(const run_view* r, const run_group* g, int k, table_kind kind, text* out) {
  const char* columns[MAIN_METRICS];
  const int n = table_main_columns(g, columns);
  put_columns(r, g, k, kind, n, columns, out);
}

void table_side(const run_view* r, const run_group* g, int k, table_kind kind, text* out) {
  enum { MOST = 9 };
  static const struct {
    const char *title, *metrics[MOST];
  } sides[] = {{"Distribution of the windows:", {"sliced_wasserstein", "coverage", "diversity"}},
               {"Style, after alignment in time:", {"style_joints", "style_feet", "style_shift"}},
               {"Plausibility without a demonstration:",
                {"root_residual", "penetration", "self_collision", "slip", "joint_limit", "velocity_limit",
                 "torque_limit", "jerk", "power"}}};
  for (size_t i = 0; i < sizeof sides / sizeof *sides; i++) {
    const char* columns[MOST];
    int n = 0;
    while (n < MOST && sides[i].metrics[n]) n++;
    n = table_columns(g, n, sides[i].metrics, columns);
    if (n == 0) continue;
    text_add(out, kind == TABLE_HTML ? "<p>%s</p>\n" : "%s\n\n", sides[i].title);
    put_columns(r, g, k, kind, n, columns, out);
  }
}

/* the row of a method and gait */
static void gait_row(table* t, const run_view* r, const run_group* g, const char* method, const char* gait, int n,
                     const char* const* columns) {
  char seeds[160];
  table_row(t);
  table_put(t, TABLE_WORDS, method_label(method));
  table_put(t, TABLE_WORDS, gait);
  seeds_text(r, g, method, seeds, sizeof seeds);
  table_put(t, 0, seeds);
  for (int c = 0; c < n; c++) {
    char* metric = format_text("%s.%s", columns[c], gait);
    const aggregate a = aggregate_of(r, g, method, metric, 0);
    put_aggregate(t, &a);
    df_free(metric);
  }
  table_row_end(t, false);
}

void table_gaits(const run_view* r, const run_group* g, table_kind kind, text* out) {
  static const char reward[] = "reward.";
  const char* columns[MAIN_METRICS];
  const int n = table_main_columns(g, columns);
  if (!g->experts || !g->done) return;
  text_add(out, kind == TABLE_HTML ? "<p>%s</p>\n" : "%s\n\n", "By gait:");
  table t = table_new(kind, out);
  table_row(&t);
  table_put(&t, TABLE_HEAD | TABLE_WORDS, "method");
  table_put(&t, TABLE_HEAD | TABLE_WORDS, "gait");
  table_put(&t, TABLE_HEAD, "seeds");
  for (int c = 0; c < n; c++) {
    char cell[160];
    table_metric_head(r, g, columns[c], 0, cell, sizeof cell);
    table_put_metric(&t, TABLE_HEAD | TABLE_STACKED, cell, columns[c]);
  }
  table_row_end(&t, true);
  for (int m = 0; m < g->n_methods; m++) {
    for (int i = 0; i < g->n_metrics; i++) {
      if (strncmp(g->metrics[i], reward, sizeof reward - 1) == 0)
        gait_row(&t, r, g, g->methods[m], g->metrics[i] + sizeof reward - 1, n, columns);
    }
  }
  table_end(&t);
}

/* the row of a metric at the j-th K; none if it was not measured; a metric that does not depend on K gets one row */
static void all_row(table* t, const run_view* r, const run_group* g, const char* metric, int j) {
  aggregate* of = NULL;
  const char* unit = "";
  int k = 0, measured = 0;
  char cell[160];
  for (int m = 0; m < g->n_methods; m++) {
    of = list_grow(of, m, sizeof *of);
    of[m] = aggregate_of(r, g, g->methods[m], metric, g->k[j]);
    measured += of[m].n + of[m].failed;
    if (of[m].k > k) k = of[m].k;
    if (of[m].unit[0]) unit = of[m].unit;
  }
  if (measured == 0 || (k == 0 && j > 0)) {
    df_free(of);
    return;
  }
  table_row(t);
  table_put_metric(t, TABLE_WORDS, metric, metric);
  snprintf(cell, sizeof cell, "%d", k);
  table_put(t, 0, k ? cell : "–");
  table_put(t, TABLE_WORDS, unit);
  for (int m = 0; m < g->n_methods; m++) put_aggregate(t, &of[m]);
  df_free(of);
  table_row_end(t, false);
}

void table_all(const run_view* r, const run_group* g, table_kind kind, text* out) {
  table_partial(g, kind, out);
  table t = table_new(kind, out);
  table_row(&t);
  table_put(&t, TABLE_HEAD | TABLE_WORDS, "metric");
  table_put(&t, TABLE_HEAD, "K");
  table_put(&t, TABLE_HEAD | TABLE_WORDS, "unit");
  for (int m = 0; m < g->n_methods; m++) table_put(&t, TABLE_HEAD, method_label(g->methods[m]));
  table_row_end(&t, true);
  for (int i = 0; i < g->n_metrics; i++) {
    for (int j = 0; j < g->n_k; j++) all_row(&t, r, g, g->metrics[i], j);
  }
  table_end(&t);
}

static void put_number(table* t, const json_t* v, const char* format) {
  char cell[64];
  snprintf(cell, sizeof cell, format, number_of(v));
  table_put(t, 0, json_is_number(v) ? cell : "–");
}

void table_cells(const run_view* r, table_kind kind, text* out) {
  /* head; run times are in times.csv, see times_write() */
  static const char* const heads[] = {"task",       "profile", "method",     "seed",  "state",
                                      "parameters", "key",     "checkpoint", "reason"};
  const unsigned words = 1u << 0 | 1u << 1 | 1u << 2 | 1u << 4 | 1u << 6 | 1u << 7 | 1u << 8;
  char cell[160];
  table t = table_new(kind, out);
  table_heads(&t, sizeof heads / sizeof heads[0], heads, words);
  /* one row per cell */
  for (int i = 0; i < r->n_cells; i++) {
    const run_cell* c = &r->cells[i];
    const json_t* training = json_object_get(c->record, "training");
    table_row(&t);
    table_put(&t, TABLE_WORDS, c->task);
    table_put(&t, TABLE_WORDS, c->profile);
    table_put(&t, TABLE_WORDS, method_label(c->method));
    snprintf(cell, sizeof cell, "%lld", (long long)c->seed);
    table_put(&t, 0, cell);
    table_put(&t, TABLE_WORDS, c->record ? string_of(c->record, "status") : "not run");
    put_number(&t, json_object_get(training, "parameters"), "%.0f");
    snprintf(cell, sizeof cell, "%.12s", string_of(c->record, "key"));
    table_put(&t, TABLE_WORDS, cell);
    snprintf(cell, sizeof cell, "%.12s", string_of(training, "checkpoint_sha256"));
    table_put(&t, TABLE_WORDS, cell);
    table_put(&t, TABLE_WORDS, string_of(c->record, "reason"));
    table_row_end(&t, false);
  }
  table_end(&t);
}

/* a row with the distinct values of one field of the provenance over all cells */
static void put_distinct(table* t, const run_view* r, const char* head, const char* key, const char* part) {
  text values = {0};
  json_t* known = json_object();
  for (int i = 0; i < r->n_cells; i++) {
    const json_t* from = json_object_get(r->cells[i].record, "provenance");
    if (part) from = json_object_get(from, part);
    const json_t* v = json_object_get(from, key);
    text shown = {0};
    if (json_is_string(v)) text_add(&shown, "%s", json_string_value(v));
    if (json_is_boolean(v)) text_add(&shown, "%s", json_is_true(v) ? "yes" : "no");
    if (json_is_integer(v)) text_add(&shown, "%lld", (long long)json_integer_value(v));
    if (shown.n && !json_object_get(known, text_of(&shown))) {
      json_object_set_new(known, text_of(&shown), json_true());
      text_add(&values, "%s%s", values.n ? "; " : "", text_of(&shown));
    }
    text_clear(&shown);
  }
  table_row(t);
  table_put(t, TABLE_WORDS, head);
  table_put(t, TABLE_WORDS, values.n ? text_of(&values) : "–");
  table_row_end(t, false);
  text_clear(&values);
  json_decref(known);
}

void table_provenance(const run_view* r, table_kind kind, text* out) {
  static const struct {
    const char *head, *key, *part;
  } lines[] = {
      {"dynaflow", "dynaflow", NULL}, {"commit", "commit", NULL},         {"uncommitted changes", "dirty", NULL},
      {"MuJoCo", "mujoco", NULL},     {"BLAS kernels", "kernel", "blas"}, {"BLAS configuration", "config", "blas"},
      {"compiler", "compiler", NULL}, {"flags", "flags", NULL},           {"processor", "cpu", NULL},
      {"cores", "cores", NULL},       {"threads", "threads", NULL},       {"libc", "libc", "libraries"}};
  static const char* const heads[] = {"item", "value"};
  table t = table_new(kind, out);
  table_heads(&t, 2, heads, 3);
  for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
    put_distinct(&t, r, lines[i].head, lines[i].key, lines[i].part);
  }
  table_end(&t);
}

void measured_note(const run_view* r, const run_group* g, text* out) {
  const json_t* config = json_object_get(run_first_record(r, g), "config");
  const char* profile = string_of(config, "eval.profile");
  if (profile[0])
    text_add(out, "Measured on the held-out windows of profile %s (eval.profile), with the scales of the training. ",
             profile);
  if (strcmp(string_of(config, "eval.chain_commands"), "follow") == 0)
    text_add(out, "Commands of chains change as in the demonstrations (eval.chain_commands). ");
  for (int i = 0; i < r->n_cells; i++) {
    const json_t* training = run_in_group(g, &r->cells[i]) ? json_object_get(r->cells[i].record, "training") : NULL;
    const char* from = string_of(json_object_get(training, "taken_from"), "run");
    if (!r->cells[i].done || !from[0]) continue;
    text_add(out, "The weights are those of run %s. ", from);
    return;
  }
}

void group_note(const run_view* r, const run_group* g, text* out) {
  text different = {0};
  run_differences(r, g, &different);
  if (different.n) text_add(out, "Not comparable: the cells differ in %s. ", text_of(&different));
  text_clear(&different);
  text_add(out, "%d of %d cells done.%s ", g->done, g->cells,
           g->done < g->cells ? " The group is incomplete: means are over the seeds that are done." : "");
  measured_note(r, g, out);
  if (g->experts) {
    text_add(
        out,
        "Numbers are of policies of `dynaflow expert`: means over seeds, with the smallest and the largest seed in "
        "brackets; with one seed, the brackets hold the 95 %% interval over walks. Errors and contacts are means "
        "over the walks without a fall. Arrows show the better direction.");
    return;
  }
  text_add(
      out,
      "Numbers are means over seeds, with the smallest and the largest seed in brackets; with one seed, the brackets "
      "hold the 95 %% interval over test %s. command_error and gait_phase are means over the chains without a fall. "
      "Arrows show the better direction.",
      summary_knows_episodes(r, g) == 1 ? "episodes"
                                        : "windows as if they were independent (the records do not say which belong to "
                                          "one episode, so it may be too narrow)");
}

void for_notes(const run_view* r, const run_group* g, void (*put)(text* out, const char* line), text* out) {
  for (int i = 0; i < r->n_cells; i++) {
    const run_cell* c = &r->cells[i];
    size_t j;
    json_t* note;
    if (!c->done || !run_in_group(g, c)) continue;
    json_array_foreach(json_object_get(c->record, "notes"), j, note) {
      char* line =
          format_text("%s, seed %lld: %s", method_label(c->method), (long long)c->seed, json_string_value(note));
      put(out, line);
      df_free(line);
    }
  }
}

/* ---- files ---- */

static void put_note(text* out, const char* line) {
  text_add(out, "- ");
  text_add_markdown(out, line);
  text_add(out, "\n");
}

/* the notes of the cells of a group as a list; nothing if there are none */
static void add_notes(const run_view* r, const run_group* g, text* out) {
  text notes = {0};
  for_notes(r, g, put_note, &notes);
  if (notes.n) text_add(out, "### Warnings\n\n%s\n", text_of(&notes));
  text_clear(&notes);
}

/* interquartile means and comparisons, which need several seeds */
static void add_summary(const run_view* r, const summary* s, const run_group* g, text* out) {
  text note = {0};
  if (g->experts) return;
  text_add(out, "### Statistics over seeds and windows\n\n");
  summary_note(r, s, g, &note);
  text_add_markdown(out, text_of(&note));
  text_add(out, "\n\n");
  text_clear(&note);
  if (!summary_has(s, g)) return;
  for (int j = 0; j < g->n_k; j++) {
    if (g->k[j]) text_add(out, "K = %d:\n\n", g->k[j]);
    table_iqm(r, s, g, g->k[j], TABLE_MARKDOWN, out);
    table_against(r, s, g, g->k[j], TABLE_MARKDOWN, out);
  }
  text_add(out, "#### All comparisons\n\n");
  table_comparisons(s, g, TABLE_MARKDOWN, out);
}

df_status tables_write(const run_view* r, const summary* s, const char* folder) {
  text out = {0};
  /* groups */
  text_add(&out, "# Run ");
  text_add_markdown(&out, r->name);
  text_add(&out, "\n\n");
  for (int i = 0; i < r->n_groups; i++) {
    const run_group* g = &r->groups[i];
    text note = {0};
    text_add(&out, "## ");
    text_add_markdown(&out, g->task);
    text_add(&out, "%s (profile ", g->experts ? ", experts" : "");
    text_add_markdown(&out, g->profile);
    text_add(&out, ")\n\n");
    group_note(r, g, &note);
    text_add_markdown(&out, text_of(&note));
    text_add(&out, "\n\n");
    text_clear(&note);
    add_notes(r, g, &out);
    if (has_diagnostics(r, g)) text_add(&out, "### Diagnostics\n\n");
    table_gates(r, g, TABLE_MARKDOWN, &out);
    table_curves(r, g, TABLE_MARKDOWN, &out);
    for (int j = 0; j < g->n_k && g->done; j++) {
      if (g->k[j]) text_add(&out, "### K = %d sampler step%s\n\n", g->k[j], g->k[j] == 1 ? "" : "s");
      table_main(r, g, g->k[j], TABLE_MARKDOWN, &out);
      table_side(r, g, g->k[j], TABLE_MARKDOWN, &out);
    }
    table_gaits(r, g, TABLE_MARKDOWN, &out);
    if (g->done) table_definitions(g, TABLE_MARKDOWN, &out);
    if (g->done) {
      add_summary(r, s, g, &out);
      text_add(&out, "### All metrics\n\n");
      table_all(r, g, TABLE_MARKDOWN, &out);
    }
  }
  /* cells and provenance */
  text_add(&out, "## Cells\n\n");
  table_cells(r, TABLE_MARKDOWN, &out);
  text_add(&out, "## Provenance\n\n");
  table_provenance(r, TABLE_MARKDOWN, &out);
  /* file */
  char* path = df_path_join(folder, "tables.md");
  const df_status status = path ? text_write(&out, path) : DF_E_NOMEM;
  df_free(path);
  text_clear(&out);
  return status;
}
