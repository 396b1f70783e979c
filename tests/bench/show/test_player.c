/* Which state a window shows after keys, clicks and time. */
#include "player.h"

#include <math.h>

#include "unit.h"

static const double DT = 0.02;

/* two motions, of 101 and of 11 states */
typedef struct fixture {
  df_system system;
  df_task task;
  shown_motion list[2];
  shown motions;
} fixture;

static player start(fixture* f, double speed) {
  *f = (fixture){.system = {.dt = DT}, .list = {{.n = 101}, {.n = 11}}};
  f->task.system = &f->system;
  f->motions = (shown){.task = &f->task, .n = 2, .list = f->list};
  return player_new(&f->motions, speed);
}

static void time_passes_at_the_speed(void** state) {
  (void)state;
  fixture f;
  player p = start(&f, 0.5);
  assert_int_equal(player_state(&p), 0);
  player_advance(&p, 1);
  assert_int_equal(player_state(&p), 25); /* 1 s at half the speed is 0.5 s, 25 states of 20 ms */
  player_change_speed(&p, 1);
  assert_true(player_speed(&p) == 1);
  player_advance(&p, 0.5);
  assert_int_equal(player_state(&p), 50);
  player_advance(&p, 0.019);
  assert_int_equal(player_state(&p), 50); /* not yet the next one */
}

static void speeds_are_powers_of_two_with_an_end(void** state) {
  (void)state;
  fixture f;
  player p = start(&f, 1);
  for (int i = 0; i < 9; i++) player_change_speed(&p, 1);
  assert_true(player_speed(&p) == 32);
  for (int i = 0; i < 20; i++) player_change_speed(&p, -1);
  assert_true(player_speed(&p) == 1.0 / 32);
}

static void it_ends_at_the_last_state_and_begins_anew(void** state) {
  (void)state;
  fixture f;
  player p = start(&f, 1);
  player_advance(&p, 1.9);
  assert_true(p.playing);
  player_advance(&p, 1);
  assert_int_equal(player_state(&p), 100);
  assert_false(p.playing);
  player_toggle(&p);
  assert_true(p.playing);
  assert_int_equal(player_state(&p), 0);
}

static void a_pause_stops_the_time(void** state) {
  (void)state;
  fixture f;
  player p = start(&f, 1);
  player_advance(&p, 0.2);
  player_toggle(&p);
  player_advance(&p, 5);
  assert_int_equal(player_state(&p), 10);
  player_toggle(&p);
  player_advance(&p, 0.2);
  assert_int_equal(player_state(&p), 20);
}

static void steps_pause_and_stay_inside(void** state) {
  (void)state;
  fixture f;
  player p = start(&f, 1);
  player_advance(&p, 0.055); /* between states 2 and 3 */
  player_step(&p, 1);
  assert_false(p.playing);
  assert_int_equal(player_state(&p), 3);
  for (int i = 4; i <= 100; i++) {
    player_step(&p, 1);
    assert_int_equal(player_state(&p), i);
  }
  player_step(&p, 10);
  assert_int_equal(player_state(&p), 100);
  player_step(&p, -10);
  assert_int_equal(player_state(&p), 90);
  player_step(&p, -1000);
  assert_int_equal(player_state(&p), 0);
}

static void the_nearest_state_is_shown(void** state) {
  (void)state;
  fixture f;
  player p = start(&f, 1);
  player_show(&p, 35.4);
  assert_int_equal(player_state(&p), 35);
  assert_false(p.playing);
  player_show(&p, 34.6);
  assert_int_equal(player_state(&p), 35);
  player_show(&p, -1);
  assert_int_equal(player_state(&p), 0);
  player_show(&p, INFINITY);
  assert_int_equal(player_state(&p), 100);
}

static void motions_follow_each_other_at_one_time(void** state) {
  (void)state;
  fixture f;
  player p = start(&f, 1);
  player_show(&p, 5);
  player_next(&p, 1);
  assert_int_equal(p.motion, 1);
  assert_int_equal(player_state(&p), 5);
  player_next(&p, 1);
  assert_int_equal(p.motion, 0);
  player_show(&p, 75);
  player_next(&p, -1);
  assert_int_equal(p.motion, 1);
  assert_int_equal(player_state(&p), 10); /* its end */
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(time_passes_at_the_speed),
                                     cmocka_unit_test(speeds_are_powers_of_two_with_an_end),
                                     cmocka_unit_test(it_ends_at_the_last_state_and_begins_anew),
                                     cmocka_unit_test(a_pause_stops_the_time),
                                     cmocka_unit_test(steps_pause_and_stay_inside),
                                     cmocka_unit_test(the_nearest_state_is_shown),
                                     cmocka_unit_test(motions_follow_each_other_at_one_time)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
