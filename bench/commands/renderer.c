#define _GNU_SOURCE
#include "renderer.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "exit_code.h"
#include "lookup.h"

static df_status start(const char* path, char** argv, const char* instead) {
  if (!df_file_exists(path)) {
    return df_fail(DF_E_MISSING,
                   "%s is not there: `make render` builds it, with the packages of `ci/install-deps.sh render`; %s "
                   "works without it",
                   path, instead);
  }
  execv(path, argv);
  return df_fail(DF_E_MISSING, "cannot start %s: %s", path, strerror(errno));
}

int start_renderer(char** argv, const char* instead) {
  char* folder = program_folder();
  char* path = folder ? df_path_join(folder, "dynaflow-render") : NULL;
  const int code = report_failure(path ? start(path, argv, instead) : DF_E_NOMEM);
  df_free(folder);
  df_free(path);
  return code;
}
