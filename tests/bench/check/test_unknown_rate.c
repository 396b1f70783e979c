/* What the check says of recordings of which nothing tells how long a frame lasts. */
#include "unknown_rate.h"

#include <stdio.h>
#include <string.h>

#include "dynaflow/core/file.h"
#include "dynaflow/sim/mujoco.h"
#include "test_file.h"
#include "unit.h"

static const char model[] =
    "<mujoco><option timestep='.004'/><worldbody><body><joint name='a' axis='0 1 0'/><geom size='.1' mass='1'/></body>"
    "</worldbody><actuator><motor joint='a'/></actuator></mujoco>";

/* opens a recording of three states with `more` arrays and these settings */
static df_recording* open_with(const df_system* system, const char* more, const char* const* pairs, df_config* config) {
  const char* path = test_file("rate.json");
  char content[256];
  df_recording* r;
  const int n =
      snprintf(content, sizeof content,
               "{\"states\": [[1, 2], [3, 4], [5, 6]], \"q\": [[1], [3], [5]], \"actions\": [[1], [2]]%s}", more);
  assert_int_equal(df_file_write(path, content, (size_t)n), DF_OK);
  *config = df_config_default();
  for (; *pairs; pairs += 2) assert_int_equal(df_config_set(config, pairs[0], pairs[1], "test"), DF_OK);
  assert_int_equal(df_recording_open(path, config, system, &r), DF_OK);
  return r;
}

#define SETTINGS(...) ((const char* const[]){__VA_ARGS__, NULL})
#define POSITIONS     "data.actions_key", "", "data.columns", "qpos@q"

static void a_rate_is_known_by_statements_velocities_or_actions(void** state) {
  (void)state;
  const struct {
    const char* more;
    const char* const* settings;
    bool unknown;
  } cases[] = {
      {"", SETTINGS(POSITIONS), true},
      {", \"fps\": 50", SETTINGS(POSITIONS), false},
      {", \"fps\": [50, 50]", SETTINGS(POSITIONS), true},
      {"", SETTINGS(POSITIONS, "data.rate", "50"), false},
      {"", SETTINGS("data.columns", "qpos@q"), false},
      {"", SETTINGS("data.actions_key", ""), false},
      {"", SETTINGS("data.actions_key", "", "data.velocities", "differences"), true},
  };
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  df_system* system;
  assert_int_equal(df_mujoco_system_from_xml(model, "one", &cfg, &system), DF_OK);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    df_config config;
    df_recording* r = open_with(system, cases[i].more, cases[i].settings, &config);
    if (rate_is_unknown(r, &config, system) != cases[i].unknown) fail_msg("case %zu", i);
    df_recording_free(r);
  }
  df_system_free(system);
}

static void what_only_time_tells_is_a_warning(void** state) {
  (void)state;
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  df_system* system;
  df_config config;
  data_findings found = {0};
  assert_int_equal(df_mujoco_system_from_xml(model, "one", &cfg, &system), DF_OK);
  df_recording* r = open_with(system, ", \"FrameDuration\": [0.02, 0.02]", SETTINGS(POSITIONS), &config);
  data_findings_add(&found, DATA_CHECK_FRAME_INTERVAL, NULL, 0.004, 1, "s");
  static const data_check checks[] = {DATA_CHECK_ROOT_RESIDUAL, DATA_CHECK_SLIP, DATA_CHECK_SUPPORT,
                                      DATA_CHECK_PENETRATION};
  for (int i = 0; i < 4; i++)
    data_finding_judge(data_findings_add(&found, checks[i], NULL, 9, 1, ""), CHECK_WRONG, "it is 9");
  data_findings_add(&found, DATA_CHECK_SLIP, "right", 0, 1, "");
  unknown_rate_judge(r, 0.004, &found);
  assert_int_equal(data_findings_count(&found, CHECK_WRONG), 1);
  assert_int_equal(data_findings_count(&found, CHECK_WARN), 4);
  assert_int_equal(found.list[4].verdict, CHECK_WRONG);
  assert_int_equal(found.list[5].verdict, CHECK_OK);
  assert_string_equal(found.list[0].reason,
                      "the recording states no frame rate ('FrameDuration' holds 2 numbers, not one), and without "
                      "velocities nothing shows it: it was checked with 0.004 s per frame, an action of the model, so "
                      "that speeds and forces tell nothing: give the rate by --set data.rate=HZ");
  assert_string_equal(found.list[1].reason, "with 0.004 s per frame, since no rate is known: it is 9");
  data_findings_clear(&found);
  df_recording_free(r);
  df_system_free(system);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(a_rate_is_known_by_statements_velocities_or_actions),
                                     cmocka_unit_test(what_only_time_tells_is_a_warning)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
