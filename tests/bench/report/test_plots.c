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
    /* the caption ends with its source, once */
    snprintf(name, sizeof name, " Task t, profile p%d, ", i);
    const char* source = strstr(f.list[f.first[i]].caption, name);
    assert_non_null(source);
    assert_null(strstr(source + 1, " Task t, "));
  }
  figures_clear(&f);
  close_run(&r);
}

static void a_figure_that_cannot_be_written_is_an_error(void** state) {
  (void)state;
  run_view r;
  figures f = {0};
  char path[128];
  begin_records();
  add_value(add_cell("a", 1), "tre", 0, 0.5);
  open_run(&r);
  snprintf(path, sizeof path, "%s/plots", folder);
  assert_int_equal(df_dir_make(path), DF_OK);
  snprintf(path, sizeof path, "%s/plots/t-p-metrics.dat", folder);
  assert_int_equal(df_dir_make(path), DF_OK);
  assert_int_equal(plots_write(&r, folder, &f), DF_E_IO);
  assert_non_null(strstr(df_error_message(), path));
  figures_clear(&f);
  close_run(&r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_group_has_its_figures),
      cmocka_unit_test(a_figure_that_cannot_be_written_is_an_error),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
