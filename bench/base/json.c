#include "json.h"

#include <math.h>

const char* string_of(const json_t* object, const char* key) {
  const char* s = json_string_value(json_object_get(object, key));
  return s ? s : "";
}

double number_of(const json_t* v) {
  return json_is_number(v) ? json_number_value(v) : NAN;
}
