/* Trajectories over time and stick figures: the numbers that are drawn, and where. */
#define _GNU_SOURCE
#include "near.h"
#include "plot.h"
#include "run_file.h"

#define EXAMPLE(title, demonstrated, generated)                                                                        \
  "{\"title\":\"" title "\",\"unit\":\"rad\",\"dt\":0.5,\"demonstrated\":[" demonstrated "],\"generated\":[" generated \
  "]}"
#define DONE(method, rest)                                                                \
  "{\"schema\":1,\"type\":\"cell\",\"task\":\"t\",\"profile\":\"p\",\"method\":\"" method \
  "\",\"seed\":1,\"status\":\"done\",\"rows\":[]," rest "}\n"

/* *at behind the next place with these words */
static void follows(const char** at, const char* words) {
  const char* found = strstr(*at, words);
  if (!found) fail_msg("no '%s' in:\n%s", words, *at);
  *at = found + strlen(words);
}

/* two methods with two quantities; one generated value is lost, and one trajectory is shorter */
static void examples_share_the_axis_of_their_column(void** state) {
  (void)state;
  /* by hand: 0 .. 2 is demonstrated, of -1 .. 9 the axis shows at most 2 more on either side; of 1 .. 1, 0.001 more. A
   * margin of 6 %, at least 0.0001 */
  static const char* const axes[2] = {"set yrange [-1.3:4.3]\nset xrange [0:1]\n",
                                      "set yrange [0.9999:1.0011]\nset xrange [0:1]\n"};
  run_view r;
  plot p = {.name = "x"};
  make_run(DONE("a", "\"examples\":[" EXAMPLE("hip", "0,1,2", "0,1.5,9") "," EXAMPLE("knee", "1,1,1", "1,null,2") "]")
               DONE("b", "\"examples\":[" EXAMPLE("hip", "0,1,2", "-1,0,1") "," EXAMPLE("knee", "1,1,1", "1,1") "]"));
  assert_int_equal(run_view_new(folder, &r), DF_OK);
  assert_true(plot_examples(&r, &r.groups[0], &p));
  assert_string_equal(text_of(&p.data),
                      "# hip [rad]: time, demonstrated, generated\n0 0 0\n0.5 1 1.5\n1 2 9\n\n\n"
                      "# knee [rad]: time, demonstrated, generated\n0 1 1\n0.5 1 NaN\n1 1 2\n\n\n"
                      "# hip [rad]: time, demonstrated, generated\n0 0 -1\n0.5 1 0\n1 2 1\n\n\n"
                      "# knee [rad]: time, demonstrated, generated\n0 1 1\n0.5 1 1\n1 1 NaN\n\n\n");
  const char* at = text_of(&p.script);
  follows(&at, "set terminal svg size 692,308 ");
  follows(&at, "set label 2 'demonstrated' at screen ");
  follows(&at, "set label 3 'generated' at screen ");
  for (int panel = 0; panel < 4; panel++) {
    /* panels of 205 x 84, 50 and 20 apart, from 212 and 66 on */
    const int row = panel / 2, column = panel % 2, left = 212 + 255 * column, top = 66 + 104 * row;
    char words[256];
    snprintf(words, sizeof words,
             "set lmargin at screen %.5f\nset rmargin at screen %.5f\nset bmargin at screen %.5f\nset tmargin at "
             "screen %.5f\n",
             left / 692., (left + 205) / 692., 1 - (top + 84) / 308., 1 - top / 308.);
    follows(&at, words);
    follows(&at, axes[column]);
    follows(&at, row ? "set title ''" : column ? "set title 'knee [rad]'" : "set title 'hip [rad]'");
    follows(&at, "unset label 1\n");
    /* the legend stands in the first panel only */
    if (panel == 1 || panel == 2) follows(&at, "unset label 2\nunset label 3\nunset arrow\n");
    if (column == 0) follows(&at, row ? "set label 1 'b' at screen" : "set label 1 'a' at screen");
    follows(&at, row ? "set xlabel 'time [s]'" : "unset xlabel; set format x ''");
    snprintf(words, sizeof words, "plot 'x.dat' index %d using 1:2 ", panel);
    follows(&at, words);
    snprintf(words, sizeof words, "  'x.dat' index %d using 1:3 ", panel);
    follows(&at, words);
  }
  plot_clear(&p);
  run_view_clear(&r);
  remove_run();
}

/* a root with two limbs of two points; x and z relative to the root */
enum { POINTS = 5, FRAMES = 12, SHOWN = 10 };
static const int parents[POINTS] = {-1, 0, 1, 0, 3};
static const double xs[POINTS] = {0, -0.2, -0.3, 0.2, 0.4}, zs[POINTS] = {0, -0.2, -0.5, -0.2, -0.5};

/* the sticks to two points in all frames; *at behind them */
static void sticks_are(const char** at, const int points[2]) {
  /* figures are 2.12 times their half width, 0.35, apart, and centred: the middle is 0.05 before the root */
  for (int f = 0; f < SHOWN; f++) {
    for (int i = 0; i < 2; i++) {
      const int ends[2] = {parents[points[i]], points[i]};
      for (int e = 0; e < 2; e++) {
        double x, z;
        int n = 0;
        assert_int_equal(sscanf(*at, "%lf %lf%n", &x, &z, &n), 2);
        assert_near(x, (f + 0.5) * 2.12 * 0.35 - 0.05 + xs[ends[e]], 1e-5);
        assert_near(z, 0.6 - 0.1 + zs[ends[e]], 1e-6);
        *at += n;
      }
    }
  }
}

static void figures_are_evenly_chosen_and_centred(void** state) {
  (void)state;
  static const int chosen[SHOWN] = {0, 1, 2, 4, 5, 6, 7, 9, 10, 11}; /* round(11 f / 9) */
  run_view r;
  plot p = {.name = "x"};
  text events = {0};
  text_add(&events,
           "{\"schema\":1,\"type\":\"cell\",\"task\":\"t\",\"profile\":\"p\",\"method\":\"a\",\"seed\":1,"
           "\"status\":\"done\",\"rows\":[],\"strip\":{\"title\":\"s\",\"ground\":0.1,\"parent\":[-1,0,1,0,3],"
           "\"frames\":[");
  for (int j = 0; j < FRAMES; j++) {
    text_add(&events, "%s{\"t\":%g,\"x\":[", j ? "," : "", 0.02 * j);
    for (int i = 0; i < POINTS; i++) text_add(&events, "%s%.9g", i ? "," : "", 0.1 * j + xs[i]);
    text_add(&events, "],\"z\":[");
    for (int i = 0; i < POINTS; i++) text_add(&events, "%s%.9g", i ? "," : "", 0.6 + zs[i]);
    text_add(&events, "]}");
  }
  text_add(&events, "]}}\n");
  make_run(text_of(&events));
  assert_int_equal(run_view_new(folder, &r), DF_OK);
  assert_true(plot_strip(&r, &r.groups[0], &p));
  /* the second limb is the far one, and drawn first */
  const char* at = text_of(&p.data);
  follows(&at, "# a: far limbs, then near ones; x and z of both ends\n");
  sticks_are(&at, (const int[]){3, 4});
  follows(&at, "\n\n\n");
  sticks_are(&at, (const int[]){1, 2});
  assert_string_equal(at, "\n\n\n\n");
  at = text_of(&p.script);
  follows(&at, "set xrange [0:7.42]\nset yrange [-0.03:0.54]\n");
  for (int f = 0; f < SHOWN; f++) {
    char words[128];
    snprintf(words, sizeof words, "set label %d '%.2f s, %.2f m' at first %.6g, graph 0 ", f + 1, 0.02 * chosen[f],
             0.1 * chosen[f], (f + 0.5) * 0.742);
    follows(&at, words);
  }
  follows(&at, "plot 0 with lines");
  follows(&at, "'x.dat' index 0 using 1:2 ");
  follows(&at, "'x.dat' index 1 using 1:2 ");
  assert_null(strstr(at, " index "));
  assert_int_equal(strncmp(text_of(&p.caption), "s, seen from the side", 21), 0);
  plot_clear(&p);
  text_clear(&events);
  run_view_clear(&r);
  remove_run();
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(examples_share_the_axis_of_their_column),
                                     cmocka_unit_test(figures_are_evenly_chosen_and_centred)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
