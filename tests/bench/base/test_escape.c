/* Strings of others in every format that the program writes. */
#include "escape.h"

#include <stdlib.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "json.h"
#include "unit.h"

static void assert_becomes(void (*add)(text*, const char*), const char* s, const char* wanted) {
  text t = {0};
  add(&t, s);
  assert_string_equal(text_of(&t), wanted);
  text_clear(&t);
}

static void what_is_not_printable_is_shown_by_its_number(void** state) {
  (void)state;
  static const char* const pairs[][2] = {
      {"", ""},
      {"plain _*|<>&\"'`$\\ text", "plain _*|<>&\"'`$\\ text"},
      {"a\nb\rc\td", "a\\nb\\rc\\td"},
      {"\x1b[31m\x01\x7f", "\\x1b[31m\\x01\\x7f"},
      {"\u00fc \u2264 \u6f22 \U0001F600", "\u00fc \u2264 \u6f22 \U0001F600"},
      /* C1 controls, changes of direction, ends of lines, no character */
      {"\xc2\x9b\u202ex\u2066\u2028\ufeff\xef\xbf\xbe", "\\u009b\\u202ex\\u2066\\u2028\\ufeff\\ufffe"},
      /* bytes that are not UTF-8: alone, cut off, overlong, a surrogate, beyond the last character */
      {"\x80\xff", "\\x80\\xff"},
      {"a\xe6\xbc", "a\\xe6\\xbc"},
      {"\xc0\xaf", "\\xc0\\xaf"},
      {"\xe0\x80\xaf", "\\xe0\\x80\\xaf"},
      {"\xed\xa0\x80", "\\xed\\xa0\\x80"},
      {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},
  };
  for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) assert_becomes(text_add_plain, pairs[i][0], pairs[i][1]);
}

static void html_has_no_foreign_markup(void** state) {
  (void)state;
  assert_becomes(text_add_html, "<b a='1' c=\"2\">&", "&lt;b a=&#39;1&#39; c=&quot;2&quot;&gt;&amp;");
  /* XML allows neither as a number: they stay text */
  assert_becomes(text_add_html, "\x01\xef\xbf\xbf", "\\x01\\uffff");
  text t = {0};
  text_add_html_bytes(&t, "\u6f22<", 3);
  assert_string_equal(text_of(&t), "\u6f22");
  text_clear(&t);
}

/* https://docs.github.com/actions: toolkit's escapeData() and escapeProperty() */
static void a_command_of_github_ends_where_it_ends(void** state) {
  (void)state;
  assert_becomes(text_add_github, "10 % of a:b,c", "10 %25 of a:b,c");
  assert_becomes(text_add_github, "a\r\n::error::b", "a\\r\\n::error::b");
  assert_becomes(text_add_github_property, "10 % of a:b,c", "10 %25 of a%3Ab%2Cc");
  assert_becomes(text_add_github_property, "x\n,line=1::y", "x\\n%2Cline=1%3A%3Ay");
  assert_becomes(text_add_github_property, "%0A", "%250A");
}

static void latex_runs_no_foreign_command(void** state) {
  (void)state;
  assert_becomes(text_add_latex, "\\input{a} 5 % of $x_1^2$ & #~",
                 "\\textbackslash{}input\\{a\\} 5 \\% of \\$x\\_1\\textasciicircum{}2\\$ \\& \\#\\textasciitilde{}");
  /* a control character is shown by a backslash that is no command */
  assert_becomes(text_add_latex, "a\nb", "a\\textbackslash{}nb");
}

static void markdown_has_no_foreign_markup(void** state) {
  (void)state;
  static const char* const pairs[][2] = {
      /* what the program's own tables hold stays as it is */
      {"tre_open_loop \u2193 [std]", "tre_open_loop \u2193 [std]"},
      {"0.123 [0.110, 0.140]", "0.123 [0.110, 0.140]"},
      {"p (Holm) < 0.05, R & D", "p (Holm) < 0.05, R & D"},
      /* markup */
      {"a|b\\", "a\\|b\\\\"},
      {"\\|", "\\\\\\|"},
      {"*b* _i_ `c` ~s~ $m$", "\\*b\\* \\_i\\_ \\`c\\` \\~s\\~ \\$m\\$"},
      {"_a __b__", "\\_a \\_\\_b\\_\\_"},
      {"[x](y) ![x](y) [x][y] [x]: y", "[x]\\(y) ![x]\\(y) [x]\\[y] [x]\\: y"},
      {"<script> </b> <!-- <?x &lt; &#60;", "&lt;script> &lt;/b> &lt;!-- &lt;?x &amp;lt; &amp;#60;"},
      {"a\n# b\n| c", "a\\\\n# b\\\\n\\| c"},
  };
  for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
    assert_becomes(text_add_markdown, pairs[i][0], pairs[i][1]);
  }
}

static void csv_fields_are_quoted_and_no_formulas(void** state) {
  (void)state;
  static const char* const pairs[][2] = {
      {"plain text_1", "plain text_1"},
      {"", ""},
      {"a,b", "\"a,b\""},
      {"a\"b", "\"a\"\"b\""},
      {"a\nb", "\"a\nb\""},
      {"a\rb", "\"a\rb\""}, /* a bare carriage return ends a line for some readers */
      {" a", "\" a\""},
      {"#a", "\"#a\""},
      {"=1+1", "\"'=1+1\""},
      {"+1", "\"'+1\""},
      {"-1", "\"'-1\""},
      {"@A", "\"'@A\""},
      {"\tx", "\"'\tx\""},
      {"\rx", "\"'\rx\""},
      {"'x", "\"''x\""}, /* removing one apostrophe gives the string back */
      {"a=1", "a=1"},
      {"\x1b[31m", "\x1b[31m"},
      {"a\xff", "a\\xff"},
  };
  for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) assert_becomes(text_add_csv, pairs[i][0], pairs[i][1]);
}

static void gnuplot_strings_hold_no_command(void** state) {
  (void)state;
  static const char* const pairs[][2] = {
      {"", "''"},
      {"tre [std] a-b 1.5e3 (K = 5) 50 %", "'tre [std] a-b 1.5e3 (K = 5) 50 %'"},
      {"`touch x`", "'?touch x?'"},
      {"$(touch x)", "'?(touch x)'"},
      /* two quotes at the beginning are an empty string for gnuplot, however many follow */
      {"'; system('touch x'); '", "'\u2019; system(\u2019touch x\u2019); \u2019'"},
      {"\"; !touch x", "'?; !touch x'"},
      {"a\n!touch x", "'a?n!touch x'"},
      {"a_b^c{d}@e&f~g", "'a\\_b\\^c\\{d\\}\\@e\\&f\\~g'"},
      {"\\101\\", "'?101?'"},
      {"]]>", "']]?'"},
      {"\u2264 \x1b", "'\u2264 ?x1b'"},
  };
  for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
    assert_becomes(text_add_gnuplot, pairs[i][0], pairs[i][1]);
  }
  /* the label of a tic is a format */
  assert_becomes(text_add_gnuplot_tic, "%n%s_", "'%%n%%s\\_'");
}

static void assert_file(const char* name, const char* wanted) {
  char* file = file_name_of(name);
  assert_string_equal(file, wanted);
  assert_true(is_file_name(file));
  df_free(file);
}

static void file_names_are_made_of_harmless_characters(void** state) {
  (void)state;
  assert_file("go1_gaits-smoke", "go1_gaits-smoke");
  /* what is replaced is told apart by the first digits of the SHA-256 of the name (by sha256sum) */
  assert_file("a b", "a_b-c8687a08");
  assert_file("a.b", "a_b-2e7336dc");
  assert_file("", "_-e3b0c442");
  assert_file("../../x", "______x-9cdf6a50");
  assert_file("-e x", "_e_x-7eb52728");
  assert_file("a`b'\"\n", "a_b___-6752f2af");
  char longer[400];
  memset(longer, 'x', sizeof longer - 1);
  longer[sizeof longer - 1] = '\0';
  char* file = file_name_of(longer);
  assert_int_equal(strlen(file), 120);
  assert_true(is_file_name(file));
  df_free(file);
  static const char* const refused[] = {"", "-a", "a.b", "a/b", "a b", "a'", "\u00fc", "a\n"};
  for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) assert_false(is_file_name(refused[i]));
  longer[201] = '\0';
  assert_false(is_file_name(longer));
  longer[200] = '\0';
  assert_true(is_file_name(longer));
}

static void json_holds_bytes_that_are_no_text(void** state) {
  (void)state;
  json_t* v = json_text("a\xff");
  assert_string_equal(json_string_value(v), "a\\xff");
  json_decref(v);
  v = json_text("a\n\u00fc");
  assert_string_equal(json_string_value(v), "a\n\u00fc");
  json_decref(v);
}

/* any bytes: the result is printable, and what closes a string or field of the format is escaped */
static void any_bytes_are_safe_in_every_format(void** state) {
  (void)state;
  unsigned seed = 1;
  for (int round = 0; round < 20000; round++) {
    char s[24];
    const size_t n = (size_t)(round % (int)sizeof s);
    for (size_t i = 0; i < n; i++) {
      seed = seed * 1664525u + 1013904223u;
      s[i] = (char)(seed >> 24);
      if (s[i] == '\0') s[i] = '\'';
    }
    s[n] = '\0';
    text t = {0};
    text_add_plain(&t, s);
    for (size_t i = 0; i < t.n; i++) assert_true((unsigned char)t.data[i] >= 0x20 && t.data[i] != 0x7f);
    text_clear(&t);
    text_add_gnuplot(&t, s);
    assert_true(t.n >= 2 && t.data[0] == '\'' && strchr(t.data + 1, '\'') == t.data + t.n - 1);
    assert_null(strpbrk(text_of(&t), "`$\""));
    text_clear(&t);
    text_add_html(&t, s);
    assert_null(strpbrk(text_of(&t), "<>\"'\n"));
    text_clear(&t);
    text_add_markdown(&t, s);
    for (size_t i = 0; i < t.n; i++) {
      if (t.data[i] == '\\') {
        i++;
      } else {
        assert_null(strchr("|`*~$", t.data[i]));
      }
    }
    text_clear(&t);
  }
}

/* the constants that Python's repr() gives of these strings */
static void python_reads_the_same_string(void** state) {
  (void)state;
  static const char* const pairs[][2] = {{"my-motion.npz", "'my-motion.npz'"},
                                         {"it's", "'it\\'s'"},
                                         {"back\\slash", "'back\\\\slash'"},
                                         {"x'; import os #", "'x\\'; import os #'"},
                                         {"a\nb", "'a\\\\nb'"}};
  for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) assert_becomes(text_add_python, pairs[i][0], pairs[i][1]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(python_reads_the_same_string),
      cmocka_unit_test(what_is_not_printable_is_shown_by_its_number),
      cmocka_unit_test(html_has_no_foreign_markup),
      cmocka_unit_test(latex_runs_no_foreign_command),
      cmocka_unit_test(markdown_has_no_foreign_markup),
      cmocka_unit_test(a_command_of_github_ends_where_it_ends),
      cmocka_unit_test(csv_fields_are_quoted_and_no_formulas),
      cmocka_unit_test(gnuplot_strings_hold_no_command),
      cmocka_unit_test(file_names_are_made_of_harmless_characters),
      cmocka_unit_test(json_holds_bytes_that_are_no_text),
      cmocka_unit_test(any_bytes_are_safe_in_every_format),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
