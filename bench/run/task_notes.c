#include "task_notes.h"

#include <stdbool.h>
#include <string.h>

#include "dynaflow/core/alloc.h"

enum { NAMED = 6 }; /* the most coordinates that a note names */

void floored_text(text* out, const df_floored* f) {
  text_add(out, "std %.3g%s%s, floor %.3g by %s", f->measured, f->unit[0] ? " " : "", f->unit, f->used, f->setting);
}

/* whether the coordinate of a start state is named among the states already */
static bool is_repeated(int n, const df_floored* list, const df_floored* f) {
  for (int i = 0; i < n && f->what == DF_SCALED_START; i++) {
    if (list[i].what == DF_SCALED_STATE && strcmp(list[i].name, f->name) == 0) return true;
  }
  return false;
}

void note_scales(json_t* notes, const df_chart* chart) {
  static const char* const subjects[] = {
      [DF_SCALED_STATE] = "states", [DF_SCALED_START] = "start states", [DF_SCALED_ACTION] = "actions"};
  const df_floored* list;
  const int n = df_chart_floored(chart, &list);
  for (int what = DF_SCALED_STATE; what <= DF_SCALED_ACTION; what++) {
    text out = {0};
    int found = 0;
    for (int i = 0; i < n; i++) {
      if ((int)list[i].what != what || is_repeated(n, list, &list[i]) || found++ >= NAMED) continue;
      text_add(&out, "%s%s (", out.n ? ", " : "", list[i].name);
      floored_text(&out, &list[i]);
      text_add(&out, ")");
    }
    if (found > NAMED) text_add(&out, " and %d more", found - NAMED);
    char* note =
        found ? format_text("%s vary less than their floor and are scaled by it: %s", subjects[what], text_of(&out))
              : NULL;
    if (note) json_array_append_new(notes, json_string(note));
    df_free(note);
    text_clear(&out);
  }
}
