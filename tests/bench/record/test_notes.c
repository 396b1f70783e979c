/* The notes on loss curves and on the random floor. */
#define _GNU_SOURCE
#include "notes.h"

#include <math.h>
#include <string.h>

#include "records.h"

static const char *const ENDS_ABOVE = "the loss ends above its start", *const RISES = "the loss rises";

/* which notes a curve of [n] losses gets, e.g. "AR": ends above its start, rises */
static const char* notes_of(int n, const double* loss) {
  static char found[8];
  json_t* notes = json_array();
  size_t i;
  json_t* note;
  found[0] = '\0';
  note_loss(notes, "net", n, loss);
  json_array_foreach(notes, i, note) {
    const char* words = json_string_value(note);
    assert_int_equal(strncmp(words, "net: ", 5), 0);
    strcat(found, strncmp(words + 5, ENDS_ABOVE, strlen(ENDS_ABOVE)) == 0 ? "A" : "");
    strcat(found, strncmp(words + 5, RISES, strlen(RISES)) == 0 ? "R" : "");
  }
  assert_int_equal(strlen(found), json_array_size(notes));
  json_decref(notes);
  return found;
}

static void a_falling_loss_gets_no_note_in_spite_of_spikes(void** state) {
  (void)state;
  double loss[100];
  for (int i = 0; i < 100; i++) loss[i] = 1.0 / (1 + i);
  assert_string_equal(notes_of(100, loss), "");
  /* eight of the last twenty losses are spikes or not finite */
  for (int i = 80; i < 88; i++) loss[i] = i % 2 ? 1e6 : NAN;
  assert_string_equal(notes_of(100, loss), "");
  /* a loss that stays where it is does not end above its start */
  for (int i = 0; i < 100; i++) loss[i] = 0.5;
  assert_string_equal(notes_of(100, loss), "");
}

static void a_loss_that_ends_above_its_start_is_noted(void** state) {
  (void)state;
  /* by less than the 20 % of a rise, and by more; two points are enough, one is not */
  const double slow[] = {1, 1.05, 1.1, 1.1, 1.15}, fast[] = {1, 1.1, 1.2, 1.3, 1.4}, two[] = {1, 1.125};
  assert_string_equal(notes_of(5, slow), "A");
  assert_string_equal(notes_of(5, fast), "AR");
  assert_string_equal(notes_of(2, two), "A");
  assert_string_equal(notes_of(1, two), "");
  /* 6 % may be the noise of one loss, but not that of the median of four */
  const double one[] = {1, 0.9, 0.9, 0.9, 1.06};
  double four[20];
  for (int i = 0; i < 20; i++) four[i] = one[i / 4];
  assert_string_equal(notes_of(5, one), "");
  assert_string_equal(notes_of(20, four), "A");
  assert_string_equal(notes_of(0, NULL), "");
  /* worse within its first part, and falling from there, but not to the first loss */
  const double early[] = {1, 9, 9, 8, 7, 6, 5, 4, 3, 2}, back[] = {1, 9, 9, 8, 7, 6, 5, 4, 1.05, 1.05};
  assert_string_equal(notes_of(10, early), "A");
  assert_string_equal(notes_of(10, back), "");
}

static void a_loss_that_rises_from_its_lowest_part_is_noted(void** state) {
  (void)state;
  /* it ends far below its start: 0.25 is 25 % above the lowest median, 0.2, and 0.24 is not more than 20 % above it */
  const double more[] = {4, 4, 0.2, 0.2, 0.21, 0.21, 0.22, 0.22, 0.25, 0.25};
  const double less[] = {4, 4, 0.2, 0.2, 0.21, 0.21, 0.22, 0.22, 0.23, 0.23};
  assert_string_equal(notes_of(10, more), "R");
  assert_string_equal(notes_of(10, less), "");
  /* a negative loss, e.g. a log likelihood */
  const double negative[] = {4, -1, -2, -1.7, -1.5};
  assert_string_equal(notes_of(5, negative), "R");
}

static void a_note_has_the_medians(void** state) {
  (void)state;
  const double loss[] = {9, 0.25, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.75, 0.75, 100};
  json_t* notes = json_array();
  note_loss(notes, "flow", 15, loss);
  assert_int_equal(json_array_size(notes), 2);
  assert_string_equal(json_string_value(json_array_get(notes, 0)),
                      "flow: the loss ends above its start: 0.75 in the last part of the training, 0.5 in the first "
                      "(medians)");
  assert_string_equal(json_string_value(json_array_get(notes, 1)),
                      "flow: the loss rises: 0.75 in the last part of the training, 0.5 in its lowest (medians)");
  json_decref(notes);
}

static void every_curve_of_a_training_is_looked_at(void** state) {
  (void)state;
  json_t* training = json_pack("{s:[{s:s,s:[f,f]},{s:s,s:[f,n]},{s:s,s:[f,f]}]}", "curves", "name", "a", "loss", 1.0,
                               0.5, "name", "b", "loss", 1.0, "name", "c", "loss", 1.0, 1.1);
  json_t* notes = json_array();
  assert_non_null(training);
  note_training(notes, training);
  assert_int_equal(json_array_size(notes), 1);
  assert_int_equal(strncmp(json_string_value(json_array_get(notes, 0)), "c: ", 3), 0);
  note_training(notes, NULL);
  assert_int_equal(json_array_size(notes), 1);
  json_decref(notes);
  json_decref(training);
}

/* while the windows become longer, the loss may rise; afterwards it may not */
static void a_loss_that_rises_in_a_horizon_curriculum_is_not_noted(void** state) {
  (void)state;
  const struct { int whole_from, notes; } cases[] = {{0, 2}, {30, 0}, {20, 2}, {60, 0}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    json_t* training =
        json_pack("{s:[{s:s,s:i,s:[i,i,i,i,i,i],s:[f,f,f,f,f,f]}]}", "curves", "name", "a", "whole_from",
                  cases[i].whole_from, "step", 10, 20, 30, 40, 50, 60, "loss", 0.1, 0.2, 0.3, 0.6, 0.6, 0.6);
    json_t* notes = json_array();
    assert_non_null(training);
    note_training(notes, training);
    assert_int_equal(json_array_size(notes), cases[i].notes);
    json_decref(notes);
    json_decref(training);
  }
}

static void skipped_steps_are_noted(void** state) {
  (void)state;
  json_t* notes = json_array();
  note_skipped(notes, "net", 100, 0);
  note_skipped(notes, "net", 100, 1);
  assert_int_equal(json_array_size(notes), 0);
  note_skipped(notes, "net", 100, 2);
  assert_int_equal(json_array_size(notes), 1);
  assert_string_equal(json_string_value(json_array_get(notes, 0)),
                      "net: 2 of 100 steps were skipped because their gradient was not finite");
  json_t* training =
      json_pack("{s:[{s:s,s:i,s:i,s:[f,f]}]}", "curves", "name", "a", "steps", 10, "skipped", 5, "loss", 1.0, 0.5);
  note_training(notes, training);
  assert_int_equal(json_array_size(notes), 2);
  json_decref(training);
  json_decref(notes);
}

static void a_method_below_the_random_floor_is_noted_at_every_k(void** state) {
  (void)state;
  begin_records();
  json_t* cell = add_cell("a", 1);
  add_value(cell, "tre", 1, 9);
  add_value(cell, "tre_open_loop", 0, 1.5);
  add_value(cell, "tre_open_loop", 1, 0.5);
  add_value(cell, "tre_open_loop", 4, 1);
  add_value(cell, "tre_open_loop", 8, NAN);
  add_value(cell, "tre_open_loop", 10, 2);
  json_t *notes = json_array(), *rows = json_object_get(cell, "rows");
  note_floor(notes, rows, "tre_open_loop", 1);
  assert_int_equal(json_array_size(notes), 2);
  assert_string_equal(json_string_value(json_array_get(notes, 0)),
                      "worse than random actions: tre_open_loop is 1.5, that of random_action on the same windows 1");
  assert_string_equal(json_string_value(json_array_get(notes, 1)),
                      "worse than random actions: tre_open_loop at K = 10 is 2, that of random_action on the same "
                      "windows 1");
  note_floor(notes, rows, "tre_open_loop", NAN);
  note_floor(notes, rows, "tre_open_loop", 2 - 1e-10); /* the same four digits */
  assert_int_equal(json_array_size(notes), 2);
  json_decref(notes);
  json_decref(records);
  records = NULL;
}

static void a_replay_that_does_not_follow_is_noted(void** state) {
  (void)state;
  begin_records();
  json_t* cell = add_cell("a", 1);
  add_value(cell, "tre", 0, 9);
  add_value(cell, "tre_open_loop", 0, 0.0099);
  json_t *notes = json_array(), *rows = json_object_get(cell, "rows");
  note_replayed(notes, rows, "tre_open_loop");
  assert_int_equal(json_array_size(notes), 0);
  add_value(cell, "tre_open_loop", 0, 0.147);
  note_replayed(notes, rows, "tre_open_loop");
  assert_int_equal(json_array_size(notes), 1);
  assert_non_null(strstr(json_string_value(json_array_get(notes, 0)), "tre_open_loop is 0.147 where"));
  json_decref(notes);
  json_decref(records);
  records = NULL;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_falling_loss_gets_no_note_in_spite_of_spikes),
      cmocka_unit_test(a_loss_that_ends_above_its_start_is_noted),
      cmocka_unit_test(a_loss_that_rises_from_its_lowest_part_is_noted),
      cmocka_unit_test(a_note_has_the_medians),
      cmocka_unit_test(every_curve_of_a_training_is_looked_at),
      cmocka_unit_test(a_loss_that_rises_in_a_horizon_curriculum_is_not_noted),
      cmocka_unit_test(skipped_steps_are_noted),
      cmocka_unit_test(a_method_below_the_random_floor_is_noted_at_every_k),
      cmocka_unit_test(a_replay_that_does_not_follow_is_noted),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
