#include "run_argument.h"

#include "run_folder.h"

run_argument run_argument_default(int most) {
  return (run_argument){.common = options_default(), .most = most};
}

/* options that have no effect, because the records have their own, are refused */
static void check_unused(struct argp_state* state, const options* o) {
  const char* unused = o->has_profile ? "--profile" : o->has_seeds ? "--seed" : o->n_set ? "--set" : NULL;
  if (unused) {
    argp_error(state, "%s: profile, seeds and settings are those of the records of RUN; remove this option", unused);
  }
}

static error_t parse(int key, char* value, struct argp_state* state) {
  run_argument* a = state->input;
  switch (key) {
    case ARGP_KEY_INIT:
      state->child_inputs[0] = &a->common;
      return 0;
    case ARGP_KEY_ARG:
      if (a->n == a->most)
        argp_error(state, "unexpected argument '%s': at most %s", value, a->most == 1 ? "one run" : "two runs");
      a->run[a->n++] = value;
      return 0;
    case ARGP_KEY_END:
      if (a->n == 0) argp_error(state, "missing argument RUN: a folder, or the name of a folder under results/runs");
      check_unused(state, &a->common);
      return 0;
    default:
      return ARGP_ERR_UNKNOWN;
  }
}

static const struct argp_child children[] = {OPTIONS_CHILD, {0}};
const struct argp run_argument_argp = {.parser = parse, .children = children};

df_status run_argument_open(const run_argument* a, int i, char** folder, run_view* r) {
  *r = (run_view){0};
  DF_TRY(run_folder(a->run[i], folder));
  return run_view_new(*folder, r);
}
