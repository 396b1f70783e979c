/* main.c: the program `dynaflow COMMAND [OPTION...]`: finds the subcommand and runs it. */
#define _GNU_SOURCE
#include <argp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "dynaflow/io/npz.h"
#include "exit_code.h"
#include "methods.h"
#include "options.h"
#include "provenance.h"
#include "stop.h"
#include "streams.h"
#include "suggestion.h"
#include "terminal.h"

typedef struct command {
  const char* name;
  const char* line;
  int (*run)(int argc, char** argv);
} command;

static const command commands[] = {
#define COMMAND_ROW(name, line) {#name, line, cmd_##name},
    COMMAND_LIST(COMMAND_ROW)
#undef COMMAND_ROW
};
enum { N_COMMANDS = sizeof commands / sizeof commands[0] };

static void print_help(FILE* to) {
  fprintf(to,
          "Usage: dynaflow COMMAND [OPTION...]\n\n"
          "Trains and evaluates flow-matching models with a differentiable MuJoCo rollout.\n\n"
          "Commands:\n");
  for (int i = 0; i < N_COMMANDS; i++) fprintf(to, "  %-10s %s\n", commands[i].name, commands[i].line);
  fprintf(
      to,
      "\n`dynaflow COMMAND --help` describes a command and its options. Every command accepts --threads N, --quiet and "
      "--json.\n"
      "Exit codes: 0 done, 1 a check failed, 2 usage error or bad input, 3 missing or incomplete, 4 inconclusive,\n"
      "5 not comparable, 130 interrupted (finished cells of a run are kept).\n");
}

static int unknown(const char* word) {
  const char* names[N_COMMANDS];
  char hint[96];
  for (int i = 0; i < N_COMMANDS; i++) names[i] = commands[i].name;
  print_line(stderr, "dynaflow: unknown command '%s'%s", word, suggestion(word, N_COMMANDS, names, hint, sizeof hint));
  print_line(stderr, "dynaflow: `dynaflow --help` lists the commands");
  return EXIT_USAGE;
}

/* the memory that the arrays of a compressed archive may take; not a setting of a task, which may be somebody else's */
static bool set_array_memory(const char* mib) {
  enum { MOST_MIB = 1 << 30 };
  if (!mib || !mib[0]) return true;
  char* end;
  const long n = strtol(mib, &end, 10);
  if (end == mib || *end || n < 1 || n > MOST_MIB) {
    print_line(stderr, "dynaflow: DYNAFLOW_NPZ_MIB = '%s': expected a number of MiB from 1 to %d", mib, MOST_MIB);
    return false;
  }
  (void)df_npz_set_memory((size_t)n << 20);
  return true;
}

int main(int argc, char** argv) {
  /* settings of the whole process */
  streams_watch();
  argp_err_exit_status = EXIT_USAGE;
  stop_at_once();
  /* a file beyond the size limit makes write() fail with the file's name instead of killing the program */
  signal(SIGXFSZ, SIG_IGN);
  argp_program_version = provenance_version();
  options_set_plugin_loader(df_method_load);
  df_npz_name_memory("DYNAFLOW_NPZ_MIB");
  if (!set_array_memory(getenv("DYNAFLOW_NPZ_MIB"))) return EXIT_USAGE;
  /* the program's own options */
  if (argc < 2) {
    print_help(stderr);
    return EXIT_USAGE;
  }
  const char* word = argv[1];
  if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0) {
    print_line(stdout, "%s", provenance_version());
    return EXIT_DONE;
  }
  if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0) {
    print_help(stdout);
    return EXIT_DONE;
  }
  /* the subcommand */
  for (int i = 0; i < N_COMMANDS; i++) {
    if (strcmp(word, commands[i].name) != 0) continue;
    /* argp shows argv[0] as the program name in help and errors */
    char name[64];
    snprintf(name, sizeof name, "dynaflow %s", word);
    argv[1] = name;
    return commands[i].run(argc - 1, argv + 1);
  }
  return unknown(word);
}
