/* Learning curves of experts. */
#define _GNU_SOURCE
#include "plot.h"
#include "records.h"

/* an expert with a curve of n points, each after 10 more actions and `pace` more seconds; point i has i falls */
static json_t* add_expert(const char* method, int seed, int n, double reward, double pace) {
  json_t *cell = add_cell(method, seed), *curve = json_pack("{s:[],s:[],s:[],s:[],s:[],s:[]}", "update", "steps",
                                                            "cpu_s", "reward", "falls", "velocity_error");
  for (int i = 0; i < n; i++) {
    json_array_append_new(json_object_get(curve, "update"), json_integer(i + 1));
    json_array_append_new(json_object_get(curve, "steps"), json_integer(10 * (i + 1)));
    json_array_append_new(json_object_get(curve, "cpu_s"), json_real(pace * (i + 1)));
    json_array_append_new(json_object_get(curve, "reward"), json_real(reward + i));
    json_array_append_new(json_object_get(curve, "falls"), json_integer(i));
    json_array_append_new(json_object_get(curve, "velocity_error"), json_real(0));
  }
  json_object_set_new(cell, "learning", curve);
  add_value(cell, "reward", 0, 1);
  return cell;
}

static void seeds_are_averaged_at_equal_updates(void** state) {
  (void)state;
  run_view r;
  plot p = {.name = "l"};
  begin_records();
  add_expert("expert_shac", 1, 3, 0, 1);
  add_expert("expert_shac", 2, 2, 4, 3);
  add_expert("expert_ppo", 1, 1, 8, 5);
  add_value(add_cell("dynaflow", 1), "tre", 1, 1); /* a group of its own */
  open_run(&r);
  assert_int_equal(r.n_groups, 2);
  assert_true(plot_learning(&r, &r.groups[0], true, &p));
  /* means over two seeds end where the shorter ends; a fall in 10 actions is 100 in 1000 */
  assert_string_equal(
      text_of(&p.data),
      "# reward per action, expert_shac: x, mean, smallest and largest of 2 seeds\n2 2 0 4\n4 3 1 5\n\n\n"
      "# falls per 1000 actions, expert_shac: x, mean, smallest and largest of 2 seeds\n"
      "2 0 0 0\n4 100 100 100\n\n\n"
      "# reward per action, expert_ppo: x, mean, smallest and largest of 1 seeds\n5 8 8 8\n\n\n"
      "# falls per 1000 actions, expert_ppo: x, mean, smallest and largest of 1 seeds\n5 0 0 0\n\n\n");
  /* a legend with the names of the methods, a band for several seeds, and a mark for a curve of one point */
  assert_non_null(strstr(text_of(&p.script), "set label 1 'SHAC'"));
  assert_non_null(strstr(text_of(&p.script), "set label 2 'PPO'"));
  assert_non_null(strstr(text_of(&p.script), "index 1 using 1:3:4 with filledcurves"));
  assert_null(strstr(text_of(&p.script), "index 3 using 1:3:4"));
  assert_non_null(strstr(text_of(&p.script), "index 2 using 1:2 with linespoints"));
  assert_non_null(strstr(text_of(&p.script), "CPU time of the training [s]"));
  plot_clear(&p);
  p = (plot){.name = "l"};
  assert_false(plot_learning(&r, &r.groups[1], true, &p));
  plot_clear(&p);
  close_run(&r);
}

/* 100 points are joined to 40, of the same actions and falls */
static void long_curves_are_joined(void** state) {
  (void)state;
  run_view r;
  plot p = {.name = "l"};
  begin_records();
  add_expert("expert_apg", 1, 100, 0, 1);
  open_run(&r);
  assert_true(plot_learning(&r, &r.groups[0], false, &p));
  const char *line = strchr(text_of(&p.data), '\n') + 1, *falls = strstr(text_of(&p.data), "# falls");
  double x, y, before = 0, sum = 0, reward = 0;
  int n = 0;
  for (; *line != '\n'; line = strchr(line, '\n') + 1, n++) {
    assert_int_equal(sscanf(line, "%lf %lf", &x, &y), 2);
    reward += y * (x - before);
    before = x;
  }
  assert_int_equal(n, 40);
  assert_true(fabs(before - 1) < 1e-9);    /* 1000 actions, in thousands */
  assert_true(fabs(reward - 49.5) < 1e-6); /* the mean of 0..99 */
  before = 0;
  for (line = strchr(falls, '\n') + 1; *line != '\n'; line = strchr(line, '\n') + 1) {
    assert_int_equal(sscanf(line, "%lf %lf", &x, &y), 2);
    sum += y * (x - before);
    before = x;
  }
  assert_true(fabs(sum - 4950) < 1e-4); /* 0 + 1 + ... + 99 falls */
  plot_clear(&p);
  close_run(&r);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(seeds_are_averaged_at_equal_updates),
                                     cmocka_unit_test(long_curves_are_joined)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
