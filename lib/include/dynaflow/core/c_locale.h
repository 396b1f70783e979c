/* c_locale.h: numbers as text with a decimal point, whatever locale the program has set: a comma is no part of a number
 * in any file that the library reads or writes. Safe from any thread; the locale of the program stays as it is. */
#ifndef DYNAFLOW_CORE_C_LOCALE_H
#define DYNAFLOW_CORE_C_LOCALE_H

#include <stddef.h>

#include "dynaflow/core/status.h"

DF_BEGIN_DECLS

/* strtod() and strtof() in the locale "C", which read no hexadecimal number: *end is `text` then, and the result 0. */
DF_API double df_read_double(const char* text, char** end);
DF_API float df_read_float(const char* text, char** end);

/* snprintf(out, size, format, digits, value) in the locale "C"; the format has "%.*g", "%.*e" or "%.*f". */
DF_API int df_write_number(char* out, size_t size, const char* format, int digits, double value);

DF_END_DECLS

#endif
