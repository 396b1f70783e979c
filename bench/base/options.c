#define _GNU_SOURCE
#include "options.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cpus.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/core/c_locale.h"
#include "dynaflow/core/file.h"
#include "exit_numbers.h"
#include "terminal.h"

enum { KEY_DATA = 0x400, KEY_TASKS, KEY_PROFILE, KEY_SET, KEY_SEED, KEY_BLAS, KEY_JSON, KEY_PLUGIN, KEY_USAGE };

options options_default(void) {
  return (options){.threads = cpus_available(), .profile = "full", .n_seeds = 1, .seeds = {1}};
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

/* the absolute path of a file that need not exist, a new string; "" if its folder does not */
static char* resolved(const char* path) {
  char *folder = df_path_folder(path), *real = folder ? realpath(folder, NULL) : NULL;
  const char* slash = strrchr(path, '/');
  char* out = real ? df_path_join(real, slash ? slash + 1 : path) : df_strdup("");
  df_free(folder);
  free(real);
  return out;
}

static df_status is_one_file(const char* a, const char* b, bool* one) {
  struct stat of_a, of_b;
  const bool has_a = stat(a, &of_a) == 0, has_b = stat(b, &of_b) == 0;
  *one = has_a && has_b && S_ISREG(of_a.st_mode) && of_a.st_dev == of_b.st_dev && of_a.st_ino == of_b.st_ino;
  if (has_a || has_b) return DF_OK;
  char *path_a = resolved(a), *path_b = resolved(b);
  const bool enough = path_a && path_b;
  if (enough) *one = path_a[0] && strcmp(path_a, path_b) == 0;
  df_free(path_a);
  df_free(path_b);
  return enough ? DF_OK : DF_E_NOMEM;
}

df_status expect_two_files(const char* option_a, const char* a, const char* option_b, const char* b) {
  bool one = false;
  if (a && b) DF_TRY(is_one_file(a, b, &one));
  return one ? df_fail(DF_E_CONFIG, "%s %s and %s %s are one file: name two", option_a, a, option_b, b) : DF_OK;
}

double parse_number(struct argp_state* state, const char* option, const char* value, double low, double high) {
  char* end = NULL;
  const double v = df_read_double(value, &end);
  if (end == value || *end || !(v >= low && v <= high)) {
    argp_error(state, "%s %s: expected a number from %g to %g", option, value, low, high);
  }
  return v;
}

char* parse_text(struct argp_state* state, const char* option, char* text) {
  if (text[0] == '\0') argp_error(state, "%s: the value is empty", option);
  return text;
}

char* parse_output(struct argp_state* state, const char* option, char* text) {
  if (strcmp(text, "-") == 0) argp_error(state, "%s takes a file; standard output is /dev/stdout", option);
  return parse_text(state, option, text);
}

char* parse_list(struct argp_state* state, const char* option, char* text) {
  parse_text(state, option, text);
  const size_t n = strlen(text);
  if (text[0] == ',' || text[n - 1] == ',' || strstr(text, ",,")) {
    argp_error(state, "%s %s: an item of the list is empty", option, text);
  }
  return text;
}

static void add_seed(struct argp_state* state, options* o, const char* value, uint64_t seed) {
  if (o->n_seeds == OPTIONS_SEEDS_MAX) argp_error(state, "--seed: at most %d seeds are accepted", OPTIONS_SEEDS_MAX);
  for (int i = 0; i < o->n_seeds; i++) {
    if (o->seeds[i] == seed) argp_error(state, "--seed %s: seed %llu appears twice", value, (unsigned long long)seed);
  }
  o->seeds[o->n_seeds++] = seed;
}

/* "1,2,5..8" */
static void parse_seeds(struct argp_state* state, options* o, const char* value) {
  o->n_seeds = 0;
  char* list = df_strdup(value);
  char* rest = NULL;
  for (char* word = list ? strtok_r(list, ",", &rest) : NULL; word; word = strtok_r(NULL, ",", &rest)) {
    char* dots = strstr(word, "..");
    if (dots) *dots = '\0';
    const long first = parse_integer(state, "--seed", word, 0, INT32_MAX);
    const long last = dots ? parse_integer(state, "--seed", dots + 2, first, INT32_MAX) : first;
    for (long seed = first; seed <= last; seed++) add_seed(state, o, value, (uint64_t)seed);
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
    case 'h':
    case '?':
      argp_state_help(state, state->out_stream, ARGP_HELP_STD_HELP);
      return 0;
    case KEY_USAGE:
      argp_state_help(state, state->out_stream, ARGP_HELP_USAGE | ARGP_HELP_EXIT_OK);
      return 0;
    case 'V':
      print_line(stdout, "%s", argp_program_version);
      exit(EXIT_DONE);
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
      o->has_profile = true;
      return 0;
    case KEY_SET:
      parse_set(state, o, value);
      return 0;
    case KEY_SEED:
      parse_seeds(state, o, parse_list(state, "--seed", value));
      o->has_seeds = true;
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

/* X(name, key, argument, meaning) */
#define COMMON_OPTIONS(X)                                                                                           \
  X("threads", 't', "N",                                                                                            \
    "number of threads (default: the cores that affinity and cgroups admit); does not change results")              \
  X("quiet", 'q', NULL, "print no progress and no notes")                                                           \
  X("json", KEY_JSON, NULL, "print one JSON document to standard output")                                           \
  X("data", KEY_DATA, "DIR", "folder with models and data, searched before the default folders; may be repeated")   \
  X("tasks", KEY_TASKS, "DIR", "folder that contains the task folders")                                             \
  X("profile", KEY_PROFILE, "NAME", "profile of the task file to use (default: full)")                              \
  X("set", KEY_SET, "KEY=VALUE", "override a setting of the task file; may be repeated")                            \
  X("seed", KEY_SEED, "N,..", "comma-separated seeds and ranges, e.g. 1,5..8 (default: 1)")                         \
  X("plugin", KEY_PLUGIN, "FILE.so", "load a method from a shared object; may be repeated")                         \
  X("blas-kernel", KEY_BLAS, "NAME",                                                                                \
    "OpenBLAS kernel set, e.g. SkylakeX or Haswell; auto: choose by processor and ignore OPENBLAS_CORETYPE; bf16, " \
    "naive: see docs/speed.md")

/* the option that --help shows for all of them: their names, which are hidden themselves */
#define NAME_OF(name, key, argument, meaning) " --" name
#define HIDDEN(name, key, argument, meaning)  {name, key, argument, OPTION_HIDDEN, meaning, 0},
#define SHOWN(name, key, argument, meaning)   {name, key, argument, 0, meaning, 0},
static const struct argp_option option_table[] = {
    {"common options", 0, NULL, OPTION_DOC | OPTION_NO_USAGE,
     "described by `dynaflow help options`:" COMMON_OPTIONS(NAME_OF), 0},
    COMMON_OPTIONS(HIDDEN){"help", 'h', NULL, 0, "print this help", -1},
    {NULL, '?', NULL, OPTION_HIDDEN, NULL, -1},
    {"usage", KEY_USAGE, NULL, OPTION_HIDDEN, "print a short usage message", -1},
    {"version", 'V', NULL, OPTION_HIDDEN, "print the version of the program", -1},
    {0}};
static const struct argp_option shown_table[] = {COMMON_OPTIONS(SHOWN){0}};

static const char* command_example;

void options_set_example(const char* example) {
  command_example = example;
}

static char* add_example(int key, const char* text, void* input) {
  (void)input;
  if (key != ARGP_KEY_HELP_EXTRA || !command_example) return (char*)(uintptr_t)text;
  char* out = NULL;
  return asprintf(&out, "Example:\n  %s\n", command_example) < 0 ? NULL : out;
}

const struct argp options_argp = {.options = option_table, .parser = parse_option, .help_filter = add_example};
const struct argp options_shown_argp = {.options = shown_table};

void options_parse(const struct argp* parser, int argc, char** argv, void* arguments) {
  argp_parse(parser, argc, argv, ARGP_NO_HELP, NULL, arguments);
}
