/* What a reset leaves of the trajectory before it: nothing. */
#include "models.h"

static void a_reset_simulator_is_in_the_state_of_a_new_one(void** state) {
  (void)state;
  enum { STEPS = 7 };
  df_system* s = planar_hopper("", 2);
  double x[64], after[64], u[8] = {0.4, -0.3, 0.2}, used[512], fresh[512];
  const size_t n = s->ops->state_size(s);
  df_sim *sim, *other;
  assert_true(n <= 512 && s->nx <= 64 && s->nu <= 8);
  OK(df_sim_new(s, 0, &sim));
  OK(df_sim_new(s, 0, &other));
  df_mujoco_initial_state(s, x);
  s->ops->reset(sim, x);
  for (int t = 0; t < STEPS; t++) assert_int_equal(s->ops->step(sim, u, after), DF_TRAJ_COMPLETE);
  /* MuJoCo's full state begins with the time */
  s->ops->save(sim, used);
  CLOSE(used[0], STEPS * s->dt, 1e-15);
  s->ops->reset(sim, x);
  s->ops->save(sim, used);
  s->ops->reset(other, x);
  s->ops->save(other, fresh);
  assert_memory_equal(used, fresh, n * sizeof *used);
  assert_true(used[0] == 0);
  df_sim_free(s, sim);
  df_sim_free(s, other);
  df_system_free(s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_reset_simulator_is_in_the_state_of_a_new_one),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
