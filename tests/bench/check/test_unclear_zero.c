/* A quadruped whose right front shin is off by a constant in most episodes, which the sign of its thigh seems to
 * explain: where it is not clear, the offset is said too, with its number. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/io/npz.h"
#include "found.h"
#include "planted.h"
#include "reading.h"
#include "test_file.h"
#include "text.h"
#include "unit.h"

static const double OFFSET = 0.25;

/* the sentence on orders that are not clear, of a recording with an offset of the third joint after the base; episode 0
 * is right */
static char* sentence(const df_dataset* right) {
  df_system* s = robot_system(QUADRUPED, 1);
  const layout l = layout_of(s);
  const size_t rows = (size_t)(EPISODES * (FRAMES + 1)), bytes = rows * (size_t)s->nx * sizeof(double);
  double* x = malloc(bytes);
  df_config config = df_config_default();
  reading r = {0};
  assert_non_null(x);
  memcpy(x, right->states, bytes);
  for (size_t f = FRAMES + 1; f < rows; f++) x[f * (size_t)s->nx + (size_t)l.joints[3].qpos] += OFFSET;
  const df_npz_entry entries[] = {
      {.key = "states", .rank = 3, .shape = {EPISODES, FRAMES + 1, (size_t)s->nx}, .values = x},
      {.key = "dt", .values = &s->dt}};
  assert_ok(df_npz_write(test_file("shins.npz"), 2, entries));
  config.window_horizon = 1;
  set_all(&config, "data.actions_key = ");
  const check_cfg cfg = {.frames_max = 1600, .poses_max = 200, .orders = true};
  assert_ok(reading_find(test_file("shins.npz"), &config, s, &cfg, &r));
  char* out = format_text("%s", r.unclear ? r.unclear : "");
  reading_clear(&r);
  free(x);
  df_system_free(s);
  assert_non_null(out);
  return out;
}

static void a_zero_is_said_beside_a_sign(void** state) {
  (void)state;
  df_dataset* right = robot_data(QUADRUPED);
  char* said = sentence(right);
  print_message("%s\n", said);
  const char* words = " rad subtracted from FR_calf_joint, which fits better together with";
  const char* at = strstr(said, words);
  assert_non_null(strstr(said, "or off by a constant"));
  assert_non_null(at);
  /* the number before the words */
  while (at > said && at[-1] != ' ') at--;
  assert_true(fabs(strtod(at, NULL) - OFFSET) < 0.03);
  df_free(said);
  df_dataset_free(right);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(a_zero_is_said_beside_a_sign)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
