/* What the parts of a misfit say of another reading. */
#include "misfit.h"

#include "found.h"
#include "small_recording.h"
#include "unit.h"

/* a cart on a rail, a shelf, and a cup of a height of 8 cm */
static const char shelf_xml[] =
    "<mujoco><option timestep='.01'/><worldbody><geom type='plane' size='5 5 .1'/><body name='shelf' pos='.5 0 .3'>"
    "<geom name='board' type='box' size='.2 .2 .01'/></body><body name='cart' pos='0 0 .3'><joint name='rail' "
    "type='slide' axis='1 0 0'/><geom type='box' size='.05 .05 .05' mass='1'/></body><body name='cup'><freejoint "
    "name='cup'/><geom type='box' size='.03 .03 .04' mass='.3'/></body></worldbody><actuator><motor joint='rail'/>"
    "</actuator></mujoco>";

/* the misfit of a free body, the last joint of the model, that rests at (x, 0, z) */
static misfit misfit_at(const char* xml, double x, double z, data_findings* support) {
  static const double h[1] = {0.01};
  static const check_cfg cfg = {.frames_max = 1000, .poses_max = 50};
  fixture f = fixture_new(xml, 1);
  const int at = df_mujoco_nq(f.s) - 7;
  misfit out;
  for (int t = 0; t <= T; t++) {
    double* one = frame_of(f.d, 0, t);
    one[at] = x;
    one[at + 2] = z;
    one[at + 3] = 1;
  }
  trace_it(&f, h);
  assert_ok(misfit_of_trace(&f.m, &cfg, &out));
  assert_ok(check_support(&f.m, 50, support));
  fixture_free(&f);
  return out;
}

/* A cup of a robot without a base that is 3 mm or 12 cm above its shelf, and a ball, a base, that is 3 mm or 20 cm
 * above the floor: only the last one would be explained by a reading in which it touches something. */
static void a_hover_of_millimetres_speaks_for_no_other_reading(void** state) {
  (void)state;
  static const struct {
    const char* xml;
    double x, z;
    bool explained;
    const char* support; /* NULL: no row */
  } cases[] = {{shelf_xml, 0.5, 0.353, false, "it hovers 3 mm above board: "},
               {shelf_xml, 0.5, 0.47, false, "is in another unit or frame than the robot's"},
               {ball_xml, 0, 0.103, false, NULL},
               {ball_xml, 0, 0.3, true, NULL}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    data_findings support = {0};
    const misfit as_is = misfit_at(cases[i].xml, cases[i].x, cases[i].z, &support);
    misfit other = as_is;
    assert_true(as_is.part[MISFIT_SLIP] == 0.5);
    other.part[MISFIT_SLIP] = 0;
    if (misfit_explains(&as_is, &other) != cases[i].explained) fail_msg("case %zu", i);
    /* a limit that is kept is evidence, whatever touches */
    other.part[MISFIT_LIMITS] = -0.3;
    assert_true(misfit_explains(&as_is, &other));
    assert_int_equal(support.n, cases[i].support != NULL);
    if (support.n && !strstr(support.list[0].reason, cases[i].support)) fail_msg("%s", support.list[0].reason);
    data_findings_clear(&support);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(a_hover_of_millimetres_speaks_for_no_other_reading)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
