/* cmd_report.c: dynaflow report RUN: writes tables, figures and an HTML page from the records of a run alone. */
#include <stdio.h>
#include <string.h>

#include "aggregate.h"
#include "commands.h"
#include "csv.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "exit_code.h"
#include "html.h"
#include "latex.h"
#include "options.h"
#include "plots.h"
#include "rows.h"
#include "run_argument.h"
#include "run_view.h"
#include "store.h"
#include "summary.h"
#include "tables.h"
#include "terminal.h"
#include "text.h"

typedef struct arguments {
  run_argument runs;
  bool partial;
} arguments;

static error_t parse(int key, char* value, struct argp_state* state) {
  (void)value;
  arguments* a = state->input;
  switch (key) {
    case ARGP_KEY_INIT:
      state->child_inputs[0] = &a->runs;
      return 0;
    case 'p':
      a->partial = true;
      return 0;
    default:
      return ARGP_ERR_UNKNOWN;
  }
}

static const struct argp_option own_options[] = {
    {"partial", 'p', NULL, 0, "report the finished cells of an unfinished run; every table is marked as partial", 0},
    {0}};
static const struct argp_child children[] = {RUN_ARGUMENT_CHILD, {0}};
const struct argp report_argp = {
    .options = own_options,
    .parser = parse,
    .args_doc = "RUN",
    .doc =
        "Writes tables, figures and an HTML page of a run.\n\n"
        "Reads the records of RUN, of one process or of several shards, and writes RUN/report: index.html, tables.md, "
        "results.csv, times.csv, the main tables as latex/*.tex, and plots/*.svg and *.pdf with their gnuplot scripts "
        "and data. RUN is a folder, or the name of a folder under results/runs. The same results give the same bytes, "
        "except in times.csv and plots/*-cost*. If cells of the plan are not done, it names them and writes nothing, "
        "unless --partial is "
        "given.\v"
        "Exits with 0 when the report is complete, 2 on bad input, 3 when the run is missing, cells of the plan are "
        "not done (also with "
        "--partial) or figures could not be drawn.",
    .children = children};

static df_status write_all(const run_view* r, const char* folder, const options* opts, bool* drawn) {
  figures f = {0};
  DF_TRY(df_dir_make(folder));
  summary s;
  DF_TRY(summary_new(r, &s));
  df_status status = tables_write(r, &s, folder);
  if (status == DF_OK) status = csv_write(r, folder);
  if (status == DF_OK) status = times_write(r, folder);
  if (status == DF_OK) status = latex_write(r, folder);
  if (status == DF_OK) status = plots_write(r, folder, &f);
  *drawn = status == DF_OK;
  if (status == DF_E_MISSING) {
    if (!opts->quiet) print_line(stderr, "dynaflow: %s", df_error_message());
    status = DF_OK;
  }
  if (status == DF_OK) status = html_write(r, &s, &f, folder);
  summary_clear(&s);
  figures_clear(&f);
  return status;
}

/* prints the main metrics at one K: means over seeds, without intervals, which are in the files */
static void print_table(const run_view* r, const run_group* g, int k, const options* opts) {
  rows out = rows_new();
  const char* columns[MAIN_METRICS];
  const int n = table_main_columns(g, columns);
  for (int m = 0; m < g->n_methods; m++) {
    json_t* one = json_pack("{s:s}", "method", g->methods[m]);
    for (int c = 0; c < n; c++) {
      const aggregate a = aggregate_of(r, g, g->methods[m], columns[c], k);
      char* value = a.n ? format_text("%.3g", a.mean) : format_text(a.failed ? "not finite" : "-");
      json_object_set_new(one, columns[c], json_string(value));
      df_free(value);
    }
    rows_add_object(&out, one);
  }
  char steps[48] = "";
  if (k > 0) snprintf(steps, sizeof steps, ", K = %d sampler step%s", k, k == 1 ? "" : "s");
  print_line(stdout, "%s%s, profile %s, %d of %d cells done%s", g->task, g->experts ? ", experts" : "", g->profile,
             g->done, g->cells, steps);
  text measured = {0};
  measured_note(r, g, &measured);
  if (measured.n) print_line(stdout, "%s", text_of(&measured));
  text_clear(&measured);
  rows_print(&out, opts);
  print_line(stdout, "%s", "");
  rows_free(&out);
}

static void put_note(text* out, const char* line) {
  (void)out;
  print_line(stderr, "dynaflow: warning: %s", line);
}

/* the notes of the records on standard error */
static void print_notes(const run_view* r, const options* opts) {
  for (int i = 0; i < r->n_groups && !opts->quiet; i++) for_notes(r, &r->groups[i], put_note, NULL);
}

static void print_tables(const run_view* r, const char* folder, const options* opts) {
  for (int i = 0; i < r->n_groups; i++) {
    const run_group* g = &r->groups[i];
    for (int j = 0; j < g->n_k && g->done; j++) print_table(r, g, g->k[j], opts);
  }
  print_line(stdout, "Units, intervals and figures: %s/index.html", folder);
}

/* prints a row per task and profile: cells done and missing; `page` is the HTML page, "" if none was written */
static void print_result(const run_view* r, const char* page, const options* opts) {
  rows out = rows_new();
  for (int i = 0; i < r->n_groups; i++) {
    const run_group* g = &r->groups[i];
    text missing = {0};
    run_missing(r, g, NULL, &missing);
    rows_add_object(
        &out, json_pack("{s:s,s:s,s:i,s:i,s:s*,s:s}", "task", g->task, "profile", g->profile, "cells", g->cells, "done",
                        g->done, "page", page[0] ? page : NULL, "missing", text_of(&missing)));
    text_clear(&missing);
  }
  rows_print(&out, opts);
  rows_free(&out);
}

/* reports which cells are missing, and how to continue */
static void report_missing_cells(const run_view* r, const char* run, int missing, const options* opts) {
  text names = {0};
  run_missing(r, NULL, NULL, &names);
  print_line(stderr, "dynaflow: %s: %d of %d cells done: no report is written of a part of the plan", run,
             r->n_cells - missing, r->n_cells);
  print_line(stderr, "dynaflow: missing: %s", text_of(&names));
  print_line(stderr,
             "dynaflow: repeat `dynaflow run` to finish them, or report the others with `dynaflow report %s --partial`",
             run);
  text_clear(&names);
  if (opts->json) print_result(r, "", opts);
}

static int make_report(const run_view* r, const char* run, const arguments* a) {
  text names = {0};
  const int missing = run_missing(r, NULL, NULL, &names);
  text_clear(&names);
  if (missing && !a->partial) {
    report_missing_cells(r, run, missing, &a->runs.common);
    return EXIT_INCOMPLETE;
  }
  bool drawn = false;
  char* folder = df_path_join(run, "report");
  const df_status status = folder ? write_all(r, folder, &a->runs.common, &drawn) : DF_E_NOMEM;
  if (status == DF_OK) print_notes(r, &a->runs.common);
  if (status == DF_OK && a->runs.common.json) {
    char* page = format_text("%s/index.html", folder);
    print_result(r, page, &a->runs.common);
    df_free(page);
  } else if (status == DF_OK && !a->runs.common.quiet) {
    print_tables(r, folder, &a->runs.common);
  }
  df_free(folder);
  if (status != DF_OK) return report_failure(status);
  return drawn && !missing ? EXIT_DONE : EXIT_INCOMPLETE;
}

int cmd_report(int argc, char** argv) {
  arguments a = {.runs = run_argument_default(1)};
  options_parse(&report_argp, argc, argv, &a);
  run_view r;
  char* run;
  df_status status = run_argument_open(&a.runs, 0, &run, &r);
  if (status == DF_OK && r.n_cells == 0)
    status = df_fail(DF_E_FORMAT, "%s: no cell is recorded yet", store_path(r.source));
  const int code = status == DF_OK ? make_report(&r, run, &a) : report_failure(status);
  run_view_clear(&r);
  df_free(run);
  return code;
}
