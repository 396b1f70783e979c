#include "numbers.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dynaflow/core/c_locale.h"
#include "experts.h"
#include "json.h"
#include "key.h"
#include "store.h"

static const json_t* find(const json_t* record, const char* list, const char* metric, int k) {
  size_t i;
  json_t* one;
  json_array_foreach(json_object_get(record, list), i, one) {
    if (strcmp(string_of(one, "metric"), metric) == 0 && number_k(one) == k) return one;
  }
  return NULL;
}

const json_t* number_row(const json_t* record, const char* metric, int k) {
  return find(record, "rows", metric, k);
}

const json_t* number_values(const json_t* record, const char* metric, int k) {
  return json_object_get(find(record, "samples", metric, k), "values");
}

int number_k(const json_t* number) {
  return (int)json_integer_value(json_object_get(number, "k"));
}

double number_value(const json_t* number) {
  return number_of(json_object_get(number, "value"));
}

int number_n(const json_t* number) {
  return (int)json_integer_value(json_object_get(number, "n"));
}

double number_at(const json_t* values, size_t i) {
  return number_of(json_array_get(values, i));
}

bool record_is_current(const json_t* record) {
  return json_integer_value(json_object_get(record, "numbers")) == NUMBERS_VERSION;
}

bool record_is_of_program(const json_t* record) {
  return record_is_current(record) && !string_of(record, "plugin_sha256")[0] &&
         !json_object_get(record, "trajectories");
}

bool record_is_expert(const json_t* record) {
  return is_expert(string_of(record, "method"));
}

long record_count(const json_t* record, const char* setting) {
  const char* value = string_of(json_object_get(record, "config"), setting);
  char* end;
  const long number = strtol(value, &end, 10);
  return *value && !*end ? number : -1;
}

double record_real(const json_t* record, const char* setting) {
  const char* value = string_of(json_object_get(record, "config"), setting);
  char* end;
  const double number = df_read_double(value, &end);
  return *value && !*end ? number : NAN;
}

int record_windows(const json_t* record) {
  const json_t* episodes = json_object_get(json_object_get(record, "windows"), "episode");
  return episodes ? (int)json_array_size(episodes) : -1;
}

double record_dt(const json_t* record) {
  static const char* const lists[] = {"motions", "examples"};
  for (int i = 0; i < 2; i++) {
    const double dt = number_of(json_object_get(json_array_get(json_object_get(record, lists[i]), 0), "dt"));
    if (dt > 0) return dt;
  }
  return NAN;
}

void verify_done(verifier* v, void (*look)(verifier* v, const json_t* record)) {
  size_t i;
  json_t* record;
  json_array_foreach(store_records(v->r->source), i, record) {
    if (verify_is_done(record)) look(v, record);
  }
}
