/* cmd_toy2d.c: dynaflow toy2d: variants of flow matching on clouds of the plane. */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "dynaflow/core/alloc.h"
#include "exit_code.h"
#include "options.h"
#include "rows.h"
#include "stop.h"
#include "suggestion.h"
#include "terminal.h"
#include "toy_study.h"

enum { KEY_CLOUD = 0x700, KEY_VARIANT, KEY_POINTS, KEY_SAMPLES };

typedef struct arguments {
  options common;
  toy_cfg study;
} arguments;

static const char* variant_name(int i) {
  const toy_variant* list;
  (void)toy_variants(&list);
  return list[i].name;
}

static const char* name_of_cloud(int i) {
  return cloud_name((cloud)i);
}

/* the index of an item of a list among n names; ends the program if it is none of them */
static int find_name(struct argp_state* state, const char* option, const char* item, int n, const char* (*name)(int)) {
  const char* names[TOY_VARIANTS_MAX];
  char hint[96];
  for (int i = 0; i < n; i++) {
    names[i] = name(i);
    if (strcmp(item, names[i]) == 0) return i;
  }
  argp_error(state, "%s: unknown '%s'%s; see dynaflow toy2d --help", option, item,
             suggestion(item, n, names, hint, sizeof hint));
  return 0;
}

static void take_clouds(arguments* a, char* value, struct argp_state* state) {
  a->study.n_clouds = 0;
  for (char* item = strtok(parse_list(state, "--cloud", value), ","); item; item = strtok(NULL, ",")) {
    if (a->study.n_clouds == CLOUDS) argp_error(state, "--cloud: a cloud is listed twice");
    a->study.clouds[a->study.n_clouds++] = (cloud)find_name(state, "--cloud", item, CLOUDS, name_of_cloud);
  }
}

static void take_variants(arguments* a, char* value, struct argp_state* state) {
  const toy_variant* list;
  const int n = toy_variants(&list);
  a->study.n_variants = 0;
  for (char* item = strtok(parse_list(state, "--variant", value), ","); item; item = strtok(NULL, ",")) {
    if (a->study.n_variants == n) argp_error(state, "--variant: a variant is listed twice");
    a->study.variants[a->study.n_variants++] = &list[find_name(state, "--variant", item, n, variant_name)];
  }
}

static void check_arguments(const arguments* a, struct argp_state* state) {
  expect_one_seed(&a->common, state);
  if (a->common.has_profile) argp_error(state, "--profile is not valid with toy2d, which has no task file");
  for (int i = 0; i < a->study.n_variants; i++) {
    if (a->study.variants[i]->conditional && a->study.n_clouds < 2)
      argp_error(state, "--variant %s tells clouds apart by a condition: give it two or more",
                 a->study.variants[i]->name);
    for (int j = 0; j < i; j++) {
      if (a->study.variants[i] == a->study.variants[j]) argp_error(state, "--variant: a variant is listed twice");
    }
  }
  for (int i = 0; i < a->study.n_clouds; i++) {
    for (int j = 0; j < i; j++) {
      if (a->study.clouds[i] == a->study.clouds[j]) argp_error(state, "--cloud: a cloud is listed twice");
    }
  }
}

static error_t parse(int key, char* value, struct argp_state* state) {
  arguments* a = state->input;
  switch (key) {
    case ARGP_KEY_INIT:
      state->child_inputs[0] = &a->common;
      return 0;
    case KEY_CLOUD:
      take_clouds(a, value, state);
      return 0;
    case KEY_VARIANT:
      take_variants(a, value, state);
      return 0;
    case KEY_POINTS:
      a->study.points = (int)parse_integer(state, "--points", value, 100, 1000000);
      return 0;
    case KEY_SAMPLES:
      a->study.samples = (int)parse_integer(state, "--samples", value, 16, 1000000);
      return 0;
    case 'o':
      a->study.out = parse_output(state, "--out", value);
      return 0;
    case ARGP_KEY_ARG:
      argp_error(state, "unexpected argument '%s'", value);
      return 0;
    case ARGP_KEY_END:
      check_arguments(a, state);
      return 0;
    default:
      return ARGP_ERR_UNKNOWN;
  }
}

static const struct argp_option option_table[] = {
    {"cloud", KEY_CLOUD, "C,...", 0, "clouds: moons, rings, checkerboard, eight_gaussians, gaussian (default: all)", 0},
    {"variant", KEY_VARIANT, "V,...", 0, "variants, see below (default: all)", 0},
    {"points", KEY_POINTS, "N", 0, "training points of each cloud (default: 20000)", 0},
    {"samples", KEY_SAMPLES, "N", 0, "points that are sampled and compared (default: 4000)", 0},
    {"out", 'o', "FOLDER", 0, "draw a figure of each variant there: points, fields, paths and samples", 0},
    {0}};
static const struct argp_child children[] = {OPTIONS_CHILD, {0}};
const struct argp toy2d_argp = {
    .options = option_table,
    .parser = parse,
    .doc =
        "Trains variants of flow matching on clouds of the plane, and measures and draws them.\n\n"
        "A cloud is a distribution of actions of two numbers, learned by the code of action_fm with the settings "
        "flow.* "
        "of the variant; --set changes settings of all. Prints for each cloud and variant the CPU time of the "
        "training, "
        "the negative log-likelihood of fresh points with the entropy of the cloud, and the sliced Wasserstein "
        "distance "
        "of samples by solver and steps, with that of fresh points as the floor. The cloud gaussian has a closed form: "
        "the errors of the field and of the sampled moments are printed, too. docs/flow-matching.md explains all of it."
        "\n\nVariants: x1, diffusion, diffusion_noise, velocity, time_power, time_beta, time_logit_normal, sigma_min, "
        "transport, reflow, shortcut, "
        "mean_flow, consistency, conditional, "
        "conditional_transport, conditional_transport_within.\v"
        "Exits with 0 when done, 2 on bad input, 3 when gnuplot or BLAS is not available or memory is exhausted, 130 "
        "when interrupted.",
    .children = children};

int cmd_toy2d(int argc, char** argv) {
  arguments a = {.common = options_default(), .study = {.points = 20000, .samples = 4000}};
  const toy_variant* list;
  for (int i = 0; i < CLOUDS; i++) a.study.clouds[a.study.n_clouds++] = (cloud)i;
  a.study.n_variants = toy_variants(&list);
  for (int i = 0; i < a.study.n_variants; i++) a.study.variants[i] = &list[i];
  options_parse(&toy2d_argp, argc, argv, &a);
  a.study.opts = &a.common;
  stop_in_order();
  rows out = rows_new();
  const df_status status = toy_study_run(&a.study, &out);
  if (status == DF_OK) rows_print(&out, &a.common);
  rows_free(&out);
  return status == DF_OK ? EXIT_DONE : report_failure(status);
}
