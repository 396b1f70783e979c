#define _POSIX_C_SOURCE 200809L
#include "streams.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "exit_code.h"
#include "terminal.h"

/* open() takes the lowest free number, so the three are opened in their order */
static void open_closed_streams(void) {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
    if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF) continue;
    if (open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0) _exit(EXIT_USAGE);
  }
}

static void close_standard_output(void) {
  /* an earlier write may have failed; what is left in the buffer is written by the close */
  const bool failed = ferror(stdout);
  errno = 0;
  const bool closed = fclose(stdout) == 0;
  if (!failed && closed) return;
  const int reason = output_error() ? output_error() : errno;
  fprintf(stderr, "dynaflow: standard output: %s\n", reason ? strerror(reason) : "a write failed");
  _exit(EXIT_USAGE);
}

void streams_watch(void) {
  open_closed_streams();
  if (atexit(close_standard_output) != 0) _exit(EXIT_USAGE);
}
