/* The data card of generated demonstrations: the numbers that it shows, against those that are worked out here. */
#define _GNU_SOURCE
#include "data_card.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "dynaflow/data/task.h"
#include "dynaflow/gait/generators.h"
#include "lookup.h"
#include "near.h"
#include "unit.h"

enum { EPISODES = 2, NC = 3 };
static const int lengths[EPISODES] = {4, 2};

/* per frame: trot, bound and the command. Its range is 2 .. 12, its tenths are 1 wide */
static const double frames[8][NC] = {{1, 0, 2},    {1, 0, 2.9},  {1, 0, 11.9}, {0, 1, 3.1},
                                     {0, 1, 7.25}, {0, 1, 7.75}, {1, 0, 5.5},  {1, 0, 12}};

static df_dataset* demonstrations(void) {
  static const char* const names[NC] = {"gait.trot", "gait.bound", "command.vx"};
  const df_dataset_shape shape = {
      .episodes = EPISODES, .lengths = lengths, .nx = 5, .nu = 4, .nc = NC, .condition_per_frame = true, .dt = .02};
  df_dataset* data;
  assert_int_equal(df_dataset_new(&shape, &data), DF_OK);
  for (int i = 0; i < NC; i++) assert_int_equal(df_dataset_name_condition(data, i, names[i]), DF_OK);
  memcpy(data->conditions, frames, sizeof frames);
  return data;
}

static void is(const card_range r, long n, double lo, double mean, double hi, const long bin[CARD_BINS]) {
  assert_int_equal(r.frames, n);
  assert_near(r.lo, lo, 0);
  assert_near(r.mean, mean, 1e-14);
  assert_near(r.hi, hi, 0);
  for (int b = 0; b < CARD_BINS; b++) assert_int_equal(r.bin[b], bin[b]);
}

/* also the tenths of a gait are those of the range of all frames, of which the last one has its upper end */
static void a_range_has_the_frames_of_its_gait(void** state) {
  (void)state;
  df_dataset* data = demonstrations();
  assert_true(card_is_gait(data, 0) && card_is_gait(data, 1) && !card_is_gait(data, 2));
  is(card_range_of(data, 2, -1), 8, 2, 52.4 / 8, 12, (long[CARD_BINS]){2, 1, 0, 1, 0, 2, 0, 0, 0, 2});
  is(card_range_of(data, 2, 0), 5, 2, 34.3 / 5, 12, (long[CARD_BINS]){2, 0, 0, 1, 0, 0, 0, 0, 0, 2});
  is(card_range_of(data, 2, 1), 3, 3.1, 18.1 / 3, 7.75, (long[CARD_BINS]){0, 1, 0, 0, 0, 2});
  /* one value throughout is in the first tenth; a gait without frames has none */
  for (int t = 0; t < 8; t++) {
    data->conditions[NC * t + 1] = 0;
    data->conditions[NC * t + 2] = 5;
  }
  is(card_range_of(data, 2, -1), 8, 5, 5, 5, (long[CARD_BINS]){8});
  is(card_range_of(data, 2, 1), 0, 0, 0, 0, (long[CARD_BINS]){0});
  df_dataset_free(data);
}

static bool of_the_demonstrations(const df_config_key* key, const char* value) {
  (void)value;
  return strncmp(key->name, "data.", 5) == 0;
}

/* settings that are at their defaults, or on which the demonstrations do not depend, are not shown */
static void a_card_shows_sizes_attempts_and_shares(void** state) {
  (void)state;
  static const char* const rows[] = {"| episodes | 2 |", "| actions | 6 |", "| duration of an action | 0.02 s |",
                                     "| total duration | 0.12 s |", "| state coordinates | 5 |",
                                     "| action coordinates | 4 |",
                                     /* the SHA-256 of "abc", from FIPS 180-2 */
                                     "| SHA-256 of the file | "
                                     "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad |",
                                     "### command.vx\n\n| gait | frames | least | mean | largest | 1 | 2 | 3 | 4 | 5 "
                                     "| 6 | 7 | 8 | 9 | 10 |",
                                     "| data.seed | 7 |  |", "| --seconds | 5 | s |", "| trot | 10 | 7 | 3 | 70.0 % |",
                                     "| bound | 8 | 1 | 7 | 12.5 % |",
                                     "| all | 8 | 2 | 6.55 | 12 | 25.0 | 12.5 | 0.0 | 12.5 | 0.0 | 25.0 | 0.0 | 0.0 | "
                                     "0.0 | 25.0 |",
                                     "| trot | 5 | 2 | 6.86 | 12 | 40.0 | 0.0 | 0.0 | 20.0 | 0.0 | 0.0 | 0.0 | 0.0 | "
                                     "0.0 | 40.0 |",
                                     "| bound | 3 | 3.1 | 6.033 | 7.75 | 0.0 | 33.3 | 0.0 | 0.0 | 0.0 | 66.7 | 0.0 | "
                                     "0.0 | 0.0 | 0.0 |"};
  options opts = options_default();
  opts.tasks = "tasks";
  df_config config;
  df_search search;
  df_system* system;
  char model[DF_SHA256_TEXT];
  assert_int_equal(resolve_task("go1_gaits", "full", NULL, &opts, &config, &search), DF_OK);
  assert_int_equal(df_config_set(&config, "data.seed", "7", "test"), DF_OK);
  assert_int_equal(df_config_set(&config, "train.steps", "7", "test"), DF_OK);
  assert_int_equal(df_task_system(&config, &search, &system, model), DF_OK);
  const card_option option = {"--seconds", "5", "s"};
  const card_origin origin = {.written_by = "a test",
                              .generator = df_generator_by_name(config.data_generator),
                              .depends = of_the_demonstrations,
                              .n_options = 1,
                              .option = &option};
  const df_generation attempts = {.n = 2, .kind = {{"trot", 10, 3}, {"bound", 8, 7}}};
  df_dataset* data = demonstrations();
  char folder[] = "/tmp/dynaflow-test-XXXXXX", path[64], card[64], *text;
  size_t n;
  assert_non_null(mkdtemp(folder));
  snprintf(path, sizeof path, "%s/walk.npz", folder);
  snprintf(card, sizeof card, "%s/walk.card.md", folder);
  assert_int_equal(df_file_write(path, "abc", 3), DF_OK);
  assert_int_equal(data_card_write(path, &config, system, &origin, data, &attempts), DF_OK);
  assert_int_equal(df_file_read(card, &text, &n), DF_OK);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char line[256];
    snprintf(line, sizeof line, "\n%s\n", rows[i]);
    if (!strstr(text, line)) fail_msg("no row \"%s\" in\n%s", rows[i], text);
  }
  assert_null(strstr(text, "train.steps"));
  assert_null(strstr(text, "data.velocity_joints"));
  df_free(text);
  df_dataset_free(data);
  df_system_free(system);
  search_clear(&search);
  unlink(path);
  unlink(card);
  rmdir(folder);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_range_has_the_frames_of_its_gait),
      cmocka_unit_test(a_card_shows_sizes_attempts_and_shares),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
