/* The methods that are diffusions, beside their twins that are not. */
#include <stdio.h>
#include <string.h>

#include "methods.h"
#include "tiny_task.h"
#include "unit.h"

static void diffusions_refuse_a_straight_line_and_flows_take_it(void** state) {
  (void)state;
  static const char* const names[] = {"kinematic_diffusion", "action_diffusion", "kinematic_fm_idm", "action_fm"};
  df_task* task = tiny_task_new();
  snprintf(task->config.flow_path, sizeof task->config.flow_path, "linear");
  const df_method_env env = {.task = task, .seed = 1, .threads = 1};
  for (int i = 0; i < 4; i++) {
    const df_method* m = df_method_by_name(names[i]);
    void* self;
    assert_int_equal(m->create(&env, &self), i < 2 ? DF_E_CONFIG : DF_OK);
    if (i < 2) {
      assert_null(self);
      if (!strstr(df_error_message(), names[i])) fail_msg("%s", df_error_message());
    }
    m->destroy(self);
  }
  df_task_free(task);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(diffusions_refuse_a_straight_line_and_flows_take_it)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
