#include "target_argument.h"

#include <string.h>

#include "target.h"

enum { KEY_HORIZON = 0x700, KEY_SUITE, KEY_OUT };

target_argument target_argument_default(void) {
  return (target_argument){.common = options_default(), .horizon = 16};
}

/* models take defaults and --set */
static void refuse_profile(const target_argument* a, struct argp_state* state) {
  if (strcmp(a->common.profile, options_default().profile) == 0) return;
  if (a->suite) argp_error(state, "--profile is not for a suite, whose models have no profiles; use --set KEY=VALUE");
  for (int i = 0; i < a->n; i++) {
    if (target_is_model(a->target[i]))
      argp_error(state, "--profile is for tasks; the model file '%s' has no profiles; use --set KEY=VALUE",
                 a->target[i]);
  }
}

static error_t end_of_arguments(const target_argument* a, struct argp_state* state) {
  if (a->suite && a->n > 0) argp_error(state, "unexpected argument '%s': --suite lists its own models", a->target[0]);
  if (!a->suite && a->n == 0) argp_error(state, "missing argument: a task, a model file (.xml) or --suite FILE");
  refuse_profile(a, state);
  expect_one_seed(&a->common, state);
  return 0;
}

static error_t parse(int key, char* value, struct argp_state* state) {
  target_argument* a = state->input;
  switch (key) {
    case ARGP_KEY_INIT:
      state->child_inputs[0] = &a->common;
      return 0;
    case KEY_HORIZON:
      a->horizon = (int)parse_integer(state, "--horizon", value, 1, 512);
      a->has_horizon = true;
      return 0;
    case KEY_SUITE:
      a->suite = parse_text(state, "--suite", value);
      return 0;
    case KEY_OUT:
      a->out = parse_text(state, "--out", value);
      return 0;
    case ARGP_KEY_ARG:
      if (a->n == TARGETS_MAX) argp_error(state, "more than %d tasks and models", TARGETS_MAX);
      a->target[a->n++] = value;
      return 0;
    case ARGP_KEY_END:
      return end_of_arguments(a, state);
    default:
      return ARGP_ERR_UNKNOWN;
  }
}

static const struct argp_option option_table[] = {
    {"horizon", KEY_HORIZON, "H", 0, "actions per rollout (default: 16)", 0},
    {"suite", KEY_SUITE, "FILE", 0, "take the models, numbers of states and target ratios listed in FILE", 0},
    {"out", KEY_OUT, "DIR", 0, "also write tables of the results to DIR", 0},
    {0}};
static const struct argp_child children[] = {OPTIONS_CHILD, {0}};
const struct argp target_argument_argp = {.options = option_table, .parser = parse, .children = children};
