/* The page of a report: which table stands under which heading. */
#define _GNU_SOURCE
#include "html.h"

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "records.h"

/* the place of `words` after `at` */
static const char* after(const char* at, const char* words) {
  const char* found = strstr(at, words);
  if (!found) fail_msg("no '%s' after '%.200s'", words, at);
  return found + strlen(words);
}

/* the same in the table that begins next */
static const char* in_table(const char* at, const char* words) {
  const char* found = after(at, words);
  if (found > after(at, "</table>")) fail_msg("no '%s' in the table after '%.200s'", words, at);
  return found;
}

static void the_tables_of_every_k_stand_under_its_heading(void** state) {
  (void)state;
  run_view r;
  summary s;
  int first[2] = {0, 0};
  const figures none = {.first = first};
  begin_records();
  for (int seed = 1; seed <= 3; seed++) {
    for (int m = 0; m < 2; m++) {
      json_t* cell = add_cell(m ? "b" : "a", seed);
      set_text(cell, "windows_sha256", "w");
      for (int k = 1; k <= 5; k += 4) {
        const double v = 100 * k + m, values[] = {v, v, v, v};
        add_samples(cell, "tre", k, 4, values);
        add_value(cell, "tre", k, v);
      }
    }
  }
  open_run(&r);
  assert_int_equal(summary_new(&r, &s), DF_OK);
  assert_int_equal(html_write(&r, &s, &none, folder), DF_OK);
  char* path = df_path_join(folder, "index.html");
  char* page;
  size_t n;
  assert_int_equal(df_file_read(path, &page, &n), DF_OK);
  const char* at = after(page, "<h3>K = 1 sampler step</h3>");
  at = in_table(in_table(at, ">100"), ">101");
  at = after(at, "<h3>K = 5 sampler steps</h3>");
  at = in_table(in_table(at, ">500"), ">501");
  at = after(at, "<h3>Statistics over seeds and windows</h3>");
  at = in_table(after(at, "<h4>K = 1</h4>"), ">100");
  at = in_table(after(at, "<h4>K = 5</h4>"), ">500");
  after(at, "</html>");
  df_free(page);
  df_free(path);
  summary_clear(&s);
  close_run(&r);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(the_tables_of_every_k_stand_under_its_heading)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
