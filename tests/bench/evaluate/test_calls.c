/* The calls of an evaluation in a file. */
#include "calls.h"

#include <string.h>

#include "dynaflow/core/status.h"
#include "dynaflow/io/npz.h"
#include "test_file.h"
#include "unit.h"

static void a_seed_that_a_double_cannot_hold_is_refused(void** state) {
  (void)state;
  const uint64_t most = (uint64_t)1 << 53;
  const df_request requests[] = {{.B = 1, .seed = most + 1}, {.B = 1, .first_index = most + 1}};
  static const char* const wanted[] = {
      "/no/such/x.npz: call 0: seed 9007199254740993 or index 0 is above 2^53, which a double cannot hold exactly",
      "/no/such/x.npz: call 0: seed 0 or index 9007199254740993 is above 2^53, which a double cannot hold exactly"};
  for (int i = 0; i < 2; i++) {
    eval_call call = {.request = requests[i]};
    assert_int_equal(eval_calls_write(&(eval_calls){.n = 1, .list = &call}, NULL, "/no/such/x.npz"), DF_E_ARG);
    assert_string_equal(df_error_message(), wanted[i]);
  }
}

/* a method that returns x = 1, 2 ... and u = -1, -2 ... */
static df_status sample(void* self, const df_request* request, double* x, double* u) {
  (void)self, (void)request;
  for (int i = 0; i < 2 * 3 * 4; i++) x[i] = i + 1;
  for (int i = 0; i < 2 * 2 * 1; i++) u[i] = -(i + 1);
  return DF_OK;
}

static void actions_are_kept_only_of_methods_that_return_them(void** state) {
  (void)state;
  df_system system = {.nx = 4, .ndx = 4, .nu = 1};
  df_dataset data = {.nc = 0};
  df_windows windows = {.horizon = 2};
  df_task task = {.system = &system, .data = &data, .windows = &windows};
  double x0[8] = {7, 8}, x[24], u[4];
  for (int returns = 0; returns < 2; returns++) {
    const df_method method = {.sample = sample, .flags = returns ? DF_METHOD_RETURNS_ACTIONS : 0};
    eval_calls calls = {0};
    const eval_job job = {.task = &task, .method = &method, .calls = &calls};
    const df_request request = {.B = 2, .x0 = x0};
    assert_int_equal(eval_sample(&job, &request, x, u), DF_OK);
    assert_int_equal(calls.n, 1);
    assert_memory_equal(calls.list[0].request.x0, x0, sizeof x0);
    assert_true(calls.list[0].x[0] == 1 && calls.list[0].x[23] == 24);
    assert_int_equal(calls.list[0].u != NULL, returns);
    if (returns) assert_memory_equal(calls.list[0].u, u, sizeof u);
    eval_calls_clear(&calls);
  }
}

/* also an array of a single value is kept, and one that changes later */
static void the_arrays_of_a_request_are_copied(void** state) {
  (void)state;
  df_system system = {.nx = 4, .ndx = 4, .nu = 1};
  df_dataset data = {.nc = 1};
  df_windows windows = {.horizon = 2};
  df_task task = {.system = &system, .data = &data, .windows = &windows};
  const df_method method = {.sample = sample};
  eval_calls calls = {0};
  const eval_job job = {.task = &task, .method = &method, .calls = &calls};
  double x0[4] = {7, 8}, condition = 0.25, demonstrated_u[2] = {3, 4}, demonstrated_x[12] = {5}, x[24], u[4];
  const df_request request = {.B = 1,
                              .x0 = x0,
                              .condition = &condition,
                              .demonstrated_actions = demonstrated_u,
                              .demonstrated_states = demonstrated_x,
                              .seed = 3,
                              .first_index = 4,
                              .sampler_steps = 5};
  assert_int_equal(eval_sample(&job, &request, x, u), DF_OK);
  condition = x0[1] = demonstrated_u[1] = demonstrated_x[0] = -1;
  const df_request* kept = &calls.list[0].request;
  assert_true(kept->B == 1 && kept->seed == 3 && kept->first_index == 4 && kept->sampler_steps == 5);
  assert_true(kept->x0[1] == 8 && kept->condition[0] == 0.25);
  assert_true(kept->demonstrated_actions[1] == 4 && kept->demonstrated_states[0] == 5);
  eval_calls_clear(&calls);
}

/* that the file has this array of these values, each +1 from the first on */
static void has(df_npz* file, const char* key, int rank, const size_t* shape, double first) {
  df_array a;
  assert_int_equal(df_npz_read(file, key, &a), DF_OK);
  assert_int_equal(a.rank, rank);
  size_t n = 1;
  for (int i = 0; i < rank; i++) {
    assert_int_equal(a.shape[i], shape[i]);
    n *= shape[i];
  }
  for (size_t i = 0; i < n; i++) assert_true(a.values[i] == first + (double)i);
  df_array_clear(&a);
}

/* a call with all arrays, and one of another size that has states only */
static void every_array_of_every_call_is_in_the_file(void** state) {
  (void)state;
  df_system system = {.nx = 4, .ndx = 4, .nu = 1};
  df_dataset data = {.nc = 3};
  df_windows windows = {.horizon = 2};
  df_task task = {.system = &system, .data = &data, .windows = &windows};
  double v[7][24];
  for (int a = 0; a < 7; a++) {
    for (int i = 0; i < 24; i++) v[a][i] = 100 * a + i;
  }
  eval_call list[2] = {
      {.request = {.B = 2,
                   .x0 = v[0],
                   .condition = v[1],
                   .demonstrated_actions = v[2],
                   .demonstrated_states = v[3],
                   .seed = 11,
                   .first_index = 12,
                   .sampler_steps = 13},
       .x = v[4],
       .u = v[5]},
      {.request = {.B = 1, .x0 = v[6], .seed = 21, .first_index = 22, .sampler_steps = 23}, .x = v[6]}};
  const char* path = test_file("calls.npz");
  df_npz* file;
  assert_int_equal(eval_calls_write(&(eval_calls){.n = 2, .list = list}, &task, path), DF_OK);
  assert_int_equal(df_npz_open(path, &file), DF_OK);
  assert_int_equal(df_npz_count(file), 10);
  has(file, "0.request", 1, (size_t[]){3}, 11);
  has(file, "0.x0", 2, (size_t[]){2, 4}, 0);
  has(file, "0.condition", 2, (size_t[]){2, 3}, 100);
  has(file, "0.demonstrated", 3, (size_t[]){2, 2, 1}, 200);
  has(file, "0.demonstrated_states", 3, (size_t[]){2, 3, 4}, 300);
  has(file, "0.x", 3, (size_t[]){2, 3, 4}, 400);
  has(file, "0.u", 3, (size_t[]){2, 2, 1}, 500);
  has(file, "1.request", 1, (size_t[]){3}, 21);
  has(file, "1.x0", 2, (size_t[]){1, 4}, 600);
  has(file, "1.x", 3, (size_t[]){1, 3, 4}, 600);
  df_npz_close(file);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_seed_that_a_double_cannot_hold_is_refused),
      cmocka_unit_test(the_arrays_of_a_request_are_copied),
      cmocka_unit_test(every_array_of_every_call_is_in_the_file),
      cmocka_unit_test(actions_are_kept_only_of_methods_that_return_them),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
