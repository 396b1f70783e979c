/* cmd_render.c: dynaflow render RUN|FILE.npz|TASK: dynaflow-render draws; keyframes are written here. */
#include "commands.h"
#include "exit_code.h"
#include "keyframes.h"
#include "renderer.h"
#include "show_arguments.h"
#include "shown.h"

static int export_keyframes(const show_arguments* a) {
  shown* s;
  df_status status = shown_new(a, &s);
  if (status == DF_OK) status = keyframes_write(s, a);
  shown_free(s);
  return report_failure(status);
}

int cmd_render(int argc, char** argv) {
  show_arguments a = show_arguments_default();
  options_parse(&render_argp, argc, argv, &a);
  return a.keyframes ? export_keyframes(&a) : start_renderer(argv, "--keyframes FILE.xml");
}
