/* Figures as gnuplot scripts. */
#define _GNU_SOURCE
#include "plot.h"

#include "run_file.h"

/* the script of the metrics at K = 1 */
static char* draw_metrics(const char* events) {
  run_view r;
  plot p = {.name = "x"};
  make_run(events);
  assert_int_equal(run_view_new(folder, &r), DF_OK);
  assert_true(plot_metrics(&r, &r.groups[0], 1, &p));
  assert_non_null(strstr(text_of(&p.caption), "marks with an arrow lie beyond the axis"));
  char* script = strdup(text_of(&p.script));
  assert_non_null(script);
  text_clear(&p.script);
  text_clear(&p.data);
  text_clear(&p.caption);
  run_view_clear(&r);
  remove_run();
  return script;
}

static void floor_and_ceiling_do_not_stretch_an_axis(void** state) {
  (void)state;
  /* trained methods close to each other: the axis shows their range only, with arrows for the others at both edges */
  char* script = draw_metrics(CELL("a", 1, "done", ONE("tre", "std", 0.22)) CELL(
      "b", 1, "done", ONE("tre", "std", 0.27)) CELL("random_action", 1, "done", ONE("tre", "std", 2.77))
                                  CELL("replay_demo", 1, "done", ONE("tre", "std", 8e-16)));
  assert_non_null(strstr(script, "set xrange [0.216:0.274]"));
  assert_non_null(strstr(script, "set label 3 '2.77' at graph 0.92, first 3 right"));
  assert_non_null(strstr(script, "set arrow 3 from graph 0.94, first 3 to graph 1, first 3"));
  assert_non_null(strstr(script, "set label 4 '8e-16' at graph 0.08, first 4 left"));
  assert_non_null(strstr(script, "set arrow 4 from graph 0.06, first 4 to graph 0, first 4"));
  free(script);
  /* spread far enough: the axis includes 0, and a value close to 0 is written beside its mark */
  script = draw_metrics(CELL("a", 1, "done", ONE("tre", "std", 0.1)) CELL("b", 1, "done", ONE("tre", "std", 0.2))
                            CELL("replay_demo", 1, "done", ONE("tre", "std", 8e-16)));
  assert_non_null(strstr(script, "set xrange [-0.006:0.216]"));
  assert_non_null(strstr(script, "set label 3 '8e-16' at first 0, first 3 left"));
  assert_null(strstr(script, "\nset arrow"));
  free(script);
}

static void a_share_has_a_linear_axis_from_0_to_1(void** state) {
  (void)state;
  char* script = draw_metrics(CELL("a", 1, "done", ONE("fall_rate", "share", 0.01))
                                  CELL("b", 1, "done", ONE("fall_rate", "share", 0.9)));
  assert_non_null(strstr(script, "set xtics 0.25\nset xrange [-0.03:1.03]"));
  assert_null(strstr(script, "\nset logscale"));
  free(script);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(floor_and_ceiling_do_not_stretch_an_axis),
      cmocka_unit_test(a_share_has_a_linear_axis_from_0_to_1),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
