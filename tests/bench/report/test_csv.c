/* The machine-readable files of a report: every column under its name, to the last bit. */
#define _GNU_SOURCE
#include "csv.h"

#include "dynaflow/core/alloc.h"
#include "records.h"

static void assert_file(const char* name, const char* wanted) {
  char path[96];
  char* data;
  size_t n;
  snprintf(path, sizeof path, "%s/%s", folder, name);
  assert_int_equal(df_file_read(path, &data, &n), DF_OK);
  assert_string_equal(data, wanted);
  df_free(data);
}

static void every_column_holds_its_field(void** state) {
  (void)state;
  run_view r;
  begin_records();
  json_t* plan = add_plan("p");
  add_planned(plan, "a", 3, NULL);
  add_planned(plan, "a", 4, NULL);
  add_planned(plan, "b", 3, NULL);
  json_t* cell = add_cell("a", 3);
  json_t* one = add_row(cell, "tre", 5, 0.1 + 0.2, 0.125, 1e-300);
  set_text(one, "unit", "a,\"b\"\nc");
  json_object_set_new(one, "n", json_integer(16));
  add_value(cell, "sae_own", 0, NAN);
  cell = add_cell("b", 3);
  add_value(cell, "tre", 5, 7); /* of a cell that did not end well: no number is shown */
  set_text(cell, "status", "timeout");
  json_object_set_new(json_array_get(records, 1), "train_cpu_s", json_real(0.1));
  json_object_set_new(json_array_get(records, 1), "cpu_s", json_real(2.5));
  json_object_set_new(json_array_get(records, 1), "wall_s", json_real(1.25));
  json_object_set_new(cell, "wall_s", json_real(9));
  open_run(&r);
  assert_int_equal(csv_write(&r, folder), DF_OK);
  assert_file("results.csv",
              "task,method,seed,profile,metric,k,value,unit,n,lo,hi,status\n"
              "t,a,3,p,tre,5,0.30000000000000004,\"a,\"\"b\"\"\nc\",16,0.125,1e-300,ok\n"
              "t,a,3,p,sae_own,0,,std,4,,,why\n"
              "t,a,4,p,,0,,,,,,not run\n"
              "t,b,3,p,,0,,,,,,timeout\n");
  assert_int_equal(times_write(&r, folder), DF_OK);
  assert_file("times.csv",
              "task,method,seed,profile,status,train_cpu_s,cpu_s,wall_s\n"
              "t,a,3,p,done,0.10000000000000001,2.5,1.25\n"
              "t,a,4,p,not run,,,\n"
              "t,b,3,p,timeout,,,9\n");
  close_run(&r);
}

static void a_field_that_ends_a_line_somewhere_is_quoted(void** state) {
  (void)state;
  static const char* const units[] = {"a\rb", "a\nb", "a,b", "a b"};
  run_view r;
  text wanted = {0};
  begin_records();
  text_add(&wanted, "task,method,seed,profile,metric,k,value,unit,n,lo,hi,status\n");
  for (int i = 0; i < 4; i++) {
    set_text(add_row(add_cell("a", i), "tre", 1, 0.5, NAN, NAN), "unit", units[i]);
    const char* quote = i < 3 ? "\"" : "";
    text_add(&wanted, "t,a,%d,p,tre,1,0.5,%s%s%s,4,,,ok\n", i, quote, units[i], quote);
  }
  open_run(&r);
  assert_int_equal(csv_write(&r, folder), DF_OK);
  assert_file("results.csv", text_of(&wanted));
  text_clear(&wanted);
  close_run(&r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_column_holds_its_field),
      cmocka_unit_test(a_field_that_ends_a_line_somewhere_is_quoted),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
