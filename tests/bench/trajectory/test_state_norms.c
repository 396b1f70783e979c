/* Quaternions of trajectories: the rule of recordings. */
#include "state_norms.h"

#include <math.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/sim/mujoco.h"
#include "unit.h"

/* nq = 11: a free joint and a ball joint, whose quaternions begin at 3 and 7; nx = 20 */
static const char model[] =
    "<mujoco><worldbody><body><freejoint name='root'/><geom size='.1' mass='1'/><body><joint name='neck' type='ball'/>"
    "<geom size='.1' mass='1'/></body></body></worldbody></mujoco>";
enum { NX = 20, N = 2, FRAMES = 5 };

static void norms_are_those_of_recordings(void** state) {
  (void)state;
  static const struct {
    size_t trajectory, frame, frames; /* the first of the frames with another norm */
    size_t at;
    double norm;
    const char* says; /* NULL: nothing */
    bool refused;
  } cases[] = {
      {1, 2, 1, 3, 1.049, NULL, false},
      {1, 2, 1, 3, 1.06,
       "1 quaternions had norms that differ from 1 by more than 5 %, and were normalised: the first one is "
       "states[8][2], joint 'root', norm 1.06",
       false},
      {0, 3, 2, 7, 0.71, "2 quaternions had norms that", false},
      {0, 3, 2, 7, 0.71, "the first one is states[7][3], joint 'neck', norm 0.71", false},
      {0, 2, 3, 7, 0.71,
       "file.npz: states[7][2]: the quaternion of joint 'neck' has norm 0.71, not 1: so are more than half of the "
       "frames "
       "of this trajectory: the columns are no quaternion",
       true},
      {1, 4, 1, 7, 0.7, "file.npz: states[8][4]: the quaternion of joint 'neck' has norm 0.7, not 1: norms from 0.707",
       true},
      {1, 4, 1, 3, 1.3, "file.npz: states[8][4]: the quaternion of joint 'root' has norm 1.3", true},
      {0, 0, 1, 3, 0, "file.npz: states[7][0]: the quaternion of joint 'root' has norm 0", true},
      {0, 0, 5, 3, NAN, NULL, false},
  };
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  df_system* system;
  assert_int_equal(df_mujoco_system_from_xml(model, "one", &cfg, &system), DF_OK);
  assert_int_equal(system->nx, NX);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    double x[N * FRAMES * NX] = {0};
    char* doubt;
    for (int k = 0; k < N * FRAMES; k++) x[k * NX + 3] = x[k * NX + 8] = 1;
    double* q = x + (cases[i].trajectory * FRAMES + cases[i].frame) * NX + cases[i].at;
    for (size_t k = 0; k < cases[i].frames; k++) {
      for (size_t d = 0; d < 4; d++) q[k * NX + d] = d == 3 ? -cases[i].norm : 0;
    }
    const df_status status = states_check_norms("file.npz", system, (const size_t[]){N, FRAMES}, 7, x, &doubt);
    assert_int_equal(status, cases[i].refused ? DF_E_FORMAT : DF_OK);
    const char* said = cases[i].refused ? df_error_message() : doubt ? doubt : "";
    if (cases[i].says && !strstr(said, cases[i].says)) fail_msg("case %zu: %s", i, said);
    if (!cases[i].says && doubt) fail_msg("case %zu: %s", i, doubt);
    if (doubt) assert_true(q[3] == -1 && q[(cases[i].frames - 1) * NX + 3] == -1);
    if (!doubt && !cases[i].refused && !isnan(cases[i].norm)) assert_true(q[3] == -cases[i].norm);
    df_free(doubt);
  }
  df_system_free(system);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(norms_are_those_of_recordings)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
