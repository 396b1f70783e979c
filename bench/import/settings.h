/* settings.h: the settings of a task that is being written, each with the reason for its value. */
#ifndef BENCH_IMPORT_SETTINGS_H
#define BENCH_IMPORT_SETTINGS_H

#include <stdbool.h>

#include "dynaflow/config/config.h"
#include "text.h"

typedef struct setting {
  char* key;   /* as in task.yaml, e.g. "train.steps" or "profiles.smoke.train.steps" */
  char* value; /* as for --set: items of lists joined by commas */
  char* why;   /* "": no reason */
  bool given;  /* by the user */
  bool kept;   /* settings_keep() */
} setting;

/* in the order in which their sections and keys were put; {0} is empty; free with settings_clear() */
typedef struct settings {
  setting* list;
  int n;
} settings;

/* Put a text or a number, in the shortest form that reads back exactly, or replace it; a value that the user gave is
 * not replaced. `why` is the format of the reason. Out of memory, these functions end the program as text_add() does.
 */
void settings_put(settings* s, const char* key, const char* value);
void settings_put_why(settings* s, const char* key, const char* value, const char* why, ...) DF_PRINTF(4, 5);
void settings_put_number(settings* s, const char* key, double value);
void settings_put_number_why(settings* s, const char* key, double value, const char* why, ...) DF_PRINTF(4, 5);
/* Puts the value of "key=value" that the user gave. */
void settings_give(settings* s, const char* assignment);
/* Marks a setting as the documented convention of the layout, which the check of the recording does not change; to put
 * the setting again removes the mark. */
void settings_keep(settings* s, const char* key);
/* Removes a setting, unless the user gave it. */
void settings_drop(settings* s, const char* key);
const setting* settings_find(const settings* s, const char* key); /* NULL: not set */
void settings_clear(settings* s);

/* Sets *config to the defaults with these settings; those of profiles are left out. Errors: those of df_config_set(),
 * which name the setting. */
DF_MUST_CHECK df_status settings_config(const settings* s, df_config* config);

/* Appends the task file: `title` as a comment, then each section with its keys, reasons as comments. */
void settings_yaml(const settings* s, const char* title, text* out);

/* Appends `value` as the shortest text that reads back exactly. */
void add_number(text* out, double value);

#endif
