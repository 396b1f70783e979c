/* A held-out episode that repeats one of the training is named with it, also from another frame on, interpolated,
 * elsewhere or with noise; motions of their own, of a dense family, and robots that stand are none. */
#include "held_out.h"

#include "check_parts.h"
#include "small_recording.h"

enum { TEN = 10, TESTED = 9, TRAINED = 2 }; /* split.test_every is 5: episodes 4 and 9 are held out */

/* the state of a motion at a time: two sines per coordinate of its own frequencies, with the velocities that follow */
static void sines(uint64_t which, double s, double* x) {
  double r[8];
  df_rng_uniform(11, DF_STREAM_TEST, which, 8, r);
  for (int i = 0; i < 2; i++) {
    const double a = 2 + 3 * r[4 * i], b = 5 + 3 * r[4 * i + 1], p = 6 * r[4 * i + 2], q = 6 * r[4 * i + 3];
    x[i] = 0.5 * sin(a * s + p) + 0.2 * sin(b * s + q);
    x[2 + i] = 0.5 * a * cos(a * s + p) + 0.2 * b * cos(b * s + q);
  }
}

static fixture ten_motions(void) {
  fixture f = fixture_new(slide_xml, TEN);
  for (int e = 0; e < TEN; e++) {
    for (int t = 0; t <= T; t++) sines((uint64_t)e, 0.01 * t, frame_of(f.d, e, t));
  }
  return f;
}

static df_config splits(const char* by) {
  df_config config = df_config_default();
  assert_ok(df_config_set(&config, "split.by", by, "test"));
  assert_ok(df_config_set(&config, "split.test_every", "5", "test"));
  assert_ok(df_config_set(&config, "window.horizon", "10", "test"));
  return config;
}

/* the one row, of a recording that is divided or whose division is not known */
static void expect(const fixture* f, const char* by, check_verdict verdict, int copies, const char* says) {
  const df_config config = splits(by ? by : "episode");
  df_windows* windows = NULL;
  data_findings found = {0};
  if (by) assert_ok(df_windows_new(f->d, &config, &windows));
  assert_ok(
      check_held_out(&(held_out_input){.data = f->d, .windows = windows, .config = &config, .system = f->s}, &found));
  assert_int_equal(found.n, 1);
  const data_finding* one = &found.list[0];
  assert_int_equal(one->check, DATA_CHECK_HELD_OUT);
  if (one->verdict != verdict || one->value != copies || !strstr(one->reason, says))
    fail_msg("%s, %g copies: %s", check_verdict_text(one->verdict), one->value, one->reason);
  data_findings_clear(&found);
  df_windows_free(windows);
}

/* frame t of the held-out episode is the motion of the training at frame start + step t */
static void repeat(fixture* f, double start, double step) {
  for (int t = 0; t <= T; t++) sines(TRAINED, 0.01 * (start + step * t), frame_of(f->d, TESTED, t));
}

static void motions_of_their_own_are_right(void** state) {
  (void)state;
  fixture f = ten_motions();
  expect(&f, "episode", CHECK_OK, 0, "");
  expect(&f, NULL, CHECK_OK, 0, "");
  fixture_free(&f);
}

static void an_equal_episode_is_named_with_that_of_the_training(void** state) {
  (void)state;
  fixture f = ten_motions();
  repeat(&f, 0, 1);
  expect(
      &f, "episode", CHECK_WRONG, 1,
      "episode 9, held out for the test, repeats episode 2 of the training: frame 0 is its frame 0, and 100 % of the "
      "frames that move are equal");
  expect(&f, NULL, CHECK_WARN, 1, "episode 9 repeats episode 2: frame 0 is its frame 0");
  fixture_free(&f);
}

/* from frame 57 on, the last 144 frames of episode 2, then others: 144 of 201 */
static void another_start_is_noticed(void** state) {
  (void)state;
  fixture f = ten_motions();
  repeat(&f, 57, 1);
  expect(&f, "episode", CHECK_WRONG, 1, "repeats episode 2 of the training: frame 0 is its frame 57, and 72 %");
  repeat(&f, -57, 1);
  expect(&f, "episode", CHECK_WRONG, 1, "repeats episode 2 of the training: frame 57 is its frame 0, and 72 %");
  /* 41 of 201 frames are too few, 61 are a warning */
  repeat(&f, 140, 1);
  expect(&f, "episode", CHECK_WARN, 1, "and 30 %");
  repeat(&f, 160, 1);
  expect(&f, "episode", CHECK_OK, 0, "");
  fixture_free(&f);
}

/* Every second frame was recorded, and interpolated linearly; or all, and interpolated between them. */
static void an_interpolated_copy_is_noticed(void** state) {
  (void)state;
  fixture f = ten_motions();
  repeat(&f, 0, 1);
  for (int t = 1; t < T; t += 2) {
    for (int i = 0; i < 4; i++)
      frame_of(f.d, TESTED, t)[i] = (frame_of(f.d, TESTED, t - 1)[i] + frame_of(f.d, TESTED, t + 1)[i]) / 2;
  }
  expect(&f, "episode", CHECK_WRONG, 1, "and 50 % of the frames that move are equal");
  for (int t = 0; t < T; t++) {
    for (int i = 0; i < 4; i++)
      frame_of(f.d, TESTED, t)[i] = 0.7 * frame_of(f.d, TRAINED, t)[i] + 0.3 * frame_of(f.d, TRAINED, t + 1)[i];
  }
  expect(&f, "episode", CHECK_WRONG, 1, "and 100 % of the frames that move are equal");
  fixture_free(&f);
}

static void add_noise(fixture* f, double share) {
  double r[4];
  for (int t = 0; t <= T; t++) {
    double* x = frame_of(f->d, TESTED, t);
    df_rng_uniform(5, DF_STREAM_TEST, (uint64_t)t, 4, r);
    for (int i = 0; i < 4; i++) x[i] += share * (r[i] - 0.5) * (i < 2 ? 1 : 4);
  }
}

static void a_copy_with_noise_is_a_warning(void** state) {
  (void)state;
  fixture f = ten_motions();
  repeat(&f, 0, 1);
  add_noise(&f, 5e-4);
  expect(&f, "episode", CHECK_WARN, 1,
         "and 100 % of the frames that move are within a twentieth of the way to the next frame");
  repeat(&f, 0, 1);
  add_noise(&f, 0.2);
  expect(&f, "episode", CHECK_OK, 0, "");
  fixture_free(&f);
}

/* Episodes that differ by one number, of which each has others within any distance. */
static void a_dense_family_is_right(void** state) {
  (void)state;
  enum { MANY = 250 };
  fixture f = fixture_new(slide_xml, MANY);
  for (int e = 0; e < MANY; e++) {
    double r;
    df_rng_uniform(7, DF_STREAM_TEST, (uint64_t)e, 1, &r);
    for (int t = 0; t <= T; t++) {
      double* x = frame_of(f.d, e, t);
      const double s = 0.01 * t, a = 0.9 + 0.2 * r;
      x[0] = a * sin(3 * s);
      x[1] = a * cos(2 * s);
      x[2] = 3 * a * cos(3 * s);
      x[3] = -2 * a * sin(2 * s);
    }
  }
  expect(&f, "episode", CHECK_OK, 0, "");
  /* an exact copy is one there, too */
  memcpy(frame_of(f.d, 4, 0), frame_of(f.d, 7, 0), (T + 1) * 4 * sizeof(double));
  expect(&f, "episode", CHECK_WRONG, 1, "episode 4, held out for the test, repeats episode 7 of the training");
  fixture_free(&f);
}

/* as a file of single precision */
static void store_in_single(fixture* f) {
  const size_t n = f->d->first[f->d->episodes] * (size_t)f->d->nx;
  for (size_t i = 0; i < n; i++) f->d->states[i] = (double)(float)f->d->states[i];
  for (int i = 0; i < f->d->nx; i++) f->d->rounding[i].precision.kind = DF_STORED_FLOAT32;
}

/* of motions of nm or of km, in double or in single precision */
static void copies_are_found_at_any_size(void** state) {
  (void)state;
  static const double sizes[] = {1e-9, 4e-6, 1e-3, 1, 1e6};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    for (int single = 0; single < 2; single++) {
      for (int copies = 0; copies < 2; copies++) {
        fixture f = ten_motions();
        if (copies) repeat(&f, 0, 1);
        const size_t n = f.d->first[TEN] * (size_t)f.d->nx;
        for (size_t k = 0; k < n; k++) f.d->states[k] *= sizes[i];
        if (single) store_in_single(&f);
        expect(&f, "episode", copies ? CHECK_WRONG : CHECK_OK, copies,
               copies ? "repeats episode 2 of the training: frame 0 is its frame 0, and 100 %" : "");
        fixture_free(&f);
      }
    }
  }
}

/* The second coordinate hardly moves: what is within its rounding is still not equal. */
static void a_coordinate_that_hardly_moves_makes_no_copies(void** state) {
  (void)state;
  static const double sizes[] = {0, 1e-12, 1e-8, 1e-6, 3e-5};
  for (size_t i = 0; i < 2 * sizeof sizes / sizeof *sizes; i++) {
    fixture f = ten_motions();
    for (int e = 0; e < TEN; e++) {
      for (int t = 0; t <= T; t++) {
        double *x = frame_of(f.d, e, t), r;
        df_rng_uniform(13, DF_STREAM_TEST, (uint64_t)(e * (T + 1) + t), 1, &r);
        x[1] = 0.5 + sizes[i / 2] * r;
        x[3] = 0;
      }
    }
    if (i % 2) store_in_single(&f);
    expect(&f, "episode", CHECK_OK, 0, "");
    fixture_free(&f);
  }
}

/* of one coordinate that varies, here the first velocity, all motions pass where another one was */
static void one_coordinate_tells_no_copies(void** state) {
  (void)state;
  fixture f = ten_motions();
  for (int e = 0; e < TEN; e++) {
    for (int t = 0; t <= T; t++) {
      double* x = frame_of(f.d, e, t);
      x[0] = x[1] = x[3] = 0.5;
    }
  }
  expect(&f, "episode", CHECK_OK, 0, "");
  expect(&f, NULL, CHECK_OK, 0, "");
  fixture_free(&f);
}

/* seven of ten episodes are copies of the one before them: four are named */
static void many_copies_are_counted(void** state) {
  (void)state;
  fixture f = ten_motions();
  for (int e = 3; e < TEN; e++) {
    for (int t = 0; t <= T; t++) sines(TRAINED, 0.01 * t, frame_of(f.d, e, t));
  }
  expect(&f, NULL, CHECK_WARN, 7, "frames that move are equal; and 3 more: if one of two is held out");
  fixture_free(&f);
}

static void rest_is_no_copy(void** state) {
  (void)state;
  fixture f = ten_motions();
  /* all come to rest in the same posture, most of the time */
  for (int e = 0; e < TEN; e++) {
    for (int t = 60; t <= T; t++) memset(frame_of(f.d, e, t), 0, 4 * sizeof(double));
  }
  expect(&f, "episode", CHECK_OK, 0, "");
  fixture_free(&f);
}

/* A motion that repeats every 40 frames: the block that is held out, frames 160 to 200, is that of frames 0 to 40. */
static void a_block_that_repeats_another_is_noticed(void** state) {
  (void)state;
  fixture f = fixture_new(slide_xml, 1);
  for (int t = 0; t <= T; t++) sines(3, 0.01 * (t % 40), frame_of(f.d, 0, t));
  expect(&f, "time", CHECK_WRONG, 1, "episode 0, frames 160 to 200, held out for the test, repeats episode 0");
  for (int t = 0; t <= T; t++) sines(3, 0.01 * t, frame_of(f.d, 0, t));
  expect(&f, "time", CHECK_OK, 0, "");
  fixture_free(&f);
}

/* A body that tumbles, elsewhere and in another heading: a rotation about the vertical by 1 rad and a shift. */
static void another_place_and_heading_are_noticed(void** state) {
  (void)state;
  const double c = cos(0.5), s = sin(0.5);
  fixture f = fixture_new(ball_xml, TEN);
  for (int e = 0; e < TEN; e++) {
    double r[6];
    df_rng_uniform(9, DF_STREAM_TEST, (uint64_t)(e == TESTED ? TRAINED : e), 6, r);
    for (int t = 0; t <= T; t++) {
      double *x = frame_of(f.d, e, t), at = 0.01 * t;
      const double v[3] = {sin((2 + r[0]) * at), cos((3 + r[1]) * at), 1 + r[2] - at},
                   tilt = 0.4 * sin((4 + r[3]) * at);
      const double q[4] = {cos(tilt), sin(tilt), 0, 0};
      const bool turned = e == TESTED;
      x[0] = at + (turned ? 3 : 0);
      x[1] = -at;
      x[2] = 1 + at * r[4];
      x[3] = turned ? c * q[0] : q[0];
      x[4] = turned ? c * q[1] : q[1];
      x[5] = turned ? s * q[1] : 0;
      x[6] = turned ? s * q[0] : 0;
      x[7] = turned ? cos(1) * v[0] - sin(1) * v[1] : v[0];
      x[8] = turned ? sin(1) * v[0] + cos(1) * v[1] : v[1];
      x[9] = v[2];
      x[10] = 0.8 * (4 + r[3]) * cos((4 + r[3]) * at);
    }
  }
  expect(&f, "episode", CHECK_WRONG, 1, "episode 9, held out for the test, repeats episode 2 of the training");
  fixture_free(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(motions_of_their_own_are_right),
      cmocka_unit_test(an_equal_episode_is_named_with_that_of_the_training),
      cmocka_unit_test(another_start_is_noticed),
      cmocka_unit_test(an_interpolated_copy_is_noticed),
      cmocka_unit_test(a_copy_with_noise_is_a_warning),
      cmocka_unit_test(a_dense_family_is_right),
      cmocka_unit_test(copies_are_found_at_any_size),
      cmocka_unit_test(a_coordinate_that_hardly_moves_makes_no_copies),
      cmocka_unit_test(one_coordinate_tells_no_copies),
      cmocka_unit_test(many_copies_are_counted),
      cmocka_unit_test(rest_is_no_copy),
      cmocka_unit_test(a_block_that_repeats_another_is_noticed),
      cmocka_unit_test(another_place_and_heading_are_noticed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
