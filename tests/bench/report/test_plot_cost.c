/* Quality against the CPU time of training. */
#define _GNU_SOURCE
#include "dynaflow/core/alloc.h"
#include "plot.h"
#include "records.h"

/* a trained cell of a profile with a value of tre_open_loop at K = 1 */
static json_t* add_trained(const char* method, int seed, const char* profile, double cpu, double value) {
  json_t* cell = add_cell(method, seed);
  set_text(cell, "profile", profile);
  json_object_set_new(cell, "train_cpu_s", json_real(cpu));
  add_value(cell, "tre_open_loop", 1, value);
  return cell;
}

static void set_setting(json_t* cell, const char* name, int value) {
  json_object_set_new(json_object_get(cell, "config"), name, json_integer(value));
}

/* draws the figure of a group; false: it has none */
static bool draw(const run_view* r, int group, plot* p) {
  *p = (plot){.name = "cost"};
  return plot_cost(r, &r->groups[group], 1, p);
}

static void methods_are_joined_over_profiles_in_the_order_of_their_time(void** state) {
  (void)state;
  run_view r;
  plot p;
  begin_records();
  add_trained("b", 1, "long", 40, 0.25);
  add_trained("b", 2, "long", 60, 0.35);
  add_trained("c", 1, "long", 70, 0.28);
  add_trained("b", 1, "short", 9, 0.5);
  add_trained("b", 2, "short", 11, 0.7);
  add_trained("random_action", 1, "short", 1, 0.1);
  add_trained("replay_demo", 1, "short", 0, 0.05);
  open_run(&r);
  assert_true(draw(&r, 0, &p));
  assert_string_equal(text_of(&p.data),
                      "# tre_open_loop, front: CPU time, value\n10 0.6\n50 0.3\n70 0.28\n\n\n"
                      "# tre_open_loop, b: CPU time, value, smallest and largest CPU time, interval\n"
                      "10 0.6 9 11 0.5 0.7\n50 0.3 40 60 0.25 0.35\n\n\n"
                      "# tre_open_loop, c: CPU time, value, smallest and largest CPU time, interval\n"
                      "70 0.28 70 70 0.28 0.28\n\n\n");
  assert_non_null(strstr(text_of(&p.script), "set xrange [6.92308:91]\nset xtics (10, 20, 50)\n"));
  assert_non_null(strstr(text_of(&p.caption), "joined over the profiles long, short."));
  plot_clear(&p);
  /* the figure stands with the first of the two groups */
  assert_false(draw(&r, 1, &p));
  close_run(&r);
}

static void groups_with_other_data_have_figures_of_their_own(void** state) {
  (void)state;
  run_view r;
  plot p;
  begin_records();
  set_setting(add_trained("b", 1, "few", 10, 0.5), "data.episodes", 4);
  set_setting(add_trained("b", 1, "many", 20, 0.3), "data.episodes", 8);
  set_setting(add_trained("b", 1, "wide", 30, 0.2), "data.episodes", 8);
  set_setting(json_array_get(records, 2), "net.width", 64);
  open_run(&r);
  assert_true(draw(&r, 0, &p));
  assert_non_null(strstr(text_of(&p.caption), "joined over the profiles few."));
  plot_clear(&p);
  assert_true(draw(&r, 1, &p));
  assert_non_null(strstr(text_of(&p.caption), "joined over the profiles many, wide."));
  plot_clear(&p);
  assert_false(draw(&r, 2, &p));
  close_run(&r);
}

static void the_front_follows_the_better_direction(void** state) {
  (void)state;
  run_view r;
  plot p;
  begin_records();
  for (int i = 0; i < 3; i++) {
    static const double shares[] = {0.75, 0.5, 0.25};
    static const char* const methods[] = {"a", "b", "c"};
    add_value(add_trained(methods[i], 1, "p", 10 * (i + 1), 0.5 - 0.125 * i), "fall_rate", 1, 1 - shares[i]);
  }
  open_run(&r);
  assert_true(draw(&r, 0, &p));
  assert_non_null(strstr(text_of(&p.data), "# tre_open_loop, front: CPU time, value\n10 0.5\n20 0.375\n30 0.25\n\n"));
  assert_non_null(strstr(text_of(&p.data), "# fall_rate, front: CPU time, value\n10 0.25\n\n"));
  /* two panels of 300 x 240, 78 apart, from 70 and 44 below the legend on; the first block of each is its front */
  const int keys = plot_legend_height(3, 776), height = 44 + keys + 240 + 56;
  const char* at = text_of(&p.script);
  for (int panel = 0; panel < 2; panel++) {
    const int left = 70 + 378 * panel, top = 44 + keys;
    char wanted[5][160];
    snprintf(wanted[0], sizeof wanted[0], panel ? "\n" : "set terminal svg size 776,%d ", height);
    snprintf(wanted[1], sizeof wanted[1],
             "set lmargin at screen %.5f\nset rmargin at screen %.5f\nset bmargin at screen %.5f\nset tmargin at "
             "screen %.5f\n",
             left / 776., (left + 300) / 776., 1 - (top + 240.) / height, 1 - (double)top / height);
    snprintf(wanted[2], sizeof wanted[2], "set title '%s'", panel ? "fall rate" : "open-loop TRE");
    snprintf(wanted[3], sizeof wanted[3], "set ylabel 'std (lower is better)'");
    snprintf(wanted[4], sizeof wanted[4], "plot 'cost.dat' index %d using 1:2 with steps ", 4 * panel);
    for (int i = 0; i < 5; i++) {
      const char* found = strstr(at, wanted[i]);
      if (!found) fail_msg("no '%s' in %s", wanted[i], at);
      at = found + strlen(wanted[i]);
    }
  }
  plot_clear(&p);
  close_run(&r);
}

static void nothing_is_drawn_of_what_was_not_trained(void** state) {
  (void)state;
  run_view r;
  plot p;
  begin_records();
  add_trained("replay_demo", 1, "p", 0, 0.5);
  add_trained("untrained", 1, "p", 0, 0.5);
  open_run(&r);
  assert_false(draw(&r, 0, &p));
  close_run(&r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(methods_are_joined_over_profiles_in_the_order_of_their_time),
      cmocka_unit_test(groups_with_other_data_have_figures_of_their_own),
      cmocka_unit_test(the_front_follows_the_better_direction),
      cmocka_unit_test(nothing_is_drawn_of_what_was_not_trained),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
