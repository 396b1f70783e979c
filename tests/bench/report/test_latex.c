/* The main tables as LaTeX. */
#define _GNU_SOURCE
#include "latex.h"

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "records.h"
#include "style.h"

static char* table_of(const run_view* r, int k) {
  text out = {0};
  latex_table(r, &r->groups[0], k, &out);
  char* lines = strdup(text_of(&out));
  assert_non_null(lines);
  text_clear(&out);
  return lines;
}

static void the_best_trained_method_is_bold(void** state) {
  (void)state;
  run_view r;
  begin_records();
  for (int seed = 1; seed <= 2; seed++) {
    json_t* dynaflow = add_cell("dynaflow", seed);
    add_value(dynaflow, "tre_open_loop", 1, 0.2 + 0.02 * seed);
    add_value(dynaflow, "survival", 1, 4 + seed);
  }
  json_t* other = add_cell("my_method", 1);
  add_row(other, "tre_open_loop", 1, 0.5, 0.4, 0.6);
  add_value(other, "survival", 1, 2);
  json_t* replay = add_cell("replay_demo", 1);
  add_value(replay, "tre_open_loop", 1, 2.5e-16);
  add_value(replay, "survival", 1, NAN);
  open_run(&r);
  char* lines = table_of(&r, 1);
  assert_string_equal(
      lines,
      "% t, profile p, K = 1: mean over n seeds, smallest and largest seed (n = 1: 95 % interval).\n"
      "% Bold: the best trained method. 4 of 4 cells.\n"
      "\\begin{tabular}{lrrr}\n\\hline\n"
      "Method & $n$ & open-loop TRE [std] $\\downarrow$ & survival time [std] $\\uparrow$ \\\\\n\\hline\n"
      "DynaFlow & 2 & \\textbf{0.230} {\\scriptsize [0.220, 0.240]} & \\textbf{5.50} {\\scriptsize "
      "[5.00, 6.00]} \\\\\n"
      "my\\_method & 1 & 0.500 {\\scriptsize [0.400, 0.600]} & 2.00 \\\\\n"
      "Replayed demonstration & 1 & $2.5\\times10^{-16}$ & why \\\\\n"
      "\\hline\n\\end{tabular}\n");
  free(lines);
  close_run(&r);
}

static void equal_digits_and_rounding_errors_are_bold_together(void** state) {
  (void)state;
  run_view r;
  begin_records();
  static const double tre[] = {0.2501, 0.2503, 0.26}, sae[] = {3e-17, 8e-16, 2.5};
  static const char* const methods[] = {"a", "b", "c"};
  for (int i = 0; i < 3; i++) {
    json_t* cell = add_cell(methods[i], 1);
    add_value(cell, "tre_open_loop", 1, tre[i]);
    add_value(cell, "sae_own", 1, sae[i]);
  }
  open_run(&r);
  char* lines = table_of(&r, 1);
  assert_non_null(strstr(lines, "\na & 1 & \\textbf{0.250} & \\textbf{$3.0\\times10^{-17}$} \\\\\n"));
  assert_non_null(strstr(lines, "\nb & 1 & \\textbf{0.250} & \\textbf{$8.0\\times10^{-16}$} \\\\\n"));
  assert_non_null(strstr(lines, "\nc & 1 & 0.260 & 2.50 \\\\\n"));
  free(lines);
  close_run(&r);
}

static void negative_numbers_keep_their_sign(void** state) {
  (void)state;
  run_view r;
  begin_records();
  add_row(add_cell("a", 1), "survival", 1, -0.25, -0.4, 1.5);
  add_row(add_cell("b", 1), "survival", 1, -2.5e-9, -3e-9, 0);
  open_run(&r);
  char* lines = table_of(&r, 1);
  assert_non_null(strstr(lines, "\na & 1 & $-0.250$ {\\scriptsize [$-0.400$, 1.50]} \\\\\n"));
  assert_non_null(
      strstr(lines, "\nb & 1 & \\textbf{$-2.5\\times10^{-9}$} {\\scriptsize [$-3.0\\times10^{-9}$, 0]} \\\\\n"));
  free(lines);
  close_run(&r);
}

/* of references, and of a method whose values are not finite, none is the best */
static void without_a_trained_number_none_is_bold(void** state) {
  (void)state;
  run_view r;
  begin_records();
  add_value(add_cell("random_action", 1), "tre", 1, 0.25);
  add_value(add_cell("replay_demo", 1), "tre", 1, 0.5);
  add_value(add_cell("a", 1), "tre", 1, NAN);
  open_run(&r);
  char* lines = table_of(&r, 1);
  assert_non_null(strstr(lines, "\nRandom actions & 1 & 0.250 \\\\\n"));
  assert_non_null(strstr(lines, "\nReplayed demonstration & 1 & 0.500 \\\\\n"));
  assert_null(strstr(lines, "\\textbf"));
  free(lines);
  close_run(&r);
}

static void every_k_has_its_file(void** state) {
  (void)state;
  run_view r;
  begin_records();
  json_t* cell = add_cell("a", 1);
  add_value(cell, "tre", 1, 0.25);
  add_value(cell, "tre", 5, 0.5);
  open_run(&r);
  assert_int_equal(latex_write(&r, folder), DF_OK);
  static const int ks[] = {1, 5};
  for (int i = 0; i < 2; i++) {
    char *path = format_text("%s/latex/t-p-k%d.tex", folder, ks[i]), *lines = table_of(&r, ks[i]), *found = NULL;
    size_t n;
    assert_int_equal(df_file_read(path, &found, &n), DF_OK);
    assert_true(n == strlen(lines) && memcmp(found, lines, n) == 0);
    df_free(found);
    df_free(path);
    free(lines);
  }
  close_run(&r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_best_trained_method_is_bold),
      cmocka_unit_test(equal_digits_and_rounding_errors_are_bold_together),
      cmocka_unit_test(negative_numbers_keep_their_sign),
      cmocka_unit_test(without_a_trained_number_none_is_bold),
      cmocka_unit_test(every_k_has_its_file),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
