/* cmd_report.c: dynaflow report RUN: tables, figures and a page from a run's events.jsonl alone. */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "options.h"
#include "report.h"
#include "rows.h"
#include "verify.h"

typedef struct arguments {
  options common;
  const char* run;
} arguments;

static error_t parse(int key, char* value, struct argp_state* state) {
  arguments* a = state->input;
  switch (key) {
    case ARGP_KEY_INIT:
      state->child_inputs[0] = &a->common;
      return 0;
    case ARGP_KEY_ARG:
      if (a->run) argp_error(state, "more than one run");
      a->run = value;
      return 0;
    case ARGP_KEY_END:
      if (!a->run) argp_error(state, "a run's folder is needed");
      return 0;
    default:
      return ARGP_ERR_UNKNOWN;
  }
}

static const struct argp_child children[] = {OPTIONS_CHILD, {0}};
static const struct argp parser = {
    .parser = parse,
    .args_doc = "RUN",
    .doc =
        "Writes RUN/report: index.html, tables.md, results.csv and plots/*.svg with their gnuplot scripts and data, "
        "all "
        "from RUN/events.jsonl. RUN is a folder, or the name of one under results/runs. The same record gives the same "
        "bytes.\vExits with 3 when cells of the plan are not done, or figures could not be drawn.",
    .children = children};

static df_status write_all(const report* r, const char* folder, const options* opts, bool* drawn) {
  figures f = {0};
  DF_TRY(df_dir_make(folder));
  DF_TRY(tables_write(r, folder));
  DF_TRY(csv_write(r, folder));
  df_status status = plots_write(r, folder, &f);
  *drawn = status == DF_OK;
  if (status == DF_E_MISSING) {
    if (!opts->quiet) fprintf(stderr, "dynaflow: %s\n", df_error_message());
    status = DF_OK;
  }
  if (status == DF_OK) status = html_write(r, &f, folder);
  figures_clear(&f);
  return status;
}

/* the main metrics at one K, for a terminal: means over seeds; intervals stand in the files */
static void print_table(const report* r, const report_group* g, int k, const options* opts) {
  rows out = rows_new();
  for (int m = 0; m < g->n_methods; m++) {
    json_t* one = json_pack("{s:s}", "method", g->methods[m]);
    for (int place = 0; place < METRICS_MAX; place++) {
      for (int i = 0; i < g->n_metrics; i++) {
        if (report_main_metric(g->metrics[i]) != place) continue;
        const aggregate a = report_aggregate(r, g, g->methods[m], g->metrics[i], k);
        char* value = a.n ? format_text("%.3g", a.mean) : format_text(a.failed ? "not finite" : "-");
        json_object_set_new(one, g->metrics[i], json_string(value));
        df_free(value);
      }
    }
    rows_add_object(&out, one);
  }
  printf("%s, profile %s, %d of %d cells done", g->task, g->profile, g->done, g->cells);
  if (k > 0) printf(", K = %d sampler step%s", k, k == 1 ? "" : "s");
  printf("\n");
  rows_print(&out, opts);
  printf("\n");
  rows_free(&out);
}

static void print_tables(const report* r, const char* folder, const options* opts) {
  for (int i = 0; i < r->n_groups; i++) {
    const report_group* g = &r->groups[i];
    for (int j = 0; j < g->n_k && g->done; j++) print_table(r, g, g->k[j], opts);
  }
  printf("Units, intervals and figures: %s/index.html\n", folder);
}

static void print_result(const report* r, const char* folder, const options* opts) {
  rows out = rows_new();
  char page[4096];
  snprintf(page, sizeof page, "%s/index.html", folder);
  for (int i = 0; i < r->n_groups; i++) {
    const report_group* g = &r->groups[i];
    rows_add_object(&out, json_pack("{s:s,s:s,s:i,s:i,s:s}", "task", g->task, "profile", g->profile, "cells", g->cells,
                                    "done", g->done, "page", page));
  }
  rows_print(&out, opts);
  rows_free(&out);
}

int cmd_report(int argc, char** argv) {
  arguments a = {.common = options_default()};
  argp_parse(&parser, argc, argv, 0, NULL, &a);
  report r = {0};
  bool drawn = false, complete = true;
  char* run = run_folder(a.run);
  char* folder = run ? df_path_join(run, "report") : NULL;
  df_status status = folder ? report_new(run, &r) : DF_E_NOMEM;
  if (status == DF_OK && r.n_cells == 0) status = df_fail(DF_E_FORMAT, "%s: no cell is recorded", store_path(r.source));
  if (status == DF_OK) status = write_all(&r, folder, &a.common, &drawn);
  int code = report_failure(status);
  if (status == DF_OK) {
    if (a.common.json) {
      print_result(&r, folder, &a.common);
    } else if (!a.common.quiet) {
      print_tables(&r, folder, &a.common);
    }
    for (int i = 0; i < r.n_groups; i++) complete &= r.groups[i].done == r.groups[i].cells;
    code = drawn && complete ? EXIT_DONE : EXIT_INCOMPLETE;
  }
  report_clear(&r);
  df_free(folder);
  df_free(run);
  return code;
}
