/* known_layouts.h: layouts of recordings that are recognised by the names and shapes of their arrays and the sizes of
 * the model, each with the settings that it implies (docs/add-a-task.md has the table for users). */
#ifndef BENCH_IMPORT_KNOWN_LAYOUTS_H
#define BENCH_IMPORT_KNOWN_LAYOUTS_H

#include "recognition.h"

typedef struct known_layout {
  const char *name, *about;
  bool (*fits)(const recognition* r);
  df_status (*settle)(recognition* r);
} known_layout;

/* Sets *list to the table, a static array in the order in which layouts are tried; returns their number. */
int known_layouts(const known_layout** list);

/* Whether a number of this name, of an array in any group, is taken as frames per second where nothing else states the
 * rate. */
bool layout_names_rate(const char* name);

/* Puts data.rate by a number that is named like a frame rate, where nothing else states one; the conversion itself
 * knows dt, fps and a few more names (df_recording_rate_name()). r->model is not used. Errors: DF_E_CONFIG for text in
 * its place; those of source_read(). */
DF_MUST_CHECK df_status layout_find_rate(recognition* r);

/* Recognises the recording and puts its settings: data.states_key, columns, joints, conventions, actions, ends of
 * episodes, conditions. If the user gave data.columns, only what he left open is put. *layout: which one, NULL with
 * data.columns given. Errors: DF_E_CONFIG if none fits: the message lists the arrays with their shapes, the sizes of
 * the model and the settings that would describe the recording; those of match_joints() and df_arrays_read(). */
DF_MUST_CHECK df_status recognise(recognition* r, const known_layout** layout);

#endif
