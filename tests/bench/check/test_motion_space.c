/* Which coordinates of a motion vary by more than roundings, and the distance that roundings make. */
#include "motion_space.h"

#include <math.h>

#include "small_recording.h"
#include "unit.h"

enum { NX = 4, EPISODES_HERE = 3 };

/* Sines of these amplitudes about 1, of other frequencies, of coordinates that were stored with so many decimals. */
typedef struct recorded {
  double amplitude[NX];
  int decimals[NX];
} recorded;

static fixture record(const recorded* r) {
  fixture f = fixture_new(slide_xml, EPISODES_HERE);
  for (int i = 0; i < NX; i++) {
    for (int e = 0; e < EPISODES_HERE; e++) {
      for (int t = 0; t <= T; t++) frame_of(f.d, e, t)[i] = 1 + r->amplitude[i] * sin((0.07 + 0.04 * i) * t + e);
    }
    f.d->rounding[i].precision = (df_stored_precision){DF_STORED_DECIMALS, r->decimals[i]};
  }
  return f;
}

static motion_space space_of(const fixture* f) {
  const df_config config = df_config_default();
  motion_space out;
  assert_ok(motion_space_of(f->d, f->s, &config, &out));
  assert_int_equal(out.nz, NX);
  return out;
}

static double deviation_of(const df_dataset* d, int i) {
  double sum = 0, squares = 0;
  const int n = EPISODES_HERE * (T + 1);
  for (int k = 0; k < n; k++) sum += d->states[k * NX + i];
  for (int k = 0; k < n; k++) squares += pow(d->states[k * NX + i] - sum / n, 2);
  return sqrt(squares / n);
}

/* Each coordinate is divided by its standard deviation, and rounded by half of its last decimal: four such roundings of
 * all of them are the distance. */
static void roundings_make_a_distance(void** state) {
  (void)state;
  static const recorded r = {{0.5, 0.3, 2, 3}, {6, 5, 5, 5}};
  double square = 0;
  fixture f = record(&r);
  motion_space m = space_of(&f);
  assert_int_equal(m.varying, NX);
  for (int i = 0; i < NX; i++) {
    const double deviation = deviation_of(f.d, i);
    assert_true(fabs(m.scale[i] * deviation - 1) < 1e-9);
    square += pow(0.5 * pow(10, -r.decimals[i]) / deviation, 2);
  }
  /* the slope by which a rounding of the state is one of the point is a difference, exact to 1e-9 */
  assert_true(fabs(m.rounding / (4 * sqrt(square)) - 1) < 1e-6);
  motion_space_clear(&m);
  fixture_free(&f);
}

/* Coordinate b varies by fewer or by more than 2000 of its own roundings, or 16 of the coarsest one. */
static void what_varies_by_roundings_is_constant(void** state) {
  (void)state;
  static const struct {
    double roundings; /* the standard deviation of b in roundings of the column `of` */
    int of;
    recorded r;
  } cases[] = {{1900, 1, {{0.5, 0, 2, 3}, {6, 5, 6, 6}}},
               {2100, 1, {{0.5, 0, 2, 3}, {6, 5, 6, 6}}},
               {15, 2, {{0.5, 0, 99, 3}, {6, 9, 2, 6}}},
               {17, 2, {{0.5, 0, 99, 3}, {6, 9, 2, 6}}}};
  for (int k = 0; k < 4; k++) {
    recorded r = cases[k].r;
    /* the deviation of a sine is 0.7 of its amplitude, in 201 frames within 3 % */
    r.amplitude[1] = cases[k].roundings * 0.5 * pow(10, -r.decimals[cases[k].of]) * sqrt(2);
    fixture f = record(&r);
    motion_space m = space_of(&f);
    assert_int_equal(m.scale[1] > 0, k % 2);
    assert_int_equal(m.varying, 3 + k % 2);
    motion_space_clear(&m);
    fixture_free(&f);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(roundings_make_a_distance),
                                     cmocka_unit_test(what_varies_by_roundings_is_constant)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
