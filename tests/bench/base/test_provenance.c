/* The description of program and machine in records. */
#include "provenance.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "json.h"

static void the_facts_of_the_caller_come_out(void** state) {
  (void)state;
  machine_facts facts = {.mujoco = "3.17.0", .libcurl = "7.1", .libzip = "1.2", .cores = 5, .threads = 3};
  json_t* o = provenance_json(&facts);
  const json_t* libraries = json_object_get(o, "libraries");
  assert_string_equal(string_of(o, "mujoco"), "3.17.0");
  assert_string_equal(string_of(libraries, "libcurl"), "7.1");
  assert_string_equal(string_of(libraries, "libzip"), "1.2");
  assert_string_equal(string_of(libraries, "jansson"), jansson_version_str());
  assert_true(strlen(string_of(libraries, "libc")) > 0 && strlen(string_of(libraries, "openssl")) > 0);
  assert_int_equal(json_object_size(libraries), 5);
  assert_true(number_of(json_object_get(o, "cores")) == 5);
  assert_true(number_of(json_object_get(o, "threads")) == 3);
  assert_true(json_is_null(json_object_get(o, "blas")));
  json_decref(o);
  facts.blas_kernel = "Haswell";
  facts.blas_config = "OpenBLAS 0.3";
  o = provenance_json(&facts);
  assert_string_equal(string_of(json_object_get(o, "blas"), "kernel"), "Haswell");
  assert_string_equal(string_of(json_object_get(o, "blas"), "config"), "OpenBLAS 0.3");
  json_decref(o);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_facts_of_the_caller_come_out),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
