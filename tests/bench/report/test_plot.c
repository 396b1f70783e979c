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

/* by hand: 0 belongs to an axis if it is at most 3 ranges away; more than 1.7 decades are logarithmic; a margin of 8 %,
 * of 3 % at 0; a label longer than four characters leaves room for fewer */
static void axes_have_the_range_and_steps_of_their_values(void** state) {
  (void)state;
  static const struct {
    double a, b;
    const char* axis;
  } cases[] = {{-2, -1, "unset logscale x\nset format x '%g'\nset xtics 0.5\nset xrange [-2.16:0.06]\n"},
               {-0.2, -0.1, "unset logscale x\nset format x '%g'\nset xtics 0.05\nset xrange [-0.216:0.006]\n"},
               {-10.5, -10, "unset logscale x\nset format x '%g'\nset xtics 0.1\nset xrange [-10.54:-9.96]\n"},
               {-1, 2, "unset logscale x\nset format x '%g'\nset xtics 0.5\nset xrange [-1.24:2.24]\n"},
               {1, 1.025, "unset logscale x\nset format x '%g'\nset xtics 0.01\nset xrange [0.998:1.027]\n"},
               {3, 3, "unset logscale x\nset format x '%g'\nset xtics 0.5\nset xrange [-0.09:3.24]\n"},
               {0, 0, "unset logscale x\nset format x '%g'\nset xtics 0.25\nset xrange [-0.03:1.03]\n"},
               {0, 1000, "unset logscale x\nset format x '%g'\nset xtics 200\nset xrange [-30:1080]\n"},
               {1, 40, "unset logscale x\nset format x '%g'\nset xtics 10\nset xrange [-1.2:43.2]\n"},
               {1, 60, "set logscale x\nset format x '10^{%L}'\nset xtics 10e0\nset xrange [0.1:100]\n"},
               {0.02, 2000, "set logscale x\nset format x '10^{%L}'\nset xtics 10e1\nset xrange [0.01:10000]\n"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    for (int reference = 0; reference < 2; reference++) {
      /* without a trained method, the others determine the axis */
      text events = {0};
      for (int m = 0; m < 2; m++) {
        text_add(&events,
                 "{\"schema\":1,\"type\":\"cell\",\"task\":\"t\",\"profile\":\"p\",\"method\":\"%s\",\"seed\":1,"
                 "\"status\":\"done\",\"rows\":[{\"metric\":\"tre\",\"k\":1,\"value\":%.9g,\"unit\":\"std\"}]}\n",
                 reference ? m ? "random_action" : "replay_demo"
                 : m       ? "b"
                           : "a",
                 m ? cases[i].b : cases[i].a);
      }
      char* script = draw_metrics(text_of(&events));
      if (!strstr(script, cases[i].axis)) fail_msg("%g, %g: %s", cases[i].a, cases[i].b, script);
      free(script);
      text_clear(&events);
    }
  }
}

/* a panel of means and seeds, one of means, and one without a value */
static void panels_name_their_blocks(void** state) {
  (void)state;
  char* script = draw_metrics(
      CELL("a", 1, "done", ONE("tre", "std", 1) "," ONE("survival", "s", 3) "," ROW("gait_agreement", 1, null))
          CELL("a", 2, "done", ONE("tre", "std", 2)));
  const char* at = script;
  static const char* const parts[] = {"set terminal svg size 997,169 ",
                                      "set title 'TRE' ",
                                      "set xlabel 'std (lower is better)' ",
                                      "plot 'x.dat' index 1 using 1:2:3 with points",
                                      "'x.dat' index 0 using 1:4:2:3:5 with xerrorbars",
                                      "set title 'survival time' ",
                                      "plot 'x.dat' index 2 using 1:4:2:3:5 with xerrorbars",
                                      "set title 'gait agreement' ",
                                      "set label 1 'why' at graph 0.03, first 1 left",
                                      "plot NaN notitle\n"};
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
    at = strstr(at, parts[i]);
    if (!at) fail_msg("no '%s' in %s", parts[i], script);
  }
  free(script);
}

#define WITHIN(metric, value, lo, hi) \
  "{\"metric\":\"" metric "\",\"k\":1,\"value\":" #value ",\"lo\":" #lo ",\"hi\":" #hi ",\"unit\":\"std\"}"

/* mean, both ends, row and colour; a value without an interval ends at itself */
static void intervals_have_both_ends(void** state) {
  (void)state;
  run_view r;
  plot p = {.name = "x"};
  make_run(CELL("a", 1, "done", WITHIN("tre", 0.3, 0.2, 0.5)) CELL("b", 1, "done", ONE("tre", "std", 0.4)));
  assert_int_equal(run_view_new(folder, &r), DF_OK);
  assert_true(plot_metrics(&r, &r.groups[0], 1, &p));
  assert_non_null(strstr(text_of(&p.data), "\n0.3 0.2 0.5 1 "));
  assert_non_null(strstr(text_of(&p.data), "\n0.4 0.4 0.4 2 "));
  /* of records without the numbers of episodes, whose intervals are over windows */
  assert_non_null(strstr(text_of(&p.caption), "over the 95 % interval over test windows. "));
  plot_clear(&p);
  run_view_clear(&r);
  remove_run();
  /* several seeds: the interval is that of their values */
  make_run(CELL("a", 1, "done", WITHIN("tre", 0.25, 0.1, 0.9)) CELL("a", 2, "done", WITHIN("tre", 0.75, 0.1, 0.9)));
  assert_int_equal(run_view_new(folder, &r), DF_OK);
  assert_true(plot_metrics(&r, &r.groups[0], 1, &p));
  assert_non_null(strstr(text_of(&p.data), "\n0.5 0.25 0.75 1 "));
  assert_non_null(strstr(text_of(&p.data), "\n0.25 1 "));
  assert_non_null(strstr(text_of(&p.data), "\n0.75 1 "));
  assert_non_null(strstr(text_of(&p.caption), "Metrics by method at K = 1 sampler step: mean over seeds"));
  plot_clear(&p);
  run_view_clear(&r);
  remove_run();
  /* with the numbers of episodes, over episodes */
  make_run(
      "{\"schema\":1,\"type\":\"cell\",\"task\":\"t\",\"profile\":\"p\",\"method\":\"a\",\"seed\":1,"
      "\"status\":\"done\",\"windows\":[],\"rows\":[" ONE("tre", "std", 0.4) "]}\n");
  assert_int_equal(run_view_new(folder, &r), DF_OK);
  assert_true(plot_metrics(&r, &r.groups[0], 1, &p));
  assert_non_null(strstr(text_of(&p.caption), "over the 95 % interval over test episodes. "));
  plot_clear(&p);
  run_view_clear(&r);
  remove_run();
}

static void a_share_has_a_linear_axis_from_0_to_1(void** state) {
  (void)state;
  char* script = draw_metrics(CELL("a", 1, "done", ONE("fall_rate", "share", 0.01))
                                  CELL("b", 1, "done", ONE("fall_rate", "share", 0.9)));
  assert_non_null(strstr(script, "set xtics 0.25\nset xrange [-0.03:1.03]"));
  assert_null(strstr(script, "\nset logscale"));
  free(script);
}

static void every_method_seed_curve_and_point_is_drawn(void** state) {
  (void)state;
  enum { MANY = 90, POINTS = 300 };
  run_view r;
  text events = {0}, seeds = {0};
  for (int i = 0; i < MANY; i++) {
    /* seeds of one method, then one seed each of other methods, which have all curves, examples and points */
    for (int other = 0; other < 2; other++) {
      text_add(&events,
               "{\"schema\":1,\"type\":\"cell\",\"task\":\"t\",\"profile\":\"p\",\"method\":\"%s%d\",\"seed\":%d,"
               "\"status\":\"done\",\"rows\":[{\"metric\":\"tre\",\"k\":1,\"value\":%d,\"unit\":\"std\"}],"
               "\"training\":{\"curves\":[{\"name\":\"flow\",\"step\":[1],\"loss\":[1]},"
               "{\"name\":\"extra%d\",\"step\":[1],\"loss\":[1]}]}",
               other ? "m" : "a", other ? i : 0, other ? 0 : i, 1000 + i, i % 30);
      if (other) {
        text_add(&events, ",\"examples\":[");
        for (int e = 0; e < 6; e++) {
          text_add(&events, "%s{\"title\":\"e%d\",\"unit\":\"m\",\"dt\":1,\"demonstrated\":[1,2],\"generated\":[1,2]}",
                   e ? "," : "", e);
        }
        text_add(&events, "],\"strip\":{\"title\":\"s\",\"ground\":0,\"parent\":[-1");
        for (int p = 1; p < POINTS; p++) text_add(&events, ",%d", p - 1);
        text_add(&events, "],\"frames\":[{\"t\":0,\"x\":[0");
        for (int p = 1; p < POINTS; p++) text_add(&events, ",%d", p);
        text_add(&events, "],\"z\":[0");
        for (int p = 1; p < POINTS; p++) text_add(&events, ",%d", p);
        text_add(&events, "]}]}");
      }
      text_add(&events, "}\n");
    }
    text_add(&seeds, "%s%d", i ? ", " : "seeds ", i);
  }
  make_run(text_of(&events));
  assert_int_equal(run_view_new(folder, &r), DF_OK);
  const run_group* g = &r.groups[0];
  assert_int_equal(g->n_methods, MANY + 1);
  plot metrics = {.name = "x"}, training = {.name = "x"}, examples = {.name = "x"}, strip = {.name = "x"};
  /* seeds: in the caption, and as single points */
  assert_true(plot_metrics(&r, g, 1, &metrics));
  assert_non_null(strstr(text_of(&metrics.caption), text_of(&seeds)));
  assert_non_null(strstr(text_of(&metrics.data), "\n1089 1 "));
  assert_non_null(strstr(text_of(&metrics.data), "\n1089 1089 1089 91 ")); /* the method m89 */
  /* 30 named losses beside the first one */
  assert_true(plot_training(&r, g, &training));
  assert_non_null(strstr(text_of(&training.script), "set title 'extra29'"));
  assert_non_null(strstr(text_of(&training.data), "# flow matching, a0: step, mean, smallest and largest of 90 seeds"));
  assert_true(plot_examples(&r, g, &examples));
  assert_non_null(strstr(text_of(&examples.script), "set title 'e5 [m]'"));
  assert_non_null(strstr(text_of(&examples.script), "set label 1 'm89'"));
  assert_true(plot_strip(&r, g, &strip));
  assert_non_null(strstr(text_of(&strip.script), "set label 100 'm89'"));
  assert_non_null(strstr(text_of(&strip.data), " 299\n")); /* the height of the last point */
  plot_clear(&metrics);
  plot_clear(&training);
  plot_clear(&examples);
  plot_clear(&strip);
  text_clear(&events);
  text_clear(&seeds);
  run_view_clear(&r);
  remove_run();
}

static void a_validation_loss_is_a_curve_of_its_own(void** state) {
  (void)state;
  run_view r;
  text events = {0};
  for (int seed = 0; seed < 2; seed++) {
    text_add(&events,
             "{\"schema\":1,\"type\":\"cell\",\"task\":\"t\",\"profile\":\"p\",\"method\":\"a\",\"seed\":%d,\"status\":"
             "\"done\","
             "\"rows\":[{\"metric\":\"tre\",\"k\":1,\"value\":1,\"unit\":\"std\"}],\"training\":{\"curves\":[{\"name\":"
             "\"a\","
             "\"step\":[5,10],\"loss\":[4,2],\"validation\":{\"step\":[7,10],\"loss\":[%d,3],\"windows\":4,\"kept\":10}"
             "}]}}\n",
             seed, seed ? 7 : 5);
  }
  make_run(text_of(&events));
  assert_int_equal(run_view_new(folder, &r), DF_OK);
  plot p = {.name = "x"};
  assert_true(plot_training(&r, &r.groups[0], &p));
  assert_string_equal(
      text_of(&p.data),
      "# flow matching, a: step, mean, smallest and largest of 2 seeds\n5 4 4 4\n10 2 2 2\n\n\n"
      "# flow matching, a, validation: step, mean, smallest and largest of 2 seeds\n7 6 5 7\n10 3 3 3\n\n\n");
  assert_non_null(strstr(text_of(&p.script), "'x.dat' index 1 using 1:2 with linespoints lw 1 dt 3"));
  assert_non_null(strstr(text_of(&p.caption), "Dotted: the same loss of the averaged weights"));
  plot_clear(&p);
  text_clear(&events);
  run_view_clear(&r);
  remove_run();
}

/* a loss that does not change is in the middle of its axis, which is logarithmic unless it is 0 */
static void a_constant_loss_has_an_axis_about_it(void** state) {
  (void)state;
  static const char* const axes[] = {"unset logscale y\nset format y '%g'\nunset mytics\nset yrange [-1:1]\n",
                                     "set logscale y\nset format y '10^{%L}'\nset mytics 10\nset yrange [1:4]\n"};
  for (int i = 0; i < 2; i++) {
    run_view r;
    plot p = {.name = "x"};
    char events[400];
    snprintf(events, sizeof events,
             "{\"schema\":1,\"type\":\"cell\",\"task\":\"t\",\"profile\":\"p\",\"method\":\"a\",\"seed\":1,\"status\":"
             "\"done\",\"rows\":[],\"training\":{\"curves\":[{\"name\":\"a\",\"step\":[5,10],\"loss\":[%d,%d]}]}}\n",
             2 * i, 2 * i);
    make_run(events);
    assert_int_equal(run_view_new(folder, &r), DF_OK);
    assert_true(plot_training(&r, &r.groups[0], &p));
    assert_non_null(strstr(text_of(&p.script), axes[i]));
    plot_clear(&p);
    run_view_clear(&r);
    remove_run();
  }
}

/* two seeds with equal first two steps, and other ones from there on */
static void curves_of_seeds_are_averaged_as_far_as_their_steps_agree(void** state) {
  (void)state;
  run_view r;
  text events = {0};
  for (int seed = 0; seed < 2; seed++) {
    text_add(&events,
             "{\"schema\":1,\"type\":\"cell\",\"task\":\"t\",\"profile\":\"p\",\"method\":\"a\",\"seed\":%d,\"status\":"
             "\"done\",\"rows\":[{\"metric\":\"tre\",\"k\":1,\"value\":1,\"unit\":\"std\"}],"
             "\"training\":{\"curves\":[{\"name\":\"a\",\"step\":[5,10,%d,20],\"loss\":[%d,2,1,1]}]}}\n",
             seed, 15 + seed, 4 + 2 * seed);
  }
  make_run(text_of(&events));
  assert_int_equal(run_view_new(folder, &r), DF_OK);
  plot p = {.name = "x"};
  assert_true(plot_training(&r, &r.groups[0], &p));
  assert_string_equal(text_of(&p.data),
                      "# flow matching, a: step, mean, smallest and largest of 2 seeds\n5 5 4 6\n10 2 2 2\n\n\n");
  plot_clear(&p);
  text_clear(&events);
  run_view_clear(&r);
  remove_run();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_constant_loss_has_an_axis_about_it),
      cmocka_unit_test(curves_of_seeds_are_averaged_as_far_as_their_steps_agree),
      cmocka_unit_test(floor_and_ceiling_do_not_stretch_an_axis),
      cmocka_unit_test(axes_have_the_range_and_steps_of_their_values),
      cmocka_unit_test(panels_name_their_blocks),
      cmocka_unit_test(a_share_has_a_linear_axis_from_0_to_1),
      cmocka_unit_test(intervals_have_both_ends),
      cmocka_unit_test(every_method_seed_curve_and_point_is_drawn),
      cmocka_unit_test(a_validation_loss_is_a_curve_of_its_own),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
