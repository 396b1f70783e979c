/* Rows of style after alignment in time: of all windows, and of the chains that stay up, as long as their episode. */
#include "style_rows.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/metrics/time_alignment.h"
#include "json.h"
#include "near.h"
#include "tiny_task.h"

enum { B = 6, HIP = 2 };

typedef struct fixture {
  df_task* task;
  eval_set* set;
  eval_job job;
  size_t nx;
} fixture;

static fixture begin(double band) {
  fixture f;
  df_config config = tiny_config();
  config.eval_windows = B;
  config.eval_style_band = band;
  f.task = tiny_task_with(&config);
  assert_int_equal(eval_set_new(f.task, 1, &f.set), DF_OK);
  f.job = (eval_job){.task = f.task, .set = f.set, .threads = 2};
  f.nx = (size_t)f.task->system->nx;
  return f;
}

static void end(fixture* f) {
  eval_set_free(f->set);
  df_task_free(f->task);
}

static const json_t* find(const json_t* list, const char* metric) {
  size_t i;
  json_t* one;
  json_array_foreach(list, i, one) {
    if (strcmp(string_of(one, "metric"), metric) == 0) return one;
  }
  return NULL;
}

static double number(const json_t* row, const char* field) {
  return number_of(json_object_get(row, field));
}

/* the windows of the set with the hip moved by 0.1 rad per frame; from df_alloc() */
static double* bent(const fixture* f) {
  const size_t frames = (size_t)f->set->H + 1;
  double* x = df_alloc(B * frames * f->nx, sizeof *x);
  memcpy(x, f->set->x, B * frames * f->nx * sizeof *x);
  for (size_t i = 0; i < B * frames; i++) x[i * f->nx + HIP] += 0.1 * (double)(i % frames);
  return x;
}

static void rows_of_windows_are_means_with_their_samples(void** state) {
  (void)state;
  fixture f = begin(0.03);
  double* x = bent(&f);
  evaluation out = {.rows = json_array(), .samples = json_array()};
  assert_int_equal(style_rows_of_windows(&f.job, 5, x, &out), DF_OK);

  double joints[B], shift[B], sum = 0, time = 0;
  const df_alignment_cfg cfg = {.band = 0.03};
  const df_trajectories made = {.B = B, .H = f.set->H, .x = x};
  assert_int_equal(df_metric_alignment(f.task->system, &cfg, &made, f.set->x, 1, joints, NULL, shift), DF_OK);
  for (int b = 0; b < B; b++) sum += joints[b] / B, time += shift[b] / B;
  assert_near(number(find(out.rows, "style_joints"), "value"), sum, 1e-12);
  assert_near(number(find(out.rows, "style_shift"), "value"), time, 1e-12);
  assert_string_equal(string_of(find(out.rows, "style_joints"), "unit"), "rad");
  assert_string_equal(string_of(find(out.rows, "style_shift"), "unit"), "s");
  assert_true(sum > 0.1 && time > 0.001 && number(find(out.rows, "style_joints"), "k") == 5);
  const json_t* values = json_object_get(find(out.samples, "style_joints"), "values");
  assert_int_equal(json_array_size(values), B);
  for (int b = 0; b < B; b++) assert_true(number_of(json_array_get(values, (size_t)b)) == joints[b]);
  assert_null(find(out.rows, "style_feet")); /* the cart has no free base */

  evaluation_clear(&out);
  df_free(x);
  end(&f);
}

static void there_are_none_unless_they_are_asked_for(void** state) {
  (void)state;
  for (int i = 0; i < 2; i++) {
    fixture f = begin(i ? 0.03 : 0);
    double *x = bent(&f), *demo = f.set->x;
    evaluation out = {.rows = json_array(), .samples = json_array()};
    if (i) f.set->x = NULL; /* without demonstrations */
    assert_int_equal(style_rows_of_windows(&f.job, 5, x, &out), DF_OK);
    assert_int_equal(json_array_size(out.rows) + json_array_size(out.samples), 0);
    f.set->x = demo;
    evaluation_clear(&out);
    df_free(x);
    end(&f);
  }
}

static void chains_are_compared_with_their_episodes_as_far_as_these_go(void** state) {
  (void)state;
  enum { CHAINS = 4, LONG = 60 };
  fixture f = begin(0.001); /* less than a part of a frame: no shift */
  static const bool upright[CHAINS] = {true, false, true, true};
  for (int frames = 5; frames <= LONG; frames += LONG - 5) {
    const size_t chain = (size_t)(frames + 1) * f.nx;
    double* x = df_alloc(CHAINS * chain, sizeof *x);
    for (int i = 0; i < CHAINS; i++) {
      const df_window w = f.set->window[i];
      for (int t = 0; t <= frames; t++) {
        double* at = x + (size_t)i * chain + (size_t)t * f.nx;
        /* after the end of the episode nothing counts */
        if (w.start + t > f.task->data->lengths[w.episode]) at[HIP] = NAN;
        if (w.start + t > f.task->data->lengths[w.episode]) continue;
        memcpy(at, df_dataset_state(f.task->data, w.episode, w.start + t), f.nx * sizeof *at);
        at[HIP] += 0.1 * (i + 1);
      }
    }
    const chains c = {.n = CHAINS, .frames = frames, .x = x};
    evaluation out = {.rows = json_array()};
    assert_int_equal(style_rows_of_chains(&f.job, 5, &c, upright, &out), DF_OK);
    const json_t* row = find(out.rows, "style_joints.chain");
    assert_near(number(row, "value"), (0.1 + 0.3 + 0.4) / 3, 1e-12);
    assert_true(number(row, "n") == 3 && number(find(out.rows, "style_shift.chain"), "value") == 0);
    assert_null(find(out.rows, "style_feet.chain"));
    assert_null(out.samples);
    evaluation_clear(&out);
    df_free(x);
  }
  end(&f);
}

/* split.by: time holds out blocks within episodes: after them, frames of the training side have noise */
static void chains_are_not_compared_with_frames_that_have_training_noise(void** state) {
  (void)state;
  enum { FRAMES = 30 };
  static const bool upright[1] = {true};
  for (int noisy = 0; noisy < 2; noisy++) {
    df_config config = tiny_config();
    config.eval_windows = B;
    config.eval_style_band = 0.001;
    config.train_noise = noisy ? 1e-3 : 0;
    snprintf(config.split_by, sizeof config.split_by, "time");
    config.split_block = 10;
    config.split_gap = 0;
    fixture f = {.task = tiny_task_with(&config)};
    assert_int_equal(eval_set_new(f.task, 1, &f.set), DF_OK);
    f.job = (eval_job){.task = f.task, .set = f.set, .threads = 1};
    f.nx = (size_t)f.task->system->nx;
    for (int i = 0; i < B; i++) { /* one in whose episode more than the last frame follows */
      if (f.set->window[i].start < 25) f.set->window[0] = f.set->window[i];
    }
    const df_window w = f.set->window[0];
    const df_dataset* data = f.task->data;
    int clean = 0, trained = 0;
    double x[(FRAMES + 1) * 8] = {0};
    for (int t = 0; t <= FRAMES && w.start + t <= data->lengths[w.episode]; t++) {
      trained += f.task->windows->side[data->first[w.episode] + (size_t)(w.start + t)] == DF_SIDE_TRAIN;
      clean += trained == 0;
      memcpy(x + (size_t)t * f.nx, df_dataset_state(data, w.episode, w.start + t), f.nx * sizeof *x);
      /* off by 0.1 rad, and by 0.5 from the first frame on that is trained on */
      x[(size_t)t * f.nx + HIP] += trained ? 0.5 : 0.1;
    }
    assert_true(clean > f.set->H && trained > 1);
    const chains c = {.n = 1, .frames = FRAMES, .x = x};
    evaluation out = {.rows = json_array()};
    assert_int_equal(style_rows_of_chains(&f.job, 5, &c, upright, &out), DF_OK);
    const double value = number(find(out.rows, "style_joints.chain"), "value");
    if (noisy) assert_near(value, 0.1, 1e-12);
    if (!noisy) assert_true(value > 0.15);
    evaluation_clear(&out);
    end(&f);
  }
}

static void chains_that_all_fall_have_no_row(void** state) {
  (void)state;
  fixture f = begin(0.03);
  static const bool upright[2] = {false, false};
  double* x = df_alloc(2 * 6 * f.nx, sizeof *x);
  const chains c = {.n = 2, .frames = 5, .x = x};
  evaluation out = {.rows = json_array()};
  assert_int_equal(style_rows_of_chains(&f.job, 5, &c, upright, &out), DF_OK);
  assert_int_equal(json_array_size(out.rows), 0);
  evaluation_clear(&out);
  df_free(x);
  end(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rows_of_windows_are_means_with_their_samples),
      cmocka_unit_test(there_are_none_unless_they_are_asked_for),
      cmocka_unit_test(chains_are_compared_with_their_episodes_as_far_as_these_go),
      cmocka_unit_test(chains_are_not_compared_with_frames_that_have_training_noise),
      cmocka_unit_test(chains_that_all_fall_have_no_row),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
