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
  assert_string_equal(b->task, "u");
  assert_string_equal(b->method, "n");
  assert_string_equal(b->profile, "q");
  assert_string_equal(b->metric, "effort.x");
  assert_true(b->seed == 2147483647 && b->k == 0 && isnan(b->value));
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
    const golden_row* rows[SEED_VALUES_MAX];
    const int n = golden_find(&g, names[0][c & 1], names[1][c >> 1 & 1], names[2][c >> 2 & 1], names[3][c >> 3 & 1],
                              c >> 4 & 1 ? 5 : 0, rows);
    assert_int_equal(n, 3);
    for (int i = 0; i < 3; i++) {
      assert_int_equal(rows[i]->seed, 2 - i);
      assert_true(rows[i]->value == 100 * c + 2 - i);
    }
  }
  const golden_row* rows[SEED_VALUES_MAX];
  assert_int_equal(golden_find(&g, "t", "p", "m", "tre", 1, rows), 0);
  assert_int_equal(golden_find(&g, "t", "p", "m", "tr", 0, rows), 0);
  golden_clear(&g);
}

static void more_seeds_than_fit_are_cut_off(void** state) {
  (void)state;
  char content[16384];
  size_t at = (size_t)sprintf(content, HEAD COLUMNS);
  for (int seed = 0; seed < SEED_VALUES_MAX + 6; seed++) {
    at += (size_t)sprintf(content + at, "t,m,%d,p,tre,1,0.5,std,1,,,ok\n", seed);
  }
  golden_table g;
  const golden_row* rows[SEED_VALUES_MAX];
  assert_int_equal(read_text(content, &g), DF_OK);
  assert_int_equal(golden_find(&g, "t", "p", "m", "tre", 1, rows), SEED_VALUES_MAX);
  golden_clear(&g);
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
    json_t* odd = add_row(cell, "survival", 2, 1, NAN, NAN);
    set_text(odd, "unit", "a,b\nc");
    set_text(odd, "status", "comma, and\ttab");
    if (c == 3) set_text(cell, "status", "error");
    set_text(json_object_get(cell, "provenance"), "mujoco", "3.17.0");
    set_text(json_object_get(cell, "config"), "task.version", "12");
    if (c == 0) json_object_set_new(cell, GOLDEN_SECONDS, json_real(12.3456));
    if (c == 1) json_object_set_new(cell, GOLDEN_SECONDS, json_real(0));
  }
  open_run(&r);
  snprintf(path, sizeof path, "%s/deep/er/g.csv", folder);
  assert_int_equal(golden_write(&r, &r.groups[0], "first,\nof all", path), DF_OK);
  assert_int_equal(golden_read(path, &g), DF_OK);
  assert_string_equal(g.mujoco, "3.17.0");
  assert_int_equal(g.task_version, 12);
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
    assert_true(row->value == 1 && strcmp(row->metric, "survival") == 0);
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
  open_run(&r);
  snprintf(path, sizeof path, "%s/g.csv", folder);
  assert_int_equal(golden_write(&r, &r.groups[0], "because", path), DF_OK);
  assert_int_equal(df_file_read(path, &data, &n), DF_OK);
  assert_non_null(strstr(data, "\n" COLUMNS "t,m,3,p,tre,5,0.25,std,16,0.125,0.5,ok\n"));
  assert_non_null(strstr(data, "\n# reason: because\n"));
  assert_non_null(strstr(data, "\n# task_version: 1\n")); /* of a record that has none */
  df_free(data);
  close_run(&r);
}

static void nothing_done_is_no_table(void** state) {
  (void)state;
  run_view r;
  begin_records();
  set_text(add_cell("m", 3), "status", "error");
  open_run(&r);
  snprintf(path, sizeof path, "%s/g.csv", folder);
  assert_int_equal(golden_write(&r, &r.groups[0], "because", path), DF_E_MISSING);
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
  set_text(config, "eval.windows", "65");
  assert_int_equal(golden_settings(record, sum), DF_OK);
  assert_string_not_equal(sum, wanted);
  json_decref(record);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rows_are_read_and_comments_are_not_rows),
      cmocka_unit_test(what_is_no_row_is_refused_by_its_line),
      cmocka_unit_test(a_table_lacks_nothing),
      cmocka_unit_test(a_number_is_found_seed_by_seed),
      cmocka_unit_test(more_seeds_than_fit_are_cut_off),
      cmocka_unit_test(what_is_written_is_read_to_the_last_bit),
      cmocka_unit_test(the_columns_are_those_of_the_record),
      cmocka_unit_test(nothing_done_is_no_table),
      cmocka_unit_test(the_sum_of_settings_is_over_what_methods_share),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
