/* text about the features of a system: names of kinds, list of inexact features */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/sim/adjoint.h"

const char* df_feature_kind_text(df_feature_kind kind) {
  static const char* const texts[] = {
#define FEATURE_TEXT(name, text) text,
      DF_FEATURE_LIST(FEATURE_TEXT)
#undef FEATURE_TEXT
  };
  return (unsigned)kind < DF_FEATURE_KINDS ? texts[kind] : "?";
}

/* appends formatted text, truncated to `room` bytes in total */
static void DF_PRINTF(3, 4) write_more(char* text, size_t room, const char* format, ...) {
  const size_t used = strlen(text);
  va_list args;
  va_start(args, format);
  vsnprintf(text + used, room - used, format, args);
  va_end(args);
}

/* appends the features of one kind, grouped by name: "name (first element and n more), ..." */
static void write_kind(const df_feature* features, int n, df_feature_kind kind, char* text, size_t room) {
  bool any_yet = false;
  for (int i = 0; i < n; i++) {
    if (features[i].kind != kind) continue;
    /* features of the same name; only the first of them is written */
    int before = 0, alike = 0;
    for (int k = 0; k < n; k++) {
      const bool same = features[k].kind == kind && strcmp(features[k].name, features[i].name) == 0;
      alike += same;
      before += same && k < i;
    }
    if (before > 0) continue;

    if (!any_yet) write_more(text, room, "%s%s: ", text[0] ? "; " : "", df_feature_kind_text(kind));
    write_more(text, room, "%s%s (%s", any_yet ? ", " : "", features[i].name, features[i].element);
    any_yet = true;
    if (alike > 1) write_more(text, room, " and %d more", alike - 1);
    write_more(text, room, ")");
  }
}

const char* df_mujoco_inexact_features(const df_system* system, char* text, size_t n) {
  const df_feature* features;
  const int count = df_mujoco_features(system, &features);
  if (n == 0) return text;
  text[0] = '\0';
  write_kind(features, count, DF_FEATURE_DIFFERENCED, text, n);
  write_kind(features, count, DF_FEATURE_APPROXIMATE, text, n);
  return text;
}
