#include "json.h"

#include <math.h>

#include "escape.h"
#include "text.h"

const char* string_of(const json_t* object, const char* key) {
  const char* s = json_string_value(json_object_get(object, key));
  return s ? s : "";
}

double number_of(const json_t* v) {
  return json_is_number(v) ? json_number_value(v) : NAN;
}

json_t* json_number(double v) {
  return isfinite(v) ? json_real(v) : json_null();
}

json_t* json_text(const char* s) {
  json_t* v = json_string(s);
  if (v) return v;
  text plain = {0};
  text_add_plain(&plain, s);
  v = json_string(text_of(&plain));
  text_clear(&plain);
  return v;
}
