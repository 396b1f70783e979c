/* json.h: reading values from JSON without a NULL check at every step. */
#ifndef BENCH_JSON_H
#define BENCH_JSON_H

#include <jansson.h>

/* The number, or NaN for null, for NULL and for any other kind of value. */
double number_of(const json_t* v);

/* The string under `key`, or "" if there is none; owned by the object. `object` may be NULL. */
const char* string_of(const json_t* object, const char* key);

#endif
