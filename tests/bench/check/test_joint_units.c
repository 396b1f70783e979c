/* Single hinges in degrees: which ones, and whether their velocities are, too. */
#include "joint_units.h"

#include <math.h>

#include "small_recording.h"
#include "unit.h"

/* two limited hinges and a wheel */
static const char hinges_xml[] =
    "<mujoco><compiler angle='radian' autolimits='true'/><option timestep='.01'/><worldbody><body>"
    "<joint name='leg' axis='0 1 0' range='-1 2'/><geom size='.1'/><body><joint name='arm' axis='0 1 0' range='-2 2'/>"
    "<geom size='.1'/><body><joint name='wheel' axis='0 1 0'/><geom size='.1'/></body></body></body></worldbody>"
    "</mujoco>";
enum { HINGES = 3 };

typedef struct units_case {
  double position[HINGES], velocity[HINGES]; /* factors of what is recorded */
  double arm;                                /* amplitude of the arm, rad */
  double zero;                               /* of the leg, rad */
  bool found;
  joint_unit unit[HINGES];
} units_case;

static void look(const units_case* c, bool* found, joint_unit* unit, fixture* f) {
  static const double h[1] = {0.01};
  *f = fixture_new(hinges_xml, 1);
  for (int t = 0; t <= T; t++) {
    const double s = 0.05 * t, w = 0.05 / h[0];
    const double q[HINGES] = {c->zero + 0.5 + 0.4 * sin(s), c->arm * sin(1.3 * s + 1), 2 * s + 0.5 * sin(s)};
    const double v[HINGES] = {0.4 * w * cos(s), 1.3 * c->arm * w * cos(1.3 * s + 1), w * (2 + 0.5 * cos(s))};
    for (int i = 0; i < HINGES; i++) {
      frame_of(f->d, 0, t)[i] = c->position[i] * q[i];
      frame_of(f->d, 0, t)[HINGES + i] = c->velocity[i] * v[i];
    }
  }
  trace_it(f, h);
  *found = joint_units_find(&f->m, unit);
}

#define D (180 / PI)
static void hinges_in_degrees_are_named(void** state) {
  (void)state;
  const units_case cases[] = {
      {{1, 1, 1}, {1, 1, 1}, 0.5, 0, false, {0}},
      {{D, 1, 1}, {D, 1, 1}, 0.5, 0, true, {JOINT_IN_DEGREES}},
      {{D, 1, 1}, {1, 1, 1}, 0.5, 0, true, {JOINT_POSITION_IN_DEGREES}},
      {{1, D, 1}, {1, D, 1}, 0.5, 0, true, {0, JOINT_IN_DEGREES}},
      {{1, 1, D}, {1, 1, 1}, 0.5, 0, true, {0, 0, JOINT_POSITION_IN_DEGREES}},     /* by its velocities alone */
      {{1, 1, D}, {1, 1, D}, 0.5, 0, false, {0}},                                  /* a wheel may turn so far */
      {{D, D, D}, {D, D, D}, 0.5, 0, false, {JOINT_IN_DEGREES, JOINT_IN_DEGREES}}, /* data.angles says it */
      {{D, 1, D}, {D, 1, D}, 0.01, 0, false, {JOINT_IN_DEGREES}}, /* an arm that rests has either unit */
      {{1, 1, 1}, {1, 1, 1}, 0.5, 3, false, {0}},                 /* another zero */
      {{1, 1, 1}, {D, 1, 1}, 0.5, 0, false, {0}}};                /* velocities alone: velocity scale */
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const units_case* c = &cases[i];
    fixture f;
    bool found;
    joint_unit unit[HINGES];
    look(c, &found, unit, &f);
    if (found != c->found) fail_msg("case %zu: found %d", i, found);
    for (int j = 0; j < HINGES; j++) {
      if (unit[j] != c->unit[j]) fail_msg("case %zu: joint %d: %d", i, j, (int)unit[j]);
    }
    fixture_free(&f);
  }
}

/* as units are applied, the states are those of a recording in radians */
static void they_become_radians(void** state) {
  (void)state;
  for (int i = 0; i < 2; i++) {
    const units_case one = {.position = {D, 1, 1}, .velocity = {i ? 1 : D, 1, 1}, .arm = 0.5};
    const units_case right = {.position = {1, 1, 1}, .velocity = {1, 1, 1}, .arm = 0.5};
    fixture f, g;
    bool found;
    joint_unit unit[HINGES], none[HINGES];
    look(&one, &found, unit, &f);
    look(&right, &found, none, &g);
    joint_units_apply(unit, f.s, f.d);
    for (int k = 0; k < (T + 1) * 2 * HINGES; k++)
      assert_true(fabs(f.d->states[k] - g.d->states[k]) <= 1e-12 * (1 + fabs(g.d->states[k])));
    fixture_free(&f);
    fixture_free(&g);
  }
}

/* radians that the compiler of the model reads as degrees are beyond a range that is 57 times too narrow */
static void a_narrow_range_tells_nothing(void** state) {
  (void)state;
  static const char xml[] =
      "<mujoco><compiler angle='radian' autolimits='true'/><worldbody><body><joint name='a' range='-.03 .03'/>"
      "<geom size='.1'/><body><joint name='b' range='-2 2'/><geom size='.1'/></body></body></worldbody></mujoco>";
  static const double h[1] = {0.01};
  joint_unit unit[2];
  fixture f = fixture_new(xml, 1);
  for (int t = 0; t <= T; t++) {
    for (int i = 0; i < 2; i++) {
      frame_of(f.d, 0, t)[i] = (i ? 1.5 : 1) * sin(0.05 * t + i);
      frame_of(f.d, 0, t)[2 + i] = (i ? 7.5 : 5) * cos(0.05 * t + i);
    }
  }
  trace_it(&f, h);
  assert_false(joint_units_find(&f.m, unit));
  assert_int_equal(unit[0], JOINT_RADIANS);
  fixture_free(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(hinges_in_degrees_are_named),
                                     cmocka_unit_test(they_become_radians),
                                     cmocka_unit_test(a_narrow_range_tells_nothing)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
