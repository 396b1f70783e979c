/* The figures of a report, group by group. */
#define _GNU_SOURCE
#include "plots.h"

#include "records.h"

static void every_group_has_its_figures(void** state) {
  (void)state;
  enum { GROUPS = 40 };
  run_view r;
  figures f = {0};
  begin_records();
  for (int i = 0; i < GROUPS; i++) {
    char profile[16];
    snprintf(profile, sizeof profile, "p%d", i);
    json_t* cell = add_cell("a", 1);
    add_value(cell, i % 2 ? "tre" : "other", 0, 0.5); /* figures show the main metrics */
    set_text(cell, "profile", profile);
  }
  open_run(&r);
  const df_status status = plots_write(&r, folder, &f);
  assert_true(status == DF_OK || status == DF_E_MISSING); /* DF_E_MISSING: no gnuplot, no figures */
  assert_int_equal(f.n, status == DF_OK ? GROUPS / 2 : 0);
  for (int i = 0; i < GROUPS && status == DF_OK; i++) {
    char name[32];
    assert_int_equal(f.first[i], i / 2);
    assert_int_equal(f.first[i + 1], (i + 1) / 2);
    if (i % 2 == 0) continue;
    snprintf(name, sizeof name, "t-p%d-metrics", i);
    assert_string_equal(f.list[f.first[i]].name, name);
  }
  figures_clear(&f);
  close_run(&r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_group_has_its_figures),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
