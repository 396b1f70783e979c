/* options.h: the options common to all subcommands, and parsers for option values. */
#ifndef BENCH_BASE_OPTIONS_H
#define BENCH_BASE_OPTIONS_H

#include <argp.h>
#include <stdbool.h>
#include <stdint.h>

#include "dynaflow/core/status.h"

enum { OPTIONS_DATA_MAX = 4, OPTIONS_SET_MAX = 64, OPTIONS_SEEDS_MAX = 64 };

typedef struct options {
  int threads; /* default: cpus_available() */
  bool quiet;  /* no progress and no notes */
  bool json;   /* one JSON document on standard output */
  int n_data;
  const char* data[OPTIONS_DATA_MAX]; /* --data: searched before the default folders; downloads are written there */
  const char* tasks;                  /* --tasks; NULL: the default folders of task_roots() */
  const char* profile;                /* default "full" */
  int n_set;
  const char* set[OPTIONS_SET_MAX]; /* --set key=value */
  int n_seeds;
  uint64_t seeds[OPTIONS_SEEDS_MAX]; /* default {1} */
  bool has_profile, has_seeds;       /* whether --profile and --seed were given */
  const char* blas_kernel;           /* NULL: OPENBLAS_CORETYPE if set, else by processor; "auto": by processor */
} options;

options options_default(void);

/* The argp child parser of the common options. A subcommand lists it among its children,
 *   static const struct argp_child children[] = {OPTIONS_CHILD, {0}};
 * and passes it the struct in its own parser:
 *   case ARGP_KEY_INIT: state->child_inputs[0] = &arguments->common; return 0;
 * An invalid value ends the program with exit code 2, as argp does. --plugin loads its method as soon as it is parsed,
 * which may be after the --method option that names it: look up method names at ARGP_KEY_END.
 * String members point into argv. */
extern const struct argp options_argp;
#define OPTIONS_CHILD \
  { &options_argp, 0, NULL, 100 }

/* The same options for `dynaflow help options` and the completion of shells: options_argp names them in one line only.
 * It parses nothing. */
extern const struct argp options_shown_argp;

/* Parses the arguments of a command, whose argp has OPTIONS_CHILD among its children or theirs. */
void options_parse(const struct argp* parser, int argc, char** argv, void* arguments);

/* Sets the example at the end of --help: a command line. */
void options_set_example(const char* example);

/* Sets the function that --plugin calls with its argument. Without one, --plugin is an error. main() sets it, so that
 * the parser does not depend on the table of methods. */
void options_set_plugin_loader(df_status (*load)(const char* path));

/* For commands that take one seed: ends the program with exit code 2 if more were given. */
void expect_one_seed(const options* opts, struct argp_state* state);

/* DF_E_CONFIG if two options of a command name one file to write, also by different paths. Devices and pipes may be
 * named twice. NULL: the option was not given. */
DF_MUST_CHECK df_status expect_two_files(const char* option_a, const char* a, const char* option_b, const char* b);

/* Parse the value of a command's own option as an integer or number in [low, high]. An invalid value ends the program
 * with exit code 2 and a message that names the option. */
long parse_integer(struct argp_state* state, const char* option, const char* text, long low, long high);
double parse_number(struct argp_state* state, const char* option, const char* text, double low, double high);

/* Returns the value of an option that takes a name, a file or a folder. An empty one, as an unset variable of a script
 * gives, ends the program with exit code 2 and a message that names the option. */
char* parse_text(struct argp_state* state, const char* option, char* text);
/* the name of a file that is to be written, which is not "-" */
char* parse_output(struct argp_state* state, const char* option, char* text);

/* The same for a comma-separated list, none of whose items may be empty. */
char* parse_list(struct argp_state* state, const char* option, char* text);

#endif
