/* remedy.h: settings with which something would be right, as keys and values, and words for what no setting says. They
 * are written as text last, "data.a = x, data.b = y". */
#ifndef BENCH_BASE_REMEDY_H
#define BENCH_BASE_REMEDY_H

#include <stdbool.h>

#include "dynaflow/config/config.h"

typedef struct remedy_setting {
  char *key, *value; /* owned */
} remedy_setting;

/* {0} is empty: no remedy is known. */
typedef struct remedy {
  remedy_setting* list; /* owned; each key once */
  int n;
  char* words; /* what is to be done that no setting says; NULL: nothing; owned */
} remedy;

/* Out of memory, these functions end the program as text_add() does. */

/* Adds a setting, or replaces its value. */
void remedy_set(remedy* r, const char* key, const char* format, ...) DF_PRINTF(3, 4);
void remedy_say(remedy* r, const char* format, ...) DF_PRINTF(2, 3);
/* Appends the settings of another remedy, and takes its words if it has any. */
void remedy_add(remedy* to, const remedy* from);
void remedy_clear(remedy* r);

bool remedy_is_empty(const remedy* r);
/* the value of a setting, NULL: it is not set */
const char* remedy_value(const remedy* r, const char* key);
/* "data.a = x, data.b = y, words"; "" if empty; free it with df_free() */
char* remedy_text(const remedy* r);

/* Sets what the settings say; errors name `origin`. Errors: those of df_config_set(). */
DF_MUST_CHECK df_status remedy_apply(const remedy* r, df_config* config, const char* origin);

#endif
