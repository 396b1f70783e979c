/* The coordinates of a recording by name, with their ranges. */
#include "column_ranges.h"

#include <math.h>

#include "dynaflow/core/alloc.h"
#include "planted.h"
#include "unit.h"

static void every_column_has_its_name_and_range(void** state) {
  (void)state;
  static const char model[] =
      "<mujoco><worldbody><body><joint name='a' type='slide' axis='1 0 0'/><geom size='.1'/><body><joint axis='0 1 0'/>"
      "<geom size='.1'/></body></body></worldbody><actuator><motor joint='a'/><general joint='a' dyntype='filter' "
      "dynprm='.1'/><general joint='a' dyntype='filter' dynprm='.1'/></actuator></mujoco>";
  static const char* const names[][2] = {
      {"a", "m"},           {"joint 1", "rad"},   {"a velocity", "m/s"}, {"joint 1 velocity", "rad/s"},
      {"activation 0", ""}, {"activation 1", ""}, {"action 0", ""},      {"action 1", ""},
      {"action 2", ""}};
  enum { NX = 6, NU = 3, LENGTH = 3 };
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  df_system* s;
  df_dataset* d;
  column_range* list;
  int n;
  assert_ok(df_mujoco_system_from_xml(model, "model", &cfg, &s));
  assert_ok(df_dataset_new(&(df_dataset_shape){.episodes = 1, .length = LENGTH, .nx = NX, .nu = NU, .dt = s->dt}, &d));
  for (int t = 0; t <= LENGTH; t++) {
    for (int i = 0; i < NX; i++) frame_of(d, 0, t)[i] = 10 * i + t;
    for (int i = 0; i < NU && t < LENGTH; i++) d->actions[t * NU + i] = 100 * i - t;
  }
  assert_ok(column_ranges(d, s, &list, &n));
  assert_int_equal(n, NX + NU);
  for (int i = 0; i < n; i++) {
    const bool action = i >= NX;
    const double first = action ? 100 * (i - NX) - 2 : 10 * i, width = action ? 2 : 3;
    assert_string_equal(list[i].name, names[i][0]);
    assert_string_equal(list[i].unit, names[i][1]);
    assert_true(list[i].min == first && list[i].max == first + width && list[i].mean == first + width / 2);
    /* of 0, 1, 2 and of 0, 1, 2, 3 */
    assert_true(fabs(list[i].std - sqrt(action ? 2. / 3 : 1.25)) < 1e-12);
    assert_true(list[i].bins[0] == 1 && list[i].bins[COLUMN_BINS - 1] == 1);
  }
  df_free(list);
  df_dataset_free(d);
  df_system_free(s);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(every_column_has_its_name_and_range)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
