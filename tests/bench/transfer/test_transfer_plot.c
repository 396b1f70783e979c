/* The figure of a study: which points a line has, and in which order. */
#include "transfer_plot.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "test_file.h"
#include "unit.h"

static transfer_point point(int file, perturbation_kind kind, double level, double share) {
  return (transfer_point){
      .line = file, .change = {.kind = kind, .level = level}, .upright = {.mean = share, .lo = 0, .hi = 1, .n = 4}};
}

static void a_line_has_the_points_of_its_file_in_ascending_order(void** state) {
  (void)state;
  const transfer_point points[] = {point(0, PERTURB_NONE, 0, 1),         point(1, PERTURB_NONE, 0, 0.9),
                                   point(0, PERTURB_MASS, 1.5, 0.5),     point(1, PERTURB_MASS, 1.5, 0.3),
                                   point(0, PERTURB_MASS, 0.5, 0.25),    point(1, PERTURB_MASS, 0.5, 0.2),
                                   point(0, PERTURB_LATENCY, 0.02, 0.6), point(1, PERTURB_LATENCY, 0.02, 0.7),
                                   point(2, PERTURB_NONE, 0, 0.8),       point(2, PERTURB_MASS, 0.7, 0.4)};
  char* names[] = {"a", "b", "c"};
  const char* folder = test_folder();
  const df_status status = transfer_plot(folder, &(transfer_figure){.task = "t",
                                                                    .band = "95 % interval",
                                                                    .n_lines = 3,
                                                                    .names = names,
                                                                    .n = sizeof points / sizeof *points,
                                                                    .points = points});
  assert_true(status == DF_OK || status == DF_E_MISSING); /* DF_E_MISSING: no gnuplot; the data are written */
  char* path = df_path_join(folder, "transfer.dat");
  char* found;
  size_t n;
  assert_int_equal(df_file_read(path, &found, &n), DF_OK);
  static const char wanted[] =
      "# mass, a: level, share of upright trajectories, 95 % interval\n0.5 0.25 0 1\n1 1 0 1\n1.5 0.5 0 1\n\n\n"
      "# mass, b: level, share of upright trajectories, 95 % interval\n0.5 0.2 0 1\n1 0.9 0 1\n1.5 0.3 0 1\n\n\n"
      "# mass, c: level, share of upright trajectories, 95 % interval\n0.7 0.4 0 1\n1 0.8 0 1\n\n\n"
      "# latency, a: level, share of upright trajectories, 95 % interval\n0 1 0 1\n0.02 0.6 0 1\n\n\n"
      "# latency, b: level, share of upright trajectories, 95 % interval\n0 0.9 0 1\n0.02 0.7 0 1\n\n\n"
      "# latency, c: level, share of upright trajectories, 95 % interval\n0 0.8 0 1\n\n\n";
  if (n != strlen(wanted) || memcmp(found, wanted, n) != 0) fail_msg("%.*s", (int)n, found);
  df_free(found);
  df_free(path);
}

/* a panel per kind, with the blocks of its files in their order */
static void a_panel_draws_the_lines_of_its_kind(void** state) {
  (void)state;
  const transfer_point points[] = {point(0, PERTURB_NONE, 0, 1), point(1, PERTURB_NONE, 0, 1),
                                   point(0, PERTURB_MASS, 2, 1), point(1, PERTURB_LATENCY, 0.01, 1)};
  char* names[] = {"a", "b"};
  const df_status status = transfer_plot(
      test_folder(),
      &(transfer_figure){.task = "t", .band = "95 % interval", .n_lines = 2, .names = names, .n = 4, .points = points});
  assert_true(status == DF_OK || status == DF_E_MISSING);
  char* path = df_path_join(test_folder(), "transfer.gp");
  char* script;
  size_t n;
  assert_int_equal(df_file_read(path, &script, &n), DF_OK);
  static const char* const words[] = {
      "set title 'mass'\nset xlabel 'factor'\n",      "index 0 using 1:3:4", "index 1 using 1:2",
      "set title 'latency'\nset xlabel 'time [s]'\n", "index 2 using 1:3:4", "index 3 using 1:2"};
  const char* at = script;
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    at = strstr(at, words[i]);
    if (!at) fail_msg("no '%s' in its place", words[i]);
  }
  df_free(script);
  df_free(path);
}

/* levels that have names stand behind the model as it is, in the order of the points, with names as ticks */
static void levels_with_names_have_places(void** state) {
  (void)state;
  transfer_point points[] = {point(0, PERTURB_NONE, NAN, 1), point(0, PERTURB_MODEL, NAN, 0.5),
                             point(0, PERTURB_MODEL, NAN, 0.75), point(1, PERTURB_NONE, NAN, 0.9),
                             point(1, PERTURB_MODEL, NAN, 0.25)};
  points[1].change.word = "x/go1/scene.xml";
  points[2].change.word = points[4].change.word = "a.xml";
  char* names[] = {"a", "b"};
  const df_status status = transfer_plot(test_folder(), &(transfer_figure){.task = "t",
                                                                           .band = "smallest and largest training",
                                                                           .n_lines = 2,
                                                                           .names = names,
                                                                           .n = 5,
                                                                           .points = points});
  assert_true(status == DF_OK || status == DF_E_MISSING);
  char *path = df_path_join(test_folder(), "transfer.dat"), *found;
  size_t n;
  assert_int_equal(df_file_read(path, &found, &n), DF_OK);
  static const char wanted[] =
      "# model, a: level, share of upright trajectories, smallest and largest training\n0 1 0 1\n1 0.5 0 1\n2 0.75 0 "
      "1\n\n\n"
      "# model, b: level, share of upright trajectories, smallest and largest training\n0 0.9 0 1\n2 0.25 0 1\n\n\n";
  if (n != strlen(wanted) || memcmp(found, wanted, n) != 0) fail_msg("%.*s", (int)n, found);
  df_free(found);
  df_free(path);
  path = df_path_join(test_folder(), "transfer.gp");
  assert_int_equal(df_file_read(path, &found, &n), DF_OK);
  assert_non_null(strstr(found, "set xrange [-0.3:2.3]\nset xtics ('none' 0, 'go1/scene.xml' 1, 'a.xml' 2)"));
  df_free(found);
  df_free(path);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(a_line_has_the_points_of_its_file_in_ascending_order),
                                     cmocka_unit_test(a_panel_draws_the_lines_of_its_kind),
                                     cmocka_unit_test(levels_with_names_have_places)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
