/* Phase portraits of long motions: which numbers are on which axis, and the ranges of the axes. */
#define _GNU_SOURCE
#include "plot.h"
#include "run_file.h"

#define PATH(q, v) "{\"position\":[" q "],\"velocity\":[" v "]}"
#define MOTION(title, demonstrated, generated)                                                                      \
  "{\"title\":\"" title "\",\"dt\":0.5,\"joint\":{\"name\":\"hip\",\"unit\":\"rad\",\"demonstrated\":" demonstrated \
  ",\"generated\":" generated "}}"
#define DONE(method, motions)                                                             \
  "{\"schema\":1,\"type\":\"cell\",\"task\":\"t\",\"profile\":\"p\",\"method\":\"" method \
  "\",\"seed\":1,\"status\":\"done\",\"rows\":[],\"motions\":[" motions "]}\n"

/* by hand: positions of 0 .. 1, velocities of -30 .. 20 over both methods, with a margin of 6 % */
static void each_axis_has_its_own_range(void** state) {
  (void)state;
  run_view r;
  plot p = {.name = "x"};
  make_run(DONE("a", MOTION("trot", PATH("0,0.5", "10,20"), PATH("0.25,null", "0,1")))
               DONE("b", MOTION("trot", PATH("0,1", "-30,0"), PATH("0.5,0.75", "2,3"))));
  assert_int_equal(run_view_new(folder, &r), DF_OK);
  assert_true(plot_portraits(&r, &r.groups[0], &p));
  assert_string_equal(text_of(&p.data),
                      "# demonstrated of hip, trot, a: position, velocity\n0 10\n0.5 20\n\n\n"
                      "# generated of hip, trot, a: position, velocity\n0.25 0\nNaN NaN\n\n\n"
                      "# demonstrated of hip, trot, b: position, velocity\n0 -30\n1 0\n\n\n"
                      "# generated of hip, trot, b: position, velocity\n0.5 2\n0.75 3\n\n\n");
  const char* at = text_of(&p.script);
  for (int row = 0; row < 2; row++) {
    at = strstr(at, "set xrange [-0.06:1.06]\nset xtics 0.5\nset yrange [-33:23]\nset ytics 20\n");
    assert_non_null(at);
    at = strstr(at, row ? "plot 'x.dat' index 2 using 1:2 " : "plot 'x.dat' index 0 using 1:2 ");
    assert_non_null(at);
  }
  plot_clear(&p);
  run_view_clear(&r);
  remove_run();
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(each_axis_has_its_own_range)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
