/* cmd_show.c: dynaflow show RUN|FILE.npz|TASK: dynaflow-render plays the motions in a window. */
#include "commands.h"
#include "renderer.h"
#include "show_arguments.h"

int cmd_show(int argc, char** argv) {
  show_arguments a = show_arguments_of_window();
  options_parse(&show_argp, argc, argv, &a);
  return start_renderer(argv, "`dynaflow render --keyframes FILE.xml`");
}
