/* main.c: the program `dynaflow COMMAND [OPTION...]`: finds the subcommand and runs it. */
#define _GNU_SOURCE
#include <argp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "dynaflow/core/alloc.h"
#include "exit_code.h"
#include "launcher.h"
#include "list.h"
#include "options.h"
#include "process.h"
#include "provenance.h"
#include "suggestion.h"
#include "terminal.h"

static void print_help(FILE* to) {
  const command* commands;
  const int n = command_table(&commands);
  fprintf(to,
          "Usage: dynaflow COMMAND [OPTION...]\n\n"
          "Trains and evaluates flow-matching models with a differentiable MuJoCo rollout.\n\n"
          "Commands:\n");
  for (int i = 0; i < n; i++) fprintf(to, "  %-11s %s\n", commands[i].name, commands[i].line);
  fprintf(to,
          "\n`dynaflow COMMAND --help` (-h) describes a command with an example, `dynaflow help options` the options "
          "of every\n"
          "command, such as --threads N, --quiet and --json.\n"
          "Exit codes: 0 done, 1 a check failed, 2 usage error or bad input, 3 missing or incomplete, 4 inconclusive,\n"
          "5 not comparable, 130 interrupted (finished cells of a run are kept).\n");
}

static int unknown(const char* word) {
  const command* commands;
  const char** names = NULL;
  char hint[96];
  const int n = command_table(&commands);
  for (int i = 0; i < n; i++) {
    names = list_grow(names, i, sizeof *names);
    names[i] = commands[i].name;
  }
  print_line(stderr, "dynaflow: unknown command '%s'%s", word, suggestion(word, n, names, hint, sizeof hint));
  df_free(names);
  print_line(stderr, "dynaflow: `dynaflow --help` lists the commands");
  return EXIT_USAGE;
}

/* words[0] is the place of the command's name */
static int run_command(const char* word, int n, char** words) {
  const command* commands;
  const int known = command_table(&commands);
  for (int i = 0; i < known; i++) {
    if (strcmp(word, commands[i].name) != 0) continue;
    /* argp shows argv[0] as the program name in help and errors */
    char name[64];
    snprintf(name, sizeof name, "dynaflow %s", word);
    words[0] = name;
    options_set_example(commands[i].example);
    completion_set_commands(known, commands);
    return commands[i].run(n, words);
  }
  return unknown(word);
}

static bool is_help(const char* word) {
  return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "-?") == 0;
}

/* dynaflow help [TOPIC]: the words after `help` */
static int help(int n, char** words) {
  if (n > 1) {
    print_line(stderr, "dynaflow help: unexpected argument '%s': one command or 'options' is expected", words[1]);
    return EXIT_USAGE;
  }
  if (n == 0 || is_help(words[0]) || strcmp(words[0], "help") == 0) {
    print_help(stdout);
    return EXIT_DONE;
  }
  if (strcmp(words[0], "options") == 0) {
    char program[] = "dynaflow";
    print_line(stdout, "%s", "Common options (commands that read a run refuse --profile, --seed and --set):");
    argp_help(&options_shown_argp, stdout, ARGP_HELP_LONG, program);
    return EXIT_DONE;
  }
  /* help COMMAND is COMMAND --help */
  char option[] = "--help";
  char* command_words[] = {words[0], option, NULL};
  return run_command(words[0], 2, command_words);
}

/* Waiting threads sleep, so that they take no time from the work beside them. The OpenMP library reads its policy when
 * it is loaded, which is before main(): the program starts itself again with it, unless the user has set one. Where
 * that fails, threads spin; results are the same. */
static void let_waiting_threads_sleep(char** argv) {
  static const char policy[] = "OMP_WAIT_POLICY";
  if (getenv(policy) || getenv("GOMP_SPINCOUNT") || setenv(policy, "passive", 1) != 0) return;
  execv("/proc/self/exe", argv);
}

/* Ranks train together; all else is done by rank 0 alone. Whether this process has nothing to do; what it prints, if it
 * has, is what rank 0 prints. */
static bool leaves_it_to_rank_0(int argc, char** argv) {
  if (launcher_rank() == 0) return false;
  launcher_silence();
  return argc < 2 || (strcmp(argv[1], "run") != 0 && strcmp(argv[1], "train") != 0);
}

int main(int argc, char** argv) {
  let_waiting_threads_sleep(argv);
  if (leaves_it_to_rank_0(argc, argv)) return EXIT_DONE;
  if (!process_start()) return EXIT_USAGE;
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
  if (is_help(word)) {
    print_help(stdout);
    return EXIT_DONE;
  }
  return strcmp(word, "help") == 0 ? help(argc - 2, argv + 2) : run_command(word, argc - 1, argv + 1);
}
