/* cmd_doctor.c: dynaflow doctor: checks the installation, and the models and data of all tasks. */
#define _GNU_SOURCE
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
#include "lookup.h"
#include "machine.h"
#include "options.h"
#include "provenance.h"
#include "rows.h"
#include "text.h"

typedef struct arguments {
  options common;
} arguments;

static error_t parse(int key, char* value, struct argp_state* state) {
  arguments* a = state->input;
  switch (key) {
    case ARGP_KEY_INIT:
      state->child_inputs[0] = &a->common;
      return 0;
    case ARGP_KEY_ARG:
      argp_error(state, "unexpected argument '%s'", value);
      return 0;
    default:
      return ARGP_ERR_UNKNOWN;
  }
}

static const struct argp_child children[] = {OPTIONS_CHILD, {0}};
const struct argp doctor_argp = {
    .parser = parse,
    .doc =
        "Checks the installation, and the model and data of every task.\n\n"
        "Prints versions, cores, BLAS kernels, writable folders, and the files of each task; for what is missing, how "
        "to get it. Writes nothing.\v"
        "Exits with 0 when everything is there, 3 when something is missing.",
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
  const bool generated = strcmp(config->data_source, "npz") != 0;
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

int cmd_doctor(int argc, char** argv) {
  arguments a = {.common = options_default()};
  options_parse(&doctor_argp, argc, argv, &a);
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
