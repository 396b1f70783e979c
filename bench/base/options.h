/* options.h: the options that every subcommand takes. */
#ifndef BENCH_OPTIONS_H
#define BENCH_OPTIONS_H

#include <argp.h>
#include <stdbool.h>
#include <stdint.h>

#include "dynaflow/core/status.h"

enum { OPTIONS_DATA_MAX = 4, OPTIONS_SET_MAX = 64, OPTIONS_SEEDS_MAX = 64 };

typedef struct options {
  int threads; /* default: all cores */
  bool quiet;  /* no progress, no remarks */
  bool json;   /* one JSON document on standard output */
  int n_data;
  const char* data[OPTIONS_DATA_MAX]; /* --data, searched first and written to */
  const char* tasks;                  /* --tasks; NULL: the places of options_task_folder */
  const char* profile;                /* default "full" */
  int n_set;
  const char* set[OPTIONS_SET_MAX]; /* --set key=value */
  int n_seeds;
  uint64_t seeds[OPTIONS_SEEDS_MAX]; /* default {1} */
  const char* blas_kernel;           /* NULL: environment, then detection; "auto": detection */
} options;

options options_default(void);

/* The child parser of the common options; a subcommand lists it in its argp's children,
 *   static const struct argp_child children[] = {OPTIONS_CHILD, {0}};
 * and in its own parser hands it the struct:
 *   case ARGP_KEY_INIT: state->child_inputs[0] = &arguments->common; return 0;
 * Wrong values end the program with exit code 2, as argp does. --plugin loads its method at once, but may stand behind
 * a
 * --method that names it: look names up at ARGP_KEY_END. */
extern const struct argp options_argp;
#define OPTIONS_CHILD \
  { &options_argp, 0, "Common options:", 100 }

/* How --plugin loads a method; without a loader the option is an error. main sets it, so that the parser does not
 * depend on the table of methods. */
void options_set_plugin_loader(df_status (*load)(const char* path));

/* Ends the program if several seeds were given to a command that takes one. */
void expect_one_seed(const options* opts, struct argp_state* state);

/* For a command's own options: a whole number or a number in [low, high], or argp_error (exit 2) naming the option. */
long parse_integer(struct argp_state* state, const char* option, const char* text, long low, long high);
double parse_number(struct argp_state* state, const char* option, const char* text, double low, double high);

#endif
