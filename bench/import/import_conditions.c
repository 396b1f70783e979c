#define _POSIX_C_SOURCE 200809L
#include "import_conditions.h"

#include <ctype.h>
#include <string.h>

#include "dynaflow/core/alloc.h"

/* the longest word that is compared; the largest number of axes of an array, the most conditions in one */
enum { LETTERS = 16, MOST_AXES = 3, MOST_CONDITIONS = 64 };

static bool is_among(const char* word, const char* const* list, size_t n) {
  size_t i = 0;
  while (i < n && strcmp(word, list[i]) != 0) i++;
  return i < n;
}

bool is_condition_name(const char* array) {
  static const char* const asked[] = {"command",   "commands", "commanded", "cmd",     "cmds",    "goal",
                                      "goals",     "desired",  "target",    "targets", "speed",   "speeds",
                                      "direction", "vx",       "vy",        "wz",      "heading", "gait"};
  static const char* const others[] = {"achieved", "reached", "measured", "reward", "success", "done"};
  const char* slash = strrchr(array, '/');
  bool is_asked = false, is_other = false;
  for (const char* at = slash ? slash + 1 : array; *at;) {
    char word[LETTERS] = "";
    size_t n = 0;
    for (; isalnum((unsigned char)at[n]); n++) {
      if (n + 1 < sizeof word) word[n] = (char)tolower((unsigned char)at[n]);
    }
    is_asked = is_asked || is_among(word, asked, sizeof asked / sizeof *asked);
    is_other = is_other || is_among(word, others, sizeof others / sizeof *others);
    at += n + (at[n] != '\0');
  }
  return is_asked && !is_other;
}

/* whether data.conditions can name it, and its size is that of conditions */
static bool is_candidate(const df_array_info* a) {
  const size_t columns = a->rank > 1 ? a->shape[a->rank - 1] : 1;
  return a->rank >= 1 && a->rank <= MOST_AXES && (a->rank < MOST_AXES || columns <= MOST_CONDITIONS) &&
         !strpbrk(a->name, ",+@*?[]\n") && is_condition_name(a->name);
}

/* puts `value`, or none if it is "" */
static void put(work* w, const char* value) {
  if (value[0])
    settings_put_why(w->found, "data.conditions", value,
                     "named like what the motion was asked for; remove what was only measured");
  else
    settings_drop(w->found, "data.conditions");
}

/* Opens the recording with these conditions. An array [episodes][frames] is read per frame. */
static df_status open_with(work* w, const char* value) {
  put(w, value);
  const df_status status = work_open_recording(w);
  if (status == DF_OK || settings_find(w->found, "data.conditions_per")) return status;
  text message = {0};
  text_add(&message, "%s", df_error_message());
  settings_put_why(w->found, "data.conditions_per", "frame", "of arrays [episodes][frames]");
  df_status again = work_open_recording(w);
  if (again != DF_OK) {
    settings_drop(w->found, "data.conditions_per");
    again = df_fail(status, "%s", text_of(&message));
  }
  text_clear(&message);
  return again;
}

/* tries the arrays of `names`, lines, one after the other */
static df_status try_arrays(work* w, char* names) {
  text used = {0};
  bool last = true;
  char* rest;
  for (char* line = strtok_r(names, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
    text more = {0};
    text_add(&more, "%s%s%s", text_of(&used), used.n ? "," : "", line);
    last = open_with(w, text_of(&more)) == DF_OK;
    if (last) {
      text_clear(&used);
      used = more;
      continue;
    }
    text_clear(&more);
    text_add(&w->result->notes, "array %s is named like a condition, but is not used: %s\n", line, df_error_message());
  }
  put(w, text_of(&used));
  text_clear(&used);
  return last ? DF_OK : work_open_recording(w);
}

df_status work_find_conditions(work* w) {
  const df_array_info* list;
  const int n = df_recording_unused(w->recording, &list);
  if (settings_find(w->found, "data.conditions") || source_array_named(&w->files, "conditions")) return DF_OK;
  text names = {0};
  for (int i = 0; i < n; i++) {
    if (is_candidate(&list[i])) text_add(&names, "%s\n", list[i].name);
  }
  const df_status status = names.n ? try_arrays(w, names.data) : DF_OK;
  text_clear(&names);
  return status;
}
