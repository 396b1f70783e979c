/* The duration of a frame, measured by recorded velocities, against the one with which the motion was written. */
#include "find_rate.h"

#include <math.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "unit.h"

static const char robot[] =
    "<mujoco><option timestep='.002'/><worldbody><body name='base'><freejoint/><geom size='.1'/>"
    "<body pos='0 0 .2'><joint name='arm' axis='0 1 0'/><geom size='.1'/></body></body></worldbody>"
    "<actuator><motor joint='arm'/></actuator></mujoco>";
enum { ARM = 7, NQ = 8, NV = 7, NX = NQ + NV, FRAMES = 101 };
static const double FRAME = 0.02;

typedef struct fixture {
  df_system* system;
  df_dataset* data;
  model_study model;
  bool left_out[NV];
} fixture;

static double* row(const fixture* f, int t) {
  return f->data->states + (size_t)t * NX;
}

/* the base goes forward by sin 2t, and the arm turns by sin 3t */
static void start(fixture* f) {
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  *f = (fixture){0};
  assert_int_equal(df_mujoco_system_from_xml(robot, "robot", &cfg, &f->system), DF_OK);
  assert_int_equal(model_study_of(f->system, &f->model), DF_OK);
  const df_dataset_shape shape = {.episodes = 1, .length = FRAMES - 1, .nx = NX, .dt = 0.002};
  assert_int_equal(df_dataset_new(&shape, &f->data), DF_OK);
  for (int k = 0; k < FRAMES; k++) {
    const double t = FRAME * k;
    double* x = row(f, k);
    x[0] = sin(2 * t);
    x[3] = 1;
    x[ARM] = sin(3 * t);
    x[NQ] = 2 * cos(2 * t);
    x[NQ + NV - 1] = 3 * cos(3 * t);
  }
}

static void end(fixture* f) {
  df_dataset_free(f->data);
  df_system_free(f->system);
}

static void takes(const fixture* f, double duration) {
  velocity_fit fit;
  assert_int_equal(velocity_fit_of(f->data, &f->model, f->left_out, &fit), DF_OK);
  if (!(fabs(fit.duration - duration) <= 1e-3 * duration))
    fail_msg("a frame takes %g s, not %g s", fit.duration, duration);
}

/* ten steps of the model */
static void a_frame_of_ten_steps_is_found(void** state) {
  (void)state;
  fixture f;
  start(&f);
  takes(&f, FRAME);
  end(&f);
}

static void a_wrong_velocity_does_not_matter(void** state) {
  (void)state;
  fixture f;
  start(&f);
  row(&f, 40)[NQ] = 1e4;
  row(&f, 60)[NQ + NV - 1] = -1e4;
  takes(&f, FRAME);
  end(&f);
}

/* x and y of the base, the first two of the seven dofs, and only if the task integrates them */
static void the_base_is_integrated_if_the_task_says_so(void** state) {
  (void)state;
  fixture f;
  work w = {0};
  start(&f);
  w.study = f.model;
  for (int integrated = 0; integrated < 2; integrated++) {
    bool found[NV] = {false};
    w.config = df_config_default();
    if (integrated) assert_int_equal(df_config_set(&w.config, "data.root_xy", "integrated", "test"), DF_OK);
    work_find_integrated(&w, found);
    for (int i = 0; i < NV; i++) assert_int_equal(found[i], integrated && i < 2);
  }
  end(&f);
}

/* a path that is the integral of its velocities over steps of the model says nothing about the frames */
static void integrated_positions_are_left_out(void** state) {
  (void)state;
  fixture f;
  start(&f);
  for (int k = 0; k < FRAMES; k++) row(&f, k)[0] *= 0.1;
  takes(&f, 0);
  f.left_out[0] = true;
  takes(&f, FRAME);
  end(&f);
}

static void velocities_of_another_motion_give_none(void** state) {
  (void)state;
  fixture f;
  start(&f);
  for (int k = 0; k < FRAMES; k++) row(&f, k)[NQ] = row(&f, k)[NQ + NV - 1] = k % 2 ? 1 : -1.1;
  takes(&f, 0);
  end(&f);
}

/* a joint that rocks 12 and 3 times per second, of which 50 frames show the duration not to a tenth; the slow base does
 */
static void a_fast_joint_does_not_matter_beside_a_slow_base(void** state) {
  (void)state;
  const double w = 2 * acos(-1);
  velocity_fit fit;
  fixture f;
  start(&f);
  for (int k = 0; k < FRAMES; k++) {
    const double t = FRAME * k;
    row(&f, k)[ARM] = sin(12 * w * t) + sin(3 * w * t + 1);
    row(&f, k)[NQ + NV - 1] = w * (12 * cos(12 * w * t) + 3 * cos(3 * w * t + 1));
  }
  assert_int_equal(velocity_fit_of(f.data, &f.model, f.left_out, &fit), DF_OK);
  assert_true(fabs(fit.duration - FRAME) < 1e-3 * FRAME && fit.doubt < 1e-3);
  f.left_out[0] = true;
  assert_int_equal(velocity_fit_of(f.data, &f.model, f.left_out, &fit), DF_OK);
  assert_true(fit.duration > 1.1 * FRAME && fit.doubt > 0.06);
  end(&f);
}

static void durations_are_plain(void** state) {
  (void)state;
  static const struct {
    double measured, step, plain;
  } cases[] = {{0.02019, 0.002, 0.02}, {0.0333, 0.002, 1.0 / 30}, {0.00799, 0.002, 0.008},    {0.03998, 0.01, 0.04},
               {0.0519, 0.01, 0.05},   {0.0615, 0.01, 0.06},      {0.0207, 0.002, 0.02},      {0.0341, 0.002, 0.034},
               {0.0113, 0.01, 0.0113}, {0.02562, 0.009, 0.025},   {0.03457, 0.008, 1.0 / 30}, {0.0275, 0.05, 0.0275}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const double plain = plain_duration(cases[i].measured, cases[i].step);
    if (fabs(plain - cases[i].plain) > 1e-12)
      fail_msg("%g s is %g s, not %g s", cases[i].measured, plain, cases[i].plain);
  }
}

/* the step of the model, 2/3 of a frame, does not say which rate it is */
static void usual_rates_are_plain(void** state) {
  (void)state;
  static const double rates[] = {10,  12.5, 15,  20,  24,  25,  30,  40,  50,  60,  80,
                                 100, 120,  125, 150, 200, 240, 250, 300, 400, 500, 1000};
  for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
    for (int off = -1; off <= 1; off++) {
      const double plain = plain_duration((1 + 0.01 * off) / rates[i], 2 / (3 * rates[i]));
      if (plain != 1 / rates[i]) fail_msg("%g Hz, measured %d %% off, became %g Hz", rates[i], off, 1 / plain);
    }
  }
}

/* a rate that is known to a few hundredths only is not taken silently */
static void a_doubtful_rate_is_told_with_its_range(void** state) {
  (void)state;
  static const struct {
    double measured, error, taken;
    const char* text;
  } cases[] = {
      {0.02562, 0.1, 0.025, "it is between 37.2 and 41.1 Hz, and it is taken as 40 Hz, a usual rate; --set data"},
      {0.0345, 0.1, 0.035, "between 27.6 and 30.5 Hz, and it is taken as 28.5714 Hz, not as the usual 30 Hz; --set"},
      {0.0275, 0.1, 0.0275, "between 34.6 and 38.3 Hz, and it is taken as 36.3636 Hz; --set data.rate=HZ says"},
      {0.02001, 0.1, 0.02, "taken as 50 Hz, a usual rate"},
      {0.0202, 1e-4, 0.02, "taken as 50 Hz, a usual rate"},
      {0.02001, 1e-4, 0.02, NULL}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const velocity_fit fit = {.duration = cases[i].measured, .error = cases[i].error};
    char* told = rate_doubt_text(&fit, cases[i].taken);
    if (!told != !cases[i].text || (told && !strstr(told, cases[i].text)))
      fail_msg("case %zu: %s", i, told ? told : "nothing");
    df_free(told);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(usual_rates_are_plain),
      cmocka_unit_test(a_frame_of_ten_steps_is_found),
      cmocka_unit_test(a_wrong_velocity_does_not_matter),
      cmocka_unit_test(the_base_is_integrated_if_the_task_says_so),
      cmocka_unit_test(integrated_positions_are_left_out),
      cmocka_unit_test(velocities_of_another_motion_give_none),
      cmocka_unit_test(a_fast_joint_does_not_matter_beside_a_slow_base),
      cmocka_unit_test(durations_are_plain),
      cmocka_unit_test(a_doubtful_rate_is_told_with_its_range),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
