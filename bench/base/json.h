/* json.h: reads values from JSON without a NULL check at every step. */
#ifndef BENCH_BASE_JSON_H
#define BENCH_BASE_JSON_H

#include <jansson.h>

/* The number `v` as a double; NaN if `v` is NULL, null or any other type. */
double number_of(const json_t* v);

/* The string at `key`, owned by `object`; "" if the key is missing or its value is not a string. `object` may be NULL.
 */
const char* string_of(const json_t* object, const char* key);

/* A new JSON number; null for NaN and infinities, which JSON cannot hold. */
json_t* json_number(double v);

/* A new JSON string. Bytes that are not UTF-8, which JSON cannot hold, are shown as by text_add_plain(). */
json_t* json_text(const char* s);

#endif
