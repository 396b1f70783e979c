#define _GNU_SOURCE
#include "run_folder.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "text.h"

static const char RUNS[] = "results/runs";
enum { NAMES_SHOWN = 10 };

/* whether an entry of RUNS is the folder of a run */
static int is_run(const struct dirent* entry) {
  struct stat info;
  if (entry->d_name[0] == '.') return 0;
  char* path = format_text("%s/%s", RUNS, entry->d_name);
  const int folder = stat(path, &info) == 0 && S_ISDIR(info.st_mode);
  df_free(path);
  return folder;
}

/* appends the names of the runs in RUNS, in alphabetical order */
static void add_runs(text* out) {
  struct dirent** list;
  const int n = scandir(RUNS, &list, is_run, alphasort);
  if (n < 0) return;
  for (int i = 0; i < n; i++) {
    if (i < NAMES_SHOWN) text_add(out, "%s%s", i == 0 ? "; existing runs: " : ", ", list[i]->d_name);
    free(list[i]);
  }
  free(list);
  if (n > NAMES_SHOWN) text_add(out, " and %d more", n - NAMES_SHOWN);
}

df_status run_folder(const char* run, char** folder) {
  /* a folder, or the name of a folder in RUNS */
  *folder = df_strdup(run);
  if (!*folder) return DF_E_NOMEM;
  if (df_file_exists(run)) return DF_OK;
  const bool is_path = strchr(run, '/') != NULL;
  if (!is_path) {
    df_free(*folder);
    *folder = df_path_join(RUNS, run);
    if (!*folder) return DF_E_NOMEM;
    if (df_file_exists(*folder)) return DF_OK;
  }

  /* neither exists */
  df_free(*folder);
  *folder = NULL;
  text runs = {0};
  add_runs(&runs);
  const df_status status =
      is_path
          ? df_fail(DF_E_MISSING, "no run '%s': the folder does not exist%s", run, text_of(&runs))
          : df_fail(DF_E_MISSING, "no run '%s': neither ./%s nor %s/%s exists%s", run, run, RUNS, run, text_of(&runs));
  text_clear(&runs);
  return status;
}
