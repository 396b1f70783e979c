/* comma_locale.h: a locale whose numbers have a decimal comma, for tests of what must not depend on it. */
#ifndef TESTS_SUPPORT_COMMA_LOCALE_H
#define TESTS_SUPPORT_COMMA_LOCALE_H

#include <locale.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "test_file.h"

/* Sets it for the program, made from the sources of the C library if the machine has none; false if it cannot be had.
 * set_point_locale() undoes it. */
static inline bool set_comma_locale(void) {
  char command[1024];
  snprintf(command, sizeof command, "localedef -i de_DE -f UTF-8 '%s' >/dev/null 2>&1", test_file("de_DE.UTF-8"));
  if (!setlocale(LC_ALL, "de_DE.UTF-8")) {
    (void)!system(command);
    setenv("LOCPATH", test_folder(), 1);
  }
  return setlocale(LC_ALL, "de_DE.UTF-8") && strtod("0,5", NULL) == 0.5;
}

static inline void set_point_locale(void) {
  setlocale(LC_ALL, "C");
}

#endif
