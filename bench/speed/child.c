#define _GNU_SOURCE
#include "child.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dynaflow/core/alloc.h"

struct child {
  int pipe;
};

df_status child_write(child* c, const void* bytes, size_t n) {
  const char* at = bytes;
  while (n > 0) {
    const ssize_t written = write(c->pipe, at, n);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return df_fail(DF_E_IO, "pipe: %s", strerror(errno));
    at += written;
    n -= (size_t)written;
  }
  return DF_OK;
}

/* the child: what the work writes, then its message, whose length is in the last two bytes, and ends with the status */
_Noreturn static void run(child_work work, void* context, int pipe) {
  child c = {pipe};
  df_status status = work(&c, context);
  const char* message = status == DF_OK ? "" : df_error_message();
  const size_t length = strlen(message);
  const unsigned char size[2] = {(unsigned char)(length & 255), (unsigned char)(length >> 8)};
  if (child_write(&c, message, length) != DF_OK || child_write(&c, size, sizeof size) != DF_OK) status = DF_E_IO;
  _exit((int)status);
}

/* reads until the child closes the pipe */
static df_status read_all(int pipe, char** bytes, size_t* n) {
  size_t room = 0;
  *bytes = NULL;
  *n = 0;
  for (;;) {
    if (*n == room) {
      char* larger = df_alloc(room ? 2 * room : 4096, 1);
      if (!larger) return DF_E_NOMEM;
      if (*n) memcpy(larger, *bytes, *n);
      df_free(*bytes);
      *bytes = larger;
      room = room ? 2 * room : 4096;
    }
    const ssize_t got = read(pipe, *bytes + *n, room - *n);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return df_fail(DF_E_IO, "pipe: %s", strerror(errno));
    if (got == 0) return DF_OK;
    *n += (size_t)got;
  }
}

/* the status of the child, with its message, which is cut off the bytes */
static df_status outcome(int ended, char* bytes, size_t* n) {
  if (!WIFEXITED(ended)) return df_fail(DF_E_IO, "the child process ended by signal %d", WTERMSIG(ended));
  if (*n < 2) return df_fail(DF_E_IO, "the child process ended without a result");
  const unsigned char* size = (const unsigned char*)bytes + *n - 2;
  const size_t length = size[0] + 256U * size[1];
  *n -= 2 + length;
  bytes[*n + length] = '\0';
  const df_status status = (df_status)WEXITSTATUS(ended);
  return status == DF_OK ? DF_OK : df_fail(status, "%s", bytes + *n);
}

df_status child_run(child_work work, void* context, void** bytes, size_t* n) {
  int ends[2];
  char* received = NULL;
  *bytes = NULL;
  if (pipe(ends) != 0) return df_fail(DF_E_IO, "pipe: %s", strerror(errno));
  const pid_t pid = fork();
  if (pid < 0) {
    close(ends[0]);
    close(ends[1]);
    return df_fail(DF_E_IO, "fork: %s", strerror(errno));
  }
  if (pid == 0) {
    close(ends[0]);
    run(work, context, ends[1]);
  }
  close(ends[1]);
  df_status status = read_all(ends[0], &received, n);
  close(ends[0]);
  int ended = 0;
  while (waitpid(pid, &ended, 0) < 0 && errno == EINTR) continue;
  if (status == DF_OK) status = outcome(ended, received, n);
  if (status != DF_OK) {
    df_free(received);
    return status;
  }
  *bytes = received;
  return DF_OK;
}
