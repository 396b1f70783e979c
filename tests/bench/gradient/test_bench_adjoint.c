/* The cost of the adjoint: which times make which number, and which number stands in which column. */
#define _GNU_SOURCE
#include "bench_adjoint.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "dynaflow/sim/mujoco.h"
#include "json.h"
#include "near.h"

/* three windows, of which the second diverges; 4 actions each; times are numbers that add up exactly */
static void each_number_is_made_of_its_times(void** state) {
  (void)state;
  const double least[3][ADJOINT_PARTS] = {
      {8e-6, 12e-6, 20e-6, 30e-6, 100e-6, 190e-6}, {1, 1, 1, 1, 1, 1}, {16e-6, 20e-6, 36e-6, 50e-6, 300e-6, 610e-6}};
  const bool diverged[3] = {false, true, false};
  double ratios[8] = {8, 1, 7, 2, 6, 3, 5, 4};
  const adjoint_times times = {
      .windows = 3, .actions = 4, .passes = 8, .least = least[0], .diverged = diverged, .ratios = ratios};
  adjoint_timing t = {0};
  adjoint_times_sum_up(&times, &t);
  assert_int_equal(t.windows, 2);
  assert_int_equal(t.horizon, 4);
  assert_int_equal(t.passes, 8);
  assert_near(t.step_us, 3, 1e-12);
  assert_near(t.record_us, 1, 1e-12);
  assert_near(t.vjp_us, 7, 1e-12);
  assert_near(t.rollout_grad_per_rollout, 11.0 / 3, 1e-12);
  assert_near(t.jacobian_us, 40, 1e-9);
  assert_near(t.transitionfd_us, 200, 1e-9);
  assert_near(t.transitionfd_centred_us, 400, 1e-9);
  /* the third and the seventh of eight */
  assert_true(t.ratio_low == 3 && t.ratio_high == 7);
}

/* of a ball that slides and spins on a floor, from four states: the errors are those of a check with the same seed */
static void errors_are_those_of_the_first_states(void** state) {
  (void)state;
  enum { WINDOWS = 4, ACTIONS = 3 };
  static const char xml[] =
      "<mujoco><option timestep='.01'/><worldbody><geom type='plane' size='5 5 1'/><body pos='0 0 .099'><joint "
      "name='x' type='slide' axis='1 0 0'/><joint name='z' type='slide' axis='0 0 1'/><joint name='turn' axis='0 1 0'/>"
      "<geom size='.1' mass='1'/></body></worldbody><actuator><motor joint='x'/><motor joint='turn'/></actuator>"
      "</mujoco>";
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  df_system* s;
  cases c;
  double u[WINDOWS * 2];
  df_gradcheck_point points[WINDOWS];
  df_gradcheck_summary sum;
  adjoint_timing t = {0};
  assert_int_equal(df_mujoco_system_from_xml(xml, "ball", &cfg, &s), DF_OK);
  assert_int_equal(cases_new(s, WINDOWS, WINDOWS, ACTIONS, &c), DF_OK);
  for (int w = 0; w < WINDOWS; w++) {
    for (int i = 0; i < s->nx; i++) c.x0[w * s->nx + i] = i == 1 ? 0 : 0.1 * (w + 1) * (i + 1);
    for (int i = 0; i < ACTIONS * 2; i++) c.u_m[w * ACTIONS * 2 + i] = 0.2 * (w - 1) + 0.1 * i;
    for (int i = 0; i < 2; i++) u[2 * w + i] = c.u_m[w * ACTIONS * 2 + i];
  }
  assert_int_equal(bench_adjoint(s, &c, 1, 5, &t), DF_OK);
  const df_gradcheck_states states = {.n = WINDOWS, .x = c.x0, .u = u};
  assert_int_equal(df_gradcheck_run(s, &(df_gradcheck_cfg){.seed = 5, .threads = 1}, &states, points), DF_OK);
  assert_int_equal(df_gradcheck_sum_up(WINDOWS, points, &sum), DF_OK);
  assert_true(sum.median < sum.p99);
  assert_true(t.err_median == sum.median && t.err_p99 == sum.p99);
  assert_true(t.nv == 3 && t.nu == 2 && t.windows == WINDOWS && t.horizon == ACTIONS && t.passes == 1);
  cases_clear(&c);
  df_system_free(s);
}

static const adjoint_timing shown = {.model = "m",
                                     .target = 1.5,
                                     .nv = 2,
                                     .nu = 3,
                                     .windows = 5,
                                     .horizon = 7,
                                     .passes = 11,
                                     .rows = 13,
                                     .step_us = 16,
                                     .record_us = 4,
                                     .vjp_us = 32,
                                     .rollout_grad_per_rollout = 3.25,
                                     .jacobian_us = 64,
                                     .transitionfd_us = 320,
                                     .transitionfd_centred_us = 736,
                                     .ratio_low = 1.75,
                                     .ratio_high = 2.25,
                                     .err_median = 2e-9,
                                     .err_p99 = 3e-8};

static void each_number_stands_in_its_field(void** state) {
  (void)state;
  rows out = rows_new();
  bench_adjoint_row(&shown, &out);
  json_t* document = rows_document(&out);
  const json_t* found = json_array_get(json_object_get(document, "rows"), 0);
  const struct {
    const char* name;
    double value;
  } fields[] = {{"nv", 2},
                {"nefc", 13},
                {"step_us", 16},
                {"vjp_us", 32},
                {"vjp_per_step", 2},
                {"record_per_step", 0.25},
                {"rollout_grad_per_rollout", 3.25},
                {"jacobian_us", 64},
                {"jacobian_per_step", 4},
                {"transitionfd_per_jacobian", 5},
                {"transitionfd_centred_per_jacobian", 11.5},
                {"transitionfd_per_vjp", 10},
                {"transitionfd_centred_per_vjp", 23},
                {"err_median", 2e-9},
                {"err_p99", 3e-8},
                {"target", 1.5},
                {"quartile_low", 1.75},
                {"quartile_high", 2.25},
                {"windows", 5},
                {"horizon", 7},
                {"passes", 11}};
  for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
    assert_true(number_of(json_object_get(found, fields[i].name)) == fields[i].value);
  }
  assert_string_equal(string_of(found, "model"), "m");
  assert_string_equal(string_of(found, "verdict"), "above");
  assert_int_equal(json_object_size(found), 23);
  json_decref(document);
  rows_free(&out);
}

/* the last line of a file of the folder */
static void assert_last_line(const char* folder, const char* name, const char* wanted) {
  char* path = df_path_join(folder, name);
  char* data;
  size_t n;
  assert_int_equal(df_file_read(path, &data, &n), DF_OK);
  data[n - 1] = '\0';
  const char* line = strrchr(data, '\n');
  assert_string_equal(line ? line + 1 : data, wanted);
  df_free(data);
  unlink(path);
  df_free(path);
}

static void each_number_stands_in_its_column(void** state) {
  (void)state;
  char folder[] = "/tmp/dynaflow-timing-XXXXXX";
  assert_non_null(mkdtemp(folder));
  assert_int_equal(bench_adjoint_write(1, &shown, folder), DF_OK);
  assert_last_line(folder, "timing.csv", "m,2,3,13,16,4,32,2,1.75,2.25,1.5,3.25,10,23,64,5,11.5,2e-09,3e-08,5,7,11");
  assert_last_line(folder, "timing.md",
                   "| m | 2 | 13.0 | 16.0 | 32.00 | **2.00** | 1.75-2.25 | 1.5 | above | 0.25 | 3.25 | 10 | 23 | 4.0 | "
                   "5.0 | 11.5 | 2e-09 |");
  rmdir(folder);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_number_is_made_of_its_times),
      cmocka_unit_test(errors_are_those_of_the_first_states),
      cmocka_unit_test(each_number_stands_in_its_field),
      cmocka_unit_test(each_number_stands_in_its_column),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
