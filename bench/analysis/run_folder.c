#include "run_folder.h"

#include <stdbool.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"

char* run_folder(const char* run) {
  char* events = df_path_join(run, "events.jsonl");
  const bool folder = (events && df_file_exists(events)) || df_file_exists(run);
  df_free(events);
  return folder || strchr(run, '/') ? df_strdup(run) : df_path_join("results/runs", run);
}
