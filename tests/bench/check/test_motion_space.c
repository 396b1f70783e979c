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

static double distance(const double* a, const double* b) {
  double sum = 0;
  for (int i = 0; i < NX; i++) sum += pow(a[i] - b[i], 2);
  return sqrt(sum);
}

/* from each frame to the next one, from the last one to the one before; the mean is of the steps */
static void ways_are_distances_of_frames(void** state) {
  (void)state;
  static const recorded r = {{0.5, 0.3, 2, 3}, {6, 5, 5, 5}};
  static const double origin[NX] = {0};
  double sum = 0;
  fixture f = record(&r);
  motion_space m = space_of(&f);
  for (int e = 0; e < EPISODES_HERE; e++) {
    for (int t = 0; t <= T; t++) {
      double z[NX], next[NX], other[NX];
      motion_space_describe(&m, e, t, z);
      motion_space_describe(&m, e, t < T ? t + 1 : t - 1, next);
      assert_true(fabs(motion_space_way(&m, e, t, z, other) - distance(z, next)) < 1e-12);
      assert_true(distance(other, next) == 0);
      assert_true(fabs(motion_space_size(&m, z) - distance(z, origin)) < 1e-12);
      sum += t < T ? distance(z, next) : 0;
    }
  }
  assert_true(fabs(m.mean_way / (sum / (EPISODES_HERE * T)) - 1) < 1e-12);
  motion_space_clear(&m);
  fixture_free(&f);
}

/* a right triangle of 3 and 4 on the line between two points, beside its middle and beyond its ends */
static void points_have_a_distance_from_lines(void** state) {
  (void)state;
  static const recorded r = {{0.5, 0.3, 2, 3}, {6, 5, 5, 5}};
  static const double a[NX] = {1, 1, 0, 0}, b[NX] = {1, 9, 0, 0};
  static const struct {
    double p[NX], distance, share;
  } cases[] = {{{1, 3, 0, 2}, 2, 0.25}, {{1, 12, 4, 0}, 5, 1}, {{4, -3, 0, 0}, 5, 0}, {{1, 1, 0, 0}, 0, 0}};
  fixture f = record(&r);
  motion_space m = space_of(&f);
  for (int i = 0; i < 4; i++) {
    double share;
    assert_true(fabs(motion_space_line_distance(&m, a, b, cases[i].p, &share) - cases[i].distance) < 1e-12);
    assert_true(fabs(share - cases[i].share) < 1e-12);
    assert_true(fabs(motion_space_line_distance(&m, a, a, cases[i].p, &share) - distance(a, cases[i].p)) < 1e-12);
    assert_true(share == 0);
  }
  motion_space_clear(&m);
  fixture_free(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(roundings_make_a_distance), cmocka_unit_test(what_varies_by_roundings_is_constant),
      cmocka_unit_test(ways_are_distances_of_frames), cmocka_unit_test(points_have_a_distance_from_lines)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
