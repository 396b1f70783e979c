#define _GNU_SOURCE
#include "options.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "dynaflow/nn/blas.h"
#include "methods.h"
#include "text.h"

enum { KEY_DATA = 0x400, KEY_TASKS, KEY_PROFILE, KEY_SET, KEY_SEED, KEY_BLAS, KEY_JSON, KEY_PLUGIN };

options options_default(void) {
  return (options){.threads = omp_get_num_procs(), .profile = "full", .n_seeds = 1, .seeds = {1}};
}

/* ---- parsing ---- */

long parse_integer(struct argp_state* state, const char* option, const char* value, long low, long high) {
  char* end = NULL;
  errno = 0;
  const long v = strtol(value, &end, 10);
  if (errno || end == value || *end || v < low || v > high) {
    argp_error(state, "%s %s: not a whole number from %ld to %ld", option, value, low, high);
  }
  return v;
}

void expect_one_seed(const options* opts, struct argp_state* state) {
  if (opts->n_seeds > 1) argp_error(state, "--seed: this command takes one seed, not %d", opts->n_seeds);
}

double parse_number(struct argp_state* state, const char* option, const char* value, double low, double high) {
  char* end = NULL;
  const double v = strtod(value, &end);
  if (end == value || *end || !(v >= low && v <= high)) {
    argp_error(state, "%s %s: not a number from %g to %g", option, value, low, high);
  }
  return v;
}

static void parse_seeds(struct argp_state* state, options* o, const char* value) {
  o->n_seeds = 0;
  char* list = df_strdup(value);
  char* rest = NULL;
  for (char* word = list ? strtok_r(list, ",", &rest) : NULL; word; word = strtok_r(NULL, ",", &rest)) {
    if (o->n_seeds == OPTIONS_SEEDS_MAX) argp_error(state, "--seed: more than %d seeds", OPTIONS_SEEDS_MAX);
    const uint64_t seed = (uint64_t)parse_integer(state, "--seed", word, 0, INT32_MAX);
    for (int i = 0; i < o->n_seeds; i++) {
      if (o->seeds[i] == seed) argp_error(state, "--seed %s: %s is named twice", value, word);
    }
    o->seeds[o->n_seeds++] = seed;
  }
  df_free(list);
  if (o->n_seeds == 0) argp_error(state, "--seed %s: no seed", value);
}

static void parse_set(struct argp_state* state, options* o, const char* value) {
  if (o->n_set == OPTIONS_SET_MAX) argp_error(state, "--set: more than %d settings", OPTIONS_SET_MAX);
  if (!strchr(value, '=') || value[0] == '=') argp_error(state, "--set %s: not of the form key=value", value);
  o->set[o->n_set++] = value;
}

static error_t parse_option(int key, char* value, struct argp_state* state) {
  options* o = state->input;
  switch (key) {
    case 't':
      o->threads = (int)parse_integer(state, "--threads", value, 1, 4096);
      return 0;
    case 'q':
      o->quiet = true;
      return 0;
    case KEY_JSON:
      o->json = true;
      return 0;
    case KEY_DATA:
      if (o->n_data == OPTIONS_DATA_MAX) argp_error(state, "--data: more than %d folders", OPTIONS_DATA_MAX);
      o->data[o->n_data++] = value;
      return 0;
    case KEY_TASKS:
      o->tasks = value;
      return 0;
    case KEY_PROFILE:
      o->profile = value;
      return 0;
    case KEY_SET:
      parse_set(state, o, value);
      return 0;
    case KEY_SEED:
      parse_seeds(state, o, value);
      return 0;
    case KEY_BLAS:
      o->blas_kernel = value;
      return 0;
    case KEY_PLUGIN:
      if (df_method_load(value) != DF_OK) argp_error(state, "--plugin: %s", df_error_message());
      return 0;
    default:
      return ARGP_ERR_UNKNOWN;
  }
}

static const struct argp_option option_table[] = {
    {"threads", 't', "N", 0, "threads (default: all cores); results do not depend on it", 0},
    {"quiet", 'q', 0, 0, "no progress and no remarks", 0},
    {"json", KEY_JSON, 0, 0, "one JSON document on standard output", 0},
    {"data", KEY_DATA, "DIR", 0, "folder of models and data, searched first; may be repeated", 0},
    {"tasks", KEY_TASKS, "DIR", 0, "folder of task folders", 0},
    {"profile", KEY_PROFILE, "NAME", 0, "profile of the task file (default: full)", 0},
    {"set", KEY_SET, "KEY=VALUE", 0, "override a setting of the task file; may be repeated", 0},
    {"seed", KEY_SEED, "N,..", 0, "seeds (default: 1)", 0},
    {"plugin", KEY_PLUGIN, "FILE.so", 0, "load a method from a shared object; may be repeated", 0},
    {"blas-kernel", KEY_BLAS, "NAME", 0,
     "OpenBLAS kernel set, e.g. SkylakeX or Haswell; auto: by the processor, whatever OPENBLAS_CORETYPE says", 0},
    {0}};

const struct argp options_argp = {.options = option_table, .parser = parse_option};

/* ---- tasks ---- */

static bool is_task(const char* folder) {
  char* file = df_path_join(folder, "task.yaml");
  const bool found = file && df_file_exists(file);
  df_free(file);
  return found;
}

/* the folder of the running program, in memory of df_alloc, or NULL */
static char* program_folder(void) {
  char path[4096];
  const ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
  if (n <= 0) return NULL;
  path[n] = '\0';
  return df_path_folder(path);
}

int task_roots(const options* opts, char* roots[3]) {
  if (opts->tasks) {
    roots[0] = df_strdup(opts->tasks);
    return roots[0] ? 1 : 0;
  }
  char* program = program_folder();
  const char* folders[3] = {".", program, program};
  const char* names[3] = {"tasks", "../tasks", "../share/dynaflow/tasks"};
  int n = 0;
  for (int i = 0; i < 3; i++) {
    if (!folders[i]) continue;
    char* root = i == 0 ? df_strdup(names[0]) : df_path_join(folders[i], names[i]);
    if (root && df_file_exists(root)) {
      roots[n++] = root;
    } else {
      df_free(root);
    }
  }
  df_free(program);
  return n;
}

static int by_name(const void* a, const void* b) {
  return strcmp(*(char* const*)a, *(char* const*)b);
}

static bool holds(char* const* names, int n, const char* name) {
  for (int i = 0; i < n; i++) {
    if (strcmp(names[i], name) == 0) return true;
  }
  return false;
}

static int add_tasks_of(const char* root, int n, int max, char** names) {
  DIR* dir = opendir(root);
  if (!dir) return n;
  for (struct dirent* entry = readdir(dir); entry && n < max; entry = readdir(dir)) {
    if (entry->d_name[0] == '.' || holds(names, n, entry->d_name)) continue;
    char* folder = df_path_join(root, entry->d_name);
    char* name = folder && is_task(folder) ? df_strdup(entry->d_name) : NULL;
    if (name) names[n++] = name;
    df_free(folder);
  }
  closedir(dir);
  return n;
}

int task_names(const options* opts, int max, char** names) {
  char* roots[3];
  const int n_roots = task_roots(opts, roots);
  int n = 0;
  for (int i = 0; i < n_roots; i++) {
    n = add_tasks_of(roots[i], n, max, names);
    df_free(roots[i]);
  }
  qsort(names, (size_t)n, sizeof *names, by_name);
  return n;
}

static df_status fail_unknown_task(const options* opts, const char* name) {
  enum { MOST = 256 };
  char* names[MOST];
  char hint[96];
  const int n = task_names(opts, MOST, names);
  text list = {0};
  for (int i = 0; i < n; i++) text_add(&list, "%s%s", i ? ", " : "", names[i]);
  const df_status status = df_fail(DF_E_CONFIG, "unknown task '%s'%s (there are: %s; a path to a folder works too)",
                                   name, suggestion(name, n, (const char* const*)names, hint, sizeof hint),
                                   n ? text_of(&list) : "none found, see --tasks");
  text_clear(&list);
  for (int i = 0; i < n; i++) df_free(names[i]);
  return status;
}

df_status task_folder(const options* opts, const char* name, char** folder) {
  *folder = NULL;
  if (name[0] == '\0') return df_fail(DF_E_CONFIG, "a task's name is empty");
  char* roots[3];
  const int n = task_roots(opts, roots);
  for (int i = 0; i < n; i++) {
    char* path = *folder || strchr(name, '/') ? NULL : df_path_join(roots[i], name);
    if (path && is_task(path)) {
      *folder = path;
    } else {
      df_free(path);
    }
    df_free(roots[i]);
  }
  if (*folder) return DF_OK;
  if (is_task(name)) {
    *folder = df_strdup(name);
    return *folder ? DF_OK : DF_E_NOMEM;
  }
  return fail_unknown_task(opts, name);
}

void search_clear(df_search* search) {
  /* the strings were made by search_add */
  for (int i = 0; i < search->n; i++) df_free((void*)(uintptr_t)search->folder[i]);
  *search = (df_search){0};
}

static void search_add(df_search* search, char* folder) {
  const int most = (int)(sizeof search->folder / sizeof search->folder[0]);
  if (folder && search->n < most) {
    search->folder[search->n++] = folder;
  } else {
    df_free(folder);
  }
}

void data_search(const options* opts, const char* folder, df_search* search) {
  *search = (df_search){0};
  for (int i = 0; i < opts->n_data; i++) search_add(search, df_strdup(opts->data[i]));
  if (folder) search_add(search, df_strdup(folder));
  if (folder) search_add(search, df_path_join(folder, "data"));
  const char* shared = getenv("DYNAFLOW_DATA");
  if (shared && shared[0]) search_add(search, df_strdup(shared));
  search_add(search, df_strdup("../shared/data"));
}

df_status resolve_task(const char* name, const char* profile, const char* method, const options* opts,
                       df_config* config, df_search* search) {
  *search = (df_search){0};
  char* folder = NULL;
  DF_TRY(task_folder(opts, name, &folder));
  data_search(opts, folder, search);
  char* file = df_path_join(folder, "task.yaml");
  df_free(folder);
  if (!file) return DF_E_NOMEM;
  const df_status status =
      df_config_load(file, profile ? profile : opts->profile, method, opts->n_set, opts->set, config);
  df_free(file);
  return status;
}

/* ---- linear algebra ---- */

df_status open_blas(const options* opts) {
  df_blas_cfg cfg = df_blas_cfg_default();
  const char* wanted = opts->blas_kernel;
  if (!wanted) {
    const char* preset = getenv("OPENBLAS_CORETYPE");
    wanted = preset && preset[0] ? preset : NULL;
  } else if (strcmp(wanted, "auto") == 0) {
    wanted = NULL;
  }
  cfg.kernel = wanted;
  cfg.threads = opts->threads;
  DF_TRY(df_blas_open(&cfg));
  const df_blas_info* info = df_blas_get_info();
  if (info && info->slower_than_cpu && !opts->quiet) {
    fprintf(stderr,
            "dynaflow: warning: BLAS kernels %s on a processor with AVX-512 run at about half speed; "
            "--blas-kernel auto takes the faster ones\n",
            info->kernel);
  }
  return DF_OK;
}
