/* The same joint of two legs exchanged in a recording of the Go1, alone: what is named is the order of these two
 * columns, not one of whole legs, and the recording read with it is right. Whole legs that are exchanged stay whole
 * legs. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "data_check.h"
#include "dynaflow/io/npz.h"
#include "found.h"
#include "planted.h"
#include "test_file.h"
#include "unit.h"

enum { LEGS = 4, PARTS = 3, HINGES = LEGS * PARTS, NQ = 7 + HINGES };
static const char* const legs[LEGS] = {"FR", "FL", "RR", "RL"};
static const char* const parts[PARTS] = {"hip", "thigh", "calf"};

/* the joints `part` of two legs; of all parts: the legs */
typedef struct exchange {
  int part, a, b;
} exchange;
enum { WHOLE = -1 };

/* what is read as hinge k is hinge partner_of(k) */
static int partner_of(const exchange* x, int k) {
  const bool moved = x->part == WHOLE || k % PARTS == x->part;
  if (moved && k / PARTS == x->a) return x->b * PARTS + k % PARTS;
  return moved && k / PARTS == x->b ? x->a * PARTS + k % PARTS : k;
}

/* the right states with the columns of these joints exchanged */
static void write_exchanged(const df_dataset* right, const exchange* x, const char* path) {
  const size_t rows = right->first[EPISODES], nx = (size_t)right->nx;
  double* out = malloc(rows * nx * sizeof *out);
  memcpy(out, right->states, rows * nx * sizeof *out);
  for (size_t r = 0; r < rows; r++) {
    for (int k = 0; k < HINGES; k++) {
      const int from = partner_of(x, k);
      out[r * nx + (size_t)(7 + k)] = right->states[r * nx + (size_t)(7 + from)];
      out[r * nx + (size_t)(NQ + 6 + k)] = right->states[r * nx + (size_t)(NQ + 6 + from)];
    }
  }
  const df_npz_entry states = {.key = "states", .rank = 3, .shape = {EPISODES, FRAMES + 1, nx}, .values = out};
  assert_ok(df_npz_write(path, 1, &states));
  free(out);
}

/* the value of data.joints, or of data.legs for whole ones, by which the file is right */
static const char* order_of(const exchange* x) {
  static char out[400];
  size_t n = 0;
  for (int k = 0; k < HINGES; k++) {
    const int is = partner_of(x, k);
    if (x->part == WHOLE && k % PARTS) continue;
    n += (size_t)snprintf(out + n, sizeof out - n, "%s%s", k ? "," : "", legs[is / PARTS]);
    if (x->part != WHOLE) n += (size_t)snprintf(out + n, sizeof out - n, "_%s_joint", parts[is % PARTS]);
  }
  return out;
}

static data_findings check(const df_system* s, const char* path, const data_findings* with) {
  data_findings out = {0};
  df_config config = df_config_default();
  config.window_horizon = 1;
  set_all(&config, "data.actions_key = ");
  for (int i = 0; with && i < with->n; i++) assert_ok(remedy_apply(&with->list[i].would_fit, &config, "test"));
  assert_ok(data_check_recording(path, &config, s, &check_thorough, &out, NULL));
  return out;
}

/* the one row that is wrong; NULL: none or several */
static const data_finding* only_wrong(const data_findings* f) {
  const data_finding* out = NULL;
  for (int i = 0; i < f->n; i++) {
    if (f->list[i].verdict == CHECK_WRONG) out = &f->list[i];
  }
  return data_findings_count(f, CHECK_WRONG) == 1 ? out : NULL;
}

static void one_joint_of_two_legs_is_named_alone(void** state) {
  (void)state;
  static const exchange cases[] = {{2, 0, 1}, {2, 0, 3}, {2, 1, 2}, {0, 1, 2}, {1, 0, 1}, {WHOLE, 0, 3}};
  const char* path = test_file("exchanged.npz");
  df_system* s = robot_system(QUADRUPED, 1);
  df_dataset* right = robot_data(QUADRUPED);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const exchange* x = &cases[i];
    write_exchanged(right, x, path);
    data_findings f = check(s, path, NULL);
    const data_finding* one = only_wrong(&f);
    const char* value = one ? remedy_value(&one->would_fit, x->part == WHOLE ? "data.legs" : "data.joints") : NULL;
    print_message("    joint %d of legs %d and %d: %s\n", x->part, x->a, x->b,
                  one ? would_fit(one) : "none or several");
    assert_non_null(value);
    assert_string_equal(value, order_of(x));
    data_findings again = check(s, path, &f);
    assert_int_equal(data_findings_count(&again, CHECK_WRONG), 0);
    data_findings_clear(&again);
    data_findings_clear(&f);
  }
  df_dataset_free(right);
  df_system_free(s);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(one_joint_of_two_legs_is_named_alone)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
