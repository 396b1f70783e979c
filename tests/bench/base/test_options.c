/* The common options: what their values become, and the messages for values that are refused. */
#define _POSIX_C_SOURCE 200809L
#include "options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* a parser that hands the options to the common one, as subcommands do */
static error_t parse(int key, char* value, struct argp_state* state) {
  (void)value;
  if (key != ARGP_KEY_INIT) return ARGP_ERR_UNKNOWN;
  state->child_inputs[0] = state->input;
  return 0;
}

static void parse_words(options* o, int n, char** words) {
  static const struct argp_child children[] = {OPTIONS_CHILD, {0}};
  static const struct argp parser = {.parser = parse, .children = children};
  *o = options_default();
  assert_int_equal(argp_parse(&parser, n, words, 0, NULL, o), 0);
}
#define WORDS(...) (int)(sizeof((char*[]){"test", __VA_ARGS__}) / sizeof(char*)), ((char*[]){"test", __VA_ARGS__, NULL})

static void values_come_out(void** state) {
  (void)state;
  options o;
  parse_words(&o, WORDS("--threads", "3", "-q", "--json", "--data", "a", "--data=b", "--tasks", "t", "--profile",
                        "smoke", "--set", "train.steps=5", "--set", "task.title==", "--seed",
                        "7,0,2147483646..2147483647", "--blas-kernel", "Haswell"));
  assert_int_equal(o.threads, 3);
  assert_true(o.quiet && o.json);
  assert_int_equal(o.n_data, 2);
  assert_string_equal(o.data[0], "a");
  assert_string_equal(o.data[1], "b");
  assert_string_equal(o.tasks, "t");
  assert_string_equal(o.profile, "smoke");
  assert_int_equal(o.n_set, 2);
  assert_string_equal(o.set[0], "train.steps=5");
  assert_string_equal(o.set[1], "task.title==");
  assert_int_equal(o.n_seeds, 4);
  assert_int_equal(o.seeds[0], 7);
  assert_int_equal(o.seeds[1], 0);
  assert_int_equal(o.seeds[2], INT32_MAX - 1);
  assert_int_equal(o.seeds[3], INT32_MAX);
  assert_string_equal(o.blas_kernel, "Haswell");
}

static void defaults_are_those_of_the_help(void** state) {
  (void)state;
  options o;
  parse_words(&o, WORDS("-t1"));
  assert_int_equal(o.threads, 1);
  assert_false(o.quiet || o.json);
  assert_int_equal(o.n_data + o.n_set, 0);
  assert_null(o.tasks);
  assert_string_equal(o.profile, "full");
  assert_int_equal(o.n_seeds, 1);
  assert_int_equal(o.seeds[0], 1);
  assert_null(o.blas_kernel);
}

/* that the words end the program with exit code 2 and `text` on standard error */
static void refuses(const char* text, int n, char** words) {
  int ends[2], code;
  char said[1024] = "";
  assert_int_equal(pipe(ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], STDERR_FILENO);
    argp_err_exit_status = 2;
    options o;
    parse_words(&o, n, words);
    _exit(0);
  }
  close(ends[1]);
  for (size_t used = 0;;) {
    const ssize_t got = read(ends[0], said + used, sizeof said - 1 - used);
    if (got <= 0) break;
    used += (size_t)got;
  }
  close(ends[0]);
  assert_int_equal(waitpid(child, &code, 0), child);
  assert_true(WIFEXITED(code));
  if (WEXITSTATUS(code) != 2 || !strstr(said, text)) fail_msg("exit code %d: %s", WEXITSTATUS(code), said);
}

static void invalid_values_are_named(void** state) {
  (void)state;
  refuses("--threads 0: expected an integer from 1 to 4096", WORDS("--threads", "0"));
  refuses("--threads 2x: expected an integer", WORDS("--threads", "2x"));
  refuses("--threads 99999999999999999999: expected an integer", WORDS("--threads", "99999999999999999999"));
  refuses("--seed -1: expected an integer from 0 to 2147483647", WORDS("--seed", "3,-1"));
  refuses("--seed 1,2,1: seed 1 appears twice", WORDS("--seed", "1,2,1"));
  refuses("--seed 2,1..3: seed 2 appears twice", WORDS("--seed", "2,1..3"));
  refuses("--seed 1: expected an integer from 8 to 2147483647", WORDS("--seed", "8..1"));
  refuses("--seed: at most 64 seeds are accepted", WORDS("--seed", "1..65"));
  refuses("--seed ,: an item of the list is empty", WORDS("--seed", ","));
  refuses("--set x: expected KEY=VALUE", WORDS("--set", "x"));
  refuses("--set =x: expected KEY=VALUE", WORDS("--set", "=x"));
  refuses("--data: at most 4 folders are accepted",
          WORDS("--data", "a", "--data", "b", "--data", "c", "--data", "d", "--data", "e"));
  refuses("--plugin x.so: this program cannot load plugins", WORDS("--plugin", "x.so"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(values_come_out),
      cmocka_unit_test(defaults_are_those_of_the_help),
      cmocka_unit_test(invalid_values_are_named),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
