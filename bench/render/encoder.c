#define _GNU_SOURCE
#include "encoder.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dynaflow/core/alloc.h"
#include "text.h"

extern char** environ;

struct encoder {
  pid_t child;
  int to; /* the standard input of ffmpeg */
  char *path, *partial;
};

static bool is_webm(const char* path) {
  const size_t n = strlen(path);
  return n > 5 && strcmp(path + n - 5, ".webm") == 0;
}

/* starts ffmpeg with its standard input at `from`; returns 0 or an error number */
static int start(encoder* e, int from, int width, int height, double fps) {
  char size[32], rate[32];
  snprintf(size, sizeof size, "%dx%d", width, height);
  snprintf(rate, sizeof rate, "%.9g", fps);
  /* "file:" so that no name is an option or an address */
  char* output = format_text("file:%s", e->partial);
  const bool webm = is_webm(e->path);
  const char* const words[] = {"ffmpeg",
                               "-nostdin",
                               "-loglevel",
                               "error",
                               "-y",
                               "-f",
                               "rawvideo",
                               "-pix_fmt",
                               "rgb24",
                               "-video_size",
                               size,
                               "-framerate",
                               rate,
                               "-i",
                               "pipe:0",
                               "-an",
                               "-c:v",
                               webm ? "libvpx-vp9" : "libx264",
                               "-pix_fmt",
                               "yuv420p",
                               "-crf",
                               webm ? "30" : "20",
                               "-b:v",
                               "0",
                               "-f",
                               webm ? "webm" : "mp4",
                               "-map_metadata",
                               "-1",
                               "-fflags",
                               "+bitexact",
                               output,
                               NULL};
  posix_spawn_file_actions_t actions;
  char* arguments[sizeof words / sizeof words[0]];
  memcpy(arguments, words, sizeof words);
  int error = posix_spawn_file_actions_init(&actions);
  if (error == 0) {
    error = posix_spawn_file_actions_adddup2(&actions, from, STDIN_FILENO);
    if (error == 0) error = posix_spawnp(&e->child, "ffmpeg", &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
  }
  df_free(output);
  return error;
}

static df_status open_pipe(encoder* e, int width, int height, double fps) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return df_fail(DF_E_IO, "cannot start ffmpeg: %s", strerror(errno));
  const int error = start(e, ends[0], width, height, fps);
  close(ends[0]);
  e->to = ends[1];
  if (error == 0) return DF_OK;
  if (error != ENOENT) return df_fail(DF_E_IO, "cannot start ffmpeg: %s", strerror(error));
  return df_fail(DF_E_MISSING,
                 "%s: films need the program ffmpeg, which is not installed (Debian: apt-get install ffmpeg)", e->path);
}

static void encoder_free(encoder* e) {
  if (e->to >= 0) close(e->to);
  df_free(e->path);
  df_free(e->partial);
  df_free(e);
}

df_status encoder_open(const char* path, int width, int height, double fps, encoder** out) {
  *out = NULL;
  encoder* e = df_alloc(1, sizeof *e);
  if (!e) return DF_E_NOMEM;
  *e = (encoder){.to = -1, .path = format_text("%s", path), .partial = format_text("%s.part", path)};
  /* an ffmpeg that has ended makes write() fail instead of ending this program */
  signal(SIGPIPE, SIG_IGN);
  const df_status status = open_pipe(e, width, height, fps);
  if (status != DF_OK) {
    encoder_free(e);
    return status;
  }
  *out = e;
  return DF_OK;
}

df_status encoder_add(encoder* e, const image* picture) {
  const size_t n = (size_t)picture->width * (size_t)picture->height * 3;
  for (size_t done = 0; done < n;) {
    const ssize_t wrote = write(e->to, picture->rgb + done, n - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return df_fail(DF_E_IO, "%s: ffmpeg takes no more pictures: %s", e->path, strerror(errno));
    done += (size_t)wrote;
  }
  return DF_OK;
}

/* waits for ffmpeg and gives the film its name */
static df_status finish(encoder* e) {
  int state = 0;
  close(e->to);
  e->to = -1;
  while (waitpid(e->child, &state, 0) < 0 && errno == EINTR) {
  }
  if (!WIFEXITED(state) || WEXITSTATUS(state) != 0) {
    return df_fail(DF_E_IO, "%s: ffmpeg failed with exit code %d, see its message above", e->path,
                   WIFEXITED(state) ? WEXITSTATUS(state) : 128 + WTERMSIG(state));
  }
  if (rename(e->partial, e->path) != 0) return df_fail(DF_E_IO, "%s: %s", e->path, strerror(errno));
  return DF_OK;
}

df_status encoder_close(encoder* e, df_status so_far) {
  const df_status ended = finish(e);
  if (ended != DF_OK || so_far != DF_OK) unlink(so_far != DF_OK && ended == DF_OK ? e->path : e->partial);
  encoder_free(e);
  return ended != DF_OK ? ended : so_far;
}
