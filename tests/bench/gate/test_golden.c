/* Golden tables: what is written is read again to the last bit, and what is no table is refused by its line. */
#define _GNU_SOURCE
#include "golden.h"

#include <float.h>

#include "dynaflow/core/alloc.h"
#include "json.h"
#include "near.h"
#include "records.h"

static char path[96];

static df_status read_text(const char* content, golden_table* out) {
  make_run("");
  snprintf(path, sizeof path, "%s/g.csv", folder);
  assert_int_equal(df_file_write(path, content, strlen(content)), DF_OK);
  const df_status status = golden_read(path, out);
  remove_run();
  return status;
}

#define HEAD    "# mujoco: 3.17.0\n# task_version: 2\n# settings: abc\n"
#define COLUMNS "task,method,seed,profile,metric,k,value,unit,n,lo,hi,status\n"

static void rows_are_read_and_comments_are_not_rows(void** state) {
  (void)state;
  golden_table g;
  assert_int_equal(read_text("# reason: task,method\n" HEAD "\n" COLUMNS "# a comment, between, rows\n"
                             "t,m,0,p,tre,1,0.1,std,16,0.05,0.15,ok\n"
                             "\n"
                             "u,n,2147483647,q,effort.x,0,,count,0,,,not a number",
                             &g),
                   DF_OK);
  assert_string_equal(g.path, path);
  assert_string_equal(g.mujoco, "3.17.0");
  assert_int_equal(g.task_version, 2);
  assert_string_equal(g.settings, "abc");
  assert_int_equal(g.n, 2);
  const golden_row *a = &g.rows[0], *b = &g.rows[1];
  assert_string_equal(a->task, "t");
  assert_string_equal(a->method, "m");
  assert_string_equal(a->profile, "p");
  assert_string_equal(a->metric, "tre");
  assert_true(a->seed == 0 && a->k == 1 && a->value == 0.1);
  assert_string_equal(a->unit, "std");
  assert_string_equal(b->task, "u");
  assert_string_equal(b->method, "n");
  assert_string_equal(b->profile, "q");
  assert_string_equal(b->metric, "effort.x");
  assert_true(b->seed == 2147483647 && b->k == 0 && isnan(b->value));
  assert_string_equal(b->unit, "count");
  golden_clear(&g);
}

#define LINE(seed, k, value, n) "t,m," seed ",p,tre," k "," value ",std," n ",,,ok\n"

static void what_is_no_row_is_refused_by_its_line(void** state) {
  (void)state;
  static const char* const bad[] = {
      "t,m,0,p,tre,1,0.1,std,16,,\n",     /* 11 columns */
      "t,m,0,p,tre,1,0.1,std,16,,,ok,\n", /* 13 */
      "t,m,0,p,tre,1,0.1\n",              /* torn */
      "task\n",
      ",m,0,p,tre,1,0.1,std,16,,,ok\n", /* without a name */
      "t,,0,p,tre,1,0.1,std,16,,,ok\n",
      "t,m,0,,tre,1,0.1,std,16,,,ok\n",
      "t,m,0,p,,1,0.1,std,16,,,ok\n",
      LINE("", "1", "0.1", "16"),
      LINE("x", "1", "0.1", "16"),
      LINE("-1", "1", "0.1", "16"),
      LINE("1.5", "1", "0.1", "16"),
      LINE("2147483648", "1", "0.1", "16"),
      LINE("0", "-1", "0.1", "16"),
      LINE("0", "", "0.1", "16"),
      LINE("0", "1", "0.1x", "16"),
      LINE("0", "1", "inf", "16"),
      LINE("0", "1", "nan", "16"),
      LINE("0", "1", "1e999", "16"),
      LINE("0", "1", "0.1", ""),
      LINE("0", "1", "0.1", "-1"),
      "0123456789012345678901234567890123456789012345678,m,0,p,tre,1,0.1,std,16,,,ok\n",
      "t,m,0,p,tre,1,0.1,std,16,,,nan\n",
      "t,m,0,p,tre,1,0.1,std,16,,,\"\n",
      "t,m,0,p,tre,1,0.1,std,16,,,\n",
      "t,m,0,p,tre,1,0.1,std,16,,,3 of 16 not finite\n",
  };
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    golden_table g;
    char content[512], where[128];
    snprintf(content, sizeof content, HEAD COLUMNS LINE("0", "1", "0.1", "16") "%s", bad[i]);
    if (read_text(content, &g) != DF_E_FORMAT) fail_msg("%s", bad[i]);
    snprintf(where, sizeof where, "%s:6: ", path);
    if (strncmp(df_error_message(), where, strlen(where)) != 0) fail_msg("%s%s", bad[i], df_error_message());
    assert_true(!g.path && !g.rows && g.n == 0);
  }
}

static void a_row_without_a_value_has_its_reason(void** state) {
  (void)state;
  golden_table g;
  assert_int_equal(read_text(HEAD COLUMNS "t,m,0,p,tre,1,,std,16,,,3 of 16 not finite\n", &g), DF_OK);
  assert_true(g.n == 1 && isnan(g.rows[0].value));
  golden_clear(&g);
  assert_int_equal(read_text(HEAD COLUMNS "t,m,0,p,tre,1,0.1,std,16,,,nan\n", &g), DF_E_FORMAT);
  assert_non_null(strstr(df_error_message(), "status = 'nan': expected 'ok' beside a value"));
}

static void a_table_lacks_nothing(void** state) {
  (void)state;
  static const char* const bad[] = {
      "",
      HEAD,
      HEAD COLUMNS,
      HEAD LINE("0", "1", "0.1", "16"),
      HEAD "method,task,seed,profile,metric,k,value,unit,n,lo,hi,status\n" LINE("0", "1", "0.1", "16"),
      HEAD "task,method,seed,profile,metric,k,value,unit,n,lo,hi\n" LINE("0", "1", "0.1", "16"),
      "# task_version: 2\n# settings: abc\n" COLUMNS LINE("0", "1", "0.1", "16"),
      "# mujoco: 3.17.0\n# settings: abc\n" COLUMNS LINE("0", "1", "0.1", "16"),
      "# mujoco: 3.17.0\n# task_version: 0\n# settings: abc\n" COLUMNS LINE("0", "1", "0.1", "16"),
      "# mujoco: 3.17.0\n# task_version: 2\n" COLUMNS LINE("0", "1", "0.1", "16"),
  };
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    golden_table g;
    if (read_text(bad[i], &g) != DF_E_FORMAT) fail_msg("%s", bad[i]);
    assert_non_null(strstr(df_error_message(), path));
  }
  golden_table g;
  assert_int_equal(golden_read("/nonexistent/g.csv", &g), DF_E_MISSING);
}

/* numbers of version 1 are older than the hashes of models */
static void a_table_names_its_model_unless_its_numbers_are_of_version_1(void** state) {
  (void)state;
  static const struct {
    const char* head;
    int numbers;      /* 0: refused */
    const char* what; /* of the message */
  } cases[] = {{"", 1, ""},
               {"# numbers: 1\n", 1, ""},
               {"# numbers: 2\n# model: m\n# compiled: c\n", 2, ""},
               {"# numbers: 2\n# compiled: c\n", 0, "it lacks the line '# model: ...'"},
               {"# numbers: 2\n# model: m\n", 0, "it lacks the line '# compiled: ...'"},
               {"# numbers: 0\n", 0, ":4: numbers = '0': expected an integer from 1 to 2147483647"},
               {"# numbers: 1\n# numbers: 1\n", 0, ":5: numbers = '1': the line appears twice"}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    golden_table g;
    char content[512];
    snprintf(content, sizeof content, HEAD "%s" COLUMNS LINE("0", "1", "0.5", "16"), cases[i].head);
    assert_int_equal(read_text(content, &g), cases[i].numbers ? DF_OK : DF_E_FORMAT);
    assert_int_equal(g.numbers, cases[i].numbers);
    if (!cases[i].numbers && !strstr(df_error_message(), cases[i].what)) fail_msg("%s", df_error_message());
    golden_clear(&g);
  }
}

static void a_number_is_found_seed_by_seed(void** state) {
  (void)state;
  /* every combination of two names each, of K and of seed, in an order that is no one's */
  static const char* const names[5][2] = {{"t", "u"}, {"p", "q"}, {"m", "n"}, {"tre", "tre.x"}, {"0", "5"}};
  char content[32768];
  size_t at = (size_t)sprintf(content, HEAD COLUMNS);
  for (int seed = 0; seed < 3; seed++) {
    for (int c = 0; c < 32; c++) {
      at += (size_t)sprintf(content + at, "%s,%s,%d,%s,%s,%s,%d,std,1,,,ok\n", names[0][c & 1], names[2][c >> 2 & 1],
                            2 - seed, names[1][c >> 1 & 1], names[3][c >> 3 & 1], names[4][c >> 4 & 1],
                            100 * c + 2 - seed);
    }
  }
  golden_table g;
  assert_int_equal(read_text(content, &g), DF_OK);
  assert_int_equal(g.n, 96);
  for (int c = 0; c < 32; c++) {
    const golden_row* last = NULL;
    for (int i = 0; i < 3; i++) {
      last = golden_next(&g, last, names[0][c & 1], names[1][c >> 1 & 1], names[2][c >> 2 & 1], names[3][c >> 3 & 1],
                         c >> 4 & 1 ? 5 : 0);
      assert_non_null(last);
      assert_int_equal(last->seed, 2 - i);
      assert_true(last->value == 100 * c + 2 - i);
    }
    assert_null(golden_next(&g, last, names[0][c & 1], names[1][c >> 1 & 1], names[2][c >> 2 & 1], names[3][c >> 3 & 1],
                            c >> 4 & 1 ? 5 : 0));
  }
  assert_null(golden_next(&g, NULL, "t", "p", "m", "tre", 1));
  assert_null(golden_next(&g, NULL, "t", "p", "m", "tr", 0));
  golden_clear(&g);
}

static void every_seed_is_found(void** state) {
  (void)state;
  enum { SEEDS = 300 };
  char content[32768];
  size_t at = (size_t)sprintf(content, HEAD COLUMNS);
  for (int seed = 0; seed < SEEDS; seed++) {
    at += (size_t)sprintf(content + at, "t,m,%d,p,tre,1,0.5,std,1,,,ok\n", seed);
  }
  golden_table g;
  assert_int_equal(read_text(content, &g), DF_OK);
  int n = 0;
  const golden_row* row = golden_next(&g, NULL, "t", "p", "m", "tre", 1);
  for (; row; row = golden_next(&g, row, "t", "p", "m", "tre", 1)) assert_int_equal(row->seed, n++);
  assert_int_equal(n, SEEDS);
  golden_clear(&g);
}

/* reads the text and requires an error that is the path and `wanted` */
static void assert_refused(const char* content, const char* wanted) {
  golden_table g;
  char message[512];
  assert_int_equal(read_text(content, &g), DF_E_FORMAT);
  snprintf(message, sizeof message, "%s%s", path, wanted);
  assert_string_equal(df_error_message(), message);
  assert_true(!g.path && !g.rows && g.n == 0);
}

#define FIRST LINE("0", "1", "0.1", "16")

static void a_second_row_of_a_number_is_refused(void** state) {
  (void)state;
  /* equal or not, directly after the first or later; the earliest repetition is named */
  assert_refused(HEAD COLUMNS FIRST FIRST,
                 ":6: the row of t, m, seed 0, profile p, tre, k 1 appears twice, first in line 5; remove one");
  assert_refused(HEAD COLUMNS LINE("3", "1", "0.1", "16") FIRST "\n" LINE("1", "1", "0.1", "16")
                     LINE("0", "1", "5", "16") LINE("3", "1", "0.1", "16"),
                 ":9: the row of t, m, seed 0, profile p, tre, k 1 appears twice, first in line 6; remove one");
  /* wherever it stands among the rows of twelve seeds and three K */
  for (int second = 1; second < 36; second++) {
    text table = {0};
    char wanted[128];
    text_add(&table, "%s", HEAD COLUMNS);
    for (int i = 0; i < 36; i++) {
      const int at = i == second ? (7 + second / 2) % second : i;
      text_add(&table, "t,m,%d,p,tre,%d,1,std,1,,,ok\n", 5 * at % 12, 1 + at / 12);
    }
    const int first = (7 + second / 2) % second;
    snprintf(wanted, sizeof wanted,
             ":%d: the row of t, m, seed %d, profile p, tre, k %d appears twice, first in line %d; remove one",
             5 + second, 5 * first % 12, 1 + first / 12, 5 + first);
    assert_refused(text_of(&table), wanted);
    text_clear(&table);
  }
  /* rows that differ in one name, in K or in the seed are different numbers */
  golden_table g;
  assert_int_equal(read_text(HEAD COLUMNS FIRST "u,m,0,p,tre,1,1,std,1,,,ok\n"
                                                "t,n,0,p,tre,1,1,std,1,,,ok\n"
                                                "t,m,1,p,tre,1,1,std,1,,,ok\n"
                                                "t,m,0,q,tre,1,1,std,1,,,ok\n"
                                                "t,m,0,p,tre.x,1,1,std,1,,,ok\n"
                                                "t,m,0,p,tre,5,1,std,1,,,ok\n",
                             &g),
                   DF_OK);
  assert_int_equal(g.n, 7);
  golden_clear(&g);
}

static void each_mistake_has_its_own_message(void** state) {
  (void)state;
  static const struct {
    const char *content, *wanted;
  } cases[] = {
      {HEAD COLUMNS "t,m,0,p,tree,1,0.1,std,16,,,ok\n",
       ":5: metric = 'tree': unknown metric, see `dynaflow list metrics`"},
      {HEAD COLUMNS "t,m,0,p,tre,1,0.1,std,16,,\n",
       ":5: the row has 11 columns, not the 12 of task,method,seed,profile,metric,k,value,unit,n,lo,hi,status"},
      {HEAD COLUMNS "t,m,0,p,tre,1,nan,std,16,,,ok\n", ":5: value = 'nan': expected a finite number, or nothing"},
      {HEAD COLUMNS "t,m,0,p,tre,1,0.1,std,16,x,,ok\n", ":5: lo = 'x': expected a finite number, or nothing"},
      {HEAD COLUMNS "t,m,0,p,tre,1,0.1,std,16,,1 ,ok\n", ":5: hi = '1 ': expected a finite number, or nothing"},
      {HEAD COLUMNS "t,m, 0,p,tre,1,0.1,std,16,,,ok\n", ":5: seed = ' 0': expected an integer from 0 to 2147483647"},
      {HEAD COLUMNS "t,,0,p,tre,1,0.1,std,16,,,ok\n", ":5: method = '': expected a name"},
      {HEAD "task,method,seed,profile,metric,k,value,unit,n,lo,status\n" FIRST,
       ":4: the column 'hi' is missing; expected the columns "
       "task,method,seed,profile,metric,k,value,unit,n,lo,hi,status"},
      {HEAD "method,task,seed,profile,metric,k,value,unit,n,lo,hi,status\n" FIRST,
       ":4: column 1 is 'method', not 'task'; expected the columns "
       "task,method,seed,profile,metric,k,value,unit,n,lo,hi,status"},
      {HEAD "task,method,seed,profile,metric,k,value,unit,n,lo,hi,status,more\n" FIRST,
       ":4: 13 columns; expected the 12 columns task,method,seed,profile,metric,k,value,unit,n,lo,hi,status"},
      {"# mujoco: 3.17.0\n# task_version: 2\n" COLUMNS FIRST,
       ": not a golden table, it lacks the line '# settings: ...'"},
      {HEAD COLUMNS, ": not a golden table, it lacks a row after its columns"},
      {HEAD "# task_version: 3\n" COLUMNS FIRST, ":4: task_version = '3': the line appears twice"},
      {"# task_version: x\n" COLUMNS FIRST, ":1: task_version = 'x': expected an integer from 1 to 2147483647"},
      /* the line ends of an old Macintosh, as a whole or in one place */
      {"# mujoco: 3.17.0\r# task_version: 2\r", ":1: a carriage return within a line; end lines with LF or CRLF"},
      {HEAD COLUMNS "t,m,0,p,tre,1,0.1,s\rd,16,,,ok\n",
       ":5: a carriage return within a line; end lines with LF or CRLF"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) assert_refused(cases[i].content, cases[i].wanted);
  /* what follows a zero byte would not be read */
  static const char zero[] = HEAD COLUMNS FIRST "\0" LINE("1", "1", "0.1", "16");
  char message[128];
  golden_table g;
  make_run("");
  snprintf(path, sizeof path, "%s/g.csv", folder);
  assert_int_equal(df_file_write(path, zero, sizeof zero - 1), DF_OK);
  assert_int_equal(golden_read(path, &g), DF_E_FORMAT);
  snprintf(message, sizeof message, "%s: the file contains a zero byte", path);
  assert_string_equal(df_error_message(), message);
  remove_run();
}

static void line_ends_and_a_byte_order_mark_change_nothing(void** state) {
  (void)state;
  static const char plain[] = HEAD COLUMNS "t,m,0,p,tre,1,0.1,std,16,,,ok\n\nt,m,1,p,tre,1,,std,16,,,ok";
  for (int variant = 1; variant < 4; variant++) {
    char content[512] = "";
    size_t n = 0;
    if (variant & 1) n += (size_t)sprintf(content, "\xef\xbb\xbf");
    for (const char* p = plain; *p; p++) {
      if (variant & 2 && *p == '\n') content[n++] = '\r';
      content[n++] = *p;
    }
    golden_table g;
    assert_int_equal(read_text(content, &g), DF_OK);
    assert_string_equal(g.mujoco, "3.17.0");
    assert_string_equal(g.settings, "abc");
    assert_int_equal(g.task_version, 2);
    assert_int_equal(g.n, 2);
    assert_true(g.rows[0].value == 0.1 && g.rows[0].line == 5);
    assert_true(isnan(g.rows[1].value) && g.rows[1].line == 7);
    golden_clear(&g);
  }
}

/* ---- writing ---- */

static const double values[] = {
    0.1,         1.0 / 3, 0.1 + 0.2,           DBL_MAX, DBL_MIN,         4.9406564584124654e-324,
    DBL_EPSILON, -0.0,    123456789012345.678, -1e-300, 1 + DBL_EPSILON, 0};
enum { VALUES = sizeof values / sizeof values[0] };

static void what_is_written_is_read_to_the_last_bit(void** state) {
  (void)state;
  run_view r;
  golden_table g;
  begin_records();
  /* methods in the order of the run, and of each its seeds; a cell that is not done is left out */
  static const char* const methods[] = {"b", "a", "b", "a"};
  static const int seeds[] = {4, 7, 2, 8};
  for (int c = 0; c < 4; c++) {
    json_t* cell = add_cell(methods[c], seeds[c]);
    for (int i = 0; i < VALUES; i++) {
      char metric[32];
      snprintf(metric, sizeof metric, "tre.%d", i);
      add_row(cell, metric, i, c & 1 ? -values[i] : values[i], values[i], NAN);
    }
    add_value(cell, "sae_own", 0, NAN);
    json_t* odd = add_row(cell, "survival", 2, NAN, NAN, NAN);
    set_text(odd, "unit", "a,b\nc");
    set_text(odd, "status", "comma, and\ttab");
    if (c == 3) set_text(cell, "status", "error");
    set_text(json_object_get(cell, "provenance"), "mujoco", "3.17.0");
    set_text(json_object_get(cell, "config"), "task.version", "12");
    set_text(json_object_get(cell, "config"), "eval.windows", "123");
    set_text(cell, "model_sha256", "all files");
    set_text(cell, "compiled_sha256", "what they compile to");
    if (c == 0) json_object_set_new(cell, GOLDEN_SECONDS, json_real(12.3456));
    if (c == 1) json_object_set_new(cell, GOLDEN_SECONDS, json_real(0));
  }
  open_run(&r);
  snprintf(path, sizeof path, "%s/deep/er/g.csv", folder);
  assert_int_equal(golden_write(&r, &r.groups[0], "first,\nof all", folder, "deep/er/g.csv"), DF_OK);
  assert_int_equal(golden_read(path, &g), DF_OK);
  assert_string_equal(g.mujoco, "3.17.0");
  assert_int_equal(g.task_version, 12);
  assert_string_equal(g.model, "all files");
  assert_string_equal(g.compiled, "what they compile to");
  assert_string_equal(string_of(g.listed, "eval.windows"), "123");
  assert_null(json_object_get(g.listed, "task.version")); /* not shared */
  assert_int_equal(g.n, 3 * (VALUES + 2) + 1);
  /* b with seeds 4 and 2, then a with seed 7 */
  static const int wanted[] = {0, 2, 1};
  const golden_row* row = g.rows;
  for (int w = 0; w < 3; w++) {
    const int c = wanted[w];
    for (int i = 0; i < VALUES; i++, row++) {
      const double value = c & 1 ? -values[i] : values[i];
      assert_memory_equal(&row->value, &value, sizeof value);
      assert_int_equal(row->k, i);
      assert_int_equal(row->seed, seeds[c]);
      assert_string_equal(row->method, methods[c]);
    }
    assert_true(isnan(row->value) && strcmp(row->metric, "sae_own") == 0);
    row++;
    assert_true(isnan(row->value) && strcmp(row->metric, "survival") == 0);
    row++;
    if (c == 0) {
      /* for people: three digits */
      assert_string_equal(row->metric, GOLDEN_SECONDS);
      assert_true(row->value == 12.3);
      row++;
    }
  }
  golden_clear(&g);
  close_run(&r);
}

static void the_columns_are_those_of_the_record(void** state) {
  (void)state;
  run_view r;
  char* data;
  size_t n;
  begin_records();
  json_t* cell = add_cell("m", 3);
  json_t* row = add_row(cell, "tre", 5, 0.25, 0.125, 0.5);
  json_object_set_new(row, "n", json_integer(16));
  set_text(json_object_get(cell, "provenance"), "mujoco", "3.17.0");
  open_run(&r);
  snprintf(path, sizeof path, "%s/g.csv", folder);
  assert_int_equal(golden_write(&r, &r.groups[0], "because", folder, "g.csv"), DF_OK);
  assert_int_equal(df_file_read(path, &data, &n), DF_OK);
  assert_non_null(strstr(data, "\n" COLUMNS "t,m,3,p,tre,5,0.25,std,16,0.125,0.5,ok\n"));
  assert_non_null(strstr(data, "\n# reason: because\n"));
  assert_non_null(strstr(data, "\n# task_version: 1\n")); /* of a record that has none */
  df_free(data);
  close_run(&r);
}

static void a_reason_keeps_its_commas(void** state) {
  (void)state;
  run_view r;
  char* data;
  size_t n;
  begin_records();
  add_value(add_cell("m", 3), "tre", 5, 0.25);
  set_text(json_object_get(json_array_get(records, 0), "provenance"), "mujoco", "3.17.0");
  set_text(json_object_get(json_array_get(records, 0), "provenance"), "cpu", "A, B");
  open_run(&r);
  snprintf(path, sizeof path, "%s/g.csv", folder);
  assert_int_equal(golden_write(&r, &r.groups[0], "first, second\nand third, =cmd", folder, "g.csv"), DF_OK);
  assert_int_equal(df_file_read(path, &data, &n), DF_OK);
  assert_non_null(strstr(data, "\n# reason: first, second and third, '=cmd\n"));
  assert_non_null(strstr(data, "\n# cpu: A, B\n"));
  df_free(data);
  close_run(&r);
}

static void what_could_not_be_read_again_is_not_written(void** state) {
  (void)state;
  /* a row twice, an unknown metric, a comma in a name */
  for (int what = 0; what < 3; what++) {
    run_view r;
    begin_records();
    json_t* cell = add_cell(what == 2 ? "m,n" : "m", 3);
    add_value(cell, "tre", 5, 0.25);
    add_value(cell, what == 1 ? "tree" : "tre", what == 0 ? 5 : 1, 0.5);
    set_text(json_object_get(cell, "provenance"), "mujoco", "3.17.0");
    open_run(&r);
    snprintf(path, sizeof path, "%s/g.csv", folder);
    assert_int_equal(golden_write(&r, &r.groups[0], "because", folder, "g.csv"), DF_E_FORMAT);
    assert_non_null(strstr(df_error_message(), "no golden table is written: "));
    assert_false(df_file_exists(path));
    close_run(&r);
  }
}

static void nothing_done_is_no_table(void** state) {
  (void)state;
  run_view r;
  begin_records();
  set_text(add_cell("m", 3), "status", "error");
  open_run(&r);
  snprintf(path, sizeof path, "%s/g.csv", folder);
  assert_int_equal(golden_write(&r, &r.groups[0], "because", folder, "g.csv"), DF_E_MISSING);
  assert_false(df_file_exists(path));
  close_run(&r);
}

/* ---- settings ---- */

static void the_sum_of_settings_is_over_what_methods_share(void** state) {
  (void)state;
  char sum[DF_SHA256_TEXT], wanted[DF_SHA256_TEXT];
  json_t* record = json_object();
  json_t* config = json_object();
  static const char* const settings[][2] = {
      {"task.name", "t"},     {"system.model", "m.xml"}, {"system.model_url", "u"}, {"action.center", "0"},
      {"data.file", "f.npz"}, {"data.url", "u"},         {"window.horizon", "16"},  {"split.test_every", "10"},
      {"chart.relative", ""}, {"net.width", "96"},       {"train.steps", "9"},      {"eval.windows", "64"}};
  for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) set_text(config, settings[i][0], settings[i][1]);
  json_object_set_new(record, "config", config);
  static const char shared[] =
      "system.model m.xml\ndata.file f.npz\nwindow.horizon 16\nsplit.test_every 10\nchart.relative \neval.windows 64\n";
  assert_int_equal(df_sha256(shared, strlen(shared), wanted), DF_OK);
  assert_int_equal(golden_settings(record, sum), DF_OK);
  assert_string_equal(sum, wanted);
  set_text(config, "train.steps", "10");
  assert_int_equal(golden_settings(record, sum), DF_OK);
  assert_string_equal(sum, wanted);
  /* settings that older records lack count from where they differ from their defaults */
  set_text(config, "gait.start_noise", "0");
  set_text(config, "gait.hold", "");
  assert_int_equal(golden_settings(record, sum), DF_OK);
  assert_string_equal(sum, wanted);
  set_text(config, "gait.start_noise", "1");
  assert_int_equal(golden_settings(record, sum), DF_OK);
  assert_string_not_equal(sum, wanted);
  set_text(config, "gait.start_noise", "0");
  assert_int_equal(golden_settings(record, sum), DF_OK);
  assert_string_equal(sum, wanted);
  set_text(config, "eval.windows", "65");
  assert_int_equal(golden_settings(record, sum), DF_OK);
  assert_string_not_equal(sum, wanted);
  json_decref(record);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rows_are_read_and_comments_are_not_rows),
      cmocka_unit_test(what_is_no_row_is_refused_by_its_line),
      cmocka_unit_test(a_row_without_a_value_has_its_reason),
      cmocka_unit_test(a_table_lacks_nothing),
      cmocka_unit_test(a_table_names_its_model_unless_its_numbers_are_of_version_1),
      cmocka_unit_test(a_number_is_found_seed_by_seed),
      cmocka_unit_test(every_seed_is_found),
      cmocka_unit_test(a_second_row_of_a_number_is_refused),
      cmocka_unit_test(each_mistake_has_its_own_message),
      cmocka_unit_test(line_ends_and_a_byte_order_mark_change_nothing),
      cmocka_unit_test(what_is_written_is_read_to_the_last_bit),
      cmocka_unit_test(the_columns_are_those_of_the_record),
      cmocka_unit_test(a_reason_keeps_its_commas),
      cmocka_unit_test(what_could_not_be_read_again_is_not_written),
      cmocka_unit_test(nothing_done_is_no_table),
      cmocka_unit_test(the_sum_of_settings_is_over_what_methods_share),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
