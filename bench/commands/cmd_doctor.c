/* cmd_doctor.c: dynaflow doctor [TASK]: checks the installation and the models and data of all tasks, or what decides
 * whether one task trains (docs/training.md). */
#define _GNU_SOURCE
#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "data_path.h"
#include "dynaflow/config/config.h"
#include "dynaflow/config/search.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "dynaflow/core/hash.h"
#include "dynaflow/data/task.h"
#include "dynaflow/nn/blas.h"
#include "dynaflow/sim/mujoco.h"
#include "dynaflow/sim/system.h"
#include "exit_code.h"
#include "json.h"
#include "lookup.h"
#include "machine.h"
#include "methods.h"
#include "options.h"
#include "provenance.h"
#include "rows.h"
#include "task_growth.h"
#include "text.h"

typedef struct arguments {
  options common;
  const char* task;   /* NULL: the installation */
  const char* method; /* with a task: of which the settings are checked; NULL: dynaflow */
} arguments;

static error_t parse(int key, char* value, struct argp_state* state) {
  arguments* a = state->input;
  switch (key) {
    case ARGP_KEY_INIT:
      state->child_inputs[0] = &a->common;
      return 0;
    case 'm':
      a->method = parse_text(state, "--method", value);
      return 0;
    case ARGP_KEY_ARG:
      if (a->task) argp_error(state, "unexpected argument '%s': one task is expected", value);
      a->task = value;
      return 0;
    case ARGP_KEY_END:
      if (a->method && !a->task) argp_error(state, "--method needs a TASK");
      if (a->method && !df_method_by_name(a->method))
        argp_error(state, "unknown method '%s' (see 'dynaflow list methods')", a->method);
      return 0;
    default:
      return ARGP_ERR_UNKNOWN;
  }
}

static const struct argp_child children[] = {OPTIONS_CHILD, {0}};
static const struct argp_option own_options[] = {
    {"method", 'm', "M", 0, "with TASK: the method whose settings are checked (default: dynaflow)", 0}, {0}};
const struct argp doctor_argp = {
    .options = own_options,
    .parser = parse,
    .args_doc = "[TASK]",
    .doc =
        "Checks the installation and the model and data of every task; with TASK, whether that task can be trained.\n\n"
        "Without TASK, prints versions, cores, BLAS kernels, writable folders, and the files of each task; for what is "
        "missing, how to get it. With TASK, prints which coordinates vary less than their floor and are scaled by it, "
        "how fast the gradient grows along the task's own windows, and, if it grows beyond the limit over "
        "window.horizon, the horizon, cotangent decay or learning rate to use. Writes nothing.\v"
        "Exits with 0 when everything is there, also if the gradient grows beyond the limit, 2 on bad input, 3 when "
        "something is missing.",
    .children = children};

typedef struct checkup {
  rows found;
  bool missing;
} checkup;

static void add(checkup* c, const char* what, const char* value, const char* status, const char* note) {
  rows_add_object(&c->found,
                  json_pack("{s:s,s:s,s:s,s:s}", "what", what, "value", value, "status", status, "note", note));
  if (strcmp(status, "missing") == 0) c->missing = true;
}

static void check_program(checkup* c) {
  char cpu[256], cores[32];
  snprintf(cores, sizeof cores, "%d", omp_get_num_procs());
  add(c, "program", provenance_version(), "ok", "");
  const df_status status = df_mujoco_check_version();
  add(c, "MuJoCo", df_mujoco_version(), status == DF_OK ? "ok" : "missing", status == DF_OK ? "" : df_error_message());
  add(c, "processor", cpu_model(cpu, sizeof cpu), "ok", "");
  add(c, "cores", cores, "ok", "");
#if defined(__x86_64__)
  add(c, "AVX-512", __builtin_cpu_supports("avx512f") ? "yes" : "no", "ok", "");
#endif
}

static void check_blas(checkup* c, const options* opts) {
  options quiet = *opts;
  quiet.quiet = true;
  /* a build of OpenBLAS that is not thread-safe is only refused with two or more threads */
  if (quiet.threads < 2) quiet.threads = 2;
  const df_status status = open_blas(&quiet);
  const df_blas_info* info = df_blas_get_info();
  if (status != DF_OK || !info) {
    add(c, "BLAS", "none", "missing", df_error_message());
    return;
  }
  add(c, "BLAS", info->config, "ok", "thread-safe; other builds are refused");
  add(c, "BLAS kernels", info->kernel, info->slower_than_cpu ? "slow" : "ok",
      info->slower_than_cpu ? "about half speed on this processor; use --blas-kernel auto" : "");
}

static void check_gnuplot(checkup* c) {
  char line[128] = "";
  FILE* pipe = popen("gnuplot --version 2>/dev/null", "r");
  if (pipe) {
    if (!fgets(line, sizeof line, pipe)) line[0] = '\0';
    pclose(pipe);
  }
  line[strcspn(line, "\n")] = '\0';
  add(c, "gnuplot", line[0] ? line : "none", line[0] ? "ok" : "missing",
      line[0] ? "" : "install it: report and gradcheck draw no figures without it");
}

static void check_writable(checkup* c, const char* what, const char* folder, const char* note) {
  add(c, what, folder, can_write(folder) ? "ok" : "missing", can_write(folder) ? "" : note);
}

static void check_model(checkup* c, const char* name, const df_config* config, const df_search* search) {
  df_system* system = NULL;
  char hash[DF_SHA256_TEXT], value[DF_TEXT_MAX + 32];
  char* what = format_text("%s model", name);
  const df_status status = df_task_system(config, search, &system, hash);
  if (status == DF_OK) {
    snprintf(value, sizeof value, "%s %.12s", config->system_model, hash);
    add(c, what, value, "ok", "");
  } else {
    text note = {0};
    text_add(&note, "%s", df_error_message());
    if (status == DF_E_MISSING) text_add(&note, "; run: dynaflow data fetch %s", name);
    add(c, what, config->system_model, "missing", text_of(&note));
    text_clear(&note);
  }
  df_free(what);
  df_system_free(system);
}

static void check_data(checkup* c, const char* name, const df_config* config, const df_search* search,
                       const options* opts) {
  char *path = NULL, *what = format_text("%s data", name);
  const bool generated = strcmp(config->data_source, "generator") == 0;
  const df_status status = task_data_path(config, search, opts, false, &path);
  if (status == DF_OK) {
    add(c, what, path, "ok", "");
  } else if (generated && status == DF_E_MISSING) {
    /* not missing: the program generates it */
    text note = {0};
    text_add(&note, "generated on first use, or by: dynaflow data make %s", name);
    add(c, what, "not generated yet", "ok", text_of(&note));
    text_clear(&note);
  } else {
    text note = {0};
    text_add(&note, "%s; run: dynaflow data fetch %s", df_error_message(), name);
    add(c, what, config->data_file, "missing", text_of(&note));
    text_clear(&note);
  }
  df_free(path);
  df_free(what);
}

static void check_task(checkup* c, const char* name, const options* opts) {
  df_config config;
  df_search search;
  if (resolve_task(name, NULL, NULL, opts, &config, &search) != DF_OK) {
    add(c, name, "", "missing", df_error_message());
  } else {
    char *folder, *what = format_text("%s data folder", name);
    const df_status status = writable_data_folder(&search, opts, &folder);
    check_model(c, name, &config, &search);
    check_data(c, name, &config, &search, opts);
    if (status == DF_OK) check_writable(c, what, folder, "not writable; use --data DIR");
    if (status == DF_E_IO) add(c, what, "", "missing", df_error_message());
    df_free(folder);
    df_free(what);
  }
  search_clear(&search);
}

/* ---- one task ---- */

typedef struct task_row {
  const char* what;
  double value, p90; /* not finite: null */
  const char *unit, *status, *note;
} task_row;

static void add_row(rows* out, const task_row* r) {
  rows_add_object(out, json_pack("{s:s,s:o,s:o,s:s,s:s,s:s}", "what", r->what, "value", json_number(r->value), "p90",
                                 json_number(r->p90), "unit", r->unit, "status", r->status, "note", r->note));
}

static void add_value(rows* out, const char* what, double value, const char* unit, const char* note) {
  add_row(out, &(task_row){what, value, NAN, unit, "ok", note});
}

static void add_scales(rows* out, const df_chart* chart) {
  static const char* const subjects[] = {
      [DF_SCALED_STATE] = "state", [DF_SCALED_START] = "start state", [DF_SCALED_ACTION] = "action"};
  const df_floored* list;
  const int n = df_chart_floored(chart, &list);
  for (int i = 0; i < n; i++) {
    text what = {0}, note = {0};
    text_add(&what, "std of %s %s", subjects[list[i].what], list[i].name);
    text_add(&note, "scaled by the floor %.3g by %s", list[i].used, list[i].setting);
    add_value(out, text_of(&what), list[i].measured, list[i].unit, text_of(&note));
    text_clear(&what);
    text_clear(&note);
  }
}

/* the growth after 1, 2, 4 ... and H actions */
static void add_curve(rows* out, const task_growth* g) {
  for (int k = 1; k <= g->H; k = k < g->H && 2 * k > g->H ? g->H : 2 * k) {
    char* what = format_text("growth over %d action%s", k, k == 1 ? "" : "s");
    add_row(out, &(task_row){what, g->median[k - 1], g->p90[k - 1], "", "ok", ""});
    df_free(what);
  }
}

static void add_advice(rows* out, const task_growth* g) {
  static const char* const verdicts[] = {
      [DF_GROWTH_FINE] = "ok", [DF_GROWTH_LARGE] = "too large", [DF_GROWTH_BROKEN] = "not finite"};
  const df_growth* s = &g->state;
  const bool fine = s->verdict == DF_GROWTH_FINE;
  text note = {0};
  text_add(&note, "limits: %g damped, %g undamped", DF_GROWTH_LIMIT, DF_GROWTH_DAMPABLE);
  add_row(out,
          &(task_row){"growth over the horizon", s->amplification, s->p90, "", verdicts[s->verdict], text_of(&note)});
  text_clear(&note);
  const bool broken = s->verdict == DF_GROWTH_BROKEN, damps = !isnan(g->advice.cotangent_decay);
  const double horizon = g->advice.horizon;
  add_value(out, "recommended window.horizon", horizon > 0 ? horizon : NAN, "actions",
            fine          ? "as it is"
            : horizon > 0 ? "the surest change"
                          : "none helps: the gradient of one action is not finite");
  add_value(out, "recommended train.cotangent_decay", g->advice.cotangent_decay, "",
            fine     ? "as it is"
            : broken ? "none helps: the gradient is not finite"
            : damps  ? "instead, with the horizon as it is"
                     : "none is enough with this horizon: reduce it");
  add_value(out, "recommended train.rate", g->advice.rate, "",
            broken          ? "none helps: the gradient is not finite"
            : fine || damps ? "as it is"
                            : "if the horizon has to stay; will not train well");
}

static void add_growth(rows* out, const df_task* task, const task_growth* g) {
  const df_growth* s = &g->state;
  add_value(out, "windows", g->windows, "", g->recorded ? "along recorded actions" : "along rest actions");
  add_value(out, "window.horizon", g->H, "actions", "");
  add_value(out, "duration of an action", task->system->dt, "s", "");
  add_value(out, "train.cotangent_decay", g->settings.cotangent_decay, "", "");
  add_value(out, "train.rate", g->settings.rate, "", "");
  add_curve(out, g);
  add_value(out, "growth per action", s->per_action, "", "of the median, second half of the horizon");
  add_value(out, "e-folding time", 1000 * g->e_fold_s, "ms", isinf(g->e_fold_s) ? "does not grow" : "");
  add_value(out, "damped growth over the horizon", s->damped, "", "times cotangent_decay^horizon");
  add_value(out, "growth from the first action", g->action.amplification, "std per half range", "over the horizon");
  add_value(out, "exploding windows", s->exploding, "share", "damped growth beyond the limit");
  add_advice(out, g);
}

/* fills the rows with scales and growth of the task */
static df_status check_training(const arguments* a, rows* out) {
  df_config config;
  df_search search = {0};
  char* path = NULL;
  df_task* task = NULL;
  task_growth growth = {0};
  df_status status = resolve_task(a->task, NULL, a->method ? a->method : "dynaflow", &a->common, &config, &search);
  if (status == DF_OK) status = task_data_path(&config, &search, &a->common, false, &path);
  if (status == DF_OK) status = df_task_new(&config, &search, path, &task);
  if (status == DF_OK) status = task_growth_measure(task, &growth_thorough, &growth);
  if (status == DF_OK) {
    add_scales(out, task->chart);
    add_growth(out, task, &growth);
  }
  task_growth_clear(&growth);
  df_task_free(task);
  df_free(path);
  search_clear(&search);
  return status;
}

static int doctor_task(const arguments* a) {
  rows out = rows_new();
  const df_status status = check_training(a, &out);
  if (status == DF_OK) rows_print(&out, &a->common);
  rows_free(&out);
  return status == DF_OK ? EXIT_DONE : report_task_failure(status, a->task);
}

int cmd_doctor(int argc, char** argv) {
  arguments a = {.common = options_default()};
  options_parse(&doctor_argp, argc, argv, &a);
  if (a.task) return doctor_task(&a);
  checkup c = {.found = rows_new()};
  check_program(&c);
  check_blas(&c, &a.common);
  check_gnuplot(&c);
  check_writable(&c, "results", "results/runs", "not writable; use dynaflow run --out DIR");
  char** names;
  const int n = task_names(&a.common, &names);
  if (n == 0) add(&c, "tasks", "none", "missing", "none found; name their folder with --tasks DIR");
  for (int i = 0; i < n; i++) check_task(&c, names[i], &a.common);
  task_names_free(n, names);
  rows_print(&c.found, &a.common);
  rows_free(&c.found);
  return c.missing ? EXIT_INCOMPLETE : EXIT_DONE;
}
