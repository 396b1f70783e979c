/* Interquartile means and comparisons as tables: which numbers stand where, and what marks a win. */
#define _GNU_SOURCE
#include "dynaflow/core/alloc.h"
#include "records.h"
#include "tables.h"

/* three methods of one group, with tre at K = 1 and 5 and fall_rate */
static void open_methods(run_view* r) {
  static const char* const methods[] = {"dynaflow", "bc", "own"};
  begin_records();
  for (int m = 0; m < 3; m++) {
    json_t* cell = add_cell(methods[m], 1);
    add_value(cell, "tre", 1, 1);
    add_value(cell, "tre", 5, 1);
    add_value(cell, "fall_rate", 1, 1);
  }
  open_run(r);
}

static void take(text* out, const char* wanted) {
  assert_string_equal(text_of(out), wanted);
  text_clear(out);
}

static void interquartile_means_have_a_row_per_method(void** state) {
  (void)state;
  run_view r;
  text out = {0};
  open_methods(&r);
  run_group other = r.groups[0];
  const run_group* g = &r.groups[0];
  summary_row rows[] = {
      {.group = &other, .method = "own", .metric = "tre", .k = 1, .iqm = {.mean = 9, .lo = NAN, .hi = NAN}},
      {.group = g, .method = "dynaflow", .metric = "tre", .k = 1, .iqm = {.mean = 0.25, .lo = 0.125, .hi = 0.5}},
      {.group = g, .method = "own", .metric = "tre", .k = 1, .iqm = {.mean = 4, .lo = NAN, .hi = NAN}},
      {.group = g, .method = "bc", .metric = "tre", .k = 5, .iqm = {.mean = 3, .lo = 2, .hi = 5}}};
  const summary s = {.min_seeds = 3, .n = 4, .list = rows};
  table_iqm(&r, &s, g, 1, TABLE_MARKDOWN, &out);
  /* fall_rate, of which there is none, has no column */
  take(&out,
       "| interquartile mean | tre\u00a0↓ [std] |\n| --- | ---: |\n"
       "| DynaFlow | 0.250 [0.125, 0.500] |\n| Behaviour cloning | – |\n| own | 4.00 |\n\n");
  table_iqm(&r, &s, g, 5, TABLE_MARKDOWN, &out);
  take(&out,
       "| interquartile mean | tre\u00a0↓ [std] |\n| --- | ---: |\n"
       "| DynaFlow | – |\n| Behaviour cloning | 3.00 [2.00, 5.00] |\n| own | – |\n\n");
  close_run(&r);
}

/* a comparison of dynaflow with another method */
static comparison against(const char* method, const char* metric, int k, df_interval improvement, char winner) {
  return (comparison){.task = "t",
                      .profile = "p",
                      .method_a = "dynaflow",
                      .method_b = method,
                      .metric = metric,
                      .unit = "std",
                      .k = k,
                      .paired = {.difference = {.mean = -0.5, .lo = -0.75, .hi = -0.25}},
                      .improvement = improvement,
                      .p = 0.0123,
                      .p_holm = NAN,
                      .winner = winner};
}

static void comparisons_are_marked_with_their_winner(void** state) {
  (void)state;
  run_view r;
  text out = {0};
  open_methods(&r);
  comparison list[] = {against("bc", "tre", 1, (df_interval){.mean = 0.834, .lo = 0.792, .hi = 0.868}, 'a'),
                       against("own", "tre", 1, (df_interval){.mean = 0.126, .lo = NAN, .hi = NAN}, 'b'),
                       against("bc", "fall_rate", 0, (df_interval){.mean = 0.5, .lo = 0.25, .hi = 0.75}, 0),
                       against("own", "fall_rate", 5, (df_interval){.mean = NAN, .lo = NAN, .hi = NAN}, 0),
                       against("own", "tre", 1, (df_interval){.mean = 0.9, .lo = 0.8, .hi = 1}, 'a'),
                       against("own", "tre", 1, (df_interval){.mean = 0.9, .lo = 0.8, .hi = 1}, 'a')};
  static char few[] = "too few seeds";
  list[3].reason = few;
  list[1].p_holm = 0.0246;
  list[4].task = "u";
  list[5].profile = "q";
  const summary s = {.min_seeds = 3, .against = {.n = 6, .list = list, .tests = 2}};
  table_against(&r, &s, &r.groups[0], 1, TABLE_MARKDOWN, &out);
  take(&out,
       "| P(DynaFlow is better than) | tre | fall_rate |\n| --- | ---: | ---: |\n"
       "| Behaviour cloning | 0.83+ [0.79, 0.87] | 0.50 [0.25, 0.75] |\n| own | 0.13− | – |\n\n");
  /* at another K there is only what has none */
  table_against(&r, &s, &r.groups[0], 2, TABLE_MARKDOWN, &out);
  take(&out,
       "| P(DynaFlow is better than) | fall_rate |\n| --- | ---: |\n"
       "| Behaviour cloning | 0.50 [0.25, 0.75] |\n| own | – |\n\n");
  table_comparisons(&s, &r.groups[0], TABLE_MARKDOWN, &out);
  take(&out,
       "| metric | K | method | DynaFlow − method | unit | P(better) | p | p (Holm) | better method |\n"
       "| --- | ---: | --- | ---: | --- | ---: | ---: | ---: | --- |\n"
       "| tre | 1 | Behaviour cloning | -0.500 [-0.750, -0.250] | std | 0.83+ [0.79, 0.87] | 0.012 | – | DynaFlow |\n"
       "| tre | 1 | own | -0.500 [-0.750, -0.250] | std | 0.13− | 0.012 | 0.025 | own |\n"
       "| fall_rate | – | Behaviour cloning | -0.500 [-0.750, -0.250] | std | 0.50 [0.25, 0.75] | 0.012 | – |  |\n"
       "| fall_rate | 5 | own | -0.500 [-0.750, -0.250] | std | – | 0.012 | – | too few seeds |\n\n");
  /* without a comparison there is no table */
  const summary none = {.min_seeds = 3};
  table_against(&r, &none, &r.groups[0], 1, TABLE_MARKDOWN, &out);
  take(&out, "");
  close_run(&r);
}

static void the_note_tells_the_tests_and_whose_windows_they_are(void** state) {
  (void)state;
  static const char* const ends[] = {
      "of seeds and test windows. The records do not say which windows belong to one "
      "episode, so intervals may be too narrow.",
      "of seeds and test episodes with all their windows."};
  for (int knows = 0; knows < 2; knows++) {
    run_view r;
    text out = {0};
    open_methods(&r);
    for (int i = 0; knows && i < r.n_cells; i++) {
      json_object_set_new((json_t*)(uintptr_t)r.cells[i].record, "windows", json_object());
    }
    summary_row row = {.group = &r.groups[0]};
    summary s = {.min_seeds = 3, .n = 1, .list = &row, .against = {.tests = 17}};
    summary_note(&r, &s, &r.groups[0], &out);
    const char* words = text_of(&out);
    assert_non_null(strstr(words, "probability that DynaFlow on one start state"));
    assert_non_null(strstr(words, "+ marks a win of DynaFlow, − one of the other method"));
    assert_non_null(strstr(words, "adjusted for the 17 tests of this report"));
    assert_non_null(strstr(words, "and at least 3 seeds."));
    assert_string_equal(words + strlen(words) - strlen(ends[knows]), ends[knows]);
    text_clear(&out);
    s.n = 0;
    summary_note(&r, &s, &r.groups[0], &out);
    take(&out,
         "Interquartile means, performance profiles and probabilities of improvement need at least 3 seeds of a method "
         "with per-window values in the records; no method here has them.");
    close_run(&r);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(interquartile_means_have_a_row_per_method),
                                     cmocka_unit_test(comparisons_are_marked_with_their_winner),
                                     cmocka_unit_test(the_note_tells_the_tests_and_whose_windows_they_are)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
