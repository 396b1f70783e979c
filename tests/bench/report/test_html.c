/* The page of a report: which table stands under which heading. */
#define _GNU_SOURCE
#include "html.h"

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "records.h"
#include "tables.h"

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
  json_object_set_new(json_array_get(records, 0), "diagnostics",
                      json_pack("{s:[{s:s}],s:[{s:s}]}", "gates", "name", "the gate", "curves", "name", "the curve"));
  open_run(&r);
  /* motions that `dynaflow render` drew of the second method */
  char* path = df_path_join(folder, "plots");
  assert_int_equal(df_dir_make(path), DF_OK);
  df_free(path);
  path = df_path_join(folder, "plots/t-p-b.png");
  assert_int_equal(df_file_write(path, "", 0), DF_OK);
  df_free(path);
  assert_int_equal(summary_new(&r, &s), DF_OK);
  assert_int_equal(html_write(&r, &s, &none, folder), DF_OK);
  path = df_path_join(folder, "index.html");
  char* page;
  size_t n;
  assert_int_equal(df_file_read(path, &page, &n), DF_OK);
  const char* at = after(page, "<h3>Diagnostics</h3>");
  at = in_table(after(in_table(at, ">the gate<"), "</table>"), ">the curve<");
  at = after(page, "<h3>K = 1 sampler step</h3>");
  at = in_table(in_table(at, ">100"), ">101");
  at = after(at, "<h3>K = 5 sampler steps</h3>");
  at = in_table(in_table(at, ">500"), ">501");
  at = after(at, "<h3>Statistics over seeds and windows</h3>");
  at = in_table(after(at, "<h4>K = 1</h4>"), ">100");
  at = in_table(after(at, "<h4>K = 5</h4>"), ">500");
  at = in_table(after(at, "<summary>All comparisons</summary>\n"), ">a − method<");
  after(at, "</html>");
  after(page,
        "<figure><img style=\"filter:none\" src=\"plots/t-p-b.png\" alt=\"Motions of b\"><figcaption>Motions of b, ");
  assert_null(strstr(page, "t-p-a.png"));
  df_free(page);
  df_free(path);
  /* and as text */
  assert_int_equal(tables_write(&r, &s, folder), DF_OK);
  path = df_path_join(folder, "tables.md");
  assert_int_equal(df_file_read(path, &page, &n), DF_OK);
  at = after(after(page, "### K = 1 sampler step\n\n| "), "### K = 5 sampler steps\n\n| ");
  at = after(at, "### Statistics over seeds and windows\n\n");
  at = after(after(after(at, "\n\nK = 1:\n\n| "), " 100 "), "\n\nK = 5:\n\n| ");
  after(after(at, " 500 "), "#### All comparisons\n\n| ");
  df_free(page);
  df_free(path);
  summary_clear(&s);
  close_run(&r);
}

/* every tag that is opened is closed, in order */
static void assert_balanced(const char* page) {
  enum { DEEP = 32, NAME = 16 };
  static const char* const alone[] = {"!doctype", "meta", "img", "br", "wbr"};
  char open[DEEP][NAME];
  int n = 0;
  for (const char* at = strchr(page, '<'); at; at = strchr(at + 1, '<')) {
    char name[NAME];
    bool single = false;
    const bool closes = at[1] == '/';
    const char* begin = at + 1 + closes;
    snprintf(name, sizeof name, "%.*s", (int)strcspn(begin, " >\n"), begin);
    for (size_t i = 0; i < sizeof alone / sizeof *alone; i++) single = single || strcmp(name, alone[i]) == 0;
    if (single) continue;
    if (!closes) {
      assert_true(n < DEEP);
      memcpy(open[n++], name, NAME);
    } else if (n == 0 || strcmp(open[--n], name) != 0) {
      fail_msg("</%s> closes <%s>: %.60s", name, n ? open[n] : "", at);
    }
  }
  assert_int_equal(n, 0);
}

/* headings, notes and counts of two groups, of which one has a cell that failed */
static void a_page_says_what_was_run(void** state) {
  (void)state;
  static const char* const order[] = {
      "<h1>Run ",
      "</h1>\n<p class=\"soft\">2 of 3 cells done. The same numbers as text: ",
      "<section class=\"group\"><h2>t <span class=\"soft\">profile p</span></h2>\n<p class=\"soft\">1 of 2 cells done. "
      "The group is incomplete",
      "<h3>Warnings</h3>\n<ul>\n<li>a, seed 1: net: a &lt; b</li>\n</ul>\n",
      "<h3>K = 1 sampler step</h3>",
      "<h3>Statistics over seeds and windows</h3>\n<p class=\"soft\">Interquartile means, performance profiles and "
      "probabilities of improvement need at least 3 seeds",
      "<h3>Figures</h3>",
      "<details><summary>All metrics</summary>",
      "</details>\n</section>\n<section class=\"group\">",
      "<h2>u <span class=\"soft\">profile q</span></h2>\n<p class=\"soft\">1 of 1 cells done. Numbers are means",
      "</section>\n<h2>Cells</h2>\n<",
      "no memory",
      "<h2>Provenance</h2>\n<",
      "</body>\n</html>\n"};
  run_view r;
  summary s;
  int first[3] = {0, 0, 0};
  const figures none = {.first = first};
  begin_records();
  json_t* cell = add_cell("a", 1);
  add_value(cell, "tre", 1, 2);
  json_object_set_new(cell, "notes", json_pack("[s]", "net: a < b"));
  cell = add_cell("a", 2);
  set_text(cell, "status", "error");
  set_text(cell, "reason", "no memory");
  json_object_set_new(cell, "notes", json_pack("[s]", "unseen"));
  cell = add_cell("a", 1);
  set_text(cell, "task", "u");
  set_text(cell, "profile", "q");
  add_value(cell, "fall_rate", 0, 0.5);
  open_run(&r);
  assert_int_equal(summary_new(&r, &s), DF_OK);
  assert_int_equal(html_write(&r, &s, &none, folder), DF_OK);
  char *path = df_path_join(folder, "index.html"), *page;
  size_t n;
  assert_int_equal(df_file_read(path, &page, &n), DF_OK);
  assert_balanced(page);
  const char* at = page;
  for (size_t i = 0; i < sizeof order / sizeof *order; i++) at = after(at, order[i]);
  assert_int_equal(*at, '\0');
  assert_null(strstr(page, "unseen"));
  assert_null(strstr(page, "<h3>Diagnostics</h3>"));
  df_free(page);
  df_free(path);
  summary_clear(&s);
  close_run(&r);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(the_tables_of_every_k_stand_under_its_heading),
                                     cmocka_unit_test(a_page_says_what_was_run)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
