/* cmd_render.c: dynaflow render RUN|FILE.npz|TASK: starts dynaflow-render, which draws; exports keyframes itself. */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "exit_code.h"
#include "keyframes.h"
#include "lookup.h"
#include "show_arguments.h"
#include "shown.h"
#include "terminal.h"

static int export_keyframes(const show_arguments* a) {
  shown* s;
  df_status status = shown_new(a, &s);
  if (status == DF_OK) status = keyframes_write(s, a);
  shown_free(s);
  return report_failure(status);
}

/* replaces this process by dynaflow-render, which is in the folder of this program */
static int start_renderer(char** argv) {
  char* folder = program_folder();
  char* path = folder ? df_path_join(folder, "dynaflow-render") : NULL;
  df_free(folder);
  if (!path) return report_failure(DF_E_NOMEM);
  if (!df_file_exists(path)) {
    print_line(stderr,
               "dynaflow: %s is not there: `make render` builds it, with the packages of `ci/install-deps.sh render`; "
               "--keyframes FILE.xml works without it",
               path);
    df_free(path);
    return EXIT_INCOMPLETE;
  }
  execv(path, argv);
  print_line(stderr, "dynaflow: cannot start %s: %s", path, strerror(errno));
  df_free(path);
  return EXIT_INCOMPLETE;
}

int cmd_render(int argc, char** argv) {
  show_arguments a = show_arguments_default();
  options_parse(&render_argp, argc, argv, &a);
  return a.keyframes ? export_keyframes(&a) : start_renderer(argv);
}
