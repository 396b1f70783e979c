/* Shards: parsing, the cells of a shard, and the file names of a run. */
#include "shard.h"

#include "unit.h"

static void what_is_a_shard_is_read(void** state) {
  (void)state;
  shard s;
  assert_true(shard_parse("1/2", &s));
  assert_true(s.i == 1 && s.n == 2);
  assert_true(shard_parse("12/12", &s));
  assert_true(s.i == 12 && s.n == 12);
  assert_true(shard_parse("9999/9999", &s));
  assert_true(s.i == 9999 && s.n == 9999);
}

static void what_is_none_is_refused_and_changes_nothing(void** state) {
  (void)state;
  static const char* const bad[] = {"",      "x",     "1",    "1/",   "/2",     "0/0",  "0/2",
                                    "3/2",   "-1/2",  "1/-2", "+1/2", " 1/2",   "1/2 ", "1 /2",
                                    "1/2/3", "1.0/2", "1//2", "1of2", "1/2e00", "0x1/2"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    shard s = {7, 8};
    assert_false(shard_parse(bad[i], &s));
    assert_true(s.i == 7 && s.n == 8);
  }
  shard s;
  /* too many digits */
  assert_false(shard_parse("1/10000", &s));
  assert_false(shard_parse("4294967297/4294967297", &s));
}

static void every_cell_is_in_exactly_one_shard(void** state) {
  (void)state;
  for (int n = 1; n <= 9; n++) {
    for (int cell = 0; cell < 40; cell++) {
      int owners = 0;
      for (int i = 1; i <= n; i++) owners += shard_has((shard){i, n}, cell);
      assert_int_equal(owners, 1);
    }
    assert_true(shard_has((shard){1, n}, 0));
  }
  for (int cell = 0; cell < 40; cell++) assert_true(shard_has((shard){0, 0}, cell));
}

static void a_file_has_the_name_of_its_shard_and_no_other(void** state) {
  (void)state;
  const shard all[] = {{0, 0}, {1, 1}, {1, 2}, {2, 2}, {10, 12}, {9999, 9999}};
  char name[SHARD_NAME_SIZE], lock[SHARD_NAME_SIZE];
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
    shard s = {-1, -1};
    shard_events_name(all[i], name);
    shard_lock_name(all[i], lock);
    assert_true(shard_of_name(name, &s));
    assert_int_equal(shard_order(s, all[i]), 0);
    assert_string_not_equal(name, lock);
    for (size_t j = 0; j < i; j++) assert_true(shard_order(all[j], all[i]) < 0 && shard_order(all[i], all[j]) > 0);
  }
  static const char* const bad[] = {"events",
                                    "events.json",
                                    "events.jsonl.old",
                                    "events-.jsonl",
                                    "events-1of.jsonl",
                                    "events-01of2.jsonl",
                                    "events-3of2.jsonl",
                                    "events-0of0.jsonl",
                                    "events-1of2",
                                    "events-copy.jsonl",
                                    "lock",
                                    ".events.jsonl"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    shard s;
    assert_false(shard_of_name(bad[i], &s));
  }
}

static void a_shard_takes_every_nth_cell_from_its_own(void** state) {
  (void)state;
  /* by the definition: part i of n has the cells i, i + n, i + 2 n, ... counted from 1 */
  for (int n = 1; n <= 7; n++) {
    for (int cells = 0; cells <= 23; cells++) {
      int least = cells, most = 0;
      for (int i = 1; i <= n; i++) {
        int next = i, taken = 0;
        for (int cell = 1; cell <= cells; cell++) {
          const bool mine = cell == next;
          if (mine) next += n;
          taken += mine;
          assert_int_equal(shard_has((shard){i, n}, cell - 1), mine);
        }
        if (taken < least) least = taken;
        if (taken > most) most = taken;
      }
      assert_true(most - least <= 1); /* no process has more than one cell more than another */
    }
  }
}

static void shards_have_one_order(void** state) {
  (void)state;
  shard all[46];
  int n = 0;
  all[n++] = (shard){0, 0};
  for (int of = 1; of <= 9; of++) {
    for (int i = 1; i <= of; i++) all[n++] = (shard){i, of};
  }
  assert_int_equal(n, 46);
  for (int i = 0; i < n; i++) {
    for (int j = 0; j < n; j++) {
      const int order = shard_order(all[i], all[j]);
      assert_true(i < j ? order < 0 : i > j ? order > 0 : order == 0);
    }
  }
}

static void names_of_files_say_which_part_they_are(void** state) {
  (void)state;
  static const struct {
    shard s;
    const char *events, *lock;
  } cases[] = {{{0, 0}, "events.jsonl", "lock"},
               {{1, 1}, "events-1of1.jsonl", "lock-1of1"},
               {{2, 8}, "events-2of8.jsonl", "lock-2of8"},
               {{9998, 9999}, "events-9998of9999.jsonl", "lock-9998of9999"}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    char name[SHARD_NAME_SIZE];
    shard_events_name(cases[i].s, name);
    assert_string_equal(name, cases[i].events);
    shard_lock_name(cases[i].s, name);
    assert_string_equal(name, cases[i].lock);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_a_shard_is_read),
      cmocka_unit_test(what_is_none_is_refused_and_changes_nothing),
      cmocka_unit_test(every_cell_is_in_exactly_one_shard),
      cmocka_unit_test(a_file_has_the_name_of_its_shard_and_no_other),
      cmocka_unit_test(a_shard_takes_every_nth_cell_from_its_own),
      cmocka_unit_test(shards_have_one_order),
      cmocka_unit_test(names_of_files_say_which_part_they_are),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
