/* How many windows, chains and episodes a row is made of. */
#define _GNU_SOURCE
#include "counts.h"

#include <math.h>

#include "one_record.h"

/* six windows of three episodes, of which four begin chains: two of episode 0, and of 1 and 2; and two networks */
static json_t* begin_counts(const char* metric, int n, int episodes) {
  begin();
  json_object_set_new(record, "rows", json_array());
  json_object_set_new(record, "samples", json_array());
  set_windows(6, (int[]){0, 0, 1, 2, 2, 2});
  set_setting("eval.chains", "4");
  set_setting("eval.sae_windows", "2");
  set_setting("window.horizon", "8");
  json_t* curves = json_object_get(json_object_get(record, "training"), "curves");
  json_array_append(curves, json_array_get(curves, 0));
  json_t* one = add_number(metric, "x", 1, 0.5);
  json_object_set_new(one, "n", json_integer(n));
  if (episodes) json_object_set_new(one, "episodes", json_integer(episodes));
  return one;
}

static void n_is_that_of_the_metric(void** state) {
  (void)state;
  static const struct {
    const char* metric;
    int least, most; /* n that are right */
    const char* noun;
  } cases[] = {{"tre", 6, 6, "windows"},
               {"tre.joint_pos", 6, 6, "windows"},
               {"tre_open_loop.base_vel", 6, 6, "windows"},
               {"sae_own.worst_step", 6, 6, "windows"},
               {"sae_min", 2, 2, "windows"},
               {"gait_agreement", 6, 6, "windows"},
               {"style_joints", 6, 6, "windows"},
               {"style_feet", 6, 6, "windows"},
               {"style_shift", 6, 6, "windows"},
               {"style_feet.chain", 1, 4, "chains"},
               {"fall_rate", 4, 4, "chains"},
               {"fall_rate.replanned", 4, 4, "chains"},
               {"survival", 4, 4, "chains"},
               {"command_error.yaw_rate", 1, 4, "chains"},
               {"goal_distance", 4, 4, "chains"},
               {"goal_reached", 4, 4, "chains"},
               {"gait_phase", 1, 4, "chains"},
               {"penetration.worst", 6, 6, "windows"},
               {"penetration.share.chain", 1, 4, "chains"},
               {"root_residual", 6, 6, "windows"},
               {"torque_limit.worst.chain", 1, 4, "chains"},
               {"jerk", 6, 6, "windows"},
               {"power", 6, 6, "windows"},
               {"power.transport", 1, 6, "windows"},
               {"effort.physics_steps", 6, 6, "windows"},
               {"effort.sampling_steps", 6, 6, "windows"},
               {"effort.gradient_steps", 2, 2, "networks"},
               {"of_a_plugin", 1, 100, ""}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    for (int n = 0; n <= 7; n++) {
      char words[128] = "";
      const int least = cases[i].least, most = cases[i].most;
      begin_counts(cases[i].metric, n, 0);
      add_number("slip", "m/s", 5, 1); /* something that is looked at, and right */
      json_object_set_new(json_array_get(json_object_get(record, "rows"), 1), "n", json_integer(6));
      if ((n < least || n > most) && least == most && cases[i].noun[0])
        snprintf(words, sizeof words, "%s at K = 1: n is %d, but it is made of %d %s", cases[i].metric, n, most,
                 cases[i].noun);
      if ((n < least || n > most) && least < most && cases[i].noun[0])
        snprintf(words, sizeof words, "%s at K = 1: n is %d, but it is made of %d to %d %s", cases[i].metric, n, least,
                 most, cases[i].noun);
      finds(check_counts, words);
    }
  }
  /* jerk needs three steps; windows of two have it only if they are not finite */
  begin_counts("jerk", 1, 0);
  set_setting("window.horizon", "2");
  finds(check_counts, "");
  /* trajectories of a file may be fewer than eval.chains */
  begin_counts("survival", 2, 0);
  set_trajectories();
  finds(check_counts, "");
}

/* of four chains, two fall: one at once, one later */
static void n_of_chains_is_that_of_their_falls(void** state) {
  (void)state;
  static const struct {
    const char* metric;
    int n;
    const char* words;
  } cases[] = {{"command_error", 2, ""},
               {"command_error", 3, "command_error at K = 1: n is 3, but it is made of 2 chains"},
               {"style_joints.chain", 2, ""},
               {"style_joints.chain", 3, "style_joints.chain at K = 1: n is 3, but it is made of 2 chains"},
               {"style_feet.chain", 1, "style_feet.chain at K = 1: n is 1, but it is made of 2 chains"},
               {"style_shift.chain", 1, "style_shift.chain at K = 1: n is 1, but it is made of 2 chains"},
               {"gait_phase", 1, ""},
               {"gait_phase", 3, "gait_phase at K = 1: n is 3, but it is made of 1 to 2 chains"},
               {"penetration.chain", 3, ""},
               {"penetration.chain", 4, "penetration.chain at K = 1: n is 4, but it is made of 3 chains"},
               {"power.chain", 2, ""},
               {"power.chain", 4, "power.chain at K = 1: n is 4, but it is made of 1 to 3 chains"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    begin_counts(cases[i].metric, cases[i].n, 0);
    add_samples(record, "fall_rate", 1, 4, (double[]){1, 0, 1, 0});
    add_samples(record, "survival", 1, 4, (double[]){0, 2, 1, 2});
    finds(check_counts, cases[i].words);
  }
  /* of four that fall at once, none is upright */
  for (int n = 0; n <= 1; n++) {
    begin_counts("command_error", n, 0);
    add_samples(record, "fall_rate", 1, 4, (double[]){1, 1, 1, 1});
    finds(check_counts, n ? "command_error at K = 1: n is 1, but it is made of 0 chains" : "");
  }
}

static void rows_of_the_same_windows_have_the_same_n(void** state) {
  (void)state;
  static const struct {
    const char *one, *other, *words;
  } cases[] = {{"root_residual.chain", "power.chain",
                "power.chain at K = 1: n is 2, but root_residual.chain, which is of the same chains, has 3"},
               {"command_error", "command_error.yaw_rate",
                "command_error.yaw_rate at K = 1: n is 2, but command_error, which is of the same chains, has 3"},
               {"penetration.chain", "power.chain", ""},
               {"power.chain", "power.transport.chain", ""}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    begin_counts(cases[i].one, 3, 0);
    add_number(cases[i].other, "x", 1, 0.5); /* n = 2 */
    finds(check_counts, cases[i].words);
  }
}

static void episodes_are_those_of_the_windows(void** state) {
  (void)state;
  static const struct {
    const char* metric;
    int n, least, most; /* episodes that are right */
    const char* words;
  } cases[] = {
      {"root_residual", 6, 3, 3, "6 windows are of 3"},      {"fall_rate.replanned", 4, 3, 3, "4 chains are of 3"},
      {"tre.joint_pos", 6, 3, 3, "6 windows are of 3"},      {"power.transport", 5, 2, 3, "5 windows are of 3 at most"},
      {"power.chain", 2, 1, 2, "2 chains are of 3 at most"}, {"command_error", 3, 2, 3, "3 chains are of 3 at most"},
      {"gait_phase", 1, 1, 1, "1 chains are of 3 at most"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    for (int episodes = 1; episodes <= 4; episodes++) {
      char words[128] = "";
      begin_counts(cases[i].metric, cases[i].n, episodes);
      if (episodes < cases[i].least || episodes > cases[i].most)
        snprintf(words, sizeof words, "%s at K = 1: %d episodes, but its %s", cases[i].metric, episodes,
                 cases[i].words);
      finds(check_counts, words);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(n_is_that_of_the_metric), cmocka_unit_test(n_of_chains_is_that_of_their_falls),
      cmocka_unit_test(rows_of_the_same_windows_have_the_same_n), cmocka_unit_test(episodes_are_those_of_the_windows)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
