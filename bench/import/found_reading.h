/* found_reading.h: how files that belong to no task are read, by the layouts that import knows. */
#ifndef BENCH_IMPORT_FOUND_READING_H
#define BENCH_IMPORT_FOUND_READING_H

#include <stdbool.h>

#include "options.h"
#include "settings.h"

typedef struct found_reading {
  settings found;     /* with those that the user gave */
  text notes;         /* lines on what was found and left out */
  char* path;         /* the files as one path or pattern; owned */
  const char* layout; /* that was recognised; NULL: that of this program, or the user gave what the columns are */
} found_reading;

/* Finds the files of `target`, a file, a pattern or a folder, and the settings data.* that its layout implies, as
 * import does before it looks at the motion: with the rate and, of DeepMimic, the axes of the base. If the user gave
 * data.columns or data.states_key, only the files are found, and a rate that they state (layout_find_rate()). The
 * caller calls found_reading_clear(), also after a failure. Errors: those of source_open(); DF_E_CONFIG if no layout
 * fits (recognise()), which lists what the file has; those of layout_find_rate() and df_mujoco_system_new(). */
DF_MUST_CHECK df_status found_reading_of(const char* target, const char* model, const options* opts,
                                         found_reading* out);
void found_reading_clear(found_reading* r);

#endif
