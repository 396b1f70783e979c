#define _POSIX_C_SOURCE 200809L
#include "import_conditions.h"

#include <string.h>

#include "action_names.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/data/dataset.h"

/* the largest number of axes of an array, the most conditions in one */
enum { MOST_AXES = 3, MOST_CONDITIONS = 64 };

/* ---- names ---- */

bool is_condition_name(const char* array) {
  static const char* const asked[] = {"command",   "commands", "commanded", "cmd",     "cmds",    "goal",
                                      "goals",     "desired",  "target",    "targets", "speed",   "speeds",
                                      "direction", "vx",       "vy",        "wz",      "heading", "gait"};
  static const char* const others[] = {"achieved", "reached", "measured", "reward", "success", "done"};
  const char *slash = strrchr(array, '/'), *name = slash ? slash + 1 : array;
  return name_has_word(name, asked, sizeof asked / sizeof *asked) &&
         !name_has_word(name, others, sizeof others / sizeof *others);
}

/* names of texts that say what was asked for */
static bool is_label_name(const char* name) {
  static const char* const words[] = {"instruction", "instructions", "task",  "tasks",  "label",    "labels",
                                      "style",       "styles",       "skill", "skills", "language", "motion"};
  return name_has_word(name, words, sizeof words / sizeof *words);
}

/* Whether data.conditions can name an array, `name` within its group, and its size is that of conditions. A single
 * value is one if each group or file is an episode. */
static bool is_candidate(const work* w, const df_array_info* a, const char* name) {
  const size_t columns = a->rank > 1 ? a->shape[a->rank - 1] : 1;
  const bool attribute = name[0] == '@', single = w->files.episodes[0] || w->files.n > 1;
  return a->rank >= (single ? 0 : 1) && a->rank <= MOST_AXES && (a->rank < MOST_AXES || columns <= MOST_CONDITIONS) &&
         !strpbrk(name + attribute, ",+@*?[]\n") &&
         (is_condition_name(name) || (strcmp(a->type, "text") == 0 && is_label_name(name)));
}

/* ---- numbers ---- */

/* whether a column of the conditions changes within an episode */
static bool changes(const df_dataset* d, int column) {
  for (int e = 0; e < d->episodes; e++) {
    const double first = df_dataset_condition(d, e, 0)[column];
    for (int t = 1; t <= d->lengths[e]; t++) {
      if (df_dataset_condition(d, e, t)[column] != first) return true;
    }
  }
  return false;
}

/* a coordinate of the state, then of the action, of a frame; NULL if there is none */
static const double* signal_at(const df_dataset* d, int i, int e, int t) {
  if (t < 0 || t > d->lengths[e] - (i >= d->nx)) return NULL;
  return i < d->nx ? df_dataset_state(d, e, t) + i : df_dataset_action(d, e, t) + i - d->nx;
}

/* Whether a condition is signal i, `shift` frames later, times a scale and plus an offset: the correlation of at most
 * about MOST frames, by updated means. */
static bool is_signal(const df_dataset* d, int column, int i, int shift) {
  static const double LEFT = 1e-4; /* of the variance: numbers of few digits */
  enum { MOST = 20000, LEAST = 8 };
  const int every = (int)(df_dataset_actions(d) / MOST) + 1;
  double n = 0, mean_x = 0, mean_y = 0, xx = 0, yy = 0, xy = 0;
  for (int e = 0; e < d->episodes; e++) {
    for (int t = 0; t <= d->lengths[e]; t += every) {
      const double* y = signal_at(d, i, e, t + shift);
      if (!y) continue;
      const double dx = df_dataset_condition(d, e, t)[column] - mean_x, dy = *y - mean_y;
      n++;
      mean_x += dx / n;
      mean_y += dy / n;
      xx += dx * (dx - dx / n);
      yy += dy * (dy - dy / n);
      xy += dx * (dy - dy / n);
    }
  }
  return n >= LEAST && xx > 0 && yy > 0 && xy * xy >= (1 - LEFT) * xx * yy;
}

/* "states" or "actions", those of which the condition is one with a scale and an offset, at this frame or beside it;
 * NULL: of none */
static const char* signal_of(const df_dataset* d, int column) {
  for (int i = 0; i < d->nx + (d->actions ? d->nu : 0); i++) {
    for (int shift = -1; shift <= 1; shift++) {
      if (is_signal(d, column, i, shift)) return i < d->nx ? "states" : "actions";
    }
  }
  return NULL;
}

/* Refuses conditions from `first` on that may tell the recorded motion: DF_E_CONFIG. Those that are the same in all
 * frames of an episode do not. */
static df_status check_numbers(const work* w, int first) {
  const df_dataset* d = w->dataset;
  bool changing = false;
  for (int c = first; c < d->nc; c++) {
    const char* revealed = changes(d, c) ? signal_of(d, c) : NULL;
    if (revealed)
      return df_fail(DF_E_CONFIG,
                     "its column %d is one of the recorded %s, up to scale and offset: conditions must not contain "
                     "it, since it reveals the motion to be generated",
                     c - first, revealed);
    changing = changing || changes(d, c);
  }
  if (!changing || d->nc - first != w->study.nu) return DF_OK;
  return df_fail(DF_E_CONFIG,
                 "it has as many columns as the model has actuators, %d, so that it may be the actions; if it is not, "
                 "--set data.conditions=... takes it",
                 w->study.nu);
}

/* ---- settings ---- */

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

/* whether the conditions from `first` on are one text, which all episodes have */
static bool is_single_text(const df_dataset* d, int first) {
  bool same = d->nc == first + 1 && d->episodes > 1;
  for (int e = 0; e < d->episodes && same; e++) {
    for (int t = 0; t <= d->lengths[e] && same; t++) same = df_dataset_condition(d, e, t)[first] == 1;
  }
  return same;
}

/* Reads the recording with these conditions, of which the last array begins with condition `first`. */
static df_status try_conditions(work* w, const char* value, const char* array, int first) {
  if (is_actuation_name(w->own, array))
    return df_fail(DF_E_CONFIG,
                   "by its name it may be what the actuators did: conditions must not contain it, since it reveals the "
                   "motion to be generated; if it is not, --set data.conditions=... takes it");
  DF_TRY(open_with(w, value));
  DF_TRY(work_convert(w));
  if (is_single_text(w->dataset, first))
    return df_fail(DF_E_CONFIG, "it is the same in all episodes, so it does not distinguish them");
  return check_numbers(w, first);
}

/* tries the arrays of `names`, lines, one after the other */
static df_status try_arrays(work* w, char* names) {
  text used = {0};
  bool last = true;
  int n = 0; /* conditions so far */
  char* rest;
  for (char* line = strtok_r(names, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
    text more = {0};
    text_add(&more, "%s%s%s", text_of(&used), used.n ? "," : "", line);
    last = try_conditions(w, text_of(&more), line, n) == DF_OK;
    if (last) {
      text_clear(&used);
      used = more;
      n = w->dataset->nc;
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
    const char* name = source_name_in_group(&w->files, list[i].name);
    if (!is_candidate(w, &list[i], name)) continue;
    text_add(&names, name[0] == '@' ? "%s@%s\n" : "%.0s%s\n", name + 1, name);
  }
  const df_status status = names.n ? try_arrays(w, names.data) : DF_OK;
  text_clear(&names);
  return status;
}
