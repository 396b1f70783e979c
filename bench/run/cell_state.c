/* cell_state.c: the folder of the saved training states of an unfinished cell, and the lock of the process that works
 * on the cell. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cell.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "text.h"

char* cell_state_folder(const cell* c, const char* folder) {
  return format_text("%s/training/%.16s", folder, c->key);
}

/* Tries once to lock `path` in the folder `state`. DF_OK with *fd < 0: another process holds the lock. *again: the
 * folder or file was removed meanwhile, so the caller has to try again. */
static df_status try_lock(const char* state, const char* path, int* fd, bool* again) {
  struct stat info;
  df_status status = df_dir_make(state);
  /* another process may be removing a folder that it no longer needs */
  *again = status == DF_E_MISSING;
  DF_TRY(status);
  *fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);
  *again = *fd < 0 && errno == ENOENT;
  if (*fd < 0) return df_fail(DF_E_IO, "%s: %s", path, strerror(errno));
  if (flock(*fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) status = df_fail(DF_E_IO, "%s: %s", path, strerror(errno));
    close(*fd);
    *fd = -1;
    return status;
  }
  /* a file without a name was removed between open and flock */
  if (fstat(*fd, &info) == 0 && info.st_nlink == 0) {
    close(*fd);
    *fd = -1;
    *again = true;
    return df_fail(DF_E_IO, "%s: another process keeps removing this lock file; try again", path);
  }
  return DF_OK;
}

df_status cell_claim(cell* c, const char* folder, bool* taken) {
  enum { TRIES = 100 };
  *taken = c->claim != NULL;
  if (*taken) return DF_OK;
  char* state = cell_state_folder(c, folder);
  char* path = df_path_join(state, "lock");
  df_status status = path ? DF_OK : DF_E_NOMEM;
  bool again = status == DF_OK;
  int fd = -1;
  for (int i = 0; i < TRIES && again; i++) {
    again = false;
    status = try_lock(state, path, &fd, &again);
  }
  df_free(state);
  if (status == DF_OK && fd >= 0) {
    *taken = true;
    c->claim = path;
    c->claim_fd = fd;
  } else {
    df_free(path);
  }
  return status;
}

/* removes a folder, and its parent, if they are empty */
static void remove_empty(const char* state) {
  char* above = df_path_folder(state);
  if (rmdir(state) == 0 && above) rmdir(above);
  df_free(above);
}

void cell_release(cell* c) {
  if (!c->claim) return;
  char* state = df_path_folder(c->claim);
  /* remove the name before the lock: a process that opened the file meanwhile sees that it has no name any more */
  unlink(c->claim);
  close(c->claim_fd);
  if (state) remove_empty(state);
  df_free(state);
  df_free(c->claim);
  c->claim = NULL;
}

/* ---- shared networks ---- */

char* shared_network_file(const char* training_key, const char* network) {
  return format_text("%.16s-%s.state", training_key, network);
}

char* shared_network_path(const char* folder, const char* training_key, const char* network) {
  char* file = shared_network_file(training_key, network);
  char* path = format_text("%s/training/shared/%s", folder, file);
  df_free(file);
  return path;
}

/* a file beside the state of a network that was taken from another cell */
static char* taken_path(const char* state_folder, const char* network) {
  return format_text("%s/%s.state.taken", state_folder, network);
}

/* links the shared state to `own` and leaves the note `taken`, which comes first: a state without it counts as own */
static void take(const char* shared, const char* own, const char* taken) {
  if (!df_file_exists(shared) || df_file_exists(own) || df_file_write(taken, "", 0) != DF_OK) return;
  /* a file system without links: the network is trained again */
  if (link(shared, own) != 0) unlink(taken);
}

void cell_take_networks(const cell* c, const char* folder, const char* state_folder) {
  for (int i = 0; i < DF_LOGS_MAX && c->method->networks[i]; i++) {
    const char* name = c->method->networks[i];
    char* shared = shared_network_path(folder, c->training_key, name);
    char* own = format_text("%s/%s.state", state_folder, name);
    char* previous = format_text("%s.previous", own);
    char* note = taken_path(state_folder, name);
    if (!df_file_exists(previous)) take(shared, own, note);
    df_free(note);
    df_free(previous);
    df_free(own);
    df_free(shared);
  }
}

bool network_is_taken(const char* state_folder, const char* network) {
  char* note = taken_path(state_folder, network);
  const bool taken = df_file_exists(note);
  df_free(note);
  return taken;
}

void network_is_trained(const char* state_folder, const char* network) {
  char* note = taken_path(state_folder, network);
  unlink(note);
  df_free(note);
}

/* moves the states of networks that other cells train, too, to where these find them */
static void leave_networks(const cell* c, const char* folder, const char* state_folder) {
  for (int i = 0; i < DF_LOGS_MAX && c->method->networks[i]; i++) {
    if (!c->shared[i]) continue;
    char* shared = shared_network_path(folder, c->training_key, c->method->networks[i]);
    char* own = format_text("%s/%s.state", state_folder, c->method->networks[i]);
    char* place = df_path_folder(shared);
    /* a failure costs the other cell's time only */
    if (place && df_dir_make(place) == DF_OK) (void)rename(own, shared);
    df_free(place);
    df_free(own);
    df_free(shared);
  }
}

void cell_forget_training(cell* c, const char* folder) {
  bool taken = false;
  char* state = cell_state_folder(c, folder);
  DIR* dir = opendir(state);
  if (dir && cell_claim(c, folder, &taken) == DF_OK && taken) {
    leave_networks(c, folder, state);
    const struct dirent* entry;
    while ((entry = readdir(dir))) {
      /* what was set aside as damaged is kept */
      const char* ending = strstr(entry->d_name, ".state");
      char* path = ending && !strstr(ending, ".damaged") ? df_path_join(state, entry->d_name) : NULL;
      if (path) unlink(path);
      df_free(path);
    }
  }
  if (dir) closedir(dir);
  df_free(state);
}
