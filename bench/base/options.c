#define _GNU_SOURCE
#include "options.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "dynaflow/core/alloc.h"

enum { KEY_DATA = 0x400, KEY_TASKS, KEY_PROFILE, KEY_SET, KEY_SEED, KEY_BLAS, KEY_JSON, KEY_PLUGIN };

/* the processors that this process may use, as omp_get_num_procs(); 1 if there are more than a cpu_set_t holds */
static int processors(void) {
  cpu_set_t set;
  return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

options options_default(void) {
  return (options){.threads = processors(), .profile = "full", .n_seeds = 1, .seeds = {1}};
}

static df_status (*load_plugin)(const char* path);

void options_set_plugin_loader(df_status (*load)(const char* path)) {
  load_plugin = load;
}

/* ---- parsing ---- */

long parse_integer(struct argp_state* state, const char* option, const char* value, long low, long high) {
  char* end = NULL;
  errno = 0;
  const long v = strtol(value, &end, 10);
  if (errno || end == value || *end || v < low || v > high) {
    argp_error(state, "%s %s: expected an integer from %ld to %ld", option, value, low, high);
  }
  return v;
}

void expect_one_seed(const options* opts, struct argp_state* state) {
  if (opts->n_seeds > 1) argp_error(state, "--seed: this command takes one seed, but %d were given", opts->n_seeds);
}

double parse_number(struct argp_state* state, const char* option, const char* value, double low, double high) {
  char* end = NULL;
  const double v = strtod(value, &end);
  if (end == value || *end || !(v >= low && v <= high)) {
    argp_error(state, "%s %s: expected a number from %g to %g", option, value, low, high);
  }
  return v;
}

char* parse_text(struct argp_state* state, const char* option, char* text) {
  if (text[0] == '\0') argp_error(state, "%s: the value is empty", option);
  return text;
}

char* parse_list(struct argp_state* state, const char* option, char* text) {
  parse_text(state, option, text);
  const size_t n = strlen(text);
  if (text[0] == ',' || text[n - 1] == ',' || strstr(text, ",,")) {
    argp_error(state, "%s %s: an item of the list is empty", option, text);
  }
  return text;
}

static void parse_seeds(struct argp_state* state, options* o, const char* value) {
  o->n_seeds = 0;
  char* list = df_strdup(value);
  char* rest = NULL;
  for (char* word = list ? strtok_r(list, ",", &rest) : NULL; word; word = strtok_r(NULL, ",", &rest)) {
    if (o->n_seeds == OPTIONS_SEEDS_MAX) argp_error(state, "--seed: at most %d seeds are accepted", OPTIONS_SEEDS_MAX);
    const uint64_t seed = (uint64_t)parse_integer(state, "--seed", word, 0, INT32_MAX);
    for (int i = 0; i < o->n_seeds; i++) {
      if (o->seeds[i] == seed) argp_error(state, "--seed %s: seed %s appears twice", value, word);
    }
    o->seeds[o->n_seeds++] = seed;
  }
  df_free(list);
}

static void parse_set(struct argp_state* state, options* o, const char* value) {
  if (o->n_set == OPTIONS_SET_MAX) argp_error(state, "--set: at most %d settings are accepted", OPTIONS_SET_MAX);
  if (!strchr(value, '=') || value[0] == '=') argp_error(state, "--set %s: expected KEY=VALUE", value);
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
      if (o->n_data == OPTIONS_DATA_MAX) argp_error(state, "--data: at most %d folders are accepted", OPTIONS_DATA_MAX);
      o->data[o->n_data++] = parse_text(state, "--data", value);
      return 0;
    case KEY_TASKS:
      o->tasks = parse_text(state, "--tasks", value);
      return 0;
    case KEY_PROFILE:
      o->profile = parse_text(state, "--profile", value);
      return 0;
    case KEY_SET:
      parse_set(state, o, value);
      return 0;
    case KEY_SEED:
      parse_seeds(state, o, parse_list(state, "--seed", value));
      return 0;
    case KEY_BLAS:
      o->blas_kernel = parse_text(state, "--blas-kernel", value);
      return 0;
    case KEY_PLUGIN:
      parse_text(state, "--plugin", value);
      if (!load_plugin) argp_error(state, "--plugin %s: this program cannot load plugins", value);
      if (load_plugin(value) != DF_OK) argp_error(state, "--plugin: %s", df_error_message());
      return 0;
    default:
      return ARGP_ERR_UNKNOWN;
  }
}

static const struct argp_option option_table[] = {
    {"threads", 't', "N", 0, "number of threads (default: all cores); does not change results", 0},
    {"quiet", 'q', 0, 0, "print no progress and no notes", 0},
    {"json", KEY_JSON, 0, 0, "print one JSON document to standard output", 0},
    {"data", KEY_DATA, "DIR", 0, "folder with models and data, searched before the default folders; may be repeated",
     0},
    {"tasks", KEY_TASKS, "DIR", 0, "folder that contains the task folders", 0},
    {"profile", KEY_PROFILE, "NAME", 0, "profile of the task file to use (default: full)", 0},
    {"set", KEY_SET, "KEY=VALUE", 0, "override a setting of the task file; may be repeated", 0},
    {"seed", KEY_SEED, "N,..", 0, "comma-separated seeds (default: 1)", 0},
    {"plugin", KEY_PLUGIN, "FILE.so", 0, "load a method from a shared object; may be repeated", 0},
    {"blas-kernel", KEY_BLAS, "NAME", 0,
     "OpenBLAS kernel set, e.g. SkylakeX or Haswell; auto: choose by processor and ignore OPENBLAS_CORETYPE", 0},
    {0}};

const struct argp options_argp = {.options = option_table, .parser = parse_option};
