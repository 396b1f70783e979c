/* Ten training steps and the samples of every decoder, in double precision, against the naive program of reference.h.
 *
 * Both compute the same numbers in another order: measured differences are below 1e-13 of a number or of 1. AdamW
 * divides a gradient by its own size, so rounding of a gradient that is nearly 0 may change a weight by rate * 1e-17 /
 * epsilon = 1e-10 on another processor. A slip changes the sixth digit at the least. */
#include <unistd.h>

#include "dynaflow/io/safetensors.h"
#include "flow_internal.h"
#include "near.h"
#include "reference.h"
#include "test_file.h"
#include "unit.h"

static const double LIMIT = 1e-9;

/* ---- training ---- */

/* compares a training with the reference after every step, and may stop it */
typedef struct watch {
  df_flow* flow;
  reference* r;
  df_training_log log;
  long stop_at;
  volatile sig_atomic_t stop;
} watch;

static void compare(size_t n, const double* values, const double* right, const char* what, const reference* r) {
  for (size_t j = 0; j < n; j++) {
    if (isnan(values[j]) && isnan(right[j])) continue;
    if (!(fabs(values[j] - right[j]) <= LIMIT * fmax(1, fabs(right[j]))))
      fail_msg("decoder %d, step %d: %s %zu is %.15g, right is %.15g", r->kind, r->step, what, j, values[j], right[j]);
  }
}

static void compare_step(void* context, const df_progress* at) {
  watch* w = context;
  reference* r = w->r;
  const trainer* t = w->flow->trainer;
  double weights[PARAMETERS];
  reference_step(r);
  assert_int_equal(at->step, r->step);
  assert_int_equal(at->steps, r->steps);
  compare((size_t)r->batch, t->loss, r->loss, "loss", r);
  compare(1, &at->loss, &r->mean_loss, "point of the curve", r);
  for (int j = 0; j < r->l.n; j++) weights[j] = creal(r->p[j]);
  compare(t->n, t->parameters, weights, "weight", r);
  compare(t->n, t->average, r->average, "average", r);
  compare(t->n, t->optimizer->moment1, r->m, "first moment", r);
  compare(t->n, t->optimizer->moment2, r->v, "second moment", r);
  w->stop = at->step == w->stop_at;
}

static void compare_log(const df_training_log* log, const reference* r) {
  assert_int_equal(log->steps, r->step);
  assert_int_equal(log->n, r->step);
  assert_int_equal(log->parameters, r->l.n);
  assert_int_equal(log->skipped, 0);
  assert_int_equal(log->diverged, r->diverged);
  assert_int_equal(log->adjoints.steps, r->adjoints.steps);
  assert_int_equal(log->adjoints.approximate, r->adjoints.approximate);
  assert_int_equal(log->adjoints.differenced, r->adjoints.differenced);
}

/* trains on `threads` threads to the end or the stop; the caller frees w->flow */
static void train_watched(watch* w, const df_task* task, df_decoder decoder, int threads, long stop_at) {
  w->stop_at = stop_at;
  w->stop = 0;
  const df_method_env env = {.task = task,
                             .seed = w->r->seed,
                             .threads = threads,
                             .progress = compare_step,
                             .progress_context = w,
                             .stop = &w->stop,
                             .state_folder = test_folder(),
                             .state_every = 1e9};
  assert_int_equal(df_flow_new(&env, "reference", decoder, &w->flow), DF_OK);
  assert_int_equal(w->flow->trainer->n, w->r->l.n);
  if (w->r->step == 0) compare(w->flow->trainer->n, w->flow->trainer->average, w->r->average, "first weight", w->r);
  assert_int_equal(df_flow_train(w->flow, &w->log), stop_at ? DF_E_INTERRUPTED : DF_OK);
  compare_log(&w->log, w->r);
}

#define STATE test_file("reference.state")

/* the training of a decoder in three parts; the caller frees w->flow */
static void train_in_parts(watch* w, const df_task* task, df_decoder decoder) {
  static const long stops[] = {3, 6, 0};
  reference_start(w->r, task, (int)decoder, 11);
  unlink(STATE);
  for (int part = 0; part < 3; part++) {
    if (part > 0) df_flow_free(w->flow);
    train_watched(w, task, decoder, 1 + part % 2, stops[part]);
  }
  unlink(STATE);
}

/* a comparison that never comes to a branch shows nothing of it */
static void require_reached(const reference* r) {
  const reached* n = &r->reached;
  assert_true(n->unclipped && n->warming && n->warm && n->decaying);
  if (r->kind != DF_DECODE_ROLLOUT && r->kind != DF_DECODE_TRACKING) return;
  assert_true(n->pushed && n->too_far && n->at_the_end && n->clamped && n->clipped);
  assert_true(n->diverged && n->adjoint_diverged);
}

static void ten_steps_of_every_decoder_are_those_of_the_reference(void** state) {
  (void)state;
  static reference r;
  const df_config config = closed_config();
  df_task* task = closed_task(&config);
  for (int d = DF_DECODE_STATES; d <= DF_DECODE_STATES_ACTIONS; d++) {
    watch w = {.r = &r};
    train_in_parts(&w, task, (df_decoder)d);
    df_flow_free(w.flow);
    assert_int_equal(r.step, 10);
    require_reached(&r);
  }
  df_task_free(task);
}

/* a diffusion of a few steps; of noise only where no simulator makes the data */
static df_config diffusion_config(const char* schedule, const char* prediction, double eta, double clip) {
  df_config c = closed_config();
  snprintf(c.flow_path, sizeof c.flow_path, "diffusion");
  snprintf(c.flow_noise_schedule, sizeof c.flow_noise_schedule, "%s", schedule);
  snprintf(c.flow_prediction, sizeof c.flow_prediction, "%s", prediction);
  c.flow_diffusion_steps = 9;
  c.flow_eta = eta;
  c.flow_clip = clip;
  return c;
}

static void ten_steps_of_diffusions_are_those_of_the_reference(void** state) {
  (void)state;
  static reference r;
  for (int k = 0; k < 4; k++) {
    const bool noise = k >= 2;
    const df_config config = diffusion_config(k % 2 ? "linear" : "cosine", noise ? "noise" : "x1", 0, 5);
    df_task* task = closed_task(&config);
    for (int d = DF_DECODE_STATES; d <= (noise ? DF_DECODE_ACTIONS : DF_DECODE_TRACKING); d++) {
      watch w = {.r = &r};
      train_in_parts(&w, task, (df_decoder)d);
      df_flow_free(w.flow);
      assert_int_equal(r.step, 10);
    }
    df_task_free(task);
  }
}

static df_flow* train_accumulated(df_task* task, df_decoder decoder, int batch, int batches, df_training_log* log);

/* 2, 3 and 4 frames in the steps 0 to 2, 3 to 4 and from 5 on; the curve is of whole windows from step 8 on */
static void ten_steps_of_a_horizon_curriculum_are_those_of_the_reference(void** state) {
  (void)state;
  static reference r;
  df_config config = closed_config();
  config.train_horizon_from = 2;
  config.train_horizon_until = 0.75;
  df_task* task = closed_task(&config);
  for (int d = DF_DECODE_STATES; d <= DF_DECODE_TRACKING; d++) {
    const bool simulates = d == DF_DECODE_ROLLOUT || d == DF_DECODE_TRACKING;
    watch w = {.r = &r};
    train_in_parts(&w, task, (df_decoder)d);
    assert_int_equal(w.log.whole_from, simulates ? 8 : 0);
    static const int frames[] = {2, 2, 2, 3, 3, 4, 4, 4, 4, 4};
    for (int step = 0; step < 10 && simulates; step++) {
      r.step = step;
      assert_int_equal(flow_frames(w.flow, step), frames_now(&r));
      assert_int_equal(flow_frames(w.flow, step), frames[step]);
    }
    df_flow_free(w.flow);
  }
  df_task_free(task);
}

/* the averages of a curriculum that begins with whole windows, or takes no step, are those without one */
static void a_curriculum_of_whole_windows_changes_nothing(void** state) {
  (void)state;
  static df_training_log log;
  const reference none = {.kind = -2};
  const struct {
    int from;
    double until;
  } cases[] = {{0, 0.5}, {4, 0.5}, {1, 0}};
  df_config config = closed_config();
  df_task* task = closed_task(&config);
  df_flow* flow[3];
  for (int i = 0; i < 3; i++) {
    task->config.train_horizon_from = cases[i].from;
    task->config.train_horizon_until = cases[i].until;
    flow[i] = train_accumulated(task, DF_DECODE_TRACKING, 10, 1, &log);
    compare(flow[0]->trainer->n, flow[i]->trainer->average, flow[0]->trainer->average, "average", &none);
  }
  for (int i = 0; i < 3; i++) df_flow_free(flow[i]);
  df_task_free(task);
}

static void a_curriculum_beyond_the_window_is_refused(void** state) {
  (void)state;
  df_config config = closed_config();
  config.train_horizon_from = 5;
  df_task* task = closed_task(&config);
  const df_method_env env = {.task = task, .seed = 11, .threads = 1};
  df_flow* flow;
  assert_int_equal(df_flow_new(&env, "curriculum", DF_DECODE_ROLLOUT, &flow), DF_E_CONFIG);
  assert_non_null(strstr(df_error_message(), "train.horizon_from = 5 exceeds window.horizon = 4"));
  df_task_free(task);
}

/* trains with batches of `batch` windows, `batches` of them per step; the caller frees the flow */
static df_flow* train_accumulated(df_task* task, df_decoder decoder, int batch, int batches, df_training_log* log) {
  task->config.train_batch = batch;
  task->config.train_accumulate = batches;
  const df_method_env env = {.task = task, .seed = 11, .threads = 2};
  df_flow* flow;
  assert_int_equal(df_flow_new(&env, "accumulated", decoder, &flow), DF_OK);
  assert_int_equal(df_flow_train(flow, log), DF_OK);
  return flow;
}

/* without perturbed start states, which come from the preceding batch and not from the preceding step */
static void accumulated_batches_are_one_batch_of_their_size(void** state) {
  (void)state;
  static df_training_log whole_log, parts_log;
  const reference none = {.kind = -2};
  df_config config = closed_config();
  config.train_push = 0;
  df_task* task = closed_task(&config);
  for (int k = 0; k < 2 * (DF_DECODE_TRACKING + 1); k++) {
    const int d = k / 2;
    task->config.train_horizon_from = k % 2 ? 2 : 0; /* with and without a horizon curriculum */
    task->config.train_horizon_until = 0.75;
    df_flow* whole = train_accumulated(task, (df_decoder)d, 24, 1, &whole_log);
    df_flow* parts = train_accumulated(task, (df_decoder)d, 8, 3, &parts_log);
    compare(whole->trainer->n, parts->trainer->parameters, whole->trainer->parameters, "weight", &none);
    compare(whole->trainer->n, parts->trainer->average, whole->trainer->average, "average", &none);
    compare((size_t)whole_log.n, parts_log.loss, whole_log.loss, "point of the curve", &none);
    assert_int_equal(parts_log.diverged, whole_log.diverged);
    df_flow_free(whole);
    df_flow_free(parts);
  }
  df_task_free(task);
}

/* ---- sampling ---- */

enum { SAMPLES = 150, FIRST_INDEX = 7, NOISE_SEED = 23 };

/* samples by 1, 4 and 7 steps; adds how many diverged, and how many did so before their last step */
static void compare_samples(reference* r, df_flow* flow, int* diverged, int* failed) {
  static double x0[SAMPLES * NX], c[SAMPLES * NC], x[SAMPLES * (H_MAX + 1) * NX], u[SAMPLES * H_MAX * NU];
  double right_x[(H_MAX + 1) * NX], right_u[H_MAX * NU];
  df_rng_uniform(1, DF_STREAM_TEST, 0, SAMPLES * NX, x0);
  df_rng_uniform(1, DF_STREAM_TEST, 1, SAMPLES * NC, c);
  for (int k = 0; k < SAMPLES * NX; k++) x0[k] = k % 3 == 2 ? 0 : 2 * (k % NX < 3 ? 1 : 2) * (x0[k] - 0.5);
  for (int K = 1; K <= 7; K += 3) {
    const df_request request = {
        .B = SAMPLES, .x0 = x0, .condition = c, .seed = NOISE_SEED, .first_index = FIRST_INDEX, .sampler_steps = K};
    memset(u, 0, sizeof u);
    assert_int_equal(df_flow_sample(flow, &request, x, u), DF_OK);
    for (int b = 0; b < SAMPLES; b++) {
      const bool lost_on_the_way =
          reference_sample(r, x0 + b * NX, c + b * NC, NOISE_SEED, (uint64_t)(FIRST_INDEX + b), K, right_x, right_u);
      compare((size_t)(r->H + 1) * NX, x + b * (r->H + 1) * NX, right_x, "sampled state", r);
      compare((size_t)r->H * NU, u + b * r->H * NU, right_u, "sampled action", r);
      *diverged += isnan(right_x[r->H * NX]) && !isnan(right_x[NX]);
      *failed += lost_on_the_way;
    }
  }
}

static void samples_of_every_decoder_are_those_of_the_reference(void** state) {
  (void)state;
  static reference r;
  const df_config config = closed_config();
  df_task* task = closed_task(&config);
  for (int d = DF_DECODE_STATES; d <= DF_DECODE_STATES_ACTIONS; d++) {
    watch w = {.r = &r};
    train_in_parts(&w, task, (df_decoder)d);
    int diverged = 0, failed = 0;
    compare_samples(&r, w.flow, &diverged, &failed);
    const bool simulates = d == DF_DECODE_ROLLOUT || d == DF_DECODE_TRACKING;
    assert_true(diverged || !(simulates || d == DF_DECODE_ACTIONS));
    assert_true(failed || !simulates);
    df_flow_free(w.flow);
  }
  df_task_free(task);
}

/* deterministic and with fresh noise, with and without a limit, which samples reach that are predicted by noise */
static void samples_of_diffusions_are_those_of_the_reference(void** state) {
  (void)state;
  static reference r;
  for (int k = 0; k < 4; k++) {
    const bool noise = k >= 2;
    const df_config config =
        diffusion_config(k % 2 ? "linear" : "cosine", noise ? "noise" : "x1", k % 2 ? 0.6 : 0, k == 3 ? 0 : 1.5);
    df_task* task = closed_task(&config);
    for (int d = DF_DECODE_STATES; d <= (noise ? DF_DECODE_ACTIONS : DF_DECODE_TRACKING); d++) {
      watch w = {.r = &r};
      train_in_parts(&w, task, (df_decoder)d);
      int diverged = 0, failed = 0;
      compare_samples(&r, w.flow, &diverged, &failed);
      assert_true(d < DF_DECODE_ROLLOUT || failed);
      df_flow_free(w.flow);
    }
    df_task_free(task);
  }
}

/* ---- inverse dynamics, of which only files and results can be seen ---- */

static void read_back(const char* file, const char* name, df_dtype type, size_t n, void* out) {
  df_safetensors* tensors;
  assert_int_equal(df_safetensors_open(file, &tensors), DF_OK);
  assert_int_equal(df_safetensors_read(tensors, name, type, 1, &n, out), DF_OK);
  df_safetensors_close(tensors);
}

static void inverse_dynamics_is_that_of_the_reference(void** state) {
  (void)state;
  static reference r;
  static df_training_log log;
  double values[PARAMETERS], weights[PARAMETERS];
  const char* file = test_file("inverse_dynamics.state");
  const df_config config = closed_config();
  df_task* task = closed_task(&config);
  const df_method_env env = {.task = task, .seed = 11, .threads = 2, .state_folder = test_folder(), .state_every = 1e9};
  df_inverse* inverse;
  unlink(file);
  assert_int_equal(df_inverse_new(&env, DF_INVERSE_DEMONSTRATED, &inverse), DF_OK);
  assert_int_equal(df_inverse_train(inverse, &log), DF_OK);
  reference_start(&r, task, INVERSE, env.seed);
  for (int step = 0; step < r.steps; step++) {
    reference_step(&r);
    compare(1, &log.loss[step], &r.mean_loss, "point of the curve", &r);
  }
  compare_log(&log, &r);
  for (int j = 0; j < r.l.n; j++) weights[j] = creal(r.p[j]);
  read_back(file, "parameters", DF_F64, (size_t)r.l.n, values);
  compare((size_t)r.l.n, values, weights, "weight", &r);
  read_back(file, "average", DF_F64, (size_t)r.l.n, values);
  compare((size_t)r.l.n, values, r.average, "average", &r);
  unlink(file);

  /* actions of the states of a held-out window, and of one with steps that need more than the box */
  double x[2 * (H_MAX + 1) * NX], u[2 * H_MAX * NU];
  int clamped = 0;
  for (int b = 0; b < 2; b++) {
    for (int k = 0; k < (r.H + 1) * NX; k++)
      x[b * (r.H + 1) * NX + k] = (b ? 30 : 1) * df_dataset_state(task->data, 2, b)[k];
  }
  assert_int_equal(df_inverse_actions(inverse, 2, r.H, x, u), DF_OK);
  for (int k = 0; k < 2 * r.H; k++) {
    const double* at = x + (k / r.H * (r.H + 1) + k % r.H) * NX;
    double right[NU];
    reference_inverse(&r, at, at + NX, right);
    compare(NU, u + k * NU, right, "action", &r);
    clamped += fabs(right[0]) == BOX || fabs(right[1]) == BOX;
  }
  assert_in_range(clamped, 1, 2 * r.H - 1);
  df_inverse_free(inverse);
  df_task_free(task);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(ten_steps_of_every_decoder_are_those_of_the_reference),
      cmocka_unit_test(ten_steps_of_diffusions_are_those_of_the_reference),
      cmocka_unit_test(ten_steps_of_a_horizon_curriculum_are_those_of_the_reference),
      cmocka_unit_test(a_curriculum_of_whole_windows_changes_nothing),
      cmocka_unit_test(a_curriculum_beyond_the_window_is_refused),
      cmocka_unit_test(accumulated_batches_are_one_batch_of_their_size),
      cmocka_unit_test(samples_of_every_decoder_are_those_of_the_reference),
      cmocka_unit_test(samples_of_diffusions_are_those_of_the_reference),
      cmocka_unit_test(inverse_dynamics_is_that_of_the_reference),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
