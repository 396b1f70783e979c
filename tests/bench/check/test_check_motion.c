/* What is no motion is wrong, as read: noise, shuffled frames, frames and episodes exchanged. Motions with noise, that
 * rest, or that are sampled rarely are none of these. */
#include <string.h>

#include "check_parts.h"
#include "small_recording.h"

enum { EPISODES_OF_SLIDE = 8 };

/* the state of an episode at a time: smooth, with the velocities that follow; `rate` in 1/s */
static void motion(int e, double s, double rate, double* x) {
  const double a = rate * (1 + 0.1 * e), b = 0.7 * rate * (1 + 0.07 * e);
  x[0] = 0.5 * sin(a * s + e);
  x[1] = 0.8 * cos(b * s + 2 * e);
  x[2] = 0.5 * a * cos(a * s + e);
  x[3] = -0.8 * b * sin(b * s + 2 * e);
}

static fixture moving(double rate) {
  fixture f = fixture_new(slide_xml, EPISODES_OF_SLIDE);
  for (int e = 0; e < EPISODES_OF_SLIDE; e++) {
    for (int t = 0; t <= T; t++) motion(e, 0.01 * t, rate, frame_of(f.d, e, t));
  }
  return f;
}

/* adds to the coordinates [first, last) of all frames uniform numbers of +- size */
static void add_noise(df_dataset* d, int first, int last, double size) {
  double r[4];
  for (size_t row = 0; row < d->first[d->episodes]; row++) {
    df_rng_uniform(3, DF_STREAM_TEST, row, 4, r);
    for (int i = first; i < last; i++) d->states[row * 4 + (size_t)i] += size * (2 * r[i] - 1);
  }
}

/* sorts the frames of an episode by random numbers */
static void shuffle(df_dataset* d) {
  double former[4], r;
  for (int e = 0; e < d->episodes; e++) {
    for (int t = T; t > 0; t--) {
      df_rng_uniform(5, DF_STREAM_TEST, (uint64_t)(e * (T + 1) + t), 1, &r);
      const int other = (int)(r * (t + 1));
      memcpy(former, frame_of(d, e, t), sizeof former);
      memmove(frame_of(d, e, t), frame_of(d, e, other), sizeof former);
      memcpy(frame_of(d, e, other), former, sizeof former);
    }
  }
}

/* the finding of the fixture, whose velocities are recorded or not, with frames of h s */
static data_finding judged(fixture* f, bool velocities, double h, data_findings* out) {
  double frames[1024];
  for (int e = 0; e < f->d->episodes; e++) frames[e] = h;
  for (int i = 2; i < 4; i++) f->d->derived[i] = !velocities;
  trace_it(f, frames);
  assert_ok(check_motion(&f->m, out));
  assert_int_equal(out->n, 1);
  assert_int_equal(out->list[0].check, DATA_CHECK_MOTION);
  return out->list[0];
}

/* what is expected of both kinds of recordings, and of how many groups or episodes */
static void expect(fixture f, double h, check_verdict with, check_verdict without, double value, const char* says) {
  for (int velocities = 0; velocities < 2; velocities++) {
    data_findings found = {0};
    const data_finding one = judged(&f, velocities, h, &found);
    assert_int_equal(one.verdict, velocities ? with : without);
    if (one.verdict != CHECK_OK) {
      assert_true(one.value == value);
      assert_non_null(strstr(one.reason, says));
    }
    data_findings_clear(&found);
    trace_clear(&f.m);
  }
  fixture_free(&f);
}

static void motions_are_right(void** state) {
  (void)state;
  expect(moving(3), 0.01, CHECK_OK, CHECK_OK, 0, "");
}

static void noisy_motions_are_right(void** state) {
  (void)state;
  fixture f = moving(3);
  add_noise(f.d, 0, 2, 0.2);
  add_noise(f.d, 2, 4, 2);
  expect(f, 0.01, CHECK_OK, CHECK_OK, 0, "");
}

static void a_sensor_at_rest_is_right(void** state) {
  (void)state;
  fixture f = fixture_new(slide_xml, EPISODES_OF_SLIDE);
  add_noise(f.d, 0, 2, 0.02);
  add_noise(f.d, 2, 4, 0.01);
  expect(f, 0.01, CHECK_OK, CHECK_OK, 0, "");
}

/* a quarter of a period from frame to frame: as far as any two frames, but frames two and four apart tell */
static void rare_samples_of_a_period_are_right(void** state) {
  (void)state;
  fixture f = fixture_new(slide_xml, EPISODES_OF_SLIDE);
  for (int e = 0; e < EPISODES_OF_SLIDE; e++) {
    for (int t = 0; t <= T; t++) {
      double* x = frame_of(f.d, e, t);
      x[0] = 0.5 * sin(PI / 2 * t + e);
      x[1] = 0.8 * cos(PI / 2 * t + e);
      x[2] = 0.5 * PI / 0.02 * cos(PI / 2 * t + e);
      x[3] = -0.8 * PI / 0.02 * sin(PI / 2 * t + e);
    }
  }
  expect(f, 0.01, CHECK_OK, CHECK_OK, 0, "");
}

static void noise_is_no_motion(void** state) {
  (void)state;
  fixture f = fixture_new(slide_xml, EPISODES_OF_SLIDE);
  add_noise(f.d, 0, 4, 1);
  expect(f, 0.01, CHECK_WRONG, CHECK_WRONG, 2, "hinge joints, slide joints: successive frames are no nearer");
}

static void one_noisy_group_is_no_motion(void** state) {
  (void)state;
  fixture f = moving(3);
  for (size_t row = 0; row < f.d->first[EPISODES_OF_SLIDE]; row++) f.d->states[row * 4 + 1] = 0;
  add_noise(f.d, 1, 2, 1);
  add_noise(f.d, 3, 4, 1);
  expect(f, 0.01, CHECK_WRONG, CHECK_WRONG, 1, "hinge joints: successive");
}

static void shuffled_frames_are_no_motion(void** state) {
  (void)state;
  fixture f = moving(3);
  shuffle(f.d);
  expect(f, 0.01, CHECK_WRONG, CHECK_WRONG, 2, "out of order");
}

/* without velocities it may be a motion that the frames miss */
static void rare_frames_of_noise_are_a_warning(void** state) {
  (void)state;
  fixture f = fixture_new(slide_xml, EPISODES_OF_SLIDE);
  add_noise(f.d, 0, 2, 1);
  add_noise(f.d, 2, 4, 0.1);
  expect(f, 0.5, CHECK_WRONG, CHECK_WARN, 2, "successive");
}

/* [frames][episodes]: T + 1 episodes of 8 frames, of which the neighbours are other episodes */
static fixture exchanged(int episodes) {
  fixture right = fixture_new(slide_xml, 1), f = {0};
  df_dataset_free(right.d);
  f.s = right.s;
  assert_ok(df_dataset_new(&(df_dataset_shape){.episodes = T + 1, .length = episodes - 1, .nx = f.s->nx, .dt = f.s->dt},
                           &f.d));
  for (int t = 0; t <= T; t++) {
    for (int e = 0; e < episodes; e++) motion(7 * e, 0.01 * t, 3, frame_of(f.d, t, e));
  }
  return f;
}

static void frames_and_episodes_that_are_exchanged_are_named(void** state) {
  (void)state;
  expect(exchanged(8), 0.01, CHECK_WRONG, CHECK_WRONG, T + 1, "ead as 201 frames of 8 episodes");
}

/* too few frames for positions to tell; velocities do */
static void two_episodes_that_are_exchanged_are_named_by_velocities(void** state) {
  (void)state;
  expect(exchanged(2), 0.01, CHECK_WRONG, CHECK_OK, T + 1, "read as 201 frames of 2 episodes");
}

/* without velocities, frames of 0.1 s may be of clips that are sorted */
static void rare_frames_that_seem_exchanged_are_a_question(void** state) {
  (void)state;
  expect(exchanged(8), 0.1, CHECK_WRONG, CHECK_WARN, T + 1, "ead as 201 frames of 8 episodes");
}

/* 24 clips at 10 Hz in the order of their amplitudes: 3 Hz is far from frame to frame, and near every tenth frame */
static void sorted_clips_are_right(void** state) {
  (void)state;
  enum { CLIPS = 24, CLIP = 39 };
  fixture f = fixture_new(slide_xml, 1);
  df_dataset_free(f.d);
  assert_ok(df_dataset_new(&(df_dataset_shape){.episodes = CLIPS, .length = CLIP, .nx = f.s->nx, .dt = f.s->dt}, &f.d));
  for (int e = 0; e < CLIPS; e++) {
    for (int t = 0; t <= CLIP; t++) {
      const double size = 0.2 + e / 23., at = 2 * PI * 3 * 0.1 * t;
      double* x = frame_of(f.d, e, t);
      x[0] = size * sin(at);
      x[1] = 0.7 * size * sin(at + 0.6);
      x[2] = 6 * PI * size * cos(at);
      x[3] = 6 * PI * 0.7 * size * cos(at + 0.6);
    }
  }
  data_findings found = {0};
  assert_int_equal(judged(&f, false, 0.1, &found).verdict, CHECK_OK);
  data_findings_clear(&found);
  fixture_free(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(motions_are_right),
                                     cmocka_unit_test(noisy_motions_are_right),
                                     cmocka_unit_test(a_sensor_at_rest_is_right),
                                     cmocka_unit_test(rare_samples_of_a_period_are_right),
                                     cmocka_unit_test(noise_is_no_motion),
                                     cmocka_unit_test(one_noisy_group_is_no_motion),
                                     cmocka_unit_test(shuffled_frames_are_no_motion),
                                     cmocka_unit_test(rare_frames_of_noise_are_a_warning),
                                     cmocka_unit_test(frames_and_episodes_that_are_exchanged_are_named),
                                     cmocka_unit_test(rare_frames_that_seem_exchanged_are_a_question),
                                     cmocka_unit_test(sorted_clips_are_right),
                                     cmocka_unit_test(two_episodes_that_are_exchanged_are_named_by_velocities)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
