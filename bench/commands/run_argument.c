#include "run_argument.h"

#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "lookup.h"
#include "run_folder.h"
#include "store.h"
#include "text.h"

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

/* the folder of reference records, a new string; NULL: there is none, or no memory */
static char* find_reference(const char* name) {
  char* program = program_folder();
  char* const places[] = {df_strdup("results/reference"),
                          program ? df_path_join(program, "../results/reference") : NULL,
                          program ? df_path_join(program, "../share/dynaflow/reference") : NULL};
  char* found = NULL;
  for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
    char* folder = places[i] && !found ? df_path_join(places[i], name) : NULL;
    if (folder && df_file_exists(folder)) {
      found = folder;
    } else {
      df_free(folder);
    }
    df_free(places[i]);
  }
  df_free(program);
  return found;
}

df_status run_argument_open_reference(const run_view* run, char** folder, run_view* r) {
  *folder = NULL;
  *r = (run_view){0};
  if (run->n_groups != 1) {
    return df_fail(DF_E_ARG, "--reference: %s has %d tasks and profiles; a comparison with reference records is of one",
                   store_path(run->source), run->n_groups);
  }
  const run_group* of = &run->groups[0];
  char* name = format_text("%s-%s", of->task, of->profile);
  if (!name) return DF_E_NOMEM;
  *folder = strchr(name, '/') ? NULL : find_reference(name);
  df_status status = DF_OK;
  if (!*folder) {
    status = df_fail(DF_E_MISSING,
                     "--reference: there are no reference records of task %s, profile %s: no folder %s in "
                     "results/reference; give the folder of a run as second argument instead",
                     of->task, of->profile, name);
  }
  df_free(name);
  return status == DF_OK ? run_view_new(*folder, r) : status;
}
