/* What a method measures of itself, as a part of a record. */
#include "diagnostics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "dynaflow/core/alloc.h"
#include "json.h"

static df_status measure(void* self, df_diagnostics* out) {
  out->n_gates = 2;
  out->gate[0] =
      (df_gate){.name = "good", .unit = "std", .value = 0.25, .reference = 0.5, .passed = true, .sentence = "no"};
  out->gate[1] = (df_gate){.name = "bad", .unit = "m", .value = 3, .reference = 2, .sentence = "nothing follows"};
  out->n_curves = 1;
  out->curve[0] = (df_diagnostic_curve){.name = "c",
                                        .unit = "m",
                                        .n = 2,
                                        .flow_time = {0, 0.5},
                                        .value = {1, 7},
                                        .reference = 4,
                                        .reference_name = "copy"};
  out->curve[0].n = *(int*)self;
  return DF_OK;
}

static df_status nothing(void* self, df_diagnostics* out) {
  (void)self, (void)out;
  return DF_OK;
}

static df_status failing(void* self, df_diagnostics* out) {
  (void)self, (void)out;
  return df_fail(DF_E_SIM, "no simulator");
}

static void gates_and_curves_are_in_the_record(void** state) {
  (void)state;
  const df_method method = {.name = "m", .diagnose = measure};
  int points = 2;
  json_t* d;
  assert_int_equal(diagnose(&method, &points, &d), DF_OK);
  json_t* wanted = json_loads(
      "{\"gates\":[{\"name\":\"good\",\"unit\":\"std\",\"value\":0.25,\"reference\":0.5,\"passed\":true,\"sentence\":"
      "\"no\"},"
      "{\"name\":\"bad\",\"unit\":\"m\",\"value\":3.0,\"reference\":2.0,\"passed\":false,\"sentence\":\"nothing "
      "follows\"}],"
      "\"curves\":[{\"name\":\"c\",\"unit\":\"m\",\"flow_time\":[0.0,0.5],\"value\":[1.0,7.0],\"reference\":4.0,"
      "\"reference_name\":\"copy\"}]}",
      0, NULL);
  assert_non_null(wanted);
  assert_true(json_equal(d, wanted));

  /* the words of each, and a note for the one that failed */
  const json_t* gates = json_object_get(d, "gates");
  char *good = gate_words(json_array_get(gates, 0)), *bad = gate_words(json_array_get(gates, 1));
  assert_string_equal(good, "gate good: passed (0.25, reference 0.5, std)");
  assert_string_equal(bad, "gate bad: FAILED (3, reference 2, m): nothing follows");
  json_t* notes = json_array();
  note_gates(notes, d);
  assert_int_equal(json_array_size(notes), 1);
  assert_string_equal(json_string_value(json_array_get(notes, 0)), bad);
  note_gates(notes, NULL);
  assert_int_equal(json_array_size(notes), 1);
  df_free(good);
  df_free(bad);
  json_decref(notes);
  json_decref(wanted);
  json_decref(d);
}

static void a_method_may_have_none(void** state) {
  (void)state;
  json_t* d = NULL;
  const df_method without = {.name = "m"}, empty = {.name = "m", .diagnose = nothing};
  assert_int_equal(diagnose(&without, NULL, &d), DF_OK);
  assert_null(d);
  assert_int_equal(diagnose(&empty, NULL, &d), DF_OK);
  assert_null(d);
}

static void failures_and_impossible_counts_are_errors(void** state) {
  (void)state;
  json_t* d = NULL;
  const df_method fails = {.name = "m", .diagnose = failing}, counts = {.name = "m", .diagnose = measure};
  assert_int_equal(diagnose(&fails, NULL, &d), DF_E_SIM);
  assert_null(d);
  int points = DF_CURVE_POINTS + 1;
  assert_int_equal(diagnose(&counts, &points, &d), DF_E_ARG);
  for (int i = 0; i < 2; i++) {
    points = i ? DF_CURVE_POINTS : 0;
    assert_int_equal(diagnose(&counts, &points, &d), DF_OK);
    const json_t* curve = json_array_get(json_object_get(d, "curves"), 0);
    assert_int_equal(json_array_size(json_object_get(curve, "value")), points);
    json_decref(d);
    d = NULL;
  }
  points = -1;
  assert_int_equal(diagnose(&counts, &points, &d), DF_E_ARG);
  assert_null(d);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(gates_and_curves_are_in_the_record),
                                     cmocka_unit_test(a_method_may_have_none),
                                     cmocka_unit_test(failures_and_impossible_counts_are_errors)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
